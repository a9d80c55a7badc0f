"""The refinement of mergers: the network's draws weighted by the likelihood of the strain itself.

Draws of masses and spins, at first the network's, are paired with places on the sky, orientations
and arrival times in all detectors, V1 among them; the likelihood is that of an aligned-spin
waveform in stationary Gaussian noise of the measured density, under the card's prior. Where the
weights would leave too few draws, they seed a Markov chain on the same likelihood.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.flags import Flag
from astrogui.records.posterior import QUANTILE_LEVELS, Posterior
from astrogui.records.provenance import Place
from astrogui.records.strain import Network
from astrogui.science import (
    binary_chain,
    binary_draws,
    binary_posterior,
    merger_data,
    sidereal,
    strain_event,
)
from astrogui.science.binary_posterior import Analysis, Draws, Effort, Quality, Weighted
from astrogui.science.detector_response import DETECTORS
from astrogui.science.heterodyne import Binaries
from astrogui.science.sky_pool import Pool
from astrogui.science.waveform_models import DEFAULT, MODELS
from astrogui.tasks import bbh_answer
from astrogui.tasks.bbh_strain import bank_of, held_hz, whitened
from astrogui.tasks.task import Model, seeded

LEAST_EFFICIENCY = 0.01  # of the weighted pairs, below which a chain takes over
LEAST_EFFECTIVE = 1 / 16  # of the draws kept, likewise
MOST_START = 3000  # of the network's draws that shape the first proposal
FARTHEST_START = 8.0  # of their ln chirp mass from the middle, in widths of the central half
PILED_SHARE = 0.75  # of the draws beside a bound: the binary lies beyond it
ANGLES = ("ra", "dec", "inclination", "psi", "phase", "gps_offset")
DENSE_DEG = 4.0  # the sky's density is averaged over so much to find its peak

Floats = NDArray[np.float64]


def refine(
    record: Network,
    place: Place,
    posterior: Posterior,
    model: Model,
    progress: Callable[[float], None],
) -> Posterior | None:
    """The posterior under the likelihood of all detectors; None without draws of both spins."""
    if posterior.draws is None or "chi_1" not in posterior.draw_names:
        return None
    progress(0.01)
    stretches = whitened(record, None, place.gps, tuple(DETECTORS))
    read = {name: stretches[name] for name in strain_event.SLOTS if name in stretches}
    arrival = {name: float(posterior.extras[f"gps_{name.lower()}"]) for name in read}  # type: ignore[arg-type]
    event = strain_event.measured(read, arrival, bank_of(model, "fit_bank"))
    middle = float(np.mean(list(event.gps.values())))
    heard = {name: event.gps.get(name, middle) for name in stretches if name not in read}
    heard |= event.gps
    progress(0.05)
    start = _start(posterior)
    lightest = float(np.quantile(start.chirp_mass, 0.05))
    data = merger_data.cut(
        {name: stretches[name] for name in DETECTORS if name in heard}, heard, lightest
    )
    best = event.best
    ratio = np.array([strain_event.ratio_of_best(event)])
    reference = Binaries(np.exp(best.log_chirp_mass), ratio, best.spin, best.spin)
    rng = seeded(model, "bbh likelihood", place.gps)
    waveform = str(place.values.get("waveform", DEFAULT))
    analysis, pool, pairs, worth = binary_posterior.weigh(
        data, start, reference, rng, effort_of(model), lambda part: progress(0.05 + 0.9 * part),
        MODELS[waveform],
    )  # fmt: skip
    draws, method, ess = _final(analysis, pool, pairs, worth, rng, progress)
    better = refined(posterior, record, analysis, pairs, pool, draws, worth, method, ess)
    return dataclasses.replace(better, extras={**better.extras, "waveform": waveform})


def effort_of(model: Model) -> Effort:
    """How much is computed: the card may ask for less, as that of a quick training does."""
    asked = model.card.calibration.get("likelihood_effort", {})
    return Effort(**{name: int(value) for name, value in asked.items()})


def _start(posterior: Posterior) -> Binaries:
    """An even choice of the network's draws, without those of quite another chirp mass.

    A few that take the fit for noise's own would widen every kernel of the first proposal, whose
    share of the prior covers them as well.
    """
    assert posterior.draws is not None
    stride = max(len(posterior.draws) // MOST_START, 1)
    names = ("chirp_mass_det", "mass_ratio", "chi_1", "chi_2")
    columns = [posterior.draw_names.index(name) for name in names]
    draws = np.asarray(posterior.draws[::stride, columns], np.float64)
    log_mass = np.log(draws[:, 0])
    low, middle, high = np.quantile(log_mass, (0.25, 0.5, 0.75))
    near = np.abs(log_mass - middle) <= FARTHEST_START * (high - low)
    return Binaries(*draws[near].T)


def _final(
    analysis: Analysis,
    pool: Pool,
    pairs: Weighted,
    worth: Quality,
    rng: np.random.Generator,
    progress: Callable[[float], None],
) -> tuple[Draws, str, float]:
    """Equally weighted draws, how they were made, and how many they are worth."""
    if worth.efficiency >= LEAST_EFFICIENCY and worth.ess >= LEAST_EFFECTIVE * analysis.effort.kept:
        return analysis.resampled(pairs, pool), "reweighted", worth.ess
    share, effort = pairs.shares, analysis.effort
    chosen = rng.choice(share.size, effort.walkers, p=share.ravel())
    row, column = np.unravel_index(chosen, share.shape)
    places = pool.places[pairs.member[row, column]]
    draws, ess = binary_chain.sampled(
        analysis,
        pairs.places[row],
        places,
        effort.chain_steps,
        rng,
        lambda part: progress(0.95 + 0.05 * part),
    )
    return draws, "sampled", ess


def refined(
    posterior: Posterior,
    record: Network,
    analysis: Analysis,
    pairs: Weighted,
    pool: Pool,
    draws: Draws,
    worth: Quality,
    method: str,
    ess: float,
) -> Posterior:
    """The answer of weighted draws, with the network's flags where they still hold."""
    names = analysis.data.detectors
    first = float(analysis.data.centre_gps[analysis.geometry.first])
    gps = first + float(np.median(draws.geocentric_s))
    binaries = np.stack([*draws.binaries, draws.distance_mpc], axis=1)
    values = binary_draws.derived(binaries)
    angles = _angles(draws, gps, first)
    snr, arrival = analysis.loudness_of_best(pairs, pool)
    flags = _flags(posterior.flags, binaries, posterior.novelty)
    ra, dec = densest(angles[:, 0], angles[:, 1])
    deviation = values.std(axis=0)
    error = deviation / np.sqrt(max(ess, 1.0))
    extras: dict[str, Any] = dict(posterior.extras)
    extras |= {f"gps_{n.lower()}": float(t) for n, t in zip(names, arrival, strict=True)}
    extras |= {f"snr_{n.lower()}": float(s) for n, s in zip(names, snr, strict=True)}
    network_snr = float(np.sqrt(np.sum(snr**2)))
    extras |= {
        "gps": gps,
        "detectors": ",".join(names),
        "snr": network_snr,
        "ra": ra,
        "dec": dec,
        "inclination": float(np.median(angles[:, 2])),
        "method": method,
        "efficiency": worth.efficiency,
        "ess": ess,
        "log_evidence": worth.log_evidence,
    }
    return dataclasses.replace(
        posterior,
        quantiles=np.quantile(values, QUANTILE_LEVELS, axis=0).T,
        aleatoric=np.sqrt(np.maximum(deviation**2 - error**2, 0)),
        epistemic=np.minimum(error, deviation),
        draws=np.concatenate(
            [values, binaries[:, 2:4], angles], axis=1, dtype=np.float32, casting="same_kind"
        ),
        draw_names=binary_draws.NAMES + binary_draws.SPINS + ANGLES,
        flags=flags,
        extras=extras,
        note=bbh_answer.note(flags, network_snr, values, held_hz(record)),
    )


def _angles(draws: Draws, gps: float, first: float) -> Floats:
    """(n, 6) the columns ``ANGLES``: degrees, then radians, then seconds."""
    turned = sidereal.gmst_radians(gps)
    return np.stack(
        [
            np.degrees(np.mod(draws.longitude + turned, 2 * np.pi)),
            np.degrees(draws.declination),
            np.degrees(np.arccos(np.clip(draws.cos_inclination, -1, 1))),
            draws.polarisation,
            draws.phase,
            draws.geocentric_s + (first - gps),
        ],
        axis=1,
    )


def _flags(flags: Flag, binaries: Floats, novelty: float) -> Flag:
    """The network's flags with the prior's edge judged anew, by the weighted draws."""
    flags &= ~(Flag.EDGE_OF_PRIOR | Flag.OUTSIDE_PRIOR)
    if bbh_answer.at_edge(binaries):
        flags |= Flag.EDGE_OF_PRIOR
        if novelty > 1 or bbh_answer.at_edge(binaries, PILED_SHARE):
            flags |= Flag.OUTSIDE_PRIOR
    return flags


def densest(ra_deg: Floats, dec_deg: Floats) -> tuple[float, float]:
    """The draw (degrees) about which draws are densest on the sky."""
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    cos = np.cos(dec)
    towards = np.stack([cos * np.cos(ra), cos * np.sin(ra), np.sin(dec)], axis=1)
    some = towards[:: max(len(towards) // 500, 1)]
    square = 2 * (1 - some @ towards.T)  # squared angle, where it matters
    density = np.exp(-0.5 * square / np.radians(DENSE_DEG) ** 2).sum(axis=1)
    best = some[int(np.argmax(density))]
    return float(np.degrees(np.arctan2(best[1], best[0])) % 360), float(
        np.degrees(np.arcsin(best[2]))
    )
