"""Regions on an image: drawn, moved, reshaped, undone, measured, listed, by mouse and by keys."""

from __future__ import annotations

import numpy as np
import pytest
import viewer_samples as samples
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from astrogui.errors import FileProblem
from astrogui.science.region_file import read_regions
from astrogui.science.regions import PixelShape
from astrogui.viewers.image_view import ImageView
from astrogui.viewers.region_files import entries_in_frame, read_region_file, write_region_file
from astrogui.viewers.region_handles import handles_of
from astrogui.viewers.regions_panel import RegionsPanel, statistics_words
from astrogui.viewers.regions_tool import RegionsTool

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def view(shown):
    return shown(ImageView, samples.field())


@pytest.fixture
def tool(view):
    return RegionsTool(view)


@pytest.fixture
def panel(tool, view, qtbot):
    made = RegionsPanel(tool, list(view.tools.values()))
    qtbot.addWidget(made)
    made.resize(360, 600)
    made.show()
    return made


def screen(view, x, y) -> QPoint:
    return view.overlay.screen_of(x, y).toPoint()


def drag(view, start, end, modifiers=Qt.KeyboardModifier.NoModifier):
    viewport = view.overlay.canvas.viewport()
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    # All before the hand moves: where it moves the image, the image's places move with it.
    first, *way = (screen(view, *place) for place in (start, middle, end))
    QTest.mousePress(viewport, LEFT, modifiers, first)
    for place in way:
        QTest.mouseMove(viewport, place)
    QTest.mouseRelease(viewport, LEFT, modifiers, way[-1])


def click(view, x, y, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.mouseClick(view.overlay.canvas.viewport(), LEFT, modifiers, screen(view, x, y))


def shape_of(tool, index=-1) -> PixelShape:
    shape = tool.place_of(range(len(tool.list.regions))[index])
    assert isinstance(shape, PixelShape), shape
    return shape


def near(view):
    """How well a place on the screen tells a pixel."""
    return 1.5 * view.pixels_per_screen_pixel()


def press_tool(view, name):
    view.tools[name].trigger()


# Drawing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["circle", "ellipse", "box", "annulus", "line"])
def test_a_drag_draws_a_shape_on_the_sky(tool, view, shape):
    press_tool(view, f"region_{shape}")
    drag(view, (40, 30), (60, 45))
    assert len(tool.list.regions) == 1
    region = tool.list.regions[0]
    assert (region.shape, region.frame) == (shape, "icrs")
    drawn = shape_of(tool)
    assert drawn.points[0] == pytest.approx((40, 30), abs=near(view))
    expected = {"circle": (25,), "annulus": (12.5, 25), "ellipse": (20, 15), "box": (40, 30)}
    assert drawn.sizes == pytest.approx(expected.get(shape, ()), abs=2 * near(view))
    assert tool.list.selected == (0,)


def test_a_click_draws_a_point_and_a_circle_of_a_size_one_can_see(tool, view):
    press_tool(view, "region_point")
    click(view, 20, 20)
    press_tool(view, "region_circle")
    click(view, 50, 30)
    point, circle = tool.list.regions
    assert (point.shape, circle.shape) == ("point", "circle")
    assert shape_of(tool, 1).sizes[0] / view.pixels_per_screen_pixel() == pytest.approx(18, rel=0.3)


def test_corners_make_a_polygon_closed_by_a_double_click(tool, view):
    press_tool(view, "region_polygon")
    corners = [(20, 20), (60, 22), (55, 60)]
    for corner in corners:
        click(view, *corner)
    viewport = view.overlay.canvas.viewport()
    QTest.mouseDClick(viewport, LEFT, pos=screen(view, *corners[-1]))
    assert shape_of(tool).points == pytest.approx(np.array(corners), abs=near(view))


def test_a_polygon_by_enter_its_last_corner_taken_back_and_escape(tool, view):
    press_tool(view, "region_polygon")
    for corner in [(20, 20), (60, 22), (55, 60), (90, 70)]:
        click(view, *corner)
    press_tool(view, "region_remove")
    press_tool(view, "region_draw")
    assert len(shape_of(tool).points) == 3
    click(view, 30, 30)
    view.set_mouse_mode("pointer")
    press_tool(view, "region_draw")  # nothing is left of the polygon given up
    assert [region.shape for region in tool.list.regions] == ["polygon", "circle"]


def test_all_of_it_by_keys_alone(tool, view):
    view.setFocus()
    before = view.overlay.view_rect().center()
    QTest.keyClick(view, Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert tool.list.regions[0].shape == "box"
    drawn = shape_of(tool)
    assert drawn.points[0] == pytest.approx((before.x(), before.y()), abs=1e-6)
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(view, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    QTest.keyClick(view, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    changed = shape_of(tool)
    assert changed.points[0] - drawn.points[0] == pytest.approx((1, 0), abs=1e-6)
    assert changed.sizes == pytest.approx(tuple(1.05 * size for size in drawn.sizes))
    assert np.degrees(changed.angle_rad - drawn.angle_rad) == pytest.approx(5.0)
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert not tool.list.regions
    for _ in range(4):
        QTest.keyClick(view, Qt.Key.Key_Z, Qt.KeyboardModifier.ShiftModifier)
    assert shape_of(tool).sizes == pytest.approx(drawn.sizes)
    QTest.keyClick(view, Qt.Key.Key_Y, Qt.KeyboardModifier.ShiftModifier)
    assert shape_of(tool).points == pytest.approx(drawn.points + (1, 0))


# Editing ----------------------------------------------------------------------------------------


def add(tool, text):
    tool.list.add(read_regions(text).entries, "Add")


def test_a_region_is_chosen_by_its_outline_and_moved(tool, view):
    add(tool, "image\ncircle(41,31,12)\nbox(80,60,20,20,0)")
    tool.list.select([])
    drag(view, (53 - 1, 30), (72 - 1, 40))
    assert tool.list.selected == (0,)
    assert shape_of(tool, 0).points[0] == pytest.approx((40 + 19, 30 + 10), abs=near(view))
    assert tool.list.undo_title == "Move region"
    before = view.overlay.view_rect()
    drag(view, (59, 40), (49, 30))  # from inside, as it is chosen now
    assert shape_of(tool, 0).points[0] == pytest.approx((49, 30), abs=2 * near(view))
    assert view.overlay.view_rect() == before


def test_a_drag_beside_the_regions_moves_the_image(tool, view):
    add(tool, "image\ncircle(41,31,12)")
    before, place = view.overlay.view_rect().center(), shape_of(tool).points.copy()
    drag(view, (80, 60), (70, 60))
    assert view.overlay.view_rect().center().x() == pytest.approx(before.x() + 10, abs=1)
    assert shape_of(tool).points == pytest.approx(place)


def test_shift_chooses_several_and_they_move_together(tool, view):
    add(tool, "image\ncircle(31,31,8)\ncircle(71,51,8)")
    tool.list.select([])
    click(view, 38, 30)
    click(view, 78, 50, Qt.KeyboardModifier.ShiftModifier)
    assert set(tool.list.selected) == {0, 1}
    drag(view, (30, 30), (40, 35))
    assert shape_of(tool, 0).points[0] == pytest.approx((40, 35), abs=2 * near(view))
    assert shape_of(tool, 1).points[0] == pytest.approx((80, 55), abs=2 * near(view))
    tool.undo()
    assert shape_of(tool, 1).points[0] == pytest.approx((70, 50))
    click(view, 5, 5)
    assert tool.list.selected == ()


@pytest.mark.parametrize(
    ("text", "number", "end", "check"),
    [
        ("circle(51,41,10)", 0, (70, 40), lambda s: s.sizes == pytest.approx((20,), abs=1)),
        ("annulus(51,41,6,12)", 0, (58, 40), lambda s: s.sizes == pytest.approx((8, 12), abs=1)),
        ("annulus(51,41,6,12)", 0, (70, 40), lambda s: s.sizes == pytest.approx((12, 20), abs=1)),
        ("ellipse(51,41,20,8,30)", 2, (44, 50.4),
         lambda s: s.sizes == pytest.approx((20, 12), abs=1)),
        ("ellipse(51,41,20,8,0)", 4, (50, 70),
         lambda s: np.sin(s.angle_rad) == pytest.approx(1, abs=1e-3)),
        ("box(51,41,20,10,0)", 0, (65, 52), lambda s: s.sizes == pytest.approx((30, 24), abs=1)),
        ("box(51,41,20,10,0)", 4, (50, 10),
         lambda s: np.sin(s.angle_rad) == pytest.approx(-1, abs=1e-3)),
        ("polygon(31,31,71,31,51,61)", 2, (50, 70),
         lambda s: s.points[2] == pytest.approx((50, 70), abs=1)),
        ("polygon(31,31,71,31,51,61)", 3, (50, 20),
         lambda s: len(s.points) == 4 and s.points[1] == pytest.approx((50, 20), abs=1)),
        ("line(31,31,71,61)", 1, (80, 20),
         lambda s: s.points[1] == pytest.approx((80, 20), abs=1)),
    ],
)  # fmt: skip
def test_handles_reshape(tool, view, text, number, end, check):
    add(tool, f"image\n{text} # text={{kept}}")
    handle = handles_of(shape_of(tool), view.pixels_per_screen_pixel())[number]
    drag(view, (handle.x, handle.y), end)
    assert check(shape_of(tool)), shape_of(tool)
    assert tool.list.regions[0].label == "kept"
    tool.undo()
    assert shape_of(tool).points.shape[0] == {"polygon": 3, "line": 2}.get(shape_of(tool).shape, 1)


def test_regions_follow_the_sky_from_band_to_band(shown, settled):
    """A region on the sky stays on its source where the bands' pixels are shifted."""
    first = samples.image(band="r")
    second = samples.image(band="i", wcs_header=samples.wcs_header(crpix=(55.5, 37.5)))
    view = shown(ImageView, samples.field(first, second))
    tool = RegionsTool(view)
    press_tool(view, "region_circle")
    drag(view, (40, 30), (46, 30))
    before = shape_of(tool)
    view.controls.band.setCurrentIndex(1)
    settled(view)
    after = shape_of(tool)
    assert after.points[0] - before.points[0] == pytest.approx((5, -3), abs=1e-4)
    assert after.sizes == pytest.approx(before.sizes, rel=1e-5)


def test_without_a_sky_regions_count_pixels(shown):
    view = shown(ImageView, samples.field(samples.image(wcs_header={})))
    tool = RegionsTool(view)
    press_tool(view, "region_circle")
    drag(view, (40, 30), (46, 30))
    assert tool.list.regions[0].frame == "image"
    add(tool, 'icrs;circle(10,20,3")')
    assert tool.place_of(1) == "this image has no sky coordinates"


def test_many_regions_are_placed_in_the_pool(tool, view, qtbot):
    lines = "\n".join(f'circle({336.6 + i * 1e-5:.6f},-0.9,2")' for i in range(500))
    add(tool, f"icrs\n{lines}")
    qtbot.waitUntil(lambda: isinstance(tool.place_of(499), PixelShape), timeout=10_000)
    assert view.grab().width() > 0


# The panel --------------------------------------------------------------------------------------


def test_the_list_and_the_image_choose_alike(tool, view, panel):
    add(tool, "image\ncircle(31,31,8) # text={one}\nbox(71,51,18,12,20) # text={two}")
    model = panel.table.model()
    assert model.rowCount() == 2
    texts = [[model.data(model.index(r, c)) for c in range(4)] for r in range(2)]
    assert texts == [
        ["circle", "one", "31.00, 31.00", "8 px"],
        ["box", "two", "71.00, 51.00", "18 × 12 px, 20.0°"],
    ]
    panel.table.selectRow(0)
    assert tool.list.selected == (0,)
    assert panel.label.text() == "one"
    click(view, 62.5, 51)
    tool.list.select([1])
    assert [index.row() for index in panel.table.selectionModel().selectedRows()] == [1]


def test_label_colour_and_exclusion_are_edits(tool, view, panel, qtbot):
    add(tool, "image\ncircle(31,31,8)")
    panel.label.setFocus()
    QTest.keyClicks(panel.label, "NGC 1")
    QTest.keyClick(panel.label, Qt.Key.Key_Return)
    assert tool.list.regions[0].label == "NGC 1"
    panel.colour.setCurrentText("red")
    panel.colour.activated.emit(1)
    assert tool.list.regions[0].colour == "red"
    QTest.mouseClick(panel.exclude, LEFT, pos=QPoint(8, panel.exclude.height() // 2))
    assert not tool.list.regions[0].include
    for _ in range(3):
        tool.undo()
    region = tool.list.regions[0]
    assert (region.label, region.colour, region.include) == ("", "green", True)
    press_tool(view, "region_circle")
    click(view, 60, 60)
    assert tool.list.regions[1].colour == "red"  # the colour chosen last


def test_statistics_with_units_and_excluded_pixels(shown, qtbot):
    pixels = np.full((80, 100), 2.0, np.float32)
    view = shown(ImageView, samples.field(samples.image(pixels=pixels)))
    tool = RegionsTool(view)
    panel = RegionsPanel(tool, list(view.tools.values()))
    qtbot.addWidget(panel)
    with qtbot.waitSignal(tool.measured, check_params_cb=lambda found: found is not None):
        add(tool, "image\n-circle(51,41,3)\nbox(51,41,20.5,10.5,0)")
    words = panel.words.text()
    inside = 21 * 11 - 29
    assert f"{inside} pixels" in words
    assert f"Sum {2 * inside} nanomaggy" in words
    assert "Mean 2 nanomaggy" in words
    assert f"{20.5 * 10.5:.6g} pixels = {20.5 * 10.5 * 0.16:.5g}" in words
    assert "Standard deviation 0 nanomaggy" in words
    with qtbot.waitSignal(tool.measured, check_params_cb=lambda found: found is not None):
        add(tool, "image\ncircle(-40,-40,3)")
    assert "No pixel with data" in panel.words.text()


def test_small_negative_numbers_read_well(tool):
    from astrogui.science.region_statistics import RegionStatistics
    from astrogui.viewers.region_measure import Measured

    found = RegionStatistics(
        pixels=1, no_data=3, total=-1e-5, mean=-1e-5, median=-1e-5, deviation=float("nan"),
        least=-1e-5, largest=-1e-5, rows_skipped=3,
    )  # fmt: skip
    shape = PixelShape(shape="point", points=np.array([[1.0, 2.0]]))
    words = statistics_words(Measured(0, shape, found, None, "Jy"))
    for part in ("3 more without data", "Sum −1e−05 Jy", "deviation –", "one row in 4"):
        assert part in words
    assert "Area" not in words


# Files ------------------------------------------------------------------------------------------


def test_what_is_saved_in_any_frame_is_read_at_the_same_pixels(tool, view, tmp_path):
    add(tool, "image\nellipse(41,31,12,5,25) # text={a}\n# kept\nblob(1,2)\n-line(3,4,50,60)")
    before = [shape_of(tool, i) for i in range(2)]
    for frame in ("", "icrs", "fk5", "galactic", "image", "physical"):
        path = str(tmp_path / f"{frame or 'same'}.reg")
        entries, left = entries_in_frame(tool.list.entries, tool.grid, frame)
        assert left == 0
        write_region_file(path, entries)
        file = read_region_file(path)
        assert [words.partition(": ")[2] for words in file.refused] == [
            '"blob" is no shape that can be drawn here'
        ]
        tool.list.clear()
        tool.list.add(file.entries, "Open")
        for shape, again in zip(before, [shape_of(tool, i) for i in range(2)], strict=True):
            assert again.points == pytest.approx(shape.points, abs=1e-3)
            assert again.sizes == pytest.approx(shape.sizes, rel=1e-5)
        assert tool.list.regions[0].label == "a"
        assert not tool.list.regions[1].include


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no region stands in it"),
        (b"image\nblob(1,2)\n", 'line 2): "blob" is no shape'),
        (b"SIMPLE  = \x00\x00", "no region file"),
    ],
)
def test_a_file_without_regions_is_refused_in_words(tmp_path, content, words):
    path = tmp_path / "bad.reg"
    path.write_bytes(content)
    with pytest.raises(FileProblem, match=r"bad\.reg") as caught:
        read_region_file(str(path))
    assert words in str(caught.value)


def test_a_file_that_is_not_there_and_a_folder_that_cannot_be_written(tmp_path):
    with pytest.raises(FileProblem, match="cannot be read"):
        read_region_file(str(tmp_path / "none.reg"))
    with pytest.raises(FileProblem, match="cannot be written"):
        write_region_file(str(tmp_path / "none" / "a.reg"), read_regions("circle 1 2 3").entries)
    latin = tmp_path / "latin.reg"
    latin.write_bytes("image\ncircle(1,2,3) # text={Caf\xe9}\n".encode("latin-1"))
    assert read_region_file(str(latin)).regions[0].label == "Café"
