"""What may come next in a filter expression: columns, their values, functions, words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from astrogui.records.catalogue import Column
from astrogui.session.filter_tokens import FilterProblem, name_text, quoted, tokens_of
from astrogui.session.filter_values import FUNCTIONS

WORDS = ("in (", "is null", "is not null", "matches ", "not ")
MOST = 60


def completions(
    text: str,
    cursor: int,
    columns: Sequence[Column],
    values_of: Callable[[str], Sequence[str]],
) -> tuple[int, list[str]]:
    """Where the word at the cursor begins, and what it may become.

    Behind ``class ==`` and inside ``in (`` these are the values of that column.
    """
    before = text[:cursor]
    try:
        found = tokens_of(before)[:-1]
    except FilterProblem as problem:
        if problem.start < len(before) and before[problem.start] in "\"'":
            return problem.start, _values(
                before[: problem.start], before[problem.start + 1 :], columns, values_of
            )
        return cursor, []
    last = found[-1] if found else None
    begun = ""
    start = cursor
    if last is not None and last.end == cursor and last.kind == "name":
        begun, start = last.text, last.start
    elif last is not None and last.end == cursor and last.kind in {"number", "text"}:
        return cursor, []
    values = _values(before[:start], begun, columns, values_of)
    if values:
        return start, values
    letters = begun.casefold()
    names = [name_text(c.name) for c in columns if letters in c.name.casefold()]
    names.sort(key=lambda name: not name.strip("`").casefold().startswith(letters))
    others = [f"{name}(" for name in FUNCTIONS] + list(WORDS)
    others = [word for word in others if letters and word.startswith(letters)]
    return start, (names + others)[:MOST]


def _values(
    before: str, begun: str, columns: Sequence[Column], values_of: Callable[[str], Sequence[str]]
) -> list[str]:
    """Values, in quotes, of the text column that is compared just before the cursor."""
    try:
        found = tokens_of(before)[:-1]
    except FilterProblem:
        return []
    texts = {column.name for column in columns if column.type == "text"}
    name = _compared(found, texts)
    if name is None:
        return []
    letters = begun.casefold()
    near = [value for value in values_of(name) if letters in value.casefold()]
    return [quoted(value) for value in near[:MOST]]


def _compared(found: Sequence[object], texts: set[str]) -> str | None:
    words = [getattr(token, "text", "") for token in found]
    if len(words) >= 2 and words[-1] in {"==", "=", "!=", "<>"} and words[-2] in texts:
        return str(words[-2])
    while len(words) > 2 and words[-1] != "(" and "(" in words:
        words.pop()  # values already in the list
    if len(words) >= 3 and words[-1] == "(" and words[-2] == "in":
        name = words[-3] if words[-3] != "not" else words[-4] if len(words) > 3 else ""
        return str(name) if name in texts else None
    return None
