"""What the ringdown view draws, computed in a pool: strain about a merger, the fit, theory."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from astrogui.records.posterior import Posterior
from astrogui.records.strain import Network
from astrogui.science import ringdown
from astrogui.science.joint_density import JointDensity, joint_density
from astrogui.science.ringdown import Ringdown
from astrogui.science.whitening import whitening_gain
from astrogui.viewers.strain_answer import MergerAnswer
from astrogui.viewers.strain_products import SCALE, Products, products

Array = NDArray[np.float64]
SHARES = (0.5, 0.9)
SHOWN_S = (-0.04, 0.06)  # about the merger
FILTER_S = 4.0  # of silence in which a mode is whitened
ABOUT = 2.0  # a mode is sought down to half and up to twice what is expected
LOOKED_S = 0.02  # apart, the loudest moments of two detectors at most


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """One detector with the GPS time at which the strain of the merger peaks there."""

    products: Products
    arrival: float

    def whitened(self) -> tuple[Array, Array]:
        """(seconds after the peak, whitened strain) of what is shown."""
        series = self.products.whitened
        if series is None:
            return np.zeros(0), np.zeros(0)
        values, first = series.between(self.arrival + SHOWN_S[0], self.arrival + SHOWN_S[1])
        time = first - self.arrival + np.arange(values.size) / series.sample_rate_hz
        return time, np.asarray(values, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Rung:
    """A fit with what is drawn of it, or the words why there is none."""

    start_s: float
    found: Ringdown | None = None
    words: str = ""
    contours: dict[float, list[Array]] = field(default_factory=dict)  # Hz and ms, by share
    between_hz: tuple[float, float] = ringdown.FREQUENCY_HZ
    modes: tuple[Array, ...] = ()  # whitened, at the times of each detector's ``whitened``


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What general relativity makes of an answer's masses and spins."""

    frequency_hz: tuple[float, float, float]  # 5 %, median, 95 %
    damping_ms: tuple[float, float, float]
    contours: dict[float, list[Array]]


def heard(network: Network, answer: MergerAnswer) -> tuple[tuple[Heard, ...], bool]:
    """The detectors that have noise to compare with, and whether the answer timed the merger.

    Without an answer the merger is taken to be at the loudest moment.
    """
    near = answer.gps
    made = [products(strain, near) for strain in network.strains]
    made = [each for each in made if each.whitened is not None]
    loudest = [_loudest(each) for each in made] if near is None else []
    masses, found = answer.masses(), []
    early = 0.0
    if masses is not None:
        chirp_mass, ratio, spin = (float(value) for value in np.median(masses, axis=0))
        early = ringdown.peak_s(chirp_mass, ratio, spin, answer.model)
    for place, each in enumerate(made):
        arrival = answer.arrival(each.detector)
        if arrival is not None:
            arrival += early
        else:
            arrival = loudest[place]
            if abs(arrival - loudest[0]) > LOOKED_S:
                arrival = loudest[0]
        found.append(Heard(each, arrival))
    return tuple(found), near is not None


def sought(theory: Expected | None) -> tuple[float, float]:
    """The frequencies between which a mode is looked for: about those expected, else all."""
    if theory is None:
        return ringdown.FREQUENCY_HZ
    lowest, highest = ringdown.FREQUENCY_HZ
    low, _, high = theory.frequency_hz
    return max(min(low / ABOUT, 0.5 * highest), lowest), max(min(high * ABOUT, highest), 2 * lowest)


def rung(detectors: tuple[Heard, ...], start_s: float, between_hz: tuple[float, float]) -> Rung:
    """The mode that begins ``start_s`` after the peak at each detector."""
    pieces = []
    for each in detectors:
        series, noise = each.products.highpassed, each.products.noise
        assert noise is not None
        begin = each.arrival + start_s - series.start_gps
        near = max(int((begin - 1.0) * series.sample_rate_hz), 0)
        rate = series.sample_rate_hz
        cut = np.asarray(series.values[near : near + round(2 * rate)], np.float64) * SCALE
        try:
            pieces.append(ringdown.piece(cut, rate, begin - near / rate, noise))
        except ValueError as error:
            return Rung(start_s, words=f"{each.products.detector}: {error}")
    try:
        found = ringdown.fit(pieces, between_hz)
    except ValueError as error:
        return Rung(start_s, words=str(error))
    modes = tuple(
        _whitened_mode(each, start_s, found, place) for place, each in enumerate(detectors)
    )
    return Rung(
        start_s, found, contours=_contours(_density(found)), between_hz=between_hz, modes=modes
    )


def expected(posterior: Posterior | None) -> Expected | None:
    """Of the draws, by their own column or from final mass and spin; None without."""
    if posterior is None or posterior.draws is None:
        return None
    names = posterior.draw_names
    draws = {name: posterior.draws[:, place].astype(float) for place, name in enumerate(names)}
    if {"f_220_det", "tau_220_det"} <= set(names):
        frequency, damping_ms = draws["f_220_det"], draws["tau_220_det"]
    elif {"final_mass_det", "final_spin"} <= set(names):
        frequency, damping = ringdown.kerr(draws["final_mass_det"], draws["final_spin"])
        damping_ms = 1e3 * damping
    else:
        return None
    weights = None if posterior.weights is None else posterior.weights.astype(float)
    known = np.isfinite(frequency) & np.isfinite(damping_ms)
    if np.count_nonzero(known) < 2:
        return None
    share = known.astype(float) if weights is None else np.where(known, weights, 0.0)
    return Expected(
        _quantiles(frequency, share),
        _quantiles(damping_ms, share),
        _contours(joint_density(frequency, damping_ms, weights)),
    )


def _loudest(made: Products) -> float:
    """When the whitened strain is farthest from zero."""
    assert made.whitened is not None
    values = np.abs(np.nan_to_num(made.whitened.values))
    return made.whitened.start_gps + int(np.argmax(values)) / made.whitened.sample_rate_hz


def _whitened_mode(each: Heard, start_s: float, found: Ringdown, place: int) -> Array:
    """The best mode as the whitening leaves it, at the times that are shown."""
    noise, series = each.products.noise, each.products.whitened
    assert noise is not None
    assert series is not None
    time, _ = each.whitened()
    rate = series.sample_rate_hz
    before = 0.5 * FILTER_S
    grid = np.arange(round(FILTER_S * rate)) / rate - before - start_s
    wave = ringdown.damped(grid, *found.best, *found.amplitudes[place])
    frequency = np.asarray(np.fft.rfftfreq(grid.size, 1 / rate), np.float64)
    white = np.fft.irfft(np.fft.rfft(wave) * whitening_gain(frequency, rate, noise), grid.size)
    return np.interp(time, grid + start_s, white)


def _density(found: Ringdown) -> JointDensity:
    x, y = _edges(found.frequency_hz), 1e3 * _edges(found.damping_s)
    area = (x[1] - x[0]) * (y[1] - y[0])
    return JointDensity(
        x_edges=x, y_edges=y, density=found.probability / area, mass=found.probability
    )


def _contours(density: JointDensity) -> dict[float, list[Array]]:
    return {share: density.contour(share) for share in SHARES}


def _edges(centres: Array) -> Array:
    step = centres[1] - centres[0]
    return np.append(centres - 0.5 * step, centres[-1] + 0.5 * step)


def _quantiles(values: Array, share: Array) -> tuple[float, float, float]:
    order = np.argsort(values)
    held = (np.cumsum(share[order]) - 0.5 * share[order]) / share.sum()
    low, middle, high = np.interp((0.05, 0.5, 0.95), held, values[order])
    return float(low), float(middle), float(high)
