"""The Q transform: energy of whitened strain in tiles of constant quality factor.

A tile of central frequency f and quality Q is a bisquare window of half width f sqrt(11) / Q in
frequency. Of several Q the one with the loudest tile is shown, as searches for transients do.
Sources: Chatterji et al. 2004, CQG 21, S1809 (tiles); Robinet et al. 2020, SoftwareX 12, 100620
(planes of Q, mismatch).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Q_RANGE = (4.0, 64.0)
MISMATCH = 0.2  # largest loss of energy between neighbouring tiles


class Tile(NamedTuple):
    """The loudest tile of a stretch."""

    energy: float  # per mean energy of the noise
    q: float
    frequency_hz: float
    time_s: float  # after the first sample


def planes(q_range: tuple[float, float] = Q_RANGE, mismatch: float = MISMATCH) -> Floats:
    """The Q of each plane, even in the logarithm, so close that little energy is lost between.

    Source: Chatterji 2005, PhD thesis, MIT, eq. (5.64): steps of 2 sqrt(2 mismatch / 3) in ln Q.
    """
    low, high = q_range
    step = 2 * np.sqrt(mismatch / 3) * np.sqrt(2)
    count = max(int(np.ceil(np.log(high / low) / step)), 1)
    return np.asarray(low * (high / low) ** ((np.arange(count) + 0.5) / count))


def frequencies(
    q: float, low_hz: float, high_hz: float, mismatch: float = MISMATCH
) -> NDArray[np.float64]:
    """Central frequencies of one plane, even in the logarithm."""
    step = 2 * np.sqrt(mismatch / 3)
    count = int(np.ceil(np.log(high_hz / low_hz) * np.sqrt(2 + q**2) / 2 / step))
    return np.asarray(low_hz * (high_hz / low_hz) ** ((np.arange(count) + 0.5) / count))


def loudest(
    spectrum: NDArray[np.complex128],
    duration_s: float,
    between_s: tuple[float, float],
    low_hz: float,
    high_hz: float,
    q_range: tuple[float, float] = Q_RANGE,
) -> Tile:
    """The loudest tile of any plane whose centre lies between two times, of an ``rfft``."""
    best = Tile(-1.0, q_range[0], low_hz, 0.0)
    for q in planes(q_range):
        for frequency in frequencies(q, low_hz, reach_hz(q, high_hz)):
            energy = row(spectrum, duration_s, float(frequency), float(q))
            first = int(np.ceil(between_s[0] / duration_s * energy.size))
            end = int(between_s[1] / duration_s * energy.size) + 1
            part = energy[first:end]
            if not part.size:
                continue
            place = int(np.argmax(part))
            if part[place] > best.energy:
                time = (first + place) / energy.size * duration_s
                best = Tile(float(part[place]), float(q), float(frequency), time)
    return best


def reach_hz(q: float, high_hz: float) -> float:
    """The highest central frequency whose window stays below ``high_hz``."""
    return high_hz / (1 + np.sqrt(11.0) / q)


def row(
    spectrum: NDArray[np.complex128], duration_s: float, frequency_hz: float, q: float
) -> Floats:
    """Normalised energy over time of the tiles of one frequency: mean one in noise.

    (m,) even over the duration, m a power of two that samples the tiles at least fully.
    """
    half = frequency_hz * np.sqrt(11.0) / q
    low = max(int((frequency_hz - half) * duration_s), 1)
    high = min(int((frequency_hz + half) * duration_s) + 1, spectrum.size)
    offset = (np.arange(low, high) / duration_s - frequency_hz) / half
    window = np.maximum(1.0 - offset**2, 0.0) ** 2
    size = 1 << max(int(high - low - 1).bit_length(), 3)
    buffer = np.zeros(size, complex)
    buffer[: high - low] = spectrum[low:high] * window
    energy = np.abs(np.fft.ifft(buffer)) ** 2
    return np.asarray(energy / mean_of_noise(energy))


def mean_of_noise(energy: Floats) -> float:
    """The mean that exponentially distributed energy of this median has; loud tiles do not count.

    Of a long row a hundred thousand values are asked.
    """
    some = energy[:: max(energy.size // 100_000, 1)]
    known = some[some > 0]
    return max(float(np.median(known)) / np.log(2.0), 1e-300) if known.size else 1.0
