"""The command line: the same session without a window, with exit codes that can be relied on."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from astrogui.cli import build_parser, main
from astrogui.session.session import Session
from astrogui.session.settings import Settings, shipped
from astrogui.session.watch import Watcher
from astrogui.session.words import row_line
from astrogui.tasks import TASKS

ROOT = Path(__file__).resolve().parent.parent
OK, SOME_FAILED, WRONG_USAGE = 0, 1, 2


def run(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *map(str, words)],
        capture_output=True, text=True, timeout=300, cwd=cwd or ROOT,
    )  # fmt: skip


def sample(kind: str) -> list[Path]:
    """The bundled samples whose name says their kind."""
    return sorted((shipped("resources") / "samples").glob(f"{kind}*"))


def test_a_waveform_and_a_time_of_merger_reach_the_analysis_as_its_options():
    from astrogui.session.asked import analysis_options

    words = ["analyze", "x.hdf5", "--gps", "1126259462.4", "--waveform", "IMRPhenomXAS"]
    options = build_parser().parse_args(words)
    assert analysis_options(options, TASKS, TASKS) == {
        "gps": "1126259462.4", "waveform": "IMRPhenomXAS",
    }  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ["analyze"],
        ["analyze", "x.fits", "--task", "horoscope"],
        ["analyze", "x.fits", "--export", "out.docx"],
        ["analyze", "x.fits", "--option", "star_density=many"],
        ["analyze", "x.fits", "--task", "redshift", "--option", "star_density=2"],
        ["watch", ".", "--option", "every=yes"],
        ["train", "horoscope"],
        ["explain", "x.fits", "--task", "morphology", "--out", "no/such/folder"],
        ["evaluate", "redshift", "--data", "no/such/folder"],
        ["evaluate", "redshift", "--keep", "folder"],
        ["watch", "no/such/folder"],
        ["frobnicate-analyze", "--no-such-flag"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_two_and_says_what_would_be_right(words):
    done = run(*words)
    assert done.returncode == WRONG_USAGE
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_help_lists_every_command():
    text = build_parser().format_help()
    for command in ("analyze", "watch", "explain", "tasks", "train", "evaluate", "doctor"):
        assert command in text
    assert "analyze" in run("--help").stdout


def test_a_good_and_a_bad_file_give_two_rows_and_exit_code_one(tmp_path):
    bad = tmp_path / "cut.fits"
    bad.write_bytes(b"SIMPLE  =                    T" + b" " * 50)
    out = tmp_path / "out.csv"
    (spectrum,) = sample("spectrum")
    done = run("analyze", spectrum, bad, "--export", out)
    assert done.returncode == SOME_FAILED, done.stderr
    lines = out.read_text("utf-8").splitlines()
    assert len(lines) == 3
    assert "refused" in out.read_text("utf-8")
    assert str(bad) in done.stderr
    assert "68%" in done.stdout
    assert "z=" in done.stdout


def test_a_project_keeps_the_work_and_a_second_run_does_not_repeat_it(tmp_path):
    (spectrum,) = sample("spectrum")
    project = tmp_path / "night.astrogui"
    first = run("analyze", spectrum, "--project", project)
    assert first.returncode == OK, first.stderr
    out = tmp_path / "out.ecsv"
    again = run("analyze", spectrum, "--project", project, "--export", out)
    assert again.returncode == OK, again.stderr
    assert again.stdout == first.stdout
    import sqlite3

    connection = sqlite3.connect(project)
    assert connection.execute("SELECT COUNT(*) FROM jobs").fetchone() == (1,)
    connection.close()


def small_project(tmp_path, monkeypatch):
    """Commands in this process, about an analysis that measures a level; how to open its project.

    The level is raised by the option ``lift``.
    """
    import small_session
    import test_asked
    import tiny

    from astrogui.cli import analysis

    tiny.write_model(tmp_path / "models")

    def opened(path, models):
        return test_asked.session_of(Path(path).parent, models, Path(path).name)

    monkeypatch.setattr(analysis, "Session", opened)
    (tmp_path / "night").mkdir()
    small_session.files(tmp_path / "night", "flat-2.fits")
    return lambda: opened(tmp_path / "night.astrogui", tmp_path / "models")


class AtOnce(Watcher):
    """Takes the files that are there when it starts, and then looks no more."""

    def start(self):
        self._stop.set()
        self.look()
        self.look()
        super().start()


@pytest.mark.parametrize("words", [("analyze", "night"), ("watch", "night", "--quiet-for", "0")])
def test_a_call_without_an_option_takes_back_that_of_the_call_before(words, tmp_path, monkeypatch):
    reopened = small_project(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("astrogui.session.watch.Watcher", AtOnce)
    words = [*words, "--project", "night.astrogui", "--models", "models", "--quiet"]
    for option in ([], ["--option", "lift=1"], []):
        assert main([*words, *option]) == OK
    session = reopened()
    try:
        (row,) = session.view.rows()
        assert (round(row["level"]), row["options"]) == (2, "")
        assert len(session.view.answers(row["row_id"])) == 3
    finally:
        session.close()


def test_watching_a_folder_answers_a_file_that_is_still_being_written(tmp_path):
    """It is told as it comes; whoever has seen enough interrupts, and gets the table."""
    (spectrum,) = sample("spectrum")
    folder = tmp_path / "incoming"
    folder.mkdir()
    out = tmp_path / "out.csv"
    words = ["watch", folder, "--quiet-for", "600", "--export", out]
    with subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        data = spectrum.read_bytes()
        with open(folder / "new.fits", "wb") as file:
            for start in range(0, len(data), max(len(data) // 4, 1)):
                file.write(data[start : start + max(len(data) // 4, 1)])
                file.flush()
                time.sleep(0.3)
        assert process.stdout is not None
        try:
            first = process.stdout.readline()
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=120)
        finally:
            process.kill()  # where the suite was begun deaf to interrupts, so is what it starts
    assert process.returncode == OK, stderr
    assert "new.fits" in first
    assert "refused" not in first + stdout
    assert len(out.read_text("utf-8").splitlines()) == 2


def test_tasks_names_every_analysis_with_its_model():
    done = run("tasks")
    assert done.returncode == OK
    for name in ("redshift", "star_galaxy", "bbh"):
        assert name in done.stdout
    assert "no model" not in done.stdout


def test_an_option_changes_the_answer_and_stands_in_each_row_and_in_its_provenance(tmp_path):
    """Stars three times as dense: the odds of a star are those of the mean times one factor."""
    project = tmp_path / "night.astrogui"
    tables = []
    for number, words in enumerate(([], ["--option", "star_density=3", "--project", project])):
        out = tmp_path / f"{number}.csv"
        done = run("analyze", *sample("image"), "--task", "star_galaxy", *words, "--export", out,
                   "--quiet")  # fmt: skip
        assert done.returncode == OK, done.stderr
        with open(out, encoding="utf-8", newline="") as file:
            tables.append(list(csv.DictReader(file)))
    plain, dense = tables
    assert {row["options"] for row in plain} == {""}
    assert {row["options"] for row in dense} == {"star_density=3"}
    stars = np.array([[float(row["prob_star"]) for row in table] for table in tables])
    unsure = np.all((stars > 0.01) & (stars < 0.99), axis=0)
    odds = stars[:, unsure] / (1 - stars[:, unsure])
    assert unsure.sum() > 10
    assert odds[1] / odds[0] == pytest.approx(np.full(unsure.sum(), odds[1, 0] / odds[0, 0]))
    assert odds[1, 0] > 1.5 * odds[0, 0]
    session = Session(str(project), resume=False)
    try:
        (answer,) = session.view.answers(session.view.row_ids()[0])
        assert answer.provenance.options == (("star_density", "3"),)
    finally:
        session.close()
    done = run("verify", project, "--rows", "1-3")
    assert done.returncode == OK, done.stdout


def test_explain_takes_options_too_and_refuses_a_wrong_one_before_anything_runs(tmp_path):
    """Of all sources the hundredth: without the option there are only those with a shape."""
    words = ["explain", *sample("image"), "--task", "morphology", "--object", "100"]
    words += ["--out", tmp_path]
    done = run(*words, "--option", "every=yes")
    assert done.returncode == OK, done.stderr
    assert (tmp_path / "morphology_100.fits").exists()
    for given, said in (("every=maybe", "of morphology: every is"), ("gps=7", "gps is an option")):
        done = run(*words, "--option", given)
        assert done.returncode == WRONG_USAGE
        assert done.stderr.startswith(f"astrogui: --option {given}")
        assert said in done.stderr


def test_tasks_lists_every_option_with_its_range_and_default():
    done = run("tasks")
    for task in TASKS:
        for option in task.options:
            assert f"--option {option.name}=…: {option.described}" in done.stdout
    assert "--option bbh.waveform=…: model of the waveform" in done.stdout  # of the search


def test_an_option_of_an_analysis_that_had_nothing_to_answer_is_told():
    done = run("analyze", *sample("spectrum"), "--option", "star_density=3", "--quiet")
    assert done.returncode == OK, done.stderr
    assert "star_galaxy answered none of the files" in done.stderr


def test_doctor_says_where_everything_is():
    done = run("doctor")
    assert done.returncode == OK, done.stderr
    for words in ("PySide6", "tensorflow", "network runtime", "log", "model for redshift"):
        assert words in done.stdout


def test_evaluate_prints_json_alone_on_standard_output():
    done = run("evaluate", "redshift", "--simulations", "20", "--json")
    assert done.returncode == OK, done.stderr
    figures = json.loads(done.stdout)
    assert set(figures) == {"task", "model", "real", "simulated"}
    assert figures["real"] is None
    assert figures["simulated"]


def test_a_line_of_a_row_names_the_level_of_every_interval():
    line = row_line(
        {"file": "a", "object_id": "b", "z": 0.5, "z_lo68": 0.49, "z_hi68": 0.51,
         "class": "QSO", "prob_qso": 0.97, "flags": "low signal-to-noise"}
    )  # fmt: skip
    assert line == "a  b  z=0.5 [0.49, 0.51] 68%  QSO p=0.970  ! low signal-to-noise"


def test_graders_are_merged_with_their_agreement_and_columns(tmp_path):
    ours, theirs = tmp_path / "vera.astrogui", tmp_path / "cecilia.astrogui"
    assert run("analyze", sample("spectrum")[0], "--project", ours, "--quiet").returncode == OK
    shutil.copyfile(ours, theirs)
    for project, quality in ((ours, "4"), (theirs, "1")):
        session = Session(str(project), settings=Settings(author=project.stem))
        try:
            judgement = {"user_quality": quality, "user_class": "QSO"}
            session.annotate(session.view.row_ids(), judgement).result(60)
        finally:
            session.close()
    done = run("merge-grades", ours, theirs, "--export", tmp_path / "merged.csv")
    assert done.returncode == OK, done.stderr
    assert "cecilia.astrogui: 1 rows judged by cecilia" in done.stdout
    assert "1 rows to agree on" in done.stdout
    head = (tmp_path / "merged.csv").read_text("utf-8").splitlines()[0].split(",")
    assert {"user_quality_vera", "user_quality_cecilia", "user_agreed"} <= set(head)
    done = run("merge-grades", ours, "--json")
    assert json.loads(done.stdout)["graded"] == {"cecilia": 1, "vera": 1}
    assert run("merge-grades", tmp_path / "none.astrogui").returncode == WRONG_USAGE


def test_work_that_takes_longer_than_the_quiet_is_waited_for_and_told(monkeypatch, tmp_path):
    """Quiet is when nothing comes and nothing runs; what ends last is printed too."""
    from concurrent.futures import Future
    from types import SimpleNamespace

    from astrogui.cli import analysis
    from astrogui.session import watch

    clock, told = [0.0], []
    busy: Future[None] = Future()
    done: Future[None] = Future()
    done.set_result(None)
    answers = {60.0: [1], 61.0: [2]}  # the second one comes after the last look of the loop

    class Follower:
        failures = 0

        def __init__(self, session, show_bar):
            pass

        def changed_rows(self, timeout_s):
            clock[0] += timeout_s
            if clock[0] >= 60 and not busy.done():
                busy.set_result(None)
            due = [when for when in answers if when <= clock[0]]
            return answers.pop(due[0]) if due else []

    session = SimpleNamespace(
        path=tmp_path,
        idle=lambda: done if busy.done() else busy,
        view=SimpleNamespace(rows=list),
    )
    monkeypatch.setattr(analysis, "Follower", Follower)
    monkeypatch.setattr(analysis, "_session", lambda options, stack: session)
    monkeypatch.setattr(analysis, "_export", lambda *_: None)
    monkeypatch.setattr(analysis, "news_of", lambda rows, printed: rows)
    monkeypatch.setattr(analysis, "print_rows", told.extend)
    monkeypatch.setattr(analysis, "_asked", lambda session, options: ((), {}))
    monkeypatch.setattr(analysis.time, "monotonic", lambda: clock[0])

    def close():
        answers[clock[0]] = [3]
        if not busy.done():
            busy.set_result(None)

    watcher = SimpleNamespace(start=lambda: None, close=close)
    monkeypatch.setattr(watch, "Watcher", lambda *_, **__: watcher)
    options = SimpleNamespace(
        folder=str(tmp_path), quiet_for=8.0, quiet=False, export=None, posteriors=None
    )
    assert analysis.run_watch(options) == OK
    assert told == [1, 2, 3]
