"""What an answer rests on, asked of the session: given by the worker, never stored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tiny
from small_session import FakeReader

from astrogui.errors import JobCancelled, UsageProblem
from astrogui.inference import analysis
from astrogui.inference.runner import InlineRunner
from astrogui.session.session import Session
from astrogui.tasks.insight import Aim, Insight

INSIGHT = Insight(
    picture="flux", planes=("flux",),
    aim=lambda posterior, card: Aim(answer="bright", output="level", link="logit"),
)  # fmt: skip


def as_picture(record, places, model, options):
    """The tiny spectrum as a picture of 4 x 2 pixels."""
    prepared = tiny.prepare(record, places, model, options)
    return prepared | {"flux": prepared["flux"].reshape(-1, 4, 2, 1)}


class PictureBackend(tiny.MeanBackend):
    def run(self, prepared):
        return super().run({"flux": prepared["flux"].reshape(len(prepared["flux"]), -1)})


TASKS = {
    t.name: t
    for t in (
        replace(tiny.TASK, explain=tiny.halves, insight=INSIGHT, prepare=as_picture),
        replace(tiny.REFINED, refine=None),
    )
}


def read_now(source):
    """Looked up at each call, so that a test can change it under way."""
    return tiny.read(source)


@pytest.fixture
def session(tmp_path):
    for name in TASKS:
        tiny.write_model(tmp_path / "models", task=name)
    session = Session(
        tmp_path / "p.astrogui",
        models=str(tmp_path / "models"),
        runner=InlineRunner(
            task_named=TASKS.__getitem__,
            read=read_now,
            backend_for=lambda model, notice: PictureBackend(),
        ),
        reader=FakeReader(),
        tasks=tuple(TASKS.values()),
        resume=False,
    )
    yield session
    session.close()


def answered(session, name, task="tiny"):
    path = session.path.parent / name
    path.write_text(name)
    session.add([path], tasks=(task,)).result(60)
    session.idle().result(60)
    return session.view.row_ids()[-1]


def test_the_worker_says_what_an_answer_rests_on(session):
    row = answered(session, "flat-3.fits")
    before = session.view.answers(row)
    sensitivity = session.explain(row).result(60)
    assert sensitivity.answer == "level 3.00"
    assert np.allclose(sensitivity.loss, [1.0, 2.0])
    assert session.view.answers(row) == before  # nothing is stored
    assert session.idle().result(60) is None


def test_the_worker_looks_into_the_network(session, monkeypatch, tmp_path):
    monkeypatch.setattr(analysis, "opened", lambda model: None)
    row = answered(session, "flat-3.fits")
    inside = session.look_inside(row).result(60)
    assert (inside.answer, inside.value, inside.baseline_value) == ("bright", 3.0, 0.0)
    assert inside.occlusion.shape == (4, 2)
    assert inside.occlusion.min() > 0
    assert not inside.has_gradients
    session.save_inside(inside, tmp_path / "maps.fits").result(60)
    assert (tmp_path / "maps.fits").is_file()


def test_an_analysis_without_a_network_of_pictures_cannot_be_looked_into(session):
    row = answered(session, "flat-2.fits", "tiny_refined")
    with pytest.raises(UsageProblem, match="no network of pictures"):
        session.look_inside(row).result(60)


def test_an_analysis_that_cannot_tell_says_so(session):
    row = answered(session, "flat-2.fits", "tiny_refined")
    with pytest.raises(UsageProblem, match="cannot say what its answers rest on"):
        session.explain(row).result(60)


def test_a_row_without_an_answer_has_nothing_to_explain(session):
    answered(session, "flat-1.fits")
    with pytest.raises(UsageProblem, match="no answer"):
        session.explain(99).result(60)


def test_a_file_that_has_gone_bad_meanwhile_is_told_and_costs_nothing_else(session, monkeypatch):
    row = answered(session, "flat-3.fits")

    def gone_bad(source):
        raise KeyError("a bug of ours")

    monkeypatch.setattr(tiny, "read", gone_bad)
    with pytest.raises(Exception, match="internal error"):
        session.explain(row).result(60)
    assert session.view.problems() == []


def test_an_explanation_that_was_stopped_says_so(session, monkeypatch):
    row = answered(session, "flat-3.fits")
    from astrogui.inference.jobs import JobStopped

    asked = []
    monkeypatch.setattr(session._runner, "submit", asked.append)
    future = session.explain(row)
    session.start_worker().result(60)
    session._worker.take_later(JobStopped(asked[0].job_id))
    with pytest.raises(JobCancelled):
        future.result(60)


def test_whoever_waits_when_the_session_closes_is_told(session, monkeypatch):
    row = answered(session, "flat-3.fits")
    monkeypatch.setattr(session._runner, "submit", lambda job: None)
    future = session.explain(row)
    session.close()
    assert future.cancelled()
