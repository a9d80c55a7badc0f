"""The simulated sky: counts, colours and sizes as stated, seeds that repeat, bands that shift."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from astrogui.training import simulate_image, sky_population
from astrogui.training.simulate_image import SkySettings, simulate
from astrogui.training.sky_population import draw_sources

SETTINGS = SkySettings(shape=(300, 320), artefacts=False)


def test_the_same_seed_gives_the_same_sky_and_another_does_not():
    first, again, other = (
        simulate(SETTINGS, np.random.default_rng(seed)).pixels for seed in (4, 4, 5)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1


def test_counts_follow_the_densities():
    rng = np.random.default_rng(0)
    magnitude, galaxy = sky_population.draw_counts(2.0, 1.0, 23.8, rng)
    for low, high in ((18, 19), (20, 21), (21, 22)):
        inside = (magnitude > low) & (magnitude <= high)
        middle = np.arange(low + 0.025, high, 0.05)
        stars = 2.0 * sky_population.star_density(middle).mean()
        galaxies = 2.0 * sky_population.galaxy_density(middle).mean()
        assert (inside & ~galaxy).sum() == pytest.approx(stars, abs=4 * np.sqrt(stars))
        assert (inside & galaxy).sum() == pytest.approx(galaxies, abs=4 * np.sqrt(galaxies))


def test_galaxies_are_as_many_as_the_surveys_count():
    grid = np.arange(10.0, 23.0, 0.01)
    brighter = np.cumsum(sky_population.galaxy_density(grid)) * 0.01
    # Strauss et al. 2002, AJ 124, 1810; Hahn et al. 2023, AJ 165, 253
    for magnitude, counted in ((17.77, 92.0), (19.5, 864.0)):
        assert np.interp(magnitude, grid, brighter) == pytest.approx(counted, rel=0.2)
    # Abell et al. 2009, arXiv 0912.0201: 46 * 10^(0.31 (i - 25)) an arcmin^2, all brighter than i
    faint = 46 * 3600 * 0.31 * np.log(10) * 10 ** (0.31 * (21.5 - 25))  # of i = 21.5, r = 22
    assert sky_population.galaxy_density(22.0) == pytest.approx(faint, rel=0.2)


def test_dust_reddens_stars_and_galaxies_alike(monkeypatch):
    magnitude, galaxy = np.full(4000, 19.0), np.arange(4000) % 2 == 0

    def colours(dust):
        monkeypatch.setattr(sky_population, "DUST_MEDIAN", dust)
        drawn, _, _ = draw_sources(magnitude, galaxy, np.random.default_rng(7))
        return drawn[:, :-1] - drawn[:, 1:]

    redder = colours(0.05) - colours(0.0)
    assert (redder >= 0).all()
    for kind in (galaxy, ~galaxy):
        np.testing.assert_allclose(
            np.median(redder[kind], axis=0), 0.05 * sky_population.REDDENING, rtol=0.1
        )
    assert redder[:, 1].max() == pytest.approx(sky_population.DUST_MOST * 1.018)


def test_galaxies_shrink_as_they_fade_and_stars_have_no_size():
    rng = np.random.default_rng(1)
    magnitude = np.repeat([18.0, 22.0], 4000)
    galaxy = np.tile([True, False], 4000)
    _, radius, _ = draw_sources(magnitude, galaxy, rng)
    assert (radius[~galaxy] == 0).all()
    bright, faint = (np.median(radius[galaxy & (magnitude == value)]) for value in (18.0, 22.0))
    assert bright == pytest.approx(1.91, rel=0.05)
    assert faint == pytest.approx(0.69, rel=0.05)


def test_stars_lie_along_their_locus():
    rng = np.random.default_rng(2)
    magnitude, _, _ = draw_sources(np.full(4000, 18.0), np.zeros(4000, bool), rng)
    g_i, r_i = magnitude[:, 1] - magnitude[:, 3], magnitude[:, 2] - magnitude[:, 3]
    locus = np.interp(g_i, sky_population.STELLAR_LOCUS[:, 0], sky_population.STELLAR_LOCUS[:, 3])
    assert np.median(np.abs(r_i - locus)) < 0.04


def test_the_noise_gives_the_stated_depth():
    empty = replace(SETTINGS, faintest_mag=14.05, seeing_arcsec=1.3)
    sky = simulate(empty, np.random.default_rng(3))
    for band, depth in enumerate(simulate_image.DEPTH):
        pixel = np.std(sky.pixels[band] - np.median(sky.pixels[band], axis=0))
        area = 1.3 * 4 * np.pi * (1.3 / 2.355 / 0.396) ** 2
        limit = 22.5 - 2.5 * np.log10(5 * pixel * np.sqrt(area))
        assert limit == pytest.approx(depth, abs=0.4)


def test_a_source_lies_where_its_wcs_says_in_every_band():
    from astropy.io.fits import Header
    from astropy.wcs import WCS

    settings = replace(SETTINGS, faintest_mag=19.5, star_factor=3.0)
    sky = simulate(settings, np.random.default_rng(12))
    grids = [WCS(Header(simulate_image.tangent_header(sky, band, 30.0, 2.0))) for band in range(5)]
    assert np.abs(sky.shift[2]).max() == 0
    for band in range(5):
        x, y = grids[band].all_world2pix(*grids[2].all_pix2world(sky.x, sky.y, 0), 0)
        np.testing.assert_allclose(x - sky.x, sky.shift[band, 0], atol=1e-3)
        np.testing.assert_allclose(y - sky.y, sky.shift[band, 1], atol=1e-3)
    inside = (np.abs(sky.x - 160) < 130) & (np.abs(sky.y - 150) < 120)
    brightest = int(np.argmin(np.where(inside, sky.magnitude[:, 2], 99)))
    for band in (1, 2, 3):
        expected = np.array([sky.x[brightest], sky.y[brightest]]) + sky.shift[band]
        column, row = np.rint(expected).astype(int)
        around = np.maximum(sky.pixels[band][row - 4 : row + 5, column - 4 : column + 5], 0)
        reach = np.arange(-4, 5)
        centre = np.array([around.sum(axis=0) @ reach, around.sum(axis=1) @ reach]) / around.sum()
        np.testing.assert_allclose(centre + (column, row), expected, atol=0.3)


def test_bands_see_a_source_a_little_beside_its_place_in_r():
    rng = np.random.default_rng(12)
    drawn = np.concatenate([simulate_image._draw_wander(400, SETTINGS, rng) for _ in range(60)], 1)
    assert not drawn[2].any()
    there = np.abs(drawn[[0, 1, 3, 4]]) * SETTINGS.pixel_scale_arcsec
    # the median of a normal variable's size is 0.6745 of its scatter, of such a mixture 0.63
    assert np.median(there) == pytest.approx(0.63 * simulate_image.WANDER_ARCSEC, rel=0.1)
    settings = replace(SETTINGS, faintest_mag=17.0, star_factor=3.0, artefacts=False)
    sky = simulate(settings, np.random.default_rng(12))
    moved = replace(sky, wander=sky.wander + np.array([2.0, 0.0]))
    there, shifted = (simulate_image.light_of(one, 1) for one in (sky, moved))
    np.testing.assert_allclose(shifted[:, 12:-10], there[:, 10:-12], atol=1e-3 * there.max())


def test_stars_are_as_wide_as_the_seeing_says():
    star = simulate_image._draw_seeing(SETTINGS, np.random.default_rng(1))
    place = np.array([[160.0, 150.0]])
    amplitude, covariance, _ = simulate_image.seeing_at(star, 2, place, SETTINGS)
    assert amplitude.sum() == pytest.approx(1.0)
    heights = amplitude / np.sqrt(covariance[..., 0] * covariance[..., 2])
    half = SETTINGS.seeing_arcsec / SETTINGS.pixel_scale_arcsec / 2
    at_half = (heights * np.exp(-0.5 * half**2 / covariance[..., 0])).sum() / heights.sum()
    assert at_half == pytest.approx(0.5, abs=0.08)
