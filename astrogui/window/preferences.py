"""The few settings there are: the theme, and the name that judgements are signed with."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QWidget

from astrogui.session.settings import Settings
from astrogui.window.theme import THEMES


class Preferences(QDialog):
    """``changed`` carries the new settings; the caller applies and keeps them."""

    changed = Signal(object)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Preferences")
        self._author = QLineEdit(settings.author, self)
        self._author.setPlaceholderText(settings.signed)
        self._author.setAcceptDrops(False)
        self._theme = QComboBox(self)
        for theme in THEMES:
            self._theme.addItem(theme, theme)
        self._theme.setCurrentIndex(max(self._theme.findData(settings.theme), 0))
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        form = QFormLayout(self)
        form.addRow("Author of judgements", self._author)
        form.addRow("Theme", self._theme)
        form.addRow(buttons)

    def _on_accepted(self) -> None:
        wanted = replace(
            self._settings,
            author=self._author.text().strip(),
            theme=str(self._theme.currentData()),
        )
        if wanted != self._settings:
            self.changed.emit(wanted)
        self.accept()
