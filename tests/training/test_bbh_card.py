"""What the mergers' card says of the checks of the weighted answers."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

from astrogui.records.model_card import card_from_json
from astrogui.training import bbh_card, strain_networks_card

MODEL = Path(__file__).resolve().parents[2] / "models" / "bbh"
RUN = {
    "seed": 5, "n": 40, "reweighted": 39, "sampled": 1, "efficiency_median": 0.61,
    "efficiency_least": 0.012, "intrinsic_5000": 0.975, "extrinsic_2000": 1.0,
    "seconds_median": 4.2,
    "weighted": {
        "combined_p": 0.25,
        "parameters": {
            "mass_ratio": {
                "p": 0.4, "inside_50": [0.5, 0.4, 0.6], "inside_68": [0.7, 0.6, 0.8],
                "inside_90": [0.925, 0.85, 0.975],
            },
        },
    },
}  # fmt: skip


def test_checks_are_kept_beside_those_before_and_stand_in_the_readme(tmp_path):
    folder = tmp_path / "bbh"
    shutil.copytree(MODEL, folder)
    before = card_from_json((folder / "card.json").read_text("utf-8"), "card")
    bbh_card.with_checks(folder, {"gaussian_injections": RUN})
    bbh_card.with_checks(folder, {"real_noise_injections": {**RUN, "n": 20}})
    card = card_from_json((folder / "card.json").read_text("utf-8"), "card")
    kept = card.simulated_scores[bbh_card.CHECKS]
    assert kept["gaussian_injections"] == RUN
    assert kept["real_noise_injections"]["n"] == 20
    assert card.simulated_scores["n"] == before.simulated_scores["n"]
    words = (folder / "README.md").read_text("utf-8")
    assert "40 mergers drawn from the prior into Gaussian noise" in words
    assert "20 mergers drawn from the prior into real off-source strain" in words
    assert "| mass_ratio | 50 (40-60) | 70 (60-80) | 92 (85-98) | 0.40 |" in words


def test_the_joint_coverage_stands_below_the_table_of_single_parameters():
    card = card_from_json((MODEL / "card.json").read_text("utf-8"), "card")
    joint = {"levels": [0.9], "measured": [0.861], "largest_error": 0.051, "p": 2e-6}
    scores = {**card.simulated_scores, "joint_coverage": joint}
    words = bbh_card.readme(dataclasses.replace(card, simulated_scores=scores))
    assert "86.1 % (90) inside regions of the level in brackets" in words
    assert "largest difference at any level 5.1 points, p = 2e-06" in words


def test_the_networks_of_the_literature_stand_below_with_what_they_were_given():
    card = card_from_json((MODEL / "card.json").read_text("utf-8"), "card")
    score = {
        "rms": 4.2,
        "mean_relative": 0.11,
        "width_90": 12.0,
        "inside": {"0.68": 0.7, "0.9": 0.93},
    }
    cost = {"weights": 1000, "examples": 70000, "finished": False, "seconds": 300,
            "seconds_an_answer": 0.004}  # fmt: skip
    plain = {"rms": 5.0, "mean_relative": 0.2}
    table = {
        "n": 300, "loudness": [8.0, 40.0],
        "bbh": {"scores": {"all": {"n": 300, "mass_1_det": score}}, "seconds_an_answer": 0.1},
        "shen_masses": {**cost, "scores": {"all": {"n": 300, "mass_1_det": score}}},
        "huerta_predictor": {**cost, "scores": {"all": {"mass_1_det": plain}}},
        "huerta_classifier": {
            **cost, "false_share": 0.01, "quiet": 4000, "mergers": 250, "templates": 200,
            "found": {"8": [0.4, 0.9]},
        },
    }  # fmt: skip
    scores = {**card.simulated_scores, strain_networks_card.KEY: table}
    words = bbh_card.readme(dataclasses.replace(card, simulated_scores=scores))
    assert "| Shen & Huerta, Model 2 | mass_1_det | 4.2 | 11.0 % | 12 | 70.0 | 93.0 |" in words
    assert "| George & Huerta, predictor | mass_1_det | 5 | 20.0 % | - | - | - |" in words
    assert "| Shen & Huerta, Model 2 | 1,000 | 70,000 (not finished) | 300 | 4.0 |" in words
    assert "| matched filter | 90 % |" in words


def test_checks_of_earlier_weights_say_so_until_they_are_repeated(tmp_path):
    folder = tmp_path / "bbh"
    shutil.copytree(MODEL, folder)
    before = card_from_json((folder / "card.json").read_text("utf-8"), "card")
    new = dataclasses.replace(before, simulated_scores={"n": 3})
    (folder / "card.json").write_text(new.to_json(), encoding="utf-8")
    bbh_card.with_earlier_scores(folder, before)
    card = card_from_json((folder / "card.json").read_text("utf-8"), "card")
    assert card.simulated_scores["n"] == 3
    checks = card.simulated_scores[bbh_card.CHECKS]
    assert (
        checks["gaussian_injections"]
        == (before.simulated_scores[bbh_card.CHECKS]["gaussian_injections"])
    )
    assert (
        "gaussian injections" in (folder / "README.md").read_text("utf-8").split("before these")[1]
    )
    bbh_card.with_checks(folder, {"gaussian_injections": RUN})
    words = (folder / "README.md").read_text("utf-8").split("before these: ")[1].split("\n")[0]
    assert "gaussian injections" not in words
    assert "real noise injections" in words
