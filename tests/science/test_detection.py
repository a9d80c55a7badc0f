"""Detection against sources that were put in, and against itself over the seams of sections."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import detection, rendering


def sky(shape=(400, 500), count=60, seed=5, noise=0.03):
    """An image of round sources of flux 20 (S/N 100) and their positions, kept apart."""
    rng = np.random.default_rng(seed)
    image = rng.normal(0, noise, shape).astype(np.float32)
    columns = np.linspace(25, shape[1] - 25, 10)
    rows = np.linspace(25, shape[0] - 25, count // 10)
    x = np.tile(columns, len(rows)) + rng.uniform(-4, 4, count)
    y = np.repeat(rows, len(columns)) + rng.uniform(-4, 4, count)
    middle = np.rint(np.column_stack([x, y])).astype(int)
    offset = (np.column_stack([x, y]) - middle)[:, None]
    covariance = np.broadcast_to([2.1, 0.0, 2.1], (count, 1, 3))
    stamps = rendering.gaussian_stamps(np, np.full((count, 1), 20.0), covariance, offset, 12)
    rendering.add_stamps(image, stamps, middle[:, 0], middle[:, 1])
    return image, x, y


def reader(image):
    def read(y0, y1, x0, x1):
        return image[max(y0, 0) : y1, max(x0, 0) : x1]

    return read


def found_in(image):
    parts = list(detection.detect_by_section(reader(image), image.shape))
    return np.concatenate([[p.x, p.y, p.flux] for p in parts], axis=1)


def test_every_source_is_found_once_where_it_is_and_as_bright_as_it_is():
    image, x, y = sky()
    found_x, found_y, flux = found_in(image)
    distance = np.hypot(found_x[:, None] - x, found_y[:, None] - y)
    assert len(x) <= len(found_x) <= len(x) + 3  # noise peaks above 3.5 times the noise
    assert (distance < 1).sum() == len(x)
    assert distance.min(axis=0).max() < 0.1
    bright = flux > 5
    assert np.median(flux[bright]) == pytest.approx(20.0, rel=0.04)
    assert np.abs(flux[bright] - 20.0).max() < 2.0


def test_noise_alone_gives_hardly_a_source():
    image = np.random.default_rng(1).normal(0, 1, (500, 500)).astype(np.float32)
    assert len(found_in(image)[0]) <= 5


def test_sections_give_what_the_whole_gives(monkeypatch):
    image, *_ = sky()
    whole = found_in(image)
    monkeypatch.setattr(detection, "SECTION", 150)
    monkeypatch.setattr(detection, "MARGIN", 60)
    assert len(detection.sections(image.shape)) == 9
    parts = found_in(image)
    assert parts.shape == whole.shape
    order, other = np.lexsort(whole[:2].round(0)), np.lexsort(parts[:2].round(0))
    np.testing.assert_allclose(parts[:2, other], whole[:2, order], atol=0.05)


def test_sections_cover_an_image_without_gap_or_overlap():
    parts = detection.sections((5000, 3100))
    covered = np.zeros((5000, 3100), np.int8)
    for part in parts:
        covered[part.y0 : part.y1, part.x0 : part.x1] += 1
    assert len(parts) == 4
    assert (covered == 1).all()


def test_bad_pixels_hide_nothing_else_and_big_endian_pixels_are_read():
    image, x, _ = sky()
    spoiled = image.copy()
    spoiled[:, 0:60] = np.nan
    spoiled[200, 300] = np.inf
    kept = (x > 70).sum()
    found = found_in(spoiled.astype(">f4"))
    assert kept <= len(found[0]) <= kept + 4
    pixels, noise, mask = detection.background(spoiled)
    assert mask.sum() == 400 * 60 + 1
    assert np.isfinite(pixels).all()
    assert np.median(noise) == pytest.approx(0.03, rel=0.1)


def test_an_image_without_a_good_pixel_has_no_sources():
    assert found_in(np.full((200, 200), np.nan, np.float32)).shape == (3, 0)


def test_a_place_without_a_source_is_added_without_flux():
    image, x, y = sky()
    found = next(iter(detection.detect_by_section(reader(image), image.shape)))
    places_x, places_y = np.array([x[7], 123.4]), np.array([y[7], 52.0])
    joined, position = detection.with_places(found, places_x, places_y)
    assert len(joined) == len(found) + 1
    assert np.hypot(joined.x[position[0]] - x[7], joined.y[position[0]] - y[7]) < 0.2
    assert position[1] == len(found)
    assert np.isnan(joined.flux[-1])
    nothing = found.where(np.zeros(len(found), bool))
    alone, where = detection.with_places(nothing, places_x, places_y)
    assert where.tolist() == [0, 1]
    assert np.isfinite(alone.half_light_radius).all()


def test_edges_are_those_of_the_image():
    image, *_ = sky()
    image[195:205, 0:4] += 3.0
    found = next(iter(detection.detect_by_section(reader(image), image.shape)))
    at_edge = found.x[found.edge]
    assert len(at_edge) == 1
    assert at_edge[0] < 5
