"""Asks what the columns of a text spectrum mean, beside the file's first lines."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

ROLES = (
    ("wave", "wavelength (Å)"),
    ("flux", "flux"),
    ("err", "1σ error"),
    ("ivar", "inverse variance"),
    ("var", "variance"),
    ("mask", "mask (1 = bad)"),
    ("wave_nm", "wavelength (nm)"),
    ("wave_um", "wavelength (µm)"),
    ("loglam", "log₁₀ wavelength (Å)"),
    ("skip", "not used"),
)
AXES = ("wave", "wave_nm", "wave_um", "loglam")
PREVIEW_BYTES = 2000
MOST_COLUMNS = 8


class ColumnChooser(QDialog):
    """A window beside the main one, never in its way; ``chosen`` carries path and options."""

    chosen = Signal(str, object)

    def __init__(self, path: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Columns of " + path.rpartition("/")[2])
        words = QLabel(
            "The file does not say what its columns mean. Choose at least wavelength and flux; "
            "without an error column the noise is estimated, and the answer says so.",
            self,
        )
        words.setWordWrap(True)
        self._preview = QPlainTextEdit(self)
        self._preview.setReadOnly(True)
        self._preview.setAcceptDrops(False)
        self._preview.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._preview.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._preview.setAccessibleName("First lines of the file")
        self._grid = QGridLayout()
        self._roles: list[QComboBox] = []
        self._air = QCheckBox("Wavelengths are in air", self)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel, self
        )
        self._buttons.accepted.connect(self._on_accepted)
        self._buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(words)
        column.addWidget(self._preview)
        column.addLayout(self._grid)
        column.addWidget(self._air)
        column.addWidget(self._buttons)
        self.resize(620, 420)
        self._offer(3)

    def show_preview(self, text: str) -> None:
        """Show the first lines; as many choices are offered as they have columns."""
        self._preview.setPlainText(text)
        self._offer(columns_in(text))

    def _offer(self, count: int) -> None:
        for box in self._roles:
            box.deleteLater()
        self._roles = []
        for place in range(min(max(count, 2), MOST_COLUMNS)):
            box = QComboBox(self)
            for role, words in ROLES:
                box.addItem(words, role)
            box.setCurrentIndex(place if place < 3 else len(ROLES) - 1)
            box.setAccessibleName(f"Meaning of column {place + 1}")
            box.currentIndexChanged.connect(self._on_role_changed)
            label = QLabel(f"column {place + 1}", self)
            self._grid.addWidget(label, 2 * (place // 4), place % 4)
            self._grid.addWidget(box, 2 * (place // 4) + 1, place % 4)
            self._roles.append(box)
        self._on_role_changed()

    def options(self) -> dict[str, str]:
        """The reading options for what is chosen now."""
        roles = [str(box.currentData()) for box in self._roles]
        while roles and roles[-1] == "skip":
            roles.pop()
        options = {"columns": ",".join(roles)}
        if self._air.isChecked():
            options["air"] = "true"
        return options

    def _on_role_changed(self, _: int = 0) -> None:
        roles = [box.currentData() for box in self._roles]
        used = ["wave" if role in AXES else role for role in roles if role != "skip"]
        is_right = {"wave", "flux"} <= set(used) and len(used) == len(set(used))
        self._buttons.button(QDialogButtonBox.StandardButton.Open).setEnabled(is_right)

    def _on_accepted(self) -> None:
        self.chosen.emit(self._path, self.options())
        self.accept()


def columns_in(text: str) -> int:
    """How many columns most lines of numbers have; 3 where none has two."""
    counts: dict[int, int] = {}
    for line in text.splitlines()[:-1] or text.splitlines():
        words = line.replace(",", " ").replace(";", " ").split()
        if len(words) >= 2 and all(_is_number(word) for word in words):
            counts[len(words)] = counts.get(len(words), 0) + 1
    return max(counts, key=lambda count: counts[count]) if counts else 3


def first_lines(path: str) -> str:
    """The beginning of a file as text, whatever it holds. Runs in the pool."""
    with open(path, "rb") as file:
        return file.read(PREVIEW_BYTES).decode("utf-8", errors="replace")


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
