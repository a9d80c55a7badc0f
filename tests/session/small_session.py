"""A session over a small task and a reader that knows files by their name."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import tiny

from astrogui.errors import Damaged, FileProblem
from astrogui.inference.runner import InlineRunner
from astrogui.records.source import Source
from astrogui.session import events
from astrogui.session.session import Session
from astrogui.session.settings import Settings


class FakeReader:
    """Recognises by the file's name; ``strain-H1`` and ``strain-L1`` belong together."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def recognise(self, path: str, options: dict[str, str] | None = None) -> Future:
        self.asked.append(path)
        future: Future = Future()
        name = Path(path).stem
        if name.startswith("bad"):
            future.set_exception(Damaged(path, "byte 7", "the end is missing", "Fetch it again."))
        elif name.startswith("strain"):
            source = Source(
                path=path, kind="strain", format="tiny", sha256=name, detector=name[7:9],
                gps_start=1000.0, duration_s=32.0, sample_rate_hz=4096.0,
            )  # fmt: skip
            future.set_result((source,))
        else:
            future.set_result((replace(tiny.source(path), sha256=name),))
        return future

    def read(self, source: Source) -> Future:
        future: Future = Future()
        try:
            future.set_result(tiny.read(source))
        except FileProblem as problem:
            future.set_exception(problem)
        return future

    def close(self) -> None:
        pass


class Heard:
    def __init__(self, session: Session) -> None:
        self.events: list[events.Event] = []
        session.subscribe(self.events.append)

    def of(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]


STRAIN_TASK = replace(tiny.TASK, name="tiny_strain", reads="strain")


def make(tmp_path, models, runner=None, name="p.astrogui", **options) -> Session:
    return Session(
        tmp_path / name,
        models=str(models),
        runner=runner or InlineRunner(task_named=tiny.task_named, read=tiny.read),
        reader=options.pop("reader", FakeReader()),
        settings=Settings(author="Vera"),
        tasks=options.pop("tasks", (tiny.TASK,)),
        **options,
    )


def files(tmp_path: Path, *names: str) -> list[str]:
    for name in names:
        (tmp_path / name).write_text(name)
    return [str(tmp_path / name) for name in names]


def answer_all(session: Session, paths: list[str], **options) -> list[dict]:
    session.add(paths, **options).result(60)
    session.idle().result(60)
    return session.view.rows()
