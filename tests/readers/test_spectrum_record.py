"""What every spectrum reader shares: joining arms, estimating noise, keeping the record's terms."""

import numpy as np
import pytest
import spectrum_samples as samples
from astropy.io import fits

from astrogui.readers import read, recognise
from astrogui.readers.noise import estimated_ivar
from astrogui.readers.spectrum_record import _order, joined


def arm(first, step, size, value):
    return first + step * np.arange(size), np.full(size, value), np.ones(size)


def test_arms_apart_are_put_one_after_the_other():
    wavelength, flux, _ = joined([arm(6000.0, 1.0, 50, 2.0), arm(5000.0, 1.0, 50, 1.0)])
    assert np.all(np.diff(wavelength) > 0)
    np.testing.assert_array_equal(flux, np.repeat([1.0, 2.0], 50))


def test_arms_on_different_samples_meet_in_the_middle_of_the_overlap():
    wavelength, flux, _ = joined([arm(5000.0, 1.0, 101, 1.0), arm(5080.3, 1.0, 101, 2.0)])
    middle = 0.5 * (5100.0 + 5080.3)
    assert np.all(np.diff(wavelength) > 0)
    np.testing.assert_array_equal(flux, np.where(wavelength < middle, 1.0, 2.0))


def test_joining_leaves_the_arms_as_they_were():
    first, second = arm(5000.0, 1.0, 20, 1.0), arm(5010.0, 1.0, 20, 3.0)
    joined([first, second])
    np.testing.assert_array_equal(first[1], np.ones(20))


def test_a_sample_that_is_known_in_one_arm_only_keeps_its_value():
    wavelength, flux, ivar = joined(
        [
            (np.arange(3.0), np.array([1.0, 1, 5]), np.array([1.0, 1, 0])),
            (np.arange(2.0, 5), np.full(3, 2.0), np.ones(3)),
        ]
    )
    np.testing.assert_array_equal(wavelength, np.arange(5.0))
    np.testing.assert_array_equal(flux, [1, 1, 2, 2, 2])
    np.testing.assert_array_equal(ivar, [1, 1, 1, 1, 1])


@pytest.mark.parametrize("sigma", [0.01, 1.0, 30.0])
def test_estimated_noise_is_that_of_white_noise(sigma):
    rng = np.random.default_rng(3)
    flux = 10 * sigma * np.sin(np.arange(4000) / 300) + rng.normal(0, sigma, 4000)
    ivar = estimated_ivar(flux, np.zeros(4000, bool))
    assert np.median(1 / np.sqrt(ivar)) == pytest.approx(sigma, rel=0.05)


def test_estimated_noise_follows_a_change_along_the_spectrum():
    rng = np.random.default_rng(4)
    sigma = np.where(np.arange(4000) < 2000, 1.0, 5.0)
    ivar = estimated_ivar(rng.normal(0, sigma), np.zeros(4000, bool))
    assert np.median(ivar[200:1800]) / np.median(ivar[2200:3800]) == pytest.approx(25, rel=0.3)


def test_padding_has_no_weight_and_spoils_nothing():
    rng = np.random.default_rng(5)
    flux = rng.normal(5, 1, 1000)
    flux[:300] = 0
    ivar = estimated_ivar(flux, np.zeros(1000, bool))
    assert not ivar[:299].any()
    assert np.median(1 / np.sqrt(ivar[310:])) == pytest.approx(1, rel=0.15)


@pytest.mark.parametrize("scale", [1e-25, 1e-14, 1.0, 1e14, 1e25])
def test_relative_flux_of_any_size_fits_single_precision(tmp_path, scale):
    path = tmp_path / "a.fits"
    samples.iraf(path, samples.flux().astype(float) * scale, BUNIT=None)
    fits.append(path, np.float64(scale) * samples.error().astype(float))
    with fits.open(path, mode="update") as file:
        file[1].name = "ERROR"
    spectrum = read(recognise(str(path))[0])
    good = spectrum.good
    assert good.all()
    snr = spectrum.flux[good] * np.sqrt(spectrum.ivar[good])
    np.testing.assert_allclose(snr, samples.flux() / samples.error(), rtol=1e-3)
    said = any("relative flux divided by 1e" in note for note in spectrum.notes)
    assert said == (scale != 1.0)
    np.testing.assert_allclose(
        spectrum.flux / spectrum.flux[0], samples.flux() / samples.flux()[0], rtol=1e-4
    )


def test_the_provenance_says_where_it_was_read(tmp_path):
    path = tmp_path / "coadd.fits"
    samples.desi(path)
    source = recognise(str(path))[1]
    provenance = read(source).provenance
    assert provenance.path == str(path)
    assert (provenance.part, provenance.reader) == ("row 2", "DESI spectra")
    assert provenance.sha256 == source.sha256


@pytest.mark.parametrize(
    ("wavelength", "expected"),
    [
        ([4000.0, 4001.0, 4002.0], [0, 1, 2]),
        ([4002.0, 4001.0, 4000.0], [2, 1, 0]),
        ([4000.0, np.nan, 4001.0, 4001.0], [0, 2]),
        ([-1.0, 0.0, 4000.0, 4001.0, np.inf], [2, 3]),
        ([np.inf, np.inf], []),
        ([], []),
    ],
)
def test_wavelengths_are_put_in_rising_order_without_those_that_are_none(wavelength, expected):
    np.testing.assert_array_equal(_order(np.array(wavelength)), expected)
