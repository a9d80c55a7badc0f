"""Every shipped model answers as it did when it was trained, on every backend installed."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
import tiny

from astrogui.inference.golden import (
    difference,
    installed_backends,
    replay,
    replay_all,
    replay_on,
)
from astrogui.inference.model_folder import all_models

SHIPPED = tuple(all_models())


@lru_cache
def replays(backend):
    return {replayed.model: replayed for replayed in replay_on(backend, SHIPPED)}


@pytest.mark.slow
@pytest.mark.parametrize("backend", installed_backends())
@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_shipped_model_answers_as_its_golden_record_says(folder, backend):
    replayed = replays(backend)[folder.name]
    assert replayed.agrees, replayed.words()
    # Half of what is promised, so that any two backends agree within the whole of it.
    assert replayed.left_out or replayed.difference <= 0.5e-4, replayed.words()


def test_a_right_model_agrees_and_says_so(tmp_path):
    found = replay("onnx", tiny.write_model(tmp_path))
    assert found.agrees
    assert found.words().startswith("tiny by onnx on CPU: differs by ")


def test_a_process_of_its_own_finds_the_same(tmp_path):
    folder = tiny.write_model(tmp_path)
    (found,) = replay_on("onnx", [folder])
    assert found == replay("onnx", folder)


def test_a_model_that_answers_otherwise_is_found_out(tmp_path):
    folder = tiny.write_model(tmp_path)
    with np.load(folder / "golden.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    arrays["output_level"] = arrays["output_level"] * 1.001
    np.savez(folder / "golden.npz", **arrays)
    card = replay("onnx", folder)
    assert "SHA-256" in card.fault
    tiny.write_card(folder, _without_hashes(folder))
    found = replay("onnx", folder)
    assert not found.agrees
    assert " > 1e-04" in found.words()


def _without_hashes(folder):
    from dataclasses import replace

    from astrogui.inference.model_folder import read_card

    return replace(read_card(folder), hashes={})


@pytest.mark.parametrize("reason", ["", "the graph has 20 MB"])
def test_a_model_without_a_graph_must_say_why(tmp_path, reason):
    folder = tiny.write_model(tmp_path, onnx_reason=reason)
    (folder / "model.onnx").unlink()
    tiny.write_card(folder, _without_hashes(folder))
    found = replay("onnx", folder)
    assert found.agrees == bool(reason)
    assert "no exported graph" in found.words()


def test_a_broken_folder_fails_on_every_backend_in_words(tmp_path, monkeypatch):
    folder = tiny.write_model(tmp_path)
    (folder / "weights.npz").write_bytes(b"")
    monkeypatch.setattr("astrogui.inference.golden.installed_backends", lambda: ("onnx",))
    ((words, agrees),) = replay_all([folder])
    assert not agrees
    assert "SHA-256" in words


@pytest.mark.parametrize(
    ("expected", "found", "at_least", "at_most"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0, 0),
        ([1.0, 2.0], [1.0, 2.002], 5e-4, 1e-3),
        ([-1e4] * 9 + [-8.0], [-1e4] * 9 + [-8.1], 0.01, 0.02),
        ([1e-21, 2e-21], [1e-21, 2.02e-21], 4e-3, 1e-2),
        ([np.nan, 1.0], [np.nan, 1.0], 0, 0),
        ([np.nan, 1.0], [0.0, 1.0], np.inf, np.inf),
        ([0.0, 0.0], [0.0, 1e-3], 1e-3, 1e-3),
        ([-np.inf, 1.0], [-np.inf, 1.0], 0, 0),
    ],
)
def test_the_difference_is_relative_and_huge_values_hide_nothing(
    expected, found, at_least, at_most
):
    measured = difference({"y": np.array(expected)}, {"y": np.array(found)})
    assert at_least <= measured <= at_most


def test_a_missing_output_or_another_shape_differs_without_bound():
    assert difference({"y": np.zeros(2)}, {"z": np.zeros(2)}) == np.inf
    assert difference({"y": np.zeros(2)}, {"y": np.zeros(3)}) == np.inf
