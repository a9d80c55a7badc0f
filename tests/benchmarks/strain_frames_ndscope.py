"""Frames of ndscope's plot with the series of ``strain_frames.py``.

Run by an interpreter of an environment that has ndscope.

Spans come as JSON on the standard input, milliseconds go to the standard output. The plot is
ndscope's own, with its peak downsampling and clipping; the data server behind it is left out.
"""

from __future__ import annotations

import json
import os
import sys
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pyqtgraph as pg
from ndscope.plot import NDScopePlot
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QApplication

RATE = 4096.0
SIZE = (1200, 800)


class NoServer(QObject):
    """Stands where ndscope keeps what its server sends."""

    online = False

    def handle_cursor_moved(self, *_: object) -> None:
        """Nothing to fetch."""


def main() -> None:
    request = json.load(sys.stdin)
    samples = np.random.default_rng(1).normal(0.0, 1e-21, round(request["seconds"] * RATE))
    application = QApplication([])
    view = pg.GraphicsLayoutWidget()
    view.resize(*SIZE)
    plot = NDScopePlot(NoServer())
    view.addItem(plot)
    view.show()
    time_s = np.arange(samples.size) / RATE
    began = time.perf_counter()
    plot.addItem(pg.PlotDataItem(time_s, samples * 1e21))
    plot.setXRange(0, request["seconds"], padding=0)
    view.grab()
    first = time.perf_counter() - began
    times = []
    for low, high in request["spans"]:
        began = time.perf_counter()
        plot.setXRange(low, high, padding=0)
        view.viewport().repaint()
        times.append(1e3 * (time.perf_counter() - began))
        application.processEvents()
    print(json.dumps({"first_s": first, "frames_ms": times}))


if __name__ == "__main__":
    main()
