"""A table is filled without its columns being fitted at every cell."""

from __future__ import annotations

import pytest
import viewer_samples as samples

from astrogui.viewers import compare_view
from astrogui.viewers.interval_table import IntervalTable


def counted(cls):
    """The class of a table, counting how often the width of a column's contents is asked for."""

    class Counted(cls):
        asked = 0

        def sizeHintForColumn(self, column):
            type(self).asked += 1
            return super().sizeHintForColumn(column)

    return Counted


@pytest.fixture
def on_screen(qtbot):
    def show(table):
        qtbot.addWidget(table)
        table.resize(900, 300)
        table.show()
        qtbot.waitExposed(table)
        return table

    return show


def test_an_answers_intervals_fit_their_columns_once(on_screen, qtbot):
    cls = counted(IntervalTable)
    table = on_screen(cls())
    table.show_posterior(samples.mass_posterior())
    qtbot.wait(20)
    cls.asked = 0
    table.show_posterior(samples.mass_posterior(seed=8))
    qtbot.wait(20)
    assert table.rowCount() > 1
    assert 0 < cls.asked <= 2 * table.columnCount()
    assert table.columnWidth(0) >= table.sizeHintForColumn(0)


def test_a_comparison_fits_its_columns_once(on_screen, qtbot):
    cls = counted(compare_view._Table)
    table = on_screen(cls())
    rows = [
        (f"quantity {i}", *["1.234 ± 0.005"] * (len(compare_view.HEADS) - 1)) for i in range(12)
    ]
    table.show_rows(rows[:2])
    qtbot.wait(20)
    cls.asked = 0
    table.show_rows(rows)
    qtbot.wait(20)
    assert 0 < cls.asked <= 2 * table.columnCount()
    assert table.columnWidth(1) >= table.sizeHintForColumn(1)
