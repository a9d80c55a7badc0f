"""The longest stall of the window's event loop while the worker analyses 200 spectra.

    python tests/benchmarks/window_stall.py [--count 200]

The spectra are the bundled simulated one with fresh noise, each a file of its own; the worker and
the reader run as they do for an analyst, and the rows of the catalogue come in meanwhile.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "window")]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
LIMIT_MS = 50
LONGEST_S = 900


def write_spectra(folder: Path, count: int) -> list[str]:
    """Copies of the sample whose noise differs, so that each is an observation of its own."""
    import numpy as np
    from astropy.io import fits

    sample = next((ROOT / "resources" / "samples").glob("spectrum*.fits"))
    random = np.random.default_rng(8)
    paths = []
    for number in range(count):
        path = folder / f"spectrum-{number:03d}.fits"
        shutil.copy(sample, path)
        with fits.open(path, mode="update") as hdus:
            data = hdus[1].data
            data["flux"] += (0.1 * random.normal(size=len(data))).astype(data["flux"].dtype)
        paths.append(str(path))
    return paths


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    count = parser.parse_args().count
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication
    from stall import StallMeter

    from astrogui.session.session import Session
    from astrogui.session.settings import Settings
    from astrogui.window.main_window import MainWindow
    from astrogui.window.theme import ThemeKeeper
    from astrogui.window.workbench import Workbench

    application = QApplication([])
    with tempfile.TemporaryDirectory(prefix="astrogui-") as name:
        folder = Path(name)
        paths = write_spectra(folder, count)
        session = Session(folder / "stall.astrogui", settings=Settings())
        window = MainWindow()
        bench = Workbench(window, session, ThemeKeeper(application, "light"))
        for step in bench.steps():
            step()
        window.show()
        meter = StallMeter()

        def begin() -> None:
            meter.begin()
            bench.commands.add(paths)
            bench.bridge.after(session.idle(), finish)

        def finish(_: object) -> None:
            QTimer.singleShot(1500, application.quit)  # the last rows are still read and painted

        QTimer.singleShot(1000, begin)
        QTimer.singleShot(1000 * LONGEST_S, application.quit)
        began = time.monotonic()
        application.exec()
        meter.end()
        rows = bench.model.rowCount()
        answered = sum(bool(row["task"]) for row in session.view.rows())
        bench.close()
        session.close()
    print(
        f"longest stall of the event loop: {meter.longest_ms:.0f} ms by the clock, "
        f"{meter.longest_owed_ms:.0f} ms without the wait for a processor, "
        f"{meter.longest_busy_ms:.0f} ms of the window's own work; {rows} rows, {answered} "
        f"answered, {time.monotonic() - began:.0f} s; limit {LIMIT_MS} ms"
    )
    return int(meter.longest_ms > LIMIT_MS or rows < count)


if __name__ == "__main__":
    raise SystemExit(main())
