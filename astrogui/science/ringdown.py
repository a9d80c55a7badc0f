"""The ringing of a new black hole: one damped sinusoid fitted to strain after a start time.

Bayesian, in the time domain: the data before the start are cut away, so that nothing of the
inspiral is fitted, and the rest has the covariance that the measured noise gives evenly spaced
samples. Sources: Carullo, Del Pozzo & Veitch 2019, PRD 99, 123029; Isi & Farr 2021,
arXiv:2107.05609, section II.

Each detector has an amplitude and a phase of its own, marginalised analytically with a prior that
is flat in the two quadratures of its signal-to-noise ratio: then a mode that dies sooner is
preferred by the data alone, not by the many amplitudes that it may have. Frequency and damping
time have flat priors over the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science.psd import Psd
from astrogui.science.remnant import ringdown
from astrogui.science.waveform_models import Waveform
from astrogui.science.waveforms import phenom_d

Floats = NDArray[np.float64]

SOLAR_MASS_SECONDS = 4.925490947641267e-6
LENGTH_S = 0.1  # of data after the start
FREQUENCY_HZ = (40.0, 900.0)
DAMPING_S = (0.0004, 0.03)
COARSE = (100, 40)  # cells of frequency and damping time of a first look, even in logarithm
FINE = (120, 90)  # then, where the probability is
HIGHEST_SHARE = 0.45  # of the sample rate
KEPT = 1e-5  # of the highest probability, where the fine grid ends
PEAK_SPAN_S, PEAK_RATE_HZ, PEAK_LOWEST_HZ = 4.0, 8192.0, 12.0
SOUND_HZ = (20.0, 900.0)  # outside, the noise is taken to be at least as at these ends


# By the number of detectors, what the best mode in noise alone reaches in one start of twenty
# (60 trials each on simulated noise; 40 to 900 Hz).
LOUD_NOISE = {1: 4.0, 2: 4.4, 3: 4.9}


class Piece(NamedTuple):
    """Strain of one detector from the start on, with its noise."""

    samples: Floats  # (n,)
    inverse_covariance: Floats  # (n, n)
    rate_hz: float


class Ringdown(NamedTuple):
    """Probability over frequency and damping time on a grid."""

    frequency_hz: Floats  # (nf,) centres of even cells
    damping_s: Floats  # (nt,)
    probability: Floats  # (nt, nf) of the cells, summing to one
    snr: float  # of the best mode, all detectors together
    best: tuple[float, float]  # its frequency and damping time
    amplitudes: Floats  # (detectors, 2) of its cosine and sine in each detector

    def quantiles(self, levels: Sequence[float]) -> tuple[Floats, Floats]:
        """Frequency and damping time at these levels of probability."""
        return (
            _quantiles(self.frequency_hz, self.probability.sum(axis=0), levels),
            _quantiles(self.damping_s, self.probability.sum(axis=1), levels),
        )

    def share_at(self, frequency_hz: float, damping_s: float) -> float:
        """The smallest share of the probability whose region reaches a place; 1 off the grid."""
        column = _cell(self.frequency_hz, frequency_hz)
        row = _cell(self.damping_s, damping_s)
        if row is None or column is None:
            return 1.0
        return float(self.probability[self.probability >= self.probability[row, column]].sum())

    def remnant(self, levels: Sequence[float]) -> tuple[Floats, Floats]:
        """Quantiles of the mass in suns and of the spin that a Kerr black hole ringing so has.

        Modes that no Kerr black hole has (quality below that of one without spin) are left out.
        """
        frequency, damping = np.meshgrid(self.frequency_hz, self.damping_s)
        mass, spin = kerr_of(frequency, damping)
        known = np.isfinite(mass)
        weight = np.where(known, self.probability, 0.0)[known]
        if not weight.sum() > 0:
            return np.full(len(levels), np.nan), np.full(len(levels), np.nan)
        made = []
        for values in (mass[known], spin[known]):
            order = np.argsort(values)
            held = np.cumsum(weight[order]) - 0.5 * weight[order]
            made.append(np.interp(levels, held / weight.sum(), values[order]))
        return made[0], made[1]


def piece(samples: Floats, rate_hz: float, start_s: float, psd: Psd) -> Piece:
    """The data from ``start_s`` after the first sample on, for (n,) finite samples.

    ``psd`` is the one-sided density of these very samples. Raises ``ValueError`` where there is
    not as much data.
    """
    first = int(np.ceil(start_s * rate_hz - 1e-6))
    count = round(LENGTH_S * rate_hz)
    cut = samples[max(first, 0) : first + count]
    if first < 0 or cut.size < count or not np.isfinite(cut).all():
        raise ValueError(f"there are no {LENGTH_S:g} s of strain after the start of the ringdown")
    return Piece(np.asarray(cut, np.float64), inverse_covariance(psd, rate_hz, count), rate_hz)


def inverse_covariance(psd: Psd, rate_hz: float, count: int) -> Floats:
    """Of ``count`` successive samples of noise with a one-sided density up to half the rate."""
    from scipy.linalg import inv, toeplitz

    frequency = np.linspace(0, rate_hz / 2, round(rate_hz * 2) + 1)
    density = np.interp(frequency, psd.frequency_hz, psd.density)
    # Beyond these ends filters have taken the noise away, which no template may profit from.
    floor = np.interp(np.clip(frequency, *SOUND_HZ), psd.frequency_hz, psd.density)
    is_sound = (frequency > SOUND_HZ[0]) & (frequency < SOUND_HZ[1])
    density = np.where(is_sound, density, np.maximum(density, floor))
    covariance = np.fft.irfft(density)[:count] * rate_hz / 2
    return np.asarray(inv(toeplitz(covariance / covariance[0])) / covariance[0])


def fit(pieces: Sequence[Piece], frequency_hz: tuple[float, float] = FREQUENCY_HZ) -> Ringdown:
    """The mode in pieces that all begin at the same time after the merger's arrival.

    It is sought between the frequencies given. Raises ``ValueError`` where the sample rate is too
    low for them.
    """
    # Beyond half the sample rate the same samples would be another frequency's.
    highest = min(frequency_hz[1], *(HIGHEST_SHARE * each.rate_hz for each in pieces))
    if not highest > frequency_hz[0]:
        raise ValueError(f"the sample rate is too low for a mode above {frequency_hz[0]:.0f} Hz")
    coarse = (
        np.geomspace(frequency_hz[0], highest, COARSE[0]),
        np.geomspace(*DAMPING_S, COARSE[1]),
    )
    power = _power(pieces, *coarse)
    frequency, damping = (
        _even(values, power, axis, count)
        for values, axis, count in zip(coarse, (0, 1), FINE, strict=True)
    )
    power = _power(pieces, frequency, damping)
    probability = np.exp(0.5 * (power - power.max()))
    row, column = np.unravel_index(int(np.argmax(power)), power.shape)
    best = float(frequency[column]), float(damping[row])
    amplitudes = np.array([_amplitudes(each, *best) for each in pieces])
    return Ringdown(
        frequency,
        damping,
        probability / probability.sum(),
        float(np.sqrt(power.max())),
        best,
        amplitudes,
    )


def damped(
    time_s: Floats, frequency_hz: float, damping_s: float, cosine: float, sine: float
) -> Floats:
    """A damped sinusoid that begins at time zero."""
    after = np.maximum(time_s, 0.0)
    turn = 2 * np.pi * frequency_hz * after
    wave = np.exp(-after / damping_s) * (cosine * np.cos(turn) + sine * np.sin(turn))
    return np.where(time_s >= 0, wave, 0.0)


def kerr(mass_suns: Floats, spin: Floats) -> tuple[Floats, Floats]:
    """(frequency in Hz, damping time in s) of the l = m = 2 mode, by ``remnant.ringdown``."""
    mass_s = np.asarray(mass_suns) * SOLAR_MASS_SECONDS
    cycles, decay = ringdown(np.asarray(spin))
    return np.asarray(cycles / mass_s), np.asarray(mass_s / (2 * np.pi * decay))


def kerr_of(frequency_hz: Floats, damping_s: Floats) -> tuple[Floats, Floats]:
    """(mass in suns, spin) of the Kerr black hole that rings so; NaN where none does."""
    spins = np.linspace(0.0, 0.985, 400)
    cycles, decay = ringdown(spins)
    turns = cycles / decay / (2 * np.pi)  # frequency times damping time, rising with the spin
    product = np.asarray(frequency_hz) * np.asarray(damping_s)
    spin = np.interp(product, turns, spins)
    mass = np.interp(spin, spins, cycles) / np.asarray(frequency_hz) / SOLAR_MASS_SECONDS
    is_kerr = (product >= turns[0]) & (product <= turns[-1])
    return np.where(is_kerr, mass, np.nan), np.where(is_kerr, spin, np.nan)


def peak_s(chirp_mass: float, mass_ratio: float, spin: float, model: Waveform = phenom_d) -> float:
    """When h₊² + h×² of a merger peaks, in seconds after time zero of the waveform model.

    The zero of IMRPhenomD is where its phase is stationary at the loudest frequency of the merger:
    some ten total masses, 4 ms for 70 suns, after the peak from which ringdowns are counted.
    """
    size = round(PEAK_SPAN_S * PEAK_RATE_HZ)
    frequency = np.arange(size // 2) / PEAK_SPAN_S
    heard = frequency >= PEAK_LOWEST_HZ
    binary = (np.array([value]) for value in (chirp_mass, mass_ratio, spin, spin))
    amplitude, phase = model(frequency[heard], *binary)
    spectrum = np.zeros(size, complex)
    spectrum[: heard.size][heard] = amplitude[0] * np.exp(-1j * phase[0])
    place = int(np.argmax(np.abs(np.fft.ifft(spectrum))))
    return (place if place < size // 2 else place - size) / PEAK_RATE_HZ


def _power(pieces: Sequence[Piece], frequency_hz: Floats, damping_s: Floats) -> Floats:
    """(nt, nf) squared signal-to-noise ratio of the best amplitudes and phases."""
    power = np.zeros((damping_s.size, frequency_hz.size))
    for each in pieces:
        time = np.arange(each.samples.size) / each.rate_hz
        turn = 2 * np.pi * time[:, None] * frequency_hz
        waves = np.stack([np.cos(turn), np.sin(turn)])  # (2, n, nf)
        heard = each.inverse_covariance @ each.samples
        for row, damping in enumerate(damping_s):
            fall = np.exp(-time / damping)
            power[row] += _projected(waves * fall[:, None], each.inverse_covariance, heard)
    return power


def _projected(waves: Floats, inverse: Floats, heard: Floats) -> Floats:
    """(nf,) bᵀ M⁻¹ b for the two quadratures of each wave."""
    b0, b1 = np.einsum("n,qnf->qf", heard, waves)
    size, count = waves.shape[1:]
    turned = inverse @ waves.transpose(1, 0, 2).reshape(size, 2 * count)
    turned = turned.reshape(size, 2, count)
    m00 = np.einsum("nf,nf->f", waves[0], turned[:, 0])
    m01 = np.einsum("nf,nf->f", waves[0], turned[:, 1])
    m11 = np.einsum("nf,nf->f", waves[1], turned[:, 1])
    return np.asarray((m11 * b0**2 - 2 * m01 * b0 * b1 + m00 * b1**2) / (m00 * m11 - m01**2))


def _amplitudes(each: Piece, frequency_hz: float, damping_s: float) -> Floats:
    """(2,) of cosine and sine, least squares."""
    time = np.arange(each.samples.size) / each.rate_hz
    waves = np.stack(
        [damped(time, frequency_hz, damping_s, *pair) for pair in ((1.0, 0.0), (0.0, 1.0))]
    )
    weighed = waves @ each.inverse_covariance
    return np.asarray(np.linalg.solve(weighed @ waves.T, weighed @ each.samples))


def _even(values: Floats, power: Floats, axis: int, count: int) -> Floats:
    """Centres of even cells over the part of one axis where the probability is."""
    reached = np.exp(0.5 * (power - power.max())).max(axis=axis)
    held = np.flatnonzero(reached > KEPT)
    low, high = values[max(held[0] - 1, 0)], values[min(held[-1] + 1, values.size - 1)]
    edges = np.linspace(low, high, count + 1)
    return np.asarray(0.5 * (edges[1:] + edges[:-1]))


def _quantiles(values: Floats, mass: Floats, levels: Sequence[float]) -> Floats:
    step = values[1] - values[0]
    edges = np.append(values - 0.5 * step, values[-1] + 0.5 * step)
    return np.interp(levels, np.concatenate([[0.0], np.cumsum(mass)]) / mass.sum(), edges)


def _cell(centres: Floats, value: float) -> int | None:
    place = round((value - centres[0]) / (centres[1] - centres[0]))
    return place if 0 <= place < centres.size else None
