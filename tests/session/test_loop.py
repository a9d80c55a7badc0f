"""The session's thread: what may run together is written as one, and told when it is."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import Future

import pytest

from astrogui.errors import DiskFull
from astrogui.session import loop as loops
from astrogui.session.events import JobFinished, Noticed
from astrogui.session.loop import MANY_SOON, Loop


class Written:
    """Notes where a transaction begins and ends; ``fails`` at its end where it is told to."""

    def __init__(self, loop: Loop) -> None:
        self.seen: list[object] = []
        self.fails = False
        loop.together = self.together
        loop.subscribe(self.seen.append)

    @contextlib.contextmanager
    def together(self):
        self.seen.append("begin")
        yield
        if self.fails:
            raise DiskFull("p.astrogui: the disk is full.")
        self.seen.append("commit")


@pytest.fixture
def loop(monkeypatch):
    monkeypatch.setattr(loops, "MERGE_SECONDS", 60.0)  # nothing is due by the clock alone
    made = Loop()
    made._last_soon = time.monotonic()
    yield made
    made.close()


def never(error):
    raise AssertionError(error)


def test_what_waits_runs_as_one_before_what_is_posted_later_and_is_told_afterwards(loop):
    written = Written(loop)
    for number in (1, 2):
        loop.post_soon(lambda number=number: loop.publish(JobFinished(number, 1)), never)
        loop.post_soon(lambda: loop.afterwards(lambda: written.seen.append("after")), never)
    loop.post(lambda: written.seen.append("later")).result(20)
    one, two = JobFinished(1, 1), JobFinished(2, 1)
    assert written.seen == ["begin", "commit", one, "after", two, "after", "later"]


def test_many_wait_no_longer(loop):
    done = threading.Event()
    for _ in range(MANY_SOON):
        loop.post_soon(lambda: loop.afterwards(done.set), never)
    assert done.wait(20)


def test_one_alone_does_not_wait_where_there_was_none_lately(loop):
    loop._last_soon = -1e9
    done = threading.Event()
    loop.post_soon(done.set, never)
    assert done.wait(20)


def test_what_could_not_be_written_is_not_told_and_each_hears_of_it(loop):
    written, lost = Written(loop), []
    written.fails = True
    for number in (1, 2):
        loop.post_soon(lambda number=number: loop.publish(JobFinished(number, 1)), lost.append)
    loop.post(lambda: loop.publish(Noticed("later"))).result(20)
    assert [type(error) for error in lost] == [DiskFull, DiskFull]
    assert written.seen == ["begin", Noticed("later")]


def test_a_bug_in_one_takes_nothing_from_the_others(loop, caplog):
    written = Written(loop)
    loop.post_soon(lambda: 1 / 0, never)
    loop.post_soon(lambda: loop.publish(JobFinished(2, 1)), never)
    loop.post(lambda: None).result(20)
    assert written.seen == ["begin", "commit", JobFinished(2, 1)]
    assert "a command failed" in caplog.text
    caplog.clear()


def test_a_bug_in_what_comes_afterwards_ends_nothing(loop, caplog):
    written, given_up = Written(loop), Future()
    given_up.cancel()
    loop.post_soon(lambda: loop.afterwards(lambda: given_up.set_result(None)), never)
    loop.post_soon(lambda: loop.publish(JobFinished(2, 1)), never)
    loop.post(lambda: None).result(20)
    assert written.seen == ["begin", "commit", JobFinished(2, 1)]
    written.fails = True
    loop.post_soon(lambda: None, lambda error: 1 / 0)
    loop.post(lambda: None).result(20)
    caplog.clear()


def test_what_waits_at_the_end_is_done(loop):
    done: list[int] = []
    loop.post_soon(lambda: done.append(1), never)
    loop.close()
    assert done == [1]
    loop.post_soon(lambda: done.append(2), never)
    assert done == [1]
