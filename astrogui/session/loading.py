"""Records for display: the sources of an item read one after another, then grouped."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Protocol

from astrogui.records.source import Source
from astrogui.tasks.task import group


class RecordReader(Protocol):
    def recognise(
        self, path: str, options: dict[str, str] | None = None
    ) -> Future[tuple[Source, ...]]: ...
    def read(self, source: Source) -> Future[Any]: ...


def load_part(reader: RecordReader, path: str, part: str) -> Future[Any]:
    """A future of the record of one part of a file; it raises ``FileProblem``."""
    combined: Future[Any] = Future()

    def recognised(done: Future[tuple[Source, ...]]) -> None:
        try:
            reader.read(done.result()[0]).add_done_callback(partial(_hand_on, combined))
        except Exception as error:  # whatever a reader raised belongs to whoever asked
            combined.set_exception(error)

    reader.recognise(f"{path}[{part}]").add_done_callback(recognised)
    return combined


def load_when_known(reader: RecordReader, asked: Future[tuple[Source, ...]]) -> Future[Any]:
    """``load_record`` of sources that are still being looked up."""
    combined: Future[Any] = Future()

    def known(done: Future[tuple[Source, ...]]) -> None:
        try:
            loading = load_record(reader, done.result())
        except Exception as error:  # no such item, or the session is closed
            combined.set_exception(error)
        else:
            loading.add_done_callback(partial(_hand_on, combined))

    asked.add_done_callback(known)
    return combined


def _hand_on(to: Future[Any], done: Future[Any]) -> None:
    error = done.exception()
    if error is not None:
        to.set_exception(error)
    else:
        to.set_result(done.result())


def load_record(reader: RecordReader, sources: Sequence[Source]) -> Future[Any]:
    """A future of the grouped record; it raises the first ``FileProblem`` among the sources."""
    combined: Future[Any] = Future()
    asked = [reader.read(source) for source in sources]
    lock = threading.Lock()
    left = len(asked)

    def one_done(_: Future[Any]) -> None:
        nonlocal left
        with lock:
            left -= 1
            if left:
                return
        try:
            combined.set_result(group([future.result() for future in asked]))
        except Exception as error:  # whatever a reader raised belongs to whoever asked
            combined.set_exception(error)

    for future in asked:
        future.add_done_callback(one_done)
    return combined
