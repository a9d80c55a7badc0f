"""The jobs that a supervisor holds: their order, who runs alone, who is refused."""

from __future__ import annotations

import pytest
import tiny

from astrogui.inference.held_jobs import STRIKES, HeldJobs, refused
from astrogui.inference.jobs import Job


def job(number):
    return Job(job_id=number, task="tiny", sources=(tiny.source(f"{number}.fits"),))


@pytest.fixture
def held():
    made = HeldJobs()
    made.waiting.update({number: job(number) for number in range(4)})
    return made


def sent_on(held, most):
    numbers = []
    while (one := held.next_to_send(most)) is not None:
        numbers.append(one.job_id)
    return numbers


def test_jobs_go_in_the_order_in_which_they_came_as_far_as_there_is_room(held):
    assert sent_on(held, 3) == [0, 1, 2]
    assert list(held.waiting) == [3]
    held.ended(held.sent[1])
    assert sent_on(held, 3) == [3]


def test_what_a_dead_worker_had_waits_again_first_and_what_had_begun_runs_alone(held):
    sent_on(held, 3)
    held.sent[0].begun = held.sent[1].begun = True
    held.sent[2].stop_by = 7.0
    assert held.suspect() is held.sent[1]
    assert held.overdue(6.9) == []
    assert [one.job.job_id for one in held.overdue(7.0)] == [2]
    assert [one.job.job_id for one in held.take_back()] == [2]
    assert (list(held.waiting), held.sent, held.suspect()) == ([0, 1, 3], {}, None)
    for alone in (0, 1):
        assert sent_on(held, 3) == [alone]
        held.ended(held.sent[alone])
    assert sent_on(held, 3) == [3]


def test_a_job_is_refused_after_its_strikes_unless_it_ends_in_between():
    held = HeldJobs()

    def sent_again(number):
        held.waiting[number] = job(number)
        assert sent_on(held, 1) == [number]
        return held.sent[number]

    for _ in range(STRIKES):
        assert not held.is_refused(job(0))
        held.strike(sent_again(0))
    assert held.is_refused(job(0))
    assert "twice during tiny" in str(refused(job(0)))
    held.strike(sent_again(1))
    held.ended(sent_again(1))
    held.strike(sent_again(1))
    assert not held.is_refused(job(1))
