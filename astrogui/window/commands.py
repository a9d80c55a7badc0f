"""What each action does: it reads the window and makes one session call."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from astrogui.records.judgement import QUALITIES
from astrogui.session.settings import Settings, save_settings
from astrogui.window import help_pages
from astrogui.window.actions import tip_with_keys
from astrogui.window.column_chooser import ColumnChooser, first_lines
from astrogui.window.directory import entries
from astrogui.window.path_dialog import PathDialog, SaveDialog
from astrogui.window.preferences import Preferences
from astrogui.window.reading import read_once
from astrogui.window.run_dialog import RunDialog
from astrogui.window.session_news import SessionNews
from astrogui.window.theme import LEAST_POINTS, MOST_POINTS

if TYPE_CHECKING:
    from astrogui.session.view import ProjectView
    from astrogui.window.workbench import Workbench

CATALOGUES = "FITS table (*.fits);;VOTable (*.vot);;ECSV (*.ecsv);;CSV (*.csv);;Parquet (*.parquet)"
PROJECTS = "AstroGUI project (*.astrogui);;All files (*)"
FIGURES = "PNG picture (*.png);;SVG drawing (*.svg);;PDF (*.pdf)"


class Commands(QObject):
    """The handlers of the actions and of dropped files."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench, self._window = bench, bench.window
        self._session, self._bridge = bench.session, bench.bridge
        self.is_connected = False
        self.task_actions: dict[str, QAction] = {}
        self._news = SessionNews(bench)
        self._single: str | None = None  # the one file added last, whose refusal is spoken of

    def connect_actions(self) -> None:
        """Give every action its handler."""
        bench, window = self._bench, self._window
        actions = window.actions_by_name
        handlers: dict[str, Callable[[], object]] = {
            "open_files": self.on_open_files,
            "open_folder": self.on_open_folder,
            "open_samples": self.on_open_samples,
            "open_project": self.on_open_project,
            "new_project": self.on_new_project,
            "export": self.on_export,
            "export_selected": self.on_export_selected,
            "export_posteriors": self.on_export_posteriors,
            "import_catalogue": self.on_import,
            "save_figure": self.on_save_figure,
            "undo": self.on_undo,
            "redo": self.on_redo,
            "copy": bench.catalogue.copy_rows,
            "comment": bench.catalogue.edit_comment,
            "preferences": self.on_preferences,
            "run_again": self.on_run_again,
            "run_with": self.on_run_with,
            "cancel": bench.jobs.cancel_selected,
            "cancel_all": bench.jobs.cancel_all,
            "next_row": partial(self.step, 1),
            "previous_row": partial(self.step, -1),
            "text_larger": partial(self.on_text_size, 1),
            "text_smaller": partial(self.on_text_size, -1),
            "start_page": self.on_start_page,
            "help_formats": partial(self._show_page, help_pages.formats_page),
            "help_keys": self.on_keyboard,
            "help_news": partial(self._show_page, help_pages.news_page),
            "about": partial(self._show_page, help_pages.about_page),
        }
        for name, handler in handlers.items():
            actions[name].triggered.connect(_without_argument(handler))
        for quality in QUALITIES:
            handler = partial(bench.annotate.set_quality, quality)
            actions[f"quality_{quality}"].triggered.connect(_without_argument(handler))
        actions["quality_none"].triggered.connect(
            _without_argument(partial(bench.annotate.set_quality, None))
        )
        for choice in ("system", "light", "dark"):
            action = actions[f"theme_{choice}"]
            action.setChecked(choice == bench.theme.choice)
            action.triggered.connect(_without_argument(partial(self.on_theme, choice)))
        self._build_task_menu()
        window.start_page.open_files.connect(self.on_open_files)
        window.start_page.open_folder.connect(self.on_open_folder)
        window.start_page.open_samples.connect(self.open_samples)
        window.drop.dropped.connect(self.add)
        window.start_page.setEnabled(True)
        self._news.columns_wanted.connect(self._on_columns_wanted)
        bench.problems.columns_wanted.connect(self.ask_for_columns)
        self._news.begin()
        self.is_connected = True

    def _build_task_menu(self) -> None:
        menu = QMenu("Run an &analysis", self._window)
        menu.setToolTipsVisible(True)
        self._window.actions_by_name.menus["&Analysis"].addMenu(menu)
        for number, task in enumerate(self._session.tasks(), 1):
            action = menu.addAction(task.title)
            self.task_actions[task.name] = action
            self._window.addAction(action)  # its keys work while the menu is closed
            words = f"Run it on the chosen {task.reads}"
            action.setStatusTip(words)
            if number < 10:
                action.setShortcut(QKeySequence(f"Ctrl+Alt+{number}"))
            action.setToolTip(tip_with_keys(words, action.shortcuts()))
            action.triggered.connect(_without_argument(partial(self.run_task, task.name)))

    # -- files -----------------------------------------------------------------------------

    def add(self, paths: list[str], options: dict[str, str] | None = None) -> None:
        """Add files and folders; the first that can be read is shown."""
        self._single = paths[0] if len(paths) == 1 else None
        self._bench.expect_new()
        self._bridge.after(self._session.add(paths, options=options or {}), _ignore)

    def on_open_files(self) -> None:
        dialog = PathDialog(self._window, "Open files", QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self.add)
        dialog.open()

    def on_open_folder(self) -> None:
        dialog = PathDialog(self._window, "Open a folder", QFileDialog.FileMode.Directory)
        dialog.filesSelected.connect(self.add)
        dialog.open()

    def on_open_samples(self) -> None:
        self.open_samples()

    def open_samples(self, kind: str = "") -> None:
        """The simulated samples of one kind: "image", "spectrum", "strain"; "" for all."""
        self.add([str(p) for p in self._session.demo_files() if p.name.startswith(kind)])

    def on_open_project(self) -> None:
        dialog = PathDialog(
            self._window, "Open a project", QFileDialog.FileMode.ExistingFile, PROJECTS
        )
        dialog.fileSelected.connect(self.open_project)
        dialog.open()

    def on_new_project(self) -> None:
        dialog = SaveDialog(self._window, "New project", PROJECTS, "astrogui")
        dialog.fileSelected.connect(self.open_project)
        dialog.open()

    def open_project(self, path: str) -> None:
        future = self._session.open_project(path)
        self._bench.activities.watch(f"Opening {path.rpartition('/')[2]}", future)
        self._bridge.after(future, _ignore)

    def ask_for_columns(self, path: str) -> None:
        """Ask what the columns of a text file mean, then add it again."""
        chooser = ColumnChooser(path, self._window)
        chooser.chosen.connect(self._on_columns_chosen)
        self._bridge.after(
            self._bench.compute(first_lines, path), chooser.show_preview, chooser.show_preview
        )
        chooser.show()

    def _on_columns_wanted(self, path: str) -> None:
        """A file was refused for want of them: of many files nobody is asked."""
        if path == self._single:
            self.ask_for_columns(path)

    def _on_columns_chosen(self, path: str, options: dict[str, str]) -> None:
        self.add([path], options)

    def step(self, lines: int) -> None:
        """The next or an earlier row: in the grading queue if there is one, else the table."""
        queue = self._bench.features.get("grading")
        if queue is not None and queue.is_on:
            queue.step(lines)
        else:
            self._bench.catalogue.step(lines)

    # -- judgements ------------------------------------------------------------------------

    def on_undo(self) -> None:
        self._bridge.after(self._session.undo(), _ignore)

    def on_redo(self) -> None:
        self._bridge.after(self._session.redo(), _ignore)

    # -- analysis --------------------------------------------------------------------------

    def on_run_again(self) -> None:
        """Every analysis that has answered what is shown, else all that come unasked."""
        item_id = self._bench.selection.item_id
        if item_id is None:
            self._window.notice.show_notice("Choose a file first.")
            return
        if self._bench.answer.tasks:
            for name in self._bench.answer.tasks:
                self.run_task(name)
            return
        self._bridge.after(self._session.run(self._chosen_items()), _ignore)

    def _ask_kind(self, item_id: int, then: Callable[[str | None], None]) -> None:
        """Have it read what kind of record an observation is; None where the project was left."""
        future = read_once(self._session, self._bench.compute, partial(_kind_of, item_id))
        self._bridge.after(future, then)

    def on_run_with(self) -> None:
        """Ask for analysis and options, then run it on what is chosen."""
        item_id = self._bench.selection.item_id
        if item_id is None:
            self._ask_for_task("")
        else:
            self._ask_kind(item_id, self._ask_for_task)

    def _ask_for_task(self, kind: str | None) -> None:
        tasks = [task for task in self._session.tasks() if task.reads == kind]
        if not tasks:
            self._window.notice.show_notice("Choose a file that an analysis can read.")
            return
        dialog = RunDialog(tasks, self._window)
        dialog.chosen.connect(self.run_task)
        dialog.open()

    def run_task(self, name: str, options: dict[str, str] | None = None) -> None:
        item_ids = self._chosen_items()
        if item_ids:
            self._bridge.after(self._session.run(item_ids, name, options), _ignore)

    def _chosen_items(self) -> list[int]:
        store, selection = self._bench.model.store, self._bench.selection
        places = store.positions(selection.ids)
        found = np.take(store.numbers("item_id"), places[places >= 0])
        items = [int(item_id) for item_id in dict.fromkeys(found[~np.isnan(found)].tolist())]
        if selection.item_id is not None and selection.item_id not in items:
            items.append(selection.item_id)
        return items

    # -- export ----------------------------------------------------------------------------

    def on_export(self) -> None:
        dialog = SaveDialog(self._window, "Export the catalogue", CATALOGUES, "fits")
        dialog.fileSelected.connect(self.export)
        dialog.open()

    def on_export_selected(self) -> None:
        dialog = SaveDialog(self._window, "Export the selected rows", CATALOGUES, "fits")
        dialog.fileSelected.connect(self.export_selected)
        dialog.open()

    def on_export_posteriors(self) -> None:
        dialog = SaveDialog(self._window, "Export catalogue and posteriors", CATALOGUES, "fits")
        dialog.fileSelected.connect(self.export_posteriors)
        dialog.open()

    def export(self, path: str) -> None:
        self._watch_export(path, self._session.export(path))

    def export_selected(self, path: str) -> None:
        row_ids = self._bench.selection.ids
        self._watch_export(path, self._session.export(path, row_ids))

    def export_posteriors(self, path: str) -> None:
        """The catalogue, and beside it an HDF5 file with draws and densities."""
        beside = f"{path.rpartition('.')[0] or path}.posteriors.hdf5"
        self._watch_export(path, self._session.export(path, None, beside))

    def _watch_export(self, path: str, future: Future[int]) -> None:
        self._bench.activities.watch(f"Writing {path.rpartition('/')[2]}", future)
        self._bridge.after(future, _ignore)

    def on_import(self) -> None:
        dialog = PathDialog(
            self._window, "Import a catalogue", QFileDialog.FileMode.ExistingFile, CATALOGUES
        )
        dialog.fileSelected.connect(self.import_judgements)
        dialog.open()

    def import_judgements(self, path: str) -> None:
        future = self._session.import_judgements(path)
        self._bench.activities.watch(f"Importing {path.rpartition('/')[2]}", future)
        self._bridge.after(future, self._on_imported)

    def _on_imported(self, rows: int) -> None:
        self._window.notice.show_notice(f"Judgements of {rows} rows were taken over.")

    def on_save_figure(self) -> None:
        self._bench.features["figure"].open()

    def save_figure(self, path: str) -> None:
        """The view on screen as PNG, SVG or PDF."""
        view = self._bench.area.current
        if view is None:
            self._window.notice.show_notice("There is no figure to save: choose a file first.")
            return
        try:
            view.save_figure(path)
        except (OSError, ValueError) as error:
            self._window.notice.show_notice(str(error))
        else:
            self._window.notice.show_notice(f"The figure is in {path}.")

    # -- the window ------------------------------------------------------------------------

    def on_start_page(self) -> None:
        self._window.pages.setCurrentWidget(self._window.start_page)

    def on_theme(self, choice: str) -> None:
        self.take_settings(replace(self._session.settings, theme=choice))

    def on_text_size(self, points: int) -> None:
        """All text some points larger or smaller."""
        settings = self._session.settings
        wanted = min(max(settings.text_points + points, LEAST_POINTS), MOST_POINTS)
        self.take_settings(replace(settings, text_points=wanted))

    def on_preferences(self) -> None:
        keys = self._bench.features.get("keys")
        dialog = Preferences(
            self._session.settings, None if keys is None else keys.map, self._window
        )
        dialog.changed.connect(self.take_settings)
        dialog.open()

    def take_settings(self, settings: Settings) -> None:
        """Use new settings from now on and keep them for the next start."""
        self._session.settings = settings
        self._bench.theme.choose_text(settings.text_points)
        self._bench.choose_theme(settings.theme)
        self._window.actions_by_name[f"theme_{self._bench.theme.choice}"].setChecked(True)
        self._bridge.after(self._bench.compute(save_settings, settings), _ignore)

    def on_keyboard(self) -> None:
        help_pages.keyboard_page(entries(self._bench), self._window).show()

    def _show_page(self, page: Callable[[QWidget], help_pages.Page]) -> None:
        page(self._window).show()


def _without_argument(handler: Callable[[], object]) -> Callable[[bool], None]:
    """A slot for ``triggered``, whose "checked" nobody wants."""

    def slot(checked: bool = False) -> None:
        del checked
        handler()

    return slot


def _kind_of(item_id: int, view: ProjectView) -> str:
    return view.item(item_id).kind


def _ignore(result: object) -> None:
    """What was done comes back as an event."""
    del result
