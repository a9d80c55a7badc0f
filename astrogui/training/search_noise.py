"""Simulated noise and mergers for the search: its thresholds, and what it loses of an ideal one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science import search_filter, search_fit, strain_search
from astrogui.science.detector_response import antenna, delay_s
from astrogui.science.matched_filter import Stretch, Templates
from astrogui.science.multirate import FREQUENCY_HZ
from astrogui.science.search_filter import Table
from astrogui.science.strain_search import Coarse, Series, plan
from astrogui.science.template_bank import Binaries, random_binaries
from astrogui.science.waveforms import phenom_d
from astrogui.science.whitening import WORKING_RATE_HZ
from astrogui.training.simulate_strain import PSD_GRID_HZ

START = 1_262_304_000.0  # GPS; nothing depends on it
LOWEST_HZ = 15.0  # of noise and of injected waveforms
DETECTORS: tuple[str, ...] = ("H1", "L1")
SHIFTS = 12  # of whole seconds, in a piece
LOUDNESS = (4.5, 25.0)  # optimal network SNR of injections, as uniform in volume
SPACING_S = 11.0  # between injections: more than the longest waveform
NEAR_S = 0.3  # of its merger, what counts as found

Floats = NDArray[np.float64]


class Counts(NamedTuple):
    """Statistics of candidates in noise, and for how long they were sought."""

    pair: Floats
    pair_s: float
    shifted: Floats
    shifted_s: float
    single: Floats
    single_s: float
    bank: Floats  # SNR by the plain matched filter, of pairs
    bank_shifted: Floats


class Injected(NamedTuple):
    """Injections, each (n,), and what the search made of them."""

    loudness: Floats  # optimal network SNR
    ideal: Floats  # network SNR by the injected waveform itself
    found: Floats  # the search's statistic within 0.3 s; 0 where there was none
    plain: Floats  # the same without chi-squared
    bank: Floats  # SNR by the plain matched filter: the bank's best waveform, nothing fitted
    chirp_mass: Floats
    error_s: Floats  # of the merger's time in the first detector


def coloured(curve: Floats, seconds: float, rng: np.random.Generator) -> Floats:
    """Gaussian noise at 2048 Hz of a log amplitude density on ``PSD_GRID_HZ``, strain x 1."""
    size = round(seconds * WORKING_RATE_HZ)
    frequency = np.fft.rfftfreq(size, 1 / WORKING_RATE_HZ)
    density = np.exp(np.interp(frequency, PSD_GRID_HZ, curve))
    density[frequency < LOWEST_HZ - 3] = 0
    spectrum = rng.standard_normal(frequency.size) + 1j * rng.standard_normal(frequency.size)
    return np.fft.irfft(spectrum * density * np.sqrt(size * WORKING_RATE_HZ / 4), size)


def noise(curves: Sequence[Floats], seconds: float, rng: np.random.Generator) -> dict[str, Series]:
    """H1 and L1, each with a noise curve of its own."""
    return {
        name: Series(
            coloured(curves[int(rng.integers(len(curves)))], seconds, rng), WORKING_RATE_HZ, START
        )
        for name in DETECTORS
    }


def count(network: Mapping[str, Series], bank: Templates, tables: Sequence[Table]) -> Counts:
    """Candidates of both detectors together, shifted, and of each alone, from one filtering."""
    pair: list[float] = []
    shifted: list[float] = []
    single: list[float] = []
    by_bank: tuple[list[float], list[float]] = [], []
    seconds = np.zeros(3)
    for start, end, names in plan(network):
        clean = {name: strain_search.cleaned(network[name], start, end) for name in names}
        stretches = [one.stretch for one in clean.values()]
        powers = search_filter.loudest(stretches, tables, start, end)
        for number, name in enumerate(names):
            one = Coarse({name: clean[name]}, bank, start, powers[number : number + 1])
            single += [found.fit.statistic for found in one.candidates(0)]
            seconds[2] += one.live_s
        both = Coarse(clean, bank, start, powers)
        pair += [found.fit.statistic for found in both.candidates(0)]
        statistics, live = both.background(SHIFTS)
        shifted += list(statistics)
        seconds[:2] += both.live_s, live
        for place in (0, *both.shifts(SHIFTS)):
            by_bank[bool(place)].extend(snr for _, snr in filtered(both, place, start))
    return Counts(
        np.array(pair), float(seconds[0]), np.array(shifted), float(seconds[1]),
        np.array(single), float(seconds[2]), np.array(by_bank[0]), np.array(by_bank[1]),
    )  # fmt: skip


def filtered(coarse: Coarse, shift: int, start: float) -> list[tuple[float, float]]:
    """GPS times and SNR of the plain matched filter, loudest first, none within a cluster's time.

    Both detectors' SNR in quadrature by one template, best over the bank and over times within
    light travel: what the search is compared with.
    """
    found = [
        (start + (place + 0.5) * search_filter.BIN_S, coarse.by_bank(place, shift))
        for place in coarse.loud(shift)
    ]
    kept: list[tuple[float, float]] = []
    for gps, snr in sorted(found, key=lambda one: -one[1]):
        if all(abs(gps - other) >= strain_search.CLUSTER_S for other, _ in kept):
            kept.append((gps, snr))
    return kept


def inject(
    network: Mapping[str, Series],
    bank: Templates,
    tables: Sequence[Table],
    rng: np.random.Generator,
    times: Sequence[float],
    loudness_of: Callable[[int, np.random.Generator], Floats] | None = None,
) -> Injected:
    """Mergers of the search's range added at GPS times, searched for, and filtered by themselves.

    Directions and orientations are isotropic, loudness by default as of sources uniform in
    volume, in the noise that the strain without them has.
    """
    quiet = _stretches(network)
    binaries = random_binaries(len(times), rng)
    series = {name: one.samples.copy() for name, one in network.items()}
    loudness = (loudness_of or as_in_volume)(len(times), rng)
    arrivals = []
    for row, gps in enumerate(times):
        binary = Binaries(*(column[row : row + 1] for column in binaries))
        signal = _signal(network, quiet, binary, float(loudness[row]), gps, rng)
        for name, (wave, _) in signal.items():
            series[name] += wave
        arrivals.append({name: arrival for name, (_, arrival) in signal.items()})
    filled = {name: one._replace(samples=series[name]) for name, one in network.items()}
    loud = _stretches(filled)
    ideal = [
        _ideal(loud, Binaries(*(column[row : row + 1] for column in binaries)), arrivals[row])
        for row in range(len(times))
    ]
    found, plain, by_bank, error = _searched(filled, bank, tables, arrivals)
    mass = np.exp(binaries.log_chirp_mass)
    return Injected(loudness, np.array(ideal), found, plain, by_bank, mass, error)


def summed(parts: Sequence[Counts]) -> Counts:
    """Several runs as one."""
    return Counts(
        np.concatenate([part.pair for part in parts]),
        float(sum(part.pair_s for part in parts)),
        np.concatenate([part.shifted for part in parts]),
        float(sum(part.shifted_s for part in parts)),
        np.concatenate([part.single for part in parts]),
        float(sum(part.single_s for part in parts)),
        np.concatenate([part.bank for part in parts]),
        np.concatenate([part.bank_shifted for part in parts]),
    )


def joined(parts: Sequence[Injected]) -> Injected:
    return Injected(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def times_within(start: float, end: float, before_s: float, rng: np.random.Generator) -> Floats:
    """GPS times ``SPACING_S`` apart, the first ``before_s`` after the start."""
    first = start + before_s + rng.uniform(0, 0.5)
    return np.arange(first, end - 1.5, SPACING_S)


def as_in_volume(size: int, rng: np.random.Generator) -> Floats:
    """Distributed as loudness^-4 between the bounds."""
    low, high = (bound**-3.0 for bound in LOUDNESS)
    return np.asarray(rng.uniform(high, low, size) ** (-1 / 3))


def _stretches(network: Mapping[str, Series]) -> dict[str, Stretch]:
    return {name: strain_search.cleaned(one, *one.runs[0]).stretch for name, one in network.items()}


def _signal(
    network: Mapping[str, Series],
    quiet: Mapping[str, Stretch],
    binary: Binaries,
    loudness: float,
    gps: float,
    rng: np.random.Generator,
) -> dict[str, tuple[Floats, float]]:
    """Strain (n,) of one merger in each detector, and its arrival there."""
    longitude, polarisation = rng.uniform(0, 2 * np.pi), rng.uniform(0, np.pi)
    declination, cosine = np.arcsin(rng.uniform(-1, 1)), rng.uniform(-1, 1)
    phase0 = rng.uniform(0, 2 * np.pi)
    amplitude, _ = phenom_d(FREQUENCY_HZ, np.exp(binary.log_chirp_mass), *binary[1:])
    responses, arrivals, power = {}, {}, 0.0
    sky = (np.array(longitude), np.array(declination))
    for name in network:
        plus, cross = antenna(name, *sky, np.array(polarisation))
        response = plus * (1 + cosine**2) / 2 - 1j * cross * cosine
        responses[name] = complex(response * np.exp(1j * phase0))
        arrivals[name] = gps + float(delay_s(name, *sky)) - float(delay_s("H1", *sky))
        gain = search_fit.about(quiet[name], gps).gain
        power += float(np.sum((gain * amplitude[0] * 1e21 * abs(responses[name])) ** 2))
    scale = loudness / np.sqrt(power)
    return {
        name: (
            _wave(one, binary, scale * responses[name], arrivals[name]),
            arrivals[name],
        )
        for name, one in network.items()
    }


def _wave(series: Series, binary: Binaries, size: complex, gps: float) -> Floats:
    count = series.samples.size
    frequency = np.fft.rfftfreq(count, 1 / series.sample_rate_hz)
    spectrum = np.zeros(frequency.size, complex)
    inside = (frequency >= LOWEST_HZ) & (frequency < 0.48 * series.sample_rate_hz)
    amplitude, phase = phenom_d(frequency[inside], np.exp(binary.log_chirp_mass), *binary[1:])
    turn = phase[0] + 2 * np.pi * frequency[inside] * (gps - series.gps_start)
    spectrum[inside] = size * amplitude[0] * np.exp(-1j * turn)
    # A waveform that began before the series would come round at its end.
    wave = np.fft.irfft(spectrum * series.sample_rate_hz, count)
    wave[min(count, round((gps + 0.5 - series.gps_start) * series.sample_rate_hz)) :] = 0
    return np.asarray(wave)


def _ideal(
    stretches: Mapping[str, Stretch], binary: Binaries, arrivals: Mapping[str, float]
) -> float:
    """Network SNR by the injected waveform, best over the times within 2 ms of the truth."""
    amplitude, phase = phenom_d(FREQUENCY_HZ, np.exp(binary.log_chirp_mass), *binary[1:])
    turn = np.exp(2j * np.pi * FREQUENCY_HZ[:, None] * np.arange(-4, 5) / 2048)
    power = 0.0
    for name, stretch in stretches.items():
        data = search_fit.about(stretch, arrivals[name])
        template = data.gain * amplitude[0] * 1e21 * np.exp(1j * phase[0])
        norm = np.linalg.norm(template)
        if norm > 0:
            power += float(np.max(np.abs((data.values * template / norm) @ turn)) ** 2)
    return float(np.sqrt(power))


def _searched(
    network: Mapping[str, Series],
    bank: Templates,
    tables: Sequence[Table],
    arrivals: Sequence[Mapping[str, float]],
) -> tuple[Floats, Floats, Floats, Floats]:
    candidates, by_bank = [], []
    for start, end, names in plan(network):
        clean = {name: strain_search.cleaned(network[name], start, end) for name in names}
        stretches = [one.stretch for one in clean.values()]
        coarse = Coarse(clean, bank, start, search_filter.loudest(stretches, tables, start, end))
        candidates += coarse.candidates(0)
        by_bank += filtered(coarse, 0, start)
    rows = []
    for arrival in arrivals:
        first = next(iter(arrival.values()))
        near = [one for one in candidates if abs(one.fit.gps[0] - first) < NEAR_S]
        plain = max((snr for gps, snr in by_bank if abs(gps - first) < NEAR_S), default=0.0)
        best = max(near, key=lambda one: one.fit.statistic, default=None)
        if best is None:
            rows.append((0.0, 0.0, plain, np.nan))
        else:
            snr = float(np.linalg.norm(best.fit.snr))
            rows.append((best.fit.statistic, snr, plain, best.fit.gps[0] - first))
    found, fitted, banked, error = np.array(rows).reshape(-1, 4).T
    return found, fitted, banked, error
