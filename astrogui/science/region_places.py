"""Regions between their own frame and the pixels of one image.

On the sky sizes are carried by the image's scale at the region, angles by the direction to the
north of the region's own frame there: exact for regions that are small beside the curvature of the
projection, as DS9 does it. Corners and ends are carried one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from astrogui.science.regions import SKY_FRAMES, PixelShape, Region
from astrogui.science.sky_frames import FRAMES, turned
from astrogui.science.sky_match import unit_vectors

TURNING = frozenset({"ellipse", "box"})
STEP_ARCSEC = 0.5  # of the numerical derivative


class Plane(Protocol):
    """The sky of an image, in degrees of its own frame; see ``viewers.sky.Sky``."""

    def position(self, x: float, y: float) -> tuple[float, float] | None: ...

    def pixels(self, longitudes_deg: Any, latitudes_deg: Any) -> NDArray[np.float64]: ...


class Unplaced(ValueError):
    """A region has no place on this image; the text says why."""


@dataclass(frozen=True, slots=True)
class Physical:
    """Physical = (image - shift) / scale along each axis: the header's LTV and LTM."""

    shift: tuple[float, float] = (0.0, 0.0)
    scale: tuple[float, float] = (1.0, 1.0)

    @property
    def mean_scale(self) -> float:
        return float(np.sqrt(abs(self.scale[0] * self.scale[1])))


def physical_of(header: Sequence[tuple[str, str, str]]) -> Physical:
    """The physical coordinates that a header gives; those of the image where it gives none."""
    values = {keyword: value for keyword, value, _ in header if keyword[:2] in {"LT"}}

    def number(name: str, default: float) -> float:
        try:
            value = float(values[name])
        except (KeyError, ValueError):
            return default
        return value if np.isfinite(value) else default

    scale = (number("LTM1_1", 1.0), number("LTM2_2", 1.0))
    if not (scale[0] and scale[1]):
        return Physical()
    return Physical((number("LTV1", 0.0), number("LTV2", 0.0)), scale)


@dataclass(frozen=True, slots=True)
class ImageGrid:
    """The pixels of one image, its sky and its physical coordinates.

    ``sky_frame`` is the frame of ``sky``; "" where there is no sky, or one whose frame is none
    of ours.
    """

    sky: Plane | None = None
    sky_frame: str = ""
    physical: Physical = Physical()
    pixel_scale_arcsec: float | None = None

    def pixels_of(self, points: Any, frame: str) -> NDArray[np.float64]:
        """(n, 2) 0-based pixels of places in a frame; raises ``Unplaced``."""
        places = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        if frame == "image":
            return places - 1.0
        if frame == "physical":
            return places * self.physical.scale + self.physical.shift - 1.0
        self.check_sky()
        assert self.sky is not None
        pixels = self.sky.pixels(*turned(places[:, 0], places[:, 1], frame, self.sky_frame))
        if not np.isfinite(pixels).all():
            raise Unplaced("it lies outside the projection of this image")
        return pixels

    def places_of(self, pixels: Any, frame: str) -> NDArray[np.float64]:
        """(n, 2) places in a frame of 0-based pixels; raises ``Unplaced``."""
        points = np.asarray(pixels, dtype=np.float64).reshape(-1, 2)
        if frame == "image":
            return points + 1.0
        if frame == "physical":
            return (points + 1.0 - self.physical.shift) / self.physical.scale
        self.check_sky()
        assert self.sky is not None
        found = [self.sky.position(float(x), float(y)) for x, y in points]
        if any(place is None for place in found):
            raise Unplaced("it lies outside the projection of this image")
        sky = np.array(found, dtype=np.float64)
        return np.column_stack(turned(sky[:, 0], sky[:, 1], self.sky_frame, frame))

    def check_sky(self) -> None:
        """Raises ``Unplaced`` where the image has no sky that we can turn."""
        if self.sky is None:
            raise Unplaced("this image has no sky coordinates")
        if self.sky_frame not in FRAMES:
            raise Unplaced("the sky coordinates of this image are in a frame that is not turned")

    def jacobian(self, longitude: float, latitude: float, frame: str) -> NDArray[np.float64]:
        """(2, 2) pixels per arcsec: columns are steps to the west and to the north of a frame."""
        step = np.radians(STEP_ARCSEC / 3600.0)
        lon, lat = np.radians(longitude), np.radians(latitude)
        to_west = np.array([np.sin(lon), -np.cos(lon), 0.0])
        to_north = np.array([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
        middle = unit_vectors(longitude, latitude)
        # Along great circles, so that a pole near by does no harm.
        x, y, z = np.stack([middle, middle + step * to_west, middle + step * to_north], axis=1)
        corners = np.degrees(np.column_stack([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))]))
        here, west, north = self.pixels_of(corners, frame)
        return np.column_stack([west - here, north - here]) / STEP_ARCSEC


def placed(region: Region, grid: ImageGrid) -> PixelShape:
    """The region on the pixels of an image; raises ``Unplaced`` where it has no place there."""
    points = grid.pixels_of(region.points, region.frame)
    if not region.sizes:
        return PixelShape(shape=region.shape, points=points)
    per_size, angle = _scale_and_angle(region, grid)
    sizes = tuple(size * per_size for size in region.sizes)
    turn = angle if region.shape in TURNING else 0.0
    return PixelShape(shape=region.shape, points=points, sizes=sizes, angle_rad=turn)


def _scale_and_angle(region: Region, grid: ImageGrid) -> tuple[float, float]:
    """Pixels per unit of size, and the angle from +x in radians."""
    angle = np.radians(region.angle_deg)
    if region.frame in SKY_FRAMES:
        jacobian = grid.jacobian(*region.points[0], region.frame)
        per_arcsec = float(np.sqrt(abs(np.linalg.det(jacobian))))
        along = jacobian @ (np.cos(angle), np.sin(angle))
        angle = float(np.arctan2(along[1], along[0]))
    else:
        per_arcsec = _pixels_per_arcsec(region, grid) if region.size_unit == "arcsec" else 1.0
    per_unit = {
        "arcsec": per_arcsec,
        "physical": grid.physical.mean_scale,
        "pixel": 1.0,
    }[region.size_unit]
    return per_unit, float(angle)


def _pixels_per_arcsec(region: Region, grid: ImageGrid) -> float:
    """Where the position counts pixels but the size arcsec."""
    if grid.sky is not None and grid.sky_frame in FRAMES:
        pixel = grid.pixels_of(region.points[:1], region.frame)
        place = grid.places_of(pixel, grid.sky_frame)[0]
        jacobian = grid.jacobian(float(place[0]), float(place[1]), grid.sky_frame)
        return float(np.sqrt(abs(np.linalg.det(jacobian))))
    if grid.pixel_scale_arcsec:
        return 1.0 / grid.pixel_scale_arcsec
    raise Unplaced("its size is in arcsec, and this image has no pixel scale")


def region_of(
    shape: PixelShape, grid: ImageGrid, frame: str, template: Region | None = None
) -> Region:
    """A region in ``frame`` with this outline; the rest is as in ``template``.

    Raises ``Unplaced`` where the frame has no such place.
    """
    points = tuple((float(u), float(v)) for u, v in grid.places_of(shape.points, frame))
    unit = "arcsec" if frame in SKY_FRAMES else "pixel"
    sizes, angle_deg = shape.sizes, float(np.degrees(shape.angle_rad))
    if frame in SKY_FRAMES and shape.sizes:
        jacobian = grid.jacobian(*points[0], frame)
        per_arcsec = float(np.sqrt(abs(np.linalg.det(jacobian))))
        sizes = tuple(float(size / per_arcsec) for size in shape.sizes)
        along = np.linalg.solve(jacobian, (np.cos(shape.angle_rad), np.sin(shape.angle_rad)))
        angle_deg = float(np.degrees(np.arctan2(along[1], along[0])))
    elif frame == "physical" and shape.sizes:
        unit = "physical"
        sizes = tuple(float(size / grid.physical.mean_scale) for size in shape.sizes)
    changes: dict[str, Any] = {
        "points": points, "sizes": sizes, "size_unit": unit, "frame": frame,
        "angle_deg": angle_deg % 360.0 if shape.shape in TURNING else 0.0, "text": "",
    }  # fmt: skip
    if template is not None:
        return replace(template, **changes)
    return Region(shape=shape.shape, **changes)


def converted(region: Region, grid: ImageGrid, frame: str) -> Region:
    """The same region in another frame, through the pixels of an image; raises ``Unplaced``."""
    if region.frame == frame:
        return region
    return region_of(placed(region, grid), grid, frame, region)
