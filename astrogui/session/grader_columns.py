"""The columns that an export has for each of several graders."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from astrogui.records import judgement
from astrogui.records.catalogue import Catalogue, Column, catalogue_from_rows
from astrogui.session.columns import LAST
from astrogui.store.grades import ADJUDICATED, ByAuthor

GRADER_KEY = "grader_"  # before the short name of a grader in the meta of an export


def with_graders(
    catalogue: Catalogue, row_ids: Sequence[int], grades: Mapping[int, ByAuthor]
) -> Catalogue:
    """The catalogue with columns for each grader, where there is more than one."""
    names = sorted({name for by in grades.values() for name in by} - {ADJUDICATED})
    if len(names) < 2:
        return catalogue
    short = short_names(names)
    columns = tuple(
        replace(column, name=f"{column.name}_{short[name]}", ucd="",
                description=f"{column.description}, by {name}")
        for name in names
        for column in LAST
    )  # fmt: skip
    agreed = Column(name="user_agreed", type="text", description="judgements that were agreed on")
    cells = [
        {
            **{
                f"{field}_{short[name]}": value
                for name in names
                for field, value in judgement.cells(grades.get(row_id, {}).get(name, {})).items()
            },
            "user_agreed": ",".join(
                key.removeprefix("user_") for key in grades.get(row_id, {}).get(ADJUDICATED, {})
            ),
        }
        for row_id in row_ids
    ]
    more = catalogue_from_rows((*columns, agreed), cells)
    return Catalogue(
        columns=(*catalogue.columns, *more.columns),
        values={**catalogue.values, **more.values},
        nulls={**catalogue.nulls, **more.nulls},
        meta={**catalogue.meta, **{GRADER_KEY + short[name]: name for name in names}},
    )


def short_names(names: Sequence[str]) -> dict[str, str]:
    """A graders' names as they can stand in a column's name, each its own."""
    short: dict[str, str] = {}
    for name in names:
        base = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")[:20] or "grader"
        tried, number = base, 1
        while tried in short.values():
            number += 1
            tried = f"{base}_{number}"
        short[name] = tried
    return short
