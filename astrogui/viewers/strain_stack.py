"""Plots of several detectors over one time: which are stacked, what span they show, playing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSplitter, QWidget

from astrogui.records.strain import Network
from astrogui.viewers.colours import Theme
from astrogui.viewers.noise_plot import NoisePlot
from astrogui.viewers.plot_page import PlotPage
from astrogui.viewers.strain_answer import MergerAnswer
from astrogui.viewers.strain_cursor import StrainCursor
from astrogui.viewers.strain_layout import PlotGrid, time_titles
from astrogui.viewers.strain_live import StrainPlayer
from astrogui.viewers.strain_panel import DetectorPanel
from astrogui.viewers.strain_plot import PRODUCTS
from astrogui.viewers.strain_tools import SHOWN
from astrogui.viewers.viewer import Compute, Viewer

REST_MS = 200  # maps are computed once the view has rested for this long
TURN_MS = 5  # in which the window does what else waits: keys, the mouse, other paints
NOISE_MS = 40  # the noise of detectors that come together is drawn once, after their series
LONGEST_BACK = 50  # spans that can be gone back to
LIVE_S = 8.0  # of a record that are on the screen while it plays from the whole of it
DETECTORS = 3
BESIDE_WIDTH = 480  # pixels; in fewer the series have no room beside the noise


class StrainStack(Viewer):
    """The plots of a network's detectors with the noise beside them; what fills them is above."""

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(compute, parent)
        self._network: Network | None = None
        self._slots = [DetectorPanel(slot) for slot in range(DETECTORS)]
        self._panels: list[DetectorPanel] = []
        self._hidden: set[tuple[str, str]] = set()  # (detector, product) not stacked
        self._shown: dict[str, QAction] = {}  # the tool that shows a product
        self._abreast: bool | None = None  # None: as there is room
        self.answer = MergerAnswer({}, None)
        self._epoch = 0
        self._spans: list[tuple[float, float]] = []
        self._rest = self._timer(REST_MS, self._on_rest)
        self._making = self._timer(0, self._make_next)
        self._showing = self._timer(TURN_MS, self._show_first)
        self._noise_later = self._timer(NOISE_MS, self._draw_noise)
        self.grid, self.noise = PlotGrid(), NoisePlot()
        self._beside = PlotPage()
        self._beside.setAccessibleName("Noise")
        self._beside.setAcceptDrops(False)
        self._beside.ci.layout.setContentsMargins(2, 2, 4, 2)
        self._beside.addItem(self.noise)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.addWidget(self.grid)
        self._split.addWidget(self._beside)
        self._split.setSizes([700, 300])
        self._split.setStretchFactor(0, 2)
        self._split.setStretchFactor(1, 1)
        self._split.setChildrenCollapsible(False)
        self.player = StrainPlayer(self)
        scenes = (self.grid.graphics, self._beside)
        self.cursor_tool = StrainCursor(self.grid, self.noise, scenes)
        self.grid.span_changed.connect(self._on_span)
        self.player.moved.connect(self._on_played_to)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _timer(self, interval_ms: int, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(slot)
        return timer

    @property
    def epoch_gps(self) -> int:
        """The whole GPS second that times are counted from."""
        return self._epoch

    @property
    def panels(self) -> tuple[DetectorPanel, ...]:
        return tuple(self._panels)

    @property
    def network(self) -> Network | None:
        """What is on display."""
        return self._network

    @property
    def span_gps(self) -> tuple[float, float]:
        low, high = self.grid.span
        return low + self._epoch, high + self._epoch

    def awaits(self, prefix: str = "") -> int:
        """Plots still to be made, and maps that wait for the view to rest, are under way too."""
        resting = self._rest.isActive() and "map:".startswith(prefix)
        making = self._is_laying_out and not prefix
        making = making or (self._noise_later.isActive() and not prefix)
        return super().awaits(prefix) + int(resting) + int(making)

    @property
    def is_drawing(self) -> bool:
        """Whether the first curves of a record are on their way to the screen."""
        return self._is_laying_out or bool(self._network and super().awaits("look:"))

    @property
    def _is_laying_out(self) -> bool:
        """Whether plots of the record are still to be made, laid out or painted."""
        making = self._making.isActive() or self._showing.isActive()
        return self._network is not None and (making or self.grid.graphics.is_held)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self.grid.graphics.setBackground(theme.panel)
        self._beside.setBackground(theme.panel)
        for panel in self._slots:
            panel.set_theme(theme)
        self.noise.set_theme(theme)

    def _on_rest(self) -> None:
        """Ask for what is computed of the span on the screen."""
        raise NotImplementedError

    def _want_bands(self) -> None:
        """Ask for the band-passed series."""
        raise NotImplementedError

    def _write_title(self) -> None:
        """Say in words what is shown."""
        raise NotImplementedError

    # Plots ----------------------------------------------------------------------------------

    def _wanted(self, panel: DetectorPanel) -> tuple[str, ...]:
        """The products stacked for a detector."""
        if not self.tools[f"detector_{panel.slot + 1}"].isChecked():
            return ()
        return tuple(
            product
            for product in PRODUCTS
            if self._shown[product].isChecked() and (panel.detector, product) not in self._hidden
        )

    def _missing(self) -> list[tuple[DetectorPanel, str]]:
        """Plots that are wanted and not made; before the first record those that will be."""
        panels = self._panels or self._slots
        return [(p, name) for p in panels for name in self._wanted(p) if name not in p.plots]

    @property
    def _is_laid_out(self) -> bool:
        """Whether just the plots that are wanted stand in the grid."""
        there = bool(self.grid.plots) and list(self.grid.panels) == self._panels
        return there and not self._missing()

    def make_plot(self) -> bool:
        """Make one of the plots that are wanted, in ten milliseconds; False where all are there.

        Before the first record these are the plots of three detectors: made in idle moments, they
        let it come without a stall.
        """
        missing = self._missing()
        if missing:
            panel, product = missing[0]
            panel.make(product)
        return bool(missing)

    def _make_next(self) -> None:
        """Make the plots that are wanted, one a turn of the event loop; then lay them out."""
        if self.make_plot():
            self._making.start()
        elif self._network is not None:
            self._lay_out()

    def on_shown(self, *_: object) -> None:
        """Other plots are wanted."""
        self.tools["band_row"].setChecked(self._shown["band"].isChecked())
        if self._network is not None:
            self._make_next()
            self._want_bands()

    def _lay_out(self) -> None:
        first = not self.grid.plots
        shown = [self._wanted(panel) for panel in self._panels]
        if first:  # to lay out nine plots and to paint them are two turns' work
            self.grid.graphics.hold()
            self._showing.start()
        self.grid.arrange(self._panels, shown, self._wants_columns(shown))
        if not self._showing.isActive():
            self._show_laid_out()

    def _show_first(self) -> None:
        if self._network is not None and self.grid.plots:
            self.show_all()
        self._show_laid_out()
        self.grid.graphics.release()

    def _show_laid_out(self) -> None:
        if self._network is None:
            return
        self._show_beside()
        self.grid.setVisible(bool(self.grid.plots))
        self._write_title()
        self.redraw()

    @property
    def is_narrow(self) -> bool:
        """Whether there is room for the series alone."""
        return self.width() < BESIDE_WIDTH

    def _show_beside(self) -> None:
        """The noise beside the series, where there is room for both."""
        self._beside.setVisible(self._shown["asd"].isChecked() and not self.is_narrow)

    def _wants_columns(self, shown: list[tuple[str, ...]]) -> bool:
        return self.grid.prefers_columns(shown) if self._abreast is None else self._abreast

    def set_abreast(self, abreast: bool) -> None:
        """Detectors in columns, or one below the other."""
        self._abreast = abreast
        if self._network is not None:
            self._make_next()

    def choose_plots(self) -> None:
        """A menu of the plots of each detector; those ticked are stacked."""
        if not self._panels:
            return  # an empty menu is never shown, so never hidden and freed
        menu = QMenu(self)
        for panel in self._panels:
            below = menu.addMenu(panel.name)
            for product, text, *_ in SHOWN:
                if product in PRODUCTS:
                    action = below.addAction(text)
                    action.setCheckable(True)
                    action.setChecked(product in self._wanted(panel))
                    action.setData((panel.detector, product))
        menu.triggered.connect(self._on_plot_chosen)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(self.grid.pos()))

    def _on_plot_chosen(self, action: QAction) -> None:
        detector, product = action.data()
        self.set_plot(detector, product, action.isChecked())

    def set_plot(self, detector: str, product: str, shown: bool) -> None:
        """Stack one kind of plot for one detector, or leave it out."""
        key = (detector, product)
        if shown:
            self._hidden.discard(key)
            if not self._shown[product].isChecked():
                self._hidden |= {(p.detector, product) for p in self._panels} - {key}
                self._shown[product].setChecked(True)
                return
        else:
            self._hidden.add(key)
        self.on_shown()

    def hideEvent(self, event: Any) -> None:
        """Out of sight nothing is asked for."""
        self._rest.stop()
        super().hideEvent(event)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        if self._network is not None and self.grid.plots:
            self.redraw()

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        if self._network is None or self._missing():
            return
        shown = [self._wanted(panel) for panel in self._panels]
        if self._wants_columns(shown) != (self.grid.columns > 1):
            self._lay_out()
        self._show_beside()
        self._write_title()
        self.redraw()

    # Time -----------------------------------------------------------------------------------

    def _ends(self) -> tuple[float, float]:
        assert self._network is not None
        strains = self._network.strains
        return min(s.gps_start for s in strains), max(s.gps_end for s in strains)

    def _set_span(self, low_gps: float, high_gps: float) -> None:
        self.grid.set_span(low_gps - self._epoch, high_gps - self._epoch)

    def _go(self, low_gps: float, high_gps: float) -> None:
        """Show a span that can be gone back from."""
        self._spans = [*self._spans[-LONGEST_BACK:], self.span_gps]
        self._set_span(low_gps, high_gps)

    def show_all(self) -> None:
        """All the time there is."""
        if self._network is not None:
            self._go(*self._ends())

    def show_event(self) -> None:
        """Half a second about the merger."""
        gps = self.answer.gps
        if gps is not None:
            self._go(gps - 0.4, gps + 0.15)

    def back(self) -> None:
        """The span before the last jump."""
        if self._spans:
            self._set_span(*self._spans.pop())

    def closer(self) -> None:
        self._scale(0.5)

    def farther(self) -> None:
        self._scale(2.0)

    def _scale(self, factor: float) -> None:
        low, high = self.span_gps
        half = 0.5 * factor * (high - low)
        self._set_span(0.5 * (low + high) - half, 0.5 * (low + high) + half)

    def earlier(self) -> None:
        self._shift(-0.5)

    def later(self) -> None:
        self._shift(0.5)

    def _shift(self, screens: float) -> None:
        low, high = self.span_gps
        self._set_span(low + screens * (high - low), high + screens * (high - low))

    def count_from_merger(self, *_: object) -> None:
        """Write the time axes from the merger or from the epoch."""
        gps = self.answer.gps if self.tools["merger_time"].isChecked() else None
        origin_s = 0.0 if gps is None else gps - self._epoch
        self.grid.title_time(*time_titles(self._epoch, gps), origin_s)

    def keep_heights(self, kept: bool) -> None:
        """Leave vertical ranges alone, and let the mouse change them."""
        for panel in self._slots:
            for plot in panel.plots.values():
                plot.keeps_height = kept
                plot.setMouseEnabled(x=True, y=kept and plot.product != "map")
        self.redraw()

    # Playing --------------------------------------------------------------------------------

    def toggle_play(self) -> None:
        """Play the record from the left end of the screen, or pause."""
        if self._network is None:
            return
        low, high = self._ends()
        if not self.player.is_playing:
            width = min(self.span_gps[1] - self.span_gps[0], 0.5 * (high - low))
            place = min(max(self.span_gps[0], low) + width, high)
            self._set_span(place - min(width, LIVE_S), place)
            self.player.set_range(low, high, place)
            self.tools["live_row"].setChecked(True)
        self.player.toggle()

    def show_newest(self) -> None:
        """The end of the record at the right end of the screen."""
        if self._network is not None:
            self.player.set_range(*self._ends())
            self.player.newest()

    def _on_played_to(self, gps: float) -> None:
        low, high = self.span_gps
        self._set_span(gps - (high - low), gps)

    # Drawing --------------------------------------------------------------------------------

    def _on_span(self, *_: float) -> None:
        self.redraw()

    def redraw(self) -> None:
        """The curves at the screen's resolution; maps follow when the view rests."""
        for panel in self._panels:
            self._draw(panel)
        # While a record plays there is no rest: the maps then come as fast as they can.
        if not (self.player.is_playing and (self._rest.isActive() or super().awaits("map:"))):
            self._rest.start()

    def _draw_noise(self) -> None:
        self.noise.draw([panel.products for panel in self._panels])

    def _draw(self, panel: DetectorPanel) -> None:
        behind = self._panels[0] if self.tools["overlay"].isChecked() else None
        panel.draw(*self.grid.span, self.grid.steps, behind)

    def on_overlay(self, *_: object) -> None:
        self.redraw()
