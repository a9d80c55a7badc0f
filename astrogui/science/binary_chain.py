"""An ensemble Markov chain on a merger's likelihood, where weighting alone leaves too few draws.

Walkers move by differences of other walkers, in turn in masses and spins and in place, orientation
and time. A walker's time is kept relative to its own waveform's lateness, so that a change of
masses takes its arrival along. Source of the moves: ter Braak 2006, Statistics and Computing 16.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science import heterodyne, sky_pool
from astrogui.science.binary_posterior import Analysis, Draws, Told
from astrogui.science.binary_proposal import binaries_at, log_prior

SETTLING = 0.5  # share of the steps that is thrown away
SCALES = (0.84, 0.4, 0.15, 1.0)  # of differences; 0.84 = 2.38 / sqrt(2 d) of four dimensions

Floats = NDArray[np.float64]


class _State(NamedTuple):
    inner: Floats  # (w, 4)
    places: Floats  # (w, 5), times relative to ``late_s``
    ratio: NDArray[np.complex128]
    own: Floats
    late_s: Floats
    kappa: Floats
    norm: Floats
    angle: Floats
    height: Floats  # ln posterior

    def put(self, rows: NDArray[np.intp], other: _State, chosen: NDArray[np.bool_]) -> None:
        for field, new in zip(self, other, strict=True):
            field[rows[chosen]] = new[chosen]


def sampled(
    analysis: Analysis,
    inner: Floats,
    places: Floats,
    steps: int,
    rng: np.random.Generator,
    told: Told = lambda _: None,
) -> tuple[Draws, float]:
    """Equally weighted draws, and their effective number, from walkers begun at (w, 4), (w, 5).

    The effective number is the smallest over coordinates of total variance over that of the
    walkers' means, times the walkers: what independent draws would give (Gelman et al.).
    """
    state = _stated(analysis, inner, places)
    kept: list[tuple[Floats, ...]] = []
    for step in range(steps):
        told(step / steps)
        halves = np.array_split(rng.permutation(len(inner)), 2)
        for moving, other in (halves, halves[::-1]):
            _move(analysis, state, moving, other, step % 2 == 0, rng)
        if step >= SETTLING * steps and step % 4 == 3:
            absolute = np.array(state.places)
            absolute[:, 0] += state.late_s
            kept.append(
                (np.array(state.inner), absolute, *map(np.array, (state.kappa, state.norm,
                                                                  state.angle)))
            )  # fmt: skip
    effective = _effective(np.stack([row[0] for row in kept]))
    joined = [np.concatenate(column) for column in zip(*kept, strict=True)]
    chosen = rng.choice(len(joined[0]), analysis.effort.kept)
    inner_kept, place_kept, kappa, norm, angle = (column[chosen] for column in joined)
    distance, phase = analysis.curve.draw(kappa, norm, angle, rng)
    return analysis.placed(inner_kept, place_kept, distance, phase), effective


def _effective(history: Floats) -> float:
    """Effective number of draws (steps, walkers, d)."""
    total = history.reshape(-1, history.shape[-1]).var(axis=0)
    of_means = history.mean(axis=0).var(axis=0)
    return float(np.min(history.shape[1] * total / np.maximum(of_means, 1e-300)))


def _stated(analysis: Analysis, inner: Floats, places: Floats) -> _State:
    ratio, own, late_s = analysis.waves(binaries_at(inner))
    return _heard(analysis, np.array(inner), np.array(places), ratio, own, late_s)


def _heard(
    analysis: Analysis,
    inner: Floats,
    places: Floats,
    ratio: NDArray[np.complex128],
    own: Floats,
    late_s: Floats,
) -> _State:
    """Everything about walkers of known waveforms at given places."""
    response, time = analysis.geometry.seen(places)
    low, high = analysis.sums.shift_s[[0, -1]]
    total = np.zeros(len(places), complex)
    for detector in range(time.shape[1]):
        at = np.clip(time[:, detector], low, high)
        columns = heterodyne.at_shifts(analysis.sums, detector, at)
        output = np.einsum("nm,mn->n", ratio.conj(), columns)
        total += output * response[:, detector].conj()
    norm = np.maximum(np.sum(own * np.abs(response) ** 2, axis=1), 1e-12)
    kappa = np.abs(total) / np.sqrt(norm)
    height = analysis.curve.log_likelihood(kappa, norm) + log_prior(inner)
    inside = (np.abs(places[:, 1]) <= 1) & (np.abs(places[:, 4]) <= 1)
    inside &= ((time >= low) & (time <= high)).all(axis=1)
    return _State(inner, places, ratio, own, late_s, kappa, norm, np.angle(total),
                  np.where(inside, height, -np.inf))  # fmt: skip


def _move(
    analysis: Analysis,
    state: _State,
    moving: NDArray[np.intp],
    other: NDArray[np.intp],
    inner_moves: bool,
    rng: np.random.Generator,
) -> None:
    if inner_moves:
        pairs = rng.integers(0, other.size, (2, moving.size))
        difference = state.inner[other[pairs[0]]] - state.inner[other[pairs[1]]]
        tried = state.inner[moving] + rng.choice(SCALES, moving.size)[:, None] * difference
        tried += rng.normal(size=tried.shape) * [1e-6, 1e-4, 1e-4, 1e-4]
        new = _stated(analysis, np.clip(tried, -8, 8), state.places[moving])
    else:
        places = sky_pool.moved(state.places[moving], state.places[other], rng)
        ratio, own, late = state.ratio[moving], state.own[moving], state.late_s[moving]
        new = _heard(analysis, state.inner[moving], places, ratio, own, late)
    taken = np.log(rng.uniform(size=moving.size)) < new.height - state.height[moving]
    state.put(moving, new, taken)
