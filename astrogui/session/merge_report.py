"""``merge-grades``: graders' files into a project, the agreement printed, the catalogue written."""

from __future__ import annotations

import argparse
import json
import math
import sys
from typing import Any

from astrogui.errors import UsageProblem
from astrogui.session import inter_grader, merging
from astrogui.session.inter_grader import Agreement
from astrogui.session.merging import Merged
from astrogui.session.session import Session


def run(options: argparse.Namespace) -> bool:
    """Merge ``files`` into ``project`` and report; whether every file brought judged rows.

    Raises ``UsageProblem`` for a project in blind mode, unless it may be ended.
    """
    session = Session(options.project, resume=False)
    try:
        session.idle().result()
        if session.view.is_blind():
            _end_blind_mode(session, options.unblind)
        merged = session.grading.merge(options.files).result()
        report = session.grading.agreement().result()
        if options.json:
            print(json.dumps(as_json(merged, report), indent=1))
        else:
            _print(merged, report)
        if options.export:
            rows = session.export(options.export).result()
            print(f"astrogui: {rows} rows in {options.export}", file=sys.stderr)
    finally:
        session.close()
    return all(one.rows for one in merged)


def as_json(merged: tuple[Merged, ...], report: Agreement) -> dict[str, Any]:
    """The report as plain values; what is not defined is null."""
    return {
        "merged": [
            {"file": one.path, "grader": one.author, "rows": one.rows, "unmatched": one.unmatched,
             "refused": one.refused}
            for one in merged
        ],
        "graded": report.graded,
        "unblinded": report.unblinded,
        "fields": {
            field.field: {
                "categories": list(field.categories),
                "coefficients": [
                    {"name": one.name, "value": _number(one.value), "low95": _number(one.low),
                     "high95": _number(one.high), "rows": one.rows}
                    for one in field.coefficients
                ],
                "confusion": [
                    {"down": pair[0], "across": pair[1], "rows": table.tolist()}
                    for pair, table in field.tables.items()
                ],
            }
            for field in report.fields
        },
        "redshift": [
            {"graders": list(one.graders), "rows": one.rows, "median_km_s": one.median_km_s,
             "apart": one.apart}
            for one in report.redshifts
        ],
        "disagreements": [
            {"row": one.row_id, "reasons": list(one.reasons)} for one in report.disagreements
        ],
    }  # fmt: skip


def _print(merged: tuple[Merged, ...], report: Agreement) -> None:
    for one in merged:
        print(merging.merged_words(one))
    for line in inter_grader.lines(report):
        print(line)


def _end_blind_mode(session: Session, may: bool) -> None:
    if not may:
        raise UsageProblem(
            f"{session.path}: the project is graded blind. Let every grader finish, then give "
            "--unblind, which ends the blind mode and is recorded."
        )
    session.grading.set_blind(False).result()


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
