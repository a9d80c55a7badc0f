"""How good the answers about shapes are: on held-out simulations and on real volunteers' votes."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import UsageProblem
from astrogui.science import vote_tree
from astrogui.tasks.morphology import VOTES, at_told_strengths
from astrogui.training.calibrate import expected_calibration_error
from astrogui.training.morphology_examples import VOLUNTEERS, simulated_piece
from astrogui.training.recipe import Answer, Measures, Row, Run

LEVELS = (0.5, 0.8, 0.95)
ENOUGH_VOTES = 5  # volunteers asked, below which a question says nothing about coverage
SURE = 0.8  # share of the winning vote
DIELEMAN_RMSE = 0.075  # Dieleman et al. 2015 over 79,975 galaxies, trained on 61,578

Floats = NDArray[np.floating[Any]]


def simulated(run: Run, count: int, seed: int) -> Measures:
    """Figures over `count` simulated galaxies with the votes of forty volunteers each."""
    rng = np.random.default_rng([seed, 7])
    piece = simulated_piece(count, rng)
    outputs = run({"picture": piece["picture"].astype(np.float32) / 255})
    members = np.asarray(outputs["alpha"], np.float64)
    alpha = at_told_strengths(members, run.card)
    opinion = np.asarray(piece["opinion"], np.float64)
    votes = vote_tree.draw_votes(opinion, VOLUNTEERS, rng)
    share = vote_tree.cumulative(vote_tree.means(members)).mean(axis=1)
    truth = vote_tree.cumulative(opinion)
    inside = coverage(votes, alpha, rng)
    return {
        "n": count,
        "nll_nat": float(-mixture_log_likelihood(votes, alpha).sum(axis=1).mean()),
        "nll_of_true_opinions_nat": float(-_multinomial(votes, opinion).sum(axis=1).mean()),
        **{f"coverage_{round(100 * level)}": value for level, value in inside.items()},
        "rmse_37": float(np.sqrt(((share - truth) ** 2).mean())),
        **_accuracy(share, truth),
        "novel": float((np.asarray(outputs["novelty"]) > 1).mean()),
    }


def mixture_log_likelihood(votes: Floats, alpha: Floats) -> Floats:
    """Log-likelihood (n, 11) of votes (n, 37) under the members' (n, members, 37) mixture."""
    each = vote_tree.log_likelihood(votes[:, None], alpha)
    most = each.max(axis=1, keepdims=True)
    return np.asarray(most[:, 0] + np.log(np.exp(each - most).mean(axis=1)))


def _multinomial(votes: Floats, opinion: Floats) -> Floats:
    """The same under the opinions themselves: what no network can beat."""
    return vote_tree.log_likelihood(votes, opinion * 1e7)


def coverage(votes: Floats, alpha: Floats, rng: np.random.Generator) -> dict[float, float]:
    """How often a count lies in its equal-tailed interval, over all answers with enough votes."""
    return covered(*steps(votes, alpha), rng)


def steps(votes: Floats, alpha: Floats) -> tuple[Floats, Floats]:
    """(k,) how probable fewer votes were than each answer got, and as many or fewer.

    Of votes (n, 37) under the mixture of concentrations (n, members, 37); questions that hardly
    anybody was asked are left out.
    """
    from scipy.stats import betabinom

    fewer, as_many = [], []
    for where in vote_tree.SLICES:
        asked = votes[:, where].sum(axis=1)
        enough = asked >= ENOUGH_VOTES
        if not enough.any():
            continue
        a = alpha[enough][..., where]
        rest = a.sum(axis=-1, keepdims=True) - a
        count, total = votes[enough][:, None, where], asked[enough][:, None, None]
        fewer.append(betabinom.cdf(count - 1, total, a, rest).mean(axis=1).ravel())
        as_many.append(betabinom.cdf(count, total, a, rest).mean(axis=1).ravel())
    return np.concatenate(fewer), np.concatenate(as_many)


def covered(fewer: Floats, as_many: Floats, rng: np.random.Generator) -> dict[float, float]:
    """The share of counts inside each of ``LEVELS``, from their ``steps``.

    The place of a count among those possible is drawn within its step (randomised, Czado et al.
    2009, Biometrics 65, 1254), so that a calibrated network covers exactly the level.
    """
    place = fewer + rng.random(fewer.shape) * (as_many - fewer)
    return {level: float((np.abs(place - 0.5) < level / 2).mean()) for level in LEVELS}


def real(folder: Path, answer: Answer) -> Measures:
    """Figures over the galaxies of even GalaxyID with votes below ``folder`` (images)."""
    table = folder / "morphology" / "votes_kaggle_gz.csv"
    if not table.is_file():
        raise UsageProblem(f"{table}: there is no table of votes. Give the folder that holds it.")
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    shares = {int(row["GalaxyID"]): vote_tree.from_row(row) for row in rows}
    odd = np.array([value for number, value in shares.items() if number % 2])
    even = [
        (number, folder / "morphology" / "kaggle_gz" / f"{number}.jpg")
        for number in shares
        if number % 2 == 0
    ]
    even = [(number, path) for number, path in even if path.is_file()]
    found = answer([(path,) for _, path in even], {})
    truth = np.array([shares[number] for number, _ in even])
    return figures(found, truth) | {
        "beside": {
            "the mean votes of the odd galaxies, rmse_37": rmse(
                np.repeat(odd.mean(axis=0)[None], len(truth), axis=0), truth
            ),
            "Dieleman et al. 2015, rmse_37": DIELEMAN_RMSE,
        }
    }


def figures(rows: Sequence[Row], truth: Floats) -> dict[str, Any]:
    """Figures of exported rows against the cumulative shares (n, 37) of real votes."""
    if len(rows) != len(truth):
        raise UsageProblem(f"{len(truth)} galaxies were asked for, {len(rows)} rows came.")
    share = np.array(
        [[_number(row.get(f"prob_{name}")) for name in vote_tree.ANSWERS] for row in rows]
    )
    answered = np.isfinite(share).all(axis=1)
    share, truth = share[answered], truth[answered]
    kept = [row for row, is_there in zip(rows, answered, strict=True) if is_there]
    columns = [vote_tree.ANSWERS.index(name) for name in VOTES]
    bounds = np.array(
        [[[_number(row.get(f"votes_{name}{end}")) for end in ("_lo90", "_lo68", "", "_hi68",
                                                              "_hi90")] for name in VOTES]
         for row in kept]
    )  # fmt: skip
    fraction = truth[:, columns]
    inside = {
        text: float(((fraction >= bounds[..., low]) & (fraction <= bounds[..., high])).mean())
        for text, low, high in (("68", 1, 3), ("90", 0, 4))
    }
    return {
        "n": int(answered.sum()),
        "refused": int((~answered).sum()),
        **_accuracy(share, truth),
        "rmse_37": rmse(share, truth),
        "rmse_by_answer": {
            name: rmse(share[:, k], truth[:, k]) for name, k in zip(VOTES, columns, strict=True)
        },
        "crps": crps(bounds, fraction),
        "crps_of_the_mean_votes": float(np.abs(fraction - np.median(fraction, axis=0)).mean()),
        **{f"votes_inside_{text}": value for text, value in inside.items()},
        "ece": {
            name: expected_calibration_error(share[:, k], truth[:, k])
            for name, k in zip(VOTES, columns, strict=True)
        },
        "novel": float(np.mean(["unlike" in str(row.get("flags")) for row in kept])),
    }


def rmse(share: Floats, truth: Floats) -> float:
    """Root of the mean square over galaxies and answers, as the challenge scored."""
    return float(np.sqrt(((share - truth) ** 2).mean()))


def crps(bounds: Floats, value: Floats) -> float:
    """Mean continuous ranked probability score from five quantiles (..., 5) of each value.

    Twice the integral of the quantile loss (Gneiting & Ranjan 2011, J. Bus. Econ. Stat. 29, 411),
    each of the levels 5, 16, 50, 84 and 95 % standing for what lies nearest to it: for a normal
    forecast 6 % below the full score.
    """
    levels = np.array([0.05, 0.16, 0.5, 0.84, 0.95])
    edges = np.concatenate([[0], 0.5 * (levels[1:] + levels[:-1]), [1]])
    off = value[..., None] - bounds
    loss = np.maximum(levels * off, (levels - 1) * off)
    return float(2 * (loss * np.diff(edges)).sum(axis=-1).mean())


def _accuracy(share: Floats, truth: Floats) -> dict[str, float | int | None]:
    """Smooth or featured: right answers where the winning vote is sure, and where it is not."""
    featured = truth[:, 1] > truth[:, 0]
    right = (share[:, 1] > share[:, 0]) == featured
    winning = truth[:, :2].max(axis=1)
    sure = winning >= SURE
    return {
        "accuracy_sure": float(right[sure].mean()) if sure.any() else None,
        "n_sure": int(sure.sum()),
        "accuracy_all": float(right.mean()),
    }


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
