"""Everything that the analyst can set, with a search over all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from astrogui.session.settings import Settings
from astrogui.window.key_editor import KeyEditor
from astrogui.window.key_map import KeyMap
from astrogui.window.theme import LEAST_POINTS, MOST_POINTS, THEMES


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting: the field of ``Settings``, words, and how it is edited."""

    name: str
    title: str
    tip: str
    make: Callable[[Settings, QWidget], QWidget]


def _text(settings: Settings, parent: QWidget, name: str, empty: str) -> QLineEdit:
    edit = QLineEdit(getattr(settings, name), parent)
    edit.setPlaceholderText(empty)
    edit.setAcceptDrops(False)
    return edit


def _author(settings: Settings, parent: QWidget) -> QWidget:
    return _text(settings, parent, "author", replace(settings, author="").signed)


def _models(settings: Settings, parent: QWidget) -> QWidget:
    return _text(settings, parent, "models", "Only the models of this program")


def _samp_web(settings: Settings, parent: QWidget) -> QWidget:
    box = QCheckBox("Fetch them", parent)
    box.setChecked(settings.samp_web)
    return box


def _theme(settings: Settings, parent: QWidget) -> QWidget:
    box = QComboBox(parent)
    for theme in THEMES:
        box.addItem(theme, theme)
    box.setCurrentIndex(max(box.findData(settings.theme), 0))
    return box


def _text_points(settings: Settings, parent: QWidget) -> QWidget:
    box = QSpinBox(parent)
    box.setRange(LEAST_POINTS, MOST_POINTS)
    box.setPrefix("system's size, plus ")
    box.setSuffix(" pt")
    box.setValue(settings.text_points)
    return box


def _job_timeout(settings: Settings, parent: QWidget) -> QWidget:
    box = QDoubleSpinBox(parent)
    box.setRange(10.0, 86_400.0)
    box.setDecimals(0)
    box.setSuffix(" s")
    box.setValue(settings.job_timeout_s)
    return box


ENTRIES: tuple[Entry, ...] = (
    Entry("author", "Author of judgements", "The name that judgements are signed with.", _author),
    Entry("theme", "Theme", "Light, dark, or as the desktop is.", _theme),
    Entry("text_points", "Size of text", "Of everything, in plots too.", _text_points),
    Entry(
        "models",
        "Further folders of models",
        "Models of your own; folders are parted as in PATH. Used from the next start on.",
        _models,
    ),
    Entry(
        "samp_web",
        "Files from other computers",
        "Fetch from the network what TOPCAT, DS9 and others offer there. Never without this.",
        _samp_web,
    ),
    Entry(
        "job_timeout_s",
        "Longest time of a job",
        "A job without an answer for so long is stopped. Used from the next start on.",
        _job_timeout,
    ),
)


class Preferences(QDialog):
    """``changed`` carries the new settings; the caller applies and keeps them."""

    changed = Signal(object)

    def __init__(
        self, settings: Settings, keys: KeyMap | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Preferences")
        self.search = QLineEdit(self)
        self.search.setPlaceholderText("Search all settings and keys")
        self.search.setAccessibleName("Search all settings and keys")
        self.search.setClearButtonEnabled(True)
        self.search.setAcceptDrops(False)
        self.search.textChanged.connect(self._on_search)
        self.editors: dict[str, QWidget] = {}
        self._lines: dict[str, tuple[QWidget, ...]] = {}
        self.tabs = QTabWidget(self)
        self.tabs.addTab(self._settings_page(), "&Settings")
        self.keys = None if keys is None else KeyEditor(keys, self)
        if self.keys is not None:
            self.tabs.addTab(self.keys, "&Keys")
        self._none = QLabel("", self)
        self._none.hide()
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        for widget in (self.search, self.tabs, self._none, buttons):
            column.addWidget(widget)

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.averageCharWidth() * 92, metrics.lineSpacing() * 28)

    def _settings_page(self) -> QScrollArea:
        page = QWidget(self)
        grid = QGridLayout(page)
        grid.setColumnStretch(1, 1)
        for number, entry in enumerate(ENTRIES):
            editor = entry.make(self._settings, page)
            editor.setAccessibleName(entry.title)
            editor.setToolTip(entry.tip)
            label = QLabel(entry.title, page)
            label.setBuddy(editor)
            about = QLabel(entry.tip, page)
            about.setWordWrap(True)
            about.setEnabled(False)
            grid.addWidget(label, 2 * number, 0)
            grid.addWidget(editor, 2 * number, 1)
            grid.addWidget(about, 2 * number + 1, 1)
            self.editors[entry.name] = editor
            self._lines[entry.name] = (label, editor, about)
        grid.setRowStretch(2 * len(ENTRIES), 1)
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(page)
        return area

    def _on_search(self, text: str) -> None:
        words = text.casefold().split()
        shown = 0
        for entry in ENTRIES:
            line = f"{entry.title} {entry.tip}".casefold()
            is_found = all(word in line for word in words)
            shown += is_found
            for widget in self._lines[entry.name]:
                widget.setVisible(is_found)
        keys = 0 if self.keys is None else self.keys.show_found(text)
        if words and bool(shown) != bool(keys):
            self.tabs.setCurrentIndex(0 if shown else 1)
        self._none.setText(f"Nothing that can be set answers to “{text.strip()}”.")
        self._none.setVisible(not shown and not keys)

    def _on_accepted(self) -> None:
        values = {name: value_of(editor) for name, editor in self.editors.items()}
        wanted = replace(self._settings, **values)
        if wanted != self._settings:
            self.changed.emit(wanted)
        self.accept()


def value_of(editor: QWidget) -> Any:
    """What an editor holds, as its field of the settings takes it."""
    if isinstance(editor, QLineEdit):
        return editor.text().strip()
    if isinstance(editor, QComboBox):
        return editor.currentData()
    if isinstance(editor, QCheckBox):
        return editor.isChecked()
    assert isinstance(editor, (QSpinBox, QDoubleSpinBox))
    return editor.value()
