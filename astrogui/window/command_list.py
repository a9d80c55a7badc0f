"""A list of everything that can be done, found by a few letters and run by Enter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from astrogui.window.fuzzy import best

CHOICE = Qt.ItemDataRole.UserRole
MOST_SHOWN = 60
MARGIN = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """One line: where it belongs, what it does, its keys, and why it cannot be run now."""

    group: str
    text: str
    run: Callable[[], object]
    keys: str = ""
    obstacle: str = ""

    @property
    def line(self) -> str:
        return f"{self.group}: {self.text}"


class CommandList(QDialog):
    """Stands at the top of the window until something is chosen or Escape is pressed."""

    def __init__(self, choices: Sequence[Choice], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Commands")
        self._choices = choices
        self._lines = [choice.line for choice in choices]
        self.edit = QLineEdit(self)
        self.edit.setPlaceholderText("What do you want to do? A few letters of it will do.")
        self.edit.setAccessibleName("Command")
        self.edit.setAcceptDrops(False)
        self.edit.installEventFilter(self)
        self.list = QListWidget(self)
        self.list.setAccessibleName("Commands found")
        self.list.setItemDelegate(ChoiceDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._words = QLabel(self)
        self._words.setWordWrap(True)
        column = QVBoxLayout(self)
        column.addWidget(self.edit)
        column.addWidget(self.list)
        column.addWidget(self._words)
        self.edit.textChanged.connect(self._on_text)
        self.edit.returnPressed.connect(self.run_current)
        self.list.itemActivated.connect(self.run_current)
        self.list.itemClicked.connect(self.run_current)
        self.list.currentItemChanged.connect(self._on_current)
        self._on_text("")
        self._place()

    def _place(self) -> None:
        metrics = self.fontMetrics()
        self.resize(metrics.averageCharWidth() * 84, metrics.lineSpacing() * 24)
        window = self.parentWidget()
        if window is not None:
            place = window.mapToGlobal(window.rect().topLeft())
            self.move(place.x() + max((window.width() - self.width()) // 2, 0), place.y() + 60)

    @property
    def shown(self) -> list[Choice]:
        """The choices in the list, best first."""
        return [self.list.item(row).data(CHOICE) for row in range(self.list.count())]

    def run_current(self, _: object = None) -> None:
        """Close, then do what is chosen; a choice that cannot be run says why and stays."""
        item = self.list.currentItem()
        if not self.list.count():
            return
        choice = item.data(CHOICE)
        if choice.obstacle:
            self._words.setText(choice.obstacle)
            return
        self.close()
        choice.run()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down in the line of text move through the list."""
        if watched is self.edit and isinstance(event, QKeyEvent):
            keys = {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}
            if event.type() == QEvent.Type.KeyPress and event.key() in keys:
                self.list.event(event)
                return True
        return super().eventFilter(watched, event)

    def _on_text(self, text: str) -> None:
        self.list.clear()
        found = best(text, self._lines)
        for number in found[:MOST_SHOWN]:
            choice = self._choices[number]
            item = QListWidgetItem(choice.line)
            item.setData(CHOICE, choice)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{choice.line} {choice.keys}")
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        if not found:
            self._words.setText(f"Nothing here answers to “{text}”. Try fewer letters.")

    def _on_current(self, item: QListWidgetItem | None) -> None:
        obstacle = item.data(CHOICE).obstacle if item is not None else ""
        self._words.setText(obstacle or "Enter runs it, Escape leaves.")


class ChoiceDelegate(QStyledItemDelegate):
    """The menu in grey, what it does, and its keys at the right."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        del index
        return QSize(100, option.fontMetrics.height() + 8)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        choice: Choice = index.data(CHOICE)
        is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        palette = option.palette
        if is_chosen:
            painter.fillRect(option.rect, palette.highlight())
        role = QPalette.ColorRole.HighlightedText if is_chosen else QPalette.ColorRole.Text
        faint = role if is_chosen else QPalette.ColorRole.PlaceholderText
        painter.save()
        painter.setFont(option.font)
        rect = option.rect.adjusted(MARGIN, 0, -MARGIN, 0)
        metrics = option.fontMetrics
        keys_width = metrics.horizontalAdvance(choice.keys) + MARGIN if choice.keys else 0
        painter.setPen(palette.color(faint))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(rect, Qt.AlignmentFlag.AlignRight | middle, choice.keys)
        group = f"{choice.group}  ›  "
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | middle, group)
        room = QRect(rect)
        room.setLeft(rect.left() + metrics.horizontalAdvance(group))
        room.setRight(rect.right() - keys_width)
        painter.setPen(palette.color(faint if choice.obstacle else role))
        font = QFont(option.font)
        font.setItalic(bool(choice.obstacle))
        painter.setFont(font)
        text = metrics.elidedText(choice.text, Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | middle, text)
        painter.restore()
