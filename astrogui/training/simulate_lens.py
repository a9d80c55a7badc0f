"""Cut-outs with and without a gravitational lens, rendered without noise.

`render` traces the sources through the lens on a grid twice as fine as the cut-out's and blurs
everything by the seeing of each band; `observe_lens` makes pictures of it. Ground: g, r, i at 0.27
arcsec a pixel (LSST, DES, KiDS, CFHTLS); space: one wide band at 0.1 arcsec (Euclid VIS, HST
F814W).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astrogui.science import lensing
from astrogui.training.lens_others import draw_other
from astrogui.training.lens_population import draw_lens
from astrogui.training.lens_scene import Component, Profile, Scene, flux, light_of
from astrogui.training.lens_shares import LOOK_ALIKES, Shares

SIZE = 64
GROUND_SCALE, SPACE_SCALE = 0.27, 0.1  # arcsec a pixel of the cut-out
FINE = 2  # samples a pixel, each way
PAD = 4  # pixels beyond the cut-out that are drawn, so that light is blurred into it

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """The fine grid of one cut-out on the sky, its galaxy a little off the middle; arcsec."""

    scale: float  # of a pixel of the cut-out
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rendered:
    """One cut-out without noise, in flux a pixel (zero point 25)."""

    front: np.ndarray  # (3, SIZE, SIZE) g, r, i; of space images the first plane counts
    arcs: np.ndarray  # the same, of the lensed light; 0 without a lens
    einstein_radius: float  # arcsec; 0 without a lens
    magnification: float
    kind: str


def grid_of(rng: np.random.Generator, space: bool) -> Grid:
    """A grid of a scale and a centre of its own."""
    scale = SPACE_SCALE if space else GROUND_SCALE
    side = SIZE + 2 * PAD
    scale = float(scale * rng.uniform(0.88, 1.12))  # so that no exact scale is relied upon
    reach = (np.arange(side * FINE) + 0.5 - side * FINE / 2) * scale / FINE
    wide = rng.random() < 0.15
    shift = rng.normal(0, (3.0 if wide else 0.8) * scale, 2)
    x, y = np.meshgrid((reach - shift[0]).astype(np.float32), (reach - shift[1]).astype(np.float32))
    return Grid(scale=scale, x=x, y=y)


def render(
    scene: Scene, rng: np.random.Generator, space: bool, grid: Grid | None = None
) -> Rendered:
    """The scene in the seeing of each band, on `grid` or one of its own."""
    grid = grid or grid_of(rng, space)
    scale, x, y = grid.scale, grid.x, grid.y
    cell = np.float32((scale / FINE) ** 2)
    front = np.zeros((3, *x.shape), np.float32)
    for component in scene.front:
        rows, columns = _window(component, y[:, 0], x[0])
        light = light_of(component, x[rows, columns], y[rows, columns])
        if isinstance(component, Profile):
            light = _kept_in_bounds(light * cell)
        else:
            light = light / max(float(light.sum()), 1e-6)
        front[:, rows, columns] += _flux32(component)[:, None, None] * light
    arcs = np.zeros_like(front)
    magnification = 0.0
    if scene.lens is not None:
        source_x, source_y = _traced_back(scene.lens, x, y)
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


def _traced_back(
    lens: dict[str, float], x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    values = {name: np.float32(value) for name, value in lens.items()}
    source_x, source_y = lensing.source_position(np, x, y, values)
    return np.asarray(source_x), np.asarray(source_y)


def _rough_magnification(scene: Scene, grid: Grid) -> float:
    """Of the source's main component, at every third point of the grid."""
    assert scene.lens is not None
    x, y = grid.x[1::3, 1::3], grid.y[1::3, 1::3]
    light = light_of(scene.arcs[0], *_traced_back(scene.lens, x, y))
    return float(light.sum()) * (3 * grid.scale / FINE) ** 2


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
        grid = grid_of(rng, space)
        if lenses and _rough_magnification(scene, grid) <= scene.least_magnification:
            continue
        found.append(render(scene, rng, space, grid))
    planes = slice(0, 1 if space else 3)
    return {
        "front": np.stack([np.minimum(r.front[planes], 6e4) for r in found]).astype(np.float16),
        "arcs": np.stack([r.arcs[planes] for r in found]).astype(np.float16),
        "einstein_radius": np.array([r.einstein_radius for r in found], np.float32),
        "kind": np.array([r.kind for r in found]),
    }
