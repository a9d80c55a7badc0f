"""The notice lies over the page: it moves nothing and no plot is painted for it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QPushButton

LONG = "Worker ended unexpectedly while it analysed a spectrum. " * 12


def area_of(widget, window):
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


def close(qtbot, notice):
    (button,) = [b for b in notice.findChildren(QPushButton) if b.text() == "Close"]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_showing_a_notice_resizes_no_page_and_paints_no_plot(filled, qtbot):
    window, pages = filled.window, filled.window.pages
    plots = filled.area.view("spectrum").plots.widget
    qtbot.waitUntil(lambda: plots.isVisible() and not filled.area.is_busy)
    qtbot.wait(100)
    before, painted, places = pages.size(), plots.painted, area_of(plots, window)
    window.notice.show_notice("Three rows are in out.fits.", "Open the folder", object())
    qtbot.wait(100)
    assert pages.size() == before
    assert area_of(plots, window) == places
    assert area_of(pages, window).contains(window.notice.geometry())
    assert window.notice.width() == pages.width()
    close(qtbot, window.notice)
    qtbot.wait(100)
    assert not window.notice.isVisible()
    assert pages.size() == before
    assert plots.painted == painted


def test_a_notice_follows_the_page(filled, qtbot):
    window, pages = filled.window, filled.window.pages
    window.notice.show_notice("A notice.")
    window.resize(window.width() + 220, window.height() + 40)
    qtbot.waitUntil(lambda: window.notice.width() == pages.width())
    assert window.notice.geometry().topLeft() == area_of(pages, window).topLeft()


def test_a_notice_is_said_below_the_menu_where_the_page_is_hidden(filled, qtbot):
    window = filled.window
    window.docks["viewer"].hide()
    window.notice.show_notice("A notice.")
    qtbot.waitUntil(lambda: window.notice.width() == window.width())
    assert window.notice.isVisible()
    assert window.notice.geometry().top() >= window.menuBar().geometry().bottom()


def test_a_long_notice_takes_two_lines_and_its_tip_has_all_of_it(filled, qtbot):
    window = filled.window
    window.notice.show_notice(LONG)
    label = window.notice._words
    assert label.height() <= 2 * label.fontMetrics().lineSpacing() + 6
    assert window.notice.height() < 80
    assert label.toolTip() == LONG


def test_a_notice_is_above_every_dock(filled, qtbot):
    window = filled.window
    window.notice.show_notice("A notice.", "Do", object())
    for dock in window.docks:
        dock.raise_()
    (button,) = [b for b in window.notice.findChildren(QPushButton) if b.text() == "Do"]
    middle = button.mapTo(window, button.rect().center())
    qtbot.waitUntil(lambda: window.childAt(middle) is button)
