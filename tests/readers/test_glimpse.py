"""The glimpse: the same pixels as the image reader's, and nothing for what is no plain image."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from astropy.io import fits

from astrogui import readers
from astrogui.readers.glimpse import glimpse


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
