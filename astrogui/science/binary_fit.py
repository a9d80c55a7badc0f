"""Best-fitting binaries at fixed mass ratios: what one event's strain says, in a few numbers.

For each of seven mass ratios the likelihood is maximised over chirp mass, one aligned spin common
to both bodies, and each detector's own amplitude, phase and time (Gaussian noise, multi-rate
grid). Heights, places and curvatures of these maxima are nearly sufficient for masses and spins,
whatever the detectors' noise curves were, so a small network can turn them into a posterior.
Levenberg-Marquardt steps run on all events at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science.multirate import FREQUENCY_HZ
from astrogui.science.waveforms import phenom_d

RATIOS = (0.125, 0.19, 0.29, 0.43, 0.62, 0.82, 1.0)
SPIN_LIMIT = 0.97
SPIN_SCALE = 0.5  # of the penalty (spin / scale)² that keeps unconstrained spins near zero
STRAIN_SCALE = 1e21  # strain is in units of 1e-21
MASS_LIMITS = (3.0, 400.0)  # chirp mass, solar masses
SETTLED = 0.01  # a step that gains less in squared signal-to-noise ratio is the last

TIME_GRID_S = np.arange(-60, 61) / 3000
_TIME_TURNS = np.exp(2j * np.pi * FREQUENCY_HZ[:, None] * TIME_GRID_S).astype(np.complex64)
_TIME_SLOPE = (-2j * np.pi * FREQUENCY_HZ).astype(np.complex64)

Floats = NDArray[np.float64]
Rows = NDArray[np.intp] | NDArray[np.bool_] | slice


class Data(NamedTuple):
    """n events of up to two detectors on the multi-rate grid."""

    values: NDArray[np.complex64]  # (n, detectors, bins), noise of unit variance
    gain: NDArray[np.float32]  # (n, detectors, bins), zero where there are no data


class Fit(NamedTuple):
    """The best binary of each event at its given mass ratio."""

    log_chirp_mass: Floats  # (n,)
    spin: Floats  # (n,)
    time_s: Floats  # (n, detectors) of the merger, after the data's centre
    amplitude: NDArray[np.complex64]  # (n, detectors), 1 / (distance in Mpc) and phase
    power: Floats  # (n,) squared signal-to-noise ratio, less the penalty
    snr: Floats  # (n, detectors)
    norm: Floats  # (n, detectors), signal-to-noise ratio at 1 Mpc
    information: Floats  # (n, 2, 2) of ln chirp mass and spin, all else free


def fit_at_ratio(
    data: Data,
    ratio: Floats,
    log_chirp_mass: Floats,
    spin: Floats,
    time_s: Floats,
    iterations: int,
    longest_shift_s: float = 0.03,
) -> Fit:
    """Maximise from a starting point (each (n,), times (n, detectors)) in so many steps."""
    state = _evaluate(data, ratio, log_chirp_mass, spin, time_s)
    damping = np.full(len(ratio), 1e-2)
    moving = np.arange(len(ratio))
    for _ in range(iterations):
        here = _part(state, moving)
        step, time_step = _step(here, damping[moving])
        mass = here.fit.log_chirp_mass + np.clip(step[:, 0], -0.15, 0.15)
        mass = np.clip(mass, *np.log(MASS_LIMITS))
        turned = np.clip(here.fit.spin + np.clip(step[:, 1], -0.4, 0.4), -SPIN_LIMIT, SPIN_LIMIT)
        moved = here.fit.time_s + np.clip(time_step, -0.004, 0.004)
        first = time_s[moving]
        moved = np.clip(moved, first - longest_shift_s, first + longest_shift_s)
        part = Data(data.values[moving], data.gain[moving])
        tried = _evaluate(part, ratio[moving], mass, turned, moved)
        gained = tried.fit.power - here.fit.power
        better = gained > 0
        _take(state, moving[better], _part(tried, np.flatnonzero(better)))
        damping[moving] = np.where(better, damping[moving] * 0.2, damping[moving] * 8)
        # A small gain under heavy damping is no sign of a summit.
        moving = moving[(gained > SETTLED) | ((damping[moving] > 0.1) & (damping[moving] < 1e4))]
        if not moving.size:
            break
    return state.fit._replace(information=_information(state))


def rows_of(fit: Fit, rows: Rows) -> Fit:
    """The fits of some events only."""
    fields: list[Any] = [field[rows] for field in fit]
    return Fit(*fields)


class _State(NamedTuple):
    fit: Fit
    normal: Floats  # (n, detectors, 5, 5)
    slope: Floats  # (n, detectors, 5)


def _evaluate(data: Data, ratio: Floats, mass: Floats, spin: Floats, time_s: Floats) -> _State:
    """Fit, normal matrix and gradient in (mass, spin, Re a, Im a, time) of each detector."""
    amplitude, phase, by_mass, by_spin = _waveform_with_slopes(ratio, mass, spin)
    shape = (amplitude * np.exp(-1j * phase)).astype(np.complex64)
    turn = np.exp((-2j * np.pi * FREQUENCY_HZ * time_s[..., None]).astype(np.complex64))
    signal = data.gain * shape[:, None, :] * turn  # (n, d, k), single precision from here
    norm2 = np.sum(np.abs(signal) ** 2, axis=-1)
    overlap = np.sum(signal.conj() * data.values, axis=-1)
    found = overlap / np.maximum(norm2, 1e-30)
    scaled = signal * found[..., None]
    columns = np.empty((*norm2.shape, 5, FREQUENCY_HZ.size), np.complex64)
    columns[:, :, 0] = scaled * by_mass[:, None, :]
    columns[:, :, 1] = scaled * by_spin[:, None, :]
    columns[:, :, 2] = signal
    columns[:, :, 3] = np.complex64(1j) * signal
    columns[:, :, 4] = scaled * _TIME_SLOPE
    residual = data.values - scaled
    normal = np.matmul(columns.conj(), columns.swapaxes(-1, -2)).real
    slope = np.matmul(columns.conj(), residual[..., None])[..., 0].real
    power = np.abs(overlap) ** 2 / np.maximum(norm2, 1e-30)
    fit = Fit(
        log_chirp_mass=np.array(mass),
        spin=np.array(spin),
        time_s=np.array(time_s),
        amplitude=found,
        power=power.sum(axis=1) - (spin / SPIN_SCALE) ** 2,
        snr=np.sqrt(power),
        norm=np.sqrt(norm2),
        information=np.zeros((len(mass), 2, 2)),
    )
    return _State(fit, normal, slope)


def _waveform_with_slopes(
    ratio: Floats, mass: Floats, spin: Floats
) -> tuple[Floats, Floats, NDArray[np.complex64], NDArray[np.complex64]]:
    """Amplitude, phase, and d ln h / d ln M_c and d ln h / d spin, each (n, k)."""
    change_mass, change_spin = 1e-5, 1e-4
    inward = np.where(spin > 0, -change_spin, change_spin)
    amplitude, phase = phenom_d(
        FREQUENCY_HZ,
        np.exp(np.concatenate([mass, mass + change_mass, mass])),
        np.tile(ratio, 3),
        np.concatenate([spin, spin, spin + inward]),
        np.concatenate([spin, spin, spin + inward]),
    )
    amplitude, phase = amplitude.reshape(3, len(mass), -1), phase.reshape(3, len(mass), -1)
    amplitude = amplitude * STRAIN_SCALE
    below = np.maximum(amplitude[0], 1e-30)
    slopes = [
        np.clip(amplitude[index] / below - 1, -1, 1) / change
        - 1j * (phase[index] - phase[0]) / change
        for index, change in ((1, change_mass), (2, inward[:, None]))
    ]
    by_mass, by_spin = (slope.astype(np.complex64) for slope in slopes)
    return amplitude[0], phase[0], by_mass, by_spin


def _reduced(state: _State, damping: Floats | float) -> tuple[Floats, Floats, Floats, Floats]:
    """Equations for (mass, spin) with the detectors' own unknowns eliminated (Schur complement)."""
    own = state.normal[..., 2:, 2:].copy()
    diagonal = np.einsum("ndii->ndi", own)
    diagonal += 1e-9 + np.reshape(damping, (-1, 1, 1)) * diagonal
    cross = state.normal[..., :2, 2:]
    solved = np.linalg.solve(own, np.swapaxes(cross, -1, -2))  # (n, d, 3, 2)
    own_slope = np.linalg.solve(own, state.slope[..., 2:, None])[..., 0]
    matrix = np.sum(state.normal[..., :2, :2] - cross @ solved, axis=1)
    right = np.sum(state.slope[..., :2] - np.einsum("ndij,ndj->ndi", cross, own_slope), axis=1)
    matrix[:, 1, 1] += 1 / SPIN_SCALE**2
    right[:, 1] -= state.fit.spin / SPIN_SCALE**2
    return matrix, right, np.asarray(solved), np.asarray(own_slope)


def _step(state: _State, damping: Floats) -> tuple[Floats, Floats]:
    matrix, right, solved, own_slope = _reduced(state, damping)
    diagonal = np.einsum("nii->ni", matrix)
    diagonal += 1e-9 + damping[:, None] * np.abs(diagonal)
    step = np.linalg.solve(matrix, right[..., None])[..., 0]
    own = own_slope - np.einsum("ndij,nj->ndi", solved, step)
    return np.asarray(step), np.asarray(own[..., 2])


def _information(state: _State) -> Floats:
    return _reduced(state, 0.0)[0]


def _part(state: _State, rows: NDArray[np.intp]) -> _State:
    return _State(rows_of(state.fit, rows), state.normal[rows], state.slope[rows])


def _take(state: _State, rows: NDArray[np.intp], new: _State) -> None:
    """Overwrite some rows of a state, in place."""
    _put(state.fit, rows, new.fit)
    state.normal[rows] = new.normal
    state.slope[rows] = new.slope


def alike(
    target_phase: Floats,
    weight: Floats,
    ratio: Floats,
    log_chirp_mass: Floats,
    spin: Floats,
    iterations: int = 3,
) -> tuple[Floats, Floats, Floats]:
    """(ln chirp mass, spin, delay in s) at a mass ratio whose phase resembles the target's most.

    Target and weight are (n, k). Gauss-Newton steps on the phase itself, with time and constant
    phase free: unlike steps on the strain they cannot lose count of cycles. Added to the target's
    merger time the delay keeps the signal where it is.
    """
    mass = log_chirp_mass
    for _ in range(iterations):
        _, phase, by_mass, by_spin = _waveform_with_slopes(ratio, mass, spin)
        away = _without_line(phase - target_phase, weight)
        slopes = [
            _without_line(-slope.imag.astype(np.float64), weight) for slope in (by_mass, by_spin)
        ]
        slope = np.stack(slopes, axis=1)
        weighted = slope * weight[:, None, :]
        matrix = weighted @ slope.swapaxes(1, 2)
        # A weak pull to the present spin settles what the phase leaves open.
        matrix[:, 1, 1] += 1e-3
        step = np.linalg.solve(matrix, np.einsum("nik,nk->ni", weighted, away)[..., None])[..., 0]
        mass = np.clip(mass - np.clip(step[:, 0], -0.2, 0.2), *np.log(MASS_LIMITS))
        spin = np.clip(spin - np.clip(step[:, 1], -0.4, 0.4), -0.9, 0.9)
    _, phase = phenom_d(FREQUENCY_HZ, np.exp(mass), ratio, spin, spin)
    return mass, spin, _line(target_phase - phase, weight) / (2 * np.pi)


def signal_weight(data: Data, amplitude: Floats) -> Floats:
    """(n, k) share of each bin in the squared signal-to-noise ratio of amplitudes (n, k)."""
    power = amplitude**2 * np.sum(data.gain.astype(np.float64) ** 2, axis=1)
    return power / np.maximum(power.sum(axis=1, keepdims=True), 1e-300)


def _without_line(values: Floats, weight: Floats) -> Floats:
    """Values (n, k) less their weighted straight line in frequency."""
    level = np.sum(weight * values, axis=1, keepdims=True)
    slope = _line(values, weight)[:, None]
    return np.asarray(values - level - slope * _offset(weight))


def _line(values: Floats, weight: Floats) -> Floats:
    """Slope (n,) of the weighted straight line in frequency through values (n, k)."""
    offset = _offset(weight)
    return np.sum(weight * offset * values, axis=1) / np.sum(weight * offset**2, axis=1)


def _offset(weight: Floats) -> Floats:
    return np.asarray(FREQUENCY_HZ - np.sum(weight * FREQUENCY_HZ, axis=1, keepdims=True))


def begin(
    data: Data,
    target_phase: Floats,
    weight: Floats,
    log_chirp_mass: Floats,
    spin: Floats,
    start: NDArray[np.intp],
) -> Fit:
    """The fit at ``RATIOS[start]``, from a waveform near it: its phase, weight, mass and spin.

    ``start`` (n,) is the index of the mass ratio; phase and weight are (n, k).
    """
    ratio = np.array(RATIOS)[start]
    mass, turned, _ = alike(target_phase, weight, ratio, log_chirp_mass, spin, 4)
    return fit_at_ratio(data, ratio, mass, turned, loudest_times(data, ratio, mass, turned), 6)


def loudest_times(data: Data, ratio: Floats, log_chirp_mass: Floats, spin: Floats) -> Floats:
    """(n, detectors) merger times within 20 ms of the centre at which a waveform is loudest.

    Heavy binaries have few cycles: each detector may prefer a neighbouring one, and only a look
    at all of them makes the choice the data's own.
    """
    amplitude, phase = phenom_d(FREQUENCY_HZ, np.exp(log_chirp_mass), ratio, spin, spin)
    shape = (amplitude * np.exp(1j * phase)).astype(np.complex64)
    output = (data.gain * data.values * shape[:, None, :]) @ _TIME_TURNS
    return np.asarray(TIME_GRID_S[np.argmax(np.abs(output), axis=-1)])


def profile_again(data: Data, fits: list[Fit]) -> list[Fit]:
    """The fits at ``RATIOS`` by a walk outwards from the highest of given fits.

    However that was found, by a search or from the known truth of a simulation, the walk is the
    same, so what the network is told depends on the data alone.
    """
    best = np.argmax(np.stack([fit.power for fit in fits], axis=1), axis=1)
    known, ratio = chosen(fits, best), np.array(RATIOS)[best]
    times = loudest_times(data, ratio, known.log_chirp_mass, known.spin)
    first = fit_at_ratio(data, ratio, known.log_chirp_mass, known.spin, times, 8)
    return outwards(data, first, best, 6)


def chosen(fits: list[Fit], index: NDArray[np.intp]) -> Fit:
    """The fit of each event at the mass ratio of that index."""
    rows = np.arange(index.size)
    fields: list[Any] = [np.stack(field)[index, rows] for field in zip(*fits, strict=True)]
    return Fit(*fields)


def outwards(data: Data, first: Fit, start: NDArray[np.intp], iterations: int) -> list[Fit]:
    """The fits at ``RATIOS`` by steps from one to the next, from a first fit at ``start``."""
    fits = [first] * len(RATIOS)
    for index in range(1, len(RATIOS)):
        moving = start < index
        fits[index] = _walk(
            data, fits[index - 1], fits[index], moving, (index - 1, index), iterations
        )
    for index in range(len(RATIOS) - 2, -1, -1):
        moving = start > index
        fits[index] = _walk(
            data, fits[index + 1], fits[index], moving, (index + 1, index), iterations
        )
    return fits


def _walk(
    data: Data,
    known: Fit,
    present: Fit,
    moving: NDArray[np.bool_],
    step: tuple[int, int],
    iterations: int,
) -> Fit:
    """``present`` with the moving events replaced by fits at the next mass ratio."""
    if not moving.any():
        return present
    part = Data(data.values[moving], data.gain[moving])
    near = rows_of(known, moving)
    ratio = np.full(len(near.spin), RATIOS[step[0]])
    to = np.full(len(near.spin), RATIOS[step[1]])
    amplitude, phase = phenom_d(
        FREQUENCY_HZ, np.exp(near.log_chirp_mass), ratio, near.spin, near.spin
    )
    weight = signal_weight(part, amplitude)
    mass, spin, delay = alike(phase, weight, to, near.log_chirp_mass, near.spin, 2)
    found = fit_at_ratio(part, to, mass, spin, near.time_s + delay[:, None], iterations)
    result = rows_of(present, np.arange(len(moving)))
    _put(result, moving, found)
    return result


def stacked(fits: Sequence[Fit]) -> Fit:
    """Fits of different events as one."""
    fields: list[Any] = [np.concatenate(field) for field in zip(*fits, strict=True)]
    return Fit(*fields)


def best_of(attempts: list[list[Fit]]) -> list[Fit]:
    """At each mass ratio the highest of several attempts."""
    chosen = []
    for rivals in zip(*attempts, strict=True):
        best = rows_of(rivals[0], slice(None))
        for other in rivals[1:]:
            better = other.power > best.power
            best = rows_of(best, np.arange(better.size))
            _put(best, better, rows_of(other, better))
        chosen.append(best)
    return chosen


def _put(fit: Fit, rows: Rows, new: Fit) -> None:
    """Overwrite some events' fits, in place."""
    fields: list[Any] = list(fit)
    for field, values in zip(fields, new, strict=True):
        field[rows] = values
