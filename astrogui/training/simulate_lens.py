"""Cut-outs with and without a gravitational lens, rendered without noise and observed on the fly.

`render` traces the sources through the lens on a grid twice as fine as the cut-out's and blurs
everything by the seeing of each band; `observe` adds what differs from image to image: depth,
noise and its correlation, sky residuals, artefacts, the stretch of a colour picture and its eight
bits. One rendering so serves many examples. Ground: g, r, i at 0.27 arcsec a pixel (LSST, DES,
KiDS, CFHTLS); space: one wide band at 0.1 arcsec (Euclid VIS, HST F814W).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astrogui.science import lensing
from astrogui.science.colour_picture import picture_of_light
from astrogui.training.lens_population import draw_lens, draw_other
from astrogui.training.lens_scene import Component, Profile, Scene, flux, light_of
from astrogui.training.lens_shares import LOOK_ALIKES, Conditions, Shares

SIZE = 64
GROUND_SCALE, SPACE_SCALE = 0.27, 0.1  # arcsec a pixel of the cut-out
FINE = 2  # samples a pixel, each way
PAD = 4  # pixels beyond the cut-out that are drawn, so that light is blurred into it
SKY_GROUND = np.array([22.0, 21.0, 20.2])  # AB a square arcsec in g, r, i: object noise against it
SKY_SPACE = 22.3
LEAST_CENTRE = 35.0  # signal-to-noise of the light within two arcsec (space: 0.7) of the middle
LEAST_SIGNAL = 25.0  # signal-to-noise of all arcs together in an example called a lens,
LEAST_MAGNIFICATION = 5.0  # of the source's main component
CONTRAST = 0.2  # where this share of the light in front of them counts as noise

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rendered:
    """One cut-out without noise, in flux a pixel (zero point 25)."""

    front: np.ndarray  # (3, SIZE, SIZE) g, r, i; of space images the first plane counts
    arcs: np.ndarray  # the same, of the lensed light; 0 without a lens
    einstein_radius: float  # arcsec; 0 without a lens
    magnification: float
    kind: str


def render(scene: Scene, rng: np.random.Generator, space: bool) -> Rendered:
    """The scene in the seeing of each band, its centre a little off the middle."""
    scale = SPACE_SCALE if space else GROUND_SCALE
    side = SIZE + 2 * PAD
    scale = scale * rng.uniform(0.88, 1.12)  # so that no exact scale is relied upon
    reach = (np.arange(side * FINE) + 0.5 - side * FINE / 2) * scale / FINE
    wide = rng.random() < 0.15
    shift = rng.normal(0, (3.0 if wide else 0.8) * scale, 2)
    x, y = np.meshgrid((reach - shift[0]).astype(np.float32), (reach - shift[1]).astype(np.float32))
    cell = np.float32((scale / FINE) ** 2)
    front = np.zeros((3, *x.shape), np.float32)
    for component in scene.front:
        rows, columns = _window(component, reach - shift[1], reach - shift[0])
        light = light_of(component, x[rows, columns], y[rows, columns])
        if isinstance(component, Profile):
            light = _kept_in_bounds(light * cell)
        else:
            light = light / max(float(light.sum()), 1e-6)
        front[:, rows, columns] += _flux32(component)[:, None, None] * light
    arcs = np.zeros_like(front)
    magnification = 0.0
    if scene.lens is not None:
        lens = {name: np.float32(value) for name, value in scene.lens.items()}
        source_x, source_y = lensing.source_position(np, x, y, lens)
        for number, source in enumerate(scene.arcs):
            light = light_of(source, source_x, source_y) * cell
            arcs += _flux32(source)[:, None, None] * light
            magnification = float(light.sum()) if number == 0 else magnification
    if space:
        front, arcs = (np.repeat(a[1:].mean(axis=0, keepdims=True), 3, 0) for a in (front, arcs))
    seen = _blurred(np.stack([front, arcs]), _seeing(rng, scale, space))
    return Rendered(
        front=seen[0], arcs=seen[1], kind=scene.kind, magnification=magnification,
        einstein_radius=scene.lens["einstein_radius"] if scene.lens else 0.0,
    )  # fmt: skip


def _flux32(component: Component) -> np.ndarray:
    return flux(component.magnitude).astype(np.float32)


def _window(component: Component, up: np.ndarray, along: np.ndarray) -> tuple[slice, slice]:
    """The part of the grid that holds all but a per cent of a component's light."""
    if not isinstance(component, Profile) or component.arms is not None:
        return slice(None), slice(None)
    span = component.radius * (5 if component.index < 1.6 else 12) / component.axis_ratio**0.5
    span += 4 * (up[1] - up[0])
    edges = [
        np.searchsorted(axis, [centre - span, centre + span])
        for axis, centre in ((up, component.y), (along, component.x))
    ]
    return slice(*edges[0]), slice(*edges[1])


def _kept_in_bounds(light: np.ndarray) -> np.ndarray:
    """A profile smaller than the grid's pixel holds all its light, and no more."""
    total = float(light.sum())
    return light if total <= 1.0 else light / np.float32(total)


def _seeing(rng: np.random.Generator, scale: float, space: bool) -> np.ndarray:
    """Transfer functions (3, ny, nx // 2 + 1) of the bands' Moffat profiles on the fine grid."""
    side = (SIZE + 2 * PAD) * FINE
    middle = float(
        rng.uniform(0.09, 0.2) if space else np.clip(rng.lognormal(-0.27, 0.22), 0.5, 1.35)
    )
    widths = middle * (
        np.ones(3) if space else np.array([1.08, 1.0, 0.95]) * rng.normal(1, 0.06, 3)
    )
    reach = np.fft.fftfreq(side, 1 / side) * scale / FINE
    q, angle, beta = rng.uniform(0.9, 1.0), rng.uniform(0, np.pi), rng.uniform(2.3, 4.5)
    x, y = np.meshgrid(reach, reach)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    squared = along**2 * q + across**2 / q
    spectra = []
    for width in widths:
        core = 0.5 * width / np.sqrt(2 ** (1 / beta) - 1)
        stamp = (1 + squared / core**2) ** -beta
        spectra.append(np.fft.rfft2(stamp / stamp.sum()))
    return np.stack(spectra).astype(np.complex64)


def _blurred(light: np.ndarray, transfer: np.ndarray) -> np.ndarray:
    """Blurred, binned to the cut-out's pixels and cut to its size."""
    from scipy import fft

    side = light.shape[-1]
    seen = fft.irfft2(fft.rfft2(light) * transfer, s=(side, side))
    whole = seen.reshape(*light.shape[:2], side // FINE, FINE, side // FINE, FINE).sum(axis=(3, 5))
    return np.asarray(whole[..., PAD:-PAD, PAD:-PAD], np.float32)


def observe(
    rendered: Arrays,
    is_lens: np.ndarray,
    space: np.ndarray,
    rng: np.random.Generator,
    conditions: Conditions = LOOK_ALIKES.conditions,
) -> tuple[np.ndarray, Arrays]:
    """Pictures (n, SIZE, SIZE, 3) of rendered cut-outs, each with a depth and stretch of its own.

    `rendered` holds `front` and `arcs` (n, 3, SIZE, SIZE). The arcs of a lens are made at least
    `LEAST_SIGNAL` bright against noise and light in front of them, by up to three times their
    light and then by a fainter galaxy and a deeper image; those of what is no lens are left out.
    Beside the pictures: `signal` (n,), the arcs' signal-to-noise without that share of light, of
    the bands together or of the best one, see `Conditions`.
    """
    count = len(is_lens)
    front = rendered["front"].astype(np.float32)
    arcs = rendered["arcs"].astype(np.float32)
    arcs *= np.exp(rng.normal(0, 0.3, count)).astype(np.float32)[:, None, None, None]
    noise = _sky_noise(rng, count, space)
    sky = np.where(
        space[:, None],
        10 ** (-0.4 * (SKY_SPACE - 25)) * SPACE_SCALE**2,
        10 ** (-0.4 * (SKY_GROUND - 25)) * GROUND_SCALE**2,
    ).astype(np.float32)
    front, arcs, noise, signal = _bright_enough(front, arcs, noise, sky, is_lens, space, rng)
    if conditions.strict_signal:
        squared = squared_signal(arcs, noise, sky, front)
        signal = np.sqrt(np.where(space, squared[:, 0], squared.max(axis=1)))
    values = _over_noise(front + arcs, noise, sky, rng, conditions.strict_signal)
    values += _residual_sky(rng, count)
    _artefacts(values, rng, conditions.artefacts)
    values[space] = values[space, :1]  # one band, three times
    values = values[:, ::-1] if conditions.all_bands else _with_fewer_bands(values, space, rng)
    return _pictures(values, space, rng, conditions.as_the_task), {"signal": signal}


def _sky_noise(rng: np.random.Generator, count: int, space: np.ndarray) -> np.ndarray:
    """Noise (n, 3) of a pixel, from the magnitude that a point source has at S/N 5."""
    ground = rng.uniform(23.6, 26.6, (count, 1)) + np.array([0.6, 0.0, -0.4])
    ground = ground + rng.normal(0, 0.15, (count, 3))
    deep = np.where(space[:, None], rng.uniform(24.4, 26.8, (count, 1)), ground)
    pixels = np.where(space, 10.0, 15.0)  # that the light of a point source spreads over
    return np.asarray(10 ** (-0.4 * (deep - 25)) / 5 / np.sqrt(pixels)[:, None], np.float32)


def _bright_enough(
    front: np.ndarray,
    arcs: np.ndarray,
    noise: np.ndarray,
    sky: np.ndarray,
    is_lens: np.ndarray,
    space: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Light, noise and signal such that what is called a lens can be seen to be one.

    Galaxies without arcs are made fainter and deeper as often as lenses are, so that neither
    brightness nor depth betrays a lens.
    """
    four = (slice(None), None, None, None)
    weight = np.where(space[:, None], np.array([1.0, 0, 0]), np.ones(3))  # grey counts once

    def signal_of(front: np.ndarray, noise: np.ndarray, contrast: float) -> np.ndarray:
        return signal_of_light(arcs, noise, sky, weight, front, contrast)

    def wanted() -> np.ndarray:
        lack = LEAST_SIGNAL / np.maximum(signal_of(front, noise, CONTRAST), 1e-3)
        own = arcs.any(axis=(1, 2, 3))
        return np.where(own, lack, rng.choice(lack[own], len(lack)) if own.any() else 1.0)

    middle = slice(SIZE // 2 - 7, SIZE // 2 + 7)
    bright = signal_of_light(front[:, :, middle, middle], noise, sky, weight)
    noise = noise / np.clip(LEAST_CENTRE / bright, 1, 10)[:, None].astype(np.float32)
    arcs = arcs * np.clip(wanted(), 1, 3).astype(np.float32)[four]
    front = front * np.where(wanted() > 1, 0.4, 1.0).astype(np.float32)[four]
    noise = noise / np.clip(wanted(), 1, 10)[:, None].astype(np.float32)
    arcs = arcs * is_lens.astype(np.float32)[four]
    return front, arcs, noise, signal_of(front, noise, 0.0)


def signal_of_light(
    light: np.ndarray,
    noise: np.ndarray,
    sky: np.ndarray,
    weight: np.ndarray,
    front: np.ndarray | float = 0.0,
    contrast: float = 0.0,
) -> np.ndarray:
    """Signal-to-noise (n,) of the bands together, each with its `weight` (n, 3)."""
    squared = squared_signal(light, noise, sky, front, contrast)
    return np.asarray(np.sqrt((squared * weight).sum(axis=1)))


def squared_signal(
    light: np.ndarray,
    noise: np.ndarray,
    sky: np.ndarray,
    front: np.ndarray | float = 0.0,
    contrast: float = 0.0,
) -> np.ndarray:
    """Square of the signal-to-noise (n, 3) of light (n, 3, ny, nx) in each band.

    `noise` (n, 3) is the sky's, `front` other light in the same pixels: its photon noise counts,
    and `contrast` times itself.
    """
    four = (slice(None), slice(None), None, None)
    variance = noise[four] ** 2 * (1 + front / sky[four]) + (contrast * np.asarray(front)) ** 2
    return np.asarray((light**2 / variance).sum(axis=(2, 3)))


def _over_noise(
    light: np.ndarray, noise: np.ndarray, sky: np.ndarray, rng: np.random.Generator, strict: bool
) -> np.ndarray:
    """Light (n, 3, SIZE, SIZE) with noise, in units of a pixel's noise where there is none.

    Resampling makes the noise of a pixel smaller, not that of many. If `strict`, light over it is
    larger by as much, and an arc is as significant as it was.
    """
    scatter = np.sqrt(1 + np.maximum(light, 0) / sky[:, :, None, None])
    grain, softness = _grain(rng, len(light))
    if strict:
        noise = noise * softness[:, None]
    return np.asarray(light / noise[:, :, None, None] + scatter * grain)


def _grain(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise (n, 3, SIZE, SIZE) of unit scatter, some of it smoothed as resampling does.

    Beside it the factor (n,) by which smoothing had made its scatter smaller.
    """
    from scipy.ndimage import gaussian_filter

    white = rng.standard_normal((count, 3, SIZE, SIZE), dtype=np.float32)
    softness = np.ones(count, np.float32)
    for width in (0.5, 0.8):
        chosen = np.flatnonzero(rng.random(count) < 0.3)
        if len(chosen):
            soft = gaussian_filter(white[chosen], (0, 0, width, width))
            scatter = soft.std(axis=(2, 3), keepdims=True)
            softness[chosen] *= scatter.mean(axis=(1, 2, 3))
            white[chosen] = soft / scatter
    return white, softness


def _residual_sky(rng: np.random.Generator, count: int) -> np.ndarray:
    """What sky subtraction leaves: a level and a slope, in units of the noise."""
    reach = np.linspace(-1, 1, SIZE, dtype=np.float32)
    level, across, up = rng.normal(0, 0.25, (3, count, 3, 1, 1)).astype(np.float32)
    return np.asarray(level + across * reach[None, None, None] + up * reach[None, None, :, None])


def _artefacts(values: np.ndarray, rng: np.random.Generator, share: float) -> None:
    """Cosmic rays, trails, dead columns and missing edges, in a few of the cut-outs."""
    for k in np.flatnonzero(rng.random(len(values)) < share):
        what = int(rng.integers(4))
        band = int(rng.integers(3))
        reach = np.arange(SIZE)
        if what == 0:  # a cosmic ray, sharp, in one band
            x, y, angle = *rng.uniform(0, SIZE, 2), rng.uniform(0, np.pi)
            for step in range(int(rng.integers(2, 9))):
                column, row = int(x + step * np.cos(angle)), int(y + step * np.sin(angle))
                if 0 <= column < SIZE and 0 <= row < SIZE:
                    values[k, band, row, column] += rng.uniform(10, 120)
        elif what == 1:  # a trail through one band
            angle = rng.uniform(0, np.pi)
            distance = (reach[None] - SIZE / 2) * np.sin(angle) - (
                reach[:, None] - SIZE / 2
            ) * np.cos(angle)
            values[k, band] += rng.uniform(2, 12) * np.exp(
                -0.5 * ((distance - rng.uniform(-28, 28)) / 1.3) ** 2
            )
        elif what == 2:  # the image ends
            values[k, :, :, : int(rng.integers(2, SIZE // 3))] = 0
        else:  # light of a bright neighbour, falling off outside the cut-out's edge
            fall = np.exp(-reach / rng.uniform(6, 20))
            values[k] += (rng.uniform(5, 60) * fall)[None, None].astype(np.float32)
        values[k] = np.rot90(values[k], int(rng.integers(4)), axes=(1, 2))


def _with_fewer_bands(
    values: np.ndarray, space: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Channels red, green, blue from g, r, i; some cut-outs of one band or of two."""
    picture = values[:, ::-1].copy()
    chance = rng.random(len(values))
    for k in np.flatnonzero(~space & (chance < 0.12)):
        picture[k] = picture[k, int(rng.integers(3))]
    for k in np.flatnonzero(~space & (chance > 0.95)):
        picture[k, 1] = (picture[k, 0] + picture[k, 2]) / np.sqrt(2)
    return picture


def _pictures(
    values: np.ndarray, space: np.ndarray, rng: np.random.Generator, as_the_task: float
) -> np.ndarray:
    """Stretched as published pictures are, about half of them in eight bits."""
    count = len(values)
    level = np.exp(rng.uniform(np.log(0.014), np.log(0.05), (count, 1)))
    balance = np.exp(rng.normal(0, 0.13, (count, 3)))
    balance[:, 2] *= np.exp(rng.uniform(0, 0.5, count))  # blue is what published ones bring out
    redder = rng.random(count) < 0.3  # as grz pictures, whose blue is faint
    balance[redder] *= np.exp(rng.uniform(0, 0.85, (redder.sum(), 1)) * np.array([1.0, 0.1, -1.1]))
    grey = space | (values[:, :1] == values[:, 1:]).all(axis=(1, 2, 3))
    balance[grey] = 1.0
    plain = rng.random(count) < as_the_task
    bend = np.where(plain, 3.0, rng.uniform(0.5, 6.0, count))
    level = np.where(plain[:, None], 0.022, level) * np.where(plain[:, None], 1.0, balance)
    black = np.where(plain, 2.5, rng.uniform(0.5, 3.0, count))
    four = (slice(None), None, None, None)
    pictures = picture_of_light(values, level[:, :, None, None], bend[four], black[four])
    coded = ~plain & (rng.random(count) < 0.8)
    pictures[coded] = _coded(pictures[coded], rng)
    return pictures - np.where(coded, 1.0, 0.0)[four] * np.median(
        pictures, axis=(1, 2), keepdims=True
    ).astype(np.float32)


def _coded(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Eight bits, colour at half the resolution as JPEG keeps it."""
    from scipy.ndimage import uniform_filter

    low = pictures.min(axis=(1, 2, 3), keepdims=True)
    pictures = pictures - low
    soft = np.flatnonzero(rng.random(len(pictures)) < 0.5)
    if len(soft):
        bright = pictures[soft].mean(axis=3, keepdims=True)
        pictures[soft] = bright + uniform_filter(pictures[soft] - bright, (0, 2, 2, 0))
    return np.asarray(np.round(np.clip(pictures, 0, 1) * 255) / 255 + low, np.float32)


def rendered_many(
    seed: Sequence[int],
    count: int,
    space: bool,
    lenses: bool,
    shares: Shares = LOOK_ALIKES.shares,
) -> Arrays:
    """Renderings `front` and `arcs` (n, planes, SIZE, SIZE) float16, `einstein_radius`, `kind`.

    Planes are g, r, i of ground-based cut-outs, the one band of space.
    """
    rng = np.random.default_rng(list(seed))
    found: list[Rendered] = []
    while len(found) < count:
        scene = draw_lens(rng, space, shares) if lenses else draw_other(rng, space, shares=shares)
        one = render(scene, rng, space)
        if not lenses or one.magnification > LEAST_MAGNIFICATION:
            found.append(one)
    planes = slice(0, 1 if space else 3)
    return {
        "front": np.stack([np.minimum(r.front[planes], 6e4) for r in found]).astype(np.float16),
        "arcs": np.stack([r.arcs[planes] for r in found]).astype(np.float16),
        "einstein_radius": np.array([r.einstein_radius for r in found], np.float32),
        "kind": np.array([r.kind for r in found]),
    }
