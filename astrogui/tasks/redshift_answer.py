"""The answer of the redshift analysis: the ensemble's density as peak, intervals and doubts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.flags import Flag, raised
from astrogui.records.interval import grid_moments, grid_quantiles, split_variance
from astrogui.records.posterior import QUANTILE_LEVELS, GridDensity, Parameter, Posterior
from astrogui.records.spectrum import Spectrum
from astrogui.science import redshift_scan, sky_noise
from astrogui.science.compiled import is_available
from astrogui.science.redshift_peaks import (
    Peak,
    answer_and_alternatives,
    find_peaks,
    sharpened,
    within_peak,
)
from astrogui.science.template_sums import TemplateSet
from astrogui.tasks.kept import SameArrays
from astrogui.tasks.redshift_doubt import GOOD_SIGNAL
from astrogui.tasks.task import Model

CLASSES = redshift_scan.CLASSES
Z = Parameter(
    name="z",
    title="redshift",
    low=-0.0044,
    high=6.99,
    ucd="src.redshift",
    description="barycentric redshift: best peak of the most probable class",
)
REACH = (7, 22, 7)  # cells to either side that are one peak: 1000 km/s, 3000 for QSO
EDGE_CELLS = 3
LOW_SIGNAL = 1.0  # median signal-to-noise per 138 km/s
LITTLE_COVERAGE = 0.35  # of 3388 to 10423 Å
MANY_MASKED = 0.25  # between the first and the last good pixel
AMBIGUOUS = 0.2  # probability of the best answer at another redshift
SHOWN_ALTERNATIVE = 1e-4
_DEVIATES = np.array([NormalDist().inv_cdf(level) for level in QUANTILE_LEVELS])
COMPARED_ALTERNATIVE = 0.005  # from this probability its template fit is kept too


def posterior(
    log_probability: NDArray[Any],
    features: NDArray[Any],
    summary: NDArray[Any],
    record: Spectrum,
    model: Model,
) -> Posterior:
    seen = dict(zip(redshift_scan.SUMMARY, summary.tolist(), strict=True))
    if seen["good share"] <= 0:
        return _unanswered()
    signal_to_noise = 10 ** seen["log10 median S/N"]
    found = answered(log_probability, model.card.calibration, signal_to_noise)
    answer, edges, mass = found.peak, redshift_scan.cell_edges(), found.mass
    others = [peak for peak in found.others if peak.probability >= SHOWN_ALTERNATIVE]
    inside = slice(answer.first, answer.last + 1)
    aleatoric, epistemic = _split(
        found.members[:, answer.class_index, inside], edges[answer.first : answer.last + 2], found
    )
    distance = max(
        novelty(features, summary, model),
        unknown_ratio(found.unknown, model),
        misplaced_ratio(record, model),
    )
    flags = _flags(seen, answer, others, record) | (Flag.NOVEL if distance > 1 else Flag.NONE)
    curves, snr = _fit(record, model, answer, others[:2])
    return Posterior(
        parameters=(Z,),
        quantiles=found.quantiles(QUANTILE_LEVELS)[None],
        best=np.array([found.redshift]),
        aleatoric=np.array([aleatoric]),
        epistemic=np.array([epistemic]),
        density=GridDensity(
            parameter="z",
            edges=edges,
            classes=CLASSES,
            density=(mass / np.diff(edges)).astype(np.float32),
        ),
        classes=CLASSES,
        class_probability=mass.sum(axis=1),
        class_quantiles=_class_quantiles(found.members.sum(axis=2)),
        flags=flags,
        novelty=distance,
        extras={
            "prob_z": found.certainty,
            "prob_unknown": found.unknown if _knows_junk(model) else None,
            **_alternatives(others),
            "confident": is_confident(
                found.certainty, flags, model, signal_to_noise, found.unknown
            ),
            "snr": snr,
        },
        curves=curves,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answered:
    """The calibrated density, and the peak that is the answer."""

    members: NDArray[np.float64]  # (members, classes, cells), tempered
    mass: NDArray[np.float64]  # (classes, cells), their mean with its peaks sharpened
    unknown: float  # probability that nothing of these classes is seen; not part of ``mass``
    peak: Peak
    others: list[Peak]
    fine_edges: NDArray[np.float64]  # of the peak
    fine_mass: NDArray[np.float64]

    @property
    def certainty(self) -> float:
        """Probability that the redshift lies in the peak, whatever the class."""
        return float(self.mass[:, self.peak.first : self.peak.last + 1].sum())

    @property
    def redshift(self) -> float:
        """Mean over what lies within the reach of the highest cell."""
        reach = REACH[self.peak.class_index]
        edges = redshift_scan.cell_edges()
        low = edges[max(self.peak.cell - reach, 0)]
        high = edges[min(self.peak.cell + reach + 1, len(edges) - 1)]
        centres = 0.5 * (self.fine_edges[1:] + self.fine_edges[:-1])
        near = np.where((centres >= low) & (centres <= high), self.fine_mass, 0.0)
        return float(np.sum(near * centres) / near.sum())

    def quantiles(self, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Redshifts (levels,), conditional on the class and on the peak."""
        return grid_quantiles(self.fine_edges, self.fine_mass, levels)


def answered(
    log_probability: NDArray[Any],
    calibration: Mapping[str, Any],
    signal_to_noise: float | None = None,
) -> Answered:
    """From (members, rows, cells) log-probabilities and the card's calibration.

    Rows beyond the classes are what has no redshift: they are taken out of the density, which
    then sums to one. ``signal_to_noise`` (median per 138 km/s) chooses the map that makes the
    ranks of the truth inside its peak even, where the card has one.
    """
    edges = redshift_scan.cell_edges()
    raw = member_masses(log_probability, float(calibration["temperature"]))
    known = np.maximum(raw[:, : len(CLASSES)].sum(axis=(1, 2)), 1e-9)
    members = raw[:, : len(CLASSES)] / known[:, None, None]
    mass = raw[:, : len(CLASSES)].mean(axis=0) / known.mean()
    peaks = find_peaks(mass, edges, REACH, compiled=is_available())
    answer, *others = answer_and_alternatives(peaks, mass.sum(axis=1))
    told = calibration.get("sharpness", {})
    mass = sharpened(mass, peaks, tuple(float(told.get(name, 1.0)) for name in CLASSES))
    fine_edges, fine_mass = within_peak(mass[answer.class_index], answer, edges)
    maps = calibration.get("rank_map")
    if maps and signal_to_noise is not None:
        rises = ranks_of(maps, CLASSES[answer.class_index], signal_to_noise)
        fine_mass = mapped_mass(fine_mass, rises)
        inside = slice(answer.first, answer.last + 1)
        by_cell = fine_mass.reshape(answer.last - answer.first + 1, -1).sum(axis=1)
        mass[answer.class_index, inside] = mass[answer.class_index, inside].sum() * by_cell
    return Answered(
        members=members,
        mass=mass,
        unknown=float(1 - known.mean()) if len(raw[0]) > len(CLASSES) else 0.0,
        peak=answer,
        others=others,
        fine_edges=fine_edges,
        fine_mass=fine_mass,
    )


def ranks_of(
    maps: Mapping[str, Any], class_name: str, signal_to_noise: float
) -> NDArray[np.float64]:
    """Of a card's map of ranks, the rising values of a class and a signal-to-noise."""
    row = int(np.searchsorted(maps["signal_to_noise"], signal_to_noise))
    return np.asarray(maps["ranks"][class_name][row], np.float64)


def mapped_mass(fine_mass: NDArray[np.float64], ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Masses whose cumulative sum is mapped by ``ranks``: rising values at even steps of 0 to 1."""
    cumulative = np.concatenate([[0.0], np.cumsum(fine_mass)])
    moved = np.interp(cumulative / cumulative[-1], np.linspace(0, 1, len(ranks)), ranks)
    return np.diff(moved) / (moved[-1] - moved[0])


def member_masses(log_probability: NDArray[Any], temperature: float) -> NDArray[np.float64]:
    """(members, rows, cells) probabilities of each member, tempered and normalised.

    Exponentials in single precision, the network's own: eight times as fast.
    """
    scaled = np.asarray(log_probability, np.float32) / np.float32(temperature)
    scaled -= scaled.max(axis=(-2, -1), keepdims=True)
    masses = np.exp(scaled, out=scaled).astype(np.float64)
    masses /= masses.sum(axis=(-2, -1), keepdims=True)
    return np.asarray(masses)


def _unanswered() -> Posterior:
    """For a spectrum without a single good pixel between 3388 and 10423 Å."""
    return Posterior(
        parameters=(Z,),
        quantiles=np.full((1, QUANTILE_LEVELS.size), np.nan),
        classes=CLASSES,
        class_probability=np.full(len(CLASSES), np.nan),
        flags=Flag.NOT_ANSWERED | Flag.LITTLE_COVERAGE,
        extras={"confident": False},
        note="No good sample lies between 3388 and 10423 Å.",
    )


def is_confident(
    certainty: float,
    flags: Flag,
    model: Model,
    signal_to_noise: float = np.inf,
    unknown: float = 0.0,
) -> bool:
    """Certain enough, by the card's thresholds tuned on simulations, and nothing speaks against it.

    That is: nothing unheard of is seen, and no other answer is nearly as good.
    """
    calibration = model.card.calibration
    needed = needed_certainty(np.array(signal_to_noise), np.array(unknown), calibration)
    doubts = Flag.NOVEL | Flag.NOT_ANSWERED | Flag.AMBIGUOUS
    return certainty >= float(needed) and not flags & doubts


def needed_certainty(
    signal_to_noise: NDArray[Any], unknown: NDArray[Any], calibration: Mapping[str, Any]
) -> NDArray[np.float64]:
    """(n,) the certainty from which an answer is confident.

    Of a faint spectrum more is asked, and the certainty counts given that it is of something.
    """
    needed = np.full(np.shape(signal_to_noise), float(calibration["confident_probability"]))
    if "confident_probability_faint" not in calibration:
        return needed
    faint = float(calibration["confident_probability_faint"]) / np.maximum(1 - unknown, 1e-3)
    return np.where(signal_to_noise <= GOOD_SIGNAL, faint, needed)


def novelty(features: NDArray[Any], summary: NDArray[Any], model: Model) -> float:
    """Mahalanobis distance of the networks' features and the fit's residual, over its threshold.

    Source of the statistic: Lee et al. 2018, arXiv 1807.03888, with one class for all.
    """
    vector = novelty_vector(features[None], summary[None])[0]
    whitened = model.assets["novelty_whitening"] @ (vector - model.assets["novelty_mean"])
    return float(np.sqrt(np.sum(whitened**2)) / float(model.card.novelty["threshold"]))


def unknown_ratio(unknown: float, model: Model) -> float:
    """Probability of UNKNOWN over the card's threshold; 0 for a network without that class."""
    if not _knows_junk(model):
        return 0.0
    return unknown / float(model.card.calibration["unknown_probability"])


def misplaced_ratio(record: Spectrum, model: Model) -> float:
    """How rough the noise is where the sky is quiet, over the card's limit; 0 where unknown."""
    limit = float(model.card.calibration.get("largest_misplaced_noise", np.inf))
    if record.noise_estimated or limit == np.inf:
        return 0.0
    return max(misplaced_noise(record) / limit, 0.0)


def misplaced_noise(record: Spectrum) -> float:
    """``sky_noise.misplaced`` of the stated errors, as they come to lie on the grid."""
    grid = redshift_scan.OBSERVED.centres_angstrom
    return sky_noise.misplaced(grid, scaled_spectrum(record).ivar)


def _knows_junk(model: Model) -> bool:
    return "unknown_probability" in model.card.calibration


def novelty_vector(features: NDArray[Any], summary: NDArray[Any]) -> NDArray[np.float64]:
    """(n, features + 2): the features, the reduced chi-square and the roughness of the noise."""
    return np.concatenate([features, summary[:, [1, 7]]], axis=1).astype(np.float64)


def _split(members: NDArray[Any], edges: NDArray[Any], found: Answered) -> tuple[float, float]:
    """Standard deviations inside the answered peak: within members, and between them.

    Their squares are scaled to add up to the variance of the calibrated density.
    """
    aleatoric, epistemic = split_variance(*grid_moments(edges, members + 1e-30))
    _, variance = grid_moments(found.fine_edges, found.fine_mass)
    scale = np.sqrt(variance / (aleatoric**2 + epistemic**2))
    return float(aleatoric * scale), float(epistemic * scale)


def _class_quantiles(probability: NDArray[Any]) -> NDArray[np.float64]:
    """(classes, levels): a normal spread with the members' mean and scatter, cut at 0 and 1."""
    mean = probability.mean(axis=0)
    scatter = probability.std(axis=0, ddof=min(1, len(probability) - 1))
    return np.clip(mean[:, None] + scatter[:, None] * _DEVIATES, 0.0, 1.0)


def _alternatives(others: Sequence[Peak]) -> dict[str, float | str | bool | None]:
    cells: dict[str, float | str | bool | None] = {}
    for number, peak in enumerate(others[:2], start=2):
        cells[f"z_{number}"] = peak.redshift
        cells[f"prob_z_{number}"] = peak.probability
        cells[f"class_{number}"] = CLASSES[peak.class_index]
    return cells


def _flags(seen: dict[str, float], answer: Peak, others: Sequence[Peak], record: Spectrum) -> Flag:
    first, last = redshift_scan.CLASS_CELLS[answer.class_index]
    apart = [p for p in others if abs(p.cell - answer.cell) > REACH[answer.class_index]]
    span = seen["last good pixel"] - seen["first good pixel"] + 1 / redshift_scan.OBSERVED.size
    doubts = {
        Flag.LOW_SIGNAL: seen["log10 median S/N"] < np.log10(LOW_SIGNAL),
        Flag.LITTLE_COVERAGE: seen["good share"] < LITTLE_COVERAGE,
        Flag.MANY_MASKED: seen["good share"] < (1 - MANY_MASKED) * span,
        Flag.AMBIGUOUS: sum(peak.probability for peak in apart) > AMBIGUOUS,
        Flag.EDGE_OF_PRIOR: min(answer.cell - first, last - answer.cell) < EDGE_CELLS,
        Flag.NOISE_ESTIMATED: record.noise_estimated,
        Flag.AIR_ASSUMED: record.medium_in_file.startswith("assumed"),
    }
    return raised(doubts)


def _fit(
    record: Spectrum, model: Model, answer: Peak, others: Sequence[Peak]
) -> tuple[dict[str, NDArray[np.float32]], float]:
    """The best template fits, in the record's flux unit, and the median S/N.

    ``model_flux`` at the answer; ``model_flux_2`` and ``_3`` at the alternatives of those numbers
    that are worth comparing.
    """
    scaled = scaled_spectrum(record)
    shown = scaled.good
    if any(name.startswith("refine_") for name in model.assets):
        return {}, scaled.signal_to_noise  # the refinement fits better curves at once
    curves = {"model_wavelength_angstrom": redshift_scan.OBSERVED.centres_angstrom[shown]}
    for number, peak in enumerate((answer, *others), start=1):
        if number > 1 and peak.probability < COMPARED_ALTERNATIVE:
            continue
        name = CLASSES[peak.class_index]
        fit, _ = redshift_scan.model_at(scaled, template_sets(model), name, peak.cell)
        curves["model_flux" if number == 1 else f"model_flux_{number}"] = fit[shown] * scaled.level
    return {n: v.astype(np.float32) for n, v in curves.items()}, scaled.signal_to_noise


@lru_cache(maxsize=16)
def scaled_spectrum(spectrum: Spectrum) -> redshift_scan.Scaled:
    """On the log grid and of unit level; kept from the preparation to the refinement."""
    return redshift_scan.scale(
        spectrum.wavelength_angstrom,
        spectrum.flux.astype(np.float64),
        spectrum.ivar.astype(np.float64),
        spectrum.good,
    )


def template_sets(model: Model) -> tuple[TemplateSet, ...]:
    """The learned sets of a model folder, with their transforms kept between spectra."""
    return _sets_of(SameArrays(model.assets))


@lru_cache(maxsize=2)
def _sets_of(assets: SameArrays) -> tuple[TemplateSet, ...]:
    return redshift_scan.sets_from_arrays(assets.arrays)
