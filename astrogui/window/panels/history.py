"""The judgements made, newest first: a list that can be walked back and forth."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QAction, QPainter, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from astrogui.window.bridge import Bridge
from astrogui.window.reading import Reading

if TYPE_CHECKING:
    from astrogui.session.session import Session

Index = QModelIndex | QPersistentModelIndex
BEGINNING = 0  # the id of the line for "before the first judgement"
MOST_CHANGES = 6  # told one by one; a step may have changed a million rows
STEP, DETAIL, STATE = (Qt.ItemDataRole.UserRole + i for i in range(3))


class HistoryModel(QAbstractListModel):
    """Steps from the newest to the oldest, and a last line for the beginning."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps: list[Any] = []

    def show_steps(self, steps: list[Any]) -> None:
        """Steps, oldest first."""
        self.beginResetModel()
        self._steps = steps[::-1]
        self.endResetModel()

    def shows(self, steps: list[Any]) -> bool:
        """Whether these steps, oldest first, are those that are shown."""
        return self._steps == steps[::-1]

    @property
    def current(self) -> int:
        """The line of the step that was done last."""
        done = (i for i, step in enumerate(self._steps) if step.state == "done")
        return next(done, len(self._steps))

    def rowCount(self, parent: Index | None = None) -> int:
        if parent is not None and parent.isValid():
            return 0
        return len(self._steps) + 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        at = index.row()
        if not index.isValid():
            return None
        step = self._steps[at] if at < len(self._steps) else None
        if role == Qt.ItemDataRole.DisplayRole:
            return step.title if step else "Before the first judgement"
        if role == DETAIL:
            return f"{step.author}, {moment(step.created)}" if step else ""
        if role == STEP:
            return step.step_id if step else BEGINNING
        if role == STATE:
            return "now" if at == self.current else step.state if step else "done"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            words = {"now": "current, ", "undone": "undone, "}.get(str(self.data(index, STATE)), "")
            return f"{words}{self.data(index)} {self.data(index, DETAIL)}".strip()
        return None


class _TwoLines(QStyledItemDelegate):
    """A step's title above its author and time; what was undone is faint, the current one bold."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        palette: QPalette = option.palette
        role = QPalette.ColorRole.HighlightedText if is_selected else QPalette.ColorRole.Text
        if is_selected:
            painter.fillRect(option.rect, palette.highlight())
        state = index.data(STATE)
        font = option.font
        font.setBold(state == "now")
        font.setItalic(state == "undone")
        painter.setFont(font)
        faint = QPalette.ColorRole.PlaceholderText if not is_selected else role
        painter.setPen(palette.color(faint if state == "undone" else role))
        metrics = painter.fontMetrics()
        area: QRect = option.rect.adjusted(6, 2, -6, -2)
        sign = {"now": "● ", "undone": "○ "}.get(state, "")
        title = metrics.elidedText(
            f"{sign}{index.data()}", Qt.TextElideMode.ElideMiddle, area.width()
        )
        painter.drawText(area, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, title)
        font.setBold(False)
        painter.setFont(font)
        painter.setPen(palette.color(faint))
        words = index.data(DETAIL) + ("  (undone)" if state == "undone" else "")
        below = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, below)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        del index
        return QSize(120, 2 * option.fontMetrics.height() + 6)


class HistoryPanel(QWidget):
    """What can be undone and redone; it outlives a restart because the project keeps it.

    A click, or Enter, on a step goes there: later steps are undone, earlier ones done again.
    """

    def __init__(
        self,
        session: Session,
        bridge: Bridge,
        compute: Callable[..., Future[Any]],
        undo: QAction,
        redo: QAction,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._bridge = session, bridge
        self._step_id = 0  # whose changes are told
        self._steps = Reading(session, bridge, compute, _steps, self._show, self)
        self._told = Reading(session, bridge, compute, self._read_changes, self._tell, self)
        self.model = HistoryModel(self)
        self.list = QListView(self)
        self.list.setModel(self.model)
        self.list.setItemDelegate(_TwoLines(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName("History of judgements")
        self.list.setToolTip("Click a step, or press Enter on it, to go back or forth to it")
        self.list.setAcceptDrops(False)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._detail = QLabel(self)
        self._detail.setWordWrap(True)
        self._detail.setAccessibleName("What the step changed")
        self._detail.setTextFormat(Qt.TextFormat.PlainText)
        self._detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._detail.setContentsMargins(6, 0, 6, 0)
        buttons = QHBoxLayout()
        buttons.addStretch()
        for action in (undo, redo):
            button = QToolButton(self)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setDefaultAction(action)
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 2)
        column.addWidget(self.list)
        column.addWidget(self._detail)
        column.addLayout(buttons)
        self.list.clicked.connect(self._on_chosen)
        self.list.activated.connect(self._on_chosen)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        bridge.history_changed.connect(self.refresh)
        bridge.project_changed.connect(self.refresh)
        self.refresh()

    @property
    def is_busy(self) -> bool:
        """Whether steps or their changes are being read."""
        return self._steps.is_under_way or self._told.is_under_way

    def refresh(self, *_: object) -> None:
        """Read the steps again; the current one is chosen where they are others than before."""
        self._steps.ask()

    def _show(self, steps: list[Any]) -> None:
        if steps and self.model.shows(steps):
            return  # whoever looks at an earlier step goes on looking at it
        self.model.show_steps(steps)
        self.list.setCurrentIndex(self.model.index(self.model.current))
        if not steps:
            self._detail.setText("No judgement yet: press 1 to 4 on a row of the catalogue.")

    def go_to(self, step_id: int) -> None:
        """Make this step the last one done."""
        self._bridge.after(self._session.go_to(step_id), _ignore, self._on_failed)

    def _on_chosen(self, index: QModelIndex) -> None:
        if index.isValid() and index.row() != self.model.current:
            self.go_to(int(index.data(STEP)))

    def _on_failed(self, words: str) -> None:
        self._detail.setText(words)
        self.refresh()

    def _on_current(self, index: QModelIndex, _: QModelIndex | None = None) -> None:
        step_id = index.data(STEP) if index.isValid() else None
        if not step_id:
            self._detail.setText("Everything as the networks answered it, unjudged.")
            return
        self._step_id = int(step_id)
        self._told.ask()

    def _read_changes(self, view: Any) -> tuple[int, str]:
        """The step and what it changed, in words. Runs in the pool."""
        step_id = self._step_id
        changes, count = view.changes(step_id, MOST_CHANGES)
        rows = {row["row_id"]: row for row in view.rows(_row_ids(changes))}
        lines = [_words(change, rows.get(change.row_id)) for change in changes]
        if count > len(changes):
            lines.append(f"… and {count - len(changes):,} more changes")
        return step_id, "\n".join(lines)

    def _tell(self, told: tuple[int, str]) -> None:
        index = self.list.currentIndex()
        if index.isValid() and index.data(STEP) == told[0]:
            self._detail.setText(told[1])


def moment(iso: str) -> str:
    """A stored time as people read it: "2026-11-21 09:30 UTC"."""
    return f"{iso[:16].replace('T', ' ')} UTC" if len(iso) >= 16 else iso


def _steps(view: Any) -> list[Any]:
    return list(view.steps())


def _row_ids(changes: list[Any]) -> list[int]:
    return list(dict.fromkeys(change.row_id for change in changes))


def _words(change: Any, row: dict[str, object] | None) -> str:
    name = (row or {}).get("object_id") or f"row {change.row_id}"
    what = change.field.removeprefix("user_")
    return f"{name}: {what} {change.before or 'none'} → {change.after or 'none'}"


def _ignore(result: object) -> None:
    """What changed comes back as an event."""
    del result
