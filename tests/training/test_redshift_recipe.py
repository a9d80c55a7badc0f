"""The quick training of `redshift`, from simulation to a folder whose graph answers a record."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from astrogui.records.model_card import card_from_json
from astrogui.tasks.redshift import decode, prepare
from astrogui.tasks.task import Model

pytest.importorskip("keras")


@pytest.mark.slow
@pytest.mark.real_data
def test_a_quick_training_ends_in_a_folder_that_answers(real_data, tmp_path, monkeypatch):
    pytest.importorskip("tf2onnx")
    monkeypatch.setenv("ASTROGUI_DATA", str(real_data))
    from astrogui.training.package import run_graph
    from astrogui.training.recipes.redshift import RECIPE
    from astrogui.training.redshift_features import record_of
    from astrogui.training.simulate_spectrum import simulate
    from astrogui.training.templates import load_templates

    words: list[str] = []
    folder = RECIPE.train(tmp_path, True, 3, words.append)
    card = card_from_json((folder / "card.json").read_text("utf-8"), "card.json")
    assert card.task == RECIPE.task == "redshift"
    assert card.limits[0].startswith("Trained in a minute")
    assert card.training["trained_on"]["files"]
    assert all(
        name.startswith("spectra/templates/") for name in card.training["trained_on"]["files"]
    )
    with np.load(folder / "assets.npz", allow_pickle=False) as arrays:
        model = Model(card=card, assets={name: arrays[name] for name in arrays.files})
    templates = load_templates(real_data / "spectra" / "templates")
    record = record_of(simulate(np.random.default_rng(5), templates))
    prepared = prepare(record, (None,), model, {})
    outputs = run_graph(folder / "model.onnx", prepared)
    (posterior,) = decode(outputs, prepared, record, (None,), model)
    assert posterior.class_probability.sum() == pytest.approx(1)
    low, high = posterior.interval("z", 0.9)
    assert low < high
    # A second call finds everything done up to the calibration, which is never resumed.
    again: list[str] = []
    with pytest.raises(EnoughError):
        RECIPE.train(tmp_path, True, 3, partial(heard_until, "calibrating", again))
    assert any(line.startswith("resumed after epoch") for line in again)
    assert not [line for line in again if line.startswith(("epoch", "simulated", "learning"))]


class EnoughError(Exception):
    """What is to come has been seen before."""


def heard_until(last: str, said: list[str], words: str) -> None:
    said.append(words)
    if words == last:
        raise EnoughError
