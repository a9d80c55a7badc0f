"""The results view: a posterior as curves, intervals, class bars, doubts and provenance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from astrogui.records.flags import Flag
from astrogui.records.model_card import ModelCard
from astrogui.records.posterior import Parameter, Posterior
from astrogui.records.provenance import AnswerProvenance
from astrogui.viewers.card_view import CardView
from astrogui.viewers.class_bars import ClassBars
from astrogui.viewers.colours import Theme
from astrogui.viewers.interval_item import IntervalItem
from astrogui.viewers.interval_table import IntervalTable
from astrogui.viewers.plot import Plot
from astrogui.viewers.posterior_curve import curve_of
from astrogui.viewers.unit_text import percent_text, with_unit
from astrogui.viewers.viewer import Compute, Viewer

SHADED = (0.68, 0.9)
_PLOT_HEIGHT = 178
_MOST_PLOTS = 12
LONGEST_LINE = 15  # characters that fit below a narrow curve


class PosteriorView(Viewer):
    """Shows one answer; a second tab shows the card of the model that gave it."""

    empty_words = (
        "No answer is shown. Choose a row of the catalogue; rows appear as the networks answer."
    )

    def __init__(self, compute: Compute | None = None, parent: QWidget | None = None) -> None:
        super().__init__(compute, parent)
        self._posterior: Posterior | None = None
        self._row: dict[str, Any] = {}
        self._task_title = ""
        self._plots: list[Plot] = []
        self._spare: list[tuple[Plot, IntervalItem]] = []
        self._shown_card: ModelCard | None = None
        self._unread_card: ModelCard | None = None
        self.interval_items: dict[str, IntervalItem] = {}
        self._build()
        self.set_theme(self.theme)

    # What is shown --------------------------------------------------------------------------

    @property
    def posterior(self) -> Posterior | None:
        return self._posterior

    def show_answer(
        self,
        row: dict[str, Any],
        posterior: Posterior | None,
        task_title: str = "",
        parameters: Sequence[Parameter] = (),
        provenance: AnswerProvenance | None = None,
    ) -> None:
        """Show an answer; without a posterior the words say that there is none.

        ``parameters``, when given, chooses which of the posterior's parameters are drawn, in
        this order.
        """
        self._row, self._posterior, self._task_title = dict(row), posterior, task_title
        if posterior is None:
            name = row.get("object_id") or "this row"
            self.show_words(f"There is no answer for {name} yet.")
            return
        self._write_head()
        self._bars.setVisible(posterior.class_probability is not None)
        self._bars_title.setVisible(posterior.class_probability is not None)
        if posterior.class_probability is not None:
            self._bars.show_posterior(posterior)
            self._bars_title.setText(_bars_words(posterior))
        self._draw_curves(posterior, [parameter.name for parameter in parameters])
        self._table.setVisible(bool(posterior.parameters))
        self._table.show_posterior(posterior)
        self._split.setText(_split_words(posterior))
        self._split.setVisible(bool(self._split.text()))
        self._provenance.setText(_provenance_words(row, provenance))
        self.show_content()

    def show_answers(self, answers: list[tuple[dict[str, Any], Posterior | None]]) -> None:
        if answers:
            self.show_answer(*answers[0])

    def show_card(self, card: ModelCard | None) -> None:
        """The model's card in the second tab; None takes it away."""
        at = self._tabs.indexOf(self._card)
        self._unread_card = None if card is self._shown_card else card
        if card is None:
            if at >= 0:
                self._tabs.removeTab(at)
            return
        if at < 0:
            self._tabs.addTab(self._card, "Model card")
        if self._posterior is None:
            self.show_content()
            self._tabs.setCurrentWidget(self._card)
        self._write_card()

    def _write_card(self, _: int = 0) -> None:
        """Lay the card out once it is looked at: a long one takes a tenth of a second."""
        if self._unread_card is not None and self._tabs.currentWidget() is self._card:
            self._shown_card, self._unread_card = self._unread_card, None
            self._card.show_card(self._shown_card)

    def make_spare_plot(self) -> None:
        """Have one more plot at hand for the next answer; each takes some ten milliseconds."""
        self._spare.append(_new_plot())

    def show_record(self, record: Any) -> None:
        """An answer is shown by ``show_answer``; a posterior alone is shown without a row."""
        self.show_answer({}, record)

    def clear(self) -> None:
        self._posterior, self._row = None, {}
        super().clear()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._graphics.setBackground(theme.panel)
        for plot in self._plots:
            plot.set_theme(theme)
        for item in self.interval_items.values():
            item.set_theme(theme)
        self._bars.set_theme(theme)
        self._card.set_theme(theme)
        if self._posterior is not None:
            self._write_head()

    # Building -------------------------------------------------------------------------------

    def _build(self) -> None:
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._tabs.currentChanged.connect(self._write_card)
        self._body.addWidget(self._tabs)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(6)
        self._head = _label("Answer in words")
        self._doubts = _label("Doubts about the answer")
        self._bars_title = _label("What the bars mean")
        self._bars = ClassBars()
        self._graphics = pg.GraphicsLayoutWidget()
        self._graphics.setAccessibleName("Posterior curves")
        self._graphics.setAcceptDrops(False)
        self._graphics.ci.layout.setContentsMargins(0, 2, 6, 2)
        # The wheel scrolls the page: zooming into a posterior is for the mouse's buttons.
        self._graphics.wheelEvent = _ignored
        self._curve_words = _label("What the curves mean")
        self._table = IntervalTable()
        self._split = _label("Where the uncertainty comes from")
        self._provenance = _label("Provenance")
        for widget in (
            self._head,
            self._doubts,
            self._bars_title,
            self._bars,
            self._curve_words,
            self._graphics,
            self._table,
            self._split,
            self._provenance,
        ):
            column.addWidget(widget)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(page)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setAccessibleName("Answer")
        self._tabs.addTab(scroll, "Answer")
        self._card = CardView()

    def _draw_curves(self, posterior: Posterior, names: list[str]) -> None:
        layout = self._graphics.ci
        layout.clear()
        self._spare += zip(self._plots, self.interval_items.values(), strict=True)
        self._plots, self.interval_items = [], {}
        known = [parameter.name for parameter in posterior.parameters]
        shown = [name for name in names or known if name in known]
        shown = [name for name in shown if math.isfinite(posterior.median(name))][:_MOST_PLOTS]
        columns = 1 if len(shown) == 1 else 2 if len(shown) <= 4 else 3
        for i, name in enumerate(shown):
            layout.addItem(self._curve_plot(posterior, name), row=i // columns, col=i % columns)
        rows = math.ceil(len(shown) / columns)
        self._graphics.setFixedHeight(rows * _PLOT_HEIGHT + 6 if rows else 0)
        self._graphics.setVisible(bool(shown))
        self._curve_words.setVisible(bool(shown))
        self._curve_words.setText(
            "Curves: probability per unit. Shaded: 68 % interval (dark) and 90 % (light), "
            "equal-tailed. Dashed: the value quoted."
        )

    def _curve_plot(self, posterior: Posterior, name: str) -> Plot:
        parameter = posterior.parameters[posterior.index(name)]
        plot, item = self._spare.pop() if self._spare else _new_plot()
        x, y = curve_of(posterior, name)
        intervals = {level: posterior.interval(name, level) for level in SHADED}
        item.set_curve(x, y, intervals, posterior.value(name))
        plot.set_titles(bottom=_short_title(parameter))
        plot.enableAutoRange()
        plot.set_theme(self.theme)
        item.set_theme(self.theme)
        self._plots.append(plot)
        self.interval_items[name] = item
        return plot

    # Words ----------------------------------------------------------------------------------

    def _write_head(self) -> None:
        posterior = self._posterior
        assert posterior is not None
        parts = [f"<b>{escape(str(self._row.get('object_id') or 'object'))}</b>"]
        if self._task_title:
            parts.append(escape(self._task_title))
        cls = posterior.most_probable_class
        if cls:
            parts.append(f"{escape(cls)} {percent_text(posterior.probability(cls))}")
        self._head.setText(" &nbsp;·&nbsp; ".join(parts))
        self._doubts.setText(self._doubt_words(posterior))

    def _doubt_words(self, posterior: Posterior) -> str:
        lines = []
        colour = self.theme.warning
        for words in posterior.flags.words():
            lines.append(f"<span style='color:{colour}'>⚠ {escape(words)}</span>")
        if posterior.flags == Flag.NONE:
            lines.append(f"<span style='color:{self.theme.good}'>✓ no doubts raised</span>")
        if math.isfinite(posterior.novelty):
            lines.append(f"novelty {posterior.novelty:.2f} (doubtful above 1)")
        if posterior.note:
            lines.append(escape(posterior.note))
        return "<br>".join(lines)


def _bars_words(posterior: Posterior) -> str:
    if posterior.class_quantiles is None:
        return "Probability of each class."
    return (
        "Probability of each class. Line and brackets: the middle 90 % of equally good networks "
        "(epistemic interval)."
    )


def _split_words(posterior: Posterior) -> str:
    """How much of each variance is noise of the data, and how much ignorance of the network."""
    if posterior.aleatoric is None or posterior.epistemic is None:
        return ""
    parts = []
    for i, parameter in enumerate(posterior.parameters):
        noise, ignorance = float(posterior.aleatoric[i]), float(posterior.epistemic[i])
        total = noise**2 + ignorance**2
        if math.isfinite(total) and total > 0:
            share = f"{100 * ignorance**2 / total:.0f} %"
            parts.append(f"{parameter.title or parameter.name} {share}")
    if not parts:
        return ""
    return (
        "Share of the variance that comes from disagreement among networks (epistemic), the rest "
        "from the data's noise (aleatoric): " + ", ".join(parts) + "."
    )


def _provenance_words(row: dict[str, Any], provenance: AnswerProvenance | None) -> str:
    lines: list[tuple[str, str]] = []
    if provenance is not None:
        versions = ", ".join(f"{name} {version}" for name, version in provenance.versions)
        options = ", ".join(f"{name} = {value}" for name, value in provenance.options)
        lines = [
            ("model", f"{provenance.model} (SHA-256 {provenance.model_sha256[:12]}…)"),
            ("method", f"{provenance.method}, preparation {provenance.preparation or '1'}"),
            ("computed", f"{provenance.computed_at} in {provenance.duration_s:.2f} s"),
            ("by", f"{provenance.backend} on {provenance.device}, seed {provenance.seed}"),
            ("with", f"application {provenance.application}" + (f", {versions}" * bool(versions))),
            ("options", options),
        ]
    else:
        model = str(row.get("model") or "")
        digest = str(row.get("model_sha256") or "")
        lines = [("model", f"{model} (SHA-256 {digest[:12]}…)" if digest else model)]
    lines.append(("file", str(row.get("file") or "")))
    shown = [f"<b>{name}</b>&nbsp; {escape(text)}" for name, text in lines if text]
    return "<br>".join(shown)


def _label(name: str) -> QLabel:
    label = QLabel()
    label.setAccessibleName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label


def _ignored(event: Any) -> None:
    event.ignore()


def _short_title(parameter: Parameter) -> str:
    """A title with its unit that fits below a narrow plot: two lines where it is long."""
    title = with_unit(parameter.title or parameter.name, parameter.unit)
    if len(title) <= LONGEST_LINE:
        return escape(title)
    words, bracket, rest = title.partition(" (")
    if not bracket:
        words, _, rest = title.rpartition(" ")
    return f"{escape(words)}<br>{'(' if bracket else ''}{escape(rest)}"


def _new_plot() -> tuple[Plot, IntervalItem]:
    """A plot for one parameter's curve, and the item that draws it."""
    plot, item = Plot(), IntervalItem()
    plot.addItem(item)
    plot.getAxis("left").setTicks([[]])
    plot.getAxis("left").setWidth(8)
    plot.setMouseEnabled(x=True, y=False)
    return plot, item
