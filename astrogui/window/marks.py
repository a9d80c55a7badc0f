"""Marks on an image from the rows of the catalogue."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from astrogui.viewers.image_item import Mark
from astrogui.window.row_store import RowStore

DEFAULT_RADIUS_PIXEL = 7.0


def marks_of(store: RowStore, item_id: int) -> list[Mark]:
    """A mark for each row of an observation that has a place on its pixels.

    Sizes come from the columns ``a``, ``b`` (pixels) and ``theta`` (radians) where a task gives
    them; colours from the analyst's class, else the network's.
    """
    places = store.positions_of_item(item_id)
    if not places.size:
        return []
    x, y = store.array("x_pixel")[places], store.array("y_pixel")[places]
    a = _size(store, "a", places)
    b = _size(store, "b", places)
    theta = _numbers(store, "theta", places, 0.0)
    classes = _classes(store, places)
    row_ids = store.row_ids(places)
    return [
        Mark(
            row_id=int(row_ids[i]), x=float(x[i]), y=float(y[i]), a=float(a[i]), b=float(b[i]),
            theta=float(theta[i]), colour=str(classes[i]),
        )
        for i in range(places.size)
        if math.isfinite(x[i]) and math.isfinite(y[i])
    ]  # fmt: skip


def _size(store: RowStore, name: str, places: NDArray[np.int64]) -> NDArray[np.float64]:
    """Three times the semi-axis, so that the mark stands round the source and not on it."""
    if not store.has(name):
        return np.full(places.size, DEFAULT_RADIUS_PIXEL)
    return np.maximum(3 * _numbers(store, name, places, DEFAULT_RADIUS_PIXEL / 3), 5.0)


def _numbers(
    store: RowStore, name: str, places: NDArray[np.int64], default: float
) -> NDArray[np.float64]:
    if not store.has(name):
        return np.full(places.size, default)
    values = store.array(name)[places].astype(np.float64)
    return np.where(np.isfinite(values), values, default)


def _classes(store: RowStore, places: NDArray[np.int64]) -> NDArray[np.object_]:
    empty = np.full(places.size, "", dtype=object)
    found = store.array("class")[places] if store.has("class") else empty
    judged = store.array("user_class")[places] if store.has("user_class") else empty
    return np.where(judged != "", judged, found)
