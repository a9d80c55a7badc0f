"""Exports under an allocator that notices a write beyond a block's end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = """
import sys
from pathlib import Path
from astrogui.export.votable import VoTable
from astrogui.records.catalogue import Column, catalogue_from_rows

for length in range(150, 520):
    table = catalogue_from_rows((Column(name="file", type="text"),), [{"file": "x" * length}])
    VoTable().write(table, Path(sys.argv[1]))
print("written")
"""


def test_a_votable_row_of_any_length_stays_in_its_memory(tmp_path):
    # A row of 256 or 512 bytes once put a zero in the next block: a crash, somewhere, later.
    done = subprocess.run(
        [sys.executable, "-c", WRITTEN, str(tmp_path / "out.vot")],
        cwd=ROOT, env={**os.environ, "PYTHONMALLOC": "debug"},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "written\n"), done.stderr[:2000]
