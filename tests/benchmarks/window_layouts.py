"""Random layouts of the docks: a window closed in each, and another that should look the same.

python tests/benchmarks/window_layouts.py [--count 1000] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "window")]
SCREEN = {
    "screens": [
        {"name": "wide", "x": 0, "y": 0, "width": 1920, "height": 1200, "logicalDpi": 96,
         "logicalBaseDpi": 96, "dpr": 1}
    ]
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    config = Path(tempfile.mkdtemp(prefix="astrogui-")) / "screen.json"
    config.write_text(json.dumps(SCREEN))
    os.environ.setdefault("QT_QPA_PLATFORM", f"offscreen:configfile={config}")
    from PySide6.QtCore import QLoggingCategory
    from PySide6.QtWidgets import QApplication
    from random_layouts import wrong_layouts

    QLoggingCategory.setFilterRules("qt.qpa.*=false\n*.warning=false")
    application = QApplication([])
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="astrogui-") as folder:
        wrong = wrong_layouts(given.count, given.seed, Path(folder))
    application.quit()
    print(*wrong[:20], sep="\n")
    different = len({words.split()[0] for words in wrong})
    print(
        f"{given.count - different} of {given.count} random layouts came back equal, "
        f"{time.monotonic() - began:.0f} s"
    )
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
