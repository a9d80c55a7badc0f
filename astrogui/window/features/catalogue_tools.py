"""The menu of the catalogue: filter, find, order, columns and selection, all from the keyboard."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QWidget

from astrogui.session.filter_tokens import name_text, quoted
from astrogui.window.actions import Spec

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

MENU = "&Catalogue"
SPECS = (
    Spec("filter_rows", MENU, "&Filter…", ("Ctrl+L",), "Show only rows that satisfy a condition"),
    Spec("filter_none", MENU, "Filter &off", ("Ctrl+Shift+L",), "Show every row again"),
    Spec("filter_value", MENU, "Filter by this &value", ("Ctrl+Alt+V",), "Rows like this cell"),
    Spec("find_text", MENU, "F&ind text…", ("Ctrl+F",), "Go to a row that holds some text"),
    Spec("find_next", MENU, "Find ne&xt", ("F3",), "The next row that holds the text"),
    Spec("find_previous", MENU, "Find pre&vious", ("Shift+F3",), "The row before that holds it"),
    Spec(
        "sort_rising", MENU, "Sort &rising", ("Ctrl+Alt+Up",), "By the column of the current cell",
        starts_group=True,
    ),
    Spec("sort_falling", MENU, "Sort fa&lling", ("Ctrl+Alt+Down",), "By the current cell's column"),
    Spec("sort_then_rising", MENU, "Then rising", ("Ctrl+Alt+Shift+Up",), "A further key"),
    Spec("sort_then_falling", MENU, "Then falling", ("Ctrl+Alt+Shift+Down",), "A further key"),
    Spec("sort_none", MENU, "Order of the &project", ("Ctrl+Alt+N",), "Sort by no column"),
    Spec(
        "columns", MENU, "&Columns…", ("Ctrl+K",), "Choose, order and freeze columns",
        starts_group=True,
    ),
    Spec("freeze", MENU, "Free&ze up to here", ("Ctrl+Shift+K",), "Keep columns at the left"),
    Spec("unfreeze", MENU, "&Unfreeze", ("Ctrl+Alt+K",), "Let all columns move"),
    Spec("hide_column", MENU, "&Hide the column", ("Ctrl+Alt+H",), "Bring it back with Columns…"),
    Spec("reset_columns", MENU, "Columns as at first", ("Ctrl+Alt+R",), "Order, widths, sort"),
    Spec(
        "select_all_rows", MENU, "Select &all rows", ("Ctrl+Shift+D",), "All that is shown",
        starts_group=True,
    ),
    Spec("invert_rows", MENU, "I&nvert the selection", ("Ctrl+Alt+I",), "Within the filter"),
    Spec("copy_cell", MENU, "Copy the cell", ("Ctrl+Alt+C",), "The value with every digit"),
)  # fmt: skip


class Feature(QObject):
    """Joins the actions to the panel; a menu of the heads has the same."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench, self._panel = bench, bench.catalogue
        self._actions = bench.window.actions_by_name
        self._actions.add(SPECS)
        self._find: FindBar | None = None
        panel = self._panel
        handlers = {
            "filter_rows": self._focus_filter,
            "filter_none": self._filter_none,
            "filter_value": self._filter_by_value,
            "find_text": self._open_find,
            "find_next": partial(self._find_again, False),
            "find_previous": partial(self._find_again, True),
            "sort_rising": partial(panel.sort_by_current, False),
            "sort_falling": partial(panel.sort_by_current, True),
            "sort_then_rising": partial(panel.sort_by_current, False, True),
            "sort_then_falling": partial(panel.sort_by_current, True, True),
            "sort_none": partial(panel.sort_by, ()),
            "columns": panel.ask_for_columns,
            "freeze": self._freeze,
            "unfreeze": partial(panel.freeze_up_to, ""),
            "hide_column": self._hide,
            "reset_columns": panel.reset_columns,
            "select_all_rows": panel.select_all,
            "invert_rows": panel.invert_selection,
            "copy_cell": panel.copy_cell,
        }
        for name, handler in handlers.items():
            self._actions[name].triggered.connect(partial(_call, handler))
        panel.head_menu_asked.connect(self._on_head_menu)
        panel.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        panel.table.customContextMenuRequested.connect(self._on_cell_menu)

    # -- filter and find -------------------------------------------------------------------

    def _show(self) -> None:
        dock = self._bench.window.docks["catalogue"]
        dock.show()
        dock.raise_()

    def _focus_filter(self) -> None:
        self._show()
        self._panel.filter.edit.setFocus()
        self._panel.filter.edit.selectAll()

    def _filter_none(self) -> None:
        self._panel.filter.edit.clear()

    def _filter_by_value(self) -> None:
        """Rows whose cell in this column is the same."""
        index = self._panel.table.currentIndex()
        if not index.isValid():
            return
        model = self._bench.model
        column = model.shown_column(index.column())
        value = model.store.cell(int(model.positions()[index.row()]), column.name)
        name = name_text(column.name)
        if value is None:
            text = f"{name} is null"
        elif column.type == "text":
            text = f"{name} == {quoted(str(value))}"
        else:
            text = f"{name} == {value!r}"
        before = self._panel.filter.edit.text().strip()
        self._panel.filter.edit.setText(f"({before}) & {text}" if before else text)
        self._panel.filter.apply()

    def _open_find(self) -> None:
        self._show()
        if self._find is None:
            self._find = FindBar(self._panel)
            self._panel.add_below(self._find)
            self._find.edit.returnPressed.connect(partial(self._find_again, False))
        self._find.show()
        self._find.edit.setFocus()
        self._find.edit.selectAll()

    def _find_again(self, backwards: bool) -> None:
        if self._find is None or not self._find.edit.text():
            self._open_find()
            return
        is_found = self._panel.find_text(self._find.edit.text(), backwards)
        self._find.words.setText("" if is_found else "No row shown holds this text.")

    # -- columns ---------------------------------------------------------------------------

    def _freeze(self) -> None:
        self._panel.freeze_up_to(self._panel.current_column())

    def _hide(self) -> None:
        name = self._panel.current_column()
        if name:
            self._panel.hide_column(name)

    # -- menus -----------------------------------------------------------------------------

    def _on_head_menu(self, name: str, place: QPoint) -> None:
        """What can be done with a column, at its head."""
        menu = QMenu(self._panel)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if name:
            panel = self._panel
            for words, handler in (
                ("Sort rising", partial(panel._sort, name, False, False)),
                ("Sort falling", partial(panel._sort, name, True, False)),
                ("Then rising", partial(panel._sort, name, False, True)),
                ("Then falling", partial(panel._sort, name, True, True)),
                (None, None),
                ("Hide", partial(panel.hide_column, name)),
                ("Freeze up to here", partial(panel.freeze_up_to, name)),
                ("Unfreeze", partial(panel.freeze_up_to, "")),
                (None, None),
                ("Statistics", partial(self._statistics, name)),
                ("Histogram", partial(self._plot, name, "")),
                ("Plot against…", partial(self._plot, name, None)),
            ):
                if words is None or handler is None:
                    menu.addSeparator()
                else:
                    menu.addAction(words).triggered.connect(partial(_call, handler))
            menu.addSeparator()
        menu.addAction(self._actions["columns"])
        menu.popup(place)

    def _statistics(self, name: str) -> None:
        self._bench.features["column_statistics"].show_column(name)

    def _plot(self, name: str, against: str | None) -> None:
        self._bench.features["column_plots"].show_columns(name, against)

    def _on_cell_menu(self, place: QPoint) -> None:
        menu = QMenu(self._panel)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in ("filter_value", "copy_cell", "copy"):
            menu.addAction(self._actions[name])
        menu.addSeparator()
        for name in ("select_all_rows", "invert_rows", "export_selected"):
            menu.addAction(self._actions[name])
        menu.addSeparator()
        for extra in self._panel.table.actions():  # what other features offer on a row
            if extra not in menu.actions():
                menu.addAction(extra)
        menu.popup(self._panel.table.viewport().mapToGlobal(place))


class FindBar(QWidget):
    """A line below the table; Escape closes it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.edit = QLineEdit(self)
        self.edit.setAcceptDrops(False)
        self.edit.setPlaceholderText("Find text in any column, then Enter (F3 next)")
        self.edit.setAccessibleName("Find text in the catalogue")
        self.words = QLabel(self)
        line = QHBoxLayout(self)
        line.setContentsMargins(3, 0, 3, 2)
        line.addWidget(QLabel("Find", self))
        line.addWidget(self.edit, 1)
        line.addWidget(self.words)

    def keyPressEvent(self, event: object) -> None:
        from PySide6.QtGui import QKeyEvent

        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            self.hide()
            return
        super().keyPressEvent(event)  # type: ignore[arg-type]


def _call(handler: object, _: bool = False) -> None:
    if callable(handler):
        handler()
