"""An analyst's own catalogues on the image: placed by its sky, shown, clicked, and matched."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, Signal

from astrogui.records.catalogue import Catalogue, Column
from astrogui.science.sky_frames import turned
from astrogui.science.sky_match import SkyPairs, match_on_sky
from astrogui.viewers.catalogue_item import SYMBOLS, CatalogueItem
from astrogui.viewers.image_canvas import PixelEvent
from astrogui.viewers.image_surface import POINTER
from astrogui.viewers.image_view import ImageView
from astrogui.viewers.sky import Sky
from astrogui.viewers.sky_columns import SkyColumns, sky_positions

COLOURS = ("#ff5ad1", "#40e0d0", "#ffd23f", "#9dff57", "#ff8a5c", "#8fb7ff")
REACH = 9.0  # screen pixels within which a click means a source


@dataclass(slots=True, eq=False)
class Overlaid:
    """One catalogue on the image."""

    name: str
    catalogue: Catalogue
    item: CatalogueItem
    columns: SkyColumns | None = None
    ra_deg: NDArray[np.float64] | None = None  # ICRS, NaN where a row has none
    dec_deg: NDArray[np.float64] | None = None
    colour: str = COLOURS[0]
    symbol: str = SYMBOLS[0]
    is_shown: bool = True
    fault: str = ""  # why there are no positions
    on_image: int = 0  # sources on the image shown
    request: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """Pairs of project rows and sources of one catalogue."""

    overlaid: Overlaid
    row_ids: NDArray[np.int64]  # of the project, one a pair
    pairs: SkyPairs  # first counts the project's positions, second the catalogue's rows
    radius_arcsec: float
    which: str


class CatalogueOverlay(QObject):
    """Keeps the catalogues of an image view."""

    changed = Signal()  # a catalogue came, went, or got other positions or another look
    clicked = Signal(object, int)  # Overlaid and the row of its source
    matched = Signal(object)  # Match
    match_failed = Signal(str)

    def __init__(self, view: ImageView) -> None:
        super().__init__(view)
        self._view, self._surface = view, view.overlay
        self.catalogues: list[Overlaid] = []
        self._surface.sky_ready.connect(self._on_sky)
        self._surface.record_shown.connect(self._on_sky)
        self._surface.clicked.connect(self._on_clicked)

    def add(self, name: str, catalogue: Catalogue, columns: SkyColumns | None) -> Overlaid:
        """Overlay a catalogue; without columns it waits for them."""
        number = len(self.catalogues)
        overlaid = Overlaid(
            name, catalogue, CatalogueItem(),
            colour=COLOURS[number % len(COLOURS)], symbol=SYMBOLS[number % len(SYMBOLS)],
        )  # fmt: skip
        overlaid.item.set_style(overlaid.colour, overlaid.symbol)
        self._surface.add(overlaid.item, z=15.0)
        self.catalogues.append(overlaid)
        if columns is None:
            overlaid.fault = "choose the columns of its positions"
            self.changed.emit()
        else:
            self.use_columns(overlaid, columns)
        return overlaid

    def use_columns(self, overlaid: Overlaid, columns: SkyColumns) -> None:
        """Take the positions from other columns."""
        overlaid.columns, overlaid.fault = columns, ""
        overlaid.request += 1
        future = self._surface.compute(sky_positions, overlaid.catalogue, columns)
        self._surface.after(
            future,
            partial(self._on_positions, overlaid, overlaid.request),
            partial(self._on_no_positions, overlaid, overlaid.request),
        )
        self.changed.emit()

    def set_look(self, overlaid: Overlaid, colour: str, symbol: str, is_shown: bool) -> None:
        overlaid.colour, overlaid.symbol, overlaid.is_shown = colour, symbol, is_shown
        overlaid.item.set_style(colour, symbol)
        overlaid.item.setVisible(is_shown)
        self.changed.emit()

    def show_all(self, wanted: bool) -> None:
        for overlaid in self.catalogues:
            overlaid.is_shown = wanted
            overlaid.item.setVisible(wanted)
        self.changed.emit()

    def remove(self, overlaid: Overlaid) -> None:
        self._surface.remove(overlaid.item)
        self.catalogues.remove(overlaid)
        self.changed.emit()

    def match(
        self,
        overlaid: Overlaid,
        row_ids: NDArray[np.int64],
        ra_deg: NDArray[np.float64],
        dec_deg: NDArray[np.float64],
        radius_arcsec: float,
        which: str,
    ) -> None:
        """Match the project's rows (ICRS degrees) with a catalogue, in the pool."""
        if overlaid.ra_deg is None or overlaid.dec_deg is None:
            self.match_failed.emit(f"{overlaid.name}: {overlaid.fault or 'no positions yet'}.")
            return
        future = self._surface.compute(
            match_on_sky, ra_deg, dec_deg, overlaid.ra_deg, overlaid.dec_deg, radius_arcsec, which
        )
        take = partial(self._on_matched, overlaid, row_ids, radius_arcsec, which)
        self._surface.after(future, take, self._on_match_failed)

    def go_to(self, overlaid: Overlaid, row: int) -> None:
        """Highlight a source, and bring it into view where it lies on the image."""
        overlaid.item.choose(np.array([row]))
        sky = self._surface.sky
        if sky is None or overlaid.ra_deg is None or overlaid.dec_deg is None:
            return
        place = _placed(sky, overlaid.ra_deg[row : row + 1], overlaid.dec_deg[row : row + 1])[0]
        shape = self._surface.shape
        if shape is None or not np.isfinite(place).all():
            return
        on_image = 0 <= place[0] < shape[1] and 0 <= place[1] < shape[0]
        if on_image and not self._surface.view_rect().contains(*map(float, place)):
            self._view.centre_on(float(place[0]), float(place[1]))

    # Slots ------------------------------------------------------------------------------------

    def _on_positions(
        self,
        overlaid: Overlaid,
        request: int,
        positions: tuple[NDArray[np.float64], NDArray[np.float64]],
    ) -> None:
        if request == overlaid.request:
            overlaid.ra_deg, overlaid.dec_deg = positions
            self._place(overlaid)
            self.changed.emit()

    def _on_no_positions(self, overlaid: Overlaid, request: int, error: Exception) -> None:
        if request == overlaid.request:
            overlaid.ra_deg = overlaid.dec_deg = None
            overlaid.fault = str(error)
            overlaid.item.set_places(np.zeros((0, 2)))
            self.changed.emit()

    def _on_sky(self, _: Any) -> None:
        for overlaid in self.catalogues:
            self._place(overlaid)

    def _place(self, overlaid: Overlaid) -> None:
        sky = self._surface.sky
        overlaid.request += 1
        if sky is None or not sky.sky_frame or overlaid.ra_deg is None or overlaid.dec_deg is None:
            overlaid.item.set_places(np.zeros((0, 2)))
            overlaid.on_image = 0
            return
        future = self._surface.compute(_placed, sky, overlaid.ra_deg, overlaid.dec_deg)
        self._surface.after(future, partial(self._on_placed, overlaid, overlaid.request))

    def _on_placed(self, overlaid: Overlaid, request: int, pixels: NDArray[np.float64]) -> None:
        shape = self._surface.shape
        if request != overlaid.request or shape is None:
            return
        overlaid.item.set_places(pixels)
        inside = (pixels[:, 0] >= -0.5) & (pixels[:, 0] < shape[1] - 0.5)
        inside &= (pixels[:, 1] >= -0.5) & (pixels[:, 1] < shape[0] - 0.5)
        overlaid.on_image = int(inside.sum())
        self.changed.emit()

    def _on_clicked(self, event: PixelEvent) -> None:
        if self._surface.mode != POINTER or event.button != Qt.MouseButton.LeftButton:
            return
        reach = REACH * self._surface.pixels_per_screen_pixel()
        for overlaid in reversed(self.catalogues):
            row = overlaid.item.nearest(event.x, event.y, reach) if overlaid.is_shown else None
            if row is not None:
                overlaid.item.choose(np.array([row]))
                self.clicked.emit(overlaid, row)
                return

    def _on_matched(
        self,
        overlaid: Overlaid,
        row_ids: NDArray[np.int64],
        radius_arcsec: float,
        which: str,
        pairs: SkyPairs,
    ) -> None:
        overlaid.item.choose(pairs.second)
        match = Match(overlaid, row_ids[pairs.first], pairs, radius_arcsec, which)
        self.matched.emit(match)

    def _on_match_failed(self, error: Exception) -> None:
        self.match_failed.emit(str(error))


def _placed(
    sky: Sky, ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n, 2) pixels of ICRS positions, NaN for those without a place; for a pool."""
    known = np.flatnonzero(np.isfinite(ra_deg) & np.isfinite(dec_deg))
    pixels = np.full((ra_deg.size, 2), np.nan)
    if known.size:
        pixels[known] = sky.pixels(*turned(ra_deg[known], dec_deg[known], "icrs", sky.sky_frame))
    return pixels


def match_table(match: Match) -> Catalogue:
    """The pairs as a table: project row, separation, then the catalogue's own columns."""
    source = match.overlaid.catalogue
    rows = match.pairs.second
    columns = [
        Column(name="row_id", type="int", description="row of the project"),
        Column(name="separation", unit="arcsec", ucd="pos.angDistance",
               description="between the project's row and the source"),
    ]  # fmt: skip
    values: dict[str, NDArray[Any]] = {
        "row_id": match.row_ids.astype(np.int64),
        "separation": match.pairs.separation_arcsec,
    }
    nulls = {}
    for column in source.columns:
        name = column.name
        while name in values:
            name += "_2"
        array = source.values[column.name][rows]
        values[name] = array.astype(object) if column.type == "text" else array
        missing = source.nulls.get(column.name)
        if missing is not None and missing[rows].any():
            nulls[name] = missing[rows]
        columns.append(
            Column(name=name, type=column.type, unit=column.unit, ucd=column.ucd,
                   description=column.description)
        )  # fmt: skip
    meta = {
        "content": f"project rows matched with {match.overlaid.name}",
        "radius_arcsec": f"{match.radius_arcsec:g}",
        "pairs": match.which,
    }
    return Catalogue(columns=tuple(columns), values=values, nulls=nulls, meta=meta)


def source_words(overlaid: Overlaid, row: int) -> str:
    """One source in words: every column with its unit."""
    words = []
    for column in overlaid.catalogue.columns:
        value = overlaid.catalogue.values[column.name][row]
        missing = overlaid.catalogue.nulls.get(column.name)
        if missing is not None and missing[row]:
            continue
        text = str(value) if column.type != "float" else f"{value:.10g}"
        if text and text != "nan":
            words.append(f"{column.name} = {text} {column.unit}".rstrip())
    return f"{overlaid.name}, row {row + 1}: " + "; ".join(words)
