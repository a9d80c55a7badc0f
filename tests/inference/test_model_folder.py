"""A model folder is refused before a byte of it is used, unless it is what its card says."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
import tiny

from astrogui.errors import ModelMismatch, ModelMissing
from astrogui.inference.backends import guarded, open_backend
from astrogui.inference.golden import replay
from astrogui.inference.graph_check import check_graph
from astrogui.inference.model_folder import all_models, find_model, load_model, read_card


class Planted:
    """Unpickling it makes a file."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (open, (str(self.marker), "w"))


@pytest.fixture
def folder(tmp_path):
    return tiny.write_model(tmp_path)


def rehash(folder, **changes):
    """Make the card right for what lies in the folder now."""
    raw = json.loads((folder / "card.json").read_text())
    raw["hashes"] = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name != "card.json"
    }
    (folder / "card.json").write_text(json.dumps(raw | changes))


def use_everything(folder):
    model = load_model(folder)
    return model.weights(), model.golden(), model.graph()


def test_a_right_folder_gives_card_arrays_and_graph(folder):
    model = load_model(folder, task="tiny")
    assert model.card.name == "tiny 1"
    assert model.has_graph
    assert model.weights()["w000"].shape == (tiny.PIXELS, 1)
    assert model.sha256 == hashlib.sha256((folder / "weights.npz").read_bytes()).hexdigest()
    flux = np.arange(16.0).reshape(2, 8)
    outputs = open_backend("onnx", model).run({"flux": flux})
    assert outputs["level"][:, 0] == pytest.approx([3.5, 11.5])


@pytest.mark.parametrize("name", ["weights.npz", "model.onnx", "golden.npz"])
def test_one_flipped_bit_is_refused_by_the_hash(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelMismatch, match=f"{name} has SHA-256"):
        load_model(folder)


def test_a_file_changed_after_loading_is_refused_when_it_is_used(folder):
    model = load_model(folder)
    (folder / "weights.npz").write_bytes(b"other")
    with pytest.raises(ModelMismatch, match="SHA-256"):
        model.weights()


def test_a_missing_file_is_refused(folder):
    (folder / "model.onnx").unlink()
    with pytest.raises(ModelMismatch, match=r"model\.onnx cannot be read"):
        load_model(folder)


@pytest.mark.parametrize(
    "name", ["weights.pkl", "model.keras", "model.h5", "other.npz", "model.pb", "run.py"]
)
def test_a_file_that_does_not_belong_there_is_refused(folder, name):
    (folder / name).write_bytes(b"")
    with pytest.raises(ModelMismatch, match="does not belong"):
        load_model(folder)


@pytest.mark.parametrize("name", ["README.md", "coverage.svg", ".directory"])
def test_texts_and_pictures_may_lie_there(folder, name):
    (folder / name).write_bytes(b"")
    assert load_model(folder).has_graph


def test_a_folder_in_the_folder_is_refused(folder):
    (folder / "saved_model").mkdir()
    with pytest.raises(ModelMismatch, match="does not belong"):
        load_model(folder)


@pytest.mark.parametrize(
    "network",
    [
        "os:system",
        "posix:system",
        "redshift.os:system",
        "..os:system",
        "redshift:__import__",
        "builder:build",
        "subprocess",
        "no_such_module:build",
        "redshift:keras.layers.Lambda",
        "/elsewhere/evil:run",
    ],
)
def test_a_card_may_only_name_our_own_networks(tmp_path, network):
    folder = tiny.write_model(tmp_path, network=network)
    with pytest.raises(ModelMismatch, match="no network of this application"):
        load_model(folder)


@pytest.mark.parametrize("name", ["weights.npz", "golden.npz", "assets.npz"])
def test_a_pickle_inside_an_npz_is_refused_and_never_run(folder, tmp_path, name):
    marker = tmp_path / "ran"
    np.savez(folder / name, w000=np.array([Planted(marker)], dtype=object))
    rehash(folder)
    with pytest.raises(ModelMismatch, match="not made of plain arrays"):
        use_everything(folder)
    assert not marker.exists()


def test_a_bare_pickle_under_the_name_of_the_weights_is_refused(folder, tmp_path):
    marker = tmp_path / "ran"
    (folder / "weights.npz").write_bytes(pickle.dumps(Planted(marker)))
    rehash(folder)
    with pytest.raises(ModelMismatch, match="not made of plain arrays"):
        load_model(folder).weights()
    assert not marker.exists()


def test_a_foreign_member_of_an_npz_is_refused(folder):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("config.json", '{"class_name": "Lambda"}')
    (folder / "weights.npz").write_bytes(buffer.getvalue())
    rehash(folder)
    with pytest.raises(ModelMismatch, match="no plain array"):
        load_model(folder).weights()


@pytest.mark.parametrize(
    "hashes",
    [{}, {"model.onnx": "00"}, {"weights.npz": "00", "../../secret": "00"}],
    ids=["none", "no weights", "a path"],
)
def test_a_card_must_hash_its_weights_and_nothing_else(folder, hashes):
    raw = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(raw | {"hashes": hashes}))
    with pytest.raises(ModelMismatch, match=r"no hash|which no model has"):
        load_model(folder)


def test_a_card_for_another_task_is_refused(folder):
    with pytest.raises(ModelMismatch, match="not for redshift"):
        load_model(folder, task="redshift")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"task": 1}', "\x00"])
def test_what_is_no_card_is_refused(folder, text):
    (folder / "card.json").write_text(text)
    with pytest.raises(ModelMismatch, match="no model card"):
        read_card(folder)


def test_a_custom_operator_is_refused_before_a_runtime_sees_the_graph(folder):
    kernel = np.ones((tiny.PIXELS, 1), np.float32)
    (folder / "model.onnx").write_bytes(tiny.graph(kernel, domain="evil.ops"))
    rehash(folder)
    with pytest.raises(ModelMismatch, match=r"operators of 'evil\.ops'"):
        load_model(folder)


def test_a_graph_with_its_data_in_another_file_is_refused(folder):
    outside = tiny.field(13, tiny.field(1, "location") + tiny.field(2, "../../secret"))
    kernel = np.ones((tiny.PIXELS, 1), np.float32)
    (folder / "model.onnx").write_bytes(tiny.graph(kernel, extra=outside + tiny.field(14, 1)))
    rehash(folder)
    with pytest.raises(ModelMismatch, match="outside itself"):
        load_model(folder)


def test_an_operator_hidden_in_a_branch_is_found():
    inner = tiny.field(1, tiny.field(4, "Evil") + tiny.field(7, "evil.ops"))
    attribute = tiny.field(5, tiny.field(1, "then_branch") + tiny.field(6, inner))
    outer = tiny.field(7, tiny.field(1, tiny.field(4, "If") + attribute))
    with pytest.raises(ModelMismatch, match=r"evil\.ops"):
        check_graph(outer, "model.onnx")


@pytest.mark.parametrize("content", [b"\xff" * 40, b"\x3a\x7f", b"\x38\x01", b"\x0b"])
def test_bytes_that_are_no_graph_are_refused(content):
    with pytest.raises(ModelMismatch, match="no ONNX graph"):
        check_graph(content, "model.onnx")


def test_a_graph_that_no_runtime_can_load_is_refused(folder):
    kernel = np.ones((tiny.PIXELS, 1), np.float32)
    (folder / "model.onnx").write_bytes(tiny.graph(kernel, operator="NoSuchOperator"))
    rehash(folder)
    with pytest.raises(ModelMismatch, match="no graph that can be run"):
        open_backend("onnx", load_model(folder))


def test_a_graph_with_other_ends_than_the_card_is_refused(folder):
    rehash(folder, outputs=[{"name": "z", "shape": [1]}])
    with pytest.raises(ModelMismatch, match="its card says"):
        open_backend("onnx", load_model(folder))


def test_the_first_folder_of_the_search_path_wins(tmp_path):
    first = tiny.write_model(tmp_path / "own")
    tiny.write_model(tmp_path / "other")
    path = os.pathsep.join([str(tmp_path / "own"), str(tmp_path / "other")])
    assert find_model("tiny", path) == first
    assert next(iter(all_models(path))) == first


def test_a_task_without_a_model_is_said_in_words(tmp_path):
    with pytest.raises(ModelMissing, match=r"no model for tiny .* train tiny"):
        find_model("tiny", str(tmp_path))


@pytest.fixture
def filter_folder(tmp_path):
    """A model that is a bank of arrays and no network."""
    folder = tiny.write_model(tmp_path, "filter", network="")
    for name in ("weights.npz", "model.onnx", "golden.npz"):
        (folder / name).unlink()
    np.savez(folder / "assets.npz", bank=np.arange(4.0))
    rehash(folder)
    return folder


def test_a_model_without_a_network_is_its_arrays(filter_folder):
    model = load_model(filter_folder, task="filter")
    assert model.sha256 == hashlib.sha256((filter_folder / "assets.npz").read_bytes()).hexdigest()
    assert model.assets["bank"].tolist() == [0, 1, 2, 3]
    backend = guarded(model, pytest.fail)
    assert backend.name == "no network"
    assert backend.run({"flux": np.ones((2, 1))})["flux"].tolist() == [[1], [1]]


def test_a_model_without_a_network_is_not_replayed_and_says_why(filter_folder):
    found = replay("onnx", filter_folder)
    assert found.agrees
    assert "no network to replay" in found.words()


@pytest.mark.parametrize("spoil", ["no arrays", "weights"])
def test_a_card_without_a_network_needs_arrays_and_no_weights(filter_folder, spoil):
    if spoil == "weights":
        np.savez(filter_folder / "weights.npz", w000=np.ones(2))
    else:
        (filter_folder / "assets.npz").unlink()
    rehash(filter_folder)
    with pytest.raises(ModelMismatch):
        load_model(filter_folder)
