"""The whole work by mouse and keyboard, in the running program: run by ``test_walk.py``.

    python tests/window/walk.py first|again FOLDER

``first`` starts the program on an empty project, drops three files, sees three answers, grades
one, corrects a class, takes that back, exports and quits; ``again`` only starts and quits. Each
writes what the analyst sees at its end to ``FOLDER/<word>.json``.
"""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from PySide6.QtCore import QMimeData, QObject, QPoint, QPointF, Qt, QTimer, QUrl  # noqa: E402
from PySide6.QtGui import QDragEnterEvent, QDropEvent  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QLineEdit, QTableView, QWidget  # noqa: E402

from astrogui.window.start import Start  # noqa: E402

LOOK_MS = 25
LONGEST_S = 700.0  # for one step; the merger is answered in seconds, in minutes on a busy machine
SAMPLES = ("image_simulated_r.fits", "spectrum_simulated_quasar.fits", "strain_simulated_H1.hdf5")
TASKS = {"star_galaxy", "redshift", "bbh"}
LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier
Step = tuple[str, Callable[[], bool]]


class Walk(QObject):
    """Goes on to the next step once what the last one waits for is there."""

    def __init__(self, start: Start, steps: Iterator[Step]) -> None:
        super().__init__(start.window)
        self._steps = steps
        self._words, self._is_there = "the start", lambda: True
        self._since = time.monotonic()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        if not self._is_there():
            if time.monotonic() - self._since > LONGEST_S:
                self._give_up(f"waited in vain for {self._words}")
            return
        try:
            step = next(self._steps, None)
        except Exception as error:
            self._give_up(f"after {self._words}: {type(error).__name__}: {error}")
            return
        if step is None:
            self._timer.stop()
            return
        self._words, self._is_there = step
        print(f"waiting for {self._words}", file=sys.stderr, flush=True)
        self._since = time.monotonic()

    def _give_up(self, words: str) -> None:
        self._timer.stop()
        print(words, file=sys.stderr, flush=True)
        picture = Path(sys.argv[2]) / "given_up.png"
        QApplication.topLevelWidgets()[0].window().grab().save(str(picture))
        QApplication.exit(3)


def first(start: Start, folder: Path) -> Iterator[Step]:
    yield "the window", lambda: start.bench is not None and start.bench.is_built
    bench, window = start.bench, start.window
    window.activateWindow()
    yield "the focus", window.isActiveWindow
    drop(window, [ROOT / "resources" / "samples" / name for name in SAMPLES])
    yield "three answers", lambda: {row["task"] for row in rows(bench)} >= TASKS
    yield "an idle session", bench.session.idle().done

    files = bench.files.findChild(QTableView)
    for line in range(3):
        click_row(files, line)
        yield "the view", lambda: not bench.area.is_busy and bench.area.current.shows_content
        yield "its answer", lambda: bench.results.view.shows_content

    table = bench.catalogue.table
    row_id = next(row["row_id"] for row in rows(bench) if row["task"] == "redshift")
    line = bench.model.row_of(row_id)
    window.activateWindow()
    yield "the focus", window.isActiveWindow
    click_row(table, line)
    yield "the row", lambda: bench.selection.row_id == row_id
    QTest.keyClick(table, Qt.Key.Key_3)
    yield "the grade", lambda: judged(bench, row_id, "user_quality") == 3
    box = bench.annotate.findChild(QComboBox)
    QTest.mouseClick(box.lineEdit(), LEFT)
    QTest.keyClick(box.lineEdit(), Qt.Key.Key_A, CONTROL)
    QTest.keyClicks(box.lineEdit(), "GALAXY")
    QTest.keyClick(box.lineEdit(), Qt.Key.Key_Return)
    yield "the class", lambda: judged(bench, row_id, "user_class") == "GALAXY"
    click_row(table, line)
    QTest.keyClick(table, Qt.Key.Key_Z, CONTROL)
    yield "the undo", lambda: not judged(bench, row_id, "user_class")

    QTest.keyClick(window, Qt.Key.Key_E, CONTROL)
    yield "the dialogue", lambda: name_edit() is not None
    edit = name_edit()
    edit.selectAll()
    QTest.keyClicks(edit, str(folder / "out.fits"))
    QTest.keyClick(edit, Qt.Key.Key_Return)
    yield "the export", lambda: "out.fits" in window.notice.words and "rows" in window.notice.words
    window.activateWindow()  # there is no window manager to do it
    yield "the focus", window.isActiveWindow
    QTest.keyClick(window, Qt.Key.Key_2, CONTROL)  # the layout for spectra
    yield "a turn", lambda: True
    write(bench, folder / "first.json")
    QTest.keyClick(window, Qt.Key.Key_Q, CONTROL)


def again(start: Start, folder: Path) -> Iterator[Step]:
    yield "the window", lambda: start.bench is not None and start.bench.is_built
    bench = start.bench
    start.window.activateWindow()
    yield "the rows", lambda: {row["task"] for row in rows(bench)} >= TASKS
    yield "the table", lambda: bench.model.rowCount() == len(rows(bench))
    yield "the view", lambda: not bench.area.is_busy and bench.area.current.shows_content
    write(bench, folder / "again.json")
    yield "the focus", start.window.isActiveWindow
    QTest.keyClick(start.window, Qt.Key.Key_Q, CONTROL)


def rows(bench) -> list[dict]:
    return bench.session.view.rows()


def judged(bench, row_id: int, name: str):
    return bench.session.view.row(row_id)[name]


def drop(window: QWidget, paths: list[Path]) -> None:
    """As the window system hands over files dragged to the middle of the window."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    middle = window.rect().center()
    words = (Qt.DropAction.CopyAction, mime, LEFT, Qt.KeyboardModifier.NoModifier)
    handle = window.windowHandle()
    enter = QDragEnterEvent(QPoint(middle), *words)
    QApplication.sendEvent(handle, enter)
    if not enter.isAccepted():
        raise AssertionError("the window does not take files")
    QApplication.sendEvent(handle, QDropEvent(QPointF(middle), *words))


def click_row(table: QTableView, line: int) -> None:
    index = table.model().index(line, 0)
    table.scrollTo(index)
    place = table.visualRect(index).center()
    place.setX(min(max(place.x(), 12), table.viewport().width() - 12))
    QTest.mouseClick(table.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)


def name_edit() -> QLineEdit | None:
    """Where the open dialogue asks for the name of a file."""
    for widget in QApplication.topLevelWidgets():
        if widget.isVisible() and isinstance(widget, QDialog):
            for edit in widget.findChildren(QLineEdit):
                if edit.accessibleName() == "File to write":
                    return edit
    return None


def write(bench, path: Path) -> None:
    """What the analyst sees: rows with answers and judgements, history, docks."""
    docks = {}
    for dock in bench.window.docks:
        is_front = not dock.visibleRegion().isEmpty()  # only those have a size of their own
        place = [dock.isHidden(), dock.isFloating(), is_front]
        docks[dock.objectName()] = [*place, dock.width() // 8] if is_front else place
    seen = {
        "rows": [
            {k: str(v) for k, v in row.items() if k != "file"} | {"row_id": row["row_id"]}
            for row in rows(bench)
        ],
        "history": bench.session.view.history(),
        "docks": docks,
        "files": bench.files.findChild(QTableView).model().rowCount(),
    }
    path.write_text(json.dumps(seen, indent=1))


def main() -> int:
    word, folder = sys.argv[1], Path(sys.argv[2])
    start = Start(
        Namespace(files=[], demo=False, project=str(folder / "walk.astrogui"), screenshot=None)
    )
    start.window.resize(1400, 900)
    start.walk = Walk(start, {"first": first, "again": again}[word](start, folder))
    return start.run()


if __name__ == "__main__":
    raise SystemExit(main())
