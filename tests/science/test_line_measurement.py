"""Line measurements: simulated lines of known flux, width and place; pulls of unit variance."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.line_measurement import Samples, measure, side_bands

WINDOW = (6530.0, 6600.0)
BANDS = ((6440.0, 6515.0), (6615.0, 6690.0))
TRUTH = {"flux": 400.0, "centroid": 6564.6, "fwhm": 4.0 * 2.354820}


def simulated(seed, flux=400.0, continuum=20.0, slope=0.01, noise=1.0, sigma=4.0, step=1.0):
    """A Gaussian on a straight continuum, averaged over pixels; noise varies along it."""
    random = np.random.default_rng(seed)
    wavelength = np.arange(6400.0, 6730.0, step)
    fine = (np.arange(11) - 5) / 11 * step
    at = wavelength[:, None] + fine
    line = flux / (sigma * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((at - 6564.6) / sigma) ** 2)
    level = continuum + slope * (wavelength - 6564.6)
    error = noise * (1 + 0.5 * np.sin(wavelength / 20))
    values = line.mean(axis=1) + level + error * random.normal(size=wavelength.size)
    return Samples.of(wavelength, values, 1 / error**2, np.ones(wavelength.size, bool))


def width_of(flux, continuum=20.0):
    return -flux / continuum


@pytest.mark.parametrize("flux", [400.0, -300.0])
def test_errors_of_both_ways_are_the_scatter_of_repeated_measurements(flux):
    window = (6552.0, 6577.0)  # three sigma: what is cut off is below the noise
    truth = {**TRUTH, "flux": flux, "equivalent_width": width_of(flux)}
    pulls = {}
    for seed in range(300):
        for found in measure(simulated(seed, flux=flux), window, BANDS):
            for name, expected in truth.items():
                if found.method == "direct" and name == "fwhm":
                    continue  # a window of three sigma cuts the second moment, see below
                value = getattr(found, name)
                pull = (value.value - expected) / value.error
                pulls.setdefault((found.method, name), []).append(pull)
    assert len(pulls) == 7
    for key, values in pulls.items():
        assert np.std(values) == pytest.approx(1.0, abs=4 / np.sqrt(2 * 300)), key
        assert abs(np.mean(values)) < 0.35, key


def test_the_direct_width_has_the_error_of_its_scatter():
    widths = [measure(simulated(seed, flux=2000), WINDOW, BANDS)[0].fwhm for seed in range(300)]
    pulls = [(width.value - TRUTH["fwhm"]) / width.error for width in widths]
    assert np.std(pulls) == pytest.approx(1.0, abs=0.17)
    assert abs(np.mean(pulls)) < 0.25


def test_without_noise_both_ways_give_the_truth():
    for found in measure(simulated(0, noise=1e-5), WINDOW, BANDS):
        assert found.flux.value == pytest.approx(400.0, rel=1e-4)
        assert found.centroid.value == pytest.approx(6564.6, abs=1e-3)
        assert found.fwhm.value == pytest.approx(TRUTH["fwhm"], rel=0.005)
        assert found.equivalent_width.value == pytest.approx(-20.0, rel=2e-3)
        assert found.continuum.value == pytest.approx(20.0, abs=0.02)


def test_the_fit_takes_broad_pixels_for_what_they_are():
    found = measure(simulated(0, noise=1e-5, sigma=2.0, step=3.0), WINDOW, BANDS)[1]
    assert found.fwhm.value == pytest.approx(2.0 * 2.35482, rel=0.01)


def test_absorption_has_a_positive_equivalent_width():
    for found in measure(simulated(0, flux=-100.0, noise=0.01), WINDOW, BANDS):
        assert found.equivalent_width.value == pytest.approx(5.0, rel=0.02)
        assert found.flux.value == pytest.approx(-100.0, rel=0.02)


def test_at_rest_the_equivalent_width_is_smaller_by_one_plus_z():
    found = measure(simulated(1), WINDOW, BANDS)[1]
    rest = found.rest_equivalent_width(0.5)
    assert rest.value == pytest.approx(found.equivalent_width.value / 1.5)
    assert rest.error == pytest.approx(found.equivalent_width.error / 1.5)
    assert found.fwhm_km_s.value == pytest.approx(299792.458 * found.fwhm.value / 6564.6, rel=1e-4)


def test_masked_samples_are_interpolated_and_said():
    clean = simulated(0, noise=1e-5)
    good = clean.good.copy()
    good[np.abs(clean.wavelength - 6569) < 1.6] = False
    poisoned = np.where(good, clean.flux, 1e9)
    samples = Samples.of(clean.wavelength, poisoned, np.where(good, 1e10, 0.0), good)
    direct, gaussian = measure(samples, WINDOW, BANDS)
    assert direct.masked == 3
    assert "3 masked samples" in direct.words
    assert direct.flux.value == pytest.approx(400, rel=0.01)
    assert gaussian.flux.value == pytest.approx(400, rel=1e-3)


def test_a_line_without_continuum_says_so():
    direct, _ = measure(simulated(3, continuum=0.0, slope=0.0), WINDOW, BANDS)
    assert "continuum not detected" in direct.words


def test_too_few_samples_are_refused_in_words():
    samples = simulated(0)
    with pytest.raises(ValueError, match="fewer than three good samples"):
        measure(samples, (6564.0, 6565.5), BANDS)
    with pytest.raises(ValueError, match="side bands"):
        measure(samples, WINDOW, ((6500.0, 6501.0),))


def test_one_side_band_is_enough():
    found = measure(simulated(0, noise=1e-4, slope=0.0), WINDOW, BANDS[:1])[0]
    assert found.flux.value == pytest.approx(400, rel=0.01)


def test_bands_lie_beyond_a_gap_on_both_sides():
    assert side_bands((100.0, 110.0)) == ((80.0, 95.0), (115.0, 130.0))


def test_specutils_measures_the_same():
    pytest.importorskip("specutils")
    import astropy.units as u
    from astropy.nddata import InverseVariance
    from specutils import SpectralRegion, Spectrum
    from specutils.analysis import centroid, equivalent_width, line_flux

    samples = simulated(5)
    direct = measure(samples, WINDOW, BANDS)[0]
    offset = samples.wavelength - 6565.0
    inside = sum((samples.wavelength >= a) & (samples.wavelength <= b) for a, b in BANDS) > 0
    weight = 1 / np.sqrt(samples.variance[inside])
    slope, level = np.polyfit(offset[inside], samples.flux[inside], 1, w=weight)
    continuum = level + slope * offset
    region = SpectralRegion(WINDOW[0] * u.AA, WINDOW[1] * u.AA)
    axis = samples.wavelength * u.AA
    ivar = InverseVariance(1 / samples.variance)
    beyond = Spectrum(flux=(samples.flux - continuum) * u.Jy, spectral_axis=axis, uncertainty=ivar)
    ratio = Spectrum(flux=samples.flux / continuum * u.Jy, spectral_axis=axis)
    # specutils sums whole pixels between the ends; here the ends cut pixels in halves.
    assert direct.flux.value == pytest.approx(
        line_flux(beyond, regions=region).to_value(u.Jy * u.AA), abs=1.5
    )
    assert direct.centroid.value == pytest.approx(
        centroid(beyond, regions=region).to_value(u.AA), abs=0.1
    )
    assert direct.equivalent_width.value == pytest.approx(
        equivalent_width(ratio, regions=region, continuum=1 * u.Jy).to_value(u.AA), abs=0.15
    )
