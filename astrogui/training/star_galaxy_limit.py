"""The information limit of star against galaxy: the likelihood ratio of simulated sources.

The classifier is told all that a catalogue's network has to find out: the point-spread function of
each band at the source, the noise of every pixel and its correlation, the sky, the light of the
neighbours, artefacts, and where the source is. It is not told the flux, the colours or, of a
galaxy, the shape: over these the evidence of either kind is averaged, by the densities from which
the simulator draws. No classifier of the same pixels can do better but by chance.

For one shape the pixels are linear in the fluxes of the bands, so these are integrated
analytically; shapes are draws from the population at the source's magnitude, written in a basis of
few images (in Fourier space a galaxy is a real factor on the point-spread function).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science import rendering
from astrogui.training.simulate_image import (
    BANDS,
    ZERO_POINT,
    SimulatedSky,
    galaxy_mixture,
    light_of,
    places_in,
    residual_sky,
    seeing_at,
)
from astrogui.training.sky_population import (
    STAR_FACTORS,
    draw_sources,
    galaxy_density,
    star_density,
)
from astrogui.training.star_galaxy_columns import BINS, auc

SIDE = 40  # pixels of a stamp, its source in the pixel (SIDE / 2, SIDE / 2)
RANK = 26  # images of the basis beside the point source
NARROWEST = 0.6  # pixel: rms width of the sharpest point-spread function that the basis is for
STEP = 0.25  # mag between the populations that shapes and colours are drawn from
MAGNITUDES = (15.0, 24.0)
STRUCK = 6.0  # noise: beyond it something else hit the pixel, which then tells nothing
REFERENCE = BANDS.index("r")
# Smoothing of the drawn colours relative to r: half the scatter within a kind, in mag.
STAR_KERNEL = np.array([0.05, 0.02, 0.0, 0.015, 0.02])
GALAXY_KERNEL = np.array([0.12, 0.07, 0.0, 0.05, 0.07])

# r magnitudes in which network and limit are compared; the last rows are all down to a magnitude.
FAR = 0.01  # of the limit: what the network's AUC may be behind it

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """Galaxies' shapes and both kinds' colours at one magnitude."""

    shapes: Floats  # (n, rank + 1) coefficients in the basis; a point source is 1, 0, 0 ...
    galaxy_colours: Floats  # (n, bands) flux over that in r
    star_colours: Floats


class Templates:
    """The basis of one pixel scale, and the populations in it, made when asked for."""

    def __init__(
        self, pixel_scale_arcsec: float, shapes: int = 800, colours: int = 3000, seed: int = 0
    ) -> None:
        self._scale, self._count, self._colours, self._seed = (
            pixel_scale_arcsec, shapes, colours, seed,
        )  # fmt: skip
        self._made: dict[int, Population] = {}
        rng = np.random.default_rng([seed, 1])
        profiles = self._profiles(rng.uniform(16, 23.5, 1200), rng)
        ky, kx = frequencies()
        self._weight = np.exp(-0.5 * (kx**2 + ky**2) * NARROWEST**2).ravel()
        left, size, _ = np.linalg.svd((profiles - 1) * self._weight, full_matrices=False)
        coefficients = left[:, :RANK] * size[:RANK]
        images = np.linalg.lstsq(coefficients, profiles - 1, rcond=None)[0]
        self._project = np.linalg.pinv(images * self._weight)
        self.basis = np.concatenate([np.ones((1, profiles.shape[1])), images])
        self.basis = self.basis.reshape(-1, ky.size, kx.size)

    def population(self, magnitude_r: float) -> Population:
        """What there is at about that magnitude."""
        low, high = MAGNITUDES
        number = round((float(np.clip(magnitude_r, low, high)) - low) / STEP)
        if number not in self._made:
            self._made[number] = self._draw(low + number * STEP, number)
        return self._made[number]

    def coefficients(self, shapes: Floats) -> Floats:
        """Coefficients (n, rank + 1) of galaxies of `draw_sources`'s shapes (n, 7)."""
        ky, kx = frequencies()
        mixture = galaxy_mixture(shapes, shapes[:, -1] / self._scale)
        profiles = transform(mixture[0], mixture[1], ky, kx).reshape(len(shapes), -1)
        found = ((profiles - 1) * self._weight) @ self._project
        return np.column_stack([np.ones(len(shapes)), found])

    def _draw(self, magnitude: float, number: int) -> Population:
        rng = np.random.default_rng([self._seed, 2, number])
        near = magnitude + rng.uniform(-STEP / 2, STEP / 2, self._colours)
        galaxies, _, shapes = draw_sources(near, np.ones(len(near), bool), rng)
        stars, _, _ = draw_sources(near, np.zeros(len(near), bool), rng)
        return Population(
            shapes=self.coefficients(shapes[: self._count]),
            galaxy_colours=10 ** (0.4 * (galaxies[:, [REFERENCE]] - galaxies)),
            star_colours=10 ** (0.4 * (stars[:, [REFERENCE]] - stars)),
        )

    def _profiles(self, magnitude: Floats, rng: np.random.Generator) -> Floats:
        shapes = draw_sources(magnitude, np.ones(len(magnitude), bool), rng)[2]
        mixture = galaxy_mixture(shapes, shapes[:, -1] / self._scale)
        return transform(mixture[0], mixture[1], *frequencies()).reshape(len(shapes), -1)


def frequencies() -> tuple[Floats, Floats]:
    """Angular frequencies (SIDE, 1) and (1, SIDE // 2 + 1) of a stamp's pixels."""
    ky = 2 * np.pi * np.fft.fftfreq(SIDE)[:, None]
    return ky, 2 * np.pi * np.fft.rfftfreq(SIDE)[None]


def transform(amplitude: Floats, covariance: Floats, ky: Floats, kx: Floats) -> Floats:
    """Fourier transforms (n, ny, nx) of centred sums of Gaussians (n, k), (n, k, 3)."""
    squares = np.stack(np.broadcast_arrays(kx**2, 2 * kx * ky, ky**2)).reshape(3, -1)
    found = np.empty((len(amplitude), squares.shape[1]))
    for row, (height, width) in enumerate(zip(amplitude, covariance, strict=True)):
        found[row] = height @ np.exp(-0.5 * (width @ squares))
    return found.reshape(-1, ky.size, kx.size)


def log_ratios(
    sky: SimulatedSky, rows: NDArray[np.intp], templates: Templates,
    known: NDArray[np.intp] | None = None,
) -> Floats:  # fmt: skip
    """ln of the odds of a galaxy (n,) of the sources ``rows``, the density of kinds included.

    With ``known``, which must hold the rows, the light of these sources alone is told; that of the
    others stays in the pixels and is taken for noise.
    """
    fields = [_told(sky, band, known) for band in range(len(BANDS))]
    found = np.empty(len(rows))
    for number, row in enumerate(rows):
        bands = [_stamps(sky, int(row), band, field, templates)
                 for band, field in enumerate(fields)]  # fmt: skip
        linear = np.stack([images @ data for data, images in bands])
        curvature = np.stack([images @ images.T for _, images in bands])
        found[number] = log_odds(linear, curvature, templates)
    return found


def log_odds(linear: Floats, curvature: Floats, templates: Templates) -> float:
    """ln of the odds of a galaxy, from the basis (rank + 1) of each band and the whitened pixels.

    ``linear`` (bands, rank + 1) is what basis and pixels have in common, ``curvature`` (bands,
    rank + 1, rank + 1) what the basis has with itself.
    """
    point = np.zeros((1, linear.shape[1]))
    point[0, 0] = 1.0
    as_star = _products(point, linear, curvature)
    flux = float(as_star[0][0, REFERENCE] / as_star[1][0, REFERENCE])
    star = evidence(*as_star, templates.population(magnitude_of(flux)).star_colours,
                    STAR_KERNEL, _stars)  # fmt: skip
    galaxy = 0.0
    for _ in range(2):  # the flux of a galaxy is known once its shape is
        population = templates.population(magnitude_of(flux))
        products = _products(population.shapes, linear, curvature)
        galaxy = evidence(*products, population.galaxy_colours, GALAXY_KERNEL, galaxy_density)
        flux = float(_likely_fluxes(*products)[0][REFERENCE])
    return galaxy - star


def evidence(
    linear: Floats, curvature: Floats, colours: Floats, kernel: Floats, density: Any
) -> float:
    """ln of a kind's evidence, over shapes (n, bands) and the fluxes that its density allows.

    Of each shape ``linear`` is <pixels, template> and ``curvature`` <template, template>, both in
    units of the noise: the likelihood of fluxes is Gaussian about their ratio.
    """
    free = (0.5 * linear**2 / curvature - 0.5 * np.log(curvature)).sum(axis=1)
    flux, error = _likely_fluxes(linear, curvature)
    return _log_mean(free) + log_flux_density(flux, error, colours, kernel, density)


def log_flux_density(
    flux: Floats, error: Floats, colours: Floats, kernel: Floats, density: Any
) -> float:
    """ln of the density of measured fluxes (bands,): the population's, widened by the errors.

    ``colours`` (n, bands) are draws of flux over that in r, smoothed by ``kernel`` (mag);
    ``density`` gives sources per magnitude in r.
    """
    typical = max(float(flux[REFERENCE]), float(error[REFERENCE]))
    weight = 1 / (error**2 + (0.4 * np.log(10) * kernel * typical * colours) ** 2)
    curvature = (weight * colours**2).sum(axis=1)
    total = np.maximum((weight * colours * flux).sum(axis=1) / curvature, 1e-3 * typical)
    chi_square = (weight * (flux - total[:, None] * colours) ** 2).sum(axis=1)
    known = 0.5 * np.log(weight).sum(axis=1) - 0.5 * np.log(curvature) - 0.5 * chi_square
    return _log_mean(known + np.log(density(magnitude_of(total)) / total))


def compared(
    probability: Floats, limit: Floats, galaxy: NDArray[np.bool_], magnitude: Floats, draws: int,
    seed: int,
) -> dict[str, Any]:  # fmt: skip
    """AUC of a classifier and of the limit in `BINS`, with bootstrap errors.

    ``limit`` is NaN where it was not worked out; ``behind`` is what the classifier lacks on the
    sources where it was, ``behind_error`` that difference's scatter over draws of them.
    """
    rng = np.random.default_rng(seed)
    table: dict[str, dict[str, Any]] = {}
    for low, high in BINS:
        inside = (magnitude > low) & (magnitude <= high)
        both = inside & np.isfinite(limit)
        if min(galaxy[both].sum(), (~galaxy[both]).sum()) < 5:
            continue
        own = auc(probability[both], galaxy[both])
        best = auc(limit[both], galaxy[both])
        whole = _drawn(rng, draws, galaxy[inside], probability[inside])
        paired = _drawn(rng, draws, galaxy[both], limit[both], probability[both])
        table[f"{low:g}-{high:g}"] = {
            "n": int(inside.sum()), "stars": int((inside & ~galaxy).sum()),
            "auc": auc(probability[inside], galaxy[inside]), "auc_error": float(whole[0].std()),
            "n_limit": int(both.sum()), "auc_there": own, "limit": best,
            "limit_error": float(paired[0].std()), "behind": best - own,
            "behind_error": float((paired[0] - paired[1]).std()),
        }  # fmt: skip
    return {"n": len(galaxy), "n_limit": int(np.isfinite(limit).sum()), "table": table}


def _drawn(
    rng: np.random.Generator, draws: int, galaxy: NDArray[np.bool_], *scores: Floats
) -> Floats:
    """AUCs (scores, draws) over sources drawn again, stars and galaxies by themselves."""
    kinds = [np.flatnonzero(galaxy), np.flatnonzero(~galaxy)]
    found = np.empty((len(scores), draws))
    for draw in range(draws):
        rows = np.concatenate([rng.choice(kind, len(kind)) for kind in kinds])
        found[:, draw] = [auc(score[rows], galaxy[rows]) for score in scores]
    return found


def limit_lines(found: Any, told: str = "all") -> list[str]:
    """The table of `compared` for people; a ratio that is not ``told`` all is no limit."""
    word = "limit" if told == "all" else "ratio"
    lines = [
        f"| r | sources | stars | our AUC | with {word} | ours there | {word} | behind | |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, row in found["table"].items():
        close = f"within {FAR:g}" if row["behind"] <= FAR else f"more than {FAR:g}"
        close = close if told == "all" else ""
        lines.append(
            f"| {name} | {row['n']} | {row['stars']} | {row['auc']:.4f} +- {row['auc_error']:.4f} "
            f"| {row['n_limit']} | {row['auc_there']:.4f} | {row['limit']:.4f} +- "
            f"{row['limit_error']:.4f} | {row['behind']:+.4f} +- {row['behind_error']:.4f} "
            f"| {close} |"
        )
    return lines


def magnitude_of(flux: Any) -> Any:
    """AB magnitude of nanomaggies; of no flux, that of very little."""
    return ZERO_POINT - 2.5 * np.log10(np.maximum(flux, 1e-6))


def _stars(magnitude_r: Any) -> Any:
    """Their density over fields of every star factor."""
    low, high = STAR_FACTORS
    return star_density(magnitude_r, (high - low) / np.log(high / low))


def _products(shapes: Floats, linear: Floats, curvature: Floats) -> tuple[Floats, Floats]:
    """<pixels, template> and <template, template>, each (n, bands)."""
    among = np.stack([((shapes @ one) * shapes).sum(axis=1) for one in curvature], axis=1)
    return shapes @ linear.T, np.maximum(among, 1e-12)


def _likely_fluxes(linear: Floats, curvature: Floats) -> tuple[Floats, Floats]:
    """Fluxes and errors (bands,), averaged over shapes by their likelihood."""
    free = (0.5 * linear**2 / curvature - 0.5 * np.log(curvature)).sum(axis=1)
    weight = np.exp(free - free.max())
    weight /= weight.sum()
    return weight @ (linear / curvature), weight @ curvature**-0.5


def _log_mean(values: Floats) -> float:
    most = float(values.max())
    return most + float(np.log(np.exp(values - most).mean()))


def _told(
    sky: SimulatedSky, band: int, known: NDArray[np.intp] | None = None
) -> tuple[Floats, Floats]:
    """The white noise of a band's pixels, struck ones 0, and one over its scatter, both padded.

    What is not told of (`log_ratios`) is in the noise.
    """
    from scipy import fft

    exposure, shape = sky.exposures[band], sky.settings.shape
    light = light_of(sky, band, known)
    scatter = np.sqrt(exposure.sky_noise**2 + np.maximum(light, 0) / exposure.electrons)
    noise = (sky.pixels[band] - light - residual_sky(shape, exposure.slope)) / scatter
    noise[np.abs(noise) > STRUCK] = 0.0
    if exposure.correlation:
        ky = 2 * np.pi * np.fft.fftfreq(shape[0])[:, None]
        kx = 2 * np.pi * np.fft.rfftfreq(shape[1])[None]
        white = fft.rfft2(noise) * _whitening(exposure.correlation, ky, kx)
        noise = fft.irfft2(white, s=shape)
    return np.pad(noise, SIDE), np.pad(1 / scatter, SIDE)


def _whitening(share: float, ky: Floats, kx: Floats) -> Any:
    """What undoes the correlation of `simulate_image`'s noise, in Fourier space."""
    return np.sqrt(1 + 2 * share**2) / (1 + share * (np.exp(-1j * ky) + np.exp(-1j * kx)))


def _stamps(
    sky: SimulatedSky, row: int, band: int, field: tuple[Floats, Floats], templates: Templates
) -> tuple[Floats, Floats]:
    """Whitened pixels (SIDE²,) of a source alone, and the basis (rank + 1, SIDE²) as seen so."""
    from scipy import fft

    place = places_in(sky, band)[row : row + 1]
    middle = np.rint(place).astype(int)
    inside = np.clip(middle[0] + SIDE, SIDE // 2, np.array(field[0].shape)[::-1] - SIDE // 2)
    window = tuple(slice(at - SIDE // 2, at + SIDE // 2) for at in inside[::-1])
    noise, certainty = field[0][window], field[1][window]
    seeing = seeing_at(sky.seeing, band, place, sky.settings)
    ky, kx = frequencies()
    images = fft.irfft2(templates.basis * _spread(seeing, place - middle, ky, kx), s=(SIDE, SIDE))
    own = _own_light(sky, row, band, seeing, place - middle)
    seen = np.concatenate([own[None], images]) * certainty
    share = sky.exposures[band].correlation
    if share:
        seen = fft.irfft2(fft.rfft2(seen) * _whitening(share, ky, kx), s=(SIDE, SIDE))
    flat = seen.reshape(len(seen), -1)
    return noise.ravel() + flat[0], flat[1:]


def _spread(seeing: Any, offset: Floats, ky: Floats, kx: Floats) -> Any:
    """Fourier transform of the point-spread function about a place in the middle pixel."""
    amplitude, covariance, cores = (values[0] for values in seeing)
    found = np.zeros((ky.size, kx.size), complex)
    for height, (xx, xy, yy), core in zip(amplitude, covariance, cores, strict=True):
        x, y = core + offset[0] + SIDE // 2
        wide = xx * kx**2 + 2 * xy * kx * ky + yy * ky**2
        found += height * np.exp(-0.5 * wide - 1j * (kx * x + ky * y))
    return found * np.exp(-0.5 * rendering.PIXEL_VARIANCE * (kx**2 + ky**2))


def _own_light(
    sky: SimulatedSky, row: int, band: int, seeing: Any, offset: Floats
) -> NDArray[np.floating[Any]]:
    """A source's light (SIDE, SIDE) as the simulator draws it."""
    mixture = seeing
    if sky.is_galaxy[row]:
        radius = sky.shapes[[row], -1] / sky.settings.pixel_scale_arcsec
        mixture = rendering.convolved(galaxy_mixture(sky.shapes[[row]], radius), seeing)
    flux = 10 ** (0.4 * (ZERO_POINT - sky.magnitude[row, band]))
    stamp = rendering.gaussian_stamps(
        np, mixture[0] * flux, mixture[1], mixture[2] + offset[:, None], SIDE // 2
    )
    return np.asarray(stamp[0, :SIDE, :SIDE])
