"""The results view: a posterior as curves, intervals, class bars, doubts and provenance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from astrogui.records.model_card import ModelCard
from astrogui.records.posterior import Parameter, Posterior
from astrogui.records.provenance import AnswerProvenance
from astrogui.viewers.card_view import CardView
from astrogui.viewers.class_bars import ClassBars
from astrogui.viewers.colours import Theme
from astrogui.viewers.compare_view import CompareView, compare
from astrogui.viewers.corner_page import CornerPage
from astrogui.viewers.corner_view import CornerData
from astrogui.viewers.figure import Figure, figure_of
from astrogui.viewers.interval_item import IntervalItem
from astrogui.viewers.interval_table import IntervalTable, Regions, regions_of
from astrogui.viewers.plot import Plot
from astrogui.viewers.plot_page import PlotPage
from astrogui.viewers.posterior_curve import curve_of
from astrogui.viewers.posterior_words import (
    bars_words,
    doubts_html,
    head_html,
    provenance_html,
)
from astrogui.viewers.result_text import answer_latex, answer_text, axis_title
from astrogui.viewers.spread_bars import SpreadBars
from astrogui.viewers.viewer import Compute, Viewer

SHADED = (0.68, 0.9)
_PLOT_HEIGHT = 178
_MOST_PLOTS = 12
COMPARE = "Compare"
LEAST_WIDTH = 138  # of one curve: its title has room below it


class PosteriorView(Viewer):
    """Shows one answer: in numbers, as a corner plot, beside another, with its model's card."""

    provenance_asked = Signal(str)  # a parameter's name, "" for the answer as a whole

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
        self._columns = 1
        self._is_highest = False
        self._pair: tuple[str, str] = ("A", "B")
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
            self._bars_title.setText(bars_words(posterior))
        self._draw_curves(posterior, [parameter.name for parameter in parameters])
        self._table.setVisible(bool(posterior.parameters))
        self._fill_table()
        self._spread.show_posterior(posterior)
        self._spread.setVisible(bool(self._spread.bars))
        self.corner.show_posterior(posterior)
        self._provenance.setText(provenance_html(row, provenance))
        self.show_content()

    @property
    def has_highest_density(self) -> bool:
        """Whether the table shows highest-density regions instead of equal-tailed intervals."""
        return self._is_highest

    def set_highest_density(self, is_highest: bool) -> None:
        """Choose which intervals the table shows."""
        self._is_highest = is_highest
        if self._posterior is not None:
            self._fill_table()

    def show_comparison(self, first: Posterior, second: Posterior, names: tuple[str, str]) -> None:
        """Compare two answers on their page; ``names`` says what each is."""
        self._pair = names
        self.compared.say("Comparing …")
        self.ask("compare", self._on_compared, compare, first, second)

    def show_page(self, name: str) -> None:
        """Turn to "Answer", "Corner", "Compare" or "Model card", where it is there."""
        for at in range(self._tabs.count()):
            if self._tabs.tabText(at) == name:
                self._tabs.setCurrentIndex(at)

    @property
    def page(self) -> str:
        """The name of the page on top."""
        return self._tabs.tabText(self._tabs.currentIndex())

    def as_text(self) -> str:
        """What is on top as text: the comparison, or the answer."""
        if self._posterior is None:
            return ""
        if self.page == COMPARE and (text := self.compared.text()):
            return text
        name = str(self._row.get("object_id") or "object")
        return answer_text(name, self._task_title, self._posterior)

    def as_latex(self) -> str:
        """The answer in lines for a table of a paper."""
        return "" if self._posterior is None else answer_latex(self._posterior)

    def figures(self) -> list[Figure]:
        """The curves, the class bars, the corner plot, the comparison and the coverage."""
        if not self.shows_content or self._posterior is None:
            return []
        parts: list[tuple[str, QWidget, bool]] = [
            ("Posterior curves", self._graphics, bool(self._plots)),
            ("Class probabilities", self._bars, self._posterior.class_probability is not None),
            ("Corner plot", self.corner.plot, bool(self.corner.plot.cells)),
            ("Comparison", self.compared.graphics, bool(self.compared.plots)),
            ("Coverage", self._card.graphics, bool(self._card.curves)),
        ]
        made = [
            figure_of(title, [part], self.set_theme, self.theme)
            for title, part, has in parts
            if has
        ]
        found = [figure for figure in made if figure is not None]
        top = {"Corner": "Corner plot", COMPARE: "Comparison", "Model card": "Coverage"}
        return sorted(found, key=lambda figure: figure.title != top.get(self.page))

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

    def prepare(self) -> None:
        """Style and lay out what the first answer will need, before it comes."""
        if self.shows_content:
            return
        for part in self._content.findChildren(QWidget):
            part.ensurePolished()
        self._content.ensurePolished()
        self._lay_out(1, 1)  # of most answers
        self._content.resize(self.size())
        self._stack.setCurrentWidget(self._content)
        self._stack.setCurrentWidget(self._words)

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
        self._spread.set_theme(theme)
        self.corner.set_theme(theme)
        self.compared.set_theme(theme)
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
        self.head = _label("Answer in words")
        self._doubts = _label("Doubts about the answer")
        self._bars_title = _label("What the bars mean")
        self._bars = ClassBars()
        self._graphics = PlotPage()
        self._graphics.setAccessibleName("Posterior curves")
        self._graphics.ci.layout.setContentsMargins(0, 2, 14, 2)
        # The wheel scrolls the page: zooming into a posterior is for the mouse's buttons.
        self._graphics.wheelEvent = _ignored
        self._curve_words = _label("What the curves mean")
        self._table = IntervalTable()
        self._table.provenance_asked.connect(self.provenance_asked)
        self._spread = SpreadBars()
        self._provenance = _label("Provenance")
        for widget in (
            self.head,
            self._doubts,
            self._bars_title,
            self._bars,
            self._curve_words,
            self._graphics,
            self._table,
            self._spread,
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
        self.corner = CornerPage(self)
        self._tabs.addTab(self.corner, "Corner")
        self.compare_page = QWidget()
        below = QVBoxLayout(self.compare_page)
        below.setContentsMargins(0, 0, 0, 0)
        self.compared = CompareView()
        below.addWidget(self.compared)
        self._tabs.addTab(self.compare_page, COMPARE)
        self._card = CardView()
        self.head.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def _fill_table(self) -> None:
        posterior = self._posterior
        assert posterior is not None
        self.forget("regions")
        if self._is_highest:
            self.ask("regions", self._on_regions, regions_of, posterior)
        else:
            self._table.show_posterior(posterior)

    def _on_regions(self, regions: Regions) -> None:
        if self._posterior is not None:
            self._table.show_posterior(self._posterior, regions)

    def on_corner(self, data: CornerData) -> None:
        """The corner plot was computed."""
        self.corner.show_corner(data)

    def _on_compared(self, found: Any) -> None:
        self.compared.show_comparison(found, self._pair)

    def _draw_curves(self, posterior: Posterior, names: list[str]) -> None:
        known = [parameter.name for parameter in posterior.parameters]
        shown = [name for name in names or known if name in known]
        shown = [name for name in shown if math.isfinite(posterior.median(name))][:_MOST_PLOTS]
        columns = min(1 if len(shown) == 1 else 2 if len(shown) <= 4 else 3, self._fitting())
        if (len(shown), columns) != (len(self._plots), self._columns):
            self._lay_out(len(shown), columns)
        items = list(self.interval_items.values())
        self.interval_items = dict(zip(shown, items, strict=True))
        for plot, (name, item) in zip(self._plots, self.interval_items.items(), strict=True):
            self._draw_curve(plot, item, posterior, name)
        self._curve_words.setText(
            "Curves: probability per unit. Shaded: 68 % interval (dark) and 90 % (light), "
            "equal-tailed. Dashed: the value quoted."
        )

    def _lay_out(self, count: int, columns: int) -> None:
        """So many plots in so many columns; each costs some milliseconds to put into its place."""
        layout = self._graphics.ci
        layout.clear()
        spare = self._spare + list(zip(self._plots, self.interval_items.values(), strict=True))
        spare += [_new_plot() for _ in range(count - len(spare))]
        used, self._spare = spare[:count], spare[count:]
        self._plots = [plot for plot, _ in used]
        self.interval_items = {str(i): item for i, (_, item) in enumerate(used)}
        self._columns = columns
        for i, plot in enumerate(self._plots):
            layout.addItem(plot, row=i // columns, col=i % columns)
        rows = math.ceil(count / columns)
        self._graphics.setFixedHeight(rows * _PLOT_HEIGHT + 6 if rows else 0)
        self._graphics.setVisible(bool(count))
        self._curve_words.setVisible(bool(count))

    def _fitting(self) -> int:
        """How many curves stand side by side."""
        return max((self.width() - 30) // LEAST_WIDTH, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow dock shows fewer curves side by side."""
        super().resizeEvent(event)
        count = len(self._plots)
        wanted = 1 if count == 1 else 2 if count <= 4 else 3
        if self._posterior is not None and count and self._columns != min(wanted, self._fitting()):
            self._draw_curves(self._posterior, list(self.interval_items))

    def _draw_curve(self, plot: Plot, item: IntervalItem, posterior: Posterior, name: str) -> None:
        parameter = posterior.parameters[posterior.index(name)]
        x, y = curve_of(posterior, name)
        intervals = {level: posterior.interval(name, level) for level in SHADED}
        item.set_curve(x, y, intervals, posterior.value(name))
        plot.set_titles(bottom=axis_title(parameter.title or parameter.name, parameter.unit))
        plot.enableAutoRange()
        plot.set_theme(self.theme)
        item.set_theme(self.theme)

    # Words ----------------------------------------------------------------------------------

    def _write_head(self) -> None:
        posterior = self._posterior
        assert posterior is not None
        name = str(self._row.get("object_id") or "object")
        self.head.setText(head_html(name, self._task_title, posterior))
        self._doubts.setText(doubts_html(posterior, self.theme))


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


def _new_plot() -> tuple[Plot, IntervalItem]:
    """A plot for one parameter's curve, and the item that draws it."""
    plot, item = Plot(), IntervalItem()
    plot.addItem(item)
    plot.getAxis("left").setTicks([[]])
    plot.getAxis("left").setWidth(8)
    plot.getAxis("bottom").setTickDensity(0.42)
    plot.setMouseEnabled(x=True, y=False)
    return plot, item
