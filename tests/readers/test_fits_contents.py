"""What a FITS file holds, and its headers as they are written, against astropy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from astrogui.errors import MissingMetadata
from astrogui.readers.fits_contents import header_text, parts


@pytest.fixture
def several(tmp_path):
    path = tmp_path / "several.fits"
    science = fits.ImageHDU(np.zeros((40, 50), np.float32), name="SCI")
    science.header["OBSERVER"] = ("O'Neill", "who was there")
    science.header["LONGTEXT"] = "word " * 30
    science.header.add_comment("a remark")
    cube = fits.ImageHDU(np.zeros((20, 30, 35), np.int16), name="CUBE")
    table = fits.BinTableHDU.from_columns([fits.Column("A", "J", array=[1, 2])])
    fits.HDUList([fits.PrimaryHDU(), science, cube, table]).writeto(path)
    return str(path)


def test_every_hdu_is_named_and_pictures_can_be_asked_for(several):
    found = parts(several)
    assert [part.title for part in found] == ["HDU 0", "HDU 1 (SCI)", "HDU 2 (CUBE)", "HDU 3"]
    assert [part.part for part in found] == ["", "SCI", "CUBE", ""]
    assert [part.planes for part in found] == [1, 1, 20, 1]
    assert found[1].words == "an array of 50 x 40"
    assert found[3].words == "a table of 2 rows"


def test_a_header_is_shown_card_by_card(several):
    with fits.open(several) as hdus:
        for index, hdu in enumerate(hdus):
            expected = hdu.header.tostring(sep="\n", padding=False, endcard=True).split("\n")
            assert header_text(several, index).split("\n") == [line.rstrip() for line in expected]


def test_control_characters_of_a_header_do_not_reach_the_screen(several):
    path = Path(several)
    path.write_bytes(path.read_bytes().replace(b"a remark", b"a\x07rem\xe9rk", 1))
    assert "a rem?rk" in header_text(several, 1)


def test_a_header_that_is_not_there_is_refused(several, tmp_path):
    with pytest.raises(MissingMetadata, match="HDU 4"):
        header_text(several, 4)
    text = tmp_path / "notes.txt"
    text.write_text("no FITS\n")
    assert parts(str(text)) == ()
    with pytest.raises(MissingMetadata):
        header_text(str(text), 0)
