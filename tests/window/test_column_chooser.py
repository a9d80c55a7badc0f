"""The column chooser: what is offered, what comes back, and the file added again with it."""

from __future__ import annotations

import math

import pytest
from PySide6.QtWidgets import QDialogButtonBox

from astrogui.readers import recognise
from astrogui.window.column_chooser import AXES, ROLES, ColumnChooser, columns_in, first_lines

THREE = "# made by hand\n4000.0 1.2 0.1\n4001.0 1.3 0.1\n4002.0 1.1 0.1\n40"


@pytest.fixture
def chooser(qtbot):
    made = ColumnChooser("/data/a.txt")
    qtbot.addWidget(made)
    made.show_preview(THREE)
    return made


def test_as_many_columns_are_offered_as_there_are(chooser):
    assert len(chooser._roles) == 3
    chooser.show_preview("1,2,3,4\n1,2,3,4\n1,2,3,4\n")
    assert len(chooser._roles) == 4


@pytest.mark.parametrize(
    ("text", "count"), [(THREE, 3), ("1;2\n3;4\n", 2), ("words only\n", 3), ("", 3)]
)
def test_columns_are_counted_on_lines_of_numbers(text, count):
    assert columns_in(text) == count


def test_the_first_guess_is_wavelength_flux_error(chooser):
    assert chooser.options() == {"columns": "wave,flux,err"}


def test_unused_columns_at_the_end_are_left_out_and_air_is_said(chooser):
    chooser._roles[2].setCurrentText("not used")
    chooser._air.setChecked(True)
    assert chooser.options() == {"columns": "wave,flux", "air": "true"}


def test_two_wavelengths_or_no_flux_cannot_be_confirmed(chooser):
    confirm = chooser._buttons.button(QDialogButtonBox.StandardButton.Open)
    assert confirm.isEnabled()
    chooser._roles[1].setCurrentText("wavelength (nm)")
    assert not confirm.isEnabled()


@pytest.mark.parametrize("role", [role for role, _ in ROLES if role != "flux"])
def test_every_choice_is_one_that_the_reader_knows(role, tmp_path):
    scale = {"wave_nm": 0.1, "wave_um": 1e-4}.get(role, 1.0)
    waves = [5000.0 + number for number in range(200)]
    axis = [math.log10(wave) if role == "loglam" else scale * wave for wave in waves]
    third = [number % 2 if role == "mask" else 0.1 for number in range(200)]
    path = tmp_path / "a.txt"
    path.write_text("\n".join(f"{w:.8f} 1.5 {t} 7" for w, t in zip(axis, third, strict=True)))
    columns = f"{role},flux" if role in AXES else f"wave,flux,{role}"
    (source,) = recognise(str(path), {"columns": columns})
    assert source.wavelength_range_angstrom == pytest.approx((5000.0, 5199.0), rel=1e-3)


def test_the_beginning_of_any_file_is_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xff\x00 1 2\n" * 1000)
    assert len(first_lines(str(path))) <= 2000


def test_a_dropped_text_file_without_names_asks_and_is_added_again(bench, fake, qtbot, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(THREE)
    bench.commands.add([str(path)])
    qtbot.waitUntil(lambda: bench.window.findChild(ColumnChooser) is not None)
    chooser = bench.window.findChild(ColumnChooser)
    assert not chooser.isModal()
    qtbot.waitUntil(lambda: "made by hand" in chooser._preview.toPlainText())
    chooser._on_accepted()
    assert fake.calls[-1] == ("add", (str(path),), {"columns": "wave,flux,err"})
    qtbot.waitUntil(lambda: bench.model.rowCount() == 1)


def test_in_a_batch_nobody_is_asked_and_the_problem_offers_it(bench, fake, qtbot, tmp_path):
    bench.commands.add(["/data/a.txt", "/data/s1.fits"])
    qtbot.waitUntil(lambda: bench.model.rowCount() == 1)
    assert bench.window.findChild(ColumnChooser) is None
    bench.window.docks["problems"].raise_()
    # The list of problems is read in the pool.
    qtbot.waitUntil(lambda: bench.problems._table.model().rowCount() == 1)
    bench.problems._table.selectRow(0)
    assert bench.problems._columns.isVisibleTo(bench.problems)
    bench.problems._columns.click()
    assert bench.window.findChild(ColumnChooser) is not None
