"""Brightness along a line, by distance from a source, and the light within growing circles."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.aperture import aperture_sums

Floats = NDArray[np.floating[Any]]
Section = Callable[[int, int, int, int], NDArray[Any]]
PIECE_PIXELS = 256  # a long line is read in pieces, so that its box is not


def line_profile(
    section: Section,
    shape: tuple[int, int],
    start: tuple[float, float],
    end: tuple[float, float],
    width: float = 1.0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance from ``start`` in pixels, and the value there by bilinear interpolation.

    Samples at most a pixel apart; with a ``width`` above 1 the mean across the line. NaN outside
    the image and where there are no data. Raises ``ValueError`` for a line without length.
    """
    ends = np.array([start, end], dtype=np.float64)
    length = float(np.hypot(*(ends[1] - ends[0])))
    if not length > 0:
        raise ValueError("the line has no length")
    count = max(2, math.ceil(length) + 1)
    distance = np.linspace(0.0, length, count)
    along = (ends[1] - ends[0]) / length
    offsets = np.arange(max(1, round(width))) - (max(1, round(width)) - 1) / 2.0
    middle = ends[0] + distance[:, None] * along
    across = np.array([-along[1], along[0]])
    places = middle[:, None, :] + offsets[None, :, None] * across
    values = np.concatenate(
        [
            _sampled(section, shape, places[i : i + PIECE_PIXELS])
            for i in range(0, count, PIECE_PIXELS)
        ]
    )
    good = np.isfinite(values)
    total = np.where(good, values, 0.0).sum(axis=1)
    number = good.sum(axis=1)
    return distance, np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _sampled(section: Section, shape: tuple[int, int], places: Floats) -> NDArray[np.float64]:
    """Values at places (n, m, 2), x and y, by bilinear interpolation; NaN beyond the image."""
    from scipy.ndimage import map_coordinates

    x, y = places[..., 0], places[..., 1]
    x0, y0 = int(np.floor(x.min())), int(np.floor(y.min()))
    x1, y1 = int(np.ceil(x.max())) + 1, int(np.ceil(y.max())) + 1
    low_x, low_y = max(x0, 0), max(y0, 0)
    pixels = np.asarray(section(y0, max(y1, 0), x0, max(x1, 0)), dtype=np.float64)
    inside = (x >= -0.5) & (x <= shape[1] - 0.5) & (y >= -0.5) & (y <= shape[0] - 0.5)
    if not pixels.size:
        return np.full(x.shape, np.nan)
    # Half a pixel beyond the outermost centres still belongs to them.
    values = map_coordinates(pixels, [y - low_y, x - low_x], order=1, mode="nearest")
    return np.where(inside, values, np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFit:
    """A round profile fitted to the pixels about a source."""

    shape: str  # "Gaussian" or "Moffat"
    fwhm: float  # in pixels
    fwhm_error: float
    amplitude: float
    sky: float
    width: float  # sigma, or the Moffat's alpha, in pixels
    beta: float  # of a Moffat; NaN of a Gaussian
    scatter: float  # standard deviation of the pixels about the fit

    def value(self, radius: Floats) -> NDArray[np.float64]:
        """The brightness at distances in pixels."""
        if self.shape == "Gaussian":
            return _gaussian(np.asarray(radius), self.amplitude, self.width, self.sky)
        return _moffat(np.asarray(radius), self.amplitude, self.width, self.beta, self.sky)


def pixels_by_distance(
    pixels: Floats, x: float, y: float, reach: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance and value of the pixels with data within ``reach`` of a place, rising."""
    row, column = np.indices(pixels.shape)
    distance = np.hypot(column - x, row - y)
    chosen = (distance <= reach) & np.isfinite(pixels)
    order = np.argsort(distance[chosen], kind="stable")
    return distance[chosen][order], pixels[chosen][order].astype(np.float64)


def binned_profile(
    distance: Floats, value: Floats, width: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean distance, mean value and its standard error in rings of ``width`` pixels."""
    ring = np.floor(np.asarray(distance) / width).astype(np.int64)
    number = np.bincount(ring).astype(np.float64)
    filled = number > 0
    number = np.where(filled, number, 1.0)
    mean = np.bincount(ring, value) / number
    square = np.bincount(ring, (np.asarray(value) - mean[ring]) ** 2)
    error = np.sqrt(square / np.maximum(number - 1, 1) / number)
    error[number < 2] = np.nan
    middle = np.bincount(ring, distance) / number
    return middle[filled], mean[filled], error[filled]


def fitted_profile(distance: Floats, value: Floats, shape: str) -> ProfileFit | None:
    """A Gaussian or a Moffat profile with a constant sky, by least squares; None where none fits.

    Source: Moffat 1969, A&A 3, 455, eq. (7); FWHM = 2 alpha sqrt(2^(1/beta) - 1).
    """
    from scipy.optimize import curve_fit

    if shape not in {"Gaussian", "Moffat"}:
        raise ValueError(f'a profile is "Gaussian" or "Moffat", got {shape!r}')
    is_moffat = shape == "Moffat"
    distance, value = np.asarray(distance, np.float64), np.asarray(value, np.float64)
    if distance.size < 8 or not np.ptp(value) > 0:
        return None
    scale = float(np.ptp(value))  # so that fluxes of any unit are of order one in the fit
    sky, reach = float(np.median(value[distance.size // 2 :])), float(distance.max())
    top = max(float(value[:4].mean()) - sky, 1e-3 * scale)
    above = distance[(value - sky) > top / 2.0]
    width = float(np.clip(np.median(above) if above.size else 1.0, 0.7, reach / 2.0))
    first = [top / scale, width, *([3.0] if is_moffat else []), sky / scale]
    low = [0.0, 0.2, *([1.05] if is_moffat else []), -np.inf]
    high = [np.inf, 4.0 * reach, *([20.0] if is_moffat else []), np.inf]
    model = _moffat if is_moffat else _gaussian
    try:
        best, spread = curve_fit(
            model, distance, value / scale, first, bounds=(low, high), maxfev=2000
        )
    except (RuntimeError, ValueError):
        return None
    fwhm, slope = _fwhm(best, is_moffat)
    variance = float(slope @ spread @ slope)
    if not (math.isfinite(fwhm) and math.isfinite(variance)) or fwhm > 2.0 * reach:
        return None
    residual = value - scale * model(distance, *best)
    return ProfileFit(
        shape=shape,
        fwhm=fwhm,
        fwhm_error=math.sqrt(max(variance, 0.0)),
        amplitude=float(best[0] * scale),
        sky=float(best[-1] * scale),
        width=float(best[1]),
        beta=float(best[2]) if is_moffat else math.nan,
        scatter=float(residual.std(ddof=len(best))),
    )


def _gaussian(radius: Floats, amplitude: float, sigma: float, sky: float) -> NDArray[np.float64]:
    return np.asarray(amplitude * np.exp(-0.5 * (radius / sigma) ** 2) + sky)


def _moffat(
    radius: Floats, amplitude: float, alpha: float, beta: float, sky: float
) -> NDArray[np.float64]:
    return np.asarray(amplitude * (1.0 + (radius / alpha) ** 2) ** -beta + sky)


def _fwhm(best: Floats, is_moffat: bool) -> tuple[float, NDArray[np.float64]]:
    """The full width at half maximum, and its derivatives by the parameters."""
    slope = np.zeros(len(best))
    if not is_moffat:
        slope[1] = 2.3548200450309493
        return float(2.3548200450309493 * best[1]), slope
    alpha, beta = float(best[1]), float(best[2])
    root = math.sqrt(2.0 ** (1.0 / beta) - 1.0)
    slope[1] = 2.0 * root
    slope[2] = -alpha * math.log(2.0) * 2.0 ** (1.0 / beta) / (beta**2 * root)
    return 2.0 * alpha * root, slope


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """Light within growing circles, sky taken off."""

    radius: NDArray[np.float64]  # pixels
    flux: NDArray[np.float64]  # image unit

    def radius_of(self, share: float) -> float:
        """Where the curve first reaches a share of its largest value; NaN where it never does."""
        if not self.flux.size or not np.nanmax(self.flux) > 0:
            return math.nan
        wanted = share * float(np.nanmax(self.flux))
        above = np.flatnonzero(self.flux >= wanted)
        i = int(above[0])
        if i == 0:
            return float(self.radius[0] * wanted / self.flux[0])
        before, after = self.flux[i - 1], self.flux[i]
        step = (wanted - before) / (after - before)
        return float(self.radius[i - 1] + step * (self.radius[i] - self.radius[i - 1]))


def curve_of_growth(pixels: Floats, x: float, y: float, sky: float, reach: float) -> Growth:
    """The light within circles of half-pixel steps up to ``reach``, exact overlap."""
    radius = np.arange(0.5, max(reach, 0.5) + 1e-9, 0.5)
    total, area = aperture_sums(pixels, x, y, [float(r) for r in radius])
    return Growth(radius, total - area * sky)
