"""The seven columns by which Kim & Brunner 2016 (arXiv 1608.04369) judge star/galaxy classifiers.

Definitions are those of their section "Classification Metrics"; what each adds is cited with it.
`p` is P(galaxy) of each source, `galaxy` the truth. Differences between classifiers of the same
sources are judged by a paired bootstrap: both are scored on the same draws, of whole fields where
these are given, since the share of stars differs from field to field.
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
BINS = ((14.0, 19.0), (19.0, 20.0), (20.0, 20.5), (20.5, 21.0), (21.0, 21.5), (21.5, 22.0),
        (22.0, 22.5), (14.0, 21.0), (14.0, 22.0), (14.0, 22.5))  # fmt: skip
CHANCE_DRAWS = 40  # of truths out of the probabilities themselves

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
    answers: Mapping[str, Floats],
    galaxy: NDArray[np.bool_],
    draws: int,
    seed: int,
    field: NDArray[np.integer[Any]] | None = None,
) -> dict[str, dict[str, dict[str, float | bool]]]:
    """By classifier and column: ``value``, ``error`` and how it stands to the best.

    ``behind`` is what it lacks to the best in the column, ``behind_error`` that difference's
    bootstrap scatter over the same draws of sources, or of whole fields where the sources'
    ``field`` is given; ``is_best`` where the lack is not larger.
    """
    rows = drawn_rows(np.arange(len(galaxy)) if field is None else field, draws, seed)
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


def drawn_rows(field: NDArray[np.integer[Any]], draws: int, seed: int) -> list[NDArray[np.intp]]:
    """The rows of as many fields as there are, drawn with replacement, for each draw."""
    rng = np.random.default_rng(seed)
    order = np.argsort(field, kind="stable")
    starts = np.flatnonzero(np.diff(field[order], prepend=field[order][:1] - 1))
    parts = np.split(order, starts[1:])
    return [
        np.concatenate([parts[k] for k in rng.integers(len(parts), size=len(parts))])
        for _ in range(draws)
    ]


def by_magnitude(
    p: Floats,
    galaxy: NDArray[np.bool_],
    magnitude: Floats,
    field: NDArray[np.integer[Any]],
    draws: int,
    seed: int,
) -> dict[str, dict[str, float]]:
    """Calibration in `BINS`: CAL, dN/N and the mean excess of p, errors by draws of fields.

    ``number_of_a_field`` is the rms error of one field's number of galaxies over their rms
    number; ``chance`` is the CAL of truths drawn from the probabilities themselves: what a
    perfectly calibrated answer would show on so many sources.
    """
    rng = np.random.default_rng(seed)
    rows = drawn_rows(field, draws, seed)
    table: dict[str, dict[str, float]] = {}
    for low, high in BINS:
        inside = (magnitude > low) & (magnitude <= high)
        if min(int((inside & galaxy).sum()), int((inside & ~galaxy).sum())) < 5:
            continue
        own, truth = p[inside], galaxy[inside]
        again = [(p[r[inside[r]]], galaxy[r[inside[r]]]) for r in rows]
        row: dict[str, float] = {"n": int(inside.sum()), "stars": int((~truth).sum())}
        for name, judged in (("cal", calibration_error), ("number", number_error),
                             ("excess", _excess)):  # fmt: skip
            row[name] = judged(own, truth)
            row[f"{name}_error"] = float(np.std([judged(*pair) for pair in again], ddof=1))
        chances = [calibration_error(own, rng.random(len(own)) < own) for _ in range(CHANCE_DRAWS)]
        row["chance"] = float(np.mean(chances))
        row["number_of_a_field"] = _number_of_a_field(own, truth, field[inside])
        table[f"{low:g}-{high:g}"] = row
    return table


def magnitude_lines(table: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The table of `by_magnitude` for people."""
    heads = ("r", "sources", "stars", "CAL", "by chance alone", "dN/N", "of one field",
             "mean p less share")  # fmt: skip
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for name, row in table.items():
        lines.append(
            f"| {name} | {row['n']} | {row['stars']} | {row['cal']:.4f} +- {row['cal_error']:.4f} "
            f"| {row['chance']:.4f} | {row['number']:.4f} +- {row['number_error']:.4f} "
            f"| {row['number_of_a_field']:.3f} "
            f"| {row['excess']:+.4f} +- {row['excess_error']:.4f} |"
        )
    return lines


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


def _excess(p: Floats, galaxy: NDArray[np.bool_]) -> float:
    return float(p.mean() - galaxy.mean())


def _number_of_a_field(
    p: Floats, galaxy: NDArray[np.bool_], field: NDArray[np.integer[Any]]
) -> float:
    """rms over fields of sum of p - galaxies, over the rms number of galaxies."""
    expected, count = np.bincount(field, p), np.bincount(field, galaxy)
    return float(np.sqrt(((expected - count)[count > 0] ** 2).sum() / (count**2).sum()))


def _upwards(p: Floats, wanted: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Wanted and unwanted sources above every distinct cut, from the highest cut down."""
    order = np.argsort(-np.asarray(p), kind="stable")
    value, is_wanted = np.asarray(p)[order], wanted[order]
    last = np.append(np.flatnonzero(np.diff(value)), len(value) - 1)
    return np.cumsum(is_wanted)[last], np.cumsum(~is_wanted)[last]
