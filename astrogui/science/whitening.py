"""From raw strain to a series whose noise is white: resampled, high-passed, divided by its ASD."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astrogui.science.psd import Psd, Span, beside

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

WORKING_RATE_HZ = 2048.0
HIGH_PASS_HZ = 13.0
PASS_HZ = (18.0, 960.0)  # outside, the whitened series is turned down to zero
TAPER_S = 0.25
LEVEL_SEGMENT_S = 1.0  # of whitened noise, whose power is compared with one
LEVEL_BINS = 9  # of such a segment, over which its power is averaged
LEVEL_MEDIAN = 0.93  # median of such averages over their mean: white noise, 6 to 30 s
LEVEL_HZ = (19.0, 940.0)  # where the whitened series is not turned down
RATES_HZ = (1024.0, 16384.0)  # of strain that is taken
LARGEST_FACTOR = 2048  # by which a series is stretched or thinned


def contiguous_stretches(samples: NDArray[np.floating]) -> list[tuple[int, int]]:
    """(first, end) of each run of finite samples, so that nothing is filtered across a gap."""
    finite = np.isfinite(samples)
    edges = (np.flatnonzero(finite[1:] != finite[:-1]) + 1).tolist()
    if finite[:1].any():
        edges.insert(0, 0)
    if finite[-1:].any():
        edges.append(finite.size)
    return list(zip(edges[::2], edges[1::2], strict=True))


def conditioned(samples: NDArray[np.floating], sample_rate_hz: float) -> NDArray[np.float64]:
    """Strain x 1e21 at 2048 Hz, free of what lies below 13 Hz, for (n,) finite samples.

    Resampled by a polyphase filter that removes what would alias; sample 0 keeps its time. What a
    series of a lower rate cannot hold is missing: see ``highest_hz``. Raises ``ValueError`` for a
    rate outside 1024-16384 Hz.
    """
    from scipy.signal import butter, sosfiltfilt

    lowest, highest = RATES_HZ
    if not lowest <= sample_rate_hz <= highest:
        raise ValueError(
            f"a sample rate of {sample_rate_hz:g} Hz is not within {lowest:g}-{highest:g} Hz"
        )
    high_pass = butter(8, HIGH_PASS_HZ, "highpass", fs=sample_rate_hz, output="sos")
    scaled = np.asarray(samples, np.float64) * 1e21
    taper_ends(scaled, round(TAPER_S * sample_rate_hz))
    filtered = sosfiltfilt(high_pass, scaled, padlen=min(scaled.size - 1, 3 * 1024))
    return resampled(filtered, sample_rate_hz)


def resampled(samples: NDArray[np.float64], sample_rate_hz: float) -> NDArray[np.float64]:
    """A series (n,) at 2048 Hz; sample 0 keeps its time.

    Raises ``ValueError`` where the two rates have no simple ratio.
    """
    from scipy.signal import resample_poly

    ratio = rate_ratio(sample_rate_hz)
    if ratio == 1:
        return np.asarray(samples)
    return np.asarray(resample_poly(samples, ratio.numerator, ratio.denominator))


def rate_ratio(sample_rate_hz: float) -> Fraction:
    """The working rate over another; raises ``ValueError`` where that is no simple ratio."""
    from fractions import Fraction

    ratio = Fraction(WORKING_RATE_HZ / sample_rate_hz).limit_denominator(LARGEST_FACTOR)
    if abs(float(ratio) * sample_rate_hz / WORKING_RATE_HZ - 1) > 1e-9:
        raise ValueError(
            f"a sample rate of {sample_rate_hz:g} Hz has no simple ratio to {WORKING_RATE_HZ:g} Hz"
        )
    return ratio


def highest_hz(sample_rate_hz: float) -> float:
    """The highest frequency at which a series of this rate still holds all of the strain."""
    return 0.45 * sample_rate_hz


def within_band(psd: Psd, sample_rate_hz: float) -> Psd:
    """The density, made so high beyond what a series of a lower rate holds that it counts not."""
    if highest_hz(sample_rate_hz) >= PASS_HZ[1] - 50:
        return psd
    beyond = psd.frequency_hz > highest_hz(sample_rate_hz)
    level = float(np.median(psd.density[~beyond]))
    return psd._replace(density=np.where(beyond, 1e12 * level, psd.density))


def taper_ends(samples: NDArray[np.float64], length: int) -> None:
    """Bring both ends to zero, in place, by half a period of a cosine."""
    length = min(length, samples.size // 2)
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)
    samples[:length] *= ramp
    samples[samples.size - length :] *= ramp[::-1]


def whiten(samples: NDArray[np.float64], sample_rate_hz: float, psd: Psd) -> NDArray[np.float64]:
    """(n,) samples divided by the amplitude spectral density: unit variance for full-band noise.

    Between 18 and 960 Hz the one-sided density of the result is 2 / sample rate.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    size = next_fast_len(samples.size + round(sample_rate_hz), real=True)
    frequency = np.asarray(np.fft.rfftfreq(size, 1 / sample_rate_hz), np.float64)
    inverse = whitening_gain(frequency, sample_rate_hz, psd)
    padded = np.array(samples)
    taper_ends(padded, round(TAPER_S * sample_rate_hz))
    return np.asarray(irfft(rfft(padded, size) * inverse, size)[: samples.size])


def levelled(
    samples: NDArray[np.float64],
    sample_rate_hz: float,
    psd: Psd,
    left_out: Sequence[Span] = (),
) -> Psd:
    """The density scaled, in bands of 9 Hz, so that what it whitens has the power of white noise.

    Short segments smear spectral lines over their neighbourhood: a density measured by them is too
    high beside lines (real strain of 10 s: by 12 % from 35 to 60 Hz), and answers that trust it
    are too wide. The median over segments of the whitened samples (n,) bears a glitch; segments
    that overlap a span of ``left_out`` are not used, unless fewer than six would remain.
    """
    from scipy.ndimage import uniform_filter1d

    whitened = whiten(samples, sample_rate_hz, psd)
    length, edge = round(LEVEL_SEGMENT_S * sample_rate_hz), round(TAPER_S * sample_rate_hz)
    starts = np.arange(edge, whitened.size - edge - length + 1, length // 2)
    starts = beside(starts, LEVEL_SEGMENT_S, sample_rate_hz, left_out)
    window = np.hanning(length + 1)[:-1]
    segments = np.stack([whitened[start : start + length] for start in starts]) * window
    power = np.abs(np.fft.rfft(segments, axis=1)) ** 2 / np.sum(window**2)
    frequency = np.fft.rfftfreq(length, 1 / sample_rate_hz)
    held = (frequency >= LEVEL_HZ[0]) & (frequency <= LEVEL_HZ[1])
    mean = uniform_filter1d(power[:, held], LEVEL_BINS, axis=1, mode="nearest")
    level = np.median(mean, axis=0) / LEVEL_MEDIAN
    return psd._replace(density=psd.density * np.interp(psd.frequency_hz, frequency[held], level))


def whitening_gain(
    frequency_hz: NDArray[np.float64], sample_rate_hz: float, psd: Psd
) -> NDArray[np.float64]:
    """What ``whiten`` multiplies each frequency by: inverse amplitude density within 18-960 Hz."""
    inverse = np.interp(frequency_hz, psd.frequency_hz, 1 / np.sqrt(np.maximum(psd.density, 1e-60)))
    return np.asarray(inverse * (np.sqrt(2 / sample_rate_hz) * _pass(frequency_hz)))


def _pass(frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = PASS_HZ
    rise = np.clip((frequency_hz - (low - 3)) / 3, 0, 1)
    fall = np.clip((high + 30 - frequency_hz) / 30, 0, 1)
    return np.asarray(np.sin(0.5 * np.pi * rise) ** 2 * np.sin(0.5 * np.pi * fall) ** 2)
