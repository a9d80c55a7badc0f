"""Search of a stretch of strain for a merger: matched filters, coincidence, glitch veto."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science import multirate
from astrogui.science.detector_response import light_travel_s
from astrogui.science.multirate import FREQUENCY_HZ
from astrogui.science.psd import Psd, Span, segment_length_s, smoothed, welch_median
from astrogui.science.waveforms import phenom_d
from astrogui.science.whitening import (
    WORKING_RATE_HZ,
    conditioned,
    levelled,
    whiten,
    within_band,
)

BLOCK_S = 32.0  # searched at once
OVERLAP_S = 14.0  # what a block shares with the last: longer than any template
CLUSTER_S = 0.125  # triggers closer than this are one
EDGE_S = 0.5  # nothing is believed this close to a stretch's ends
TIMING_S = 0.004  # allowed beyond light travel between detectors
HIGHEST_HZ = 896.0
CHI_SQUARED_BANDS = 10
KEPT = 6  # candidates whose consistency is examined

Floats = NDArray[np.float64]


class Stretch(NamedTuple):
    """Whitened strain of one detector at 2048 Hz and the noise it was whitened by."""

    whitened: Floats
    gps_start: float
    psd: Psd  # of strain x 1e21

    @property
    def gps_end(self) -> float:
        return self.gps_start + self.whitened.size / WORKING_RATE_HZ


class Templates(NamedTuple):
    """The bank of the search, each (n,)."""

    log_chirp_mass: Floats
    ratio: Floats
    spin: Floats


class Candidate(NamedTuple):
    """A merger's time in each detector, the template that found it, and how well it fits."""

    gps: dict[str, float]
    template: int
    snr: dict[str, float]
    chi_squared: dict[str, float]  # reduced; 1 for a signal in Gaussian noise
    ranking: float  # network signal-to-noise ratio, each detector's re-weighted by chi-squared


def prepared(
    samples: Floats, sample_rate_hz: float, gps_start: float, left_out: tuple[Span, ...] = ()
) -> Stretch:
    """A finite stretch of raw strain, high-passed, resampled and whitened by its own noise.

    ``left_out`` are spans of GPS time without which the noise is estimated. Raises ``ValueError``
    where the stretch is too short or its rate unsuitable.
    """
    series = conditioned(samples, sample_rate_hz)
    spans = [(first - gps_start, last - gps_start) for first, last in left_out]
    segment_s = segment_length_s(series.size / WORKING_RATE_HZ)
    psd = smoothed(welch_median(series, WORKING_RATE_HZ, segment_s, spans))
    psd = levelled(series, WORKING_RATE_HZ, psd, spans)
    psd = within_band(psd, sample_rate_hz)
    return Stretch(whiten(series, WORKING_RATE_HZ, psd), gps_start, psd)


def ladder(gain: Floats, masses: tuple[float, float], ratio: float, spin: float) -> Floats:
    """ln chirp mass of templates between two chirp masses that lose at most 7 % between them.

    The metric is that of phase and amplitude with time and phase free, for detector noise of the
    given gain (536,). Source: Owen 1996, PRD 53, 6749, section III.
    """
    fine = np.linspace(np.log(masses[0]), np.log(masses[1]), 300)
    ratios, spins = np.full_like(fine, ratio), np.full_like(fine, spin)
    change = 1e-5
    amplitude, phase = phenom_d(FREQUENCY_HZ, np.exp(fine), ratios, spins, spins)
    other, shifted = phenom_d(FREQUENCY_HZ, np.exp(fine + change), ratios, spins, spins)
    shape, moved = (
        a * gain / np.linalg.norm(a * gain, axis=1, keepdims=True) for a in (amplitude, other)
    )
    weight = shape**2
    slope = (shifted - phase) / change
    offset = FREQUENCY_HZ - np.sum(weight * FREQUENCY_HZ, axis=1, keepdims=True)
    level = np.sum(weight * slope, axis=1, keepdims=True)
    tilt = np.sum(weight * offset * slope, axis=1) / np.sum(weight * offset**2, axis=1)
    residual = slope - level - tilt[:, None] * offset
    metric = 0.5 * np.sum(weight * residual**2, axis=1)
    metric += 0.5 * np.sum(((moved - shape) / change) ** 2, axis=1)
    speed = np.sqrt(metric / (4 * 0.07))
    steps = np.concatenate([[0], np.cumsum(0.5 * (speed[1:] + speed[:-1]) * np.diff(fine))])
    return np.interp(np.arange(np.ceil(steps[-1]) + 1), steps, fine)


def search(
    stretches: Mapping[str, Stretch], bank: Templates, within: Span | None = None
) -> Candidate:
    """The most convincing merger of a stretch, of time between the GPS times ``within``.

    Ranks clusters of triggers by the network's signal-to-noise ratio, then the loudest by the
    ratio re-weighted with the chi-squared of their power's distribution over frequency.
    Sources: Allen et al. 2012, PRD 85, 122006; Babak et al. 2013, PRD 87, 024033, eq. (17).
    """
    start = min(stretch.gps_start for stretch in stretches.values())
    end = max(stretch.gps_end for stretch in stretches.values())
    clusters = _Clusters(start, end, tuple(stretches))
    block = start
    while True:
        block_end = min(block + BLOCK_S, end)
        if within is None or (within[0] < block_end and within[1] > block):
            _search_block(stretches, bank, clusters, block)
        if block_end >= end:
            break
        block += BLOCK_S - OVERLAP_S
    for number, stretch in enumerate(stretches.values()):
        clusters.forbid_edges(number, stretch)
    loudest = clusters.loudest(within)
    candidates = [_examined(stretches, bank, clusters, index) for index in loudest]
    return max(candidates, key=lambda candidate: candidate.ranking)


class _Clusters:
    """The loudest coincidence in each eighth of a second."""

    def __init__(self, start: float, end: float, detectors: tuple[str, ...]) -> None:
        count = int(np.ceil((end - start) / CLUSTER_S)) + 1
        self.start, self.detectors = start, detectors
        self.power = np.zeros(count)
        self.template = np.zeros(count, np.intp)
        self.gps = np.zeros((count, len(detectors)))

    def take(self, first: int, template: int, power: Floats, gps: Floats) -> None:
        """Offer the loudest of consecutive clusters, from ``first``, found by one template."""
        part = slice(first, first + power.size)
        better = power > self.power[part]
        self.power[part][better] = power[better]
        self.template[part][better] = template
        self.gps[part][better] = gps[better]

    def forbid_edges(self, number: int, stretch: Stretch) -> None:
        """Nothing counts that a detector puts beside an end of its data."""
        for edge in (stretch.gps_start, stretch.gps_end):
            self.power[np.abs(self.gps[:, number] - edge) < EDGE_S] = 0

    def loudest(self, within: Span | None) -> list[int]:
        power = self.power.copy()
        if within is not None:
            centre = self.gps[:, 0]
            power[(centre < within[0]) | (centre > within[1])] = 0
        chosen: list[int] = []
        for _ in range(KEPT):
            index = int(np.argmax(power))
            if chosen and power[index] <= 0:
                break
            chosen.append(index)
            power[max(0, index - 2) : index + 3] = 0
        return chosen


def _search_block(
    stretches: Mapping[str, Stretch], bank: Templates, clusters: _Clusters, block: float
) -> None:
    """All templates against one block; the filters' output is kept at 1024 Hz."""
    from scipy.fft import ifft

    size = round(BLOCK_S * WORKING_RATE_HZ)
    low, high = round(multirate.LOWEST_HZ * BLOCK_S), round(HIGHEST_HZ * BLOCK_S)
    frequency = np.arange(low, high) / BLOCK_S
    spectra, inverses = [], []
    for stretch in stretches.values():
        spectra.append(np.fft.rfft(_piece(stretch, block, size))[low:high].astype(np.complex64))
        density = np.interp(frequency, stretch.psd.frequency_hz, stretch.psd.density)
        inverses.append((1 / np.sqrt(density)).astype(np.float32))
    per_cluster = round(CLUSTER_S * WORKING_RATE_HZ / 2)
    count = size // 2 // per_cluster
    first = round((block - clusters.start) / CLUSTER_S)
    count = min(count, clusters.power.size - first)
    detectors = clusters.detectors
    reach_s = light_travel_s(detectors[0], detectors[1]) + TIMING_S if len(detectors) > 1 else 0.0
    padded = np.zeros(size // 2, np.complex64)
    for number in range(bank.spin.size):
        one = slice(number, number + 1)
        amplitude, phase = phenom_d(
            frequency,
            np.exp(bank.log_chirp_mass[one]),
            bank.ratio[one],
            bank.spin[one],
            bank.spin[one],
        )
        wave = amplitude[0] * np.exp(1j * phase[0]) * 1e21
        powers = []
        for spectrum, inverse in zip(spectra, inverses, strict=True):
            template = (wave * inverse).astype(np.complex64)
            norm2 = float(np.sum(np.abs(template) ** 2))
            padded[low:high] = spectrum * template
            filtered = ifft(padded) * np.float32(size / 2 * np.sqrt(2 / (size * norm2)))
            powers.append(np.abs(filtered) ** 2)
        _offer(clusters, number, powers, block, first, count, per_cluster, reach_s)


def _offer(
    clusters: _Clusters,
    number: int,
    powers: list[NDArray[np.float32]],
    block: float,
    first: int,
    count: int,
    per_cluster: int,
    reach_s: float,
) -> None:
    """Reduce squared signal-to-noise series at 1024 Hz to their clusters' loudest coincidences."""
    from scipy.ndimage import maximum_filter1d

    rate = WORKING_RATE_HZ / 2
    total = powers[0]
    reach = round(reach_s * rate)
    if len(powers) > 1:
        total = total + maximum_filter1d(powers[1], 2 * reach + 1, mode="wrap")
    rows = total[: count * per_cluster].reshape(count, per_cluster)
    place = rows.argmax(axis=1) + per_cluster * np.arange(count)
    best = rows.max(axis=1).astype(np.float64)
    gps = np.empty((count, len(powers)))
    gps[:, 0] = block + place / rate
    for index in range(1, len(powers)):
        near = place[:, None] + np.arange(-reach, reach + 1)
        around = powers[index][near % powers[index].size]
        gps[:, index] = block + near[np.arange(count), around.argmax(axis=1)] / rate
    clusters.take(first, number, best, gps)


def _piece(stretch: Stretch, gps: float, size: int) -> Floats:
    """Whitened samples from a GPS time on, zero where there are none."""
    piece = np.zeros(size)
    first = round((gps - stretch.gps_start) * WORKING_RATE_HZ)
    low, high = max(first, 0), min(first + size, stretch.whitened.size)
    if high > low:
        piece[low - first : high - first] = stretch.whitened[low:high]
    return piece


def _examined(
    stretches: Mapping[str, Stretch], bank: Templates, clusters: _Clusters, index: int
) -> Candidate:
    template = int(clusters.template[index])
    gps, snr, chi_squared, ranking = {}, {}, {}, 0.0
    for number, (name, stretch) in enumerate(stretches.items()):
        gps[name] = float(clusters.gps[index, number])
        values, gain = on_grid(stretch, gps[name])
        binary = (bank.log_chirp_mass[template], bank.ratio[template], bank.spin[template])
        snr[name], chi_squared[name] = consistency(values, gain, *binary)
        ranking += reweighted(snr[name], chi_squared[name]) ** 2
    return Candidate(gps, template, snr, chi_squared, float(np.sqrt(ranking)))


def on_grid(stretch: Stretch, gps: float) -> tuple[NDArray[np.complex64], Floats]:
    """Values and gain (536,) of one detector about a merger at a GPS time; zero where no data."""
    centre = gps - stretch.gps_start
    left = stretch.gps_end - gps
    if centre < 1.0 or left < 0.1:
        return np.zeros(multirate.SIZE, np.complex64), np.zeros(multirate.SIZE)
    halvings = multirate.thinning(centre)
    values = multirate.project(stretch.whitened, WORKING_RATE_HZ, centre, halvings)
    return values, multirate.gain(stretch.psd) * multirate.share(halvings)


def consistency(
    values: NDArray[np.complex64], gain: Floats, log_chirp_mass: float, ratio: float, spin: float
) -> tuple[float, float]:
    """Signal-to-noise ratio (best over some ms) and reduced chi-squared of one template.

    The template's expected power is cut into bands of equal share, in each of which a signal has
    an equal part of the filter's output. Source: Allen 2005, PRD 71, 062001, eq. (1.10).
    """
    amplitude, phase = phenom_d(
        FREQUENCY_HZ,
        np.exp(np.array([log_chirp_mass])),
        np.array([ratio]),
        np.array([spin]),
        np.array([spin]),
    )
    template = gain * amplitude[0] * np.exp(-1j * phase[0])
    norm = np.linalg.norm(template)
    if norm == 0:
        return 0.0, 1.0
    times = np.arange(-8, 9) / 4096
    turn = np.exp(2j * np.pi * FREQUENCY_HZ[:, None] * times)
    products = values * template.conj() / norm
    outputs = products @ turn
    best = int(np.argmax(np.abs(outputs)))
    snr = float(np.abs(outputs[best]))
    below = np.cumsum(np.abs(template) ** 2) / norm**2
    band = np.minimum((below * CHI_SQUARED_BANDS).astype(int), CHI_SQUARED_BANDS - 1)
    parts = np.zeros(CHI_SQUARED_BANDS, complex)
    np.add.at(parts, band, products * turn[:, best])
    share = np.bincount(band, np.abs(template) ** 2, CHI_SQUARED_BANDS) / norm**2
    misfit = np.abs(parts - share * outputs[best]) ** 2 / np.maximum(share, 1e-3)
    return snr, float(np.sum(misfit) / (2 * CHI_SQUARED_BANDS - 2))


def reweighted(snr: float, chi_squared: float) -> float:
    """The signal-to-noise ratio, lowered where chi-squared says it is no signal.

    Source: Babak et al. 2013, PRD 87, 024033, eq. (17).
    """
    if chi_squared <= 1:
        return snr
    return float(snr / ((1 + chi_squared**3) / 2) ** (1 / 6))


def waveform_in_time(
    stretch: Stretch,
    gps: float,
    around_s: tuple[float, float],
    log_chirp_mass: float,
    ratio: float,
    spin: float,
    amplitude: complex,
) -> tuple[Floats, Floats]:
    """Whitened strain and whitened waveform (n,), from before to after a merger, at 2048 Hz.

    Both in units of the noise's standard deviation over the full band; ``amplitude`` is 1 / Mpc
    with the phase, as fitted on the multi-rate grid.
    """
    size = round(16 * WORKING_RATE_HZ)
    frequency = np.arange(1, size // 2) / 16.0
    inside = (frequency >= multirate.LOWEST_HZ) & (frequency < HIGHEST_HZ)
    wave = np.zeros(size // 2 + 1, complex)
    values, phase = phenom_d(
        frequency[inside],
        np.exp(np.array([log_chirp_mass])),
        np.array([ratio]),
        np.array([spin]),
        np.array([spin]),
    )
    density = np.interp(frequency[inside], stretch.psd.frequency_hz, stretch.psd.density)
    white = amplitude * values[0] * 1e21 * np.exp(-1j * phase[0])
    white /= np.sqrt(density * WORKING_RATE_HZ / 2)
    first = round((gps - around_s[0] - stretch.gps_start) * WORKING_RATE_HZ)
    begin_s = first / WORKING_RATE_HZ + stretch.gps_start - gps  # of the samples, after the merger
    wave[1:-1][inside] = white * np.exp(2j * np.pi * frequency[inside] * begin_s)
    count = round(sum(around_s) * WORKING_RATE_HZ)
    series = np.fft.irfft(wave, size)[:count] * WORKING_RATE_HZ
    return _piece(stretch, stretch.gps_start + first / WORKING_RATE_HZ, count), series
