"""A bank of waveforms for a search: placed so that no binary of a range lies far from all of them.

Matches are those of aligned-spin waveforms over phase and time of merger, in noise of a given
spectrum, on the multi-rate grid.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science.matched_filter import Templates
from astrogui.science.multirate import FREQUENCY_HZ
from astrogui.science.waveforms import component_masses, phenom_d

MASS = (5.0, 200.0)  # of either body, solar masses, detector frame
TOTAL_MASS = 300.0
MASS_RATIO = 0.125  # smallest
LARGEST_SPIN = 0.95
SHIFTS_S = np.arange(-28, 29) / 1400  # at which waveforms are compared
REACH = 0.3  # in ln chirp mass: light templates farther than this need not be compared
ALIKE = 0.25  # in ln chirp mass, over which prior and bank are compared
LIGHT = 20.0  # chirp mass up to which they are told apart so well

Floats = NDArray[np.float64]
Waves = NDArray[np.complex64]


class Binaries(NamedTuple):
    """Binaries with spins of their own, each (n,)."""

    log_chirp_mass: Floats
    ratio: Floats
    spin_1: Floats
    spin_2: Floats


def random_binaries(count: int, rng: np.random.Generator, low_mass_power: float = 0.0) -> Binaries:
    """Binaries of the search's range: uniform in ln masses, spins uniform in ±0.95.

    ``low_mass_power`` draws them more often where they are light, as mass to that power.
    """
    parts: list[NDArray[np.float64]] = []
    found = 0
    while found < count:
        mass = np.exp(rng.uniform(np.log(MASS[0]), np.log(MASS[1]), (4 * count, 2)))
        if low_mass_power:
            total = mass.sum(axis=1)
            mass = mass[rng.random(len(mass)) < (total / (2 * MASS[0])) ** -low_mass_power]
        heavy, light = mass.max(axis=1), mass.min(axis=1)
        inside = (heavy + light <= TOTAL_MASS) & (light >= MASS_RATIO * heavy)
        parts.append(np.stack([heavy[inside], light[inside]], axis=1))
        found += int(inside.sum())
    heavy, light = np.concatenate(parts)[:count].T
    chirp = (heavy * light) ** 0.6 / (heavy + light) ** 0.2
    spins = rng.uniform(-LARGEST_SPIN, LARGEST_SPIN, (2, count))
    return Binaries(np.log(chirp), light / heavy, spins[0], spins[1])


def prior_weights(bank: Templates) -> Floats:
    """(n,) how much of the range's binaries a template stands for: one on average.

    By chirp mass: light binaries, which filters tell apart best, have by far the most templates,
    and each of these stands for few.
    """
    return _weights(np.asarray(bank.log_chirp_mass, np.float64).tobytes())


@lru_cache(maxsize=4)
def _weights(masses: bytes) -> Floats:
    place = np.frombuffer(masses)
    log_mass = np.linspace(np.log(MASS[0]), np.log(MASS[1]), 400)
    heavy, light = np.exp(np.meshgrid(log_mass, log_mass))
    taken = (light <= heavy) & (heavy + light <= TOTAL_MASS) & (light >= MASS_RATIO * heavy)
    chirp = (heavy * light)[taken] ** 0.6 / (heavy + light)[taken] ** 0.2
    count, edges = np.histogram(np.log(chirp), 300)
    middle = 0.5 * (edges[1:] + edges[:-1])
    prior = _alike(place, middle) @ count
    weight = prior / _alike(place, place).sum(axis=1)
    return np.asarray(weight / weight.mean())


def _alike(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * ((one[:, None] - other) / ALIKE) ** 2))


def unit_waves(gain: Floats, binaries: Binaries) -> Waves:
    """(n, 536) whitened waveforms of norm one, for a detector's gain (536,) on the grid."""
    amplitude, phase = phenom_d(
        FREQUENCY_HZ,
        np.exp(binaries.log_chirp_mass),
        binaries.ratio,
        binaries.spin_1,
        binaries.spin_2,
    )
    wave = gain * amplitude
    wave /= np.linalg.norm(wave, axis=1, keepdims=True)
    return np.asarray(wave * np.exp(-1j * phase), np.complex64)


def overlaps(wave: Waves, others: Waves) -> NDArray[np.float32]:
    """(n, shifts) squared overlap of one waveform (536,) with others, at ``SHIFTS_S``."""
    turned = wave[:, None] * np.exp(2j * np.pi * FREQUENCY_HZ[:, None] * SHIFTS_S)
    overlap = others.conj() @ turned.astype(np.complex64)
    return np.asarray(overlap.real**2 + overlap.imag**2)


def nearest(wave: Waves, others: Waves) -> tuple[float, float, int]:
    """The best match over phase and time, the shift in seconds that gives it, and which it is."""
    found = overlaps(wave, others)
    row, shift = np.unravel_index(int(found.argmax()), found.shape)
    return float(np.sqrt(found[row, shift])), float(SHIFTS_S[shift]), int(row)


class Placing:
    """A bank that grows by those proposals that it does not cover yet (stochastic placement).

    Source: Harry, Allen and Sathyaprakash 2009, PRD 80, 104014.
    """

    def __init__(self, gain: Floats, minimal_match: float, largest: int = 20_000) -> None:
        self._gain, self._wanted = gain, minimal_match
        self._waves = np.empty((largest, FREQUENCY_HZ.size), np.complex64)
        self._mass = np.empty(largest)
        self._rest = np.empty((largest, 2))
        self.size = 0

    def propose(self, binaries: Binaries, waves: Waves | None = None) -> int:
        """Take those that are too far from every template; how many were taken."""
        waves = unit_waves(self._gain, binaries) if waves is None else waves
        before = self.size
        for row, mass in enumerate(binaries.log_chirp_mass):
            if self.best(waves[row], mass)[0] < self._wanted:
                self._waves[self.size], self._mass[self.size] = waves[row], mass
                self._rest[self.size] = binaries.ratio[row], binaries.spin_1[row]
                self.size += 1
        return self.size - before

    def best(self, wave: Waves, log_chirp_mass: float) -> tuple[float, int]:
        """The match of a waveform with its nearest template, and which that is."""
        reach = REACH if log_chirp_mass < np.log(LIGHT) else np.inf
        near = np.flatnonzero(np.abs(self._mass[: self.size] - log_chirp_mass) < reach)
        if not near.size:
            return 0.0, -1
        match, _, place = nearest(wave, self._waves[near])
        return match, int(near[place])

    def templates(self) -> Templates:
        """The bank, ordered by chirp mass."""
        order = np.argsort(self._mass[: self.size])
        ratio, spin = self._rest[: self.size][order].T
        return Templates(self._mass[: self.size][order], ratio.copy(), spin.copy())


def inside(log_chirp_mass: float, ratio: float) -> bool:
    """Whether a binary's masses lie in the search's range."""
    heavy, light = component_masses(np.exp(log_chirp_mass), ratio)
    return bool(light >= MASS[0] and heavy <= MASS[1] and heavy + light <= TOTAL_MASS)
