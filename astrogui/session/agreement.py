"""How far graders agree: pure functions of counts, each with its source.

Categories are columns; a grader's value is the number of its category, -1 where the grader did not
judge. Intervals are percentiles over rows drawn again with replacement (Efron 1979, Annals of
Statistics 7, 1); the seed is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Weights = Literal["none", "linear", "quadratic"]
Level = Literal["nominal", "ordinal"]
DRAWS = 2000
SPEED_OF_LIGHT_KM_S = 299_792.458  # exact, SI


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficient:
    """A coefficient of agreement with its 95 % interval; NaN where it is not defined."""

    name: str
    value: float
    low: float
    high: float
    rows: int  # rows that at least two graders judged


def confusion(
    first: NDArray[np.int64], second: NDArray[np.int64], categories: int
) -> NDArray[np.int64]:
    """Rows by the first grader's category and the second's, (categories, categories)."""
    both = (first >= 0) & (second >= 0)
    table = np.zeros((categories, categories), np.int64)
    np.add.at(table, (first[both], second[both]), 1)
    return table


def cohen_kappa(table: NDArray[np.int64], weights: Weights = "none") -> float:
    """Agreement of two graders beyond chance; 1 is perfect, 0 what chance gives.

    NaN without rows, and where chance alone agrees wholly. Sources: Cohen 1960, Educational and
    Psychological Measurement 20, 37, eq. (1); weighted: Cohen 1968, Psychological Bulletin 70, 213.
    """
    return float(_kappas(table[None].astype(float), _weight_matrix(len(table), weights))[0])


def cohen_interval(
    table: NDArray[np.int64], weights: Weights = "none", seed: int = 1, draws: int = DRAWS
) -> tuple[float, float]:
    """The 95 % interval of kappa: drawing rows again draws the cells of their table again."""
    total = int(table.sum())
    if total == 0:
        return np.nan, np.nan
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(total, table.ravel() / total, size=draws)
    return _percentiles(
        _kappas(
            drawn.reshape(draws, *table.shape).astype(float), _weight_matrix(len(table), weights)
        )
    )


def fleiss_kappa(counts: NDArray[np.int64]) -> float:
    """Agreement of many graders, the same number for each row; counts are (rows, categories).

    Source: Fleiss 1971, Psychological Bulletin 76, 378, eq. (7). Raises ``ValueError`` where rows
    differ in the number of their graders.
    """
    graders = counts.sum(axis=1)
    if counts.size == 0:
        return float("nan")
    if np.any(graders != graders[0]) or graders[0] < 2:
        raise ValueError("Fleiss' kappa wants the same two or more graders for every row")
    n = float(graders[0])
    observed = ((counts**2).sum(axis=1) - n) / (n * (n - 1))
    share = counts.sum(axis=0) / counts.sum()
    expected = float((share**2).sum())
    return _beyond_chance(float(observed.mean()), expected)


def krippendorff_alpha(counts: NDArray[np.int64], level: Level = "nominal") -> float:
    """Agreement of any number of graders, rows not judged by all included; (rows, categories).

    Ordinal categories rise from the first column to the last. Source: Krippendorff 2011,
    "Computing Krippendorff's Alpha-Reliability", University of Pennsylvania, sections C to E.
    """
    _, pairs = _coincidences(counts)
    return float(_alphas(pairs.sum(axis=0)[None], level)[0])


def krippendorff_interval(
    counts: NDArray[np.int64], level: Level = "nominal", seed: int = 1, draws: int = DRAWS
) -> tuple[float, float]:
    """The 95 % interval of alpha, over rows that at least two graders judged."""
    multiplicity, pairs = _coincidences(counts)
    total = int(multiplicity.sum())
    if total == 0:
        return np.nan, np.nan
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(total, multiplicity / total, size=draws)
    alike = pairs / multiplicity[:, None, None]
    matrices = np.einsum("du,uij->dij", drawn.astype(float), alike)
    return _percentiles(_alphas(matrices, level))


def velocity_difference_km_s(first: float, second: float) -> float:
    """|Δv| of two redshifts, the same in either order: c |ln((1 + z1) / (1 + z2))|.

    The difference of rapidities of two redshifts along one line of sight, and c Δz / (1 + z) for
    small differences; see Baldry 2018, arXiv:1812.05135.
    """
    return float(abs(np.log1p(first) - np.log1p(second)) * SPEED_OF_LIGHT_KM_S)


def counts_of(values: NDArray[np.int64], categories: int) -> NDArray[np.int64]:
    """How many graders chose each category; values are (graders, rows)."""
    counts = np.zeros((values.shape[1], categories), np.int64)
    for chosen in values:
        judged = np.flatnonzero(chosen >= 0)
        np.add.at(counts, (judged, chosen[judged]), 1)
    return counts


def _weight_matrix(categories: int, weights: Weights) -> NDArray[np.float64]:
    """Disagreement of two categories, 0 on the diagonal."""
    places = np.arange(categories, dtype=float)
    distance = np.abs(places[:, None] - places[None, :])
    if weights == "none":
        return (distance > 0).astype(float)
    return distance if weights == "linear" else distance**2


def _kappas(tables: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    total = tables.sum(axis=(1, 2))
    rows, columns = tables.sum(axis=2), tables.sum(axis=1)
    observed = (tables * weight).sum(axis=(1, 2)) * total
    expected = np.einsum("di,ij,dj->d", rows, weight, columns)
    return 1 - _ratio(observed, expected)


def _coincidences(
    counts: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows alike (how many) and their share of the coincidence matrix, summed over those rows."""
    kinds, multiplicity = np.unique(counts[counts.sum(axis=1) >= 2], axis=0, return_counts=True)
    if len(kinds) == 0:
        width = counts.shape[1]
        return np.zeros(0, np.int64), np.zeros((0, width, width))
    graders = kinds.sum(axis=1).astype(float)
    pairs = kinds[:, :, None] * kinds[:, None, :].astype(float)
    diagonal = np.arange(kinds.shape[1])
    pairs[:, diagonal, diagonal] -= kinds
    pairs *= (multiplicity / (graders - 1))[:, None, None]
    return multiplicity, pairs


def _alphas(matrices: NDArray[np.float64], level: Level) -> NDArray[np.float64]:
    totals = matrices.sum(axis=2)
    n = totals.sum(axis=1)
    difference = _differences(totals, level)
    observed = (matrices * difference).sum(axis=(1, 2)) * (n - 1)
    expected = (totals[:, :, None] * totals[:, None, :] * difference).sum(axis=(1, 2))
    return 1 - _ratio(observed, expected)


def _differences(totals: NDArray[np.float64], level: Level) -> NDArray[np.float64]:
    """The squared difference of each two categories, (draws, categories, categories)."""
    draws, categories = totals.shape
    if level == "nominal":
        return np.broadcast_to(1 - np.eye(categories), (draws, categories, categories))
    # Ranks half way through each category: their difference is the sum that section E gives.
    middle = np.cumsum(totals, axis=1) - totals / 2
    return np.asarray((middle[:, :, None] - middle[:, None, :]) ** 2)


def _ratio(over: NDArray[np.float64], under: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(over, under, out=np.full_like(under, np.nan), where=under > 0)


def _beyond_chance(observed: float, expected: float) -> float:
    return float("nan") if expected >= 1 else (observed - expected) / (1 - expected)


def _percentiles(values: NDArray[np.float64]) -> tuple[float, float]:
    there = values[np.isfinite(values)]
    if there.size == 0:
        return np.nan, np.nan
    low, high = np.percentile(there, [2.5, 97.5])
    return float(low), float(high)
