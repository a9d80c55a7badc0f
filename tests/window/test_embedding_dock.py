"""The dock that places objects by their features, driven as the analyst drives it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from dragging import drag_over
from fake_session import FakeView
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from astrogui.session.view import Features

COUNT = 16


def features_of(view, task):
    """Two groups far apart: the rows of even and of odd numbers."""
    row_ids = np.array(view.row_ids(), np.int64)
    random = np.random.default_rng(2)
    values = random.normal(0, 0.3, (len(row_ids), 6)).astype(np.float32)
    values[:, 0] += np.where(row_ids % 2 == 0, 8, 0)
    return Features(row_ids=row_ids, values=values, left_out=0)


@pytest.fixture
def present(monkeypatch):
    task = SimpleNamespace(name="morphology", insight=object())
    monkeypatch.setattr(FakeView, "present_tasks", lambda view: (task,), raising=False)
    monkeypatch.setattr(FakeView, "features", features_of, raising=False)


@pytest.fixture
def panel(bench, present, qtbot):
    """The dock, opened over sixteen rows."""
    bench.commands.add([f"/data/s{number}.fits" for number in range(1, COUNT + 1)])
    qtbot.waitUntil(lambda: bench.model.rowCount() == COUNT and not bench.area.is_busy)
    bench.window.actions_by_name["embedding"].trigger()
    feature = bench.features["embedding"]
    qtbot.waitUntil(lambda: feature.panel is not None and feature.panel._places.size == COUNT)
    qtbot.waitUntil(lambda: feature.panel.view.density is not None)
    return feature.panel


@pytest.fixture
def solid(panel, qtbot):
    """The dock in three dimensions, high enough for a hand."""
    panel.view.setMinimumHeight(320)
    panel.controls.solid.setChecked(True)
    qtbot.waitUntil(lambda: panel.view._box.height() > 150)
    qtbot.waitUntil(lambda: not panel.is_busy and not panel.view.awaits())
    return panel


def rows(panel):
    return panel._model.store.row_ids(panel._places)


def drag_round(view, x, y, room):
    """Drag a box round these points, with so much room to their sides."""
    corners = [
        view._canvas.mapFromScene(view._box.mapViewToScene(QPointF(*corner)))
        for corner in ((x.min() - room, y.min() - 0.1), (x.max() + room, y.max() + 0.1))
    ]
    drag_over(view._canvas.viewport(), *corners)


def first_listed(panel):
    item = panel.strip.item(0)
    return None if item is None else item.data(Qt.ItemDataRole.UserRole)


def test_alike_objects_lie_together_and_the_words_say_how(panel):
    even = rows(panel) % 2 == 0
    x = panel.view.points.x
    assert max(x[even].max() - x[even].min(), x[~even].max() - x[~even].min()) < 1
    assert abs(x[even].mean() - x[~even].mean()) > 1.5
    assert "16 of 16 objects" in panel.words.text()
    assert "% of their variance" in panel.words.text()
    panel.controls.colour.setCurrentText("z")
    assert panel.view.points.third_title.startswith("z")
    assert np.isfinite(panel.view.points.third).all()


def test_a_box_drawn_round_a_group_selects_its_rows(panel, qtbot):
    view = panel.view
    QTest.mouseClick(panel.controls.tools["box"], Qt.MouseButton.LeftButton)
    even = rows(panel) % 2 == 0
    x, y = view.points.x[even], view.points.y[even]
    drag_round(view, x, y, 0.2)
    wanted = set(rows(panel)[even].tolist())
    qtbot.waitUntil(lambda: set(panel._bench.selection.ids.tolist()) == wanted)


def test_rows_selected_in_the_table_light_up_and_their_like_are_listed(panel, qtbot):
    panel._bench.catalogue.table.selectRow(3)
    row = panel._bench.selection.row_id
    assert rows(panel)[panel.view._selected].tolist() == [row]
    qtbot.waitUntil(lambda: first_listed(panel) == row)
    listed = [panel.strip.item(k).data(Qt.ItemDataRole.UserRole) for k in range(8)]
    assert listed[0] == row
    assert {number % 2 for number in listed} == {row % 2}  # eight of its own group
    middle = panel.strip.visualItemRect(panel.strip.item(1)).center()
    QTest.mouseClick(panel.strip.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    qtbot.waitUntil(lambda: panel._bench.selection.row_id == listed[1])
    qtbot.waitUntil(lambda: first_listed(panel) == listed[1])


def test_t_sne_is_drawn_on_request_and_kept(panel, qtbot):
    QTest.keyClick(panel.controls.way, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: "t-SNE of perplexity" in panel.words.text(), timeout=20_000)
    drawn = panel.view.points.x.copy()
    assert np.isfinite(drawn).all()
    QTest.keyClick(panel.controls.way, Qt.Key.Key_Up)
    QTest.keyClick(panel.controls.way, Qt.Key.Key_Down)
    assert not panel._under_way  # it need not be drawn again
    np.testing.assert_array_equal(panel.view.points.x, drawn)


def test_three_dimensions_are_turned_by_the_hand_and_by_the_arrow_keys(solid):
    view, controls = solid.view, solid.controls
    assert controls.tools["turn"].isChecked()
    before = np.stack([view.solid.x, view.solid.y, view.solid.depth], axis=1)
    drag_over(view._canvas.viewport(), QPoint(200, 80), QPoint(300, 80))
    after = np.stack([view.solid.x, view.solid.y, view.solid.depth], axis=1)
    np.testing.assert_allclose(after[:, 1], before[:, 1], atol=1e-9)  # about the upward axis
    assert np.abs(after[:, 0] - before[:, 0]).max() > 0.3
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Up)
    np.testing.assert_allclose(view.solid.x, after[:, 0], atol=1e-9)
    gaps = np.linalg.norm(before[:, None] - before[None], axis=-1)
    now = np.stack([view.solid.x, view.solid.y, view.solid.depth], axis=1)
    np.testing.assert_allclose(np.linalg.norm(now[:, None] - now[None], axis=-1), gaps, atol=1e-9)
    controls.solid.setChecked(False)
    assert view.solid is None
    assert controls.tools["pan"].isChecked()
    assert not controls.tools["turn"].isEnabled()


def test_a_box_takes_what_it_encloses_as_turned(solid, qtbot):
    view = solid.view
    view.turn(1.0, 0.4)
    QTest.mouseClick(solid.controls.tools["box"], Qt.MouseButton.LeftButton)
    even = rows(solid) % 2 == 0
    x, y = view.solid.x[even], view.solid.y[even]
    drag_round(view, x, y, 0.1)
    inside = (view.solid.x >= x.min()) & (view.solid.x <= x.max())
    inside &= (view.solid.y >= y.min()) & (view.solid.y <= y.max())
    wanted = set(rows(solid)[inside].tolist())
    qtbot.waitUntil(lambda: wanted <= set(solid._bench.selection.ids.tolist()))


def test_t_sne_is_drawn_in_three_dimensions_too(solid, qtbot):
    solid.controls.way.setCurrentIndex(1)
    qtbot.waitUntil(lambda: "in 3 dimensions" in solid.words.text(), timeout=60_000)
    assert np.ptp(solid.view.points.z) > 0


def test_t_sne_can_be_stopped(panel, qtbot, monkeypatch):
    from astrogui.window.features import embedding

    asked = []
    monkeypatch.setattr(
        panel._bench,
        "compute",
        lambda function, *words: asked.append((function, words)) or _never(),
    )
    panel.controls.way.setCurrentIndex(1)
    [drawing] = [words[0] for function, words in asked if function is embedding.draw]
    drawing.share = 0.4
    panel._look()
    assert "40 % done" in panel.words.text()
    QTest.mouseClick(panel.controls.stop, Qt.MouseButton.LeftButton)
    assert drawing.is_stopped
    assert panel.controls.way.currentIndex() == 0
    assert embedding.draw(drawing).places is None
    assert "principal components" in panel.words.text()


def _never():
    from concurrent.futures import Future

    return Future()


def test_pictures_lie_at_points_without_covering_each_other(panel, qtbot):
    qtbot.waitUntil(lambda: len(panel.view.pictured) > 0)
    points = panel.view.spread()
    assert len(points) >= 2
    panel.controls.pictures.setChecked(False)
    assert not panel.view._thumbnails.isVisible()


def test_too_few_objects_are_told_in_words(bench, present, qtbot):
    bench.commands.add(["/data/s1.fits"])
    qtbot.waitUntil(lambda: bench.model.rowCount() == 1)
    bench.window.actions_by_name["embedding"].trigger()
    feature = bench.features["embedding"]
    qtbot.waitUntil(
        lambda: feature.panel is not None and "at least four" in feature.panel.view._words.text()
    )
