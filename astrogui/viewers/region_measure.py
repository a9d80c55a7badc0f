"""The pixels of the region selected last, added up in the pool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Signal

from astrogui.science.region_statistics import RegionStatistics, statistics_of
from astrogui.science.regions import PixelShape
from astrogui.viewers.image_grid import scale_at
from astrogui.viewers.image_surface import ImageSurface
from astrogui.viewers.region_list import RegionList


@dataclass(frozen=True, slots=True)
class Measured:
    """Statistics of one region on the image shown."""

    index: int
    shape: PixelShape
    statistics: RegionStatistics
    scale_arcsec: float | None
    unit: str


class RegionMeasure(QObject):
    """Measures on request; only the answer to the latest request is told."""

    measured = Signal(object)  # Measured, or None
    failed = Signal(str)

    def __init__(
        self,
        surface: ImageSurface,
        regions: RegionList,
        place_of: Callable[[int], PixelShape | str],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._surface, self._list, self._place_of = surface, regions, place_of
        self._measuring = 0  # number of the latest request

    def begin(self) -> None:
        """Have the pixels of the region selected last added up."""
        self._measuring += 1
        image = self._surface.image
        if image is None or image.is_colour or not self._list.selected:
            self.measured.emit(None)
            return
        index = self._list.selected[-1]
        shape = self._place_of(index)
        if not isinstance(shape, PixelShape):
            self.measured.emit(None)
            return
        holes = []
        for other, region in enumerate(self._list.regions):
            hole = None if region.include or other == index else self._place_of(other)
            if isinstance(hole, PixelShape):
                holes.append(hole)
        future = self._surface.compute(statistics_of, image.section, image.shape, shape, holes)
        middle = shape.bounds()
        scale = scale_at(
            self._surface.sky, image, (middle[0] + middle[2]) / 2, (middle[1] + middle[3]) / 2
        )
        take = partial(self._on_measured, self._measuring, index, shape, scale, image.unit)
        self._surface.after(future, take, self._on_measure_failed)

    def _on_measured(
        self,
        request: int,
        index: int,
        shape: PixelShape,
        scale: float | None,
        unit: str,
        statistics: RegionStatistics,
    ) -> None:
        if request == self._measuring:
            self.measured.emit(Measured(index, shape, statistics, scale, unit))

    def _on_measure_failed(self, error: Exception) -> None:
        self.measured.emit(None)
        self.failed.emit(str(error))
