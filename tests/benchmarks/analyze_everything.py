"""Analyse every real file, export in all formats, read each back, also by an independent reader.

``python tests/benchmarks/analyze_everything.py DATA [--stilts stilts]`` prints, for spectra,
strain and a five-band field: files, rows, answered rows, flagged rows, exit code, seconds; then for
each format whether it reads back equal. The independent reader of FITS and VOTable is STILTS.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

ENDINGS = (".fits", ".vot", ".ecsv", ".csv", ".parquet")
PLACES = {
    "spectra": ("spectra",),
    "strain": ("strain/files",),
    "images": ("images/frames",),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--stilts", default="stilts")
    options = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, places in PLACES.items():
            paths = [options.data / place for place in places]
            failures += analyze(name, paths, Path(folder), shutil.which(options.stilts))
    return 1 if failures else 0


def analyze(name: str, paths: list[Path], folder: Path, stilts: str | None) -> int:
    """One run of ``analyze`` and its exports; the number of exports that differ."""
    project = folder / f"{name}.astrogui"
    files = sum(1 for path in paths for _ in path.rglob("*") if _.is_file())
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "analyze", *map(str, paths),
         "--project", str(project), "--quiet", "--export", str(folder / f"{name}.fits")],
        capture_output=True, text=True,
    )  # fmt: skip
    seconds = time.monotonic() - start
    from astrogui.session.session import Session

    class Idle:
        """No worker is needed to export."""

        def start(self, report: object) -> None: ...

        def submit(self, job: object) -> None: ...

        def cancel(self, job_id: int) -> None: ...

        def close(self) -> None: ...

    session = Session(project, runner=Idle(), reader=Idle(), resume=False)
    rows = session.view.rows()
    answered = sum(bool(row["task"]) for row in rows)
    refused = [row for row in rows if not row["task"]]
    wordless = sum(not any(row.get(k) for k in row if k.startswith("flags")) for row in refused)
    print(
        f"{name}: {files} files, {len(rows)} rows, {answered} answered, {len(refused)} flagged "
        f"without an answer ({wordless} of them without words), exit code {done.returncode}, "
        f"{seconds:.1f} s; traceback on stderr: {'Traceback' in done.stderr}"
    )
    differing = 0
    for ending in ENDINGS:
        out = folder / f"{name}{ending}"
        count = session.export(out).result()  # raises when it does not read back equal
        words = f"  {ending:9} {count} rows read back equal"
        if stilts and ending in {".fits", ".vot"}:
            difference = compare_with_stilts(stilts, out, rows)
            words += "; STILTS: " + (difference or "equal")
            differing += bool(difference)
        print(words, flush=True)
    session.close()
    return differing


def compare_with_stilts(stilts: str, path: Path, rows: list[dict]) -> str:
    """What an independent reader finds different from the rows; "" for nothing."""
    done = subprocess.run(
        [stilts, "tcopy", f"in={path}", "out=-", "ofmt=csv"], capture_output=True, text=True
    )
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    read = list(csv.DictReader(io.StringIO(done.stdout)))
    if len(read) != len(rows):
        return f"{len(read)} rows for {len(rows)}"
    for number, (theirs, ours) in enumerate(zip(read, rows, strict=True)):
        for name, text in theirs.items():
            if not same(text, ours.get(name)):
                return f"row {number + 1}, {name}: {text!r} for {ours.get(name)!r}"
    return ""


def same(text: str, value: object) -> bool:
    """Whether a cell as STILTS writes it is the value; null and NaN are empty there."""
    if value is None or value == "":
        return text in {"", "NaN"}
    if isinstance(value, bool):
        return text == str(value).lower() or text == str(int(value))
    if isinstance(value, int | float):
        return math.isclose(float(text), float(value), rel_tol=1e-12, abs_tol=1e-300)
    plain = str(value).strip()
    return text.strip() in {plain, plain.encode("unicode_escape").decode("ascii")}


if __name__ == "__main__":
    raise SystemExit(main())
