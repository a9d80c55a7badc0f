"""Which pixels of a picture a number computed from it rests on.

Two ways that know nothing of each other: integrated gradients, which needs the derivative, and
occlusion, which needs the number alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Batch = Callable[[NDArray[np.float32]], Floats]
AT_ONCE = 16  # pictures handed over in one call


def integrated_gradients(
    gradient: Batch, picture: Floats, baseline: Floats, steps: int = 16
) -> NDArray[np.float32]:
    """What each pixel brings to the number, from the baseline to the picture; its shape.

    ``gradient`` gives the derivative (n, ...) at each of the pictures (n, ...). The values sum up
    to the difference of the number between picture and baseline, but for the error of the
    integral, taken at Gauss and Legendre's points in the square root of the way: networks that
    bring up faint light change fastest near the baseline. Source: Sundararajan, Taly & Yan 2017,
    arXiv 1703.01365, eq. (1). Raises ``ValueError`` where the shapes differ.
    """
    if np.shape(picture) != np.shape(baseline):
        raise ValueError(f"picture {np.shape(picture)}, baseline {np.shape(baseline)}")
    step = np.asarray(picture, np.float64) - baseline
    place, weight = np.polynomial.legendre.leggauss(steps)
    root = (place + 1) / 2
    share, weight = root**2, weight * root
    total = np.zeros(step.shape)
    for begin in range(0, steps, AT_ONCE):
        part = slice(begin, begin + AT_ONCE)
        on_the_way = np.asarray(baseline) + np.multiply.outer(share[part], step)
        slopes = np.asarray(gradient(on_the_way.astype(np.float32)), np.float64)
        total += np.tensordot(weight[part], slopes, axes=1)
    return np.asarray(total * step, np.float32)


def occlusion(
    number: Batch, picture: Floats, baseline: Floats, patch: int, stride: int
) -> NDArray[np.float32]:
    """What the number loses when a square is hidden: (ny, nx) of a picture (ny, nx, c).

    A square of ``patch`` pixels takes the baseline's values in all planes, at every ``stride``
    pixels; a pixel gets the mean loss of the squares that hold it. Source: Zeiler & Fergus 2014,
    arXiv 1311.2901, section 4.2. Raises ``ValueError`` where a square would leave pixels out.
    """
    if not 0 < stride <= patch:
        raise ValueError(f"squares of {patch} pixels at every {stride}: some pixels in none")
    ny, nx = np.shape(picture)[:2]
    corners = [
        (y, x) for y in range(stride - patch, ny, stride) for x in range(stride - patch, nx, stride)
    ]
    whole = float(number(np.asarray(picture, np.float32)[None])[0])
    loss, seen = np.zeros((ny, nx)), np.zeros((ny, nx))
    for begin in range(0, len(corners), AT_ONCE):
        part = corners[begin : begin + AT_ONCE]
        hidden = np.repeat(np.asarray(picture, np.float32)[None], len(part), axis=0)
        squares = [(slice(max(y, 0), y + patch), slice(max(x, 0), x + patch)) for y, x in part]
        for k, square in enumerate(squares):
            hidden[k][square] = np.asarray(baseline)[square]
        for square, left in zip(squares, number(hidden), strict=True):
            loss[square] += whole - float(left)
            seen[square] += 1
    return np.asarray(loss / seen, np.float32)


def strongest(maps: Floats, count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The channels (k,) of maps (ny, nx, c) that vary most, and their rms about the mean."""
    spread = np.asarray(maps, np.float64).std(axis=(0, 1))
    order = np.argsort(-spread, kind="stable")[:count]
    return order.astype(np.int64), spread[order].astype(np.float32)
