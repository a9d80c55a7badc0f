"""Checks and remarks that all strain readers share."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged, Unsuitable

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 16.0, 262144.0
MERGER_BITS = ("DATA", "CBC_CAT1", "CBC_CAT2", "CBC_CAT3")  # what a search for mergers asks for
UNKNOWN_QUALITY = "data quality unknown: the file has no mask"
UNKNOWN_DETECTOR = "the file does not say which detector it is from"
MOST_LOOKED_AT = 1 << 19  # samples whose size is typical for all
LARGEST_STRAIN = 1e-12  # raw strain is below 1e-16; whitened or scaled series are far above


def require_timing(path: str, place: str, gps_start: float, spacing_s: float) -> float:
    """The sample rate in Hz; raises ``Damaged`` where start or spacing is impossible."""
    if not spacing_s > 0 or not LOWEST_RATE_HZ <= 1 / spacing_s <= HIGHEST_RATE_HZ:
        raise Damaged(
            path, place, f"a sample spacing of {spacing_s} s", "Get a complete copy of the file."
        )
    if not 0 < gps_start < 4e9:
        raise Damaged(
            path, place, f"a GPS start of {gps_start}", "Get a complete copy of the file."
        )
    rate_hz = 1 / spacing_s
    return float(round(rate_hz)) if abs(rate_hz - round(rate_hz)) < 1e-3 else rate_hz


def require_samples(path: str, place: str, samples: NDArray[np.float64]) -> None:
    """Raises where nothing is left to analyse, or where the numbers are no strain."""
    known = np.isfinite(samples)
    if not known.any():
        raise Unsuitable(
            path, place, "every sample is missing (NaN)", "Choose another stretch of time."
        )
    # Of a long series every n-th: the median of all would need three copies of it, and a second.
    step = max(samples.size // MOST_LOOKED_AT, 1)
    some = samples[::step][known[::step]]
    typical = float(np.median(np.abs(some if some.size else samples[known])))
    if typical > LARGEST_STRAIN:
        raise Unsuitable(
            path,
            place,
            f"samples of the order of {typical:.1g} are no raw strain (below 1e-16): the series "
            "is filtered, scaled or broken",
            "Take the raw strain from GWOSC.",
        )


def gap_notes(samples: NDArray[np.float64], sample_rate_hz: float) -> tuple[str, ...]:
    """A remark on samples that are missing."""
    missing_s = float(np.count_nonzero(~np.isfinite(samples))) / sample_rate_hz
    if not missing_s:
        return ()
    return (f"{missing_s:g} s of {samples.size / sample_rate_hz:g} s have no data (NaN)",)


def quality_notes(quality: NDArray[np.uint32] | None, names: tuple[str, ...]) -> tuple[str, ...]:
    """Remarks on seconds that fail what a search for mergers asks for."""
    if quality is None:
        return (UNKNOWN_QUALITY,)
    notes = []
    for bit, name in enumerate(names or MERGER_BITS):
        if name not in MERGER_BITS:
            continue
        failing = int(np.count_nonzero(~(quality >> np.uint32(bit)) & np.uint32(1)))
        if failing:
            notes.append(f"{name} fails in {failing} s of {quality.size}")
    return tuple(notes)


def detector_of(attributes: Mapping[str, str], option: str = "") -> str:
    """ "H1" from a channel name such as "H1:GWOSC-4KHZ_R1_STRAIN", or the analyst's own word."""
    if option:
        return option
    for value in attributes.values():
        prefix, colon, _ = value.partition(":")
        if colon and len(prefix) == 2 and prefix[0].isalpha() and prefix[1].isdigit():
            return prefix
    return ""


def even_spacing(times_s: NDArray[np.float64]) -> float | None:
    """The spacing of evenly sampled times, None where they are not even to a tenth of a sample."""
    if times_s.size < 2 or not np.all(np.isfinite(times_s)):
        return None
    spacing_s = float((times_s[-1] - times_s[0]) / (times_s.size - 1))
    if not spacing_s > 0 or not math.isfinite(spacing_s):
        return None
    even = times_s[0] + spacing_s * np.arange(times_s.size)
    return spacing_s if float(np.max(np.abs(times_s - even))) < 0.1 * spacing_s else None
