"""Spectra in FITS tables, HST and JWST among them."""

import numpy as np
import pytest
import spectrum_samples as samples
from astropy.io import fits

from astrogui.errors import FileProblem, MissingMetadata, NotRecognised
from astrogui.readers import read, recognise
from astrogui.science.air import vacuum_from_air


def written(path, **arrays):
    header = arrays.pop("header", {})
    fits.HDUList([fits.PrimaryHDU(), samples.table("", header, **arrays)]).writeto(path)
    return str(path)


def test_a_row_of_vectors_in_nanometres_becomes_angstrom(tmp_path):
    samples.eso(tmp_path / "a.fits")
    (source,) = recognise(str(tmp_path / "a.fits"))
    spectrum = read(source)
    np.testing.assert_allclose(spectrum.wavelength_angstrom, samples.linear_wavelength(), rtol=1e-7)
    # per nanometre to per ångström is a factor of ten, 1e-16 to 1e-17 another
    np.testing.assert_allclose(spectrum.flux, samples.flux(), rtol=1e-5)
    np.testing.assert_allclose(spectrum.ivar, samples.ivar(), rtol=1e-4)
    assert (spectrum.unit_in_file, spectrum.frame) == ("nm", "heliocentric")
    assert spectrum.medium_in_file == "vacuum"
    assert (source.object_id, source.ra_deg) == ("BR J2349-3712", 357.3)


def test_the_ucd_of_eso_tells_air(tmp_path):
    samples.eso(tmp_path / "a.fits", air=True)
    spectrum = read(recognise(str(tmp_path / "a.fits"))[0])
    assert spectrum.medium_in_file == "air"
    expected = vacuum_from_air(samples.linear_wavelength())
    np.testing.assert_allclose(spectrum.wavelength_angstrom, expected, rtol=1e-7)


def test_counts_stay_counts_and_say_so(tmp_path):
    samples.plain_table(tmp_path / "a.fits", RA=150.0, DEC=2.0)
    (source,) = recognise(str(tmp_path / "a.fits"))
    spectrum = read(source)
    assert spectrum.flux_unit == "electron / s"
    assert any("not calibrated" in note for note in spectrum.notes)
    assert spectrum.medium_in_file == "assumed vacuum"
    assert source.ra_deg == 150.0


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ivar", samples.ivar()),
        ("err", samples.error()),
        ("SIGMA", samples.error()),
        ("variance", samples.error() ** 2),
    ],
)
def test_errors_are_known_by_their_common_names(tmp_path, name, values):
    arrays = {"LOGLAM": np.log10(samples.log_wavelength()), "Flux": samples.flux(), name: values}
    spectrum = read(recognise(written(tmp_path / "a.fits", **arrays))[0])
    np.testing.assert_allclose(spectrum.wavelength_angstrom, samples.log_wavelength(), rtol=1e-9)
    np.testing.assert_allclose(spectrum.ivar, samples.ivar(), rtol=1e-4)
    assert not spectrum.noise_estimated


def test_falling_wavelengths_are_turned_round(tmp_path):
    path = written(
        tmp_path / "a.fits",
        wave=(samples.linear_wavelength()[::-1].copy(), "Angstrom"),
        flux=samples.flux()[::-1].copy(),
    )
    spectrum = read(recognise(path)[0])
    np.testing.assert_array_equal(spectrum.flux, samples.flux())
    assert np.all(np.diff(spectrum.wavelength_angstrom) > 0)


def test_nan_and_flagged_samples_are_masked_and_finite(tmp_path):
    flux, mask = samples.flux(), np.zeros(samples.SIZE, np.int16)
    flux[3], mask[8] = np.nan, 2
    path = written(
        tmp_path / "a.fits",
        wave=(samples.linear_wavelength(), "Angstrom"),
        flux=flux,
        err=samples.error(),
        mask=mask,
    )
    spectrum = read(recognise(path)[0])
    np.testing.assert_array_equal(np.flatnonzero(spectrum.mask), [3, 8])
    assert np.isfinite(spectrum.flux).all()
    assert np.all(spectrum.ivar[[3, 8]] == 0)


def test_a_short_scale_without_a_unit_is_refused_and_the_option_settles_it(tmp_path):
    path = written(tmp_path / "a.fits", WAVE=np.linspace(900.0, 1000.0, 240), FLUX=samples.flux())
    with pytest.raises(MissingMetadata, match=r"nanometres or micrometres.*wave_nm"):
        recognise(path)
    (source,) = recognise(path, {"columns": "wave_nm=WAVE,flux=FLUX"})
    assert read(source).wavelength_angstrom[0] == pytest.approx(9000.0)


def test_columns_of_other_names_are_read_when_named(tmp_path):
    path = written(tmp_path / "a.fits", abscissa=samples.linear_wavelength(), y=samples.flux())
    with pytest.raises(NotRecognised):
        recognise(path)
    (source,) = recognise(path, {"columns": "wave=abscissa,flux=y"})
    np.testing.assert_array_equal(read(source).flux, samples.flux())
    with pytest.raises(MissingMetadata, match="no part of a spectrum"):
        recognise(path, {"columns": "waves=abscissa,flux=y"})


def test_rows_of_vectors_are_sources(tmp_path):
    path = written(
        tmp_path / "a.fits",
        wave=(np.stack([samples.linear_wavelength()] * 3), "Angstrom"),
        flux=np.stack([samples.flux(seed=seed) for seed in range(3)]),
    )
    sources = recognise(path)
    assert [source.part for source in sources] == ["row 1", "row 2", "row 3"]
    np.testing.assert_array_equal(read(sources[2]).flux, samples.flux(seed=2))


def test_tables_of_arms_are_sources(tmp_path):
    path = tmp_path / "a.fits"
    arms = [
        samples.table(name, wave=(samples.linear_wavelength(), "Angstrom"), flux=samples.flux())
        for name in ("UVB", "VIS")
    ]
    fits.HDUList([fits.PrimaryHDU(), *arms]).writeto(path)
    sources = recognise(str(path))
    assert [source.part for source in sources] == ["HDU 1", "HDU 2"]
    assert sources[1].remarks == ("VIS",)
    assert read(sources[1]).flux.size == samples.SIZE


def test_stored_integers_are_scaled(tmp_path):
    path = tmp_path / "a.fits"
    cards = {"XSCAL2": 0.5, "XZERO2": 10.0, "XNULL2": 7}
    wave = (samples.linear_wavelength(), "Angstrom")
    written(path, wave=wave, flux=np.arange(240, dtype=np.int16), header=cards)
    content = path.read_bytes()
    for keyword in (b"SCAL2", b"ZERO2", b"NULL2"):
        content = content.replace(b"X" + keyword, b"T" + keyword)
    path.write_bytes(content)
    spectrum = read(recognise(str(path))[0])
    np.testing.assert_array_equal(np.flatnonzero(spectrum.mask), [7])
    good = ~spectrum.mask
    np.testing.assert_allclose(spectrum.flux[good], (np.arange(240) * 0.5 + 10)[good])


def test_janskys_and_micrometres_become_flux_per_angstrom(tmp_path):
    samples.jwst(tmp_path / "a.fits")
    (source,) = recognise(str(tmp_path / "a.fits"))
    spectrum = read(source)
    wavelength = np.linspace(0.96e4, 5.28e4, samples.SIZE)
    np.testing.assert_allclose(spectrum.wavelength_angstrom, wavelength, rtol=1e-12)
    # f_lambda [erg/s/cm2/Å] = 2.99792458e-5 f_nu [Jy] / (lambda [Å])^2
    expected = 2.99792458e-5 * samples.flux() * 1e-7 / wavelength**2 * 1e17
    good = ~spectrum.mask
    np.testing.assert_allclose(spectrum.flux[good], expected[good], rtol=1e-5)
    bad = [*range(10, 20), 30, 31, 32]  # NaN, then DO_NOT_USE; other bits of DQ do not count
    np.testing.assert_array_equal(np.flatnonzero(spectrum.mask), bad)
    assert (spectrum.medium_in_file, spectrum.unit_in_file) == ("vacuum", "um")
    snr = spectrum.flux[good] * np.sqrt(spectrum.ivar[good])
    np.testing.assert_allclose(snr, (samples.flux() / samples.error())[good], rtol=1e-4)


def test_orders_of_stis_are_sources_and_small_blemishes_are_kept(tmp_path):
    samples.stis(tmp_path / "a.fits")
    sources = recognise(str(tmp_path / "a.fits"))
    assert [source.remarks for source in sources] == [("order 87",), ("order 88",), ("order 89",)]
    spectrum = read(sources[1])
    assert spectrum.wavelength_angstrom[0] == pytest.approx(2301.0)
    np.testing.assert_array_equal(np.flatnonzero(spectrum.mask), [3])
    assert (sources[1].object_id, sources[1].ra_deg) == ("BD+28D4211", 327.8)


def test_a_table_without_rows_is_refused(tmp_path):
    path = written(
        tmp_path / "a.fits", wave=(np.zeros(0), "Angstrom"), flux=np.zeros(0, np.float32)
    )
    with pytest.raises(FileProblem, match="no rows"):
        recognise(path)


def test_fewer_than_twenty_good_samples_are_refused(tmp_path):
    flux = samples.flux() * np.nan
    flux[:19] = 1
    path = written(tmp_path / "a.fits", wave=(samples.linear_wavelength(), "Angstrom"), flux=flux)
    with pytest.raises(FileProblem, match=r"only 1\d of 240 samples"):
        read(recognise(path)[0])


def test_a_list_of_a_few_lines_is_no_spectrum(tmp_path):
    path = written(tmp_path / "a.fits", **{"lambda": np.arange(4.0), "counts": np.ones(4)})
    with pytest.raises(NotRecognised):
        recognise(path)


def test_a_mask_that_excludes_nearly_all_is_not_followed_and_said(tmp_path):
    mask = np.ones(samples.SIZE, np.int16)
    mask[:9] = 0
    path = written(
        tmp_path / "a.fits",
        wave=(samples.linear_wavelength(), "Angstrom"),
        flux=samples.flux(),
        mask=mask,
    )
    spectrum = read(recognise(path)[0])
    assert spectrum.good.all()
    assert any("may mark the good ones" in note for note in spectrum.notes)
