"""A worker gives way to the window of its parent, and to nobody where there is none."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from test_supervisor import Listener

from astrogui.inference.jobs import RunnerReady
from astrogui.inference.precedence import NICENESS
from astrogui.inference.supervisor import SupervisedRunner

FAKE_WORKER = [sys.executable, "-P", str(Path(__file__).resolve().parent / "fake_worker.py")]


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="the system has no such priorities")
@pytest.mark.parametrize("gives_way", [True, False])
def test_a_window_and_nothing_else_comes_before_the_worker(gives_way):
    listener, runner = Listener(), SupervisedRunner(command=FAKE_WORKER, gives_way=gives_way)
    runner.start(listener)
    try:
        listener.wait(1, RunnerReady)
        own = os.getpriority(os.PRIO_PROCESS, 0)
        behind = NICENESS["worker"] if gives_way else 0
        assert os.getpriority(os.PRIO_PROCESS, runner.pid) == min(own + behind, 19)
    finally:
        runner.close()
