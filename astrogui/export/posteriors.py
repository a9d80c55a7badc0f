"""Posterior draws, gridded densities and quantiles to HDF5, one group an answer."""

from __future__ import annotations

import hashlib
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


def export_posteriors(
    entries: Iterable[PosteriorEntry], path: str | Path, within: Path | None = None
) -> int:
    """Write the posteriors, read them again, compare, rename; return how many there are.

    ``within`` is where the unfinished file lies, None for beside ``path``.
    Layout: ``/<name>/`` with attributes; ``quantiles`` (parameter, level) beside
    ``quantile_levels``; ``draws`` (draw, name) and ``weights``; ``density`` (class, cell) with
    ``density_edges``. Raises ``ExportProblem`` or ``DiskFull``.
    """
    target = Path(path)
    written: dict[str, str] = {}  # by group: a hash over its arrays

    def write_and_check(temporary: Path) -> None:
        import h5py

        with h5py.File(temporary, "w") as file:
            file.attrs["format"] = "AstroGUI posteriors 1"
            for entry in entries:
                _write(file.create_group(entry.name), entry)
                written[entry.name] = _digest(_arrays(entry.posterior))
        with h5py.File(temporary, "r") as file:
            for name, digest in written.items():
                group = file[name]
                if _digest({key: group[key][()] for key in group}) != digest:
                    raise ExportProblem(f"{target}: read back, {name} differs.")

    write_safely(target, write_and_check, within=within)
    return len(written)


def _digest(arrays: Mapping[str, np.ndarray[Any, Any]]) -> str:
    """A hash over names, types, shapes and bytes."""
    made = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        made.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        made.update(array.tobytes())
    return made.hexdigest()


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
