"""What makes the `bbh` network's draws cover what they promise, and what marks a novelty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from astrogui.science import binary_draws
from astrogui.tasks.bbh_spread import (
    FREQUENCY,
    LOW_SIGNAL,
    SPREAD_LEVELS,
    calibrated,
    principal_axes,
    turned,
)
from astrogui.training.recipe import Arrays
from astrogui.training.score_bbh import LEVELS, shares_inside
from astrogui.training.simulate_strain import LARGEST_WEIGHT

Tables = dict[str, np.ndarray]
AXES = tuple(slice(axis, axis + 1) for axis in range(5))
PARTS = (slice(0, 2), slice(2, 4))  # of SPREAD_LEVELS: the core of a posterior, and its tails
STEPS = (0.9, 1.1, 0.94, 1.06, 0.97, 1.03, 0.985, 1.015)
RINGING = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.35, 0.3, 0.25)  # factors that are tried
RULING = slice(0, 12)  # reported quantities; frequency and damping of the ringing follow from them
PROMISED = slice(1, 3)  # of LEVELS: those at which no quantity may lie far off


def relative_weights(weights: np.ndarray) -> np.ndarray:
    """Weights over their median, cut at ``LARGEST_WEIGHT``, so that no event rules."""
    return np.minimum(weights / np.median(weights), LARGEST_WEIGHT)


def spread_tables(raw: np.ndarray, events: Arrays) -> Tables:
    """Factors for raw draws (n, draws, 5) that each principal axis needs by itself, (5, levels).

    Faint events have a table of their own, where there are any.
    """
    weights = relative_weights(events["weights"])
    rotation = principal_axes(raw, events["loudness"][:, 1])
    draws, truth = turned(rotation, raw), turned(rotation, events["targets"])
    faint = events["loudness"][:, 1] < LOW_SIGNAL
    return {
        name: np.array(
            [
                spread_factors(
                    draws[chosen, :, index],
                    truth[chosen, index],
                    weights[chosen],
                    SPREAD_LEVELS,
                )
                for index in range(raw.shape[-1])
            ]
        )
        for name, chosen in (("spread", ~faint), ("spread_faint", faint))
        if chosen.any()
    }


def spread_factors(
    draws: np.ndarray, truth: np.ndarray, weight: np.ndarray, levels: Sequence[float]
) -> list[float]:
    """The factors on draws' distance from their median that give each level its share, rising.

    draws (n, draws), truth and weight (n,).
    """
    centre = np.median(draws, axis=1)
    needed = []
    for level in levels:
        low, high = np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2], axis=1)
        half = np.where(truth > centre, high - centre, centre - low)
        ratio = np.abs(truth - centre) / np.maximum(half, 1e-9)
        order = np.argsort(ratio)
        share = np.cumsum(weight[order]) / weight.sum()
        needed.append(float(ratio[order][np.searchsorted(share, level)]))
    return [float(factor) for factor in np.maximum.accumulate(needed)]


def jointly_covered(raw: np.ndarray, events: Arrays, tables: Tables) -> Tables:
    """Tables whose factors together cover best what is reported, by coordinate descent.

    Factors found for each axis alone widen what depends on several of them too much or too
    little. Core and tails of each axis are scaled until the squared error of coverage, over all
    reported quantities and levels, is least. raw (n, draws, 5).
    """
    best, least = tables, coverage_loss(raw, events, tables)
    for step in STEPS:
        for axis in AXES:
            for part in PARTS:
                tried = _scaled(best, axis, part, step)
                loss = coverage_loss(raw, events, tried)
                if loss < least:
                    best, least = tried, loss
    return best


def ringing_covered(raw: np.ndarray, events: Arrays, tables: Tables) -> Tables:
    """Tables that also spread the ringdown frequency, core and tails by what covers it best.

    Its own squared error counts, of all levels, beside ``coverage_loss`` of the rest.
    """
    best, least = tables, np.inf
    for core in RINGING:
        for tail in RINGING:
            if tail >= core:
                tried = {**tables, "spread_ringing": np.array([core, core, tail, tail])}
                shares = coverage(raw, events, tried)
                own = float(np.mean((shares[FREQUENCY] - np.array(LEVELS)) ** 2))
                loss = own + loss_of(shares)
                if loss < least:
                    best, least = tried, loss
    return best


def _scaled(tables: Tables, axis: slice, part: slice, factor: float) -> Tables:
    scaled = {name: table.copy() for name, table in tables.items()}
    for table in scaled.values():
        table[axis, part] *= factor
        table[:] = np.maximum.accumulate(table, axis=1)  # never a tail inside the core
    return scaled


def coverage_loss(raw: np.ndarray, events: Arrays, tables: Tables) -> float:
    """``loss_of`` the coverage that tables give raw draws (n, draws, 5)."""
    return loss_of(coverage(raw, events, tables))


def loss_of(shares: np.ndarray) -> float:
    """Mean squared difference of coverage and level, with the square of the largest one.

    The mean is over reported quantities and levels, the largest is of 68 and 90 %: one quantity
    far off is not made good by the others.
    """
    error = (shares - np.array(LEVELS))[RULING]
    return float(np.mean(error**2) + np.max(np.abs(error[:, PROMISED])) ** 2)


def coverage(raw: np.ndarray, events: Arrays, tables: Tables) -> np.ndarray:
    """(quantities, levels) shares of true values inside the intervals of raw draws."""
    truth = binary_draws.derived(np.asarray(events["truth"], np.float64))
    scales = np.asarray(events["scales"], np.float64)
    rank = np.empty_like(truth)
    for first in range(0, len(raw), 512):  # few at a time: draws of all would fill the memory
        rows = slice(first, first + 512)
        draws = calibrated(raw[rows], events["loudness"][rows, 1], scales[rows], tables)
        values = binary_draws.derived(binary_draws.physical(draws, *scales[rows].T))
        rank[rows] = np.mean(values < truth[rows, None, :], axis=1)
    return shares_inside(rank, relative_weights(events["weights"]))


def novelty_statistic(
    vectors: np.ndarray, false_share: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean, whitening matrix and threshold: fitted on one half, the threshold on the other."""
    half = len(vectors) // 2
    mean = vectors[:half].mean(axis=0)
    values, axes = np.linalg.eigh(np.cov(vectors[:half], rowvar=False))
    whitening = (axes / np.sqrt(np.maximum(values, 1e-3 * values.max()))).T
    rest = (vectors[half:] - mean) @ whitening.T
    distance = np.sqrt(np.mean(rest**2, axis=1))
    threshold = float(np.quantile(distance, 1 - false_share))
    return mean.astype(np.float32), whitening.astype(np.float32), threshold
