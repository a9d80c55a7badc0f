"""Names of files to write, judged before an hour of work instead of after it."""

from __future__ import annotations

import argparse

from astrogui.errors import UsageProblem


def check_ending(path: str) -> None:
    from astrogui.errors import ExportProblem
    from astrogui.session.exporting import known_ending

    try:
        known_ending(path)
    except ExportProblem as problem:
        raise UsageProblem(str(problem)) from problem


def check_merger_endings(options: argparse.Namespace) -> None:
    from astrogui.errors import ExportProblem
    from astrogui.session.merger_files import check_ending

    for path in filter(
        None, (getattr(options, "samples", None), getattr(options, "sky_map", None))
    ):
        try:
            check_ending(path)
        except ExportProblem as problem:
            raise UsageProblem(str(problem)) from problem
