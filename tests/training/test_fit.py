"""The training loop: it learns, resumes where it stopped, and packs what it learned."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from astrogui.training.fit import FitSettings, array_batches, fit, take

keras = pytest.importorskip("keras")


def line_data():
    x = np.random.default_rng(1).normal(size=(256, 3)).astype(np.float32)
    return {"x": x}, {"y": (x @ np.array([[1.0], [-2.0], [0.5]]) + 0.3).astype(np.float32)}


def linear_model(seed=5):
    keras.utils.set_random_seed(seed)
    place = keras.Input((3,), name="x")
    out = keras.layers.Dense(1, name="y")(place)
    return keras.Model({"x": place}, {"y": out})


def trained(workdir, epochs, words):
    inputs, targets = line_data()
    model = linear_model()
    settings = FitSettings(epochs=epochs, steps=12, learning_rate=0.2, seed=7)
    history = fit(
        model,
        {"y": "mse"},
        array_batches(inputs, targets, 32),
        settings,
        workdir,
        words.append,
        take(inputs, targets, np.arange(64)),
    )
    return model, history


def test_a_straight_line_is_learned(tmp_path):
    words: list[str] = []
    _, history = trained(tmp_path, 6, words)
    assert history["best_loss"] < 0.05
    assert history["epochs"] == 6
    assert len(words) == 6


def test_an_interrupted_training_ends_with_the_same_weights(tmp_path):
    class StoppedError(Exception):
        pass

    def stop_after_two(words):
        if words.startswith("epoch 2"):
            raise StoppedError

    inputs, targets = line_data()
    settings = FitSettings(epochs=5, steps=12, learning_rate=0.2, seed=7)
    held = take(inputs, targets, np.arange(64))
    draw = array_batches(inputs, targets, 32)
    with pytest.raises(StoppedError):
        fit(linear_model(), {"y": "mse"}, draw, settings, tmp_path / "cut", stop_after_two, held)
    words: list[str] = []
    resumed = linear_model(seed=77)  # other first weights: the checkpoint decides
    fit(resumed, {"y": "mse"}, draw, settings, tmp_path / "cut", words.append, held)
    assert words[0].startswith("resumed after epoch 2")
    whole, _ = trained(tmp_path / "whole", 5, [])
    for left, right in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)


def test_a_finished_training_is_not_repeated(tmp_path):
    first, _ = trained(tmp_path, 3, [])
    words: list[str] = []
    second, history = trained(tmp_path, 3, words)
    assert words == ["resumed after epoch 3 of 3"]
    assert history["epochs"] == 3
    np.testing.assert_array_equal(first.get_weights()[0], second.get_weights()[0])


def test_a_training_that_stops_early_is_the_beginning_of_the_whole(tmp_path):
    inputs, targets = line_data()
    held, draw = take(inputs, targets, np.arange(64)), array_batches(inputs, targets, 32)
    part = FitSettings(epochs=5, steps=12, learning_rate=0.2, seed=7, stop_after=2)
    words: list[str] = []
    for _ in range(2):  # a second call adds nothing
        begun = fit(linear_model(), {"y": "mse"}, draw, part, tmp_path / "a", words.append, held)
    assert begun["epochs"] == 2
    assert words[-1] == "resumed after epoch 2 of 5"
    _, whole = trained(tmp_path / "b", 5, [])
    for own, other in zip(begun["history"], whole["history"], strict=False):
        assert own == pytest.approx(other, rel=1e-5)
    going_on = replace(part, stop_after=0)
    ended = fit(linear_model(9), {"y": "mse"}, draw, going_on, tmp_path / "a", words.append, held)
    assert ended["history"][-1]["loss"] == pytest.approx(whole["history"][-1]["loss"], rel=1e-4)


def test_a_batch_depends_on_the_seed_alone():
    inputs, targets = line_data()
    draw = array_batches(inputs, targets, 8)
    one, other = (draw(np.random.default_rng([1, 2, 3]))[0]["x"] for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_an_epoch_before_judging_begins_is_never_the_best(tmp_path):
    """The validation rewards the untrained: without the rule its first epoch would be kept."""
    inputs, targets = line_data()
    kept = {}
    for judged_from in (0, 4):
        model = linear_model()
        settings = FitSettings(epochs=6, steps=4, judged_from=judged_from, seed=7)
        zeros = {"y": np.zeros((64, 1), np.float32)}
        validation = (take(inputs, targets, np.arange(64))[0], zeros)
        for weight in model.weights:
            weight.assign(weight * 0)
        draw = array_batches(inputs, targets, 32)
        place = tmp_path / str(judged_from)
        words: list[str] = []
        kept[judged_from] = fit(
            model, {"y": "mse"}, draw, settings, place, words.append, validation
        )
    assert kept[0]["best_epoch"] == 0
    assert kept[4]["best_epoch"] == 4
    assert kept[4]["best_loss"] == kept[4]["history"][4]["val_loss"]


@pytest.mark.slow
def test_a_packed_model_runs_alike_as_a_graph_and_hashes_hold(tmp_path):
    pytest.importorskip("tf2onnx")
    from astrogui.networks.builder import build
    from astrogui.records.model_card import ArraySpec, ModelCard, card_from_json
    from astrogui.training.package import largest_difference, run_graph, write_model_folder

    config = {
        "cells": 78, "curves": 2, "pixels": 60, "signals": 3, "summary": 2, "offsets": [-5, 8],
        "ranges": [[0, 40], [0, 77], [0, 4]], "members": 2, "width": 8,
        "features": 4,
    }  # fmt: skip
    rng = np.random.default_rng(2)
    shapes = {"curves": (78, 2), "signals": (60, 3), "summary": (2,)}
    golden = {name: rng.normal(size=(2, *s)).astype(np.float32) for name, s in shapes.items()}
    card = ModelCard(
        task="redshift",
        name="small",
        version="1",
        title="A small one",
        summary="for a test",
        network="redshift:ranker",
        network_config=config,
        inputs=tuple(ArraySpec(name=name, shape=shape) for name, shape in shapes.items()),
        outputs=(
            ArraySpec(name="log_probability", shape=(2, 3, 78)),
            ArraySpec(name="features", shape=(8,)),
        ),
    )
    folder = write_model_folder(
        tmp_path / "redshift",
        card=card,
        model=build("redshift:ranker", config),
        golden_inputs=golden,
        assets={"numbers": np.arange(4.0)},
    )
    written = card_from_json((folder / "card.json").read_text("utf-8"), "card.json")
    assert set(written.hashes) == {"weights.npz", "model.onnx", "assets.npz", "golden.npz"}
    for name, digest in written.hashes.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    with np.load(folder / "golden.npz") as kept:
        expected = {name: kept[f"output_{name}"] for name in ("log_probability", "features")}
    assert largest_difference(expected, run_graph(folder / "model.onnx", golden)) < 1e-5
    single = {name: value[:1] for name, value in golden.items()}
    found = run_graph(folder / "model.onnx", single)
    np.testing.assert_allclose(found["features"], expected["features"][:1], rtol=1e-4, atol=1e-5)
