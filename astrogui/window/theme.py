"""Light and dark palettes on the Fusion style, the same on every desktop.

``QStyleHints.setColorScheme`` does nothing off-screen or on a bare X server, so the colours are
ours; the system is only asked which of the two it prefers.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

THEMES = ("system", "light", "dark")
OUTLINED = ("QCheckBox", "QRadioButton", "QLineEdit", "QAbstractSpinBox", "QComboBox", "QListView")
OUTLINE_PERCENT = 140  # Fusion's own
LEAST_POINTS, MOST_POINTS = -3, 12  # beside the text size of the system

LIGHT = {
    "window": "#f2f3f5",
    "base": "#ffffff",
    "alternate": "#f6f7f9",
    "text": "#1b1f24",
    "disabled": "#5d646e",
    "button": "#e9ebee",
    "highlight": "#2563b0",
    "highlighted": "#ffffff",
    "link": "#1f5fae",
    "mid": "#c3c8ce",
    "outline": "#6d747e",
    "tip": "#fffde8",
}
DARK = {
    "window": "#1e2126",
    "base": "#15171b",
    "alternate": "#1a1d22",
    "text": "#e4e7eb",
    "disabled": "#99a0aa",
    "button": "#2a2e35",
    "highlight": "#2f6fbf",
    "highlighted": "#ffffff",
    "link": "#7fb4f5",
    "mid": "#434a54",
    "outline": "#7c8490",
    "tip": "#2d3138",
}


def palette(colours: dict[str, str]) -> QPalette:
    """The palette of one of the two sets of colours."""
    role = QPalette.ColorRole
    window, text = QColor(colours["window"]), QColor(colours["text"])
    result = QPalette(QColor(colours["button"]), window)
    for target, name in (
        (role.Window, "window"),
        (role.Base, "base"),
        (role.AlternateBase, "alternate"),
        (role.WindowText, "text"),
        (role.Text, "text"),
        (role.ButtonText, "text"),
        (role.ToolTipText, "text"),
        (role.BrightText, "highlighted"),
        (role.Button, "button"),
        (role.Highlight, "highlight"),
        (role.Accent, "highlight"),
        (role.HighlightedText, "highlighted"),
        (role.Link, "link"),
        (role.LinkVisited, "link"),
        (role.Mid, "mid"),
        (role.ToolTipBase, "tip"),
        (role.PlaceholderText, "disabled"),
    ):
        result.setColor(target, QColor(colours[name]))
    for target in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, target, QColor(colours["disabled"]))
    dark = text.lightness() > window.lightness()
    result.setColor(role.Light, window.lighter(135) if dark else QColor("#ffffff"))
    result.setColor(role.Midlight, window.lighter(118) if dark else window.lighter(103))
    result.setColor(role.Dark, window.darker(160) if dark else window.darker(140))
    result.setColor(role.Shadow, QColor("#000000") if dark else window.darker(220))
    return result


def outlined(whole: QPalette, colours: dict[str, str]) -> QPalette:
    """The palette of what is known by its outline, which Fusion draws 1.4 times darker than Window.

    An empty box in the dark would be black on black. None of ``OUTLINED`` paints its Window.
    """
    result = QPalette(whole)
    result.setColor(QPalette.ColorRole.Window, QColor(colours["outline"]).lighter(OUTLINE_PERCENT))
    return result


def is_dark(widget_palette: QPalette) -> bool:
    """Whether text is lighter than what it stands on."""
    role = QPalette.ColorRole
    return (
        widget_palette.color(role.WindowText).lightness()
        > widget_palette.color(role.Window).lightness()
    )


class ThemeKeeper(QObject):
    """Applies the theme chosen, and follows the system's while "system" is chosen."""

    def __init__(self, application: QApplication, choice: str = "system") -> None:
        super().__init__(application)
        self._application = application
        self._choice = choice
        self._font = application.font()
        self._points = 0
        application.setStyle("Fusion")
        application.styleHints().colorSchemeChanged.connect(self._on_system_changed)
        self.choose(choice)

    @property
    def choice(self) -> str:
        return self._choice

    def choose(self, choice: str) -> None:
        """Show "light", "dark" or what the "system" says."""
        self._choice = choice if choice in THEMES else "system"
        colours = DARK if self._wants_dark() else LIGHT
        whole = palette(colours)
        self._application.setPalette(whole)
        for name in OUTLINED:
            # The stubs say bytes; PySide6 takes a str alone.
            self._application.setPalette(outlined(whole, colours), name)  # type: ignore[arg-type]
        for widget in self._application.allWidgets():
            if sheet := widget.styleSheet():  # one keeps the colours that it was first read with
                widget.setStyleSheet("")
                widget.setStyleSheet(sheet)

    def choose_text(self, points: int) -> None:
        """Show all text this many points larger than the system's, smaller where negative."""
        points = min(max(points, LEAST_POINTS), MOST_POINTS)
        if points == self._points:
            return
        self._points = points
        font = QFont(self._font)
        font.setPointSizeF(max(font.pointSizeF() + points, 5.0))
        self._application.setFont(font)

    def _wants_dark(self) -> bool:
        if self._choice != "system":
            return self._choice == "dark"
        return self._application.styleHints().colorScheme() == Qt.ColorScheme.Dark

    def _on_system_changed(self) -> None:
        if self._choice == "system":
            self.choose("system")
