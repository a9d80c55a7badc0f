"""A walk through the whole work on a real X server, by mouse and keyboard; see ``walk.py``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from light_merger import put_light_merger

WALK = Path(__file__).with_name("walk.py")


@pytest.fixture
def display(tmp_path):
    """A virtual screen of its own."""
    if shutil.which("Xvfb") is None:
        pytest.skip("there is no Xvfb")
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as said:
        number = said.readline().strip()
    if not number:
        server.wait(timeout=10)
        pytest.skip("Xvfb does not start here")
    yield f":{number}"
    server.terminate()
    server.wait(timeout=10)


def run(word, folder, display):
    homes = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
    environment = {
        **os.environ, "QT_QPA_PLATFORM": "xcb", "DISPLAY": display,
        **{name: str(folder / name.lower()) for name in homes},
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(WALK), word, str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
    )
    if "Could not load the Qt platform plugin" in done.stderr:
        pytest.skip("the libraries of Qt's X platform are not all here")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads((folder / f"{word}.json").read_text())


@pytest.mark.slow
def test_from_a_drop_to_an_export_and_all_is_there_after_a_restart(display, tmp_path):
    put_light_merger(tmp_path / "xdg_data_home")
    before = run("first", tmp_path, display)
    table = (tmp_path / "out.fits").read_bytes()
    assert table.startswith(b"SIMPLE")
    judged = [row for row in before["rows"] if row["user_quality"] == "3"]
    assert [row["task"] for row in judged] == ["redshift"]
    assert judged[0]["user_class"] in {"", "None"}
    after = run("again", tmp_path, display)
    assert after["rows"] == before["rows"]
    assert after["files"] == before["files"] == 3
    assert after["history"] == before["history"]
    assert after["docks"] == before["docks"]
