"""Strain as the Gravitational-Wave Open Science Center releases it in HDF5, at any sample rate.

Layout: GWOSC open-data documentation ("Format of the strain data files"); Abbott et al. 2021,
SoftwareX 13, 100658, section 3. Detector, start and rate are taken from the content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged
from astrogui.readers.hdf5_structure import (
    all_values,
    attribute,
    opened,
    plain_dataset,
    require_sound_heaps,
    scalar,
    series,
    text,
    words,
)
from astrogui.readers.reader import Head, Reader
from astrogui.readers.strain_note import gap_notes, quality_notes, require_samples, require_timing
from astrogui.records.provenance import Provenance
from astrogui.records.source import Kind, Source
from astrogui.records.strain import Strain, StrainOutline

STRAIN = "strain/Strain"
OUTLINE_STRETCHES = 4096  # at least, of a series that has as many samples; fewer than twice as many
_READ_AT_ONCE = 1 << 20  # samples: what is read piece by piece stays in the processor's cache


@dataclass(frozen=True, slots=True)
class _Axis:
    gps_start: float
    sample_rate_hz: float
    samples: int
    detector: str


class GwoscHdf5(Reader):
    """Strain released by GWOSC, old (LOSC) and new naming alike."""

    name = "GWOSC HDF5"
    kind: Kind = "strain"

    def claims(self, head: Head) -> bool:
        return head.is_hdf5 and {STRAIN, "meta/GPSstart"} <= head.hdf5_names

    def sources(self, head: Head) -> Sequence[Source]:
        with opened(head.path) as file:
            axis = _axis(head.path, file)
            has_quality = "quality/simple/DQmask" in head.hdf5_names
        return [
            head.source(
                self,
                detector=axis.detector,
                gps_start=axis.gps_start,
                duration_s=axis.samples / axis.sample_rate_hz,
                sample_rate_hz=axis.sample_rate_hz,
                shape=(axis.samples,),
                remarks=() if has_quality else ("data quality unknown: the file has no mask",),
            )
        ]

    def read(self, source: Source) -> Strain:
        require_sound_heaps(source.path)
        with opened(source.path) as file:
            axis = _axis(source.path, file)
            samples = all_values(source.path, file[STRAIN]).astype(np.float64, copy=False)
            seconds = round(axis.samples / axis.sample_rate_hz)
            quality, quality_names = _mask(source.path, file, "simple", "DQ", seconds)
            injections, injection_names = _mask(source.path, file, "injections", "Inj", seconds)
            header = {
                f"meta/{key}": text(value[()])
                for key, value in file["meta"].items()
                if getattr(value, "shape", None) == ()
            }
        require_samples(source.path, STRAIN, samples)
        notes = gap_notes(samples, axis.sample_rate_hz)
        notes += quality_notes(quality, quality_names)
        description = header.get("meta/Description", "")
        if description.startswith(("DERIVED", "MADE", "SIMULATED")):
            notes += (description,)
        return Strain(
            samples=samples,
            gps_start=axis.gps_start,
            sample_rate_hz=axis.sample_rate_hz,
            detector=axis.detector,
            quality=quality,
            quality_names=quality_names,
            injections=injections,
            injection_names=injection_names,
            notes=notes,
            header=header,
            provenance=Provenance(
                path=source.path,
                sha256=source.sha256,
                part=STRAIN,
                reader=self.name,
                reader_version=self.version,
            ),
        )


def outline(head: Head) -> StrainOutline | None:
    """The extremes of the series, in a fraction of the time that its record takes; None for other
    files. Raises ``FileProblem``."""
    if head.compression or not GwoscHdf5().claims(head):
        return None
    require_sound_heaps(head.path)
    with opened(head.path) as file:
        axis = _axis(head.path, file)
        stretch = 1 << max((axis.samples // OUTLINE_STRETCHES).bit_length() - 1, 0)
        lowest, highest = _extremes(file[STRAIN], stretch)
        seconds = round(axis.samples / axis.sample_rate_hz)
        quality, names = _mask(head.path, file, "simple", "DQ", seconds)
    require_samples(head.path, STRAIN, np.concatenate([lowest, highest]))
    return StrainOutline(
        lowest=lowest,
        highest=highest,
        stretch_s=stretch / axis.sample_rate_hz,
        gps_start=axis.gps_start,
        sample_rate_hz=axis.sample_rate_hz,
        detector=axis.detector,
        quality=quality,
        quality_names=names,
    )


def _extremes(dataset: Any, stretch: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest of every ``stretch`` samples (a power of two), NaN left out."""
    count = -(-dataset.size // stretch)
    lowest, highest = np.empty(count), np.empty(count)
    step = max(_READ_AT_ONCE, stretch)
    for first in range(0, dataset.size, step):
        values = dataset[first : first + step]
        starts = np.arange(0, values.size, stretch)
        place = slice(first // stretch, first // stretch + starts.size)
        lowest[place] = np.fmin.reduceat(values, starts)
        highest[place] = np.fmax.reduceat(values, starts)
    return lowest, highest


def _axis(path: str, file: Any) -> _Axis:
    """Start, rate and length, which must agree with each other in every place they are told."""
    dataset = series(path, file, STRAIN)
    spacing_s = attribute(path, dataset, "Xspacing")
    gps_start = scalar(path, file, "meta/GPSstart")
    sample_rate_hz = require_timing(path, STRAIN, gps_start, spacing_s)
    promised = attribute(path, dataset, "Npoints") if "Npoints" in dataset.attrs else dataset.size
    duration_s = scalar(path, file, "meta/Duration") if "Duration" in file["meta"] else None
    due = promised if duration_s is None else duration_s * sample_rate_hz
    if dataset.size != promised or abs(dataset.size - due) > 0.5:
        raise Damaged(
            path,
            STRAIN,
            f"{dataset.size} samples, but the header promises {due:.0f} "
            f"({due / sample_rate_hz:g} s at {sample_rate_hz:g} Hz)",
            "Get a complete copy; the file was cut or its header is wrong.",
        )
    if "Xstart" in dataset.attrs:
        begin = attribute(path, dataset, "Xstart")
        if abs(begin - gps_start) > 0.5 / sample_rate_hz:
            raise Damaged(
                path,
                "meta/GPSstart",
                f"it says {gps_start:.3f}, {STRAIN} says {begin:.3f}",
                "Ask the writer of the file which is right.",
            )
    detector = text(file["meta/Detector"][()]) if "Detector" in file["meta"] else ""
    return _Axis(gps_start, sample_rate_hz, int(dataset.size), detector[:8])


def _mask(
    path: str, file: Any, group: str, prefix: str, seconds: int
) -> tuple[NDArray[np.uint32] | None, tuple[str, ...]]:
    """Bits a second and their names; None and () where the file has none."""
    name = f"quality/{group}/{prefix}mask"
    if name not in file:
        return None, ()
    dataset = plain_dataset(path, file, name)
    if dataset.dtype.kind not in "iu" or dataset.shape != (seconds,):
        raise Damaged(
            path,
            name,
            f"expected a bit mask for each of {seconds} s, found {dataset.dtype} of shape "
            f"{dataset.shape}",
            "Get a complete copy of the file.",
        )
    mask = all_values(path, dataset).astype(np.uint32)
    names = f"quality/{group}/{prefix}Shortnames"
    short = words(all_values(path, plain_dataset(path, file, names))) if names in file else ()
    return mask, short
