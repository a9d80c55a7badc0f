"""Strain in HDF5 as gwpy or pycbc write it, and bare series that do not say when they were taken.

Layouts: gwpy writes one data set with attributes x0 and dx; pycbc one with start_time and delta_t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from astrogui.errors import MissingMetadata, Unsuitable
from astrogui.readers.hdf5_structure import all_values, attribute, opened, series, text
from astrogui.readers.reader import Head, Reader
from astrogui.readers.strain_note import (
    UNKNOWN_DETECTOR,
    UNKNOWN_QUALITY,
    detector_of,
    gap_notes,
    require_samples,
    require_timing,
)
from astrogui.records.provenance import Provenance
from astrogui.records.source import Kind, Source
from astrogui.records.strain import Strain

LAYOUTS = (("x0", "dx"), ("start_time", "delta_t"))  # start in GPS seconds, spacing in seconds
BARE_RATES = ("fs", "sample_rate", "sampling_rate", "samplerate")


@dataclass(frozen=True, slots=True)
class _Series:
    name: str
    gps_start: float
    sample_rate_hz: float
    samples: int
    detector: str


class SeriesHdf5(Reader):
    """gwpy and pycbc HDF5: each series of floats with a start and a spacing is an observation."""

    name = "time series HDF5"
    kind: Kind = "strain"

    def claims(self, head: Head) -> bool:
        return bool(_timed(head))

    def sources(self, head: Head) -> Sequence[Source]:
        names = _timed(head)
        found = []
        with opened(head.path) as file:
            for name in names:
                one = _series(head.path, file, name, head.options.get("detector", ""))
                found.append(
                    head.source(
                        self,
                        part=name if len(names) > 1 else "",
                        detector=one.detector,
                        gps_start=one.gps_start,
                        duration_s=one.samples / one.sample_rate_hz,
                        sample_rate_hz=one.sample_rate_hz,
                        shape=(one.samples,),
                        remarks=_remarks(one),
                    )
                )
        return found

    def read(self, source: Source) -> Strain:
        head = Head(source.path)
        name = source.part or _timed(head)[0]
        with opened(source.path) as file:
            one = _series(source.path, file, name, source.option("detector"))
            samples = all_values(source.path, file[name]).astype(np.float64, copy=False)
            header = {key: text(value) for key, value in file[name].attrs.items()}
        require_samples(source.path, name, samples)
        return Strain(
            samples=samples,
            gps_start=one.gps_start,
            sample_rate_hz=one.sample_rate_hz,
            detector=one.detector,
            notes=(*gap_notes(samples, one.sample_rate_hz), *_remarks(one)),
            header=header,
            provenance=Provenance(
                path=source.path,
                sha256=source.sha256,
                part=name,
                reader=self.name,
                reader_version=self.version,
            ),
        )


class BareStrainHdf5(Reader):
    """A series called strain that does not say when it was taken: recognised, and refused."""

    name = "bare strain HDF5"
    kind: Kind = "strain"
    generic = True

    def claims(self, head: Head) -> bool:
        return bool(_bare(head))

    def sources(self, head: Head) -> Sequence[Source]:
        name = _bare(head)
        with opened(head.path) as file:
            rate = any(key in file[name].attrs for key in BARE_RATES)
        missing = "the GPS time of the first sample" + ("" if rate else " and the sample rate")
        raise MissingMetadata(
            head.path,
            name,
            f"the file does not say {missing}",
            "Fetch the event's file from GWOSC, or write the series with gwpy or pycbc, which "
            "store its time.",
        )

    def read(self, source: Source) -> Strain:
        raise Unsuitable(source.path, "", "a series without time", "Fetch the file from GWOSC.")


def _timed(head: Head) -> list[str]:
    if not head.is_hdf5 or "strain/Strain" in head.hdf5_names:
        return []
    found = []
    with opened(head.path) as file:
        for name in sorted(head.hdf5_names):
            if name.count("/") > 1 or getattr(file[name], "ndim", 0) != 1:
                continue
            keys = set(file[name].attrs)
            if file[name].dtype.kind == "f" and any(set(layout) <= keys for layout in LAYOUTS):
                found.append(name)
    return found


def _bare(head: Head) -> str:
    if not head.is_hdf5 or _timed(head):
        return ""
    with opened(head.path) as file:
        for name in sorted(head.hdf5_names):
            member = file[name]
            if (
                name.rpartition("/")[2].lower() in {"strain", "h", "strain_data"}
                and getattr(member, "ndim", 0) == 1
                and member.dtype.kind == "f"
            ):
                return name
    return ""


def _series(path: str, file: Any, name: str, option: str) -> _Series:
    dataset = series(path, file, name)
    start, spacing = next(pair for pair in LAYOUTS if set(pair) <= set(dataset.attrs))
    gps_start = attribute(path, dataset, start)
    rate_hz = require_timing(path, name, gps_start, attribute(path, dataset, spacing))
    told = {key: text(dataset.attrs[key]) for key in ("channel", "name") if key in dataset.attrs}
    told["path"] = f"{name.rpartition('/')[2]}:"
    return _Series(name, gps_start, rate_hz, int(dataset.size), detector_of(told, option))


def _remarks(one: _Series) -> tuple[str, ...]:
    return (UNKNOWN_QUALITY,) if one.detector else (UNKNOWN_QUALITY, UNKNOWN_DETECTOR)
