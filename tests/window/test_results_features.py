"""Results in the window: provenance, verification, comparison, copies, published values."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from astrogui.errors import UsageProblem
from astrogui.inference.runner import InlineRunner
from astrogui.session.session import Session
from astrogui.session.settings import Settings
from astrogui.session.view import ProjectView
from astrogui.window.features.results import values_from_table
from astrogui.window.features.verify import VerifyDialog


class Reader:
    """Hashes the file, as the true readers do."""

    def recognise(self, path, options=None):
        del options
        future: Future = Future()
        digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        future.set_result((replace(tiny.source(path), sha256=digest, part="HDU 1"),))
        return future

    def read(self, source):
        future: Future = Future()
        future.set_result(tiny.spectrum(2.0, source.path, pixels=200))
        return future

    def close(self):
        pass


TASK = replace(tiny.TASK, classes=("GALAXY", "QSO"))


@pytest.fixture
def bench(open_bench, tmp_path, qtbot):
    """A window on two answered spectra."""
    tiny.write_model(tmp_path / "models")
    session = Session(
        tmp_path / "p.astrogui",
        models=str(tmp_path / "models"),
        runner=InlineRunner(task_named=lambda name: TASK, read=tiny.read),
        reader=Reader(),
        settings=Settings(author="Vera"),
        tasks=(TASK,),
    )
    bench = open_bench(session)
    paths = []
    for name in ("flat-1.fits", "flat-2.fits"):
        (tmp_path / name).write_text(name)
        paths.append(str(tmp_path / name))
    bench.commands.add(paths)
    qtbot.waitUntil(lambda: bench.model.rowCount() == 2, timeout=20_000)
    bench.catalogue.table.selectRow(0)
    wait_for_answer(bench, qtbot)
    yield bench
    session.close()


def wait_for_answer(bench, qtbot):
    qtbot.waitUntil(
        lambda: (
            not bench.answer.is_waiting
            and not bench.results.is_busy
            and bench.results.view.posterior is not None
        ),
        timeout=10_000,
    )


def trigger(bench, name):
    bench.window.actions_by_name[name].trigger()


def notice(bench):
    return bench.window.notice.words


# Provenance


def open_provenance(bench, qtbot):
    feature = bench.features["provenance"]
    feature.dialog = None
    trigger(bench, "provenance")
    qtbot.waitUntil(lambda: feature.dialog is not None)
    return feature.dialog


def test_the_answers_provenance_names_everything(bench, qtbot, tmp_path):
    dialog = open_provenance(bench, qtbot)
    text = dialog._origin.text()
    digest = hashlib.sha256(b"flat-1.fits").hexdigest()
    model = json.loads((tmp_path / "models/tiny/card.json").read_text())["hashes"]["weights.npz"]
    for words in (
        str(tmp_path / "flat-1.fits"), digest, "HDU 1", "reader: tiny, of AstroGUI", model,
        "seed: ", "backend: ", "libraries: numpy", "time, UTC: 20", "version: 7",
    ):  # fmt: skip
        assert words in text, words
    assert digest[:32] in dialog.browser.toPlainText().replace("\u200b", "")
    dialog.copy()
    assert QGuiApplication.clipboard().text() == text
    dialog.close()


def test_a_cell_of_the_catalogue_tells_value_unit_and_meaning(bench, qtbot):
    table = bench.catalogue.table
    section = bench.model.section_of("level")
    table.setCurrentIndex(bench.model.index(0, section))
    bench.features["provenance"].show_origin(bench.selection.row_id, "level")
    feature = bench.features["provenance"]
    qtbot.waitUntil(lambda: feature.dialog is not None)
    text = feature.dialog._origin.text()
    assert "column: level" in text
    assert "meaning: mean level: the value to quote" in text
    assert feature.dialog._origin.task == "tiny"
    feature.dialog.close()


def test_a_judgement_names_its_author_and_time_and_no_model(bench, qtbot):
    bench.annotate.set_quality(3)
    row_id = bench.selection.row_id
    qtbot.waitUntil(lambda: bench.session.view.row(row_id)["user_quality"] == 3)
    origin = bench.session.origin(row_id, "user_quality")
    text = origin.text()
    assert "author: Vera" in text
    assert "time, UTC: 20" in text
    assert "Model" not in dict(origin.sections)
    assert origin.task == ""


def test_the_interval_table_asks_for_its_parameters_column(bench, qtbot):
    view = bench.results.view
    feature = bench.features["provenance"]
    feature.dialog = None
    view._table.provenance_asked.emit("level")
    qtbot.waitUntil(lambda: feature.dialog is not None)
    assert feature.dialog._origin.title.endswith(": level")
    feature.dialog.close()


def test_a_right_click_on_the_table_offers_it(bench, qtbot):
    table = bench.catalogue.table
    place = table.visualRect(bench.model.index(0, bench.model.section_of("level"))).center()
    table.customContextMenuRequested.emit(place)
    qtbot.waitUntil(lambda: any(menu.isVisible() for menu in bench.window.findChildren(QMenu)))
    (menu,) = [menu for menu in bench.window.findChildren(QMenu) if menu.isVisible()]
    names = [action.objectName() for action in menu.actions()]
    menu.close()
    assert {"provenance", "verify", "compare_selected"} <= set(names)
    assert "provenance" in [a.objectName() for a in bench.results.view.head.actions()]


# Verification


def verified(bench, qtbot):
    dialog = bench.features["verify"].dialog
    qtbot.waitUntil(lambda: not dialog.is_running, timeout=20_000)
    return dialog


def test_all_rows_are_verified_from_the_menu(bench, qtbot):
    trigger(bench, "verify_all")
    dialog = verified(bench, qtbot)
    assert dialog.words.text().startswith("2 of 2 answers came out again")
    assert [line[2] for line in dialog.model.lines] == ["identical", "identical"]
    dialog.copy()
    assert len(QGuiApplication.clipboard().text().splitlines()) == 4
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_what_differs_is_said_in_full(qtbot):
    """Long words were cut, with no way to read them but the mouse."""
    dialog = VerifyDialog()
    qtbot.addWidget(dialog)
    words = "the probability was 0.91 and is 0.83; " * 4
    dialog.add([("a", "b", "identical", "as stored"), ("a", "b", "differs", words)])
    dialog.show()
    low = dialog.table.rowHeight(0)
    lines = dialog.fontMetrics().horizontalAdvance(words) / dialog.table.columnWidth(2)
    qtbot.waitUntil(lambda: 1.5 * low < dialog.table.rowHeight(1) < (lines + 3) * low)


def test_verdicts_are_named_without_reading_the_project_in_the_windows_thread(
    bench, qtbot, monkeypatch
):
    rows, readers = ProjectView.rows, []

    def noted(view, row_ids=None):
        readers.append(threading.current_thread())
        return rows(view, row_ids)

    monkeypatch.setattr(ProjectView, "rows", noted)
    trigger(bench, "verify_all")
    dialog = verified(bench, qtbot)
    assert [line[0] for line in dialog.model.lines] == ["spectrum", "spectrum"]
    assert threading.main_thread() not in readers
    dialog.close()


def test_a_changed_file_is_told_in_the_dialog(bench, qtbot, tmp_path):
    (tmp_path / "flat-1.fits").write_text("something else")
    trigger(bench, "verify")
    dialog = verified(bench, qtbot)
    assert "1 cannot be verified" in dialog.words.text()
    assert "flat-1.fits has changed" in dialog.model.lines[0][3]
    dialog.close()


def test_a_tampered_cell_is_told_from_the_provenance_dialog(bench, qtbot):
    row_id = bench.selection.row_id
    connection = sqlite3.connect(bench.session.path)
    with connection:
        (cells,) = connection.execute(
            "SELECT cells FROM answers WHERE row_id = ?", (row_id,)
        ).fetchone()
        wrong = {**json.loads(cells), "level": 7.0}
        connection.execute(
            "UPDATE answers SET cells = ? WHERE row_id = ?", (json.dumps(wrong), row_id)
        )
    connection.close()
    open_provenance(bench, qtbot).verify.click()
    dialog = verified(bench, qtbot)
    assert "level is 7 as stored" in dialog.model.lines[0][3]
    assert "1 differ from what is stored" in dialog.words.text()
    dialog.close()


# Comparison


def run_again(bench, qtbot):
    before = len(bench.session.view.answers(bench.selection.row_id))
    trigger(bench, "run_again")
    qtbot.waitUntil(lambda: len(bench.answer.answers) > before, timeout=20_000)
    wait_for_answer(bench, qtbot)


def test_two_runs_of_one_row_are_compared(bench, qtbot):
    run_again(bench, qtbot)
    feature = bench.features["compare"]
    trigger(bench, "show_compare")
    qtbot.waitUntil(lambda: feature.first.count() == 2)
    qtbot.waitUntil(lambda: bool(bench.results.view.compared.plots))
    assert bench.results.view.page == "Compare"
    rows = bench.results.view.compared.table._rows
    assert rows[0][3:] == ("+0.00", "0.0000")
    assert "tiny" in feature.first.currentText()


def test_nothing_is_compared_for_a_page_that_nobody_sees(bench, qtbot, monkeypatch):
    asked = []
    monkeypatch.setattr(bench.session, "answer_posterior", asked.append)
    run_again(bench, qtbot)
    assert len(bench.answer.answers) == 2
    assert bench.results.view.page != "Compare"
    qtbot.wait(50)
    assert not asked
    assert bench.features["compare"].first.count() == 0


def test_two_selected_rows_are_compared(bench, qtbot):
    bench.catalogue.table.selectAll()
    trigger(bench, "compare_selected")
    qtbot.waitUntil(lambda: bool(bench.results.view.compared.plots))
    (row,) = [r for r in bench.results.view.compared.table._rows if r[0] == "mean level"]
    assert abs(float(row[3])) > 50  # 1 and 2, with widths of 0.0034
    assert float(row[4]) == pytest.approx(np.log(2), abs=1e-3)


def test_a_kept_answer_is_offered_at_another_row(bench, qtbot):
    trigger(bench, "show_compare")
    trigger(bench, "keep_answer")
    assert "Kept" in notice(bench)
    first = bench.selection.row_id
    bench.catalogue.table.selectRow(1)
    qtbot.waitUntil(lambda: bench.selection.row_id != first)
    wait_for_answer(bench, qtbot)
    feature = bench.features["compare"]
    qtbot.waitUntil(lambda: feature.second.count() == 2)
    feature.second.setCurrentIndex(1)
    feature.second.activated.emit(1)
    qtbot.waitUntil(lambda: bool(bench.results.view.compared.plots))


def test_less_than_two_rows_or_no_answer_is_said(bench):
    bench.catalogue.table.selectRow(0)
    trigger(bench, "compare_selected")
    assert "Select two rows" in notice(bench)


# Copies, pages, intervals


def test_the_answer_is_copied_as_text_latex_and_picture(bench):
    trigger(bench, "copy_result_text")
    text = QGuiApplication.clipboard().text()
    assert "mean level = 1.0050 ± 0.0034" in text
    trigger(bench, "copy_result_latex")
    assert QGuiApplication.clipboard().text() == "mean level & $1.0050 \\pm 0.0034$ \\\\"
    trigger(bench, "copy_result_figure")
    assert not QGuiApplication.clipboard().image().isNull()
    assert "Posterior curves" in notice(bench)


def test_pages_have_keys_and_the_switch_of_intervals_too(bench, qtbot):
    bench.window.activateWindow()
    for number, page in ((2, "Corner"), (3, "Compare"), (4, "Model card"), (1, "Answer")):
        QTest.keySequence(bench.window, f"Shift+F{number + 5}")
        assert bench.results.view.page == page
    QTest.keySequence(bench.window, "Shift+F12")
    qtbot.waitUntil(lambda: bench.results.view._table.kind == "highest density")
    # The synthetic keys leave Shift down for whoever asks the application next.
    QTest.keyClick(bench.window, Qt.Key.Key_F24)


def test_every_action_of_the_results_has_words_and_a_key_of_its_own(bench):
    specs = [spec for spec in bench.window.actions_by_name.specs if spec.menu == "&Results"]
    assert len(specs) >= 14
    keys = [key for spec in bench.window.actions_by_name.specs for key in spec.keys]
    for spec in specs:
        assert spec.tip
        assert keys.count(spec.keys[0]) == 1, spec.keys


def test_the_bar_above_the_answer_fits_a_narrow_dock(bench):
    assert bench.results.minimumSizeHint().width() <= 320


# Published values


def test_a_typed_value_is_marked_and_kept_for_its_row(bench, qtbot):
    trigger(bench, "reference_values")
    dialog = bench.features["results"].dialog
    dialog.table.item(0, 2).setText("none")
    dialog.buttons.accepted.emit()
    assert "is no number" in dialog.words.text()
    dialog.table.item(0, 2).setText("1.004")
    dialog.source.setText("by hand")
    dialog.buttons.accepted.emit()
    assert bench.results.view.corner.reference == {"level": 1.004}
    assert bench.results.view.page == "Corner"
    qtbot.waitUntil(lambda: "by hand" in bench.results.view.corner.words.text())
    bench.catalogue.table.selectRow(1)
    qtbot.waitUntil(lambda: bench.results.view.corner.reference == {})
    bench.catalogue.table.selectRow(0)
    qtbot.waitUntil(lambda: bench.results.view.corner.reference == {"level": 1.004})


def test_values_come_from_the_line_of_the_object(bench, qtbot, tmp_path):
    name = bench.session.view.row(bench.selection.row_id)["object_id"]
    path = tmp_path / "events.csv"
    path.write_text(f"# published\nname,level_median\nother,3\n{name},1.01\n")
    trigger(bench, "reference_values")
    dialog = bench.features["results"].dialog
    dialog.table_chosen.emit(str(path))
    qtbot.waitUntil(lambda: dialog.table.item(0, 2).text() == "1.01")
    assert "events.csv: 1 values" in dialog.words.text()
    dialog.reject()


def test_an_event_is_found_by_its_gps_time(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("name,gps,chirp_mass_det\nA,1126259462.4,30.7\nB,1187008882.4,1.2\n")
    row = {"object_id": "GPS 1126259462.9", "gps": 1126259462.9}
    values, words = values_from_table(str(path), ("chirp_mass_det",), row)
    assert values == {"chirp_mass_det": 30.7}
    assert words.endswith("of A")
    with pytest.raises(UsageProblem, match="none of its 2 lines"):
        values_from_table(str(path), ("chirp_mass_det",), {"object_id": "x", "gps": 5.0})
    with pytest.raises(UsageProblem, match="no column is called"):
        values_from_table(str(path), ("spin",), row)


# The figure dialogue


def test_the_figure_dialogue_previews_and_saves(bench, qtbot, tmp_path):
    trigger(bench, "save_figure")
    dialog = bench.features["figure"].dialog
    qtbot.waitUntil(lambda: not dialog.preview.pixmap().isNull())
    assert dialog.spec.width_mm == 180.0  # the spectrum is wide on screen
    dialog.choose("Posterior curves")
    assert dialog.spec.width_mm == 88.0
    dialog.preset.setCurrentText("MNRAS, two columns: 177 mm")
    assert dialog.spec.width_mm == 177.0
    dialog.width_mm.setValue(100.0)
    assert dialog.preset.currentText() == "Own size"
    dialog.colours.setCurrentText("dark")
    dialog.save(str(tmp_path / "figure.pdf"))
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF")
    assert "figure.pdf" in notice(bench)


def test_a_figure_that_cannot_be_written_is_said_in_the_dialogue(bench, tmp_path):
    trigger(bench, "save_figure")
    dialog = bench.features["figure"].dialog
    dialog.save(str(tmp_path / "no" / "figure.svg"))
    assert "figure.svg" in dialog.words.text()
    assert dialog.isVisible()
    dialog.reject()


def test_the_shape_follows_the_screen_until_a_height_is_set(bench):
    trigger(bench, "save_figure")
    dialog = bench.features["figure"].dialog
    dialog.width_mm.setValue(100.0)
    first = dialog.height_mm.value()
    dialog.width_mm.setValue(200.0)
    assert dialog.height_mm.value() == pytest.approx(2 * first, abs=0.2)
    dialog.height_mm.setValue(50.0)
    assert not dialog.keep_shape.isChecked()
    dialog.width_mm.setValue(120.0)
    assert dialog.height_mm.value() == 50.0
    dialog.reject()
