"""Files dropped anywhere reach the session: real drag and drop events with file URLs."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QTextEdit, QWidget


def mime_of(*paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    mime.setText("\n".join(map(str, paths)))  # as file managers do
    return mime


def drop_on(widget: QWidget, mime: QMimeData) -> bool:
    """Send what Qt sends when files are dropped on ``widget``; whether the drop was taken."""
    place = widget.rect().center()
    actions = Qt.DropAction.CopyAction
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(place), actions, mime, buttons, keys)
    QApplication.sendEvent(widget, enter)
    if not enter.isAccepted():
        return False
    drop = QDropEvent(QPointF(place), actions, mime, buttons, keys)
    QApplication.sendEvent(widget, drop)
    return drop.isAccepted()


def targets(bench):
    return {
        "window": bench.window,
        "start page": bench.window.start_page,
        "files": bench.files.findChild(QWidget, "qt_scrollarea_viewport"),
        "catalogue": bench.catalogue.table.viewport(),
        "comment": bench.annotate._texts["user_comment"],
        "class": bench.annotate._class_edit,
        "history": bench.history.list.viewport(),
        "spectrum": bench.area.view("spectrum"),
        "image plot": bench.area.view("image")._graphics.viewport(),
        "results": bench.results.view,
        "status bar": bench.window.statusBar(),
        "toolbar": bench.window.toolbar,
    }


NAMES = (
    "window", "start page", "files", "catalogue", "comment", "class", "history", "spectrum",
    "image plot", "results", "status bar", "toolbar",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_file_dropped_there_is_added(bench, fake, tmp_path, name):
    assert drop_on(targets(bench)[name], mime_of(tmp_path / "a.fits"))
    assert fake.calls[-1] == ("add", (str(tmp_path / "a.fits"),), {})


def test_several_files_and_a_folder_come_in_one_call(bench, fake, tmp_path):
    paths = [tmp_path / "a.fits", tmp_path, tmp_path / "b.hdf5"]
    assert drop_on(bench.window, mime_of(*paths))
    assert fake.calls[-1][1] == tuple(map(str, paths))


def test_a_floating_dock_takes_drops_too(bench, fake, tmp_path):
    dock = bench.window.docks["catalogue"]
    dock.setFloating(True)
    assert drop_on(bench.catalogue.table.viewport(), mime_of(tmp_path / "a.fits"))
    assert fake.calls[-1][0] == "add"


def test_text_and_links_to_elsewhere_are_not_taken(bench, fake):
    mime = QMimeData()
    mime.setText("hello")
    assert not drop_on(bench.window, mime)
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/a.fits")])
    assert not drop_on(bench.window, mime)
    assert not fake.calls


def test_a_text_edit_would_swallow_the_file_if_it_were_left_as_qt_makes_it(qtbot, tmp_path):
    edit = QTextEdit()
    qtbot.addWidget(edit)
    assert drop_on(edit.viewport(), mime_of(tmp_path / "a.fits"))
