"""Time of a frame of the spectrum view while it is zoomed and panned, and of the next spectrum.

    python tests/benchmarks/spectrum_frames.py [SAMPLES]

Off-screen, in processor time of the window's thread, so that other load on the machine counts
little. A frame is everything from the change of the wavelengths to the painted picture.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "viewers")]

from PySide6.QtWidgets import QApplication  # noqa: E402

FRAMES = 500


def main() -> None:
    app = QApplication.instance() or QApplication([])
    import viewer_samples as samples

    from astrogui.records.spectrum import Spectrum
    from astrogui.viewers.spectrum_view import SpectrumView

    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    random = np.random.default_rng(1)
    record = Spectrum(
        wavelength_angstrom=np.linspace(3600.0, 9800.0, size),
        flux=10 + random.normal(0, 1, size),
        ivar=np.ones(size),
        mask=random.random(size) < 1e-3,
        flux_unit="1e-17 erg / (Angstrom cm2 s)",
        frame="barycentric",
        medium_in_file="vacuum",
    )
    answer = samples.redshift_posterior(0.1)
    view = SpectrumView()
    view.resize(1200, 800)
    view.show()
    view.show_record(record)
    view.set_answer({"row_id": 1}, answer)
    app.processEvents()
    assert not view.awaits()

    def report(name: str, times: list[float]) -> None:
        middle, worst = np.percentile(times, [50, 99]) * 1e3
        print(f"{name}: median {middle:.1f} ms, 99th percentile {worst:.1f} ms of {len(times)}")

    page = view.plots.widget

    def paint() -> None:
        """Let the frame come that a change has asked for: pages of plots paint a turn later."""
        before, end = page.painted, time.monotonic() + 2.0
        while page.painted == before and time.monotonic() < end:
            app.processEvents()

    times = []
    for number in range(FRAMES):
        width = 6200 * np.exp(-3 * abs(np.sin(number / 40)))
        middle = 3600 + width / 2 + (6200 - width) * (0.5 + 0.5 * np.sin(number / 66))
        begin = time.thread_time()
        view.show_wavelengths(middle - width / 2, middle + width / 2)
        paint()
        times.append(time.thread_time() - begin)
    report(f"zoom and pan, {size} samples", times)

    view.reset_range()
    app.processEvents()
    times = []
    for number in range(100):
        begin = time.thread_time()
        view.shown_redshift.set_by_hand(0.1 + 1e-3 * number)
        paint()
        times.append(time.thread_time() - begin)
    report("lines dragged", times)

    usual, times = samples.spectrum(), []
    for _ in range(30):
        begin = time.thread_time()
        view.show_record(usual)
        view.set_answer({"row_id": 1}, answer)
        paint()
        times.append(time.thread_time() - begin)
    report("next spectrum, 4000 samples with its answer", times)


if __name__ == "__main__":
    main()
