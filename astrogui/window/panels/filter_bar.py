"""The line above the catalogue: a condition on the rows, with completion and a marked mistake."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QTextCharFormat
from PySide6.QtWidgets import (
    QCompleter,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from astrogui.records.catalogue import Column
from astrogui.session.filter_completion import completions
from astrogui.session.filter_tokens import FilterProblem
from astrogui.session.filtering import parse

PAUSE_MS = 350  # after the last key, before a whole expression is applied


class FilterBar(QWidget):
    """``applied`` carries an expression that can be used, "" for none."""

    applied = Signal(str)
    kept_changed = Signal(object)  # the saved filters, name to expression

    def __init__(
        self,
        columns: Callable[[], Sequence[Column]],
        values_of: Callable[[str], Sequence[str]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._columns, self._values_of = columns, values_of
        self.kept: dict[str, str] = {}
        self.edit = QLineEdit(self)
        self.edit.setAcceptDrops(False)
        self.edit.setClearButtonEnabled(True)
        self.edit.setPlaceholderText('Filter, for example  z > 0.5 & class == "QSO"   (Ctrl+L)')
        self.edit.setAccessibleName("Filter of the catalogue")
        self.counts = QLabel(self)
        self.counts.setAccessibleName("Rows shown and selected")
        self.problem = QLabel(self)
        self.problem.setWordWrap(True)
        self.problem.setAccessibleName("What is wrong with the filter")
        self.problem.hide()
        self._saved = QToolButton(self)
        self._saved.setText("Saved")
        self._saved.setToolTip("Filters kept with this project")
        self._saved.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self._saved)
        self._menu.aboutToShow.connect(self._fill_menu)
        self._saved.setMenu(self._menu)
        line = QHBoxLayout()
        line.setContentsMargins(3, 2, 3, 0)
        line.addWidget(self.edit, 1)
        line.addWidget(self._saved)
        line.addSpacing(self.fontMetrics().averageCharWidth())
        line.addWidget(self.counts)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addLayout(line)
        column.addWidget(self.problem)
        self._build_completer()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(PAUSE_MS)
        self._later.timeout.connect(self._apply_if_whole)
        self.edit.textEdited.connect(self._on_edited)
        self.edit.textChanged.connect(self._on_changed)
        self.edit.returnPressed.connect(self.apply)

    def _build_completer(self) -> None:
        self._offers = QStringListModel(self)
        self._completer = QCompleter(self._offers, self)
        self._completer.setWidget(self.edit)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setMaxVisibleItems(12)
        self._completer.activated.connect(self._on_chosen)
        self._start = 0

    def _hide_offers(self) -> None:
        popup = self._completer.popup()
        if popup is not None:
            popup.hide()

    def show_counts(self, shown: int, total: int, selected: int) -> None:
        """ "193,634 of 1,000,000 rows · 12 selected"."""
        noun = "row" if total == 1 else "rows"
        words = f"{shown:,} {noun}" if shown == total else f"{shown:,} of {total:,} {noun}"
        if selected:
            words += f"  ·  {selected:,} selected"
        self.counts.setText(words)

    def show_text(self, text: str) -> None:
        """An expression that is in force already."""
        if text != self.edit.text():
            self.edit.setText(text)
        self._show_problem(None)

    def apply(self) -> None:
        """Use what is written; what is wrong is said, and its place marked."""
        self._later.stop()
        self._hide_offers()
        text = self.edit.text().strip()
        try:
            if text:
                parse(self.edit.text(), self._columns())
        except FilterProblem as problem:
            self._show_problem(problem)
            return
        self._show_problem(None)
        self.applied.emit(text)

    def _apply_if_whole(self) -> None:
        """While somebody writes, a half expression is no mistake."""
        try:
            if self.edit.text().strip():
                parse(self.edit.text(), self._columns())
        except FilterProblem:
            return
        self._show_problem(None)
        self.applied.emit(self.edit.text().strip())

    def _show_problem(self, problem: FilterProblem | None) -> None:
        from PySide6.QtCore import QCoreApplication
        from PySide6.QtGui import QInputMethodEvent

        attributes = []
        if problem is not None:
            wrong = QTextCharFormat()
            wrong.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            wrong.setUnderlineColor(Qt.GlobalColor.red)
            wrong.setForeground(self.palette().link())
            length = max(problem.end - problem.start, 1)
            start = min(problem.start, max(len(self.edit.text()) - 1, 0))
            attributes.append(
                QInputMethodEvent.Attribute(
                    QInputMethodEvent.AttributeType.TextFormat,
                    start - self.edit.cursorPosition(),
                    length,
                    wrong,
                )
            )
        # A line edit paints formats that an input method gives it, and no others.
        QCoreApplication.sendEvent(self.edit, QInputMethodEvent("", attributes))
        self.problem.setVisible(problem is not None)
        if problem is not None:
            text = self.edit.text()
            place = text[problem.start : problem.end].strip()
            where = f"At character {problem.start + 1}"
            self.problem.setText(f"{where}{f', “{place}”' if place else ''}: {problem.words}")

    # -- completion ------------------------------------------------------------------------

    def _on_edited(self, _: str) -> None:
        self._later.start()
        self._offer()

    def _on_changed(self, text: str) -> None:
        if not text.strip():
            self._later.stop()
            self._show_problem(None)
            self.applied.emit("")

    def _offer(self) -> None:
        cursor = self.edit.cursorPosition()
        self._start, offers = completions(
            self.edit.text(), cursor, self._columns(), self._values_of
        )
        begun = self.edit.text()[self._start : cursor]
        if not offers or offers == [begun] or (not begun and self.edit.text()[:cursor][-1:] != " "):
            self._hide_offers()
            return
        self._offers.setStringList(offers)
        self._completer.complete()

    def _on_chosen(self, word: str) -> None:
        text, cursor = self.edit.text(), self.edit.cursorPosition()
        self.edit.setText(text[: self._start] + word + text[cursor:])
        self.edit.setCursorPosition(self._start + len(word))
        self._later.start()

    # -- saved filters ---------------------------------------------------------------------

    def keep(self, name: str, expression: str) -> None:
        """Save a filter under a name; an empty expression forgets it."""
        self.kept = {key: value for key, value in self.kept.items() if key != name}
        if expression:
            self.kept[name] = expression
        self.kept_changed.emit(self.kept)

    def _fill_menu(self) -> None:
        self._menu.clear()
        for name, expression in self.kept.items():
            action = self._menu.addAction(f"{name}:  {expression}" if name != expression else name)
            action.setData(expression)
            action.triggered.connect(self._on_saved_chosen)
        if self.kept:
            self._menu.addSeparator()
        text = self.edit.text().strip()
        save = self._menu.addAction("Save this filter")
        save.setEnabled(bool(text) and text not in self.kept.values())
        save.triggered.connect(self._on_save)
        forget = self._menu.addAction("Forget this filter")
        forget.setEnabled(text in self.kept.values())
        forget.triggered.connect(self._on_forget)

    def _on_saved_chosen(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.edit.setText(str(action.data()))
            self.apply()

    def _on_save(self) -> None:
        text = self.edit.text().strip()
        self.keep(text, text)

    def _on_forget(self) -> None:
        text = self.edit.text().strip()
        for name in [name for name, value in self.kept.items() if value == text]:
            self.keep(name, "")
