"""Loud transients taken out of strain before it is filtered: zero there, with smooth edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astrogui.science.psd import Psd, Span, segment_length_s, smoothed, welch_median
from astrogui.science.whitening import WORKING_RATE_HZ, conditioned, whiten, within_band

LIMIT = 30.0  # standard deviations of whitened strain; a binary of SNR 100 reaches 18
HALF_WIDTH_S = 0.25  # of what is zero about a transient
TAPER_S = 0.25  # on either side of it
ROUNDS = 3  # a glitch may hide behind a louder one

Floats = NDArray[np.float64]


def gated(
    samples: Floats, sample_rate_hz: float, left_out: tuple[Span, ...] = ()
) -> tuple[Floats, Psd, tuple[Span, ...]]:
    """Strain (n,) without transients beyond ``LIMIT``, whitened, at 2048 Hz.

    Returns the whitened series, the noise that whitened it, and the gated spans in seconds after
    the first sample, tapers included. Raises ``ValueError`` where the strain is too short or its
    rate unsuitable.
    """
    series = conditioned(samples, sample_rate_hz)
    segment_s = segment_length_s(series.size / WORKING_RATE_HZ)
    spans: tuple[Span, ...] = ()
    for _ in range(ROUNDS):
        psd = smoothed(welch_median(series, WORKING_RATE_HZ, segment_s, (*left_out, *spans)))
        psd = within_band(psd, sample_rate_hz)
        whitened = whiten(series, WORKING_RATE_HZ, psd)
        found = transients(whitened)
        if not found:
            break
        spans = joined((*spans, *found))
        series = series * window(series.size, spans)
    return whitened, psd, spans


def transients(whitened: Floats) -> tuple[Span, ...]:
    """Spans, tapers included, about samples beyond ``LIMIT`` standard deviations."""
    # The whitened series has unit variance over the full band; a robust scale bears glitches.
    scale = np.median(np.abs(whitened)) / 0.6745
    if not scale > 0:
        return ()
    loud = np.flatnonzero(np.abs(whitened) > LIMIT * scale)
    reach = HALF_WIDTH_S + TAPER_S
    times = loud / WORKING_RATE_HZ
    return joined(tuple((float(t - reach), float(t + reach)) for t in times))


def joined(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Spans in order, those that overlap as one."""
    result: list[Span] = []
    for first, last in sorted(spans):
        if result and first <= result[-1][1]:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return tuple(result)


def window(size: int, spans: tuple[Span, ...]) -> Floats:
    """(n,) factors: zero inside the spans, one outside, cosines over their first and last part."""
    time = np.arange(size) / WORKING_RATE_HZ
    factor = np.ones(size)
    for first, last in spans:
        depth = np.minimum(time - first, last - time)
        inside = np.clip(depth / TAPER_S, 0, 1)
        factor = np.minimum(factor, 0.5 + 0.5 * np.cos(np.pi * inside))
    return factor
