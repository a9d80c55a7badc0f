"""The pixels of an image as they are painted from frame to frame."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter

from astrogui.viewers.image_colours import Colours
from astrogui.viewers.image_item import MOST_READY, READY, TiledImageItem
from astrogui.viewers.image_tiles import FirstLook, Look, Tile, rendered

pytestmark = pytest.mark.usefixtures("qapp")
SIDE = 512


def painted(item: TiledImageItem, side: int = SIDE) -> np.ndarray:
    """(side, side) red of what the item paints, row 0 at its bottom."""
    picture = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(0)
    painter = QPainter(picture)
    ny, nx = item.pixel_shape
    painter.scale(side / nx, side / ny)
    painter.translate(0.5, 0.5)
    item.paint(painter, None)
    painter.end()
    return np.array(picture.constBits()).reshape(side, side, 4)[..., 2]


@pytest.fixture
def item(monkeypatch) -> TiledImageItem:
    """A plane of 4096 pixels squared whose first look is black."""
    item = TiledImageItem()
    look = Look(0.0, 1.0)
    base = np.zeros((SIDE, SIDE), np.float32)
    item.set_image((8 * SIDE, 8 * SIDE), FirstLook(8, base), rendered(base, look), look)
    monkeypatch.setattr(item, "_wanted", lambda: wanted)
    wanted = [Tile(1, row, column) for row in range(8) for column in range(8)]
    return item


def give(item: TiledImageItem, tile: Tile, value: float) -> None:
    values = np.full((SIDE, SIDE), value, np.float32)
    item.add_tile(tile, values, rendered(values, item.look), item.look)


def test_a_tile_given_again_is_painted_anew(item):
    give(item, Tile(1, 0, 0), 1.0)
    before = painted(item)
    assert before[:64, :64].min() == 255
    assert before[64:].max() == 0
    give(item, Tile(1, 0, 0), 0.0)
    assert painted(item).max() == 0


def test_other_colours_are_seen_at_once(item):
    give(item, Tile(1, 0, 0), 1.0)
    painted(item)
    item.set_colours(Colours(inverse=True))
    after = painted(item)
    assert after[:64, :64].max() == 0
    assert after[64:].min() == 255


def test_another_look_is_seen_at_once(item):
    tile, values = Tile(1, 0, 0), np.full((SIDE, SIDE), 1.0, np.float32)
    give(item, tile, 1.0)
    painted(item)
    darker = Look(0.0, 2.0)
    item.restyle([(tile, rendered(values, darker))], darker)
    assert 120 < painted(item)[:64, :64].max() < 136


def test_what_is_kept_ready_to_paint_is_bounded_and_goes_with_its_tile(item, monkeypatch):
    for row in range(8):
        for column in range(8):
            give(item, Tile(1, row, column), 1.0)
    assert painted(item).min() == 255
    assert len(item._ready) == MOST_READY
    assert {image.format() for image in item._ready.values()} == {READY}
    monkeypatch.setattr(item, "_wanted", lambda: [Tile(1, 0, 0)])
    painted(item)
    assert list(item._ready) == [Tile(1, 0, 0)]
    item.clear()
    assert not item._ready
