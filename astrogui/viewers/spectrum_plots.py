"""The plots of the spectrum view in their places: image, flux, residuals, p(z)."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtGui import QColor, QFontMetricsF
from PySide6.QtWidgets import QWidget

from astrogui.viewers.colours import Theme
from astrogui.viewers.error_band import ErrorBandItem
from astrogui.viewers.plot import MarkersItem, Plot, SpanItem, pen
from astrogui.viewers.plot_page import PlotPage
from astrogui.viewers.redshift_panel import RedshiftPanel
from astrogui.viewers.spectrum_image import SpectralImagePlot
from astrogui.viewers.spectrum_items import Curve, NamesItem, SpectrumBox, WavelengthAxis
from astrogui.viewers.spectrum_lines import LineComb
from astrogui.viewers.spectrum_overlay import Laid
from astrogui.viewers.unit_text import unit_text

LEAST_WIDTH, LEAST_HEIGHT = 400, 260  # pixels for p(z) beside the spectrum
LEFT_AXIS = 62  # pixels, the same in every plot so that wavelengths stand above one another
_HIDDEN, _FREE = 0, 10_000


class SpectrumPlots:
    """Owns the graphics widget, its plots and what is drawn in them."""

    def __init__(self, parent: QWidget) -> None:
        self.widget = PlotPage(parent)
        self.widget.setAccessibleName("Spectrum")
        self.box = SpectrumBox()
        self.bottom, self.top = WavelengthAxis("bottom"), WavelengthAxis("top")
        self.flux = Plot(self.box, bottom=self.bottom, top=self.top)
        self.residual_bottom = WavelengthAxis("bottom")
        self.residual = Plot(bottom=self.residual_bottom)
        self.image = SpectralImagePlot()
        self.panel = RedshiftPanel()
        self._build_items()
        self._overlays: list[Curve] = []
        self._names: list[str] = []
        self._lay_out()

    def _build_items(self) -> None:
        self.masks, self.telluric, self.sky = SpanItem(QColor()), SpanItem(QColor()), SpanItem(
            QColor()
        )  # fmt: skip
        self.error_band = ErrorBandItem(QColor())
        self.raw, self.curve, self.model = Curve(), Curve(), Curve()
        self.lines = LineComb()
        self.names = NamesItem()
        self.answer_lines = MarkersItem(rows=1)  # where the answer has them, if they were moved
        self.sky_names = MarkersItem(rows=2, at_top=False)
        for item in (
            self.telluric, self.sky, self.masks, self.error_band, self.raw, self.curve, self.model,
            self.answer_lines, self.lines, self.sky_names, self.names,
        ):  # fmt: skip
            self.flux.addItem(item, ignoreBounds=True)
        self.residual_curve = Curve()
        self.residual_masks = SpanItem(QColor())
        self.zero = pg.InfiniteLine(0.0, angle=0)
        for item in (self.residual_masks, self.residual_curve, self.zero):
            self.residual.addItem(item, ignoreBounds=True)
        self.residual.setMouseEnabled(x=True, y=False)
        self.residual.set_titles(left="residual (σ)")
        self._joined = (self.box, self.residual.getViewBox(), self.image.getViewBox())
        self._is_joining = False
        for box in self._joined:
            box.sigXRangeChanged.connect(self._join)

    def _join(self, moved: pg.ViewBox, ends: tuple[float, float]) -> None:
        """Give all plots over wavelength the same ends.

        pyqtgraph's own link goes by the places of the plots on the screen, which are not known yet
        while a plot is being shown.
        """
        if self._is_joining:
            return
        self._is_joining = True
        for box in self._joined:
            if box is not moved:
                box.setXRange(*ends, padding=0)
        self._is_joining = False

    def _lay_out(self) -> None:
        layout = self.widget.ci.layout
        self.widget.addItem(self.image, row=0, col=0, colspan=2)
        self.widget.addItem(self.flux, row=1, col=0, colspan=2)
        self.widget.addItem(self.residual, row=2, col=0, colspan=2)
        self.widget.addItem(self.panel.overview, row=3, col=0)
        self.widget.addItem(self.panel.peak, row=3, col=1)
        layout.setContentsMargins(2, 7, 16, 2)  # the last tick labels stand out of their axes
        layout.setVerticalSpacing(0)
        for column in (0, 1):
            layout.setColumnStretchFactor(column, 1)
            layout.setColumnPreferredWidth(column, 200)
        # A width of its own would change with the labels while it is painted, and all would be
        # laid out and painted once more.
        plots = (self.image, self.flux, self.residual, self.panel.overview, self.panel.peak)
        for plot in plots:
            plot.getAxis("left").setWidth(LEFT_AXIS)
            plot.setMinimumWidth(0)  # a long title does not make the page wider than it is
        self.arrange(image=False, residuals=False, panel=False, overview=False)

    def arrange(self, *, image: bool, residuals: bool, panel: bool, overview: bool) -> None:
        """Show the plots that are wanted and give each its share of the height.

        Where there is little room p(z) gives way to the spectrum.
        """
        layout = self.widget.ci.layout
        room = self.widget.size()
        panel = panel and room.width() >= LEAST_WIDTH and room.height() >= LEAST_HEIGHT
        for plot, row, visible, share in (
            (self.image, 0, image, 2),
            (self.flux, 1, True, 5),
            (self.residual, 2, residuals, 2),
            (self.panel.overview, 3, panel and overview, 3),
            (self.panel.peak, 3, panel, 3),
        ):
            plot.setVisible(visible)
            plot.setMaximumHeight(_FREE if visible else _HIDDEN)
            layout.setRowStretchFactor(row, share if visible or (row == 3 and panel) else 0)
        # One wavelength axis is enough: it stands below the lowest of the joined plots.
        if self.bottom.style["showValues"] == residuals:  # an axis that changes is laid out anew
            self.bottom.setStyle(showValues=not residuals)
            self.bottom.showLabel(not residuals)
        layout.activate()

    def fit_titles(self, flux_title: str) -> None:
        """Titles in two lines or in short where they are longer than their axes are high."""
        metrics = QFontMetricsF(self.widget.font())

        def fits(plot: Plot, title: str) -> bool:
            return metrics.horizontalAdvance(title) <= plot.getViewBox().height() + 8

        name, _, unit = flux_title.partition(" (")
        short = (
            f"<table style='font-size:8pt' cellspacing='0'><tr><td align='center'>{name}</td></tr>"
            f"<tr><td align='center'>({unit}</td></tr></table>"
        )
        long, slit = "probability per bin", self.image.title
        brief = slit.partition(" (")[0].split()[-1] + slit[slit.find(" (") :]
        for plot, title, other in (
            (self.flux, flux_title, short),
            (self.panel.overview, long, "p per bin"),
            (self.image, slit, brief),
        ):
            chosen = title if fits(plot, title) else other
            if plot.getAxis("left").labelText != chosen:  # a label costs a frame
                plot.set_titles(left=chosen)

    def set_theme(self, theme: Theme) -> None:
        self.widget.setBackground(theme.panel)
        for plot in (self.flux, self.residual, self.image, self.panel):
            plot.set_theme(theme)
        for markers in (self.lines, self.answer_lines, self.sky_names):
            markers.set_theme(theme)
        self.curve.setPen(pen(theme.colour("text"), 1.0))
        self.raw.setPen(pen(theme.colour("muted", 0.35), 1.0))
        self.model.setPen(pen(theme.colour("warning"), 1.4))
        self.residual_curve.setPen(pen(theme.colour("text"), 1.0))
        self.zero.setPen(pen(theme.colour("warning"), 1.2))
        self.error_band.set_colour(theme.colour(theme.series[0], 0.28))
        for item in (self.masks, self.residual_masks):
            item.set_colour(theme.colour("masked", 0.25))
        self.telluric.set_colour(theme.colour(theme.series[4], 0.12))
        self.sky.set_colour(theme.colour(theme.series[2], 0.16))
        self._colour_overlays(theme)

    def show_overlays(self, name: str, laid: list[Laid], theme: Theme) -> None:
        """Curves of further spectra, with names that say what was done to each."""
        for curve in self._overlays:
            self.flux.removeItem(curve)
        self._overlays = []
        for one in laid:
            curve = Curve()
            curve.setData(one.curve.wavelength, one.curve.flux)
            self.flux.addItem(curve, ignoreBounds=True)
            self._overlays.append(curve)
        said = [f"{one.name} ({one.words})" if one.words else one.name for one in laid]
        self._names = [name, *said] if laid else []
        self._colour_overlays(theme)

    @property
    def overlays(self) -> list[Curve]:
        return list(self._overlays)

    def _colour_overlays(self, theme: Theme) -> None:
        for number, curve in enumerate(self._overlays):
            curve.setPen(pen(theme.colour(theme.series[number % len(theme.series)]), 1.0))
        colours = [self.curve.pen.color(), *(curve.pen.color() for curve in self._overlays)]
        self.names.set_names(list(zip(self._names, colours, strict=False)), theme)


def flux_title(label: str) -> str:
    """ "flux (10⁻¹⁷ erg …)", or "flux (relative)" without a unit."""
    return f"flux ({unit_text(label) or 'relative'})"
