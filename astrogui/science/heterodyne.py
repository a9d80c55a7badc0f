"""The likelihood of many binaries at once, by sums taken relative to one good waveform.

Binaries that fit differ from a reference waveform by a factor that is smooth in frequency. So all
that the data say about them is kept as sums between some hundred knots of frequency, taken once for
each time shift; a waveform then costs its values at the knots.
Sources: Cornish 2010, arXiv 1007.4820; Zackay, Dai & Venumadhav 2018, arXiv 1806.08792. The factor
is taken as a cubic between knots, and the knots as dense as its phase may turn (eq. 12 there).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science.waveform_models import Waveform
from astrogui.science.waveforms import SOLAR_MASS_SECONDS, phenom_d, total_mass

KNOTS = 97
HIGHEST_MF = 0.195  # of the reference: beyond it there is no power left
PHASE_POWERS = (-5 / 3, -2 / 3, 1.0, 5 / 3, 7 / 3)
GRID_RATE_HZ = 4096.0
REACH_S = 0.1  # time shifts kept about each detector's centre
LATE_STEPS = 185  # in which waveforms are tried against the reference, about zero
LATE_MASSES = 80.0  # of the reference, in seconds: so much a waveform may be late

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]


class Data(NamedTuple):
    """What d detectors measured, divided by their noise.

    ``values`` and ``gain`` are such that the log likelihood of a strain h(f) is
    Re Σ conj(gain h) values - Σ |gain h|² / 2: both carry sqrt(4 Δf / S). Phases are counted from
    each detector's own centre, a GPS time near which the merger arrived.
    """

    detectors: tuple[str, ...]
    centre_gps: Floats  # (d,)
    frequency_hz: Floats  # (k,)
    values: Complexes  # (d, k)
    gain: Floats  # (d, k), zero where a detector does not count


class Binaries(NamedTuple):
    """n binaries with spins along the orbit, each (n,); masses in the detector frame."""

    chirp_mass: Floats
    mass_ratio: Floats
    spin_1: Floats
    spin_2: Floats

    def rows(self, chosen: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Binaries:
        return Binaries(*(field[chosen] for field in self))


class Sums(NamedTuple):
    """Everything the likelihood needs of the data; knots (m,), shifts (t,) in seconds."""

    detectors: tuple[str, ...]
    centre_gps: Floats  # (d,)
    knot_hz: Floats
    reference: Complexes  # (m,) waveform at 1 Mpc, face on, merging at time zero
    shift_s: Floats  # even steps
    linear: Complexes  # (d, m, t): Σ share_m conj(gain h_ref) values exp(2πi f shift)
    square: Floats  # (d, m): Σ share_m |gain h_ref|²
    late_s: Floats  # (l,) even steps
    alike: Complexes  # (m, l): Σ over detectors of share_m |gain h_ref|² exp(2πi f late)
    model: Waveform  # of the reference and of all that is compared with it


def recentred(data: Data, centre_gps: Floats) -> Data:
    """The same data with phases counted from other GPS times, (d,)."""
    turn = np.exp(2j * np.pi * data.frequency_hz * (centre_gps - data.centre_gps)[:, None])
    return data._replace(centre_gps=centre_gps, values=data.values * turn)


def waves(frequency_hz: Floats, binaries: Binaries, model: Waveform = phenom_d) -> Complexes:
    """(n, k) strain per hertz of face-on binaries at 1 Mpc, merging at time zero."""
    amplitude, phase = model(frequency_hz, *binaries)
    return np.asarray(amplitude * np.exp(-1j * phase))


def summed(
    data: Data,
    reference: Binaries,
    knots: int = KNOTS,
    reach_s: float = REACH_S,
    model: Waveform = phenom_d,
) -> Sums:
    """The sums about one reference binary."""
    total_s = float(total_mass(reference.chirp_mass, reference.mass_ratio)[0]) * SOLAR_MASS_SECONDS
    inside = data.frequency_hz <= HIGHEST_MF / total_s
    frequency = data.frequency_hz[inside]
    wave = waves(frequency, reference, model)[0]
    knot_hz = knots_hz(float(frequency[0]), float(frequency[-1]), knots)
    steps = round(reach_s * GRID_RATE_HZ)
    shift_s = np.arange(-steps, steps + 1) / GRID_RATE_HZ
    late_s = max(reach_s, LATE_MASSES * total_s) * np.linspace(-1, 1, LATE_STEPS)
    first, shares = _between_knots(knot_hz, frequency)
    signal = data.gain[:, inside] * wave
    product = signal.conj() * data.values[:, inside]
    power = np.abs(signal) ** 2
    linear = np.zeros((len(product), knots, shift_s.size), complex)
    square = np.zeros((len(product), knots))
    alike = np.zeros((knots, late_s.size), complex)
    for index in range(knots - 3):
        here = slice(*np.searchsorted(first, (index, index + 1)))
        turn = np.exp(2j * np.pi * frequency[here, None] * shift_s)
        back = np.exp(2j * np.pi * frequency[here, None] * late_s)
        for offset, share in enumerate(shares):
            linear[:, index + offset] += (product[:, here] * share[here]) @ turn
            square[:, index + offset] += power[:, here] @ share[here]
            alike[index + offset] += (power[:, here].sum(axis=0) * share[here]) @ back
    at_knots = waves(knot_hz, reference, model)[0]
    return Sums(
        data.detectors, data.centre_gps, knot_hz, at_knots, shift_s, linear, square, late_s, alike,
        model,
    )  # fmt: skip


def _between_knots(knot_hz: Floats, frequency_hz: Floats) -> tuple[NDArray[np.intp], list[Floats]]:
    """For each frequency the first of the four knots about it, and their shares (4 x (k,))."""
    cell = np.searchsorted(knot_hz, frequency_hz, side="right") - 2
    first = np.clip(cell, 0, knot_hz.size - 4)
    near = np.stack([knot_hz[first + offset] for offset in range(4)])
    shares = []
    for one in range(4):
        share = np.ones(frequency_hz.size)
        for other in range(4):
            if other != one:
                share *= (frequency_hz - near[other]) / (near[one] - near[other])
        shares.append(share)
    return first, shares


def knots_hz(low_hz: float, high_hz: float, count: int) -> Floats:
    """(count,) frequencies between which phases of any binary's kind differ by equal amounts."""
    frequency = np.geomspace(low_hz, high_hz, 4000)
    phase = np.zeros(frequency.size)
    for power in PHASE_POWERS:
        scale = high_hz if power > 0 else low_hz
        phase += np.sign(power) * (frequency / scale) ** power
    return np.interp(np.linspace(phase[0], phase[-1], count), phase, frequency)


def ratios(sums: Sums, binaries: Binaries) -> Complexes:
    """(n, m) waveforms over the reference at the knots."""
    return np.asarray(waves(sums.knot_hz, binaries, sums.model) / sums.reference)


def norms(sums: Sums, ratio: Complexes) -> Floats:
    """(n, d) squared optimal signal-to-noise ratio of each detector at 1 Mpc, face on."""
    return np.asarray((ratio.real**2 + ratio.imag**2) @ sums.square.T)


def delayed(sums: Sums, ratio: Complexes, late_s: Floats) -> Complexes:
    """Ratios of the same waveforms arriving later by so much, (n,)."""
    return np.asarray(ratio * np.exp(-2j * np.pi * late_s[:, None] * sums.knot_hz))


def at_shifts(sums: Sums, detector: int, shift_s: Floats) -> Complexes:
    """(m, j) columns of ``linear`` at any shifts (j,) within its grid, by cubic interpolation.

    Each knot's neighbourhood is narrow, so turned back by the knot's own frequency the sums vary
    slowly with time.
    """
    place = (shift_s - sums.shift_s[0]) * GRID_RATE_HZ
    first = np.clip(np.floor(place).astype(int) - 1, 0, sums.shift_s.size - 4)
    x = place - first
    weights = (
        -(x - 1) * (x - 2) * (x - 3) / 6,
        x * (x - 2) * (x - 3) / 2,
        -x * (x - 1) * (x - 3) / 2,
        x * (x - 1) * (x - 2) / 6,
    )
    result = np.zeros((sums.knot_hz.size, shift_s.size), complex)
    turn = np.exp(-2j * np.pi * sums.knot_hz / GRID_RATE_HZ)[:, None]
    for step, weight in enumerate(weights):
        result += sums.linear[detector][:, first + step] * (turn**step * weight)
    return np.asarray(result * np.exp(2j * np.pi * sums.knot_hz[:, None] * x / GRID_RATE_HZ))


def overlaps(ratio: Complexes, columns: Complexes) -> Complexes:
    """(n, j) Σ conj(gain h) values of waveforms (n, m) at the shifts of the columns (m, j)."""
    return np.asarray(ratio.conj() @ columns)


def exact(
    data: Data, binaries: Binaries, time_s: Floats, model: Waveform = phenom_d
) -> tuple[Complexes, Floats]:
    """The same overlaps and norms, (n, d), from all frequencies; times (n, d) after the centres.

    For checks, and for a few binaries: it costs hundreds of times more.
    """
    wave = waves(data.frequency_hz, binaries, model)
    turn = np.exp(-2j * np.pi * time_s[:, :, None] * data.frequency_hz)
    signal = data.gain * wave[:, None, :] * turn
    overlap = np.sum(signal.conj() * data.values, axis=-1)
    return np.asarray(overlap), np.sum(np.abs(signal) ** 2, axis=-1)


def own_times(sums: Sums, ratio: Complexes) -> Floats:
    """(n,) lateness at which each waveform, whatever its phase, is most like the reference.

    Everything about arrival times is to be told relative to it: a heavier binary merges at another
    time in the same data, and times held fixed would forbid it. The noise has no part in it, so it
    varies smoothly with masses and spins.
    """
    late = sums.late_s
    output = overlaps(ratio, sums.alike)
    power = output.real**2 + output.imag**2
    place = np.clip(np.argmax(power, axis=1), 1, late.size - 2)
    rows = np.arange(len(ratio))
    left, mid, right = (power[rows, place + step] for step in (-1, 0, 1))
    bend = np.minimum(left - 2 * mid + right, -1e-6 * (mid + 1e-100))
    offset = np.clip(0.5 * (left - right) / bend, -1, 1)
    return np.asarray(late[place] + offset * (late[1] - late[0]))
