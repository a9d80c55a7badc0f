"""One merger candidate from whitened strain to the network's features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
WALKS = 4  # of the starts, those that fit best, are followed over all mass ratios
SHIFTS_S = np.arange(-30, 31) / 1500  # about the given times


Waves = NDArray[np.complex64]


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
    found = fits(data, bank)
    summary = summarise(data, found)
    best = binary_fit.rows_of(found[int(summary.best[0])], slice(0, 1))
    arrival = {
        name: gps[name] + float(best.time_s[0, SLOTS.index(name)])
        for name in stretches
        if gain[SLOTS.index(name)].any()
    }
    return Event(summary, arrival, best, halvings)


def fits(data: Data, bank: Templates, waves: Waves | None = None) -> list[Fit]:
    """The profile over mass ratio of n events, walked outwards from the best of several starts.

    ``waves`` are the bank's, where they are at hand from other events. No event's fits depend on
    those beside it, but for rounding.
    """
    waves = waves_of(bank) if waves is None else waves
    chosen = np.stack([_best_templates(one, bank, waves) for one in _each(data)])  # (n, templates)
    count = chosen.shape[1] * len(STARTS)
    many = _copies(data, count)
    rows = chosen.ravel()
    mass, spin = bank.log_chirp_mass[rows], bank.spin[rows]
    amplitude, phase = (
        np.repeat(part, len(STARTS), axis=0)
        for part in phenom_d(multirate.FREQUENCY_HZ, np.exp(mass), bank.ratio[rows], spin, spin)
    )
    index, change = (np.tile(column, rows.size) for column in zip(*STARTS, strict=True))
    first = binary_fit.begin(
        many,
        phase,
        binary_fit.signal_weight(many, amplitude),
        np.repeat(mass, len(STARTS)),
        np.repeat(spin, len(STARTS)) + change,
        index,
    )
    order = np.argsort(-first.power.reshape(-1, count), axis=1)[:, :WALKS]
    kept = (order + count * np.arange(len(order))[:, None]).ravel()
    walked = binary_fit.outwards(
        _copies(data, WALKS), binary_fit.rows_of(first, kept), index[kept], 2
    )
    attempts = [
        [binary_fit.rows_of(fit, slice(number, None, WALKS)) for fit in walked]
        for number in range(WALKS)
    ]
    return binary_fit.profile_again(data, binary_fit.best_of(attempts))


def _each(data: Data) -> Iterator[Data]:
    """The events of ``data``, one by one."""
    for row in range(len(data.values)):
        yield Data(data.values[row : row + 1], data.gain[row : row + 1])


def _copies(data: Data, count: int) -> Data:
    return Data(np.repeat(data.values, count, axis=0), np.repeat(data.gain, count, axis=0))


def waves_of(bank: Templates) -> Waves:
    """(n, bins) conjugate waveforms of a bank at 1 Mpc."""
    amplitude, phase = phenom_d(
        multirate.FREQUENCY_HZ, np.exp(bank.log_chirp_mass), bank.ratio, bank.spin, bank.spin
    )
    return np.asarray(amplitude * np.exp(1j * phase), np.complex64)


def _best_templates(data: Data, bank: Templates, waves: Waves) -> NDArray[np.intp]:
    """The loudest templates, the best of each mass ratio and spin among them."""
    turn = np.exp(2j * np.pi * multirate.FREQUENCY_HZ[:, None] * SHIFTS_S).astype(np.complex64)
    total = np.zeros(len(waves))
    for slot in range(len(SLOTS)):
        gain = data.gain[0, slot]
        norm2 = np.abs(waves) ** 2 @ gain**2
        output = np.abs(waves @ ((gain * data.values[0, slot])[:, None] * turn)) ** 2
        total += output.max(axis=1) / np.maximum(norm2, np.finfo(np.float32).tiny)
    order = np.argsort(-total)
    family = bank.ratio + 10 * bank.spin
    firsts = [int(order[family[order] == value][0]) for value in np.unique(family)]
    rest = [int(index) for index in order if index not in firsts]
    return np.array([*firsts, *rest][:TEMPLATES])


def ratio_of_best(event: Event) -> float:
    """The mass ratio, of those tried, whose fit is best."""
    return RATIOS[int(event.summary.best[0])]


def network_snr(summary: Summary) -> NDArray[np.float64]:
    """(n,) signal-to-noise ratio of the network at the best fit."""
    return np.asarray(np.sqrt(np.sum(summary.snr**2, axis=1)))
