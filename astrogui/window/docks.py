"""The docks: frames with names, filled later, each with an action that brings it to the front."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QByteArray, QSettings, Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QFrame, QMainWindow, QTabBar, QWidget

from astrogui.window.actions import Actions, Spec
from astrogui.window.layout import FIRST, Arrangement, arrange, fitted, names_of, without

LAYOUT_VERSION = 1
BARS_HEIGHT = 85  # of menus, buttons and status together
NUMBER_KEYS = tuple(f"Alt+{number}" for number in range(1, 10))


@dataclass(frozen=True, slots=True)
class DockSpec:
    """A dock. ``keys`` bring it to the front; without, it gets the next free key with Alt."""

    name: str
    title: str
    keys: tuple[str, ...] = ()


DOCKS: tuple[DockSpec, ...] = (
    DockSpec("files", "Files"),
    DockSpec("viewer", "Viewer"),
    DockSpec("results", "Results"),
    DockSpec("annotate", "Annotate"),
    DockSpec("catalogue", "Catalogue"),
    DockSpec("jobs", "Jobs"),
    DockSpec("problems", "Problems"),
    DockSpec("history", "History"),
)


class Docks:
    """The window's docks by name, empty until ``fill``."""

    def __init__(self, window: QMainWindow, actions: Actions) -> None:
        self._window, self._actions = window, actions
        self._docks: dict[str, QDockWidget] = {}
        window.setDockOptions(
            QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks
        )
        self._titles: dict[str, str] = {}
        self._beside: dict[str, str] = {}
        for spec in DOCKS:
            self._make(spec)
        self.reset()

    def _make(self, spec: DockSpec) -> QDockWidget:
        dock = QDockWidget(spec.title, self._window)
        dock.setObjectName(spec.name)
        dock.setAccessibleName(spec.title)
        dock.setWidget(QFrame(dock))
        dock.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # a panel may hold nothing to go to
        self._docks[spec.name] = dock
        self._titles[spec.name] = spec.title
        self._make_action(spec, dock)
        return dock

    def _make_action(self, spec: DockSpec, dock: QDockWidget) -> None:
        name = f"panel_{spec.name}"
        keys = spec.keys or self._free_key(spec.title)
        tip = f"Bring {spec.title} to the front, or close it where it has the focus"
        self._actions.add((Spec(name, "&Panels", spec.title, keys, tip, is_checkable=True),))
        action = self._actions[name]
        action.triggered.connect(partial(self._on_wanted, spec.name))
        dock.visibilityChanged.connect(partial(self._on_visibility, spec.name))

    def _free_key(self, title: str) -> tuple[str, ...]:
        taken = {key for spec in self._actions.specs for key in spec.keys}
        letters = [f"Alt+Shift+{letter.upper()}" for letter in title if letter.isalpha()]
        return tuple(key for key in (*NUMBER_KEYS, *letters) if key not in taken)[:1]

    def add(self, spec: DockSpec, panel: QWidget, beside: str) -> QDockWidget:
        """One more dock, made after the first paint: a tab ``beside`` another, closed at first.

        Where the layout that was kept knows the dock, it goes to its place there.
        """
        dock = self._make(spec)
        self._beside[spec.name] = beside
        dock.setWidget(panel)
        if not self._window.restoreDockWidget(dock):  # asked first: it is true of any added one
            self._window.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, dock)
            self._window.tabifyDockWidget(self._docks[beside], dock)
            dock.hide()
        self._name_tabs()
        return dock

    def __getitem__(self, name: str) -> QDockWidget:
        return self._docks[name]

    def __contains__(self, name: str) -> bool:
        return name in self._docks

    def __iter__(self) -> Iterator[QDockWidget]:
        return iter(self._docks.values())

    def fill(self, name: str, panel: QWidget) -> None:
        """Put ``panel`` into a dock in place of what is there."""
        dock = self._docks[name]
        before = dock.widget()
        dock.setWidget(panel)
        if before is not None:
            before.deleteLater()

    def retitle(self, name: str, count: int) -> None:
        """Show a count in the dock's tab, as in "Problems (2)"."""
        title = self._titles[name]
        self._docks[name].setWindowTitle(f"{title} ({count})" if count else title)

    def bring(self, name: str) -> None:
        """Show a dock in front of its neighbours and give it the focus."""
        dock = self._docks[name]
        dock.show()
        dock.raise_()
        panel = dock.widget()
        inside = [panel, *panel.findChildren(QWidget)]
        target = next((widget for widget in inside if _takes_focus(widget, panel)), dock)
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _on_wanted(self, name: str, _: bool = False) -> None:
        dock, focused = self._docks[name], QApplication.focusWidget()
        if dock.isVisible() and focused is not None and dock.isAncestorOf(focused):
            dock.hide()
        else:
            self.bring(name)
        self._on_visibility(name)

    def _on_visibility(self, name: str, _: bool = False) -> None:
        """A dock behind another's tab is open too."""
        self._actions[f"panel_{name}"].setChecked(not self._docks[name].isHidden())

    # -- layouts ---------------------------------------------------------------------------

    def reset(self) -> None:
        """The layout of the first start: everything docked and visible."""
        self.arrange(FIRST)

    def arrange(self, wanted: Arrangement) -> None:
        """Put the docks as ``wanted`` says, as far as they exist; the others are closed.

        A closed dock keeps a place to come back to: a tab beside the one it belongs to. On a
        screen that has no room for all, some become tabs: a window cannot be smaller than what
        it holds, and would not fit.
        """
        here = without(wanted, set(names_of(wanted)) - set(self._docks))
        if here is None:
            return
        screen = self._window.screen().availableSize()
        here = fitted(here, screen.width(), screen.height() - BARS_HEIGHT)
        arrange(self._window, self._docks, here)
        shown = list(names_of(here))
        for name, dock in self._docks.items():
            if name not in shown:
                beside = self._beside.get(name, "catalogue")
                home = beside if beside in shown else shown[0]
                self._window.tabifyDockWidget(self._docks[home], dock)
                dock.hide()
        for name in self._docks:
            self._on_visibility(name)
        self._name_tabs()

    def _name_tabs(self) -> None:
        """Tabs that have no room are gone through by arrows: three letters name no panel."""
        direct = Qt.FindChildOption.FindDirectChildrenOnly
        for bar in self._window.findChildren(QTabBar, "", direct):
            bar.setElideMode(Qt.TextElideMode.ElideNone)
            bar.setUsesScrollButtons(True)

    def save(self, settings: QSettings, layout: str = "layout") -> None:
        settings.setValue("geometry", self._window.saveGeometry())
        settings.setValue(layout, self._window.saveState(LAYOUT_VERSION))

    def restore(self, settings: QSettings, layout: str = "layout") -> bool:
        """Put the docks back as they were saved; False where nothing fitting was saved."""
        saved = settings.value(layout)
        is_restored = isinstance(saved, QByteArray) and self._window.restoreState(
            saved, LAYOUT_VERSION
        )
        for name in self._docks:
            self._on_visibility(name)
        return is_restored

    def restore_window(self, settings: QSettings) -> bool:
        """The size and place of the window as well; False where no fitting layout was saved.

        Twice: the layout that stood before may have kept the window from becoming smaller.
        """
        geometry = settings.value("geometry")
        is_restored = False
        for _ in range(2):
            if isinstance(geometry, QByteArray):
                self._window.restoreGeometry(geometry)
            is_restored = self.restore(settings)
        return is_restored


def _takes_focus(widget: QWidget, panel: QWidget) -> bool:
    by_tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return by_tab and widget.isEnabled() and widget.isVisibleTo(panel)
