"""What a column holds: how many values, where they lie, and which texts are common."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from astrogui.records.text_column import TextColumn

QUANTILES = (0.05, 0.16, 0.25, 0.5, 0.75, 0.84, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """Statistics of one column over some rows; numbers are NaN where there is no value."""

    rows: int
    nulls: int
    is_text: bool
    least: float = np.nan
    most: float = np.nan
    mean: float = np.nan
    deviation: float = np.nan  # of the sample, n - 1
    quantiles: tuple[float, ...] = (np.nan,) * len(QUANTILES)
    distinct: int = 0
    counts: list[tuple[str, int]] = field(default_factory=list)  # texts, the commonest first

    @property
    def values(self) -> int:
        return self.rows - self.nulls


def facts_of(values: NDArray[np.float64] | TextColumn) -> ColumnFacts:
    """Statistics of numbers with NaN for null, or of texts with "" for null."""
    if isinstance(values, TextColumn):
        counts = values.counts()
        nulls = int(np.count_nonzero(values.codes == 0))
        return ColumnFacts(
            rows=len(values), nulls=nulls, is_text=True, distinct=len(counts), counts=counts[:1000]
        )
    there = np.compress(~np.isnan(values), values)
    rows, nulls = values.size, values.size - there.size
    if not there.size:
        return ColumnFacts(rows=rows, nulls=nulls, is_text=False)
    there.sort()
    return ColumnFacts(
        rows=rows,
        nulls=nulls,
        is_text=False,
        least=float(there[0]),
        most=float(there[-1]),
        mean=float(there.mean()),
        deviation=float(there.std(ddof=1)) if there.size > 1 else np.nan,
        quantiles=tuple(float(q) for q in np.quantile(there, QUANTILES)),
        distinct=1 + int(np.count_nonzero(np.diff(there))),
    )
