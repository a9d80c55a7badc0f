"""What the parts of a condition are worth on whole columns: numbers with units, texts, masks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Column
from astrogui.records.text_column import TextColumn, text_column
from astrogui.session.unit_scale import factor

TEXTS_AT_ONCE = 8192  # compared together


class Misfit(Exception):
    """Parts that do not go together, in words."""


@dataclass(frozen=True, slots=True)
class Number:
    """Numbers (n,) or one; ``unit`` None where any may be meant."""

    array: NDArray[np.float64] | np.float64
    unit: str | None
    name: str = ""
    is_truth: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """One text, or a column of them."""

    texts: str | TextColumn
    name: str = ""


@dataclass(frozen=True, slots=True)
class Mask:
    array: NDArray[np.bool_]


Value = Number | Text | Mask


class Rows:
    """Columns by name, cut to the rows to be looked at."""

    def __init__(
        self, arrays: Mapping[str, Any], columns: Mapping[str, Column], count: int
    ) -> None:
        """``arrays``: (n,) numbers or a ``TextColumn``; a column not given is null throughout."""
        self._arrays, self._columns, self._count = arrays, columns, count

    def __len__(self) -> int:
        return self._count

    def value(self, name: str) -> Value:
        column = self._columns[name]
        found = self._arrays.get(name)
        if column.type == "text":
            return Text(text_column([""] * self._count) if found is None else found, name)
        array = np.full(self._count, np.nan) if found is None else found
        return Number(array, column.unit, name, column.type == "bool")


def as_mask(value: Value) -> Mask:
    if isinstance(value, Mask):
        return value
    if isinstance(value, Number) and (value.is_truth or np.ndim(value.array) == 0):
        return Mask(np.asarray(value.array == 1))
    name = value.name or "this"
    example = f"{name} > 0.5" if isinstance(value, Number) else f'{name} == "QSO"'
    raise Misfit(f"This is no condition. Compare {name} with something, as in {example}.")


def both(left: Value, right: Value) -> Mask:
    return Mask(as_mask(left).array & as_mask(right).array)


def either(left: Value, right: Value) -> Mask:
    return Mask(as_mask(left).array | as_mask(right).array)


def opposite(value: Value) -> Mask:
    return Mask(~as_mask(value).array)


def is_null(value: Value) -> Mask:
    if isinstance(value, Number):
        return Mask(np.isnan(value.array))
    if isinstance(value, Text):
        texts = value.texts
        return Mask(np.asarray(texts == "" if isinstance(texts, str) else texts.codes == 0))
    raise Misfit("Only a column can be null.")


def is_there(value: Value) -> Mask:
    return opposite(is_null(value))


def compared(sign: str) -> Callable[[Value, Value], Mask]:
    def compare(left: Value, right: Value) -> Mask:
        if isinstance(left, Number) and isinstance(right, Number):
            a, b, _ = in_one_unit(left, right)
            return Mask(np.asarray(_COMPARE[sign](a, b)) & ~np.isnan(a) & ~np.isnan(b))
        if isinstance(left, Text) and isinstance(right, Text):
            return _compared_texts(left, right, sign)
        raise Misfit(f"{_called(left)} and {_called(right)} cannot be compared.")

    return compare


def among(value: Value, *options: Value) -> Mask:
    found = compared("==")(value, options[0])
    for option in options[1:]:
        found = either(found, compared("==")(value, option))
    return found


def matching(pattern: re.Pattern[str], negated: bool) -> Callable[[Value], Mask]:
    def match(value: Value) -> Mask:
        if not isinstance(value, Text):
            raise Misfit(f"{_called(value)} cannot be matched with a pattern: it is no text.")
        return _of_words(value, lambda text: (pattern.search(text) is None) == negated)

    return match


def added(sign: str) -> Callable[[Value, Value], Number]:
    def add(left: Value, right: Value) -> Number:
        first, second = _number(left, sign), _number(right, sign)
        a, b, unit = in_one_unit(first, second)
        return Number(np.asarray(a + b if sign == "+" else a - b), unit)

    return add


def multiplied(sign: str) -> Callable[[Value, Value], Number]:
    def multiply(left: Value, right: Value) -> Number:
        first, second = _number(left, sign), _number(right, sign)
        a, b = first.array, second.array
        made = np.asarray(a * b if sign == "*" else a / b)
        if second.unit in {None, ""}:
            return Number(made, first.unit)
        if sign == "*" and first.unit in {None, ""}:
            return Number(made, second.unit)
        scale = factor(first.unit or "", second.unit or "") if sign == "/" else None
        return Number(made if scale is None else made * scale, None if scale is None else "")

    return multiply


def negative(value: Value) -> Number:
    number = _number(value, "-")
    return Number(np.asarray(-number.array), number.unit)


def power(base: Value, exponent: Value) -> Number:
    first, second = _number(base, "^"), _number(exponent, "^")
    return Number(
        np.asarray(np.power(first.array, second.array)), first.unit if first.unit == "" else None
    )


def in_one_unit(first: Number, second: Number) -> tuple[Any, Any, str | None]:
    """Both as numbers of one unit: a column's before that of a number written down."""
    if first.unit is None or second.unit is None or first.unit == second.unit:
        return first.array, second.array, second.unit if first.unit is None else first.unit
    if second.name or not first.name:
        scale = factor(first.unit, second.unit)
        if scale is not None:
            return first.array * scale, second.array, second.unit
    scale = factor(second.unit, first.unit)
    if scale is None:
        raise Misfit(f"{_called(first)} and {_called(second)} have units that do not fit.")
    return first.array, second.array * scale, first.unit


def cone(ra: Value, dec: Value, *given: Value) -> Mask:
    """Rows within a radius round a position; a radius without a unit is in degrees."""
    centre = [_number(value, "cone") for value in given]
    angles = [np.radians(in_one_unit(Number(np.float64(0), "deg", "ra"), c)[1]) for c in centre]
    longitude, latitude = (np.radians(_number(value, "cone").array) for value in (ra, dec))
    ra0, dec0, radius = angles
    # Haversine: exact for arcseconds as for half the sky.
    half = (
        np.sin((latitude - dec0) / 2) ** 2
        + np.cos(latitude) * np.cos(dec0) * np.sin((longitude - ra0) / 2) ** 2
    )
    return Mask(np.asarray(half <= np.sin(np.clip(radius, 0, np.pi) / 2) ** 2))


def _function(numpy_function: Callable[..., Any], keeps_unit: bool) -> Callable[..., Number]:
    def work_out(*given: Value) -> Number:
        first = _number(given[0], "a function")
        if keeps_unit:
            arrays = [first.array]
            arrays += [in_one_unit(first, _number(v, "a function"))[1] for v in given[1:]]
            return Number(np.asarray(numpy_function(*arrays)), first.unit)
        return Number(np.asarray(numpy_function(first.array)), None)

    return work_out


# Name: function, fewest and most arguments, and how they are written.
FUNCTIONS: dict[str, tuple[Callable[..., Value], int, int, str]] = {
    "abs": (_function(np.abs, True), 1, 1, "number"),
    "sqrt": (_function(np.sqrt, False), 1, 1, "number"),
    "log10": (_function(np.log10, False), 1, 1, "number"),
    "ln": (_function(np.log, False), 1, 1, "number"),
    "exp": (_function(np.exp, False), 1, 1, "number"),
    "floor": (_function(np.floor, True), 1, 1, "number"),
    "round": (_function(np.round, True), 1, 1, "number"),
    "min": (_function(np.fmin, True), 2, 2, "number, number"),
    "max": (_function(np.fmax, True), 2, 2, "number, number"),
    "cone": (cone, 3, 3, "ra, dec, radius"),
}
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater,
    ">=": np.greater_equal,
}  # fmt: skip


def _number(value: Value, sign: str) -> Number:
    if not isinstance(value, Number):
        raise Misfit(f"{_called(value)} is no number, which {sign} needs.")
    return value


def _called(value: Value) -> str:
    if isinstance(value, Mask):
        return "A condition"
    if isinstance(value, Text):
        return f"{value.name} (text)" if value.name else f'the text "{value.texts}"'
    unit = f" [{value.unit}]" if value.unit else ""
    return f"{value.name or 'a number'}{unit}"


def _compared_texts(left: Text, right: Text, sign: str) -> Mask:
    if isinstance(left.texts, str) and isinstance(right.texts, str):
        return Mask(np.asarray(_COMPARE[sign](left.texts, right.texts)))
    if isinstance(left.texts, str):
        mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(sign, sign)
        return _compared_texts(right, left, mirrored)
    column = left.texts
    if isinstance(right.texts, str):
        wanted = right.texts
        if sign in {"==", "!="}:
            code = column.words.code(wanted)
            same = np.zeros(len(column), bool) if code is None else np.asarray(column.codes == code)
            if sign == "==":
                return Mask(same if wanted else np.zeros(len(column), bool))
            return Mask(~same & (column.codes != 0))
        compare = _COMPARE[sign]
        return _of_words(left, lambda text: bool(compare(text, wanted)))
    found = (column.codes != 0) & (right.texts.codes != 0)
    a, b = column.texts(), right.texts.texts()
    # In pieces: comparing objects stops every other thread.
    for first in range(0, len(found), TEXTS_AT_ONCE):
        some = slice(first, first + TEXTS_AT_ONCE)
        found[some] &= np.asarray(_COMPARE[sign](a[some], b[some])).astype(bool)
    return Mask(found)


def _of_words(value: Text, is_wanted: Callable[[str], bool]) -> Mask:
    """A condition on texts, asked once for each distinct one; null satisfies none."""
    if isinstance(value.texts, str):
        return Mask(np.asarray(bool(value.texts) and is_wanted(value.texts)))
    column = value.texts
    if len(column) < len(column.words):  # few rows: only their words
        codes, back = np.unique(column.codes, return_inverse=True)
        found = np.array([code != 0 and is_wanted(column.words[int(code)]) for code in codes], bool)
        return Mask(found[back] if len(codes) else np.zeros(0, bool))
    count = len(column.words)
    words = np.fromiter(map(is_wanted, islice(column.words, count)), bool, count)
    words[0] = False
    return Mask(words[column.codes])
