"""Stored cells against cells computed again: identical, within tolerance, or different."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from astrogui.records.packing import posterior_from_bytes, posterior_to_bytes
from astrogui.records.posterior import Posterior

State = Literal["identical", "within", "differs", "impossible", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellDifference:
    """A cell that is not the same; ``difference`` is relative, infinite where kinds differ."""

    column: str
    stored: Any
    computed: Any
    difference: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What computing an answer again has shown."""

    row_id: int
    answer_id: int
    task: str
    state: State
    words: str
    tolerance: float = 0.0
    cells: tuple[CellDifference, ...] = ()  # those that differ at all, the largest first

    @property
    def agrees(self) -> bool:
        return self.state in {"identical", "within"}


def differences(
    stored: Mapping[str, Any], computed: Mapping[str, Any], scales: Mapping[str, float]
) -> tuple[CellDifference, ...]:
    """The cells that differ, the largest difference first.

    A number's difference is |stored - computed| / (|computed| + s), where s of ``scales`` keeps
    quantities near zero from being judged by their own smallness, as in the golden records.
    """
    found = []
    for name in stored:  # of a column that came since, an older answer says nothing
        apart = _apart(stored.get(name), computed.get(name), scales.get(name, 0.0))
        if apart > 0:
            found.append(
                CellDifference(
                    column=name, stored=stored.get(name), computed=computed.get(name),
                    difference=apart,
                )
            )  # fmt: skip
    return tuple(sorted(found, key=lambda cell: -cell.difference))


def scales_of(posterior: Posterior, names: Mapping[str, Any]) -> dict[str, float]:
    """The s of ``differences`` of each cell: half a 68 % interval of its quantity, 1 of shares."""
    scales = {name: 1.0 for name in names if name.startswith("prob_") or name == "novelty"}
    for parameter in posterior.parameters:
        low, high = posterior.interval(parameter.name, 0.68)
        half = 0.5 * (high - low)
        if math.isfinite(half):
            for name in names:
                if name == parameter.name or name.startswith(
                    (f"{parameter.name}_lo", f"{parameter.name}_hi")
                ):
                    scales[name] = half
    return scales


def posterior_difference(stored: Posterior, computed: Posterior) -> float:
    """The largest relative difference of all quantiles and class probabilities.

    Scaled as the cells are. Infinite where they are of other quantities or classes. The computed
    one is packed as it would have been stored, so that rounding there is no difference.
    """
    computed = posterior_from_bytes(posterior_to_bytes(computed))
    if stored.parameters != computed.parameters or stored.classes != computed.classes:
        return math.inf
    worst = 0.0
    for i, parameter in enumerate(computed.parameters):
        low, high = computed.interval(parameter.name, 0.68)
        worst = max(worst, _worst(stored.quantiles[i], computed.quantiles[i], 0.5 * (high - low)))
    if computed.class_probability is not None:
        if stored.class_probability is None:
            return math.inf
        worst = max(worst, _worst(stored.class_probability, computed.class_probability, 1.0))
    return worst


def judged(
    cells: tuple[CellDifference, ...], beyond_cells: float, tolerance: float
) -> tuple[State, str]:
    """The state and its words. ``beyond_cells`` is the difference of the whole posterior."""
    worst = max((cell.difference for cell in cells), default=0.0)
    if max(worst, beyond_cells) == 0:
        return "identical", "identical in every cell"
    wrong = [cell for cell in cells if cell.difference > tolerance]
    if wrong:
        first, more = wrong[0], len(wrong) - 1
        words = (
            f"differs: {first.column} is {_text(first.stored)} as stored and "
            f"{_text(first.computed)} as computed again{_by(first.difference, tolerance)}"
        )
        return "differs", words + (f", and {more} more cells differ" if more else "")
    if beyond_cells > tolerance:
        return "differs", (
            "differs: the cells agree, but the stored posterior behind them does not"
            f"{_by(beyond_cells, tolerance)}"
        )
    name = cells[0].column if cells else "the posterior"
    return "within", (
        f"within tolerance: largest difference {max(worst, beyond_cells):.1e}, of {name} "
        f"(tolerance {tolerance:.0e}, relative)"
    )


def _by(difference: float, tolerance: float) -> str:
    if not math.isfinite(difference):
        return ""
    return f" (relative difference {difference:.1e}, tolerance {tolerance:.0e})"


def _apart(stored: Any, computed: Any, scale: float) -> float:
    if stored == computed:
        return 0.0
    numbers = all(
        isinstance(value, int | float) and not isinstance(value, bool)
        for value in (stored, computed)
    )
    if not numbers:
        return math.inf
    size = abs(computed) + scale
    return abs(stored - computed) / size if size > 0 else math.inf


def _worst(stored: Any, computed: Any, scale: float) -> float:
    have, want = np.asarray(stored, np.float64), np.asarray(computed, np.float64)
    if have.shape != want.shape or not np.array_equal(np.isnan(have), np.isnan(want)):
        return math.inf
    known = ~np.isnan(want)
    if not known.any() or np.array_equal(have[known], want[known]):
        return 0.0
    size = np.abs(want[known]) + (scale if math.isfinite(scale) else 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.where(have[known] == want[known], 0.0, np.abs(have[known] - want[known]) / size)
    return float(apart.max())


def _text(value: Any) -> str:
    if value is None:
        return "empty"
    return f"{value:.7g}" if isinstance(value, float) else f"“{value}”"
