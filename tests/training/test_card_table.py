"""Tables in the READMEs of models, and that each README is the one its card gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from astrogui.records.model_card import card_from_json
from astrogui.training import euclid_card, redshift_card, star_galaxy_card, stellar_card
from astrogui.training.card_table import cell, table

MODELS = Path(__file__).resolve().parents[2] / "models"


def test_a_table_has_a_row_for_each_name_and_dashes_for_the_unknown():
    rows = {"all": {"n": 5, "share": 0.12345}, "some": {"n": 2, "share": None}}
    assert table(rows, ("n", "share"), ("count", "part"), head="of") == [
        "| of | count | part |",
        "|---|---|---|",
        "| all | 5 | 0.123 |",
        "| some | 2 | - |",
    ]
    assert table({}, ("n",))[0] == "| | n |"
    assert cell(1234.5678, ".4g") == "1235"


@pytest.mark.parametrize(
    ("task", "module"),
    [
        ("redshift", redshift_card),
        ("redshift_euclid", euclid_card),
        ("star_galaxy", star_galaxy_card),
        ("stellar", stellar_card),
    ],
)
def test_the_shipped_readme_is_what_the_card_says(task, module):
    text = (MODELS / task / "card.json").read_text("utf-8")
    readme = (MODELS / task / "README.md").read_text("utf-8")
    assert module.readme(card_from_json(text, task)) == readme
