"""Memory while each view and the main window are opened and closed 200 times.

    python tests/benchmarks/window_soak.py [--cycles 200] [image spectrum strain posterior window]

Each in a process of its own with a real event loop. The slope is that of a straight line through
the private memory after the first quarter, which fills caches; besides, whatever is left at the
end beyond what was there then is counted: widgets, threads, timers, open files. Linux only.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "window")]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
WHAT = ("image", "spectrum", "strain", "posterior", "window")
LIMIT_MB = 0.1  # a cycle
TURNS_S = 20.0


def private_mb() -> float:
    """Private memory of this process."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private")) / 1024


def left() -> dict[str, int]:
    from PySide6.QtCore import QCoreApplication, QTimer
    from PySide6.QtWidgets import QApplication

    timers = QCoreApplication.instance().findChildren(QTimer)
    return {
        "widgets": len(QApplication.allWidgets()),
        "threads": threading.active_count(),
        "timers": sum(timer.isActive() for timer in timers),
        "files": len(os.listdir("/proc/self/fd")),
    }


def turns(is_done) -> None:
    """Run the event loop until ``is_done``, and deliver what is to be deleted."""
    from PySide6.QtCore import QDeadlineTimer, QEventLoop
    from PySide6.QtWidgets import QApplication
    from turns import deliver_deletions

    deadline = QDeadlineTimer(int(1000 * TURNS_S))
    while not is_done() and not deadline.hasExpired():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)
    deliver_deletions()


def view_cycle(kind: str, pool) -> None:
    """One view: shown, filled, painted, closed."""
    from fake_session import posterior_of, record_of

    from astrogui.viewers import view_class

    view = view_class(kind)(pool.submit)
    view.resize(700, 500)
    view.show()
    row = {"row_id": 1, "item_id": 1, "z": 0.3, "class": "GALAXY", "task": "redshift"}
    if kind == "posterior":
        posterior = posterior_of(0.3)
        view.show_answer(row, posterior, "Redshift", posterior.parameters)
    else:
        view.show_record(record_of(kind))
        if kind == "spectrum":
            view.set_answer(row, posterior_of(0.3))
    turns(lambda: not view.awaits())
    view.clear()
    view.close()
    view.deleteLater()
    turns(lambda: True)


def window_cycle(theme) -> None:
    """The main window with its panels and features on a small session."""
    from fake_session import FakeSession

    from astrogui.window.main_window import MainWindow
    from astrogui.window.workbench import Workbench

    session = FakeSession()
    window = MainWindow()
    bench = Workbench(window, session, theme)
    for step in bench.steps():
        step()
    window.show()
    bench.commands.add(["/data/a.fits", "/data/image.fits"])
    turns(lambda: bench.model.rowCount() == 2 and not bench.area.is_busy)
    bench.close()
    session.close()
    window.close()
    window.deleteLater()
    turns(lambda: True)


def measure(what: str, cycles: int) -> int:
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np
    from PySide6.QtCore import QLoggingCategory
    from PySide6.QtWidgets import QApplication

    from astrogui.window.collector import Collector
    from astrogui.window.theme import ThemeKeeper

    QLoggingCategory.setFilterRules("*.warning=false")
    application = QApplication([])
    theme, pool = ThemeKeeper(application, "light"), ThreadPoolExecutor(2)
    collector = Collector()  # as the program does: no other thread destroys a widget
    memory, before = [], {}
    for cycle in range(cycles):
        if what == "window":
            window_cycle(theme)
        else:
            view_cycle(what, pool)
        if cycle % 10 == 9:
            gc.collect()
            memory.append((cycle, private_mb()))
        if cycle == cycles // 4:
            gc.collect()
            before = left()
    gc.collect()
    after = left()
    kept = np.array([point for point in memory if point[0] >= cycles // 4])
    slope = float(np.polyfit(kept[:, 0], kept[:, 1], 1)[0])
    more = {name: after[name] - before[name] for name in after if after[name] > before[name]}
    print(
        f"{what}: {slope:+.4f} MB a cycle over {cycles} cycles (limit {LIMIT_MB}), "
        f"{kept[-1, 1]:.0f} MB at the end; left behind: {more or 'nothing'}",
        flush=True,
    )
    pool.shutdown()
    collector.close()
    return int(slope > LIMIT_MB or bool(more))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", default=WHAT)
    parser.add_argument("--cycles", type=int, default=200)
    given = parser.parse_args()
    if len(given.what) == 1:
        return measure(given.what[0], given.cycles)
    code = 0
    for what in given.what:
        words = [sys.executable, __file__, what, "--cycles", str(given.cycles)]
        code |= subprocess.run(words, check=False).returncode
    return code


if __name__ == "__main__":
    raise SystemExit(main())
