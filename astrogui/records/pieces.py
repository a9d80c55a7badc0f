"""Many pieces of a file with few calls.

Each call lets go of the interpreter and has to win it back. A tile of an image is some hundred
short stretches of its rows; read one by one while the window paints, they cost every frame twice
as long as all of its drawing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import FileIO

MOST_GAP = 1 << 16  # bytes between two pieces that are read rather than skipped
MOST_PIECES = 500  # in one call: with the gaps between them below the 1,024 that Linux takes


def read_pieces(
    file: FileIO, starts: Sequence[int], lengths: Sequence[int], into: memoryview
) -> tuple[int, int] | None:
    """Fill ``into`` with the bytes from each of ``starts``, one piece behind the other.

    None when all were there, else where the file ends and how many bytes of that piece it lacks.
    Raises ``OSError`` as the system has it.
    """
    first = at = 0
    while first < len(starts):
        end = _neighbours(starts, lengths, first) if hasattr(os, "preadv") else first + 1
        count = sum(lengths[first:end])
        part = into[at : at + count]
        if not _read_at_once(file, starts[first:end], lengths[first:end], part):
            ended = _read_singly(file, starts[first:end], lengths[first:end], part)
            if ended is not None:
                return ended
        first, at = end, at + count
    return None


def _neighbours(starts: Sequence[int], lengths: Sequence[int], first: int) -> int:
    """Behind the last piece that one call reads together with the one at ``first``."""
    end = first + 1
    most = min(len(starts), first + MOST_PIECES)
    while end < most and 0 <= starts[end] - starts[end - 1] - lengths[end - 1] <= MOST_GAP:
        end += 1
    return end


def _read_at_once(
    file: FileIO, starts: Sequence[int], lengths: Sequence[int], into: memoryview
) -> bool:
    """Whether one call had it all; what lies between the pieces goes where nobody looks."""
    if len(starts) == 1:
        return False
    between = memoryview(bytearray(MOST_GAP))
    buffers, at = [], 0
    for place, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        if place:
            buffers.append(between[: start - starts[place - 1] - lengths[place - 1]])
        buffers.append(into[at : at + length])
        at += length
    return os.preadv(file.fileno(), buffers, starts[0]) == starts[-1] + lengths[-1] - starts[0]


def _read_singly(
    file: FileIO, starts: Sequence[int], lengths: Sequence[int], into: memoryview
) -> tuple[int, int] | None:
    at = 0
    for start, length in zip(starts, lengths, strict=True):
        file.seek(start)
        got = 0
        while got < length:
            more = file.readinto(into[at + got : at + length])
            if not more:
                return start + got, length - got
            got += more
        at += length
    return None
