"""The child that trains: what it says arrives, and however it ends is told."""

from __future__ import annotations

import sys
from queue import Queue

import pytest

from astrogui.inference.training_process import TrainingProcess

SAYS = """
import json, sys
job = json.loads(sys.stdin.readline())
print("some library's own words")
print(json.dumps({"kind": "words", "words": job["title"]}))
print(json.dumps({"kind": "point", "step": 1}))
print(json.dumps({"kind": "done", "folder": "/models/own_x"}))
"""
WAITS = """
import json, sys
sys.stdin.readline()
print(json.dumps({"kind": "words", "words": "begun"}), flush=True)
sys.stdin.read()
"""
DIES = "import sys; sys.stdin.readline(); sys.exit(7)"


def _run(script):
    told: Queue = Queue()
    return TrainingProcess('{"title": "rings"}', told.put, [sys.executable, "-c", script]), told


def test_what_the_child_says_is_told_in_order():
    process, told = _run(SAYS)
    heard = [told.get(timeout=30) for _ in range(3)]
    assert [what["kind"] for what in heard] == ["words", "point", "done"]
    assert heard[0]["words"] == "rings"
    process.close()
    assert not process.is_alive


def test_a_training_can_be_stopped():
    process, told = _run(WAITS)
    assert told.get(timeout=30)["words"] == "begun"
    process.cancel()
    assert told.get(timeout=30) == {"kind": "cancelled"}
    process.close()
    assert not process.is_alive


def test_a_child_that_dies_is_told_with_its_exit_code():
    process, told = _run(DIES)
    what = told.get(timeout=30)
    assert what["kind"] == "failed"
    assert "exit code 7" in what["words"]
    process.close()


@pytest.mark.slow
def test_the_program_itself_answers_the_word_and_refuses_a_job_that_is_none():
    told: Queue = Queue()
    process = TrainingProcess("{}", told.put)
    what = told.get(timeout=120)
    assert what == {
        "kind": "failed",
        "words": "This is no job of training ('examples').",
    }
    process.close()
