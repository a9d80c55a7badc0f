"""Chooses among window, command line and worker, importing only the branch taken."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

COMMANDS = (
    "analyze", "watch", "explain", "tasks", "train", "evaluate", "doctor", "verify",
    "merge-grades",
)  # fmt: skip


def main(words: Sequence[str] | None = None) -> int:
    """Run the program for ``words`` (``sys.argv[1:]``); returns the exit code.

    The helper processes come first: a frozen program is its own worker, and a worker must not
    import Qt.
    """
    words = sys.argv[1:] if words is None else list(words)
    # Products of the small matrices here gain nothing from a second thread, and OpenBLAS lets it
    # spin between them: five times the processor, and many times the wait where others work too.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if words[:2] == ["worker", "replay"]:
        from astrogui.inference.golden import serve_replay

        return serve_replay(words[2:])
    if words[:2] == ["worker", "train"]:
        from astrogui.cli.networks import serve_training

        return serve_training()
    if words[:1] == ["worker"]:
        from astrogui.inference.worker import serve

        return serve()
    if words[:1] == ["reader"]:
        from astrogui.inference.reading_server import serve as serve_reading

        return serve_reading()
    if words[:1] == ["exporter"]:
        from astrogui.session.export_server import serve as serve_export

        return serve_export()
    if words and words[0] in COMMANDS:
        from astrogui.cli import main as run_command

        return run_command(words)
    return _run_window(words)


def _run_window(words: Sequence[str]) -> int:
    import argparse

    from astrogui.session.asked import add_option_words

    parser = argparse.ArgumentParser(
        prog="astrogui",
        description="Opens the window. Without a window: " + ", ".join(COMMANDS) + " "
        "(each explains itself with --help).",
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="files and folders to open")
    parser.add_argument("--demo", action="store_true", help="open the bundled, simulated samples")
    parser.add_argument("--project", metavar="FILE", help="open or make this project")
    parser.add_argument(
        "--screenshot", metavar="OUT.png", help="render the window off-screen when its work is done"
    )
    parser.add_argument("--task", metavar="NAME[,NAME]", help="only these analyses")
    parser.add_argument("--gps", type=float, metavar="T", help="GPS time of the merger")
    add_option_words(parser)
    parser.add_argument("--columns", metavar="wave,flux,err", help="what the columns of text mean")
    parser.add_argument("--air", action="store_true", help="text wavelengths are in air")
    parser.add_argument("--models", metavar="DIR", help="further folders of models")
    try:
        options = parser.parse_args(words)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    from astrogui.window.application import run

    return run(options)


if __name__ == "__main__":
    raise SystemExit(main())
