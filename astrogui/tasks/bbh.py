"""Binary black holes: masses and remnant of a merger in the strain of H1 and L1.

The merger is found by matched filters, or looked for within half a second of the option `gps`. At
its place the strain is whitened by the noise of its own surroundings; best fits of an aligned-spin
waveform at seven mass ratios are what a small network turns into draws of masses, spins and
distance. A second detector may be missing; the row says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import MissingMetadata, Unsuitable, UsageProblem
from astrogui.records.catalogue import Column
from astrogui.records.posterior import Posterior
from astrogui.records.provenance import Place
from astrogui.records.source import Source
from astrogui.records.strain import Network, Strain
from astrogui.science import matched_filter, strain_event
from astrogui.science.matched_filter import Stretch, Templates
from astrogui.science.whitening import WORKING_RATE_HZ, contiguous_stretches
from astrogui.tasks import bbh_answer
from astrogui.tasks.task import Arrays, Model, Options, Task, required_detector, seeded

SHORTEST_S = 4.0  # of strain, without which neither noise nor signal can be measured
BEFORE_S, AFTER_S = 1.0, 0.2  # at least so much must surround the merger
WINDOW_S = 0.5  # the merger is looked for this far around the option `gps`
NOISE_GUARD = (1.5, 0.3)  # seconds before and after the merger kept out of the noise estimate
LOUDEST_STRAIN = 1e-12  # raw strain stays far below; anything above is in another unit
REPEATED_LIMIT = 0.2  # share of samples equal to their neighbour beyond which it is no strain


def accepts(source: Source) -> bool:
    """Any strain that lasts four seconds, where the header tells."""
    return source.kind == "strain" and (source.duration_s or SHORTEST_S) >= SHORTEST_S


def find(record: Network, model: Model, options: Options) -> Iterator[Sequence[Place]]:
    """The most convincing merger of the stretch, or of the second around ``gps``."""
    wanted = wanted_gps(options)
    stretches = _whitened(record, wanted)
    within = None if wanted is None else (wanted - WINDOW_S, wanted + WINDOW_S)
    bank = _bank(model, "bank")
    found = matched_filter.search(stretches, bank, within)
    gps = float(np.mean(list(found.gps.values())))
    values: dict[str, float | str | bool | None] = {
        f"gps_{name.lower()}": time for name, time in found.gps.items()
    }
    values |= {
        "search_ranking": found.ranking,
        "search_chirp_mass": float(np.exp(bank.log_chirp_mass[found.template])),
        "search_mass_ratio": float(bank.ratio[found.template]),
        "search_spin": float(bank.spin[found.template]),
    }
    yield (Place(label="merger", object_id=f"GPS {gps:.3f}", gps=gps, values=values),)


def prepare(
    record: Network, places: Sequence[Place], model: Model, options: Options
) -> dict[str, NDArray]:
    """`features` and `noise` for the network and, for `decode`, what they were made from."""
    rows = []
    for place in places:
        stretches = _whitened(record, wanted_gps(options), place.gps)
        gps = {name: float(place.values[f"gps_{name.lower()}"]) for name in stretches}  # type: ignore[arg-type]
        event = strain_event.measured(stretches, gps, _bank(model, "fit_bank"))
        rows.append(bbh_answer.event_arrays(event, stretches))
    arrays: Arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    shape = model.card.network_config["draws"], 5
    noise = [seeded(model, "bbh", place.gps).standard_normal(shape, np.float32) for place in places]
    return arrays | {"noise": np.stack(noise)}


def decode(
    outputs: Arrays, prepared: Arrays, record: Network, places: Sequence[Place], model: Model
) -> list[Posterior]:
    """One posterior a place: quantiles of all draws, spread within and between the members."""
    del places
    return bbh_answer.posteriors(outputs, prepared, record, model)


def wanted_gps(options: Options) -> float | None:
    """The option ``gps`` as a number; raises ``UsageProblem`` for anything else."""
    text = options.get("gps", "")
    if not text:
        return None
    try:
        gps = float(text)
    except ValueError:
        gps = np.nan
    if not np.isfinite(gps):
        raise UsageProblem(f"gps is a GPS time in seconds, got {text!r}.")
    return gps


def usable_strains(record: Network) -> list[Strain]:
    """H1 and L1 of a network; raises in words where there is neither."""
    for strain in record.strains:
        required_detector(strain)
    chosen = [strain for strain in record.strains if strain.detector in strain_event.SLOTS]
    if not chosen:
        first = record.strains[0]
        raise Unsuitable(
            first.provenance.path,
            first.provenance.part,
            f"this analysis reads H1 and L1, the strain is of {', '.join(record.detectors)}",
            "Add the file of H1 or L1 of the same time.",
        )
    return chosen


def _whitened(
    record: Network, wanted: float | None, merger: float | None = None
) -> dict[str, Stretch]:
    """Each usable detector's whitened stretch; noise is measured beside a known merger.

    Raises ``Unsuitable`` with the reason of the first detector where none can be used.
    """
    left_out = () if merger is None else ((merger - NOISE_GUARD[0], merger + NOISE_GUARD[1]),)
    time = merger if merger is not None else wanted
    result: dict[str, Stretch] = {}
    problems: list[Unsuitable] = []
    for strain in usable_strains(record):
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
    _check_values(strain, samples)
    return samples, spans[index][0]


def _check_rate(strain: Strain) -> None:
    ratio = strain.sample_rate_hz / WORKING_RATE_HZ
    if ratio < 1 or abs(ratio - round(ratio)) > 1e-6:
        raise Unsuitable(
            strain.provenance.path,
            strain.provenance.part,
            f"{strain.detector} is sampled at {strain.sample_rate_hz:g} Hz, this analysis needs "
            f"a multiple of {WORKING_RATE_HZ:g} Hz",
            "Use the 4096 Hz or 16384 Hz release.",
        )


def _check_values(strain: Strain, samples: NDArray[np.float64]) -> None:
    where = strain.provenance
    repeated = float(np.mean(np.diff(samples) == 0))
    if repeated > REPEATED_LIMIT:
        raise Unsuitable(
            where.path,
            where.part,
            f"{repeated:.0%} of the samples of {strain.detector} repeat the one before: the "
            "series is constant or saturated",
            "Use the calibrated strain of another release.",
        )
    largest = float(np.abs(samples).max())
    if largest > LOUDEST_STRAIN:
        raise Unsuitable(
            where.path,
            where.part,
            f"values of {strain.detector} reach {largest:.2g}; calibrated strain stays below "
            f"{LOUDEST_STRAIN:g}: the series is scaled, whitened or saturated",
            "Use raw calibrated strain, dimensionless and unfiltered.",
        )


def _bank(model: Model, name: str) -> Templates:
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


COLUMNS = (
    Column(name="gps", unit="s", ucd="time.epoch", format="%.4f",
           description="GPS time of the merger, mean of the detectors'"),
    Column(name="gps_h1", unit="s", ucd="time.epoch", format="%.4f",
           description="GPS time of the merger at H1"),
    Column(name="gps_l1", unit="s", ucd="time.epoch", format="%.4f",
           description="GPS time of the merger at L1"),
    Column(name="detectors", type="text", ucd="meta.id;instr", description="detectors used"),
    Column(name="snr", ucd="stat.snr", format="%.1f",
           description="matched-filter signal-to-noise ratio of the network at the best fit"),
    Column(name="snr_h1", ucd="stat.snr", format="%.1f", description="the same of H1 alone"),
    Column(name="snr_l1", ucd="stat.snr", format="%.1f", description="the same of L1 alone"),
    Column(name="search_ranking", ucd="stat.snr", format="%.1f",
           description="signal-to-noise ratio of the search, re-weighted by chi-squared"),
    Column(name="search_chirp_mass", unit="solMass", format="%.2f",
           description="chirp mass (detector frame) of the template that found it"),
    Column(name="search_mass_ratio", format="%.2f", description="mass ratio of that template"),
    Column(name="search_spin", format="%.2f", description="aligned spins of that template"),
    Column(name="method", type="text", ucd="meta.code",
           description="network: the network's draws as they are"),
    Column(name="efficiency", ucd="stat.value",
           description="effective share of the draws after weighting by a likelihood; null "
           "where they were not weighted"),
)  # fmt: skip

TASK = Task(
    name="bbh",
    title="Binary black holes",
    reads="strain",
    accepts=accepts,
    find=find,
    prepare=prepare,
    decode=decode,
    parameters=bbh_answer.PARAMETERS,
    columns=COLUMNS,
    views=("strain", "posterior"),
    batch_size=8,
    options={"gps": "GPS time of the merger in seconds; it is looked for within 0.5 s of it"},
)
