"""GAMA, AAT fibres, 6dFGS, APOGEE, DEEP2 and MUSE-like files."""

import numpy as np
import pytest
import spectrum_samples as samples

from astrogui.readers import read, recognise
from astrogui.science.air import vacuum_from_air

LINEAR = vacuum_from_air(samples.linear_wavelength())


def sources_of(write, tmp_path, **more):
    path = tmp_path / "a.fits"
    write(path, **more)
    return recognise(str(path))


def test_gama_rows_are_found_by_name_and_its_reference_pixel_is_honoured(tmp_path):
    (source,) = sources_of(samples.gama, tmp_path)
    spectrum = read(source)
    np.testing.assert_allclose(spectrum.wavelength_angstrom, LINEAR, rtol=1e-12)
    np.testing.assert_array_equal(spectrum.flux[5:], samples.flux()[5:])
    np.testing.assert_allclose(spectrum.ivar[5:], samples.ivar()[5:], rtol=1e-5)
    assert spectrum.mask[:5].all()
    assert (source.object_id, source.ra_deg) == ("G09_Y1_GS1_080", 137.9)
    assert spectrum.medium_in_file == "air"


def test_fibres_are_sources_and_positions_are_in_radians(tmp_path):
    sources = sources_of(samples.marz, tmp_path)
    assert [source.object_id for source in sources] == ["first", "second"]
    assert sources[1].ra_deg == pytest.approx(151.0)
    assert sources[1].dec_deg == pytest.approx(-31.0)
    spectrum = read(sources[1])
    np.testing.assert_allclose(spectrum.wavelength_angstrom, samples.log_wavelength(), rtol=1e-12)
    np.testing.assert_array_equal(spectrum.flux, samples.flux(seed=1))
    np.testing.assert_allclose(spectrum.ivar, samples.ivar(), rtol=1e-5)
    assert (spectrum.medium_in_file, spectrum.frame) == ("vacuum", "topocentric")


def test_fibres_without_a_wavelength_image_use_the_axis_in_air(tmp_path):
    spectrum = read(sources_of(samples.marz, tmp_path, logarithmic=False)[0])
    np.testing.assert_allclose(spectrum.wavelength_angstrom, LINEAR, rtol=1e-12)
    assert spectrum.medium_in_file == "air"


def test_6dfgs_stamps_are_passed_over(tmp_path):
    (source,) = sources_of(samples.sixdf, tmp_path)
    spectrum = read(source)
    assert (source.kind, source.object_id) == ("spectrum", "g1639001-012857")
    np.testing.assert_allclose(spectrum.wavelength_angstrom, LINEAR, rtol=1e-7)
    np.testing.assert_allclose(spectrum.ivar, samples.ivar(), rtol=1e-5)
    assert spectrum.flux_unit == "ct"


def test_6dfgs_tables_are_text_in_fits_and_in_air(tmp_path):
    (source,) = sources_of(samples.sixdf_table, tmp_path)
    spectrum = read(source)
    np.testing.assert_allclose(spectrum.wavelength_angstrom, LINEAR, rtol=1e-4)
    np.testing.assert_allclose(spectrum.flux, samples.flux(), rtol=1e-4)
    assert (spectrum.flux_unit, spectrum.medium_in_file) == ("ct / s", "air")
    assert spectrum.noise_estimated


def test_apogee_chips_become_one_rising_spectrum(tmp_path):
    (source,) = sources_of(samples.apogee, tmp_path)
    spectrum = read(source)
    assert spectrum.flux.size == 240
    assert spectrum.wavelength_angstrom[0] == 15150
    assert np.count_nonzero(spectrum.mask) == 4  # bad pixels, but not the telluric one
    assert spectrum.flux_unit == "1e-17 erg / (Angstrom s cm2)"


def test_deep2_halves_are_joined_and_the_object_is_not_the_mask(tmp_path):
    (source,) = sources_of(samples.deep2, tmp_path)
    spectrum = read(source)
    assert source.ra_deg == pytest.approx(214.405375)
    assert source.remarks == ("the file also holds Bxspf",)
    expected = np.concatenate([6500 + 5.0 * np.arange(240), 7800 + 5.0 * np.arange(240)])
    np.testing.assert_allclose(spectrum.wavelength_angstrom, vacuum_from_air(expected), rtol=1e-7)
    np.testing.assert_array_equal(spectrum.flux[:240], samples.flux())


def test_the_boxcar_extraction_of_deep2_is_chosen_in_brackets(tmp_path):
    samples.deep2(tmp_path / "a.fits")
    (source,) = recognise(f"{tmp_path / 'a.fits'}[Bxspf]")
    np.testing.assert_allclose(read(source).flux[:240], 2 * samples.flux(), rtol=1e-6)


def test_stat_of_a_cube_like_spectrum_is_variance_and_awav_is_air(tmp_path):
    (source,) = sources_of(samples.muse, tmp_path)
    spectrum = read(source)
    expected = vacuum_from_air(4750 + 1.25 * np.arange(samples.SIZE))
    np.testing.assert_allclose(spectrum.wavelength_angstrom, expected, rtol=1e-12)
    np.testing.assert_allclose(spectrum.flux, samples.flux() * 0.1, rtol=1e-5)  # 1e-20 to 1e-17
    np.testing.assert_allclose(spectrum.ivar, samples.ivar() * 100, rtol=1e-4)
    assert spectrum.medium_in_file == "air"
    assert (source.object_id, source.ra_deg) == ("2", 53.16)
