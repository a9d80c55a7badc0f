"""Simulated galaxies with the opinions of simulated volunteers, as colour pictures.

Galaxies are built in the plane of their disc on a grid whose pixel is a fraction of their Petrosian
radius, blurred by the seeing, given the noise of a survey and stretched as SDSS colour pictures
are. The volunteers' model: each answer's share follows from what can be seen of a feature, its
contrast after blurring and against the noise; see `opinions`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from astrogui.science import vote_tree
from astrogui.science.galaxy_picture import SURVEY_PIXEL_ARCSEC, colours

SIZE = 96  # pixels a side of a simulated picture
RADIUS = 17.0  # Petrosian radius in pixels; the seeing and the noise are scaled to it
NOISE = np.array([0.040, 0.027, 0.022])  # of a survey pixel in i, r, g, nanomaggy

KINDS: dict[str, float] = {
    "smooth": 0.34, "disc": 0.36, "edge_on": 0.15, "irregular": 0.06, "merger": 0.06,
    "artifact": 0.03,
}  # fmt: skip

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Features:
    """What a galaxy has, each from 0 (none) to 1 (plain to see at perfect seeing)."""

    kind: str
    axis_ratio: float = 1.0
    bulge: float = 0.0  # share of the light in the bulge
    bar: float = 0.0
    arms: float = 0.0
    arm_count: int = 2
    pitch_deg: float = 20.0
    ring: float = 0.0
    dust: float = 0.0
    disturbed: float = 0.0
    clumps: float = 0.0
    lens: float = 0.0
    companion: float = 0.0
    boxy: float = 0.0
    seen: float = 1.0  # how much of fine structure survives the seeing and the noise
    weights: dict[str, float] = field(default_factory=dict)


def draw_picture(rng: np.random.Generator) -> tuple[NDArray[np.float32], Floats]:
    """A picture (SIZE, SIZE, 3) with colours from 0 to 1, and the opinions (37,), conditional."""
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    radius_arcsec = float(np.exp(rng.normal(np.log(9.0), 0.45)))
    pixel_arcsec = radius_arcsec / RADIUS
    seeing = float(np.clip(rng.normal(1.3, 0.15), 0.9, 2.0)) / pixel_arcsec  # FWHM, pixels
    grid = _Grid(rng)
    light, features = _MAKERS[kind](grid, rng)
    brightness = rng.normal(21.3, 0.7) if kind != "artifact" else rng.uniform(17, 20)
    light = _scaled(light, brightness, pixel_arcsec)
    light += _neighbours(grid, rng, pixel_arcsec)
    light = _blurred(light, seeing)
    if kind == "artifact":
        _strike(light, grid, rng)
    noise = _noise(rng, pixel_arcsec)
    signal = float(np.sqrt((light[..., 1] ** 2).sum() / (noise[..., 1].std() ** 2 + 1e-12)))
    features.seen = float(
        1 / (1 + (seeing / (0.30 * RADIUS)) ** 2) / (1 + (55.0 / max(signal, 1e-3)) ** 1.5)
    )
    picture = colours((light + noise) * (SURVEY_PIXEL_ARCSEC / pixel_arcsec) ** 2)
    if rng.random() < 0.06:  # the halo of a bright star, a ghost, a bad sky
        ramp = rng.normal(0, 0.12, 3) * grid.x[..., None] + rng.normal(0, 0.12, 3) * grid.y[
            ..., None]  # fmt: skip
        picture = picture + (0.12 * rng.random(3) + ramp / SIZE * 2).astype(np.float32)
    return np.clip(picture, 0, 1), opinions(features)


def opinions(features: Features) -> Floats:
    """The conditional shares (37,) of the volunteers' answers about these features."""
    f, seen = features, features.seen
    shares: dict[str, float] = {}

    def choose(weights: dict[str, float], floor: float = 0.015) -> None:
        total = sum(max(w, 0.0) + floor for w in weights.values())
        shares.update({name: (max(w, 0.0) + floor) / total for name, w in weights.items()})

    edge = _sigmoid((0.30 - f.axis_ratio) / 0.055) if f.kind == "edge_on" else 0.0
    structure = seen * max(
        f.arms, 0.8 * f.bar, 0.7 * f.ring, 0.8 * f.disturbed, 0.8 * f.clumps, 0.75 * f.companion
    )
    disc = 0.55 * edge + 0.4 * (f.kind in {"disc", "edge_on"}) * seen * (1 - f.bulge)
    featured = _sigmoid((structure + disc - 0.34) / 0.10)
    artifact = 0.92 if f.kind == "artifact" else 0.02
    choose({"smooth": (1 - featured) * (1 - artifact), "featured": featured * (1 - artifact),
            "artifact": artifact}, 0.005)  # fmt: skip
    choose({"edge_on": edge, "not_edge_on": 1 - edge})
    bar = _sigmoid((f.bar * seen - 0.30) / 0.09)
    choose({"bar": bar, "no_bar": 1 - bar})
    spiral = _sigmoid((f.arms * seen - 0.22) / 0.08)
    choose({"spiral": spiral, "no_spiral": 1 - spiral})
    middle = {"bulge_none": 0.02, "bulge_noticeable": 0.15, "bulge_obvious": 0.38,
              "bulge_dominant": 0.75}  # fmt: skip
    choose({name: float(np.exp(-0.5 * ((f.bulge - at) / 0.13) ** 2))
            for name, at in middle.items()})  # fmt: skip
    strange = {"ring": f.ring, "lens_or_arc": f.lens, "disturbed": f.disturbed,
               "irregular": f.clumps if f.kind == "irregular" else 0.0, "other": 0.12,
               "merger": f.companion, "dust_lane": f.dust}  # fmt: skip
    odd = _sigmoid((seen * max(v for name, v in strange.items() if name != "other") - 0.38) / 0.10)
    choose({"odd": 0.04 + 0.92 * odd, "not_odd": 0.96 - 0.92 * odd}, 0.0)
    choose(strange)
    q = f.axis_ratio
    choose({"round": _sigmoid((q - 0.82) / 0.05), "cigar": _sigmoid((0.45 - q) / 0.06),
            "in_between": _sigmoid((0.82 - q) / 0.05) * _sigmoid((q - 0.45) / 0.06)})  # fmt: skip
    choose({"edge_bulge_round": _sigmoid((f.bulge - 0.12) / 0.05) * (1 - f.boxy),
            "edge_bulge_boxy": _sigmoid((f.bulge - 0.12) / 0.05) * f.boxy,
            "edge_bulge_none": _sigmoid((0.12 - f.bulge) / 0.05)}, 0.03)  # fmt: skip
    pitch = f.pitch_deg
    choose({"arms_tight": float(np.exp(-0.5 * ((pitch - 12) / 6) ** 2)),
            "arms_medium": float(np.exp(-0.5 * ((pitch - 21) / 6) ** 2)),
            "arms_loose": float(np.exp(-0.5 * ((pitch - 34) / 8) ** 2))})  # fmt: skip
    counted = {f"arms_{n}": float(f.arm_count == n) for n in (1, 2, 3, 4)}
    sure = float(np.clip(f.arms * seen * 1.6, 0.15, 0.95))
    counted |= {"arms_more": float(f.arm_count > 4), "arms_uncountable": 0.0}
    choose({**{n: v * sure for n, v in counted.items()}, "arms_uncountable": 1 - sure})
    return np.array([shares[name] for name in vote_tree.ANSWERS])


def _sigmoid(value: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(value, -40, 40))))


class _Grid:
    """Positions on the picture, centred on the galaxy, in pixels."""

    def __init__(self, rng: np.random.Generator) -> None:
        at = (np.arange(SIZE) - (SIZE - 1) / 2).astype(np.float64)
        shift = rng.normal(0, 0.6, 2)
        self.x, self.y = np.meshgrid(at - shift[0], at - shift[1])

    def turned(self, angle: float, x0: float = 0.0, y0: float = 0.0) -> tuple[Floats, Floats]:
        """Coordinates along and beside an axis at `angle`."""
        dx, dy = self.x - x0, self.y - y0
        return dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)

    def spot(self, x0: float, y0: float, width: float) -> Floats:
        """A round Gaussian of unit flux at (x0, y0)."""
        across = np.exp(-0.5 * ((self.x[0] - x0) / width) ** 2)
        up = np.exp(-0.5 * ((self.y[:, 0] - y0) / width) ** 2)
        return np.asarray(np.outer(up, across) / (2 * np.pi * width**2))


def _sersic(radius: Floats, half: float, index: float) -> Floats:
    b = 2 * index - 1 / 3
    profile = np.exp(-b * ((np.hypot(radius, 0.35) / half) ** (1 / index)))
    return np.asarray(profile / profile.sum())


def _tint(light: Floats, red: float) -> Floats:
    """i, r, g of light in r: `red` from -0.3 (star-forming) to 0.9 (old) in g - r over 0.75."""
    gr = 0.28 + 0.55 * red
    ri = 0.10 + 0.32 * red
    return np.asarray(light[..., None] * np.array([10 ** (0.4 * ri), 1.0, 10 ** (-0.4 * gr)]))


def _smooth(grid: _Grid, rng: np.random.Generator) -> tuple[Floats, Features]:
    q = float(rng.choice([rng.uniform(0.85, 1), rng.uniform(0.45, 0.9), rng.uniform(0.22, 0.5)],
                         p=[0.4, 0.42, 0.18]))  # fmt: skip
    along, beside = grid.turned(rng.uniform(0, np.pi))
    index = rng.uniform(1.2, 5.0)
    half = RADIUS * (0.52 - 0.05 * index) * rng.uniform(0.9, 1.1)
    radius = np.hypot(along, beside / q) * np.sqrt(q)
    light = _tint(_sersic(radius, half, index), float(np.clip(rng.normal(0.8, 0.25), -0.1, 1.1)))
    features = Features("smooth", axis_ratio=q, bulge=0.8)
    if rng.random() < 0.04:
        features.dust = rng.uniform(0.3, 1)
        lane = np.exp(-0.5 * (beside / (0.05 * RADIUS)) ** 2)
        light *= 1 - 0.8 * features.dust * lane[..., None] * np.array([0.75, 0.9, 1.0])
    if rng.random() < 0.02:
        features.lens = rng.uniform(0.4, 1)
        arc = np.exp(-0.5 * ((np.hypot(grid.x, grid.y) - 0.7 * RADIUS) / 1.2) ** 2)
        arc *= np.exp(-0.5 * ((np.arctan2(beside, along) - 0.5) / 0.5) ** 2)
        light += _tint(arc / arc.sum() * 0.12 * features.lens, -0.3)
    return light, features


def _disc(grid: _Grid, rng: np.random.Generator) -> tuple[Floats, Features]:
    q = float(rng.uniform(0.35, 1))
    along, beside = grid.turned(rng.uniform(0, np.pi))
    beside = beside / q
    radius, angle = np.hypot(along, beside), np.arctan2(beside, along)
    scale = RADIUS * rng.uniform(0.30, 0.40) / np.sqrt(np.sqrt(q))
    features = Features("disc", axis_ratio=q, bulge=float(rng.beta(1.1, 3.5)))
    disc = np.exp(-radius / scale)
    red = float(np.clip(rng.normal(0.25, 0.3), -0.3, 0.9))
    blue = np.zeros_like(disc)
    if rng.random() < 0.72:
        features.arms = float(rng.beta(2.0, 1.6))
        features.arm_count = int(rng.choice([1, 2, 3, 4, 5], p=[0.06, 0.6, 0.16, 0.09, 0.09]))
        features.pitch_deg = float(np.clip(rng.normal(20, 8), 8, 42))
        blue = _arms(radius, angle, scale, features, rng)
        disc = disc * (1 - 0.55 * features.arms) + 2.6 * features.arms * blue * disc
    if rng.random() < 0.35:
        features.bar = float(rng.beta(2, 1.5))
        turn, length = rng.uniform(0, np.pi), scale * rng.uniform(0.9, 1.8)
        u = along * np.cos(turn) + beside * np.sin(turn)
        v = beside * np.cos(turn) - along * np.sin(turn)
        bar = np.exp(-(np.abs(u / length) ** 3) - np.abs(v / (0.26 * length)) ** 2)
        disc = disc + 0.9 * features.bar * bar
    if rng.random() < 0.13:
        features.ring = float(rng.beta(2, 1.5))
        at, wide = scale * rng.uniform(1.5, 2.4), scale * rng.uniform(0.18, 0.35)
        ring = np.exp(-0.5 * ((radius - at) / wide) ** 2)
        disc = disc + 0.55 * features.ring * ring
        blue = blue + features.ring * ring
    knots = float(rng.beta(1.2, 2.5)) * (0.3 + 0.7 * features.arms)
    light = _tint(disc / disc.sum(), red)
    shade = _tint((disc * blue) / max(float((disc * blue).sum()), 1e-9), red - 0.5)
    light = light * (1 - 0.25 * features.arms) + 0.25 * features.arms * shade
    light += _knots(grid, rng, disc * (blue + 0.15), knots)
    if rng.random() < 0.06:
        light, features.disturbed = _warped(light, grid, rng)
    bulge = _sersic(np.hypot(along, beside * q / (0.5 + 0.5 * q)), RADIUS * 0.16, 2.0)
    return (1 - features.bulge) * light + features.bulge * _tint(bulge, 0.85), features


def _arms(
    radius: Floats, angle: Floats, scale: float, f: Features, rng: np.random.Generator
) -> Floats:
    """Brightness of logarithmic arms between 0 and 1; they fade at the centre and outside."""
    turned = np.log(np.maximum(radius, 0.5) / scale) / np.tan(np.deg2rad(f.pitch_deg))
    wave = f.arm_count * (angle * rng.choice([-1, 1]) - turned) + rng.uniform(0, 6.28)
    if f.arm_count == 5:  # flocculent
        wave = wave + 1.5 * np.sin(radius / scale * 3 + 2 * angle)
    sharp = rng.uniform(1.0, 3.5)
    arm = (0.5 + 0.5 * np.cos(wave)) ** sharp
    return np.asarray(arm * (1 - np.exp(-((radius / (0.7 * scale)) ** 2))))


def _edge_on(grid: _Grid, rng: np.random.Generator) -> tuple[Floats, Features]:
    q = float(rng.uniform(0.08, 0.36))
    along, beside = grid.turned(rng.uniform(0, np.pi))
    scale, height = RADIUS * 0.55, RADIUS * 0.62 * q
    disc = np.exp(-np.abs(along) / scale) / np.cosh(np.clip(beside / height, -30, 30)) ** 2
    features = Features("edge_on", axis_ratio=q, bulge=float(rng.beta(1.1, 4)))
    features.boxy = float(rng.random() < 0.15)
    light = _tint(disc / disc.sum(), float(np.clip(rng.normal(0.45, 0.25), -0.2, 1)))
    flat = np.hypot(along, beside / 0.75) if not features.boxy else (
        (np.abs(along) ** 4 + np.abs(beside / 0.7) ** 4) ** 0.25)  # fmt: skip
    bulge = _tint(_sersic(flat, RADIUS * rng.uniform(0.12, 0.25), 1.8), 0.9)
    light = (1 - features.bulge) * light + features.bulge * bulge
    if rng.random() < 0.3:
        features.dust = float(rng.beta(1.5, 2))
        lane = np.exp(-0.5 * (beside / (0.35 * height)) ** 2 - np.abs(along) / (2 * scale))
        light *= 1 - 0.75 * features.dust * lane[..., None] * np.array([0.7, 0.9, 1.0])
    return light, features


def _irregular(grid: _Grid, rng: np.random.Generator) -> tuple[Floats, Features]:
    q = float(rng.uniform(0.4, 1))
    along, beside = grid.turned(rng.uniform(0, np.pi))
    base = np.exp(-np.hypot(along, beside / q) / (RADIUS * 0.4))
    features = Features("irregular", axis_ratio=q, clumps=float(rng.beta(2.5, 1.2)))
    light = _tint(base / base.sum(), float(rng.normal(0.0, 0.2))) * (1 - 0.6 * features.clumps)
    light += _knots(grid, rng, base, 2.2 * features.clumps)
    light, features.disturbed = _warped(light, grid, rng)
    features.disturbed *= 0.5
    return light, features


def _merger(grid: _Grid, rng: np.random.Generator) -> tuple[Floats, Features]:
    makers = (_smooth, _disc)
    first, features = makers[int(rng.integers(2))](grid, rng)
    second, _ = makers[int(rng.integers(2))](grid, rng)
    share, distance = rng.uniform(0.15, 0.5), RADIUS * rng.uniform(0.35, 1.1)
    angle = rng.uniform(0, 2 * np.pi)
    shift = np.rint([distance * np.sin(angle), distance * np.cos(angle)]).astype(int)
    second = np.roll(second, tuple(shift), (0, 1))
    light = (1 - share) * first + share * second
    disturbed = 0.0
    if rng.random() < 0.7:
        light, disturbed = _warped(light, grid, rng)
    features.kind, features.disturbed = "merger", disturbed
    features.companion = float(np.clip(0.55 + share, 0, 1))
    return light, features


def _artifact(grid: _Grid, rng: np.random.Generator) -> tuple[Floats, Features]:
    point = np.exp(-0.5 * (grid.x**2 + grid.y**2) / rng.uniform(0.3, 1.5))
    return _tint(point / point.sum(), rng.uniform(-0.3, 1.6)), Features("artifact")


_MAKERS = {
    "smooth": _smooth, "disc": _disc, "edge_on": _edge_on, "irregular": _irregular,
    "merger": _merger, "artifact": _artifact,
}  # fmt: skip


def _knots(grid: _Grid, rng: np.random.Generator, where: Floats, strength: float) -> Floats:
    """Star-forming regions drawn from a map of where they may be; a share of the light."""
    count = int(rng.poisson(14 * min(strength, 1.5)))
    light = np.zeros((SIZE, SIZE, 3))
    if not count:
        return light
    chance = np.cumsum(where.ravel())
    places = np.searchsorted(chance, rng.random(count) * chance[-1])
    flux = rng.exponential(1.0, count)
    flux *= 0.16 * strength / max(float(flux.sum()), 1e-9)
    for place, amount in zip(places, flux, strict=True):
        row, column = divmod(int(place), SIZE)
        spot = grid.spot(grid.x[0, column], grid.y[row, 0], rng.uniform(0.4, 1.3))
        light += _tint(spot * amount, rng.uniform(-0.7, 0.0))
    return light


def _warped(light: Floats, grid: _Grid, rng: np.random.Generator) -> tuple[Floats, float]:
    """Light bent out of symmetry with a tidal tail, and how much."""
    from scipy.ndimage import map_coordinates

    strength = float(rng.beta(1.5, 1.5))
    phase, size = rng.uniform(0, 6.28, 2), 0.45 * RADIUS * strength
    bend_x = size * np.sin(grid.y / RADIUS * 1.6 + phase[0])
    bend_y = size * np.sin(grid.x / RADIUS * 1.6 + phase[1])
    rows, columns = np.indices((SIZE, SIZE))
    bent = np.stack([map_coordinates(light[..., k], [rows + bend_y, columns + bend_x], order=1)
                     for k in range(3)], axis=-1)  # fmt: skip
    along, beside = grid.turned(rng.uniform(0, 2 * np.pi))
    curve = beside - 0.3 * along**2 / RADIUS * rng.choice([-1, 1])
    tail = np.exp(-0.5 * (curve / (0.14 * RADIUS)) ** 2 - np.abs(along - RADIUS) / (0.6 * RADIUS))
    return bent + _tint(tail / tail.sum() * 0.13 * strength, 0.2), strength


def _scaled(light: Floats, brightness: float, pixel_arcsec: float) -> Floats:
    """Unit light given a mean surface brightness (mag arcsec^-2 in r) within half the radius."""
    area = np.pi * (0.5 * RADIUS * pixel_arcsec) ** 2
    flux = 2 * area * 10 ** (0.4 * (22.5 - brightness))
    return np.asarray(light / max(float(light[..., 1].sum()), 1e-9) * flux)


def _neighbours(grid: _Grid, rng: np.random.Generator, pixel_arcsec: float) -> Floats:
    """Stars and small galaxies that lie in the picture by chance."""
    light = np.zeros((SIZE, SIZE, 3))
    half = SIZE / 2
    for _ in range(rng.poisson(2.2 * min(pixel_arcsec / 0.5, 2.5))):
        x, y = rng.uniform(-half, half, 2)
        flux = 10 ** (0.4 * (22.5 - min(rng.triangular(15.5, 21.5, 21.5), 21.5)))
        width = 0.4 if rng.random() < 0.5 else max(rng.uniform(0.3, 1.0) / pixel_arcsec, 0.4)
        light += _tint(grid.spot(x, y, width) * flux, rng.uniform(-0.4, 1.5))
    return light


def _blurred(light: Floats, seeing: float) -> Floats:
    """Light seen through a Gaussian core with wings, a sum of two as in SDSS's model."""
    from scipy.ndimage import gaussian_filter

    width = max(seeing / 2.355, 0.3)
    core = np.stack([gaussian_filter(light[..., k], width, truncate=3) for k in range(3)], -1)
    wing = np.stack(
        [gaussian_filter(light[..., k], 2.2 * width, truncate=2.5) for k in range(3)], -1
    )
    return np.asarray(0.9 * core + 0.1 * wing)


def _noise(rng: np.random.Generator, pixel_arcsec: float) -> Floats:
    """Noise of the sky (SIZE, SIZE, 3), correlated where the survey's pixels were magnified."""
    from scipy.ndimage import gaussian_filter

    white = rng.standard_normal((SIZE, SIZE, 3))
    magnified = SURVEY_PIXEL_ARCSEC / pixel_arcsec
    level = NOISE * float(np.exp(rng.normal(0, 0.15)))
    if magnified > 1:
        width = 0.55 * magnified
        white = gaussian_filter(white, (width, width, 0))
        return np.asarray(white / max(float(white.std()), 1e-9) * 0.6 * level / magnified**2)
    return np.asarray(white * level / magnified)


def _strike(light: Floats, grid: _Grid, rng: np.random.Generator) -> None:
    """The spikes of a bright star or the trail of a satellite, in place."""
    peak = float(light[..., 1].max())
    for turn in (0.0, np.pi / 2) if rng.random() < 0.7 else (rng.uniform(0, np.pi),):
        along, beside = grid.turned(turn + 0.1)
        spike = np.exp(-0.5 * (beside / 0.8) ** 2 - np.abs(along) / rng.uniform(10, 60))
        light += spike[..., None] * peak * rng.uniform(0.005, 0.1) * rng.uniform(0.5, 1, 3)
