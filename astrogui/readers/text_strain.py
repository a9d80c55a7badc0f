"""Strain as text: one column as GWOSC releases it, or two columns of GPS time and strain.

The one-column layout tells rate, start and duration in its first lines; the two-column one is
recognised by its GPS times. Source: GWOSC open-data documentation.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged, MissingMetadata, TooLarge
from astrogui.readers.reader import Head, Reader
from astrogui.readers.strain_note import (
    UNKNOWN_DETECTOR,
    UNKNOWN_QUALITY,
    even_spacing,
    gap_notes,
    require_samples,
    require_timing,
)
from astrogui.records.provenance import Provenance
from astrogui.records.source import Kind, Source
from astrogui.records.strain import Strain

MAX_TEXT_BYTES = 512 << 20
FIRST_GPS, LAST_GPS = 6e8, 4e9  # 1999 and 2106
_RATE = re.compile(r"(\d+(?:\.\d+)?) samples per second", re.IGNORECASE)
_START = re.compile(r"starting GPS (\d+(?:\.\d+)?) duration (\d+(?:\.\d+)?)", re.IGNORECASE)
_DETECTOR = re.compile(r"\b([HLVKG]1)\b")


@dataclass(frozen=True, slots=True)
class _Table:
    samples: NDArray[np.float64]
    gps_start: float
    sample_rate_hz: float
    detector: str
    notes: tuple[str, ...]
    comments: tuple[str, ...]


class TextStrain(Reader):
    """Text of one column with GWOSC's header, or of two columns whose first is GPS time."""

    name = "text strain"
    kind: Kind = "strain"

    def claims(self, head: Head) -> bool:
        if not head.is_text:
            return False
        comments, rows = _start_of(head.first)
        if _RATE.search(comments) and _START.search(comments):
            return True
        if not rows or any(len(row) != 2 for row in rows):
            return False
        in_gps = all(FIRST_GPS < row[0] < LAST_GPS for row in rows)
        return in_gps or re.search(r"\bstrain\b", comments, re.IGNORECASE) is not None

    def sources(self, head: Head) -> Sequence[Source]:
        table = _table(head)
        return [
            head.source(
                self,
                detector=table.detector,
                gps_start=table.gps_start,
                duration_s=table.samples.size / table.sample_rate_hz,
                sample_rate_hz=table.sample_rate_hz,
                shape=(table.samples.size,),
                remarks=table.notes,
            )
        ]

    def read(self, source: Source) -> Strain:
        table = _table(Head(source.path, dict(source.options)))
        return Strain(
            samples=table.samples,
            gps_start=table.gps_start,
            sample_rate_hz=table.sample_rate_hz,
            detector=table.detector,
            notes=gap_notes(table.samples, table.sample_rate_hz) + table.notes,
            header={f"line {n}": line for n, line in enumerate(table.comments, 1)},
            provenance=Provenance(
                path=source.path,
                sha256=source.sha256,
                reader=self.name,
                reader_version=self.version,
            ),
        )


def _start_of(first: bytes) -> tuple[str, list[list[float]]]:
    """The comment lines and the first rows of numbers; no rows where a line is neither."""
    lines = first.decode("utf-8", errors="replace").splitlines()
    comments = [line.lstrip("#% ") for line in lines if line.lstrip().startswith(("#", "%"))]
    rows: list[list[float]] = []
    for line in lines[:-1]:
        if not line.strip() or line.lstrip().startswith(("#", "%")):
            continue
        try:
            rows.append([float(word) for word in re.split(r"[\s,;]+", line.strip())])
        except ValueError:
            return " ".join(comments), []
        if len(rows) == 8:
            break
    return " ".join(comments), rows


def _table(head: Head) -> _Table:
    content = head.content
    if len(content) > MAX_TEXT_BYTES:
        raise TooLarge(head.path, "", "more than 512 MB of text", "Fetch the HDF5 file instead.")
    if not content.endswith((b"\n", b"\r")):
        raise Damaged(
            head.path,
            f"line {content.count(10) + 1}",
            "the last line does not end, so it may be cut",
            "Fetch the file again, or end its last line if it is whole.",
        )
    comments, _ = _start_of(head.first)
    detectors = set(_DETECTOR.findall(comments))
    detector = head.options.get("detector", "") or (detectors.pop() if len(detectors) == 1 else "")
    columns = _columns(head, content)
    rate, start = _RATE.search(comments), _START.search(comments)
    notes = (UNKNOWN_QUALITY,) if detector else (UNKNOWN_QUALITY, UNKNOWN_DETECTOR)
    lines = tuple(line.strip() for line in comments.splitlines())
    if rate and start:
        return _one_column(head, columns, rate, start, detector, notes, lines)
    return _two_columns(head, columns, detector, notes, lines)


def _columns(head: Head, content: bytes) -> NDArray[np.float64]:
    """(rows, columns) of numbers; raises ``Damaged`` naming the row."""
    text = content.decode("utf-8", errors="replace").replace(",", " ").replace(";", " ")
    try:
        return np.loadtxt(io.StringIO(text), dtype=np.float64, comments=("#", "%"), ndmin=2)
    except (ValueError, MemoryError, OverflowError) as error:
        words = " ".join(str(error).split())[:160]
        raise Damaged(
            head.path, "rows of numbers", f"a row cannot be read ({words})", "Fetch it again."
        ) from error


def _one_column(
    head: Head,
    columns: NDArray[np.float64],
    rate: re.Match[str],
    start: re.Match[str],
    detector: str,
    notes: tuple[str, ...],
    comments: tuple[str, ...],
) -> _Table:
    rate_hz, gps_start, duration_s = float(rate[1]), float(start[1]), float(start[2])
    due = rate_hz * duration_s
    if columns.shape[1] != 1 or abs(columns.shape[0] - due) > 0.5:
        raise Damaged(
            head.path,
            "first lines",
            f"they promise one column of {due:.0f} samples, found {columns.shape[0]} rows of "
            f"{columns.shape[1]}",
            "The file was cut; fetch it again.",
        )
    rate_hz = require_timing(head.path, "first lines", gps_start, 1 / rate_hz if rate_hz else 0.0)
    samples = np.ascontiguousarray(columns[:, 0])
    require_samples(head.path, "column 1", samples)
    return _Table(samples, gps_start, rate_hz, detector, notes, comments)


def _two_columns(
    head: Head,
    columns: NDArray[np.float64],
    detector: str,
    notes: tuple[str, ...],
    comments: tuple[str, ...],
) -> _Table:
    if columns.shape[1] != 2 or columns.shape[0] < 2:
        raise Damaged(
            head.path,
            "rows of numbers",
            f"expected rows of GPS time and strain, found {columns.shape[0]} rows of "
            f"{columns.shape[1]}",
            "Give a file of two columns.",
        )
    times_s, samples = columns[:, 0], np.ascontiguousarray(columns[:, 1])
    require_samples(head.path, "column 2", samples)
    if not FIRST_GPS < times_s[0] < LAST_GPS:
        raise MissingMetadata(
            head.path,
            "column 1",
            f"the times begin at {times_s[0]:g}, which is no GPS time",
            "Give GPS seconds, or fetch the file from GWOSC.",
        )
    spacing_s = even_spacing(times_s)
    if spacing_s is None:
        raise Damaged(
            head.path,
            "column 1",
            "the times do not rise evenly",
            "Fill gaps with rows whose strain is nan, so that none is hidden.",
        )
    rate_hz = require_timing(head.path, "column 1", float(times_s[0]), spacing_s)
    duration_s = samples.size / rate_hz
    if abs(duration_s - round(duration_s)) > 0.5 / rate_hz:
        notes = (*notes, f"{duration_s:.3f} s, not whole seconds: the text may have been cut")
    return _Table(samples, float(times_s[0]), rate_hz, detector, notes, comments)
