"""Tables ask a model once what a cell shows, and paint it as Qt's own questions would."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTableView

from astrogui.window.panels.list_model import ListModel
from astrogui.window.panels.tables import prepare_table


class Counting(ListModel):
    """How often a role of a cell was asked for, beside ``shown_cell``."""

    asked = 0

    def data(self, index, role=Qt.ItemDataRole.DisplayRole):
        type(self).asked += 1
        return super().data(index, role)


@pytest.fixture
def table(qtbot):
    Counting.asked = 0
    model = Counting(
        ("Name", "Words"),
        lambda value: value,
        lambda value: (f"file {value}", f"two\nlines {value}"),
    )
    view = QTableView()
    qtbot.addWidget(view)
    prepare_table(view, model, "Values")
    model.setParent(view)
    model.show_values(list(range(200)))
    view.resize(400, 300)
    view.show()
    qtbot.waitExposed(view)
    return view


def options(view, delegate, row, column):
    option = QStyleOptionViewItem()
    view.initViewItemOption(option)
    delegate.initStyleOption(option, view.model().index(row, column))
    return option


@pytest.mark.parametrize("column", [0, 1])
def test_a_cell_is_drawn_as_qt_would_draw_it(table, column):
    ours = options(table, table.itemDelegate(), 3, column)
    theirs = options(table, QStyledItemDelegate(table), 3, column)
    assert ours.text == theirs.text
    assert ours.features == theirs.features
    assert ours.displayAlignment == theirs.displayAlignment
    assert (ours.index.row(), ours.index.column()) == (3, column)


def test_painting_asks_for_no_role_of_a_cell(table):
    Counting.asked = 0
    table.viewport().repaint()
    assert Counting.asked == 0


def test_places_outside_the_table_are_no_cells(table):
    model = table.model()
    assert model.index(0, 0).isValid()
    assert model.index(199, 1).isValid()
    for row, column in ((-1, 0), (200, 0), (0, 2), (0, -1)):
        assert not model.index(row, column).isValid()
    assert not model.index(0, 0, model.index(1, 0)).isValid()
