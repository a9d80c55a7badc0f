"""Projections against astropy's wcslib, to a billionth of a degree."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io.fits import Header
from astropy.wcs import WCS

from astrogui.science.projection import projection_of

CD = {"CD1_1": -1.1e-4, "CD1_2": 3e-5, "CD2_1": 2e-5, "CD2_2": 1.2e-4}


def header(code="TAN", names=("RA", "DEC"), crval=(336.6, -0.9), scale=CD, **more):
    ctypes = (f"{names[0]:-<5}{code:->3}"[:8], f"{names[1]:-<5}{code:->3}"[:8])
    return {
        "WCSAXES": 2, "CTYPE1": ctypes[0], "CTYPE2": ctypes[1],
        "CUNIT1": "deg", "CUNIT2": "deg", "CRVAL1": crval[0], "CRVAL2": crval[1],
        "CRPIX1": 512.5, "CRPIX2": -40.25, **scale, **more,
    }  # fmt: skip


SIP = {
    "A_ORDER": 3, "B_ORDER": 2, "A_2_0": 2e-6, "A_1_1": -1e-6, "A_0_3": 1e-9, "B_0_2": -2e-6,
}  # fmt: skip
CASES = {
    "TAN": header(),
    "SIN": header("SIN"),
    "STG": header("STG"),
    "ARC": header("ARC"),
    "ZEA": header("ZEA"),
    "galactic": header(names=("GLON", "GLAT"), crval=(10.0, 80.0)),
    "near the pole": header(crval=(120.0, 89.95)),
    "at the pole": header(crval=(0.0, 90.0)),
    "lonpole": header(LONPOLE=143.0),
    "CDELT": header(scale={"CDELT1": -1e-4, "CDELT2": 2e-4}),
    "CROTA": header(scale={"CDELT1": -1e-4, "CDELT2": 2e-4, "CROTA2": 33.0}),
    "PC": header(scale={"CDELT1": -1e-4, "CDELT2": 2e-4, "PC1_2": 0.3, "PC2_1": -0.2}),
    "degrees a pixel": header("ARC", scale={"CDELT1": -0.1, "CDELT2": 0.1}),
    "SIP": {**header(), **SIP, "CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP"},
}


def wcs_of(keywords):
    return WCS(Header(keywords), relax=True)


def random_pixels():
    return np.random.default_rng(3).uniform(-300.0, 1300.0, (2, 500))


@pytest.mark.parametrize("keywords", CASES.values(), ids=CASES)
def test_pixels_become_the_positions_that_wcslib_gives(keywords):
    x, y = random_pixels()
    longitude, latitude = projection_of(keywords).to_sky(x, y)
    expected = wcs_of(keywords).all_pix2world(x, y, 0)
    turn = (longitude - expected[0] + 180.0) % 360.0 - 180.0
    assert np.abs(turn * np.cos(np.radians(latitude))).max() < 1e-9
    assert np.abs(latitude - expected[1]).max() < 1e-9


@pytest.mark.parametrize("keywords", CASES.values(), ids=CASES)
def test_positions_come_back_to_their_pixels(keywords):
    x, y = random_pixels()
    projection = projection_of(keywords)
    back = projection.to_pixels(*projection.to_sky(x, y))
    assert np.abs(back[0] - x).max() < 1e-5
    assert np.abs(back[1] - y).max() < 1e-5


@pytest.mark.parametrize("code", ["TAN", "SIN"])
def test_the_other_side_of_the_sky_has_no_pixel(code):
    x, y = projection_of(header(code)).to_pixels([156.6], [0.9])
    assert np.isnan(x).all()
    assert np.isnan(y).all()


@pytest.mark.parametrize(
    "keywords",
    [
        header("TPV", PV1_5=0.1),
        header("AIT"),
        header("SIN", PV2_1=0.3),
        {**header(), "CUNIT1": "arcsec"},
        header(names=("DEC", "RA")),
        header(scale={"CD1_1": 0.0}),
    ],
    ids=["TPV", "AIT", "slanted SIN", "arcsec", "swapped", "no scale"],
)
def test_what_is_not_known_here_is_left_to_astropy(keywords):
    assert projection_of(keywords) is None
