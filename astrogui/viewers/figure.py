"""Figures for papers: the plots of a view laid out anew at a chosen size, without its controls.

The plots are given the size that makes their letters as large as asked for once the figure has its
width in millimetres, are painted, and get their own size back, all between two turns of the event
loop: nothing on screen moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QMarginsF, QPoint, QRect, QRectF, QSize, QSizeF
from PySide6.QtGui import QColor, QImage, QPageSize, QPaintDevice, QPainter, QPdfWriter, QPen
from PySide6.QtWidgets import QApplication, QGraphicsView, QWidget

from astrogui.viewers.colours import DARK, LIGHT, Theme
from astrogui.viewers.plot import thicker_lines

SCREEN_DPI = 96.0  # of Qt's logical pixels
INCH_MM = 25.4
FORMATS = (".png", ".svg", ".pdf")


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureSpec:
    """How a figure is to be: its size on paper, its letters, its colours."""

    width_mm: float = 88.0
    height_mm: float = 66.0
    font_pt: float = 8.0
    dpi: int = 300  # of PNG
    theme: Theme = LIGHT

    def __post_init__(self) -> None:
        if not (10 <= self.width_mm <= 2000 and 10 <= self.height_mm <= 2000):
            raise ValueError(f"a figure is 10 to 2000 mm, not {self.width_mm} x {self.height_mm}")
        if not 30 <= self.dpi <= 1200:
            raise ValueError(f"a figure has 30 to 1200 dots an inch, not {self.dpi}")
        if not 3 <= self.font_pt <= 40:
            raise ValueError(f"letters are 3 to 40 pt, not {self.font_pt}")

    @property
    def magnification(self) -> float:
        """How much larger the figure is than its layout on the screen."""
        return self.font_pt / _screen_font_pt()

    @property
    def layout_size(self) -> QSize:
        """The size in logical pixels at which the plots are laid out."""
        scale = SCREEN_DPI / INCH_MM / self.magnification
        return QSize(round(self.width_mm * scale), round(self.height_mm * scale))

    @property
    def image_size(self) -> QSize:
        """Pixels of a PNG."""
        scale = self.dpi / INCH_MM
        return QSize(round(self.width_mm * scale), round(self.height_mm * scale))


Recolour = Callable[[Theme], None]


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """Something that can be a figure: plots with the place of each, and how to recolour them."""

    title: str
    parts: tuple[tuple[QWidget, QRectF], ...]  # each with its share (x, y, w, h) of the whole
    set_theme: Recolour
    theme: Theme

    @property
    def shape(self) -> float:
        """Height over width, as on screen."""
        width, height = _size_of(self.parts)
        return height / width if width else 0.75

    def as_on_screen(self) -> FigureSpec:
        """The size, letters and colours that it has on screen."""
        width, height = _size_of(self.parts)
        return FigureSpec(
            width_mm=min(max(width * INCH_MM / SCREEN_DPI, 10.0), 2000.0),
            height_mm=min(max(height * INCH_MM / SCREEN_DPI, 10.0), 2000.0),
            font_pt=_screen_font_pt(),
            dpi=round(2 * SCREEN_DPI),
            theme=self.theme,
        )

    def save(self, path: str | Path, spec: FigureSpec) -> None:
        """Write .png, .svg or .pdf; raises ``ValueError`` for another ending, or ``OSError``."""
        write = {".png": self._save_png, ".svg": self._save_svg, ".pdf": self._save_pdf}
        suffix = Path(path).suffix.lower()
        if suffix not in write:
            raise ValueError(f"{path}: figures are written as .png, .svg or .pdf")
        write[suffix](str(path), spec)

    def image(self, spec: FigureSpec) -> QImage:
        """The figure in pixels, its size in millimetres noted."""
        picture = QImage(spec.image_size, QImage.Format.Format_RGB32)
        # Items that paint in pixels of the scene reset the transform: the ratio outlives that.
        scale = spec.image_size.width() / spec.layout_size.width()
        picture.setDevicePixelRatio(scale)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        self._paint(painter, spec, scale)
        painter.end()
        picture.setDevicePixelRatio(1.0)
        # Noted afterwards: axes are kept as pictures, which Qt would enlarge to these dots.
        picture.setDotsPerMeterX(round(spec.dpi / INCH_MM * 1000))
        picture.setDotsPerMeterY(round(spec.dpi / INCH_MM * 1000))
        return picture

    def _save_png(self, path: str, spec: FigureSpec) -> None:
        if not self.image(spec).save(path):
            raise OSError(f"{path}: the picture could not be written")

    def _save_pdf(self, path: str, spec: FigureSpec) -> None:
        writer = _PdfWriter(path)
        size = QSizeF(spec.width_mm, spec.height_mm)
        writer.setPageSize(QPageSize(size, QPageSize.Unit.Millimeter, "", _EXACT))
        writer.setPageMargins(QMarginsF(0, 0, 0, 0))
        writer.setTitle(self.title)
        writer.setResolution(round(SCREEN_DPI / spec.magnification))
        painter = QPainter()
        if not painter.begin(writer):
            raise OSError(f"{path}: the figure could not be written")
        self._paint(painter, spec, 1.0)
        painter.end()

    def _save_svg(self, path: str, spec: FigureSpec) -> None:
        from astrogui.viewers.svg_device import SvgDevice

        size = spec.layout_size
        device = SvgDevice(size, spec.width_mm, spec.height_mm, self.title)
        painter = QPainter(device)
        self._paint(painter, spec, 1.0)
        painter.end()
        Path(path).write_text(device.text(), "utf-8")

    def _paint(self, painter: QPainter, spec: FigureSpec, scale: float) -> None:
        """Lay out, recolour, paint in pixels of the layout, and put back.

        ``scale`` says how many units of the device a pixel of the layout has.
        """
        target = QRectF(QRect(QPoint(), spec.layout_size))
        theme = replace(spec.theme, panel=spec.theme.ground)
        painter.fillRect(target, QColor(theme.ground))
        with ExitStack() as stack:
            stack.callback(self.set_theme, self.theme)
            self.set_theme(theme)
            for part, share in self.parts:
                area = _part_of(target, share)
                stack.enter_context(_laid_out(part, area.size().toSize()))
                # Only what is made while painting: the view's own pens stay as they are.
                with thicker_lines(scale):
                    _render(part, painter, area, scale)


class _PdfWriter(QPdfWriter):
    """One unit is one pixel of the layout, and says so to whoever asks for dots an inch.

    Axes are kept as pictures, which are enlarged to the dots of the device they are played on.
    """

    def metric(self, metric: QPaintDevice.PaintDeviceMetric) -> int:
        kinds = QPaintDevice.PaintDeviceMetric
        if metric in (kinds.PdmDpiX, kinds.PdmDpiY, kinds.PdmPhysicalDpiX, kinds.PdmPhysicalDpiY):
            return round(SCREEN_DPI)
        return super().metric(metric)


def themes() -> dict[str, Theme]:
    return {"light": LIGHT, "dark": DARK}


def figure_of(
    title: str, parts: Sequence[QWidget], set_theme: Recolour, theme: Theme
) -> Figure | None:
    """A figure of widgets as they lie beside each other in their window; None of nothing."""
    shown = [part for part in parts if part.width() > 1 and part.height() > 1]
    if not shown:
        return None
    boxes = [QRect(part.mapTo(part.window(), QPoint()), part.size()) for part in shown]
    whole = boxes[0]
    for box in boxes[1:]:
        whole = whole.united(box)
    shares = [
        QRectF(
            (box.x() - whole.x()) / whole.width(),
            (box.y() - whole.y()) / whole.height(),
            box.width() / whole.width(),
            box.height() / whole.height(),
        )
        for box in boxes
    ]
    return Figure(title, tuple(zip(shown, shares, strict=True)), set_theme, theme)


def plots_in(widget: QWidget) -> list[QWidget]:
    """The plots that are on screen in a widget; those inside another plot belong to it."""
    found = [plot for plot in widget.findChildren(QGraphicsView) if plot.isVisibleTo(widget)]
    return [
        plot for plot in found if not any(p is not plot and p.isAncestorOf(plot) for p in found)
    ]


_EXACT = QPageSize.SizeMatchPolicy.ExactMatch


def _screen_font_pt() -> float:
    font = QApplication.font()
    size = font.pointSizeF()
    return size if size > 0 else font.pixelSize() * 72 / SCREEN_DPI


def _size_of(parts: Sequence[tuple[QWidget, QRectF]]) -> tuple[float, float]:
    """Of the whole on screen, from the first part and its share."""
    part, share = parts[0]
    return part.width() / share.width(), part.height() / share.height()


def _part_of(whole: QRectF, share: QRectF) -> QRectF:
    return QRectF(
        whole.x() + share.x() * whole.width(),
        whole.y() + share.y() * whole.height(),
        share.width() * whole.width(),
        share.height() * whole.height(),
    )


@contextmanager
def _laid_out(part: QWidget, size: QSize) -> Iterator[None]:
    """The widget in another size for the time of a painting, whatever its layout wants."""
    before, least, most = part.size(), part.minimumSize(), part.maximumSize()
    part.setUpdatesEnabled(False)
    try:
        _resize(part, size, size, size)
        yield
    finally:
        _resize(part, before, least, most)
        part.setUpdatesEnabled(True)


def _resize(part: QWidget, size: QSize, least: QSize, most: QSize) -> None:
    part.setMinimumSize(least)
    part.setMaximumSize(most)
    part.resize(size)
    central: Any = getattr(part, "ci", None)
    if central is not None:  # a hidden widget is told of its size only when it is shown
        part.resizeEvent(None)  # type: ignore[arg-type]
        central.layout.activate()
    QApplication.sendPostedEvents(part, QEvent.Type.LayoutRequest)


@contextmanager
def _drawn_finely(plot: QGraphicsView, scale: float) -> Iterator[None]:
    """Curves antialiased, and their lines as many times wider as the figure is finer."""
    changed: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for item in plot.scene().items():
        options = getattr(item, "opts", None)
        if not isinstance(options, dict) or "pen" not in options:
            continue
        changed.append((options, {k: options[k] for k in ("pen", "antialias") if k in options}))
        if isinstance(options["pen"], QPen):
            wider = QPen(options["pen"])
            wider.setWidthF(max(wider.widthF(), 1.0) * scale)
            options["pen"] = wider
        if "antialias" in options:
            options["antialias"] = True
    try:
        yield
    finally:
        for options, before in changed:
            options.update(before)


def _render(part: QWidget, painter: QPainter, area: QRectF, scale: float) -> None:
    if not isinstance(part, QGraphicsView):
        _render_widget(part, painter, area)
        return
    with _drawn_finely(part, scale):
        part.render(painter, area, part.viewport().rect())


def _render_widget(part: QWidget, painter: QPainter, area: QRectF) -> None:
    painter.save()
    painter.translate(area.topLeft())
    painter.scale(area.width() / part.width(), area.height() / part.height())
    part.render(painter, QPoint(), renderFlags=QWidget.RenderFlag.DrawChildren)
    painter.restore()
