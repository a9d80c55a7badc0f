"""The columns of the export: valid UCDs and units, each described, none named twice."""

from __future__ import annotations

import pytest

from astrogui.records.catalogue import Column
from astrogui.session import columns
from astrogui.session.columns import catalogue_columns, own_names
from astrogui.tasks import TASKS

BANDS = ("u", "g", "r", "i", "z")
ALL = catalogue_columns(TASKS, BANDS)


@pytest.mark.parametrize("column", ALL, ids=lambda column: column.name)
def test_a_column_has_a_valid_ucd_and_unit_and_says_what_it_is(column: Column):
    from astropy.io.votable.ucd import parse_ucd
    from astropy.units import Unit

    if column.ucd:
        parse_ucd(column.ucd, check_controlled_vocabulary=True, has_colon=False)
    if column.unit:
        Unit(column.unit, format="vounit")
    assert column.description


def test_the_columns_that_every_row_has_come_first_and_judgements_last():
    names = [column.name for column in catalogue_columns(TASKS[:1], ())]
    assert names[:9] == [
        "file", "object_id", "ra", "dec", "task", "model", "model_sha256", "flags", "novelty",
    ]  # fmt: skip
    assert names[-5:] == [
        "user_class", "user_z", "user_quality", "user_tags", "user_comment",
    ]  # fmt: skip
    assert {"z", "z_lo68", "z_hi90", "class", "prob_qso", "confident", "z_2"} <= set(names)


def test_with_several_tasks_the_columns_of_the_model_take_the_tasks_name():
    names = [column.name for column in ALL]
    assert len(names) == len(set(names))
    for task in TASKS:
        for name in ("model", "model_sha256", "flags", "novelty"):
            assert f"{name}_{task.name}" in names
    assert "flags" not in names


def test_the_names_of_a_task_are_worked_out_once(monkeypatch):
    """Every row that is read asks for them: a third of a millisecond each time."""
    own_names(TASKS[-1], TASKS)
    monkeypatch.setattr(columns, "answer_columns", None)
    assert isinstance(own_names(TASKS[-1], TASKS), dict)
