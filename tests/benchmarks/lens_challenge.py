"""The lens finder over a hundred thousand simulations of each population, in pieces that go on.

    python tests/benchmarks/lens_challenge.py WORKDIR --count 100000 --record

Scores and facts of every cut-out stay below WORKDIR as numbers; another call goes on where the last
one was stopped, and `--kept` alone judges what is there. Half are lenses. TPR10 is the share of
lenses above the score where fewer than ten false positives remain, as in the challenge of Metcalf
et al. 2019 (A&A 625, A119); it falls as the count grows, so `tpr10_whole` is read at the rate of
false positives that it has among a hundred thousand. Shares come with the scatter of a bootstrap.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

if __name__ == "__main__":
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from astrogui.records.model_card import card_from_json  # noqa: E402
from astrogui.session.evaluation import Network, network  # noqa: E402
from astrogui.training import score_lens  # noqa: E402
from astrogui.training.lens_card import readme  # noqa: E402
from astrogui.training.lens_shares import LOOK_ALIKES, OF_SURVEY, Population  # noqa: E402
from astrogui.training.package import write_card  # noqa: E402
from astrogui.training.recipe import Arrays, Measures  # noqa: E402

PARTS = ("all", "ground", "space", "wide_and_bright")
SHARES = ("auroc", "completeness_99", "tpr0", "tpr10", "tpr10_whole")
OTHERS = 50_000  # that are no lenses among the whole hundred thousand


def ranked(score: np.ndarray, label: np.ndarray) -> Measures:
    """As `score_lens.ranking`, with `tpr10_whole`: TPR10 were there as many others as `OTHERS`.

    It is read at the same rate of false positives: at fewer of them, where there are fewer others.
    """
    others = np.sort(score[~label])[::-1]
    rank = 10 / OTHERS * len(others) - 1
    threshold = np.interp(max(rank, 0.0), np.arange(len(others)), others)
    whole = float((score[label] > threshold).mean())
    return {**score_lens.ranking(score, label), "tpr10_whole": whole}


def with_errors(measures: Measures, found: Arrays, draws: int, seed: int) -> Measures:
    """The figures with `SHARES` of each of `PARTS`, and their scatter over cut-outs drawn again."""
    rng = np.random.default_rng(seed)
    label, score = found["label"] > 0, found["score"]
    wide = (found["einstein_radius"] > score_lens.WIDE_ARCSEC) & (
        found["signal"] > score_lens.BRIGHT_SIGNAL
    )
    chosen = {
        "all": np.ones(len(score), bool), "ground": ~found["space"], "space": found["space"],
        "wide_and_bright": wide | ~label,
    }  # fmt: skip
    measures = dict(measures)
    for part in PARTS:
        rows = np.flatnonzero(chosen[part])
        drawn = [
            ranked(score[again], label[again])
            for again in (rng.choice(rows, len(rows)) for _ in range(draws))
        ]
        measures[part] = ranked(score[rows], label[rows]) | {
            f"{name}_error": float(np.std([one[name] for one in drawn], ddof=1)) for name in SHARES
        }
    return measures | {"seed": seed}


def told(measures: Measures) -> list[str]:
    """The figures in lines for people."""
    lines = []
    for part in PARTS:
        found = measures[part]
        shares = ", ".join(f"{name} {found[name]:.4f} +- {found[name + '_error']:.4f}"
                           for name in SHARES)  # fmt: skip
        lines.append(f"{part}: {found['n']} cut-outs, {found['lenses']} lenses: {shares}")
    lines.append("at 99 % rejection, by Einstein radius (arcsec):")
    for radius, row in measures["identification_by_radius"].items():
        lines.append(
            f"  {radius}: {_percent(row['missed'])} of {row['lenses']} lenses missed, "
            f"{_percent(row['false'])} of {row['without_arcs']} without arcs called lenses"
        )
    for kind, rate in measures["false_positives_by_kind"].items():
        lines.append(f"  {kind}: {_percent(rate)} called lenses")
    return lines


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


def record(folder: Path, measures: Mapping[str, Measures]) -> None:
    """Write figures of one population, or of both, into the card and README of the lens finder."""
    card = card_from_json((folder / "card.json").read_text("utf-8"), str(folder))
    scores = dict(card.simulated_scores)
    if whole := measures.get(LOOK_ALIKES.name):
        scores = {**whole, "survey": scores.get("survey", {})}
    if survey := measures.get(OF_SURVEY.name):
        scores["survey"] = {name: own for name, own in survey.items() if name != "coverage"}
    card = dataclasses.replace(card, simulated_scores=scores, coverage=scores["coverage"])
    write_card(folder, card, readme(card))


def of_population(wanted: argparse.Namespace, run: Network, population: Population) -> Measures:
    """Figures over one population of cut-outs, answered or taken from what is kept."""
    # Scores are of one network and one population.
    kept = wanted.workdir / run.card.hashes["weights.npz"][:12] / population.name
    count = wanted.count
    if wanted.kept:
        count = min(count, score_lens.PICTURES * score_lens.kept_pieces(kept, wanted.seed))
    found = score_lens.answered(
        run, count, wanted.seed, kept, lambda words: print(words, flush=True), population
    )
    measures = score_lens.figures(found, wanted.seed)
    return with_errors(measures, found, wanted.draws, wanted.seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workdir", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20_261_122)
    parser.add_argument("--draws", type=int, default=100, help="of the bootstrap")
    parser.add_argument("--kept", action="store_true", help="judge what is kept, add nothing")
    parser.add_argument("--record", action="store_true", help="write the figures into the card")
    parser.add_argument(
        "--population", choices=(OF_SURVEY.name, LOOK_ALIKES.name), help="one alone"
    )
    parser.add_argument("--models", help="a folder of models beside the shipped ones")
    wanted = parser.parse_args()
    run = network("lens_finder", wanted.models)
    measures = {}
    for population in (OF_SURVEY, LOOK_ALIKES):
        if wanted.population in (None, population.name):
            measures[population.name] = of_population(wanted, run, population)
            print("\n".join([f"{population.name}:", *told(measures[population.name])]))
    (wanted.workdir / "figures.json").write_text(json.dumps(measures, indent=1))
    if wanted.record:
        record(ROOT / "models" / "lens_finder", measures)


if __name__ == "__main__":
    main()
