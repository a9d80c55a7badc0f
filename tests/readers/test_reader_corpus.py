"""Thousands of damaged files: none may crash or hang a reader, or pass for whole when it is cut."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import corpus
import pytest
from samples import SAMPLES

ROOT = Path(__file__).resolve().parents[2]
SHARES = 2

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked"),
]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """What became of every damaged file, one dict each."""
    folder = tmp_path_factory.mktemp("corpus")
    for sample in SAMPLES:
        if sample.reader != "GWF":  # written and read by an optional package
            sample.path_in(folder)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, corpus.__file__, str(folder)]
    runs = [
        subprocess.Popen(
            [*command, str(share), str(SHARES)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for share in range(SHARES)
    ]
    ends = [(*run.communicate(timeout=300), run.returncode) for run in runs]
    assert [code for _, _, code in ends] == [0] * SHARES, [words for _, words, _ in ends]
    found = [json.loads(line) for out, _, _ in ends for line in out.splitlines()]
    print(f"{len(found)} files: {dict(Counter(one['end'] for one in found))}")
    return found


def described(verdicts):
    return [
        f"{one['file']}: {one['deed']}: {one.get('trace') or one.get('signal') or one['end']}"
        for one in verdicts
    ]


def test_there_are_enough_damaged_files_of_every_format(verdicts):
    damaged = [one for one in verdicts if one["deed"] != "whole"]
    assert len(damaged) >= 2000
    assert {one["sample"] for one in damaged} == {
        f"{sample.name}{sample.suffix}" for sample in SAMPLES if sample.reader != "GWF"
    }


def test_no_damaged_file_crashes_a_reader(verdicts):
    assert described(one for one in verdicts if one["end"] == "crash") == []


def test_no_damaged_file_holds_a_reader_up(verdicts):
    assert described(one for one in verdicts if one["end"] == "hang") == []


def test_readers_raise_nothing_but_problems_of_the_file(verdicts):
    assert described(one for one in verdicts if one["end"] == "bug") == []


def test_a_refusal_names_file_cause_and_advice(verdicts):
    refused = [one for one in verdicts if one["end"] == "refused"]
    assert described(one for one in refused if not one["told"]) == []


def test_whole_files_are_read(verdicts):
    whole = [one for one in verdicts if one["deed"] == "whole"]
    assert described(one for one in whole if one["end"] != "read") == []


def test_a_cut_file_is_refused_or_read_as_the_whole_one(verdicts):
    """What is left of a cut file may be fewer HDUs, each of them whole, but no part of one.

    Text that states no length and is cut between two lines is left out: it is a shorter text, and
    nothing in it tells that there was more.
    """
    whole = {one["sample"]: one["content"] for one in verdicts if one["deed"] == "whole"}
    passed = [
        one
        for one in verdicts
        if one["deed"].startswith("cut at")
        and one["end"] == "read"
        and not one["content"].items() <= whole[one["sample"]].items()
    ]
    assert described(passed) == []


def test_most_cut_files_are_refused(verdicts):
    cut = [one for one in verdicts if one["deed"].startswith("cut")]
    assert sum(one["end"] == "refused" for one in cut) > 0.9 * len(cut)
