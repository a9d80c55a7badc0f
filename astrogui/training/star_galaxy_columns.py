"""The seven columns by which Kim & Brunner 2016 (arXiv 1608.04369) judge star/galaxy classifiers.

Definitions are those of their section "Classification Metrics"; what each adds is cited with it.
`p` is P(galaxy) of each source, `galaxy` the truth. Differences between classifiers of the same
sources are judged by a paired bootstrap: both are scored on the same draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

COMPLETENESS, PURITY = (
    0.96,
    0.97,
)  # at which purity and completeness are read (Soumagnac et al. 2015)
BIN = 1000  # sources in each of the overlapping bins of CAL
LEAST_PROBABILITY = 1e-7  # that the logarithm is taken of

Floats = NDArray[np.floating[Any]]
Column = Callable[[Floats, NDArray[np.bool_]], float]


def auc(p: Floats, galaxy: NDArray[np.bool_]) -> float:
    """Area under the curve of true against false positives: P(p of a galaxy > p of a star).

    By ranks, ties counting half (Mann & Whitney 1947).
    """
    from scipy.stats import rankdata

    galaxies, stars = int(galaxy.sum()), int((~galaxy).sum())
    ranks = float(rankdata(p)[galaxy].sum())
    return (ranks - galaxies * (galaxies + 1) / 2) / (galaxies * stars)


def brier(p: Floats, galaxy: NDArray[np.bool_]) -> float:
    """Mean of (p - truth)^2 (their MSE; Brier 1950, Mon. Weather Rev. 78, 1)."""
    return float(((p - galaxy) ** 2).mean())


def galaxy_purity(p: Floats, galaxy: NDArray[np.bool_]) -> float:
    """Purity N_g / (N_g + M_s) of the galaxies at the cut that keeps 96 % of the true ones."""
    found, stars = _upwards(p, galaxy)
    kept = int(np.searchsorted(found, COMPLETENESS * found[-1] - 1e-9))
    return float(found[kept] / (found[kept] + stars[kept]))


def star_completeness(p: Floats, galaxy: NDArray[np.bool_]) -> float:
    """The largest share of stars at a cut where 97 % of those called stars are; 0 where none is."""
    stars, galaxies = _upwards(-np.asarray(p), ~galaxy)
    pure = stars / (stars + galaxies) >= PURITY
    return float(stars[pure].max(initial=0) / stars[-1])


def calibration_error(p: Floats, galaxy: NDArray[np.bool_], length: int = BIN) -> float:
    """CAL: |mean p - share of galaxies| over all overlapping bins of 1000 in the order of p.

    After Caruana & Niculescu-Mizil 2004; fewer sources than that make one bin.
    """
    order = np.argsort(p, kind="stable")
    size = min(length, len(p))
    excess = np.concatenate([[0.0], np.cumsum(p[order] - galaxy[order])])
    return float(np.abs(excess[size:] - excess[:-size]).mean() / size)


def number_error(p: Floats, galaxy: NDArray[np.bool_]) -> float:
    """|sum of p - galaxies| / galaxies."""
    count = int(galaxy.sum())
    return float(abs(p.sum() - count) / count)


def log_loss(p: Floats, galaxy: NDArray[np.bool_]) -> float:
    """Mean cross-entropy in nat; what their network is fitted to, there to base 2."""
    given = np.where(galaxy, p, 1 - p)
    return float(-np.log(np.maximum(given, LEAST_PROBABILITY)).mean())


COLUMNS: Mapping[str, Column] = {
    "AUC": auc,
    "Brier": brier,
    "p_g(c_g=0.96)": galaxy_purity,
    "c_s(p_s=0.97)": star_completeness,
    "CAL": calibration_error,
    "dN/N": number_error,
    "log loss": log_loss,
}
HIGH_IS_GOOD = frozenset({"AUC", "p_g(c_g=0.96)", "c_s(p_s=0.97)"})


def columns(p: Floats, galaxy: NDArray[np.bool_]) -> dict[str, float]:
    """All seven of one classifier."""
    return {name: column(p, galaxy) for name, column in COLUMNS.items()}


def compared(
    answers: Mapping[str, Floats], galaxy: NDArray[np.bool_], draws: int, seed: int
) -> dict[str, dict[str, dict[str, float | bool]]]:
    """By classifier and column: ``value``, ``error`` and how it stands to the best.

    ``behind`` is what it lacks to the best in the column, ``behind_error`` that difference's
    bootstrap scatter over the same draws of sources; ``is_best`` where the lack is not larger.
    """
    rng = np.random.default_rng(seed)
    rows = [rng.integers(len(galaxy), size=len(galaxy)) for _ in range(draws)]
    plain = {name: columns(p, galaxy) for name, p in answers.items()}
    drawn = {
        name: {
            column: np.array([judged(p[r], galaxy[r]) for r in rows])
            for column, judged in COLUMNS.items()
        }
        for name, p in answers.items()
    }
    table: dict[str, dict[str, dict[str, float | bool]]] = {name: {} for name in answers}
    for column in COLUMNS:
        sign = -1.0 if column in HIGH_IS_GOOD else 1.0
        best = min(answers, key=lambda name: sign * plain[name][column])
        for name in answers:
            behind = sign * (plain[name][column] - plain[best][column])
            scatter = float((drawn[name][column] - drawn[best][column]).std(ddof=1))
            table[name][column] = {
                "value": plain[name][column],
                "error": float(drawn[name][column].std(ddof=1)),
                "behind": behind,
                "behind_error": scatter,
                "is_best": bool(behind <= scatter),
            }
    return table


def table_lines(
    table: Mapping[str, Mapping[str, Mapping[str, Any]]], given: Mapping[str, str]
) -> list[str]:
    """The table of `compared` for people; ``given`` says what each classifier was trained on.

    A star marks the best of a column and those within the paired error of it.
    """
    lines = ["| classifier | trained on | " + " | ".join(COLUMNS) + " |",
             "|" + "---|" * (2 + len(COLUMNS))]  # fmt: skip
    for classifier, cells in table.items():
        told = [
            f"{cells[name]['value']:.4f} +- {cells[name]['error']:.4f}"
            + (" *" if cells[name]["is_best"] else "")
            for name in COLUMNS
        ]
        lines.append(f"| {classifier} | {given[classifier]} | " + " | ".join(told) + " |")
    return lines


def _upwards(p: Floats, wanted: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Wanted and unwanted sources above every distinct cut, from the highest cut down."""
    order = np.argsort(-np.asarray(p), kind="stable")
    value, is_wanted = np.asarray(p)[order], wanted[order]
    last = np.append(np.flatnonzero(np.diff(value)), len(value) - 1)
    return np.cumsum(is_wanted)[last], np.cumsum(~is_wanted)[last]
