"""The point-spread function of an image, measured from its own stars.

A polynomial in position whose coefficients are stamps on the grid of `cutouts`: the model at
(x, y) is the sum of its terms times the stamps, scaled to unit sum. Grids are centred on the
source, so one model serves all sources of a band.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.cutouts import SIZE, STEPS_PER_FWHM, offsets

LEAST_STARS = 3
STARS_FOR_LINEAR, STARS_FOR_QUADRATIC = 12, 50
LEAST_SIGNAL = 25.0  # signal-to-noise of a star in the reference band
MOST_STARS = 150
EXTENTS = (0.25, 0.6, 1.4)  # half-light radii, in FWHM, of the extended sources looked for
RADIUS_PER_FWHM = 0.53  # half-light radius of a seeing disc, in FWHM (Moffat, beta = 3.5)

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointSpread:
    """The model of one band: `coefficients` (terms, size, size) of a polynomial in position."""

    coefficients: Floats
    centre: tuple[float, float]  # pixel where the polynomial has its origin
    scale: float  # pixels to one unit of the polynomial
    stars: int  # that it rests upon; 0: assumed, not measured

    def at(self, x: Floats, y: Floats) -> NDArray[np.float32]:
        """Stamps (n, size, size) at positions in the reference band, each summing to one."""
        return self.with_extended(x, y)[:, 0]

    def with_extended(self, x: Floats, y: Floats) -> NDArray[np.float32]:
        """Stamps (n, 1 + extents, size, size): a point source, then discs of `EXTENTS` FWHM."""
        size = self.coefficients.shape[-1]
        spectra = np.fft.rfft2(self.coefficients, s=(2 * size, 2 * size))
        wide = np.fft.irfft2(spectra[:, None] * _disc_spectra(size))
        first = size // 2
        discs = wide[..., first : first + size, first : first + size]
        models = np.concatenate([self.coefficients[:, None], discs], axis=1)
        terms = _terms(self._unit(x, 0), self._unit(y, 1), len(models))
        stamps = np.einsum("nt,teij->neij", terms, models, optimize=True)
        total = stamps[:, 0].sum(axis=(1, 2))
        return (stamps / total[:, None, None, None]).astype(np.float32)

    def _unit(self, position: Floats, axis: int) -> Floats:
        return np.asarray(np.clip((position - self.centre[axis]) / self.scale, -1.5, 1.5))


def star_radius(radius: Floats, signal: Floats, clean: NDArray[np.bool_]) -> float:
    """Half-light radius (pixel) that most compact bright sources share: the seeing.

    The stretch of ±6 % of radius that holds most sources among the bright, clean ones, the
    smaller radius winning a draw; with fewer than five of them, the tenth percentile of all.
    """
    bright = clean & (signal > LEAST_SIGNAL)
    if bright.sum() < 5:
        usable = radius[signal > 5] if (signal > 5).sum() else radius
        return float(np.percentile(usable, 10)) if usable.size else 2.0
    ranked = np.sort(np.log(radius[bright]))
    ranked = ranked[ranked > np.log(0.8)] if (ranked > np.log(0.8)).sum() >= 5 else ranked
    counts = np.searchsorted(ranked, ranked + 0.12) - np.arange(ranked.size)
    first = int(np.argmax(counts - 1e-6 * np.arange(ranked.size)))
    return float(np.exp(np.median(ranked[first : first + counts[first]])))


def choose_stars(radius: Floats, signal: Floats, clean: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The sources to measure the seeing from: bright, clean and as compact as the stars are."""
    typical = star_radius(radius, signal, clean)
    near = np.abs(np.log(radius / typical)) < 0.10
    chosen = np.flatnonzero(clean & (signal > LEAST_SIGNAL) & near)
    return chosen[np.argsort(-signal[chosen])][:MOST_STARS]


def measure(
    stamps: Floats, used: NDArray[np.bool_], noise: Floats, x: Floats, y: Floats
) -> PointSpread:
    """The model of stars' `stamps` (n, size, size); `used` is False at neighbours' pixels.

    `noise` (n,) is that of a grid pixel; positions are those in the reference band. Weighted
    least squares for each pixel of the grid, twice: the second time without stars and pixels
    that disagree. Fewer than `LEAST_STARS` stars give the assumed model.
    """
    size = stamps.shape[-1]
    flux, good = _fluxes(stamps, used, noise)
    if good.sum() < LEAST_STARS:
        return assumed(size)
    stamps, used, noise, flux = stamps[good], used[good], noise[good], flux[good]
    x, y = x[good], y[good]
    centre = (float(np.mean(x)), float(np.mean(y)))
    scale = max(1.0, float(np.abs(np.concatenate([x - centre[0], y - centre[1]])).max()))
    kept = np.ones(len(x), dtype=bool)
    weight = used.astype(np.float64)
    model = assumed(size)
    for _ in range(3):
        model = _fit(stamps[kept], weight[kept], noise[kept], flux[kept],
                     x[kept], y[kept], centre, scale)  # fmt: skip
        expected = model.at(x, y)
        error = np.hypot(noise[:, None, None], 0.05 * flux[:, None, None] * expected)
        residual = np.abs(stamps - flux[:, None, None] * expected) / error
        weight = used * (residual < 5.0)
        disagreement = np.sum(used * np.minimum(residual, 10) ** 2, axis=(1, 2))
        disagreement /= np.maximum(used.sum(axis=(1, 2)), 1)
        kept = disagreement < max(3.0, 2.5 * float(np.median(disagreement)))
        if kept.sum() < LEAST_STARS:
            kept = disagreement <= np.sort(disagreement)[LEAST_STARS - 1]
    return model


def assumed(size: int = SIZE) -> PointSpread:
    """A Moffat profile (beta = 3.5) of the grid's own seeing, for images without stars."""
    reach = offsets(1.0, size)
    squared = reach[:, None] ** 2 + reach**2
    alpha = STEPS_PER_FWHM / 2 / np.sqrt(2 ** (1 / 3.5) - 1)
    stamp = (1 + squared / alpha**2) ** -3.5
    return PointSpread(
        coefficients=(stamp / stamp.sum())[None], centre=(0.0, 0.0), scale=1.0, stars=0
    )


@cache
def _disc_spectra(size: int) -> NDArray[np.complex128]:
    """Fourier transforms of exponential discs of half-light radius `EXTENTS` on the grid."""
    fine, side = 9, size + 1  # an odd number of pixels has one in the middle
    reach = (np.arange(side * fine) - (side * fine - 1) / 2) / fine / STEPS_PER_FWHM
    radius = np.hypot(reach[:, None], reach)
    spectra = []
    for extent in EXTENTS:
        disc = np.exp(-1.678 * radius / extent)  # 1.678: half the light within `extent`
        disc = disc.reshape(side, fine, side, fine).sum(axis=(1, 3))
        spectra.append(np.fft.rfft2(disc / disc.sum(), s=(2 * size, 2 * size)))
    return np.stack(spectra)


def _fluxes(
    stamps: Floats, used: NDArray[np.bool_], noise: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Flux within a circle of 2 FWHM, and whether the star may serve."""
    reach = offsets(1.0, stamps.shape[-1])
    circle = np.hypot(reach[:, None], reach) < 2.0 * STEPS_PER_FWHM
    flux = np.sum(np.where(used & circle, stamps, 0), axis=(1, 2))
    core = np.hypot(reach[:, None], reach) < STEPS_PER_FWHM
    whole = used[:, core].all(axis=1) & (used[:, circle].mean(axis=1) > 0.9)
    return flux, whole & (flux > 8 * noise * np.sqrt(circle.sum()))


def _fit(
    stamps: Floats, weight: Floats, noise: Floats, flux: Floats, x: Floats, y: Floats,
    centre: tuple[float, float], scale: float,
) -> PointSpread:  # fmt: skip
    """Least squares of stamps = flux * sum(terms * coefficients), for each pixel of the grid."""
    count = 1 + 2 * (len(x) >= STARS_FOR_LINEAR) + 3 * (len(x) >= STARS_FOR_QUADRATIC)
    terms = _terms((x - centre[0]) / scale, (y - centre[1]) / scale, count) * flux[:, None]
    # The 2 % floor keeps a few very bright stars from being the whole answer.
    variance = noise**2 + (0.02 * flux * np.abs(stamps).max(axis=(1, 2)) / flux) ** 2
    weight = weight / variance[:, None, None]
    normal = np.einsum("nij,nt,ns->ijts", weight, terms, terms)
    ridge = np.diag(np.r_[1e-9, np.full(count - 1, 1e-3)])
    normal = normal + ridge * np.maximum(normal[..., :1, :1], 1e-30)
    right = np.einsum("nij,nt,nij->ijt", weight, terms, stamps)
    solution = np.linalg.solve(normal, right[..., None])[..., 0]
    return PointSpread(
        coefficients=np.moveaxis(solution, -1, 0), centre=centre, scale=scale, stars=len(x)
    )


def _terms(x: Floats, y: Floats, count: int) -> Floats:
    """(n, count) of 1, x, y, x², xy, y²."""
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y][:count], axis=1)
