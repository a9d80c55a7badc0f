"""Posterior draws, gridded densities and quantiles to HDF5, one group an answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.errors import ExportProblem
from astrogui.export.exporter import write_safely
from astrogui.records.posterior import QUANTILE_LEVELS, Posterior


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PosteriorEntry:
    """A posterior with the words that say whose it is."""

    name: str  # group name, unique in the file
    attributes: Mapping[str, str | float | int]
    posterior: Posterior


def export_posteriors(entries: Iterable[PosteriorEntry], path: str | Path) -> int:
    """Write the posteriors, read them again, compare, rename; return how many there are.

    Layout: ``/<name>/`` with attributes; ``quantiles`` (parameter, level) beside
    ``quantile_levels``; ``draws`` (draw, name) and ``weights``; ``density`` (class, cell) with
    ``density_edges``. Raises ``ExportProblem`` or ``DiskFull``.
    """
    kept = list(entries)
    target = Path(path)

    def write_and_check(temporary: Path) -> None:
        import h5py

        with h5py.File(temporary, "w") as file:
            file.attrs["format"] = "AstroGUI posteriors 1"
            for entry in kept:
                _write(file.create_group(entry.name), entry)
        with h5py.File(temporary, "r") as file:
            for entry in kept:
                _compare(file[entry.name], entry, str(target))

    write_safely(target, write_and_check)
    return len(kept)


def _arrays(posterior: Posterior) -> dict[str, np.ndarray[Any, Any]]:
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    if posterior.parameters:
        arrays["quantiles"] = posterior.quantiles
        arrays["quantile_levels"] = QUANTILE_LEVELS
    for name in ("draws", "weights", "class_probability", "class_quantiles"):
        if (value := getattr(posterior, name)) is not None:
            arrays[name] = value
    if posterior.density is not None:
        arrays["density"] = posterior.density.density
        arrays["density_edges"] = posterior.density.edges
    return arrays


def _write(group: Any, entry: PosteriorEntry) -> None:
    posterior = entry.posterior
    for key, value in entry.attributes.items():
        group.attrs[key] = value
    for name, array in _arrays(posterior).items():
        group.create_dataset(name, data=array, compression="gzip", shuffle=True)
    group.attrs["parameters"] = [parameter.name for parameter in posterior.parameters]
    group.attrs["units"] = [parameter.unit for parameter in posterior.parameters]
    group.attrs["draw_names"] = list(posterior.draw_names)
    group.attrs["classes"] = list(posterior.classes)
    if posterior.density is not None:
        group.attrs["density_parameter"] = posterior.density.parameter
        group.attrs["density_classes"] = list(posterior.density.classes)


def _compare(group: Any, entry: PosteriorEntry, path: str) -> None:
    for name, array in _arrays(entry.posterior).items():
        if not np.array_equal(group[name][()], array, equal_nan=True):
            raise ExportProblem(f"{path}: read back, {entry.name}/{name} differs.")
