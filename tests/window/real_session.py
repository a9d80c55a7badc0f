"""A real session for the window, over a small task and a reader that opens no file."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
import tiny

from astrogui.errors import Damaged
from astrogui.inference.runner import InlineRunner
from astrogui.session.session import Session
from astrogui.session.settings import Settings


class Reader:
    """Reads names such as flat-3.fits without a process."""

    def recognise(self, path, options=None):
        del options
        future: Future = Future()
        if Path(path).name.startswith("bad"):
            future.set_exception(Damaged(path, "byte 7", "the end is missing", "Fetch it again."))
        else:
            future.set_result((replace(tiny.source(path), sha256=Path(path).name),))
        return future

    def read(self, source):
        future: Future = Future()
        future.set_result(tiny.spectrum(2.0, source.path, pixels=200))
        return future

    def close(self):
        pass


@pytest.fixture
def make_session(tmp_path):
    models = tmp_path / "models"
    tiny.write_model(models)
    sessions = []

    def make(runner=None, name="p.astrogui"):
        session = Session(
            tmp_path / name,
            models=str(models),
            runner=runner or InlineRunner(task_named=tiny.task_named, read=tiny.read),
            reader=Reader(),
            settings=Settings(author="Vera"),
            tasks=(replace(tiny.TASK, classes=("GALAXY", "QSO")),),
        )
        sessions.append(session)
        return session

    yield make
    for session in sessions:
        session.close()
