"""A line over the top of the pages that says what happened, with what can be done about it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QSizePolicy,
    QWidget,
)

_MOVING = frozenset(
    {QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show, QEvent.Type.Hide,
     QEvent.Type.LayoutRequest}
)  # fmt: skip


class NoticeBar(QFrame):
    """Shows one notice at a time until it is closed or replaced; never a dialogue.

    It lies over the page instead of above it: plots that are resized for a notice would be laid
    out and painted anew, twice, and the window stand still meanwhile.
    """

    acted = Signal(object)  # what the notice offered: the value given to ``show_notice``

    def __init__(self, window: QMainWindow, over: QWidget) -> None:
        """``over`` is the widget on whose top the notice lies, while it is in the window."""
        super().__init__(window)
        self.setObjectName("notice")
        self.setAccessibleName("Notice")
        self._window, self._over = window, over
        self._offer: object = None
        self._words = QLabel(self)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._words.setWordWrap(True)
        # Two lines at most; the tool tip holds what does not fit.
        self._words.setMaximumHeight(2 * self._words.fontMetrics().lineSpacing() + 6)
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._act = QPushButton(self)
        self._act.setAccessibleName("What can be done about it")
        self._close = QPushButton("Close", self)
        self._close.setAccessibleName("Close the notice")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 3, 6, 3)
        row.addWidget(self._words, 1)
        row.addWidget(self._act)
        row.addWidget(self._close)
        self._act.clicked.connect(self._on_act)
        self._close.clicked.connect(self.hide)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self.setForegroundRole(QPalette.ColorRole.ToolTipText)
        self._words.setForegroundRole(QPalette.ColorRole.ToolTipText)
        self.hide()
        for widget in (window, over, over.parentWidget()):
            if widget is not None:
                widget.installEventFilter(self)

    @property
    def words(self) -> str:
        return self._words.text()

    def show_notice(self, words: str, button: str = "", offer: object = None) -> None:
        """Say ``words``; ``button``, where given, emits ``acted`` with ``offer``."""
        self._offer = offer
        self._words.setText(words)
        self._words.setToolTip(words)
        self._act.setText(button)
        self._act.setAccessibleName(button or "What can be done about it")
        self._act.setVisible(bool(button))
        self.show()
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follows the page."""
        if event.type() in _MOVING and not self.isHidden():
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        """As wide as the page and at its top; below the tools where the page is elsewhere."""
        window, over = self._window, self._over
        if over.isVisible() and over.window() is window:
            area = QRect(over.mapTo(window, QPoint(0, 0)), over.size())
        else:
            area = window.rect().adjusted(0, window.menuBar().geometry().bottom() + 1, 0, 0)
        layout = self.layout()
        assert layout is not None
        layout.activate()
        height = max(layout.heightForWidth(area.width()), layout.minimumSize().height())
        self.setGeometry(area.left(), area.top(), area.width(), min(height, area.height()))
        self.raise_()

    def _on_act(self) -> None:
        self.hide()
        self.acted.emit(self._offer)
