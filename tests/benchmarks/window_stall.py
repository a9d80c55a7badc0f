"""The longest stall of the window's event loop while something large happens.

    python tests/benchmarks/window_stall.py [--analyse200] [--drop500] [--kill] [--open400]
                                            [--sort-million] [--limit 50]

Without a word all are measured, each in a process of its own:

- ``analyse200``: 200 spectra (the sample with fresh noise, each a file of its own) are dropped and
  answered; the worker and the reader run as they do for an analyst.
- ``drop500``: 500 such files are dropped; measured until all are recognised and listed.
- ``kill``: the worker is killed with SIGKILL amid a batch; measured until the batch is done.
- ``open400``: a FITS image of 400 MB (10000 x 10000, float32) is opened, zoomed and panned.
- ``sort-million``: a project of 1,000,000 rows is opened, sorted by four columns and filtered.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "window"), str(ROOT / "tests" / "benchmarks")]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the program does
MODES = ("analyse200", "drop500", "kill", "open400", "sort-million")
LIMIT_MS = 50
LONGEST_S = 900
LOOK_MS = 100
Step = tuple[str, Callable[[], bool]]


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


def write_image(folder: Path, side: int = 10_000) -> str:
    """A FITS image of noise and some stars, written strip by strip."""
    import numpy as np
    from astropy.io import fits

    header = fits.Header()
    for key, value in (
        ("SIMPLE", True), ("BITPIX", -32), ("NAXIS", 2), ("NAXIS1", side), ("NAXIS2", side),
        ("BUNIT", "nanomaggy"), ("FILTER", "r"),
    ):  # fmt: skip
        header[key] = value
    path = folder / "large.fits"
    random = np.random.default_rng(3)
    strip = random.normal(100, 5, (500, side)).astype(">f4")
    strip[250, 50::100] += 2000
    with open(path, "wb") as file:
        file.write(header.tostring().encode())
        for _ in range(side // 500):
            file.write(strip.tobytes())
        file.write(bytes(-file.tell() % 2880))
    return str(path)


# -- what is done, as steps that wait for what they caused ------------------------------------


def analyse200(bench, folder: Path) -> Iterator[Step]:
    paths = write_spectra(folder, 200)
    yield "the files", lambda: True
    bench.commands.add(paths)
    yield "200 answers", lambda: bench.model.rowCount() == 200 and bench.status._jobs == 0


def drop500(bench, folder: Path) -> Iterator[Step]:
    seen = []
    bench.bridge.files_looked_at.connect(lambda done, total: seen.append(done >= total > 0))
    paths = write_spectra(folder, 500)
    yield "the files", lambda: True
    bench.window.drop.dropped.emit(paths)
    yield "500 files recognised", lambda: bool(seen) and seen[-1]
    yield "500 files listed", lambda: bench.files._model.rowCount() == 500
    bench.session.cancel_all()
    yield "the queue to be empty", lambda: bench.status._jobs == 0


def kill(bench, folder: Path) -> Iterator[Step]:
    paths = write_spectra(folder, 12)
    yield "the files", lambda: True
    bench.commands.add(paths)
    yield "two answers", lambda: bench.model.rowCount() >= 2
    os.kill(bench.session._runner.pid, signal.SIGKILL)
    yield "12 answers", lambda: bench.model.rowCount() == 12 and bench.status._jobs == 0


def open400(bench, folder: Path) -> Iterator[Step]:
    path = write_image(folder)
    yield "the file", lambda: True
    bench.session.add([path], ())
    yield "the image", lambda: bench.area.current is not None and not bench.area.is_busy
    view = bench.area.current
    for name in ("zoom_in", "zoom_in", "zoom_out", "fit"):
        if name in view.tools:
            view.tools[name].trigger()
        yield "the view", lambda: not bench.area.is_busy


def sort_million(bench, folder: Path) -> Iterator[Step]:
    del folder
    yield "the window", lambda: True
    yield "a million rows", lambda: bench.model.total == 1_000_000 and not bench.model.is_reading
    head = bench.catalogue.table.horizontalHeader()
    for section in range(1, 5):
        head.sectionClicked.emit(section)
        bench.model.sort(section)
        yield "the order", lambda: not bench.model.is_reading
    bench.model.set_filter("z > 0.5")
    yield "the filter", lambda: not bench.model.is_reading


STEPS = {
    "analyse200": analyse200, "drop500": drop500, "kill": kill, "open400": open400,
    "sort-million": sort_million,
}  # fmt: skip


def project_for(mode: str, folder: Path) -> Path:
    if mode != "sort-million":
        return folder / "stall.astrogui"
    from catalogue_project import write_project

    path = folder / "million.astrogui"
    write_project(path, 1_000_000)
    return path


def measure(mode: str, limit_ms: float) -> int:
    """Do one of them; prints its figure, returns 1 where it is too long."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication
    from stall import StallMeter

    from astrogui.session.session import Session
    from astrogui.session.settings import Settings
    from astrogui.window.collector import Collector
    from astrogui.window.main_window import MainWindow
    from astrogui.window.theme import ThemeKeeper
    from astrogui.window.way import SWITCH_S, go_first, paint_alone
    from astrogui.window.workbench import Workbench

    paint_alone()
    application = QApplication([])
    sys.setswitchinterval(SWITCH_S)
    go_first()
    collector = Collector()  # as the program does: no thread's collection stops the others
    with tempfile.TemporaryDirectory(prefix="astrogui-") as name:
        folder = Path(name)
        session = Session(project_for(mode, folder), settings=Settings(), has_window=True)
        window = MainWindow()
        window.resize(1400, 900)
        window.show()
        application.processEvents()
        bench = Workbench(window, session, ThemeKeeper(application, "light"))
        for step in bench.steps():  # as the program does: one by one, after the first paint
            step()
            application.processEvents()
        gc.freeze()
        meter, failed = StallMeter(), []
        steps = iter(())
        words, is_there = "", lambda: True
        began = time.monotonic()

        def look() -> None:
            nonlocal words, is_there
            if time.monotonic() - began > LONGEST_S:
                failed.append(f"waited in vain for {words}")
                application.quit()
            elif is_there():
                step = next(steps, None)
                if step is None:
                    timer.stop()
                    QTimer.singleShot(1500, application.quit)  # what is still to be painted
                else:
                    words, is_there = step

        def begin() -> None:
            nonlocal steps
            steps = prepared(STEPS[mode](bench, folder), meter)
            timer.start(LOOK_MS)

        timer = QTimer()
        timer.timeout.connect(look)
        QTimer.singleShot(1000, begin)
        application.exec()
        meter.end()
        bench.close()
        session.close()
        window.deleteLater()
        collector.close()
    print(
        f"{mode}: longest stall {meter.longest_ms:.0f} ms by the clock, "
        f"{meter.longest_owed_ms:.0f} ms without the wait for a processor, "
        f"{meter.longest_busy_ms:.0f} ms of the window's own work; "
        f"{time.monotonic() - began:.0f} s; limit {limit_ms:.0f} ms"
        + "".join(f"; {words}" for words in failed),
        flush=True,
    )
    return int(meter.longest_ms > limit_ms or bool(failed))


def prepared(steps: Iterator[Step], meter) -> Iterator[Step]:
    """The first step writes files in this thread: the clock starts when it has done so.

    What it imported and left behind is the benchmark's own, and is not the collector's to look at.
    """
    next(steps)
    gc.collect()
    gc.freeze()
    meter.begin()
    yield from steps


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=float, default=LIMIT_MS)
    for mode in MODES:
        parser.add_argument(f"--{mode}", action="store_true")
    given = vars(parser.parse_args())
    wanted = [mode for mode in MODES if given[mode.replace("-", "_")]]
    if len(wanted) == 1:
        return measure(wanted[0], given["limit"])
    code = 0
    for mode in wanted or MODES:
        words = [sys.executable, __file__, f"--{mode}", "--limit", str(given["limit"])]
        code |= subprocess.run(words, check=False).returncode
    return code


if __name__ == "__main__":
    raise SystemExit(main())
