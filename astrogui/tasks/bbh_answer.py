"""From the network's draws to the posterior of a merger, its flags and its curves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from astrogui.records.flags import Flag, raised
from astrogui.records.posterior import QUANTILE_LEVELS, Parameter, Posterior
from astrogui.records.strain import Network, Strain
from astrogui.science import binary_draws, strain_event
from astrogui.science import binary_prior as prior
from astrogui.science.matched_filter import HIGHEST_HZ, Stretch, waveform_in_time
from astrogui.science.strain_event import Event
from astrogui.tasks.bbh_spread import LOW_SIGNAL, calibrated
from astrogui.tasks.bbh_strain import held_hz
from astrogui.tasks.task import Arrays, Model

QUIETEST_HALF = 4.0  # a detector below this hardly takes part
EDGE_SHARE = 0.25  # of the draws beside a bound of the prior
LIGHTEST_SURE = 1.1 * prior.CHIRP_MASS[0]  # chirp mass below which a lighter binary is possible
HEAVIEST_SURE = 0.95 * prior.CHIRP_MASS[1]
SMALLEST_SURE = 1.1 * prior.MASS_RATIO[0]
NEEDED_QUALITY = 0b1111  # DATA, CBC_CAT1, CBC_CAT2, CBC_CAT3
CURVE = "_curve_"  # begins the names of arrays that become the posterior's curves
CURVE_S = (0.4, 0.1)  # seconds before and after the merger that the views show

# What only the likelihood tells: null in the network's own answer.
UNKNOWN: dict[str, float | str | bool | None] = dict.fromkeys(
    (
        "gps_v1",
        "snr_v1",
        "ra",
        "dec",
        "inclination",
        "efficiency",
        "ess",
        "log_evidence",
        "waveform",
    )
)

PARAMETERS = (
    Parameter(name="chirp_mass_det", title="chirp mass (detector frame)", unit="solMass",
              low=prior.CHIRP_MASS[0], high=prior.CHIRP_MASS[1], ucd="phys.mass"),
    Parameter(name="mass_1_det", title="heavier mass (detector frame)", unit="solMass", low=0,
              ucd="phys.mass"),
    Parameter(name="mass_2_det", title="lighter mass (detector frame)", unit="solMass", low=0,
              ucd="phys.mass"),
    Parameter(name="total_mass_det", title="total mass (detector frame)", unit="solMass", low=0,
              ucd="phys.mass"),
    Parameter(name="mass_ratio", title="mass ratio m2/m1", low=prior.MASS_RATIO[0],
              high=prior.MASS_RATIO[1], ucd="phys.mass;arith.ratio"),
    Parameter(name="chi_eff", title="effective aligned spin", low=-prior.LARGEST_SPIN,
              high=prior.LARGEST_SPIN, ucd="phys.angMomentum"),
    Parameter(name="final_mass_det", title="final mass (detector frame)", unit="solMass", low=0,
              ucd="phys.mass", description="mass of the remnant in the detector frame"),
    Parameter(name="final_spin", title="final spin", low=-1, high=1, ucd="phys.angMomentum",
              description="dimensionless spin of the remnant"),
    Parameter(name="luminosity_distance", title="luminosity distance", unit="Mpc", low=0,
              ucd="pos.distance;phys.luminosity"),
    Parameter(name="redshift", title="redshift", low=0, ucd="src.redshift",
              description="of the distance, for H0 = 67.9 km/s/Mpc and matter 0.3065"),
    Parameter(name="mass_1_source", title="heavier mass (source frame)", unit="solMass", low=0,
              ucd="phys.mass"),
    Parameter(name="mass_2_source", title="lighter mass (source frame)", unit="solMass", low=0,
              ucd="phys.mass"),
    Parameter(name="f_220_det", title="ringdown frequency (2,2,0)", unit="Hz", low=0,
              ucd="em.freq", description="ringdown frequency (2,2,0) that general relativity "
              "predicts from final mass and spin"),
    Parameter(name="tau_220_det", title="ringdown damping time (2,2,0)", unit="ms", low=0,
              ucd="time.duration", description="ringdown damping time (2,2,0) that general "
              "relativity predicts from final mass and spin"),
)  # fmt: skip


def event_arrays(event: Event, stretches: Mapping[str, Stretch]) -> Arrays:
    """What `prepare` says of one merger, without the batch dimension."""
    summary = event.summary
    slots = strain_event.SLOTS
    arrival = [event.gps.get(name, np.nan) for name in slots]
    arrays: Arrays = {
        "features": summary.features[0],
        "_scales": np.array(
            [summary.log_chirp_mass[0], summary.log_chirp_mass_sd[0], summary.log_distance[0]]
        ),
        "_snr": summary.snr[0],
        "_residual": summary.residual[0],
        "_arrival": np.array(arrival),
        "_shortened": np.array(event.halvings),
    }
    return arrays | _curves(event, stretches)


def posteriors(outputs: Arrays, prepared: Arrays, record: Network, model: Model) -> list[Posterior]:
    """One posterior a row of the arrays."""
    snr = np.sqrt(np.sum(np.asarray(prepared["_snr"], np.float64) ** 2, axis=1))
    scales = np.asarray(prepared["_scales"], np.float64)
    drawn = np.asarray(outputs["draws"], np.float64)
    members = int(model.card.network_config["members"])
    raw = calibrated(drawn, snr, scales, model.card.calibration, members)
    binaries = binary_draws.physical(raw, *scales.T)
    novelty = novelties(prepared["features"], prepared["_residual"], model)
    return [
        _posterior(binaries[row], members, float(novelty[row]), prepared, row, record, model)
        for row in range(len(binaries))
    ]


def novelties(features: NDArray, residual: NDArray, model: Model) -> NDArray[np.float64]:
    """(n,) distance from the training set over its 99 % quantile: above 1 the event is unlike.

    Mahalanobis distance of the features and of the misfit that the best waveform leaves.
    """
    vector = np.concatenate([features, np.maximum(residual, 0.9)], axis=1)
    whitened = (vector - model.assets["novelty_mean"]) @ model.assets["novelty_whitening"].T
    distance = np.sqrt(np.mean(whitened**2, axis=1))
    return np.asarray(distance / float(model.card.novelty["threshold"]))


def _posterior(
    binaries: NDArray[np.float64],
    members: int,
    novelty: float,
    prepared: Arrays,
    row: int,
    record: Network,
    model: Model,
) -> Posterior:
    values = binary_draws.derived(binaries)
    drawn = np.concatenate([values, binaries[:, 2:4]], axis=1)
    by_member = values.reshape(members, -1, values.shape[-1])
    arrival = prepared["_arrival"][row]
    used = [n for n, time in zip(strain_event.SLOTS, arrival, strict=True) if np.isfinite(time)]
    flags = _flags(binaries, novelty, prepared, row, record, used, model)
    snr = prepared["_snr"][row]
    gps = float(np.nanmean(arrival))
    return Posterior(
        parameters=PARAMETERS,
        quantiles=np.quantile(values, QUANTILE_LEVELS, axis=0).T,
        aleatoric=np.sqrt(by_member.var(axis=1).mean(axis=0)),
        epistemic=by_member.mean(axis=1).std(axis=0),
        draws=drawn.astype(np.float32),
        draw_names=binary_draws.NAMES + binary_draws.SPINS,
        flags=flags,
        novelty=novelty,
        extras={
            "gps": gps,
            **{
                f"gps_{n.lower()}": _known(t)
                for n, t in zip(strain_event.SLOTS, arrival, strict=True)
            },
            "detectors": ",".join(used),
            "snr": float(np.sqrt(np.sum(snr**2))),
            **{
                f"snr_{name.lower()}": float(value) if name in used else None
                for name, value in zip(strain_event.SLOTS, snr, strict=True)
            },
            **UNKNOWN,
            "method": "network",
        },
        note=note(flags, float(np.sqrt(np.sum(snr**2))), values, held_hz(record)),
        curves={
            name.removeprefix(CURVE): np.asarray(prepared[name][row], np.float32)
            for name in prepared
            if name.startswith(CURVE)
        },
    )


def _known(time: float) -> float | None:
    return float(time) if np.isfinite(time) else None


def _flags(
    binaries: NDArray[np.float64],
    novelty: float,
    prepared: Arrays,
    row: int,
    record: Network,
    used: list[str],
    model: Model,
) -> Flag:
    snr = prepared["_snr"][row]
    calibration = model.card.calibration
    strains = [strain for strain in record.strains if strain.detector in used]
    gps = float(np.nanmean(prepared["_arrival"][row]))
    qualities = [_quality(strain, gps) for strain in strains]
    doubts = {
        Flag.LOW_SIGNAL: np.sqrt(np.sum(snr**2)) < LOW_SIGNAL,
        Flag.ONE_DETECTOR: len(used) < 2 or bool(np.min(snr) < QUIETEST_HALF),
        Flag.LITTLE_COVERAGE: _signal_cut(binaries, prepared, row) or ringing_cut(binaries, record),
        Flag.EDGE_OF_PRIOR: at_edge(binaries),
        Flag.OUTSIDE_PRIOR: novelty > 1 and at_edge(binaries),
        Flag.NOVEL: novelty > 1,
        Flag.GLITCH: np.max(prepared["_residual"][row]) > float(calibration["misfit_limit"]),
        Flag.QUALITY_UNKNOWN: None in qualities,
        Flag.QUALITY_BAD: False in qualities,
    }
    return raised(doubts)


def at_edge(binaries: NDArray[np.float64], share: float = EDGE_SHARE) -> bool:
    """Whether so much of the posterior lies beside a bound of chirp mass or small mass ratio."""
    mass, ratio = binaries[:, 0], binaries[:, 1]
    beside = [mass < LIGHTEST_SURE, mass > HEAVIEST_SURE, ratio < SMALLEST_SURE]
    return bool(max(np.mean(part) for part in beside) > share)


def _signal_cut(binaries: NDArray[np.float64], prepared: Arrays, row: int) -> bool:
    """Whether windows had to be shortened for a binary light enough to be heard longer."""
    return bool(prepared["_shortened"][row] > 0 and np.median(binaries[:, 0]) < 14)


def ringing_cut(binaries: NDArray[np.float64], record: Network) -> bool:
    """Whether a low sample rate leaves out the ringdown of half the draws, or more."""
    held = held_hz(record)
    if held >= HIGHEST_HZ:
        return False
    ringing = binary_draws.derived(binaries)[:, binary_draws.NAMES.index("f_220_det")]
    return bool(np.median(ringing) > held)


def _quality(strain: Strain, gps: float) -> bool | None:
    """Whether bits 0-3 are set from 1 s before to the second after the merger; None: unknown."""
    if strain.quality is None:
        return None
    second = int(np.floor(gps - strain.gps_start))
    seconds = strain.quality[max(second - 1, 0) : second + 2]
    return bool(np.all(seconds & NEEDED_QUALITY == NEEDED_QUALITY))


def note(flags: Flag, snr: float, values: NDArray[np.float64], held: float = HIGHEST_HZ) -> str:
    """Words about an answer; ``values`` (draws, parameters) are in the order of `NAMES`.

    ``held`` is the highest frequency (Hz) that the strain holds.
    """
    words = []
    if Flag.LOW_SIGNAL in flags:
        words.append(
            f"No convincing merger: the loudest candidate has a signal-to-noise ratio of {snr:.1f}."
        )
    elif Flag.NOVEL in flags:
        words.append("The strain is unlike the simulations: trust the intervals less.")
    if held < HIGHEST_HZ:
        words.append(
            f"The strain's sample rate holds frequencies up to {held:.0f} Hz only; what lies above "
            "is left out."
        )
    ringing = float(np.median(values[:, binary_draws.NAMES.index("f_220_det")]))
    if ringing > held:
        words.append(
            f"The ringdown, at {ringing:.0f} Hz, lies above the band analysed (to "
            f"{held:.0f} Hz): its frequency and damping time are predictions only."
        )
    return " ".join(words)


def _curves(event: Event, stretches: Mapping[str, Stretch]) -> Arrays:
    """Whitened strain and the best fit about the merger, 2048 a second, for the views."""
    curves: Arrays = {}
    for slot, name in enumerate(strain_event.SLOTS):
        size = round(sum(CURVE_S) * 2048)
        data, wave = np.full(size, np.nan), np.full(size, np.nan)
        if name in event.gps:
            data, wave = waveform_in_time(
                stretches[name],
                event.gps[name],
                CURVE_S,
                float(event.best.log_chirp_mass[0]),
                strain_event.ratio_of_best(event),
                float(event.best.spin[0]),
                complex(event.best.amplitude[0, slot]),
            )
        curves[f"{CURVE}whitened_{name.lower()}"] = data.astype(np.float32)
        curves[f"{CURVE}fitted_{name.lower()}"] = wave.astype(np.float32)
    return curves
