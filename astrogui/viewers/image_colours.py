"""The colours of an image: a map, its inverse, and contrast and bias as DS9 has them.

Contrast and bias act on the colour table alone, so a drag shows at once however large the image is;
the cuts, which are values in the image's unit, stay what they were.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from PySide6.QtGui import QColor

from astrogui.viewers.colours import NO_DATA_INDEX, rgb_of_map

LEAST_CONTRAST, MOST_CONTRAST = 0.1, 10.0


@dataclass(frozen=True, slots=True)
class Colours:
    """How brightness between 0 and 1 becomes colour."""

    name: str = "grey"
    inverse: bool = False
    no_data: str = "#d8c7d3"
    contrast: float = 1.0  # the slope of the map about its middle
    bias: float = 0.5  # the brightness that gets the middle of the map

    def dragged(self, across: float, down: float) -> Colours:
        """After a drag over fractions of the view: to the right more bias, down more contrast."""
        contrast = min(max(self.contrast * 10.0**down, LEAST_CONTRAST), MOST_CONTRAST)
        return replace(self, contrast=contrast, bias=min(max(self.bias + across, 0.0), 1.0))

    @property
    def is_plain(self) -> bool:
        return self.contrast == 1.0 and self.bias == 0.5

    def table(self) -> tuple[int, ...]:
        """256 packed colours (0xffRRGGBB); the last one stands for no data."""
        return _table(self)


@lru_cache(maxsize=16)
def _table(colours: Colours) -> tuple[int, ...]:
    steps = rgb_of_map(colours.name, NO_DATA_INDEX)
    if colours.inverse:
        steps = steps[::-1]
    brightness = np.linspace(0.0, 1.0, NO_DATA_INDEX)
    place = np.clip((brightness - colours.bias) * colours.contrast + 0.5, 0.0, 1.0)
    steps = steps[np.rint(place * (NO_DATA_INDEX - 1)).astype(np.intp)].astype(np.int64)
    packed = (0xFF << 24) | (steps[:, 0] << 16) | (steps[:, 1] << 8) | steps[:, 2]
    return (*(int(value) for value in packed), int(QColor(colours.no_data).rgb()))
