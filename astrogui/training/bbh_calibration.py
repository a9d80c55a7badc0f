"""What makes the `bbh` network's draws cover what they promise, and what marks a novelty."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from astrogui.tasks import bbh_spread
from astrogui.tasks.bbh_spread import ORDERS, PLACES, TILTED
from astrogui.training.recipe import Arrays
from astrogui.training.strain_population import relative_weights

RIDGE = 100.0  # against coefficients, in events: one over the square of what they are about
SAME_ORDERS = (3, 4)  # whose coefficients are the same at every loudness and mass
STEPS = 8  # of Newton's method, at most
CLOSE = 1e-4  # a step that ends it
AT_ONCE = 128  # events


class Ranked(NamedTuple):
    """Where the truths of n events lie among the network's draws, and where they stand."""

    terms: np.ndarray  # (n, draws, terms) polynomials of the draws' ranks, single precision
    of_truth: np.ndarray  # (n, terms) the same of the truths
    places: np.ndarray  # (n, PLACES)
    weights: np.ndarray  # (n,) of mean one

    def rows(self, chosen: np.ndarray) -> Ranked:
        weights = self.weights[chosen]
        parts = (self.terms[chosen], self.of_truth[chosen], self.places[chosen])
        return Ranked(*parts, weights / weights.mean())


def ranked(raw: np.ndarray, events: Arrays, stride: int = 1) -> Ranked:
    """Of raw draws (n, draws, 5) of simulated events; ranks are among all draws of an event.

    Of the draws themselves only each ``stride``-th is kept: they stand for an integral.
    """
    truth = np.asarray(events["truth"], np.float64)
    target = np.asarray(events["targets"], np.float64)[:, None]
    scales = np.asarray(events["scales"], np.float64)
    terms, of_truth = [], []
    for first in range(0, len(raw), AT_ONCE):
        rows = slice(first, first + AT_ONCE)
        values = bbh_spread.quantities(raw[rows], scales[rows])
        among = bbh_spread.polynomials(bbh_spread.ranks(values)[:, ::stride])
        terms.append(among.reshape(*among.shape[:2], -1).astype(np.float32))
        far = bbh_spread.remoteness(np.asarray(raw[rows], np.float64), target[rows])
        at = bbh_spread.of_binaries(truth[rows, None], far)
        below = np.sum(values < at, axis=1)
        rank = (below + 0.5) / (values.shape[1] + 1)
        of_truth.append(bbh_spread.polynomials(rank).reshape(len(rank), -1))
    weights = relative_weights(events)
    return Ranked(
        np.concatenate(terms),
        np.concatenate(of_truth),
        bbh_spread.places(events["loudness"][:, 1], scales),
        weights / weights.mean(),
    )


def tilt_table(events: Ranked, ridge: float = RIDGE) -> np.ndarray:
    """(quantities, orders, PLACES) coefficients of the likeliest tilt, held back towards none.

    The logarithm of the tilted density at the truths is concave in them: Newton's method finds
    its one peak. There the tilted draws' mean of every polynomial is that of the truths' ranks,
    but for the ridge, whatever correlates the quantities.
    """
    shared = _sharing()
    numbers = np.zeros(shared.shape[1])
    for _ in range(STEPS):
        slope, curvature = _derivatives(events, shared @ numbers)
        slope = shared.T @ slope - ridge * numbers
        curvature = shared.T @ curvature @ shared + ridge * np.eye(len(numbers))
        step = np.linalg.solve(curvature, slope)
        numbers += step
        if np.max(np.abs(step)) < CLOSE:
            break
    return (shared @ numbers).reshape(len(TILTED), len(ORDERS), PLACES)


def gain(events: Ranked, table: np.ndarray) -> float:
    """Mean ln of the tilted density over the network's, at the truths: above 0 it is better."""
    coefficients = np.einsum("np,tp->nt", events.places, table.reshape(-1, PLACES))
    total = 0.0
    for first in range(0, len(coefficients), AT_ONCE):
        rows = slice(first, first + AT_ONCE)
        log_ratio = (events.terms[rows] @ coefficients[rows, :, None].astype(np.float32))[..., 0]
        mean = np.log(np.mean(np.exp(log_ratio.astype(np.float64)), axis=1))
        at_truth = np.sum(events.of_truth[rows] * coefficients[rows], axis=1)
        total += float(np.sum(events.weights[rows] * (at_truth - mean)))
    return total / float(events.weights.sum())


def _sharing() -> np.ndarray:
    """(all coefficients, free ones): those of ``SAME_ORDERS`` are one at all places."""
    columns = []
    for term in range(len(TILTED) * len(ORDERS)):
        own = np.zeros((len(TILTED) * len(ORDERS), PLACES, PLACES))
        own[term] = np.eye(PLACES)
        flat = own.reshape(-1, PLACES)
        same = ORDERS[term % len(ORDERS)] in SAME_ORDERS
        columns.append(flat.sum(axis=1, keepdims=True) if same else flat)
    return np.concatenate(columns, axis=1)


def _derivatives(events: Ranked, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope and curvature (its negative) of the log likelihood by all coefficients."""
    coefficients = np.einsum("np,tp->nt", events.places, numbers.reshape(-1, PLACES))
    kinds = coefficients.shape[1]
    slope = np.zeros((kinds, PLACES))
    curvature = np.zeros((kinds * kinds, PLACES * PLACES))
    for first in range(0, len(coefficients), AT_ONCE):
        rows = slice(first, first + AT_ONCE)
        terms, place, weight = events.terms[rows], events.places[rows], events.weights[rows]
        log_ratio = (terms @ coefficients[rows, :, None].astype(np.float32))[..., 0]
        share = np.exp(log_ratio - log_ratio.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        mean = (share[:, None, :] @ terms)[:, 0].astype(np.float64)
        scaled = terms * np.sqrt(share)[..., None]
        square = (scaled.transpose(0, 2, 1) @ scaled).astype(np.float64)
        square -= mean[:, :, None] * mean[:, None, :]
        slope += (weight[:, None] * (events.of_truth[rows] - mean)).T @ place
        pairs = weight[:, None, None] * place[:, :, None] * place[:, None, :]
        curvature += square.reshape(len(mean), -1).T @ pairs.reshape(len(mean), -1)
    whole = curvature.reshape(kinds, kinds, PLACES, PLACES).transpose(0, 2, 1, 3)
    return slope.ravel(), whole.reshape(kinds * PLACES, kinds * PLACES)


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
