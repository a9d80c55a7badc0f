"""What was sent by SAMP, so that a row that another program points at is found again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEAR_ARCSEC = 10.0  # a position further from every row means none of them
LARGE_ROWS = 20_000  # more go as FITS, which other programs read faster than VOTable
# DS9 8.4.1 ends with a buffer overflow at FITS tables with long texts, though it asks for them.
NO_FITS_TABLES = ("SAOImageDS9",)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentTable:
    """A table at other programs: its identity, its address, the rows in their order."""

    table_id: str
    url: str
    row_ids: tuple[int, ...]


def table_type(takers: Sequence[tuple[str, bool, bool]], rows: int) -> str:
    """The message by which a table goes to these programs: name, takes VOTable, takes FITS each.

    FITS for a large table where all can have it so, or where somebody takes nothing else.
    """
    safe = all(takes_fits and name not in NO_FITS_TABLES for name, _, takes_fits in takers)
    needed = not all(takes_votable for _, takes_votable, _ in takers)
    return "table.load.fits" if safe and (rows > LARGE_ROWS or needed) else "table.load.votable"


class SentTables:
    """The tables that were sent, the latest last."""

    def __init__(self) -> None:
        self._tables: list[SentTable] = []

    def add(self, table: SentTable) -> None:
        self._tables.append(table)

    def is_ours(self, params: Mapping[str, Any]) -> bool:
        """Whether a message speaks of a table of ours."""
        return self._find(params) is not None

    def rows(self, params: Mapping[str, Any]) -> tuple[int, ...]:
        """The row ids that ``row`` or ``row-list`` of a message mean; () where none of ours."""
        table = self._find(params)
        if table is None:
            return ()
        raw = params.get("row-list", params.get("row", ()))
        lines = raw if isinstance(raw, (list, tuple)) else [raw]
        numbers = [int(line) for line in lines if str(line).isdigit()]
        return tuple(table.row_ids[n] for n in numbers if n < len(table.row_ids))

    def message(self, row_ids: Sequence[int]) -> tuple[str, dict[str, Any]] | None:
        """Type and parameters that point at these rows in the latest table that has one of them."""
        for table in reversed(self._tables):
            line_of = {row_id: line for line, row_id in enumerate(table.row_ids)}
            lines = [str(line_of[row_id]) for row_id in row_ids if row_id in line_of]
            named: dict[str, Any] = {"table-id": table.table_id, "url": table.url}
            if len(row_ids) == 1 and lines:
                return "table.highlight.row", {**named, "row": lines[0]}
            if lines:
                return "table.select.rowList", {**named, "row-list": lines}
        return None

    def _find(self, params: Mapping[str, Any]) -> SentTable | None:
        names = {str(params[key]) for key in ("table-id", "url") if params.get(key)}
        found = (t for t in reversed(self._tables) if names & {t.table_id, t.url})
        return next(found, None)


def nearest(
    ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64], ra: float, dec: float
) -> tuple[int, float] | None:
    """The place of the position nearest to (ra, dec), with its distance in arcseconds.

    Haversine on the sphere; None where there is no position. NaN positions are passed over.
    """
    if not np.any(np.isfinite(ra_deg) & np.isfinite(dec_deg)):
        return None
    half_dec = np.radians(dec_deg - dec) / 2
    half_ra = np.radians(ra_deg - ra) / 2
    squared = np.sin(half_dec) ** 2 + (
        np.cos(np.radians(dec_deg)) * math.cos(math.radians(dec)) * np.sin(half_ra) ** 2
    )
    place = int(np.nanargmin(squared))
    distance = 2 * math.asin(math.sqrt(min(float(squared[place]), 1.0)))
    return place, math.degrees(distance) * 3600
