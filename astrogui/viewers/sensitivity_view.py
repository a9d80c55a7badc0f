"""Which parts of a spectrum an answer rests on: a bar for each stretch that was hidden."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QWidget

from astrogui.records.sensitivity import Sensitivity
from astrogui.science.line_lists import strength
from astrogui.science.lines import Line
from astrogui.viewers.colours import Theme
from astrogui.viewers.plot import Marker, MarkersItem, Plot, pen
from astrogui.viewers.plot_page import PlotPage
from astrogui.viewers.unit_text import unit_text
from astrogui.viewers.viewer import Compute, Viewer

ROOM_FOR_NAMES = 1.35  # of the tallest bar
STRONG = 2  # lines with less weight would crowd the plot
LEAST_HEIGHT = 0.1  # of the axis, in the unit of the loss


class SensitivityView(Viewer):
    """Bars up speak for the answer, bars down against it; a click names the stretch."""

    stretch_clicked = Signal(float, float)  # its edges, in the unit of the axis

    empty_words = "Choose an answer, and ask why."

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(compute, parent)
        self.sensitivity: Sensitivity | None = None
        self.title = QLabel()
        self.title.setWordWrap(True)
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.plot = Plot()
        self._page = PlotPage()
        self._page.addItem(self.plot)
        self._body.addWidget(self.title)
        self._body.addWidget(self._page, 1)
        self._for, self._against = (
            pg.PlotDataItem(stepMode="center", fillLevel=0, connect="finite") for _ in range(2)
        )
        self._zero = pg.InfiniteLine(pos=0, angle=0)
        self._lines = MarkersItem(rows=3)
        for item in (self._for, self._against, self._zero, self._lines):
            self.plot.addItem(item)
        self._page.scene().sigMouseClicked.connect(self._on_clicked)
        self.set_theme(self.theme)

    def show_sensitivity(
        self, sensitivity: Sensitivity, lines: Sequence[Line] = (), redshift: float = 0.0
    ) -> None:
        """Show what one answer rests on; the stronger of ``lines`` stand over it, redshifted."""
        self.sensitivity = sensitivity
        loss = np.nan_to_num(sensitivity.loss)
        self._for.setData(sensitivity.edges, np.maximum(loss, 0))
        self._against.setData(sensitivity.edges, np.minimum(loss, 0))
        unit = unit_text(sensitivity.loss_unit)
        self.plot.set_titles(
            bottom=f"Observed {sensitivity.axis} ({unit_text(sensitivity.axis_unit)})",
            left=f"Lost when hidden ({unit})" if unit else "Lost when hidden",
        )
        self._lines.set_markers(
            [
                Marker(x.wavelength_angstrom * (1 + redshift), x.name, weight=strength(x.name))
                for x in lines
                if strength(x.name) >= STRONG
            ]
        )
        self.title.setText(self._words_for(sensitivity))
        top = max(float(loss.max()), LEAST_HEIGHT) * ROOM_FOR_NAMES
        self.plot.setXRange(*sensitivity.edges[[0, -1]], padding=0.01)
        self.plot.setYRange(min(float(loss.min()) * 1.1, -0.05 * top), top, padding=0)
        self.show_content()

    def clear(self) -> None:
        self.sensitivity = None
        super().clear()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._page.setBackground(QColor(theme.ground))
        self.plot.set_theme(theme)
        for item, colour in ((self._for, "accent"), (self._against, "warning")):
            item.setPen(pen(theme.colour(colour), 1.2))
            item.setFillBrush(theme.colour(colour, 0.35))
        self._zero.setPen(pen(QColor(theme.muted)))
        self._lines.set_theme(theme)

    def stretch_at(self, x: float) -> tuple[float, float] | None:
        """The edges of the stretch that holds ``x``; None outside."""
        if self.sensitivity is None:
            return None
        edges: NDArray[np.float64] = self.sensitivity.edges
        if not edges[0] <= x < edges[-1]:
            return None
        number = int(np.searchsorted(edges, x, side="right")) - 1
        return float(edges[number]), float(edges[number + 1])

    def _on_clicked(self, event: pg.GraphicsScene.mouseEvents.MouseClickEvent) -> None:
        box = self.plot.getViewBox()
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if not box.sceneBoundingRect().contains(event.scenePos()):
            return
        stretch = self.stretch_at(box.mapSceneToView(event.scenePos()).x())
        if stretch is not None:
            self.stretch_clicked.emit(*stretch)

    @staticmethod
    def _words_for(sensitivity: Sensitivity) -> str:
        """The answer, how sure it is, and the two stretches that say most for it."""
        loss = np.nan_to_num(sensitivity.loss)
        best = [int(number) for number in np.argsort(loss)[::-1][:2] if loss[number] > 0]
        edges, unit = sensitivity.edges, unit_text(sensitivity.axis_unit)
        places = " and ".join(f"{edges[n]:.0f}–{edges[n + 1]:.0f} {unit}" for n in sorted(best))
        told = f"{sensitivity.answer}: {sensitivity.quantity} {sensitivity.baseline:.1f} nat."
        if np.isfinite(sensitivity.limit) and abs(sensitivity.baseline) > 0.49 * sensitivity.limit:
            told += " It is as certain as the network can be: no single stretch decides."
        return f"{told} It rests most on {places}." if best else told
