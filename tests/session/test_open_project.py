"""A project while it is open: its files that went, and what comes after another was opened."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
import tiny
from small_session import FakeReader, answer_all, files, make

from astrogui.errors import Damaged, ProjectLocked
from astrogui.inference.jobs import Job
from astrogui.inference.runner import InlineRunner
from astrogui.session.file_places import check_missing
from astrogui.store import items
from astrogui.store.project import Project


def test_files_that_went_are_noted_in_one_transaction(tmp_path, monkeypatch):
    """One for each of a thousand files kept the session busy for half a minute."""
    project = Project(tmp_path / "gone.astrogui")
    with project.transaction() as connection:
        for number in range(5):
            source = tiny.source(str(tmp_path / f"gone-{number}.fits"))
            items.add_item(connection, tmp_path, (source,))
    begun, transaction = [], project.transaction
    monkeypatch.setattr(project, "transaction", lambda: begun.append(1) or transaction())
    check_missing(project)
    found = items.read_items(project.connection, tmp_path)
    assert [item.state for item in found] == ["missing"] * 5
    assert found[2].words == f"not found: {tmp_path / 'gone-2.fits'}"
    assert len(begun) == 1
    check_missing(project)
    assert len(begun) == 1  # nothing is new
    project.close()


def test_a_missing_file_is_asked_for_and_found_by_content(tmp_path, models):
    import hashlib

    class Hashing(FakeReader):
        def recognise(self, path, options=None):
            digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            future: Future = Future()
            future.set_result((replace(tiny.source(path), sha256=digest),))
            return future

    made = make(tmp_path, models, reader=Hashing())
    answer_all(made, files(tmp_path, "flat-1.fits", "flat-2.fits"))
    made.close()
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("flat-1.fits", "flat-2.fits"):
        os.rename(tmp_path / name, moved / name)
    made = make(tmp_path, models, reader=Hashing())
    made.idle().result(20)
    assert [item.state for item in made.view.items()] == ["missing", "missing"]
    with pytest.raises(Damaged, match="other content"):
        made.relocate(1, moved / "flat-2.fits").result(20) and made.relocate(
            1, *files(moved, "else.fits")
        ).result(20)
    assert made.relocate(1, moved / "flat-1.fits").result(20) >= 0
    assert [item.state for item in made.view.items()] == ["ok", "ok"]
    made.close()


def test_late_answers_of_the_project_before_do_not_reach_the_next(tmp_path, models):
    class Late(InlineRunner):
        """Keeps what it is given until it is told to run."""

        def submit(self, job: Job) -> None:
            kept.append(job)

        def cancel(self, job_id: int) -> None: ...

        def release(self, job: Job) -> None:
            super().submit(job)

    kept: list[Job] = []
    runner = Late(task_named=tiny.task_named, read=tiny.read)
    made = make(tmp_path, models, runner)
    made.add(files(tmp_path, "flat-2.fits")).result(20)
    made.open_project(tmp_path / "next.astrogui").result(20)
    made.add(files(tmp_path, "flat-7.fits")).result(20)
    for job in kept:
        runner.release(job)
    made.idle().result(20)
    (row,) = made.view.rows()
    assert row["level"] == pytest.approx(7.005)
    assert len(made.view.answers(row["row_id"])) == 1
    made.close()


class SlowReader(FakeReader):
    """Recognises a file when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[tuple[str, Future]] = []

    def recognise(self, path: str, options: dict[str, str] | None = None) -> Future:
        future: Future = Future()
        self.waiting.append((path, future))
        return future

    def answer(self) -> None:
        for path, future in self.waiting:
            future.set_result(super().recognise(path).result())


def test_files_of_the_project_before_do_not_come_into_the_next(tmp_path, models):
    reader = SlowReader()
    made = make(tmp_path, models, reader=reader)
    added = made.add(files(tmp_path, "flat-2.fits"))
    made.open_project(tmp_path / "next.astrogui").result(20)
    assert added.result(20) == []
    reader.answer()
    made.idle().result(20)
    assert made.view.items() == []
    made.close()


def test_a_project_that_cannot_be_opened_leaves_nothing_running(tmp_path, models):
    made = make(tmp_path, models)
    before = set(threading.enumerate())
    with pytest.raises(ProjectLocked):
        make(tmp_path, models)
    assert set(threading.enumerate()) == before
    made.close()
