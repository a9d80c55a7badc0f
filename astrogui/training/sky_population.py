"""What there is in a patch of sky: stars and galaxies by magnitude, their colours and sizes.

The numbers come from the literature: counts of galaxies (Yasuda et al. 2001, AJ 122, 1104; Strauss
et al. 2002, AJ 124, 1810; Hahn et al. 2023, AJ 165, 253; Abell et al. 2009, arXiv 0912.0201), sizes
(Shen et al. 2003, MNRAS 343, 978; Leauthaud et al. 2007, ApJS 172, 219), the stellar locus (Covey
et al. 2007, AJ 134, 2398), galaxy colours with redshift (Fukugita et al. 1995, PASP 107, 945),
extinction (Schlafly & Finkbeiner 2011, ApJ 737, 103).
"""

from __future__ import annotations

from typing import Any

import numpy as np

# g-i against u-g, g-r, r-i, i-z along the stellar locus.
STELLAR_LOCUS = np.array(
    [
        [-0.6, -0.35, -0.38, -0.22, -0.20],
        [0.0, 0.75, 0.05, -0.05, -0.06],
        [0.3, 0.95, 0.23, 0.07, -0.01],
        [0.5, 1.05, 0.37, 0.13, 0.03],
        [0.7, 1.27, 0.52, 0.18, 0.06],
        [1.0, 1.70, 0.74, 0.26, 0.12],
        [1.5, 2.28, 1.10, 0.40, 0.21],
        [2.0, 2.52, 1.34, 0.66, 0.36],
        [2.5, 2.58, 1.42, 1.08, 0.58],
        [3.0, 2.60, 1.47, 1.53, 0.82],
        [3.5, 2.60, 1.55, 1.95, 1.10],
    ]
)

# Redshift, then u-g, g-r, r-i, i-z: an early type, a spiral, a late star-forming type.
REDSHIFTS = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.55, 0.7, 0.9, 1.2])
GALAXY_COLOURS = np.array(
    [
        [[1.75, 0.77, 0.39, 0.30], [1.90, 0.97, 0.42, 0.33], [2.0, 1.25, 0.46, 0.34],
         [2.0, 1.50, 0.56, 0.35], [1.9, 1.66, 0.75, 0.37], [1.7, 1.72, 0.98, 0.43],
         [1.4, 1.60, 1.15, 0.58], [1.1, 1.35, 1.20, 0.85], [0.9, 1.0, 1.0, 0.95]],
        [[1.35, 0.62, 0.33, 0.22], [1.35, 0.74, 0.36, 0.25], [1.35, 0.90, 0.38, 0.27],
         [1.30, 1.05, 0.44, 0.28], [1.15, 1.15, 0.55, 0.30], [0.95, 1.12, 0.72, 0.33],
         [0.75, 0.98, 0.80, 0.42], [0.60, 0.75, 0.78, 0.58], [0.5, 0.55, 0.6, 0.6]],
        [[1.0, 0.38, 0.20, 0.10], [0.95, 0.42, 0.20, 0.12], [0.90, 0.50, 0.20, 0.14],
         [0.80, 0.57, 0.24, 0.14], [0.70, 0.60, 0.30, 0.15], [0.55, 0.55, 0.40, 0.18],
         [0.45, 0.45, 0.42, 0.24], [0.40, 0.32, 0.38, 0.32], [0.35, 0.25, 0.28, 0.32]],
    ]
)  # fmt: skip


# Of u-g, g-r, r-i, i-z in mag per E(B-V), Schlafly & Finkbeiner 2011 (R_V = 3.1); the E(B-V) of
# the sky at high galactic latitudes, median and scatter of its logarithm, and the most of it.
REDDENING = np.array([0.936, 1.018, 0.587, 0.435])
DUST_MEDIAN, DUST_SCATTER, DUST_MOST = 0.035, 0.7, 0.15

STAR_FACTORS = (0.3, 3.0)  # the density of stars varies log-uniformly between these


def draw_star_factor(rng: np.random.Generator) -> float:
    """The density of stars of one field relative to galactic latitude 50 deg."""
    low, high = np.log(STAR_FACTORS)
    return float(np.exp(rng.uniform(low, high)))


def star_share(magnitude_r: Any) -> Any:
    """The share of stars among sources of a magnitude, over fields of every star factor."""
    low, high = STAR_FACTORS
    stars = star_density(magnitude_r, (high - low) / np.log(high / low))
    return stars / (stars + galaxy_density(magnitude_r))


def star_density(magnitude_r: Any, star_factor: float = 1.0) -> Any:
    """Point sources per square degree and magnitude at galactic latitude about 50 deg."""
    return star_factor * 500 * 10 ** (0.15 * (np.minimum(magnitude_r, 24) - 18))


def galaxy_density(magnitude_r: Any) -> Any:
    """Galaxies per square degree and magnitude: slope 0.58 when bright, 0.35 when faint.

    At r = 16 as Yasuda et al. 2001 count them, in all 92 brighter than 17.77 (Strauss et al. 2002)
    and 864 brighter than 19.5 (Hahn et al. 2023), each within a sixth; at r = 22 about as the
    faint counts of Abell et al. 2009 have them.
    """
    bright = 14.2 * 10 ** (0.58 * (np.asarray(magnitude_r) - 16))
    faint = 8500 * 10 ** (0.35 * (np.asarray(magnitude_r) - 22))
    return bright * faint / np.hypot(bright, faint)


def draw_counts(
    area_deg2: float, star_factor: float, faintest_mag: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """r magnitudes and whether each is a galaxy, Poisson draws of the two densities."""
    grid = np.arange(14.0, faintest_mag, 0.05)
    magnitudes, kinds = [], []
    for galaxy, density in ((False, star_density(grid, star_factor)), (True, galaxy_density(grid))):
        number = rng.poisson(density * 0.05 * area_deg2)
        drawn = np.repeat(grid, number) + rng.uniform(0, 0.05, number.sum())
        magnitudes.append(drawn)
        kinds.append(np.full(len(drawn), galaxy))
    return np.concatenate(magnitudes), np.concatenate(kinds)


def draw_sources(
    magnitude_r: np.ndarray, is_galaxy: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Magnitudes (n, bands), half-light radii (arcsec) and shapes (n, 6) of sources.

    A shape is: bulge fraction, Sérsic index of the disc part, radius of the bulge over that of
    the disc, disc axis ratio, bulge axis ratio, position angle (rad); radii are the disc's.
    """
    count = len(magnitude_r)
    colours = np.where(is_galaxy[:, None], *_colour_pair(magnitude_r, rng))
    # A field has one E(B-V), but a network sees one source at a time.
    dust = np.minimum(DUST_MEDIAN * rng.lognormal(0, DUST_SCATTER, count), DUST_MOST)
    colours = colours + dust[:, None] * REDDENING
    magnitude = np.empty((count, 5))
    magnitude[:, 2] = magnitude_r
    magnitude[:, 1] = magnitude_r + colours[:, 1]
    magnitude[:, 0] = magnitude[:, 1] + colours[:, 0]
    magnitude[:, 3] = magnitude_r - colours[:, 2]
    magnitude[:, 4] = magnitude[:, 3] - colours[:, 3]
    # Sizes fall with faintness as in the COSMOS and SDSS catalogues, scatter 0.22 dex.
    log_radius = 0.06 - 0.11 * (magnitude_r - 20) + rng.normal(0, 0.22, count)
    radius = np.where(is_galaxy, np.clip(10**log_radius, 0.08, 12.0), 0.0)
    kind = rng.random(count)
    bulge = np.where(kind < 0.25, rng.uniform(0.7, 1, count), rng.beta(1.0, 3.0, count))
    cosine = rng.uniform(0, 1, count)
    disc_ratio = np.sqrt(0.15**2 + (1 - 0.15**2) * cosine**2)
    bulge_ratio = np.clip(rng.normal(0.78, 0.14, count), 0.4, 1)
    shapes = np.stack(
        [bulge, rng.uniform(0.7, 1.4, count), rng.uniform(0.25, 1.0, count), disc_ratio,
         bulge_ratio, rng.uniform(0, np.pi, count)],
        axis=1,
    )  # fmt: skip
    mostly_bulge = bulge > 0.6
    shapes[mostly_bulge, 2] = 1.0
    shapes[mostly_bulge, 3] = bulge_ratio[mostly_bulge]
    return magnitude, radius, np.column_stack([shapes, radius])


def _colour_pair(magnitude_r: np.ndarray, rng: np.random.Generator) -> tuple[Any, Any]:
    return _galaxy_colours(magnitude_r, rng), _star_colours(magnitude_r, rng)


def _star_colours(magnitude_r: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """u-g, g-r, r-i, i-z of point sources: halo and disc stars, M dwarfs, white dwarfs, QSOs."""
    count = len(magnitude_r)
    red = np.clip(0.25 + 0.09 * (magnitude_r - 17), 0.15, 0.68)  # M dwarfs take over when faint
    kind = rng.random(count)
    turn_off = 0.35 + rng.gamma(2.0, 0.22, count)
    g_i = np.where(kind < red, rng.normal(2.25, 0.42, count), turn_off)
    blue = rng.random(count) < 0.02
    g_i = np.clip(np.where(blue, rng.uniform(-0.6, 0.1, count), g_i), -0.6, 3.5)
    colours = np.stack(
        [np.interp(g_i, STELLAR_LOCUS[:, 0], STELLAR_LOCUS[:, k]) for k in range(1, 5)], axis=1
    )
    colours += rng.normal(0, [0.10, 0.04, 0.03, 0.03], (count, 4))
    quasar = rng.random(count) < np.clip(0.01 + 0.012 * (magnitude_r - 18), 0.0, 0.06)
    low_redshift = rng.normal([0.15, 0.15, 0.12, 0.08], [0.2, 0.15, 0.12, 0.12], (count, 4))
    return np.where(quasar[:, None], low_redshift, colours)


def _galaxy_colours(magnitude_r: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """u-g, g-r, r-i, i-z of galaxies: type and redshift drawn by magnitude.

    The median redshift is 0.10 at r = 17.5, 0.2 at 19.4 and 0.5 at 22, as the surveys of
    Strauss et al. 2002, Hahn et al. 2023 and Newman et al. 2013 (ApJS 208, 5) find it.
    """
    count = len(magnitude_r)
    median = 0.10 * 10 ** (0.155 * (magnitude_r - 17.5))
    redshift = np.clip(median * rng.lognormal(0, 0.42, count), 0.01, 1.2)
    early = np.clip(0.55 - 0.05 * (magnitude_r - 17.5), 0.25, 0.55)
    # A continuous type: 0 early, 1 spiral, 2 late.
    kind = np.where(
        rng.random(count) < early,
        np.abs(rng.normal(0, 0.2, count)),
        np.clip(0.7 + 1.3 * rng.beta(1.6, 1.4, count), 0, 2),
    )
    low = np.minimum(kind.astype(int), 1)
    part = (kind - low)[:, None]
    at = np.stack(
        [
            [np.interp(redshift, REDSHIFTS, GALAXY_COLOURS[t, :, k]) for k in range(4)]
            for t in range(3)
        ]
    )  # (types, colours, sources)
    rows = np.arange(count)
    colours = (1 - part) * at[low, :, rows] + part * at[low + 1, :, rows]
    # Wider than within a type: dust, and the table's coarseness, are not to be trusted to 0.05 mag.
    return np.asarray(colours + rng.normal(0, [0.25, 0.14, 0.10, 0.10], (count, 4)))
