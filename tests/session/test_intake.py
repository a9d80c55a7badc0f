"""Taking files in: a few at a time, told of, and stopped where the analyst wants it."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from astrogui.errors import DiskFull
from astrogui.records.source import Source
from astrogui.session.intake import ASKED_AT_ONCE, Intake


class SlowReader:
    """Answers when the test says so."""

    def __init__(self):
        self.asked: list[tuple[str, Future]] = []

    def recognise(self, path, options=None):
        future: Future = Future()
        self.asked.append((path, future))
        return future

    def answer(self, number):
        path, future = self.asked[number]
        future.set_result((Source(path=path, kind="spectrum", format="test"),))


def run(command, lost=None):
    """What the loop does with a command, at once."""
    command()


def begin(count):
    reader, stored, told, future = SlowReader(), [], [], Future()
    intake = Intake(
        reader,
        run,
        run,
        lambda sources, batch: stored.append(sources) or len(stored),
        lambda problem, batch: 0,
        lambda kind: [],
    )
    intake.tell = lambda done, total: told.append((done, total))
    intake.begin([f"/data/{n}.fits" for n in range(count)], None, {}, future)
    return intake, reader, told, future


def test_files_are_asked_for_a_few_at_a_time_and_told_of():
    intake, reader, told, future = begin(60)
    assert len(reader.asked) == ASKED_AT_ONCE
    for number in range(60):
        assert intake.open_batches == 1
        reader.answer(number)
    assert told[0] == (1, 60)
    assert told[-1] == (60, 60)
    assert future.result() == list(range(1, 61))
    assert intake.open_batches == 0


def test_after_a_cancel_no_more_files_are_asked_for():
    intake, reader, told, future = begin(100)
    reader.answer(0)
    intake.cancel()
    for number in range(1, ASKED_AT_ONCE + 1):
        assert not future.done()
        reader.answer(number)
    assert len(reader.asked) == ASKED_AT_ONCE + 1
    assert future.result() == list(range(1, ASKED_AT_ONCE + 2))
    assert told[-1] == (ASKED_AT_ONCE + 1, ASKED_AT_ONCE + 1)


def test_nothing_to_take_in_is_done_at_once():
    intake, _, _, future = begin(0)
    assert future.result() == []
    intake.cancel()
    assert intake.open_batches == 0


@pytest.mark.parametrize("kind", ["spectrum", "image"])  # images are stored when all have come
def test_a_batch_that_cannot_be_written_ends_with_the_reason(kind):
    def full(*_: object) -> int:
        raise DiskFull("p.astrogui: the disk is full.")

    reader, future = SlowReader(), Future()
    intake = Intake(reader, run, run, full, full, lambda kind: [])
    intake.begin(["/data/a.fits", "/data/b.fits"], None, {}, future)
    for path, asked in reader.asked:
        asked.set_result((Source(path=path, kind=kind, format="test"),))
    with pytest.raises(DiskFull):
        future.result(0)
    assert intake.open_batches == 0


def test_a_batch_whose_files_could_not_be_written_after_all_ends_with_the_reason():
    waiting, afterwards, future = [], [], Future()
    reader = SlowReader()
    intake = Intake(
        reader,
        lambda command, lost: waiting.append((command, lost)),
        afterwards.append,
        lambda sources, batch: 1,
        lambda problem, batch: 0,
        lambda kind: [],
    )
    intake.begin(["/data/a.fits"], None, {}, future)
    reader.answer(0)
    command, lost = waiting.pop()
    command()
    assert not future.done()  # it is not on disk yet
    assert len(afterwards) == 1
    lost(DiskFull("p.astrogui: the disk is full."))
    with pytest.raises(DiskFull):
        future.result(0)


def test_what_comes_after_the_end_is_not_taken_in():
    intake, reader, told, future = begin(3)
    reader.answer(0)
    intake.close()
    assert future.result(0) == [1]
    reader.answer(1)
    reader.answer(2)
    assert told == [(1, 3)]
    assert intake.open_batches == 0
