"""Small pictures of observations for a table: a cut-out, a spectrum, a map of strain."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from astrogui.records.image import Field
from astrogui.records.spectrum import Spectrum
from astrogui.viewers.colours import Theme, rgb_of_map

SIDE = 64  # pixels of the picture
CUT_OUT = 40  # pixels of the image
COLOUR_SHARE = 0.5  # of a colour picture's side, which shows one object: what lies around it
STRAIN_S = 1.0  # round the event


def thumbnail(record: Any, row: dict[str, Any], theme: Theme) -> QImage:
    """A picture of ``SIDE`` pixels, empty where nothing can be shown. Safe in any thread."""
    if isinstance(record, Field):
        return _cut_out(record, row, theme)
    if isinstance(record, Spectrum):
        return _spectrum(record, theme)
    return _strain(record, row)


def _cut_out(field: Field, row: dict[str, Any], theme: Theme) -> QImage:
    x, y = row.get("x_pixel"), row.get("y_pixel")
    image = next((one for one in field.images if one.band == "r"), field.images[0])
    height, width = image.shape
    half = CUT_OUT // 2
    if x is None or y is None:
        x, y, half = width / 2, height / 2, min(width, height) // 2
    elif image.is_colour:
        half = max(int(COLOUR_SHARE * min(width, height) / 2), half)
    left, bottom = round(x) - half, round(y) - half
    first_x, end_x = max(left, 0), min(left + 2 * half, width)
    first_y, end_y = max(bottom, 0), min(bottom + 2 * half, height)
    if end_x <= first_x or end_y <= first_y:
        return _empty(theme)
    step = max((end_x - first_x) // CUT_OUT, 1)
    pixels = np.asarray(image.section(first_y, end_y, first_x, end_x), float)[::step, ::step]
    if pixels.ndim == 3:
        return _image(np.clip(np.nan_to_num(pixels[::-1]), 0, 255).astype(np.uint8))
    known = pixels[np.isfinite(pixels)]
    if not known.size:
        return _empty(theme)
    low, high = np.quantile(known, (0.05, 0.995))
    scaled = np.clip((pixels - low) / max(high - low, 1e-300), 0, 1)
    bright = np.arcsinh(10 * np.nan_to_num(scaled)) / np.arcsinh(10)
    return _image(np.repeat((255 * bright[::-1])[..., None], 3, axis=2).astype(np.uint8))


def _spectrum(spectrum: Spectrum, theme: Theme) -> QImage:
    made = _empty(theme)
    good = ~spectrum.mask & np.isfinite(spectrum.flux)
    flux = np.where(good, spectrum.flux, np.nan)
    bins = np.array_split(flux, min(SIDE, flux.size))
    means = np.array([np.mean(b[~np.isnan(b)]) if (~np.isnan(b)).any() else np.nan for b in bins])
    known = means[np.isfinite(means)]
    if known.size < 2:
        return made
    low, high = known.min(), known.max()
    steps = np.arange(means.size) * (SIDE - 3) / max(means.size - 1, 1) + 1
    heights = SIDE - 3 - (means - low) / max(high - low, 1e-300) * (SIDE - 6)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour("accent"), 1.3))
    there = np.isfinite(heights)
    points = zip(steps[there], heights[there], strict=True)
    painter.drawPolyline(QPolygonF([QPointF(float(a), float(b)) for a, b in points]))
    painter.end()
    return made


def _strain(network: Any, row: dict[str, Any]) -> QImage:
    strain = network.strains[0]
    rate = strain.sample_rate_hz
    found = row.get("gps_found") or row.get("gps")
    middle = strain.samples.size // 2
    if found is not None:
        middle = int((float(found) - strain.gps_start) * rate)
    half = int(STRAIN_S * rate / 2)
    first = int(np.clip(middle - half, 0, max(strain.samples.size - 2 * half, 0)))
    samples = np.nan_to_num(strain.samples[max(first - half, 0) : first + 3 * half])
    size = max(int(rate / 16), 16)
    step = max((samples.size - size) // (2 * SIDE), 1)
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::step]
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2
    least, most = int(30 * size / rate), int(400 * size / rate)
    power = power[:, max(least, 1) : max(most, 3)]
    power = power / np.maximum(np.median(power, axis=0), 1e-300)
    begin = int(np.clip((first - max(first - half, 0)) / step, 0, max(len(power) - 4, 0)))
    power = power[begin : begin + max(int(2 * half / step), 4)]
    scaled = np.clip(np.log1p(power.T[::-1]) / np.log(1 + 30.0), 0, 1)
    return _image(rgb_of_map("viridis", 256)[(255 * scaled).astype(np.uint8)])


def _image(colours: NDArray[np.uint8]) -> QImage:
    """(ny, nx, 3) colours, the first row on top, as a picture of ``SIDE``."""
    data = np.ascontiguousarray(colours)
    height, width = data.shape[:2]
    made = QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    return made.scaled(
        SIDE, SIDE, Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.FastTransformation,
    )  # fmt: skip


def _empty(theme: Theme) -> QImage:
    made = QImage(SIDE, SIDE, QImage.Format.Format_RGB32)
    made.fill(QColor(theme.ground))
    return made
