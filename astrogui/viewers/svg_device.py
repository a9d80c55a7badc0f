"""A paint device that writes SVG 1.1 with clipping, every coordinate in the figure's own pixels.

Qt's generator either clips nothing (SVG Tiny 1.2: curves run over the plot's edge) or assigns
clips to the wrong parts (SVG 1.1: axes vanish), and it writes curves in data coordinates with six
digits, which moves a line at a GPS time by seconds. Here coordinates are those of the figure.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from html import escape
from typing import Any

from PySide6.QtCore import QBuffer, QIODevice, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QImage,
    QImageWriter,
    QPaintDevice,
    QPaintEngine,
    QPaintEngineState,
    QPainterPath,
    QPen,
    QTextItem,
    QTransform,
)

DPI = 96
_CAPS = {Qt.PenCapStyle.FlatCap: "butt", Qt.PenCapStyle.RoundCap: "round"}
_JOINS = {Qt.PenJoinStyle.MiterJoin: "miter", Qt.PenJoinStyle.RoundJoin: "round"}
_POLYLINE = QPaintEngine.PolygonDrawMode.PolylineMode
_WINDING = QPaintEngine.PolygonDrawMode.WindingMode


class SvgDevice(QPaintDevice):
    """Paint on it, end the painter, then take ``text``."""

    def __init__(self, size: QSize, width_mm: float, height_mm: float, title: str = "") -> None:
        super().__init__()
        self._size = size
        self._head = (width_mm, height_mm, title)
        self._engine = _SvgEngine()

    def paintEngine(self) -> QPaintEngine:
        return self._engine

    def metric(self, metric: QPaintDevice.PaintDeviceMetric) -> int:
        kinds = QPaintDevice.PaintDeviceMetric
        known = {
            kinds.PdmWidth: self._size.width(),
            kinds.PdmHeight: self._size.height(),
            kinds.PdmWidthMM: round(self._size.width() * 25.4 / DPI),
            kinds.PdmHeightMM: round(self._size.height() * 25.4 / DPI),
            kinds.PdmNumColors: 2**24,
            kinds.PdmDepth: 32,
            kinds.PdmDevicePixelRatio: 1,
            kinds.PdmDevicePixelRatioScaled: int(QPaintDevice.devicePixelRatioFScale()),
        }
        return known.get(metric, DPI)

    def text(self) -> str:
        """The whole file."""
        width_mm, height_mm, title = self._head
        size = f"{self._size.width()} {self._size.height()}"
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<svg xmlns="http://www.w3.org/2000/svg" '
            'xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1" '
            f'width="{width_mm:g}mm" height="{height_mm:g}mm" viewBox="0 0 {size}">\n'
            f"<title>{escape(title)}</title>\n<defs>\n"
            + "\n".join(self._engine.definitions)
            + "\n</defs>\n"
            + "\n".join(self._engine.elements)
            + "\n</svg>\n"
        )


class _SvgEngine(QPaintEngine):
    """Turns what is painted into elements.

    Pen, brush and transform are asked of the painter at each; the clip is followed as it changes,
    in the figure's pixels: the painter gives it in whole logical units, which are none at all
    where an axis runs from 0.099 to 0.101.
    """

    def __init__(self) -> None:
        super().__init__(QPaintEngine.PaintEngineFeature.AllFeatures)
        self.elements: list[str] = []
        self.definitions: list[str] = []
        self._clips: dict[str, str] = {}
        self._clip_path: QPainterPath | None = None
        self._is_clipping = True

    def begin(self, device: QPaintDevice) -> bool:
        del device
        return True

    def end(self) -> bool:
        return True

    def type(self) -> QPaintEngine.Type:
        return QPaintEngine.Type.User

    def updateState(self, state: QPaintEngineState) -> None:
        """Follow the clip."""
        dirty, kinds = state.state(), QPaintEngine.DirtyFlag
        if dirty & kinds.DirtyClipEnabled:
            self._is_clipping = state.isClipEnabled()
        if dirty & kinds.DirtyClipPath:
            self._change_clip(state.transform().map(state.clipPath()), state.clipOperation())
        if dirty & kinds.DirtyClipRegion:
            path = QPainterPath()
            path.addRegion(state.clipRegion())
            self._change_clip(state.transform().map(path), state.clipOperation())

    def _change_clip(self, path: QPainterPath, operation: Qt.ClipOperation) -> None:
        self._is_clipping = operation != Qt.ClipOperation.NoClip
        if not self._is_clipping:
            self._clip_path = None
        elif operation == Qt.ClipOperation.ReplaceClip or self._clip_path is None:
            self._clip_path = path
        else:
            self._clip_path = self._clip_path.intersected(path)

    def drawPath(self, path: QPainterPath) -> None:
        rule = "evenodd" if path.fillRule() == Qt.FillRule.OddEvenFill else "nonzero"
        self._add_path(path, rule, is_filled=True)

    def drawPolygon(self, points: Any, mode: Any = None, *_: Any) -> None:
        path = _path_of(points, is_closed=mode != _POLYLINE)
        rule = "nonzero" if mode == _WINDING else "evenodd"
        self._add_path(path, rule, is_filled=mode != _POLYLINE)

    def drawTextItem(self, place: Any, item: QTextItem) -> None:
        painter, text = self.painter(), item.text()
        if not text.strip():
            return
        self._add(
            f'<text xml:space="preserve" x="{place.x():.3f}" y="{place.y():.3f}" '
            f'transform="{_matrix(painter.combinedTransform())}" {_font(item.font())} '
            f"{_paint('fill', painter.pen().color(), painter.opacity())}>{escape(text)}</text>"
        )

    def drawPixmap(self, target: Any, pixmap: Any, part: Any) -> None:
        self._add_image(target, pixmap.toImage(), part)

    def drawImage(self, target: Any, image: QImage, part: Any, *_: Any) -> None:
        self._add_image(target, image, part)

    def _add_image(self, target: QRectF, image: QImage, part: QRectF) -> None:
        shown = image.copy(part.toAlignedRect())
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        QImageWriter(buffer, b"png").write(shown)
        data = base64.b64encode(bytes(buffer.data().data())).decode()
        painter = self.painter()
        self._add(
            f'<image x="{target.x():.6g}" y="{target.y():.6g}" width="{target.width():.6g}" '
            f'height="{target.height():.6g}" preserveAspectRatio="none" '
            f'transform="{_matrix(painter.combinedTransform())}" opacity="{painter.opacity():.3g}" '
            f'xlink:href="data:image/png;base64,{data}"/>'
        )

    def _add_path(self, path: QPainterPath, rule: str, is_filled: bool) -> None:
        painter = self.painter()
        transform = painter.combinedTransform()
        pen, brush = painter.pen(), painter.brush()
        has_line = pen.style() != Qt.PenStyle.NoPen
        has_fill = is_filled and brush.style() != Qt.BrushStyle.NoBrush
        drawn = path_data(transform.map(path))
        if not drawn or not (has_line or has_fill):
            return
        fill = _paint("fill", _flat_colour(brush), painter.opacity()) if has_fill else _NO_FILL
        line = _stroke(pen, transform, painter.opacity()) if has_line else 'stroke="none"'
        self._add(f'<path d="{drawn}" fill-rule="{rule}" {fill} {line}/>')

    def _add(self, element: str) -> None:
        clip = self._clip()
        self.elements.append(f'<g clip-path="url(#{clip})">{element}</g>' if clip else element)

    def _clip(self) -> str:
        """The name of the clip that holds now, defined where it is new; "" without one."""
        if not self._is_clipping or self._clip_path is None:
            return ""
        drawn = path_data(self._clip_path) or "M0,0Z"
        if drawn not in self._clips:
            name = self._clips[drawn] = f"clip{len(self._clips) + 1}"
            self.definitions.append(f'<clipPath id="{name}"><path d="{drawn}"/></clipPath>')
        return self._clips[drawn]


_NO_FILL = 'fill="none"'
_LETTERS = {
    QPainterPath.ElementType.MoveToElement: "M",
    QPainterPath.ElementType.LineToElement: "L",
    QPainterPath.ElementType.CurveToElement: "C",
    QPainterPath.ElementType.CurveToDataElement: " ",
}


def path_data(path: QPainterPath) -> str:
    """A path in the words of SVG, to a thousandth of a pixel; "" for one without a finite point."""
    words = []
    for i in range(path.elementCount()):
        element = path.elementAt(i)
        x, y = float(element.x), float(element.y)
        if not (math.isfinite(x) and math.isfinite(y)):
            return ""
        words.append(f"{_LETTERS[element.type]}{_number(x)},{_number(y)}")
    return "".join(words)


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _path_of(points: Sequence[Any], is_closed: bool) -> QPainterPath:
    path = QPainterPath()
    if not len(points):
        return path
    path.moveTo(QPointF(points[0]))
    for point in points[1:]:
        path.lineTo(QPointF(point))
    if is_closed:
        path.closeSubpath()
    return path


def _flat_colour(brush: QBrush) -> QColor:
    gradient = brush.gradient()
    if gradient is not None and gradient.stops():
        stops = gradient.stops()
        return QColor(stops[len(stops) // 2][1])
    return brush.color()


def _paint(what: str, colour: QColor, opacity: float) -> str:
    return f'{what}="{colour.name()}" {what}-opacity="{colour.alphaF() * opacity:.4g}"'


def _stroke(pen: QPen, transform: QTransform, opacity: float) -> str:
    width = pen.widthF() or 1.0
    if not pen.isCosmetic():
        width *= math.sqrt(abs(transform.determinant()))
    words = [
        _paint("stroke", pen.color(), opacity),
        f'stroke-width="{width:.4g}"',
        f'stroke-linecap="{_CAPS.get(pen.capStyle(), "square")}"',
        f'stroke-linejoin="{_JOINS.get(pen.joinStyle(), "bevel")}"',
    ]
    if pen.style() != Qt.PenStyle.SolidLine:
        dashes = ",".join(f"{part * width:.4g}" for part in pen.dashPattern())
        words.append(f'stroke-dasharray="{dashes}"')
    return " ".join(words)


def _font(font: QFont) -> str:
    size = font.pixelSize() if font.pixelSize() > 0 else font.pointSizeF() * DPI / 72
    words = [
        f'font-family="{escape(font.family())}, DejaVu Sans, sans-serif"',
        f'font-size="{size:.4g}"',
    ]
    if font.weight() != QFont.Weight.Normal:
        words.append(f'font-weight="{int(font.weight())}"')
    if font.italic():
        words.append('font-style="italic"')
    return " ".join(words)


def _matrix(transform: QTransform) -> str:
    numbers = (
        transform.m11(), transform.m12(), transform.m21(),
        transform.m22(), transform.dx(), transform.dy(),
    )  # fmt: skip
    return f"matrix({','.join(f'{number:.6g}' for number in numbers)})"
