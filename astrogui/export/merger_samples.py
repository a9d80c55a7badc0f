"""Draws of a merger under the names and units that bilby and PESummary read.

A ``.json`` file is a bilby result, of one merger, its priors in words; an ``.h5`` or ``.hdf5`` file
is PESummary's, with a group for each. Angles are radians, masses solar, distances Mpc, times GPS
seconds. Draws of unequal weight are drawn again with equal weights. Layouts: bilby 2 (Ashton et
al. 2019, ApJS 241, 27) and PESummary 1 (Hoy & Raymond 2021, SoftwareX 15, 100765).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import ExportProblem
from astrogui.export.exporter import write_safely
from astrogui.records.posterior import Posterior

Floats = NDArray[np.float64]
JSON, HDF5 = (".json",), (".h5", ".hdf5")
# Of those names that are others there; what is not named here keeps its own.
NAMES = {
    "chirp_mass_det": "chirp_mass",
    "mass_1_det": "mass_1",
    "mass_2_det": "mass_2",
    "total_mass_det": "total_mass",
    "final_mass_det": "final_mass",
}
IN_DEGREES = ("ra", "dec")
TIME_OFFSET = "gps_offset"  # of a draw's merger after the answer's "gps", both geocentric
Word = str | float | int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MergerEntry:
    """A posterior with what else is written of it."""

    label: str
    posterior: Posterior
    priors: Mapping[str, str]  # in words, from the model's card
    about: Mapping[str, Word]  # file, program, model ...


def has_samples(posterior: Posterior) -> bool:
    """Whether an answer is of a merger and carries draws."""
    return posterior.draws is not None and "chirp_mass_det" in posterior.draw_names


def standard_columns(posterior: Posterior) -> dict[str, Floats]:
    """Draws (n,) by the field's names, each of equal weight, in solar masses, Mpc, radians, s."""
    if posterior.draws is None:
        return {}
    draws = _evenly(posterior)
    own = {name: draws[:, place] for place, name in enumerate(posterior.draw_names)}
    columns: dict[str, Floats] = {}
    for name, values in own.items():
        if name in IN_DEGREES:
            columns[name] = np.radians(values)
        elif name == "inclination":
            columns["theta_jn"] = columns["iota"] = np.radians(values)  # alike for aligned spins
        elif name == TIME_OFFSET:
            columns["geocent_time"] = float(posterior.extras["gps"] or math.nan) + values
        else:
            columns[NAMES.get(name, name)] = values
    return columns


def export_samples(entries: Sequence[MergerEntry], path: str | Path) -> int:
    """Write, read again, compare, rename; the number of mergers.

    Raises ``ExportProblem`` for another ending, for several mergers in one ``.json``, or where
    nothing has draws; ``DiskFull``.
    """
    target = Path(path)
    kind = target.suffix.lower()
    if kind not in JSON + HDF5:
        raise ExportProblem(
            f"{target}: samples are written as .json (bilby) or .h5 (PESummary). Choose one."
        )
    if not entries:
        raise ExportProblem(
            f"{target}: no row has draws of a merger. Choose rows that a binary analysis answered."
        )
    if kind in JSON and len(entries) > 1:
        raise ExportProblem(
            f"{target}: a bilby result holds one merger, and {len(entries)} rows are to be "
            "written. Choose one row, or the ending .h5."
        )

    def write_and_check(temporary: Path) -> None:
        if kind in JSON:
            _write_bilby(entries[0], temporary)
        else:
            _write_pesummary(entries, temporary)
        read = read_samples(temporary)
        for entry in entries:
            wrote, found = standard_columns(entry.posterior), read[entry.label]
            if set(wrote) != set(found) or not all(
                np.array_equal(wrote[name], found[name]) for name in wrote
            ):
                raise ExportProblem(f"{target}: read back, {entry.label} differs.")

    write_safely(target, write_and_check)
    return len(entries)


def read_samples(path: str | Path) -> dict[str, dict[str, Floats]]:
    """The columns of each merger of a file, by its label."""
    path = Path(path)
    if path.suffix.lower() in JSON:
        with open(path, encoding="utf-8") as stream:
            found = json.load(stream)
        content = found["posterior"]["content"]
        return {found["label"]: {name: np.array(values) for name, values in content.items()}}
    import h5py

    with h5py.File(path, "r") as file:
        tables = {
            label: file[label]["posterior_samples"][()] for label in file if label != "version"
        }
    return {
        label: {name: table[name] for name in table.dtype.names} for label, table in tables.items()
    }


def _evenly(posterior: Posterior) -> Floats:
    """Draws (n, names) of equal weight: at even steps of the weights' sum."""
    assert posterior.draws is not None
    draws = posterior.draws.astype(np.float64)
    if posterior.weights is None:
        return draws
    ends = np.cumsum(posterior.weights, dtype=np.float64)
    at = (np.arange(len(draws)) + 0.5) / len(draws) * ends[-1]
    return np.asarray(draws[np.searchsorted(ends, at)])


def _about(entry: MergerEntry) -> dict[str, Word]:
    """Everything said of the answer; its time as GPS and as UTC."""
    extras = entry.posterior.extras
    said: dict[str, Word] = {**entry.about, **extras}
    gps = extras.get("gps")
    if isinstance(gps, float) and math.isfinite(gps):
        from astropy.time import Time

        said["utc"] = Time(gps, format="gps", scale="tai").utc.isot
    said["flags"] = "; ".join(entry.posterior.flags.words())
    said["waveform_approximant"] = _approximant(entry.posterior)
    return {name: _plain(value) for name, value in said.items() if value is not None}


def _approximant(posterior: Posterior) -> str:
    """The waveform that draws were weighted with; that of the network's training otherwise."""
    return str(posterior.extras.get("waveform") or "IMRPhenomD")


def _plain(value: Word) -> Word:
    is_bad = isinstance(value, float) and not math.isfinite(value)
    return str(value) if is_bad else value


def _evidence(posterior: Posterior) -> dict[str, float]:
    """The logarithm of the evidence relative to that of noise alone, where it is known."""
    value = posterior.extras.get("log_evidence")
    if not isinstance(value, float) or not math.isfinite(value):
        return {}
    return {"log_evidence": value, "log_noise_evidence": 0.0, "log_bayes_factor": value}


def _write_bilby(entry: MergerEntry, path: Path) -> None:
    columns = standard_columns(entry.posterior)
    result = {
        "label": entry.label,
        "outdir": ".",
        "sampler": "astrogui",
        **_evidence(entry.posterior),
        "search_parameter_keys": list(columns),
        "fixed_parameter_keys": [],
        "constraint_parameter_keys": [],
        "meta_data": {**_about(entry), "priors_in_words": dict(entry.priors)},
        "posterior": {
            "__dataframe__": True,
            "content": {name: values.tolist() for name, values in columns.items()},
        },
    }
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(result, stream, allow_nan=False)


def _write_pesummary(entries: Sequence[MergerEntry], path: Path) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        for entry in entries:
            columns = standard_columns(entry.posterior)
            table = np.empty(
                len(next(iter(columns.values()))), [(name, np.float64) for name in columns]
            )
            for name, values in columns.items():
                table[name] = values
            group = file.create_group(entry.label)
            group.create_dataset("posterior_samples", data=table, compression="gzip")
            group.create_dataset("approximant", data=[_approximant(entry.posterior).encode()])
            _write_words(group.create_group("meta_data/sampler"), _evidence(entry.posterior))
            _write_words(group.create_group("meta_data/meta_data"), _about(entry))
            _write_words(group.create_group("meta_data/priors_in_words"), entry.priors)
            file.create_dataset(f"version/{entry.label}", data=[b"AstroGUI"])


def _write_words(group: Any, words: Mapping[str, Word]) -> None:
    for name, value in words.items():
        made = value.encode() if isinstance(value, str) else value
        group.create_dataset(name, data=[made])
