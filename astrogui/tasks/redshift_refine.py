"""The refinement of redshifts: peaks of p(z) polished by fits on the spectrum's own pixels.

The answer becomes a mixture of the fit's normal density and of the network's own density within
the peak, with spreads and shares that the card states for each class: found on simulations, so
that the intervals hold what they say.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Column
from astrogui.records.flags import Flag
from astrogui.records.posterior import QUANTILE_LEVELS, GridDensity, Posterior
from astrogui.records.provenance import Place
from astrogui.records.spectrum import Spectrum
from astrogui.science import refinement
from astrogui.science.refinement_basis import FINE, Basis, bases_from_arrays
from astrogui.science.refinement_equations import Pixels
from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S
from astrogui.tasks.kept import SameArrays
from astrogui.tasks.redshift_answer import ranks_of, scaled_spectrum
from astrogui.tasks.redshift_doubt import delta_chi_square, doubts
from astrogui.tasks.task import Model

FIT, NETWORK = "template fit", "network"
SURE_FRAMES = ("barycentric", "heliocentric")
CALIBRATION_ERROR_KM_S = (10.0, 25.0)  # of the wavelengths: frame known, or not
WORTH_POLISHING = 1e-3  # probability of an alternative


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How far the refined redshifts of one class lie from the truth, on simulations.

    The standard deviation is sqrt((``scale`` sigma)^2 + ``floor``^2 + the wavelengths' error^2),
    sigma the fit's own; ``share`` of the probability stays with the network's density.
    """

    scale: float
    floor_km_s: float
    share: float

    def sigma(self, redshift: float, error: float, calibration_km_s: float) -> float:
        """Standard deviation of a redshift whose fit states ``error``."""
        floor = np.hypot(self.floor_km_s, calibration_km_s) / SPEED_OF_LIGHT_KM_S
        return float(np.hypot(self.scale * error, floor * (1 + redshift)))


def refine(
    record: Spectrum,
    place: Place,
    posterior: Posterior,
    model: Model,
    progress: Callable[[float], None],
) -> Posterior | None:
    """The same answer with its three best peaks polished; None where no fit is possible."""
    del place
    bases = bases_of(model)
    if not bases or Flag.NOT_ANSWERED in posterior.flags:
        return None
    data = fine_pixels(record)
    fits: list[refinement.Fit | None] = []
    for number, (class_name, redshift) in enumerate(peaks(posterior)):
        progress(number / 3)
        fits.append(refinement.refine(data, bases[class_name], redshift))
    if fits[0] is None:
        return None
    return refined(posterior, fits, spreads(model.card.calibration), record, data, model)


def peaks(posterior: Posterior) -> list[tuple[str, float]]:
    """Class and redshift of the answer and of the alternatives that are worth polishing."""
    found = [(posterior.most_probable_class, posterior.value("z"))]
    for number in (2, 3):
        class_name, z = posterior.extras.get(f"class_{number}"), posterior.extras.get(f"z_{number}")
        probability = posterior.extras.get(f"prob_z_{number}")
        if isinstance(class_name, str) and isinstance(z, float) and isinstance(probability, float):
            if probability < WORTH_POLISHING:
                break
            found.append((class_name, z))
    return found


def refined(
    posterior: Posterior,
    fits: Sequence[refinement.Fit | None],
    told: Mapping[str, Spread],
    record: Spectrum,
    data: Pixels,
    model: Model,
) -> Posterior:
    """The posterior with what the fits say; ``fits[0]`` is the answer's."""
    first = fits[0]
    assert first is not None
    spread = told.get(posterior.most_probable_class)
    usable = spread is not None and np.isfinite(first.redshift_error) and spread.share < 1
    extras = dict(posterior.extras)
    extras |= {"z_network": posterior.value("z"), "method": NETWORK}
    extras |= _fit_cells(fits)
    changes: dict[str, Any] = {}
    if usable and spread is not None:
        calibration = CALIBRATION_ERROR_KM_S[record.frame not in SURE_FRAMES]
        sigma = spread.sigma(first.redshift, first.redshift_error, calibration)
        ranks = _ranks(posterior, model)
        changes = _mixed(posterior, first.redshift, sigma, spread.share, ranks)
        if "best" in changes:
            extras["method"] = FIT
    flags, novelty = doubts(posterior, fits, model)
    known = not flags & (Flag.NOVEL | Flag.AMBIGUOUS)
    extras["confident"] = bool(extras.get("confident")) and known
    return dataclasses.replace(
        posterior,
        **changes,
        extras=extras,
        flags=flags,
        novelty=novelty,
        curves=_curves(fits, record, data),
    )


def _fit_cells(
    fits: Sequence[refinement.Fit | None],
) -> dict[str, float | str | bool | None]:
    cells: dict[str, float | str | bool | None] = {}
    for number, fit in enumerate(fits, start=1):
        ending = "" if number == 1 else f"_{number}"
        if fit is None:
            continue
        cells[f"chi2{ending}"] = fit.chi_square
        cells[f"chi2_reduced{ending}"] = fit.reduced
        if np.isfinite(fit.redshift_error):
            cells[f"z_fit{ending}"] = fit.redshift
            cells[f"z_fit_error{ending}"] = fit.redshift_error
            if number > 1:
                cells[f"z_{number}"] = fit.redshift
    delta = delta_chi_square(fits)
    if delta is not None:
        cells["delta_chi2"] = delta
    return cells


def _ranks(posterior: Posterior, model: Model) -> NDArray[np.float64]:
    """The card's map that makes the ranks of the truth in a mixture even; 0 to 1 without one."""
    maps, signal = model.card.calibration.get("refined_rank_map"), posterior.extras.get("snr")
    if not maps or not isinstance(signal, float):
        return np.array([0.0, 1.0])
    return ranks_of(maps, posterior.most_probable_class, signal)


def _mixed(
    posterior: Posterior, redshift: float, sigma: float, share: float, ranks: NDArray[np.float64]
) -> dict[str, Any]:
    """Quantiles, value, spreads and density of (1 - share) fit + share network, ranks mapped."""
    network = posterior.quantiles[posterior.index("z")]
    if not np.all(np.isfinite(network)):
        return {}

    places, distribution = refinement.mixture(QUANTILE_LEVELS, network, redshift, sigma, share)
    distribution = np.interp(distribution, np.linspace(0, 1, ranks.size), ranks)
    quantiles = np.interp(QUANTILE_LEVELS, distribution, places)
    variance = _variance(places, distribution)
    epistemic = 0.0
    if posterior.epistemic is not None:
        epistemic = min(share * float(posterior.epistemic[0]) ** 2, 0.99 * variance)
    changes: dict[str, Any] = {
        "quantiles": quantiles[None],
        "aleatoric": np.array([np.sqrt(variance - epistemic)]),
        "epistemic": np.array([np.sqrt(epistemic)]),
    }
    if _denser(network, sigma, share):
        changes["best"] = np.array([redshift])
    if posterior.density is not None:
        changes["density"] = _sharper(posterior, network, places, distribution)
    return changes


def _variance(places: NDArray[np.float64], distribution: NDArray[np.float64]) -> float:
    """Of a density that is even between the places of its distribution function."""
    mass, low, high = np.diff(distribution), places[:-1], places[1:]
    mean = float(np.sum(mass * (low + high)) / 2)
    low, high = low - mean, high - mean
    return float(np.sum(mass * (low**2 + low * high + high**2)) / 3)


def _denser(network: NDArray[np.float64], sigma: float, share: float) -> bool:
    """Whether the mixture is higher at the fit than at the network's middle: there it is quoted.

    The network's density about its middle is taken from its quantiles at 40 % and 60 %.
    """
    low, high = np.interp((0.4, 0.6), QUANTILE_LEVELS, network)
    own = share * 0.2 / max(float(high - low), 1e-9)
    return (1 - share) / (sigma * np.sqrt(2 * np.pi)) > own


def _sharper(
    posterior: Posterior,
    network: NDArray[np.float64],
    places: NDArray[np.float64],
    distribution: NDArray[np.float64],
) -> GridDensity:
    """The gridded density with the answered peak's probability put where the mixture has it."""
    density = posterior.density
    assert density is not None
    row, edges = density.classes.index(posterior.most_probable_class), density.edges
    # Cells that the peak leaves, or comes to; the others stay as they are.
    ends = min(network[0], places[0]), max(network[-1], places[-1])
    low, high = np.searchsorted(edges, ends).tolist()
    about = slice(max(low - 2, 0), min(high + 1, edges.size - 1))
    near = edges[about.start : about.stop + 1]
    centres, widths = 0.5 * (near[1:] + near[:-1]), np.diff(near)
    inside = (centres >= network[0]) & (centres <= network[-1])
    middle = np.searchsorted(edges, network[12]) - 1 - about.start
    inside[np.clip(middle, 0, inside.size - 1)] = True
    mass = density.density[row, about].astype(np.float64) * widths
    total = float(mass[inside].sum())
    mass[inside] = 0.0
    moved = np.diff(np.interp(near, places, distribution, 0.0, 1.0))
    table = density.density.copy()
    table[row, about] = (mass + total * moved / max(float(moved.sum()), 1e-30)) / widths
    return dataclasses.replace(density, density=table)


def _curves(
    fits: Sequence[refinement.Fit | None], record: Spectrum, data: Pixels
) -> dict[str, NDArray[np.float32]]:
    """The fits at the record's own wavelengths, in its flux unit: ``model_flux``, ``_2``, ``_3``.

    NaN outside the wavelengths that are fitted.
    """
    logarithm = np.log10(record.wavelength_angstrom)
    curves = {}
    for number, fit in enumerate(fits, start=1):
        if fit is not None:
            model = np.interp(logarithm, FINE.centres_log10, fit.model, np.nan, np.nan)
            curves["model_flux" if number == 1 else f"model_flux_{number}"] = model * data.level
    return {name: np.asarray(value, np.float32) for name, value in curves.items()}


def fine_pixels(record: Spectrum) -> Pixels:
    """The record's samples on the fine grid, with the level and floor of the coarse one."""
    return refinement.pixels(
        record.wavelength_angstrom,
        record.flux.astype(np.float64),
        record.ivar.astype(np.float64),
        record.good,
        scaled_spectrum(record),
    )


def spreads(calibration: Mapping[str, Any]) -> dict[str, Spread]:
    """By class, from the card; empty where the model was not calibrated for refinement."""
    told = calibration.get("refinement", {})
    return {
        name: Spread(
            scale=float(row["scale"]),
            floor_km_s=float(row["floor_km_s"]),
            share=float(row["share"]),
        )
        for name, row in told.items()
    }


def bases_of(model: Model) -> dict[str, Basis]:
    """The bases of a model folder, refined once; empty where it has none."""
    return _bases_of(SameArrays(model.assets))


@lru_cache(maxsize=2)
def _bases_of(assets: SameArrays) -> dict[str, Basis]:
    return bases_from_arrays(assets.arrays)


def columns() -> tuple[Column, ...]:
    """What the refinement adds to a row."""
    return (
        Column(name="method", type="text", ucd="meta.code",
               description="what gave the redshift to quote: template fit, or network"),
        Column(name="z_network", ucd="src.redshift",
               description="redshift before the refinement"),
        Column(name="z_fit", ucd="src.redshift", description="redshift of the template fit"),
        Column(name="z_fit_error", ucd="stat.error;src.redshift",
               description="the fit's own standard error, noise alone"),
        Column(name="chi2", ucd="stat.fit.chi2", description="chi-square of the fit at the answer"),
        Column(name="chi2_reduced", ucd="stat.fit.chi2",
               description="the same over the degrees of freedom"),
        Column(name="delta_chi2", ucd="stat.fit.chi2",
               description="chi-square by which the best fit at another redshift is worse; "
               "negative where it is better"),
        *[
            Column(name=f"{name}_{number}", ucd=ucd, description=f"{words} of the {word} peak")
            for number, word in ((2, "second"), (3, "third"))
            for name, ucd, words in (
                ("z_fit", "src.redshift", "redshift of the template fit"),
                ("z_fit_error", "stat.error;src.redshift", "the fit's standard error"),
                ("chi2", "stat.fit.chi2", "chi-square of the fit"),
                ("chi2_reduced", "stat.fit.chi2", "reduced chi-square of the fit"),
            )
        ],
    )  # fmt: skip
