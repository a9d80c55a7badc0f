"""The catalogue used as an analyst does: filter, freeze, select, find, plot, export, match."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtGui import QGuiApplication

from astrogui.errors import AstroguiError
from astrogui.records.catalogue import Catalogue, Column
from astrogui.session import events
from astrogui.window import arranging, row_store
from astrogui.window.features import export_dialog
from astrogui.window.features.cross_match import MatchDialog
from astrogui.window.panels import export_preview
from astrogui.window.panels.catalogue_layout import load_layout
from astrogui.window.panels.column_dialog import ColumnDialog
from astrogui.window.row_store import SortKey
from astrogui.window.selection import Selection


def names(bench):
    model = bench.model
    section = model.section_of("object_id")
    return [model.data(model.index(row, section)) for row in range(model.rowCount())]


@pytest.fixture
def panel(filled):
    return filled.catalogue


def write(qtbot, panel, text):
    """An expression by the keyboard, and Enter."""
    panel.filter.edit.setFocus()
    panel.filter.edit.clear()
    qtbot.keyClicks(panel.filter.edit, text)
    panel.filter._hide_offers()
    qtbot.keyClick(panel.filter.edit, Qt.Key.Key_Return)


def test_a_filter_shows_its_rows_and_their_number(filled, panel, qtbot):
    write(qtbot, panel, "z > 0.25 & z < 0.45")
    qtbot.waitUntil(lambda: names(filled) == ["object 3", "object 4"])
    assert panel.filter.counts.text().startswith("2 of 5 rows")
    panel.filter.edit.clear()
    qtbot.waitUntil(lambda: len(names(filled)) == 5)


def test_rows_that_come_later_are_filtered_too(filled, panel, fake, qtbot):
    write(qtbot, panel, "z > 0.45")
    fake.add(["/data/late.fits"]).result(60)
    qtbot.waitUntil(lambda: filled.model.total == 6)
    assert names(filled) == ["object 5", "object 6"]
    fake.rows[6]["z"] = 0.1
    fake.say(events.RowsChanged((6,), ("z",))).result(60)
    qtbot.waitUntil(lambda: names(filled) == ["object 5"])


def test_a_mistake_is_said_and_the_rows_stay(filled, panel, qtbot):
    write(qtbot, panel, "zed > 1")
    assert "no column zed" in panel.filter.problem.text()
    assert "character 1" in panel.filter.problem.text()
    assert panel.filter.problem.isVisible()
    assert len(names(filled)) == 5


def test_completion_writes_a_column_for_the_analyst(panel, qtbot):
    panel.filter.edit.setFocus()
    qtbot.keyClicks(panel.filter.edit, "user_qu")
    assert panel.filter._offers.stringList()[0] == "user_quality"
    panel.filter._on_chosen("user_quality")
    assert panel.filter.edit.text() == "user_quality"


def test_several_keys_sort_one_after_the_other(filled, panel, fake, qtbot):
    for row_id, quality in ((1, 2), (2, 1), (3, 2), (4, 1), (5, 2)):
        fake.rows[row_id]["user_quality"] = quality
    fake.say(events.RowsChanged((1, 2, 3, 4, 5), ("user_quality",))).result(60)
    qtbot.waitUntil(lambda: filled.model.store.cell(4, "user_quality") == 2)
    panel.sort_by([SortKey("user_quality"), SortKey("z", True)])
    wanted = ["object 4", "object 2", "object 5", "object 3", "object 1"]
    qtbot.waitUntil(lambda: names(filled) == wanted)
    head = filled.model.section_of("z")
    assert "↓2" in filled.model.headerData(head, Qt.Orientation.Horizontal)


def test_frozen_columns_stay_in_sight_when_the_table_is_moved(panel, qtbot):
    panel.freeze_up_to("object_id")
    frozen = panel.table.frozen
    assert frozen.isVisible()
    heads = [s for s in range(frozen.model().columnCount()) if not frozen.isColumnHidden(s)]
    assert {panel._model.shown_column(s).name for s in heads} == {"file", "object_id"}
    assert frozen.columnWidth(heads[0]) == panel.table.columnWidth(heads[0])
    panel.freeze_up_to("")
    assert not frozen.isVisible()


def test_columns_are_chosen_ordered_and_kept_for_the_project(open_bench, fake, qtbot, tmp_path):
    settings = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    bench = open_bench(fake, settings)
    bench.commands.add(["/data/s1.fits"])
    qtbot.waitUntil(lambda: bench.model.rowCount() == 1)
    bench.window.actions_by_name["columns"].trigger()
    dialog = bench.catalogue.findChild(ColumnDialog)
    items = dialog._items()
    z = next(item for item in items if item.text() == "z")
    dialog.list.setCurrentItem(z)
    dialog._to_top()
    next(i for i in items if i.text() == "class").setCheckState(Qt.CheckState.Unchecked)
    dialog.frozen.setValue(1)
    dialog._on_accepted()
    assert bench.catalogue.shown_names()[0] == "z"
    assert "class" not in bench.catalogue.shown_names()
    bench.catalogue.filter.keep("far", "z > 1")
    bench.catalogue.keep_layout()
    kept = load_layout(settings, fake.path)
    assert kept.frozen == ["z"]
    assert kept.filters == {"far": "z > 1"}
    again = open_bench(fake, settings)
    qtbot.waitUntil(lambda: again.model.rowCount() == 1)
    assert again.catalogue.shown_names()[0] == "z"
    assert "class" not in again.catalogue.shown_names()
    assert again.catalogue.filter.kept == {"far": "z > 1"}


def test_a_scattered_selection_of_many_rows_is_shown_and_survives_a_sort(
    filled, fake, panel, qtbot
):
    for number in range(6, 801):
        fake.rows[number] = {**fake.rows[1], "row_id": number, "object_id": f"object {number}",
                             "z": number / 1000}  # fmt: skip
    fake.say(events.RowsChanged(tuple(range(6, 801)), ("z",))).result(60)
    qtbot.waitUntil(lambda: filled.model.rowCount() == 800)
    chosen = tuple(range(2, 801, 2))
    began = time.perf_counter()
    filled.selection.choose_rows(chosen, chosen[0], 1)
    assert time.perf_counter() - began < 2
    assert panel.table.is_masked(1)
    assert not panel.table.is_masked(2)
    assert panel.selected_lines().tolist() == list(range(1, 800, 2))
    panel.sort_by([SortKey("z", True)])
    qtbot.waitUntil(lambda: names(filled)[0] == "object 800")
    assert filled.selection.row_ids == chosen
    masked = [line for line in range(800) if panel.table.is_masked(line)]
    assert {filled.model.row_id(line) for line in masked} == set(chosen)
    # Ctrl and a click take one of them away.
    table = panel.table
    table.scrollToTop()
    line = masked[0]
    place = table.visualRect(filled.model.index(line, filled.model.section_of("z"))).center()
    qtbot.mouseClick(
        table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, place
    )
    assert len(filled.selection.row_ids) == len(chosen) - 1


def test_all_rows_of_the_filter_are_selected_and_inverted(filled, panel, qtbot):
    write(qtbot, panel, "z > 0.25")
    filled.window.actions_by_name["select_all_rows"].trigger()
    assert filled.selection.row_ids == (3, 4, 5)
    panel.filter.edit.clear()
    filled.window.actions_by_name["invert_rows"].trigger()
    assert filled.selection.row_ids == (1, 2)


def test_selecting_all_rows_makes_no_object_of_each(filled, panel, monkeypatch):
    """A million numbers, made one by one, stop the window."""

    def made(_: Selection) -> tuple[int, ...]:
        raise AssertionError("each selected row was made an object")

    monkeypatch.setattr(Selection, "row_ids", property(made))
    filled.window.actions_by_name["select_all_rows"].trigger()
    assert filled.selection.ids.tolist() == [1, 2, 3, 4, 5]
    filled.window.actions_by_name["invert_rows"].trigger()
    assert filled.selection.ids.size == 0


def test_text_is_found_forwards_and_backwards(filled, panel):
    panel.table.selectRow(0)
    assert panel.find_text("OBJECT 4")
    assert filled.selection.row_id == 4
    assert panel.find_text("object", backwards=True)
    assert filled.selection.row_id == 3
    assert not panel.find_text("nowhere")


def test_a_cell_is_copied_with_every_digit(filled, panel):
    panel.table.setCurrentIndex(filled.model.index(2, filled.model.section_of("object_id")))
    filled.window.actions_by_name["copy_cell"].trigger()
    assert QGuiApplication.clipboard().text() == "object 3"


def test_the_value_of_a_cell_becomes_a_filter(filled, panel, qtbot):
    panel.table.setCurrentIndex(filled.model.index(1, filled.model.section_of("object_id")))
    filled.window.actions_by_name["filter_value"].trigger()
    assert panel.filter.edit.text() == 'object_id == "object 2"'
    qtbot.waitUntil(lambda: names(filled) == ["object 2"])


def test_statistics_follow_the_selection(filled, qtbot):
    feature = filled.features["column_statistics"]
    feature.show_column("z")
    panel = feature.panel
    qtbot.waitUntil(lambda: panel.facts is not None and panel.facts.rows == 5)
    assert panel.facts.mean == pytest.approx(0.3)
    panel.rows.setCurrentIndex(2)
    filled.selection.choose_rows((1, 2), 1, 1)
    qtbot.waitUntil(lambda: panel.facts.rows == 2)
    assert panel.facts.most == pytest.approx(0.2)


def test_points_enclosed_in_the_plot_are_selected_and_selected_rows_light_up(filled, qtbot):
    feature = filled.features["column_plots"]
    feature.show_columns("z", "ra")
    panel = feature.panel
    qtbot.waitUntil(lambda: panel.scatter.density is not None)
    panel._on_chosen(np.array([False, True, True, False, False]), "replace")
    assert filled.selection.row_ids == (2, 3)
    panel._on_chosen(np.array([False, False, False, True, False]), "add")
    assert filled.selection.row_ids == (2, 3, 4)
    panel._on_chosen(np.array([False, True, False, False, False]), "remove")
    assert filled.selection.row_ids == (3, 4)
    filled.catalogue.table.selectRow(0)
    assert panel.scatter._selected.tolist() == [True, False, False, False, False]


def test_the_plot_shows_what_the_filter_leaves(filled, panel, qtbot):
    feature = filled.features["column_plots"]
    feature.show_columns("z", "ra")
    write(qtbot, panel, "z > 0.35")
    qtbot.waitUntil(
        lambda: (
            feature.panel.scatter.points is not None and feature.panel.scatter.points.x.size == 2
        )
    )
    assert "2 of 2 rows" in feature.panel.words.text()


def test_the_selection_is_exported_as_rows_with_the_columns_of_the_table(filled, fake, qtbot):
    filled.selection.choose_rows((4, 2), 4, 4)
    filled.window.actions_by_name["export_selected"].trigger()
    dialog = filled.features["export_dialog"].dialog
    assert dialog.rows_chosen == "selected"
    dialog.preset.setCurrentIndex(1)
    qtbot.waitUntil(lambda: "2 rows" in dialog.words.text())
    cells = dialog.preview.model()
    assert cells.index(3, 0).data().startswith("/data/s")
    assert "deg" in [cells.index(1, place).data() for place in range(cells.columnCount())]
    assert cells.index(1, 0).data(Qt.ItemDataRole.FontRole).italic()
    assert [cells.headerData(line, Qt.Orientation.Vertical) for line in (1, 3)] == ["unit", "1"]
    dialog.path.setText("/tmp/chosen.parquet")
    assert dialog.suffix() == ".parquet"
    dialog.export.click()
    call = next(call for call in fake.calls if call[0] == "export")
    assert call[1:3] == ("/tmp/chosen.parquet", (2, 4))
    assert "z_lo68" in call[4]
    assert "model_sha256" not in call[4]
    qtbot.waitUntil(lambda: filled.features["export_dialog"].dialog is None)


def test_a_column_that_is_unticked_is_not_in_the_preview(filled, qtbot):
    dialog = filled.features["export_dialog"].open("all")
    assert dialog.is_busy
    assert dialog.words.text() == "Preparing the first rows …"
    columns = dialog.preview.model().columnCount
    qtbot.waitUntil(lambda: columns() > 5)
    assert not dialog.is_busy
    before = columns()
    dialog.list.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert dialog.preset.currentText() == "Own choice"
    qtbot.waitUntil(lambda: columns() == before - 1)
    dialog.close()


def test_the_words_of_a_preview_are_made_in_the_pool(filled, qtbot, monkeypatch):
    """Those of four hundred columns stopped the window for a tenth of a second."""
    threads = []

    def preview_of(sample):
        threads.append(threading.current_thread())
        return export_preview.preview_of(sample)

    monkeypatch.setattr(export_dialog, "preview_of", preview_of)
    dialog = filled.features["export_dialog"].open("all")
    qtbot.waitUntil(lambda: dialog.preview.model().rowCount() == 3 + filled.model.total)
    assert threads
    assert threading.main_thread() not in threads
    dialog.close()


def test_a_match_adds_columns_and_selects_the_rows(filled, qtbot):
    columns = (
        Column(name="RA", unit="deg", ucd="pos.eq.ra;meta.main"),
        Column(name="DEC", unit="deg", ucd="pos.eq.dec;meta.main"),
        Column(name="name", type="text"),
    )
    table = Catalogue(
        columns=columns,
        values={
            "RA": np.array([152.0, 154.0 + 2 / 3600]), "DEC": np.array([2.0, 2.0]),
            "name": np.array(["one", "two"], object),
        },
    )  # fmt: skip
    feature = filled.features["cross_match"]
    feature._on_read("mine.fits", table)
    dialog = filled.window.findChild(MatchDialog)
    assert (dialog.ra.currentText(), dialog.dec.currentText()) == ("RA", "DEC")
    dialog.radius.setValue(3.0)
    dialog._on_accepted()
    qtbot.waitUntil(lambda: filled.selection.row_ids == (2, 4))
    store = filled.model.store
    assert [store.cell(row, "match_name") for row in range(5)] == [None, "one", None, "two", None]
    assert store.cell(3, "match_separation") == pytest.approx(2.0, abs=0.01)
    assert filled.model.section_of("match_name") is not None
    assert "2 of 5 rows" in filled.window.notice.words
    filled.window.actions_by_name["cross_match_off"].trigger()
    qtbot.waitUntil(lambda: filled.model.section_of("match_name") is None)


def test_thumbnails_are_made_for_the_rows_in_sight(filled, qtbot):
    feature = filled.features["thumbnails"]
    filled.window.actions_by_name["thumbnails"].trigger()
    qtbot.waitUntil(lambda: feature.pictures > 0 and not feature.is_busy, timeout=8000)
    lines = filled.catalogue.table.visible_lines()
    assert feature.pictures >= len(lines) > 0
    filled.window.actions_by_name["thumbnails"].trigger()
    assert filled.catalogue.table.picture is None


def test_a_click_with_shift_selects_a_stretch(filled, panel, qtbot):
    table = panel.table
    section = filled.model.section_of("object_id")
    for row, modifier in (
        (0, Qt.KeyboardModifier.NoModifier),
        (2, Qt.KeyboardModifier.ShiftModifier),
    ):
        place: QPoint = table.visualRect(filled.model.index(row, section)).center()
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, modifier, place)
    assert filled.selection.row_ids == (1, 2, 3)


def test_an_order_that_cannot_be_found_is_given_up_and_said(filled, qtbot, monkeypatch, caplog):
    def fails(*_: object) -> None:
        raise AstroguiError("the column is broken")

    monkeypatch.setattr(arranging, "AT_ONCE", 0)
    with monkeypatch.context() as broken:
        broken.setattr(row_store, "sort_values", fails)
        filled.model.sort_by((SortKey("z", True),))
        qtbot.waitUntil(lambda: filled.model.sort_keys == (), timeout=10_000)
    qtbot.waitUntil(lambda: not filled.model.is_reading, timeout=10_000)
    assert "the column is broken" in filled.window.notice.words
    assert filled.model.rowCount() == 5
