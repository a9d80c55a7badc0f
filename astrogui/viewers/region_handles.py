"""The handles of a region, and the outline that dragging one of them gives. Pixels throughout."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astrogui.science.regions import PixelShape

LEAST_SIZE = 0.5
TURN_REACH = 22.0  # screen pixels from the outline to the handle that turns it


@dataclass(frozen=True, slots=True)
class Handle:
    """``kind`` is "size", "corner", "vertex", "edge" or "turn"; ``index`` says which."""

    kind: str
    index: int
    x: float
    y: float


def handles_of(shape: PixelShape, screen: float) -> list[Handle]:
    """The handles of an outline; ``screen`` is the size of a screen pixel in image pixels."""
    if shape.shape in {"polygon", "line"}:
        return _vertices(shape)
    x, y = (float(value) for value in shape.points[0])
    if shape.shape == "circle":
        ways = ((1, 0), (0, 1), (-1, 0), (0, -1))
        return [Handle("size", 0, x + u * shape.sizes[0], y + v * shape.sizes[0]) for u, v in ways]
    if shape.shape == "annulus":
        return [Handle("size", i, x + r, y) for i, r in enumerate(shape.sizes)]
    if shape.shape == "ellipse":
        along = _axis(shape.angle_rad)
        across = _axis(shape.angle_rad + math.pi / 2)
        ends = [
            Handle("size", i, x + sign * size * axis[0], y + sign * size * axis[1])
            for i, (size, axis) in enumerate(zip(shape.sizes, (along, across), strict=True))
            for sign in (1, -1)
        ]
        return [*ends, _turn_handle(shape, shape.sizes[0], screen)]
    if shape.shape == "box":
        corners = [Handle("corner", i, float(u), float(v)) for i, (u, v) in
                   enumerate(shape.corners())]  # fmt: skip
        return [*corners, _turn_handle(shape, shape.sizes[0] / 2, screen)]
    return []


def _vertices(shape: PixelShape) -> list[Handle]:
    corners = [Handle("vertex", i, float(u), float(v)) for i, (u, v) in enumerate(shape.points)]
    if shape.shape == "line":
        return corners
    middles = (shape.points + np.roll(shape.points, -1, axis=0)) / 2
    return corners + [Handle("edge", i, float(u), float(v)) for i, (u, v) in enumerate(middles)]


def _turn_handle(shape: PixelShape, reach: float, screen: float) -> Handle:
    x, y = shape.points[0]
    along = _axis(shape.angle_rad)
    far = reach + TURN_REACH * screen
    return Handle("turn", 0, float(x + far * along[0]), float(y + far * along[1]))


def dragged(shape: PixelShape, handle: Handle, x: float, y: float) -> PixelShape:
    """The outline with a handle brought to (x, y)."""
    if handle.kind in {"vertex", "edge"}:
        points = shape.points.copy()
        if handle.kind == "edge":
            points = np.insert(points, handle.index + 1, (x, y), axis=0)
        else:
            points[handle.index] = (x, y)
        return replace(shape, points=points)
    dx, dy = x - float(shape.points[0, 0]), y - float(shape.points[0, 1])
    if handle.kind == "turn":
        return replace(shape, angle_rad=math.atan2(dy, dx))
    along, across = _axis(shape.angle_rad), _axis(shape.angle_rad + math.pi / 2)
    first, second = abs(dx * along[0] + dy * along[1]), abs(dx * across[0] + dy * across[1])
    sizes = list(shape.sizes)
    if handle.kind == "corner":
        sizes = [max(2 * first, LEAST_SIZE), max(2 * second, LEAST_SIZE)]
    elif shape.shape == "ellipse":
        sizes[handle.index] = max((first, second)[handle.index], LEAST_SIZE)
    else:
        sizes[handle.index] = max(math.hypot(dx, dy), LEAST_SIZE)
    return replace(shape, sizes=_rising(sizes) if shape.shape == "annulus" else tuple(sizes))


def _rising(radii: list[float]) -> tuple[float, ...]:
    """Radii pushed out of each other's way."""
    kept: list[float] = []
    for radius in sorted(radii):
        kept.append(max(radius, (kept[-1] if kept else 0.0) + LEAST_SIZE))
    return tuple(kept)


def moved(shape: PixelShape, dx: float, dy: float) -> PixelShape:
    return replace(shape, points=shape.points + (dx, dy))


def scaled(shape: PixelShape, factor: float) -> PixelShape:
    """Larger or smaller about its centre."""
    if shape.shape in {"polygon", "line"}:
        middle = shape.points.mean(axis=0)
        return replace(shape, points=middle + factor * (shape.points - middle))
    sizes = tuple(max(size * factor, LEAST_SIZE) for size in shape.sizes)
    return replace(shape, sizes=_rising(list(sizes)) if shape.shape == "annulus" else sizes)


def turned_by(shape: PixelShape, angle_rad: float) -> PixelShape:
    """Turned about its centre, from +x towards +y."""
    if shape.shape in {"polygon", "line"}:
        middle = shape.points.mean(axis=0)
        (c, s), away = _axis(angle_rad), shape.points - middle
        turned = np.column_stack([away @ (c, -s), away @ (s, c)])
        return replace(shape, points=middle + turned)
    return replace(shape, angle_rad=shape.angle_rad + angle_rad)


def drawn(shape: str, start: tuple[float, float], end: tuple[float, float]) -> PixelShape:
    """What a drag from ``start`` to ``end`` draws; round shapes and boxes from their centre."""
    centre = np.array([start], dtype=np.float64)
    across = max(abs(end[0] - start[0]), LEAST_SIZE)
    up = max(abs(end[1] - start[1]), LEAST_SIZE)
    radius = max(math.hypot(end[0] - start[0], end[1] - start[1]), LEAST_SIZE)
    if shape == "line":
        return PixelShape(shape=shape, points=np.array([start, end], dtype=np.float64))
    sizes: tuple[float, ...] = {
        "circle": (radius,), "annulus": (radius / 2, radius), "ellipse": (across, up),
        "box": (2 * across, 2 * up), "point": (),
    }[shape]  # fmt: skip
    return PixelShape(shape=shape, points=centre, sizes=sizes)


def outline(shape: PixelShape) -> list[NDArray[np.float64]]:
    """Lines (n, 2) that draw a shape, for hit tests; closed where the shape is."""
    turn = np.linspace(0.0, 2.0 * np.pi, 73)
    if shape.shape in {"circle", "annulus"}:
        ring = np.column_stack([np.cos(turn), np.sin(turn)])
        return [shape.points[0] + radius * ring for radius in shape.sizes]
    if shape.shape == "ellipse":
        (c, s), (a, b) = _axis(shape.angle_rad), shape.sizes
        u, v = a * np.cos(turn), b * np.sin(turn)
        return [shape.points[0] + np.column_stack([u * c - v * s, u * s + v * c])]
    if shape.shape == "box":
        corners = shape.corners()
        return [np.vstack([corners, corners[:1]])]
    if shape.shape == "polygon":
        return [np.vstack([shape.points, shape.points[:1]])]
    return [np.vstack([shape.points, shape.points[-1:]])]


def distance_to(shape: PixelShape, x: float, y: float) -> float:
    """From a place to the nearest part of the outline, in pixels."""
    best = math.inf
    for line in outline(shape):
        start, step = line[:-1], np.diff(line, axis=0)
        length2 = np.maximum((step**2).sum(axis=1), 1e-300)
        share = np.clip((((x, y) - start) * step).sum(axis=1) / length2, 0.0, 1.0)
        nearest = start + share[:, None] * step
        best = min(best, float(np.hypot(nearest[:, 0] - x, nearest[:, 1] - y).min()))
    return best


def _axis(angle_rad: float) -> tuple[float, float]:
    return math.cos(angle_rad), math.sin(angle_rad)
