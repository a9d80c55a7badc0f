"""Models of the analyst's own: found by their cards, taught by labels, asked what is next."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest

from astrogui.errors import UsageProblem
from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.records.source import Source
from astrogui.session import own_models
from astrogui.session.cards import Cards

CARD = ModelCard(
    task="own_rings", name="Rings 1", version="1", title="Rings", summary="",
    network="transfer:classifier", network_config={}, inputs=(ArraySpec(name="a", shape=(1,)),),
    outputs=(), training={"classes": ["no", "ring"], "cut": "light"},
)  # fmt: skip


def _put(folder, card, name=None):
    place = folder / (name or card.task)
    place.mkdir(parents=True)
    (place / "card.json").write_text(card.to_json())


def test_own_models_are_analyses_with_the_classes_of_their_card(tmp_path):
    _put(tmp_path, CARD)
    _put(tmp_path, dataclasses.replace(CARD, task="own_else"), "own_renamed")
    _put(tmp_path, dataclasses.replace(CARD, task="own_empty", training={}))
    (tmp_path / "own_broken").mkdir()
    (tmp_path / "own_broken" / "card.json").write_text("{")
    tasks = own_models.own_tasks(f"/nowhere:{tmp_path}")
    assert [(task.name, task.title, task.classes) for task in tasks] == [
        ("own_rings", "Rings", ("no", "ring"))
    ]
    grey = Source(path="a.png", kind="image", format="picture", shape=(300, 300))
    assert tasks[0].accepts(grey)
    assert not tasks[0].wanted(grey)


def _view(labels, colour=True):
    rows = [
        {"row_id": k, "user_class": name, "x_pixel": 5.0, "y_pixel": 6.0}
        for k, name in enumerate(labels)
    ]
    source = Source(path="/a.jpg", kind="image", format="picture", shape=(90, 90),
                    is_colour=colour)  # fmt: skip
    item = SimpleNamespace(kind="image", sources=(source,))
    return SimpleNamespace(
        judged_rows=lambda: list(range(len(labels))),
        rows=lambda ids: [rows[k] for k in ids],
        item_of=lambda row_id: item,
    )


def test_labelled_rows_become_examples_with_their_place():
    labels = own_models.labels_of(_view(["ring", "no", "", "ring", None, "no"]))
    assert labels.counts == {"no": 2, "ring": 2}
    assert labels.suffice
    assert labels.cut == "galaxy"
    assert labels.examples[0] == {
        "paths": ["/a.jpg"], "parts": [""], "x": 5.0, "y": 6.0, "label": "ring"
    }  # fmt: skip
    assert own_models.labels_of(_view(["a", "b"], colour=False)).cut == "light"


def test_too_few_labels_are_refused_in_words(tmp_path):
    _put(tmp_path, dataclasses.replace(CARD, task="morphology"))
    labels = own_models.labels_of(_view(["ring", "no", "no"]))
    assert not labels.suffice
    with pytest.raises(UsageProblem, match="two classes"):
        own_models.start_training(labels, "x", Cards(str(tmp_path)), print)
    with pytest.raises(UsageProblem, match="not here"):
        own_models.start_training(labels, "x", Cards(str(tmp_path / "none")), print)


def test_a_model_is_never_replaced(tmp_path):
    assert own_models.free_title(" Rings! ", tmp_path) == "Rings!"
    (tmp_path / "own_rings").mkdir()
    assert own_models.free_title("Rings!", tmp_path) == "Rings! 2"
    (tmp_path / "own_rings_2").mkdir()
    assert own_models.free_title("Rings!", tmp_path) == "Rings! 3"
    assert own_models.free_title("", tmp_path) == "My classes"


def test_what_a_label_would_tell_most_comes_first():
    rows = [
        {"row_id": 1, "label_gain": 0.1, "user_class": None},
        {"row_id": 2, "label_gain": 0.6, "user_class": "ring"},
        {"row_id": 3, "label_gain": None, "label_gain_own_b": 0.4, "user_class": None},
        {"row_id": 4, "user_class": None},
    ]
    assert own_models.next_to_label(rows) == [3, 1]
