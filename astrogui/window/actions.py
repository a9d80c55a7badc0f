"""Every action of the window with its words, keys and menu."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu


@dataclass(frozen=True, slots=True)
class Spec:
    """One action: ``menu`` is the title of its menu, "" for keys only; "-" begins a group."""

    name: str
    menu: str
    text: str
    keys: tuple[str, ...] = ()
    tip: str = ""
    icon: str = ""
    group: str = ""  # actions of one group exclude each other and can be checked
    starts_group: bool = False
    is_checkable: bool = False


SPECS: tuple[Spec, ...] = (
    Spec("open_files", "&File", "&Open files…", ("Ctrl+O",), "Images, spectra, strain", "open"),
    Spec("open_folder", "&File", "Open &folder…", ("Ctrl+Shift+O",), "Every file below", "folder"),
    Spec(
        "open_samples",
        "&File",
        "Open the &samples",
        ("Ctrl+Alt+S",),
        "Simulated files to try",
        "samples",
    ),
    Spec(
        "open_project",
        "&File",
        "Open &project…",
        ("Ctrl+Alt+O",),
        "Files, answers and judgements kept in one file",
        starts_group=True,
    ),
    Spec("new_project", "&File", "&New project…", ("Ctrl+N",), "Begin an empty project file"),
    Spec(
        "export",
        "&File",
        "&Export catalogue…",
        ("Ctrl+E",),
        "Write all rows as FITS, VOTable, ECSV, CSV or Parquet",
        "export",
        starts_group=True,
    ),
    Spec(
        "export_selected",
        "&File",
        "Export se&lected rows…",
        ("Ctrl+Shift+E",),
        "Write the rows selected in the catalogue",
    ),
    Spec(
        "export_posteriors",
        "&File",
        "Export with &posteriors…",
        ("Ctrl+Alt+E",),
        "Also write draws and densities to HDF5, beside the catalogue",
    ),
    Spec(
        "import_catalogue",
        "&File",
        "&Import catalogue…",
        ("Ctrl+I",),
        "Read back an exported catalogue",
    ),
    Spec("save_figure", "&File", "Save &figure…", ("Ctrl+Shift+S",), "The view as PNG, SVG or PDF"),
    Spec("quit", "&File", "&Quit", ("Ctrl+Q",), "Everything is kept", starts_group=True),
    Spec("undo", "&Edit", "&Undo", ("Ctrl+Z",), "Take back the last judgement", "undo"),
    Spec("redo", "&Edit", "&Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Judge so again", "redo"),
    Spec("copy", "&Edit", "&Copy rows", ("Ctrl+Shift+C",), "Selected rows as text with tabs"),
    Spec("quality_1", "&Edit", "Quality &1: unusable", ("1",), starts_group=True),
    Spec("quality_2", "&Edit", "Quality &2: doubtful", ("2",)),
    Spec("quality_3", "&Edit", "Quality &3: probable", ("3",)),
    Spec("quality_4", "&Edit", "Quality &4: certain", ("4",)),
    Spec("quality_6", "&Edit", "Quality &6: star", ("6",)),
    Spec("quality_0", "&Edit", "Quality 0: no si&gnal", ("Ctrl+Alt+0",)),
    Spec("quality_none", "&Edit", "Quality &open", ("0",), "No quality given"),
    Spec("comment", "&Edit", "Write a co&mment", ("C",), "Go to the comment of the selected rows"),
    Spec(
        "preferences", "&Edit", "&Preferences…", ("Ctrl+,",), "Theme and author", starts_group=True
    ),
    Spec("run_again", "&Analysis", "&Run again", ("Ctrl+R",), "Answer the shown file anew", "run"),
    Spec(
        "run_with",
        "&Analysis",
        "Run &with options…",
        ("Ctrl+Shift+A",),
        "Choose the analysis and, for example, the GPS time",
    ),
    Spec("cancel", "&Analysis", "&Cancel job", ("Ctrl+.",), "Stop the job that runs", "stop"),
    Spec("cancel_all", "&Analysis", "Cancel &all jobs", ("Ctrl+Shift+.",), "Empty the queue"),
    Spec("next_row", "&View", "&Next row", ("Ctrl+Down", "N"), "The next row of the catalogue"),
    Spec("previous_row", "&View", "&Previous row", ("Ctrl+Up", "P", "B"), "The row before"),
    Spec(
        "theme_system",
        "&View",
        "Theme of the &system",
        ("Ctrl+Alt+Y",),
        "Light or dark as the desktop is",
        group="theme",
        starts_group=True,
    ),
    Spec("theme_light", "&View", "&Light theme", ("Ctrl+Alt+L",), group="theme"),
    Spec("theme_dark", "&View", "&Dark theme", ("Ctrl+Alt+D",), group="theme"),
    Spec("text_larger", "&View", "Larger &text", ("Ctrl+Alt++",), "All text a point larger"),
    Spec("text_smaller", "&View", "S&maller text", ("Ctrl+Alt+-",), "All text a point smaller"),
    Spec(
        "reset_layout",
        "&View",
        "&Reset layout",
        ("Ctrl+Shift+R",),
        "Put every panel back where it was at first",
        starts_group=True,
    ),
    Spec("start_page", "&Help", "&First steps", ("Shift+F1",), "What to do first"),
    Spec("help_formats", "&Help", "File &formats", ("Ctrl+Shift+F1",), "What can be dropped here"),
    Spec("help_keys", "&Help", "&Keyboard", ("Ctrl+F1",), "Every key, and how to change it"),
    Spec("help_news", "&Help", "What is &new", ("Alt+Shift+F1",), "Changes of each version"),
    Spec(
        "about",
        "&Help",
        "&About AstroGUI",
        ("Ctrl+Alt+Shift+F1",),
        "Version and licence",
        starts_group=True,
    ),
)


class Actions:
    """The window's actions by name, in their menus."""

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self._actions: dict[str, QAction] = {}
        self.specs: list[Spec] = []
        self.menus: dict[str, QMenu] = {}
        self._groups: dict[str, QActionGroup] = {}
        self.add(SPECS)

    def add(self, specs: Iterable[Spec]) -> None:
        """Make more actions, at the ends of their menus; a new menu stands before Help.

        Raises ``ValueError`` for a name that is taken.
        """
        window, groups = self._window, self._groups
        for spec in specs:
            if spec.name in self._actions:
                raise ValueError(f"there is an action {spec.name!r} already")
            self.specs.append(spec)
            action = QAction(spec.text, window)
            action.setObjectName(spec.name)
            action.setShortcuts([QKeySequence(keys) for keys in spec.keys])
            words = spec.tip or spec.text.replace("&", "")
            action.setToolTip(tip_with_keys(words, action.shortcuts()))
            action.setStatusTip(words)
            action.setCheckable(spec.is_checkable or bool(spec.group))
            if spec.group:
                if spec.group not in groups:
                    groups[spec.group] = QActionGroup(window)
                groups[spec.group].addAction(action)
            menu = self._menu(window, spec.menu)
            if spec.starts_group:
                menu.addSeparator()
            menu.addAction(action)
            self._actions[spec.name] = action

    def _menu(self, window: QMainWindow, title: str) -> QMenu:
        if title not in self.menus:
            menu = QMenu(title, window)
            menu.setToolTipsVisible(True)
            if "&Help" in self.menus:
                window.menuBar().insertMenu(self.menus["&Help"].menuAction(), menu)
            else:
                window.menuBar().addMenu(menu)
            self.menus[title] = menu
        return self.menus[title]

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __iter__(self) -> Iterator[QAction]:
        return iter(self._actions.values())


def tip_with_keys(words: str, sequences: Sequence[QKeySequence]) -> str:
    """A tool tip: the words and the first key by which the action is reached."""
    if not sequences:
        return words
    return f"{words} ({sequences[0].toString(QKeySequence.SequenceFormat.NativeText)})"
