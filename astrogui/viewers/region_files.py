"""Region files on disk: read and written in a pool, faults in words."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from astrogui.errors import Damaged, NotRecognised, TooLarge, Unreadable
from astrogui.science.region_file import MOST_CHARACTERS, RegionFile, read_regions, written_regions
from astrogui.science.region_places import ImageGrid, Unplaced, converted
from astrogui.science.regions import Entry, KeptLine


def read_region_file(path: str) -> RegionFile:
    """The regions of a DS9 file; raises ``FileProblem``."""
    try:
        if os.path.getsize(path) > MOST_CHARACTERS:
            raise TooLarge(path, "", "a region file is smaller than 50 MB", "Split the file.")
        content = Path(path).read_bytes()
    except OSError as error:
        words = f"cannot be read: {error.strerror}"
        raise Unreadable(path, "", words, "Check the name and the permissions.") from error
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # older DS9 wrote labels so
    try:
        file = read_regions(text)
    except ValueError as error:
        raise NotRecognised(path, "", str(error), "Give a DS9 region file (.reg).") from error
    if not file.regions:
        raise Damaged(path, *_nothing(file))
    return file


def _nothing(file: RegionFile) -> tuple[str, str, str]:
    """Place, cause and advice of a file without any region that can be drawn."""
    if not file.refused:
        return "", "no region stands in it", "Give a DS9 region file (.reg)."
    place, _, cause = file.refused[0].partition(": ")
    return place, cause, "Save it from DS9 as circles, ellipses, boxes, polygons, lines or points."


def write_region_file(path: str, entries: Sequence[Entry]) -> int:
    """Write a DS9 file, whole or not at all; how many lines. Raises ``Unreadable``."""
    text = written_regions(entries)
    folder = os.path.dirname(os.path.abspath(path))
    try:
        handle, name = tempfile.mkstemp(dir=folder, prefix=".regions-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(name, path)
        except OSError:
            os.unlink(name)
            raise
    except OSError as error:
        words = f"cannot be written: {error.strerror}"
        raise Unreadable(path, "", words, "Choose another folder.") from error
    return len(entries)


def entries_in_frame(
    entries: Sequence[Entry], grid: ImageGrid, frame: str
) -> tuple[list[Entry], int]:
    """The entries with their regions in ``frame`` ("" as they are), and how many stay as they are.

    A region that has no place in the frame, or on this image, keeps its own frame.
    """
    if not frame:
        return list(entries), 0
    made: list[Entry] = []
    left = 0
    for entry in entries:
        if isinstance(entry, KeptLine):
            made.append(entry)
            continue
        try:
            made.append(converted(entry, grid, frame))
        except Unplaced:
            made.append(entry)
            left += 1
    return made, left
