"""A worker process with the tiny tasks, started by the tests of the supervisor."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

if __name__ == "__main__":
    from astrogui.inference.worker import serve

    def task_named(name: str):
        import tiny

        return tiny.task_named(name)

    def read(source):
        import tiny

        return tiny.read(source)

    raise SystemExit(serve(task_named, read))
