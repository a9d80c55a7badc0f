"""Judgements by redshift and tags: kept, exported, taken over, undone."""

from __future__ import annotations

import pytest
from small_session import answer_all, files, make

from astrogui.errors import UsageProblem

JUDGED = {"user_z": 0.7321, "user_tags": "Odd lines, BAL", "user_quality": 6, "user_class": "STAR"}
KEPT = {**JUDGED, "user_tags": "bal,odd-lines"}


def test_redshift_and_tags_are_kept_and_undone_as_one_step(session, tmp_path):
    row_id = answer_all(session, files(tmp_path, "flat-1.fits"))[0]["row_id"]
    session.annotate([row_id], JUDGED).result(60)
    row = session.view.row(row_id)
    assert {name: row[name] for name in KEPT} == KEPT
    session.undo().result(60)
    row = session.view.row(row_id)
    assert {row[name] for name in KEPT} == {None}
    session.redo().result(60)
    assert session.view.row(row_id)["user_z"] == 0.7321


def test_a_judgement_that_is_none_changes_nothing(session, tmp_path):
    row_id = answer_all(session, files(tmp_path, "flat-1.fits"))[0]["row_id"]
    with pytest.raises(UsageProblem, match="no quality"):
        session.annotate([row_id], {"user_class": "QSO", "user_quality": 5}).result(60)
    assert session.view.row(row_id)["user_class"] is None
    assert session.view.history() == ("", "")


@pytest.mark.parametrize("ending", ["fits", "vot", "ecsv", "csv", "parquet"])
def test_every_format_carries_them_to_another_project(session, tmp_path, models, ending):
    rows = answer_all(session, files(tmp_path, "flat-1.fits", "flat-2.fits"))
    session.annotate([rows[0]["row_id"]], JUDGED).result(60)
    out = tmp_path / f"out.{ending}"
    session.export(out).result(60)
    other = make(tmp_path, models, name="other.astrogui")
    row_id = answer_all(other, files(tmp_path, "flat-1.fits"))[0]["row_id"]
    assert other.import_judgements(out).result(60) == 1
    row = other.view.row(row_id)
    assert {name: row[name] for name in KEPT} == KEPT
    other.close()
