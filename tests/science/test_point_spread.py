"""The seeing measured from simulated stars against the seeing put in."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import cutouts, point_spread


def moffat(width, count=1, size=cutouts.SIZE):
    reach = cutouts.offsets(1.0, size)
    radius = np.hypot(reach[:, None], reach)
    alpha = np.reshape(width, (-1, 1, 1)) / 2 / np.sqrt(2 ** (1 / 3.5) - 1)
    profile = (1 + (radius / alpha) ** 2) ** -3.5
    profile /= profile.sum(axis=(1, 2), keepdims=True)
    return np.broadcast_to(profile, (max(count, len(profile)), size, size))


def peak(stamp):
    """Light of the four middle pixels: the smaller, the wider the stamp."""
    middle = stamp.shape[-1] // 2
    return stamp[..., middle - 1 : middle + 1, middle - 1 : middle + 1].sum()


def stars(count, noise=0.02, seed=3):
    """Stamps of stars of flux 100 whose width grows across the field by a fifth."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 1000, count), rng.uniform(0, 800, count)
    width = 3.0 * (0.9 + 0.2 * x / 1000)
    stamps = 100 * moffat(width) + rng.normal(0, noise, (count, cutouts.SIZE, cutouts.SIZE))
    used = np.ones(stamps.shape, bool)
    return stamps, used, np.full(count, noise), x, y


def test_the_width_follows_the_field():
    model = point_spread.measure(*stars(40))
    left, right = model.at(np.array([50.0, 950.0]), np.array([400.0, 400.0]))
    assert model.stars == 40
    assert peak(left) == pytest.approx(peak(moffat(3.0 * 0.91)[0]), rel=0.015)
    assert peak(right) == pytest.approx(peak(moffat(3.0 * 1.09)[0]), rel=0.015)
    assert left.sum() == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(left, moffat(3.0 * 0.91)[0], atol=0.004)


def test_galaxies_and_neighbours_among_the_stars_do_no_harm():
    stamps, used, noise, x, y = stars(30)
    stamps[:3] = 100 * moffat(5.5)
    stamps[4, 3:6, 16:19] += 4.0
    model = point_spread.measure(stamps, used, noise, x, y)
    clean = point_spread.measure(*stars(30))
    assert model.stars < 30
    middle = np.array([500.0]), np.array([400.0])
    np.testing.assert_allclose(model.at(*middle), clean.at(*middle), atol=0.002)


def test_without_stars_the_seeing_is_assumed_and_said_to_be():
    model = point_spread.measure(*stars(2))
    assert model.stars == 0
    stamp = model.at(np.array([10.0]), np.array([10.0]))[0]
    np.testing.assert_allclose(stamp, moffat(cutouts.STEPS_PER_FWHM)[0], atol=1e-6)


def test_discs_widen_the_point_source_and_keep_its_light():
    model = point_spread.assumed()
    stamps = model.with_extended(np.array([0.0]), np.array([0.0]))[0]
    peaks = [peak(stamp) for stamp in stamps]
    assert peaks == sorted(peaks, reverse=True)
    assert stamps[1].sum() == pytest.approx(1.0, abs=0.01)
    reach = cutouts.offsets(1.0)
    for stamp in stamps:
        assert (stamp.sum(axis=0) * reach).sum() == pytest.approx(0.0, abs=1e-4)


def test_the_radius_that_stars_share_is_found_among_galaxies():
    rng = np.random.default_rng(8)
    radius = np.concatenate([rng.normal(2.0, 0.04, 25), rng.uniform(2.2, 8.0, 60)])
    signal = rng.uniform(30, 300, 85)
    clean = np.ones(85, bool)
    assert point_spread.star_radius(radius, signal, clean) == pytest.approx(2.0, rel=0.03)
    chosen = point_spread.choose_stars(radius, signal, clean)
    assert (chosen < 25).mean() > 0.9
    assert len(chosen) >= 22
    clean[:25] = False
    assert not set(point_spread.choose_stars(radius, signal, clean)) & set(range(25))


def test_a_field_without_bright_sources_has_a_radius_still():
    assert point_spread.star_radius(np.array([2.0, 3.0]), np.array([6.0, 7.0]), np.ones(2, bool))
    assert point_spread.star_radius(np.empty(0), np.empty(0), np.empty(0, bool)) == 2.0
