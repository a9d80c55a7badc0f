"""The shipped lens finder on fresh simulations."""

from __future__ import annotations

from pathlib import Path

import pytest

from astrogui.records.model_card import card_from_json
from astrogui.training.lens_shares import LOOK_ALIKES, OF_SURVEY
from astrogui.training.package import run_graph
from astrogui.training.score_lens import answered, ranking

FOLDER = Path(__file__).resolve().parents[2] / "models" / "lens_finder"


@pytest.fixture(scope="module")
def card():
    return card_from_json((FOLDER / "card.json").read_text("utf-8"), str(FOLDER))


@pytest.mark.parametrize("population", [LOOK_ALIKES, OF_SURVEY], ids=lambda own: own.name)
def test_fresh_lenses_rank_above_what_is_none(card, population):
    found = answered(
        lambda prepared: run_graph(FOLDER / "model.onnx", prepared), 320, 77, population=population
    )
    scores = card.simulated_scores
    due = (scores["survey"] if population is OF_SURVEY else scores)["all"]["auroc"]
    reach = 0.04 if population is OF_SURVEY else 0.08
    assert ranking(found["score"], found["label"])["auroc"] > due - reach
    assert (found["novelty"] > 1).mean() < 0.05
