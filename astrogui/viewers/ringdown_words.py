"""What the ringdown view says above its plots: the mode that was found, and the one expected."""

from __future__ import annotations

from typing import Any

import numpy as np

from astrogui.science.ringdown import LOUD_NOISE
from astrogui.viewers.result_text import plain_value
from astrogui.viewers.ringdown_products import Expected, Rung

LEVELS = (0.05, 0.5, 0.95)


def fit_words(rung: Rung | None, detectors: int) -> str:
    """The fit to the strain of so many detectors, or why there is none; "" before it."""
    if rung is None:
        return ""
    found = rung.found
    if found is None:
        return f"No fit: {rung.words}."
    frequency, damping = found.quantiles(LEVELS)
    words = (
        f"One mode from {1e3 * rung.start_s:.1f} ms after the peak (90 %): frequency "
        f"{_value(frequency, 'Hz')}, damping time {_value(1e3 * damping, 'ms')}, "
        f"signal-to-noise ratio {found.snr:.1f}."
    )
    limit = LOUD_NOISE[detectors]
    if found.snr < limit:
        return words + f" Noise alone reaches {limit:g} once in twenty: no mode is heard."
    mass, spin = found.remnant(LEVELS)
    if np.isfinite(mass).all():
        words += (
            f" Of a Kerr black hole: mass {_value(mass, 'solMass')} (detector frame), "
            f"spin {_value(spin, '')}."
        )
    return words


def expected_words(expected: Expected | None, rung: Rung | None) -> str:
    """What the answer lets expect, and where in the fit it lies; "" without an answer."""
    if expected is None:
        return ""
    frequency, damping = expected.frequency_hz, expected.damping_ms
    words = f"Expected: {_value(frequency, 'Hz')}, {_value(damping, 'ms')}"
    found = rung.found if rung is not None else None
    if found is not None:
        share = found.share_at(frequency[1], 1e-3 * damping[1])
        where = f"inside the {100 * share:.0f} % region" if share < 0.995 else "outside 99 %"
        words += f", its median {where} of the fit"
    return f"{words}."


def _value(quantiles: Any, unit: str) -> str:
    low, middle, high = (float(value) for value in quantiles)
    return plain_value(middle, low, high, unit)
