"""Soft labels for the star/galaxy network: what could be known of each simulated source.

A label says that a source is a galaxy, and not how surely anybody could tell: near the limit most
of what a network fits is chance. The likelihood ratio of `star_galaxy_limit`, which is told the
seeing, the noise and the neighbours' light, averages over that chance. What it says, given the
pixels that the network sees, is on average the probability wanted, however much more it is told.
Source of the idea, labels by one who knows more: Lopez-Paz et al. 2016, arXiv 1511.03643.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astrogui.training.simulate_image import SimulatedSky
from astrogui.training.star_galaxy_examples import match
from astrogui.training.star_galaxy_limit import Templates, log_ratios

Arrays = dict[str, np.ndarray]

PIXEL_SCALES = (0.3, 0.5)  # arcsec, at which the stamps of the likelihood ratio hold the sources
MAGNITUDES = (20.0, 23.5)  # in r, true: brighter ones are plain
SURE = 12.0  # beyond it a logit says no more
KNOTS = np.arange(20.0, 23.6, 0.5)  # magnitudes at which the teacher is corrected

_templates: dict[float, Templates] = {}


def teacher(sky: SimulatedSky, x: np.ndarray, y: np.ndarray) -> Arrays:
    """`teacher` (n,), the logit of galaxy by all that the simulation knows; NaN where not asked."""
    found = np.full(len(x), np.nan)
    truth, scale = match(sky, x, y), sky.settings.pixel_scale_arcsec
    if PIXEL_SCALES[0] <= scale <= PIXEL_SCALES[1]:
        magnitude = np.where(truth >= 0, sky.magnitude[truth, 2], np.inf)
        rows = np.flatnonzero((magnitude > MAGNITUDES[0]) & (magnitude <= MAGNITUDES[1]))
        if scale not in _templates:
            if len(_templates) > 1:  # most fields have one scale, the others one of their own
                _templates.popitem()
            _templates[scale] = Templates(scale)
        found[rows] = log_ratios(sky, truth[rows], _templates[scale])
    return {"teacher": found}


def soft_labels(examples: Arrays, weights: np.ndarray) -> NDArray[np.float64]:
    """Probabilities of galaxy (n,): the teacher's, corrected by magnitude, else the label.

    The correction, a shift and a stretch of the logit, is fitted to the labels with ``weights``:
    the ratio's own densities are the population's but not those of what is found.
    """
    logit = examples["teacher"]
    taught = np.isfinite(logit)
    target = np.array(examples["label"], np.float64)
    if not taught.any():
        return target
    columns = _columns(np.clip(logit[taught], -SURE, SURE), examples["true_magnitude"][taught])
    chosen = _fitted(columns, target[taught], np.asarray(weights, np.float64)[taught])
    target[taught] = _probability(columns @ chosen)
    return target


def _columns(logit: np.ndarray, magnitude: np.ndarray) -> NDArray[np.float64]:
    """(n, 2 knots): shares of the neighbouring knots, plain and times the logit."""
    place = np.clip(magnitude, KNOTS[0], KNOTS[-1])
    hats = np.stack([np.interp(place, KNOTS, row) for row in np.eye(KNOTS.size)], axis=1)
    return np.concatenate([hats, hats * logit[:, None]], axis=1)


def _fitted(columns: np.ndarray, label: np.ndarray, weights: np.ndarray) -> NDArray[np.float64]:
    """The coefficients of the highest likelihood, by Newton's method from no correction at all.

    A weak prior keeps those of magnitudes that are missing where they were.
    """
    count = columns.shape[1] // 2
    start = np.concatenate([np.zeros(count), np.ones(count)])
    found = start.copy()
    for _ in range(25):
        chance = _probability(columns @ found)
        slope = columns.T @ (weights * (label - chance)) - (found - start)
        spread = weights * chance * (1 - chance)
        bend = (columns * spread[:, None]).T @ columns + np.eye(2 * count)
        step = np.linalg.solve(bend, slope)
        found = found + step
        if float(np.abs(step).max()) < 1e-8:
            break
    return np.asarray(found)


def _probability(logit: np.ndarray) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -30, 30))))
