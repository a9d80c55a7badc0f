"""What there is in a simulated lens field: galaxies in front and sources behind.

Red galaxies follow one relation between velocity dispersion, luminosity, size and colour
(colours of an old population seen at the redshift, Faber & Jackson 1976), whether they are lenses
or not, so that nothing but the arcs tells them apart. Positions and sizes are arcsec.
"""

from __future__ import annotations

import numpy as np

from astrogui.training.lens_scene import Component, Profile, Scene
from astrogui.training.lens_shares import LOOK_ALIKES, Shares

# g - r and r - i of an old stellar population, and the i magnitude of one with a velocity
# dispersion of 225 km/s, by redshift (passive evolution; Eisenstein et al. 2001, AJ 122, 2267).
REDSHIFTS = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
RED_GR = np.array([0.95, 1.25, 1.48, 1.68, 1.75, 1.74, 1.72, 1.66, 1.55])
RED_RI = np.array([0.38, 0.45, 0.54, 0.65, 0.82, 1.00, 1.12, 1.18, 1.20])
TYPICAL_I = np.array([15.9, 17.4, 18.3, 19.0, 19.5, 20.0, 20.4, 20.8, 21.2])
KPC_PER_ARCSEC = np.array([1.84, 3.30, 4.45, 5.37, 6.10, 6.68, 7.14, 7.50, 7.78])
LEAST_MAGNIFICATION = 5.0  # of a source, for it to be noticed
ONE_SIDED_MAGNIFICATION = 3.0  # of one of which a single arc is seen
ARCSEC_AT_225 = 1.46 * 0.62  # Einstein radius of 225 km/s times the usual ratio of distances


def draw_lens(rng: np.random.Generator, space: bool, shares: Shares = LOOK_ALIKES.shares) -> Scene:
    """A galaxy, or a few, with a source behind it that is seen several times."""
    single = shares.galaxies > 0 and rng.random() < shares.galaxies
    radius = _galaxy_radius(rng, space) if single else einstein_radius(rng, space)
    dispersion = min(225 * np.sqrt(radius / ARCSEC_AT_225) * rng.lognormal(0, 0.06), 340.0)
    late = rng.random() < 0.06
    galaxy, redshift = deflector(rng, dispersion, late=late)
    front: list[Component] = [*galaxy]
    main = galaxy[0]
    if rng.random() < (0.75 if radius > 3 else 0.25):
        front += members(rng, redshift, dispersion, int(rng.integers(1, 6)), reach=2.2 * radius)
    q = float(np.clip(main.axis_ratio + rng.normal(0, 0.1), 0.45, 0.98))
    lens = {
        "einstein_radius": radius, "axis_ratio": q,
        "angle": main.angle + rng.normal(0, 0.15),
        "shear": float(min(abs(rng.normal(0, 0.06)), 0.2)), "shear_angle": rng.uniform(0, np.pi),
    }  # fmt: skip
    one_sided = shares.one_sided > 0 and rng.random() < shares.one_sided
    arcs = _source(rng, radius, shares.source_sizes, one_sided)
    return Scene(
        kind="lens", front=front + field_galaxies(rng, space), arcs=arcs, lens=lens,
        least_magnification=ONE_SIDED_MAGNIFICATION if one_sided else LEAST_MAGNIFICATION,
    )  # fmt: skip


def red_magnitudes(redshift: float, luminosity: float) -> tuple[float, float, float]:
    """g, r, i of a red galaxy; `luminosity` in that of one with 225 km/s at that redshift."""
    i = np.interp(redshift, REDSHIFTS, TYPICAL_I) - 2.5 * np.log10(luminosity)
    r = i + np.interp(redshift, REDSHIFTS, RED_RI)
    return float(r + np.interp(redshift, REDSHIFTS, RED_GR)), float(r), float(i)


def einstein_radius(rng: np.random.Generator, space: bool) -> float:
    """Of a lens that is trained on: small ones and groups far more often than on the sky."""
    if space:
        return float(np.exp(rng.uniform(np.log(0.5), np.log(2.2))))
    if rng.random() < 0.62:
        return float(np.exp(rng.uniform(np.log(0.75), np.log(2.2))))
    return float(np.exp(rng.uniform(np.log(2.0), np.log(6.8))))


def _galaxy_radius(rng: np.random.Generator, space: bool) -> float:
    """Einstein radius (arcsec) of a lens galaxy as the sky has them, within what can be resolved.

    Velocity dispersions by their number (Choi et al. 2007, ApJ 658, 884) times their cross-section,
    the fourth power.
    """
    low, high = (0.5, 2.2) if space else (0.75, 6.8)
    while True:
        dispersion = 161 * rng.gamma((2.32 + 4) / 2.67) ** (1 / 2.67)
        radius = ARCSEC_AT_225 * (dispersion / 225) ** 2 * rng.lognormal(0, 0.25)
        if low < radius < high:
            return float(radius)


def half_light_radius_behind(rng: np.random.Generator, i: float) -> float:
    """Arcsec, of a star-forming galaxy of that magnitude at the redshifts of sources, 1 to 3.

    Shibuya, Ouchi & Harikane 2015 (ApJS 219, 15): 6.9 kpc (1 + z)^-1.2 (L / L0)^0.27, L0 that of a
    magnitude of -21 in the ultraviolet, where the i band lies; a log-normal scatter of 0.45 to 0.75
    in the natural logarithm. Of i = 24 that is 0.25 arcsec at a redshift of 1, 0.21 at 2, 0.19 at 3
    (flat, H0 = 70 km/s/Mpc, matter 0.3), so that the redshift hardly matters beside the scatter.
    """
    return float(np.clip(0.21 * 10 ** (-0.108 * (i - 24)) * rng.lognormal(0, 0.6), 0.02, 1.5))


def _half_light_radius(rng: np.random.Generator, i: float) -> float:
    """Arcsec, of a galaxy of that magnitude in the field (Griffith et al. 2012, ApJS 200, 9)."""
    return float(np.clip(0.34 * 10 ** (-0.09 * (i - 23)) * rng.lognormal(0, 0.35), 0.08, 1.5))


def deflector(
    rng: np.random.Generator,
    dispersion: float,
    late: bool = False,
    place: tuple[float, float] = (0.0, 0.0),
    redshift: float | None = None,
) -> tuple[list[Profile], float]:
    """A galaxy of that velocity dispersion: one or two components, and its redshift."""
    z = float(rng.triangular(0.18, 0.55, 0.9)) if redshift is None else redshift
    luminosity = (dispersion / 225) ** 3.5 * rng.lognormal(0, 0.35)
    kpc = 6.0 * luminosity**0.6 * rng.lognormal(0, 0.25)
    radius = kpc / float(np.interp(z, REDSHIFTS, KPC_PER_ARCSEC))
    g, r, i = red_magnitudes(z, luminosity)
    shade = rng.normal(0, 0.06, 2) + (np.array([-0.35, -0.12]) if late else 0.0)
    magnitude = (g + shade[0] + shade[1], r + shade[1], i)
    q, angle = float(rng.uniform(0.5, 0.98)), float(rng.uniform(0, np.pi))
    bulge = Profile(
        x=place[0], y=place[1], radius=float(np.clip(radius, 0.12, 4.0)),
        index=float(rng.uniform(2.2, 5.0)), axis_ratio=q, angle=angle, magnitude=magnitude,
    )  # fmt: skip
    parts = [bulge]
    if late or rng.random() < 0.35:
        share = rng.uniform(0.2, 0.6)
        blue = (0.45, 0.18, 0.0) if late else (0.05, 0.02, 0.0)
        parts.append(
            Profile(
                x=place[0], y=place[1], radius=2.0 * bulge.radius, index=1.0,
                axis_ratio=float(np.clip(q + rng.normal(0, 0.1), 0.25, 1.0)),
                angle=angle + rng.normal(0, 0.1), magnitude=dimmed(magnitude, share, blue),
            )
        )  # fmt: skip
    return parts, z


def dimmed(
    magnitude: tuple[float, float, float], share: float, bluer: tuple[float, float, float]
) -> tuple[float, float, float]:
    fainter = -2.5 * np.log10(share)
    g, r, i = (float(m + fainter - b) for m, b in zip(magnitude, bluer, strict=True))
    return g, r, i


def members(
    rng: np.random.Generator, redshift: float, dispersion: float, count: int, reach: float
) -> list[Component]:
    """Fainter red galaxies of the same redshift around the centre."""
    found: list[Component] = []
    for _ in range(count):
        distance, angle = rng.uniform(0.8, max(reach, 3.5)), rng.uniform(0, 2 * np.pi)
        place = (distance * np.cos(angle), distance * np.sin(angle))
        found += deflector(rng, dispersion * rng.uniform(0.4, 0.9), place=place, redshift=redshift)[
            0
        ]
    return found


def blue_magnitudes(
    rng: np.random.Generator, i: float, red_share: float = 0.12
) -> tuple[float, float, float]:
    """g, r, i of a distant star-forming galaxy, now and then a red one."""
    if rng.random() < red_share:
        gr, ri = rng.uniform(0.6, 1.4), rng.uniform(0.3, 0.9)
    else:
        gr, ri = rng.normal(0.18, 0.2), rng.normal(0.12, 0.15)
    return float(i + ri + gr), float(i + ri), float(i)


def _source(
    rng: np.random.Generator,
    radius: float,
    sizes: tuple[float, float] | None,
    one_sided: bool = False,
) -> list[Profile]:
    """A galaxy in the source plane, with clumps, where the lens makes several images of it.

    `sizes` are the bounds of its half-light radius; None: as `half_light_radius_behind` has it.
    """
    if one_sided:  # of a sphere the images' fluxes are as 1 + s to 1 - s, s the distance
        reach = radius * np.sqrt(rng.uniform(0.09, 0.81))
    else:
        reach = radius * np.sqrt(rng.uniform(0.0, 0.36))
        reach *= 1.0 if rng.random() < 0.7 else 0.4  # rings and long arcs are what is noticed
    where = rng.uniform(0, 2 * np.pi)
    x, y = reach * np.cos(where), reach * np.sin(where)
    i = rng.uniform(22.0, 25.0)
    if sizes is None:
        size = half_light_radius_behind(rng, i)
    else:
        size = float(np.exp(rng.uniform(*np.log(sizes))))
    magnitude = blue_magnitudes(rng, i)
    main = Profile(
        x=x, y=y, radius=size, index=float(rng.uniform(0.6, 2.0)),
        axis_ratio=float(rng.uniform(0.35, 1.0)), angle=float(rng.uniform(0, np.pi)),
        magnitude=magnitude,
    )  # fmt: skip
    clumps = [
        Profile(
            x=x + rng.normal(0, size * 0.8), y=y + rng.normal(0, size * 0.8),
            radius=max(size * rng.uniform(0.1, 0.4), 0.025), index=1.0,
            axis_ratio=float(rng.uniform(0.6, 1.0)), angle=float(rng.uniform(0, np.pi)),
            magnitude=dimmed(magnitude, rng.uniform(0.05, 0.35), (0.1, 0.05, 0.0)),
        )
        for _ in range(int(rng.integers(0, 5)))
    ]  # fmt: skip
    return [main, *clumps]


def field_galaxies(rng: np.random.Generator, space: bool) -> list[Component]:
    """Unrelated galaxies and stars that chance puts into the cut-out."""
    half = 3.6 if space else 9.5
    found: list[Component] = []
    for _ in range(rng.poisson(1.0 if space else 7.0)):
        x, y = rng.uniform(-half, half, 2)
        i = 25.3 - rng.exponential(1.6)
        found.append(
            Profile(
                x=x, y=y, radius=_half_light_radius(rng, i),
                index=float(rng.choice([1.0, 1.0, 2.5])), axis_ratio=float(rng.uniform(0.3, 1.0)),
                angle=float(rng.uniform(0, np.pi)), magnitude=blue_magnitudes(rng, i, 0.4),
            )
        )  # fmt: skip
    for _ in range(rng.poisson(0.05 if space else 0.4)):
        x, y = rng.uniform(-half, half, 2)
        found.append(star(rng, x, y, rng.uniform(16.5, 23.5)))
    return found


def star(rng: np.random.Generator, x: float, y: float, i: float) -> Profile:
    red = rng.uniform(0, 1)
    return Profile(
        x=x, y=y, radius=0.01, index=1.0, axis_ratio=1.0, angle=0.0,
        magnitude=(i + 0.3 + 2.2 * red, i + 0.1 + 0.9 * red, i),
    )  # fmt: skip
