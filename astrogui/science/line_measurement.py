"""Flux, place, width and equivalent width of a spectral line, with errors, in two ways.

Directly, by sums over the window, and by a Gaussian on a straight continuum fitted to window and
side bands together. The continuum of the direct way is a straight line fitted to the side bands by
inverse variance; its covariance is part of every error.

Convention: the equivalent width of an absorption line is positive, of an emission line negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.smoothing import FWHM_PER_SIGMA
from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S, pixel_edges

Array = NDArray[np.floating[Any]]
Floats = NDArray[np.float64]
Span = tuple[float, float]

LEAST_CONTINUUM_SAMPLES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A number with its 1 sigma error; NaN where it cannot be had."""

    value: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMeasurement:
    """One line measured in one way. Wavelengths observed, in ångström; flux in flux unit x Å."""

    method: str  # "direct" or "Gaussian"
    window: Span
    bands: tuple[Span, ...]
    flux: Value
    centroid: Value
    fwhm: Value
    equivalent_width: Value  # observed, positive in absorption
    continuum: Value  # at the centre of the window
    masked: int  # samples of the window that are masked, interpolated by the direct way
    chi_square: float = float("nan")  # of the Gaussian fit
    freedom: int = 0
    words: str = ""  # what is doubtful about it
    curve: tuple[Floats, Floats] | None = None  # the fitted line with its continuum, to be drawn

    def rest_equivalent_width(self, redshift: float) -> Value:
        """Equivalent width divided by 1 + z."""
        scale = 1.0 / (1.0 + redshift)
        width = self.equivalent_width
        return Value(value=width.value * scale, error=width.error * scale)

    @property
    def fwhm_km_s(self) -> Value:
        scale = SPEED_OF_LIGHT_KM_S / self.centroid.value
        return Value(value=self.fwhm.value * scale, error=self.fwhm.error * scale)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Samples:
    """Good and bad samples of a spectrum as the measurement sees them."""

    wavelength: Floats
    flux: Floats
    variance: Floats  # zero where bad
    good: NDArray[np.bool_]
    width: Floats

    @classmethod
    def of(cls, wavelength: Array, flux: Array, ivar: Array, good: NDArray[np.bool_]) -> Samples:
        good = np.asarray(good, bool) & (np.asarray(ivar) > 0)
        safe = np.where(good, ivar, 1.0).astype(np.float64)
        return cls(
            wavelength=np.asarray(wavelength, np.float64),
            flux=np.where(good, flux, 0.0).astype(np.float64),
            variance=np.where(good, 1.0 / safe, 0.0),
            good=good,
            width=np.diff(pixel_edges(np.asarray(wavelength, np.float64))),
        )


def side_bands(window: Span, gap: float = 0.5, width: float = 1.5) -> tuple[Span, Span]:
    """Bands to either side of a window, in units of its width: beyond a gap, of a width."""
    low, high = min(window), max(window)
    wide = high - low
    return (
        (low - (gap + width) * wide, low - gap * wide),
        (high + gap * wide, high + (gap + width) * wide),
    )


def measure(samples: Samples, window: Span, bands: tuple[Span, ...]) -> list[LineMeasurement]:
    """The direct and the Gaussian measurement of what stands between the ends of ``window``.

    Raises ``ValueError`` in words where window or bands hold too few good samples.
    """
    window = (min(window), max(window))
    chosen = _within(samples, (window,)) & samples.good
    if np.count_nonzero(chosen) < 3:
        raise ValueError("The range holds fewer than three good samples: drag a wider one.")
    beside = _within(samples, bands) & samples.good & ~_within(samples, (window,))
    if np.count_nonzero(beside) < LEAST_CONTINUUM_SAMPLES:
        raise ValueError(
            f"The side bands hold fewer than {LEAST_CONTINUUM_SAMPLES} good samples: "
            "move or widen them."
        )
    reference = 0.5 * (window[0] + window[1])
    coefficients, covariance = _straight_line(samples, beside, reference)
    direct = _direct(samples, window, bands, reference, coefficients, covariance)
    return [direct, _gaussian(samples, window, bands, beside, direct, reference, coefficients)]


def _within(samples: Samples, spans: tuple[Span, ...]) -> NDArray[np.bool_]:
    inside = np.zeros(samples.wavelength.size, bool)
    for low, high in spans:
        inside |= (samples.wavelength >= min(low, high)) & (samples.wavelength <= max(low, high))
    return inside


def _straight_line(
    samples: Samples, chosen: NDArray[np.bool_], reference: float
) -> tuple[Floats, Floats]:
    """Level at ``reference`` and slope by weighted least squares, with their covariance (2, 2)."""
    offset = samples.wavelength[chosen] - reference
    weight = 1.0 / samples.variance[chosen]
    design = np.stack([np.ones_like(offset), offset], axis=1)
    normal = design.T @ (weight[:, None] * design)
    covariance = np.linalg.pinv(normal)
    level_and_slope = covariance @ (design.T @ (weight * samples.flux[chosen]))
    return level_and_slope, np.asarray(covariance, np.float64)


def _share(samples: Samples, window: Span) -> Floats:
    """Width in ångström of each sample's part inside the window."""
    edges = pixel_edges(samples.wavelength)
    low = np.clip(edges[:-1], *window)
    return np.asarray(np.clip(edges[1:], *window) - low, np.float64)


def _spread_masked(samples: Samples, share: Floats) -> tuple[Floats, int]:
    """Widths with those of bad samples handed to the nearest good ones, as interpolation does."""
    bad = np.flatnonzero((share > 0) & ~samples.good)
    good = np.flatnonzero(samples.good)
    out = np.where(samples.good, share, 0.0)
    for index in bad.tolist():
        place = int(np.searchsorted(good, index))
        left, right = good[max(place - 1, 0)], good[min(place, good.size - 1)]
        apart = samples.wavelength[right] - samples.wavelength[left]
        part = (samples.wavelength[index] - samples.wavelength[left]) / apart if apart > 0 else 0.0
        out[left] += share[index] * (1 - part)
        out[right] += share[index] * part
    return out, bad.size


def _direct(
    samples: Samples,
    window: Span,
    bands: tuple[Span, ...],
    reference: float,
    line: Floats,
    covariance: Floats,
) -> LineMeasurement:
    """Sums over the window; errors by the derivatives with respect to samples and continuum."""
    share, masked = _spread_masked(samples, _share(samples, window))
    used = share > 0
    step, variance = share[used], samples.variance[used]
    wavelength, flux = samples.wavelength[used], samples.flux[used]
    offset = wavelength - reference
    design = np.stack([np.ones_like(offset), offset])
    continuum = line @ design
    beyond = flux - continuum
    total = float(np.sum(beyond * step))

    def with_error(value: float, slope: Floats, by_continuum: Floats) -> Value:
        """``slope`` is the derivative to each sample, ``by_continuum`` to each sample of c."""
        from_line = design @ by_continuum
        return Value(
            value=value,
            error=float(np.sqrt(np.sum(slope**2 * variance) + from_line @ covariance @ from_line)),
        )

    centre = float(np.sum(beyond * step * wavelength) / total) if total else float("nan")
    to_place = step * (wavelength - centre) / total if total else np.full_like(step, np.nan)
    second = float(np.sum(beyond * step * (wavelength - centre) ** 2) / total) if total else 0.0
    sigma = float(np.sqrt(second)) if second > 0 else float("nan")
    to_sigma = step * ((wavelength - centre) ** 2 - second) / (2 * total * sigma)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(continuum != 0, 1.0 / continuum, np.nan)
    words = []
    if masked:
        words.append(f"{masked} masked samples interpolated")
    if not sigma > 0:
        words.append("no width: the flux beyond the continuum has no positive spread")
    level = Value(value=float(line[0]), error=float(np.sqrt(covariance[0, 0])))
    if level.value <= 2 * level.error:
        words.append("continuum not detected: no reliable equivalent width")
    return LineMeasurement(
        method="direct",
        window=window,
        bands=bands,
        flux=with_error(total, step, -step),
        centroid=with_error(centre, to_place, -to_place),
        fwhm=with_error(FWHM_PER_SIGMA * sigma, FWHM_PER_SIGMA * to_sigma,
                        -FWHM_PER_SIGMA * to_sigma),
        equivalent_width=with_error(
            float(np.sum((1 - flux * inverse) * step)), -step * inverse,
            step * flux * inverse**2,
        ),
        continuum=level,
        masked=masked,
        words="; ".join(words),
        curve=(wavelength, continuum),
    )  # fmt: skip


def _gaussian(
    samples: Samples,
    window: Span,
    bands: tuple[Span, ...],
    beside: NDArray[np.bool_],
    direct: LineMeasurement,
    reference: float,
    line: Floats,
) -> LineMeasurement:
    """Least squares of continuum and Gaussian, averaged over each sample's width."""
    from scipy.optimize import least_squares

    chosen = (_within(samples, (window,)) & samples.good) | beside
    x, half = samples.wavelength[chosen] - reference, 0.5 * samples.width[chosen]
    flux, error = samples.flux[chosen], np.sqrt(samples.variance[chosen])
    wide = window[1] - window[0]
    inside = np.abs(x) <= 0.5 * wide
    beyond = np.where(inside, flux - line[0] - line[1] * x, 0.0)
    sign = 1.0 if direct.flux.value >= 0 else -1.0
    place = float(x[np.argmax(sign * beyond)])
    narrowest = float(np.median(samples.width[chosen])) / 4
    narrow = max(wide / 8, 2 * narrowest)
    scale = max(float(np.median(error)), 1e-300)

    def model(p: Floats) -> Floats:
        return np.asarray(p[0] + p[1] * x + p[2] * _mean_gaussian(x, half, p[3], p[4]))

    def residual(p: Floats) -> Floats:
        return np.asarray((model(p) - flux) / error)

    start = np.array([line[0], line[1], direct.flux.value, place, narrow])
    lowest = [-np.inf, -np.inf, -np.inf, -wide, narrowest]
    highest = [np.inf, np.inf, np.inf, wide, 2 * wide]
    steps = np.array([scale, scale / wide, scale * wide, wide, wide])
    fit = least_squares(residual, start, bounds=(lowest, highest), x_scale=steps, max_nfev=400)
    jacobian = np.asarray(fit.jac, np.float64)
    covariance = np.linalg.pinv(jacobian.T @ jacobian)
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    level, slope, area, centre, sigma = (float(value) for value in fit.x)
    under = level + slope * centre
    to_width = np.array(
        [area / under**2, area * centre / under**2, -1 / under, area * slope / under**2, 0.0]
    )
    words = [] if fit.success else ["the fit did not settle"]
    if sigma <= 1.01 * narrowest:
        words.append("narrower than the samples can tell")
    if sigma >= 1.98 * wide or abs(centre) >= 0.98 * wide:
        words.append("no line: the fit ran to its limit")
    fine = np.linspace(*_ends(window, bands), 400)
    shape = np.exp(-0.5 * ((fine - reference - centre) / sigma) ** 2)
    curve = level + slope * (fine - reference) + area * shape / (sigma * np.sqrt(2 * np.pi))
    return LineMeasurement(
        method="Gaussian",
        window=window,
        bands=bands,
        flux=Value(value=area, error=float(errors[2])),
        centroid=Value(value=reference + centre, error=float(errors[3])),
        fwhm=Value(value=FWHM_PER_SIGMA * sigma, error=float(FWHM_PER_SIGMA * errors[4])),
        equivalent_width=Value(
            value=-area / under, error=float(np.sqrt(max(to_width @ covariance @ to_width, 0.0)))
        ),
        continuum=Value(value=level, error=float(errors[0])),
        masked=direct.masked,
        chi_square=float(2 * fit.cost),
        freedom=int(x.size - 5),
        words="; ".join(words),
        curve=(fine, curve),
    )


def _mean_gaussian(x: Floats, half: Floats, centre: float, sigma: float) -> Floats:
    """A Gaussian of unit area, averaged over samples from x - half to x + half."""
    from scipy.special import erf

    root = sigma * np.sqrt(2.0)
    upper = erf((x + half - centre) / root)
    lower = erf((x - half - centre) / root)
    return np.asarray((upper - lower) / (4 * half), np.float64)


def _ends(window: Span, bands: tuple[Span, ...]) -> Span:
    places = [*window, *(edge for band in bands for edge in band)]
    return min(places), max(places)
