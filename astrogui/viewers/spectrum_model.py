"""The fitted template over a spectrum: residuals and what the fit is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astrogui.records.posterior import Posterior
from astrogui.records.spectrum import Spectrum
from astrogui.science.redshift_scan import OBSERVED
from astrogui.science.spectral import resample

Array = NDArray[np.float64]
SMOOTH_DEGREE = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelFit:
    """A model at its own wavelengths, with the data there in units of their error."""

    wavelength: Array
    flux: Array  # in the record's unit
    residual: Array  # (data - model) / error, NaN where there are no good data
    chi_square: float
    pixels: int
    gain: float  # chi-square of the best polynomial less that of the model
    number: int = 1  # 1 for the answer's, 2 and 3 for those of its alternatives
    loss: float = 0.0  # chi-square less that of the answer's model

    @property
    def words(self) -> str:
        """Chi-square of the fit, and by how much it is better than a smooth continuum."""
        reduced = self.chi_square / max(self.pixels, 1)
        words = f"χ²/pixel {reduced:.2f} ({self.pixels} pixels), "
        if self.number == 1:
            words = f"fit of the answer: {words}Δχ² {self.gain:,.0f} better than a smooth continuum"
        else:
            better = "worse" if self.loss >= 0 else "better"
            words = f"fit of alternative {self.number}: {words}"
            words += f"Δχ² {abs(self.loss):,.0f} {better} than the answer's"
        return words.replace("-", "−")


def model_of(spectrum: Spectrum, posterior: Posterior | None, number: int = 1) -> ModelFit | None:
    """The model that an answer or its alternative brings, with residuals; None without one.

    A model on the network's logarithmic grid is compared with the data averaged over the pixels of
    that grid, as it was fitted; one at the record's own wavelengths with the samples themselves.
    """
    curves = posterior.curves if posterior is not None else {}
    name = "model_flux" if number == 1 else f"model_flux_{number}"
    if name not in curves:
        return None
    model = np.asarray(curves[name], np.float64)
    there = curves.get("model_wavelength_angstrom")
    if there is None:
        if model.size != spectrum.flux.size:
            return None
        wavelength = spectrum.wavelength_angstrom
        flux = spectrum.flux.astype(np.float64)
        ivar = np.where(spectrum.good, spectrum.ivar, 0.0).astype(np.float64)
    else:
        wavelength = np.asarray(there, np.float64)
        if model.size != wavelength.size or model.size < 2:
            return None
        flux, ivar = _on_grid(spectrum, wavelength)
    good = (ivar > 0) & np.isfinite(model)
    residual = np.where(good, (flux - model) * np.sqrt(ivar), np.nan)
    chi_square = float(np.nansum(residual**2))
    gain = _smooth_chi_square(wavelength[good], flux[good], ivar[good]) - chi_square
    return ModelFit(
        wavelength=wavelength,
        flux=model,
        residual=residual,
        chi_square=chi_square,
        pixels=int(np.count_nonzero(good)),
        gain=gain,
        number=number,
    )


def alternative_fits(
    spectrum: Spectrum, posterior: Posterior, answer: ModelFit | None
) -> tuple[tuple[float, ModelFit], ...]:
    """The redshift and the model of each alternative that has kept one, beside the answer's."""
    found = []
    for number in (2, 3):
        redshift = posterior.extras.get(f"z_{number}")
        fit = model_of(spectrum, posterior, number) if isinstance(redshift, float) else None
        if isinstance(redshift, float) and fit is not None:
            loss = fit.chi_square - answer.chi_square if answer is not None else 0.0
            found.append((redshift, replace(fit, loss=loss)))
    return tuple(found)


def _on_grid(spectrum: Spectrum, wavelength: Array) -> tuple[Array, Array]:
    """Mean flux and inverse variance in the grid's pixels about some of its wavelengths."""
    flux, ivar, _ = resample(
        spectrum.wavelength_angstrom,
        spectrum.flux.astype(np.float64),
        spectrum.ivar.astype(np.float64),
        spectrum.good,
        OBSERVED,
    )
    place = np.round((np.log10(wavelength) - OBSERVED.first) / OBSERVED.step).astype(int)
    inside = (place >= 0) & (place < OBSERVED.size)
    safe = np.clip(place, 0, OBSERVED.size - 1)
    return flux[safe], np.where(inside, ivar[safe], 0.0)


def _smooth_chi_square(wavelength: Array, flux: Array, ivar: Array) -> float:
    if wavelength.size <= SMOOTH_DEGREE + 1:
        return 0.0
    span = max(float(wavelength[-1] - wavelength[0]), 1e-9)
    at = 2 * (wavelength - wavelength[0]) / span - 1
    weight = np.sqrt(ivar)
    design = np.polynomial.legendre.legvander(at, SMOOTH_DEGREE) * weight[:, None]
    best = np.linalg.lstsq(design, flux * weight, rcond=None)[0]
    return float(np.sum((flux * weight - design @ best) ** 2))
