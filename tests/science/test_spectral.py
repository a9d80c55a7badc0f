"""The logarithmic grid, resampling to it, noise estimates and matched filters."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import spectral
from astrogui.science.spectral import LogGrid

GRID = LogGrid(first=3.6, step=2e-4, size=1500)


def linear_spectrum(step=1.3):
    wavelength = np.arange(3900.0, 8200.0, step)
    flux = 2 + np.sin(wavelength / 150) + np.exp(-0.5 * ((wavelength - 6000) / 4) ** 2)
    return wavelength, flux, np.full(wavelength.size, 4.0), np.ones(wavelength.size, bool)


def test_resampling_conserves_the_flux_of_a_line():
    wavelength, flux, ivar, good = linear_spectrum()
    inside = (wavelength > 5900) & (wavelength < 6100)
    before = np.sum(flux[inside] * 1.3)
    new, _, _ = spectral.resample(wavelength, flux, ivar, good, GRID)
    centres, widths = GRID.centres_angstrom, np.diff(GRID.edges_angstrom)
    chosen = (centres > 5900) & (centres < 6100)
    assert np.sum((new * widths)[chosen]) == pytest.approx(before, rel=0.01)


def test_the_error_of_a_mean_survives_resampling():
    wavelength, flux, _, good = linear_spectrum()
    ivar = np.full(wavelength.size, 25.0)
    _, new_ivar, share = spectral.resample(wavelength, flux, ivar, good, GRID)
    inside = share > 0.999
    # The inverse variance of a mean is the sum of the samples', on whichever grid.
    span = GRID.edges_angstrom[1:][inside][-1] - GRID.edges_angstrom[:-1][inside][0]
    assert np.sum(new_ivar[inside]) == pytest.approx(25.0 * span / 1.3, rel=0.01)


def test_a_masked_stretch_gets_no_weight_and_leaks_nothing():
    wavelength, flux, ivar, good = linear_spectrum()
    bad = (wavelength > 5000) & (wavelength < 5100)
    new, new_ivar, share = spectral.resample(
        wavelength, np.where(bad, 1e9, flux), ivar, good & ~bad, GRID
    )
    centres = GRID.centres_angstrom
    assert np.all(new_ivar[(centres > 5003) & (centres < 5097)] == 0)
    assert np.all(share[(centres > 5003) & (centres < 5097)] == 0)
    assert np.max(np.abs(new)) < 10


def test_outside_its_cover_a_spectrum_says_nothing():
    new, ivar, share = spectral.resample(*linear_spectrum(), GRID)
    beyond = (GRID.centres_angstrom < 3890) | (GRID.centres_angstrom > 8210)
    assert np.all(new[beyond] == 0)
    assert np.all(ivar[beyond] == 0)
    assert np.all(share[beyond] == 0)


@pytest.mark.parametrize("sigma", [0.1, 3.0])
def test_the_noise_of_a_file_without_errors_is_found_within_a_tenth(sigma):
    rng = np.random.default_rng(4)
    _, flux, _, good = linear_spectrum()
    noisy = flux + sigma * rng.normal(size=flux.size)
    ivar = spectral.estimate_ivar(noisy, ~good)
    assert np.median(1 / np.sqrt(ivar)) == pytest.approx(sigma, rel=0.1)


def test_masked_samples_have_no_estimated_weight():
    _, flux, _, good = linear_spectrum()
    mask = ~good
    mask[100:200] = True
    ivar = spectral.estimate_ivar(flux, mask)
    assert np.all(ivar[100:200] == 0)
    assert np.all(ivar[300:] > 0)


def test_the_matched_filter_measures_the_line_it_is_made_for():
    pixels = np.arange(400)
    line = 5 * np.exp(-0.5 * ((pixels - 150) / 2.0) ** 2)
    ivar = np.full(400, 4.0)
    found = spectral.line_snr(line, ivar, np.zeros(400), 2.0)
    profile = line / 5
    assert np.argmax(found) == 150
    assert found[150] == pytest.approx(5 * np.sqrt(np.sum(4.0 * profile**2)), rel=1e-3)


def test_a_running_median_follows_the_continuum_past_lines_and_bad_pixels():
    pixels = np.arange(1000.0)
    values = 3 + pixels / 500
    good = np.ones(1000, bool)
    good[400:480] = False
    spoiled = values.copy()
    spoiled[400:480] = -50
    spoiled[700:703] += 40
    found = spectral.running_median(spoiled, good, 81)
    assert np.max(np.abs(found - values)[50:-50]) < 0.08  # half a window of slope at the gap


@pytest.mark.parametrize("size", [1, 2, 7, 300])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.85, 1.0])
def test_a_quantile_is_that_of_numpy(size, share):
    values = np.random.default_rng(size).normal(size=size)
    assert spectral.quantile(values, share) == pytest.approx(np.quantile(values, share), rel=1e-12)
