"""The command ``verify``: a project opened, its rows computed again, the verdicts printed."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from astrogui.errors import UsageProblem
from astrogui.session import events
from astrogui.session.comparison import Verdict
from astrogui.session.session import Session

MOST_CELLS = 10  # of a row, in JSON
_ROWS = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}))?")


def run(options: argparse.Namespace) -> bool:
    """Whether every answer asked for came out again. Raises ``UsageProblem``."""
    if not Path(options.project).is_file():
        raise UsageProblem(f"{options.project}: there is no such project.")
    if options.tolerance is not None and not options.tolerance >= 0:
        raise UsageProblem(f"--tolerance {options.tolerance}: it is zero or a positive number.")
    session = Session(options.project, models=options.models, resume=False)
    try:
        known = session.view.row_ids()
        wanted = None if options.rows is None else row_numbers(options.rows, known)
        if not options.json:
            names = {row["row_id"]: row for row in session.view.rows(wanted)}
            session.subscribe(lambda event: _print_event(event, names))
        verdicts = session.verify(wanted, options.tolerance).result()
    except KeyboardInterrupt:
        session.cancel_verify().result()
        raise
    finally:
        session.close()
    agreed = all(verdict.agrees for verdict in verdicts)
    print(as_json(options.project, verdicts) if options.json else summary(verdicts))
    return agreed


def row_numbers(text: str, known: Sequence[int]) -> list[int]:
    """ "1,5-7" as [1, 5, 6, 7]; raises ``UsageProblem``, also for a row that is not ``known``."""
    there = set(known)
    found: dict[int, None] = {}
    for part in text.split(","):
        match = _ROWS.fullmatch(part.strip())
        if match is None:
            raise UsageProblem(f"--rows {text}: rows are written as 1,5-9.")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise UsageProblem(f"--rows {text}: {first}-{last} ends before it begins.")
        for number in range(first, last + 1):  # ends at the first that is not there
            if number not in there:
                raise UsageProblem(f"--rows {text}: there is no row {number}.")
            found[number] = None
    return list(found)


def summary(verdicts: tuple[Verdict, ...]) -> str:
    """One line: how many answers came out how."""
    words = {
        "identical": "identical", "within": "within tolerance", "differs": "different",
        "impossible": "not verifiable", "cancelled": "cancelled",
    }  # fmt: skip
    counts = {state: sum(v.state == state for v in verdicts) for state in words}
    told = [f"{count} {words[state]}" for state, count in counts.items() if count]
    return f"{len(verdicts)} answers: " + (", ".join(told) or "none to verify")


def as_json(project: str, verdicts: tuple[Verdict, ...]) -> str:
    """The verdicts for programs: one object a row, the largest differences first."""
    rows = [
        {**asdict(verdict), "cells": [asdict(cell) for cell in verdict.cells[:MOST_CELLS]]}
        for verdict in verdicts
    ]
    agreed = all(verdict.agrees for verdict in verdicts)
    return json.dumps(
        {"project": str(project), "agrees": agreed, "answers": _finite(rows)}, allow_nan=False
    )


def _print_event(event: events.Event, names: dict[int, dict[str, object]]) -> None:
    if isinstance(event, events.RowVerified):
        row = names.get(event.row_id, {})
        name = row.get("object_id") or str(row.get("file") or "").rpartition("/")[2]
        print(f"row {event.row_id}  {name}  {event.task}  {event.words}", flush=True)
    elif isinstance(event, events.WorkerLost | events.Noticed):
        print(f"astrogui: {event.words}", file=sys.stderr, flush=True)


def _finite(value: object) -> object:
    """Infinite differences as text: JSON has no infinity."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return "infinite" if value == float("inf") else value
