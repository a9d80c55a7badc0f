"""Rows computed again: a true project agrees, and each kind of fault is told from the others."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny

from astrogui.errors import UsageProblem
from astrogui.inference.runner import InlineRunner
from astrogui.records.packing import posterior_from_bytes, posterior_to_bytes
from astrogui.records.posterior import QUANTILE_LEVELS, Parameter, Posterior
from astrogui.session import events, known_tasks, verify
from astrogui.session.comparison import differences, judged, posterior_difference, scales_of
from astrogui.session.session import Session
from astrogui.session.verifying import as_json, row_numbers, summary


class Reader:
    """Hashes the file, as the true readers do."""

    def recognise(self, path, options=None):
        del options
        future: Future = Future()
        digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        future.set_result((replace(tiny.source(path), sha256=digest),))
        return future

    def close(self):
        pass


TASKS = {t.name: t for t in (tiny.TASK, replace(tiny.REFINED, refine=tiny.refine_at_once))}


class Project:
    def __init__(self, folder: Path) -> None:
        self.folder, self.models = folder, folder / "models"
        tiny.write_model(self.models)
        tiny.write_model(self.models, task="tiny_refined")
        self.path = folder / "p.astrogui"

    def open(self, runner=None) -> Session:
        return Session(
            self.path,
            models=str(self.models),
            runner=runner or InlineRunner(task_named=TASKS.__getitem__, read=tiny.read),
            reader=Reader(),
            tasks=tuple(TASKS.values()),
            resume=False,
        )

    def answer(self, *names: str) -> None:
        paths = [self.folder / name for name in names]
        for path in paths:
            path.write_text(path.name)
        session = self.open()
        session.add(paths, tasks=("tiny",)).result(60)
        session.idle().result(60)
        session.close()

    def verify(self, **how):
        session = self.open()
        try:
            return session.verify(**how).result(60)
        finally:
            session.close()

    def change(self, statement: str, *values) -> None:
        connection = sqlite3.connect(self.path)
        with connection:
            assert connection.execute(statement, values).rowcount > 0
        connection.close()

    def stored(self):
        connection = sqlite3.connect(self.path)
        found = connection.execute("SELECT * FROM answers ORDER BY answer_id").fetchall()
        connection.close()
        return found


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def test_a_true_project_comes_out_again_and_is_left_as_it_was(project):
    project.answer("flat-1.fits", "flat-2.fits")
    before = project.stored()
    verdicts = project.verify()
    assert [verdict.state for verdict in verdicts] == ["identical"] * 2
    assert summary(verdicts) == "2 answers: 2 identical"
    assert project.stored() == before


def test_a_tampered_cell_is_named_with_both_values(project):
    project.answer("flat-1.fits", "flat-2.fits")
    cells = json.loads(project.stored()[1][3])
    cells["level_hi90"] = 2.5
    project.change("UPDATE answers SET cells = ? WHERE answer_id = 2", json.dumps(cells))
    good, bad = sorted(project.verify(), key=lambda verdict: verdict.row_id)
    assert good.state == "identical"
    assert bad.state == "differs"
    assert bad.cells[0].column == "level_hi90"
    assert bad.words.startswith("differs: level_hi90 is 2.5 as stored and 2.0")


def test_a_cell_changed_by_less_than_the_tolerance_is_within_it(project):
    project.answer("flat-1.fits")
    cells = json.loads(project.stored()[0][3])
    cells["level"] += 1e-6
    project.change("UPDATE answers SET cells = ?", json.dumps(cells))
    (verdict,) = project.verify()
    assert verdict.state == "within"
    assert "of level (tolerance 1e-04" in verdict.words
    (strict,) = project.verify(tolerance=1e-8)
    assert strict.state == "differs"


def test_a_tampered_posterior_behind_true_cells_is_found(project):
    project.answer("flat-1.fits")
    kept = posterior_from_bytes(project.stored()[0][7])
    quantiles = kept.quantiles.copy()
    quantiles[0, 0] -= 0.5  # an outer quantile that no cell shows
    changed = posterior_to_bytes(replace(kept, quantiles=quantiles))
    project.change("UPDATE answers SET posterior = ?", changed)
    (verdict,) = project.verify()
    assert verdict.state == "differs"
    assert "the stored posterior behind them does not" in verdict.words


def test_a_changed_file_is_told_by_its_hash(project):
    project.answer("flat-1.fits", "flat-2.fits")
    (project.folder / "flat-1.fits").write_text("other content")
    states = {v.row_id: (v.state, v.words) for v in project.verify()}
    assert states[2][0] == "identical"
    assert states[1][0] == "impossible"
    assert "the file flat-1.fits has changed: SHA-256" in states[1][1]


def test_a_missing_file_is_told(project):
    project.answer("flat-1.fits")
    (project.folder / "flat-1.fits").unlink()
    (verdict,) = project.verify()
    assert verdict.words.endswith("flat-1.fits is not there")
    assert verdict.state == "impossible"


def test_a_missing_and_another_model_are_told_apart(project):
    project.answer("flat-1.fits")
    card = project.models / "tiny" / "card.json"
    text = card.read_text()
    raw = json.loads(text)
    raw["hashes"]["weights.npz"] = "f" * 64
    card.write_text(json.dumps(raw))
    (other,) = project.verify()
    assert other.state == "impossible"
    assert "the one that is here has SHA-256 ffffffffffff" in other.words
    card.unlink()
    (gone,) = project.verify()
    assert "no folder of models holds tiny" in gone.words


def test_the_recorded_model_is_found_further_along_the_path(project, tmp_path):
    project.answer("flat-1.fits")
    newer = tmp_path / "newer"
    tiny.write_model(newer)
    card = newer / "tiny" / "card.json"
    raw = json.loads(card.read_text())
    raw["hashes"]["weights.npz"] = "f" * 64
    card.write_text(json.dumps(raw))

    project.models = f"{newer}{os.pathsep}{project.models}"
    (verdict,) = project.verify()
    assert verdict.state == "identical"


def test_a_tampered_seed_is_no_agreement(project):
    project.answer("flat-1.fits")
    provenance = json.loads(project.stored()[0][6])
    provenance["seed"] += 1
    project.change("UPDATE answers SET provenance = ?", json.dumps(provenance))
    (verdict,) = project.verify()
    assert verdict.state == "impossible"
    assert "seed" in verdict.words


def test_another_preparation_is_told(project):
    project.answer("flat-1.fits")
    provenance = json.loads(project.stored()[0][6])
    provenance["preparation"] = "6"
    project.change("UPDATE answers SET provenance = ?", json.dumps(provenance))
    (verdict,) = project.verify()
    assert "prepared by version 6" in verdict.words


def test_a_refined_answer_is_refined_again(project):
    path = project.folder / "flat-3.fits"
    path.write_text("3")
    session = project.open()
    session.add([path], tasks=("tiny_refined",)).result(60)
    session.idle().result(60)
    assert session.view.answers(1)[-1].provenance.method == "counted"
    (verdict,) = session.verify().result(60)
    session.close()
    assert verdict.state == "identical"


def test_a_model_taken_up_while_the_session_runs_is_verified_too(project, monkeypatch):
    own = replace(tiny.TASK, name="own_tiny")
    tiny.write_model(project.models, task=own.name)
    path = project.folder / "flat-4.fits"
    path.write_text("4")
    session = project.open(
        InlineRunner(task_named=(TASKS | {own.name: own}).__getitem__, read=tiny.read)
    )
    monkeypatch.setattr(known_tasks, "own_tasks", lambda search_path: (own,))
    session.take_up(own.name).result(60)
    session.add([path], tasks=(own.name,)).result(60)
    session.idle().result(60)
    (verdict,) = session.verify().result(60)
    session.close()
    assert verdict.state == "identical"


def test_chosen_rows_only_are_verified_with_progress(project):
    project.answer("flat-1.fits", "flat-2.fits", "flat-3.fits")
    session = project.open()
    heard: list[events.Event] = []
    session.subscribe(heard.append)
    verdicts = session.verify([1, 3]).result(60)
    session.close()
    assert sorted(verdict.row_id for verdict in verdicts) == [1, 3]
    told = [event for event in heard if isinstance(event, events.RowVerified)]
    assert [(event.done, event.total) for event in told] == [(1, 2), (2, 2)]
    assert events.VerifyFinished(2, False) in heard


def test_a_row_without_an_answer_cannot_be_verified(project):
    path = project.folder / "flat-1.fits"
    path.write_text("1")
    session = project.open()
    session.add([path], tasks=("tiny_refined",)).result(60)
    session.idle().result(60)
    session.close()
    project.change("DELETE FROM answers")
    (verdict,) = project.verify()
    assert verdict.words == "cannot be verified: it has no answer"


class HeldRunner(InlineRunner):
    """Waits with the first job until it is told to go on."""

    def __init__(self) -> None:
        super().__init__(task_named=TASKS.__getitem__, read=self._read_later)
        self.reached, self.go_on = threading.Event(), threading.Event()

    def _read_later(self, source):
        self.reached.set()
        self.go_on.wait(10)
        return tiny.read(source)


def test_a_verification_is_cancelled_and_says_so(project):
    project.answer(*(f"flat-{i}.fits" for i in range(1, 4)))
    runner = HeldRunner()
    session = project.open(runner)
    future = session.verify()
    assert runner.reached.wait(10)
    session.cancel_verify().result(60)
    runner.go_on.set()
    verdicts = future.result(60)
    session.close()
    assert len(verdicts) == 3
    assert {verdict.state for verdict in verdicts} == {"cancelled"}


def test_a_file_that_cannot_be_read_any_more_is_told_with_its_reason(project):
    project.answer("flat-1.fits")
    session = project.open(InlineRunner(task_named=TASKS.__getitem__, read=_broken))
    (verdict,) = session.verify().result(60)
    session.close()
    assert verdict.state == "impossible"
    assert "computing it failed" in verdict.words
    assert "it is cut" in verdict.words


def _broken(source):
    return tiny.read(replace(source, path="damaged-1.fits"))


def test_the_json_has_no_infinities_and_the_rows_option_is_understood(project):
    project.answer("flat-1.fits")
    cells = json.loads(project.stored()[0][3])
    cells["level"] = None
    project.change("UPDATE answers SET cells = ?", json.dumps(cells))
    report = json.loads(as_json("p", project.verify()))
    assert report["agrees"] is False
    assert report["answers"][0]["cells"][0]["difference"] == "infinite"
    assert row_numbers("1,5-7, 6", range(1, 10)) == [1, 5, 6, 7]


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "1,5-9"), ("5-", "1,5-9"), ("-3", "1,5-9"), ("\N{SUPERSCRIPT TWO}", "1,5-9"),
     ("7-5", "ends before"), ("3-999999999999", "no row 10"), ("0", "no row 0"),
     ("9" * 5000, "1,5-9")],
)  # fmt: skip
def test_rows_that_cannot_be_meant_are_wrong_usage(text, words):
    with pytest.raises(UsageProblem, match=words):
        row_numbers(text, range(1, 10))


# The comparison by itself


def posterior(centre=0.0, width=1.0):
    return Posterior(
        parameters=(Parameter(name="spin", title="spin"),),
        quantiles=centre + width * QUANTILE_LEVELS[None],
    )


def test_a_quantity_near_zero_is_judged_by_its_interval():
    names = {"spin": 0.0, "spin_lo68": 0.0, "prob_star": 0.0, "flux": 0.0}
    scales = scales_of(posterior(width=2.0), names)
    assert scales["spin"] == scales["spin_lo68"] == pytest.approx(0.68)
    assert scales["prob_star"] == 1.0
    assert "flux" not in scales
    (cell,) = differences({"spin": 0.068}, {"spin": 0.0}, scales)
    assert cell.difference == pytest.approx(0.1)


def test_the_largest_difference_comes_first_and_kinds_differ_without_bound():
    found = differences(
        {"a": 1.1, "b": "STAR", "c": None, "d": 2.0},
        {"a": 1.0, "b": "QSO", "c": 1.0, "d": 2.0},
        {},
    )
    assert {cell.column for cell in found[:2]} == {"b", "c"}
    assert found[2].column == "a"
    assert all(np.isinf(cell.difference) for cell in found[:2])


def test_a_column_that_came_after_an_answer_was_stored_is_no_difference():
    assert differences({"a": 1.0}, {"a": 1.0, "waveform": "IMRPhenomD"}, {}) == ()
    assert len(differences({"a": 1.0, "waveform": None}, {"a": 1.0, "waveform": "X"}, {})) == 1
    assert len(differences({"a": 1.0, "b": 2.0}, {"a": 1.0}, {})) == 1


def test_the_difference_of_posteriors_is_zero_with_itself_and_scales():
    one = posterior()
    assert posterior_difference(one, one) == 0.0
    assert posterior_difference(posterior(centre=0.001), one) > 0
    assert np.isinf(posterior_difference(Posterior(), one))
    assert judged((), 0.0, 1e-4)[0] == "identical"


# The command


def test_the_command_says_each_row_and_its_exit_code_whether_all_agree(
    project, capsys, monkeypatch
):
    from astrogui import __main__, cli
    from astrogui.session import verifying

    words = next(action.choices for action in cli.build_parser()._actions if action.choices)
    assert set(__main__.COMMANDS) == set(words)  # else the word would open the window
    project.answer("flat-1.fits", "flat-2.fits")
    monkeypatch.setattr(verifying, "Session", lambda *words, **how: project.open())
    assert cli.main(["verify", str(project.path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "2 answers: 2 identical"
    assert "identical in every cell" in lines[0]
    (project.folder / "flat-1.fits").write_text("other")
    assert cli.main(["verify", str(project.path), "--rows", "1", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [row["state"] for row in report["answers"]] == ["impossible"]


def test_wrong_words_of_the_command_are_told(project, capsys):
    from astrogui import cli

    assert cli.main(["verify", str(project.folder / "none.astrogui")]) == 2
    assert "there is no such project" in capsys.readouterr().err
    project.answer("flat-1.fits")
    assert cli.main(["verify", str(project.path), "--rows", "1-x"]) == 2
    assert cli.main(["verify", str(project.path), "--tolerance=-1"]) == 2


def test_the_shipped_sample_comes_out_again_from_the_command_line(tmp_path):
    root = Path(__file__).resolve().parents[2]
    sample = root / "resources" / "samples" / "spectrum_simulated_quasar.fits"
    path = tmp_path / "p.astrogui"

    def run(*words):
        command = [sys.executable, str(root / "main.py"), *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    assert run("analyze", sample, "--project", path, "--quiet").returncode == 0
    done = run("verify", path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "identical" in done.stdout or "within tolerance" in done.stdout
    connection = sqlite3.connect(path)
    with connection:
        newest = "SELECT answer_id, cells FROM answers ORDER BY answer_id DESC"  # the refined one
        answer_id, cells = connection.execute(newest).fetchone()
        changed = json.dumps(json.loads(cells) | {"z": 9.0})
        connection.execute("UPDATE answers SET cells = ? WHERE answer_id = ?", (changed, answer_id))
    connection.close()
    done = run("verify", path)
    assert done.returncode == 1
    assert "differs: z is 9 as stored" in done.stdout


def test_a_comparison_that_fails_is_a_verdict_and_the_others_go_on(project, monkeypatch, caplog):
    project.answer("flat-1.fits", "flat-2.fits")
    compared = verify.compared

    def fails_once(view, part):
        if part.answers[0].row_id == 1:
            raise RuntimeError("the view is closed")
        return compared(view, part)

    monkeypatch.setattr(verify, "compared", fails_once)
    first, second = sorted(project.verify(), key=lambda verdict: verdict.row_id)
    assert (first.state, second.state) == ("impossible", "identical")
    assert "the view is closed" in first.words
    caplog.clear()
