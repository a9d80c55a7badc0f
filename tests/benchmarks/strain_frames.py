"""How fast the strain view is with 4096 s of one detector at 4 kHz: first plot, frames, memory.

    python tests/benchmarks/strain_frames.py [--frames 500] [--ndscope PYTHON]

The strain is simulated noise with one loud sample. Reported are the seconds from the record's
arrival to its first curve and to its whitened series, from the program's start to the first curve
of a file of its command line, every frame of a walk of zooms and pans (set the span, draw, paint),
the longest stall of the event loop while three detectors are shown for the first time, and private
memory. With ``--ndscope``, the interpreter of an environment that has ndscope, the frames of its
plot with the same series and the same walk are timed too. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "window")]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")

SECONDS, RATE, GPS = 4096, 4096.0, 1_264_316_116.0
FIRST_LIMIT_S, FRAME_LIMIT_MS, STALL_LIMIT_MS = 1.0, 33.0, 50.0
SIZE = (1200, 800)
STARTS = 3
NDSCOPE_FRAMES = 60  # one can take more than a second


def simulated(seconds: int = SECONDS, seed: int = 1) -> Any:
    """White noise of 1e-21 with a loud sample."""
    import numpy as np

    samples = np.random.default_rng(seed).normal(0.0, 1e-21, round(seconds * RATE))
    samples[samples.size // 3] = 1e-19
    return samples


def record(seconds: int, detectors: tuple[str, ...]) -> Any:
    from astrogui.records.strain import Network, Strain

    return Network(
        strains=tuple(
            Strain(
                samples=simulated(seconds, seed),
                gps_start=GPS,
                sample_rate_hz=RATE,
                detector=name,
            )
            for seed, name in enumerate(detectors)
        )
    )


def write_file(path: Path) -> None:
    """The layout of GWOSC's HDF5 files."""
    import h5py
    import numpy as np

    with h5py.File(path, "w") as file:
        strain = file.create_dataset("strain/Strain", data=simulated())
        strain.attrs.update({"Xstart": GPS, "Xspacing": 1 / RATE, "Npoints": strain.size})
        meta = file.create_group("meta")
        meta.update({"GPSstart": GPS, "Duration": SECONDS})
        meta["Detector"] = np.bytes_("H1")


def private_mb() -> float:
    text = Path("/proc/self/smaps_rollup").read_text()
    return (
        sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_"))
        / 1024
    )


def walk(frames: int) -> list[tuple[float, float]]:
    """Spans (seconds after the start) from all down to 0.2 s about the loud sample and back."""
    spans = []
    centre = SECONDS / 3
    for number in range(frames):
        phase = number / (frames - 1)
        width = SECONDS * (0.2 / SECONDS) ** (1 - abs(2 * phase - 1))
        middle = centre + 0.3 * width * ((number % 40) / 20 - 1)
        spans.append((middle - width / 2, middle + width / 2))
    return spans


def percentile(values: list[float], share: float) -> float:
    ranked = sorted(values)
    return ranked[min(int(share * len(ranked)), len(ranked) - 1)]


class Bench:
    def __init__(self, settle_s: float = 0.5) -> None:
        from PySide6.QtWidgets import QApplication

        from astrogui.viewers.strain_view import StrainView
        from astrogui.window.way import SWITCH_S, go_first, paint_alone

        paint_alone()
        self.application = QApplication.instance() or QApplication([])
        sys.setswitchinterval(SWITCH_S)
        go_first()  # all three as the program does
        self.pool = ThreadPoolExecutor(2)
        self.view = StrainView(self.pool.submit)
        self.view.resize(*SIZE)
        self.view.show()
        self.turn(settle_s)

    def turn(self, seconds: float) -> None:
        """Let the event loop run."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            self.application.processEvents()

    def until(self, reached: Any) -> float:
        began = time.perf_counter()
        while not reached() and time.perf_counter() - began < 60:
            self.application.processEvents()
            time.sleep(0.0005)  # the processor is for those who are waited for
        return time.perf_counter() - began


def drawn(view: Any, product: str) -> bool:
    plots = [panel.plots.get(product) for panel in view.panels]
    curves = [None if plot is None else plot.curve.getData()[0] for plot in plots]
    return bool(curves) and all(x is not None and x.size > 0 for x in curves)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--ndscope", default="", metavar="PYTHON")
    parser.add_argument("--open", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.open:
        return open_file(options.open)
    bench = Bench()
    view = bench.view
    long = record(SECONDS, ("H1",))
    before = private_mb()
    view.show_record(long)
    first = bench.until(lambda: drawn(view, "strain"))
    view.grab()
    ready = first + bench.until(lambda: drawn(view, "whitened"))
    bench.until(lambda: not view.awaits())
    print(
        f"record to first curve {first:.3f} s (limit {FIRST_LIMIT_S:g}), to whitened {ready:.3f} s"
    )
    times, waited = frames_of(bench, options.frames)
    ours = [wall - queue for wall, queue in zip(times, waited, strict=True)]
    worst = percentile(ours, 0.99)
    for name, values in (("by the clock", times), ("without waiting for a processor", ours)):
        print(
            f"{options.frames} frames {name}: median {percentile(values, 0.5):.1f} ms, 99 % "
            f"{percentile(values, 0.99):.1f} ms (limit {FRAME_LIMIT_MS:g}), longest "
            f"{max(values):.1f} ms"
        )
    peak = private_mb()
    frames_of(bench, options.frames // 2)
    print(
        f"private memory: {before:.0f} MB with the record alone, {peak:.0f} MB after the frames, "
        f"{private_mb():.0f} MB after {options.frames // 2} more"
    )
    stall = first_stall(bench)
    start = from_start()
    print(
        f"process start to first curve of a file {start:.2f} s, median of {STARTS} starts "
        f"(limit {FIRST_LIMIT_S:g})"
    )
    beside(options.ndscope, min(options.frames, NDSCOPE_FRAMES))
    slow = max(first, start) > FIRST_LIMIT_S
    return int(slow or worst > FRAME_LIMIT_MS or stall > STALL_LIMIT_MS)


def frames_of(bench: Bench, frames: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each frame (span set, curves drawn, plots painted), and of them queued."""
    times, waited = [], []
    for low, high in walk(frames):
        queue, began = queued_ms(), time.perf_counter()
        bench.view.grid.set_span(low, high)
        bench.view.grid.graphics.viewport().repaint()
        times.append(1e3 * (time.perf_counter() - began))
        waited.append(queued_ms() - queue)
        bench.application.processEvents()
    return times, waited


def queued_ms() -> float:
    """How long this thread has waited for a processor that other programs had."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e6


def first_stall(bench: Bench) -> float:
    """The longest stall while a new view is made and shows three detectors of 32 s."""
    from stall import StallMeter

    from astrogui.viewers.strain_view import StrainView

    network = record(32, ("H1", "L1", "V1"))
    worst = {}
    for name in ("with plots to be made", "with plots made"):
        view = StrainView(bench.pool.submit)
        view.resize(*SIZE)
        view.show()
        while name == "with plots made" and view.make_plot():
            pass
        bench.turn(0.3)
        meter = StallMeter()
        meter.begin()
        view.show_record(network)
        bench.until(lambda view=view: not view.awaits())
        bench.turn(0.1)
        meter.end()
        worst[name] = meter.longest_owed_ms
        print(
            f"longest stall, three detectors {name}: {meter.longest_ms:.0f} ms by the clock, "
            f"{meter.longest_owed_ms:.0f} ms without waiting for a processor, "
            f"{meter.longest_busy_ms:.0f} ms of work (limit {STALL_LIMIT_MS:g})"
        )
        view.close()
        view.deleteLater()
    return max(worst.values())


def from_start() -> float:
    """The program in a process of its own, with a file of 4096 s: when its curve was painted.

    Its modules are compiled, as they are wherever the program is installed or has run once; where
    the environment forbids to keep that, each start would compile a hundred files anew.
    """
    with tempfile.TemporaryDirectory(prefix="astrogui-") as folder:
        path = Path(folder) / "H-H1_SIMULATED-4096.hdf5"
        write_file(path)
        command = [sys.executable, __file__, "--open", str(path)]
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(Path(folder) / "compiled")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        seconds = []
        for _ in range(1 + STARTS):
            done = subprocess.run(
                command, capture_output=True, text=True, check=True, timeout=120, env=environment
            )
            seconds.append(float(done.stdout.split()[-1]))
    return percentile(seconds[1:], 0.5)


def open_file(path: str) -> int:
    """The program started with the file; ended when the curve was painted, or after a minute."""
    os.environ["ASTROGUI_TRACE_START"] = "1"
    from astrogui.session.helpers import start_reader

    reader = start_reader(path)
    from PySide6.QtCore import QTimer

    from astrogui.window.start import Start, seconds_since_start

    names = ("project", "demo", "task", "gps", "columns", "air", "models", "screenshot")
    options = argparse.Namespace(files=[path], reader=reader, **dict.fromkeys(names))
    program = Start(options)
    seen: list[float] = []

    def look() -> None:
        view = program.early.view
        shown = view is not None and drawn(view, "strain") and view.grid.graphics.painted
        if shown or seconds_since_start() > 60:
            timer.stop()
            seen.append(seconds_since_start())
            program.window.close()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(15)  # each look takes the interpreter from who imports
    program.run()
    print(f"first curve {seen[0]:.3f}")
    return 0


def beside(python: str, frames: int) -> None:
    """The same walk in fewer steps in ndscope's plot, or why not."""
    if not python:
        print("ndscope: not measured (give --ndscope the interpreter that has it)")
        return
    done = subprocess.run(
        [python, str(Path(__file__).with_name("strain_frames_ndscope.py"))],
        input=json.dumps({"seconds": SECONDS, "spans": walk(frames)}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        words = done.stderr.strip().splitlines() or ["no words"]
        print(f"ndscope: not measured, it ended with: {words[-1]}")
        return
    found = json.loads(done.stdout.splitlines()[-1])
    times = found["frames_ms"]
    print(f"ndscope, one plot of the same series: first curve {found['first_s']:.2f} s")
    print(
        f"ndscope, {len(times)} frames: median {percentile(times, 0.5):.1f} ms, 99 % "
        f"{percentile(times, 0.99):.1f} ms, longest {max(times):.1f} ms"
    )


if __name__ == "__main__":
    raise SystemExit(main())
