"""Strain in gravitational-wave frame files, read by gwpy where it is installed (extra ``frames``).

The chain of structures is walked first, so that a cut file is refused before any library opens it.
Layout: LIGO-T970130 (frame format version 8), sections 4.1 and 4.2.
"""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged, Unreadable, Unsuitable
from astrogui.readers.reader import Head, Reader, damaged
from astrogui.readers.strain_note import (
    UNKNOWN_DETECTOR,
    detector_of,
    gap_notes,
    quality_notes,
    require_samples,
    require_timing,
)
from astrogui.records.provenance import Provenance
from astrogui.records.source import Kind, Source
from astrogui.records.strain import Strain

FILE_HEADER_BYTES = 40
SHORTEST_STRUCTURE_BYTES = 14
STRAIN_CHANNEL = re.compile(r".*(?:STRAIN|h_\d+Hz|:h_|Hrec)", re.IGNORECASE)
# Bits of the released masks. Source: GWOSC open-data documentation, as in the HDF5 files.
QUALITY_NAMES = ("DATA", "CBC_CAT1", "CBC_CAT2", "CBC_CAT3", "BURST_CAT1", "BURST_CAT2",
                 "BURST_CAT3")  # fmt: skip
INJECTION_NAMES = ("NO_CBC_HW_INJ", "NO_BURST_HW_INJ", "NO_DETCHAR_HW_INJ", "NO_CW_HW_INJ",
                   "NO_STOCH_HW_INJ")  # fmt: skip


class GravitationalWaveFrame(Reader):
    """Each strain channel of a frame file is an observation."""

    name = "GWF"
    kind: Kind = "strain"

    def claims(self, head: Head) -> bool:
        return head.is_gwf and not head.compression

    def sources(self, head: Head) -> Sequence[Source]:
        _require_whole(head.path)
        channels = [c for c in _channels(head.path) if STRAIN_CHANNEL.fullmatch(c)]
        if not channels:
            raise Unsuitable(head.path, "", "no strain channel in the frames", "Check the file.")
        found = []
        for channel in channels:
            series = _series(head.path, channel)
            rate_hz = require_timing(head.path, channel, _start(series), _spacing(series))
            detector = detector_of({"channel": channel}, head.options.get("detector", ""))
            found.append(
                head.source(
                    self,
                    part=channel if len(channels) > 1 else "",
                    detector=detector,
                    gps_start=_start(series),
                    duration_s=series.size / rate_hz,
                    sample_rate_hz=rate_hz,
                    shape=(int(series.size),),
                    remarks=() if detector else (UNKNOWN_DETECTOR,),
                )
            )
        return found

    def read(self, source: Source) -> Strain:
        _require_whole(source.path)
        names = _channels(source.path)
        channel = source.part or next(c for c in names if STRAIN_CHANNEL.fullmatch(c))
        series = _series(source.path, channel)
        samples = np.array(series.value, np.float64)
        rate_hz = require_timing(source.path, channel, _start(series), _spacing(series))
        require_samples(source.path, channel, samples)
        seconds = round(samples.size / rate_hz)
        quality = _mask(source.path, names, channel, "DQMASK", seconds)
        injections = _mask(source.path, names, channel, "INJMASK", seconds)
        quality_names = QUALITY_NAMES if quality is not None else ()
        return Strain(
            samples=samples,
            gps_start=_start(series),
            sample_rate_hz=rate_hz,
            detector=detector_of({"channel": channel}, source.option("detector")),
            quality=quality,
            quality_names=quality_names,
            injections=injections,
            injection_names=INJECTION_NAMES if injections is not None else (),
            notes=gap_notes(samples, rate_hz) + quality_notes(quality, quality_names),
            header={"channel": channel},
            provenance=Provenance(
                path=source.path,
                sha256=source.sha256,
                part=channel,
                reader=self.name,
                reader_version=self.version,
            ),
        )


def _require_whole(path: str) -> None:
    """Each structure tells its length; the chain must end where the file ends."""
    try:
        position, size, last = _chain(path)
    except OSError as error:
        raise Unreadable(
            path, "", f"it cannot be read: {error.strerror}", "Check the file."
        ) from error
    if position != size or not SHORTEST_STRUCTURE_BYTES <= last < 100:
        raise Damaged(
            path,
            f"byte {position}",
            f"the chain of frame structures breaks here; the file has {size} bytes",
            "The file was cut; fetch it again.",
        )


def _chain(path: str) -> tuple[int, int, int]:
    """Where the chain of structures ends, the size of the file, the last structure's length."""
    position, last = FILE_HEADER_BYTES, 0
    with open(path, "rb") as file:
        header = file.read(FILE_HEADER_BYTES)
        size = file.seek(0, 2)
        little = header[12:14] == b"\x34\x12"
        while position < size:
            file.seek(position)
            raw = file.read(8)
            length = struct.unpack("<Q" if little else ">Q", raw)[0] if len(raw) == 8 else 0
            if length < SHORTEST_STRUCTURE_BYTES or position + length > size:
                break
            position, last = position + length, length
    return position, size, last


def _gwpy(path: str) -> tuple[Any, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from gwpy.io.gwf import get_channel_names
            from gwpy.timeseries import TimeSeries
    except ImportError as error:
        raise Unreadable(
            path,
            "",
            "frame files (GWF) need gwpy and lalsuite, which are not installed",
            "Install the extra: python -m pip install 'astrogui[frames]', or fetch the HDF5 file.",
        ) from error
    return get_channel_names, TimeSeries


def _channels(path: str) -> list[str]:
    get_channel_names, _ = _gwpy(path)
    try:
        return sorted(str(name) for name in get_channel_names(path))
    except Exception as error:  # lalframe and framel raise whatever their wrappers make of it
        raise damaged(path, "table of contents", error) from error


def _series(path: str, channel: str) -> Any:
    _, time_series = _gwpy(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return time_series.read(path, channel, format="gwf")
    except Exception as error:  # as above
        raise damaged(path, channel, error) from error


def _mask(
    path: str, names: Sequence[str], channel: str, kind: str, seconds: int
) -> NDArray[np.uint32] | None:
    """The mask released beside the strain, None where there is none of one value a second."""
    name = re.sub("STRAIN$", kind, channel)
    if name == channel or name not in names:
        return None
    values = np.asarray(_series(path, name).value)
    return values.astype(np.uint32) if values.shape == (seconds,) else None


def _start(series: Any) -> float:
    return float(series.t0.value)


def _spacing(series: Any) -> float:
    return float(series.dt.value)
