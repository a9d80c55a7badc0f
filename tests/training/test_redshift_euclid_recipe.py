"""The quick training of `redshift_euclid`, from library to a folder whose graph answers."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.records.model_card import card_from_json
from astrogui.tasks.redshift_euclid import decode, prepare
from astrogui.tasks.task import Model
from astrogui.training.euclid_calibration import best_temperature, mode_reliability

pytest.importorskip("keras")


def test_modes_are_counted_by_their_weights():
    told = [
        {"weights": np.array([0.9, 0.1]), "holds": np.array([True, False])},
        {"weights": np.array([0.9, 0.1]), "holds": np.array([False, True])},
    ]
    rows = mode_reliability(told)
    by_weight = {round(row["weight"], 2): row for row in rows}
    assert by_weight[0.9]["share"] == 0.5
    assert by_weight[0.1]["n"] == 2


def test_the_temperature_undoes_too_much_certainty():
    from types import SimpleNamespace

    rng = np.random.default_rng(1)
    logits = rng.normal(0, 1.5, (4000, 1, 6))
    share = np.exp(logits[:, 0]) / np.exp(logits[:, 0]).sum(axis=1, keepdims=True)
    truth = (share.cumsum(axis=1) < rng.random((4000, 1))).sum(axis=1)
    sharp = 1.5 * logits
    sharp -= np.log(np.exp(sharp).sum(axis=2, keepdims=True))
    seen = SimpleNamespace(log_probability=sharp.astype("f4"), truth=truth)
    assert best_temperature(seen) == pytest.approx(1.5, rel=0.07)


@pytest.mark.slow
@pytest.mark.real_data
def test_a_quick_training_ends_in_a_folder_that_answers(real_data, tmp_path, monkeypatch):
    pytest.importorskip("tf2onnx")
    monkeypatch.setenv("ASTROGUI_DATA", str(real_data))
    from astrogui.training.observe_euclid import observed
    from astrogui.training.package import run_graph
    from astrogui.training.recipes.redshift_euclid import RECIPE, record_of
    from astrogui.training.simulate_euclid import rest_library

    words: list[str] = []
    folder = RECIPE.train(tmp_path, True, 3, words.append)
    card = card_from_json((folder / "card.json").read_text("utf-8"), "card.json")
    assert card.task == RECIPE.task == "redshift_euclid"
    assert card.limits[0].startswith("Trained in a minute")
    assert all(
        name.startswith("spectra/templates/") for name in card.training["trained_on"]["files"]
    )
    with np.load(folder / "assets.npz", allow_pickle=False) as arrays:
        model = Model(card=card, assets={name: arrays[name] for name in arrays.files})
    library = rest_library(tmp_path / "quick", 40, 2019)
    record = record_of(observed(library, np.random.default_rng(5), 1), 0)
    prepared = prepare(record, (None,), model, {})
    outputs = run_graph(folder / "model.onnx", prepared)
    (posterior,) = decode(outputs, prepared, record, (None,), model)
    low, high = posterior.interval("z", 0.9)
    assert 1 <= low < high <= 1.8
    # A second call finds the fit done: no epoch is run again.
    again: list[str] = []
    RECIPE.train(tmp_path, True, 3, again.append)
    assert not [line for line in again if line.startswith("epoch")]
