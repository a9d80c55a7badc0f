"""Starts the window for a command line's options."""

from __future__ import annotations

import os
import sys
from argparse import Namespace

from astrogui.session.helpers import start_reader
from astrogui.window.way import go_first, paint_alone

NO_DISPLAY = (
    "astrogui: there is no display (DISPLAY and WAYLAND_DISPLAY are not set); the window is drawn "
    "off-screen, where nobody sees it. Use --screenshot OUT.png for a picture of it, or "
    "`analyze` to work without a window. Ctrl+C ends the program."
)


def run(options: Namespace) -> int:
    """Open the window, work until it is closed; returns the program's exit code."""
    choose_platform(is_pictured=bool(getattr(options, "screenshot", None)))
    go_first()
    paint_alone()
    # It imports its libraries while we import ours, and looks at the file that is shown first.
    files = () if options.project else tuple(map(str, options.files))
    options.reader = start_reader(files[0] if files else None)
    from astrogui.window.start import Start  # Qt, only now that its platform is chosen

    return Start(options).run()


def choose_platform(*, is_pictured: bool) -> None:
    """Draw off-screen for a picture, or where there is no display; the analyst's choice holds."""
    if os.environ.get("QT_QPA_PLATFORM"):
        return
    has_display = sys.platform != "linux" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if is_pictured or not has_display:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    if not has_display and not is_pictured:
        print(NO_DISPLAY, file=sys.stderr, flush=True)
