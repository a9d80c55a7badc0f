"""The lens figures: rankings, the sky's purity, real tables, from answers that are known."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from astrogui.errors import UsageProblem
from astrogui.training import score_lens
from astrogui.training.lens_calibration import fit_temperature, mixed
from astrogui.training.simulate_lens import SIZE


def test_rankings_are_counted_as_the_lens_finding_challenge_counts_them():
    score = np.r_[np.linspace(0.5, 1, 100), np.linspace(0, 0.9, 1000)]
    label = np.r_[np.ones(100), np.zeros(1000)]
    found = score_lens.ranking(score, label)
    assert found["tpr0"] == pytest.approx((score[:100] > 0.9).mean())
    tenth = np.sort(score[100:])[-10]
    assert found["tpr10"] == pytest.approx((score[:100] > tenth).mean())
    assert found["completeness_99"] == pytest.approx((score[:100] > 0.891).mean(), abs=0.01)
    assert found["auroc"] == pytest.approx(0.829, abs=0.02)
    assert score_lens.ranking(score[:100], label[:100])["tpr10"] is None


def test_purity_is_that_of_the_sky_and_not_of_the_table():
    score = np.r_[np.full(80, 0.95), np.full(20, 0.1), np.full(10, 0.95), np.full(990, 0.1)]
    label = np.arange(1100) < 100
    row = next(row for row in score_lens.curve(score, label) if row["score"] == 0.9)
    assert row["completeness"] == pytest.approx(0.8)
    assert row["false"] == pytest.approx(0.01)
    assert row["purity"] == pytest.approx(0.8e-4 / (0.8e-4 + 0.01 * 0.9999), rel=1e-6)


class Told:
    """A network that is told the truth of half of what it sees, by the brightest pixel."""

    def __call__(self, prepared):
        assert prepared["image"].shape[1:] == (SIZE, SIZE, 3)
        brightest = prepared["image"].max(axis=(1, 2, 3))
        logit = np.repeat(brightest[:, None], 3, axis=1)
        return {"logit": logit, "novelty": np.zeros((len(logit), 1))}


def test_simulated_figures_are_complete_and_come_out_the_same_again():
    first = score_lens.simulated(Told(), 48, 5)
    again = score_lens.simulated(Told(), 48, 5)
    assert first == again
    assert first["all"]["n"] == 48
    assert first["ground"]["n"] + first["space"]["n"] == 48
    assert 0 <= first["all"]["auroc"] <= 1
    assert first["coverage"]["parameters"]["lens"][1] == first["coverage_68"]
    assert set(first["completeness_by_radius"]) >= {"1-1.4", "3-7"}
    rows = first["identification_by_radius"].values()
    assert sum(row["lenses"] for row in rows) == first["all"]["lenses"]
    assert 0 < sum(row["without_arcs"] for row in rows) < 48 - first["all"]["lenses"]
    assert first["novel"] == 0
    assert first["survey"]["all"]["n"] == 48
    assert first["survey"]["all"] != first["all"]
    assert "coverage" not in first["survey"]


def test_pieces_that_were_kept_are_not_answered_again(tmp_path, monkeypatch):
    monkeypatch.setattr(score_lens, "PICTURES", 8)
    whole = score_lens.answered(Told(), 24, 6)
    score_lens.answered(Told(), 16, 6, tmp_path)
    assert score_lens.kept_pieces(tmp_path, 6) == 2
    assert score_lens.kept_pieces(tmp_path, 7) == 0
    asked = []

    def run(prepared):
        asked.append(len(prepared["image"]))
        return Told()(prepared)

    found = score_lens.answered(run, 24, 6, tmp_path)
    assert asked == [8]
    assert found.keys() == whole.keys()
    for name, values in whole.items():
        np.testing.assert_array_equal(found[name], values)


def test_false_identifications_are_counted_among_deflectors_of_a_radius():
    kinds = np.repeat(["lens", score_lens.WITHOUT_ARCS, "ring"], [10, 5, 5])
    found = {
        "label": (kinds == "lens").astype(float), "kind": kinds,
        "einstein_radius": np.where(kinds == "ring", 0.0, np.arange(20) % 2 + 1.2),
        "score": np.r_[np.full(4, 0.2), np.full(6, 0.9), np.full(3, 0.1), np.full(7, 0.9)],
    }  # fmt: skip
    table = score_lens.by_radius(found, 0.5)
    assert table["1-1.4"] == {"lenses": 5, "missed": 0.4, "without_arcs": 3, "false": 1 / 3}
    assert table["2-3"] == {"lenses": 5, "missed": 0.4, "without_arcs": 2, "false": 0.5}
    assert table["3-7"] == {"lenses": 0, "missed": None, "without_arcs": 0, "false": None}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "lens").mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for number in range(60):
        grade = [0.3, 1.3, 2.5][number % 3]
        label = ["non-lens", "candidate", "lens"][number % 3]
        rows.append(
            {"file": f"w{number}.jpg", "instrument": "CFHT/MegaCam", "label": label,
             "ra": "32.0" if number % 2 else "215.0",
             "note": f"expert grade {grade} of 3, crowd", "truth": grade + rng.normal(0, 0.4)}
        )  # fmt: skip
    rows.append({"file": "des.fits", "instrument": "DECam (DES)", "label": "non-lens", "ra": "",
                 "note": "a galaxy", "truth": -1.0})  # fmt: skip
    with (tmp_path / "lens" / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file", "instrument", "label", "ra", "note"],
                                extrasaction="ignore")  # fmt: skip
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path, {row["file"]: row["truth"] for row in rows}


def test_real_pictures_are_ranked_by_the_experts_grade_each_half_by_itself(folder):
    place, truth = folder

    def answer(groups, options):
        return [
            {"file": str(group[0]), "score_lens": 1 / (1 + np.exp(-truth[group[0].name]))}
            for group in groups
        ]

    found = score_lens.real(place, answer)
    whole = found["space_warps"]["all"]
    assert (whole["lenses"], whole["others"], whole["graded"]) == (20, 20, 60)
    assert whole["auroc"] > 0.95
    low, high = whole["auroc_interval"]
    assert low <= whole["auroc"] <= high
    assert whole["spearman"] > 0.8
    assert whole["completeness_10"] > 0.9
    assert len(found["space_warps"]) == 3
    others = found["by_instrument"]["DECam (DES)"]["others"]
    assert others == [pytest.approx(1 / (1 + np.e))]


def test_what_is_not_answered_ranks_last(folder):
    place, _ = folder
    found = score_lens.real(place, lambda groups, options: [])
    assert found["space_warps"]["all"]["auroc"] == pytest.approx(0.5)


def test_a_folder_without_labels_is_refused_in_words(tmp_path):
    with pytest.raises(UsageProblem, match=r"labels\.csv"):
        score_lens.real(tmp_path, lambda groups, options: [])


def test_a_temperature_undoes_overconfidence_and_a_shift_a_wrong_share():
    rng = np.random.default_rng(1)
    logit = rng.normal(0, 2, 20_000)
    label = (rng.random(20_000) < 1 / (1 + np.exp(-logit))).astype(float)
    temperature, shift = fit_temperature(2 * logit + 1.0, label)
    assert temperature == pytest.approx(2.0, rel=0.05)
    assert shift == pytest.approx(-0.5, abs=0.05)
    assert mixed(np.array([[0.0, 0.0], [100.0, -100.0]])) == pytest.approx([0.5, 0.5])
