"""The analyst's judgement of the selected rows: class, quality, comment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

from astrogui.window.catalogue_model import CatalogueModel
from astrogui.window.selection import Selection

if TYPE_CHECKING:
    from astrogui.session.session import Session

QUALITIES = ((1, "1", "unusable"), (2, "2", "doubtful"), (3, "3", "probable"), (4, "4", "certain"))
CHECKED = (
    "QPushButton:checked { background: palette(highlight); color: palette(highlighted-text); }"
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
        self._class = QComboBox(self)
        self._class_edit = QLineEdit(self._class)
        self._class.setLineEdit(self._class_edit)
        self._class.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._class.setAccessibleName("Class")
        self._comment = QLineEdit(self)
        self._comment.setPlaceholderText("Comment, then Enter")
        self._comment.setAccessibleName("Comment")
        for edit in (self._class, self._class_edit, self._comment):
            edit.setAcceptDrops(False)
        form = QFormLayout()
        form.addRow("Class", self._class)
        form.addRow("Quality", self._quality_buttons())
        form.addRow("Comment", self._comment)
        column = QVBoxLayout(self)
        column.addWidget(self._target)
        column.addLayout(form)
        column.addStretch()
        self._class.textActivated.connect(self._on_class)
        self._class_edit.returnPressed.connect(self._on_class_entered)
        self._comment.returnPressed.connect(self._on_comment)
        selection.rows_changed.connect(self.refresh)
        model.rows_read.connect(self._on_rows_read)
        self.refresh()

    def _quality_buttons(self) -> QWidget:
        box = QWidget(self)
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        self._qualities = QButtonGroup(box)
        self._qualities.setExclusive(False)
        for number, text, words in QUALITIES:
            button = QPushButton(text, box)
            button.setCheckable(True)
            button.setMinimumWidth(28)
            button.setStyleSheet(CHECKED)
            button.setToolTip(f"{words} (key {text})")
            button.setAccessibleName(f"Quality {text}: {words}")
            self._qualities.addButton(button, number)
            row.addWidget(button)
        self._qualities.idClicked.connect(self._on_quality_clicked)
        return box

    def refresh(self, _: object = None) -> None:
        """Show the common values of the selected rows."""
        ids = self._selection.row_ids
        self.setEnabled(bool(ids))
        self._target.setText(self._target_words(ids))
        self._class.clear()
        self._class.addItems(self._known_classes())
        self._class.setCurrentText(str(self._common("user_class") or ""))
        self._comment.setText(str(self._common("user_comment") or ""))
        quality = self._common("user_quality")
        for button in self._qualities.buttons():
            button.setChecked(quality is not None and self._qualities.id(button) == int(quality))

    def set_quality(self, quality: int | None) -> None:
        """Judge the selected rows; None takes the quality away."""
        self._write("user_quality", quality)

    def _on_rows_read(self, row_ids: tuple[int, ...]) -> None:
        is_writing = self._comment.hasFocus() and self._comment.isModified()
        if not is_writing and set(row_ids) & set(self._selection.row_ids):
            self.refresh()

    def _target_words(self, ids: tuple[int, ...]) -> str:
        if not ids:
            return "Select rows to judge them."
        if len(ids) > 1:
            return f"{len(ids)} rows"
        position = self._model.store.position(ids[0])
        name = None if position is None else self._model.store.cell(position, "object_id")
        return str(name or "1 row")

    def _common(self, name: str) -> Any:
        """The value all selected rows share, else None."""
        store = self._model.store
        positions = [store.position(row_id) for row_id in self._selection.row_ids[:1000]]
        values = {store.cell(place, name) for place in positions if place is not None}
        return values.pop() if len(values) == 1 else None

    def _known_classes(self) -> list[str]:
        """Classes given so far and those the networks know."""
        store = self._model.store
        found: dict[str, None] = {"": None}
        for task in self._session.tasks():
            found.update(dict.fromkeys(getattr(task, "classes", ())))
        if store.has("user_class"):
            given = {str(value) for value in store.array("user_class")[:20_000] if value}
            found.update(dict.fromkeys(sorted(given)))
        return list(found)

    def _on_class(self, text: str) -> None:
        self._write("user_class", text.strip() or None)

    def _on_class_entered(self) -> None:
        self._on_class(self._class.currentText())

    def _on_comment(self) -> None:
        self._comment.setModified(False)
        self._write("user_comment", self._comment.text().strip() or None)

    def _on_quality_clicked(self, number: int) -> None:
        is_on = self._qualities.button(number).isChecked()
        self._write("user_quality", number if is_on else None)

    def _write(self, name: str, value: str | int | None) -> None:
        ids = self._selection.row_ids
        if ids and (value != self._common(name) or len(ids) > 1):
            self._session.annotate(ids, {name: value})
