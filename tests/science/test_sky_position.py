"""Positions and angles on the sky against astropy's coordinates."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.sky_position import SkyGrid


def wcs(shift=(0.0, 0.0), turn_deg=0.0, scale_deg=1e-4):
    from astropy.wcs import WCS

    made = WCS(naxis=2)
    made.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    made.wcs.crval = [359.999, 40.0]
    made.wcs.crpix = [500.5 + shift[0], 400.5 + shift[1]]
    cosine, sine = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    # As in SDSS frames: x runs along Dec, y along RA, before the turn.
    made.wcs.cd = scale_deg * np.array([[0.0, 1.0], [1.0, 0.0]]) @ [[cosine, -sine], [sine, cosine]]
    return made


def test_angles_run_from_north_through_east():
    from astropy.coordinates import SkyCoord

    grid = SkyGrid(wcs(turn_deg=25.0))
    x, y, theta = np.array([100.0, 900.0]), np.array([700.0, 20.0]), np.array([0.3, -1.2])
    a, b, angle = grid.ellipse(x, y, np.full(2, 5.0), np.full(2, 2.0), theta)
    here = SkyCoord(*grid.sky(x, y), unit="deg")
    there = SkyCoord(*grid.sky(x + 5 * np.cos(theta), y + 5 * np.sin(theta)), unit="deg")
    assert a == pytest.approx(here.separation(there).arcsec, rel=1e-3)
    assert b == pytest.approx(2.0 * 0.36, rel=1e-3)
    expected = here.position_angle(there).deg % 180
    assert angle == pytest.approx(expected, abs=0.01)


def test_an_ellipse_along_x_of_an_sdss_frame_points_north():
    angle = SkyGrid(wcs()).ellipse(*(np.array([v]) for v in (500.0, 400.0, 3.0, 1.0, 0.0)))[2]
    assert angle[0] == pytest.approx(0.0, abs=0.01)


def test_a_place_is_carried_from_band_to_band_through_the_sky():
    first, second = SkyGrid(wcs()), SkyGrid(wcs(shift=(4.0, 7.2)))
    x, y = first.to_grid(second)(np.array([10.0, 650.5]), np.array([20.0, 300.25]))
    assert x == pytest.approx([14.0, 654.5], abs=1e-3)
    assert y == pytest.approx([27.2, 307.45], abs=1e-3)


def test_without_a_wcs_there_is_no_sky_but_the_scale_still_gives_sizes():
    grid = SkyGrid(None, 0.4)
    ra, _ = grid.sky(np.array([1.0]), np.array([2.0]))
    assert np.isnan(ra).all()
    a, _, angle = grid.ellipse(*(np.array([v]) for v in (1.0, 2.0, 3.0, 1.0, 0.5)))
    assert a[0] == pytest.approx(1.2)
    assert np.isnan(angle[0])
    assert grid.to_grid(SkyGrid(wcs()))(np.array([3.0]), np.array([4.0])) == (3.0, 4.0)
