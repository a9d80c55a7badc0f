"""Stars and galaxies on held-out simulations beside the information limit, in fields that go on.

    python tests/benchmarks/star_galaxy_limit.py WORKDIR --sources 50000 --share 0.3 --record

Fields like SDSS's in five bands are simulated, searched, prepared and answered by the shipped
network; for a random share of the sources the likelihood ratio of `training/star_galaxy_limit.py`
is worked out. Answers are kept below WORKDIR as numbers: another call goes on where the last one
was stopped, and `--kept` alone judges what is there. AUCs come with the scatter of a bootstrap over
sources, their difference with that of both on the same draws. With `--told found` the ratio is told
the light of the sources that were found, and not that of neighbours too faint for it; with
`--faintest 22.6` there are none of these. With the
density of stars counted in the frame, as ours is, the limit is moved by the same prior; at the mean
density both are compared as well.
Calibration by magnitude, measured and true, comes with errors of drawing fields.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import zlib
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from astrogui.records.model_card import card_from_json  # noqa: E402
from astrogui.session.evaluation import network  # noqa: E402
from astrogui.tasks.star_galaxy import logit_shifts  # noqa: E402
from astrogui.training import star_galaxy_card, star_galaxy_columns  # noqa: E402
from astrogui.training.package import write_card  # noqa: E402
from astrogui.training.recipe import Arrays  # noqa: E402
from astrogui.training.score_star_galaxy import answered  # noqa: E402
from astrogui.training.simulate_image import BANDS, SimulatedSky  # noqa: E402
from astrogui.training.star_galaxy_examples import field_examples, match  # noqa: E402
from astrogui.training.star_galaxy_limit import (  # noqa: E402
    Templates,
    compared,
    limit_lines,
    log_ratios,
)

FAINTEST = 22.5
NEIGHBOUR, ALONE_ARCSEC = 2.0, 6.0  # mag, and where no such neighbour is nearer
PIXEL_SCALE_ARCSEC = 0.396
SHAPE = (1489, 2048)
SAID = ("_compact", "_area_deg2", "_separation")  # by the frame of a source


def separations(sky: SimulatedSky, rows: np.ndarray) -> np.ndarray:
    """Arcsec from each source to the nearest other that is at most `NEIGHBOUR` mag fainter."""
    from scipy.spatial import cKDTree

    places, magnitude = np.column_stack([sky.x, sky.y]), sky.magnitude[:, 2]
    distance, near = cKDTree(places).query(places[rows], k=8)
    counted = magnitude[near] < magnitude[rows, None] + NEIGHBOUR
    distance[~counted | (near == rows[:, None])] = np.inf
    return distance.min(axis=1) * sky.settings.pixel_scale_arcsec


def field_answers(
    run: Any, templates: Templates, number: int, wanted: argparse.Namespace,
    shape: tuple[int, int],
) -> Arrays:  # fmt: skip
    """The sources of a field down to `FAINTEST`, true or measured: our logits, the limit or NaN."""
    seed = wanted.seed

    def limit(sky: SimulatedSky, x: np.ndarray, y: np.ndarray) -> Arrays:
        truth = match(sky, x, y)
        chosen = np.random.default_rng([seed, 3, number]).random(len(x)) < wanted.share
        chosen &= (truth >= 0) & (sky.magnitude[truth, 2] <= FAINTEST)
        found = np.full(len(x), np.nan)
        known = np.unique(truth[truth >= 0]) if wanted.told == "found" else None
        found[chosen] = log_ratios(sky, truth[chosen], templates, known)
        return {"_limit": found, "_separation_arcsec": separations(sky, truth)}

    whole = field_examples(
        [seed, zlib.crc32(b"limit"), number], shape, 1.0, BANDS, limit, wanted.faintest
    )
    measured = whole["_magnitude"][:, BANDS.index("r")]
    rows = (whole["true_magnitude"] <= FAINTEST) | (measured <= FAINTEST)
    inputs = {name: whole[name][rows].astype(np.float32) for name in ("image", "catalogue")}
    return {
        "logit": np.asarray(run(inputs)["logit"], np.float64), "galaxy": whole["label"][rows] > 0.5,
        "magnitude": whole["true_magnitude"][rows], "measured": measured[rows],
        "limit": whole["_limit"][rows], "separation": whole["_separation_arcsec"][rows],
        "field": np.full(int(rows.sum()), number), **{name: whole[name][rows] for name in SAID},
    }  # fmt: skip


def answers(wanted: argparse.Namespace, run: Any, kept: Path) -> Arrays:
    """What is kept, and where it was asked for as many fields more as the sources need."""
    parts: list[Arrays] = []
    templates: Templates | None = None
    kept.mkdir(parents=True, exist_ok=True)
    while (found := sum(_bright(part) for part in parts)) < wanted.sources:
        path = kept / f"{wanted.seed}-{len(parts):04d}.npz"
        if not path.exists():
            if wanted.kept:
                break
            templates = templates or Templates(PIXEL_SCALE_ARCSEC)
            part = field_answers(run, templates, len(parts), wanted, SHAPE)
            scratch = path.with_suffix(".part")
            with scratch.open("wb") as file:
                np.savez_compressed(file, **part)
            os.replace(scratch, path)
            print(f"{found + _bright(part)} of {wanted.sources} sources", flush=True)
        with np.load(path, allow_pickle=False) as file:
            parts.append({name: file[name] for name in file.files})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _bright(part: Arrays) -> int:
    return int((part["magnitude"] <= FAINTEST).sum())


def judged(
    found: Arrays, chosen: np.ndarray, wanted: argparse.Namespace,
    names: tuple[str, str] = ("probability", "limit_told"),
) -> dict[str, Any]:  # fmt: skip
    """The comparison over the sources chosen."""
    chosen = chosen & (found["magnitude"] <= FAINTEST)
    answers = (found[name][chosen] for name in (*names, "galaxy", "magnitude"))
    return compared(*answers, wanted.draws, wanted.seed)


def calibrated(found: Arrays, wanted: argparse.Namespace) -> dict[str, Any]:
    """Calibration by the measured and by the true magnitude, and at the mean density of stars."""
    pairs = {"measured": ("probability", "measured"), "true": ("probability", "magnitude"),
             "mean": ("at_mean", "measured")}  # fmt: skip
    return {"fields": int(found["field"].max()) + 1} | {
        name: star_galaxy_columns.by_magnitude(
            found[answer], found["galaxy"], found[magnitude], found["field"],
            max(wanted.draws // 2, 2), wanted.seed,
        )
        for name, (answer, magnitude) in pairs.items()
    }  # fmt: skip


def record(folder: Path, tables: dict[str, Any]) -> None:
    """Write the tables into the card and README of the star/galaxy model, whose rest stays."""
    card = card_from_json((folder / "card.json").read_text("utf-8"), str(folder))
    card = dataclasses.replace(card, simulated_scores={**card.simulated_scores, **tables})
    write_card(folder, card, star_galaxy_card.readme(card))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workdir", type=Path)
    parser.add_argument("--sources", type=int, default=50_000)
    parser.add_argument(
        "--share",
        type=float,
        default=0.3,
        help="of the sources answered by this call that get the limit",
    )
    parser.add_argument("--seed", type=int, default=20_261_122)
    parser.add_argument("--draws", type=int, default=400, help="of the bootstrap")
    parser.add_argument(
        "--told", choices=("all", "found"), default="all",
        help="the limit is told the light of all sources, or of those that were found",
    )  # fmt: skip
    parser.add_argument(
        "--faintest", type=float, help="r of the faintest sources that are simulated"
    )  # fmt: skip
    parser.add_argument("--kept", action="store_true", help="judge what is kept, add nothing")
    parser.add_argument("--record", action="store_true", help="write the table into the card")
    parser.add_argument("--models", help="a folder of models beside the shipped ones")
    wanted = parser.parse_args()
    run = network("star_galaxy", wanted.models)
    # Answers are of one network and one sky, limits of what was told.
    sky = "" if wanted.faintest is None else f"-{wanted.faintest:g}"
    kept = wanted.workdir / f"{run.card.hashes['weights.npz'][:12]}-{wanted.told}{sky}"
    found = answers(wanted, run, kept)
    found["probability"] = answered(found["logit"], found, run.card)
    found["at_mean"] = answered(found["logit"], found, run.card, counted=False)
    found["limit_told"] = found["limit"] + logit_shifts(found, run.card.calibration)["of_density"]
    whole = np.ones(len(found["galaxy"]), bool)
    table = judged(found, whole, wanted)
    table["alone"] = judged(found, found["separation"] > ALONE_ARCSEC, wanted)
    table["mean"] = judged(found, whole, wanted, ("at_mean", "limit"))
    table |= {"fields": int(found["field"].max()) + 1, "alone_arcsec": ALONE_ARCSEC,
              "neighbour_mag": NEIGHBOUR, "seed": wanted.seed,
              "faintest_mag": wanted.faintest}  # fmt: skip
    name = "limit" if wanted.told == "all" else "limit_of_found"
    name += "" if wanted.faintest is None else "_without_fainter"
    tables = {name: table}
    print("\n".join(limit_lines(table, wanted.told)))
    for words, part in ((f"without a neighbour within {ALONE_ARCSEC:g} arcsec", "alone"),
                        ("both at the mean density of stars", "mean")):  # fmt: skip
        print(words + ":")
        print("\n".join(limit_lines(table[part], wanted.told)))
    if name == "limit":
        tables["calibration"] = calibrated(found, wanted)
        for way in ("measured", "true", "mean"):
            print(f"calibration, {way}:")
            print("\n".join(star_galaxy_columns.magnitude_lines(tables["calibration"][way])))
    (wanted.workdir / "limit.json").write_text(json.dumps(tables, indent=1))
    if wanted.record:
        record(ROOT / "models" / "star_galaxy", tables)


if __name__ == "__main__":
    main()
