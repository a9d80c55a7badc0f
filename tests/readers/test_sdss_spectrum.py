"""SDSS spec and spSpec files."""

import numpy as np
import pytest
import spectrum_samples as samples
from astropy.io import fits

from astrogui.errors import NotRecognised
from astrogui.readers import read, reader, recognise
from astrogui.readers.reader import _last_head, head_of


@pytest.mark.parametrize("upper", [False, True])
def test_values_of_a_spec_file_come_back(tmp_path, upper):
    path = tmp_path / "spec.fits"
    samples.sdss(path, upper=upper)
    (source,) = recognise(str(path))
    spectrum = read(source)
    np.testing.assert_allclose(spectrum.wavelength_angstrom, samples.log_wavelength(), rtol=1e-6)
    np.testing.assert_array_equal(spectrum.flux, samples.flux())
    expected = samples.ivar()
    expected[5:9] = 0
    np.testing.assert_array_equal(spectrum.ivar, expected)
    np.testing.assert_array_equal(np.flatnonzero(spectrum.mask), [5, 6, 7, 8])
    assert spectrum.flux_unit == "1e-17 erg / (Angstrom s cm2)"
    assert (spectrum.frame, spectrum.medium_in_file) == ("heliocentric", "vacuum")
    assert not spectrum.noise_estimated


def test_the_position_is_the_fibres_and_never_the_plates(tmp_path):
    path = tmp_path / "spec.fits"
    samples.sdss(path)
    (source,) = recognise(str(path))
    assert (source.ra_deg, source.dec_deg) == (151.25, 2.5)
    assert source.object_id == "0266-51602-0007"
    assert source.wavelength_range_angstrom == pytest.approx((3981.07, 6902.4), abs=0.1)


def test_the_position_is_found_in_the_row_about_the_object(tmp_path):
    path = tmp_path / "spec.fits"
    samples.sdss(path)
    with fits.open(path, mode="update") as file:
        for keyword in ("PLUG_RA", "PLUG_DEC", "PLATEID", "FIBERID"):
            del file[0].header[keyword]
    (source,) = recognise(str(path))
    assert (source.ra_deg, source.dec_deg) == (151.25, 2.5)
    assert source.object_id == "0266-51602-0007"


def test_without_a_fibre_position_there_is_none(tmp_path):
    path = tmp_path / "spec.fits"
    samples.sdss(path)
    with fits.open(path, mode="update") as file:
        del file[0].header["PLUG_RA"], file[0].header["PLUG_DEC"]
        del file[2]
    (source,) = recognise(str(path))
    assert source.ra_deg is None


def test_a_part_that_is_not_there_is_refused(tmp_path):
    path = tmp_path / "spec.fits"
    samples.sdss(path)
    with pytest.raises(NotRecognised, match="no such part"):
        recognise(f"{path}[7]")


def test_spspec_has_errors_in_row_three_and_the_objects_position(tmp_path):
    path = tmp_path / "spSpec.fits"
    samples.spspec(path)
    (source,) = recognise(str(path))
    spectrum = read(source)
    np.testing.assert_allclose(spectrum.wavelength_angstrom, samples.log_wavelength(), rtol=1e-12)
    np.testing.assert_array_equal(spectrum.flux, samples.flux())
    np.testing.assert_allclose(spectrum.ivar[3:], samples.ivar()[3:], rtol=1e-6)
    assert spectrum.mask[:3].all()
    assert (source.ra_deg, source.dec_deg) == (151.25, 2.5)


def test_a_file_written_anew_is_read_anew(tmp_path):
    path = tmp_path / "spec.fits"
    samples.sdss(path)
    (source,) = recognise(str(path))
    before = read(source).flux
    with fits.open(path) as file:
        hdus = [hdu.copy() for hdu in file]
    hdus[1].data["flux"] = 2.0 * hdus[1].data["flux"]
    fits.HDUList(hdus).writeto(path, overwrite=True)
    (source,) = recognise(str(path))
    np.testing.assert_array_equal(read(source).flux, 2.0 * before)


def test_a_file_of_large_content_is_not_held_in_memory(tmp_path, monkeypatch):
    path = tmp_path / "spec.fits.gz"
    samples.sdss(path)
    recognise(str(path))
    assert head_of(str(path)) is head_of(str(path))
    _last_head.cache_clear()
    monkeypatch.setattr(reader, "LARGE_CONTENT_BYTES", 1000)
    recognise(str(path))
    assert _last_head.cache_info().currsize == 0
