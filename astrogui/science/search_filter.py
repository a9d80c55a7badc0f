"""Matched filters of a whole bank over a stretch of strain: the loudest output in short bins.

The first, coarse stage of the search. Each waveform is tabulated at few frequencies and
interpolated; light binaries are filtered from 30 Hz on, so that they last seconds. Filters run in
blocks that overlap by more than a waveform lasts, so that memory does not grow with the stretch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science.matched_filter import Stretch, Templates
from astrogui.science.waveforms import phenom_d
from astrogui.science.whitening import WORKING_RATE_HZ

OUTPUT_RATE_HZ = 512.0  # of the filters; frequencies up to this above the lowest take part
BIN_S = 1 / 64
PER_BIN = round(OUTPUT_RATE_HZ * BIN_S)
AFTER_S = 0.25  # a waveform rings on after its merger
GROUP = 8  # waveforms handled at once
THREADS = 2


class Band(NamedTuple):
    """How templates up to a chirp mass are filtered."""

    heaviest: float  # chirp mass, solar masses
    lowest_hz: float
    block_s: float
    before_s: float  # no template of the band lasts longer


BANDS = (
    Band(8.0, 30.0, 64.0, 8.0),
    Band(20.0, 30.0, 32.0, 3.0),
    Band(np.inf, 20.0, 32.0, 3.0),
)
LONGEST_S = max(band.before_s for band in BANDS)


class Table(NamedTuple):
    """Amplitude and phase of a band's templates, at frequencies fine below and coarse above."""

    band: Band
    rows: NDArray[np.intp]  # of the bank
    frequency_hz: NDArray[np.float64]  # (k,)
    amplitude: NDArray[np.float32]  # (n, k) of strain x 1e21
    phase: NDArray[np.float64]


def tables(bank: Templates) -> tuple[Table, ...]:
    """The bank's waveforms, band by band; about ten megabytes for a thousand templates."""
    mass = np.exp(bank.log_chirp_mass)
    result, lightest = [], 0.0
    for band in BANDS:
        rows = np.flatnonzero((mass >= lightest) & (mass < band.heaviest))
        lightest = band.heaviest
        highest = band.lowest_hz + OUTPUT_RATE_HZ
        # Linear interpolation of the phase errs by phi'' h^2 / 8: 0.03 rad for the lightest.
        grid = np.concatenate([np.arange(band.lowest_hz, 100, 0.25), np.arange(100, highest + 1)])
        chosen = [column[rows] for column in bank]
        amplitude, phase = phenom_d(grid, mass[rows], chosen[1], chosen[2], chosen[2])
        result.append(Table(band, rows, grid, (amplitude * 1e21).astype(np.float32), phase))
    return tuple(result)


def loudest(
    stretches: Sequence[Stretch], bank: Sequence[Table], start: float, end: float
) -> list[NDArray[np.float32]]:
    """For each detector (templates, bins): the largest squared SNR in each bin from ``start``.

    Bins last 1/64 s; one whose time a detector has no data for holds what its filter rings.
    """
    bins = int(np.floor((end - start) / BIN_S + 1e-6))
    size = max(int(table.rows.max(initial=-1)) for table in bank) + 1
    result = [np.zeros((size, bins), np.float32) for _ in stretches]
    for table in bank:
        blocks = list(_blocks(stretches, table.band, start, bins))
        groups = [table.rows[first : first + GROUP] for first in range(0, table.rows.size, GROUP)]
        places = range(0, table.rows.size, GROUP)
        work = partial(_filter_group, table, stretches, blocks, result)
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(work, places, groups))
    return result


class _Block(NamedTuple):
    """Spectra of the detectors over one block, and which bins it answers."""

    spectra: list[NDArray[np.complex64]]
    skipped: int  # output bins at its start, which the next lower block answers
    first: int  # bin of the result
    bins: int


def _blocks(stretches: Sequence[Stretch], band: Band, start: float, bins: int) -> Iterator[_Block]:
    size = round(band.block_s * WORKING_RATE_HZ)
    skipped = round(band.before_s / BIN_S)
    low = round(band.lowest_hz * band.block_s)
    high = low + round(OUTPUT_RATE_HZ * band.block_s)
    usable = round((band.block_s - AFTER_S) / BIN_S) - skipped
    for first in range(0, bins, usable):
        gps = start + (first - skipped) * BIN_S
        spectra = [
            np.fft.rfft(piece(stretch, gps, size))[low:high].astype(np.complex64)
            for stretch in stretches
        ]
        yield _Block(spectra, skipped, first, min(usable, bins - first))


def _filter_group(
    table: Table,
    stretches: Sequence[Stretch],
    blocks: Sequence[_Block],
    result: Sequence[NDArray[np.float32]],
    place: int,
    rows: NDArray[np.intp],
) -> None:
    from scipy.fft import ifft

    band = table.band
    count = round(OUTPUT_RATE_HZ * band.block_s)
    frequency = band.lowest_hz + np.arange(count) / band.block_s
    waves = _waves(table, slice(place, place + rows.size), frequency)
    for number, stretch in enumerate(stretches):
        density = np.interp(frequency, stretch.psd.frequency_hz, stretch.psd.density)
        templates = waves * (1 / np.sqrt(density)).astype(np.float32)
        norm2 = np.sum(templates.real**2 + templates.imag**2, axis=1, keepdims=True)
        # Of the whole series' length, as the spectrum of the block is.
        size = band.block_s * WORKING_RATE_HZ
        templates *= (count * np.sqrt(2 / (size * norm2))).astype(np.float32)
        for block in blocks:
            output = ifft(block.spectra[number] * templates, axis=1, overwrite_x=True)
            power = output.real**2 + output.imag**2
            while power.shape[1] > count // PER_BIN:
                power = np.maximum(power[:, ::2], power[:, 1::2])
            kept = slice(block.skipped, block.skipped + block.bins)
            result[number][rows, block.first : block.first + block.bins] = power[:, kept]


def _waves(table: Table, chosen: slice, frequency: NDArray[np.float64]) -> NDArray[np.complex64]:
    """(n, k) conjugate waveforms at the frequencies of a block."""
    result = np.empty((table.amplitude[chosen].shape[0], frequency.size), np.complex64)
    for row, (amplitude, phase) in enumerate(
        zip(table.amplitude[chosen], table.phase[chosen], strict=True)
    ):
        angle = np.interp(frequency, table.frequency_hz, phase) / (2 * np.pi)
        angle32 = ((angle - np.rint(angle)) * (2 * np.pi)).astype(np.float32)
        size = np.interp(frequency, table.frequency_hz, amplitude).astype(np.float32)
        result[row].real = size * np.cos(angle32)
        result[row].imag = size * np.sin(angle32)
    return result


def piece(stretch: Stretch, gps: float, size: int) -> NDArray[np.float32]:
    """Whitened samples from a GPS time on, zero where there are none."""
    result = np.zeros(size, np.float32)
    first = round((gps - stretch.gps_start) * WORKING_RATE_HZ)
    low, high = max(first, 0), min(first + size, stretch.whitened.size)
    if high > low:
        result[low - first : high - first] = stretch.whitened[low:high]
    return result
