"""Grading through a queue by keys, blind grading and merging, as an analyst does it."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

import pytest
import tiny
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from small_session import FakeReader, files, make

from astrogui.window.grading_rows import RowGrades, row_grades

NAMES = [f"flat-{number}.fits" for number in (1, 2, 3, 4, 5)]


class Reader(FakeReader):
    """Also reads sections for the views."""

    def read(self, source) -> Future:
        return super().read(source)


@pytest.fixture
def session(tmp_path):
    models = tmp_path / "models"
    tiny.write_model(models)
    made = make(tmp_path, models)
    made.add(files(tmp_path, *NAMES)).result(60)
    made.idle().result(60)
    yield made
    made.close()


@pytest.fixture
def bench(session, open_bench, qtbot):  # the session outlives the window
    bench = open_bench(session)
    qtbot.waitUntil(lambda: bench.model.rowCount() == 5)
    bench.window.activateWindow()
    bench.catalogue.table.setFocus()
    return bench


@pytest.fixture
def feature(bench):
    return bench.features["grading"]


def press(bench, qtbot, key, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.keyClick(bench.catalogue.table, key, modifier)
    QApplication.processEvents()


def begin(feature, qtbot, scope="all", order="table"):
    feature.build(scope, order)
    qtbot.waitUntil(lambda: feature.is_on and feature.place >= 0)


def qualities(session):
    return [row["user_quality"] for row in session.view.rows()]


def become(session, author):
    session.settings = replace(session.settings, author=author)
    session.idle().result(60)


def test_keys_grade_and_step_on_until_every_row_is_graded(bench, feature, session, qtbot):
    begin(feature, qtbot)
    for key in (Qt.Key.Key_4, Qt.Key.Key_3, Qt.Key.Key_1, Qt.Key.Key_6, Qt.Key.Key_2):
        press(bench, qtbot, key)
    qtbot.waitUntil(lambda: qualities(session) == [4, 3, 1, 6, 2])
    qtbot.waitUntil(lambda: feature.queue.progress.value() == 5)
    assert "every row is graded" in feature.queue.words.text()
    assert feature.place == 4
    session.undo().result(60)
    assert qualities(session) == [4, 3, 1, 6, None]
    qtbot.waitUntil(lambda: feature.queue.progress.value() == 4)


def test_n_and_b_walk_the_queue_rather_than_the_table(bench, feature, qtbot):
    bench.model.sort(0, Qt.SortOrder.DescendingOrder)
    begin(feature, qtbot, order="most_confident")
    walked = [bench.selection.row_id]
    for key in (Qt.Key.Key_N, Qt.Key.Key_N, Qt.Key.Key_B):
        press(bench, qtbot, key)
        walked.append(bench.selection.row_id)
    ids = feature.row_ids
    assert walked == [ids[0], ids[1], ids[2], ids[1]]
    feature.end()
    assert not feature.is_on
    press(bench, qtbot, Qt.Key.Key_N)
    assert bench.selection.row_id in ids


def test_stepping_on_can_be_switched_off(bench, feature, session, qtbot):
    begin(feature, qtbot)
    feature.queue.steps_on.setChecked(False)
    first = bench.selection.row_id
    press(bench, qtbot, Qt.Key.Key_4)
    qtbot.waitUntil(lambda: 4 in qualities(session))
    assert bench.selection.row_id == first


def test_the_first_ungraded_row_is_gone_to(bench, feature, session, qtbot):
    ids = session.view.row_ids()
    session.annotate(ids[:3], {"user_quality": 4}).result(60)
    begin(feature, qtbot)
    assert bench.selection.row_id == ids[3]
    feature.step(-3)
    assert bench.selection.row_id == ids[0]
    bench.window.actions_by_name["grading_first"].trigger()
    assert bench.selection.row_id == ids[3]


def test_the_queue_of_the_selected_rows_and_one_of_nothing(bench, feature, session, qtbot):
    ids = session.view.row_ids()
    bench.selection.choose_rows(ids[1:3], ids[1], None)
    begin(feature, qtbot, scope="selected")
    assert feature.row_ids == tuple(ids[1:3])
    feature.build("disputed", "graders")
    qtbot.waitUntil(lambda: "no such rows" in feature.queue.words.text())
    assert not feature.queue.next.isEnabled()


def test_the_queue_goes_on_where_it_was_after_a_restart(
    bench, feature, session, tmp_path, open_bench, qtbot
):
    begin(feature, qtbot)
    press(bench, qtbot, Qt.Key.Key_4)
    press(bench, qtbot, Qt.Key.Key_3)
    ids = feature.row_ids
    session.idle().result(60)
    bench.close()
    session.close()
    again = make(tmp_path, tmp_path / "models")
    try:
        other = open_bench(again)
        resumed = other.features["grading"]
        qtbot.waitUntil(lambda: resumed.is_on and resumed.place == 2)
        assert resumed.row_ids == ids
        assert resumed.queue.progress.value() == 2
    finally:
        other.close()
        again.close()


def test_a_blind_grader_sees_nothing_until_the_grade_is_given(bench, feature, session, qtbot):
    ids = session.view.row_ids()
    session.annotate(ids, {"user_quality": 4, "user_comment": "broad"}).result(60)
    bench.window.actions_by_name["grading_blind"].trigger()
    qtbot.waitUntil(feature.graders.blind.isChecked)
    become(session, "Cecilia")
    section = bench.model.section_of("user_comment")
    qtbot.waitUntil(lambda: bench.model.data(bench.model.index(0, section)) in {None, ""})
    begin(feature, qtbot)
    feature.queue.steps_on.setChecked(False)
    qtbot.waitUntil(lambda: "Blind" in feature.graders.row_words.text())
    assert feature.graders.table.rowCount() == 0
    qualities = bench.annotate._qualities.buttons()
    qtbot.waitUntil(lambda: not any(button.isChecked() for button in qualities))
    press(bench, qtbot, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: feature.graders.table.rowCount() == 2)
    shown = [feature.graders.table.item(line, 0).text() for line in (0, 1)]
    assert shown == ["Cecilia (you)", "Vera"]
    assert "Blind" not in feature.graders.row_words.text()
    feature.step(1)
    bench.window.actions_by_name["grading_unblind"].trigger()
    qtbot.waitUntil(lambda: session.view.unblinded() == [(ids[1], "Cecilia")])
    qtbot.waitUntil(lambda: feature.graders.table.rowCount() == 1)


def test_a_blind_grader_whom_the_project_has_not_heard_of_sees_nothing_of_the_one_before():
    class View:
        """Of a project that still shows Vera her own grades."""

        def is_blind(self):
            return True

        def grades(self, row_ids):
            return {7: {"Vera": {"user_quality": "4"}}}

        def unblinded(self):
            return []

    assert row_grades(View(), 7, "Cecilia") == RowGrades(7, {}, is_blind=True, hides=True)
    own = row_grades(View(), 7, "Vera")
    assert own.by_author == {"Vera": {"user_quality": "4"}}
    assert not own.hides


def test_graders_are_merged_disagreements_queued_and_agreed_on(
    bench, feature, session, tmp_path, qtbot
):
    ids = session.view.row_ids()
    session.annotate(ids, {"user_quality": 4, "user_class": "QSO"}).result(60)
    become(session, "Cecilia")
    session.annotate(ids, {"user_quality": 4, "user_class": "QSO"}).result(60)
    session.annotate(ids[2:4], {"user_quality": 1, "user_class": "STAR"}).result(60)
    out = tmp_path / "merged.fits"
    session.export(out).result(60)
    session.undo().result(60)
    feature.merge([str(out)])
    qtbot.waitUntil(lambda: "rows to agree on" in feature.graders.report.text(), timeout=20_000)
    assert "2 rows to agree on" in feature.graders.report.text()
    coefficients = feature.graders.coefficients
    names = [coefficients.item(line, 0).text() for line in range(coefficients.rowCount())]
    assert names[0] == "Class: Krippendorff’s alpha (nominal)"
    assert feature.graders.confusion.rowCount() == 2
    bench.window.actions_by_name["grading_disputed"].trigger()
    qtbot.waitUntil(lambda: feature.is_on and len(feature.row_ids) == 2)
    first = feature.row_ids[0]
    assert bench.selection.row_id == first  # graded, but not agreed on
    qtbot.waitUntil(lambda: feature.graders.table.rowCount() == 3)
    assert "They differ: class" in feature.graders.row_words.text()
    lines = [feature.graders.table.item(line, 0).text() for line in range(3)]
    feature.graders.table.selectRow(lines.index("Vera"))
    qtbot.mouseClick(feature.graders.agree, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.view.grades([first])[first].get("", {}) != {})
    assert session.view.row(first)["user_class"] == "QSO"
    assert bench.selection.row_id == feature.row_ids[1]
    qtbot.waitUntil(lambda: "1 of 2 agreed on" in feature.queue.progress.format())


def test_files_that_are_no_graders_are_said_in_the_notice(bench, feature, tmp_path, qtbot):
    feature.merge([str(tmp_path / "none.fits")])
    qtbot.waitUntil(lambda: "no such file" in bench.window.notice.words)
