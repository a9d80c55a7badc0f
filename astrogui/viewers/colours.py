"""Colours of plots and images: safe for colour-blind eyes, legible on light and on dark ground.

The series follow Okabe & Ito 2008 ("Color universal design"), darkened on light ground and
lightened on dark ground until text in them reads at a contrast of 4.5:1 or more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

MAPS = ("grey", "viridis", "magma", "inferno", "plasma", "cividis", "heat", "blue-red")
NO_DATA_INDEX = 255  # the index that rendered pixels use where there are no data


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """One look of the plots. Colours are "#rrggbb"."""

    name: str
    ground: str  # behind curves
    panel: str  # behind controls
    text: str
    muted: str  # axes, secondary text
    line: str  # grid and frames
    accent: str  # the selected, the quoted value
    warning: str
    good: str
    masked: str  # shading of samples that must not be used
    no_data: str  # pixels without data
    series: tuple[str, ...]

    @property
    def is_dark(self) -> bool:
        return QColor(self.ground).lightnessF() < 0.5

    def colour(self, name_or_hex: str, alpha: float = 1.0) -> QColor:
        """A class, a detector, a field of this theme or "#rrggbb", as a colour."""
        if name_or_hex.startswith("#"):
            colour = QColor(name_or_hex)
        elif name_or_hex.lower() in _SERIES_OF:
            colour = QColor(self.series[_SERIES_OF[name_or_hex.lower()]])
        elif name_or_hex in {"text", "muted", "line", "accent", "warning", "good", "masked"}:
            colour = QColor(getattr(self, name_or_hex))
        else:
            # A class nobody gave a colour gets the same one every time.
            colour = QColor(self.series[sum(name_or_hex.encode()) % len(self.series)])
        colour.setAlphaF(alpha)
        return colour


LIGHT = Theme(
    name="light",
    ground="#ffffff",
    panel="#f2f3f5",
    text="#1a1d21",
    muted="#555c66",
    line="#9aa2ad",
    accent="#0062a3",
    warning="#a63c00",
    good="#00694d",
    masked="#8a919c",
    no_data="#d8c7d3",
    series=("#0072b2", "#c04f00", "#00785a", "#a3427c", "#8a6100", "#3d4ea8", "#444b55"),
)
DARK = Theme(
    name="dark",
    ground="#15171b",
    panel="#1e2126",
    text="#e8ebef",
    muted="#a9b1bc",
    line="#5b6470",
    accent="#6cc0f5",
    warning="#ffab6b",
    good="#4fd6a8",
    masked="#7c8594",
    no_data="#4a3346",
    series=("#56b4e9", "#f08a4b", "#3ccb9f", "#e39ac6", "#e6b422", "#9aa8ff", "#c3cad3"),
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}

_SERIES_OF = {
    "star": 0,
    "galaxy": 1,
    "qso": 3,
    "h1": 1,
    "l1": 0,
    "v1": 3,
    "k1": 4,
    "g1": 6,
}

# Marks lie on pixels of any brightness: bright colours with a dark rim, in either theme.
_MARK_SERIES = ("#56b4e9", "#f0a000", "#2fd08a", "#f08cc8", "#f0e442", "#ff7f50", "#e0e0e0")


def mark_colour(name_or_hex: str) -> QColor:
    """The colour of a mark on an image, by class name or "#rrggbb"."""
    if name_or_hex.startswith("#"):
        return QColor(name_or_hex)
    known = _SERIES_OF.get(name_or_hex.lower())
    index = sum(name_or_hex.encode()) % len(_MARK_SERIES) if known is None else known
    return QColor(_MARK_SERIES[index if name_or_hex else 2])


def rgb_of_map(name: str, count: int) -> NDArray[np.uint8]:
    """(count, 3) colours from dark to bright of one of ``MAPS``."""
    if name not in MAPS:
        raise ValueError(f"a colour map is one of {', '.join(MAPS)}, got {name!r}")
    where = np.linspace(0, 1, count)
    if name in _STOPS:
        places = np.linspace(0, 1, len(_STOPS[name]))
        stops = np.array(_STOPS[name], float)
        channels = [np.interp(where, places, stops[:, i]) for i in range(3)]
        return np.round(np.stack(channels, axis=1)).astype(np.uint8)
    import pyqtgraph as pg

    table = pg.colormap.get(name).getLookupTable(nPts=count, alpha=False)
    return np.asarray(table, np.uint8)


_STOPS = {
    "grey": ((0, 0, 0), (255, 255, 255)),
    "heat": ((0, 0, 0), (128, 20, 0), (230, 90, 0), (255, 190, 60), (255, 255, 255)),
    "blue-red": ((20, 60, 160), (120, 170, 225), (245, 245, 245), (240, 140, 100), (165, 20, 30)),
}
