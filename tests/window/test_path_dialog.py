"""Asking for a path: what the dialogues write fits in them."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QComboBox, QFileDialog, QWidget

from astrogui.window.path_dialog import TableDialog


@pytest.fixture
def dialog(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    made = TableDialog(parent, "Match with a table")
    made.setOption(QFileDialog.Option.DontUseNativeDialog)
    made.show()
    yield made
    made.close()


def test_the_kinds_of_tables_are_read_in_full(dialog, qtbot):
    """All of their endings ran out of the dialogue."""
    kinds = dialog.findChild(QComboBox, "fileTypeCombo")
    qtbot.waitUntil(lambda: kinds.count() == 2)
    words = kinds.currentText()
    assert words == "Tables: FITS, VOTable, ECSV, CSV, text"
    assert kinds.fontMetrics().horizontalAdvance(words) < kinds.width() - 30


def test_every_ending_is_looked_for(dialog):
    chosen = dialog.nameFilters()[0]
    assert all(f"*{ending}" in chosen for ending in (".fits", ".fits.gz", ".vot", ".ecsv", ".csv"))
    assert dialog.fileMode() == QFileDialog.FileMode.ExistingFile
