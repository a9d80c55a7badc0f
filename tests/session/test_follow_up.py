"""An answer that gives reason for another analysis: it is queued about the same files."""

from __future__ import annotations

from dataclasses import replace

import pytest
import small_session as small
import tiny

from astrogui.inference.runner import InlineRunner
from astrogui.tasks.task import FollowUp

LOUD = 3.0


def after(place, posterior):
    """Of a loud spectrum the other analysis, with an option of its own."""
    del place
    loud = posterior.median("level") > LOUD
    return FollowUp("tiny_refined", {"gps": "12.5"}) if loud else None


TASKS = {
    task.name: task
    for task in (
        replace(tiny.TASK, follow_up=after, hands_on=("tiny_refined.lift", "tiny_refined.gps")),
        replace(tiny.REFINED, refine=None, wanted=lambda source: False),
    )
}


def opened(tmp_path, *names):
    for name in names:
        tiny.write_model(tmp_path / "models", task=name)
    runner = InlineRunner(task_named=TASKS.__getitem__, read=tiny.read)
    return small.make(tmp_path, tmp_path / "models", runner, tasks=tuple(TASKS.values()))


def jobs_after(session, tmp_path, *names, tasks=None, **asked):
    session.add(small.files(tmp_path, *names), tasks, **asked).result(60)
    session.idle().result(60)
    return [(job.task, job.state, job.options) for job in session.view.jobs()]


@pytest.fixture
def session(tmp_path):
    made = opened(tmp_path, *TASKS)
    yield made
    made.close()


def test_a_loud_answer_starts_the_other_analysis_of_the_same_file(session, tmp_path):
    found = jobs_after(session, tmp_path, "flat-5.fits")
    assert sorted(found) == [("tiny", "done", {}), ("tiny_refined", "done", {"gps": "12.5"})]
    (row,) = session.view.rows()
    assert row["task"] == "tiny,tiny_refined"


def test_what_a_loud_answer_started_is_no_option_that_another_call_takes_back(session, tmp_path):
    """The row shows the started answer; the same call again has nothing left to do."""
    asked = {"tasks": tuple(TASKS), "as_asked": True}
    first = jobs_after(session, tmp_path, "flat-5.fits", **asked)
    started = [options for task, _, options in first if task == "tiny_refined"]
    assert started == [{}, {"gps": "12.5"}]
    assert jobs_after(session, tmp_path, "flat-5.fits", **asked) == first
    session.run([1], "tiny_refined", {"gps": "7"}).result(60)
    session.idle().result(60)
    after = jobs_after(session, tmp_path, "flat-5.fits", **asked)
    assert after[len(first) :] == [
        ("tiny_refined", "done", {"gps": "7"}), ("tiny_refined", "done", {}),
    ]  # fmt: skip


@pytest.mark.parametrize("given", [{"lift": "1"}, {"tiny_refined.lift": "1"}])
def test_an_option_is_handed_on_to_the_analysis_that_is_started(given, session, tmp_path):
    """It stands in both jobs; where the answer itself says a value, that one holds."""
    found = jobs_after(session, tmp_path, "flat-5.fits", options={**given, "gps": "7"})
    assert [(task, options) for task, _, options in found] == [
        ("tiny", {**given, "gps": "7"}), ("tiny_refined", {"gps": "12.5", "lift": "1"}),
    ]  # fmt: skip
    (row,) = session.view.rows()
    assert row["options_tiny_refined"] == "gps=12.5; lift=1"
    asked_again = jobs_after(session, tmp_path, "flat-5.fits", options={"tiny_refined.lift": "2"})
    assert [options for _, _, options in asked_again[2:]] == [
        {"tiny_refined.lift": "2"}, {"gps": "12.5", "lift": "2"},
    ]  # fmt: skip


def test_what_is_not_handed_on_stays_where_it_is(session, tmp_path):
    found = jobs_after(session, tmp_path, "flat-5.fits", options={"air_mass": "1", "a.b": "1"})
    assert [options for _, _, options in found] == [{"air_mass": "1"}, {"gps": "12.5"}]


def test_a_quiet_answer_starts_nothing(session, tmp_path):
    assert jobs_after(session, tmp_path, "flat-2.fits") == [("tiny", "done", {})]


def test_what_is_not_wanted_runs_when_it_is_named(session, tmp_path):
    found = jobs_after(session, tmp_path, "flat-2.fits", tasks=("tiny_refined",))
    assert found == [("tiny_refined", "done", {})]


def test_run_again_without_a_name_leaves_out_what_has_to_be_asked_for(session, tmp_path):
    (item,) = session.add(small.files(tmp_path, "flat-2.fits"), ()).result(60)
    session.idle().result(60)
    assert len(session.run([item]).result(60)) == 1
    session.idle().result(60)
    assert [(job.task, job.state) for job in session.view.jobs()] == [("tiny", "done")]


def test_without_a_model_for_it_nothing_is_queued(tmp_path):
    session = opened(tmp_path, "tiny")
    assert jobs_after(session, tmp_path, "flat-5.fits") == [("tiny", "done", {})]
    session.close()
