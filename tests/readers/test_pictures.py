"""Pictures: rows counted from the bottom, transparency as missing, sky only where it is told."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import PngImagePlugin
from samples import picture

from astrogui.errors import Damaged, FileProblem, TooLarge, Unsuitable
from astrogui.readers import read, recognise

AVM = """<x:xmpmeta><rdf:RDF><rdf:Description>
<avm:Spatial.CoordinateFrame>ICRS</avm:Spatial.CoordinateFrame>
<avm:Spatial.ReferenceValue><rdf:Seq><rdf:li>150.0</rdf:li><rdf:li>2.0</rdf:li></rdf:Seq>
</avm:Spatial.ReferenceValue>
<avm:Spatial.ReferenceDimension><rdf:Seq><rdf:li>80</rdf:li><rdf:li>60</rdf:li></rdf:Seq>
</avm:Spatial.ReferenceDimension>
<avm:Spatial.ReferencePixel><rdf:Seq><rdf:li>40.5</rdf:li><rdf:li>30.5</rdf:li></rdf:Seq>
</avm:Spatial.ReferencePixel>
<avm:Spatial.CoordsystemProjection>TAN</avm:Spatial.CoordsystemProjection>
<avm:Spatial.Scale><rdf:Seq><rdf:li>-0.0001</rdf:li><rdf:li>0.0001</rdf:li></rdf:Seq>
</avm:Spatial.Scale>
<avm:Spatial.Rotation>0</avm:Spatial.Rotation>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def only(path):
    (source,) = recognise(str(path))
    return read(source)


def test_the_first_row_of_the_record_is_the_bottom_one(tmp_path):
    path = tmp_path / "rows.png"
    rows = np.repeat(np.arange(5, dtype=np.uint8)[:, None], 4, axis=1)
    Pillow.fromarray(rows).save(path)
    np.testing.assert_array_equal(only(path).pixels, rows[::-1].astype(np.float32))


def test_sixteen_bits_are_kept(tmp_path):
    path = tmp_path / "deep.png"
    values = np.arange(0, 60000, 3000, dtype=np.uint16).reshape(4, 5)
    Pillow.fromarray(values).save(path)
    np.testing.assert_array_equal(only(path).pixels[::-1], values)


def test_transparent_pixels_are_missing(tmp_path):
    path = tmp_path / "clear.png"
    picture("PNG", "RGBA")(path)
    record = only(path)
    with Pillow.open(path) as image:
        clear = np.asarray(image)[::-1, :, 3] == 0
    assert record.is_colour
    assert clear.any()
    np.testing.assert_array_equal(np.isnan(record.pixels[..., 0]), clear)


def test_a_palette_becomes_colours(tmp_path):
    path = tmp_path / "palette.png"
    colours = np.zeros((8, 8, 3), np.uint8)
    colours[:4, :, 0] = 200
    Pillow.fromarray(colours).convert("P", palette=Pillow.Palette.ADAPTIVE).save(path)
    np.testing.assert_array_equal(only(path).pixels[-1, 0], [200, 0, 0])


def test_a_picture_says_that_it_allows_no_photometry(tmp_path):
    path = tmp_path / "plain.jpg"
    picture("JPEG", "RGB")(path)
    (source,) = recognise(str(path))
    assert (source.has_wcs, source.is_colour, source.band) == (False, True, "")
    assert any("no photometry" in note for note in read(source).notes)


def test_avm_of_a_smaller_copy_is_scaled(tmp_path):
    path = tmp_path / "avm.png"
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt("XML:com.adobe.xmp", AVM)
    Pillow.fromarray(np.full((30, 40), 9, np.uint8)).save(path, pnginfo=notes)
    record = only(path)
    assert record.pixel_scale_arcsec == pytest.approx(0.72, rel=1e-6)
    centre = record.wcs().all_pix2world([[19.5, 14.5]], 0)[0]
    assert tuple(centre) == pytest.approx((150.0, 2.0), abs=1e-9)


def test_avm_that_is_no_number_is_left_out(tmp_path):
    path = tmp_path / "avm.png"
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt("XML:com.adobe.xmp", AVM.replace("150.0", "somewhere"))
    Pillow.fromarray(np.full((30, 40), 9, np.uint8)).save(path, pnginfo=notes)
    assert only(path).wcs() is None


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("left", [0.1, 0.5, 0.95])
def test_a_cut_picture_is_refused(tmp_path, kind, left):
    path = tmp_path / "cut"
    picture(kind, "RGB")(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * left)])
    with pytest.raises(Damaged, match="cut"):
        only(path)


def test_a_picture_without_a_visible_pixel_is_refused(tmp_path):
    path = tmp_path / "clear.png"
    Pillow.new("RGBA", (5, 5), (1, 2, 3, 0)).save(path)
    with pytest.raises(Unsuitable, match="no pixel is visible"):
        only(path)


def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    path = tmp_path / "huge.png"
    picture("PNG", "L")(path)
    monkeypatch.setattr("astrogui.readers.picture.MAX_PIXELS", 100)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda _: pytest.fail("decoded"))
    with pytest.raises(TooLarge, match="40 x 30 pixels"):
        only(path)


def test_a_picture_whose_head_promises_billions_of_pixels_is_refused(tmp_path):
    path = tmp_path / "bomb.png"
    picture("PNG", "L")(path)
    content = bytearray(path.read_bytes())
    content[16:24] = (2**30).to_bytes(4, "big") * 2
    path.write_bytes(bytes(content))
    with pytest.raises(FileProblem, match="bomb"):
        only(path)
