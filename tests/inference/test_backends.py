"""The Keras backend, whichever library is under it, and the choice among the backends."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

from astrogui.errors import UsageProblem
from astrogui.inference import backends
from astrogui.inference.model_folder import load_model

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module", params=["tensorflow", "jax"])
def checks(request, tmp_path_factory):
    """What ``keras_checks.py`` found, with Keras on one library."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    place = tmp_path_factory.mktemp(request.param)
    done = subprocess.run(
        [sys.executable, str(HERE / "keras_checks.py"), str(place), str(place / "found.json")],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), str(HERE)]),
            "KERAS_BACKEND": request.param,
            "CUDA_VISIBLE_DEVICES": "-1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        },
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return request.param, json.loads((place / "found.json").read_text())


def test_a_model_without_a_graph_is_answered_by_keras(checks):
    library, found = checks
    assert found["choice"] == "keras"
    assert found["name"] == found["guarded"] == f"keras-{library}"
    assert found["device"] == "CPU"


def test_a_filled_batch_answers_like_the_network_itself(checks):
    _, found = checks
    assert found["shapes"]["logit"] == [11, 3]
    assert found["from_direct"] < 1e-4


def test_the_size_of_a_batch_changes_no_answer(checks):
    _, found = checks
    assert found["from_pieces"] < 1e-4


def test_the_fallback_on_the_cpu_answers_alike(checks):
    _, found = checks
    assert found["from_fallback"] < 1e-4


def test_a_network_taken_apart_gives_its_layers_and_its_derivative(checks):
    _, found = checks
    inner = found["opened"]
    assert inner["names"] == [f"member{k}_convolution0" for k in range(3)]
    assert inner["layer"] < 1e-5
    assert inner["slope"] == pytest.approx(inner["numerical"], rel=2e-2)
    assert abs(inner["slope"]) > 1e-4


@pytest.mark.parametrize("what", ["count", "shape", "config"])
def test_weights_and_settings_that_do_not_fit_the_network_are_refused(checks, what):
    _, found = checks
    assert "cannot be rebuilt as its card says" in found[f"refused_{what}"]


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.delenv("ASTROGUI_BACKEND", raising=False)
    return load_model(tiny.write_model(tmp_path))


def test_without_a_gpu_the_graph_is_chosen(model, monkeypatch):
    monkeypatch.setattr(backends, "gpu_is_usable", lambda: False)
    assert backends.choose(model) == "onnx"
    assert backends.expected() == ("onnx", "CPU")


def test_with_a_gpu_keras_is_chosen(model, monkeypatch):
    monkeypatch.setattr(backends, "gpu_is_usable", lambda: True)
    assert backends.choose(model) == "keras"
    name, device = backends.expected()
    assert name.startswith("keras-")
    assert device == backends.gpu_name()


@pytest.mark.parametrize("kind", ["onnx", "keras"])
def test_the_environment_overrides_the_choice(model, monkeypatch, kind):
    monkeypatch.setenv("ASTROGUI_BACKEND", kind)
    monkeypatch.setattr(backends, "gpu_is_usable", lambda: kind == "onnx")
    assert backends.choose(model) == kind


def test_an_unknown_backend_is_refused_in_words(model, monkeypatch):
    monkeypatch.setenv("ASTROGUI_BACKEND", "torch")
    with pytest.raises(UsageProblem, match="onnx or keras"):
        backends.choose(model)


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_a_hidden_gpu_is_none(monkeypatch, hidden):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    monkeypatch.setattr(Path, "exists", lambda self: True)
    monkeypatch.setattr(backends, "installed", lambda library: True)
    assert not backends.gpu_is_usable()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert backends.gpu_is_usable()
