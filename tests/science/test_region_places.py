"""Regions on the pixels of images: against astropy, against DS9 itself, and what they add up to."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from astrogui.science.region_file import read_regions, written_regions
from astrogui.science.region_places import (
    ImageGrid,
    Physical,
    Unplaced,
    converted,
    physical_of,
    placed,
    region_of,
)
from astrogui.science.region_statistics import statistics_of
from astrogui.science.regions import PixelShape, Region

TURN = np.radians(30.0)
PARITIES = {
    "north up, east left": [[-1, 0], [0, 1]],
    "north up, east right": [[1, 0], [0, 1]],
    "turned": [[-np.cos(TURN), np.sin(TURN)], [np.sin(TURN), np.cos(TURN)]],
    "x to the north": [[0, 1], [1, 0]],
    "turned and flipped": [[np.cos(TURN), np.sin(TURN)], [-np.sin(TURN), np.cos(TURN)]],
}
ON_SKY = """icrs
ellipse(202.475,47.202,10",4",20)
box(202.468,47.198,12",5",20)
galactic
ellipse(104.8527,68.5633,10",4",20)
fk5
-circle(13:29:54,+47:12:10,5")
polygon(202.475,47.202,202.470,47.201,202.472,47.204)
line(202.475,47.202,202.470,47.201)
point(202.475,47.202)
annulus(202.470,47.2,3",6")
"""


class Sky:
    """The plane of a WCS, as the views have it."""

    def __init__(self, wcs):
        self.wcs = wcs

    def position(self, x, y):
        lon, lat = self.wcs.all_pix2world(x, y, 0)
        return float(lon), float(lat)

    def pixels(self, longitudes, latitudes):
        return np.asarray(self.wcs.all_world2pix(np.column_stack([longitudes, latitudes]), 0))


def wcs_of(matrix, centre=(202.47, 47.2)):
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], centre
    wcs.wcs.crpix, wcs.wcs.cd = [150.5, 120.5], np.array(matrix) * 1e-4
    wcs.wcs.radesys = "ICRS"
    return wcs


def grid_of(matrix, **more):
    return ImageGrid(Sky(wcs_of(matrix, **more)), "icrs", Physical(), 0.36)


@pytest.mark.parametrize("matrix", PARITIES.values(), ids=PARITIES)
def test_sizes_and_angles_follow_the_sky(matrix):
    """The end of an ellipse's long axis lies where astropy puts it."""
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    for frame in ("icrs", "galactic"):
        wcs = wcs_of(matrix)
        middle = SkyCoord(202.475, 47.202, unit="deg").transform_to(frame)
        place = (middle.spherical.lon.deg, middle.spherical.lat.deg)
        region = Region(
            shape="ellipse", frame=frame, points=(place,), sizes=(10.0, 4.0),
            size_unit="arcsec", angle_deg=20.0,
        )  # fmt: skip
        shape = placed(region, grid_of(matrix))
        # Twenty degrees from west to north are a position angle of -70 degrees.
        end = middle.directional_offset_by(-70 * u.deg, 10 * u.arcsec)
        expected = [float(value) for value in wcs.world_to_pixel(end)]
        direction = np.array([np.cos(shape.angle_rad), np.sin(shape.angle_rad)])
        tip = shape.points[0] + shape.sizes[0] * direction
        assert tip == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("frame", ["image", "physical", "icrs", "fk5", "galactic", "ecliptic"])
@pytest.mark.parametrize("matrix", PARITIES.values(), ids=PARITIES)
def test_a_shape_comes_back_through_every_frame(matrix, frame):
    grid = replace(grid_of(matrix), physical=Physical((10.0, -3.0), (0.5, 0.5)))
    for region in read_regions(ON_SKY).regions:
        shape = placed(region, grid)
        there = region_of(shape, grid, frame, region)
        assert (there.frame, there.include) == (frame, region.include)
        again = placed(there, grid)
        assert again.points == pytest.approx(shape.points, abs=1e-4)
        assert again.sizes == pytest.approx(shape.sizes, rel=1e-6)
        assert np.cos(again.angle_rad - shape.angle_rad) == pytest.approx(1.0, abs=1e-9)


def test_positions_count_from_one_and_follow_the_physical_scale():
    header = (("LTV1", "10", ""), ("LTV2", "-3.0", ""), ("LTM1_1", "0.5", ""), ("LTM2_2", ".5", ""))
    grid = ImageGrid(physical=physical_of(header))
    image = Region(shape="circle", points=((5.0, 7.0),), sizes=(4.0,))
    assert placed(image, grid).points.tolist() == [[4.0, 6.0]]
    shape = placed(replace(image, frame="physical", size_unit="physical"), grid)
    assert shape.points.tolist() == [[5.0 * 0.5 + 10 - 1, 7.0 * 0.5 - 3 - 1]]
    assert shape.sizes == (2.0,)
    assert physical_of((("LTM1_1", "0", ""), ("LTV1", "x", ""))) == Physical()


def test_near_the_pole_sizes_stay_right():
    grid = grid_of(PARITIES["turned"], centre=(10.0, 89.9999))
    region = Region(
        shape="circle", frame="icrs", points=((200.0, 89.9998),), sizes=(3.6,), size_unit="arcsec"
    )
    assert placed(region, grid).sizes[0] == pytest.approx(10.0, rel=1e-3)


def test_a_region_without_a_place_says_why():
    region = read_regions('icrs;circle(22.0,-40.0,3")').regions[0]
    with pytest.raises(Unplaced, match="no sky coordinates"):
        placed(region, ImageGrid())
    with pytest.raises(Unplaced, match="not turned"):
        placed(region, replace(grid_of(PARITIES["turned"]), sky_frame="fk4"))
    with pytest.raises(Unplaced, match="outside the projection"):
        placed(region, grid_of(PARITIES["turned"]))
    in_pixels = replace(region, frame="image", text="")
    assert placed(in_pixels, ImageGrid(pixel_scale_arcsec=0.5)).sizes == (6.0,)
    with pytest.raises(Unplaced, match="no pixel scale"):
        placed(in_pixels, ImageGrid())


@pytest.mark.skipif(not (shutil.which("ds9") and shutil.which("xvfb-run")), reason="no DS9 here")
def test_ds9_reads_our_regions_and_we_read_its(tmp_path):
    """DS9 turns our sky regions into pixels, and pixels into sky, where we put them."""
    from astropy.io import fits

    image = tmp_path / "image.fits"
    matrix = PARITIES["turned and flipped"]
    header = wcs_of(matrix).to_header(relax=True)
    fits.PrimaryHDU(np.zeros((240, 300), np.float32), header).writeto(image)
    grid = grid_of(matrix)
    ours = [replace(r, text="").with_property("text", f"n {i}") for i, r in
            enumerate(read_regions(ON_SKY).regions)]  # fmt: skip
    (tmp_path / "ours.reg").write_text(written_regions(ours))
    command = ["xvfb-run", "-a", "ds9", str(image), "-regions", "load", str(tmp_path / "ours.reg")]
    for system in ("image", "galactic"):
        command += ["-regions", "system", "image" if system == "image" else "wcs"]
        command += ["-regions", "sky", "galactic", "-regions", "save", str(tmp_path / system)]
    environment = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run([*command, "-exit"], check=True, timeout=60, env=environment)
    for system in ("image", "galactic"):
        file = read_regions((tmp_path / system).read_text())
        assert not file.refused
        assert len(file.regions) == len(ours)
        for region, theirs in zip(ours, file.regions, strict=True):
            expected = converted(region, grid, system)
            assert (theirs.shape, theirs.frame, theirs.include, theirs.label) == (
                expected.shape, system, expected.include, expected.label,
            )  # fmt: skip
            there, here = placed(theirs, grid), placed(expected, grid)
            assert there.points == pytest.approx(here.points, abs=0.02)
            assert there.sizes == pytest.approx(here.sizes, abs=0.01)
            assert np.cos(2 * (there.angle_rad - here.angle_rad)) == pytest.approx(1, abs=1e-5)


# What lies inside ----------------------------------------------------------------------------

SHAPES = [
    PixelShape(shape="circle", points=np.array([[40.2, 31.7]]), sizes=(12.3,)),
    PixelShape(shape="ellipse", points=np.array([[40.2, 31.7]]), sizes=(20.0, 6.0), angle_rad=0.7),
    PixelShape(shape="box", points=np.array([[40.2, 31.7]]), sizes=(30.0, 9.0), angle_rad=-0.4),
    PixelShape(shape="annulus", points=np.array([[40.2, 31.7]]), sizes=(5.0, 9.0)),
    PixelShape(shape="polygon", points=np.array([[10.0, 10], [50, 12], [45, 40], [30, 20]])),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.shape)
def test_the_area_is_that_of_the_places_inside(shape):
    y, x = np.mgrid[0:70:0.05, 0:90:0.05]
    inside = shape.contains(x, y)
    assert inside.sum() * 0.05**2 == pytest.approx(shape.area(), rel=5e-3)
    x0, y0, x1, y1 = shape.bounds()
    assert (x0, x1) == pytest.approx((x[inside].min(), x[inside].max()), abs=0.11)
    assert (y0, y1) == pytest.approx((y[inside].min(), y[inside].max()), abs=0.11)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.shape)
def test_statistics_are_those_of_the_pixels_inside(shape, monkeypatch):
    from astrogui.science import region_statistics

    monkeypatch.setattr(region_statistics, "STRIP_PIXELS", 300)  # several strips
    pixels = np.random.default_rng(1).normal(1e4, 3.0, (64, 80)).astype(np.float32)
    pixels[30, 38:44] = np.nan
    hole = PixelShape(shape="circle", points=np.array([[44.0, 30.0]]), sizes=(4.0,))
    y, x = np.mgrid[0:64, 0:80]
    inside = shape.contains(x, y) & ~hole.contains(x, y)
    values = pixels[inside & np.isfinite(pixels)].astype(np.float64)
    got = statistics_of(lambda a, b, c, d: pixels[a:b, c:d], pixels.shape, shape, (hole,))
    assert (got.pixels, got.no_data) == (values.size, int(inside.sum()) - values.size)
    assert got.total == pytest.approx(values.sum(), rel=1e-12)
    assert got.deviation == pytest.approx(values.std(ddof=1), rel=1e-9)
    assert (got.mean, got.median, got.least, got.largest) == pytest.approx(
        (values.mean(), np.median(values), values.min(), values.max())
    )


def test_the_median_of_a_huge_region_comes_from_some_rows(monkeypatch):
    from astrogui.science import region_statistics

    monkeypatch.setattr(region_statistics, "KEPT_PIXELS", 1000)
    pixels = np.tile(np.arange(100.0, dtype=np.float32), (80, 1))
    shape = PixelShape(shape="box", points=np.array([[49.5, 39.5]]), sizes=(200.0, 200.0))
    got = statistics_of(lambda a, b, c, d: pixels[a:b, c:d], pixels.shape, shape)
    assert (got.pixels, got.median, got.rows_skipped) == (8000, 49.5, 8)


def test_lines_and_points_stand_for_the_pixels_under_them():
    pixels = np.arange(100.0, dtype=np.float32).reshape(10, 10)

    def of(shape, *points):
        made = PixelShape(shape=shape, points=np.array(points, dtype=float))
        return statistics_of(lambda a, b, c, d: pixels[a:b, c:d], (10, 10), made)

    assert (of("point", (3.2, 4.4)).pixels, of("point", (3.2, 4.4)).total) == (1, 43.0)
    assert (of("line", (0, 2), (9, 2)).pixels, of("line", (0, 2), (9, 2)).mean) == (10, 24.5)
    assert of("point", (-5, 4)).pixels == 0
    assert np.isnan(of("point", (-5, 4)).mean)
