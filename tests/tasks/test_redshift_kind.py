"""Types of stars and broad absorption of quasars: the laws, and the shipped model's sets."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from astrogui.inference.backends.onnx import OnnxBackend
from astrogui.inference.model_folder import load_model
from astrogui.readers import read, recognise
from astrogui.science.template_sums import TemplateSet
from astrogui.tasks.redshift import TASK
from astrogui.tasks.redshift_kind import (
    STAR_TYPES,
    absorption_terms,
    type_probability,
    type_sets,
)
from astrogui.tasks.task import Model

FOLDER = Path(__file__).resolve().parents[2] / "models" / "redshift"
EVEN = dict.fromkeys(STAR_TYPES, 1.0)


@pytest.fixture(scope="module")
def loaded():
    return load_model(FOLDER, "redshift")


def quasar_set(name, first=100, last=900):
    vectors = np.ones((1, 2440 + last - first))
    return TemplateSet(name=name, class_name="QSO", first_cell=first, last_cell=last,
                       vectors=vectors, penalty=np.zeros(1))  # fmt: skip


def test_the_best_fitting_type_is_the_most_probable_and_the_prior_decides_a_tie():
    told = {"slope": 0.5, "power": 0.5, "prior": EVEN}
    rises = np.full(len(STAR_TYPES), 400.0)
    rises[3] = 0.0
    probability = type_probability(rises, told)
    assert probability.sum() == pytest.approx(1.0)
    assert probability.argmax() == 3
    assert probability[3] / probability[0] == pytest.approx(np.exp(0.5 * 20.0))
    prior = {**EVEN, "G": 3.0}
    tie = type_probability(np.zeros(len(STAR_TYPES)), {**told, "prior": prior})
    assert STAR_TYPES[int(tie.argmax())] == "G"


def test_absorption_is_told_by_how_much_better_its_set_fits():
    sets = (quasar_set("usual"), quasar_set("absorbed"))
    curves = np.full((1000, 2), -3.0)
    curves[500] = (-np.arcsinh(50 / 6) / 3, 0.0)
    better = absorption_terms(curves, 500, 10.0, sets)
    assert better[1] == pytest.approx(np.arcsinh(5.0))
    assert better[2] == pytest.approx(1.0)
    worse = absorption_terms(curves[:, ::-1], 500, 10.0, sets)
    assert worse[1] == pytest.approx(-np.arcsinh(5.0))


def test_absorption_is_not_told_beyond_the_redshifts_of_its_set():
    sets = (quasar_set("usual"), quasar_set("absorbed", 100, 400))
    assert absorption_terms(np.zeros((1000, 2)), 500, 10.0, sets) is None


def test_the_model_has_a_set_for_every_type(loaded):
    sets = type_sets(Model(card=loaded.card, assets=loaded.assets))
    assert tuple(one.name for one in sets) == STAR_TYPES
    prior = loaded.card.calibration["star_types"]["prior"]
    assert sum(prior.values()) == pytest.approx(1.0)


def test_types_of_real_stars_are_right_or_next_to_it(loaded, real_data):
    with (real_data / "spectra" / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("lamost/")]
    rows = [row for row in rows if row["class"] == "STAR" and row["subclass"][:1] in "AFGK"][::9]
    model, network = Model(card=loaded.card, assets=loaded.assets), OnnxBackend(loaded, cpu=True)
    apart = []
    for row in rows:
        record = read(recognise(str(real_data / "spectra" / row["file"]))[0])
        prepared = TASK.prepare(record, (None,), model, {})
        outputs = network.run({spec.name: prepared[spec.name] for spec in loaded.card.inputs})
        (answer,) = TASK.decode(outputs, prepared, record, (None,), model)
        told = answer.extras.get("star_type")
        if told is not None:
            true = STAR_TYPES.index(row["subclass"][:1])
            apart.append(abs(STAR_TYPES.index(str(told)) - true))
    assert len(apart) >= 5
    assert np.mean(np.array(apart) <= 1) >= 0.8
