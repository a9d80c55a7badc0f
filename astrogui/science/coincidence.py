"""How far one detector's strain lags behind another's: the shift of a quick-look comparison."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Alignment(NamedTuple):
    """Shift ``other`` later by ``shift_s``, and turn it over if ``flip``, to lie on ``one``."""

    shift_s: float
    flip: bool
    correlation: float  # normalised, signed, at that shift


def best_shift(
    one: NDArray[np.floating],
    other: NDArray[np.floating],
    sample_rate_hz: float,
    limit_s: float,
    start_difference_s: float = 0.0,
) -> Alignment:
    """The shift within ``limit_s`` at which two series agree, or disagree, most.

    NaN counts as nothing. ``start_difference_s`` is the first sample of ``other`` after that of
    ``one``. Between samples the peak is that of a parabola. Raises ``ValueError`` for series
    without values.
    """
    a, b = (np.nan_to_num(np.asarray(series, np.float64)) for series in (one, other))
    power = np.sqrt(np.sum(a**2) * np.sum(b**2))
    if not power > 0:
        raise ValueError("one of the two detectors has no data here")
    size = 1 << int(a.size + b.size - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    # b moved later by its lag lies on a; as time, the starts are part of the move.
    lags = np.arange(
        int(np.ceil((start_difference_s - limit_s) * sample_rate_hz)),
        int(np.floor((start_difference_s + limit_s) * sample_rate_hz)) + 1,
    )
    values = product[lags % size] / power
    place = int(np.argmax(np.abs(values)))
    step = 0.0
    if 0 < place < values.size - 1:
        left, mid, right = np.abs(values[place - 1 : place + 2])
        bend = left - 2 * mid + right
        step = float(0.5 * (left - right) / bend) if bend < 0 else 0.0
    shift = (lags[place] + step) / sample_rate_hz - start_difference_s
    return Alignment(float(shift), bool(values[place] < 0), float(values[place]))
