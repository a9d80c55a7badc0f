"""What is painted on an image and moves with it."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QRectF


class OverImage(pg.GraphicsObject):
    """An item as large as what is seen of the image, painted anew when that is another part."""

    def boundingRect(self) -> QRectF:
        view = self.getViewBox()
        return view.image_rect() if view is not None else QRectF()

    def viewRangeChanged(self, *_: object) -> None:
        self.prepareGeometryChange()
        self.update()
