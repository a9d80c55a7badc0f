"""A model card to be read: what the network is, what it learned, what its answers are worth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.viewers.colours import LIGHT, Theme
from astrogui.viewers.error_band import ErrorBandItem
from astrogui.viewers.plot import Plot, pen
from astrogui.viewers.plot_page import PlotPage
from astrogui.viewers.unit_text import unit_text

_PLOT_HEIGHT = 320
_MOST_CHARACTERS = 600


class CardView(QScrollArea):
    """The card as text, with measured coverage against nominal."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme: Theme = LIGHT
        self._card: ModelCard | None = None
        self.curves: dict[str, pg.PlotDataItem] = {}
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setAccessibleName("Model card")
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(8, 6, 8, 6)
        self._text = _rich("Model card, text")
        self._details = _rich("Model card, details")
        self._coverage_words = _rich("What the coverage plot shows")
        self.graphics = PlotPage()
        self.graphics.setFixedHeight(_PLOT_HEIGHT)
        self.graphics.setMaximumWidth(560)
        self.graphics.setAccessibleName("Coverage: measured against nominal")
        self.graphics.ci.layout.setContentsMargins(0, 4, 6, 2)
        # The page scrolls under the wheel.
        self.graphics.wheelEvent = _ignored
        self._plot = Plot()
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.set_titles(
            bottom="nominal probability of the interval (%)", left="truth inside (%)"
        )
        self._plot.showGrid(x=True, y=True, alpha=0.15)
        ticks = [[(float(value), str(value)) for value in range(0, 101, 20)]]
        for side in ("bottom", "left"):
            self._plot.getAxis(side).setTicks(ticks)
        self._legend = self._plot.addLegend(offset=(8, 8), labelTextSize="9pt")
        self._band = ErrorBandItem(self._theme.colour("muted", 0.25))
        self._diagonal = pg.PlotCurveItem([0, 100], [0, 100])
        self.graphics.addItem(self._plot)
        for widget in (self._text, self._coverage_words, self.graphics, self._details):
            column.addWidget(widget)
        column.addStretch(1)
        self.setWidget(page)

    def show_card(self, card: ModelCard) -> None:
        self._card = card
        self._text.setText(_head(card))
        self._details.setText(_details(card))
        self._draw_coverage(card.coverage)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.graphics.setBackground(theme.panel)
        self._plot.set_theme(theme)
        self._legend.setLabelTextColor(theme.text)
        self._legend.setBrush(theme.colour(theme.ground, 0.85))
        self._band.set_colour(theme.colour("muted", 0.25))
        self._diagonal.setPen(pen(theme.colour("muted"), 1.0, Qt.PenStyle.DashLine))
        for i, curve in enumerate(self.curves.values()):
            colour = theme.colour(theme.series[i % len(theme.series)])
            curve.setPen(pen(colour, 1.4))
            curve.setSymbolBrush(colour)
            curve.setSymbolPen(None)

    def _draw_coverage(self, coverage: Mapping[str, Any]) -> None:
        levels = np.asarray(coverage.get("levels", ()), np.float64)
        measured = coverage.get("parameters", {})
        has = levels.size > 0 and isinstance(measured, Mapping) and bool(measured)
        self.graphics.setVisible(has)
        self._coverage_words.setVisible(has)
        self._plot.clear()
        self._legend.clear()
        self.curves = {}
        if not has:
            return
        count = int(coverage.get("n", 0))
        self._plot.addItem(self._diagonal)
        if count:
            nominal, low, high = binomial_band(count)
            self._band.set_band(100 * nominal, 100 * low, 100 * high)
            self._plot.addItem(self._band, ignoreBounds=True)
        for name, values in measured.items():
            curve = pg.PlotDataItem(
                100 * levels, 100 * np.asarray(values, np.float64), symbol="o", symbolSize=6
            )
            self._plot.addItem(curve)
            self._legend.addItem(curve, str(name).replace("_", " "))
            self.curves[str(name)] = curve
        self._plot.setXRange(0, 100, padding=0.06)
        self._plot.setYRange(0, 100, padding=0.06)
        self._coverage_words.setText(
            "<h4>Coverage</h4>Of the held-out simulations, how many have the truth inside the "
            f"interval ({count} of them; grey: where 95 % of perfect networks would fall)."
        )
        self.set_theme(self._theme)


def binomial_band(
    count: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(nominal, low, high): where 95 % of measured shares fall when the nominal one is true.

    Normal approximation of the binomial distribution, cut at 0 and 1.
    """
    nominal = np.linspace(0.0, 1.0, 101)
    half = 1.959964 * np.sqrt(nominal * (1 - nominal) / count)
    return nominal, np.maximum(nominal - half, 0.0), np.minimum(nominal + half, 1.0)


def _head(card: ModelCard) -> str:
    parts = [
        f"<h3>{escape(card.title)}</h3>",
        f"<p>{escape(card.name)}, version {escape(card.version)}, "
        f"licence {escape(card.licence)}</p>",
        f"<p>{escape(card.summary)}</p>",
    ]
    if card.simulated_scores or card.real_scores:
        parts.append("<h4>Scores</h4>" + _scores(card))
    if card.limits:
        parts.append("<h4>Known limits</h4>" + _list(card.limits))
    return "".join(parts)


def _details(card: ModelCard) -> str:
    parts = []
    if card.parameters:
        pairs = {name: unit_text(unit) or "–" for name, unit in card.parameters.items()}
        parts.append("<h4>Quantities</h4>" + _table(pairs))
    for title, values in (
        ("Prior", card.prior),
        ("Training", card.training),
        ("Novelty", card.novelty),
        ("Calibration", card.calibration),
        ("Scores on real files, in detail", _nested(card.real_scores)),
        ("Scores on simulations, in detail", _nested(card.simulated_scores)),
    ):
        if values:
            parts.append(f"<h4>{title}</h4>" + _table(values))
    if not card.network:
        return "".join([*parts, *_files(card)])
    shapes = {spec.name: _shape_words(spec) for spec in (*card.inputs, *card.outputs)}
    parts.append("<h4>Network</h4>" + _table({"built by": card.network, **shapes}))
    return "".join([*parts, *_files(card)])


def _files(card: ModelCard) -> list[str]:
    hashes = {name: f"SHA-256 {digest[:16]}…" for name, digest in card.hashes.items()}
    return ["<h4>Files</h4>" + _table(hashes)] if hashes else []


def _shape_words(spec: ArraySpec) -> str:
    shape = " × ".join(map(str, spec.shape)) or "one number"
    words = f"{shape} {unit_text(spec.unit)}".rstrip()
    return f"{words}: {spec.description}" if spec.description else words


def _scores(card: ModelCard) -> str:
    """Real files beside simulations, so that neither can be read without the other."""
    real, simulated = (
        dict(_flat(_single(card.real_scores))),
        dict(_flat(_single(card.simulated_scores))),
    )
    names = [*real, *(name for name in simulated if name not in real)]
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td align='right'>{escape(real.get(name, '–'))}</td>"
        f"<td align='right'>{escape(simulated.get(name, '–'))}</td></tr>"
        for name in names
    )
    head = "<tr><th align='left'>measure</th><th>real files</th><th>simulations</th></tr>"
    return f"<table cellspacing='0' cellpadding='3'>{head}{rows}</table>"


def _single(values: Mapping[str, Any]) -> dict[str, Any]:
    """The scores that are one number; those by magnitude, instrument ... come later."""
    return {name: v for name, v in values.items() if not isinstance(v, (Mapping, list, tuple))}


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    # Coverage has its plot.
    single = _single(values)
    return {name: v for name, v in values.items() if name not in single and name != "coverage"}


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in values.items():
        title = f"{prefix}{name}".replace("_", " ")
        if isinstance(value, Mapping):
            found += _flat(value, f"{title}: ")
        elif not _is_log(value):
            found.append((title, _plain(value)))
    return found


def _is_log(value: Any) -> bool:
    """A training log, step by step: nothing to read."""
    return isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value)


def _table(values: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><b>{escape(name)}</b></td><td>{escape(text)}</td></tr>"
        for name, text in _flat(values)
    )
    return f"<table cellspacing='0' cellpadding='3'>{rows}</table>"


def _list(items: tuple[str, ...]) -> str:
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else "–"
    if isinstance(value, (list, tuple)):
        text = ", ".join(_plain(item) for item in value) or "none"
    else:
        text = str(value)
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + " …"


def _rich(name: str) -> QLabel:
    label = QLabel()
    label.setAccessibleName(name)
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
    return label


def _ignored(event: Any) -> None:
    event.ignore()
