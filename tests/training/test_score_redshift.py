"""The figures of an evaluation, on answers whose score is known by hand."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from astrogui.training import score_redshift

HEADER = ["file", "object_id", "class", "subclass", "z_best", "zwarning"]
ROWS = [
    ["sdss/a.fits", "1", "GALAXY", "", "0.1", "0"],
    ["sdss/b.fits", "2", "QSO", "", "2.0", "16"],
    ["sdss/c.fits", "3", "QSO", "", "1.0", "4"],  # disowned by its warning bit
    ["desi/d.fits", "41", "QSO", "", "2.5", ""],
    ["desi/d.fits", "42", "STAR", "", "0.0", ""],
    ["muse/e.fits", "5", "GALAXY", "", "", ""],  # without truth
    ["muse/f.fits", "6", "GALAXY", "AGN BROADLINE", "0.05", ""],
]


@pytest.fixture
def folder(tmp_path):
    with (tmp_path / "truth.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *ROWS])
    for row in ROWS:
        path = tmp_path / row[0]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    return tmp_path


def row(path, z, name, confident=True, width=0.001, object_id=""):
    bounds = {f"z_{end}{level}": z + sign * width for level in (68, 90)
              for end, sign in (("lo", -1), ("hi", 1))}  # fmt: skip
    return {
        "file": str(path), "object_id": object_id, "z": z, "class": name, "confident": confident,
        **bounds,
    }  # fmt: skip


def answering(folder):
    answers = {
        "sdss/a.fits": [row(folder / "sdss/a.fits", 0.1002, "GALAXY")],
        "sdss/b.fits": [row(folder / "sdss/b.fits", 2.2, "QSO")],
        "desi/d.fits": [
            row(folder / "desi/d.fits", 0.0, "STAR", object_id="42"),
            row(folder / "desi/d.fits", 2.51, "QSO", confident=False, object_id="41"),
        ],
        "muse/f.fits": [row(folder / "muse/f.fits", 0.05, "QSO")],
    }

    def answer(groups, options):
        return [item for (path,) in groups
                for item in answers.get(path.relative_to(folder).as_posix(), [])]  # fmt: skip

    return answer


def test_only_rows_with_trusted_truth_are_scored(folder):
    assert score_redshift.real(folder, answering(folder))["n"] == 5


def test_success_confidence_and_catastrophe_are_counted(folder):
    figures = score_redshift.real(folder, answering(folder))
    assert figures["success"] == pytest.approx(4 / 5)
    assert figures["confident"] == pytest.approx(4 / 5)
    assert figures["n_catastrophic"] == 1
    assert figures["catastrophic"] == pytest.approx(1 / 4)
    assert figures["coverage_68"] == pytest.approx(3 / 5)
    assert [item["file"] for item in figures["failures"]] == ["sdss/b.fits"]


def test_folders_are_scored_apart(folder):
    by_folder = score_redshift.real(folder, answering(folder))["by_folder"]
    assert {name: item["n"] for name, item in by_folder.items()} == {
        "sdss": 2,
        "desi": 2,
        "muse": 1,
    }
    assert by_folder["sdss"]["success"] == pytest.approx(0.5)


def test_a_nearby_seyfert_may_be_either(folder):
    figures = score_redshift.real(folder, answering(folder))["by_folder"]["muse"]
    assert figures["class_accuracy"] == 0
    assert figures["class_accuracy_seyferts_either"] == 1


def test_an_unanswered_file_is_a_failure(folder):
    figures = score_redshift.real(folder, lambda groups, options: [])
    assert figures["success"] == 0
    assert figures["catastrophic"] is None
    assert figures["coverage_68"] is None


class HonestRun:
    """Outputs whose density is the very one that the truth is drawn from."""

    def __init__(self, outputs):
        from astrogui.records.model_card import ModelCard

        self.outputs, self.at = outputs, 0
        self.assets = {}
        self.card = ModelCard(
            task="redshift", name="", version="", title="", summary="", network="",
            network_config={}, inputs=(), outputs=(), calibration={"temperature": 1.0},
        )  # fmt: skip

    def __call__(self, prepared):
        rows = slice(self.at, self.at + len(prepared["summary"]))
        self.at = rows.stop
        return {
            "log_probability": self.outputs[rows],
            "features": np.zeros((rows.stop - rows.start, 2)),
        }


def test_an_honest_density_covers_what_it_says():
    from astrogui.science.redshift_scan import CELLS, cell_edges

    rng = np.random.default_rng(9)
    count, edges, cells = 400, cell_edges(), np.arange(CELLS)
    outputs, truth = np.zeros((count, 1, 3, CELLS), np.float32), np.zeros((count, 4))
    for k in range(count):
        centre, width = rng.uniform(300, 2000), rng.uniform(0.8, 2.4)
        mass = np.full((3, CELLS), 1e-12)
        mass[0] += 0.8 * np.exp(-0.5 * ((cells - centre) / width) ** 2)
        mass[0] += 0.2 * np.exp(-0.5 * ((cells - centre - 300) / width) ** 2)
        mass /= mass.sum()
        outputs[k, 0] = np.log(mass)
        cell = rng.choice(CELLS, p=mass[0] / mass[0].sum())
        truth[k] = 0, cell, rng.uniform(edges[cell], edges[cell + 1]), 10
    features = {name: np.zeros((count, 8)) for name in ("curves", "signals", "summary")}
    answers = score_redshift.simulated_answers(HonestRun(outputs), features, truth)
    figures = score_redshift.simulated_figures(answers, truth, np.zeros(count), 0.5)
    error = np.sqrt(0.25 / count)
    for level in (50, 68, 90, 95):
        assert figures[f"coverage_{level}"] == pytest.approx(level / 100, abs=3.5 * error)
        assert figures[f"held_{level}"] == pytest.approx(level / 100, abs=3.5 * error)
    assert figures["success"] == pytest.approx(0.8, abs=3.5 * error)
    assert figures["coverage_90_all"] == pytest.approx(0.72, abs=3.5 * error)
