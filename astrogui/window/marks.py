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

    The columns ``ra`` and ``dec`` place it in every band; ``a``, ``b`` (arcsec) and ``theta``
    (position angle, degrees) shape it where a task gives them; its colour is the analyst's class,
    else the network's.
    """
    places = store.positions_of_item(item_id)
    if not places.size:
        return []
    x, y = store.array("x_pixel")[places], store.array("y_pixel")[places]
    ra, dec = _numbers(store, "ra", places), _numbers(store, "dec", places)
    a, b, theta = (_numbers(store, name, places) for name in ("a", "b", "theta"))
    shaped = np.isfinite(a) & np.isfinite(b)
    on_sky = np.isfinite(ra) & np.isfinite(dec)
    classes = _classes(store, places)
    row_ids = store.row_ids(places)
    return [
        Mark(
            row_id=int(row_ids[i]),
            x=float(x[i]),
            y=float(y[i]),
            a=float(a[i]) if shaped[i] else DEFAULT_RADIUS_PIXEL,
            b=float(b[i]) if shaped[i] else DEFAULT_RADIUS_PIXEL,
            theta=float(theta[i]) if math.isfinite(theta[i]) else 0.0,
            colour=str(classes[i]),
            ra_deg=float(ra[i]) if on_sky[i] else None,
            dec_deg=float(dec[i]) if on_sky[i] else None,
            on_sky=bool(shaped[i]),
        )
        for i in range(places.size)
        if math.isfinite(x[i]) and math.isfinite(y[i])
    ]


def _numbers(store: RowStore, name: str, places: NDArray[np.int64]) -> NDArray[np.float64]:
    """A column's numbers, NaN where there are none."""
    if not store.has(name):
        return np.full(places.size, np.nan)
    return store.array(name)[places].astype(np.float64)


def _classes(store: RowStore, places: NDArray[np.int64]) -> NDArray[np.object_]:
    empty = np.full(places.size, "", dtype=object)
    found = store.array("class")[places] if store.has("class") else empty
    judged = store.array("user_class")[places] if store.has("user_class") else empty
    return np.where(judged != "", judged, found)
