"""The order in which rows are graded: pure functions of columns, for a pool's thread."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.session.agreement import SPEED_OF_LIGHT_KM_S
from astrogui.session.inter_grader import FAR_KM_S

ORDERS: tuple[tuple[str, str], ...] = (
    ("table", "as in the table"),
    ("least_confident", "least confident first"),
    ("most_confident", "most confident first"),
    ("novelty", "least like the training set first"),
    ("network", "network against grader first"),
    ("graders", "grader against grader first"),
)
BOUNDS = ("_lo68", "_hi68", "_lo90", "_hi90")
PAUSE_S = 300.0  # a longer one is no grading time
RECENT = 30  # grades that the rate is taken from

Columns = Mapping[str, NDArray[Any]]


def columns_for(order: str, names: Sequence[str]) -> tuple[str, ...]:
    """Those of a catalogue's columns that an order needs."""
    if order in {"least_confident", "most_confident"}:
        return tuple(n for n in names if n.startswith("prob_") and not n.endswith(BOUNDS)) or tuple(
            name for parameter in _first_parameter(names)
            for name in (parameter, f"{parameter}_lo68", f"{parameter}_hi68")
        )  # fmt: skip
    if order == "novelty":
        return tuple(n for n in names if n == "novelty" or n.startswith("novelty_"))
    if order == "network":
        classes = tuple(n for n in names if re.fullmatch(r"class(_[a-z]\w*)?", n))
        judged = tuple(n for n in ("z", "user_z", "user_class") if n in names)
        return (*classes, *judged)
    return ()


def ordered(
    row_ids: NDArray[np.int64],
    columns: Columns,
    order: str,
    disputes: Mapping[int, float] | None = None,
) -> NDArray[np.int64]:
    """Rows (n,) in the order of grading; equal ones stay as they stand, unknown ones come last.

    ``columns`` are (n,) of these rows; ``disputes`` says how much the graders of a row differ.
    """
    if order == "table":
        return row_ids
    if order == "graders":
        weights = disputes or {}
        keys = -np.array([weights.get(int(row_id), np.nan) for row_id in row_ids], float)
    elif order == "network":
        keys = -network_dispute(columns, len(row_ids))
    elif order == "novelty":
        keys = -_largest(list(columns.values()), len(row_ids))
    else:
        keys = confidence(columns, len(row_ids)) * (1 if order == "least_confident" else -1)
    return row_ids[np.argsort(keys, kind="stable")]  # numpy sorts NaN to the end


def confidence(columns: Columns, count: int) -> NDArray[np.float64]:
    """How sure the network is of a row, 0 to 1, NaN where it gave no answer.

    The probability of the redshift peak (``prob_z``) where there is one, else that of the likeliest
    class, else 1 / (1 + w) with w the relative width of the first parameter's 68 % interval.
    """
    probabilities = [columns[n] for n in columns if n.startswith("prob_") and n != "prob_z"]
    best = _largest(probabilities, count)
    if "prob_z" in columns:
        peak = np.asarray(columns["prob_z"], float)
        best = np.where(np.isfinite(peak), peak, best)
    for name in columns:
        if f"{name}_lo68" in columns:
            value = np.asarray(columns[name], float)
            width = np.asarray(columns[f"{name}_hi68"], float) - columns[f"{name}_lo68"]
            with np.errstate(divide="ignore", invalid="ignore"):
                relative = np.abs(width / value)
            best = np.where(np.isfinite(best), best, 1 / (1 + relative))
    return best


def network_dispute(columns: Columns, count: int) -> NDArray[np.float64]:
    """How much the grader differs from the network: 1 for the class, up to 1 for the redshift.

    NaN where the grader judged neither. Redshifts within 1000 km/s agree.
    """
    found = np.full(count, np.nan)
    if "user_class" in columns:
        mine = np.char.lower(np.asarray(columns["user_class"]).astype(str))
        for name in (n for n in columns if n == "class" or n.startswith("class_")):
            theirs = np.char.lower(np.asarray(columns[name]).astype(str))
            both = (mine != "") & (theirs != "")
            found = np.where(both, np.fmax(found, (mine != theirs).astype(float)), found)
    if {"z", "user_z"} <= set(columns):
        apart = np.asarray(columns["z"], float), np.asarray(columns["user_z"], float)
        with np.errstate(invalid="ignore", divide="ignore"):
            velocity = np.abs(np.log1p(apart[0]) - np.log1p(apart[1])) * SPEED_OF_LIGHT_KM_S
        far = np.where(velocity > FAR_KM_S, velocity / (velocity + 1e5), 0.0)
        known = np.isfinite(velocity)
        found = np.where(known, np.where(np.isfinite(found), found, 0.0) + far, found)
    return found


class Pace:
    """How fast one grades, long pauses left out."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._spans: deque[float] = deque(maxlen=RECENT)
        self._last: float | None = None

    def count(self) -> None:
        """One more row is graded."""
        now = self._clock()
        if self._last is not None and now - self._last <= PAUSE_S:
            self._spans.append(now - self._last)
        self._last = now

    @property
    def per_hour(self) -> float | None:
        """Rows an hour over the last grades; None before there are two."""
        spent = sum(self._spans)
        return 3600 * len(self._spans) / spent if spent > 0 else None

    def left_s(self, rows: int) -> float | None:
        """Seconds that so many rows take at this pace."""
        return rows * sum(self._spans) / len(self._spans) if self._spans else None


def time_words(seconds: float) -> str:
    """ "40 s", "12 min", "3 h 20 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def _largest(arrays: Sequence[NDArray[Any]], count: int) -> NDArray[np.float64]:
    best = np.full(count, np.nan)
    for values in arrays:
        best = np.fmax(best, np.asarray(values, float))
    return best


def _first_parameter(names: Sequence[str]) -> tuple[str, ...]:
    known = set(names)
    return tuple(n for n in names if f"{n}_lo68" in known and not n.startswith("prob_"))[:1]
