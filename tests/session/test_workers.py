"""How many worker processes a session may have."""

from __future__ import annotations

import os

import pytest

from astrogui.inference.backends.onnx import MOST_THREADS, session_options, threads
from astrogui.inference.several import SeveralRunners
from astrogui.inference.supervisor import SupervisedRunner
from astrogui.session import helpers
from astrogui.session.settings import Settings


def test_a_window_has_one_worker_and_a_batch_without_one_may_have_several(monkeypatch):
    monkeypatch.setattr(helpers, "_workers", lambda: 3)
    alone = helpers.make_worker(Settings(), has_window=True)
    several = helpers.make_worker(Settings())
    monkeypatch.setattr(helpers, "_workers", lambda: 1)
    small = helpers.make_worker(Settings())
    assert isinstance(alone, SupervisedRunner)
    assert isinstance(several, SeveralRunners)
    assert isinstance(small, SupervisedRunner)
    for runner in (alone, several, small):
        runner.close()


@pytest.mark.parametrize(
    ("processors", "gigabytes", "workers"),
    [(1, 64, 1), (2, 64, 2), (2, 3, 1), (2, 1, 1), (64, 256, helpers.MOST_WORKERS)],
)
def test_each_worker_has_a_processor_and_its_memory(monkeypatch, processors, gigabytes, workers):
    pages = {"SC_PHYS_PAGES": gigabytes << 18, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(os, "sysconf", pages.__getitem__, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(processors), raising=False)
    assert helpers._workers() == workers


def test_where_the_memory_is_not_known_there_is_one_worker(monkeypatch):
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert helpers._workers() == 1


@pytest.mark.parametrize(("told", "wanted"), [("1", 1), ("2,1", 4), ("0", 4), ("", 4), ("99", 4)])
def test_a_runtime_keeps_to_the_threads_that_its_environment_tells(monkeypatch, told, wanted):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(4), raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert threads() == wanted
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(99), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert threads() == MOST_THREADS


def test_a_network_of_spectra_keeps_to_one_thread(monkeypatch):
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(4), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    wanted = {"redshift": 1, "stellar": 1, "morphology": 4, "unheard of": 4}
    assert {name: session_options(name).intra_op_num_threads for name in wanted} == wanted
