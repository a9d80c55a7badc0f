"""Aperture photometry against sep and analytic cases."""

from __future__ import annotations

import math

import numpy as np
import pytest

from astrogui.science.aperture import (
    Apertures,
    aperture_sums,
    centroid,
    coverage,
    photometry,
    sky_in_ring,
)


def gaussian(shape, x, y, sigma, flux):
    """A Gaussian source integrated over each pixel."""
    from scipy.special import erf

    def share(size, middle):
        edges = (np.arange(size + 1) - 0.5 - middle) / (sigma * math.sqrt(2))
        return np.diff(erf(edges)) / 2

    return flux * np.outer(share(shape[0], y), share(shape[1], x))


@pytest.mark.parametrize("radius", [0.75, 1.0, 3.7, 12.0, 40.0, 200.0])
@pytest.mark.parametrize("place", [(30.0, 25.0), (30.37, 24.81), (-3.0, 2.0), (59.7, 49.9)])
def test_the_overlap_is_that_of_sep(radius, place):
    import sep

    pixels = np.random.default_rng(3).normal(0, 1, (50, 60))
    (total,), (area,) = aperture_sums(pixels, *place, [radius])
    expected, _, _ = sep.sum_circle(pixels, [place[0]], [place[1]], radius, subpix=0)
    covered, _, _ = sep.sum_circle(np.ones_like(pixels), [place[0]], [place[1]], radius, subpix=0)
    # sep's "exact" overlap is single precision at the edges of pixels.
    assert total == pytest.approx(expected[0], abs=1e-6 * max(1.0, radius**2))
    assert area == pytest.approx(covered[0], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("radius", [0.2, 0.5, 0.7071, 1.0, 2.5, 17.3])
def test_the_whole_circle_is_covered_once(radius):
    share = coverage((60, 60), 30.2, 29.6, radius)
    assert share.sum() == pytest.approx(math.pi * radius**2, rel=1e-12)
    assert share.min() >= 0
    assert share.max() <= 1
    mirrored = coverage((60, 60), 59 - 30.2, 29.6, radius)
    assert share == pytest.approx(mirrored[:, ::-1], abs=1e-12)
    assert coverage((5, 5), 2, 2, 0.0).sum() == 0


def test_pixels_without_data_are_left_out_and_said():
    pixels = np.ones((40, 40))
    pixels[20, 20] = np.nan
    found = photometry(pixels - 1 + np.nan_to_num(pixels), 20, 20, Apertures(radius=3))
    assert found.area == pytest.approx(math.pi * 9 - 1)
    assert "3.5 % of the aperture has no data" in found.remarks[0]
    edge = photometry(np.ones((40, 40)), 0.0, 20.0, Apertures(radius=4))
    assert "no data" in edge.remarks[0]


def test_flux_error_and_magnitude_of_a_known_source():
    """Over many skies the fluxes scatter by the error that is given."""
    random = np.random.default_rng(8)
    shape, place, gain, sky, noise = (61, 61), (30.3, 29.8), 4.0, 100.0, 3.0
    truth = gaussian(shape, *place, 1.8, 5000.0)
    fluxes, errors = [], []
    for _ in range(300):
        photons = random.poisson(truth * gain) / gain
        pixels = photons + sky + random.normal(0, noise, shape)
        found = photometry(
            pixels, *place, Apertures(radius=8.0, sky_inner=14, sky_outer=24),
            gain=gain, zero_point_ab=25.0,
        )  # fmt: skip
        fluxes.append(found.flux)
        errors.append(found.error)
    assert np.mean(fluxes) == pytest.approx(5000.0, abs=4 * np.std(fluxes) / math.sqrt(300))
    assert np.std(fluxes) == pytest.approx(np.mean(errors), rel=0.15)
    assert found.magnitude == pytest.approx(25 - 2.5 * math.log10(found.flux))
    assert found.magnitude_error == pytest.approx(1.0857 * found.error / found.flux, rel=1e-4)
    assert found.has_poisson
    assert found.is_calibrated
    plain = photometry(pixels, *place, Apertures(radius=8.0, sky_inner=14, sky_outer=24))
    assert plain.magnitude == pytest.approx(-2.5 * math.log10(plain.flux))
    assert not plain.has_poisson
    assert not plain.is_calibrated
    assert plain.error < found.error


def test_the_sky_does_not_see_a_neighbour():
    random = np.random.default_rng(4)
    pixels = random.normal(10.0, 1.0, (80, 80)) + gaussian((80, 80), 58.0, 40.0, 1.5, 3e4)
    sky = sky_in_ring(pixels, 40, 40, 12, 24)
    assert sky.level == pytest.approx(10.0, abs=0.12)
    assert sky.deviation == pytest.approx(1.0, abs=0.12)
    assert pixels[(np.hypot(*(np.indices((80, 80)) - 40)) < 24)].std() > 20


def test_what_cannot_be_measured_is_said():
    found = photometry(np.full((9, 9), 2.0), 4, 4, Apertures(radius=2, sky_inner=30, sky_outer=40))
    assert math.isnan(found.flux)
    assert math.isnan(found.magnitude)
    assert "ring of the sky" in " ".join(found.remarks)
    negative = photometry(-gaussian((60, 60), 30, 30, 2, 100.0), 30, 30, Apertures())
    assert negative.flux < 0
    assert math.isnan(negative.magnitude)
    bright = photometry(gaussian((60, 60), 30, 30, 2, 100.0), 30, 30, Apertures(), saturation=2.0)
    assert "saturated" in bright.remarks
    for radii in ({"radius": 0.0}, {"sky_inner": 5.0, "sky_outer": 5.0}):
        with pytest.raises(ValueError, match="radi"):
            Apertures(**radii)


def test_the_centre_is_that_of_sep():
    import sep

    random = np.random.default_rng(5)
    pixels = gaussian((60, 70), 33.41, 28.17, 1.7, 4000.0) + random.normal(50, 1, (60, 70))
    x, y = centroid(pixels, 35.0, 27.0, fwhm=4.0, search=5.0)
    level = float(np.median(pixels))
    expected_x, expected_y, _ = sep.winpos(pixels - level, [33.0], [28.0], 4.0 / 2.3548)
    assert (x, y) == pytest.approx((expected_x[0], expected_y[0]), abs=5e-3)
    assert (x, y) == pytest.approx((33.41, 28.17), abs=0.05)


def test_there_is_no_centre_where_there_is_no_source():
    assert centroid(np.full((20, 20), np.nan), 10, 10, 3, 5) is None
    assert centroid(np.zeros((20, 20)), 10, 10, 3, 5) is None
    assert centroid(np.ones((20, 20)), 300, 10, 3, 5) is None
