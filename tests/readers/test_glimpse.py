"""The glimpse: the image reader's pixels, or the extremes of strain; nothing for other files."""

from __future__ import annotations

import gzip

import h5py
import numpy as np
import pytest
from astropy.io import fits
from samples import gwosc_hdf5, gwpy_hdf5, pycbc_hdf

from astrogui import readers
from astrogui.inference.messages import decode, encode
from astrogui.readers.glimpse import glimpse
from astrogui.readers.gwosc_hdf5 import OUTLINE_STRETCHES


def written(path, pixels, **keywords):
    header = fits.Header(list(keywords.items()))
    fits.PrimaryHDU(pixels, header=header).writeto(path)
    return str(path)


@pytest.mark.parametrize(
    ("dtype", "keywords"),
    [
        (">f4", {}),
        (">f8", {"BUNIT": "adu"}),
        (">i2", {"BSCALE": 0.5, "BZERO": 100.0}),
        (">i4", {"BLANK": -7}),
    ],
)
def test_a_glimpse_shows_the_pixels_that_the_reader_shows(tmp_path, dtype, keywords):
    pixels = np.arange(300 * 400).reshape(300, 400).astype(dtype)
    path = tmp_path / "image.fits"
    hdu = fits.PrimaryHDU(pixels)
    hdu.header.update(keywords)
    hdu.header["CTYPE1"], hdu.header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    fits.HDUList([hdu]).writeto(path)
    seen = glimpse(str(path))
    (source,) = readers.recognise(str(path))
    assert seen is not None
    assert seen.plane == readers.read(source).plane


def test_other_files_give_no_glimpse(tmp_path):
    big = np.zeros((300, 400), np.float32)
    spectrum = written(tmp_path / "a.fits", np.zeros((300, 4000), np.float32), CTYPE1="WAVE")
    cube = written(tmp_path / "b.fits", np.zeros((3, 300, 400), np.float32))
    rows = written(tmp_path / "c.fits", np.zeros((5, 4000), np.float32))
    text = tmp_path / "d.txt"
    text.write_text("1 2\n")
    packed = tmp_path / "e.fits.gz"
    written(tmp_path / "e.fits", big)
    packed.write_bytes(gzip.compress((tmp_path / "e.fits").read_bytes()))
    missing = tmp_path / "missing.fits"
    for path in (spectrum, cube, rows, text, packed, missing, tmp_path):
        assert glimpse(str(path)) is None, path


def test_a_file_cut_short_gives_no_glimpse(tmp_path):
    path = written(tmp_path / "a.fits", np.zeros((300, 400), np.float32))
    with open(path, "r+b") as file:
        file.truncate(50_000)
    assert glimpse(path) is None


# Strain -------------------------------------------------------------------------------------------

RATE_HZ, SECONDS = 1024, 20.5


def write_strain(path, samples, **storage):
    with h5py.File(path, "w") as file:
        strain = file.create_dataset("strain/Strain", data=samples, **storage)
        strain.attrs.update({"Xstart": 1.2e9, "Xspacing": 1 / RATE_HZ, "Npoints": samples.size})
        file["meta/Detector"], file["meta/GPSstart"] = "L1", 1.2e9
    return str(path)


@pytest.mark.parametrize("storage", [{}, {"chunks": (1000,), "compression": "gzip"}])
def test_an_outline_has_every_extreme_of_the_series_and_its_gaps(tmp_path, storage):
    samples = np.random.default_rng(3).normal(0.0, 1e-21, round(RATE_HZ * SECONDS))
    samples[7777], samples[20_003] = 5e-20, -7e-20
    samples[4000:6000] = np.nan
    outline = glimpse(write_strain(tmp_path / "a.hdf5", samples, **storage))
    step = round(outline.stretch_s * RATE_HZ)
    assert OUTLINE_STRETCHES <= outline.lowest.size <= 2 * OUTLINE_STRETCHES
    stretches = [samples[first : first + step] for first in range(0, samples.size, step)]
    known = [part[np.isfinite(part)] for part in stretches]
    assert list(outline.highest) == pytest.approx(
        [part.max(initial=-1) if part.size else np.nan for part in known], nan_ok=True
    )
    assert list(outline.lowest) == pytest.approx(
        [part.min(initial=1) if part.size else np.nan for part in known], nan_ok=True
    )
    assert (outline.highest.max(where=~np.isnan(outline.highest), initial=0)) == 5e-20
    assert (outline.detector, outline.gps_start) == ("L1", 1.2e9)
    coarse = outline.as_strain()
    assert coarse.duration_s == pytest.approx(SECONDS, abs=outline.stretch_s)
    assert list(coarse.samples[:4]) == [
        outline.lowest[0], outline.highest[0], outline.lowest[1], outline.highest[1]
    ]  # fmt: skip


def test_an_outline_travels_and_has_the_quality_of_the_record(tmp_path):
    path = tmp_path / "strain.hdf5"
    gwosc_hdf5(path)
    outline = decode(encode(glimpse(str(path))))
    (source,) = readers.recognise(str(path))
    record = readers.read(source)
    assert outline.sample_rate_hz == record.sample_rate_hz
    assert np.array_equal(outline.quality, record.quality)
    assert outline.quality_names == record.quality_names
    assert np.nanmax(outline.highest) == np.nanmax(record.samples)


def test_other_hdf5_gives_no_outline(tmp_path):
    gwpy_hdf5(tmp_path / "series.hdf5")
    pycbc_hdf(tmp_path / "bare.hdf5")
    write_strain(tmp_path / "whitened.hdf5", np.random.default_rng(1).normal(size=9000))
    gwosc_hdf5(tmp_path / "cut.hdf5")
    with open(tmp_path / "cut.hdf5", "r+b") as file:
        file.truncate(9000)
    for path in tmp_path.iterdir():
        assert glimpse(str(path)) is None, path
