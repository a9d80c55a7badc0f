"""Combined APOGEE spectra: which row is read, which pixels are bad, what stays unseen."""

from __future__ import annotations

import numpy as np
import pytest
import spectrum_samples as samples

from astrogui.readers import read, recognise

EXPECTED = 10 ** (samples.APOGEE_FIRST + samples.APOGEE_STEP * np.arange(samples.SIZE))


def spectrum_of(writer, tmp_path):
    path = tmp_path / "star.fits"
    writer(path)
    (source,) = recognise(str(path))
    return source, read(source)


def test_the_combined_row_is_read_and_not_a_visit(tmp_path):
    source, spectrum = spectrum_of(samples.apogee_star, tmp_path)
    assert source.object_id == "2M13012770+5754582"
    np.testing.assert_allclose(spectrum.wavelength_angstrom, EXPECTED, rtol=1e-12)
    np.testing.assert_array_equal(spectrum.flux, samples.flux())
    assert spectrum.flux_unit == "1e-17 erg / (Angstrom s cm2)"
    assert any("at rest" in note or "to rest" in note for note in spectrum.notes)


def test_huge_errors_and_mask_bits_of_its_own_row_are_bad(tmp_path):
    _, spectrum = spectrum_of(samples.apogee_star, tmp_path)
    assert np.flatnonzero(spectrum.mask).tolist() == [10, 11, 12, 13, 40]
    good = ~spectrum.mask
    np.testing.assert_allclose(spectrum.ivar[good], samples.ivar()[good], rtol=1e-5)


def test_a_normalised_spectrum_has_no_unit_and_its_model_is_no_mask(tmp_path):
    source, spectrum = spectrum_of(samples.apogee_aspcap, tmp_path)
    assert spectrum.flux_unit == ""
    assert np.flatnonzero(spectrum.mask).tolist() == [100]  # zero flux: no data
    assert source.wavelength_range_angstrom == pytest.approx((EXPECTED[0], EXPECTED[-1]))


def test_the_labels_of_the_pipeline_change_nothing(tmp_path):
    from astropy.io import fits

    _, plain = spectrum_of(samples.apogee_aspcap, tmp_path)
    path = tmp_path / "star.fits"
    fits.setval(path, "TEFF", value=4000)
    told = read(recognise(str(path))[0])
    np.testing.assert_array_equal(plain.flux, told.flux)
    np.testing.assert_array_equal(plain.ivar, told.ivar)
