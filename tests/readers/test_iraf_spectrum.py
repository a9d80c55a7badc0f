"""Spectra as images with a wavelength axis."""

import numpy as np
import pytest
import spectrum_samples as samples
from astropy.io import fits

from astrogui.errors import Ambiguous, FileProblem, MissingMetadata, NotRecognised
from astrogui.readers import read, recognise
from astrogui.science.air import vacuum_from_air


def spectrum_of(path, **options):
    return read(recognise(str(path), options)[0])


def test_a_linear_axis_in_air_becomes_vacuum(tmp_path):
    path = tmp_path / "a.fits"
    samples.iraf(path)
    spectrum = spectrum_of(path)
    expected = vacuum_from_air(samples.linear_wavelength())
    np.testing.assert_allclose(spectrum.wavelength_angstrom, expected, rtol=1e-12)
    np.testing.assert_allclose(spectrum.flux, samples.flux() * 10, rtol=1e-5)  # units of 1e-17
    assert spectrum.medium_in_file == "assumed air"
    assert any("air assumed" in note for note in spectrum.notes)
    assert spectrum.noise_estimated
    assert any("noise estimated" in note for note in spectrum.notes)


def test_the_reference_pixel_is_honoured(tmp_path):
    path = tmp_path / "a.fits"
    samples.iraf(path, CRPIX1=121.0, CRVAL1=samples.FIRST + 120 * samples.STEP)
    expected = vacuum_from_air(samples.linear_wavelength())
    np.testing.assert_allclose(spectrum_of(path).wavelength_angstrom, expected, rtol=1e-12)


def test_a_log_axis_is_known_by_its_flag_whatever_ctype_says(tmp_path):
    path = tmp_path / "a.fits"
    samples.iraf_log(path)
    spectrum = spectrum_of(path)
    expected = vacuum_from_air(samples.log_wavelength())
    np.testing.assert_allclose(spectrum.wavelength_angstrom, expected, rtol=1e-12)
    assert spectrum.flux_unit == ""


def test_an_axis_that_cannot_be_logarithmic_is_refused(tmp_path):
    path = tmp_path / "a.fits"
    samples.iraf(path, **{"DC-FLAG": 1})
    with pytest.raises(Ambiguous, match="DC-FLAG"):
        recognise(str(path))


@pytest.mark.parametrize(
    ("keyword", "value", "medium"),
    [("VACUUM", True, "vacuum"), ("VACUUM", False, "air"), ("AIRORVAC", "vacuum", "vacuum")],
)
def test_what_a_header_says_of_the_medium_is_followed(tmp_path, keyword, value, medium):
    path = tmp_path / "a.fits"
    samples.iraf(path, **{keyword: value})
    assert spectrum_of(path).medium_in_file == medium


def test_the_option_air_settles_an_assumption_and_yields_to_the_file(tmp_path):
    path = tmp_path / "a.fits"
    samples.iraf(path)
    assert spectrum_of(path, air="false").medium_in_file == "vacuum"
    assert spectrum_of(path, air="true").medium_in_file == "air"
    samples.iraf(tmp_path / "b.fits", VACUUM=True)
    spectrum = spectrum_of(tmp_path / "b.fits", air="true")
    assert spectrum.medium_in_file == "vacuum"
    assert any("not followed" in note for note in spectrum.notes)


def test_bands_are_found_by_their_names_and_a_wrong_unit_is_passed_over(tmp_path):
    path = tmp_path / "a.fits"
    samples.iraf_bands(path)
    spectrum = spectrum_of(path)
    np.testing.assert_allclose(spectrum.flux, samples.flux() * 10, rtol=1e-5)
    np.testing.assert_allclose(spectrum.ivar, samples.ivar() / 100, rtol=1e-5)
    assert spectrum.wavelength_angstrom[0] == pytest.approx(vacuum_from_air(np.array(4000.0)))
    assert not spectrum.noise_estimated


def test_linear_orders_of_a_multispec_are_sources_of_their_own(tmp_path):
    path = tmp_path / "a.fits"
    samples.iraf_multispec(path)
    first, second = (read(source) for source in recognise(str(path)))
    expected = vacuum_from_air(4000 + 2.0 * np.arange(samples.SIZE))
    np.testing.assert_allclose(first.wavelength_angstrom, expected, rtol=1e-12)
    logarithmic = 10 ** (3.7 + 0.0002 * np.arange(samples.SIZE - 40))
    np.testing.assert_allclose(second.wavelength_angstrom, vacuum_from_air(logarithmic), rtol=1e-12)
    np.testing.assert_array_equal(second.flux, samples.flux(seed=1)[:-40])


def test_a_wavelength_function_is_refused_in_words(tmp_path):
    path = tmp_path / "a.fits"
    samples.iraf_multispec(path)
    with fits.open(path, mode="update") as file:
        words = file[0].header["WAT2_001"]
        file[0].header["WAT2_001"] = words.replace('"1 1 0', '"1 1 2')
    with pytest.raises(MissingMetadata, match=r"wavelength function.*dispcor"):
        recognise(str(path))


def test_rows_of_one_aperture_without_names_are_refused(tmp_path):
    path = tmp_path / "a.fits"
    apertures = {f"APNUM{n}": f"{n} 1 126.91 166.91" for n in (1, 2)}
    samples.iraf(path, np.stack([samples.flux(), samples.error()]), **apertures)
    with pytest.raises(Ambiguous, match="which is the spectrum"):
        recognise(str(path))


def test_rows_of_different_apertures_are_sources(tmp_path):
    path = tmp_path / "a.fits"
    apertures = {"APNUM1": "1 1 96.4 103.9", "APNUM2": "2 2 109.8 115.3"}
    samples.iraf(path, np.stack([samples.flux(), samples.flux(seed=1)]), **apertures)
    assert [source.part for source in recognise(str(path))] == ["aperture 1", "aperture 2"]


def test_errors_are_found_in_the_file_beside(tmp_path):
    flux_path, error_path = tmp_path / "UM184_nF.fits", tmp_path / "UM184_nE.fits"
    samples.iraf(flux_path, samples.flux(), BUNIT="DU/PIXEL")
    samples.iraf(error_path, samples.error(), BUNIT="DU/PIXEL")
    spectrum = spectrum_of(flux_path)
    np.testing.assert_allclose(spectrum.ivar, samples.ivar(), rtol=1e-5)
    assert any("UM184_nE.fits" in note for note in spectrum.notes)
    with pytest.raises(NotRecognised, match=r"errors of UM184_nF\.fits"):
        recognise(str(error_path))


def test_a_file_beside_with_another_axis_is_not_taken(tmp_path):
    flux_path, error_path = tmp_path / "xF.fits", tmp_path / "xE.fits"
    samples.iraf(flux_path)
    samples.iraf(error_path, CRVAL1=5000.0)
    assert spectrum_of(flux_path).noise_estimated


@pytest.mark.parametrize(
    ("meaning", "values"),
    [("ivar", 1e6), ("error", 1e-3), ("variance", 1e-6)],
)
def test_an_unnamed_image_is_taken_as_what_fits_the_scatter(tmp_path, meaning, values):
    path = tmp_path / "a.fits"
    samples.iraf(path, samples.flux() * np.float32(0.01), BUNIT=None)
    fits.append(path, np.full(samples.SIZE, values, np.float32))
    spectrum = spectrum_of(path)
    assert any(f"taken as {meaning}" in note for note in spectrum.notes)
    np.testing.assert_allclose(spectrum.ivar, 1e6, rtol=1e-5)


def test_an_unnamed_image_that_fits_nothing_is_left_alone(tmp_path):
    path = tmp_path / "a.fits"
    samples.iraf(path, samples.flux(), BUNIT=None)
    fits.append(path, np.full(samples.SIZE, 3e4, np.float32))
    spectrum = spectrum_of(path)
    assert spectrum.noise_estimated
    assert any("not used" in note for note in spectrum.notes)


def test_an_impossible_unit_is_not_believed(tmp_path):
    path = tmp_path / "a.fits"
    samples.iraf(path, samples.flux())
    spectrum = spectrum_of(path)
    assert spectrum.flux_unit == ""
    assert any("brighter than any star" in note for note in spectrum.notes)


@pytest.mark.parametrize("keyword", ["CRVAL1", "CDELT1"])
def test_an_axis_without_its_numbers_is_refused(tmp_path, keyword):
    path = tmp_path / "a.fits"
    lacking = {keyword: None} | ({"CD1_1": None} if keyword == "CDELT1" else {})
    samples.iraf(path, **lacking)
    with pytest.raises(MissingMetadata, match=keyword):
        recognise(str(path))


def test_an_image_with_a_sky_projection_is_no_spectrum(tmp_path):
    path = tmp_path / "a.fits"
    hdu = fits.PrimaryHDU(np.ones((30, 40), np.float32))
    hdu.header.update({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CUNIT1": "deg"})
    hdu.writeto(path)
    assert {source.kind for source in recognise(str(path))} == {"image"}


@pytest.mark.parametrize("bad", ["nan", "short", "zero"])
def test_what_holds_no_spectrum_is_refused_in_words(tmp_path, bad):
    path = tmp_path / "a.fits"
    if bad == "zero":
        samples.iraf(path)
        content = path.read_bytes()
        at = content.index(b"NAXIS1  =")
        path.write_bytes((content[: at + 10] + b"%20d" % 0 + content[at + 30 :])[:2880])
    else:
        pixels = samples.flux() * np.nan if bad == "nan" else samples.flux()[:12]
        samples.iraf(path, pixels)
    with pytest.raises(FileProblem, match=path.name) as caught:
        spectrum_of(path)
    assert caught.value.advice


def test_a_space_telescope_measures_in_vacuum(tmp_path):
    path = tmp_path / "a.fits"
    samples.iraf(path, TELESCOP="HST")
    assert spectrum_of(path).medium_in_file == "vacuum"
