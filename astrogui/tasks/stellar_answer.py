"""The answer of the stellar analysis: the network's mixture, and the fit that refines it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from astrogui.records.flags import Flag, raised
from astrogui.records.posterior import QUANTILE_LEVELS, Parameter, Posterior
from astrogui.records.provenance import Place
from astrogui.records.spectrum import Spectrum
from astrogui.science import stellar_fit, stellar_spectrum
from astrogui.science.stellar_emulator import (
    HIGH,
    LABELS,
    LOW,
    OBSERVED,
    PIXEL_KM_S,
    Emulator,
    emulator_from_arrays,
    pixel_shift,
    shift_velocity,
    unscaled,
)
from astrogui.science.stellar_fit import Fit
from astrogui.science.stellar_spectrum import Observed
from astrogui.science.truncated_normal import truncated_normal_draws
from astrogui.tasks.kept import SameArrays
from astrogui.tasks.task import Model, seeded

Array = NDArray[np.float64]

# "dex" is no unit of the VO standard that tables are written by: it stands in the titles.
PARAMETERS = (
    Parameter(name="teff", title="effective temperature", unit="K", low=LOW[0], high=HIGH[0],
              ucd="phys.temperature.effective"),
    Parameter(name="logg", title="log g (dex)", low=LOW[1], high=HIGH[1],
              ucd="phys.gravity", description="log10 of the surface gravity in cm/s2"),
    Parameter(name="fe_h", title="[Fe/H] (dex)", low=LOW[2], high=HIGH[2],
              ucd="phys.abund.Fe"),
    Parameter(name="mg_fe", title="[Mg/Fe] (dex)", low=LOW[3], high=HIGH[3],
              ucd="phys.abund"),
    Parameter(name="v_broad", title="broadening", unit="km / s", low=LOW[4], high=HIGH[4],
              ucd="phys.veloc.rotat", description="rotation and turbulence together"),
    Parameter(name="radial_velocity", title="radial velocity", unit="km / s", low=-500.0,
              high=500.0, ucd="spect.dopplerVeloc",
              description="in the frame of the file's wavelengths"),
)  # fmt: skip

FIT_COLUMNS = ("reduced_chi_square", "chi_square_excess", "misfit")
SHIFT_SCALE = 2.0  # pixels of the correlation's error that the network calls one
LARGEST_SURE_KM_S = 300.0
DRAWS = 2000
LOW_SIGNAL = 15.0  # median signal-to-noise ratio per pixel; simulated from 20 on
LITTLE_COVERAGE, MANY_MASKED = 0.4, 0.8  # of the pixels
CORRELATED = 1.08  # chi-square over what neighbouring residuals tell, beyond which fits restart
FAR = 5.0  # standard deviations of the network, likewise
WIDE_KM_S, POOR = 25.0, -0.3  # broadening above and [Fe/H] below which velocities are checked


def normals(answers: NDArray, shift: float) -> tuple[Array, Array]:
    """Means (draws, 6) and covariances (draws, 6, 6) of the network's answers for one spectrum.

    Scaled labels, then the shift in units of ``SHIFT_SCALE`` pixels.
    """
    size = len(PARAMETERS)
    raw = np.asarray(answers, np.float64)
    means, factors = raw[:, :size].copy(), np.zeros((len(raw), size, size))
    rows, columns = np.tril_indices(size)
    factors[:, rows, columns] = raw[:, size:]
    diagonal = np.arange(size)
    factors[:, diagonal, diagonal] = np.exp(np.clip(factors[:, diagonal, diagonal], -4.0, 8.0))
    inverses = np.linalg.inv(factors)
    means[:, -1] += shift / SHIFT_SCALE
    return means, inverses @ inverses.transpose(0, 2, 1)


def from_scaled(values: Array) -> Array:
    """(..., 6) scaled labels and shift to physical units, km/s for the velocity."""
    velocity = shift_velocity(values[..., -1:] * SHIFT_SCALE)
    return np.concatenate([unscaled(values[..., :-1]), velocity], axis=-1)


def network_draws(
    means: Array, covariances: Array, spread: Array, rng: np.random.Generator
) -> Array:
    """Draws (DRAWS, 6) in physical units from the mixture, spread about its mean by the card's
    factors (6,); labels stay between their bounds.
    """
    chosen = np.arange(DRAWS) % len(means)
    factors = np.linalg.cholesky(covariances)
    deviates = rng.standard_normal((DRAWS, len(PARAMETERS)))
    values = means[chosen] + np.einsum("nij,nj->ni", factors[chosen], deviates)
    centre = means.mean(axis=0)
    values = centre + (values - centre) * spread
    values[:, :-1] = np.clip(values[:, :-1], -1.0, 1.0)
    return from_scaled(values)


def network_posterior(
    answers: NDArray, features: NDArray, summary: NDArray, shift: float, record: Spectrum,
    model: Model,
) -> Posterior:  # fmt: skip
    """From the network's outputs for one spectrum."""
    seen = dict(zip(stellar_spectrum.SUMMARY, summary.tolist(), strict=True))
    if seen["good share of the pixels"] < 0.02:
        return _unanswered()
    means, covariances = normals(answers, shift)
    spread = np.asarray(model.card.calibration.get("spread", np.ones(6)), np.float64)
    draws = network_draws(means, covariances, spread, seeded(model, "stellar", "network"))
    aleatoric = np.sqrt(np.einsum("nii->ni", covariances).mean(axis=0)) * spread
    epistemic = means.std(axis=0) * spread
    units = np.append((HIGH - LOW) / 2, SHIFT_SCALE * PIXEL_KM_S)
    distance = novelty(features, summary, model)
    snr = 10 ** seen["log10 median S/N per pixel"]
    flags = _flags(snr, seen["good share of the pixels"], draws, record)
    return _posterior(
        draws,
        aleatoric=aleatoric * units,
        epistemic=epistemic * units,
        flags=flags | (Flag.NOVEL if distance > 1 else Flag.NONE),
        novelty=distance,
        extras={"snr": snr, "method": "network", **dict.fromkeys(FIT_COLUMNS)},
    )


def novelty(features: NDArray, summary: NDArray, model: Model) -> float:
    """Distance of features and summary from those of the simulations, 1 at the card's threshold."""
    vector = np.concatenate([features, summary[:4]]) - model.assets["novelty_mean"]
    whitened = model.assets["novelty_whitening"] @ vector
    return float(np.sqrt(np.mean(whitened**2)) / float(model.card.novelty["threshold"]))


def refined_posterior(
    record: Spectrum,
    place: Place,
    posterior: Posterior,
    model: Model,
    progress: Callable[[float], None],
) -> Posterior | None:
    """The labels by a fit of the emulated spectrum, started from the network's answer."""
    del place
    if Flag.NOT_ANSWERED in posterior.flags:
        return None
    seen = observed_record(record)
    start, width = starting_point(posterior)
    found = best_fit(seen, emulator(model), start, width, progress)
    if not np.isfinite(found.chi_square) or found.degrees < 50:
        return None
    draws = fit_draws(found, model, seeded(model, "stellar", "fit"))
    spread = draws.std(axis=0)
    neighbours = neighbour_variance(found, seen)
    strangeness = strange(found.reduced, found.reduced / neighbours, model)
    flags = _flags(seen.signal_to_noise, seen.good_share, draws, record)
    at_edge = Flag.EDGE_OF_PRIOR in flags
    flags |= Flag.NOVEL if strangeness > 1 else Flag.NONE
    flags |= Flag.OUTSIDE_PRIOR if strangeness > 1 and at_edge else Flag.NONE
    return _posterior(
        draws,
        aleatoric=spread,
        epistemic=np.zeros(len(PARAMETERS)),
        flags=flags,
        novelty=strangeness,
        extras={
            "snr": seen.signal_to_noise,
            "method": "emulator fit",
            "reduced_chi_square": found.reduced,
            "chi_square_excess": found.reduced / neighbours,
            "misfit": misfit(found, seen),
        },
        note=_note(found, strangeness, at_edge),
        curves=_curves(found, seen, record),
    )


def strange(reduced: float, excess: float, model: Model) -> float:
    """1 where a fit is as bad as one in a hundred simulations: by its chi-square, or by that over
    what neighbouring residuals tell, which a wrong scale of the errors leaves alone.
    """
    limits = model.card.calibration
    return max(
        reduced / float(limits["reduced_chi_square_limit"]),
        excess / float(limits["chi_square_excess_limit"]),
    )


def observed_record(record: Spectrum) -> Observed:
    """On the emulator's pixels and of unit level."""
    return stellar_spectrum.observed(
        record.wavelength_angstrom,
        record.flux.astype(np.float64),
        record.ivar.astype(np.float64),
        record.good,
    )


def starting_point(posterior: Posterior) -> tuple[Array, Array]:
    """Medians and half widths of the 68 % intervals, (6,) each, the velocity as a shift."""
    names = [parameter.name for parameter in PARAMETERS]
    start = np.array([posterior.median(name) for name in names])
    width = np.array([np.diff(posterior.interval(name, 0.68))[0] / 2 for name in names])
    return np.append(start[:-1], pixel_shift(start[-1])), np.append(
        width[:-1], width[-1] / PIXEL_KM_S
    )


def best_fit(
    seen: Observed,
    spectra: Emulator,
    start: Array,
    width: Array,
    progress: Callable[[float], None] = lambda part: None,
) -> Fit:
    """The fit from the network's answer; from elsewhere too where that looks like a side minimum.

    That is: far from the network's answer, at a bound, with residuals that resemble their
    neighbours. Weak broad lines hide their velocity from the correlation with templates: there it
    is looked for again by fits of the continuum.
    """
    found = stellar_fit.fit(seen.flux, seen.ivar, spectra, start, progress)
    labels = found.values[:-1]
    held = bool(np.any((labels <= LOW) | (labels >= HIGH)))
    far = np.max(np.abs(found.values - start) / np.maximum(width, 1e-9)) > FAR
    alike = found.reduced > CORRELATED * neighbour_variance(found, seen)
    others: list[Array] = []
    if labels[LABELS.index("v_broad")] > WIDE_KM_S and labels[LABELS.index("fe_h")] < POOR:
        broadest = np.append(labels[:-1], HIGH[-1])
        rest = np.asarray(spectra.flux(broadest[None])[0], np.float64)
        shift = stellar_spectrum.shift_by_fit(seen, rest, float(found.values[-1]))
        if abs(shift - found.values[-1]) > 1.0:
            others.append(np.append(0.5 * (labels + broadest), shift))
    if held or far or alike:
        others += [
            np.array([teff, logg, -0.2, 0.1, start[4], start[5]])
            for teff, logg in ((4800.0, 4.6), (5900.0, 4.4))
        ]
    for other in others:
        again = stellar_fit.fit(seen.flux, seen.ivar, spectra, other, progress)
        if again.chi_square < found.chi_square - 1.0 and again.left_out <= found.left_out + 5:
            found = again
    return found


def neighbour_variance(found: Fit, seen: Observed) -> float:
    """Variance of the residuals, in units of the errors, by comparing second neighbours.

    d_i = r_i - (r_(i-2) + r_(i+2)) / 2 has 1.5 times the variance of white noise r.
    """
    residual = np.where(seen.ivar > 0, (seen.flux - found.model) * np.sqrt(seen.ivar), np.nan)
    difference = residual[2:-2] - 0.5 * (residual[:-4] + residual[4:])
    known = difference[np.isfinite(difference)]
    if known.size < 50:
        return found.reduced
    return float((1.4826 * np.median(np.abs(known))) ** 2 / 1.5)


def covariance(found: Fit, model: Model) -> Array:
    """(6, 6) of labels and shift: Fisher's, by the scatter found, the emulator's error added.

    The errors of the file may be wrong by a factor, which the reduced chi-square tells.
    """
    scale = stellar_fit.SCALES
    inverse = np.linalg.pinv(found.information * scale[:, None] * scale, hermitian=True)
    result = inverse * scale[:, None] * scale * max(found.reduced, 1e-3)
    result = result + np.asarray(model.assets["model_error"], np.float64)
    spread = np.asarray(model.card.calibration.get("spread_refined", np.ones(6)), np.float64)
    return np.asarray(result * spread[:, None] * spread)


def fit_draws(found: Fit, model: Model, rng: np.random.Generator) -> Array:
    """Draws (DRAWS, 6) of the normal approximation inside the bounds, in physical units."""
    low = np.append(LOW, -stellar_fit.LARGEST_SHIFT)
    high = np.append(HIGH, stellar_fit.LARGEST_SHIFT)
    draws = truncated_normal_draws(found.centre, covariance(found, model), low, high, DRAWS, rng)
    draws[:, -1] = shift_velocity(draws[:, -1])
    return draws


def misfit(found: Fit, seen: Observed) -> float:
    """Fractional scatter of the data about the model beyond what the errors explain."""
    good = (seen.ivar > 0) & np.isfinite(found.model) & (np.abs(found.model) > 1e-3)
    if not good.any():
        return 0.0
    relative = (seen.flux[good] - found.model[good]) / found.model[good]
    expected = 1 / (seen.ivar[good] * found.model[good] ** 2)
    return float(np.sqrt(max(np.median(relative**2) / 0.4549 - np.median(expected), 0.0)))


def emulator(model: Model) -> Emulator:
    """The emulator of a model folder, unpacked once."""
    return _emulator_of(SameArrays(model.assets))


@lru_cache(maxsize=2)
def _emulator_of(assets: SameArrays) -> Emulator:
    return emulator_from_arrays(assets.arrays)


def _posterior(
    draws: Array,
    *,
    aleatoric: Array,
    epistemic: Array,
    flags: Flag,
    novelty: float,
    extras: dict[str, float | str | bool | None],
    note: str = "",
    curves: dict[str, NDArray[np.float32]] | None = None,
) -> Posterior:
    return Posterior(
        parameters=PARAMETERS,
        quantiles=np.quantile(draws, QUANTILE_LEVELS, axis=0).T,
        aleatoric=aleatoric,
        epistemic=epistemic,
        draws=draws.astype(np.float32),
        draw_names=tuple(parameter.name for parameter in PARAMETERS),
        flags=flags,
        novelty=novelty,
        extras=extras,
        note=note,
        curves=curves or {},
    )


def _unanswered() -> Posterior:
    return Posterior(
        parameters=PARAMETERS,
        quantiles=np.full((len(PARAMETERS), QUANTILE_LEVELS.size), np.nan),
        flags=Flag.NOT_ANSWERED | Flag.LITTLE_COVERAGE,
        extras={"snr": None, "method": "network", **dict.fromkeys(FIT_COLUMNS)},
        note="There is no good sample between 15168 and 16937 Å.",
    )


def _flags(snr: float, good_share: float, draws: Array, record: Spectrum) -> Flag:
    low, high = np.quantile(draws[:, :-1], [0.16, 0.84], axis=0)
    margin = 0.01 * (HIGH - LOW)
    near = (low <= LOW + margin) | (high >= HIGH - margin)
    near[LABELS.index("v_broad")] = high[-1] >= HIGH[-1] - margin[-1]  # none at all is usual
    fast = bool(np.abs(np.median(draws[:, -1])) > LARGEST_SURE_KM_S)
    doubts = {
        Flag.LOW_SIGNAL: snr < LOW_SIGNAL,
        Flag.LITTLE_COVERAGE: good_share < LITTLE_COVERAGE,
        Flag.MANY_MASKED: good_share < MANY_MASKED,
        Flag.EDGE_OF_PRIOR: bool(near.any()) or fast,
        Flag.NOISE_ESTIMATED: record.noise_estimated,
        Flag.AIR_ASSUMED: record.medium_in_file.startswith("assumed"),
    }
    return raised(doubts)


def _note(found: Fit, strangeness: float, at_edge: bool) -> str:
    if strangeness <= 1:
        return ""
    words = f"The best fit leaves a chi-square of {found.reduced:.3g} a pixel: "
    if at_edge:
        return words + "no main-sequence star between 4200 and 7000 K looks like this."
    return words + "the spectrum has features that the emulator lacks, or its errors are too small."


def _curves(found: Fit, seen: Observed, record: Spectrum) -> dict[str, NDArray[np.float32]]:
    """The fit at the record's own wavelengths, in its unit, NaN where nothing is known."""
    place = (np.log10(record.wavelength_angstrom) - OBSERVED.first) / OBSERVED.step
    model = np.interp(place, np.arange(OBSERVED.size), found.model, np.nan, np.nan)
    return {"model_flux": (model * seen.level).astype(np.float32)}
