"""What the mergers' README says of the strain networks of the literature, trained here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEY = "strain_networks"  # of the card's scores
TITLES = {
    "bbh": "our network (before weighting)",
    "shen_masses": "Shen & Huerta, Model 2",
    "shen_remnant": "Shen & Huerta, Model 1",
    "huerta_predictor": "George & Huerta, predictor",
    "huerta_classifier": "George & Huerta, classifier",
}


def lines(table: Mapping[str, Any]) -> list[str]:
    """The section of the README; nothing where they were not scored."""
    if not table:
        return []
    names = [name for name in TITLES if name in table]
    return [
        "## Beside the strain networks of the literature",
        "",
        f"{table['n']} held-out mergers (`tests/benchmarks/strain_networks.py`): masses and spins "
        "uniform in the ranges of Shen, Huerta et al. (arXiv 1903.01998), signal-to-noise ratio "
        f"{table['loudness'][0]:g}-{table['loudness'][1]:g}, flat in its logarithm, Gaussian "
        "noise. Their networks were trained on such mergers; ours has the prior above, and so "
        "other odds. Model 1 and 2 were published with 10 million examples on 1,024 nodes of a "
        "supercomputer; what these had is in the second table, so their rows say nothing of how "
        "good the published ones are.",
        "",
        "| network | quantity | error (rms) | error, mean share | width of 90 % | inside 68 % | "
        "inside 90 % |",
        "|---" * 7 + "|",
        *[line for name in names if "scores" in table[name] for line in _rows(name, table[name])],
        "",
        "| network | weights | examples | seconds of training | one answer, ms |",
        "|---" * 5 + "|",
        *[_cost(name, table[name]) for name in names if "examples" in table[name]],
        "",
        *_found(table.get("huerta_classifier", {})),
    ]


def _rows(name: str, told: Mapping[str, Any]) -> list[str]:
    rows = []
    for quantity, scores in told["scores"]["all"].items():
        if quantity == "n":
            continue
        share = f"{100 * scores['mean_relative']:.1f} %"
        cells = [f"{scores['rms']:.3g}", "-" if "spin" in quantity else share]  # a spin may be 0
        if "inside" in scores:
            inside = scores["inside"]
            cells += [f"{scores['width_90']:.3g}"]
            cells += [f"{100 * inside[level]:.1f}" for level in ("0.68", "0.9")]
        else:
            cells += ["-"] * 3
        rows.append(f"| {TITLES[name]} | {quantity} | {' | '.join(cells)} |")
    return rows


def _cost(name: str, told: Mapping[str, Any]) -> str:
    unfinished = "" if told["finished"] else " (not finished)"
    return (
        f"| {TITLES[name]} | {told['weights']:,} | {told['examples']:,}{unfinished} | "
        f"{told['seconds']} | {1e3 * told['seconds_an_answer']:.1f} |"
    )


def _found(told: Mapping[str, Any]) -> list[str]:
    if not told:
        return []
    return [
        f"Share of mergers found at {100 * told['false_share']:g} % false alarms in seconds of "
        f"noise alone ({told['quiet']:,} of noise, {told['mergers']} mergers each, one noise "
        f"curve; the matched filter has {told['templates']} random templates whitened by it):",
        "",
        "| signal-to-noise ratio | " + " | ".join(told["found"]) + " |",
        "|---" * (1 + len(told["found"])) + "|",
        *[
            f"| {title} | "
            + " | ".join(f"{100 * pair[which]:.0f} %" for pair in told["found"].values())
            + " |"
            for which, title in enumerate((TITLES["huerta_classifier"], "matched filter"))
        ],
        "",
    ]
