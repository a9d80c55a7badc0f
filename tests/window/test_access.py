"""The window without a mouse and without eyes: names, tab order, focus that is seen, contrast."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollBar,
    QSlider,
    QTabBar,
    QTextEdit,
    QWidget,
)

from astrogui.window.preferences import Preferences
from astrogui.window.theme import DARK, LIGHT, palette

CONTROLS = (
    QAbstractButton, QAbstractItemView, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit,
    QSlider, QTextEdit,
)  # fmt: skip
INNER = (QScrollBar, QHeaderView, QTabBar)
THEMES = [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")]


def buddies(root: QWidget) -> set[QWidget]:
    return {b for label in root.findChildren(QLabel) if (b := label.buddy()) is not None}


def is_inner(widget: QWidget) -> bool:
    """A part that Qt puts into a control; its name is that of the control."""
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, (QComboBox, QAbstractSpinBox, *INNER)):
            return True
        if isinstance(widget, QAbstractButton) and isinstance(
            parent, (QLineEdit, QAbstractItemView)
        ):
            return True
        parent = parent.parentWidget()
    return widget.objectName().startswith("qt_") or isinstance(widget, INNER)


def nameless(root: QWidget) -> list[str]:
    named = buddies(root)
    found = []
    for control in root.findChildren(QWidget):
        if not isinstance(control, CONTROLS) or is_inner(control):
            continue
        words = control.accessibleName()
        if isinstance(control, QAbstractButton):
            words = words or control.text() or control.toolTip()
        if not words and control not in named:
            found.append(f"{type(control).__name__} {control.objectName()} in {path_of(control)}")
    return found


def path_of(widget: QWidget) -> str:
    names = []
    while widget is not None:
        names.append(widget.objectName() or type(widget).__name__)
        widget = widget.parentWidget()
    return " < ".join(names[1:5])


def test_every_control_of_the_window_has_a_name(filled):
    for kind in ("image", "strain"):
        filled.area.view(kind)
    assert nameless(filled.window) == []


def test_every_control_of_the_dialogues_has_a_name(filled, qtbot):
    dialog = Preferences(filled.session.settings, filled.features["keys"].map)
    qtbot.addWidget(dialog)
    assert nameless(dialog) == []
    for name in ("guide", "command_list", "run_with", "about"):
        filled.window.actions_by_name[name].trigger()
    opened = filled.window.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
    for widget in opened:
        if widget.isWindow() and widget.isVisible():
            assert nameless(widget) == [], widget.windowTitle()
            widget.close()


def test_the_tab_key_reaches_every_panel_and_comes_round(filled):
    """From the first control forward: no control swallows the key for good."""
    start = filled.catalogue.table
    reached, widget = set(), start
    for _ in range(2000):
        widget = widget.nextInFocusChain()
        if widget is start:
            break
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            for dock in filled.window.docks:
                if dock.isAncestorOf(widget):
                    reached.add(dock.objectName())
    assert widget is start
    assert {"files", "viewer", "results", "annotate", "jobs", "problems", "history"} <= reached


def test_tables_leave_the_tab_key_to_the_window(filled, qapp):
    """A grid that keeps the key is a trap for whoever has no mouse."""
    views = [v for v in filled.window.findChildren(QAbstractItemView) if not is_inner(v)]
    assert len(views) > 4
    for view in views:
        qapp.focusChanged.emit(None, view)  # as when it is gone to
        assert not view.tabKeyNavigation(), path_of(view)


def luminance(colour: QColor) -> float:
    parts = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
        for c in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(first: QColor, second: QColor) -> float:
    """The contrast ratio of WCAG 2.2, section 1.4.3."""
    bright, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", THEMES)
@pytest.mark.parametrize("group", ["Active", "Inactive", "Disabled"])
def test_every_text_of_the_palette_can_be_read_on_every_ground(colours, group):
    made, role = palette(colours), QPalette.ColorRole
    which = getattr(QPalette.ColorGroup, group)
    grounds = (role.Window, role.Base, role.AlternateBase, role.Button)
    texts = (role.WindowText, role.Text, role.ButtonText, role.PlaceholderText, role.Link)
    for text in texts:
        for ground in grounds:
            ratio = contrast(made.color(which, text), made.color(which, ground))
            assert ratio >= 4.5, (text, ground, round(ratio, 2))
    pairs = ((role.HighlightedText, role.Highlight), (role.ToolTipText, role.ToolTipBase))
    for text, ground in pairs:
        assert contrast(made.color(which, text), made.color(which, ground)) >= 4.5, (text, ground)


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_text_can_be_read_in_the_rendered_window(filled, choice, qtbot):
    """Measured in pictures: ground is the commonest colour of a label, ink what is farthest off."""
    filled.choose_theme(choice)
    QApplication.processEvents()
    labels = [
        label
        for kind in (QLabel, QPushButton)
        for label in filled.window.findChildren(kind)
        if label.isVisible() and not label.visibleRegion().isEmpty() and label.text().strip()
    ]
    assert len(labels) > 10
    for label in labels:
        ratio = rendered_contrast(filled.window, label)
        assert ratio is None or ratio >= 4.5, (label.text(), path_of(label), round(ratio, 2))
    filled.choose_theme("light")


def rendered_contrast(window: QWidget, label: QWidget) -> float | None:
    """None where the label is too small to have a stroke in full colour."""
    picture = window.grab(label.visibleRegion().boundingRect().translated(
        label.mapTo(window, label.rect().topLeft())
    )).toImage()  # fmt: skip
    counts: dict[int, int] = {}
    for y in range(picture.height()):
        for x in range(picture.width()):
            pixel = picture.pixel(x, y)
            counts[pixel] = counts.get(pixel, 0) + 1
    if len(counts) < 3:
        return None
    ground = QColor(max(counts, key=counts.__getitem__))
    return max(contrast(ground, QColor(pixel)) for pixel in counts)
