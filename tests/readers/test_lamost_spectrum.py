"""LAMOST files of every release."""

import numpy as np
import pytest
import spectrum_samples as samples

from astrogui.readers import read, recognise


@pytest.mark.parametrize("third_row", ["wavelength", "normalised"])
def test_the_third_row_does_not_matter(tmp_path, third_row):
    path = tmp_path / "spec.fits"
    samples.lamost(path, third_row)
    (source,) = recognise(str(path))
    spectrum = read(source)
    np.testing.assert_allclose(spectrum.wavelength_angstrom, samples.log_wavelength(), rtol=1e-12)
    np.testing.assert_array_equal(spectrum.flux, samples.flux())
    np.testing.assert_array_equal(spectrum.ivar, samples.ivar())
    assert source.object_id == "J063727.73+271638.0"
    assert (spectrum.flux_unit, spectrum.frame) == ("", "heliocentric")


def test_later_releases_hold_one_row_of_vectors(tmp_path):
    path = tmp_path / "spec.fits"
    samples.lamost_later(path)
    spectrum = read(recognise(str(path))[0])
    np.testing.assert_allclose(spectrum.wavelength_angstrom, samples.log_wavelength(), rtol=1e-6)
    np.testing.assert_array_equal(spectrum.flux, samples.flux())


def test_the_arms_of_medium_resolution_stay_apart(tmp_path):
    path = tmp_path / "med.fits"
    samples.lamost_medium(path)
    spectrum = read(recognise(str(path))[0])
    assert spectrum.flux.size == 2 * samples.SIZE
    gaps = np.diff(spectrum.wavelength_angstrom)
    assert gaps.max() == pytest.approx(6300 - 4950 - samples.SIZE + 1, abs=0.1)
