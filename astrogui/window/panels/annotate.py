"""The analyst's judgement of the selected rows: class, redshift, quality, tags, comment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from astrogui.errors import UsageProblem
from astrogui.records.judgement import cells, normalised
from astrogui.window.catalogue_model import CatalogueModel
from astrogui.window.selection import Selection

if TYPE_CHECKING:
    from astrogui.session.session import Session

MOST_COMPARED = 1000  # selected rows whose values are shown where they agree
QUALITIES = (
    (0, "0", "no signal", "Ctrl+Alt+0"),
    (1, "1", "unusable", "1"),
    (2, "2", "doubtful", "2"),
    (3, "3", "probable", "3"),
    (4, "4", "certain", "4"),
    (6, "6", "star", "6"),
)
CHECKED = (
    "QPushButton:checked { background: palette(highlight); color: palette(highlighted-text); }"
)
# Field, label, words in the empty field.
TEXTS = (
    ("user_z", "Redshift", "By hand, then Enter"),
    ("user_tags", "Tags", "Words, commas between"),
    ("user_comment", "Comment", "Comment, then Enter"),
)


class AnnotatePanel(QWidget):
    """Shows what the selected rows have in common and writes what is entered to all of them."""

    def __init__(
        self,
        session: Session,
        model: CatalogueModel,
        selection: Selection,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._model, self._selection = session, model, selection
        self._target = QLabel(self)
        self._fault = QLabel(self)
        self._fault.setWordWrap(True)
        self._fault.hide()
        self._class = QComboBox(self)
        self._class_edit = QLineEdit(self._class)
        self._class.setLineEdit(self._class_edit)
        self._class.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._class.setAccessibleName("Class")
        self._texts = {name: self._text_field(label, words) for name, label, words in TEXTS}
        for edit in (self._class, self._class_edit):
            edit.setAcceptDrops(False)
        form = QFormLayout()
        form.addRow("Class", self._class)
        form.addRow("Redshift", self._texts["user_z"])
        form.addRow("Quality", self._quality_buttons())
        form.addRow("Tags", self._texts["user_tags"])
        form.addRow("Comment", self._texts["user_comment"])
        column = QVBoxLayout(self)
        column.addWidget(self._target)
        column.addLayout(form)
        column.addWidget(self._fault)
        column.addStretch()
        self._class.textActivated.connect(self._on_class)
        self._class_edit.returnPressed.connect(self._on_class_entered)
        for name in self._texts:
            self._texts[name].returnPressed.connect(self._on_text_entered)
        selection.rows_changed.connect(self.refresh)
        model.rows_read.connect(self._on_rows_read)
        self.refresh()

    def _text_field(self, label: str, words: str) -> QLineEdit:
        edit = QLineEdit(self)
        edit.setPlaceholderText(words)
        edit.setAccessibleName(label)
        edit.setAcceptDrops(False)
        return edit

    def _quality_buttons(self) -> QWidget:
        box = QWidget(self)
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        self._qualities = QButtonGroup(box)
        self._qualities.setExclusive(False)
        for number, text, words, key in QUALITIES:
            button = QPushButton(text, box)
            button.setCheckable(True)
            button.setMinimumWidth(24)
            button.setStyleSheet(CHECKED)
            button.setToolTip(f"{words} (key {key})")
            button.setAccessibleName(f"Quality {text}: {words}")
            self._qualities.addButton(button, number)
            row.addWidget(button)
        self._qualities.idClicked.connect(self._on_quality_clicked)
        return box

    def refresh(self, _: object = None) -> None:
        """Show the common values of the selected rows."""
        ids = self._selection.ids
        self.setEnabled(ids.size > 0)
        self._fault.hide()
        self._target.setText(self._target_words(ids))
        self._class.clear()
        self._class.addItems(self._known_classes())
        self._class.setCurrentText(str(self._common("user_class") or ""))
        for name, edit in self._texts.items():
            value = self._common(name)
            edit.setText("" if value is None else f"{value}".removesuffix(".0"))
            edit.setModified(False)
        quality = self._common("user_quality")
        for button in self._qualities.buttons():
            button.setChecked(quality is not None and self._qualities.id(button) == int(quality))

    def set_quality(self, quality: int | None) -> None:
        """Judge the selected rows; None takes the quality away."""
        self._write("user_quality", quality)

    def _on_rows_read(self, row_ids: tuple[int, ...]) -> None:
        is_writing = any(edit.hasFocus() and edit.isModified() for edit in self._texts.values())
        if not is_writing and self._selection.has_any(row_ids):
            self.refresh()

    def _target_words(self, ids: NDArray[np.int64]) -> str:
        if not ids.size:
            return "Select rows to judge them."
        if ids.size > 1:
            return f"{ids.size:,} rows"
        position = self._model.store.position(int(ids[0]))
        name = None if position is None else self._model.store.cell(position, "object_id")
        return str(name or "1 row")

    def _common(self, name: str) -> Any:
        """The value that the selected rows (the first of very many) share, else None."""
        store = self._model.store
        places = store.positions(self._selection.ids[:MOST_COMPARED])
        places = places[places >= 0]
        if not places.size or not store.has(name):
            return None
        stored = np.take(store.raw(name)[0], places)
        is_one = np.array_equal(stored, np.full_like(stored, stored[0]), equal_nan=True)
        return store.cell(int(places[0]), name) if is_one else None

    def _known_classes(self) -> list[str]:
        """Classes given so far and those the networks know."""
        store = self._model.store
        found: dict[str, None] = {"": None}
        for task in self._session.tasks():
            found.update(dict.fromkeys(getattr(task, "classes", ())))
        if store.has("user_class"):
            given = store.text("user_class").take(slice(0, 20_000)).counts()
            found.update(dict.fromkeys(sorted(text for text, _ in given)))
        return list(found)

    def _on_class(self, text: str) -> None:
        self._write("user_class", text.strip() or None)

    def _on_class_entered(self) -> None:
        self._on_class(self._class.currentText())

    def _on_text_entered(self) -> None:
        name = next(name for name, edit in self._texts.items() if edit is self.sender())
        edit = self._texts[name]
        try:
            value = cells(normalised({name: edit.text()}))[name]
        except UsageProblem as problem:
            self._fault.setText(str(problem))
            self._fault.show()
            return
        self._fault.hide()
        edit.setModified(False)
        self._write(name, value)

    def _on_quality_clicked(self, number: int) -> None:
        is_on = self._qualities.button(number).isChecked()
        self._write("user_quality", number if is_on else None)

    def _write(self, name: str, value: str | int | float | None) -> None:
        ids = self._selection.row_ids
        if ids:  # also what another grader has judged alike is judged by this one
            self._session.annotate(ids, {name: value})
