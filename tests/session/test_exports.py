"""A session that is left waits for no export: it is stopped, and nothing is half written."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future
from pathlib import Path

import pytest

from astrogui.session.exports import Exports


class Loop:
    """Does at once what is posted."""

    def __init__(self):
        self.published = []

    def post(self, function):
        future = Future()
        future.set_result(function())
        return future

    def publish(self, event):
        self.published.append(event)


class Endless:
    """An exporter that goes on until it is told to stop."""

    def __init__(self):
        self.began = threading.Event()

    def write(self, *order):
        told = order[-1]
        while told(0.5, "writing") is not False:
            self.began.set()
        raise CancelledError("the export was stopped")


@pytest.mark.parametrize("progress", [None, lambda fraction, words: True], ids=["mute", "told"])
def test_cancelled_exports_are_not_waited_for(progress):
    loop, exporter = Loop(), Endless()
    exports = Exports(loop, (), exporter)
    order = (Path("p.astrogui"), "out.fits", None, None, {}, None, None)
    written = exports.begin(*order, progress)
    assert exporter.began.wait(10)
    exports.cancel()
    exports.close()
    with pytest.raises(CancelledError):
        written.result(timeout=60)
    assert not loop.published


def test_who_asks_for_progress_may_still_stop_an_export():
    exporter = Endless()
    exports = Exports(Loop(), (), exporter)
    written = exports.begin(Path("p"), "out.fits", None, None, {}, None, None, lambda *_: False)
    with pytest.raises(CancelledError):
        written.result(timeout=60)
    exports.close()
