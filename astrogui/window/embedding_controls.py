"""The choices above an embedding, and the row of pictures below it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListView,
    QListWidget,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from astrogui.window.linked_points import tool_buttons

WAYS = ("Principal components", "t-SNE")
TURN = ("turn", "Turn", "Drag turns the points; the arrow keys too. In three dimensions only")


class EmbeddingControls(QWidget):
    """Analysis, way, dimensions and colour; what a drag does."""

    def __init__(self, choose_tool: Callable[[str, bool], None], parent: QWidget) -> None:
        super().__init__(parent)
        self.task, self.way, self.colour = QComboBox(self), QComboBox(self), QComboBox(self)
        self.way.addItems(WAYS)
        first, second = QHBoxLayout(), QHBoxLayout()
        for words, box, name in (
            ("analysis", self.task, "Analysis whose features are shown"),
            ("placed by", self.way, "How features become a place"),
            ("colour", self.colour, "Column that colours"),
        ):
            box.setAccessibleName(name)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(max(map(len, WAYS)) if box is self.way else 9)
            first.addWidget(QLabel(words, self))
            first.addWidget(box, 1)
        self.solid = QCheckBox("3-D", self)
        self.solid.setToolTip("Three dimensions: Turn and the arrow keys show them from all sides")
        self.pictures = QCheckBox("pictures", self)
        self.pictures.setToolTip("Cut-outs at points, where they do not cover each other")
        self.pictures.setChecked(True)
        self.stop = QPushButton("Stop", self)
        self.stop.setToolTip("Stop t-SNE; the principal components are shown instead")
        self.stop.hide()
        self.whole = QToolButton(self)
        self.whole.setText("All")
        self.whole.setToolTip("The range of all points")
        self.tools = tool_buttons(self, choose_tool, (TURN,))
        for widget in (self.solid, self.pictures, self.stop):
            second.addWidget(widget)
        second.addStretch()
        for button in (*self.tools.values(), self.whole):
            second.addWidget(button)
        self.tools["turn"].setEnabled(False)
        self.tools["pan"].setChecked(True)
        both = QVBoxLayout(self)
        both.setContentsMargins(0, 0, 0, 0)
        both.addLayout(first)
        both.addLayout(second)

    @property
    def is_neighbours(self) -> bool:
        """Whether t-SNE is wanted."""
        return self.way.currentIndex() == 1

    @property
    def dimensions(self) -> int:
        return 3 if self.solid.isChecked() else 2


def picture_strip(parent: QWidget) -> QListWidget:
    """A row of pictures, scrolled sideways."""
    strip = QListWidget(parent)
    strip.setViewMode(QListView.ViewMode.IconMode)
    strip.setFlow(QListView.Flow.LeftToRight)
    strip.setWrapping(False)
    strip.setMovement(QListView.Movement.Static)
    strip.setIconSize(QSize(48, 48))
    strip.setGridSize(QSize(66, 74))
    strip.setFixedHeight(96)
    strip.setAccessibleName("Objects most like the one chosen")
    strip.setToolTip("The objects most like the one chosen; a click shows one")
    return strip


def fill(box: QComboBox, names: list[str], preferred: str) -> None:
    """Other names, the same choice where it is still there."""
    if [box.itemText(k) for k in range(box.count())] == names:
        return
    kept = box.currentText() if box.count() else preferred
    box.blockSignals(True)
    box.clear()
    box.addItems(names)
    wanted = kept if kept in names else (preferred if preferred in names else "")
    box.setCurrentText(wanted or (names[0] if names else ""))
    box.blockSignals(False)
