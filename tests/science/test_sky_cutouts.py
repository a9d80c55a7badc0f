"""Cut-outs at a chosen scale: aligned across bands, in real flux, their noise as measured."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.aligned_bands import Band
from astrogui.science.sky_cutouts import sky_cutouts

SHAPE = (160, 200)


def blob(x, y, flux, width):
    column, row = np.meshgrid(np.arange(SHAPE[1]), np.arange(SHAPE[0]))
    squared = (column - x) ** 2 + (row - y) ** 2
    return flux * np.exp(-0.5 * squared / width**2) / (2 * np.pi * width**2)


def band(pixels, place=lambda x, y: (x, y), slot=2):
    def read(y0, y1, x0, x1):
        return pixels[y0:y1, x0:x1].astype(np.float32)

    return Band(slot=slot, read=read, shape=SHAPE, place=place)


@pytest.fixture
def noisy():
    return np.random.default_rng(3).normal(0, 2.0, SHAPE)


@pytest.mark.parametrize("step", [1.0, 1.7, 2.4])
def test_a_source_keeps_its_flux_and_place_at_any_scale(noisy, step):
    pixels = 0.05 * noisy + blob(80.3, 70.7, 1e4, 3.0)
    cut = sky_cutouts([band(pixels)], np.array([80.3]), np.array([70.7]), np.array([step]), 25)
    light = cut.light[0, 0]
    reach = (np.arange(25) - 12) * step
    assert light.sum() == pytest.approx(1e4, rel=0.01)
    assert abs((light.sum(axis=0) * reach).sum() / light.sum()) < 0.05
    assert abs((light.sum(axis=1) * reach).sum() / light.sum()) < 0.05


def test_bands_that_are_shifted_and_turned_come_out_aligned(noisy):
    first = 0.05 * noisy + blob(80, 70, 1e4, 3.0) + blob(86, 70, 5e3, 2.0)
    # The other band's x runs along our y: a place (x, y) lies there at (y + 15, x - 4).
    second = 0.05 * noisy + blob(85, 76, 1e4, 3.0) + blob(85, 82, 5e3, 2.0)
    bands = [band(first), band(second, lambda x, y: (y + 15.0, x - 4.0), slot=1)]
    cut = sky_cutouts(bands, np.array([80.0]), np.array([70.0]), np.array([1.0]), 25)
    assert np.abs(cut.light[0, 0] - cut.light[0, 1]).max() < 0.02 * cut.light.max()


def test_the_noise_of_a_grid_pixel_is_stated_for_each_scale(noisy):
    places = np.array([60.0, 120.0]), np.array([80.0, 80.0])
    cut = sky_cutouts([band(noisy)], *places, np.array([3.0, 3.0]), 11)
    assert cut.noise[:, 0] == pytest.approx(6.0, rel=0.15)
    assert cut.light.std() == pytest.approx(6.0, rel=0.15)


def test_what_is_off_the_image_or_bad_is_not_known(noisy):
    noisy[70, 100] = np.nan
    away = band(noisy, lambda x, y: (x + 5000.0, y), slot=3)
    cut = sky_cutouts([band(noisy), away], np.array([2.0, 100.0]), np.array([70.0, 70.0]),
                      np.ones(2), 21)  # fmt: skip
    assert not cut.known[0, 0, :, :8].any()
    assert cut.known[0, 0, :, 8:].all()
    assert not cut.known[1, 0, 10, 10]
    assert cut.light[1, 0, 10, 10] == 0
    assert not cut.known[:, 1].any()
    assert (cut.noise[:, 1] == 0).all()
