"""The middle of the window: the start page, or the view that fits what is chosen."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from astrogui.records.image import Field
from astrogui.records.spectrum import Spectrum
from astrogui.viewers import view_class
from astrogui.viewers.colours import Theme
from astrogui.viewers.image_view import ImageView
from astrogui.viewers.viewer import Viewer
from astrogui.window.bridge import Bridge
from astrogui.window.catalogue_model import CatalogueModel
from astrogui.window.current_answer import CurrentAnswer
from astrogui.window.drop import let_drops_through
from astrogui.window.marks import marks_of
from astrogui.window.reading import read_once
from astrogui.window.selection import Selection

if TYPE_CHECKING:
    from astrogui.session.session import Session

KINDS = ("image", "spectrum", "strain")
PAUSE_MS = 1  # of a true timer: what is posted with none runs before anything else has its turn
MARKS_MS = 150  # marks follow the rows of a running batch a few times a second


class ViewerArea(QObject):
    """Loads the chosen observation and shows it; keeps one view of each kind."""

    message = Signal(str)
    view_made = Signal(str, object)  # its kind and the view
    record_shown = Signal(str, object)  # the kind of view and the record on screen

    def __init__(
        self,
        pages: QStackedWidget,
        session: Session,
        bridge: Bridge,
        model: CatalogueModel,
        selection: Selection,
        answer: CurrentAnswer,
        compute: Callable[..., Future[Any]],
    ) -> None:
        super().__init__(pages)
        self._pages, self._session, self._bridge = pages, session, bridge
        self._model, self._selection, self._compute = model, selection, compute
        self._answer = answer
        self._views: dict[str, Viewer] = {}
        self._theme: Theme | None = None
        self._shown_item: int | None = None
        self._marks_later = QTimer(self)
        self._marks_later.setSingleShot(True)
        self._marks_later.setInterval(MARKS_MS)
        self._marks_later.timeout.connect(self._show_marks)
        selection.item_changed.connect(self._on_item_changed)
        selection.row_changed.connect(self._on_row_changed)
        model.rows_read.connect(self._on_rows_read)
        answer.changed.connect(self._on_answer_changed)

    @property
    def current(self) -> Viewer | None:
        """The view on screen, None while it is the start page."""
        page = self._pages.currentWidget()
        return page if isinstance(page, Viewer) else None

    @property
    def views(self) -> dict[str, Viewer]:
        """The views made so far, by kind."""
        return dict(self._views)

    @property
    def is_busy(self) -> bool:
        """Whether something chosen is not on screen yet."""
        loading = self._shown_item != self._selection.item_id
        view = self.current
        awaited = view.awaits() if view is not None else 0
        later = self._marks_later.isActive() or self._answer.is_waiting
        return loading or bool(awaited) or later

    def view(self, kind: str) -> Viewer:
        """The view of a kind, made when first asked for."""
        if kind not in self._views:
            made: Viewer = view_class(kind)(self._compute, self._pages)
            if self._theme is not None:
                made.set_theme(self._theme)
            self._pages.addWidget(made)
            self.adopt(kind, made)
        return self._views[kind]

    def adopt(self, kind: str, view: Viewer) -> None:
        """Use a view that is among the pages already as the one of its kind."""
        view.message.connect(self.message)
        view.place_clicked.connect(self._on_place_clicked)
        if isinstance(view, ImageView):
            view.mark_clicked.connect(self._on_place_clicked)
        let_drops_through(view)
        self._views[kind] = view
        self.view_made.emit(kind, view)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for view in self._views.values():
            view.set_theme(theme)

    def show_chosen(self) -> None:
        """Load what was chosen before there was a view for it."""
        self._on_item_changed(self._selection.item_id)

    def show_page(self, page: QWidget) -> None:
        self._pages.setCurrentWidget(page)

    def _on_item_changed(self, item_id: int | None) -> None:
        if item_id is None:
            self._shown_item = None
            return
        future = read_once(self._session, self._compute, methodcaller("item", item_id))
        self._bridge.after(future, self._on_item_read)

    def _on_item_read(self, item: Any) -> None:
        if item is None or item.item_id != self._selection.item_id:
            return
        item_id = item.item_id
        if item.kind not in KINDS:  # a refused file has a row, and nothing to load
            self._show_words(item, item.words or "This file was refused.")
            return
        self.message.emit("Reading…")
        future = self._session.load(item_id)
        self._bridge.after(
            future, partial(self._on_loaded, item_id), partial(self._on_load_failed, item)
        )

    def _on_loaded(self, item_id: int, record: Any) -> None:
        if item_id != self._selection.item_id:
            return
        view = self.view(kind_of(record))
        view.show_record(record)
        if self._pages.currentWidget() is view:
            self._tell_shown(item_id, record)
        else:  # a page that comes to the front is laid out, which costs as much again
            QTimer.singleShot(PAUSE_MS, self, partial(self._present, item_id, record, view))

    def _present(self, item_id: int, record: Any, view: Viewer) -> None:
        """The record is drawn: bring its page to the front."""
        if item_id == self._selection.item_id:
            self.show_page(view)
            QTimer.singleShot(PAUSE_MS, self, partial(self._tell_shown, item_id, record))

    def _tell_shown(self, item_id: int, record: Any) -> None:
        """The record is on screen: have what belongs to it follow."""
        if item_id != self._selection.item_id:
            return
        self._shown_item = item_id
        self.message.emit("")
        self.record_shown.emit(kind_of(record), record)
        self._show_marks()
        self._answer.refresh()

    def _on_load_failed(self, item: Any, words: str) -> None:
        if item.item_id == self._selection.item_id:
            self._show_words(item, words)

    def _show_words(self, item: Any, words: str) -> None:
        """What is wrong with an observation, in the place of its view."""
        self._shown_item = item.item_id
        view = self.view(item.kind if item.kind in KINDS else "spectrum")
        view.clear()
        view.show_words(words)
        self.show_page(view)
        self.message.emit("")

    def _on_answer_changed(self, row: dict[str, Any] | None, posterior: Any) -> None:
        view = self.current
        if view is None or row is None or self._shown_item != row["item_id"]:
            return
        if hasattr(view, "set_answer"):
            view.set_answer(row, posterior)

    def _on_row_changed(self, row_id: int | None) -> None:
        view = self.current
        if isinstance(view, ImageView):
            view.select(row_id)

    def _on_rows_read(self, row_ids: tuple[int, ...]) -> None:
        del row_ids
        if isinstance(self.current, ImageView) and not self._marks_later.isActive():
            self._marks_later.start()

    def _show_marks(self) -> None:
        view = self.current
        if not isinstance(view, ImageView) or self._shown_item is None:
            return
        view.set_marks(marks_of(self._model.store, self._shown_item))
        view.select(self._selection.row_id)

    def _on_place_clicked(self, row_id: Any) -> None:
        self._selection.choose_rows(
            (int(row_id),), int(row_id), self._model.store.item_of(int(row_id))
        )


def kind_of(record: Any) -> str:
    """Which of the views shows a record."""
    if isinstance(record, Field):
        return "image"
    return "spectrum" if isinstance(record, Spectrum) else "strain"
