"""A posterior as cells of the catalogue, and the columns that they fill."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from astrogui.records.catalogue import Column
from astrogui.records.posterior import Parameter, Posterior
from astrogui.records.provenance import Place
from astrogui.tasks.task import Task

INTERVAL_LEVELS: tuple[tuple[str, float], ...] = (("68", 0.68), ("90", 0.9))


def answer_columns(task: Task, bands: Sequence[str] = ()) -> tuple[Column, ...]:
    """The columns that an answer of ``task`` fills, in the order of the catalogue."""
    columns: list[Column] = []
    for parameter in task.parameters:
        columns += _parameter_columns(parameter)
    if task.classes:
        columns.append(
            Column(name="class", type="text", ucd="src.class", description="most probable class")
        )
    for cls in task.classes:
        columns += _class_columns(cls)
    columns += task.columns
    if task.record_columns is not None:
        columns += task.record_columns(bands)
    return tuple(columns)


def answer_values(task: Task, place: Place, posterior: Posterior) -> dict[str, Any]:
    """The cells of one answer; a number that is not finite is a null."""
    cells: dict[str, Any] = {}
    for parameter in posterior.parameters:
        cells[parameter.name] = posterior.value(parameter.name)
        for text, level in INTERVAL_LEVELS:
            low, high = posterior.interval(parameter.name, level)
            cells[f"{parameter.name}_lo{text}"] = low
            cells[f"{parameter.name}_hi{text}"] = high
    if task.classes and posterior.class_probability is not None:
        cells["class"] = posterior.most_probable_class
        for cls in task.classes:
            name = f"prob_{cls.lower()}"
            cells[name] = posterior.probability(cls)
            if posterior.class_quantiles is not None:
                for text, level in INTERVAL_LEVELS:
                    low, high = posterior.probability_interval(cls, level)
                    cells[f"{name}_lo{text}"] = low
                    cells[f"{name}_hi{text}"] = high
    cells.update(place.values)
    cells.update(posterior.extras)
    return {name: _plain(value) for name, value in cells.items()}


def _parameter_columns(parameter: Parameter) -> list[Column]:
    what = parameter.description or parameter.title
    columns = [
        Column(
            name=parameter.name,
            unit=parameter.unit,
            ucd=parameter.ucd,
            description=f"{what}: the value to quote",
        )
    ]
    for text, _ in INTERVAL_LEVELS:
        for end, words in (("lo", "lower"), ("hi", "upper")):
            columns.append(
                Column(
                    name=f"{parameter.name}_{end}{text}",
                    unit=parameter.unit,
                    ucd=f"{parameter.ucd or 'stat.value'};stat.{'min' if end == 'lo' else 'max'}",
                    description=f"{parameter.title}: {words} bound of the equal-tailed {text} % "
                    "interval",
                )
            )
    return columns


def _class_columns(cls: str) -> list[Column]:
    name = f"prob_{cls.lower()}"
    columns = [Column(name=name, ucd="stat.probability", description=f"probability of {cls}")]
    for text, _ in INTERVAL_LEVELS:
        for end, words in (("lo", "lower"), ("hi", "upper")):
            columns.append(
                Column(
                    name=f"{name}_{end}{text}",
                    ucd=f"stat.probability;stat.{'min' if end == 'lo' else 'max'}",
                    description=f"probability of {cls}: {words} bound of its {text} % spread over "
                    "equally good networks",
                )
            )
    return columns


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
