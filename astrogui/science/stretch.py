"""Stretches and cuts: how pixel values become brightness between 0 and 1 on a screen.

Cuts are a pair (low, high) in the image's own unit; a stretch maps the interval between them to
0..1. Everything ignores pixels that are not finite, and a value that is not finite stays NaN after
a stretch, so that a view can give it a colour of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

LOG_SOFTENING = 1000.0  # the exponent "a" of DS9's logarithmic scale
ASINH_SOFTENING = 0.1  # the fraction of the range that is shown linearly
POWER_BASE = 1000.0  # the base "a" of DS9's power scale, (a**x - 1) / a
SINH_STEEPNESS = 3.0  # as in DS9's scale, sinh(3 x) / 10

STRETCHES = ("linear", "log", "asinh", "sqrt", "square", "power", "sinh", "histogram")
EQUALISED_LEVELS = 256
CUTS = ("zscale", "percentile", "minmax")


def stretched(
    values: NDArray[np.floating],
    low: float,
    high: float,
    stretch: str = "linear",
    levels: Sequence[float] = (),
) -> NDArray[np.float32]:
    """Brightness between 0 and 1, float32, of the shape of `values`; NaN stays NaN.

    `levels` are those of `equalised_levels` between the same cuts, for the stretch "histogram";
    without them it is linear. Raises ValueError for a stretch that is not among `STRETCHES`.
    Equal cuts count as a step: what lies above the cut is 1, the rest 0.
    """
    if stretch == "histogram":
        return _equalised(np.asarray(values, dtype=np.float32), low, high, levels)
    if stretch not in _CURVES:
        raise ValueError(f"a stretch is one of {', '.join(STRETCHES)}, got {stretch!r}")
    values = np.asarray(values, dtype=np.float32)
    if high > low:
        fraction = np.clip((values - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    else:
        fraction = np.where(np.isnan(values), np.nan, values > low)
    return np.asarray(_CURVES[stretch](fraction), dtype=np.float32)


def equalised_levels(
    values: NDArray[np.floating], low: float, high: float, samples: int = 200_000
) -> tuple[float, ...]:
    """Levels between the cuts that hold equal shares of the pixels between them.

    `EQUALISED_LEVELS` rising values from `low` to `high`; () where no pixel lies between.
    """
    finite = _finite(values)
    inside = _even_sample(finite[(finite >= low) & (finite <= high)], samples)
    if not inside.size or not high > low:
        return ()
    levels = np.quantile(inside, np.linspace(0.0, 1.0, EQUALISED_LEVELS)).astype(np.float64)
    levels[0], levels[-1] = low, high
    return tuple(float(level) for level in levels)


def _equalised(
    values: NDArray[np.float32], low: float, high: float, levels: Sequence[float]
) -> NDArray[np.float32]:
    if not levels or not high > low:
        return stretched(values, low, high, "linear")
    shares = np.linspace(0.0, 1.0, len(levels))
    found = np.interp(values, np.asarray(levels), shares).astype(np.float32)
    found[np.isnan(values)] = np.nan
    return found


def cut_levels(
    values: NDArray[np.floating], cuts: str = "zscale", percentage: float = 99.5
) -> tuple[float, float]:
    """The pair (low, high) by one of `CUTS`; (0, 1) where no pixel is finite.

    `percentage` is used by "percentile" alone. Raises ValueError for an unknown kind of cuts.
    """
    if cuts == "zscale":
        return zscale_cuts(values)
    if cuts == "percentile":
        return percentile_cuts(values, percentage)
    if cuts == "minmax":
        return minmax_cuts(values)
    raise ValueError(f"cuts are one of {', '.join(CUTS)}, got {cuts!r}")


def minmax_cuts(values: NDArray[np.floating]) -> tuple[float, float]:
    """The least and the greatest finite pixel."""
    finite = _finite(values)
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)


def percentile_cuts(
    values: NDArray[np.floating], percentage: float = 99.5, samples: int = 200_000
) -> tuple[float, float]:
    """The central `percentage` of the pixels, from an even sample of at most `samples`."""
    if not 0.0 < percentage <= 100.0:
        raise ValueError(f"a percentage lies in (0, 100], got {percentage}")
    finite = _even_sample(_finite(values), samples)
    if not finite.size:
        return 0.0, 1.0
    tail = (100.0 - percentage) / 2.0
    low, high = np.percentile(finite, [tail, 100.0 - tail])
    return float(low), float(high)


def zscale_cuts(
    values: NDArray[np.floating],
    contrast: float = 0.25,
    samples: int = 1000,
    rejection: float = 2.5,
    iterations: int = 5,
) -> tuple[float, float]:
    """Cuts around the median whose width follows the slope of the sorted pixels.

    Method of IRAF's `display` (zscale): a line is fitted to the sorted sample against its rank,
    outliers beyond `rejection` standard deviations are left out (with their neighbours within
    1 % of the sample), and the slope divided by `contrast` gives the cuts. Where more than half
    of the sample is rejected, the cuts are the extremes of the sample.
    """
    sample = np.sort(_even_sample(_finite(values), samples)).astype(np.float64)
    if not sample.size:
        return 0.0, 1.0
    lowest, highest = float(sample[0]), float(sample[-1])
    fit = _line_without_outliers(sample, rejection, iterations)
    if fit is None:
        return lowest, highest
    slope = fit / contrast
    middle = (sample.size - 1) // 2
    median = float(np.median(sample))
    low = max(lowest, median - middle * slope)
    high = min(highest, median + (sample.size - 1 - middle) * slope)
    return float(low), float(high)


def _line_without_outliers(
    sample: NDArray[np.float64], rejection: float, iterations: int
) -> float | None:
    """Slope of the sorted sample per rank, or None where too few points are left to fit."""
    rank = np.arange(sample.size, dtype=np.float64)
    good = np.ones(sample.size, dtype=bool)
    least = max(5, sample.size // 2)
    width = max(1, sample.size // 100)
    slope = 0.0
    for _ in range(iterations):
        if good.sum() < least:
            return None
        slope, offset = np.polyfit(rank[good], sample[good], 1)
        residual = sample - (slope * rank + offset)
        bad = np.abs(residual) > rejection * residual[good].std()
        grown = np.convolve(bad, np.ones(width), mode="same") > 0.5
        kept = good & ~grown
        if kept.sum() == good.sum():
            break
        good = kept
    return float(slope) if good.sum() >= least else None


def _finite(values: NDArray[np.floating]) -> NDArray[np.floating]:
    values = np.asarray(values)
    return values[np.isfinite(values)]


def _even_sample(values: NDArray[np.floating], samples: int) -> NDArray[np.floating]:
    if values.size <= samples:
        return values
    return values[np.linspace(0, values.size - 1, samples).astype(np.intp)]


def _log(fraction: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.log1p(LOG_SOFTENING * fraction) / np.float32(np.log1p(LOG_SOFTENING))


def _asinh(fraction: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.arcsinh(fraction / ASINH_SOFTENING) / np.float32(np.arcsinh(1 / ASINH_SOFTENING))


def _power(fraction: NDArray[np.float32]) -> NDArray[np.float32]:
    exponent = np.float32(np.log(POWER_BASE))
    return np.expm1(exponent * fraction) / np.float32(POWER_BASE - 1.0)


def _sinh(fraction: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.sinh(np.float32(SINH_STEEPNESS) * fraction) / np.float32(np.sinh(SINH_STEEPNESS))


_CURVES: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
    "linear": np.positive,
    "log": _log,
    "asinh": _asinh,
    "sqrt": np.sqrt,
    "square": np.square,
    "power": _power,
    "sinh": _sinh,
}
