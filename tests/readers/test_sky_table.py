"""Tables of sources in every format, written by astropy and by hand, and refused in words."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from astrogui.errors import FileProblem
from astrogui.readers.sky_table import read_sky_table


def table() -> Table:
    made = Table()
    made["RA"] = np.array([10.5, 359.99, 20.25])
    made["Dec"] = np.array([-5.0, 0.001, np.nan])
    made["n"] = MaskedColumn([1, 2, 3], mask=[False, True, False])
    made["star"] = np.array([True, False, True])
    made["name"] = ["alpha", "β", "gamma long"]
    made["RA"].unit = made["Dec"].unit = "deg"
    made["RA"].description = "where it is"
    return made


@pytest.fixture(params=["fits", "vot", "ecsv", "csv", "tsv"])
def written(request, tmp_path):
    path = tmp_path / f"table.{request.param}"
    made = table()
    if request.param == "fits":
        made["name"] = ["alpha", "beta", "gamma long"]
        made.write(path)
    elif request.param == "vot":
        made.write(path, format="votable")
    elif request.param == "ecsv":
        made.write(path, format="ascii.ecsv")
    elif request.param == "csv":
        made.write(path, format="ascii.csv")
    else:
        made.write(path, format="ascii.tab")
    return path


def test_every_format_gives_the_same_columns(written):
    found = read_sky_table(str(written))
    assert [column.name for column in found.columns] == ["RA", "Dec", "n", "star", "name"]
    assert found.values["RA"] == pytest.approx([10.5, 359.99, 20.25])
    assert np.isnan(found.values["Dec"][2])
    assert found.values["n"].tolist()[::2] == [1, 3]
    assert found.nulls["n"].tolist() == [False, True, False]
    assert str(found.values["name"][2]) == "gamma long"
    if written.suffix in {".fits", ".vot", ".ecsv"}:
        assert found.column("RA").unit == "deg"
    if written.suffix in {".ecsv", ".vot"}:
        assert found.column("RA").description == "where it is"


def test_ucds_are_kept(tmp_path):
    from astropy.io import fits

    made = fits.BinTableHDU.from_columns([fits.Column("x", "D", array=[1.0, 2.0])])
    made.header["TUCD1"] = "pos.eq.ra;meta.main"
    path = tmp_path / "u.fits"
    fits.HDUList([fits.PrimaryHDU(), made]).writeto(path)
    assert read_sky_table(str(path)).column("x").ucd == "pos.eq.ra;meta.main"
    (tmp_path / "u.vot").write_text(
        '<?xml version="1.0"?><VOTABLE version="1.3"><RESOURCE><TABLE>'
        '<FIELD name="a" ID="c1" datatype="double" ucd="pos.eq.ra"/><DATA><TABLEDATA>'
        "<TR><TD>12.5</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    )
    found = read_sky_table(str(tmp_path / "u.vot"))
    assert (found.column("a").ucd, found.values["a"].tolist()) == ("pos.eq.ra", [12.5])


def test_vectors_are_left_out_and_an_extension_can_be_named(tmp_path):
    path = tmp_path / "two.fits"
    from astropy.io import fits

    first = Table({"flux": np.ones((4, 3)), "ra": np.arange(4.0)})
    hdus = [fits.PrimaryHDU(), fits.table_to_hdu(first), fits.table_to_hdu(Table({"b": [1, 2]}))]
    hdus[2].header["EXTNAME"] = "SECOND"
    fits.HDUList(hdus).writeto(path)
    assert [c.name for c in read_sky_table(str(path)).columns] == ["ra"]
    assert [c.name for c in read_sky_table(f"{path}[SECOND]").columns] == ["b"]
    with pytest.raises(FileProblem, match="no table named 7"):
        read_sky_table(f"{path}[7]")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("# a note\nra;dec\n1;2\n", [1.0]),
        ("#ra,dec\n1,2\n3,4\n", [1.0, 3.0]),
        ("# made by hand\n# ra,dec\n1,2\n", [1.0]),
        ('ra,dec,"a, b"\n1.5,2,x\n', [1.5]),
        ("ra|dec\n1e3|--\n", [1000.0]),
    ],
)
def test_text_as_people_write_it(tmp_path, text, first):
    path = tmp_path / "t.csv"
    path.write_text(text)
    found = read_sky_table(str(path))
    assert found.columns[0].name == "ra"
    assert found.values["ra"].tolist() == first


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("cut.csv", b"ra,dec\n1,2\n3\n", "Expected 2 columns, got 1"),
        ("twice.csv", b"ra,ra\n1,2\n", 'two columns are called "ra"'),
        ("prose.txt", b"just some words\n", "not separated"),
        ("none.csv", b"ra,dec\n", "no rows"),
        ("a.bin", bytes(range(256)) * 8, "no table of a known kind"),
        ("empty.csv", b"", "empty"),
        ("bad.vot", b'<?xml version="1.0"?><VOTABLE><RESOURCE>', "broken"),
        ("bad.ecsv", b"# %ECSV 1.0\n# ---\n# datatype: [\nx\n1\n", "broken"),
        ("latin.csv", b"# %ECSV 1.0\n\xff\xfe\n", "UTF-8"),
    ],
)
def test_what_is_no_table_is_refused_in_words(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileProblem) as caught:
        read_sky_table(str(path))
    assert words in str(caught.value)
    assert name in str(caught.value)


def test_a_fits_table_cut_short_is_refused(tmp_path):
    whole = tmp_path / "whole.fits"
    Table({"ra": np.arange(10_000.0)}).write(whole)
    cut = tmp_path / "cut.fits"
    cut.write_bytes(whole.read_bytes()[:30_000])
    with pytest.raises(FileProblem, match="cut"):
        read_sky_table(str(cut))


def test_an_image_is_no_table(tmp_path):
    from astropy.io import fits

    path = tmp_path / "image.fits"
    fits.PrimaryHDU(np.zeros((4, 4), np.float32)).writeto(path)
    with pytest.raises(FileProblem, match="holds no table"):
        read_sky_table(str(path))


def test_a_real_catalogue_is_read(real_data):
    path = real_data / "images" / "frames" / "sdss_000094-1-0012" / "photoObj-000094-1-0012.fits.gz"
    found = read_sky_table(str(path))
    assert {"RA", "DEC"} <= set(found.values)
    assert len(found) > 100
