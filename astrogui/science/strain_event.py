"""One merger candidate from whitened strain to the network's features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science import binary_fit, multirate
from astrogui.science.binary_fit import RATIOS, Data, Fit
from astrogui.science.matched_filter import Stretch, Templates, on_grid
from astrogui.science.strain_features import Summary, summarise
from astrogui.science.waveforms import phenom_d

SLOTS = ("H1", "L1")  # detectors the network knows, in its order
TEMPLATES = 8  # from which the fits start
# From each template the walk over mass ratio begins here, with its spin changed so much.
STARTS = ((4, 0.0), (1, 0.0), (4, 0.35))
SHIFTS_S = np.arange(-40, 41) / 2048  # about the given times


class Event(NamedTuple):
    """What the analysis knows of a merger before the network is asked."""

    summary: Summary  # of one event
    gps: dict[str, float]  # of the best fit's merger at each detector
    best: Fit  # of one event, at the best mass ratio
    halvings: int  # how often windows were halved because the stretch is short


def measured(stretches: Mapping[str, Stretch], gps: Mapping[str, float], bank: Templates) -> Event:
    """Fit binaries to the strain about given arrival times, from a bank's best templates."""
    values = np.zeros((len(SLOTS), multirate.SIZE), np.complex64)
    gain = np.zeros((len(SLOTS), multirate.SIZE), np.float32)
    halvings = 0
    for name, stretch in stretches.items():
        slot = SLOTS.index(name)
        values[slot], gain[slot] = on_grid(stretch, gps[name])
        halvings = max(halvings, *multirate.thinning(gps[name] - stretch.gps_start))
    data = Data(values[None], gain[None])
    fits = _fits(data, bank)
    summary = summarise(data, fits)
    best = binary_fit.rows_of(fits[int(summary.best[0])], slice(0, 1))
    arrival = {
        name: gps[name] + float(best.time_s[0, SLOTS.index(name)])
        for name in stretches
        if gain[SLOTS.index(name)].any()
    }
    return Event(summary, arrival, best, halvings)


def _fits(data: Data, bank: Templates) -> list[Fit]:
    """The profile over mass ratio from several starts, the best of each ratio."""
    chosen, time_s = _best_templates(data, bank)
    rows = np.repeat(chosen, len(STARTS))
    count = len(rows)
    many = Data(np.repeat(data.values, count, axis=0), np.repeat(data.gain, count, axis=0))
    mass, spin = bank.log_chirp_mass[rows], bank.spin[rows]
    amplitude, phase = phenom_d(multirate.FREQUENCY_HZ, np.exp(mass), bank.ratio[rows], spin, spin)
    begin, change = (np.tile(column, len(chosen)) for column in zip(*STARTS, strict=True))
    fits = binary_fit.profile(
        many,
        phase,
        binary_fit.signal_weight(many, amplitude),
        mass,
        spin + change,
        np.repeat(time_s, len(STARTS), axis=0),
        begin,
    )
    attempts = [
        [binary_fit.rows_of(fit, slice(row, row + 1)) for fit in fits] for row in range(count)
    ]
    return binary_fit.best_of(attempts)


def _best_templates(data: Data, bank: Templates) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The loudest templates, the best of each mass ratio and spin among them, and their times.

    The times are (n, detectors), after the data's centre.
    """
    amplitude, phase = phenom_d(
        multirate.FREQUENCY_HZ, np.exp(bank.log_chirp_mass), bank.ratio, bank.spin, bank.spin
    )
    waves = (amplitude * np.exp(1j * phase)).astype(np.complex64)
    turn = np.exp(2j * np.pi * multirate.FREQUENCY_HZ[:, None] * SHIFTS_S).astype(np.complex64)
    total = np.zeros(len(waves))
    times = np.zeros((len(waves), len(SLOTS)))
    for slot in range(len(SLOTS)):
        gain = data.gain[0, slot]
        norm2 = np.abs(waves) ** 2 @ gain**2
        output = np.abs(waves @ ((gain * data.values[0, slot])[:, None] * turn)) ** 2
        total += output.max(axis=1) / np.maximum(norm2, np.finfo(np.float32).tiny)
        times[:, slot] = SHIFTS_S[output.argmax(axis=1)]
    order = np.argsort(-total)
    family = bank.ratio + 10 * bank.spin
    firsts = [int(order[family[order] == value][0]) for value in np.unique(family)]
    rest = [int(index) for index in order if index not in firsts]
    chosen = np.array([*firsts, *rest][:TEMPLATES])
    return chosen, times[chosen]


def ratio_of_best(event: Event) -> float:
    """The mass ratio, of those tried, whose fit is best."""
    return RATIOS[int(event.summary.best[0])]


def network_snr(summary: Summary) -> NDArray[np.float64]:
    """(n,) signal-to-noise ratio of the network at the best fit."""
    return np.asarray(np.sqrt(np.sum(summary.snr**2, axis=1)))
