"""Mergers in whitened noise as samples of strain, for networks that read those.

Masses and spins are Shen, Huerta et al.'s (arXiv 1903.01998): uniform, aligned, quasi-circular. The
waveform, the noise curves and the directions are those of ``simulate_strain``; noise is Gaussian.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science import remnant, strain_window
from astrogui.science.binary_fit import STRAIN_SCALE
from astrogui.science.matched_filter import Stretch
from astrogui.science.psd import Psd
from astrogui.science.strain_labels import MASS_1, MASS_2
from astrogui.science.waveforms import effective_spin, phenom_d
from astrogui.science.whitening import WORKING_RATE_HZ
from astrogui.training import simulate_strain, strain_population

LARGEST_SPIN = 0.8
LEAST_RATIO = 0.125  # to which the waveform is good
SHIFT_S = 0.02  # a search tells the merger's time to about this
DETECTORS = ("H1", "L1")
CURVES = 256  # noise curves of a set
LONG_S, LONG_BEFORE_S = 16.0, 14.0  # of whole stretches; of it before the merger
LEAD_S = strain_window.BEFORE_S + 0.5 * (strain_window.SPAN_S - 1.0)  # of a window's span
SEGMENTS = 56  # a noise density that is known well

Floats = NDArray[np.float64]


class Binaries(NamedTuple):
    """n binaries, each (n,); masses in solar masses, detector frame."""

    mass_1: Floats
    mass_2: Floats
    spin_1: Floats
    spin_2: Floats

    @property
    def chirp_mass(self) -> Floats:
        product, total = self.mass_1 * self.mass_2, self.mass_1 + self.mass_2
        return np.asarray(product**0.6 / total**0.2)

    def quantities(self) -> dict[str, Floats]:
        """What the networks are asked for, by column."""
        ratio = self.mass_2 / self.mass_1
        spin = remnant.final_spin(ratio, self.spin_1, self.spin_2)
        left = remnant.final_mass(self.mass_1 + self.mass_2, ratio, self.spin_1, self.spin_2)
        frequency, damping = remnant.ringdown_of(left, spin)
        return {
            "mass_1_det": self.mass_1,
            "mass_2_det": self.mass_2,
            "chirp_mass_det": self.chirp_mass,
            "chi_eff": effective_spin(ratio, self.spin_1, self.spin_2),
            "final_spin": spin,
            "f_220_det": frequency,
            "tau_220_det": damping,
        }


def binaries(count: int, rng: np.random.Generator) -> Binaries:
    """Uniform in both masses and spins, the heavier first, mass ratios from 1:8."""
    kept = np.empty((0, 2))
    while len(kept) < count:
        tried = np.stack([rng.uniform(*MASS_1, 4 * count), rng.uniform(*MASS_2, 4 * count)], axis=1)
        ratio = tried[:, 1] / tried[:, 0]
        kept = np.concatenate([kept, tried[(ratio <= 1) & (ratio >= LEAST_RATIO)]])
    spins = rng.uniform(-LARGEST_SPIN, LARGEST_SPIN, (2, count))
    return Binaries(kept[:count, 0], kept[:count, 1], spins[0], spins[1])


def noise_set(curves: Sequence[Floats], seed: int, count: int = CURVES) -> Floats:
    """(count, bins) log amplitude densities on the grid of ``simulate_strain``: those measured,
    tilted, scaled and with lines."""
    rng = np.random.default_rng(seed)
    drawn = (curves[int(rng.integers(len(curves)))] for _ in range(count))
    return np.stack([simulate_strain.varied(curve, rng) for curve in drawn])


def windows(
    given: Binaries, loudness: Floats, rng: np.random.Generator, noise: Floats
) -> NDArray[np.float32]:
    """(n, 1024, 2) whitened strain; optimal network signal-to-noise ratios (n,), 0 for noise."""
    size, frequency, band = _grid()
    chosen = rng.integers(len(noise), size=(len(loudness), 2))
    shape = _whitened(given, frequency[band], rng, noise, chosen, LEAD_S - 0.1)
    merger = LEAD_S + rng.uniform(-SHIFT_S, SHIFT_S, (len(loudness), 2, 1))
    turned = shape * np.exp(-2j * np.pi * frequency[band] * merger)
    return _in_noise(turned, band, loudness, size, rng)


def templates(given: Binaries, curve: Floats) -> NDArray[np.complex64]:
    """(n, 1024) both phases of each merger at its place in the window, of unit power there.

    Whitened by one log amplitude density: the product with a window of it is the matched filter's
    complex output.
    """
    size, frequency, band = _grid()
    zeros = np.zeros((len(given.mass_1), 1), np.intp)
    shape = _waves(given, frequency[band], curve[None], zeros, LEAD_S - 0.1)[:, 0]
    spectrum = np.zeros((len(shape), size), np.complex128)
    # Positive frequencies alone: the imaginary part is the same merger a quarter turn later.
    spectrum[:, : band.size][:, band] = shape * np.exp(-2j * np.pi * frequency[band] * LEAD_S)
    series = strain_window.middle(np.fft.ifft(spectrum, axis=1))
    power = np.sum(series.real**2 + series.imag**2, axis=1) / 2
    return np.asarray(series / np.sqrt(power)[:, None], np.complex64)


def _grid() -> tuple[int, Floats, NDArray[np.bool_]]:
    """Samples of a window's span, its frequencies, and which of them are in the band."""
    size = round(strain_window.SPAN_S * strain_window.RATE_HZ)
    frequency = np.arange(size // 2 + 1) / strain_window.SPAN_S
    return size, frequency, strain_window.in_band(frequency) > 0


def _in_noise(
    shape: NDArray[np.complex128],
    band: NDArray[np.bool_],
    loudness: Floats,
    size: int,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Spectra (n, 2, bins) of unit power as samples (n, 1024, 2) in noise of unit variance."""
    spectrum = np.zeros((*shape.shape[:2], band.size), np.complex128)
    # Of n samples: sum of squares is 2 / n times the sum over the positive frequencies.
    spectrum[..., band] = shape * loudness[:, None, None] * np.sqrt(size / 2)
    deviates = rng.standard_normal((*shape.shape, 2)) @ np.array([1, 1j])
    spectrum[..., band] += deviates * np.sqrt(size / 2)
    series = strain_window.middle(np.fft.irfft(spectrum, size))
    return np.asarray(series.transpose(0, 2, 1), np.float32)


def stretches(
    given: Binaries, loudness: Floats, rng: np.random.Generator, noise: Floats
) -> list[tuple[dict[str, Stretch], dict[str, float]]]:
    """The same mergers as whole whitened stretches of both detectors, with the arrival times.

    What our own analysis measures: 16 s at 2048 Hz with the noise curve they were whitened by.
    """
    size = round(LONG_S * WORKING_RATE_HZ)
    frequency = np.arange(size // 2 + 1) / LONG_S
    band = (frequency >= 18.0) & (frequency <= 900.0)
    made = []
    for row in range(len(loudness)):
        one = Binaries(*(values[row : row + 1] for values in given))
        chosen = rng.integers(len(noise), size=(1, 2))
        shape = _whitened(one, frequency[band], rng, noise, chosen, LONG_BEFORE_S)[0]
        arrival = LONG_BEFORE_S + rng.uniform(-0.005, 0.005, 2)
        pair = {}
        for slot, name in enumerate(DETECTORS):
            spectrum = np.zeros(frequency.size, np.complex128)
            turn = np.exp(-2j * np.pi * frequency[band] * arrival[slot])
            spectrum[band] = shape[slot] * turn * loudness[row] * np.sqrt(size / 2)
            series = np.fft.irfft(spectrum, size) + rng.standard_normal(size)
            density = np.exp(2 * noise[chosen[0, slot]]) * STRAIN_SCALE**2
            psd = Psd(simulate_strain.PSD_GRID_HZ, density, SEGMENTS)
            pair[name] = Stretch(series, 0.0, psd)
        made.append((pair, dict(zip(DETECTORS, arrival.tolist(), strict=True))))
    return made


def _whitened(
    given: Binaries,
    frequency_hz: Floats,
    rng: np.random.Generator,
    noise: Floats,
    chosen: NDArray[np.intp],
    before_s: float,
) -> NDArray[np.complex128]:
    """(n, 2, bins) whitened spectra of both detectors, unit power together, merger at time zero."""
    values = _waves(given, frequency_hz, noise, chosen, before_s)
    norm = np.sqrt(np.sum(np.abs(values) ** 2, axis=2))
    response, _, _ = strain_population.skies(len(values), rng, norm)
    values = values * response[..., None]
    power = np.sum(np.abs(values) ** 2, axis=(1, 2))
    return np.asarray(values / np.sqrt(power)[:, None, None])


def _waves(
    given: Binaries,
    frequency_hz: Floats,
    noise: Floats,
    chosen: NDArray[np.intp],
    before_s: float,
) -> NDArray[np.complex128]:
    """(n, detectors, bins) overhead mergers whitened by the chosen noise curves (n, detectors).

    What a signal did earlier than ``before_s`` is left out.
    """
    ratio = given.mass_2 / given.mass_1
    amplitude, phase = phenom_d(frequency_hz, given.chirp_mass, ratio, given.spin_1, given.spin_2)
    left = strain_population.time_left(given.chirp_mass, frequency_hz)
    wave = amplitude * np.clip(5 * (before_s - left), 0, 1) * np.exp(-1j * phase)
    place = (frequency_hz - simulate_strain.PSD_GRID_HZ[0]) / simulate_strain.PSD_STEP_HZ
    nearest = np.minimum(np.rint(place).astype(np.intp), noise.shape[1] - 1)
    curve = noise[:, nearest][chosen]
    return np.asarray(wave[:, None, :] * np.exp(curve.min() - curve))
