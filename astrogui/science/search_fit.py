"""The fine stage of the search: the best waveform about a coarse trigger, and how well it fits.

From a template of the bank the waveform is varied in chirp mass, mass ratio and spin, on the
multi-rate grid and with the detectors' noise; the trial points are fixed, so that the answer is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science.detector_response import light_travel_s
from astrogui.science.matched_filter import Stretch, Templates, consistency, on_grid, reweighted
from astrogui.science.multirate import FREQUENCY_HZ
from astrogui.science.template_bank import LARGEST_SPIN, MASS_RATIO, inside
from astrogui.science.waveforms import phenom_d

TIMING_S = 0.003  # allowed beyond light travel between detectors
STEP_S = 1 / 1024
ROUNDS = ((36, 0.30), (24, 0.15), (16, 0.06))  # trial points and how far they lie, as sqrt(1 - m)
LONGEST_STEP = (0.25, 0.8, 0.7)  # in ln chirp mass, ln mass ratio, spin
LOUDER_COUNTS = 3.0  # a detector counts for at most so many times the other
# Reduced chi-squared from which a ratio is lowered: its deviation in Gaussian noise is a third.
FREE_CHI_SQUARED = 1.3

Floats = NDArray[np.float64]


class Fitted(NamedTuple):
    """A candidate of one or two detectors, in the order they were given."""

    gps: tuple[float, ...]  # of the merger at each
    snr: tuple[float, ...]
    chi_squared: tuple[float, ...]  # reduced
    statistic: float
    log_chirp_mass: float
    ratio: float
    spin: float


class Data(NamedTuple):
    """One detector's strain about a time, on the grid."""

    values: NDArray[np.complex64]
    gain: Floats
    gps: float


def about(stretch: Stretch, gps: float) -> Data:
    """A detector's data about a GPS time."""
    return Data(*on_grid(stretch, gps), gps)


def fitted(
    data: Sequence[Data], detectors: Sequence[str], bank: Templates, template: int, reach_s: float
) -> Fitted:
    """The best waveform near a template whose merger lies within ``reach_s`` of the data's times.

    The times of two detectors agree within light travel, counted from their data's own times.
    """
    search = _Search(data, reach_s, _apart(detectors))
    point = np.array(
        [bank.log_chirp_mass[template], np.log(bank.ratio[template]), bank.spin[template]]
    )
    steps = _metric_steps(point, data)
    best, power = point, float(search.power(point[None])[0])
    for number, (count, radius) in enumerate(ROUNDS):
        trials = best + radius * _ball(count, number) @ steps
        trials = trials[_allowed(trials)]
        if not len(trials):
            continue
        found = search.power(trials)
        place = int(found.argmax())
        if found[place] > power:
            best, power = trials[place], float(found[place])
    return _judged(data, search, best)


def by_templates(
    data: Sequence[Data],
    detectors: Sequence[str],
    bank: Templates,
    rows: NDArray[np.intp],
    reach_s: float,
) -> Floats:
    """(n,) squared SNR of templates of the bank as they are, at the times of ``fitted``."""
    points = np.stack([bank.log_chirp_mass, np.log(bank.ratio), bank.spin], axis=1)[rows]
    return _Search(data, reach_s, _apart(detectors)).power(points)


def _apart(detectors: Sequence[str]) -> float:
    """Seconds that a merger may lie apart in two detectors."""
    if len(detectors) < 2:
        return 0.0
    return light_travel_s(detectors[0], detectors[1]) + TIMING_S


def measured(data: Data, fit: Fitted, reach_s: float) -> tuple[float, float, float]:
    """A further detector's merger by a waveform found elsewhere: its GPS time, SNR, chi-squared."""
    point = np.array([fit.log_chirp_mass, np.log(fit.ratio), fit.spin])
    one = _judged([data], _Search([data], reach_s, 0.0), point)
    return one.gps[0], one.snr[0], one.chi_squared[0]


def amplitude(data: Data, gps: float, fit: Fitted) -> complex:
    """The size and phase, relative to 1 Mpc face on, of a fit's waveform in one detector."""
    size, phase = phenom_d(
        FREQUENCY_HZ,
        np.exp(np.array([fit.log_chirp_mass])),
        *(np.array([value]) for value in (fit.ratio, fit.spin, fit.spin)),
    )
    late = 2 * np.pi * FREQUENCY_HZ * (gps - data.gps)
    template = data.gain * size[0] * 1e21 * np.exp(-1j * (phase[0] + late))
    return complex(np.vdot(template, data.values) / np.vdot(template, template).real)


def reach(data: Data, fit: Fitted) -> float:
    """The optimal SNR of a fit's waveform at 1 Mpc, face on and overhead."""
    amplitude, _ = phenom_d(
        FREQUENCY_HZ,
        np.exp(np.array([fit.log_chirp_mass])),
        *(np.array([value]) for value in (fit.ratio, fit.spin, fit.spin)),
    )
    return float(np.linalg.norm(data.gain * amplitude[0] * 1e21))


def statistic(snr: Sequence[float], chi_squared: Sequence[float]) -> float:
    """A fit's worth: its detectors' re-weighted SNR, added in quadrature.

    Of two, the louder counts for at most three times the other, so that a glitch of one detector
    is no coincidence.
    """
    each = [reweighted(a, b / FREE_CHI_SQUARED) for a, b in zip(snr, chi_squared, strict=True)]
    most = LOUDER_COUNTS * min(each) if len(each) > 1 else np.inf
    return float(np.sqrt(sum(min(value, most) ** 2 for value in each)))


def ranked(fit: Fitted, ratio: float) -> Fitted:
    """A fit with its statistic: the bank's ``likelihood_ratio``, lowered as the fit is.

    The fit's own SNR is no measure of rarity: to vary a waveform freely raises that of noise more
    than that of mergers.
    """
    share = fit.statistic / max(float(np.linalg.norm(fit.snr)), 1e-30)
    return fit._replace(statistic=share * ratio)


def likelihood_ratio(power: Floats, weight: Floats) -> float:
    """The likelihood ratio of a merger of the prior to noise, as the SNR of one such waveform.

    Squared SNR of templates (n,) and the prior's weight of each. Source: the average over a prior
    of exp(SNR² / 2), as in Dent and Veitch 2014, PRD 89, 062002.
    """
    each = np.asarray(power, np.float64) / 2 + np.log(weight)
    top = each.max()
    return float(np.sqrt(max(2 * (top + np.log(np.sum(np.exp(each - top)))), 0.0)))


class _Search:
    """Squared SNR of waveforms, best over the merger's times that are allowed."""

    def __init__(self, data: Sequence[Data], reach_s: float, apart_s: float) -> None:
        reach = int(np.ceil(reach_s / STEP_S))
        self._apart = int(np.ceil(apart_s / STEP_S))
        self._data, self._turns = data, []
        for number, one in enumerate(data):
            wide = reach + (self._apart if number else 0)
            whitened = (one.gain * one.values).astype(np.complex64)
            self._turns.append(whitened[:, None] * _turn(wide))

    def power(self, points: Floats) -> Floats:
        """(n,) of ``points`` (n, 3): ln chirp mass, ln mass ratio, spin."""
        return np.asarray(self._sums(points)[0].max(axis=1), np.float64)

    def shifts(self, point: Floats) -> list[float]:
        """For each detector, the merger after the data's time at the best of times."""
        total, powers = self._sums(point[None])
        first = int(total[0].argmax())
        result = [(first - total.shape[1] // 2) * STEP_S]
        for power in powers[1:]:
            around = power[0, first : first + 2 * self._apart + 1]
            place = first + int(around.argmax())
            result.append((place - power.shape[1] // 2) * STEP_S)
        return result

    def _sums(self, points: Floats) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        from scipy.ndimage import maximum_filter1d

        amplitude, phase = phenom_d(
            FREQUENCY_HZ, np.exp(points[:, 0]), np.exp(points[:, 1]), points[:, 2], points[:, 2]
        )
        waves = (amplitude * 1e21 * np.exp(1j * phase)).astype(np.complex64)
        powers = []
        for one, turn in zip(self._data, self._turns, strict=True):
            norm2 = np.maximum((amplitude * 1e21) ** 2 @ one.gain**2, 1e-30)[:, None]
            output = waves @ turn
            powers.append((output.real**2 + output.imag**2) / norm2.astype(np.float32))
        total = powers[0]
        for power in powers[1:]:
            wide = maximum_filter1d(power, 2 * self._apart + 1, axis=1)
            total = total + wide[:, self._apart : wide.shape[1] - self._apart]
        return total, powers


def _judged(data: Sequence[Data], search: _Search, point: Floats) -> Fitted:
    binary = (float(point[0]), float(np.exp(point[1])), float(point[2]))
    gps, snr, chi_squared = [], [], []
    for one, shift in zip(data, search.shifts(point), strict=True):
        turned = one.values * np.exp(2j * np.pi * FREQUENCY_HZ * shift)
        loud, misfit = consistency(turned.astype(np.complex64), one.gain, *binary)
        gps.append(one.gps + shift)
        snr.append(loud)
        chi_squared.append(misfit)
    return Fitted(tuple(gps), tuple(snr), tuple(chi_squared), statistic(snr, chi_squared), *binary)


def _metric_steps(point: Floats, data: Sequence[Data]) -> Floats:
    """(3, 3) rows: steps in the three coordinates that each lose a match of one, but not far.

    The metric is that of the match over phase and time. Source: Owen 1996, PRD 53, 6749.
    """
    change = np.array([1e-4, 1e-3, 1e-3])
    change[1] = -change[1]  # a mass ratio of one cannot rise
    points = np.concatenate([point[None], point + np.diag(change)])
    amplitude, phase = phenom_d(
        FREQUENCY_HZ, np.exp(points[:, 0]), np.exp(points[:, 1]), points[:, 2], points[:, 2]
    )
    gain = np.sqrt(sum(one.gain**2 for one in data))
    shape = gain * amplitude
    shape = shape / np.maximum(np.linalg.norm(shape, axis=1, keepdims=True), 1e-300)
    wave = shape * np.exp(-1j * (phase - phase[0]))
    slope = (wave[1:] - wave[0]) / change[:, None]
    base = np.stack([wave[0], 1j * wave[0], 1j * FREQUENCY_HZ * wave[0]])
    columns = np.concatenate([base.real, base.imag], axis=1).T
    rows = np.concatenate([slope.real, slope.imag], axis=1).T
    free = np.linalg.qr(columns)[0]
    rows = rows - free @ (free.T @ rows)
    scale = np.array(LONGEST_STEP)
    metric = 0.5 * (rows * scale).T @ (rows * scale) + np.eye(3)
    values, vectors = np.linalg.eigh(metric)
    return np.asarray((vectors / np.sqrt(values)).T * scale)


def _allowed(points: Floats) -> NDArray[np.bool_]:
    ratio = np.exp(points[:, 1])
    good = (ratio >= MASS_RATIO) & (ratio <= 1) & (np.abs(points[:, 2]) <= LARGEST_SPIN)
    return good & np.array([inside(point[0], np.exp(point[1])) for point in points])


@lru_cache
def _turn(wide: int) -> NDArray[np.complex64]:
    """(536, 2 wide + 1) what moves a merger by so many steps either way."""
    shifts = np.arange(-wide, wide + 1) * STEP_S
    return np.exp(2j * np.pi * FREQUENCY_HZ[:, None] * shifts).astype(np.complex64)


@lru_cache
def _ball(count: int, seed: int) -> Floats:
    """(count, 3) points that fill a ball of radius one evenly, always the same."""
    from scipy.stats import qmc

    cube = qmc.Sobol(4, seed=seed).random(64)[:count]
    direction = 2 * cube[:, :3] - 1
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return np.asarray(direction * cube[:, 3:] ** (1 / 3))
