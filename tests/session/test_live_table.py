"""The catalogue as columns: the cells of the project's rows, kept, mapped, and in step with it."""

from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import CancelledError
from functools import partial

import numpy as np
import pytest
import tiny
from answered_project import add_rows, answer

from astrogui.errors import ProjectProblem
from astrogui.records import text_column
from astrogui.records.catalogue import Column
from astrogui.session import column_cache, table_reader
from astrogui.session.live_table import LiveTable, of_project
from astrogui.session.table_reader import TableReader
from astrogui.store import history, items
from astrogui.store.project import Project
from astrogui.tasks import TASKS

REDSHIFT, STARS = TASKS[0], TASKS[1]


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path / "p.astrogui")
    yield made
    made.close()


@pytest.fixture(autouse=True)
def keep_small_tables(monkeypatch):
    monkeypatch.setattr(column_cache, "FEWEST_ROWS", 2)


def opened(project, told=None):
    """A live table that has read everything."""
    live = of_project(partial(TableReader, project.path, TASKS), project.path)
    whole = threading.Event()

    def hear(change):
        if told is not None:
            told.append(change)
        if change.is_whole:
            whole.set()

    live.subscribe(hear)
    assert whole.wait(10)
    live.call(len).result(60)
    return live


def cells(live, name):
    return [live.table.cell(place, name) for place in range(len(live.table))]


def assert_like_rows(project, live):
    """The table says what the rows say, cell by cell."""
    reader = TableReader(project.path, TASKS)
    try:
        columns, rows = reader.columns(), reader.rows()
    finally:
        reader.close()
    assert live.table.project_columns == columns
    assert sorted(live.table.row_ids().tolist()) == sorted(row["row_id"] for row in rows)
    for row in rows:
        place = live.table.position(row["row_id"])
        for column in columns:
            said = row.get(column.name)
            assert live.table.cell(place, column.name) == (None if said == "" else said), column


def test_before_each_piece_that_is_read_somebody_else_may_go_first(project, monkeypatch):
    monkeypatch.setattr(table_reader, "ROWS_AT_ONCE", 2)
    add_rows(project, ["a", "b", "c", "d", "e"])
    live, asked, read = opened(project), [], []
    live.give_way = lambda: asked.append(len(read))
    live.subscribe(read.append)
    read.clear()
    live.refresh(live.table.row_ids().tolist())
    live.call(len).result(60)
    assert len(read) == 3
    assert sorted(set(asked)) == [0, 1, 2, 3]
    live.close()


def test_between_the_steps_of_a_piece_somebody_else_may_go_first(project):
    add_rows(project, ["a", "b"])
    reader, asked = TableReader(project.path, TASKS), []
    try:
        read = list(reader.read(reader.all_ids(), lambda: asked.append(1)))
    finally:
        reader.close()
    assert len(read) == 1
    assert len(asked) >= 2  # between rows and answers, and before the answers are unpacked


def test_while_the_columns_are_kept_somebody_else_may_go_first(project, monkeypatch):
    monkeypatch.setattr(text_column, "MANY_WORDS", 2)
    add_rows(project, ["a", "b", "c", "d", "e"])
    live, asked = opened(project), []
    live.call(lambda table: None).result(60)
    live._read_since = len(live.table)  # as after an analysis of all of them
    live.give_way = lambda: asked.append(threading.current_thread().name)
    live.keep().result(60)
    pieces = len(live.table.text("object_id").words) // 2
    assert len(asked) > pieces
    assert set(asked) == {"table"}
    live.close()


def test_every_cell_is_that_of_the_rows(project):
    ids = add_rows(project, ["a", "b", "c"])
    add_rows(project, ["d"], class_2="STAR", z=None)
    with project.transaction() as connection:
        answer(connection, ids[1], z=1.25)
        answer(connection, ids[2], STARS, prob_star=0.25)
        history.annotate(connection, ids[:2], {"user_class": "BAL", "user_quality": "3"}, "me")
        items.add_row_without_answer(
            connection, items.add_item(connection, project.path.parent, [tiny.source("e")]), "odd"
        )
    live = opened(project)
    assert_like_rows(project, live)
    assert cells(live, "z")[:2] == [0.5, 1.25]
    live.close()


def test_columns_kept_beside_the_project_are_mapped_and_hold_the_same(project):
    add_rows(project, ["a", "b", "c"])
    opened(project).close()
    assert column_cache.cache_folder(project.path).is_dir()
    told = []
    live = opened(project, told)
    assert next(change for change in told if change.count).is_new
    assert_like_rows(project, live)
    live.close()


@pytest.mark.parametrize("kind", ["answer", "row", "judgement", "file", "words"])
def test_what_came_while_the_table_was_closed_is_read_at_the_start(project, kind):
    ids = add_rows(project, ["a", "b", "c"])
    with project.transaction() as connection:
        item = items.add_item(connection, project.path.parent, [tiny.source("e")])
        items.add_row_without_answer(connection, item, "odd")
    opened(project).close()
    with project.transaction() as connection:
        if kind == "answer":
            answer(connection, ids[1], z=2.5)
        elif kind == "judgement":
            history.annotate(connection, [ids[0]], {"user_comment": "α"}, "me")
        elif kind == "words":
            items.add_row_without_answer(connection, item, "odder")
        elif kind == "file":
            connection.execute("UPDATE items SET sources = replace(sources, '\"a\"', '\"q\"')")
            items.note_change(connection)
    if kind == "row":
        add_rows(project, ["d"])
    live = opened(project)
    assert_like_rows(project, live)
    live.close()


def test_a_project_put_back_to_an_earlier_state_is_read_anew(project, tmp_path):
    add_rows(project, ["a", "b"])
    project.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    earlier = tmp_path / "earlier"
    shutil.copy(project.path, earlier)
    add_rows(project, ["c", "d"])
    opened(project).close()
    path = project.path
    project.close()
    shutil.copy(earlier, path)
    again = Project(path)
    add_rows(again, ["x", "y", "z"])
    live = opened(again)
    assert_like_rows(again, live)
    live.close()
    again.close()


@pytest.mark.parametrize("harm", ["cut", "gone", "nonsense", "version"])
def test_kept_columns_that_are_not_whole_are_not_believed(project, harm, caplog):
    add_rows(project, ["a", "b", "c"])
    opened(project).close()
    folder = column_cache.cache_folder(project.path)
    manifest = folder / "manifest.json"
    if harm == "cut":
        with open(folder / "row_id", "r+b") as file:
            file.truncate(7)
    elif harm == "gone":
        next(folder.glob("*.column")).unlink()
    else:
        older = manifest.read_text().replace('"version": 1', '"version": 0')
        manifest.write_text("{" if harm == "nonsense" else older)
    live = opened(project)
    assert_like_rows(project, live)
    live.close()
    caplog.clear()


def test_the_table_follows_new_rows_and_answers(project):
    ids = add_rows(project, ["a", "b"])
    told = []
    live = opened(project, told)
    late = add_rows(project, ["c"])
    with project.transaction() as connection:
        answer(connection, ids[0], z=3.0)
    live.refresh(late)
    live.call(len).result(60)
    assert_like_rows(project, live)
    assert told[-1].count == 3
    live.close()


def test_a_second_task_renames_columns_and_everything_is_read_again(project):
    ids = add_rows(project, ["a", "b"])
    live = opened(project)
    with project.transaction() as connection:
        answer(connection, ids[1], STARS, prob_star=0.5)
    live.refresh([ids[1]])
    live.call(len).result(60)
    assert_like_rows(project, live)
    assert cells(live, "flags_redshift") == [None, None]
    assert cells(live, "model_redshift") == ["m 1", "m 1"]
    live.close()


def test_what_the_project_has_is_read_before_a_call_in_step(project):
    ids = add_rows(project, ["a", "b"])
    live = opened(project)
    with project.transaction() as connection:
        history.annotate(connection, ids, {"user_class": "QSO"}, "me")
    texts = live.call(lambda table: list(table.array("user_class")), in_step=True).result(60)
    assert texts == ["QSO", "QSO"]
    live.close()


def test_an_added_column_outlives_new_answers_and_is_not_kept(project):
    ids = add_rows(project, ["a", "b"])
    live = opened(project)
    extra = Column(name="separation", unit="arcsec")
    live.call(lambda table: table.put_extra(extra, np.array(ids[1:]), [0.25])).result(60)
    with project.transaction() as connection:
        answer(connection, ids[1], z=3.0)
    live.refresh(add_rows(project, ["c"]))
    live.call(len).result(60)
    assert cells(live, "separation") == [None, 0.25, None]
    assert cells(live, "z") == [0.5, 3.0, 0.5]
    live.close()
    again = opened(project)
    assert not again.table.has("separation")
    again.close()


def test_a_file_that_moved_while_other_rows_wait_to_be_read_has_its_new_name(project):
    ids = add_rows(project, ["a", "b"])
    live = opened(project)
    waiting, going_on = threading.Event(), threading.Event()
    live.call(lambda table: (waiting.set(), going_on.wait(10)))
    assert waiting.wait(10)
    with project.transaction() as connection:
        connection.execute("""UPDATE items SET sources = replace(sources, '"b', '"moved/b')""")
    live.refresh(ids[:1], ("answers",))
    live.refresh(ids[1:], ("file",))
    going_on.set()
    live.call(len).result(60)
    assert cells(live, "file")[1].endswith("moved/b")
    assert_like_rows(project, live)
    live.close()


def test_a_call_after_the_end_is_cancelled_and_keeps_nobody_waiting(project):
    add_rows(project, ["a", "b"])
    live = opened(project)
    waiting, going_on = threading.Event(), threading.Event()
    live.call(lambda table: (waiting.set(), going_on.wait(10)))
    assert waiting.wait(10)
    closing = threading.Thread(target=live.close)
    closing.start()
    while not live._is_closing:
        closing.join(0.001)
    queued_late = live.call(len)
    going_on.set()
    closing.join(10)
    for call in (queued_late, live.call(len), live.keep()):
        with pytest.raises(CancelledError):
            call.result(60)


def test_calls_of_a_table_that_cannot_be_read_are_cancelled(tmp_path, caplog):
    def gone():
        raise ProjectProblem("the project is gone")

    live = LiveTable(gone)
    with pytest.raises(CancelledError):
        live.call(len).result(60)
    live.close()
    caplog.clear()


def test_columns_without_values_are_not_kept_as_files(project):
    add_rows(project, ["a", "b", "c"])
    opened(project).close()
    folder = column_cache.cache_folder(project.path)
    names = json.loads((folder / "manifest.json").read_text())["arrays"]
    assert "z" in {entry["name"] for entry in names}
    assert "user_z" not in {entry["name"] for entry in names}
    live = opened(project)
    assert_like_rows(project, live)
    live.close()
