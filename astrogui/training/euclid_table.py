"""The comparison of redshift classifiers, made by one command.

``python -m astrogui.training.euclid_table --examples 40000 400000`` trains every row that is not
yet kept in ``--workdir``, tries each on the same held-out spectra, and writes the table (a page of
the guide) and its figures. ``--quick`` shows in a minute that all of it works; ``--minutes`` stops
between rows, and the same call goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from astrogui.training.euclid_rows import CLASSICAL, METHODS, Row, Setting, made, planned
from astrogui.training.recipe import Progress
from astrogui.training.simulate_euclid import (
    LIBRARY_SPECTRA,
    Library,
    blurred_library,
    rest_library,
)

ROOT = Path(__file__).resolve().parents[2]
MARKS = ("<!-- table -->", "<!-- end of table -->")


def main(arguments: Sequence[str] | None = None) -> int:
    """Make what is missing, then write the table and the figures."""
    options = _parser().parse_args(arguments)
    if "KERAS_BACKEND" not in os.environ:
        os.environ["KERAS_BACKEND"] = "jax"
    rows = planned(options.examples, options.methods)
    figures = make_rows(
        rows, _setting(options), Path(options.workdir), options.quick, 60 * options.minutes, _say
    )
    table = Path(options.workdir) / "table.json"
    table.write_text(json.dumps({"columns": 4, "rows": figures}), encoding="utf-8")
    print(text_table(figures))
    if options.page:
        write_page(Path(options.page), text_table(figures))
    if options.figures:
        return draw_figures(figures, Path(options.figures), Path(options.workdir))
    return 0


def make_rows(
    rows: Sequence[Row],
    setting: Setting,
    workdir: Path,
    quick: bool,
    seconds: float,
    progress: Progress,
) -> list[dict[str, Any]]:
    """The figures of every row in order; one that the time did not allow has its names only."""
    started = time.monotonic()
    kept = workdir / ("quick" if quick else "rows")

    @cache
    def library() -> Library:
        count = 60 if quick else LIBRARY_SPECTRA
        return blurred_library(rest_library(workdir, count, 2019, progress))

    figures = []
    for row in rows:
        if (kept / f"{row.key}.json").exists() or time.monotonic() - started <= seconds:
            figures.append(made(row, setting, library, kept, progress))
        else:
            figures.append({"method": row.method, "examples": row.examples, "noisy": row.noisy})
    return figures


def text_table(figures: Sequence[dict[str, Any]]) -> str:
    """The rows as Markdown, noisy and clean side by side in order of the plan."""
    head = ("network or method", "spectra", "noise", "exact class", "within 1", "within 5",
            "catastrophic", "cost")  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in sorted(figures, key=lambda row: (row["noisy"], row["examples"])):
        cells = [row["method"], f"{row['examples']:,}", "noisy" if row["noisy"] else "clean"]
        if "exact" in row:
            cells += [f"{100 * row[name]:.1f} %" for name in
                      ("exact", "within_1", "within_5", "catastrophic")]  # fmt: skip
            cells.append(_cost(row))
        else:
            cells += ["not run", "", "", "", ""]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_page(page: Path, table: str) -> None:
    """Put the table between its marks; raises ``ValueError`` where the page has none."""
    text = page.read_text(encoding="utf-8")
    before, first, rest = text.partition(MARKS[0])
    _, last, after = rest.partition(MARKS[1])
    if not first or not last:
        raise ValueError(f"{page} has no {MARKS[0]} and {MARKS[1]} to put the table between")
    page.write_text(f"{before}{first}\n\n{table}\n\n{last}{after}", encoding="utf-8")


def draw_figures(figures: Sequence[dict[str, Any]], folder: Path, workdir: Path) -> int:
    """``euclid_clean.png`` and ``euclid_noisy.png``; drawn by the viewers in their own process."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, noisy in (("clean", False), ("noisy", True)):
        chosen = [row for row in figures if row["noisy"] == noisy and "exact" in row]
        if not chosen:
            continue
        part = workdir / f"table_{name}.json"
        columns = len(chosen) if len(chosen) < 4 else min(4, -(-len(chosen) // 2))
        part.write_text(json.dumps({"columns": columns, "rows": chosen}), encoding="utf-8")
        command = [sys.executable, "-m", "astrogui.viewers.truth_density", str(part.resolve()),
                   str((folder / f"euclid_{name}.png").resolve())]  # fmt: skip
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"The figure was not drawn: {done.stdout}{done.stderr}", file=sys.stderr)
            return 1
    return 0


def _cost(row: dict[str, Any]) -> str:
    if row["method"] == "nearest neighbours":
        return f"{row['answering_seconds']:.0f} s to answer"
    return f"{row['seconds']:.0f} s"


def _setting(options: argparse.Namespace) -> Setting:
    if options.quick:
        return Setting(test=60, validation=30, passes=1, trees=2, seed=options.seed)
    return Setting(seed=options.seed)


def _say(words: str) -> None:
    print(words, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="euclid_table", description=__doc__)
    add = parser.add_argument
    add("--examples", type=int, nargs="+", default=[40_000], metavar="N")
    add("--methods", nargs="+", choices=list(METHODS), default=["1 convolution", "3 convolutions",
        *CLASSICAL])  # fmt: skip
    add("--workdir", default=".training/euclid_table", help="rows made, to go on from")
    add("--figures", metavar="FOLDER", help="write euclid_clean.png and euclid_noisy.png there")
    add("--page", metavar="FILE.md", help="put the table between the marks of this page")
    add("--minutes", type=float, default=float("inf"), help="begin no row after this")
    add("--quick", action="store_true", help="tiny sets, to try the command")
    add("--seed", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
