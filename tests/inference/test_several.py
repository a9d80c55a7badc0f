"""Jobs spread over several workers come out as from one, in the order in which they went in."""

from __future__ import annotations

import pytest
import tiny

from astrogui.inference.jobs import (
    Job,
    JobAdvanced,
    JobBegan,
    JobDone,
    JobStopped,
    RunnerLost,
    RunnerNotice,
    RunnerReady,
)
from astrogui.inference.runner import InlineRunner
from astrogui.inference.several import AHEAD, AT_HAND, SeveralRunners
from astrogui.records.source import Source


class FakeRunner:
    """Takes jobs and reports what it is told to."""

    def __init__(self, device="CPU"):
        self.device, self.jobs, self.cancelled = device, [], []
        self.report, self.is_closed = None, False

    def start(self, report):
        self.report = report
        if self.device:
            report(RunnerReady("onnx", self.device))

    def submit(self, job):
        self.jobs.append(job.job_id)

    def cancel(self, job_id):
        self.cancelled.append(job_id)

    def close(self):
        self.is_closed = True

    def end(self, *job_ids):
        for job_id in job_ids:
            self.report(JobBegan(job_id))
            self.report(JobDone(job_id))


def job(number, kind="spectrum"):
    source = Source(path=f"{number}.fits", kind=kind, format="tiny")
    return Job(job_id=number, task="tiny", sources=(source,))


def begun(*runners):
    heard = []
    several = SeveralRunners(runners, many_waiting=1)
    several.start(heard.append)
    return several, heard


def ended(heard):
    return [report.job_id for report in heard if isinstance(report, JobDone)]


def test_a_further_worker_is_started_only_when_there_is_more_than_the_first_has_room_for():
    first, second = FakeRunner(), FakeRunner()
    several, heard = begun(first, second)
    for number in range(AT_HAND):
        several.submit(job(number))
    assert first.jobs == list(range(AT_HAND))
    assert second.report is None
    several.submit(job(AT_HAND))
    assert second.jobs == [AT_HAND]
    assert heard == [RunnerReady("onnx", "CPU")]  # the others' starts are nobody's news


def test_a_further_worker_waits_for_enough_to_be_worth_its_start():
    first, second = FakeRunner(), FakeRunner()
    several = SeveralRunners([first, second], many_waiting=5)
    several.start(lambda report: None)
    for number in range(AT_HAND + 4):
        several.submit(job(number))
    assert second.report is None
    several.submit(job(99))
    assert second.jobs == [*range(AT_HAND, AT_HAND + 4), 99]


def test_no_job_waits_for_a_worker_that_is_still_starting():
    first, slow, third = FakeRunner(), FakeRunner(device=""), FakeRunner()
    several, heard = begun(first, slow, third)
    for number in range(2 * AT_HAND):
        several.submit(job(number))
    assert slow.report is not None
    assert third.report is None
    first.end(*range(4))
    assert first.jobs == list(range(AT_HAND + 4))
    assert not slow.jobs
    slow.report(RunnerReady("onnx", "CPU"))
    assert slow.jobs == list(range(AT_HAND + 4, 2 * AT_HAND))
    assert ended(heard) == list(range(4))


def test_reports_come_in_the_order_of_submission():
    first, second = FakeRunner(), FakeRunner()
    several, heard = begun(first, second)
    for number in range(2 * AT_HAND):
        several.submit(job(number))
    second.end(*range(AT_HAND, 2 * AT_HAND))
    assert ended(heard) == []
    first.end(*range(1, AT_HAND))
    assert ended(heard) == []
    first.report(JobBegan(0))
    first.report(JobAdvanced(0, 0.5, "half"))
    assert heard[-1] == JobAdvanced(0, 0.5, "half")
    first.report(JobDone(0))
    assert ended(heard) == list(range(2 * AT_HAND))
    assert sum(isinstance(report, JobBegan) for report in heard) == 2 * AT_HAND


def test_a_worker_gets_on_while_an_earlier_job_of_another_takes_its_time_up_to_a_limit():
    first, second = FakeRunner(), FakeRunner()
    several, heard = begun(first, second)
    for number in range(3 * AHEAD):
        several.submit(job(number))
    for _ in range(3 * AHEAD):
        mine = [number for number in second.jobs if number not in (done := set(second.cancelled))]
        if not mine:
            break
        second.cancelled += mine  # here: those that have been ended
        second.end(*mine)
    assert done
    assert ended(heard) == []
    assert len(first.jobs) + len(second.jobs) == AHEAD
    first.end(*first.jobs[:])
    assert ended(heard)[:AHEAD] == list(range(AHEAD))


def test_images_stay_with_the_first_worker_and_nothing_is_spread_over_an_accelerator():
    first, second = FakeRunner(), FakeRunner()
    several, _ = begun(first, second)
    for number in range(3 * AT_HAND):
        several.submit(job(number, "image"))
    assert first.jobs == list(range(AT_HAND))
    assert second.report is None
    first, second = FakeRunner("NVIDIA H200"), FakeRunner()
    several, _ = begun(first, second)
    for number in range(3 * AT_HAND):
        several.submit(job(number))
    assert len(first.jobs) == AT_HAND
    assert second.report is None


def test_a_waiting_job_is_withdrawn_at_once_and_a_running_one_by_its_worker():
    first, second = FakeRunner(), FakeRunner()
    several, heard = begun(first, second)
    for number in range(2 * AT_HAND + 1):
        several.submit(job(number))
    several.cancel(2 * AT_HAND)
    assert heard[-1] == JobStopped(2 * AT_HAND)
    several.cancel(AT_HAND)
    assert second.cancelled == [AT_HAND]
    assert not first.cancelled
    several.cancel(999)


def test_a_lost_job_can_be_submitted_again_and_the_others_go_on():
    first, second = FakeRunner(), FakeRunner()
    several, heard = begun(first, second)
    for number in range(AT_HAND + 1):
        several.submit(job(number))
    first.report(RunnerLost("it died", 0))
    assert heard[-1] == RunnerLost("it died", 0)
    several.submit(job(0))
    first.end(*range(1, AT_HAND))
    second.end(AT_HAND)
    (first if 0 in first.jobs[1:] else second).end(0)
    assert ended(heard) == [*range(1, AT_HAND + 1), 0]


def test_what_concerns_no_job_is_said_once():
    first, second = FakeRunner(), FakeRunner()
    several, heard = begun(first, second)
    for number in range(AT_HAND + 1):
        several.submit(job(number))
    for runner in (second, first, second):
        runner.report(RunnerNotice("the network is slow today"))
    assert [type(report) for report in heard].count(RunnerNotice) == 2  # both by the second
    several.close()
    assert first.is_closed
    assert second.is_closed
    first.report(RunnerNotice("late words"))
    assert RunnerNotice("late words") not in heard


@pytest.mark.parametrize("count", [1, 3])
def test_true_runners_answer_every_spectrum_in_order(tmp_path, count):
    import threading

    tiny.write_model(tmp_path)
    heard, done = [], threading.Event()
    total = 5 * AT_HAND

    def hear(report):
        heard.append(report)
        if len(ended(heard)) == total:
            done.set()

    several = SeveralRunners(
        [
            InlineRunner(task_named={"tiny": tiny.TASK}.__getitem__, read=tiny.read)
            for _ in range(count)
        ],
        many_waiting=10,
    )
    several.start(hear)
    for number in range(1, total + 1):
        several.submit(
            Job(job_id=number, task="tiny", sources=(tiny.source(f"flat-{number}.fits"),),
                models_dir=str(tmp_path))
        )  # fmt: skip
    assert done.wait(60)
    several.close()
    assert ended(heard) == list(range(1, total + 1))
