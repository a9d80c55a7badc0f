"""Profiles and curves of growth of sources that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from astrogui.science.profiles import (
    binned_profile,
    curve_of_growth,
    fitted_profile,
    line_profile,
    pixels_by_distance,
)


def moffat(shape, x, y, alpha, beta, amplitude):
    row, column = np.indices(shape)
    return amplitude * (1 + ((column - x) ** 2 + (row - y) ** 2) / alpha**2) ** -beta


def sections_of(pixels):
    def section(y0, y1, x0, x1):
        return pixels[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]

    return section


def test_a_line_across_a_plane_is_exact():
    y, x = np.mgrid[0:80, 0:400].astype(np.float32)
    pixels = 3.0 * x - 2.0 * y + 1.0
    start, end = (5.3, 70.2), (390.0, 4.4)
    distance, value = line_profile(sections_of(pixels), pixels.shape, start, end)
    assert distance[-1] == pytest.approx(math.hypot(384.7, 65.8))
    assert np.diff(distance).max() <= 1.0
    along = np.linspace(0, 1, distance.size)
    expected = 3 * (5.3 + along * 384.7) - 2 * (70.2 - along * 65.8) + 1
    assert value == pytest.approx(expected, abs=1e-3)
    _, wide = line_profile(sections_of(pixels), pixels.shape, start, end, 3)
    assert wide == pytest.approx(value, abs=1e-3)


def test_a_line_beyond_the_image_and_over_missing_pixels():
    pixels = np.ones((20, 20), np.float32)
    pixels[10, 8:12] = np.nan
    distance, value = line_profile(sections_of(pixels), pixels.shape, (-5, 10), (25, 10))
    where = -5 + distance
    assert np.isnan(value[(where < -0.5) | (where > 19.5)]).all()
    assert np.isnan(value[(where > 7.5) & (where < 11.5)]).all()
    assert (value[(where > -0.5) & (where < 6.9)] == 1.0).all()
    _, wide = line_profile(sections_of(pixels), pixels.shape, (0, 10), (19, 10), 5)
    assert np.isfinite(wide).all()
    _, outside = line_profile(sections_of(pixels), pixels.shape, (-9, -9), (-3, -9))
    assert np.isnan(outside).all()
    with pytest.raises(ValueError, match="no length"):
        line_profile(sections_of(pixels), pixels.shape, (3, 3), (3, 3))


def test_a_long_line_reads_little_of_a_large_image():
    read = []

    def section(y0, y1, x0, x1):
        read.append((y1 - y0) * (x1 - x0))
        return np.zeros((max(y1 - y0, 0), max(x1 - x0, 0)), np.float32)

    _, value = line_profile(section, (10_000, 10_000), (0, 0), (9999, 9999))
    assert value.size > 14_000
    assert sum(read) < 0.03 * 1e8


def test_the_fwhm_of_a_gaussian_and_a_moffat_comes_back():
    from astropy.modeling.models import Moffat2D

    random = np.random.default_rng(2)
    row, column = np.indices((61, 61))
    sigma, unit = 2.1, 1e-17  # fluxes of any unit
    gauss = 50 * np.exp(-((column - 30.2) ** 2 + (row - 29.7) ** 2) / (2 * sigma**2))
    pixels = unit * (gauss + 7 + random.normal(0, 0.5, (61, 61)))
    fit = fitted_profile(*pixels_by_distance(pixels, 30.2, 29.7, 15), "Gaussian")
    assert fit.fwhm == pytest.approx(2.3548 * sigma, abs=4 * fit.fwhm_error)
    assert 0 < fit.fwhm_error < 0.1
    assert fit.sky == pytest.approx(7 * unit, rel=0.02)
    assert fit.scatter == pytest.approx(0.5 * unit, rel=0.1)
    truth = Moffat2D(amplitude=50, x_0=30.2, y_0=29.7, gamma=3.0, alpha=2.5)
    pixels = unit * (truth(column, row) + 7 + random.normal(0, 0.2, (61, 61)))
    fit = fitted_profile(*pixels_by_distance(pixels, 30.2, 29.7, 20), "Moffat")
    assert fit.fwhm == pytest.approx(truth.fwhm, abs=4 * fit.fwhm_error)
    assert fit.beta == pytest.approx(2.5, rel=0.1)
    assert fit.value(0.0) == pytest.approx(57 * unit, rel=0.02)


def test_where_nothing_fits_there_is_no_fwhm():
    random = np.random.default_rng(6)
    assert fitted_profile(np.arange(5.0), np.arange(5.0), "Gaussian") is None
    assert fitted_profile(np.arange(50.0), np.ones(50), "Moffat") is None
    rising = np.linspace(0, 10, 400)
    assert fitted_profile(rising, rising + random.normal(0, 0.1, 400), "Gaussian") is None
    with pytest.raises(ValueError, match="Moffat"):
        fitted_profile(rising, rising, "Sersic")


def test_rings_give_mean_and_error():
    pixels = moffat((41, 41), 20, 20, 3, 2.5, 10.0)
    distance, value = pixels_by_distance(pixels, 20, 20, 12)
    middle, mean, error = binned_profile(distance, value)
    assert (np.diff(middle) > 0).all()
    assert (np.diff(mean) < 0).all()
    assert np.isnan(error[0])  # one pixel alone
    assert (error[1:-1] > 0).all()
    ring = (distance >= 3) & (distance < 4)
    assert mean[3] == pytest.approx(value[ring].mean())
    assert error[3] == pytest.approx(value[ring].std(ddof=1) / math.sqrt(ring.sum()))


def test_the_curve_of_growth_rises_to_the_whole_light():
    sigma = 2.0
    row, column = np.indices((81, 81))
    pixels = np.exp(-((column - 40) ** 2 + (row - 40) ** 2) / (2 * sigma**2)) + 3.0
    growth = curve_of_growth(pixels, 40, 40, 3.0, 15)
    total = 2 * math.pi * sigma**2
    assert growth.flux[-1] == pytest.approx(total, rel=1e-3)
    # Half of a Gaussian's light lies within 1.1774 sigma; a pixel spreads it by its own variance.
    spread = math.sqrt(sigma**2 + 1 / 12)
    assert growth.radius_of(0.5) == pytest.approx(1.1774 * spread, abs=0.03)
    assert growth.radius_of(0.9) == pytest.approx(2.1460 * spread, abs=0.03)
    dark = curve_of_growth(pixels, 40, 40, 30.0, 15)
    assert math.isnan(dark.radius_of(0.5))
