"""The two-dimensional spectrum above the one-dimensional one, on the same wavelengths."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF

from astrogui.records.spectrum import SpectralImage
from astrogui.viewers.colours import Theme, rgb_of_map
from astrogui.viewers.plot import Plot
from astrogui.viewers.unit_text import unit_text

MOST_COLUMNS = 4096


class SpectralImagePlot(Plot):
    """Shows pixels over wavelength; the ends of the grey scale are robust percentiles."""

    def __init__(self) -> None:
        super().__init__()
        self.item = pg.ImageItem(axisOrder="row-major")
        self.addItem(self.item, ignoreBounds=True)
        self.image: SpectralImage | None = None
        self.title = "row (px)"
        self.getAxis("bottom").setStyle(showValues=False)
        self.setMouseEnabled(x=True, y=False)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        table = rgb_of_map("grey", 256)
        self.item.setLookupTable(table if theme.is_dark else table[::-1])

    def show_image(self, image: SpectralImage | None) -> bool:
        """Whether there is one to show."""
        self.image = image
        if image is None:
            self.item.clear()
            return False
        low, high = image.wavelength_angstrom[[0, -1]]
        pixels = evenly_spaced(image)
        known = pixels[np.isfinite(pixels)]
        cuts = np.percentile(known, [1, 99]) if known.size else np.array([0.0, 1.0])
        if not cuts[1] > cuts[0]:
            cuts = np.array([cuts[0] - 0.5, cuts[0] + 0.5])
        self.item.setImage(np.nan_to_num(pixels, nan=cuts[0]), autoLevels=False, levels=cuts)
        half = 0.5 * (high - low) / max(pixels.shape[1] - 1, 1)
        rows = image.pixels.shape[0]
        scale, begin, title = 1.0, -0.5, "row (px)"
        if image.arcsec_per_row:
            scale = image.arcsec_per_row
            middle = (rows - 1) / 2 if image.trace_row is None else image.trace_row
            begin, title = -(middle + 0.5) * scale, "along slit (″)"
        self.item.setRect(QRectF(low - half, begin, high - low + 2 * half, rows * scale))
        self.setYRange(begin, begin + rows * scale, padding=0)
        self.title = title
        self.set_titles(left=title)
        unit = unit_text(image.unit)
        where = f" of {image.name}" if image.name else ""
        self.item.setToolTip(f"Two-dimensional spectrum{where}" + (f", {unit}" if unit else ""))
        return True


def evenly_spaced(image: SpectralImage) -> NDArray[np.float32]:
    """Pixels (rows, columns) at evenly spaced wavelengths, each the nearest of the image's.

    At least as many columns as the image has (up to 4096) and twice as many where its steps vary.
    """
    wavelength = image.wavelength_angstrom
    steps = np.diff(wavelength)
    if steps.size and np.ptp(steps) <= 0.02 * float(steps.mean()):
        return np.asarray(image.pixels)
    even = np.linspace(wavelength[0], wavelength[-1], min(2 * wavelength.size, MOST_COLUMNS))
    right = np.clip(np.searchsorted(wavelength, even), 1, max(wavelength.size - 1, 1))
    left = right - 1
    nearer = np.where(even - wavelength[left] <= wavelength[right] - even, left, right)
    return np.asarray(image.pixels[:, nearer])
