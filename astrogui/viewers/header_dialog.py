"""The headers of a file, card by card, with a search; beside the window, not in its way."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QStringListModel, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

CARD_WIDTH = 84  # characters that are seen without scrolling


class HeaderDialog(QDialog):
    """Shows the cards it is given; says which header is wanted. Thousands of cards open at once."""

    header_wanted = Signal(int)  # number of the HDU

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModal(False)
        self.setWindowTitle("FITS header")
        self._cards: list[str] = []
        self._hits: list[int] = []
        self._build()

    def show_parts(self, file_name: str, titles: Sequence[str], index: int) -> None:
        """A file's headers to choose from; the cards of ``index`` are asked for."""
        self.setWindowTitle(f"FITS header – {file_name}")
        self.part.blockSignals(True)
        self.part.clear()
        self.part.addItems(list(titles))
        self.part.setCurrentIndex(index)
        self.part.blockSignals(False)
        self.header_wanted.emit(index)

    def show_cards(self, text: str) -> None:
        """The cards of the header chosen, one a line."""
        self._cards = text.split("\n")
        self._model.setStringList(self._cards)
        self._find(self.search.text())

    def show_words(self, words: str) -> None:
        """Why there are no cards."""
        self._cards, self._hits = [], []
        self._model.setStringList([])
        self.count.setText(words)

    def next_hit(self) -> None:
        self._go(+1)

    def previous_hit(self) -> None:
        self._go(-1)

    def copy(self) -> None:
        """The selected cards to the clipboard, all of them where none is selected."""
        rows = sorted(index.row() for index in self.cards.selectionModel().selectedRows())
        chosen = [self._cards[row] for row in rows] if rows else self._cards
        QGuiApplication.clipboard().setText("\n".join(chosen))

    def _build(self) -> None:
        self.part = QComboBox()
        self.part.setAccessibleName("Extension")
        self.part.setToolTip("Whose header is shown")
        self.part.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.part.currentIndexChanged.connect(self.header_wanted)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search keywords, values and comments")
        self.search.setAccessibleName("Search")
        self.search.setToolTip("Enter: next hit, Shift+Enter: the one before (Ctrl+F)")
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(self.search.fontMetrics().horizontalAdvance("M" * 18))
        self.search.textChanged.connect(self._find)
        self.count = QLabel()
        self.count.setAccessibleName("Hits")
        before = self._button("&Previous", "The hit before (Shift+F3)", self.previous_hit)
        after = self._button("&Next", "The next hit (F3)", self.next_hit)
        copy = self._button("&Copy", "Selected cards, or all of them (Ctrl+C)", self.copy)
        self._model = QStringListModel(self)
        self.cards = QListView()
        self.cards.setModel(self._model)
        self.cards.setAccessibleName("Cards")
        self.cards.setUniformItemSizes(True)
        self.cards.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.cards.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self.cards.setFont(font)
        self.cards.setMinimumWidth(self.cards.fontMetrics().horizontalAdvance("M" * CARD_WIDTH))
        top, below = QHBoxLayout(), QVBoxLayout(self)
        top.addWidget(self.search, 1)
        for widget in (self.count, before, after, copy):
            top.addWidget(widget)
        below.addWidget(self.part)  # a line of its own: names of extensions are long
        below.addLayout(top)
        below.addWidget(self.cards, 1)
        self.resize(self.sizeHint().width(), 560)
        for keys, slot in (
            ("Ctrl+F", self.search.setFocus), ("F3", self.next_hit),
            ("Shift+F3", self.previous_hit), ("Return", self.next_hit),
            ("Shift+Return", self.previous_hit), ("Ctrl+C", self.copy),
        ):  # fmt: skip
            QShortcut(QKeySequence(keys), self).activated.connect(slot)

    def _button(self, text: str, tip: str, slot: object) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(slot)
        return button

    def _find(self, words: str) -> None:
        """Select the first card from the present place on that holds the words."""
        wanted = words.strip().casefold()
        self._hits = (
            [row for row, card in enumerate(self._cards) if wanted in card.casefold()]
            if wanted
            else []
        )
        if not wanted:
            self.count.setText(f"{max(len(self._cards) - 1, 0)} cards")
        elif not self._hits:
            self.count.setText("not found")
        else:
            here = max(self.cards.currentIndex().row(), 0)
            self._show(next((i for i, row in enumerate(self._hits) if row >= here), 0))

    def _go(self, step: int) -> None:
        if not self._hits:
            return
        here = self.cards.currentIndex().row()
        if step > 0:
            place = next((i for i, row in enumerate(self._hits) if row > here), 0)
        else:
            earlier = [i for i, row in enumerate(self._hits) if row < here]
            place = earlier[-1] if earlier else len(self._hits) - 1
        self._show(place)

    def _show(self, place: int) -> None:
        """Make one of the hits the current card."""
        index: QModelIndex = self._model.index(self._hits[place])
        flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.cards.selectionModel().setCurrentIndex(index, flag)
        self.cards.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
        self.count.setText(f"{place + 1} of {len(self._hits)}")
