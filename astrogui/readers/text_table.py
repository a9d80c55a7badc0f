"""Columns of numbers in plain text: names, comments and rows, cut or broken lines found."""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged, TooLarge

MAX_TEXT_BYTES = 256 << 20
MAX_HEADER_LINES = 400
_COMMENT = ("#", "%", "!", ";", "\\", "//")
_MISSING = {"", "-", "--", "null", "none", "na", "n/a", "nan", "indef", "..."}
_AXIS = re.compile(r"log|wav|wl|wvl|lam|awav|λ|Λ|spectral", re.IGNORECASE)
_KEY_VALUE = re.compile(r"\s*([A-Za-z][\w .-]{0,30}?)\s*[:=]\s*(.*)")


@dataclass(slots=True)
class TextTable:
    """Rows (n, columns) and what stands above them."""

    rows: NDArray[np.float64]
    names: list[str] = field(default_factory=list)  # of the columns, as written; [] without
    comments: list[str] = field(default_factory=list)

    @property
    def pairs(self) -> dict[str, str]:
        """The comments of the form "key: value" or "key = value"."""
        found: dict[str, str] = {}
        for comment in self.comments:
            match = _KEY_VALUE.fullmatch(comment)
            if match:
                found.setdefault(match[1].strip(), match[2].strip())
        return found


def words_of(line: str) -> list[str]:
    """The cells of a line: by commas, semicolons, bars or tabs where there are any, else blanks."""
    for separator in (",", ";", "|", "\t"):
        if separator in line:
            cells = [word.strip() for word in line.split(separator)]
            while cells and not cells[-1]:
                cells.pop()
            return cells[1:] if separator == "|" and cells and not cells[0] else cells
    return line.split()


def numbers_of(line: str) -> list[float] | None:
    """The numbers of a line, NaN where a value is missing; None when it holds other words."""
    words = words_of(line)
    try:
        values = list(map(float, words))
    except ValueError:  # a missing value, an exponent written D, or no numbers at all
        if (cells := _numbers(words)) is None:
            return None
        values = cells
    return values if values and not all(map(math.isnan, values)) else None


def _numbers(words: list[str]) -> list[float] | None:
    values = []
    for word in words:
        if word.lower() in _MISSING:
            values.append(math.nan)
            continue
        try:
            values.append(float(word.replace("D", "E").replace("d", "e")))
        except ValueError:
            return None
    return values


def _plain_numbers(line: str) -> list[float] | None:
    """What ``numbers_of`` a line without tabs is, soon; None or [] where that must be asked."""
    try:
        values = list(map(float, line.split()))
    except ValueError:
        return None
    return values if values and not math.isnan(values[0]) else None


def parse_start(text: str) -> tuple[list[str], list[str], list[list[float]]]:
    """Comments, names of columns and rows of numbers of a text that may end anywhere."""
    comments: list[str] = []
    titles: list[str] = []
    rows: list[list[float]] = []
    tabs = "\t" in text
    for line in text.splitlines():
        if rows and not tabs and (numbers := _plain_numbers(line)):
            rows.append(numbers)
            continue
        bare = line.strip()
        if not bare:
            continue
        if bare.startswith(_COMMENT):
            comments.append(bare.lstrip("#%!;\\/ ").strip())
            continue
        numbers = numbers_of(bare)
        if numbers is None:
            if rows or len(titles) >= 3:
                break
            titles.append(bare)
        else:
            rows.append(numbers)
    width = len(rows[0]) if rows else 0
    return comments, _names(titles, comments, width), rows


def _names(titles: list[str], comments: list[str], width: int) -> list[str]:
    """Names of ``width`` columns from a title line, else from the last comments that fit."""
    for line in [*titles[::-1], *comments[::-1][:6]]:
        cells = [word.strip("\"' ") for word in words_of(line)]
        if line not in titles and not any(_AXIS.match(cell) for cell in cells):
            continue  # a remark that happens to have as many words
        plain = all(re.match(r"[A-Za-zλΛ_]", cell) for cell in cells)
        if len(cells) == width and plain and not _KEY_VALUE.fullmatch(line):
            return cells
    return []


def parse(path: str, content: bytes) -> TextTable:
    """The whole table; raises ``Damaged`` naming the line that does not fit."""
    if len(content) > MAX_TEXT_BYTES:
        raise TooLarge(
            path, "", f"more than {MAX_TEXT_BYTES >> 20} MB of text", "Write it as a FITS table."
        )
    text = content.decode("utf-8", errors="replace")
    lines = text.splitlines()
    start = _first_row(lines)
    comments, names, first = parse_start("\n".join(lines[: start + 1]))
    body = list(filter(str.strip, lines[start:]))
    rows = _quick(body)
    if rows is None:
        rows = _slow(path, lines, start, len(first[0]) if first else 0)
    if body and not text.endswith(("\n", "\r")):
        _check_last_line(path, body, len(lines))
    return TextTable(rows, names, comments)


def _check_last_line(path: str, body: list[str], count: int) -> None:
    """Raise ``Damaged`` unless a last line without an end is written out like those before it."""
    before = {_pattern(line) for line in body[-40:-1]}
    if len(before) == 1 and _pattern(body[-1]) in before:
        return
    raise Damaged(
        path,
        f"line {count}",
        "the last line does not end, so it may have been cut",
        "Fetch the file again, or end its last line if it is whole.",
    )


def _pattern(line: str) -> tuple[int, ...]:
    """Digits after the point of each number: the same in every line of a fixed format."""
    return tuple(len(word.rpartition(".")[2]) for word in words_of(line.strip()))


def _first_row(lines: list[str]) -> int:
    for index, line in enumerate(lines[:MAX_HEADER_LINES]):
        bare = line.strip()
        if bare and not bare.startswith(_COMMENT) and numbers_of(bare) is not None:
            return index
    return len(lines)


def _quick(body: list[str]) -> NDArray[np.float64] | None:
    """The rows by NumPy's parser, None where it stumbles."""
    if not body:
        return np.empty((0, 0))
    delimiter = next((mark for mark in (",", ";", "\t") if mark in body[0]), None)
    if delimiter == "\t" or "|" in body[0]:
        delimiter = None
        if "|" in body[0]:
            return None
    try:
        return np.loadtxt(io.StringIO("\n".join(body)), delimiter=delimiter, comments="#", ndmin=2)
    except (ValueError, OverflowError):
        return None


def _slow(path: str, lines: list[str], start: int, width: int) -> NDArray[np.float64]:
    """The rows one by one, so that a broken one is named."""
    rows: list[list[float]] = []
    for index, line in enumerate(lines[start:], start=start + 1):
        bare = line.strip()
        if not bare or bare.startswith(_COMMENT):
            continue
        numbers = numbers_of(bare)
        if numbers is not None and len(numbers) == width:
            rows.append(numbers)
        else:
            found = "words" if numbers is None else f"{len(numbers)} numbers"
            raise Damaged(
                path,
                f"line {index}",
                f"{width} numbers are due, found {found}: {bare[:60]!r}",
                "The file was cut or mixed up; mend the line or fetch the file again.",
            )
    return np.array(rows, dtype=np.float64).reshape(len(rows), width)
