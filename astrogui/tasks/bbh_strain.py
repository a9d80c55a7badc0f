"""Strain as the binary black-hole analysis takes it: usable, whitened; else refused in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import MissingMetadata, Unsuitable
from astrogui.records.strain import Network, Strain
from astrogui.science import matched_filter, strain_event
from astrogui.science.matched_filter import HIGHEST_HZ, Stretch, Templates
from astrogui.science.whitening import (
    RATES_HZ,
    WORKING_RATE_HZ,
    contiguous_stretches,
    highest_hz,
    rate_ratio,
)
from astrogui.tasks.strain_check import check_values
from astrogui.tasks.task import Model, required_detector

SHORTEST_S = 4.0  # of strain, without which neither noise nor signal can be measured
BEFORE_S, AFTER_S = 1.0, 0.2  # at least so much must surround the merger
NOISE_GUARD = (1.5, 0.3)  # seconds before and after the merger kept out of the noise estimate


def usable_strains(record: Network, detectors: Sequence[str] = strain_event.SLOTS) -> list[Strain]:
    """H1 and L1 of a network, or others; raises in words where there is none of them."""
    for strain in record.strains:
        required_detector(strain)
    chosen = [strain for strain in record.strains if strain.detector in detectors]
    if not chosen:
        first = record.strains[0]
        raise Unsuitable(
            first.provenance.path,
            first.provenance.part,
            f"this analysis reads H1 and L1, the strain is of {', '.join(record.detectors)}",
            "Add the file of H1 or L1 of the same time.",
        )
    return chosen


def whitened(
    record: Network,
    wanted: float | None,
    merger: float | None = None,
    detectors: Sequence[str] = strain_event.SLOTS,
) -> dict[str, Stretch]:
    """Each usable detector's whitened stretch; noise is measured beside a known merger.

    Raises ``Unsuitable`` with the reason of the first detector where none can be used.
    """
    left_out = () if merger is None else ((merger - NOISE_GUARD[0], merger + NOISE_GUARD[1]),)
    time = merger if merger is not None else wanted
    result: dict[str, Stretch] = {}
    problems: list[Unsuitable] = []
    for strain in usable_strains(record, detectors):
        try:
            samples, start = _stretch(strain, time)
            result[strain.detector] = matched_filter.prepared(
                samples, strain.sample_rate_hz, start, left_out
            )
        except Unsuitable as problem:
            problems.append(problem)
    if not result:
        raise problems[0]
    return result


def _stretch(strain: Strain, time: float | None) -> tuple[NDArray[np.float64], float]:
    """The gapless samples about a time, or the longest there are, and their GPS start."""
    where = strain.provenance
    _check_rate(strain)
    runs = contiguous_stretches(strain.samples)
    rate = strain.sample_rate_hz
    spans = [(strain.gps_start + a / rate, strain.gps_start + b / rate) for a, b in runs]
    if time is not None:
        near = [
            index
            for index, (begin, end) in enumerate(spans)
            if begin + BEFORE_S <= time <= end - AFTER_S
        ]
        if not near:
            raise Unsuitable(
                where.path,
                where.part,
                f"{strain.detector} has no strain about GPS {time:.3f}: the file holds "
                f"{strain.gps_start:.3f} to {strain.gps_end:.3f}, less its gaps",
                "Give a GPS time at least 1 s after the start and 0.2 s before the end.",
            )
        index = near[0]
    elif runs:
        index = int(np.argmax([end - begin for begin, end in runs]))
    if not runs or runs[index][1] - runs[index][0] < SHORTEST_S * rate:
        longest = max((end - begin for begin, end in runs), default=0) / rate
        raise Unsuitable(
            where.path,
            where.part,
            f"{strain.detector} has no {SHORTEST_S:g} s of strain without a gap, at most "
            f"{longest:.3g} s",
            "Download a longer stretch around the merger; 32 s are usual.",
        )
    samples = strain.samples[slice(*runs[index])]
    check_values(strain, samples)
    return samples, spans[index][0]


def _check_rate(strain: Strain) -> None:
    """Other rates are resampled; raises ``Unsuitable`` for those that cannot be."""
    lowest, highest = RATES_HZ
    rate = strain.sample_rate_hz
    problem = f"{strain.detector} is sampled at {rate:g} Hz, this analysis takes "
    if rate < lowest:
        problem += f"{lowest:g} to {highest:g} Hz: below, little of a merger is left"
    elif rate > highest:
        problem += f"{lowest:g} to {highest:g} Hz"
    else:
        try:
            rate_ratio(rate)
        except ValueError:
            problem += f"rates in a simple ratio to {WORKING_RATE_HZ:g} Hz"
        else:
            return
    where = strain.provenance
    raise Unsuitable(where.path, where.part, problem, "Use the 4096 Hz or 16384 Hz release.")


def held_hz(record: Network) -> float:
    """The highest frequency of which all detectors' samples, and the analysis, hold everything."""
    return min([HIGHEST_HZ, *(highest_hz(strain.sample_rate_hz) for strain in record.strains)])


def bank_of(model: Model, name: str) -> Templates:
    """Templates of the model folder: ``bank`` to search with, ``fit_bank`` to start fits from."""
    try:
        return Templates(
            *(
                np.asarray(model.assets[f"{name}_{field}"], np.float64)
                for field in Templates._fields
            )
        )
    except KeyError as error:
        raise MissingMetadata(
            "models/bbh", "assets.npz", f"the array {error} is missing", "Install the model anew."
        ) from None
