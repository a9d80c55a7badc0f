"""Small pictures of sources: in the colours of a picture, and the middle of what it shows."""

from __future__ import annotations

import numpy as np

from astrogui.records.image import Field, Image
from astrogui.viewers.colours import LIGHT
from astrogui.viewers.thumbnail import SIDE, thumbnail


def colours_of(image):
    return np.array(
        [[image.pixelColor(x, y).getRgb()[:3] for x in range(SIDE)] for y in range(SIDE)]
    )


def test_a_colour_picture_keeps_its_colours_and_shows_its_middle():
    pixels = np.zeros((200, 200, 3), np.float32)
    pixels[60:140, 60:140] = (250, 40, 20)  # red, in the middle
    pixels[:40] = (0, 0, 255)  # blue, below what the thumbnail shows
    pixels[110:140, 60:140] = (0, 200, 0)  # green above the middle
    made = thumbnail(
        Field(images=(Image(pixels=pixels),)), {"x_pixel": 99.5, "y_pixel": 99.5}, LIGHT
    )
    found = colours_of(made)
    assert tuple(found[SIDE // 2 + 4, SIDE // 2]) == (250, 40, 20)
    assert tuple(found[SIDE // 4, SIDE // 2]) == (0, 200, 0)  # rows run upwards
    assert not (found == (0, 0, 255)).all(axis=2).any()


def test_a_source_of_a_band_is_cut_out_around_its_place():
    pixels = np.random.default_rng(1).normal(0, 1, (300, 300)).astype(np.float32)
    pixels[200:204, 100:104] = 500
    made = thumbnail(
        Field(images=(Image(pixels=pixels, band="r"),)), {"x_pixel": 101.5, "y_pixel": 201.5}, LIGHT
    )
    found = colours_of(made).mean(axis=2)
    assert found[SIDE // 2, SIDE // 2] == 255
    assert found[:8].max() < 128
