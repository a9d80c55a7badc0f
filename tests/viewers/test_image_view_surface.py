"""What other parts attach to on an image: mouse in pixels, modes, items, pixels, signals."""

from __future__ import annotations

import numpy as np
import pytest
import viewer_samples as samples
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QTransform
from PySide6.QtWidgets import QGraphicsRectItem

from astrogui.viewers.image_view import ImageView


@pytest.fixture
def view(shown):
    return shown(ImageView, samples.field())


def on_screen(view, x, y) -> QPoint:
    return view.overlay.screen_of(x, y).toPoint()


def heard(signal) -> list:
    events = []
    signal.connect(events.append)
    return events


def drag(qtbot, view, start, end):
    viewport = view.overlay.canvas.viewport()
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=on_screen(view, *start))
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    places = [on_screen(view, *place) for place in (middle, end)]
    for place in places:
        qtbot.mouseMove(viewport, place)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=places[-1])


def test_a_click_is_told_in_pixels_with_its_modifiers(view, qtbot):
    clicks = heard(view.overlay.clicked)
    qtbot.mouseClick(
        view.overlay.canvas.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ShiftModifier,
        on_screen(view, 30, 20),
    )
    near = view.pixels_per_screen_pixel()
    assert (clicks[0].x, clicks[0].y) == pytest.approx((30, 20), abs=near)
    assert clicks[0].modifiers == Qt.KeyboardModifier.ShiftModifier


@pytest.mark.parametrize(
    "turned", [QTransform(), QTransform.fromScale(-1, 1), QTransform().rotate(90)]
)
def test_places_on_the_screen_come_back_whichever_way_it_is_turned(view, turned):
    view._box.turn(turned)
    for place in [(10.0, 20.0), (80.5, 3.25)]:
        screen = view.overlay.screen_of(*place)
        assert view.overlay.place_of(screen) == pytest.approx(place, abs=1e-6)
    assert view.overlay.screen_of(50, 40) != view.overlay.screen_of(50, 50)


def test_turning_keeps_the_middle(view):
    view.zoom(4.0)
    view.centre_on(20.0, 30.0)
    view._box.turn(QTransform().rotate(90))
    middle = view.overlay.view_rect().center()
    assert (middle.x(), middle.y()) == pytest.approx((20.0, 30.0), abs=1e-6)


def test_the_left_button_moves_the_image_in_pointer_mode(view, qtbot):
    view.zoom(4.0)
    before = view.overlay.view_rect().center()
    drag(qtbot, view, (50, 40), (54, 42))
    after = view.overlay.view_rect().center()
    assert after.x() < before.x() - 1


def test_the_left_button_belongs_to_the_tool_in_its_mode(view, qtbot):
    view.overlay.add_mode("circle")
    with qtbot.waitSignal(view.overlay.mode_changed):
        view.set_mouse_mode("circle")
    pressed, moved, released = (
        heard(getattr(view.overlay, name)) for name in ("pressed", "moved", "released")
    )
    before = view.overlay.view_rect()
    drag(qtbot, view, (40, 40), (60, 50))
    assert view.overlay.view_rect() == before
    near = 1.5 * view.pixels_per_screen_pixel()
    assert (pressed[0].x, pressed[0].y) == pytest.approx((40, 40), abs=near)
    assert (moved[-1].x, moved[-1].y) == pytest.approx((60, 50), abs=near)
    assert (released[0].x, released[0].y) == pytest.approx((60, 50), abs=near)


def test_an_accepted_press_keeps_the_image_where_it_is(view, qtbot):
    view.overlay.pressed.connect(lambda event: event.accept())
    before = view.overlay.view_rect()
    drag(qtbot, view, (40, 40), (60, 50))
    assert view.overlay.view_rect() == before


def test_a_mode_nobody_added_is_refused(view):
    with pytest.raises(KeyError):
        view.set_mouse_mode("lasso")
    view.overlay.add_mode("lasso")
    with pytest.raises(ValueError, match="lasso"):
        view.overlay.add_mode("lasso")


def test_an_item_stands_at_its_pixel_and_can_be_taken_away(view):
    item = QGraphicsRectItem(0, 0, 10, 10)
    view.overlay.add(item)
    scene = item.mapToScene(QPointF(5, 5))
    expected = view.overlay.screen_of(5, 5)
    assert (scene.x(), scene.y()) == pytest.approx((expected.x(), expected.y()))
    view.overlay.remove(item)
    assert item.scene() is None


def test_pixels_come_to_the_gui_thread_as_the_record_has_them(view, qtbot):
    got = []
    view.overlay.after(view.overlay.pixels((10, 14, 20, 25)), got.append)
    qtbot.waitUntil(lambda: bool(got))
    assert np.array_equal(got[0], view.image.pixels[10:14, 20:25])


def test_a_failure_is_told_to_whoever_asked(view, qtbot):
    failures = []

    def fail():
        raise ValueError("no")

    view.overlay.after(view.overlay.compute(fail), print, failures.append)
    qtbot.waitUntil(lambda: bool(failures))
    assert str(failures[0]) == "no"


def test_the_record_and_its_sky_are_announced(view, settled):
    records, skies = heard(view.overlay.record_shown), heard(view.overlay.sky_ready)
    field = samples.field()
    view.show_record(field)
    settled(view)
    assert records == [field.images[0]]
    assert skies == [view.overlay.sky]
    assert skies[0] is not None
    assert view.overlay.field is field
    view.clear()
    assert records[-1] is None
    assert view.overlay.image is None
    assert view.overlay.sky is None


def test_a_derived_image_takes_the_place_of_the_band(view, settled):
    view.zoom(3.0)
    before = view.overlay.view_rect()
    derived = samples.image(pixels=np.ones((80, 100), np.float32), band="difference")
    view.show_image(derived)
    settled(view)
    assert view.overlay.image is derived
    assert view.overlay.view_rect() == before
