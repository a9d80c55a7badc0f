"""Figures for papers: size, letters, clipping, colours, and a view that is left as it was."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pyqtgraph as pg
import pytest
import viewer_samples as samples
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from astrogui.viewers import view_class
from astrogui.viewers.colours import DARK, LIGHT
from astrogui.viewers.figure import FigureSpec, figure_of, plots_in
from astrogui.viewers.plot import Marker, MarkersItem
from astrogui.viewers.svg_device import SvgDevice

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def spectrum_view(shown):
    return shown(view_class("spectrum"), samples.spectrum())


@pytest.fixture
def zoomed(qtbot):
    """A plot whose curve runs far beyond what is shown."""
    graphics = pg.GraphicsLayoutWidget()
    qtbot.addWidget(graphics)
    graphics.resize(400, 300)
    plot = graphics.addPlot()
    plot.plot(np.arange(1001.0), 1000.0 * np.sin(np.arange(1001.0)), pen=pg.mkPen("#ff0000"))
    plot.setRange(xRange=(400, 500), yRange=(-10, 10), padding=0)
    graphics.show()
    return graphics


def figure(widget, theme=LIGHT):
    found = figure_of("test", [widget], lambda theme: None, theme)
    assert found is not None
    return found


def test_a_png_has_the_pixels_of_its_millimetres(spectrum_view, tmp_path):
    spec = FigureSpec(width_mm=88.0, height_mm=60.0, dpi=300)
    spectrum_view.save_figure(tmp_path / "a.png", spec)
    picture = QImage(str(tmp_path / "a.png"))
    assert (picture.width(), picture.height()) == (1039, 709)
    assert picture.dotsPerMeterX() == 11811


def test_svg_and_pdf_have_the_size_on_paper(spectrum_view, tmp_path):
    spec = FigureSpec(width_mm=84.0, height_mm=50.0)
    spectrum_view.save_figure(tmp_path / "a.svg", spec)
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert (root.get("width"), root.get("height")) == ("84mm", "50mm")
    spectrum_view.save_figure(tmp_path / "a.pdf", spec)
    box = re.search(rb"/MediaBox \[([\d. ]+)\]", (tmp_path / "a.pdf").read_bytes())
    assert box is not None
    points = [float(word) for word in box.group(1).split()]
    assert points[2] == pytest.approx(84 / 25.4 * 72, abs=1)
    assert points[3] == pytest.approx(50 / 25.4 * 72, abs=1)


def test_letters_have_the_size_asked_for(spectrum_view, tmp_path):
    for points in (6.0, 12.0):
        spectrum_view.save_figure(tmp_path / "a.svg", FigureSpec(font_pt=points))
        root = ElementTree.parse(tmp_path / "a.svg").getroot()
        millimetres_a_pixel = 88.0 / float(root.get("viewBox").split()[2])
        sizes = {float(text.get("font-size")) for text in root.iter(f"{SVG}text")}
        assert sizes
        for size in sizes:
            assert size * millimetres_a_pixel / 25.4 * 72 == pytest.approx(points, rel=0.15)


def test_curves_of_an_svg_are_clipped_at_the_plots_edge(zoomed, tmp_path):
    figure(zoomed).save(tmp_path / "a.svg", FigureSpec())
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    clips = {clip.get("id"): clip[0].get("d") for clip in root.iter(f"{SVG}clipPath")}
    red = [
        group.get("clip-path")
        for group in root.iter(f"{SVG}g")
        if any(path.get("stroke") == "#ff0000" for path in group)
    ]
    assert red
    plot = zoomed.ci.getItem(0, 0).getViewBox()
    for name in red:
        drawn = clips[name.removeprefix("url(#").rstrip(")")]
        numbers = np.array(re.findall(r"[-\d.]+", drawn), float).reshape(-1, 2)
        width, height = np.ptp(numbers, axis=0)
        view = [float(word) for word in root.get("viewBox").split()]
        assert 0.5 * view[2] < width < view[2]
        assert 0.5 * view[3] < height < view[3]
    assert plot is not None
    outside = [
        path
        for path in root.iter(f"{SVG}path")
        if path.get("stroke") == "#ff0000" and path in list(root)
    ]
    assert not outside  # none stands free of its clip


def test_axes_and_their_words_are_in_the_svg(spectrum_view, tmp_path):
    spectrum_view.save_figure(tmp_path / "a.svg")
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    words = {"".join(text.itertext()) for text in root.iter(f"{SVG}text")}
    assert {"4000", "9000"} <= {word.strip() for word in words}
    assert any("wavelength" in word for word in words)
    assert any(word.strip().endswith("Å⁻¹)") for word in words)


def test_a_curve_far_from_zero_keeps_its_places(qtbot, tmp_path):
    graphics = pg.GraphicsLayoutWidget()
    qtbot.addWidget(graphics)
    graphics.resize(400, 300)
    start = 1_126_259_462.0  # a GPS time: six digits would move it by hundreds of seconds
    graphics.addPlot().plot(start + np.linspace(0, 1, 50), np.linspace(0, 1, 50), pen="#00ff00")
    graphics.show()
    figure(graphics).save(tmp_path / "a.svg", FigureSpec())
    text = (tmp_path / "a.svg").read_text("utf-8")
    drawn = re.search(r'd="(M[^"]+)"[^>]*stroke="#00ff00"', text)
    assert drawn is not None
    numbers = np.array(re.findall(r"[-\d.]+", drawn.group(1)), float).reshape(-1, 2)
    steps = np.diff(numbers[:, 0])
    assert steps.min() == pytest.approx(steps.max(), abs=0.01)


def differing_pixels(first, second):
    places = [(x, y) for x in range(first.width()) for y in range(first.height())]
    return sum(first.pixel(x, y) != second.pixel(x, y) for x, y in places)


def test_the_colours_are_those_asked_for_and_the_view_keeps_its_own(spectrum_view, tmp_path):
    spectrum_view.save_figure(tmp_path / "a.png", FigureSpec())  # a layout centres axis titles
    before = spectrum_view.grab().toImage()
    spectrum_view.save_figure(tmp_path / "a.png", FigureSpec(theme=DARK))
    corner = QImage(str(tmp_path / "a.png")).pixelColor(2, 2)
    assert corner == QColor(DARK.ground)
    assert spectrum_view.theme is LIGHT
    after = spectrum_view.grab().toImage()
    assert differing_pixels(before, after) < 20


def test_lines_are_as_wide_on_paper_at_any_fineness(zoomed, tmp_path):
    del tmp_path
    coarse = figure(zoomed).image(FigureSpec(dpi=100))
    fine = figure(zoomed).image(FigureSpec(dpi=400))
    shares = []
    for picture in (coarse, fine):
        shrunk = picture.scaled(QSize(200, 150), mode=Qt.TransformationMode.SmoothTransformation)
        reds = [
            255 - shrunk.pixelColor(x, y).green() for x in range(40, 190) for y in range(20, 110)
        ]
        shares.append(float(np.mean(reds)))
    assert shares[1] == pytest.approx(shares[0], rel=0.35)


def test_labels_painted_in_pixels_of_the_scene_stand_at_their_lines(qtbot):
    graphics = pg.GraphicsLayoutWidget()
    qtbot.addWidget(graphics)
    graphics.resize(400, 300)
    plot = graphics.addPlot()
    plot.setRange(xRange=(0, 10), yRange=(0, 1), padding=0)
    markers = MarkersItem()
    markers.set_markers([Marker(5.0, "line", "#ff0000")])
    plot.addItem(markers)
    graphics.show()
    spec = FigureSpec(dpi=300)
    picture = figure(graphics).image(spec)
    reds = [
        x
        for x in range(picture.width())
        for y in range(picture.height() // 2, picture.height() // 2 + 12)
        if picture.pixelColor(x, y).red() > picture.pixelColor(x, y).green() + 60
    ]
    assert reds
    left = plot.getViewBox().mapRectToScene(plot.getViewBox().rect()).center().x() / 400
    assert np.median(reds) / picture.width() == pytest.approx(left, abs=0.05)


def test_hidden_plots_are_no_part_of_a_figure_and_nothing_is_left_of_an_empty_view(shown):
    view = view_class("spectrum")()
    assert view.figures() == []
    with pytest.raises(ValueError, match="no figure to save"):
        view.save_figure("a.png")
    view.deleteLater()


def test_impossible_sizes_are_refused():
    for wrong in ({"width_mm": 1.0}, {"dpi": 5000}, {"font_pt": 0.5}):
        with pytest.raises(ValueError, match=r"mm|dots|pt"):
            FigureSpec(**wrong)


def test_plots_within_plots_are_told_once(spectrum_view):
    plots = plots_in(spectrum_view)
    assert len(plots) >= 1
    assert len(set(map(id, plots))) == len(plots)


# The device


def painted(draw):
    device = SvgDevice(QSize(100, 80), 50.0, 40.0, "a < b")
    painter = QPainter(device)
    draw(painter)
    painter.end()
    return ElementTree.fromstring(device.text().encode())


def test_a_clip_follows_save_and_restore():
    def draw(painter):
        painter.save()
        painter.setClipRect(QRectF(10, 10, 20, 20))
        painter.drawLine(QLineF(0, 0, 50, 50))
        painter.restore()
        painter.drawLine(QLineF(0, 0, 60, 60))

    root = painted(draw)
    (group,) = root.findall(f"{SVG}g")
    assert group.get("clip-path") == "url(#clip1)"
    assert len(root.findall(f"{SVG}path")) == 1
    assert root.find(f"{SVG}title").text == "a < b"


def test_a_clip_far_smaller_than_one_unit_is_kept():
    def draw(painter):
        painter.setClipRect(QRectF(10, 10, 80, 60))
        painter.save()
        painter.scale(40_000, 0.01)
        painter.translate(-0.099, 0)
        painter.setClipRect(QRectF(0.0995, 0, 0.001, 5000), Qt.ClipOperation.IntersectClip)
        painter.drawLine(QLineF(0.099, 0, 0.101, 8000))
        painter.restore()
        painter.drawLine(QLineF(0, 0, 60, 60))

    root = painted(draw)
    clips = {clip.get("id"): clip[0].get("d") for clip in root.iter(f"{SVG}clipPath")}
    small, large = (group.get("clip-path")[5:-1] for group in root.findall(f"{SVG}g"))
    corners = [np.array(re.findall(r"[-\d.]+", clips[n]), float).reshape(-1, 2)
               for n in (small, large)]  # fmt: skip
    np.testing.assert_allclose(corners[0].min(axis=0), (20, 10), atol=0.01)
    np.testing.assert_allclose(corners[0].max(axis=0), (60, 50), atol=0.01)
    np.testing.assert_allclose(corners[1].max(axis=0), (90, 70), atol=0.01)


def test_cosmetic_pens_keep_their_width_and_others_scale():
    def draw(painter):
        painter.scale(10, 10)
        pen = QPen(QColor("#123456"), 2)
        painter.setPen(pen)
        painter.drawLine(QLineF(0, 0, 1, 1))
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.drawLine(QLineF(0, 0, 1, 2))

    widths = [path.get("stroke-width") for path in painted(draw).findall(f"{SVG}path")]
    assert widths == ["20", "2"]


def test_pictures_text_and_polygons_are_written():
    def draw(painter):
        image = QImage(4, 4, QImage.Format.Format_RGB32)
        image.fill(QColor("#00ff00"))
        painter.drawImage(QRectF(0, 0, 40, 40), image)
        painter.drawText(QPointF(5, 50), "χ² < 1 & more")
        painter.setBrush(QColor("#ff0000"))
        painter.drawPolygon([QPointF(0, 0), QPointF(1, 0), QPointF(1, 1)])

    root = painted(draw)
    (image,) = root.findall(f"{SVG}image")
    assert image.get("{http://www.w3.org/1999/xlink}href").startswith("data:image/png;base64,iVBOR")
    assert "".join(text.text for text in root.findall(f"{SVG}text")) == "χ² < 1 & more"
    assert root.findall(f"{SVG}path")[-1].get("fill") == "#ff0000"
