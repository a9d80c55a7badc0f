"""Regions of an image as values: where they lie in their own frame, and their outline in pixels.

The shapes and their numbers are those of DS9's region files. Positions in the frame "image" count
pixels from 1 (FITS), those in "physical" follow the header's LTM and LTV, those on the sky are
degrees. An angle runs from the first axis of the frame towards its second: on the sky from west to
north, so that a position angle is the angle minus 90 degrees.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

SHAPES = ("circle", "ellipse", "box", "polygon", "line", "point", "annulus")
PIXEL_FRAMES = ("image", "physical")
SKY_FRAMES = ("icrs", "fk5", "galactic", "ecliptic")
DEFAULT_COLOUR = "green"  # of a region whose file names none, as in DS9
NUMBER_OF_SIZES = {"circle": 1, "ellipse": 2, "box": 2, "polygon": 0, "line": 0, "point": 0}
Properties = tuple[tuple[str, str], ...]
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One region in its own frame.

    ``points`` are the centre, or the corners of a polygon and the ends of a line. ``sizes`` are
    radius, semi-axes, full width and height, or rising radii of an annulus, in ``size_unit``.
    ``properties`` are the words after "#" in their order, ``inherited`` those of the "global"
    lines before; ``text`` is what a file said, kept while nothing else changes.
    """

    shape: str
    points: Points
    frame: str = "image"
    sizes: tuple[float, ...] = ()
    size_unit: str = "pixel"  # "pixel", "physical" or "arcsec"
    angle_deg: float = 0.0
    include: bool = True
    properties: Properties = ()
    inherited: Properties = ()
    joined: bool = False  # part of a DS9 composite: "||" stands after the shape
    text: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.shape not in SHAPES:
            raise ValueError(f"a region is one of {', '.join(SHAPES)}, got {self.shape!r}")
        if self.frame not in PIXEL_FRAMES + SKY_FRAMES:
            raise ValueError(f"regions lie in no frame {self.frame!r}")
        if self.size_unit not in {"pixel", "physical", "arcsec"}:
            raise ValueError(f"sizes are pixel, physical or arcsec, got {self.size_unit!r}")
        _check_numbers(self)

    @property
    def is_on_sky(self) -> bool:
        return self.frame in SKY_FRAMES

    def says(self, name: str, default: str = "") -> str:
        """What the region says, else the global lines before it; the last one counts."""
        for key, value in reversed(self.inherited + self.properties):
            if key == name:
                return value
        return default

    @property
    def label(self) -> str:
        return self.says("text")

    @property
    def colour(self) -> str:
        return self.says("color", DEFAULT_COLOUR)

    def with_property(self, name: str, value: str) -> Region:
        """The region with one property set; "" takes it away."""
        kept = tuple(pair for pair in self.properties if pair[0] != name)
        is_inherited = any(pair[0] == name for pair in self.inherited)
        added = ((name, value),) if value or is_inherited else ()
        return replace(self, properties=kept + added)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLine:
    """What a file says that is not drawn: kept, and written again where it stood."""

    text: str
    line: int
    frame: str = ""  # the frame in force, where the line needs one
    reason: str = ""  # why it is not drawn; "" for a comment


Entry = Region | KeptLine


def _check_numbers(region: Region) -> None:
    """Raises ``ValueError`` where the numbers do not make the shape."""
    numbers = [*(value for point in region.points for value in point), *region.sizes]
    if not all(np.isfinite([*numbers, region.angle_deg])):
        raise ValueError(f"a {region.shape} needs finite numbers")
    wanted = {"polygon": None, "line": 2}.get(region.shape, 1)
    if wanted is None and len(region.points) < 3:
        raise ValueError(f"a polygon needs three corners or more, got {len(region.points)}")
    if wanted is not None and len(region.points) != wanted:
        raise ValueError(f"a {region.shape} has {wanted} position(s), got {len(region.points)}")
    if region.shape == "annulus":
        rising = all(a < b for a, b in zip(region.sizes, region.sizes[1:], strict=False))
        if len(region.sizes) < 2 or not rising:
            raise ValueError("an annulus needs two rising radii or more")
    elif len(region.sizes) != NUMBER_OF_SIZES[region.shape]:
        raise ValueError(
            f"a {region.shape} has {NUMBER_OF_SIZES[region.shape]} size(s), got {len(region.sizes)}"
        )
    if any(size < 0 for size in region.sizes):
        raise ValueError(f"the size of a {region.shape} is not negative")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PixelShape:
    """A region on the pixels of one image: 0-based places, sizes in pixels."""

    shape: str
    points: NDArray[np.float64]  # (n, 2) x and y
    sizes: tuple[float, ...] = ()
    angle_rad: float = 0.0  # from +x towards +y

    def bounds(self) -> tuple[float, float, float, float]:
        """(x0, y0, x1, y1) of a box around it."""
        if self.shape in {"polygon", "line"}:
            low, high = self.points.min(axis=0), self.points.max(axis=0)
            return float(low[0]), float(low[1]), float(high[0]), float(high[1])
        x, y = self.points[0]
        across, up = self._reach()
        return float(x - across), float(y - up), float(x + across), float(y + up)

    def _reach(self) -> tuple[float, float]:
        cosine, sine = np.cos(self.angle_rad), np.sin(self.angle_rad)
        if self.shape in {"circle", "annulus"}:
            return self.sizes[-1], self.sizes[-1]
        if self.shape == "ellipse":
            a, b = self.sizes
            return float(np.hypot(a * cosine, b * sine)), float(np.hypot(a * sine, b * cosine))
        if self.shape == "box":
            a, b = self.sizes[0] / 2, self.sizes[1] / 2
            return (
                float(a * abs(cosine) + b * abs(sine)),
                float(a * abs(sine) + b * abs(cosine)),
            )
        return 0.0, 0.0

    def contains(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.bool_]:
        """Which places lie inside; nothing lies inside a line or a point."""
        px, py = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
        if self.shape == "polygon":
            return _inside_polygon(self.points, px, py)
        if self.shape in {"line", "point"}:
            return np.zeros(px.shape, dtype=bool)
        dx, dy = px - self.points[0, 0], py - self.points[0, 1]
        if self.shape in {"circle", "annulus"}:
            distance = np.hypot(dx, dy)
            inner = self.sizes[0] if self.shape == "annulus" else -1.0
            return np.asarray((distance <= self.sizes[-1]) & (distance > inner))
        cosine, sine = np.cos(self.angle_rad), np.sin(self.angle_rad)
        along, across = dx * cosine + dy * sine, dy * cosine - dx * sine
        a, b = self.sizes
        if self.shape == "box":
            return np.asarray((np.abs(along) <= a / 2) & (np.abs(across) <= b / 2))
        if a == 0 or b == 0:
            return np.zeros(px.shape, dtype=bool)
        return np.asarray((along / a) ** 2 + (across / b) ** 2 <= 1.0)

    def area(self) -> float:
        """In pixels, exact; 0 of a line or a point."""
        if self.shape == "circle":
            return float(np.pi * self.sizes[0] ** 2)
        if self.shape == "annulus":
            return float(np.pi * (self.sizes[-1] ** 2 - self.sizes[0] ** 2))
        if self.shape == "ellipse":
            return float(np.pi * self.sizes[0] * self.sizes[1])
        if self.shape == "box":
            return self.sizes[0] * self.sizes[1]
        if self.shape == "polygon":
            x, y = (self.points - self.points.mean(axis=0)).T
            return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
        return 0.0

    def corners(self) -> NDArray[np.float64]:
        """(4, 2) corners of a box, or of the box around an ellipse along its axes."""
        a, b = self.sizes if self.shape == "ellipse" else (self.sizes[0] / 2, self.sizes[1] / 2)
        signs = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
        return self.points[0] + (signs * (a, b)) @ _turn(self.angle_rad)


def _turn(angle_rad: float) -> NDArray[np.float64]:
    """Matrix that takes row vectors along the axes of a shape to pixels."""
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[cosine, sine], [-sine, cosine]])


def _inside_polygon(
    corners: NDArray[np.float64], x: NDArray[Any], y: NDArray[Any]
) -> NDArray[np.bool_]:
    """By the number of edges to the right of a place, odd inside."""
    inside = np.zeros(x.shape, dtype=bool)
    following = np.roll(corners, -1, axis=0)
    for (x0, y0), (x1, y1) in zip(corners, following, strict=True):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        inside ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return inside
