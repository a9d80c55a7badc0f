"""The columns of the exported catalogue and their cells: one row an object."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from astrogui.records.catalogue import Column
from astrogui.records.flags import Flag
from astrogui.store.answers import AnswerInfo
from astrogui.tasks.row import answer_columns
from astrogui.tasks.task import Task

FIRST: tuple[Column, ...] = (
    Column(name="file", type="text", ucd="meta.id;meta.file", description="path as given"),
    Column(name="object_id", type="text", ucd="meta.id;meta.main", description="object"),
    Column(
        name="ra", unit="deg", ucd="pos.eq.ra;meta.main", description="right ascension, ICRS",
        format="%.6f",
    ),
    Column(
        name="dec", unit="deg", ucd="pos.eq.dec;meta.main", description="declination, ICRS",
        format="%.6f",
    ),
    Column(name="task", type="text", description="analyses that answered this row"),
)  # fmt: skip
PER_TASK: tuple[Column, ...] = (
    Column(name="model", type="text", ucd="meta.version", description="name of the model"),
    Column(name="model_sha256", type="text", description="hash over the model's files"),
    Column(name="flags", type="text", ucd="meta.code", description="doubts, in words"),
    Column(
        name="novelty",
        ucd="stat.value",
        description="unlikeness to the training set; 1 is the threshold of the flag",
    ),
    Column(
        name="options", type="text", ucd="meta.code",
        description="options that the analysis was run with, NAME=VALUE; empty without any",
    ),
)  # fmt: skip
LAST: tuple[Column, ...] = (
    Column(name="user_class", type="text", ucd="src.class", description="the analyst's class"),
    Column(
        name="user_z", ucd="src.redshift", format="%.5f",
        description="the analyst's redshift, dimensionless",
    ),
    Column(
        name="user_quality", type="int", ucd="meta.code.qual",
        description="quality grade: 0 no signal, 1 unusable, 2 doubtful, 3 probable, 4 certain, "
        "6 star",
    ),
    Column(
        name="user_tags", type="text", ucd="meta.note",
        description="the analyst's tags, joined by commas",
    ),
    Column(name="user_comment", type="text", ucd="meta.note", description="the analyst's words"),
)  # fmt: skip


def catalogue_columns(tasks: Sequence[Task], bands: Sequence[str]) -> tuple[Column, ...]:
    """All columns, for the tasks that are present in the project."""
    columns = list(FIRST)
    several = len(tasks) > 1
    for task in tasks or (None,):
        for column in PER_TASK:
            suffix = f"_{task.name}" if several and task is not None else ""
            columns.append(_renamed(column, column.name + suffix))
    taken = {column.name for column in columns}
    for task in tasks:
        own = own_names(task, tasks)
        for column in answer_columns(task, bands):
            renamed = _renamed(column, own.get(column.name, column.name))
            if renamed.name not in taken:
                columns.append(renamed)
                taken.add(renamed.name)
    return (*columns, *LAST)


def place_cells(
    found: Sequence[AnswerInfo], tasks: Sequence[Task], words: str = ""
) -> dict[str, Any]:
    """The cells that the newest answers of one row fill; ``words`` says why there is none."""
    several = len(tasks) > 1
    cells: dict[str, Any] = {"task": ",".join(answer.task for answer in found)}
    by_name = {task.name: task for task in tasks}
    for answer in found:
        suffix = f"_{answer.task}" if several else ""
        cells[f"model{suffix}"] = answer.provenance.model
        cells[f"model_sha256{suffix}"] = answer.provenance.model_sha256
        cells[f"flags{suffix}"] = "; ".join(Flag(answer.flags).words())
        cells[f"novelty{suffix}"] = answer.novelty
        cells[f"options{suffix}"] = option_words(answer.provenance.options)
        task = by_name.get(answer.task)
        own = own_names(task, tasks) if task is not None else {}
        for name, value in answer.cells.items():
            cells[own.get(name, name)] = value
    if not found and words:
        for task in tasks or (None,):
            suffix = f"_{task.name}" if several and task is not None else ""
            cells[f"flags{suffix}"] = words
    return cells


def option_words(options: Sequence[Sequence[str]]) -> str:
    """Pairs of an option's name and value as the cell of a row."""
    return "; ".join(f"{name}={value}" for name, value in options)


def own_names(task: Task, tasks: Sequence[Task]) -> dict[str, str]:
    """New names for the answers of a task that an earlier task of the same kind also gives.

    Measured quantities of the place (a flux) are the same for both and keep their name.
    """
    earlier: set[str] = set()
    for other in tasks:
        if other is task:
            break
        if other.reads == task.reads:
            earlier |= _answer_names(other)
    return {name: f"{name}_{task.name}" for name in _answer_names(task) & earlier}


@lru_cache(maxsize=64)  # every row that is read asks for those of its task
def _answer_names(task: Task) -> frozenset[str]:
    measured = {column.name for column in task.columns}
    return frozenset(column.name for column in answer_columns(task)) - measured


def _renamed(column: Column, name: str) -> Column:
    if name == column.name:
        return column
    return Column(
        name=name, type=column.type, unit=column.unit, ucd=column.ucd,
        description=column.description, format=column.format,
    )  # fmt: skip
