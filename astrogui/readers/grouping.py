"""Which sources make one observation: the bands of a field, the detectors of one stretch of time.

A source joins at most one group; sources that duplicate a member form groups of their own. The
order of the groups, and within them, follows from the sources alone, not from how they came in.
"""

from __future__ import annotations

import itertools
import math
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from astrogui.records.source import Source

BAND_ORDER = ("FUV", "NUV", "u", "g", "r", "i", "z", "y", "Y", "J", "H", "K", "Ks",
              "W1", "W2", "W3", "W4")  # fmt: skip
DETECTOR_ORDER = ("H1", "L1", "V1", "K1", "G1")
PREFERRED_RATE_HZ = 4096.0
LEAST_OVERLAP = 0.5  # of the smaller footprint, or of the shorter stretch of time
LARGEST_SCALE_RATIO = 1.02
SMALLEST_CELL_DEG, LARGEST_CELL_DEG = 0.05, 20.0
CELL_S = 8192.0  # neighbours are looked for in the next cell, too

Group = tuple[Source, ...]
Rank = tuple[Any, ...]
Cell = tuple[int, ...] | str


def group_sources(sources: Sequence[Source]) -> list[Group]:
    """The sources as groups that each make one record: a field, a network or a single source."""
    fields = [s for s in sources if s.kind == "image" and not s.supporting and s.band]
    strains = [s for s in sources if s.kind == "strain" and s.detector]
    grouped = _grouped(fields, _BANDS) + _grouped(strains, _DETECTORS)
    taken = {id(source) for group in grouped for source in group}
    grouped += [(source,) for source in sources if id(source) not in taken]
    return sorted(grouped, key=_place_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How sources of one kind find their companions."""

    name: Callable[[Source], str]  # of which a group holds each at most once
    order: tuple[str, ...]
    rank: Callable[[Source], Rank]  # the best of duplicates first
    cell: Callable[[Source, float], Cell]
    belongs: Callable[[Source, Source], bool]
    distance: Callable[[Source, Source], Rank]  # of companions that are equally possible


def _grouped(sources: Sequence[Source], kind: _Kind) -> list[Group]:
    """Each source in turn takes its nearest companion of every other name."""
    side = max((_side_deg(source) for source in sources), default=0.0)
    cells: dict[Cell, list[Source]] = defaultdict(list)
    for source in sources:
        cells[kind.cell(source, side)].append(source)
    groups: list[Group] = []
    taken: set[int] = set()
    for anchor in sorted(sources, key=lambda s: (_index(kind, s), *kind.rank(s))):
        if id(anchor) in taken:
            continue
        nearest: dict[str, Source] = {kind.name(anchor): anchor}
        candidates = [
            source
            for source in _near(cells, kind.cell(anchor, side))
            if id(source) not in taken and kind.belongs(anchor, source)
        ]
        ranked = sorted(candidates, key=lambda s: (*kind.distance(anchor, s), *kind.rank(s)))
        for source in ranked:
            if all(kind.belongs(source, member) for member in nearest.values()):
                nearest.setdefault(kind.name(source), source)
        taken.update(id(source) for source in nearest.values())
        groups.append(tuple(sorted(nearest.values(), key=lambda s: _index(kind, s))))
    return groups


def _near(cells: dict[Cell, list[Source]], cell: Cell) -> list[Source]:
    if isinstance(cell, str):
        return cells[cell]
    around = itertools.product(*((index - 1, index, index + 1) for index in cell))
    return [source for one in around for source in cells.get(one, ())]


def _index(kind: _Kind, source: Source) -> tuple[int, str]:
    name = kind.name(source)
    return (kind.order.index(name) if name in kind.order else len(kind.order), name)


def _same_field(one: Source, other: Source) -> bool:
    """Whether two images show one patch of sky in pixels of one size."""
    if one.pixel_scale_arcsec and other.pixel_scale_arcsec and one.has_wcs and other.has_wcs:
        scales = sorted((one.pixel_scale_arcsec, other.pixel_scale_arcsec))
        if scales[1] > LARGEST_SCALE_RATIO * scales[0]:
            return False
        return _footprint_overlap(one, other) >= LEAST_OVERLAP
    if one.has_wcs or other.has_wcs:
        return False
    return one.path == other.path and one.shape == other.shape


def _footprint_overlap(one: Source, other: Source) -> float:
    """Overlap of two squares of the images' areas, as a fraction of the smaller one."""
    if None in (one.ra_deg, one.dec_deg, other.ra_deg, other.dec_deg):
        return 0.0
    assert one.ra_deg is not None
    assert other.ra_deg is not None
    assert one.dec_deg is not None
    assert other.dec_deg is not None
    turn = (one.ra_deg - other.ra_deg + 180) % 360 - 180
    east = abs(turn) * math.cos(math.radians((one.dec_deg + other.dec_deg) / 2)) * 3600
    north = abs(one.dec_deg - other.dec_deg) * 3600
    sides = sorted(_side_deg(source) * 3600 for source in (one, other))
    if sides[0] <= 0:
        return 0.0
    reach = (sides[0] + sides[1]) / 2
    along = [min(sides[0], max(0.0, reach - offset)) / sides[0] for offset in (east, north)]
    return along[0] * along[1]


def _same_time(one: Source, other: Source) -> bool:
    """Whether two stretches of strain overlap and are sampled alike."""
    if None in (one.gps_start, other.gps_start, one.duration_s, other.duration_s):
        return False
    if one.sample_rate_hz != other.sample_rate_hz:
        return False
    assert one.gps_start is not None
    assert other.gps_start is not None
    assert one.duration_s is not None
    assert other.duration_s is not None
    begin = max(one.gps_start, other.gps_start)
    end = min(one.gps_start + one.duration_s, other.gps_start + other.duration_s)
    return end - begin >= LEAST_OVERLAP * min(one.duration_s, other.duration_s)


def _place_of(group: Group) -> Rank:
    return min((source.path, source.part) for source in group)


def _side_deg(source: Source) -> float:
    """Side of the square of the image's area."""
    return (source.pixel_scale_arcsec or 0.0) * math.sqrt(math.prod(source.shape)) / 3600


def _field_cell(source: Source, side_deg: float) -> Cell:
    """A cube of space that holds the direction, no smaller than the largest footprint."""
    if not source.has_wcs or source.ra_deg is None or source.dec_deg is None:
        return source.path
    edge = math.radians(min(max(side_deg, SMALLEST_CELL_DEG), LARGEST_CELL_DEG))
    ra, dec = math.radians(source.ra_deg), math.radians(source.dec_deg)
    direction = (math.cos(dec) * math.cos(ra), math.cos(dec) * math.sin(ra), math.sin(dec))
    return tuple(math.floor(part / edge) for part in direction)


def _field_distance(anchor: Source, other: Source) -> Rank:
    """Same file before same folder, then the likest name."""
    names = [os.path.basename(anchor.path), os.path.basename(other.path)]
    shared = os.path.commonprefix(names)  # noqa: RUF071 (letters are what is compared here)
    return (
        anchor.path != other.path,
        os.path.dirname(anchor.path) != os.path.dirname(other.path),
        -len(shared),
    )


def _time_distance(anchor: Source, other: Source) -> Rank:
    """The likest stretch of time, then the same folder."""
    begin = abs((anchor.gps_start or 0.0) - (other.gps_start or 0.0))
    length = abs((anchor.duration_s or 0.0) - (other.duration_s or 0.0))
    return (begin + length, os.path.dirname(anchor.path) != os.path.dirname(other.path))


def _strain_rank(source: Source) -> Rank:
    """The usual rate, known quality and the standard format first."""
    return (
        source.sample_rate_hz != PREFERRED_RATE_HZ,
        bool(source.remarks),
        source.format != "GWOSC HDF5",
        source.path,
        source.part,
    )


_BANDS = _Kind(
    name=lambda source: source.band,
    order=BAND_ORDER,
    rank=lambda source: (source.path, source.part),
    cell=_field_cell,
    belongs=_same_field,
    distance=_field_distance,
)
_DETECTORS = _Kind(
    name=lambda source: source.detector,
    order=DETECTOR_ORDER,
    rank=_strain_rank,
    cell=lambda source, _: (math.floor((source.gps_start or 0.0) / CELL_S),),
    belongs=_same_time,
    distance=_time_distance,
)
