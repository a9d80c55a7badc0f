"""What is in a simulated cut-out that holds no lens: galaxies of many kinds, most like one.

Positions and sizes are arcsec, colours AB.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from astrogui.training.lens_population import (
    ARCSEC_AT_225,
    blue_magnitudes,
    deflector,
    dimmed,
    einstein_radius,
    field_galaxies,
    members,
    star,
)
from astrogui.training.lens_scene import Component, Curve, Profile, Scene
from astrogui.training.lens_shares import KINDS, LOOK_ALIKES, Shares

DISTANT = 0.4  # of spirals: as they are at redshifts of 0.4 to 1; of the rest half are small


def draw_other(
    rng: np.random.Generator,
    space: bool,
    kind: str | None = None,
    shares: Shares = LOOK_ALIKES.shares,
) -> Scene:
    """A cut-out without a lens, of one of KINDS."""
    kind = kind or str(rng.choice(KINDS, p=np.array(shares.kinds) / sum(shares.kinds)))
    dispersion = 225 * np.sqrt(einstein_radius(rng, space) / ARCSEC_AT_225)
    dispersion = float(min(dispersion * rng.lognormal(0, 0.1), 340.0))
    front = _DRAW[kind](rng, dispersion, space)
    return Scene(kind=kind, front=front + field_galaxies(rng, space))


def _plain(rng: np.random.Generator, dispersion: float, space: bool) -> list[Component]:
    del space
    galaxy, z = deflector(rng, dispersion)
    few = int(rng.integers(0, 3)) if rng.random() < 0.3 else 0
    return [*galaxy, *members(rng, z, dispersion, few, 6.0)]


def _companions(rng: np.random.Generator, dispersion: float, space: bool) -> list[Component]:
    """A red galaxy with blue ones beside it: as far as arcs are, but turned any way."""
    front = _plain(rng, dispersion, space)
    for _ in range(int(rng.integers(1, 5))):
        distance = einstein_radius(rng, space) * rng.uniform(0.7, 1.5)
        angle = rng.uniform(0, 2 * np.pi)
        place = {"x": distance * np.cos(angle), "y": distance * np.sin(angle)}
        i = rng.uniform(20.5, 24.3)
        if rng.random() < 0.25:
            front.append(star(rng, place["x"], place["y"], i))
            continue
        front.append(
            Profile(
                **place, radius=float(np.exp(rng.uniform(np.log(0.1), np.log(0.6)))),
                index=float(rng.uniform(0.6, 1.6)), axis_ratio=float(rng.uniform(0.15, 1.0)),
                angle=float(rng.uniform(0, np.pi)), magnitude=blue_magnitudes(rng, i, 0.25),
            )
        )  # fmt: skip
    return front


def _spiral(rng: np.random.Generator, dispersion: float, space: bool) -> list[Component]:
    """Bulge and disc with arms and knots; most of them small and faint, as distant ones are.

    A red bulge in a blue disc hardly larger than the seeing is what volunteers take for a lens
    most often.
    """
    chance = rng.random()
    if chance < DISTANT:
        return _distant_disc(rng, space)
    if chance < (1 + DISTANT) / 2:
        size = (0.6 if space else 1.0) * float(np.exp(rng.uniform(np.log(0.35), np.log(1.2))))
        i = rng.uniform(19.5, 22.8)
    else:
        size = (0.55 if space else 1.0) * float(np.exp(rng.uniform(np.log(0.8), np.log(2.8))))
        i = rng.uniform(17.3, 20.8)
    gr, ri = rng.normal(0.55, 0.25), rng.normal(0.3, 0.15)
    disc = (float(i + gr + ri), float(i + ri), float(i))
    q, angle = float(rng.uniform(0.55, 1.0)), float(rng.uniform(0, np.pi))
    arms = (float(rng.choice([1, 2, 2, 2, 3, 4])), float(np.radians(rng.uniform(8, 32))),
            float(rng.uniform(0.6, 4.0)), float(rng.uniform(0, 2 * np.pi)))  # fmt: skip
    share = rng.uniform(0.08, 0.8)
    parts: list[Component] = [
        Profile(x=0.0, y=0.0, radius=size, index=float(rng.uniform(0.5, 1.0)), axis_ratio=q,
                angle=angle, magnitude=disc, arms=arms),
        Profile(x=0.0, y=0.0, radius=size * rng.uniform(0.12, 0.35),
                index=float(rng.uniform(1, 4)), axis_ratio=float(rng.uniform(0.7, 1)),
                angle=angle, magnitude=dimmed(
                    disc, share, (-rng.uniform(0.4, 1.2), -rng.uniform(0.1, 0.5), 0.0))),
    ]  # fmt: skip
    for _ in range(int(rng.integers(0, 8))):
        x, y = _on_the_disc(rng, size * rng.uniform(0.7, 2.0), q, angle)
        parts.append(
            Profile(
                x=x, y=y,
                radius=min(0.12, 0.2 * size), index=1.0,
                axis_ratio=float(rng.uniform(0.4, 1)), angle=angle,
                magnitude=dimmed(disc, rng.uniform(0.005, 0.04), (0.5, 0.3, 0.0)),
            )
        )  # fmt: skip
    return parts


def _distant_disc(rng: np.random.Generator, space: bool) -> list[Component]:
    """A disc as they were at redshifts of 0.4 to 1: clumps, a rim or half of one, a red middle.

    Over half of the star-forming ones have clumps, each with several per cent of the ultraviolet
    light (Guo et al. 2015, ApJ 800, 39), and many are lopsided. Now and then a small red galaxy
    lies at the rim.
    """
    size = (0.6 if space else 1.0) * float(np.exp(rng.uniform(np.log(0.6), np.log(2.0))))
    i = rng.uniform(19.3, 22.2)
    gr, ri = rng.normal(0.6, 0.25), rng.normal(0.45, 0.2)
    disc = (float(i + gr + ri), float(i + ri), float(i))
    q, angle = float(rng.uniform(0.5, 1.0)), float(rng.uniform(0, np.pi))
    x, y = rng.normal(0, 0.12 * size, 2)  # of the bulge from the middle of the disc
    paler = float(rng.uniform(0.5, 1.6))
    parts: list[Component] = [
        Profile(x=0.0, y=0.0, radius=size, index=float(rng.uniform(0.25, 0.8)), axis_ratio=q,
                angle=angle, magnitude=disc),
        Profile(x=float(x), y=float(y), radius=float(rng.uniform(0.05, 0.3)) * size,
                index=float(rng.uniform(1, 3)), axis_ratio=float(rng.uniform(0.6, 1)),
                angle=angle, magnitude=dimmed(
                    disc, rng.uniform(0.08, 0.8), (-paler, -0.4 * paler, 0.0))),
    ]  # fmt: skip
    bluer = (float(rng.uniform(0.1, 0.6)), float(rng.uniform(0.0, 0.3)), 0.0)
    if rng.random() < 0.65:
        parts.append(
            Curve(
                x=0.0, y=0.0, radius=size * rng.uniform(0.7, 1.4),
                width=size * rng.uniform(0.2, 0.5), axis_ratio=q, angle=angle,
                middle=rng.uniform(0, 2 * np.pi),
                opening=np.inf if rng.random() < 0.4 else rng.uniform(0.5, 2.0),
                magnitude=dimmed(disc, float(np.exp(rng.uniform(np.log(0.2), np.log(2.0)))), bluer),
            )
        )  # fmt: skip
    for _ in range(int(rng.integers(0, 6))):
        place = _on_the_disc(rng, size * rng.uniform(0.5, 1.6), q, angle)
        share = float(np.exp(rng.uniform(np.log(0.02), np.log(0.2))))
        parts.append(
            Profile(
                x=place[0], y=place[1], radius=size * float(rng.uniform(0.05, 0.3)), index=1.0,
                axis_ratio=float(rng.uniform(0.5, 1)), angle=float(rng.uniform(0, np.pi)),
                magnitude=dimmed(disc, share, bluer),
            )
        )  # fmt: skip
    if rng.random() < 0.3:
        place = _on_the_disc(rng, size * rng.uniform(0.8, 2.0), 1.0, 0.0)
        red = float(i + rng.uniform(0.0, 2.5))
        parts.append(
            Profile(
                x=place[0], y=place[1], radius=float(rng.uniform(0.08, 0.4)),
                index=float(rng.uniform(1, 4)), axis_ratio=float(rng.uniform(0.5, 1)),
                angle=float(rng.uniform(0, np.pi)),
                magnitude=(red + float(rng.uniform(1.4, 2.8)), red + float(rng.uniform(0.5, 1.1)),
                           red),
            )
        )  # fmt: skip
    return parts


def _on_the_disc(
    rng: np.random.Generator, distance: float, axis_ratio: float, angle: float
) -> tuple[float, float]:
    """Somewhere at that distance along the disc's plane, as it is seen."""
    where = rng.uniform(0, 2 * np.pi)
    along, across = distance * np.cos(where), distance * axis_ratio * np.sin(where)
    x = along * np.cos(angle) - across * np.sin(angle)
    return float(x), float(along * np.sin(angle) + across * np.cos(angle))


def _ring(rng: np.random.Generator, dispersion: float, space: bool) -> list[Component]:
    """A galaxy with a ring of stars: complete, elliptical, not thin, its centre often a bulge."""
    size = (0.5 if space else 1.0) * float(np.exp(rng.uniform(np.log(0.6), np.log(3.5))))
    galaxy, _ = deflector(rng, dispersion, late=rng.random() < 0.6)
    core = galaxy[0]
    fainter = rng.uniform(0.15, 1.0)
    ring = Curve(
        x=rng.normal(0, 0.1) * size, y=rng.normal(0, 0.1) * size, radius=size,
        width=size * rng.uniform(0.14, 0.35), axis_ratio=float(rng.uniform(0.5, 1.0)),
        angle=float(rng.uniform(0, np.pi)), middle=rng.uniform(0, 2 * np.pi),
        opening=np.inf if rng.random() < 0.6 else rng.uniform(1.0, 2.5),
        magnitude=dimmed(core.magnitude, fainter, (rng.uniform(0.2, 1.2), 0.3, 0.0)),
    )  # fmt: skip
    return [*galaxy, ring]


def _merger(rng: np.random.Generator, dispersion: float, space: bool) -> list[Component]:
    """Two galaxies of like colour in contact, with tails that bend any way."""
    first, z = deflector(rng, dispersion * 0.9, late=rng.random() < 0.7)
    scale = 0.5 if space else 1.0
    distance, where = scale * rng.uniform(0.7, 2.6), rng.uniform(0, 2 * np.pi)
    place = (distance * np.cos(where), distance * np.sin(where))
    late = rng.random() < 0.7
    second = deflector(rng, dispersion * rng.uniform(0.6, 0.95), late, place, z)[0]
    parts: list[Component] = [*first, *second]
    for _ in range(int(rng.integers(0, 3))):
        radius = scale * rng.uniform(1.0, 4.0)
        away = rng.uniform(0, 2 * np.pi)
        host = (first[0], second[0])[int(rng.integers(2))]
        parts.append(
            Curve(
                x=host.x + radius * np.cos(away), y=host.y + radius * np.sin(away), radius=radius,
                width=scale * rng.uniform(0.2, 0.6), axis_ratio=float(rng.uniform(0.4, 1.0)),
                angle=0.0, middle=away + np.pi + rng.normal(0, 0.5),
                opening=rng.uniform(0.4, 1.0),
                magnitude=dimmed(host.magnitude, rng.uniform(0.05, 0.4), (0.4, 0.15, 0.0)),
            )
        )  # fmt: skip
    return parts


def _group(rng: np.random.Generator, dispersion: float, space: bool) -> list[Component]:
    """Red galaxies of one redshift close together, with or without blue ones among them."""
    galaxy, z = deflector(rng, dispersion)
    reach = 2.5 if space else 6.0
    parts: list[Component] = [
        *galaxy,
        *members(rng, z, dispersion, int(rng.integers(2, 7)), reach),
    ]
    if rng.random() < 0.5:
        parts += _companions(rng, dispersion, space)[-1:]
    return parts


def _edge_on(rng: np.random.Generator, dispersion: float, space: bool) -> list[Component]:
    size = (0.6 if space else 1.2) * float(np.exp(rng.uniform(np.log(0.7), np.log(2.2))))
    i = rng.uniform(17.8, 20.8)
    gr, ri = rng.normal(0.8, 0.25), rng.normal(0.4, 0.12)
    disc = (float(i + gr + ri), float(i + ri), float(i))
    angle = float(rng.uniform(0, np.pi))
    bulge = dimmed(disc, rng.uniform(0.1, 1.0), (-0.5, -0.2, 0.0))
    return [
        Profile(x=0.0, y=0.0, radius=size, index=1.0, axis_ratio=float(rng.uniform(0.08, 0.3)),
                angle=angle, magnitude=disc),
        Profile(x=0.0, y=0.0, radius=size * 0.25, index=2.5,
                axis_ratio=float(rng.uniform(0.6, 1.0)), angle=angle, magnitude=bulge),
    ]  # fmt: skip


def _pair(rng: np.random.Generator, dispersion: float, space: bool) -> list[Component]:
    """A galaxy with a star, or two unlike galaxies, in one line of sight."""
    front = _plain(rng, dispersion, space)
    distance, where = rng.uniform(0.4, 2.5) * (0.6 if space else 1.0), rng.uniform(0, 2 * np.pi)
    x, y = distance * np.cos(where), distance * np.sin(where)
    if rng.random() < 0.4:
        return [*front, star(rng, x, y, rng.uniform(17.5, 22.5))]
    return [*front, *deflector(rng, rng.uniform(110, 230), True, (x, y))[0]]


def _irregular(rng: np.random.Generator, dispersion: float, space: bool) -> list[Component]:
    """Clumps of blue light without order, some in a row or a bow."""
    scale = 0.5 if space else 1.0
    bow, turn = rng.uniform(-1.2, 1.2), rng.uniform(0, 2 * np.pi)
    parts: list[Component] = []
    for step in np.linspace(-1, 1, int(rng.integers(2, 7))):
        along = scale * (step * rng.uniform(0.6, 2.2) + rng.normal(0, 0.2))
        across = scale * (bow * step**2 + rng.normal(0, 0.25))
        parts.append(
            Profile(
                x=along * np.cos(turn) - across * np.sin(turn),
                y=along * np.sin(turn) + across * np.cos(turn),
                radius=scale * rng.uniform(0.15, 0.8), index=1.0,
                axis_ratio=float(rng.uniform(0.3, 1.0)), angle=float(rng.uniform(0, np.pi)),
                magnitude=blue_magnitudes(rng, rng.uniform(20.2, 23.0), 0.2),
            )
        )  # fmt: skip
    return parts


_DRAW: dict[str, Any] = dict(
    zip(KINDS, (_plain, _companions, _spiral, _ring, _merger, _group, _edge_on, _pair, _irregular),
        strict=True)
)  # fmt: skip
