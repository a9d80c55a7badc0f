"""Spectra as columns of text."""

import numpy as np
import pytest
import spectrum_samples as samples

from astrogui.errors import Damaged, MissingMetadata, NotRecognised, Unsuitable
from astrogui.readers import read, recognise
from astrogui.science.air import vacuum_from_air

WAVE, FLUX, ERROR = samples.linear_wavelength(), samples.flux(), samples.error()


def written(path, *columns, head=(), separator=" ", end="\n"):
    rows = [separator.join(f"{value:.6f}" for value in row) for row in zip(*columns, strict=True)]
    path.write_text("\n".join([*head, *rows]) + end)
    return str(path)


def only(path, **options):
    (source,) = recognise(path, options)
    return read(source)


def test_the_fors2_layout_is_air_with_a_flag_and_estimated_noise(tmp_path):
    samples.fors2(tmp_path / "a.txt")
    (source,) = recognise(str(tmp_path / "a.txt"))
    spectrum = read(source)
    np.testing.assert_allclose(spectrum.wavelength_angstrom, vacuum_from_air(WAVE), rtol=1e-9)
    np.testing.assert_array_equal(np.flatnonzero(spectrum.mask), [0, 1, 2, 3])
    assert spectrum.noise_estimated
    assert spectrum.medium_in_file == "air"
    assert spectrum.header["z"] == "0.29266"
    assert source.object_id == "spec 9"
    good = ~spectrum.mask
    assert np.median(spectrum.ivar[good]) == pytest.approx(100, rel=0.3)  # true noise 0.1


def test_a_redshift_in_the_comments_reaches_the_header_only(tmp_path):
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    samples.fors2(first, redshift=0.29266)
    samples.fors2(second, redshift=3.86968)
    one, other = only(str(first)), only(str(second))
    np.testing.assert_array_equal(one.flux, other.flux)
    assert one.notes == other.notes
    assert "0.29266" not in repr([recognise(str(first))[0], one.notes, one.object_id])


def test_two_columns_without_names_are_wavelength_and_flux(tmp_path):
    spectrum = only(written(tmp_path / "a.dat", WAVE, FLUX))
    np.testing.assert_allclose(spectrum.flux, FLUX, atol=1e-6)
    assert spectrum.medium_in_file == "assumed air"
    assert any("air assumed" in note for note in spectrum.notes)
    assert any("ångström" in note for note in spectrum.notes)


@pytest.mark.parametrize(("separator", "name"), [(",", "a.csv"), ("\t", "a.tsv"), (" | ", "a")])
def test_names_and_units_come_from_the_first_line(tmp_path, separator, name):
    head = [separator.join(["Wavelength (nm)", "Flux (erg/s/cm2/A)", "Flux error"])]
    columns = (WAVE / 10, FLUX, ERROR)
    spectrum = only(written(tmp_path / name, *columns, head=head, separator=separator))
    assert spectrum.unit_in_file == "nm"
    np.testing.assert_allclose(1 / np.sqrt(spectrum.ivar / spectrum.ivar[0]), ERROR / ERROR[0],
                               rtol=1e-3)  # fmt: skip
    assert not spectrum.noise_estimated


def test_names_come_from_the_last_comment(tmp_path):
    head = ["# made for a test, in vacuum", "# loglam flux ivar"]
    path = written(tmp_path / "a.txt", np.log10(WAVE), FLUX, samples.ivar(), head=head)
    spectrum = only(path)
    np.testing.assert_allclose(spectrum.wavelength_angstrom, WAVE, rtol=3e-6)
    np.testing.assert_allclose(spectrum.ivar, samples.ivar(), rtol=1e-4)


@pytest.mark.parametrize(
    ("comment", "medium"), [("# wavelengths in air", "air"), ("# vacuum, barycentric", "vacuum")]
)
def test_a_comment_on_the_medium_is_followed(tmp_path, comment, medium):
    assert only(written(tmp_path / "a.txt", WAVE, FLUX, head=[comment])).medium_in_file == medium


def test_the_option_columns_names_them_from_the_left(tmp_path):
    path = written(tmp_path / "a.txt", ERROR, WAVE / 1e4, FLUX, FLUX * 0)
    spectrum = only(path, columns="err,wave_um,flux,mask", air="true")
    np.testing.assert_allclose(
        spectrum.wavelength_angstrom, vacuum_from_air(np.round(WAVE / 1e4, 6) * 1e4), rtol=1e-9
    )
    np.testing.assert_allclose(spectrum.ivar, samples.ivar(), rtol=1e-4)
    assert spectrum.medium_in_file == "air"


@pytest.mark.parametrize(
    "columns", ["wave,flux,err,ivar,mask", "wave,err", "wave,flux,redshift", "wave=a,flux=b"]
)
def test_a_wrong_option_is_refused_in_words(tmp_path, columns):
    path = written(tmp_path / "a.txt", WAVE, FLUX, ERROR)
    with pytest.raises(MissingMetadata, match="option columns"):
        recognise(path, {"columns": columns})


def test_four_columns_without_names_are_not_guessed(tmp_path):
    path = written(tmp_path / "a.txt", WAVE, FLUX, ERROR, ERROR)
    with pytest.raises(MissingMetadata, match=r"4 columns without names.*--columns"):
        recognise(path)


def test_a_scale_that_may_be_micrometres_is_not_guessed(tmp_path):
    with pytest.raises(MissingMetadata, match="without a unit"):
        recognise(written(tmp_path / "a.txt", WAVE / 1e4, FLUX))


def test_missing_values_are_masked(tmp_path):
    path = tmp_path / "a.csv"
    lines = [f"{w:.2f},{'' if n in {3, 4} else f'{f:.5f}'},0.1"
             for n, (w, f) in enumerate(zip(WAVE, FLUX, strict=True))]  # fmt: skip
    lines[7] = f"{WAVE[7]:.2f},nan,0.1"
    path.write_text("wave,flux,err\n" + "\n".join(lines) + "\n")
    np.testing.assert_array_equal(np.flatnonzero(only(str(path)).mask), [3, 4, 7])


def test_a_catalogue_is_no_spectrum(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("id,ra,dec\n" + "".join(f"{n},{150 + n},2\n" for n in range(30)))
    with pytest.raises(NotRecognised):
        recognise(str(path))


def test_a_row_that_does_not_fit_is_named(tmp_path):
    path = tmp_path / "a.txt"
    lines = [f"{w:.2f} {f:.5f}" for w, f in zip(WAVE, FLUX, strict=True)]
    lines[50] = "5000.00 abc"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(Damaged, match="line 51"):
        recognise(str(path))


@pytest.mark.parametrize("cut", [1, 2, 5, 9, 12])
def test_a_file_cut_within_its_last_line_is_refused(tmp_path, cut):
    path = tmp_path / "a.txt"
    whole = written(path, WAVE, FLUX, end="")
    assert read(recognise(whole)[0]).flux.size == samples.SIZE
    path.write_text(path.read_text()[:-cut])
    with pytest.raises(Damaged, match=r"cut|due"):
        recognise(str(path))


def test_too_few_rows_are_refused(tmp_path):
    with pytest.raises(Unsuitable, match="12 rows"):
        recognise(written(tmp_path / "a.txt", WAVE[:12], FLUX[:12]))


def test_a_third_column_that_cannot_be_errors_is_not_guessed(tmp_path):
    with pytest.raises(MissingMetadata, match="cannot be errors"):
        recognise(written(tmp_path / "a.txt", WAVE, FLUX, FLUX - np.median(FLUX)))


def test_a_third_column_of_positive_numbers_is_taken_as_errors_and_said(tmp_path):
    spectrum = only(written(tmp_path / "a.txt", WAVE, FLUX, ERROR))
    np.testing.assert_allclose(spectrum.ivar, samples.ivar(), rtol=1e-3)
    assert any("one-sigma" in note for note in spectrum.notes)


def test_exponents_written_d_and_missing_values_are_numbers(tmp_path):
    rows = [
        f"{value:.2f}  {k % 7 + 1}.5D+01  {'--' if k == 4 else '0.5'}"
        for k, value in enumerate(WAVE)
    ]
    path = tmp_path / "a.txt"
    path.write_text("\n".join(["# wave flux error", *rows]) + "\n")
    spectrum = only(str(path))
    np.testing.assert_allclose(spectrum.flux[:3], [15, 25, 35])
    assert spectrum.mask[4]
    assert not spectrum.mask[5]
