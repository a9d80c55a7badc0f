"""The quick training of `stellar`, from simulation to a folder whose graph answers a record."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.records.model_card import card_from_json
from astrogui.records.provenance import Place
from astrogui.tasks.stellar import decode, prepare, refine
from astrogui.tasks.task import Model

pytest.importorskip("keras")


@pytest.mark.slow
@pytest.mark.real_data
def test_a_quick_training_ends_in_a_folder_that_answers(real_data, tmp_path, monkeypatch):
    pytest.importorskip("tf2onnx")
    monkeypatch.setenv("ASTROGUI_DATA", str(real_data))
    from astrogui.training.package import run_graph
    from astrogui.training.recipes.stellar import RECIPE
    from astrogui.training.stellar_examples import example
    from astrogui.training.stellar_source import load_source

    words: list[str] = []
    folder = RECIPE.train(tmp_path, True, 3, words.append)
    card = card_from_json((folder / "card.json").read_text("utf-8"), "card.json")
    assert card.task == RECIPE.task == "stellar"
    assert card.limits[0].startswith("Trained in a minute")
    assert list(card.training["trained_on"]["files"]) == [
        "spectra/apogee/NN_normalized_spectra.npz"
    ]
    with np.load(folder / "assets.npz", allow_pickle=False) as arrays:
        model = Model(card=card, assets={name: arrays[name] for name in arrays.files})
    assert not any(np.shape(value) == (7214, 5, 5) for value in model.assets.values())
    record = example(99, 0, load_source()).record
    prepared = prepare(record, (Place(label=""),), model, {})
    outputs = run_graph(
        folder / "model.onnx", {spec.name: prepared[spec.name] for spec in card.inputs}
    )
    (posterior,) = decode(outputs, prepared, record, (Place(label=""),), model)
    low, high = posterior.interval("teff", 0.9)
    assert low < high
    better = refine(record, Place(label=""), posterior, model, lambda part: None)
    assert better is not None
    assert better.extras["method"] == "emulator fit"
    # A second call finds everything done: no epoch is run again.
    again: list[str] = []
    RECIPE.train(tmp_path, True, 3, again.append)
    assert not [line for line in again if line.startswith("epoch")]
