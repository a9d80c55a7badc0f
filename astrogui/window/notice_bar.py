"""A line at the top that says what happened, with what can be done about it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QToolBar, QWidget


class NoticeBar(QToolBar):
    """Shows one notice at a time until it is closed or replaced; never a dialogue."""

    acted = Signal(object)  # what the notice offered: the value given to ``show_notice``

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Notice", parent)
        self.setObjectName("notice")
        self.setMovable(False)
        self.toggleViewAction().setVisible(False)
        self._offer: object = None
        self._words = QLabel(self)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._words.setWordWrap(True)
        self._words.setContentsMargins(8, 2, 8, 2)
        # Two lines at most; the tool tip holds what does not fit.
        self._words.setMaximumHeight(2 * self._words.fontMetrics().lineSpacing() + 6)
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._act = QPushButton(self)
        self._act.setAccessibleName("What can be done about it")
        self._close = QPushButton("Close", self)
        self._close.setAccessibleName("Close the notice")
        self.addWidget(self._words)
        self._act_slot = self.addWidget(self._act)
        self.addWidget(self._close)
        self._act.clicked.connect(self._on_act)
        self._close.clicked.connect(self.hide)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self.hide()

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
        self._act_slot.setVisible(bool(button))
        self.show()

    def _on_act(self) -> None:
        self.hide()
        self.acted.emit(self._offer)
