"""Two-dimensional spectra: in the file, beside it, without wavelengths, damaged."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from astrogui.inference.messages import decode, encode
from astrogui.readers import read, recognise
from astrogui.science.air import vacuum_from_air

ROWS, SAMPLES = 12, 300


def table_hdu(fits, name="SPEC1D"):
    wavelength = 5000.0 + 2.0 * np.arange(SAMPLES)
    flux = np.random.default_rng(1).normal(5, 1, SAMPLES)
    columns = [
        fits.Column("WAVE", "D", unit="Angstrom", array=wavelength),
        fits.Column("FLUX", "D", unit="1e-17 erg / (Angstrom cm2 s)", array=flux),
        fits.Column("ERR", "D", unit="1e-17 erg / (Angstrom cm2 s)", array=np.ones(SAMPLES)),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name=name)
    hdu.header["VACUUM"] = True
    return hdu


def image_hdu(fits, name="SPEC2D", columns=SAMPLES, **cards):
    pixels = np.arange(ROWS * columns, dtype=np.float32).reshape(ROWS, columns)
    hdu = fits.ImageHDU(pixels, name=name)
    hdu.header.update({"BUNIT": "count", **cards})
    return hdu


@pytest.fixture
def fits():
    return pytest.importorskip("astropy.io.fits")


def write(fits, path, *hdus):
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    return str(path)


def only(path):
    [source] = recognise(path)
    return read(source)


AIR_AXIS = {"CTYPE1": "AWAV", "CRVAL1": 480.0, "CDELT1": 0.2, "CRPIX1": 1.0, "CUNIT1": "nm",
            "CDELT2": 0.13, "CUNIT2": "arcsec"}  # fmt: skip


def test_an_image_with_its_own_wavelengths_comes_with_the_spectrum(fits, tmp_path):
    path = write(fits, tmp_path / "a.fits", table_hdu(fits), image_hdu(fits, **AIR_AXIS))
    record = only(path)
    assert record.flux.size == SAMPLES
    image = record.image
    assert image.pixels.shape == (ROWS, SAMPLES)
    assert np.array_equal(image.pixels[1, :3], [SAMPLES, SAMPLES + 1, SAMPLES + 2])
    expected = vacuum_from_air(4800.0 + 2.0 * np.arange(SAMPLES))
    assert image.wavelength_angstrom == pytest.approx(expected)
    assert image.arcsec_per_row == pytest.approx(0.13)
    assert image.unit == "count"
    assert image.name == "SPEC2D"


def test_without_keywords_as_many_columns_as_samples_share_their_wavelengths(fits, tmp_path):
    path = write(fits, tmp_path / "a.fits", table_hdu(fits), image_hdu(fits, "SCI"))
    record = only(path)
    assert np.array_equal(record.image.wavelength_angstrom, record.wavelength_angstrom)


def test_an_image_of_unknown_wavelengths_is_left_out_and_said(fits, tmp_path):
    path = write(fits, tmp_path / "a.fits", table_hdu(fits), image_hdu(fits, columns=170))
    record = only(path)
    assert record.image is None
    assert any("wavelengths of its columns are not stated" in note for note in record.notes)


@pytest.mark.parametrize("packed", [False, True])
def test_the_file_beside_holds_the_image(fits, tmp_path, packed):
    path = write(fits, tmp_path / "f-1.1D.fits", table_hdu(fits, "DATA"))
    wave = fits.ImageHDU(1.1 + 0.004 * np.arange(120, dtype=np.float64), name="WAVE")
    wave.header["BUNIT"] = "micron"
    other = write(
        fits, tmp_path / "f-1.2D.fits", image_hdu(fits, "DSCI", 60),
        image_hdu(fits, "SCI", 120), wave,
    )  # fmt: skip
    if packed:
        content = (tmp_path / "f-1.2D.fits").read_bytes()
        (tmp_path / "f-1.2D.fits").unlink()
        (tmp_path / "f-1.2D.fits.gz").write_bytes(gzip.compress(content))
        other += ".gz"
    image = only(path).image
    assert image.name == other.rpartition("/")[2]
    assert image.pixels.shape == (ROWS, 120)
    assert image.wavelength_angstrom[[0, -1]] == pytest.approx([11_000.0, 15_760.0])


def test_a_broken_companion_never_costs_the_spectrum(fits, tmp_path):
    path = write(fits, tmp_path / "g_x1d.fits", table_hdu(fits, "DATA"))
    (tmp_path / "g_s2d.fits").write_bytes(b"SIMPLE  =                    T" + b"\0" * 5000)
    record = only(path)
    assert record.flux.size == SAMPLES
    assert record.image is None
    assert any("two-dimensional spectrum not read" in note for note in record.notes)


def test_a_spectrum_without_a_companion_has_no_image_and_no_note(fits, tmp_path):
    record = only(write(fits, tmp_path / "h.fits", table_hdu(fits, "DATA")))
    assert record.image is None
    assert not any("two-dimensional" in note for note in record.notes)


def test_the_image_travels_between_processes_and_stays_read_only(fits, tmp_path):
    record = only(write(fits, tmp_path / "a.fits", table_hdu(fits), image_hdu(fits, **AIR_AXIS)))
    came = decode(encode(record))
    assert np.array_equal(came.image.pixels, record.image.pixels)
    assert not came.image.pixels.flags.writeable
    assert came.image.name == "SPEC2D"


def test_a_real_grism_spectrum_finds_a_made_companion(fits, tmp_path, real_data):
    source = real_data / "spectra/other/cosmos-01-G141_20062.1D.fits"
    path = tmp_path / source.name
    path.write_bytes(source.read_bytes())
    wave = fits.ImageHDU(np.linspace(10_500.0, 17_000.0, 200), name="WAVE")
    write(fits, tmp_path / "cosmos-01-G141_20062.2D.fits", image_hdu(fits, "SCI", 200), wave)
    record = only(str(path))
    assert record.image.wavelength_angstrom[0] == pytest.approx(10_500.0)
    low, high = record.wavelength_angstrom[[0, -1]]
    assert low < 14_000 < high
