"""The catalogue dock: rows arrive, order and selection stay, judgements are written in place."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit

from astrogui.records.catalogue import Column
from astrogui.session import events

Role = Qt.ItemDataRole


def column(bench, name):
    return bench.model.section_of(name)


def text(bench, row, name, role=Role.DisplayRole):
    return bench.model.data(bench.model.index(row, column(bench, name)), role)


def shown(bench, name):
    return [text(bench, row, name) for row in range(bench.model.rowCount())]


def test_a_value_stands_with_its_interval_and_the_tip_names_the_levels(filled):
    assert text(filled, 1, "z") == "0.2000 +0.0020 −0.0010"
    tip = text(filled, 1, "z", Role.ToolTipRole)
    assert "68 %: 0.199 to 0.202" in tip
    assert "90 %: 0.198 to 0.203" in tip
    assert column(filled, "z_lo68") is None


def test_a_column_without_values_is_out_of_the_way_until_it_has_one(filled, fake, qtbot):
    table, section = filled.catalogue.table, column(filled, "flags")
    assert table.isColumnHidden(section)
    assert not table.isColumnHidden(column(filled, "user_comment"))
    fake.rows[4]["flags"] = "low signal-to-noise"
    fake.say(events.RowsChanged((4,), ("flags",))).result(60)
    qtbot.waitUntil(lambda: not table.isColumnHidden(section))


def test_heads_carry_units(filled):
    head = filled.model.headerData(column(filled, "ra"), Qt.Orientation.Horizontal)
    assert head == "ra [°]"


def test_rows_that_come_later_are_sorted_in_and_the_selection_stays_on_its_row(filled, fake, qtbot):
    table = filled.catalogue.table
    table.sortByColumn(column(filled, "z"), Qt.SortOrder.DescendingOrder)
    table.selectRow(0)
    chosen = filled.selection.row_id
    assert chosen == 5
    fake.add(["/data/late.fits"]).result(60)
    qtbot.waitUntil(lambda: filled.model.rowCount() == 6)
    assert shown(filled, "object_id")[0] == "object 6"
    assert filled.selection.row_ids == (chosen,)
    assert [index.row() for index in table.selectionModel().selectedRows()] == [1]


def test_a_new_column_keeps_order_and_selection(filled, fake, qtbot):
    table = filled.catalogue.table
    table.selectRow(3)
    chosen = filled.selection.row_ids
    fake.columns = (*fake.columns, Column(name="chirp_mass", unit="solMass"))
    fake.add(["/data/late.fits"]).result(60)
    qtbot.waitUntil(lambda: filled.model.rowCount() == 6)
    assert column(filled, "chirp_mass") is not None
    assert filled.selection.row_ids == chosen
    assert [index.row() for index in table.selectionModel().selectedRows()] == [3]


def test_widths_and_places_given_by_hand_outlive_new_columns(filled, fake, qtbot):
    heads = filled.catalogue.table.horizontalHeader()
    heads.resizeSection(column(filled, "z"), 222)
    heads.moveSection(heads.visualIndex(column(filled, "ra")), 0)
    fake.columns = (fake.columns[0], Column(name="chirp_mass"), *fake.columns[1:])
    fake.add(["/data/late.fits"]).result(60)
    qtbot.waitUntil(lambda: filled.model.rowCount() == 6)
    assert heads.sectionSize(column(filled, "z")) == 222
    assert heads.visualIndex(column(filled, "ra")) == 0


def test_a_judgement_is_written_in_place(filled, fake, qtbot):
    index = filled.model.index(2, column(filled, "user_quality"))
    assert filled.model.setData(index, "3")
    qtbot.waitUntil(lambda: text(filled, 2, "user_quality") == "3")
    assert ("annotate", (3,), {"user_quality": 3}) in fake.calls


@pytest.mark.parametrize("entered", ["5", "good", "-1"])
def test_a_quality_that_is_no_grade_is_not_taken(filled, fake, entered):
    index = filled.model.index(2, column(filled, "user_quality"))
    assert not filled.model.setData(index, entered)
    assert not [call for call in fake.calls if call[0] == "annotate"]


def test_only_the_analysts_columns_can_be_edited(filled):
    editable = {
        filled.model.shown_column(section).name
        for section in range(filled.model.columnCount())
        if filled.model.flags(filled.model.index(0, section)) & Qt.ItemFlag.ItemIsEditable
    }
    assert editable == {"user_class", "user_z", "user_quality", "user_tags", "user_comment"}


def test_the_key_c_opens_the_comment_in_place(filled, fake, qtbot):
    filled.catalogue.table.selectRow(1)
    filled.window.actions_by_name["comment"].trigger()
    editor = filled.catalogue.table.findChild(QLineEdit)
    assert editor is not None
    assert not editor.acceptDrops()
    qtbot.keyClicks(editor, "odd lines")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: text(filled, 1, "user_comment") == "odd lines")


def test_selected_rows_are_copied_with_heads(filled):
    filled.catalogue.table.selectRow(0)
    filled.window.actions_by_name["copy"].trigger()
    head, line = QGuiApplication.clipboard().text().splitlines()
    assert head.split("\t")[0] == "file"
    assert "0.1000 +0.0020 −0.0010" in line.split("\t")


def test_selecting_several_rows_selects_them_for_judgement(filled):
    table = filled.catalogue.table
    table.selectRow(0)
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    table.selectionModel().select(filled.model.index(2, 0), flags)
    assert set(filled.selection.row_ids) == {1, 3}


def test_next_and_previous_row_go_through_the_table_and_stop_at_its_ends(filled):
    actions = filled.window.actions_by_name
    filled.catalogue.table.selectRow(0)
    actions["previous_row"].trigger()
    assert filled.selection.row_id == 1
    for _ in range(9):
        actions["next_row"].trigger()
    assert filled.selection.row_id == 5


def test_the_counts_are_good_english(filled):
    bar = filled.catalogue.filter
    bar.show_counts(1, 1, 1)
    assert bar.counts.text() == "1 row  ·  1 selected"
    bar.show_counts(3, 1200, 0)
    assert bar.counts.text() == "3 of 1,200 rows"
