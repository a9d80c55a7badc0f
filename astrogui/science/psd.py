"""Power spectral density of detector noise, estimated from the stretch that is analysed itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Span = tuple[float, float]  # (from, to) in seconds after the first sample


class Psd(NamedTuple):
    """One-sided density at even steps of frequency from zero, and how many segments made it."""

    frequency_hz: NDArray[np.float64]  # (k,)
    density: NDArray[np.float64]  # (k,) squared unit per Hz
    segments: int


FEWEST_SEGMENTS = 6  # without what is left out


def segment_length_s(duration_s: float) -> float:
    """Length of Welch segments that leaves at least about a dozen of them."""
    if duration_s >= 28:
        return 4.0
    return 2.0 if duration_s >= 14 else 1.0


def welch_median(
    samples: NDArray[np.floating],
    sample_rate_hz: float,
    segment_s: float,
    left_out: Sequence[Span] = (),
) -> Psd:
    """Median of half-overlapping, Hann-windowed periodograms of (n,) finite samples.

    Segments that overlap a span of ``left_out`` are not used, unless fewer than six would remain.
    The median is divided by its expectation for independent segments; the window's power is in
    the density, so white noise of variance v has density 2 v / sample rate. Raises ``ValueError``
    where not even three segments fit.
    Source: Allen et al. 2012, PRD 85, 122006, appendix B.
    """
    length = round(segment_s * sample_rate_hz)
    starts = np.arange(0, samples.size - length + 1, length // 2)
    if starts.size < 3:
        raise ValueError(f"{samples.size / sample_rate_hz:g} s are too short for a noise estimate")
    starts = beside(starts, segment_s, sample_rate_hz, left_out)
    window = np.hanning(length + 1)[:-1]
    segments = np.stack([samples[start : start + length] for start in starts])
    segments = (segments - segments.mean(axis=1, keepdims=True)) * window
    power = np.abs(np.fft.rfft(segments, axis=1)) ** 2
    density = np.median(power, axis=0) / median_bias(starts.size)
    density *= 2 / (sample_rate_hz * np.sum(window**2))
    frequency = np.asarray(np.fft.rfftfreq(length, 1 / sample_rate_hz), np.float64)
    return Psd(frequency, density, int(starts.size))


def beside(
    starts: NDArray[np.intp], segment_s: float, sample_rate_hz: float, left_out: Sequence[Span]
) -> NDArray[np.intp]:
    """The first samples of those segments that overlap no span left out; all, were it under six."""
    begin = starts / sample_rate_hz
    clean = np.ones(starts.size, bool)
    for first, last in left_out:
        clean &= (begin + segment_s <= first) | (begin >= last)
    return starts[clean] if clean.sum() >= FEWEST_SEGMENTS else starts


SMOOTHED_BINS = 7
LINE_EXCESS = 2.5  # above the median of the neighbourhood, a bin is a spectral line
NEIGHBOURHOOD_HZ = 12.0


def smoothed(psd: Psd) -> Psd:
    """The density averaged over seven bins (in the logarithm), except at spectral lines.

    A median of a dozen periodograms scatters by 40 %, which costs 10 % of the signal-to-noise
    ratio and inflates whitened noise; the broad-band noise is smooth, the lines are not.
    """
    from scipy.ndimage import median_filter, uniform_filter1d

    step = psd.frequency_hz[1] - psd.frequency_hz[0]
    logarithm = np.log(np.maximum(psd.density, np.finfo(float).tiny))
    width = 2 * round(NEIGHBOURHOOD_HZ / step / 2) + 1
    local = median_filter(logarithm, width, mode="nearest")
    # Below 40 Hz the noise is steep: compare with the trend of the smoothed density itself.
    line = logarithm - local > np.log(LINE_EXCESS)
    line &= psd.frequency_hz > 32
    filled = np.where(line, local, logarithm)
    mean = uniform_filter1d(filled, SMOOTHED_BINS, mode="nearest")
    # The logarithm of a gamma variate of shape a lies 1 / (2 a) below that of its mean.
    mean += 1 / (2 * gamma_shape(psd.segments))
    near = line.copy()
    near[1:] |= line[:-1]
    near[:-1] |= line[1:]
    return psd._replace(density=np.exp(np.where(near, logarithm, mean)))


def gamma_shape(segments: int) -> float:
    """Shape of the gamma distribution that ``welch_median`` scatters by in one bin.

    Measured on white noise: 6.6 for 12 segments, 27 for 56.
    """
    return 0.5 * segments + 0.5


def median_bias(count: int) -> float:
    """Expectation of the median of ``count`` exponential variates of mean one.

    Source: Allen et al. 2012, PRD 85, 122006, eq. (B12).
    """
    odd = count - 1 if count % 2 == 0 else count
    terms = 1 / np.arange(1, odd + 1)
    return float(np.sum(terms[::2]) - np.sum(terms[1::2]))


def mean_inverse_amplitude(
    psd: Psd, centre_hz: NDArray[np.float64], width_hz: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean of density^(-1/2) over [centre - width/2, centre + width/2], (k,)."""
    inverse = 1 / np.sqrt(np.maximum(psd.density, np.finfo(float).tiny))
    step = np.diff(psd.frequency_hz)
    integral = np.concatenate([[0.0], np.cumsum(0.5 * (inverse[1:] + inverse[:-1]) * step)])
    above = np.interp(centre_hz + width_hz / 2, psd.frequency_hz, integral)
    below = np.interp(centre_hz - width_hz / 2, psd.frequency_hz, integral)
    return np.asarray((above - below) / width_hz)
