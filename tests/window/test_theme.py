"""What is known by its outline can be seen in either theme."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QRadioButton,
    QToolButton,
)

from astrogui.window.theme import ThemeKeeper

LEAST_CONTRAST = 3.0  # of parts of controls: WCAG 2.2, criterion 1.4.11


def luminance(colour: QColor) -> float:
    parts = [colour.redF(), colour.greenF(), colour.blueF()]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: QColor, other: QColor) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def a_list():
    widget = QListWidget()
    item = QListWidgetItem("")
    item.setCheckState(Qt.CheckState.Unchecked)
    widget.addItem(item)
    return widget


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("make", [QCheckBox, QRadioButton, QLineEdit, a_list])
def test_an_empty_box_stands_out(qtbot, qapp, theme, make):
    keeper = ThemeKeeper(qapp, theme)
    widget = make()
    qtbot.addWidget(widget)
    widget.resize(60, 40)
    widget.show()
    picture = widget.grab().toImage()
    ground = qapp.palette().window().color()
    most = max(
        contrast(picture.pixelColor(x, y), ground)
        for x in range(picture.width())
        for y in range(picture.height())
        if picture.pixelColor(x, y) != qapp.palette().base().color()
    )
    keeper.choose("light")
    assert most >= LEAST_CONTRAST


@pytest.mark.parametrize(("choice", "is_light"), [("dark", True), ("light", False)])
def test_the_button_for_the_last_tools_of_a_bar_is_seen(bench, choice, is_light):
    bench.choose_theme(choice)
    buttons = bench.window.findChildren(QToolButton, "qt_toolbar_ext_button")
    assert len(buttons) > 3  # of the window, the views and the results
    for button in buttons:
        drawn = button.icon().pixmap(16).toImage()
        pixels = [drawn.pixelColor(x, y) for x in range(drawn.width()) for y in range(16)]
        shown = [pixel.lightness() > 128 for pixel in pixels if pixel.alpha() > 200]
        assert shown
        assert all(shown) is is_light
