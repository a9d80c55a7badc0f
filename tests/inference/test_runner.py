"""The way of a job through the runner without a process: what is reported, and in which order."""

from __future__ import annotations

import importlib.metadata
import threading
from dataclasses import replace

import numpy as np
import pytest
import tiny
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from astrogui.errors import Damaged, ModelMissing, TooLarge
from astrogui.inference import analysis
from astrogui.inference.analysis import Analyst
from astrogui.inference.jobs import (
    Job,
    JobAnswered,
    JobBegan,
    JobBroke,
    JobDone,
    JobStopped,
    RunnerNotice,
    RunnerReady,
)
from astrogui.inference.runner import InlineRunner
from astrogui.records.posterior import QUANTILE_LEVELS

ENDS = (JobDone, JobBroke, JobStopped)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    parent = tmp_path_factory.mktemp("models")
    tiny.write_model(parent)
    tiny.write_model(parent, "tiny_refined")
    return str(parent)


class Listener:
    """Keeps the reports; ``wait`` until a job has ended."""

    def __init__(self):
        self.reports = []
        self._changed = threading.Condition()

    def __call__(self, report):
        with self._changed:
            self.reports.append(report)
            self._changed.notify_all()

    def wait(self, count, kinds=ENDS, timeout=60):
        def enough():
            return sum(isinstance(report, kinds) for report in self.reports) >= count

        with self._changed:
            assert self._changed.wait_for(enough, timeout), self.reports

    def wait_until(self, condition, timeout=60):
        with self._changed:
            assert self._changed.wait_for(condition, timeout), self.reports

    def of(self, job_id):
        return [report for report in self.reports if getattr(report, "job_id", None) == job_id]

    def names(self, job_id):
        return [type(report).__name__ for report in self.of(job_id)]


@pytest.fixture
def running(models):
    del models
    listener = Listener()
    runner = InlineRunner(
        task_named=tiny.task_named,
        read=tiny.read,
        backend_for=lambda model, notice: tiny.MeanBackend(),
    )
    runner.start(listener)
    yield runner, listener
    runner.close()


def job(models, job_id, path, task="tiny", **fields):
    return Job(job_id=job_id, task=task, sources=(tiny.source(path),), models_dir=models, **fields)


def test_a_job_begins_answers_and_is_done(models, running):
    runner, listener = running
    runner.submit(job(models, 1, "flat-3.fits", options=(("a", "b"),), seed=5))
    listener.wait(1)
    assert isinstance(listener.reports[0], RunnerReady)
    assert listener.names(1) == ["JobBegan", "JobAnswered", "JobDone"]
    (answer,) = listener.of(1)[1].answers
    assert answer.posterior.median("level") == pytest.approx(3.0 + 0.01 * 0.5)
    assert not answer.refined


def test_an_answer_tells_how_it_was_computed(models, running):
    runner, listener = running
    runner.submit(job(models, 1, "flat-3.fits", options=(("a", "b"),), seed=5))
    listener.wait(1)
    origin = listener.of(1)[1].answers[0].provenance
    assert (origin.task, origin.model, origin.seed) == ("tiny", "tiny 1", 5)
    assert (origin.backend, origin.device, origin.method) == ("numpy", "CPU", "network")
    assert origin.options == (("a", "b"),)
    assert origin.preparation == "7"
    assert len(origin.model_sha256) == 64
    assert dict(origin.versions)["numpy"] == np.__version__
    assert origin.computed_at.endswith("+00:00")
    assert origin.duration_s >= 0


def test_libraries_of_a_task_are_named_where_they_are_installed():
    versions = analysis._versions(("onnxruntime",), ("h5py", "no-such-library"))
    assert [name for name, _ in versions] == ["numpy", "scipy", "onnxruntime", "h5py"]
    assert dict(versions)["h5py"] == importlib.metadata.version("h5py")


def test_a_refined_answer_follows_and_names_its_method(models, running):
    runner, listener = running
    runner.submit(job(models, 1, "flat-3.fits", "tiny_refined"))
    runner.submit(job(models, 2, "keep-3.fits", "tiny_refined"))
    runner.submit(job(models, 3, "flat-3.fits", "tiny_refined", refine=False))
    listener.wait(3)
    answered = [report for report in listener.of(1) if isinstance(report, JobAnswered)]
    assert [report.answers[0].refined for report in answered] == [False, True]
    assert answered[1].answers[0].provenance.method == "counted"
    assert listener.names(2).count("JobAnswered") == 1
    assert listener.names(3).count("JobAnswered") == 1


def test_an_answer_that_is_refined_at_once_comes_with_the_refined_one(models):
    listener = Listener()
    task = replace(tiny.task_named("tiny_refined"), refines_at_once=True)
    analyst(listener, task_named=lambda name: task).run(
        [
            job(models, 1, "flat-3.fits", "tiny_refined"),
            job(models, 2, "keep-3.fits", "tiny_refined"),
        ]
    )
    (answered,) = [report for report in listener.of(1) if isinstance(report, JobAnswered)]
    assert [answer.refined for answer in answered.answers] == [False, True]
    assert [answer.provenance.method for answer in answered.answers] == ["network", "counted"]
    (kept,) = [report for report in listener.of(2) if isinstance(report, JobAnswered)]
    assert [answer.refined for answer in kept.answers] == [False]
    assert listener.names(1)[-1] == listener.names(2)[-1] == "JobDone"


def test_the_first_answer_is_told_where_its_refinement_fails(models):
    def refine(*_):
        raise ZeroDivisionError

    listener = Listener()
    task = replace(tiny.task_named("tiny_refined"), refines_at_once=True, refine=refine)
    analyst(listener, task_named=lambda name: task).run(
        [job(models, 1, "flat-3.fits", "tiny_refined")]
    )
    assert listener.names(1)[-2:] == ["JobAnswered", "JobBroke"]


def test_a_fault_of_the_file_breaks_its_job_only(models, running):
    runner, listener = running
    runner.submit(job(models, 1, "damaged-1.fits"))
    runner.submit(job(models, 2, "flat-1.fits"))
    listener.wait(2)
    broke = listener.of(1)[-1]
    assert isinstance(broke.error, Damaged)
    assert (broke.error.path, broke.error.place) == ("damaged-1.fits", "byte 3")
    assert listener.names(2)[-1] == "JobDone"


def test_a_bug_breaks_its_job_with_a_trace(models, running):
    runner, listener = running
    runner.submit(job(models, 1, "bug-1.fits"))
    listener.wait(1)
    broke = listener.of(1)[-1]
    assert broke.error is None
    assert "a bug of ours" in broke.trace
    assert "Traceback" in broke.trace


def test_a_missing_model_is_said_in_words(running, tmp_path):
    runner, listener = running
    runner.submit(job(str(tmp_path), 1, "flat-1.fits"))
    listener.wait(1)
    assert isinstance(listener.of(1)[-1].error, ModelMissing)


def test_a_waiting_job_is_withdrawn_and_a_running_one_stops(models, running):
    runner, listener = running
    runner.submit(job(models, 1, "refineslowly-1.fits", "tiny_refined"))
    runner.submit(job(models, 2, "flat-1.fits"))
    listener.wait(1, JobAnswered)
    runner.cancel(2)
    runner.cancel(1)
    listener.wait(2)
    assert listener.names(2) == ["JobStopped"]
    assert listener.names(1)[-1] == "JobStopped"


def test_a_stopped_job_can_run_again_under_its_number(models, running):
    runner, listener = running
    runner.submit(job(models, 1, "refineslowly-1.fits", "tiny_refined"))
    listener.wait(1, JobAnswered)
    runner.cancel(1)
    listener.wait(1)
    runner.submit(job(models, 1, "flat-1.fits"))
    listener.wait(2)
    assert listener.names(1)[-1] == "JobDone"


def analyst(report, stopped=frozenset(), **changes):
    arguments = {
        "task_named": tiny.task_named,
        "read": tiny.read,
        "backend_for": lambda model, notice: tiny.MeanBackend(),
    }
    return Analyst(report, stopped.__contains__, **(arguments | changes))


def test_spectra_share_one_call_of_the_network_and_keep_their_answers_apart(models):
    listener, backend = Listener(), tiny.MeanBackend()
    analyst(listener, backend_for=lambda model, notice: backend).run(
        [job(models, number, f"flat-{number}.fits") for number in range(5)]
    )
    assert backend.batches == [5]
    for number in range(5):
        (answer,) = listener.of(number)[1].answers
        assert answer.posterior.quantile("level", QUANTILE_LEVELS[0]) == pytest.approx(
            number, abs=0.01
        )


def test_one_bad_file_in_a_shared_call_leaves_the_others(models):
    listener, backend = Listener(), tiny.MeanBackend()
    names = ["flat-1", "damaged-1", "bug-1", "flat-2"]
    analyst(listener, backend_for=lambda model, notice: backend).run(
        [job(models, number, f"{name}.fits") for number, name in enumerate(names)]
    )
    assert backend.batches == [2]
    assert [listener.names(number)[-1] for number in range(4)] == [
        "JobDone",
        "JobBroke",
        "JobBroke",
        "JobDone",
    ]


class ShyBackend(tiny.MeanBackend):
    """Fails on a negative level."""

    def run(self, prepared):
        if (prepared["flux"] < 0).any():
            raise ArithmeticError("negative")
        return super().run(prepared)


def test_a_shared_call_that_fails_is_repeated_singly(models):
    listener = Listener()
    levels = {"a": 1.0, "b": -1.0, "c": 2.0}
    analyst(
        listener,
        backend_for=lambda model, notice: ShyBackend(),
        read=lambda source: tiny.spectrum(levels[source.path], source.path),
    ).run([job(models, number, path) for number, path in enumerate(levels)])
    assert [listener.names(n)[-1] for n in range(3)] == ["JobDone", "JobBroke", "JobDone"]
    assert "negative" in listener.of(1)[-1].trace


def test_only_spectra_of_one_task_run_together(models):
    chosen = analyst(Listener())
    one = job(models, 1, "a")
    assert chosen.together(one, job(models, 2, "b"))
    assert not chosen.together(one, job(models, 2, "b", "tiny_refined"))
    assert not chosen.together(one, job("elsewhere", 2, "b"))
    pictures = replace(tiny.TASK, reads="image")
    assert not analyst(Listener(), task_named=lambda name: pictures).together(one, one)


def test_an_observation_that_needs_too_much_memory_is_refused(models):
    def read(source):
        raise MemoryError

    listener = Listener()
    analyst(listener, read=read).run([job(models, 1, "a")])
    assert isinstance(listener.of(1)[-1].error, TooLarge)


def test_a_notice_of_the_backend_is_reported(models):
    def backend_for(model, notice):
        notice("GPU was lost")
        return tiny.MeanBackend()

    listener = Listener()
    analyst(listener, backend_for=backend_for).run([job(models, 1, "flat-1.fits")])
    assert RunnerNotice("GPU was lost") in listener.reports


NAMES = st.sampled_from(["flat-1", "damaged-1", "bug-1", "keep-2", "refine-3"])


@given(
    steps=st.lists(
        st.tuples(NAMES, st.sampled_from(["tiny", "tiny_refined"]), st.booleans()), max_size=8
    )
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_job_begins_once_ends_once_and_says_nothing_after(models, steps):
    listener = Listener()
    runner = InlineRunner(
        task_named=lambda name: (
            replace(tiny.task_named(name), refine=tiny.refine_at_once)
            if name == "tiny_refined"
            else tiny.TASK
        ),
        read=tiny.read,
        backend_for=lambda model, notice: tiny.MeanBackend(),
    )
    runner.start(listener)
    try:
        for number, (name, task, cancel) in enumerate(steps):
            runner.submit(job(models, number, f"{name}.fits", task))
            if cancel:
                runner.cancel(number)
        listener.wait(len(steps))
    finally:
        runner.close()
    for number in range(len(steps)):
        assert_orderly(listener.of(number))


def assert_orderly(reports):
    """Began at most once and first, ended exactly once and last, answered only in between."""
    kinds = [type(report) for report in reports]
    assert kinds.count(JobBegan) <= 1
    assert sum(kind in ENDS for kind in kinds) == 1
    assert kinds[-1] in ENDS
    if len(kinds) > 1:
        assert kinds[0] is JobBegan
    if kinds[-1] is JobDone:
        assert JobAnswered in kinds
