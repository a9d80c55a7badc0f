"""The order in which the catalogue's columns stand at first: what is read first stands left."""

from __future__ import annotations

from astrogui.records.catalogue import Column
from astrogui.window.shown_columns import rank, shown_columns


def columns(*names):
    bounds = [f"{name}_{end}" for name in ("z", "votes_bar") for end in ("lo68", "hi68")]
    return [Column(name=name) for name in (*names, *bounds)]


def test_answers_probabilities_judgements_doubts_and_the_votes_of_a_crowd_last():
    given = ("votes_bar", "ra", "prob_star", "flags", "user_class", "z", "class", "object_id",
             "file", "model_sha256")  # fmt: skip
    shown = sorted(shown_columns(columns(*given)), key=rank)
    names = [one.column.name for one in shown]
    assert names == [
        "object_id", "file", "z", "class", "prob_star", "user_class", "flags", "votes_bar", "ra",
    ]  # fmt: skip
    assert [one.has_bounds for one in shown].count(True) == 2
