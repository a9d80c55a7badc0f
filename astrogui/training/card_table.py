"""Tables of figures, and the last lines, in the README of a model folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from astrogui.records.model_card import ModelCard


def table(
    rows: Mapping[str, Mapping[str, Any]],
    columns: Sequence[str],
    titles: Sequence[str] = (),
    head: str = "",
    style: str = ".3f",
) -> list[str]:
    """Lines of a Markdown table: a row's name, then its values of ``columns``, "-" where unknown.

    ``titles`` name the columns, by default by themselves; ``head`` stands over the names.
    """
    titles = titles or columns
    return [
        f"| {head} | ".replace("  ", " ") + " | ".join(titles) + " |",
        "|---|" + "---|" * len(titles),
        *[
            f"| {name} | " + " | ".join(cell(row.get(column), style) for column in columns) + " |"
            for name, row in rows.items()
        ],
    ]


def cell(value: Any, style: str = ".3f") -> str:
    """A figure in words: numbers with a fraction as ``style`` says, nothing as a dash."""
    if value is None:
        return "-"
    return format(value, style) if isinstance(value, float) else str(value)


def closing(card: ModelCard) -> list[str]:
    """What the model is not good for, and the licence: the last lines."""
    return [
        "## Limits",
        "",
        *[f"- {limit}" for limit in card.limits],
        "",
        f"Licence: {card.licence}.",
    ]
