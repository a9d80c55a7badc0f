"""The example script runs as it stands, on the bundled samples."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from light_merger import put_light_merger

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "resources" / "examples" / "a_night_of_files.py"


def test_the_example_answers_judges_and_exports(tmp_path):
    from astropy.table import Table

    put_light_merger(tmp_path)
    homes = {f"XDG_{kind}_HOME": str(tmp_path) for kind in ("DATA", "CONFIG", "STATE", "CACHE")}
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), "--out", str(tmp_path / "night")],
        capture_output=True, text=True, cwd=tmp_path, timeout=180,
        env={**os.environ, **homes, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for words in ("chirp_mass_det = ", "z = ", "prob_star = ", "draws of the posterior"):
        assert words in done.stdout
    assert "RowsChanged" in done.stdout
    night = Table.read(tmp_path / "night" / "night.fits")
    assert sorted(set(night["user_quality"])) == [3, 4]
    assert len(Table.read(tmp_path / "night" / "chosen.ecsv")) == 1
    assert (tmp_path / "night" / "night.posteriors.hdf5").stat().st_size > 1000
