"""The project file: what is written survives, what is judged can be undone."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from astrogui.errors import (
    Damaged,
    DiskFull,
    ProjectDamaged,
    ProjectLocked,
    ProjectProblem,
    ProjectTooNew,
)
from astrogui.records.posterior import QUANTILE_LEVELS, Parameter, Posterior
from astrogui.records.provenance import AnswerProvenance, Place
from astrogui.records.source import Source
from astrogui.store import answers, history, items
from astrogui.store.project import PAGE_BYTES, Project, lock_path, open_reader
from astrogui.store.schema import MIGRATIONS, migrate

PROVENANCE = AnswerProvenance(
    task="redshift", model="redshift 1", model_sha256="ab", backend="onnx", device="CPU", seed=3,
    application="0.1.0", versions=(("numpy", "2"),),
)  # fmt: skip


def source(path: Path | str, sha256: str = "00", part: str = "") -> Source:
    return Source(path=str(path), kind="spectrum", format="test", sha256=sha256, part=part)


def posterior(z: float = 0.5) -> Posterior:
    return Posterior(
        parameters=(Parameter(name="z", title="redshift"),),
        quantiles=z + 0.01 * QUANTILE_LEVELS[None],
    )


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path / "night.astrogui")
    yield made
    made.close()


def add_row(project: Project, label: str = "a", **place) -> int:
    with project.transaction() as connection:
        item = items.add_item(connection, project.path.parent, [source("x.fits")])
        return items.find_row(connection, item, Place(label=label, **place), 1.0)


def test_the_same_content_is_the_same_item_and_another_part_is_not(project, tmp_path):
    with project.transaction() as connection:
        first = items.add_item(connection, tmp_path, [source("a.fits", "11")])
        assert items.add_item(connection, tmp_path, [source("copy.fits", "11")]) == first
        assert items.add_item(connection, tmp_path, [source("a.fits", "11", "HDU 2")]) != first


def test_a_project_that_moves_with_its_files_finds_them(tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "a.fits").write_text("x")
    project = Project(folder / "p.astrogui")
    with project.transaction() as connection:
        items.add_item(connection, folder, [source(folder / "a.fits")])
    project.close()
    moved = folder.rename(tmp_path / "there")
    connection = open_reader(moved / "p.astrogui")
    assert items.read_items(connection, moved)[0].paths == (str(moved / "a.fits"),)
    connection.close()


def test_a_rerun_keeps_an_objects_identity_and_every_answer(project):
    at = {"ra_deg": 150.0, "dec_deg": 2.0, "x_pixel": 3.0, "y_pixel": 4.0}
    row = add_row(project, "source 1", **at)
    near = {**at, "ra_deg": 150.0 + 0.5 / 3600}
    far = {**at, "ra_deg": 150.0 + 3 / 3600}
    assert add_row(project, "source 7", **near) == row
    assert add_row(project, "source 2", **far) != row
    with project.transaction() as connection:
        for z in (0.5, 0.7):
            answers.add_answer(
                connection, row, "redshift", {"z": z}, posterior(z), PROVENANCE, False
            )
    shown = answers.read_answers(project.connection, [row])
    assert [a.cells["z"] for a in shown] == [0.7]
    assert len(answers.read_answers(project.connection, [row], all_of_them=True)) == 2
    kept = answers.read_posterior(project.connection, row, "redshift")
    assert kept is not None
    assert np.array_equal(kept.quantiles, posterior(0.7).quantiles)
    assert shown[0].provenance == PROVENANCE


def test_neighbours_found_by_one_job_stay_two_objects_also_in_a_rerun(project):
    at = {"ra_deg": 150.0, "dec_deg": 2.0, "x_pixel": 3.0, "y_pixel": 4.0}
    places = [
        Place(label="source 1", **at),
        Place(label="source 2", **{**at, "dec_deg": 2.0 + 0.4 / 3600}),
    ]
    with project.transaction() as connection:
        item = items.add_item(connection, project.path.parent, [source("x.fits")])
        runs = []
        for _ in range(2):
            taken: set[int] = set()
            runs.append([items.find_row(connection, item, p, 1.0, taken) for p in places])
    assert len(set(runs[0])) == 2
    assert runs[1] == runs[0]


def test_a_refused_file_is_a_row_with_its_reason_once(project, tmp_path):
    problem = Damaged("bad.fits", "byte 2880", "the header is cut", "Fetch it again.")
    with project.transaction() as connection:
        item = items.add_refused(connection, tmp_path, problem)
        assert items.add_refused(connection, tmp_path, problem) == item
    words = project.connection.execute("SELECT words FROM rows").fetchall()
    assert words == [("refused (byte 2880): the header is cut. Fetch it again.",)]


def test_a_second_writer_is_told_to_close_the_first(project):
    with pytest.raises(ProjectLocked, match=r"night\.astrogui"):
        Project(project.path)


def test_a_newer_project_is_refused(project):
    project.connection.execute("PRAGMA user_version = 99")
    path = project.path
    project.close()
    with pytest.raises(ProjectTooNew, match="99"):
        Project(path)


def test_a_file_that_is_no_project_is_refused_in_words(tmp_path):
    path = tmp_path / "photo.astrogui"
    path.write_bytes(b"JFIF" * 2000)
    with pytest.raises(ProjectDamaged, match="photo"):
        Project(path)
    assert path.read_bytes() == b"JFIF" * 2000


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ProjectProblem, match=r"p\.astrogui"):
        Project(tmp_path / "no" / "p.astrogui")


def test_migrations_run_once_in_order_and_a_failing_one_changes_nothing(tmp_path):
    connection = sqlite3.connect(tmp_path / "m.db", isolation_level=None)

    def second(c: sqlite3.Connection) -> None:
        c.execute("ALTER TABLE items ADD COLUMN colour TEXT")

    def broken(c: sqlite3.Connection) -> None:
        c.execute("ALTER TABLE items ADD COLUMN size TEXT")
        raise RuntimeError("half way")

    assert migrate(connection, "m", MIGRATIONS) == len(MIGRATIONS)
    assert migrate(connection, "m", (*MIGRATIONS, second)) == 1
    with pytest.raises(RuntimeError):
        migrate(connection, "m", (*MIGRATIONS, second, broken))
    columns = [row[1] for row in connection.execute("PRAGMA table_info(items)")]
    assert "colour" in columns
    assert "size" not in columns
    connection.close()


@pytest.mark.parametrize("order", [(True, False, True), (False, False, True), (True, True, False)])
def test_a_transaction_waits_for_the_disk_where_it_is_asked_to_and_only_there(project, order):
    full, normal = 2, 1  # as SQLite numbers them
    for on_disk in order:
        asked = {} if on_disk else {"on_disk": False}
        with project.transaction(**asked) as connection:
            (found,) = connection.execute("PRAGMA synchronous").fetchone()
            assert found == (full if on_disk else normal)
    with contextlib.suppress(ZeroDivisionError), project.transaction(on_disk=False):
        add = "INSERT INTO jobs (item_id, task, options, seed, model, state, created) VALUES "
        project.connection.execute("PRAGMA defer_foreign_keys = 1")
        project.connection.execute(add + "(1, 'a', '{}', 1, 'm', 'queued', '')")
        raise ZeroDivisionError
    assert project.connection.execute("SELECT COUNT(*) FROM jobs").fetchone() == (0,)


def labels(project: Project) -> list[str]:
    """Of the rows that others see."""
    with contextlib.closing(open_reader(project.path)) as reader:
        return [row[0] for row in reader.execute("SELECT label FROM rows ORDER BY row_id")]


def test_gathered_transactions_are_on_disk_together_and_a_failing_one_is_taken_back_alone(project):
    orders: list[str] = []
    project.connection.set_trace_callback(orders.append)
    with project.gathered():
        assert not orders  # nothing is written, nothing is waited for
        add_row(project, "a")
        with contextlib.suppress(ZeroDivisionError), project.transaction() as connection:
            connection.execute("UPDATE rows SET label = 'gone'")
            raise ZeroDivisionError
        add_row(project, "b")
        assert labels(project) == []
    assert labels(project) == ["a", "b"]
    assert [order for order in orders if "synchronous" in order] == ["PRAGMA synchronous = FULL"]
    assert orders.count("COMMIT") == 1
    add_row(project, "c")  # by itself again
    assert labels(project) == ["a", "b", "c"]


def test_gathered_transactions_that_end_in_a_bug_are_taken_back(project):
    with contextlib.suppress(ZeroDivisionError), project.gathered():
        add_row(project, "a")
        raise ZeroDivisionError
    add_row(project, "b")
    assert labels(project) == ["b"]


def test_what_takes_back_all_that_was_gathered_is_raised_to_the_end(project):
    """On a full disk SQLite takes back more than the part that found no room."""
    add_row(project, "before")

    def write() -> None:
        with project.gathered():
            add_row(project, "a")
            with contextlib.suppress(DiskFull), project.transaction() as connection:
                connection.execute("ROLLBACK")
                raise DiskFull("the disk is full")
            with pytest.raises(DiskFull):  # half of it would be kept
                add_row(project, "b")

    with pytest.raises(DiskFull):
        write()
    assert labels(project) == ["before"]
    add_row(project, "after")
    assert labels(project) == ["before", "after"]


def test_what_was_committed_survives_a_kill(tmp_path):
    code = (
        "import os, sys\n"
        "from astrogui.store.project import Project\n"
        "from astrogui.store import items, history\n"
        "from astrogui.records.source import Source\n"
        "from astrogui.records.provenance import Place\n"
        "p = Project(sys.argv[1])\n"
        "with p.transaction() as c:\n"
        "    s = Source(path='a', kind='spectrum', format='t')\n"
        "    i = items.add_item(c, p.path.parent, [s])\n"
        "    r = items.find_row(c, i, Place(label='a'), 1.0)\n"
        "    history.annotate(c, [r], {'user_class': 'QSO'}, 'me')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    path = tmp_path / "p.astrogui"
    subprocess.run([sys.executable, "-c", code, str(path)], check=False, timeout=60)
    project = Project(path)
    assert history.read_annotations(project.connection) == {1: {"user_class": "QSO"}}
    project.close()


class Judging(RuleBasedStateMachine):
    """Undo and redo against a plain list of states."""

    @initialize()
    def open(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "p.astrogui"
        self.project = Project(self.path)
        with self.project.transaction() as c:
            item = items.add_item(c, self.path.parent, [source("a")])
            self.rows = []
            for label in "abc":
                cursor = c.execute("INSERT INTO rows (item_id, label) VALUES (?, ?)", (item, label))
                self.rows.append(cursor.lastrowid)
        self.states: list[dict] = [{}]
        self.at = 0

    @rule(
        which=st.sets(st.integers(0, 2), min_size=1),
        field=st.sampled_from(history.FIELDS),
        value=st.none() | st.sampled_from(["QSO", "4", "odd"]),
    )
    def annotate(self, which, field, value) -> None:
        rows = [self.rows[i] for i in sorted(which)]
        with self.project.transaction() as c:
            changed = history.annotate(c, rows, {field: value}, "me")
        new = {k: dict(v) for k, v in self.states[self.at].items()}
        for row in rows:
            new.setdefault(row, {})[field] = value
        new = {r: {f: v for f, v in fs.items() if v is not None} for r, fs in new.items()}
        new = {r: fs for r, fs in new.items() if fs}
        assert bool(changed) == (new != self.states[self.at])
        if changed:
            self.states = [*self.states[: self.at + 1], new]
            self.at += 1

    @rule()
    def undo(self) -> None:
        with self.project.transaction() as c:
            changed = history.undo(c, "me")
        assert bool(changed) == (self.at > 0)
        self.at = max(self.at - 1, 0)

    @rule()
    def redo(self) -> None:
        with self.project.transaction() as c:
            changed = history.redo(c, "me")
        assert bool(changed) == (self.at < len(self.states) - 1)
        self.at = min(self.at + 1, len(self.states) - 1)

    @rule()
    def restart(self) -> None:
        self.project.close()
        self.project = Project(self.path)

    @invariant()
    def shows_the_state_of_the_model(self) -> None:
        if hasattr(self, "project"):
            assert history.read_annotations(self.project.connection) == self.states[self.at]
            undo_title, redo_title = history.titles(self.project.connection)
            assert bool(undo_title) == (self.at > 0)
            assert bool(redo_title) == (self.at < len(self.states) - 1)

    def teardown(self) -> None:
        if hasattr(self, "project"):
            self.project.close()
            self.folder.cleanup()


Judging.TestCase.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
TestJudging = Judging.TestCase


def quality_of(project, row):
    return history.read_annotations(project.connection, [row]).get(row, {}).get("user_quality")


def test_the_history_is_walked_to_any_step_and_to_its_beginning(project):
    row = add_row(project)
    for value in "1234":
        with project.transaction() as connection:
            history.annotate(connection, [row], {"user_quality": value}, "me")
    steps = [step.step_id for step in history.steps(project.connection)]
    for target, wanted in ((1, "2"), (3, "4"), (0, "1"), (2, "3")):
        with project.transaction() as connection:
            assert history.go_to(connection, steps[target], "me") == (row,)
        assert quality_of(project, row) == wanted
    with project.transaction() as connection:
        history.go_to(connection, 0, "me")
    assert quality_of(project, row) is None
    assert {step.state for step in history.steps(project.connection)} == {"undone"}


def test_a_dropped_step_cannot_be_gone_to(project):
    row = add_row(project)
    with project.transaction() as connection:
        history.annotate(connection, [row], {"user_quality": "1"}, "me")
        (step,) = history.steps(connection)
        history.undo(connection, "me")
        history.annotate(connection, [row], {"user_quality": "2"}, "me")
    with pytest.raises(KeyError, match="no step"), project.transaction() as connection:
        history.go_to(connection, step.step_id, "me")
    assert quality_of(project, row) == "2"


def test_a_database_of_another_program_is_left_as_it_is(tmp_path):
    path = tmp_path / "places.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (title TEXT)")
    before = path.read_bytes()
    with pytest.raises(ProjectDamaged, match="another program"):
        Project(path)
    assert path.read_bytes() == before
    assert [other.name for other in tmp_path.iterdir() if "lock" not in other.name] == [path.name]


def test_the_copy_of_an_older_project_holds_what_a_crash_left_in_its_journal(tmp_path):
    path = tmp_path / "old.astrogui"
    crashed = sqlite3.connect(path, isolation_level=None)
    crashed.execute("PRAGMA journal_mode = WAL")
    crashed.execute("PRAGMA wal_autocheckpoint = 0")
    migrate(crashed, "old", MIGRATIONS[:1])
    crashed.execute("INSERT INTO meta VALUES ('note', 'kept')")
    Project(path).close()
    crashed.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "old.version-1.backup")) as copy:
        assert copy.execute("SELECT value FROM meta WHERE key = 'note'").fetchone() == ("kept",)
        assert copy.execute("PRAGMA user_version").fetchone() == (1,)


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be removed there")
def test_a_lock_that_was_removed_while_it_was_taken_is_taken_anew(tmp_path, monkeypatch):
    import fcntl

    path = tmp_path / "night.astrogui"
    flock, removed = fcntl.flock, []

    def after_the_other_closed(descriptor, how):
        if not removed:
            removed.append(lock_path(path).unlink())
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", after_the_other_closed)
    first = Project(path)
    with pytest.raises(ProjectLocked):
        Project(path)
    first.close()


def test_mergers_are_told_apart_by_their_time(project):
    first = add_row(project, "merger", gps=1000.0)
    assert add_row(project, "merger", gps=1010.0) != first
    assert add_row(project, "merger 1000.02", gps=1000.02) == first


def test_a_place_that_gets_a_time_keeps_its_row(project):
    first = add_row(project, "merger")
    assert add_row(project, "merger", gps=1000.0) == first


def test_a_new_project_has_pages_for_answers_and_an_older_one_keeps_its_own(tmp_path):
    Project(tmp_path / "new.astrogui").close()
    older = sqlite3.connect(tmp_path / "older.astrogui", isolation_level=None)
    older.execute("PRAGMA page_size = 4096")
    with contextlib.closing(older):
        migrate(older, "older.astrogui")
    Project(tmp_path / "older.astrogui").close()
    sizes = []
    for name in ("new", "older"):
        with contextlib.closing(sqlite3.connect(tmp_path / f"{name}.astrogui")) as opened:
            sizes.append(opened.execute("PRAGMA page_size").fetchone()[0])
    assert sizes == [PAGE_BYTES, 4096]
