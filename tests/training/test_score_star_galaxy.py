"""The figures of merit on answers whose scores are known, and on tables as users lay them out."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from astrogui.errors import UsageProblem
from astrogui.training import score_star_galaxy as score


def test_randomised_sets_of_a_calibrated_answer_cover_exactly_their_level():
    rng = np.random.default_rng(0)
    probability = rng.beta(0.4, 0.6, 200_000)
    galaxy = rng.random(200_000) < probability
    for level in (0.5, 0.68, 0.9, 0.95):
        assert score.credible_coverage(probability, galaxy, level, rng) == pytest.approx(
            level, abs=0.004
        )


def test_an_overconfident_answer_covers_less():
    rng = np.random.default_rng(1)
    honest = rng.beta(0.8, 0.8, 50_000)
    galaxy = rng.random(50_000) < honest
    logit = np.log(honest / (1 - honest))
    claimed = 1 / (1 + np.exp(-3 * logit))
    assert score.credible_coverage(claimed, galaxy, 0.9, rng) < 0.86


def test_figures_are_taken_at_three_limits():
    probability = np.array([0.1, 0.9, 0.8, 0.2, 0.3])
    galaxy = np.array([False, True, False, True, True])
    magnitude = np.array([20.0, 20.5, 21.2, 21.8, 23.0])
    figures = score.figures(probability, galaxy, magnitude)
    assert figures["n"] == 4
    assert figures["auc_21"] == 1.0
    assert figures["auc_21_5"] == 1.0
    assert figures["auc"] == 0.75
    assert score.figures(*(np.empty(0),) * 3)["auc"] is None


def write_table(folder, rows):
    (folder / "stargalaxy").mkdir()
    (folder / "frames" / "field_a").mkdir(parents=True)
    with (folder / "stargalaxy" / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, sorted({name for row in rows for name in row}))
        writer.writeheader()
        writer.writerows(rows)


ANSWERS = [
    {"ra": 10.0, "dec": 1.0, "x": 101.0, "y": 51.0, "mag_r": 20.0, "prob_galaxy": 0.1},
    {"ra": 10.01, "dec": 1.0, "x": 201.0, "y": 51.0, "mag_r": 20.5, "prob_galaxy": 0.8},
    {"ra": 10.02, "dec": 1.0, "x": 301.0, "y": 51.0, "mag_r": 21.4, "prob_galaxy": 0.6},
]


def scored(folder, rows):
    write_table(folder, rows)
    return score.real(folder, lambda groups, options: ANSWERS)


def test_places_are_matched_on_the_sky_and_the_deeper_label_counts(tmp_path):
    rows = [
        {"frame": "field_a", "ra": 10.0001, "dec": 1.0, "mag_r": 20, "label": "galaxy",
         "label_coadd": "star"},
        {"frame": "field_a", "ra": 10.01, "dec": 1.0001, "mag_r": 20.5, "label": "star",
         "label_coadd": "galaxy"},
        {"frame": "field_a", "ra": 10.02, "dec": 1.0, "mag_r": 21.4, "label": "star",
         "label_coadd": ""},
    ]  # fmt: skip
    measures = scored(tmp_path, rows)
    assert measures["n"] == 2
    assert measures["auc"] == 1.0
    assert measures["undetected"] == 0
    assert measures["by_folder"]["field_a"]["auc"] == 1.0


def test_without_a_sky_pixels_count_and_magnitudes_are_measured(tmp_path):
    rows = [
        {"frame": "field_a", "x": 100.2, "y": 50.0, "label": "star"},
        {"frame": "field_a", "x": 200.0, "y": 49.7, "label": "galaxy"},
        {"frame": "field_a", "x": 300.0, "y": 50.0, "label": "star"},
        {"frame": "field_a", "x": 900.0, "y": 50.0, "label": "star"},
    ]
    measures = scored(tmp_path, rows)
    assert measures["n"] == 3
    assert measures["auc_21"] == 1.0
    assert measures["auc"] == 1.0


def test_an_undetected_place_scores_one_half(tmp_path):
    rows = [
        {"frame": "field_a", "ra": 10.0, "dec": 1.0, "mag_r": 20, "label": "star"},
        {"frame": "field_a", "ra": 10.01, "dec": 1.0, "mag_r": 20.5, "label": "galaxy"},
        {"frame": "field_a", "ra": 10.5, "dec": 1.0, "mag_r": 21.9, "label": "galaxy"},
        {"frame": "field_a", "ra": 10.02, "dec": 1.0, "mag_r": 21.4, "label": "star"},
    ]
    measures = scored(tmp_path, rows)
    assert measures["undetected"] == 1
    assert measures["auc"] == pytest.approx(3 / 4)
    assert measures["auc_21_5"] == 1.0


def test_places_of_several_instruments_are_told_apart(tmp_path):
    rows = [
        {"frame": "field_a", "ra": 10.0, "dec": 1.0, "mag_r": 20, "label": "star",
         "instrument": "A"},
        {"frame": "field_a", "ra": 10.01, "dec": 1.0, "mag_r": 20.5, "label": "galaxy",
         "instrument": "B"},
    ]  # fmt: skip
    measures = scored(tmp_path, rows)
    assert set(measures["by_instrument"]) == {"A", "B"}
    assert measures["by_instrument"]["A"]["auc"] is None


def test_a_folder_without_labels_or_frames_is_refused_in_words(tmp_path):
    with pytest.raises(UsageProblem, match=r"labels\.csv: there is no table of labels"):
        score.real(tmp_path, lambda groups, options: [])
    write_table(tmp_path, [{"frame": "field_b", "x": 1, "y": 2, "label": "star"}])
    with pytest.raises(UsageProblem, match="field_b: the labels name this frame"):
        score.real(tmp_path, lambda groups, options: [])


def test_the_survey_s_own_measures_are_scored_beside_the_answer(tmp_path):
    from astropy.io import fits

    rows = [
        {"frame": "field_a", "objid": str(number), "ra": 10 + number / 100, "dec": 1.0,
         "mag_r": 20, "label": label}
        for number, label in enumerate(("star", "galaxy", "galaxy"))
    ]  # fmt: skip
    write_table(tmp_path, rows)
    flux = np.array([[9, 1, 1, 1, 9], [9, 2, 2, 2, 9], [9, 2, 1, 2, 9]], np.float32)
    columns = {"CMODELFLUX": flux, "PSFFLUX": np.ones((3, 5), np.float32),
               "FIBERFLUX": flux, "FIBER2FLUX": np.zeros((3, 5), np.float32)}  # fmt: skip
    fits.BinTableHDU.from_columns(
        [
            fits.Column("OBJID", "19A", array=np.array(["0", "1", "2"])),
            *(fits.Column(name, "5E", array=values) for name, values in columns.items()),
        ]
    ).writeto(tmp_path / "frames" / "field_a" / "photoObj-1.fits")
    asked = []

    def answer(groups, options):
        asked.append(options)
        return ANSWERS

    found = score.real(tmp_path, answer)
    model, concentration = found["beside"].values()
    assert model["auc"] == 1.0
    assert concentration["auc"] == 0.5  # the narrow flux tells nothing: all are as points
    assert asked == [{}, {"star_density": "mean"}]
    assert found["mean_density"]["auc"] == found["auc"]
    assert found["disputed"] == []


def test_places_whose_labels_differ_are_listed_with_the_answer(tmp_path):
    rows = [
        {"frame": "field_a", "objid": "7", "ra": 10.01, "dec": 1.0, "mag_r": 20.5,
         "label": "star", "label_coadd": "galaxy"},
        {"frame": "field_a", "objid": "8", "ra": 10.0, "dec": 1.0, "mag_r": 20,
         "label": "star", "label_coadd": "star"},
    ]  # fmt: skip
    (only,) = scored(tmp_path, rows)["disputed"]
    assert only == {"place": "7", "mag_r": 20.5, "single_epoch": "star", "deeper": "galaxy",
                    "prob_galaxy": 0.8}  # fmt: skip
