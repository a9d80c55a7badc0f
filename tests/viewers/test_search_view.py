"""The search over time: its track, its candidates, and what moves while strain is played."""

from __future__ import annotations

import numpy as np
import pytest
import viewer_samples as samples
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from astrogui.records.posterior import Posterior
from astrogui.viewers.search_table import rate_text
from astrogui.viewers.search_view import SearchView, joined

START = samples.GPS


def row(row_id, late_s, statistic, **cells):
    return {
        "row_id": row_id,
        "gps": START + late_s,
        "search_statistic": statistic,
        "search_threshold": 8.1,
        "search_snr": statistic + 0.1,
        "far_per_hour": 4.3,
        "far_per_hour_lo90": 0.0,
        "far_per_hour_hi90": 12.8,
        "search_chirp_mass": 31.2,
        "search_detectors": "H1,L1",
        "search_kind": "H1 and L1 coincide",
        "flags": "",
    } | cells


def track(late_s, low_s, high_s):
    """A posterior whose curves are of a quiet track about a candidate."""
    time = np.arange(low_s, high_s, 0.125) - late_s
    return Posterior(
        curves={
            "search_time_s": time.astype(np.float32),
            "search_snr": np.full(time.size, 5.5, np.float32),
        }
    )


@pytest.fixture
def view(qtbot):
    made = SearchView()
    qtbot.addWidget(made)
    made.resize(900, 480)
    made.show_record(samples.network())
    made.show_answers(
        [
            (row(1, 16.4, 23.9), track(16.4, 0, 20)),
            (row(2, 3.0, 7.2, flags="low signal-to-noise"), None),
            (row(3, 28.5, 9.0, search_detectors="L1", search_kind="L1 alone"), track(28.5, 22, 32)),
        ]
    )
    made.show()
    qtbot.waitExposed(made)
    return made


def lines(view):
    return [
        [view.table.item(i, j).text() for j in range(view.table.columnCount())]
        for i in range(view.table.rowCount())
    ]


def test_candidates_stand_in_the_order_of_time(view):
    found = lines(view)
    assert [line[2] for line in found] == ["7.20", "23.90", "9.00"]
    assert found[0][7] == "low signal-to-noise"
    assert found[2][6] == "L1 alone"
    assert found[1][4] == "4.3 (0 to 13)"
    assert "2 candidates above the threshold" in view._title.text()


def test_the_track_is_broken_where_nothing_was_searched(view):
    x, y = view._track.getData()
    assert x[0] == pytest.approx(0, abs=0.2)
    assert x[-1] == pytest.approx(32, abs=0.3)
    assert np.isnan(y).sum() == 1
    assert 19.8 <= x[np.isnan(y)][0] <= 22


def test_a_click_on_a_line_tells_the_row_and_its_time(view):
    rows, times = [], []
    view.place_clicked.connect(rows.append)
    view.time_chosen.connect(times.append)
    cell = view.table.visualItemRect(view.table.item(1, 2)).center()
    QTest.mouseClick(view.table.viewport(), Qt.MouseButton.LeftButton, pos=cell)
    assert rows == [1]
    assert times == pytest.approx([START + 16.4])


def test_a_click_on_a_mark_tells_its_row(view, qtbot):
    place = view._canvas.mapFromScene(view.mark_at(1))
    with qtbot.waitSignal(view.place_clicked) as heard:
        QTest.mouseClick(view._canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    assert heard.args == [1]


def test_keys_step_through_the_candidates_and_come_round(view, qtbot):
    seen = []
    view.place_clicked.connect(seen.append)
    for tool in ("next_candidate", "next_candidate", "next_candidate", "next_candidate"):
        view.tools[tool].trigger()
    view.tools["previous_candidate"].trigger()
    view.tools["loudest_candidate"].trigger()
    assert seen == [2, 1, 3, 2, 3, 1]
    assert view.table.currentRow() == 1


def test_what_is_played_comes_into_sight(view):
    view.set_place(START + 10.0)
    x, _ = view._track.getData()
    assert x.max() <= 10
    assert [line[2] for line in lines(view)] == ["7.20"]
    assert view._head.isVisible()
    view.set_place(START + 17.0)
    assert len(lines(view)) == 2
    view.set_place(None)
    assert len(lines(view)) == 3
    assert not view._head.isVisible()


def test_rows_that_went_are_forgotten(view):
    view.set_candidates([row(3, 28.5, 9.0)])
    assert len(lines(view)) == 1
    assert view.lacks_track(1)
    assert not view.lacks_track(3)


def test_a_row_of_another_analysis_is_no_candidate(view):
    view.set_answer({"row_id": 9, "gps": START, "chirp_mass_det": 30.0}, None)
    assert len(lines(view)) == 3


def test_a_candidate_that_is_chosen_elsewhere_is_marked_in_silence(view, qtbot):
    with qtbot.assertNotEmitted(view.place_clicked):
        view.choose(3)
    assert view.table.currentRow() == 2


def test_tracks_that_overlap_are_laid_in_one():
    a = (np.arange(0.0, 10, 0.125), np.full(80, 5.0))
    b = (np.arange(5.0, 15, 0.125), np.full(80, 6.0))
    gps, snr = joined([b, a])
    assert np.all(np.diff(gps) >= 0)
    assert np.isfinite(snr).all()
    assert joined([])[0].size == 0


@pytest.mark.parametrize(
    ("rate", "words"), [((4.28, 0, 12.83), "4.3 (0 to 13)"), ((np.nan, 0, 0), "–")]
)
def test_a_rate_is_written_with_its_interval(rate, words):
    assert rate_text(*rate) == words
