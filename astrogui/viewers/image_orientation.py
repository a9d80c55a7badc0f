"""Which way up an image stands on the screen; its pixels and coordinates stay what they are."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from PySide6.QtGui import QTransform

from astrogui.viewers.sky import Directions


@dataclass(frozen=True, slots=True)
class Orientation:
    """Mirrored left to right, then turned anticlockwise by an angle."""

    angle_deg: float = 0.0
    mirrored: bool = False

    def turned(self, degrees: float) -> Orientation:
        return replace(self, angle_deg=(self.angle_deg + degrees) % 360.0)

    def flipped(self) -> Orientation:
        """Left and right of the screen changed, whichever way the image is turned."""
        return Orientation(angle_deg=-self.angle_deg % 360.0, mirrored=not self.mirrored)

    def transform(self) -> QTransform:
        """From pixels (y up) to the plane of the view (y up)."""
        transform = QTransform()
        transform.rotate(self.angle_deg)
        if self.mirrored:
            transform.scale(-1.0, 1.0)
        return transform


def north_up(directions: Directions) -> Orientation:
    """North to the top; east to the left, by mirroring where it takes that."""
    (north_x, north_y), (east_x, east_y) = directions.north, directions.east
    mirrored = north_x * east_y - north_y * east_x < 0.0
    angle = math.degrees(math.atan2(north_y, -north_x if mirrored else north_x))
    return Orientation(angle_deg=(90.0 - angle) % 360.0, mirrored=mirrored)
