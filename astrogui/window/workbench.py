"""Joins the session to the window: builds the panels in idle steps and keeps them together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QToolButton

from astrogui.window import features
from astrogui.window.activities import Activities
from astrogui.window.bridge import Bridge
from astrogui.window.catalogue_model import CatalogueModel
from astrogui.window.commands import Commands
from astrogui.window.current_answer import CurrentAnswer
from astrogui.window.drop import let_drops_through
from astrogui.window.icons import Icons, application_icon
from astrogui.window.main_window import MainWindow
from astrogui.window.panels.annotate import AnnotatePanel
from astrogui.window.panels.catalogue import CataloguePanel
from astrogui.window.panels.files import FilesPanel
from astrogui.window.panels.history import HistoryPanel
from astrogui.window.panels.jobs import JobsPanel
from astrogui.window.panels.problems import ProblemsPanel
from astrogui.window.reading import read_once
from astrogui.window.selection import Selection
from astrogui.window.status import Status
from astrogui.window.theme import ThemeKeeper, is_dark
from astrogui.window.way import GiveWay

if TYPE_CHECKING:
    from astrogui.session.session import Session
    from astrogui.window.early_view import EarlyView
    from astrogui.window.panels.results import ResultsPanel
    from astrogui.window.viewer_area import ViewerArea

SPARE_PLOTS = 10  # as many parameters as a merging binary has
STRAIN_PLOTS = 9  # three of each of three detectors
ICONS = {
    "open_files": "open", "open_folder": "folder", "open_samples": "samples", "export": "export",
    "undo": "undo", "redo": "redo", "run_again": "run", "cancel": "stop",
}  # fmt: skip


class Workbench(QObject):
    """Everything that lives between a session and a main window."""

    built = Signal()

    area: ViewerArea
    results: ResultsPanel

    def __init__(
        self,
        window: MainWindow,
        session: Session,
        theme: ThemeKeeper,
        early: EarlyView | None = None,
    ) -> None:
        super().__init__(window)
        self.window, self.session, self.theme, self._early = window, session, theme, early
        self._pool = early.pool if early else ThreadPoolExecutor(2, thread_name_prefix="view")
        self.bridge = Bridge(session, self)
        self.selection = Selection(self)
        self.model = CatalogueModel(session, self.bridge, self.compute, self)
        self.answer = CurrentAnswer(
            session, self.bridge, self.compute, self.model, self.selection, self
        )
        self.icons = Icons(window.palette())
        self.commands = Commands(self)
        self.features: dict[str, Any] = {}
        self.activities = Activities(window.activity_bar, self)
        self._expects_new = True  # the first file that comes is shown
        self._project: Path | None = None
        self._awaits_list = True
        self.is_built = self._is_closed = False

    def compute(self, function: Callable[..., Any], *args: Any, **words: Any) -> Future[Any]:
        """Run ``function`` in the pool: the views' heavy work; cancelled once it is closed."""
        if not self._is_closed:
            return self._pool.submit(function, *args, **words)
        nothing: Future[Any] = Future()  # a pause that was waited for may end after the closing
        nothing.cancel()
        return nothing

    def steps(self) -> Iterator[Callable[[], None]]:
        """What is left to build, in pieces small enough for an idle moment each."""
        yield self._build_lists
        yield self._build_judgement
        yield self._connect
        yield self._build_area
        yield self._build_results
        yield from (self._view_step(kind) for kind in ("spectrum", "image", "strain"))
        yield from features.steps(self)
        yield from (self._make_spare_plot for _ in range(SPARE_PLOTS))
        yield self._prepare_results
        yield from (self._make_strain_plot for _ in range(STRAIN_PLOTS))
        yield self._finish

    def expect_new(self) -> None:
        """Show the next observation that comes."""
        self._expects_new = True

    def close(self) -> None:
        """Deliver no more events, end the pool. The session is closed by whoever made it."""
        self._is_closed = True
        self.bridge.close()
        self.model.close()
        for timer in self.window.findChildren(QTimer):
            timer.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    # -- steps -----------------------------------------------------------------------------

    def _build_lists(self) -> None:
        window = self.window
        for name, icon in ICONS.items():
            window.actions_by_name[name].setIcon(self.icons[icon])
        window.setWindowIcon(application_icon())
        docks = window.docks
        self.files = FilesPanel(
            self.session, self.bridge, self.selection, self.icons, self.compute, window
        )
        self.catalogue = CataloguePanel(self.model, self.selection, window)
        docks.fill("files", self.files)
        docks.fill("catalogue", self.catalogue)

    def _build_judgement(self) -> None:
        window, actions = self.window, self.window.actions_by_name
        self.annotate = AnnotatePanel(self.session, self.model, self.selection, window)
        self.jobs = JobsPanel(self.session, self.bridge, self.compute, window)
        self.problems = ProblemsPanel(self.session, self.bridge, self.compute, window)
        self.history = HistoryPanel(
            self.session, self.bridge, self.compute, actions["undo"], actions["redo"], window
        )
        for name in ("annotate", "jobs", "problems", "history"):
            self.window.docks.fill(name, getattr(self, name))

    def _connect(self) -> None:
        self.status = Status(self)
        self.commands.connect_actions()
        self.bridge.files_changed.connect(self._on_files_changed)
        self.bridge.project_changed.connect(self._on_project_changed)
        self.files.listed.connect(self._on_listed)
        self.files.chosen.connect(self._choose)
        self.model.rows_read.connect(self._on_rows_read)
        self._give_way = GiveWay()
        for news in (self.bridge.files_changed, self.bridge.jobs_changed, self.bridge.rows_changed):
            news.connect(self._give_way.look)
        for dock in self.window.docks:
            let_drops_through(dock.widget())
        self._on_project_changed()

    def _build_area(self) -> None:
        from astrogui.window.viewer_area import ViewerArea

        self.area = ViewerArea(
            self.window.pages, self.session, self.bridge, self.model, self.selection,
            self.answer, self.compute,
        )  # fmt: skip
        self.area.message.connect(self.window.statusBar().showMessage)
        if self._early is not None and self._early.view is not None:
            self.area.adopt(self._early.kind, self._early.view)
        self.area.show_chosen()

    def _build_results(self) -> None:
        from astrogui.window.panels.results import ResultsPanel

        self.results = ResultsPanel(self.session, self.answer, self.compute, self.window)
        self.window.docks.fill("results", self.results)
        self._colour()

    def _view_step(self, kind: str) -> Callable[[], None]:
        def build() -> None:
            self.area.view(kind)

        return build

    def _make_spare_plot(self) -> None:
        self.results.view.make_spare_plot()

    def _prepare_results(self) -> None:
        self.results.view.prepare()

    def _make_strain_plot(self) -> None:
        strain = self.area.view("strain")
        strain.make_plot()  # type: ignore[attr-defined]

    def _finish(self) -> None:
        self._colour()
        self.is_built = True
        self.built.emit()

    # -- keeping together ------------------------------------------------------------------

    def choose_theme(self, choice: str) -> None:
        """Light, dark or the system's, for widgets, icons and views."""
        self.theme.choose(choice)
        self._colour()

    def _colour(self) -> None:
        from astrogui.viewers.colours import THEMES

        palette = QApplication.palette()  # widgets learn of a new one a turn later
        self.icons.use(palette)
        for name, icon in ICONS.items():
            self.window.actions_by_name[name].setIcon(self.icons[icon])
        self._mark_more()
        theme = THEMES["dark" if is_dark(palette) else "light"]
        self.area.set_theme(theme)
        self.results.view.set_theme(theme)

    def _mark_more(self, *_: object) -> None:
        """The button behind which a bar's last tools are: Qt's own is black, also on black."""
        for button in self.window.findChildren(QToolButton, "qt_toolbar_ext_button"):
            button.setIcon(self.icons["more"])

    def _on_files_changed(self, item_ids: tuple[int, ...]) -> None:
        if self._expects_new:
            self._expects_new = False
            self._choose(item_ids[0])

    def _on_project_changed(self) -> None:
        self.window.setWindowTitle(f"{self.session.path.stem} – AstroGUI")
        if self._project not in {None, self.session.path}:
            self.selection.clear()  # the numbers of its observations mean others now
        self._project = self.session.path
        self._awaits_list = True

    def _on_listed(self, items: list[Any]) -> None:
        """Begin with the first observation of the project, where it has one."""
        if not self._awaits_list:
            return
        self._awaits_list = False
        if self.selection.item_id is not None:
            return  # a file came while the list was read
        if items:
            self._choose(items[0].item_id)
        elif self._early is None or not self._early.is_on_screen:  # whose file is being recognised
            self.window.pages.setCurrentWidget(self.window.start_page)

    def _choose(self, item_id: int) -> None:
        self.selection.choose_item(item_id, None)
        future = read_once(self.session, self.compute, methodcaller("row_ids", item_id))
        self.bridge.after(future, partial(self._choose_row, item_id))

    def _choose_row(self, item_id: int, row_ids: list[int] | None) -> None:
        """The first row of the observation that was chosen, unless something else is by now."""
        chosen = (self.selection.item_id, self.selection.row_id)
        if row_ids and chosen == (item_id, None):
            self.selection.choose_item(item_id, row_ids[0])

    def _on_rows_read(self, row_ids: tuple[int, ...]) -> None:
        """The chosen observation got its first row: that one is shown."""
        item_id = self.selection.item_id
        if item_id is None or self.selection.row_id is not None:
            return
        for row_id in row_ids:
            if self.model.store.item_of(row_id) == item_id:
                self.selection.choose_item(item_id, row_id)
                return
