"""All objects of an analysis placed by what its network sees in them, linked with the table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QLabel, QListWidgetItem, QVBoxLayout, QWidget

from astrogui.window.actions import Spec
from astrogui.window.cut_outs import CutOuts
from astrogui.window.docks import DockSpec
from astrogui.window.embedding_controls import EmbeddingControls, fill, picture_strip
from astrogui.window.embedding_work import Drawing, Learned, alike, draw, learn, prepare
from astrogui.window.lazy_dock import LazyDock
from astrogui.window.linked_points import (
    choose_enclosed,
    choose_point,
    chosen_points,
    colours_of,
)
from astrogui.window.reading import read_once

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

SPECS = (
    Spec("embedding", "&Results", "&Objects as the network sees them", ("Ctrl+Shift+F8",),
         "Place all objects of an analysis by their features: alike ones lie together"),
)  # fmt: skip
PAUSE_MS = 400
LOOK_MS = 150  # at how far t-SNE is
NEIGHBOURS = 12
PREFERRED = ("user_class", "prob_smooth", "prob_lens", "prob_galaxy")


class Feature(QObject):
    """The dock, made when it is first asked for."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.panel: EmbeddingPanel | None = None
        actions = bench.window.actions_by_name
        actions.add(SPECS)
        actions["embedding"].triggered.connect(self._on_asked)
        self.dock = LazyDock(bench, DockSpec("embedding", "Embedding"), "catalogue", self._make)

    @property
    def is_busy(self) -> bool:
        """Whether features are read, places drawn or pictures made."""
        return self.panel is not None and self.panel.is_busy

    def _make(self) -> QWidget:
        self.panel = EmbeddingPanel(self._bench, self._bench.window)
        return self.panel

    def _on_asked(self, _: bool = False) -> None:
        self.dock.show()


class EmbeddingPanel(QWidget):
    """Chooses analysis, projection and colours; rows and points select each other."""

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        from astrogui.viewers.embedding_view import EmbeddingView

        self._bench, self._model = bench, bench.model
        self._learned: Learned | None = None
        self._under_way: list[Drawing] = []  # one at most
        self._places: NDArray[np.int64] = np.zeros(0, np.int64)  # rows of the table, by point
        self._objects: NDArray[np.int64] = np.zeros(0, np.int64)  # rows of the features, by point
        self._asked = 0
        self._shown: tuple[Any, ...] = ()
        self.view = EmbeddingView(bench.compute, self)
        self._cut_outs = CutOuts(bench, self)
        self._strip_wants: tuple[int, ...] = ()
        self._points_want: tuple[int, ...] = ()
        body = QVBoxLayout(self)
        body.setContentsMargins(4, 4, 4, 4)
        body.addWidget(self._build_controls())
        body.addWidget(self.view, 1)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.words.setAccessibleName("What is shown")
        body.addWidget(self.words)
        self.strip = picture_strip(self)
        body.addWidget(self.strip)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(PAUSE_MS)
        self._later.timeout.connect(self._read)
        self._watch = QTimer(self)
        self._watch.setInterval(LOOK_MS)
        self._watch.timeout.connect(self._look)
        self.view.chosen.connect(self._on_chosen)
        self.view.pointed.connect(self._on_pointed)
        self.view.pictures_wanted.connect(self._on_pictures_wanted)
        self._cut_outs.made.connect(self._show_pictures)
        self.strip.itemActivated.connect(self._on_neighbour)
        self.strip.itemClicked.connect(self._on_neighbour)
        self._model.rows_read.connect(self._on_rows)
        self._model.arranged_anew.connect(self._on_rows)
        self._model.columns_changed.connect(self._on_rows)
        bench.selection.rows_changed.connect(self._show_selected)
        bench.selection.row_changed.connect(self._show_neighbours)
        bench.bridge.project_changed.connect(self._stop)
        self.destroyed.connect(partial(_stop_all, self._under_way))

    @property
    def is_busy(self) -> bool:
        return self._later.isActive() or bool(self._under_way) or self._cut_outs.is_busy

    def _build_controls(self) -> EmbeddingControls:
        self.controls = made = EmbeddingControls(self._on_tool, self)
        made.task.currentIndexChanged.connect(self._on_rows)
        made.way.currentIndexChanged.connect(self._on_way)
        made.solid.toggled.connect(self._on_solid)
        made.colour.currentIndexChanged.connect(self._show)
        made.pictures.toggled.connect(self._on_pictures)
        made.stop.clicked.connect(self._stop)
        made.whole.clicked.connect(self.view.show_all)
        self.view.show_pictures(True)
        return made

    # -- features --------------------------------------------------------------------------

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._later.start()

    def _on_rows(self, *_: object) -> None:
        if self.isVisible() and not self._later.isActive():
            self._later.start()

    def _read(self) -> None:
        """Ask for the features of the analysis chosen."""
        self._fill_columns()
        task = self.controls.task.currentText()
        self._asked += 1
        future = read_once(
            self._bench.session, self._bench.compute, partial(learn, task, self._asked)
        )
        self._bench.bridge.after(future, self._on_learned, self.view.show_words)

    def _fill_columns(self) -> None:
        columns = self._model.store.columns
        names = ["", *(one.name for one in columns if self._model.store.has_values(one.name))]
        preferred = next((name for name in PREFERRED if name in names), "")
        fill(self.controls.colour, names, preferred)

    def _on_learned(self, learned: Learned | None) -> None:
        if learned is None or learned.asked != self._asked:
            return
        fill(self.controls.task, list(learned.tasks), learned.task)
        before = self._learned
        if before is not None and before.same_as(learned):
            self._learned = learned.with_drawings_of(before)
        else:
            self._stop()
            self._learned = learned
            if self.controls.is_neighbours:
                self._draw()
        self._show()

    # -- t-SNE -----------------------------------------------------------------------------

    def _on_way(self, _: object = None) -> None:
        if self.controls.is_neighbours:
            self._draw()
        self._show()

    def _on_solid(self, is_on: bool) -> None:
        turn = self.controls.tools["turn"]
        turn.setEnabled(is_on)
        self.controls.tools["turn" if is_on else "pan"].setChecked(True)
        if self._under_way:  # in the other number of dimensions
            _stop_all(self._under_way)
            self._end_drawing()
        self._on_way()

    def _draw(self) -> None:
        learned, dimensions = self._learned, self.controls.dimensions
        if learned is None or self._under_way or learned.is_too_few or dimensions in learned.drawn:
            return
        drawing = Drawing(learned, dimensions)
        self._under_way.append(drawing)
        self.controls.stop.show()
        self._watch.start()
        future = self._bench.compute(draw, drawing)
        self._bench.bridge.after(future, self._on_drawn, self._on_draw_failed)

    def _look(self) -> None:
        if self._under_way:
            self._say(f"t-SNE: {100 * self._under_way[0].share:.0f} % done. ")

    def _on_drawn(self, drawing: Drawing) -> None:
        if drawing not in self._under_way:
            return
        self._end_drawing()
        if drawing.places is None:  # stopped
            self.controls.way.setCurrentIndex(0)
        elif self._learned is drawing.learned or (
            self._learned is not None and self._learned.same_as(drawing.learned)
        ):
            self._learned = self._learned.with_places(drawing.dimensions, drawing.places)
            self._show()

    def _on_draw_failed(self, words: str) -> None:
        self._end_drawing()
        self.view.show_words(words)

    def _stop(self, _: object = None) -> None:
        if self._under_way:
            _stop_all(self._under_way)
            self._end_drawing()
            self.controls.way.setCurrentIndex(0)

    def _end_drawing(self) -> None:
        self._under_way.clear()
        self._watch.stop()
        self.controls.stop.hide()

    # -- what is shown ---------------------------------------------------------------------

    def _show(self, _: object = None) -> None:
        learned = self._learned
        if learned is None:
            return
        if learned.is_too_few:
            self.view.clear()
            if learned.task:
                self.view.show_words(
                    f"{len(learned.row_ids)} objects have features of {learned.task}; at least "
                    "four are needed. Answers from before a network kept them have none."
                )
            return
        dimensions = self.controls.dimensions
        is_drawn = self.controls.is_neighbours and dimensions in learned.drawn
        self._take_theme()
        found = prepare(
            learned,
            self._model.store,
            self._model.positions(),
            is_drawn,
            dimensions,
            self.controls.colour.currentText(),
            colours_of,
        )
        what = (learned.task, is_drawn, len(learned.row_ids), dimensions)
        keeps, self._shown = what == self._shown, what
        self._places, self._objects = found.places, found.objects
        self.view.show_points(found.points, keeps_range=keeps)
        self._say()
        self._show_selected()
        self._show_neighbours()

    def _say(self, before: str = "") -> None:
        learned = self._learned
        if learned is None:
            return
        words = f"{before}{self._places.size:,} of {len(learned.row_ids):,} objects"
        dimensions = self.controls.dimensions
        if self._shown and self._shown[1]:
            words += (
                f", t-SNE of perplexity 30 in {dimensions} dimensions: who lies near whom counts, "
                "distances do not"
            )
            sampled = learned.sampled(dimensions)
            if sampled:
                words += f"; {sampled:,} chosen at random"
        else:
            shares = [f"{100 * share:.0f}" for share in learned.variance[:dimensions]]
            words += (
                f", principal components of {learned.values.shape[1]} features: "
                f"{', '.join(shares[:-1])} and {shares[-1]} % of their variance"
            )
        if learned.left_out:
            words += f"; {learned.left_out:,} answered by another model are left out"
        self.words.setText(f"{words}.   {self.view.legend()}")

    def _show_selected(self, _: object = None) -> None:
        if not self.isVisible() or not self._shown:
            return
        self.view.show_selected(chosen_points(self._bench, self._places))

    def _on_chosen(self, mask: NDArray[np.bool_], how: str) -> None:
        choose_enclosed(self._bench, self._places, mask, how)

    def _on_pointed(self, place: int) -> None:
        choose_point(self._bench, self._places, place)

    def _on_tool(self, name: str, is_on: bool) -> None:
        if is_on:
            self.view.set_tool(name)

    def _take_theme(self) -> None:
        theme = self._bench.results.view.theme
        if self.view.theme is not theme:
            self.view.set_theme(theme)

    # -- pictures and neighbours -----------------------------------------------------------

    def _on_pictures(self, is_on: bool) -> None:
        self.view.show_pictures(is_on)

    def _on_pictures_wanted(self, points: NDArray[np.int64]) -> None:
        self._points_want = tuple(int(point) for point in points if point < self._places.size)
        self._want()
        self._show_pictures()

    def _show_neighbours(self, _: object = None) -> None:
        """The objects most like the current one, in the strip."""
        learned, row_id = self._learned, self._bench.selection.row_id
        if learned is None or row_id is None or learned.is_too_few or not self.isVisible():
            self._fill_strip((), ())
            return
        future = self._bench.compute(alike, learned, row_id, NEIGHBOURS)
        self._bench.bridge.after(future, partial(self._on_alike, row_id))

    def _on_alike(self, row_id: int, found: tuple[tuple[int, ...], tuple[float, ...]]) -> None:
        if row_id == self._bench.selection.row_id:
            self._fill_strip(*found)
            self._want()
            self._show_pictures()

    def _fill_strip(self, row_ids: tuple[int, ...], away: tuple[float, ...]) -> None:
        self.strip.clear()
        self._strip_wants = row_ids
        for row_id, distance in zip(row_ids, away, strict=True):
            is_own = row_id == row_ids[0]
            words = f"row {row_id}" if is_own else f"{row_id}: {distance:.2g}"
            item = QListWidgetItem(words, self.strip)
            item.setData(Qt.ItemDataRole.UserRole, row_id)
            item.setToolTip(f"Row {row_id}, {distance:.3g} away in the space of the features")

    def _want(self) -> None:
        store = self._model.store
        points = store.row_ids(self._places[list(self._points_want)]) if self._points_want else ()
        self._cut_outs.want([*self._strip_wants, *(int(row) for row in points)])

    def _show_pictures(self, _: object = None) -> None:
        store, images = self._model.store, {}
        for point in self._points_want:
            image = self._cut_outs.picture(store.row_id(int(self._places[point])))
            if image is not None:
                images[point] = image
        self.view.set_pictures(images)
        for number in range(self.strip.count()):
            item = self.strip.item(number)
            image = self._cut_outs.picture(item.data(Qt.ItemDataRole.UserRole))
            if image is not None and item.icon().isNull():
                item.setIcon(QIcon(QPixmap.fromImage(image)))

    def _on_neighbour(self, item: QListWidgetItem) -> None:
        row_id = int(item.data(Qt.ItemDataRole.UserRole))
        item_id = self._model.store.item_of(row_id)
        # Later: the strip is filled anew by the choice, and Qt still holds the item.
        QTimer.singleShot(
            0, self, partial(self._bench.selection.choose_rows, (row_id,), row_id, item_id)
        )


def _stop_all(under_way: list[Drawing], _: object = None) -> None:
    """The panel goes: the pool need not go on."""
    for drawing in under_way:
        drawing.is_stopped = True
