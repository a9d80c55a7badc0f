"""The lens analysis: what it takes, how galaxies come to its scale, what it makes of answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from astrogui.errors import UsageProblem
from astrogui.records.flags import Flag
from astrogui.records.image import Field, Image
from astrogui.records.model_card import ModelCard
from astrogui.records.source import Source
from astrogui.science import lensing
from astrogui.tasks import lens_cutouts, lens_finder, morphology
from astrogui.tasks.row import answer_columns, answer_values
from astrogui.tasks.task import Model

SCALE = 0.27


def header(scale, shape):
    return {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CUNIT1": "deg", "CUNIT2": "deg",
        "CRVAL1": 30.0, "CRVAL2": 2.0, "CRPIX1": shape[1] / 2, "CRPIX2": shape[0] / 2,
        "CD1_1": -scale / 3600, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": scale / 3600,
    }  # fmt: skip


def image(light, band="r", scale=SCALE, wcs=True, noise=1.0, seed=0):
    pixels = light + np.random.default_rng([seed, ord(band[0])]).normal(0, noise, light.shape)
    return Image(
        pixels=pixels.astype(np.float32), band=band, unit="count",
        pixel_scale_arcsec=scale if wcs else None,
        wcs_header=header(scale, light.shape) if wcs else {},
    )  # fmt: skip


def galaxy(shape, x, y, flux=4000.0, radius=4.0):
    column, row = np.meshgrid(np.arange(shape[1]), np.arange(shape[0]))
    return flux * lensing.sersic(np, column - x, row - y, radius, 1.5, 0.9, 0.3)


def star(shape, x, y, flux=4000.0, width=1.2):
    column, row = np.meshgrid(np.arange(shape[1]), np.arange(shape[0]))
    squared = (column - x) ** 2 + (row - y) ** 2
    return flux * np.exp(-0.5 * squared / width**2) / (2 * np.pi * width**2)


def field_of_stars_and_galaxies():
    shape = (300, 340)
    rng = np.random.default_rng(1)
    light = np.zeros(shape)
    for _ in range(12):
        light += star(shape, *rng.uniform(20, 280, 2))
    for place in ((60, 70), (250, 90), (170, 240)):
        light += galaxy(shape, *place)
    return light


def model(**calibration):
    card = ModelCard(
        task="lens_finder", name="n", version="1", title="t", summary="s", network="a:b",
        network_config={}, inputs=(), outputs=(),
        calibration={"pooled_spread": [0.2, 0.1], "lens_share": 0.5, **calibration},
    )  # fmt: skip
    return Model(card=card, assets={})


def found(record, options=None):
    batches = lens_finder.find(record, model(), options or {})
    return [place for batch in batches for place in batch]


def decoded(record, logits, novelty=0.2, options=None):
    places = found(record, options)[: len(logits)]
    prepared = lens_finder.prepare(record, places, model(), options or {})
    outputs = {
        "logit": np.asarray(logits, np.float32),
        "novelty": np.full((len(logits), 1), novelty, np.float32),
        "features": np.ones((len(logits), 4), np.float32),
    }
    return lens_finder.decode(outputs, prepared, record, places, model())


def stamp():
    shape = (91, 91)
    return Field(images=(image(galaxy(shape, 46.2, 44.5)),))


def test_of_a_field_the_galaxies_are_answered_and_the_stars_are_not():
    record = Field(images=(image(field_of_stars_and_galaxies()),))
    places = found(record)
    near = [
        any(np.hypot(p.x_pixel - x, p.y_pixel - y) < 2 for p in places)
        for x, y in ((60, 70), (250, 90), (170, 240))
    ]
    assert all(near)
    assert len(places) < 7
    assert len(found(record, {"every": "1"})) > 10
    assert all(place.ra_deg is not None for place in places)


def test_a_stamp_is_answered_once_at_its_galaxy():
    (place,) = found(stamp())
    assert (place.x_pixel, place.y_pixel) == pytest.approx((46.2, 44.5), abs=0.3)


def test_a_colour_picture_is_answered_once_in_its_middle():
    pixels = np.full((152, 152, 3), 10, np.float32)
    pixels[66:86, 66:86] = [250, 180, 90]
    record = Field(images=(Image(pixels=pixels),))
    (place,) = found(record)
    assert (place.x_pixel, place.y_pixel) == pytest.approx((75.5, 75.5), abs=1)
    (beside,) = next(iter(morphology.find(record, None, {})))
    assert (beside.label, beside.x_pixel) == (place.label, place.x_pixel)  # one row for both
    arrays = lens_finder.prepare(record, [place], model(), {})
    picture = arrays["image"][0]
    assert picture.shape == (64, 64, 3)
    assert picture[32, 32] == pytest.approx(np.array([240, 170, 80]) / 255, abs=0.01)
    width = (picture[32, :, 0] > 0.4).sum() * 0.27 / (24.6 / 152)
    assert width == pytest.approx(20, abs=2)
    wider = lens_finder.prepare(record, [place], model(), {"picture_width_arcsec": "49.2"})
    assert (wider["image"][0][..., 0] > 0.4).sum() == pytest.approx(
        4 * (picture[..., 0] > 0.4).sum(), rel=0.2
    )


def test_bands_of_a_field_become_red_green_and_blue_in_units_of_their_noise():
    shape = (300, 340)
    light = galaxy(shape, 150, 150, flux=6000)
    record = Field(
        images=(
            image(light, "g"), image(2 * light, "r", noise=2.0), image(4 * light, "i"),
        )
    )  # fmt: skip
    (place,) = found(record)
    picture = lens_finder.prepare(record, [place], model(), {})["image"][0]
    middle = picture[30:34, 30:34].mean(axis=(0, 1))
    assert middle[1] == pytest.approx(middle[2], rel=0.1)
    assert middle[0] > 1.5 * middle[1]


def test_an_image_from_space_is_read_in_one_band_on_the_finer_grid():
    shape = (300, 300)
    light = galaxy(shape, 150, 150, flux=8000)
    sharp = image(light, "VIS", scale=0.1)
    record = Field(images=(image(light, "g", scale=0.1), sharp, image(light, "r", scale=0.1)))
    setting = lens_cutouts.setting_of(record, {})
    assert setting.images == (sharp,)
    assert setting.grid_arcsec == lens_cutouts.SPACE_ARCSEC
    picture = lens_finder.prepare(record, found(record), model(), {})["image"][0]
    assert (picture[..., 0] == picture[..., 2]).all()


def test_a_stamp_without_a_scale_says_that_one_was_assumed():
    bare = Field(images=(image(galaxy((91, 91), 45, 45), wcs=False),))
    (posterior,) = decoded(bare, [[1.0, 1.0, 1.0]])
    assert Flag.OUTSIDE_PRIOR in posterior.flags
    (told,) = decoded(bare, [[1.0, 1.0, 1.0]], options={"pixel_scale_arcsec": "0.27"})
    assert Flag.OUTSIDE_PRIOR not in told.flags


def test_probabilities_are_mixed_and_moved_to_the_share_of_lenses_on_the_sky():
    logits = [[2.0, 4.0, 3.0]]
    (posterior,) = decoded(stamp(), logits)
    odds = 1e-4 / (1 - 1e-4)
    mixed = np.mean([1 / (1 + np.exp(-np.array(logits[0])))])
    moved = np.mean(1 / (1 + np.exp(-(np.array(logits[0]) + np.log(odds)))))
    assert posterior.extras["score_lens"] == pytest.approx(mixed)
    assert posterior.value("prob_lens") == pytest.approx(moved)
    low, high = posterior.interval("prob_lens", 0.9)
    assert low < moved < high
    (common,) = decoded(stamp(), logits, options={"lens_share": "0.5"})
    assert common.value("prob_lens") == pytest.approx(mixed)
    assert common.extras["lens_share"] == 0.5


@pytest.mark.parametrize("share", ["0", "1", "many"])
def test_an_impossible_share_is_refused_in_words(share):
    with pytest.raises(UsageProblem, match="lens_share"):
        lens_finder.lens_share({"lens_share": share})


def test_what_is_novel_or_cut_by_the_edge_is_flagged():
    (novel,) = decoded(stamp(), [[0.0, 0.0, 0.0]], novelty=3.0)
    assert Flag.NOVEL in novel.flags
    small = Field(images=(image(galaxy((50, 50), 25, 25)),))
    (cut,) = decoded(small, [[0.0, 0.0, 0.0]])
    assert Flag.EDGE_OF_IMAGE in cut.flags
    assert Flag.NOVEL not in cut.flags


def test_the_cells_of_a_row_all_have_a_column():
    record = stamp()
    (posterior,) = decoded(record, [[0.0, 1.0, 2.0]])
    names = {column.name for column in answer_columns(lens_finder.TASK)}
    cells = answer_values(lens_finder.TASK, found(record)[0], posterior)
    assert set(cells) <= names
    assert {"prob_lens", "prob_lens_lo68", "prob_lens_hi90", "score_lens", "x", "a"} <= set(cells)


def test_only_candidates_are_fitted_and_a_true_lens_is_preferred():
    shape = (120, 120)
    column, row = np.meshgrid(np.arange(120) - 60.0, np.arange(120) - 60.0)
    lens = {"einstein_radius": 8.0, "axis_ratio": 0.8, "angle": 0.5}
    source = lensing.source_position(np, column + 1e-3, row, lens)
    arcs = 900 * lensing.sersic(np, source[0] - 1.5, source[1], 1.5, 1.0, 0.9, 0.0)
    from scipy.ndimage import gaussian_filter

    light = gaussian_filter(galaxy(shape, 60, 60, radius=3.5) + arcs, 1.2)
    record = Field(images=(image(light),))
    (place,) = found(record)
    (faint,) = decoded(record, [[-3.0, -3.0, -3.0]])
    told = []
    assert lens_finder.refine(record, place, faint, model(), told.append) is None
    (candidate,) = decoded(record, [[3.0, 3.0, 3.0]])
    better = lens_finder.refine(record, place, candidate, model(), told.append)
    assert better.extras["lens_fit_delta_bic"] > 50
    assert better.extras["lens_fit_einstein_radius"] == pytest.approx(8 * SCALE, rel=0.15)
    assert better.value("prob_lens") == candidate.value("prob_lens")
    assert told


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({}, True),
        ({"shape": (60, 60)}, True),
        ({"shape": (40, 40)}, False),
        ({"pixel_scale_arcsec": 0.05}, True),
        ({"pixel_scale_arcsec": 1.0}, False),
        ({"pixel_scale_arcsec": None}, True),
        ({"is_colour": True, "shape": (152, 152)}, True),
        ({"is_colour": True, "shape": (1500, 2000)}, False),
        ({"supporting": True}, False),
        ({"kind": "spectrum"}, False),
    ],
)
def test_which_files_are_queued(change, accepted):
    source = Source(
        path="a.fits", kind="image", format="FITS image", shape=(600, 800), pixel_scale_arcsec=0.26
    )
    assert lens_finder.accepts(replace(source, **change)) is accepted
