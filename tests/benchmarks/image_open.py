"""Seconds from process start to the pixels of a 400 MB FITS on screen, beside its peers.

    python tests/benchmarks/image_open.py [FILE.fits] [--runs 5] [--huge] [--peers-python PYTHON]

Every program is started in turn on a private virtual screen (Xvfb) whose frame buffer is read from
outside: pixels are on screen when the middle of the picture is textured, which neither a start page
nor an empty window is. Memory is the private part (RssAnon) of the window's process, its greatest
until ten seconds after. Peers that are not installed are left out; ginga, glue and napari may be
in an environment of their own, whose interpreter ``--peers-python`` names. ``--huge`` adds a sparse
FITS of 10 GB for our program alone. Linux only.
"""

from __future__ import annotations

import argparse
import math
import mmap
import os
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "benchmarks")]
WIDTH, HEIGHT = 1600, 1000
LONGEST_S = 60.0
SETTLE_S = 10.0
LOOK_S = 0.008
LIMIT_MB, HUGE_LIMIT_S, HUGE_LIMIT_MB = 150, 2.0, 200
HUGE_SIDE = 50_000
LEFT = {"other": 0.2, "glue": 0.45}  # where a fifth of the screen's width lies inside the image
# Programs without a command that shows a file at once: its name stands in sys.argv[1].
NAPARI = """
import sys, napari
from astropy.io import fits
viewer = napari.Viewer()
viewer.add_image(fits.getdata(sys.argv[1], memmap=True))
napari.run()
"""
GLUE = """
import sys
from glue.core import DataCollection
from glue.core.data_factories import load_data
from glue.main import load_plugins
from glue_qt.app import GlueApplication
from glue_qt.utils import get_qapp
from glue_qt.viewers.image import ImageViewer
get_qapp(); load_plugins()
data = load_data(sys.argv[1])
window = GlueApplication(DataCollection(data if isinstance(data, list) else [data]))
viewer = window.new_data_viewer(ImageViewer, window.data_collection[0])
window.resize(1600, 1000)
viewer.parent().showMaximized()
window.start(maximized=True)
"""


@contextmanager
def screen():
    """A virtual screen: its number and its pixels, (height, width) of 0xRRGGBB."""
    with tempfile.TemporaryDirectory(prefix="astrogui-screen-") as folder:
        number = 170
        while os.path.exists(f"/tmp/.X{number}-lock"):
            number += 1
        server = subprocess.Popen(
            ["Xvfb", f":{number}", "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir", folder,
             "-nolisten", "tcp", "-noreset"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            path = Path(folder) / "Xvfb_screen0"
            while not (path.exists() and path.stat().st_size >= 4 * WIDTH * HEIGHT):
                time.sleep(0.05)
            time.sleep(0.5)
            with open(path, "rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
            head = struct.unpack(">25I", mapped[:100])  # of the XWD format
            start, line = head[0] + head[19] * 12, head[12]
            pixels = np.frombuffer(mapped, "<u4", offset=start)[: line // 4 * HEIGHT]
            yield number, pixels.reshape(HEIGHT, -1)[:, :WIDTH]
        finally:
            server.terminate()
            server.wait()


def is_textured(pixels: np.ndarray, left: float = LEFT["other"]) -> bool:
    """Whether the noise of the test image fills the middle of the viewers' pictures."""
    first = int(left * WIDTH)
    middle = pixels[4 * HEIGHT // 10 : 6 * HEIGHT // 10 : 2, first : first + WIDTH // 5] & 0xFFFFFF
    changes = np.mean(middle[:, 1:] != middle[:, :-1])
    return bool(changes > 0.3 and np.unique(middle).size >= 30)


def private_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return 0.0


def one_start(
    command: list[str], number: int, pixels: np.ndarray, left: float = LEFT["other"]
) -> tuple[float, float]:
    """Seconds to the pixels, and the greatest private memory in MB."""
    with tempfile.TemporaryDirectory(prefix="astrogui-home-") as home:
        environment = {**os.environ, "DISPLAY": f":{number}", "HOME": home}
        for name in ("CONFIG", "DATA", "STATE", "CACHE"):
            environment[f"XDG_{name}_HOME"] = home
        environment.pop("QT_QPA_PLATFORM", None)
        begun = time.monotonic()
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            while not is_textured(pixels, left):
                if process.poll() is not None or time.monotonic() - begun > LONGEST_S:
                    raise RuntimeError(f"{command[0]} has shown no image")
                time.sleep(LOOK_S)
            seconds = time.monotonic() - begun
            most = 0.0
            while time.monotonic() - begun < seconds + SETTLE_S:
                most = max(most, private_mb(process.pid))
                time.sleep(0.05)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        while is_textured(pixels, left):
            time.sleep(0.05)
    return seconds, most


def write_huge(path: Path) -> None:
    """A sparse FITS of 10 GB with noise in the rows of which the first look consists."""
    from astrogui.viewers.image_tiles import LARGE_PREVIEW

    cards = ["SIMPLE  =                    T", "BITPIX  =                  -32",
             "NAXIS   =                    2", f"NAXIS1  = {HUGE_SIDE:20d}",
             f"NAXIS2  = {HUGE_SIDE:20d}", "END"]  # fmt: skip
    random = np.random.default_rng(2)
    with open(path, "wb") as file:
        file.write("".join(card.ljust(80) for card in cards).ljust(2880).encode())
        size = 4 * HUGE_SIDE**2
        file.truncate(2880 + size + -size % 2880)
        for row in range(0, HUGE_SIDE, math.ceil(HUGE_SIDE / LARGE_PREVIEW)):
            file.seek(2880 + 4 * row * HUGE_SIDE)
            file.write(random.normal(100, 20, HUGE_SIDE).astype(">f4").tobytes())


def commands(path: Path, peers_python: str = sys.executable) -> dict[str, list[str]]:
    """What shows a file, by name; ours first."""
    found = {"AstroGUI": [sys.executable, str(ROOT / "main.py"), str(path)]}
    if shutil.which("ds9"):
        found["DS9"] = ["ds9", str(path)]
    ginga = Path(peers_python).with_name("ginga")
    if ginga.exists():
        found["ginga"] = [str(ginga), str(path)]
    for name, module, program in (("glue", "glue_qt", GLUE), ("napari", "napari", NAPARI)):
        look = [
            peers_python,
            "-c",
            f"import importlib.util as u; exit(not u.find_spec('{module}'))",
        ]
        if subprocess.run(look).returncode == 0:
            found[name] = [peers_python, "-c", program, str(path)]
    return found


def told(name: str, starts: list[tuple[float, float]], ours: float | None) -> float:
    """Print one program's figures; the least time."""
    seconds = [start[0] for start in starts]
    least, most = min(seconds), max(start[1] for start in starts)
    ratio = f"; ours takes {ours / least:.2f} of it" if ours is not None else ""
    print(
        f"{name}: pixels after {least:.2f} s at best, median {statistics.median(seconds):.2f} s of "
        f"{len(seconds)}; private memory at most {most:.0f} MB{ratio}"
    )
    return least


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--huge", action="store_true")
    parser.add_argument("--peers-python", default=sys.executable, metavar="PYTHON")
    options = parser.parse_args()
    from image_frames import write_image

    failed = False
    with tempfile.TemporaryDirectory(prefix="astrogui-") as folder, screen() as (number, pixels):
        path = options.file
        if path is None:
            path = Path(folder) / "image.fits"
            write_image(path)
        programs = commands(path.resolve(), options.peers_python)
        starts: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
        for _ in range(options.runs):  # in turn, so that a busy minute is shared by all
            for name, command in programs.items():
                left = LEFT.get(name, LEFT["other"])
                starts[name].append(one_start(command, number, pixels, left))
        ours = told("AstroGUI", starts.pop("AstroGUI"), None)
        for name, times in starts.items():
            least = told(name, times, ours)
            failed = failed or ours > (least if name == "DS9" else least / 2)
        if options.huge:
            huge = Path(folder) / "huge.fits"
            write_huge(huge)
            command = commands(huge)["AstroGUI"]
            times = [one_start(command, number, pixels) for _ in range(options.runs)]
            told("AstroGUI, 10 GB", times, None)
            failed = failed or min(t[0] for t in times) > HUGE_LIMIT_S
            failed = failed or max(t[1] for t in times) > HUGE_LIMIT_MB
        print(f"load average {os.getloadavg()[0]:.1f} with {os.cpu_count()} processors")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
