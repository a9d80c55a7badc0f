"""Every real image file is read as its guide says, or refused in words."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from astrogui.errors import FileProblem
from astrogui.readers import read, recognise
from astrogui.readers.grouping import group_sources

pytestmark = pytest.mark.real_data

# The guide says that these open; they hold no picture, which the words must say.
WITHOUT_PICTURE = {
    "random_groups.fits": "random groups",
    "table_only.fits": "a table of 2 rows",
    "sdss_photoObj-001000-1-0100.fits": "a table of 19 rows",
    "example_4d_tab.fits": "a table of 1 rows",
    "compressed_float_bzero.fits": "an array of 3",
}


@pytest.fixture(scope="module")
def images(real_data):
    return real_data / "images"


def index_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / "index.csv", newline="") as file:
        return list(csv.DictReader(file))


def records(path: Path | str) -> dict[str, object]:
    return {source.part: read(source) for source in recognise(str(path))}


def only(path: Path) -> object:
    (record,) = records(path).values()
    return record


def pixels(record) -> np.ndarray:
    return record.section(0, record.shape[0], 0, record.shape[1])


def test_odd_files_are_read_or_refused_as_the_index_says(images):
    wrong = []
    for row in index_of(images / "other"):
        path = images / "other" / row["file"]
        try:
            found = records(path)
        except FileProblem as problem:
            due = WITHOUT_PICTURE.get(row["file"])
            if not (row["expected"].startswith("CORRUPT") or (due and due in str(problem))):
                wrong.append(f"refused: {problem}")
            if path.name not in str(problem) or not problem.cause or not problem.advice:
                wrong.append(f"mute: {problem!r}")
        else:
            if row["expected"].startswith("CORRUPT") or row["file"] in WITHOUT_PICTURE or not found:
                wrong.append(f"read: {row['file']}")
    assert wrong == []


@pytest.mark.parametrize("folder", ["lens", "radio/fits", "realbogus"])
def test_every_fits_image_of_a_folder_is_read(images, folder):
    count = 0
    for path in sorted((images / folder).rglob("*.fits*")):
        for record in records(path).values():
            assert np.isfinite(pixels(record)).any()
            count += 1
    assert count >= 5


@pytest.mark.parametrize("folder", ["lens", "radio"])
def test_pictures_are_read_as_pillow_sees_them(images, folder):
    from PIL import Image as Pillow

    paths = [p for p in sorted((images / folder).rglob("*")) if p.suffix in {".jpg", ".png"}]
    assert len(paths) > 100
    for path in paths[::10]:
        record = only(path)
        with Pillow.open(path) as picture:
            mode = "RGB" if record.is_colour else picture.mode
            due = np.asarray(picture.convert(mode))
        np.testing.assert_array_equal(record.pixels[::-1], due.astype(np.float32))


def fits_files(images: Path) -> list[Path]:
    found = [p for p in (images / "other").glob("*.fits*") if not p.name.startswith("corrupt")]
    found += (images / "lens").rglob("*.fits*")
    found += (images / "radio" / "fits").glob("*.fits")
    return sorted(p for p in found if p.name not in WITHOUT_PICTURE)


@contextmanager
def opened_by_astropy(path: Path) -> Iterator[fits.HDUList]:
    """The file without astropy's warnings of what is odd in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with fits.open(path) as hdus:
            yield hdus


def hdu_of(record) -> int:
    return int(record.provenance.part.split()[1].rstrip(","))


def test_pixels_agree_with_those_of_astropy(images):
    """Independent reference: astropy scales, blanks and unpacks by its own code."""
    compared = 0
    for path in fits_files(images):
        if path.name.startswith("bok_mask"):
            continue  # four images of 66 MB each
        with opened_by_astropy(path) as hdus:
            for part, record in records(path).items():
                due = np.asarray(hdus[hdu_of(record)].data)
                due = due.reshape(-1, *record.shape)
                plane = int(part.rpartition(" plane ")[2]) - 1 if " plane " in part else 0
                with np.errstate(over="ignore"):
                    due_plane = due[plane].astype(np.float32)
                np.testing.assert_allclose(pixels(record), due_plane, rtol=2e-7, err_msg=str(path))
                compared += 1
    assert compared > 150


def test_positions_agree_with_those_of_astropy_from_the_original_header(images):
    compared = 0
    for path in fits_files(images):
        with opened_by_astropy(path) as hdus:
            for record in records(path).values():
                wcs = record.wcs()
                if wcs is None:
                    continue
                header = hdus[hdu_of(record)].header
                due = WCS(header, hdus if "D2IMDIS1" in header or "CPDIS1" in header else None)
                ny, nx = record.shape
                grid = [[x, y] for x in (0, nx / 2, nx - 1) for y in (0, ny / 3, ny - 1)]
                others = [0] * (due.naxis - 2)
                if record.notes and any("look-up table" in note for note in record.notes):
                    continue
                due_sky = due.all_pix2world([[*xy, *others] for xy in grid], 0)[:, :2]
                np.testing.assert_allclose(
                    wcs.all_pix2world(grid, 0), due_sky, atol=3e-8, rtol=0, err_msg=str(path)
                )
                compared += 1
    assert compared > 90


def test_a_projection_that_is_not_applied_gives_no_position(images):
    (source,) = recognise(str(images / "other" / "tnx_iraf.fits"))
    assert (source.ra_deg, source.has_wcs) == (None, False)
    assert any("TNX" in remark for remark in source.remarks)
    assert read(source).wcs() is None


def test_blank_pixels_are_nan_and_units_are_kept(images):
    record = only(images / "other" / "sdss_int16_bscale_blank.fits")
    assert np.isnan(pixels(record)).sum() == 100
    assert (record.unit, record.zero_point_ab) == ("nanomaggy", 22.5)


def test_nan_rows_and_an_infinite_pixel_are_kept(images):
    values = pixels(only(images / "other" / "sdss_cut_nan_inf.fits"))
    assert np.isnan(values).sum() == 30 * 192
    assert np.isinf(values).sum() == 1


def test_a_velocity_cube_offers_its_first_plane_and_others_by_name(images):
    path = images / "other" / "cube_l1448_13co_cut.fits"
    (source,) = recognise(str(path))
    assert "plane 1 of 12 along VOPT" in source.remarks
    (seventh,) = recognise(f"{path}[0 plane 7]")
    due = fits.getdata(path)[6]
    np.testing.assert_array_equal(pixels(read(seventh)), due.astype(np.float32))


def test_a_band_cube_offers_each_plane(images):
    sources = recognise(str(images / "other" / "hst_cosmos_hsc_pair_hsc.fits"))
    assert [source.part for source in sources] == [f"0 plane {n}" for n in range(1, 6)]


def test_a_compressed_mask_is_recognised_without_unpacking_it(images, monkeypatch):
    def refuse(*_):
        raise AssertionError("unpacked at recognition")

    monkeypatch.setattr("astrogui.readers.fits_image.unpacked_tiles", refuse)
    sources = recognise(str(images / "other" / "bok_mask.fits.fz"))
    assert [source.part for source in sources] == ["ccd1", "ccd2", "ccd3", "ccd4"]
    assert all(source.supporting for source in sources)


def test_the_position_of_a_picture_with_avm_is_that_of_its_source(images):
    record = only(images / "other" / "sdss_irg_avm_wcs.jpg")
    ra_deg, dec_deg = record.wcs().all_pix2world([[124, 144]], 0)[0]  # the reference pixel
    assert (ra_deg, dec_deg) == pytest.approx((336.664257327, -0.931558661381), abs=1e-9)
    assert record.pixel_scale_arcsec == pytest.approx(0.396, abs=0.001)


def test_bands_and_zero_points_of_a_euclid_cutout(images):
    path = images / "lens" / "euclid_q1_EUCLJ174517.55+655612.5.fits"
    sources = recognise(str(path))
    pictures = [source for source in sources if not source.supporting]
    assert sources[: len(pictures)] == tuple(pictures)
    assert {s.band for s in pictures} == {"u", "g", "r", "z", "VIS", "NIR_Y", "NIR_J", "NIR_H"}
    zero_points = {s.band: read(s).zero_point_ab for s in pictures}
    assert zero_points["VIS"] == pytest.approx(24.6)
    assert zero_points["NIR_Y"] == pytest.approx(29.8)


def test_five_bands_of_a_field_are_read_and_are_one_group_whatever_their_order(images):
    folder = images / "frames" / "sdss_000094-1-0012"
    sources = [s for path in sorted(folder.glob("frame-*")) for s in recognise(str(path))]
    (group,) = group_sources(sources[::-1])
    assert [source.band for source in group] == ["u", "g", "r", "i", "z"]
    record = read(group[2])
    assert (record.shape, record.unit, record.zero_point_ab) == ((1489, 2048), "nanomaggy", 22.5)
    assert np.std(pixels(record)[:100, :100]) == pytest.approx(0.03, abs=0.03)


def test_catalogues_beside_a_frame_are_refused(images):
    paths = sorted((images / "frames").rglob("p*.fit*"))
    assert paths
    for path in paths:
        with pytest.raises(FileProblem, match=path.name):
            records(path)
