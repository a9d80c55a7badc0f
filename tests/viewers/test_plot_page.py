"""Pages of plots: a change costs one picture, and no two pages paint in one turn of the loop."""

from __future__ import annotations

import pytest
import viewer_samples as samples
from pyqtgraph import AxisItem
from PySide6.QtCore import QAbstractEventDispatcher, QEvent, QObject, QRect

from astrogui.viewers import plot_page
from astrogui.viewers.plot import Plot
from astrogui.viewers.plot_page import PlotPage
from astrogui.viewers.spectrum_view import SpectrumView
from astrogui.viewers.turns import turns


class PaintLog(QObject):
    """In which turn of the event loop each page was painted, in order."""

    def __init__(self, *pages: PlotPage) -> None:
        super().__init__()
        self.turn = 0
        self.paints: list[tuple[int, PlotPage]] = []
        self._pages = {page.viewport(): page for page in pages}
        for page in pages:
            page.viewport().installEventFilter(self)
        QAbstractEventDispatcher.instance().awake.connect(self._on_awake)

    def _on_awake(self) -> None:
        self.turn += 1

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and watched in self._pages:
            self.paints.append((self.turn, self._pages[watched]))
        return False


def page_of(qtbot, count=2):
    page = PlotPage()
    qtbot.addWidget(page)
    plots = [Plot() for _ in range(count)]
    for number, plot in enumerate(plots):
        plot.getAxis("left").setWidth(60)
        page.addItem(plot, row=0, col=number)
    page.resize(600, 300)
    page.show()
    qtbot.waitExposed(page)
    is_quiet(qtbot, page)
    return page, plots


def is_quiet(qtbot, page):
    """Wait until a page has painted what it had to, and goes on having nothing to paint."""
    looks, before = 0, -1
    while looks < 3:
        is_still = before == page.painted and not page.is_due and not turns().is_busy
        looks = looks + 1 if is_still else 0
        before = page.painted
        qtbot.wait(40)


def test_all_changes_of_a_turn_are_one_picture(qtbot):
    page, plots = page_of(qtbot)
    before = page.painted
    for plot in plots:
        plot.setXRange(0.0, 5000.0)
        plot.setYRange(0.0, 1e6)
        plot.set_titles(bottom="wavelength (Å)", left="flux")
        plot.setTitle("a title")
    is_quiet(qtbot, page)
    assert page.painted == before + 1


def test_axes_keep_their_size_while_they_are_painted(qtbot):
    page, (plot, _) = page_of(qtbot)
    plot.setVisible(False)
    plot.set_titles(bottom="wavelength (Å)", top="rest wavelength (Å)")
    is_quiet(qtbot, page)
    plot.setVisible(True)
    page.ci.layout.activate()
    before = {name: QRect(plot.getAxis(name).geometry().toRect()) for name in ("bottom", "top")}
    assert before["bottom"].height() > 30  # a line of numbers and a title
    page.grab()
    page.ci.layout.activate()
    assert {name: plot.getAxis(name).geometry().toRect() for name in before} == before


def test_two_pages_that_change_together_are_painted_in_two_turns(qtbot):
    one, (first, _) = page_of(qtbot)
    two, (second, _) = page_of(qtbot)
    log = PaintLog(one, two)
    first.setXRange(3.0, 7.0)
    second.setXRange(3.0, 7.0)
    qtbot.waitUntil(lambda: len(log.paints) == 2)
    assert {page for _, page in log.paints} == {one, two}
    assert log.paints[0][0] < log.paints[1][0]


def test_a_page_that_nobody_sees_paints_nothing_until_it_is_shown(qtbot):
    page, (plot, _) = page_of(qtbot)
    page.hide()
    before = page.painted
    plot.setXRange(3.0, 7.0)
    is_quiet(qtbot, page)
    assert page.painted == before
    page.show()
    qtbot.waitUntil(lambda: page.painted > before)


def test_a_picture_taken_meanwhile_is_new_and_no_frame_follows_it(qtbot):
    page, (plot, _) = page_of(qtbot)
    old = page.grab().toImage()
    plot.setXRange(3000.0, 7000.0)
    assert page.grab().toImage() != old
    is_quiet(qtbot, page)
    fresh = page.grab().toImage()
    qtbot.wait(20)
    assert page.grab().toImage() == fresh


@pytest.mark.parametrize("redshift", [0.1, 0.3])
def test_an_answer_paints_the_plots_of_the_spectrum_once(shown, settled, qtbot, redshift):
    view = shown(SpectrumView, samples.spectrum())
    view.set_answer({"row_id": 1}, samples.redshift_posterior(0.2))
    settled(view)
    page = view.plots.widget
    is_quiet(qtbot, page)
    before = page.painted
    view.set_answer({"row_id": 1}, samples.redshift_posterior(redshift))
    settled(view)
    is_quiet(qtbot, page)
    assert page.painted == before + 1


def test_the_first_answer_paints_them_once_as_well(shown, settled, qtbot):
    view = shown(SpectrumView, samples.spectrum())
    page = view.plots.widget
    is_quiet(qtbot, page)
    before = page.painted
    view.set_answer({"row_id": 1}, samples.redshift_posterior(0.2))
    settled(view)
    is_quiet(qtbot, page)
    assert page.painted == before + 1


def test_a_held_page_shows_its_background_until_it_is_released(qtbot):
    page, plots = page_of(qtbot)
    drawn = page.grab().toImage()
    before = page.painted
    page.hold()
    plots[0].setYRange(5, 6)
    empty = page.viewport().grab().toImage()
    assert empty.pixelColor(300, 150) == page.backgroundBrush().color()
    assert {empty.pixelColor(x, y).rgb() for x in range(0, 600, 7) for y in range(0, 300, 7)} == {
        page.backgroundBrush().color().rgb()
    }
    is_quiet(qtbot, page)
    assert page.painted == before
    page.release()
    qtbot.waitUntil(lambda: page.painted > before)
    plots[0].setYRange(0, 1)
    is_quiet(qtbot, page)
    assert page.grab().toImage().size() == drawn.size()
    assert page.grab().toImage() != empty


def test_axes_are_drawn_in_turns_of_their_own_before_a_released_page_is_painted(qtbot, monkeypatch):
    page, plots = page_of(qtbot, 4)
    page.hold()
    for plot in plots:
        plot.setRange(xRange=(3, 4), yRange=(5, 6))
    log, drawn = PaintLog(page), []
    draw = AxisItem.drawPicture

    def noted(axis, *words):
        drawn.append(log.turn)
        return draw(axis, *words)

    monkeypatch.setattr(AxisItem, "drawPicture", noted)
    monkeypatch.setattr(plot_page, "TURN_S", 0.0)  # each takes longer
    page.release()
    qtbot.waitUntil(lambda: bool(log.paints))
    assert len(drawn) == len(set(drawn)) == 8
    assert max(drawn) < log.paints[0][0]


def test_what_is_shown_first_is_laid_out_and_has_its_axes_before_it_is_painted(qtbot):
    undrawn = []

    class Watched(PlotPage):
        def paintEvent(self, event):
            if not self.is_held:
                undrawn.append(len(self._undrawn_axes()))
            super().paintEvent(event)

    page = Watched()
    qtbot.addWidget(page)
    for number in range(3):
        page.addItem(Plot(), row=0, col=number)
    page.resize(600, 300)
    page.show()
    assert page.is_held
    assert len(page._undrawn_axes()) == 6
    qtbot.waitUntil(lambda: page.painted > 0)
    assert not page.is_held
    assert undrawn[0] == 0


def test_a_page_that_is_held_by_hand_is_not_let_go_by_being_shown(qtbot):
    page = PlotPage()
    qtbot.addWidget(page)
    page.hold()
    page.show()
    is_quiet(qtbot, page)
    assert page.is_held
    assert page.painted == 0
    page.release()
    qtbot.waitUntil(lambda: page.painted == 1)


def test_plots_that_come_together_are_laid_out_once(qtbot):
    page = PlotPage()
    qtbot.addWidget(page)
    page.resize(600, 300)
    plots, sizes = [Plot() for _ in range(3)], []
    plots[0].geometryChanged.connect(lambda: sizes.append(plots[0].geometry().width()))
    with page.laid_out_once():
        for number, plot in enumerate(plots):
            page.ci.addItem(plot, row=0, col=number)
    assert len(sizes) == 1
    assert sizes[0] == plots[2].geometry().width() < 220
    assert page.ci.getItem(0, 2) is plots[2]
