"""The session over a small task: files in, rows out, judgements undone, work resumed."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from pathlib import Path

import pytest
import tiny
from small_session import STRAIN_TASK, FakeReader, Heard, answer_all, files, make

from astrogui.errors import Damaged, DiskFull, ExportProblem, UsageProblem
from astrogui.inference.jobs import Job, JobBegan, JobDone, Report, RunnerLost, RunnerReady
from astrogui.inference.runner import InlineRunner
from astrogui.session import events
from astrogui.session.session import Session
from astrogui.session.settings import Settings, load_settings, save_settings
from astrogui.store import answers
from astrogui.store.project import Project, open_reader


def test_files_become_rows_with_interval_model_and_provenance(session, tmp_path):
    rows = answer_all(session, files(tmp_path, "flat-2.fits", "flat-3.fits"))
    assert [round(row["level"], 3) for row in rows] == [2.005, 3.005]
    assert rows[0]["level_lo68"] == pytest.approx(2.0016, abs=1e-4)
    assert rows[0]["level_hi90"] == pytest.approx(2.0095, abs=1e-4)
    assert rows[0]["model"] == "tiny 1"
    assert len(rows[0]["model_sha256"]) == 64
    assert rows[0]["file"] == str(tmp_path / "flat-2.fits")
    provenance = session.view.answers(rows[0]["row_id"])[0].provenance
    assert (provenance.task, provenance.preparation, provenance.seed > 0) == ("tiny", "7", True)


def test_what_a_job_found_is_on_disk_when_it_is_said_to_be_done(session, tmp_path, monkeypatch):
    written: list[object] = []
    kept = Project.gathered

    @contextlib.contextmanager
    def gathered(self):
        with kept(self):
            yield
        written.append("on disk")

    monkeypatch.setattr(Project, "gathered", gathered)

    def hear(event: events.Event) -> None:
        if isinstance(event, (events.RowsChanged, events.JobFinished)):
            with contextlib.closing(open_reader(session.path)) as reader:
                written.append(reader.execute("SELECT state FROM jobs").fetchall())

    session.subscribe(hear)
    answer_all(session, files(tmp_path, "flat-2.fits"))
    assert "on disk" in written
    assert written[-1] == [("done",)]


def test_one_bad_file_is_a_flagged_row_and_a_problem_and_costs_nothing_else(session, tmp_path):
    heard = Heard(session)
    paths = files(
        tmp_path, "flat-1.fits", "bad.fits", "damaged-1.fits", "bug-1.fits", "flat-4.fits"
    )
    rows = {Path(row["file"]).name: row for row in answer_all(session, paths)}
    assert len(rows) == 5
    assert rows["bad.fits"]["flags"] == "refused (byte 7): the end is missing. Fetch it again."
    assert "it is cut" in rows["damaged-1.fits"]["flags"]
    assert "internal error" in rows["bug-1.fits"]["flags"]
    assert rows["flat-4.fits"]["level"] == pytest.approx(4.005)
    assert len(session.view.problems()) == 3
    assert len(heard.of(events.FileRefused)) == 1
    assert [event.is_bug for event in heard.of(events.JobFailed)] == [False, True]


def test_a_folder_is_walked_in_order_and_hidden_files_are_left(session, tmp_path):
    folder = tmp_path / "night"
    (folder / "sub").mkdir(parents=True)
    files(folder, "flat-2.fits", "flat-1.fits", ".hidden.fits")
    files(folder / "sub", "flat-9.fits")
    rows = answer_all(session, [str(folder)])
    assert [Path(row["file"]).name for row in rows] == ["flat-1.fits", "flat-2.fits", "flat-9.fits"]


def test_what_was_answered_is_not_done_again_but_a_new_option_is(session, tmp_path):
    path = files(tmp_path, "flat-2.fits")
    answer_all(session, path)
    rows = answer_all(session, path)
    assert len(session.view.jobs()) == 1
    assert len(rows) == 1
    answer_all(session, path, options={"gps": "7"})
    assert len(session.view.jobs()) == 2
    assert len(session.view.rows()) == 1
    assert len(session.view.answers(rows[0]["row_id"])) == 2


def test_an_interrupted_batch_is_resumed_without_redoing_what_was_done(tmp_path, models):
    class Stuck:
        """Answers nothing; the session is closed while its jobs wait."""

        def start(self, report) -> None:
            report(RunnerReady("none", "CPU"))

        def submit(self, job: Job) -> None:
            submitted.append(job.job_id)

        def cancel(self, job_id: int) -> None: ...

        def close(self) -> None: ...

    submitted: list[int] = []
    first = make(tmp_path, models)
    answer_all(first, files(tmp_path, "flat-1.fits"))
    first.close()
    second = make(tmp_path, models, runner=Stuck())
    second.add(files(tmp_path, "flat-1.fits", "flat-2.fits", "flat-3.fits")).result(20)
    assert len(submitted) == 2
    second.close()
    third = make(tmp_path, models)
    third.idle().result(20)
    rows = third.view.rows()
    assert [round(row["level"]) for row in rows] == [1, 2, 3]
    assert len(third.view.answers(rows[0]["row_id"])) == 1
    third.close()


def test_a_lost_worker_costs_one_more_try_and_then_the_job(tmp_path, models):
    class Fragile(InlineRunner):
        def submit(self, job: Job) -> None:
            lost.append(job.job_id)
            if len(lost) <= losses:
                self._tell(JobBegan(job.job_id))
                self._tell(RunnerLost("the worker ended (signal 9)", job.job_id))
            else:
                super().submit(job)

    for losses, expected in ((1, "done"), (2, "failed")):
        lost: list[int] = []
        runner = Fragile(task_named=tiny.task_named, read=tiny.read)
        made = make(tmp_path, models, runner, name=f"{losses}.astrogui")
        heard = Heard(made)
        rows = answer_all(made, files(tmp_path, "flat-2.fits"))
        assert made.view.jobs()[0].state == expected
        assert len(heard.of(events.WorkerLost)) == losses
        assert ("worker died" in rows[0].get("flags", "")) == (expected == "failed")
        if expected == "failed":
            made.rerun(made.view.jobs()[0].job_id).result(20)
            made.idle().result(20)
            assert made.view.rows()[0]["level"] == pytest.approx(2.005)
        made.close()


def test_a_job_answered_before_and_after_a_death_is_one_object(tmp_path, models):
    """Jobs sent along with the one that died run again without the session's doing."""

    class Twice(InlineRunner):
        """Its worker dies between the answers of the first job and the job's end."""

        sent: Job | None = None

        def submit(self, job: Job) -> None:
            self.sent = job
            super().submit(job)

        def _tell(self, what: Report) -> None:
            if isinstance(what, JobDone) and self.sent is not None:
                job, self.sent = self.sent, None
                InlineRunner.submit(self, job)
                return
            super()._tell(what)

    task = replace(tiny.REFINED, refine=tiny.refine_at_once)
    tiny.write_model(models, task=task.name)
    made = Session(
        tmp_path / "p.astrogui",
        models=str(models),
        reader=FakeReader(),
        runner=Twice(task_named=lambda name: task, read=tiny.read),
        tasks=(task,),
    )
    heard = Heard(made)
    made.add(files(tmp_path, "flat-2.fits")).result(20)
    made.idle().result(20)
    (row_id,) = made.view.row_ids()
    assert len(made.view.answers(row_id)) == 4  # facts are kept, both times
    assert [event.rows for event in heard.of(events.JobFinished)] == [1]
    made.close()


def test_judgements_are_undone_and_redone_and_outlive_a_restart(tmp_path, models):
    made = make(tmp_path, models)
    heard = Heard(made)
    row_ids = [
        row["row_id"] for row in answer_all(made, files(tmp_path, "flat-1.fits", "flat-2.fits"))
    ]
    made.annotate(row_ids, {"user_class": "QSO", "user_quality": 4}).result(20)
    made.annotate(row_ids[:1], {"user_comment": "odd"}).result(20)
    made.undo().result(20)
    assert [row["user_comment"] for row in made.view.rows()] == [None, None]
    made.close()
    made = make(tmp_path, models)
    assert [row["user_quality"] for row in made.view.rows()] == [4, 4]
    made.redo().result(20)
    assert made.view.rows()[0]["user_comment"] == "odd"
    made.undo().result(20)
    made.undo().result(20)
    assert [row["user_class"] for row in made.view.rows()] == [None, None]
    assert heard.of(events.HistoryChanged)[-1].redo_title.startswith("Set comment")
    made.close()


def test_a_detector_that_comes_later_joins_and_judgements_stay(tmp_path, models):
    read = {"strain": lambda source: tiny.spectrum(5.0, source.path)}
    task = replace(STRAIN_TASK, name="tiny")
    runner = InlineRunner(task_named=lambda name: task, read=read["strain"])
    made = make(tmp_path, models, runner, tasks=(task,))
    rows = answer_all(made, files(tmp_path, "strain-H1.hdf5"))
    made.annotate([rows[0]["row_id"]], {"user_class": "BBH"}).result(20)
    rows = answer_all(made, files(tmp_path, "strain-L1.hdf5"))
    assert len(rows) == 1
    assert rows[0]["user_class"] == "BBH"
    assert rows[0]["file"].split(";") == [str(tmp_path / f"strain-{d}1.hdf5") for d in "HL"]
    made.close()


def test_files_taken_as_one_are_not_joined_with_others(tmp_path, models):
    task = replace(STRAIN_TASK, name="tiny")
    runner = InlineRunner(task_named=lambda n: task, read=lambda s: tiny.spectrum(1.0, s.path))
    made = make(tmp_path, models, runner, tasks=(task,))
    answer_all(made, files(tmp_path, "strain-H1.hdf5"), as_one=True)
    rows = answer_all(made, files(tmp_path, "strain-L1.hdf5"), as_one=True)
    assert len(rows) == 2
    made.close()


def test_an_export_reads_back_and_its_judgements_can_be_taken_over(session, tmp_path, models):
    rows = answer_all(session, files(tmp_path, "flat-1.fits", "bad.fits"))
    session.annotate([rows[0]["row_id"]], {"user_class": "α", "user_quality": 3}).result(20)
    out = tmp_path / "out.fits"
    assert session.export(out, posteriors=tmp_path / "p.hdf5").result(60) == 2
    read = session.read_catalogue(out)
    expected = [{c.name: row.get(c.name) for c in read.columns} for row in session.view.rows()]
    plain = [{k: v if v is not None else "" for k, v in row.items()} for row in expected]
    assert [{k: v if v is not None else "" for k, v in r.items()} for r in read.rows()] == plain
    assert read.meta["author"] == "Vera"
    other = make(tmp_path, models, name="other.astrogui")
    answer_all(other, files(tmp_path, "flat-1.fits"))
    assert other.import_judgements(out).result(20) == 1
    assert other.view.rows()[0]["user_class"] == "α"
    other.undo().result(20)
    assert other.view.rows()[0]["user_class"] is None
    other.close()


def test_a_task_that_does_not_exist_is_wrong_usage(session):
    with pytest.raises(UsageProblem, match="redhsift"):
        session.add(["x"], tasks=("redhsift",))


def test_public_methods_return_at_once(session, tmp_path):
    started = threading.Event()

    def slow(*_: object, **__: object) -> None:
        started.wait(5)

    session._loop.post(slow)
    futures = [session.undo(), session.annotate([1], {"user_class": "x"}), session.add(["nothing"])]
    assert not any(future.done() for future in futures)
    started.set()
    futures[-1].result(20)


def test_settings_survive_and_broken_ones_fall_back(tmp_path):
    path = tmp_path / "settings.toml"
    save_settings(Settings(author='V. "R"', theme="dark", job_timeout_s=12.5), path)
    assert load_settings(path) == Settings(author='V. "R"', theme="dark", job_timeout_s=12.5)
    path.write_text("author = [broken")
    assert load_settings(path) == Settings()
    path.write_text('author = 3.5\ncolour = "red"')
    assert load_settings(path).theme == "system"


def test_idle_asked_for_while_files_are_read_comes_though_they_queue_no_job(tmp_path, models):
    reader = FakeReader()
    answers: list[Future] = []
    reader.recognise = lambda path, options=None: answers.append(Future()) or answers[-1]
    session = make(tmp_path, models, reader=reader)
    try:
        session.add(files(tmp_path, "bad.fits"))
        idle = session.idle()
        while not answers:
            session.start_worker().result(5)
        assert not idle.done()
        answers[0].set_exception(Damaged("bad.fits", "byte 7", "cut", "Fetch it again."))
        idle.result(5)
    finally:
        session.close()


def test_answers_that_cannot_be_written_stop_their_job_which_runs_again(
    tmp_path, models, monkeypatch, caplog
):
    made = make(tmp_path, models)
    heard = Heard(made)

    def full(*_: object) -> None:
        raise DiskFull("p.astrogui: the disk is full. Make room.")

    with monkeypatch.context() as broken:
        broken.setattr(answers, "add_answer", full)
        assert answer_all(made, files(tmp_path, "flat-2.fits")) == []
    assert [event.words for event in heard.of(events.Noticed)] == [
        "p.astrogui: the disk is full. Make room."
    ]
    assert not heard.of(events.JobFinished)
    made.close()
    caplog.clear()
    again = make(tmp_path, models)
    again.idle().result(20)
    (row,) = again.view.rows()
    assert row["level"] == pytest.approx(2.005)
    again.close()


def test_answers_that_are_lost_when_they_are_committed_are_given_again_at_the_next_start(
    tmp_path, models, monkeypatch, caplog
):
    made = make(tmp_path, models)
    heard, kept, failing = Heard(made), Project.gathered, [True]

    @contextlib.contextmanager
    def gathered(self):
        with kept(self):
            yield
            answered = self.connection.execute("SELECT COUNT(*) FROM answers").fetchone()[0]
            if answered and failing:
                raise DiskFull("p.astrogui: the disk is full. Make room.")

    monkeypatch.setattr(Project, "gathered", gathered)
    assert answer_all(made, files(tmp_path, "flat-2.fits")) == []
    assert heard.of(events.Noticed)
    assert not heard.of(events.JobFinished)
    assert not heard.of(events.RowsChanged)
    made.close()
    caplog.clear()
    failing.clear()
    again = make(tmp_path, models)
    again.idle().result(20)
    (row,) = again.view.rows()
    assert row["level"] == pytest.approx(2.005)
    again.close()


def test_the_failure_of_an_export_is_told_in_the_sessions_thread(session, tmp_path):
    told: list[tuple[events.Event, str]] = []
    session.subscribe(lambda event: told.append((event, threading.current_thread().name)))
    with pytest.raises(ExportProblem):
        session.export(tmp_path / "out.docx").result(20)
    session.idle().result(20)
    failed = [name for event, name in told if isinstance(event, events.ExportFailed)]
    assert failed == ["session"]


def test_what_is_asked_of_a_closed_session_is_cancelled(tmp_path, models):
    made = make(tmp_path, models)
    made.close()
    with pytest.raises(CancelledError):
        made.undo().result(5)
