"""Simulated fields of sky in five bands, for star/galaxy networks and the bundled samples.

Everything is a sum of Gaussians: the seeing (a Moffat profile whose Gaussians do not quite
coincide), galaxies (Sérsic profiles, a bulge in a disc) and so also their convolution, which only
adds covariances. What there is in a field comes from `sky_population`; depth and seeing are those
of SDSS (York et al. 2000, AJ 120, 1579) and of deeper ground-based cameras.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astrogui.science import rendering
from astrogui.training.sky_population import draw_counts, draw_sources, draw_star_factor

BANDS = ("u", "g", "r", "i", "z")
ZERO_POINT = 22.5  # AB magnitude of one nanomaggy

# Magnitude of a point source at S/N 5 in SDSS, and electrons per nanomaggy, by band.
DEPTH = np.array([22.15, 23.13, 22.70, 22.20, 20.71])
ELECTRONS = np.array([170.0, 1000.0, 950.0, 700.0, 150.0])
# The air moves each source of a drift scan by itself, between bands by tens of mas (Pier et al.
# 2003, AJ 125, 1559): the median scatter of a band's places about those in r, and that of its log.
WANDER_ARCSEC, WANDER_SCATTER = 0.015, 0.6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SkySettings:
    """One simulated field: its grid, seeing, depth and population."""

    shape: tuple[int, int]  # (ny, nx)
    pixel_scale_arcsec: float = 0.396
    seeing_arcsec: float = 1.35  # FWHM in r at the centre
    deeper_mag: float = 0.0  # than SDSS, in every band
    star_factor: float = 1.0  # times the star counts at galactic latitude 50 deg
    faintest_mag: float = 23.8  # in r, of what is drawn
    artefacts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seeing:
    """A point-spread function over a field: every Gaussian scaled and sheared with position."""

    shares: np.ndarray  # (bands, k)
    widths: np.ndarray  # (bands, k) pixel
    size_terms: np.ndarray  # (bands, 5) relative change with x, y, x², xy, y² (unit: half field)
    shear_terms: np.ndarray  # (bands, 2, 3) ellipticity: constant, x, y
    offsets: np.ndarray  # (bands, k, 2) pixel: the cores of a real telescope do not coincide


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposure:
    """What was done to the light of one band."""

    sky_noise: float  # of a pixel without light, nanomaggy
    electrons: float  # per nanomaggy
    correlation: float  # share of a pixel's noise that is in the next row and column as well
    slope: np.ndarray  # (3,) residual sky: across, up, up squared, each over -1 to 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedSky:
    """Pixels of the bands, each shifted on its own grid, and what is in them."""

    pixels: np.ndarray  # (bands, ny, nx) float32, nanomaggies, sky subtracted
    shift: np.ndarray  # (bands, 2) pixels added to a position of the reference band
    wander: np.ndarray  # (bands, sources, 2) pixels beside that: what no astrometry knows
    x: np.ndarray  # (sources,) 0-based pixel in the reference band
    y: np.ndarray
    magnitude: np.ndarray  # (sources, bands) AB
    is_galaxy: np.ndarray  # (sources,) bool
    radius_arcsec: np.ndarray  # (sources,) half-light radius along the major axis, 0 for stars
    shapes: np.ndarray  # (sources, 7) of `draw_sources`
    seeing: Seeing
    exposures: tuple[Exposure, ...]  # of the bands
    settings: SkySettings


def draw_settings(
    rng: np.random.Generator, shape: tuple[int, int] = (1489, 2048), like_sdss: float = 0.7
) -> SkySettings:
    """Settings of one field: SDSS-like with that probability, else another camera and depth."""
    seeing = float(np.clip(rng.lognormal(np.log(1.33), 0.16), 0.9, 2.0))
    star_factor = draw_star_factor(rng)
    if rng.random() < like_sdss:
        return SkySettings(shape=shape, seeing_arcsec=seeing, star_factor=star_factor)
    scale = float(rng.uniform(0.2, 0.5))
    seeing = float(max(rng.uniform(0.8, 2.0), 2.2 * scale))
    deeper = float(rng.uniform(-0.5, 1.5))
    return SkySettings(
        shape=shape, pixel_scale_arcsec=scale, seeing_arcsec=seeing, deeper_mag=deeper,
        star_factor=star_factor, faintest_mag=23.8 + max(0.0, deeper),
    )  # fmt: skip


def simulate(settings: SkySettings, rng: np.random.Generator) -> SimulatedSky:
    """A field by `settings`: sources, seeing that varies over it, noise and artefacts."""
    ny, nx = settings.shape
    area_deg2 = ny * nx * (settings.pixel_scale_arcsec / 3600) ** 2
    magnitude_r, is_galaxy = draw_counts(
        area_deg2, settings.star_factor, settings.faintest_mag, rng
    )
    magnitude, radius, shapes = draw_sources(magnitude_r, is_galaxy, rng)
    count = len(magnitude_r)
    x, y = rng.uniform(-8, nx + 8, count), rng.uniform(-8, ny + 8, count)
    _pair_some(x, y, settings, rng)
    # The shutter-less drift scan of SDSS shifts bands by up to about ten pixels.
    shift = rng.uniform(-12, 12, (len(BANDS), 2))
    shift[2] = 0.0
    wander = _draw_wander(count, settings, rng)
    pixels = np.zeros((len(BANDS), ny, nx), np.float32)
    seeing = _draw_seeing(settings, rng)
    exposures = []
    for band in range(len(BANDS)):
        flux = 10 ** (0.4 * (ZERO_POINT - magnitude[:, band]))
        noise = sky_noise(settings, band, rng)
        place = np.column_stack([x, y]) + shift[band] + wander[band]
        _render(pixels[band], place, flux, shapes, seeing, band, settings, noise)
        exposures.append(_expose(pixels[band], noise, band, settings, rng))
    return SimulatedSky(
        pixels=pixels, shift=shift, wander=wander, x=x, y=y, magnitude=magnitude,
        is_galaxy=is_galaxy, radius_arcsec=radius, shapes=shapes, seeing=seeing,
        exposures=tuple(exposures), settings=settings,
    )  # fmt: skip


def light_of(sky: SimulatedSky, band: int, rows: np.ndarray | None = None) -> np.ndarray:
    """The light (ny, nx) of all sources in a band, or of some, without noise, sky or artefacts."""
    chosen = np.arange(len(sky.x)) if rows is None else rows
    image = np.zeros(sky.settings.shape, np.float32)
    flux = 10 ** (0.4 * (ZERO_POINT - sky.magnitude[chosen, band]))
    place = places_in(sky, band)[chosen]
    noise = sky.exposures[band].sky_noise
    _render(image, place, flux, sky.shapes[chosen], sky.seeing, band, sky.settings, noise)
    return image


def places_in(sky: SimulatedSky, band: int) -> np.ndarray:
    """Where the sources are on the pixels of a band, (sources, 2) as x and y from 0."""
    return np.asarray(np.column_stack([sky.x, sky.y]) + sky.shift[band] + sky.wander[band])


def residual_sky(shape: tuple[int, int], slope: np.ndarray) -> np.ndarray:
    """What sky subtraction left (ny, nx), by the slopes of an exposure."""
    v, u = (np.linspace(-1, 1, side, dtype=np.float32) for side in shape)
    return np.asarray(slope[0] * u + (slope[1] * v + slope[2] * v**2)[:, None])


def _pair_some(
    x: np.ndarray, y: np.ndarray, settings: SkySettings, rng: np.random.Generator
) -> None:
    """Move a twelfth of the sources to within 2-7 arcsec of another: sky is not uniform."""
    count = len(x)
    moved = np.flatnonzero(rng.random(count) < 1 / 12)
    if count < 2 or not len(moved):
        return
    host = rng.integers(0, count, len(moved))
    distance = rng.uniform(2, 7, len(moved)) / settings.pixel_scale_arcsec
    angle = rng.uniform(0, 2 * np.pi, len(moved))
    x[moved], y[moved] = x[host] + distance * np.cos(angle), y[host] + distance * np.sin(angle)


def _draw_wander(count: int, settings: SkySettings, rng: np.random.Generator) -> np.ndarray:
    """Pixels that each source is off its place in each band; in r, where places are from, none."""
    scatter = WANDER_ARCSEC * rng.lognormal(0, WANDER_SCATTER, (len(BANDS), 1, 2))
    scatter[2] = 0.0
    moved = rng.normal(0, 1, (len(BANDS), count, 2)) * scatter
    return np.asarray(moved / settings.pixel_scale_arcsec)


def _draw_seeing(settings: SkySettings, rng: np.random.Generator) -> Seeing:
    shares, widths, offsets = [], [], []
    beta = float(rng.choice([2.5, 3.0, 3.5, 4.5, 6.0]))
    wavelength = np.array([0.354, 0.477, 0.623, 0.762, 0.913])
    share, width = rendering.moffat_gaussians(beta)
    for band in range(len(BANDS)):
        fwhm = settings.seeing_arcsec * (wavelength[band] / 0.623) ** -0.2
        fwhm *= float(np.exp(rng.normal(0, 0.04)))
        shares.append(share)
        widths.append(width * fwhm / settings.pixel_scale_arcsec)
        drift = rng.normal(0, 0.02, (len(share), 2)) * fwhm / settings.pixel_scale_arcsec
        offsets.append(drift - (share[:, None] * drift).sum(axis=0))
    size = rng.normal(0, [0.02, 0.02, 0.015, 0.015, 0.015], (len(BANDS), 5))
    shear = rng.normal(0, 1, (len(BANDS), 2, 3)) * np.array([0.03, 0.015, 0.015])
    return Seeing(
        shares=np.array(shares), widths=np.array(widths), size_terms=size, shear_terms=shear,
        offsets=np.array(offsets),
    )  # fmt: skip


def seeing_at(
    seeing: Seeing, band: int, place: np.ndarray, settings: SkySettings
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mixture at places (n, 2): amplitudes (n, k), covariances (n, k, 3), offsets."""
    half = np.array([settings.shape[1], settings.shape[0]]) / 2
    u, v = np.clip((place - half) / half.max(), -1.1, 1.1).T
    terms = np.stack([u, v, u * u, u * v, v * v], axis=1)
    size = np.exp(terms @ seeing.size_terms[band])
    shear = seeing.shear_terms[band] @ np.stack([np.ones_like(u), u, v])  # (2, n)
    variance = (size[:, None] * seeing.widths[band]) ** 2
    covariance = np.stack(
        [
            variance * (1 + shear[0])[:, None],
            variance * shear[1][:, None],
            variance * (1 - shear[0])[:, None],
        ],
        axis=-1,
    )
    amplitude = np.broadcast_to(seeing.shares[band], variance.shape)
    offset = np.broadcast_to(seeing.offsets[band], (*variance.shape, 2))
    return amplitude, covariance, offset


def _render(
    image: np.ndarray, place: np.ndarray, flux: np.ndarray, shapes: np.ndarray,
    seeing: Seeing, band: int, settings: SkySettings, noise: float,
) -> None:  # fmt: skip
    """Add every source to a band's image, in batches of like size."""
    radius = shapes[:, -1] / settings.pixel_scale_arcsec
    fwhm = settings.seeing_arcsec / settings.pixel_scale_arcsec
    reach = _reach(flux, radius, fwhm, noise)
    galaxy = radius > 0
    middle = np.rint(place).astype(int)
    for half_size in np.unique(reach):
        for kind in (False, True):
            chosen = np.flatnonzero((reach == half_size) & (galaxy == kind))
            for part in np.array_split(chosen, max(1, len(chosen) * half_size**2 // 20_000)):
                if not len(part):
                    continue
                mixture = seeing_at(seeing, band, place[part], settings)
                if kind:
                    mixture = rendering.convolved(
                        galaxy_mixture(shapes[part], radius[part]), mixture
                    )
                offset = mixture[2] + (place[part] - middle[part])[:, None, :]
                stamps = rendering.gaussian_stamps(
                    np,
                    (mixture[0] * flux[part][:, None]).astype(np.float32),
                    mixture[1].astype(np.float32),
                    offset.astype(np.float32),
                    int(half_size),
                )
                rendering.add_stamps(image, stamps, middle[part, 0], middle[part, 1])


def _reach(flux: np.ndarray, radius: np.ndarray, fwhm: float, noise: float) -> np.ndarray:
    """Half side of each stamp (pixels): out to a thirtieth of the noise, in steps."""
    peak = flux / (2 * (fwhm / 2.35) ** 2 + 2 * radius**2) / np.pi
    depth = np.log(np.maximum(peak / (noise / 30), 3.0))
    wanted = fwhm * (0.6 + 0.35 * depth) + radius * depth / 1.68
    steps = np.array([6, 8, 10, 12, 16, 24, 32, 48, 64, 96, 128, 192])
    return np.asarray(steps[np.minimum(np.searchsorted(steps, wanted), len(steps) - 1)])


def galaxy_mixture(
    shapes: np.ndarray, radius: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mixtures of bulge and disc: amplitudes (n, k), covariances (n, k, 3), offsets of zero."""
    bulge, index, bulge_size, disc_ratio, bulge_ratio, angle = shapes[:, :6].T
    amplitudes, covariances = [], []
    bulge_share, bulge_width = rendering.sersic_gaussians(4.0)
    shares = np.zeros((len(radius), 5))
    widths = np.ones((len(radius), 5))
    # Disc profiles from a short list of indices, so that mixtures are fitted once each.
    listed = np.array([0.7, 0.85, 1.0, 1.2, 1.4])
    nearest = np.abs(index[:, None] - listed).argmin(axis=1)
    for number, value in enumerate(listed):
        share, width = rendering.sersic_gaussians(float(value))
        shares[nearest == number, : len(share)] = share
        widths[nearest == number, : len(width)] = width
    for share, width, weight, ratio in (
        (shares, widths * radius[:, None], 1 - bulge, disc_ratio),
        (bulge_share, bulge_width * (bulge_size * radius)[:, None], bulge, bulge_ratio),
    ):
        amplitudes.append(np.broadcast_to(share, width.shape) * weight[:, None])
        covariances.append(rendering.sheared(width**2, ratio[:, None], angle[:, None]))
    amplitude = np.concatenate(amplitudes, axis=1)
    covariance = np.concatenate(covariances, axis=1)
    return amplitude, covariance, np.zeros((*amplitude.shape, 2))


def sky_noise(settings: SkySettings, band: int, rng: np.random.Generator) -> float:
    """Noise of a pixel (nanomaggy) that gives the band's depth in 1.3 arcsec seeing."""
    depth = DEPTH[band] + settings.deeper_mag + rng.normal(0, 0.12)
    point_source = 10 ** (0.4 * (ZERO_POINT - depth)) / 5
    equivalent_area = 1.3 * 4 * np.pi * (1.3 / 2.355) ** 2  # arcsec², of a seeing disc with wings
    return float(point_source / np.sqrt(equivalent_area) * settings.pixel_scale_arcsec)


def _expose(
    image: np.ndarray, noise: float, band: int, settings: SkySettings, rng: np.random.Generator
) -> Exposure:
    """Add noise of sky and photons, a residual sky, artefacts and saturation, in place."""
    electrons = ELECTRONS[band] * float(np.exp(rng.uniform(-0.3, 0.3)))
    electrons *= 10 ** (0.8 * max(settings.deeper_mag, 0.0))
    scatter = rng.standard_normal(image.shape, dtype=np.float32)
    share = 0.0
    if rng.random() < 0.3:  # resampled images have correlated noise
        share = float(rng.uniform(0.05, 0.3))
        scatter += share * (np.roll(scatter, 1, axis=0) + np.roll(scatter, 1, axis=1))
        scatter /= np.float32(np.sqrt(1 + 2 * share**2))
    image += scatter * np.sqrt(noise**2 + np.maximum(image, 0) / electrons)
    slope = (rng.normal(0, 0.2, 3) * noise).astype(np.float32)
    image += residual_sky((image.shape[0], image.shape[1]), slope)
    if settings.artefacts:
        _strike(image, noise, rng)
    full_well = 10 ** (0.4 * (ZERO_POINT - 14.0)) * 0.12 * (settings.pixel_scale_arcsec / 0.4) ** 2
    np.minimum(image, np.float32(full_well), out=image)
    return Exposure(sky_noise=noise, electrons=electrons, correlation=share, slope=slope)


def _strike(image: np.ndarray, noise: float, rng: np.random.Generator) -> None:
    """Cosmic rays that the pipeline left, and now and then the trail of a satellite."""
    ny, nx = image.shape
    for _ in range(rng.poisson(6 * image.size / 3e6)):
        length = rng.uniform(1, 12)
        steps = np.arange(0, length, 0.7)
        angle = rng.uniform(0, np.pi)
        x = np.rint(rng.uniform(0, nx) + steps * np.cos(angle)).astype(int)
        y = np.rint(rng.uniform(0, ny) + steps * np.sin(angle)).astype(int)
        inside = (x >= 0) & (x < nx) & (y >= 0) & (y < ny)
        image[y[inside], x[inside]] += noise * float(np.exp(rng.uniform(2.0, 6.0)))
    if rng.random() < 0.02:
        angle, shift = rng.uniform(0, np.pi), rng.uniform(-0.5, 0.5) * min(ny, nx)
        row, column = np.indices((ny, nx), dtype=np.float32)
        distance = (column - nx / 2) * np.sin(angle) - (row - ny / 2) * np.cos(angle) - shift
        image += noise * rng.uniform(1, 8) * np.exp(-0.5 * (distance / 1.6) ** 2)


def tangent_header(
    sky: SimulatedSky, band: int, ra_deg: float, dec_deg: float
) -> dict[str, str | float | int]:
    """WCS keywords (TAN, x along Dec and y along RA as in SDSS frames) of a band's pixels."""
    ny, nx = sky.settings.shape
    scale_deg = sky.settings.pixel_scale_arcsec / 3600
    return {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CUNIT1": "deg", "CUNIT2": "deg",
        "CRVAL1": ra_deg, "CRVAL2": dec_deg,
        "CRPIX1": nx / 2 + 0.5 + float(sky.shift[band, 0]),
        "CRPIX2": ny / 2 + 0.5 + float(sky.shift[band, 1]),
        "CD1_1": 0.0, "CD1_2": scale_deg, "CD2_1": scale_deg, "CD2_2": 0.0,
    }  # fmt: skip
