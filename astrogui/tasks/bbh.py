"""Binary black holes: masses and remnant of a merger in the strain of H1 and L1.

The merger is found by matched filters, or looked for within half a second of the option `gps`. At
its place the strain is whitened by the noise of its own surroundings; best fits of an aligned-spin
waveform at seven mass ratios are what a small network turns into draws of masses, spins and
distance. A second detector may be missing; the row says so. Then the draws are weighted with the
likelihood of all detectors' strain, which makes them the posterior itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Column
from astrogui.records.posterior import Posterior
from astrogui.records.provenance import Place
from astrogui.records.source import Source
from astrogui.records.strain import Network
from astrogui.science import matched_filter, strain_event
from astrogui.science.waveform_models import DEFAULT, MODELS
from astrogui.tasks import bbh_answer, bbh_refine
from astrogui.tasks.bbh_strain import SHORTEST_S, bank_of, whitened
from astrogui.tasks.option import ANY_NUMBER, Option
from astrogui.tasks.task import Arrays, Model, Options, Task, seeded

WINDOW_S = 0.5  # the merger is looked for this far around the option `gps`
GPS = Option(
    name="gps", unit="s (GPS time)", between=ANY_NUMBER, default="the loudest merger is taken",
    description=f"time of the merger; it is looked for within {WINDOW_S:g} s of it",
)  # fmt: skip
WAVEFORM = Option(
    name="waveform", words=tuple(MODELS), default=DEFAULT,
    description="model of the waveform in the likelihood",
)  # fmt: skip


def accepts(source: Source) -> bool:
    """Any strain that lasts four seconds, where the header tells."""
    return source.kind == "strain" and (source.duration_s or SHORTEST_S) >= SHORTEST_S


def find(record: Network, model: Model, options: Options) -> Iterator[Sequence[Place]]:
    """The most convincing merger of the stretch, or of the second around ``gps``."""
    wanted, waveform = wanted_gps(options), wanted_waveform(options)
    stretches = whitened(record, wanted)
    within = None if wanted is None else (wanted - WINDOW_S, wanted + WINDOW_S)
    bank = bank_of(model, "bank")
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
    if waveform != DEFAULT:
        values["waveform"] = waveform  # for the likelihood; the network knows its own alone
    yield (Place(label="merger", object_id=f"GPS {gps:.3f}", gps=gps, values=values),)


def prepare(
    record: Network, places: Sequence[Place], model: Model, options: Options
) -> dict[str, NDArray]:
    """`features` and `noise` for the network and, for `decode`, what they were made from."""
    rows = []
    for place in places:
        stretches = whitened(record, wanted_gps(options), place.gps)
        gps = {name: float(place.values[f"gps_{name.lower()}"]) for name in stretches}  # type: ignore[arg-type]
        event = strain_event.measured(stretches, gps, bank_of(model, "fit_bank"))
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
    return GPS.number(options)


def wanted_waveform(options: Options) -> str:
    """The option ``waveform``; raises ``UsageProblem`` for a name that is not known."""
    return WAVEFORM.word(options) or DEFAULT


COLUMNS = (
    Column(name="gps", unit="s", ucd="time.epoch", format="%.4f",
           description="GPS time of the merger: at the Earth's centre after weighting, before it "
           "the mean of the detectors'"),
    Column(name="gps_h1", unit="s", ucd="time.epoch", format="%.4f",
           description="GPS time of the merger at H1"),
    Column(name="gps_l1", unit="s", ucd="time.epoch", format="%.4f",
           description="GPS time of the merger at L1"),
    Column(name="gps_v1", unit="s", ucd="time.epoch", format="%.4f",
           description="GPS time of the merger at V1, where it was used"),
    Column(name="detectors", type="text", ucd="meta.id;instr", description="detectors used"),
    Column(name="snr", ucd="stat.snr", format="%.1f",
           description="matched-filter signal-to-noise ratio of the network at the best fit"),
    Column(name="snr_h1", ucd="stat.snr", format="%.1f", description="the same of H1 alone"),
    Column(name="snr_l1", ucd="stat.snr", format="%.1f", description="the same of L1 alone"),
    Column(name="snr_v1", ucd="stat.snr", format="%.1f", description="the same of V1 alone"),
    Column(name="search_ranking", ucd="stat.snr", format="%.1f",
           description="signal-to-noise ratio of the search, re-weighted by chi-squared"),
    Column(name="search_chirp_mass", unit="solMass", format="%.2f",
           description="chirp mass (detector frame) of the template that found it"),
    Column(name="search_mass_ratio", format="%.2f", description="mass ratio of that template"),
    Column(name="search_spin", format="%.2f", description="aligned spins of that template"),
    Column(name="ra", unit="deg", ucd="pos.eq.ra", format="%.2f",
           description="right ascension where the sky's probability is densest"),
    Column(name="dec", unit="deg", ucd="pos.eq.dec", format="%.2f",
           description="declination there"),
    Column(name="inclination", unit="deg", ucd="src.orbital.inclination", format="%.1f",
           description="angle between orbit's axis and line of sight, median of the draws"),
    Column(name="method", type="text", ucd="meta.code",
           description="network: the network's draws as they are; reweighted: draws weighted by "
           "the likelihood of the strain; sampled: a Markov chain on that likelihood"),
    Column(name="efficiency", ucd="stat.value", format="%.3f",
           description="effective share of the draws after weighting by the likelihood; null "
           "where they were not weighted"),
    Column(name="ess", ucd="stat.value", format="%.0f",
           description="effective number of draws: the smaller of those of masses and spins and "
           "of those of place, orientation and time"),
    Column(name="waveform", type="text", ucd="meta.code",
           description="waveform model of the likelihood; null where draws were not weighted"),
    Column(name="log_evidence", ucd="stat.likelihood", format="%.2f",
           description="ln of the evidence for a merger over noise alone"),
)  # fmt: skip

TASK = Task(
    name="bbh",
    title="Binary black holes",
    reads="strain",
    accepts=accepts,
    find=find,
    prepare=prepare,
    decode=decode,
    refine=bbh_refine.refine,
    parameters=bbh_answer.PARAMETERS,
    columns=COLUMNS,
    views=("strain", "posterior"),
    batch_size=8,
    options=(GPS, WAVEFORM),
)
