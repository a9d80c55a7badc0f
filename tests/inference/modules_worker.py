"""A worker that writes down, at its first job, which modules it has imported by then."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

if __name__ == "__main__":
    from astrogui.inference import backends
    from astrogui.inference.worker import serve

    opened = backends.open_backend

    def open_backend(kind, model, **options):
        backend = opened(kind, model, **options)
        (model.folder.parent / "loaded.txt").write_text("\n".join(sys.modules))
        return backend

    backends.open_backend = open_backend

    import tiny

    raise SystemExit(serve(tiny.task_named, tiny.read))
