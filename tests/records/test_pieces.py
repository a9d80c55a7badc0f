"""Pieces of a file, read together where they lie close."""

from __future__ import annotations

import os

import numpy as np
import pytest

from astrogui.records import pieces


def read(path, starts, lengths):
    data = bytearray(sum(lengths))
    with open(path, "rb", buffering=0) as file:
        ended = pieces.read_pieces(file, starts, lengths, memoryview(data))
    return bytes(data), ended


@pytest.fixture(params=["together", "singly"])
def way(request, monkeypatch):
    if request.param == "singly":  # as on systems without such a call
        monkeypatch.delattr(os, "preadv", raising=False)


def some_file(tmp_path, size):
    path = tmp_path / "numbers"
    content = np.random.default_rng(4).integers(0, 256, size, np.uint8).tobytes()
    path.write_bytes(content)
    return path, content


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("starts", "lengths"),
    [
        ([7], [100]),
        (list(range(0, 300_000, 200)), [120] * 1500),  # more than one call takes
        ([0, 100, 400_000, 400_050], [100, 5, 50, 30]),  # neighbours, then far away
        ([500, 100], [50, 60]),  # backwards
        ([10, 15], [10, 10]),  # one over the other
    ],
)
def test_each_piece_is_read_behind_the_one_before(tmp_path, starts, lengths):
    path, content = some_file(tmp_path, 500_000)
    data, ended = read(path, starts, lengths)
    assert ended is None
    assert data == b"".join(content[a : a + n] for a, n in zip(starts, lengths, strict=True))


@pytest.mark.usefixtures("way")
def test_a_file_that_ends_too_soon_is_told_by_place(tmp_path):
    path, content = some_file(tmp_path, 1000)
    data, ended = read(path, [0, 400, 800, 1200], [300, 300, 300, 300])
    assert ended == (1000, 100)
    assert data[:600] == content[:300] + content[400:700]
    assert read(path, [1200], [300])[1] == (1200, 300)


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="the system has no such call")
def test_the_rows_of_a_tile_are_one_or_two_calls(tmp_path, monkeypatch):
    path, _ = some_file(tmp_path, 512 * 2000)
    calls = []
    given = os.preadv
    monkeypatch.setattr(os, "preadv", lambda *of: calls.append(1) or given(*of))
    read(path, list(range(0, 512 * 2000, 2000)), [600] * 512)
    assert len(calls) == 2
