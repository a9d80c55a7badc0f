"""Redshift of near-infrared spectra, 1 <= z < 1.8: p(z) over 800 classes, every mode weighted.

A network in which a redshift is a shift gives each class of 0.001 in redshift its probability.
A single line can be Hα at one redshift or [O III] at another: both stay in the density as modes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Column
from astrogui.records.flags import Flag, raised
from astrogui.records.interval import grid_moments, grid_quantiles, split_variance
from astrogui.records.posterior import QUANTILE_LEVELS, GridDensity, Parameter, Posterior
from astrogui.records.provenance import Place
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum
from astrogui.science import near_infrared as grid
from astrogui.science.redshift_peaks import Peak, find_peaks, sharpened
from astrogui.science.spectral import resample
from astrogui.tasks.task import Arrays, Model, Options, Task, whole_record

SMALLEST_COVER_ANGSTROM = 3000.0
Z = Parameter(
    name="z",
    title="redshift",
    low=1.0,
    high=1.8,
    ucd="src.redshift",
    description="barycentric redshift between 1 and 1.8: best mode of p(z)",
)
CLASSES = ("GALAXY",)
REACH = 10  # classes to either side that are one mode: 0.01 in redshift
APART = 30  # classes from where on another redshift is another answer
EDGE_CLASSES = 5
OUTSIDE = 0.5  # probability of none of these redshifts
CERTAIN = 0.5  # weight from which a mode is narrowed
AMBIGUOUS = 0.1  # probability of another answer than the best
LOW_SIGNAL_LINE, LOW_SIGNAL_CONTINUUM = 6.0, 1.0  # strongest line; median continuum per pixel
LITTLE_COVERAGE = 0.5  # of 1.1 to 2.0 µm
MANY_MASKED = 0.25  # between the first and the last good pixel
SHOWN_MODE = 0.001


def accepts(source: Source) -> bool:
    """Spectra whose headers tell at least 3000 Å between 1.1 and 2.0 µm."""
    if source.kind != "spectrum" or source.supporting:
        return False
    if source.wavelength_range_angstrom is None:
        return False
    low, high = source.wavelength_range_angstrom
    first, last = grid.OBSERVED.edges_angstrom[[0, -1]]
    return min(high, float(last)) - max(low, float(first)) >= SMALLEST_COVER_ANGSTROM


def prepare(
    record: Spectrum, places: Sequence[Place], model: Model, options: Options
) -> dict[str, NDArray[Any]]:
    """The network's inputs, one row a place (a spectrum has one)."""
    del model, options
    arrays = prepare_spectrum(record)
    return {name: np.repeat(value, len(places), axis=0) for name, value in arrays.items()}


def prepare_spectrum(spectrum: Spectrum) -> Arrays:
    """``flux`` (1, pixels, channels) and ``summary`` (1, 4) of ``near_infrared.network_inputs``."""
    flux, ivar = on_grid(spectrum)
    return dict(grid.network_inputs(flux[None], ivar[None]))


def on_grid(spectrum: Spectrum) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Flux and inverse variance (pixels,) on the network's grid."""
    if spectrum.wavelength_angstrom.size < 2:
        return np.zeros(grid.PIXELS), np.zeros(grid.PIXELS)
    flux, ivar, _ = resample(
        spectrum.wavelength_angstrom, spectrum.flux, spectrum.ivar, spectrum.good, grid.OBSERVED
    )
    return flux, ivar


def decode(
    outputs: Arrays, prepared: Arrays, record: Spectrum, places: Sequence[Place], model: Model
) -> list[Posterior]:
    """One posterior a place: the ensemble's density, its modes, intervals and doubts."""
    del places
    return [
        posterior(
            outputs["log_probability"][row],
            outputs["features"][row],
            {name: prepared[name][row] for name in ("flux", "summary")},
            record,
            model,
        )
        for row in range(len(outputs["log_probability"]))
    ]


def posterior(
    log_probability: NDArray[Any],
    features: NDArray[Any],
    inputs: Arrays,
    record: Spectrum,
    model: Model,
) -> Posterior:
    """The answer to one spectrum; its quantiles are those of the whole p(z), all modes together."""
    good = inputs["flux"][:, grid.CHANNELS.index("good")] > 0
    if not good.any():
        return _unanswered()
    members, outside = tempered(log_probability, model)
    mass = joint(members, float(model.card.calibration.get("sharpness", 1.0)))
    answer, *others = modes(mass)
    shown = [peak for peak in others if peak.probability >= SHOWN_MODE]
    moments = np.array([grid_moments(grid.REDSHIFT_EDGES, member + 1e-30) for member in members])
    aleatoric, epistemic = split_variance(moments[:, 0], moments[:, 1])
    distance = novelty(features, inputs["summary"], model)
    flags = _flags(inputs["summary"], good, answer, mass, outside, record)
    flags |= Flag.NOVEL if distance > 1 else Flag.NONE
    return Posterior(
        parameters=(Z,),
        quantiles=grid_quantiles(grid.REDSHIFT_EDGES, mass, QUANTILE_LEVELS)[None],
        best=np.array([answer.redshift]),
        aleatoric=np.array([float(aleatoric)]),
        epistemic=np.array([float(epistemic)]),
        density=GridDensity(
            parameter="z",
            edges=grid.REDSHIFT_EDGES,
            classes=CLASSES,
            density=(mass / np.diff(grid.REDSHIFT_EDGES))[None].astype(np.float32),
        ),
        flags=flags,
        novelty=distance,
        extras={
            "prob_z_euclid": answer.probability,
            **_alternatives(shown),
            "prob_outside_euclid": outside,
        },
        note=_words(outside),
    )


def tempered(log_probability: NDArray[Any], model: Model) -> tuple[NDArray[np.float64], float]:
    """(members, 800) probabilities given 1 <= z < 1.8, and that of another redshift."""
    calibration = model.card.calibration
    scaled = np.asarray(log_probability, np.float64) / float(calibration["temperature"])
    mass = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    mass /= mass.sum(axis=1, keepdims=True)
    outside = float(mass[:, grid.CLASSES].mean())
    inside = mass[:, : grid.CLASSES] + 1e-12
    return inside / inside.sum(axis=1, keepdims=True), outside


def joint(members: NDArray[np.float64], sharpness: float) -> NDArray[np.float64]:
    """(800,) the members' mean, a mode of more than half narrowed (sharpness above 1).

    Its weight is kept. Lesser modes stay as they are: of those the network is too sure already.
    """
    mass = members.mean(axis=0)
    certain = [peak for peak in modes(mass) if peak.probability > CERTAIN]
    return sharpened(mass[None], [certain], (sharpness,))[0]


def modes(mass: NDArray[np.float64]) -> list[Peak]:
    """The modes of (800,) probabilities, most probable first; none overlaps another.

    A mode is all within 0.01 of its highest class, however flat p(z) is there: its weight says how
    likely the redshift is so near.
    """
    (found,) = find_peaks(mass[None], grid.REDSHIFT_EDGES, (REACH,), count=8, depth=np.inf)
    chosen: list[Peak] = []
    for peak in sorted(found, key=lambda peak: -peak.probability):
        if all(abs(peak.cell - other.cell) > 2 * REACH for other in chosen):
            chosen.append(peak)
    return chosen[:4]


def elsewhere(mass: NDArray[np.float64], peak: Peak) -> float:
    """Probability of another answer: of a redshift further than 0.03 from the mode's highest."""
    near = slice(max(peak.cell - APART, 0), peak.cell + APART + 1)
    return float(1 - mass[near].sum())


def novelty(features: NDArray[Any], summary: NDArray[Any], model: Model) -> float:
    """Mahalanobis distance of the networks' features and the summary, over its threshold.

    Source of the statistic: Lee et al. 2018, arXiv 1807.03888, with one class for all.
    """
    vector = novelty_vector(features[None], summary[None])[0]
    whitened = model.assets["novelty_whitening"] @ (vector - model.assets["novelty_mean"])
    return float(np.sqrt(np.sum(whitened**2)) / float(model.card.novelty["threshold"]))


def novelty_vector(features: NDArray[Any], summary: NDArray[Any]) -> NDArray[np.float64]:
    """(n, features + 2): the features, the strongest line and the scatter of the residual."""
    return np.concatenate([features, summary[:, [1, 3]]], axis=1).astype(np.float64)


def _unanswered() -> Posterior:
    return Posterior(
        parameters=(Z,),
        quantiles=np.full((1, QUANTILE_LEVELS.size), np.nan),
        flags=Flag.NOT_ANSWERED | Flag.LITTLE_COVERAGE,
        note="No good sample lies between 1.1 and 2.0 µm.",
    )


def _alternatives(others: Sequence[Peak]) -> dict[str, float | str | bool | None]:
    cells: dict[str, float | str | bool | None] = {}
    for number, peak in enumerate(others[:2], start=2):
        cells[f"z_{number}_euclid"] = peak.redshift
        cells[f"prob_z_{number}_euclid"] = peak.probability
    return cells


def _words(outside: float) -> str:
    if outside <= OUTSIDE:
        return ""
    return (
        f"The redshift is probably not between 1 and 1.8 (probability {outside:.0%}); p(z) holds "
        "only if it is."
    )


def _flags(
    summary: NDArray[Any],
    good: NDArray[np.bool_],
    answer: Peak,
    mass: NDArray[np.float64],
    outside: float,
    record: Spectrum,
) -> Flag:
    places = np.flatnonzero(good)
    span = int(places[-1] - places[0]) + 1
    continuum, line = float(np.sinh(summary[0])), float(np.expm1(summary[1]))
    doubts = {
        Flag.LOW_SIGNAL: line < LOW_SIGNAL_LINE and continuum < LOW_SIGNAL_CONTINUUM,
        Flag.LITTLE_COVERAGE: good.mean() < LITTLE_COVERAGE,
        Flag.MANY_MASKED: good.sum() < (1 - MANY_MASKED) * span,
        Flag.AMBIGUOUS: elsewhere(mass, answer) > AMBIGUOUS,
        Flag.EDGE_OF_PRIOR: min(answer.cell, grid.CLASSES - 1 - answer.cell) < EDGE_CLASSES,
        Flag.OUTSIDE_PRIOR: outside > OUTSIDE,
        Flag.NOISE_ESTIMATED: record.noise_estimated,
        Flag.AIR_ASSUMED: record.medium_in_file.startswith("assumed"),
    }
    return raised(doubts)


def _columns() -> tuple[Column, ...]:
    """Names of their own: an optical analysis of the same spectrum has its modes too."""
    columns = [
        Column(
            name="prob_z_euclid",
            ucd="stat.probability",
            description="probability that the redshift is within 0.01 of the answer, given that it "
            "is between 1 and 1.8",
        )
    ]
    for number, word in ((2, "second"), (3, "third")):
        columns += [
            Column(
                name=f"z_{number}_euclid",
                ucd="src.redshift",
                description=f"redshift of the {word} mode between 1 and 1.8",
            ),
            Column(
                name=f"prob_z_{number}_euclid",
                ucd="stat.probability",
                description=f"probability of the {word} mode, given a redshift between 1 and 1.8",
            ),
        ]
    columns.append(
        Column(
            name="prob_outside_euclid",
            ucd="stat.probability",
            description="probability that the redshift is not between 1 and 1.8",
        )
    )
    return tuple(columns)


TASK = Task(
    name="redshift_euclid",
    title="Redshift from near-infrared spectra",
    reads="spectrum",
    accepts=accepts,
    find=whole_record,
    prepare=prepare,
    decode=decode,
    parameters=(Z,),
    columns=_columns(),
    views=("spectrum", "posterior"),
    batch_size=64,
)
