"""Pixels of the sky against those of astropy-healpix, and against themselves."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import healpix


def test_centres_are_those_of_astropy_healpix():
    """Values of astropy_healpix 2.0.1, ``pix2ang(64, pixels, nest=True)``."""
    longitude, latitude = healpix.centres(64, np.array([0, 1234, 20000, 49151]))
    colatitude = [1.56037947, 0.97338991, 1.35026307, 1.58121318]
    assert np.pi / 2 - latitude == pytest.approx(colatitude, abs=1e-8)
    assert longitude == pytest.approx([0.78539816, 1.21491278, 6.03774838, 5.49778714], abs=1e-8)


@pytest.mark.parametrize("nside", [1, 2, 16, 256, 2**20])
def test_a_pixel_holds_its_centre(nside):
    count = healpix.pixel_count(nside)
    pixels = np.unique(np.random.default_rng(nside).integers(0, count, 5000))
    assert np.array_equal(healpix.pixels_at(nside, *healpix.centres(nside, pixels)), pixels)


def test_every_pixel_is_as_likely_as_any_other_for_an_even_sky():
    random = np.random.default_rng(4)
    longitude = random.uniform(0, 2 * np.pi, 480_000)
    latitude = np.arcsin(random.uniform(-1, 1, longitude.size))
    counts = np.bincount(healpix.pixels_at(4, longitude, latitude), minlength=192)
    assert np.sum((counts - 2500) ** 2 / 2500) < 192 + 5 * np.sqrt(2 * 192)


def test_pixels_of_a_finer_sky_lie_within_their_parents():
    random = np.random.default_rng(5)
    place = random.uniform(0, 2 * np.pi, 2000), np.arcsin(random.uniform(-1, 1, 2000))
    assert np.array_equal(healpix.pixels_at(64, *place) // 16, healpix.pixels_at(16, *place))


def test_a_pixel_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="0 to 47"):
        healpix.centres(2, np.array([48]))
    with pytest.raises(ValueError, match="power of two"):
        healpix.pixel_count(3)
