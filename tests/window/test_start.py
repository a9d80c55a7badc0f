"""The start: what is painted first, what is imported when, and the picture on demand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QFontDatabase, QImage, QRawFont

from astrogui.window import application

ROOT = Path(__file__).resolve().parents[2]


def run(words, tmp_path, timeout=90, **variables):
    environment = {
        **os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(tmp_path / "c"),
        "XDG_DATA_HOME": str(tmp_path / "d"), "XDG_STATE_HOME": str(tmp_path / "s"), **variables,
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, cwd=ROOT, env=environment,
        timeout=timeout,
    )  # fmt: skip


SHELL = """
import sys
from astrogui.window.start import _application
from astrogui.window.main_window import MainWindow
from astrogui.window.theme import ThemeKeeper
application = _application()
ThemeKeeper(application, "dark")
window = MainWindow()
window.painted.connect(application.quit)
window.show()
application.exec()
heavy = {"numpy", "pyqtgraph", "astropy", "scipy", "h5py", "sqlite3", "tensorflow", "keras"}
print(sorted(heavy & set(sys.modules)), "astrogui.session.session" in sys.modules)
"""


def test_the_first_paint_needs_neither_numpy_nor_the_session(tmp_path):
    done = run(["-c", SHELL], tmp_path)
    assert done.stdout.split("\n")[0] == "[] False", done.stderr


def test_importing_the_window_loads_no_network_runtime(tmp_path):
    code = (
        "import sys, astrogui.window.start, astrogui.window.workbench, astrogui.window.viewer_area;"
        "print(sorted({'tensorflow','keras','onnxruntime','jax','astropy','h5py'}&set(sys.modules)))"
    )
    assert run(["-c", code], tmp_path).stdout.strip() == "[]"


def test_files_dropped_before_the_session_is_there_are_not_lost(qtbot, tmp_path, monkeypatch):
    from argparse import Namespace

    from fake_session import FakeSession

    from astrogui.window.start import Start

    fake = FakeSession()
    monkeypatch.setattr("astrogui.session.session.Session", lambda *_, **__: fake)
    start = Start(Namespace(files=["/data/a.fits"], demo=False, project=None, screenshot="x.png"))
    start.window.drop.dropped.emit(["/data/b.fits"])
    start._open_session()
    start.window.drop.dropped.emit(["/data/c.fits"])
    start._build_bench()
    for step in start.bench.steps():
        step()
    start.window.drop.dropped.emit(["/data/d.fits"])
    start.close()
    added = [call[1] for call in fake.calls if call[0] == "add"]
    assert added == [("/data/a.fits", "/data/b.fits"), ("/data/c.fits",), ("/data/d.fits",)]


def picture(tmp_path, *words):
    path = tmp_path / "out.png"
    done = run(["main.py", *map(str, words), "--screenshot", str(path)], tmp_path)
    assert done.returncode == 0, done.stderr
    return QImage(str(path)), done


def test_a_picture_of_the_window_shows_first_steps(qapp, tmp_path):
    image, _ = picture(tmp_path, "--project", tmp_path / "p.astrogui")
    assert (image.width(), image.height()) == (1600, 1000)
    colours = {image.pixel(x, y) for x in range(0, 1600, 4) for y in range(0, 1000, 4)}
    assert len(colours) > 20


def test_a_picture_of_a_bad_file_says_so_and_still_comes(qapp, tmp_path):
    bad = tmp_path / "bad.fits"
    bad.write_bytes(b"SIMPLE  =                    T / cut")
    image, _ = picture(tmp_path, bad)
    assert image.height() == 1000


def test_a_broken_project_is_said_and_an_empty_one_opened(tmp_path):
    broken = tmp_path / "broken.astrogui"
    broken.write_text("no database")
    picture = tmp_path / "out.png"
    done = run(["main.py", "--project", str(broken), "--screenshot", str(picture)], tmp_path)
    assert done.returncode == 1
    assert "broken.astrogui" in done.stderr
    assert picture.exists()


def test_an_option_that_there_is_not_is_said_and_the_window_comes(tmp_path):
    picture, sample = tmp_path / "out.png", "resources/samples/spectrum_simulated_quasar.fits"
    words = ["main.py", sample, "--option", "star_densty=1", "--screenshot", str(picture)]
    done = run(words, tmp_path)
    assert done.returncode == 1
    assert "--option star_densty=1: there is no such option" in done.stderr
    assert picture.exists()


def test_a_picture_that_cannot_be_written_is_an_error(tmp_path):
    done = run(["main.py", "--screenshot", str(tmp_path / "no" / "out.png")], tmp_path)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_from_the_terminal_ends_the_program_in_order(tmp_path, number):
    environment = {
        **os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_DATA_HOME": str(tmp_path),
        "ASTROGUI_TRACE_START": "1", "XDG_CONFIG_HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "main.py"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )
    said = ""
    for line in process.stderr:
        said += line
        if line.startswith("built"):
            break
    process.send_signal(number)
    _, rest = process.communicate(timeout=30)
    assert process.returncode == 0, said + rest
    assert "Traceback" not in rest


@pytest.mark.parametrize(
    ("variables", "is_pictured", "expected"),
    [
        ({}, True, "offscreen"),
        ({}, False, "offscreen"),
        ({"DISPLAY": ":0"}, False, None),
        ({"WAYLAND_DISPLAY": "wayland-0"}, False, None),
        ({"DISPLAY": ":0"}, True, "offscreen"),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "xcb"}, True, "xcb"),
    ],
)
def test_the_platform_follows_display_and_flag(
    monkeypatch, capsys, variables, is_pictured, expected
):
    monkeypatch.setattr(application.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    application.choose_platform(is_pictured=is_pictured)
    assert os.environ.get("QT_QPA_PLATFORM") == expected
    assert ("no display" in capsys.readouterr().err) == (not variables and not is_pictured)


def test_the_fonts_of_this_machine_have_the_signs_of_the_field(qapp):
    raw = QRawFont.fromFont(qapp.font())
    families = QFontDatabase.families()
    assert families, "no fonts: install fonts-dejavu-core"
    missing = [sign for sign in "αλσ±−☉″Å⁻¹" if not raw.supportsCharacter(ord(sign))]
    assert missing == []


def test_no_class_of_qts_is_first_made_by_an_import_in_a_thread():
    """In a process of its own: here pyqtgraph is imported already."""
    code = """
import importlib
from PySide6 import QtCore, QtGui, QtWidgets
from astrogui.window.start import class_steps
modules = QtCore, QtGui, QtWidgets
before = [len(vars(module)) for module in modules]
for step in class_steps():
    step()
made = [len(vars(module)) for module in modules]
assert all(new > old for new, old in zip(made, before)), (before, made)
importlib.import_module("pyqtgraph")
after = [len(vars(module)) for module in modules]
assert after == made, (made, after)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
