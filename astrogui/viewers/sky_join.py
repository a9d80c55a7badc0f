"""Columns of another table joined to rows by their position on the sky."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Catalogue, Column
from astrogui.science.sky_match import match_on_sky

PREFIX = "match_"
SEPARATION = Column(
    name=f"{PREFIX}separation",
    unit="arcsec",
    ucd="pos.angDistance",
    description="distance to the matched source",
    format="%.3f",
)


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Rows that have a match, and the cells that they get from it."""

    row_ids: NDArray[np.int64]
    columns: tuple[Column, ...]
    values: dict[str, NDArray[np.generic] | list[str]]
    rows: int  # how many had a position


def joined(
    row_ids: NDArray[np.int64],
    ra_deg: NDArray[np.float64],
    dec_deg: NDArray[np.float64],
    other: Catalogue,
    positions: tuple[str, str],
    radius_arcsec: float,
    which: str,
    names: Sequence[str],
) -> Joined:
    """The nearest source of ``other`` for each row within the radius, with these columns of it.

    ``which`` is "nearest" or "mutual". Safe in any thread.
    """
    longitude, latitude = (np.asarray(other.values[name], np.float64) for name in positions)
    pairs = match_on_sky(ra_deg, dec_deg, longitude, latitude, radius_arcsec, which)
    columns = [SEPARATION]
    values: dict[str, NDArray[np.generic] | list[str]] = {SEPARATION.name: pairs.separation_arcsec}
    for name in names:
        column = replace(other.column(name), name=PREFIX + name, ucd="")
        cells = other.values[name][pairs.second]
        if column.type == "text":
            values[column.name] = [str(cell) for cell in cells]
        else:
            numbers = cells.astype(np.float64)
            null = other.nulls.get(name)
            if null is not None:
                numbers[null[pairs.second]] = np.nan
            values[column.name] = numbers
        columns.append(column)
    known = int(np.count_nonzero(np.isfinite(ra_deg) & np.isfinite(dec_deg)))
    return Joined(row_ids[pairs.first], tuple(columns), values, known)
