"""A picture of every view, panel and dialogue, light and dark, with the samples answered.

    python tests/benchmarks/panel_pictures.py FOLDER [--project FILE] [--scale 1] [--only WORD]
                                              [--themes light,dark] [FILES…]

``--project`` keeps the answers for the next run; ``--scale`` is Qt's scale factor (1.5, 2, 3).
Pictures are named after what they show and the theme: ``panel_files_dark.png``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "window")]
LONGEST_S = 600
LOOK_MS = 60
LONGEST_PANEL_S = 40
FILLED_BY = {"colour": "colour_panel", "frames": "frames_bands"}  # actions of the image's view
PAGES = ("guide", "help_keys", "help_news", "help_formats", "about", "command_list")
WITHOUT = ("quit", "start_page")
FOR_KIND = {  # what has to be shown for a panel to have something to show
    **dict.fromkeys(
        ("colour", "embedding", "frames", "inside", "measure", "own_catalogues", "own_classes",
         "regions"), "image",
    ),
    **dict.fromkeys(("ringdown", "search", "sky"), "strain"),
}  # fmt: skip
SCREEN = {
    "name": "wide", "x": 0, "y": 0, "width": 5000, "height": 3200, "logicalDpi": 96,
    "logicalBaseDpi": 96, "dpr": 1,
}  # fmt: skip
Step = tuple[str, Callable[[], bool]]


class Pictures:
    """Takes them one by one; each step waits for what it needs to be on screen."""

    def __init__(self, bench, folder: Path, only: str) -> None:
        self._bench, self._folder, self._only = bench, folder, only
        self.count = 0

    def steps(self, themes: list[str]) -> Iterator[Step]:
        bench = self._bench
        yield "the session", bench.session.idle().done
        for theme in themes:
            bench.choose_theme(theme)
            bench.window.notice.hide()  # of what the last theme's dialogues had to say
            yield from self._views(theme)
            yield from self._layouts(theme)
            yield from self._panels(theme)
            yield from self._dialogues(theme)
            bench.window.notice.hide()
            bench.window.actions_by_name["reset_layout"].trigger()
            bench.window.pages.setCurrentWidget(bench.window.start_page)
            yield from quiet(self._bench)
            self.take(bench.window, f"window_start_{theme}")

    def _items(self) -> Iterator[tuple[str, int]]:
        for item in self._bench.session.view.items():
            if item.state != "refused":
                yield item.kind, item.item_id

    def _views(self, theme: str) -> Iterator[Step]:
        bench = self._bench
        for kind, item_id in dict(self._items()).items():
            bench._choose(item_id)
            yield from quiet(bench)
            self.take(bench.window, f"window_{kind}_{theme}")
            self.take(bench.area.current, f"view_{kind}_{theme}")
            self.take(bench.window.docks["results"], f"results_{kind}_{theme}")

    def _layouts(self, theme: str) -> Iterator[Step]:
        bench = self._bench
        items = dict(self._items())
        for name, kind in (("images", "image"), ("spectra", "spectrum"), ("strain", "strain"),
                           ("grading", "spectrum")):  # fmt: skip
            if kind not in items:
                continue
            bench.window.actions_by_name[f"layout_{name}"].trigger()
            bench._choose(items[kind])
            yield from quiet(bench)
            self.take(bench.window, f"layout_{name}_{theme}")
        bench.window.actions_by_name["reset_layout"].trigger()

    def _panels(self, theme: str) -> Iterator[Step]:
        docks = self._bench.window.docks
        for dock in docks:
            yield from self._suit(FOR_KIND.get(dock.objectName(), "spectrum"))
            if (action := FILLED_BY.get(dock.objectName())) is not None:
                self._bench.area.current.tools[action].trigger()
                yield from quiet(self._bench)
            was_hidden = dock.isHidden()
            docks.bring(dock.objectName())
            dock.setFloating(True)
            dock.resize(560, 460)
            yield from quiet(self._bench)
            yield "the panel", partial(is_filled, dock, time.monotonic())
            yield from quiet(self._bench)
            self.take(dock, f"panel_{dock.objectName()}_{theme}")
            dock.setFloating(False)
            dock.setVisible(not was_hidden)
        self._bench.window.actions_by_name["reset_layout"].trigger()
        yield from quiet(self._bench)

    def _suit(self, kind: str) -> Iterator[Step]:
        """Show what a panel is for, with a row of it chosen."""
        from astrogui.window.screenshot import telling_row

        item_id, selection = dict(self._items()).get(kind), self._bench.selection
        if item_id is None or item_id == selection.item_id:
            return
        self._bench._choose(item_id)
        yield from quiet(self._bench)
        row_id = telling_row(self._bench)
        if row_id is not None:
            selection.choose_rows((row_id,), row_id, item_id)
        yield from quiet(self._bench)

    def _dialogues(self, theme: str) -> Iterator[Step]:
        from PySide6.QtCore import QTimer

        from astrogui.window.directory import entries

        for entry in entries(self._bench):
            name = entry.name.partition(".")[2]
            view = self._bench.area.views.get(entry.scope)
            opens = entry.action.text().endswith("…") or name in PAGES
            if not opens or name in WITHOUT or not entry.action.isEnabled():
                continue
            if view is not None and view is not self._bench.area.current:
                item = dict(self._items()).get(entry.scope)
                if item is None:
                    continue
                self._bench._choose(item)
                yield from quiet(self._bench)
            before = set(shown())
            # Later: a dialogue may run an event loop of its own until it is closed.
            QTimer.singleShot(0, entry.action, entry.action.trigger)
            yield from quiet(self._bench)
            for number, widget in enumerate(w for w in shown() if w not in before):
                self.take(widget, f"dialogue_{entry.name}{number or ''}_{theme}")
                widget.close()
            yield from quiet(self._bench)

    def take(self, widget, name: str) -> None:
        if widget is None or self._only not in name:
            return
        self.count += 1
        widget.grab().save(str(self._folder / f"{name}.png"), "PNG")


def is_filled(dock, since: float) -> bool:
    """Whether a panel shows what it works out, or has had its time."""
    from PySide6.QtWidgets import QLabel

    words = [label.text() for label in dock.findChildren(QLabel) if label.isVisible()]
    is_working = any("…" in text and len(text) < 90 for text in words)
    return not is_working or time.monotonic() - since > LONGEST_PANEL_S


def shown() -> list:
    from PySide6.QtWidgets import QApplication, QDialog

    return [w for w in QApplication.topLevelWidgets() if w.isVisible() and isinstance(w, QDialog)]


def quiet(bench) -> Iterator[Step]:
    """Some turns of the event loop in which nothing is under way."""
    from astrogui.viewers.turns import turns

    for _ in range(4):
        yield (
            "the view",
            lambda: (
                not (
                    bench.model.is_reading
                    or bench.area.is_busy
                    or bench.results.is_busy
                    or turns().is_busy
                    or any(getattr(dialogue, "is_busy", False) for dialogue in shown())
                )
            ),
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--project", type=Path)
    parser.add_argument("--scale", default="1")
    parser.add_argument("--themes", default="light,dark")
    parser.add_argument("--only", default="")
    parser.add_argument("--points", type=int, default=0, help="text larger by so many points")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    scratch = tempfile.TemporaryDirectory(prefix="astrogui-")
    screen = Path(scratch.name) / "screen.json"
    screen.write_text(json.dumps({"screens": [SCREEN]}))
    os.environ.setdefault("QT_QPA_PLATFORM", f"offscreen:configfile={screen}")
    os.environ["QT_SCALE_FACTOR"] = given.scale
    os.environ["XDG_CONFIG_HOME"] = os.environ["XDG_STATE_HOME"] = scratch.name
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from astrogui.session.session import Session
    from astrogui.session.settings import Settings
    from astrogui.window.main_window import MainWindow
    from astrogui.window.theme import ThemeKeeper
    from astrogui.window.workbench import Workbench

    application = QApplication([])
    project = given.project or Path(scratch.name) / "pictures.astrogui"
    session = Session(project, settings=Settings(author="V. Rubin"))
    theme = ThemeKeeper(application, "light")
    theme.choose_text(given.points)
    window = MainWindow()
    window.resize(1600, 1000)
    bench = Workbench(window, session, theme)
    for step in bench.steps():
        step()
    window.show()
    if not session.view.items():
        session.add([*(given.files or map(str, session.demo_files()))])
        session.add([str(ROOT / "LICENSE")])  # for the panel of problems
    pictures = Pictures(bench, given.folder, given.only)
    steps = pictures.steps(given.themes.split(","))
    state = {"words": "the start", "is_there": lambda: True, "since": time.monotonic(), "code": 0}

    def look() -> None:
        if not state["is_there"]():
            if time.monotonic() - state["since"] > LONGEST_S:
                print(f"waited in vain for {state['words']}", file=sys.stderr)
                state["code"] = 1
                application.quit()
            return
        step = next(steps, None)
        if step is None:
            application.quit()
            return
        state["words"], state["is_there"] = step
        state["since"] = time.monotonic()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(LOOK_MS)
    application.exec()
    timer.stop()
    bench.close()
    session.close()
    window.deleteLater()
    print(f"{pictures.count} pictures in {given.folder}")
    return int(state["code"])


if __name__ == "__main__":
    raise SystemExit(main())
