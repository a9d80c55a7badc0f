"""The built application, started without a screen and driven from the samples to an export.

`python packaging/build.py` names its folder in ``ASTROGUI_BUILT``; elsewhere these are skipped.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILT = os.environ.get("ASTROGUI_BUILT", "")
pytestmark = pytest.mark.skipif(not BUILT, reason="no built application is named")


@pytest.fixture
def run(tmp_path):
    """Runs the built program in a home of its own, without this installation's Python."""
    program = Path(BUILT) / ("astrogui.exe" if sys.platform == "win32" else "astrogui")
    kept = {"PATH", "LANG", "SYSTEMROOT", "TEMP", "TMP", "LD_LIBRARY_PATH", "XDG_RUNTIME_DIR"}
    environment = {name: value for name, value in os.environ.items() if name in kept}
    environment |= {"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path)}

    def start(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program), *words],
            capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=180,
        )  # fmt: skip

    return start


def samples() -> list[str]:
    return sorted(str(path) for path in (ROOT / "resources" / "samples").iterdir())


def test_it_answers_the_samples_and_exports_them_in_every_format(run, tmp_path):
    from astropy.table import Table

    project = tmp_path / "night.astrogui"
    done = run("analyze", *samples(), "--project", str(project), "--export", "night.fits")
    assert done.returncode == 0, done.stderr
    rows = Table.read(tmp_path / "night.fits")
    assert {"z", "prob_star", "chirp_mass_det"} <= set(rows.colnames)
    for column in ("z", "prob_star", "chirp_mass_det"):
        assert (~rows[column].mask).any() if hasattr(rows[column], "mask") else len(rows), column
    for ending in ("vot", "ecsv", "csv", "parquet"):
        done = run("analyze", *samples(), "--project", str(project), "--export", f"night.{ending}")
        assert done.returncode == 0, (ending, done.stderr)
        assert (tmp_path / f"night.{ending}").stat().st_size > 1000


def test_its_window_opens_the_samples_and_shows_their_answers(run, tmp_path):
    from PIL import Image

    done = run("--demo", "--screenshot", str(tmp_path / "window.png"))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    with Image.open(tmp_path / "window.png") as picture:
        assert picture.size == (1600, 1000)
        assert len(picture.convert("RGB").getcolors(2**24)) > 500


def test_it_replays_every_golden_record_and_says_what_it_lacks(run):
    done = run("doctor", "--models")
    assert done.returncode == 0, done.stdout + done.stderr
    for task in ("redshift", "star_galaxy", "bbh"):
        assert task in done.stdout
    done = run("train", "redshift", "--quick")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "full installation" in done.stderr
