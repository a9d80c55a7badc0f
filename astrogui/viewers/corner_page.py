"""The page of the corner plot: which quantities, published values, and the plot itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from astrogui.records.posterior import Posterior
from astrogui.science.prior_change import OWN, PRIORS
from astrogui.viewers.changed_prior import FEWEST, corner_under, is_changeable
from astrogui.viewers.colours import Theme
from astrogui.viewers.corner_view import CornerData, CornerPlot
from astrogui.viewers.unit_text import number_text, unit_text

if TYPE_CHECKING:
    from astrogui.viewers.posterior_view import PosteriorView

FIRST = 4  # quantities drawn before anybody chooses


class CornerPage(QWidget):
    """Draws once it is looked at; what is chosen is kept while the quantities are the same."""

    def __init__(self, view: PosteriorView) -> None:
        super().__init__(view)
        self._view = view
        self._posterior: Posterior | None = None
        self._is_drawn = False
        self._chosen: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._reference: dict[str, float] = {}
        self._source = ""
        self.choose = QToolButton()
        self.choose.setText("&Quantities")
        self.choose.setAccessibleName("Quantities in the corner plot")
        self.choose.setToolTip("Choose the quantities that are drawn against each other")
        self.choose.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.choose)
        self.choose.setMenu(self.menu)
        self.prior = OWN
        self.priors = QToolButton()
        self.priors.setText("P&rior")
        self.priors.setAccessibleName("Prior of the corner plot")
        self.priors.setToolTip("Weight the draws of a merger to another prior")
        self.priors.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.priors.setMenu(self._prior_menu())
        self.priors.hide()
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setAccessibleName("What the corner plot shows")
        self.plot = CornerPlot()
        scroll = QScrollArea()
        scroll.setWidget(self.plot)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setAccessibleName("Corner plot, scrolled")
        head = QHBoxLayout()
        head.setContentsMargins(8, 4, 8, 0)
        head.addWidget(self.choose, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.priors, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.words, 1)
        self.head = head
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(head)
        column.addWidget(scroll, 1)

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters chosen, in the order of the answer."""
        known = self._known()
        return self._chosen.get(known, known[:FIRST])

    def show_posterior(self, posterior: Posterior) -> None:
        """Take an answer; it is drawn when the page is on top."""
        self._posterior = posterior
        self._is_drawn = False
        self._fill_menu()
        self.priors.setVisible(is_changeable(posterior))
        if self.isVisible():
            self.draw()

    def choose_names(self, names: tuple[str, ...]) -> None:
        """Draw these quantities, in the order of the answer."""
        known = self._known()
        self._chosen[known] = tuple(name for name in known if name in names)
        self._is_drawn = False
        self._fill_menu()
        self.draw()

    def choose_prior(self, prior: str) -> None:
        """Weight the draws to a prior of ``prior_change.PRIORS``."""
        self.prior = prior
        for action in self.priors.menu().actions():
            action.setChecked(action.data() == prior)
        self._is_drawn = False
        self.draw()

    def _prior_menu(self) -> QMenu:
        menu = QMenu(self)
        choice = QActionGroup(menu)
        for name, words in PRIORS.items():
            own = " (the answer's own)" if name == OWN else ""
            action = QAction(words[0].upper() + words[1:] + own, menu)
            action.setData(name)
            action.setCheckable(True)
            action.setChecked(name == OWN)
            action.triggered.connect(self._on_prior)
            choice.addAction(action)
            menu.addAction(action)
        return menu

    def _on_prior(self) -> None:
        action = self.sender()
        assert isinstance(action, QAction)
        self.choose_prior(action.data())

    def set_reference(self, values: Mapping[str, float], source: str = "") -> None:
        """Published or true values to be marked, and where they are from."""
        self._reference = {k: v for k, v in values.items() if math.isfinite(v)}
        self._source = source
        self.plot.set_reference(self._reference)
        self._say()

    @property
    def reference(self) -> dict[str, float]:
        return dict(self._reference)

    def draw(self) -> None:
        """Have the plot computed, unless it is there."""
        if self._posterior is None or self._is_drawn:
            return
        self._is_drawn = True
        if not self.names:
            self.plot.hide()
            self.words.setText("This answer has classes only: there is nothing to draw.")
            return
        self.words.setText("Drawing …")
        self._view.ask(
            "corner",
            self._view.on_corner,
            corner_under,
            self._posterior,
            self.names,
            self.prior,
        )

    def show_corner(self, data: CornerData) -> None:
        """Draw what was computed."""
        self.plot.show()
        self.plot.show_corner(data)
        self.plot.set_reference(self._reference)
        self._say()

    def set_theme(self, theme: Theme) -> None:
        self.plot.set_theme(theme)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.draw()

    def _known(self) -> tuple[str, ...]:
        if self._posterior is None:
            return ()
        return tuple(
            parameter.name
            for parameter in self._posterior.parameters
            if math.isfinite(self._posterior.median(parameter.name))
        )

    def _fill_menu(self) -> None:
        self.menu.clear()
        posterior = self._posterior
        if posterior is None:
            return
        chosen = self.names
        for name in self._known():
            parameter = posterior.parameters[posterior.index(name)]
            action = QAction(parameter.title or name, self.menu)
            action.setData(name)
            action.setCheckable(True)
            action.setChecked(name in chosen)
            action.toggled.connect(self._on_toggled)
            self.menu.addAction(action)
        self.choose.setEnabled(len(self.menu.actions()) > 1)

    def _on_toggled(self, _: bool) -> None:
        names = tuple(action.data() for action in self.menu.actions() if action.isChecked())
        if names:
            self.choose_names(names)
        else:
            self._fill_menu()  # one at least

    def _say(self) -> None:
        data = self.plot.data
        if data is None:
            return
        lines = []
        if data.contours:
            lines.append(
                f"Contours hold 50 % and 90 % of {data.count:,} draws; diagonal: the 68 % and "
                "90 % intervals, dashed: the median, in numbers with its 90 % interval."
            )
        elif len(data.parameters) > 1:
            lines.append("This answer has no draws: each quantity stands alone.")
        else:
            lines.append("Shaded: 68 % and 90 % intervals; dashed: the median.")
        if data.prior:
            lines.append(
                f"Prior changed: {PRIORS[data.prior]}; the weights leave the worth of "
                f"{data.effective:,.0f} draws."
            )
            if data.effective < FEWEST:
                lines.append("These are too few: take the plot as a hint.")
        if data.priors:
            lines.append("Dotted: the prior's shape over the same range.")
        marked = [p for p in data.parameters if p.name in self._reference]
        if marked:
            told = [_reference_words(data, p, self._reference[p.name]) for p in marked]
            source = f" ({self._source})" if self._source else ""
            lines.append(f"Marked{source}: " + "; ".join(told) + ".")
        self.words.setText(" ".join(lines))


def _reference_words(data: CornerData, parameter: Any, value: float) -> str:
    """ "chirp mass 30.9 M☉, inside the 68 % interval"."""
    low, high = data.intervals[parameter.name][0.68]
    outer = data.intervals[parameter.name][0.9]
    where = (
        "inside the 68 % interval"
        if low <= value <= high
        else "inside the 90 % interval"
        if outer[0] <= value <= outer[1]
        else "outside the 90 % interval"
    )
    unit = unit_text(parameter.unit)
    text = f"{number_text(value, 0.5 * (high - low))} {unit}".strip()
    return f"{parameter.title or parameter.name} {text}, {where}"
