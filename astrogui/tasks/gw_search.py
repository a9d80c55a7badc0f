"""Search for mergers in strain of any length: candidates with their rate of false alarms.

Every template of a bank is filtered in each detector; times at which two detectors are loud
together are fitted, and ranked by the bank's likelihood ratio, lowered by the fit's chi-squared.
The same with one detector shifted by whole seconds says how often noise does as much. There is no
network. A candidate above the threshold starts the analysis of its binary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from astrogui.records.catalogue import Column
from astrogui.records.posterior import Posterior
from astrogui.records.provenance import Place
from astrogui.records.source import Source
from astrogui.records.strain import Network
from astrogui.science.strain_search import SHORTEST_S
from astrogui.tasks import gw_search_answer as answer
from astrogui.tasks.gw_search_answer import run_of
from astrogui.tasks.task import Arrays, FollowUp, Model, Options, Task

LONG_S = 64.0  # strain that is searched without being asked: too long to hold one merger by intent


def accepts(source: Source) -> bool:
    """Strain of at least eight seconds, where the header tells."""
    return source.kind == "strain" and (source.duration_s or SHORTEST_S) >= SHORTEST_S


def wanted(source: Source) -> bool:
    """Long strain: a short file is a merger's, which its own analysis finds."""
    return (source.duration_s or 0.0) >= LONG_S


def find(record: Network, model: Model, options: Options) -> Iterator[Sequence[Place]]:
    """Candidates above the threshold, piece by piece; where there is none, the loudest."""
    del options
    try:
        yield from answer.places(run_of(record, model))
    finally:
        run_of.cache_clear()


def prepare(record: Network, places: Sequence[Place], model: Model, options: Options) -> Arrays:
    """The statistic: there is no network to prepare anything else for."""
    del record, model, options
    return {"statistic": np.array([[p.values["search_statistic"]] for p in places], np.float32)}


def decode(
    outputs: Arrays, prepared: Arrays, record: Network, places: Sequence[Place], model: Model
) -> list[Posterior]:
    """One answer a candidate: its time at the Earth's centre, averaged over the sky."""
    del outputs, prepared
    details = run_of(record, model).details
    return [answer.posterior(place, details[place.label], record) for place in places]


def follow_up(place: Place, posterior: Posterior) -> FollowUp | None:
    """The analysis of the binary, for a candidate above the threshold that H1 or L1 saw."""
    del posterior
    if not place.values.get("above_threshold") or place.gps is None:
        return None
    if not {"H1", "L1"} & set(str(place.values["search_detectors"]).split(",")):
        return None
    return FollowUp("bbh", {"gps": f"{place.gps:.4f}"})


COLUMNS = (
    Column(name="gps", unit="s", ucd="time.epoch", format="%.4f",
           description="GPS time of the merger at the Earth's centre, an average over the sky"),
    Column(name="gps_lo90", unit="s", ucd="time.epoch;stat.min", format="%.4f",
           description="lower bound of its equal-tailed 90 % interval"),
    Column(name="gps_hi90", unit="s", ucd="time.epoch;stat.max", format="%.4f",
           description="upper bound of its equal-tailed 90 % interval"),
    Column(name="search_statistic", ucd="stat.snr", format="%.2f",
           description="ranking of the candidate: the likelihood ratio of the bank's templates "
           "under the prior, as a signal-to-noise ratio, lowered by chi-squared and where one "
           "detector is more than thrice as loud as the other"),
    Column(name="search_threshold", ucd="stat.snr", format="%.2f",
           description="statistic that simulated noise exceeds once an hour"),
    Column(name="above_threshold", type="bool", ucd="meta.code",
           description="whether the statistic reaches the threshold"),
    Column(name="search_kind", type="text", ucd="meta.code",
           description="coincidence of two detectors, or the statistic of one alone"),
    Column(name="search_detectors", type="text", ucd="meta.id;instr",
           description="detectors whose statistic it is"),
    Column(name="far_per_hour", unit="1 / h", ucd="stat.value", format="%.3g",
           description="false alarms an hour at least as loud, itself counted as one"),
    Column(name="far_per_hour_lo90", unit="1 / h", ucd="stat.value;stat.min", format="%.3g",
           description="lower bound of its central 90 % Poisson interval"),
    Column(name="far_per_hour_hi90", unit="1 / h", ucd="stat.value;stat.max", format="%.3g",
           description="upper bound of its central 90 % Poisson interval"),
    Column(name="far_basis", type="text", ucd="meta.code",
           description="time slides of this strain up to the candidate, or simulated noise"),
    Column(name="background_hours", unit="h", ucd="time.duration", format="%.3g",
           description="how much noise the rate was counted in"),
    Column(name="search_snr", ucd="stat.snr", format="%.1f",
           description="signal-to-noise ratio of the ranked detectors together"),
    *(
        column
        for name in ("H1", "L1", "V1")
        for column in (
            Column(name=f"gps_{name.lower()}", unit="s", ucd="time.epoch", format="%.4f",
                   description=f"GPS time of the merger at {name}"),
            Column(name=f"search_snr_{name.lower()}", ucd="stat.snr", format="%.1f",
                   description=f"signal-to-noise ratio of {name}"),
            Column(name=f"search_chi2_{name.lower()}", ucd="stat.fit.chi2", format="%.2f",
                   description=f"reduced chi-squared of {name}: 1 for a signal in Gaussian noise"),
        )
    ),
    Column(name="search_chirp_mass", unit="solMass", format="%.2f",
           description="chirp mass (detector frame) of the waveform that fits best"),
    Column(name="search_mass_ratio", format="%.2f", description="mass ratio of that waveform"),
    Column(name="search_spin", format="%.2f", description="aligned spins of that waveform"),
)  # fmt: skip

TASK = Task(
    name="gw_search",
    title="Search for mergers",
    reads="strain",
    accepts=accepts,
    wanted=wanted,
    find=find,
    prepare=prepare,
    decode=decode,
    parameters=(answer.CENTRE,),
    columns=COLUMNS,
    views=("strain", "search"),
    batch_size=64,
    follow_up=follow_up,
    hands_on=("bbh.waveform",),
)
