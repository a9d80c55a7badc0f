"""Seconds from process start to the window's first paint, off-screen: median of five starts.

    python tests/benchmarks/window_start.py

The program says itself when it was first painted, counted from the start of the process as the
kernel keeps it (/proc/self/stat). Linux only.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STARTS = 5
LIMIT_S = 1.0


def one_start(home: str) -> float:
    """Start the program with the samples, read when it was painted, end it."""
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "ASTROGUI_TRACE_START": "1",
        "XDG_CONFIG_HOME": home,
        "XDG_DATA_HOME": home,
        "XDG_STATE_HOME": home,
    }
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "--demo"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("first paint"):
                return float(line.split()[2])
        raise RuntimeError("the program ended without a first paint")
    finally:
        process.terminate()
        process.communicate(timeout=30)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="astrogui-") as home:
        one_start(home)  # files of the first start come from the disk
        seconds = [one_start(home) for _ in range(STARTS)]
    median = statistics.median(seconds)
    each = " ".join(f"{value:.2f}" for value in seconds)
    print(f"first paint: median {median:.3f} s of {STARTS} ({each}); limit {LIMIT_S:.1f} s")
    return int(median > LIMIT_S)


if __name__ == "__main__":
    raise SystemExit(main())
