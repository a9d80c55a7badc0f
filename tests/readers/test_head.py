"""Compressed files: unpacked at once where they are sound, and told of alike where they are not."""

from __future__ import annotations

import gzip

import pytest

from astrogui.errors import Damaged
from astrogui.readers import reader
from astrogui.readers.reader import Head

TEXT = b"wavelength flux\n" * 500
SOUND = gzip.compress(TEXT)
FILES = {
    "sound": SOUND,
    "two members": SOUND + gzip.compress(b"more\n"),
    "padded": SOUND + b"\0" * 10,
    "cut": SOUND[:-20],
    "without its checksum": SOUND[:-8],
    "broken checksum": SOUND[:-8] + b"\1\2\3\4" + SOUND[-4:],
    "broken inside": SOUND[:40] + b"\0\0\0\0" + SOUND[44:],
    "followed by garbage": SOUND + b"garbage",
    "head alone": SOUND[:10],
}


def content(path):
    try:
        return Head(str(path)).content
    except Damaged as problem:
        return str(problem)


@pytest.mark.parametrize("name", FILES)
def test_a_packed_file_is_unpacked_and_refused_as_piece_by_piece(name, tmp_path, monkeypatch):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(FILES[name])
    at_once = content(path)
    monkeypatch.setattr(reader, "SMALL_PACKED_BYTES", 0)
    assert content(path) == at_once
    assert (at_once == TEXT) == (name in ("sound", "padded"))


def test_a_file_that_grows_beyond_all_measure_is_not_unpacked_at_once(tmp_path, monkeypatch):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(SOUND)
    monkeypatch.setattr(reader, "LARGE_CONTENT_BYTES", 1000)
    assert Head(str(path))._unpacked_at_once() == b""
    assert content(path) == TEXT
