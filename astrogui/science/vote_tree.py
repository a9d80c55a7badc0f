"""The questions of Galaxy Zoo 2 as a tree: which answer leads on to which, and votes along it.

Source: Willett et al. 2013, MNRAS 435, 2835, table 2 and figure 1; the numbering of the columns
(``Class1.1`` ...) and their cumulative weighting are those of the Galaxy Zoo challenge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question; who is asked are those that gave one of the answers ``after``."""

    number: int
    words: str
    answers: tuple[str, ...]
    after: str = ""  # the answer that leads here; everybody is asked where it is empty


QUESTIONS: tuple[Question, ...] = (
    Question(number=1, words="Is it smooth and rounded, or has it features or a disc?",
             answers=("smooth", "featured", "artifact")),
    Question(number=2, words="Could this be a disc seen edge-on?",
             answers=("edge_on", "not_edge_on"), after="featured"),
    Question(number=3, words="Is there a bar through the centre?",
             answers=("bar", "no_bar"), after="not_edge_on"),
    Question(number=4, words="Is there a spiral pattern?",
             answers=("spiral", "no_spiral"), after="not_edge_on"),
    Question(number=5, words="How prominent is the central bulge?",
             answers=("bulge_none", "bulge_noticeable", "bulge_obvious", "bulge_dominant"),
             after="not_edge_on"),
    Question(number=6, words="Is there anything odd?", answers=("odd", "not_odd")),
    Question(number=7, words="How rounded is it?",
             answers=("round", "in_between", "cigar"), after="smooth"),
    Question(number=8, words="What is the odd feature?",
             answers=("ring", "lens_or_arc", "disturbed", "irregular", "other", "merger",
                      "dust_lane"), after="odd"),
    Question(number=9, words="What shape has the bulge of the edge-on disc?",
             answers=("edge_bulge_round", "edge_bulge_boxy", "edge_bulge_none"), after="edge_on"),
    Question(number=10, words="How tightly are the arms wound?",
             answers=("arms_tight", "arms_medium", "arms_loose"), after="spiral"),
    Question(number=11, words="How many arms are there?",
             answers=("arms_1", "arms_2", "arms_3", "arms_4", "arms_more", "arms_uncountable"),
             after="spiral"),
)  # fmt: skip

ANSWERS: tuple[str, ...] = tuple(answer for q in QUESTIONS for answer in q.answers)
COLUMNS: tuple[str, ...] = tuple(
    f"Class{q.number}.{k + 1}" for q in QUESTIONS for k in range(len(q.answers))
)


def slices() -> tuple[slice, ...]:
    """Where each question's answers lie among the 37."""
    ends = np.cumsum([len(q.answers) for q in QUESTIONS])
    return tuple(
        slice(int(end) - len(q.answers), int(end)) for q, end in zip(QUESTIONS, ends, strict=True)
    )


SLICES = slices()
_ASKED_AFTER: tuple[int, ...] = tuple(ANSWERS.index(q.after) if q.after else -1 for q in QUESTIONS)


def cumulative(conditional: Floats) -> Floats:
    """Shares (..., 37) of all volunteers from shares among those that were asked.

    A question's shares sum to the share that reached it; the first and the sixth, which everybody
    is asked, sum to one.
    """
    shares = np.array(conditional, dtype=np.float64)
    for where, after in zip(SLICES, _ASKED_AFTER, strict=True):  # a question follows its parent
        if after >= 0:
            shares[..., where] *= shares[..., after : after + 1]
    return shares


def conditional(shares: Floats) -> tuple[Floats, Floats]:
    """Shares (..., 37) among those asked, and the share (..., 11) of volunteers that was asked.

    The inverse of `cumulative`; where nobody was asked the shares are even.
    """
    values = np.asarray(shares, dtype=np.float64)
    among, asked = np.empty(values.shape), np.empty((*values.shape[:-1], len(QUESTIONS)))
    for number, where in enumerate(SLICES):
        total = values[..., where].sum(axis=-1, keepdims=True)
        even = 1.0 / (where.stop - where.start)
        among[..., where] = np.where(total > 0, values[..., where] / np.where(total > 0, total, 1),
                                     even)  # fmt: skip
        asked[..., number] = total[..., 0]
    return among, asked


def votes(shares: Floats, volunteers: float) -> Floats:
    """Votes (..., 37), not rounded, of so many volunteers with these cumulative shares."""
    return np.asarray(shares, dtype=np.float64) * volunteers


def draw_votes(probability: Floats, volunteers: int, rng: np.random.Generator) -> Floats:
    """Votes (n, 37) of volunteers who go down the tree with conditional probabilities (n, 37)."""
    probability = np.asarray(probability, dtype=np.float64)
    counts = np.zeros(probability.shape)
    for where, after in zip(SLICES, _ASKED_AFTER, strict=True):
        asked = (
            np.full(len(probability), volunteers)
            if after < 0
            else counts[:, after].astype(np.int64)
        )
        share = probability[:, where] / probability[:, where].sum(axis=1, keepdims=True)
        counts[:, where] = rng.multinomial(asked, share)
    return counts


def draw_shares(alpha: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Cumulative shares (draws, n, 37) of crowds whose opinion has concentrations (n, 37)."""
    gammas = np.maximum(rng.standard_gamma(np.asarray(alpha), size=(draws, *np.shape(alpha))),
                        1e-30)  # fmt: skip
    for where in SLICES:
        gammas[..., where] /= gammas[..., where].sum(axis=-1, keepdims=True)
    return cumulative(gammas)


def means(alpha: Floats) -> Floats:
    """Conditional shares (..., 37) expected under concentrations (..., 37)."""
    alpha = np.asarray(alpha, dtype=np.float64)
    shares = np.empty(alpha.shape)
    for where in SLICES:
        shares[..., where] = alpha[..., where] / alpha[..., where].sum(axis=-1, keepdims=True)
    return shares


def at_strengths(alpha: Floats, factors: Sequence[float]) -> Floats:
    """Concentrations (n, members * factors, 37): each member at each of the strengths.

    Of a mixture in which every strength is as likely as the others: how far a crowd agrees is not
    known to a single number.
    """
    return np.concatenate([np.asarray(alpha) * factor for factor in factors], axis=1)


def log_likelihood(counts: Floats, alpha: Floats) -> Floats:
    """Log of the Dirichlet-multinomial density (..., 11) of counts, a question each.

    Counts need not be whole: the coefficient is written with gamma functions. Source: Minka 2000,
    Estimating a Dirichlet distribution, eq. (26), with the multinomial coefficient.
    """
    from scipy.special import gammaln

    counts, alpha = np.asarray(counts, np.float64), np.asarray(alpha, np.float64)
    single = gammaln(counts + alpha) - gammaln(alpha) - gammaln(counts + 1)
    out = np.empty((*np.broadcast_shapes(counts.shape, alpha.shape)[:-1], len(QUESTIONS)))
    for number, where in enumerate(SLICES):
        total, strength = counts[..., where].sum(axis=-1), alpha[..., where].sum(axis=-1)
        out[..., number] = (
            single[..., where].sum(axis=-1)
            + gammaln(total + 1) + gammaln(strength) - gammaln(total + strength)
        )  # fmt: skip
    return out


def from_row(row: Mapping[str, Any]) -> Floats:
    """The 37 shares of a row of the challenge's table, by its column names."""
    return np.array([float(row[name]) for name in COLUMNS])
