"""Which columns of the export are columns on screen, and how they stand there at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from astrogui.records.catalogue import Column
from astrogui.records.judgement import FIELDS

BOUNDS = ("_lo68", "_hi68", "_lo90", "_hi90")
HIDDEN = ("model_sha256",)
PROBABILITY = "prob_"  # columns that begin so are shown in per cent
VOTES = "votes_"  # what a crowd would say: many columns, beside the probabilities
FIRST = ("file", "object_id")


@dataclass(frozen=True, slots=True)
class Shown:
    """A column on screen: of the export, with the bounds that belong to it folded in."""

    column: Column
    has_bounds: bool


def shown_columns(columns: Sequence[Column]) -> tuple[Shown, ...]:
    """Values stand with their intervals; bounds and hashes have no column of their own."""
    names = {column.name for column in columns}
    return tuple(
        Shown(column, f"{column.name}_lo68" in names)
        for column in columns
        if not column.name.endswith(BOUNDS) and not column.name.startswith(HIDDEN)
    )


def exported_names(shown: Sequence[str], columns: Sequence[Column]) -> list[str]:
    """Columns on screen as columns of the export: each with the bounds folded into it."""
    names = {column.name for column in columns}
    return [
        name for base in shown for name in (base, *(base + end for end in BOUNDS)) if name in names
    ]


def rank(shown: Shown) -> int:
    """Object, answers, probabilities, judgements, doubts, votes: what is read first stands left."""
    name = shown.column.name
    if name in FIRST:
        return 0
    if name.startswith(PROBABILITY):
        return 2
    if name.startswith(VOTES):
        return 5
    if name == "class" or shown.has_bounds:
        return 1
    if name in FIELDS:
        return 3
    return 4 if name.startswith("flags") else 6
