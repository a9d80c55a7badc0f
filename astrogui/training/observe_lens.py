"""Pictures of rendered lens fields: what differs from image to image.

Depth, noise and its correlation, sky residuals, artefacts, the stretch of a colour picture and its
eight bits. One rendering so serves many examples.
"""

from __future__ import annotations

import numpy as np

from astrogui.science.colour_picture import picture_of_light
from astrogui.training.lens_shares import LOOK_ALIKES, Conditions
from astrogui.training.simulate_lens import GROUND_SCALE, SIZE, SPACE_SCALE, Arrays

SKY_GROUND = np.array([22.0, 21.0, 20.2])  # AB a square arcsec in g, r, i: object noise against it
SKY_SPACE = 22.3
LEAST_CENTRE = 35.0  # signal-to-noise of the light within two arcsec (space: 0.7) of the middle
LEAST_SIGNAL = 25.0  # signal-to-noise of all arcs together in an example called a lens,
CONTRAST = 0.2  # where this share of the light in front of them counts as noise


def observe(
    rendered: Arrays,
    is_lens: np.ndarray,
    space: np.ndarray,
    rng: np.random.Generator,
    conditions: Conditions = LOOK_ALIKES.conditions,
) -> tuple[np.ndarray, Arrays]:
    """Pictures (n, SIZE, SIZE, 3) of rendered cut-outs, each with a depth and stretch of its own.

    `rendered` holds `front` and `arcs` (n, 3, SIZE, SIZE). The arcs of a lens are made at least
    `LEAST_SIGNAL` bright against noise and light in front of them, in the bands that are shown, by
    up to three times their light and then by a fainter galaxy and a deeper image; those of what is
    no lens are left out. Beside the pictures: `signal` (n,), the arcs' signal-to-noise in the best
    of those bands, without that share of light.
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
    shown = _shown_bands(rng, space, conditions)
    front, arcs, noise, signal = _bright_enough(front, arcs, noise, sky, is_lens, space, shown, rng)
    values = _over_noise(front + arcs, noise, sky, rng) + _residual_sky(rng, count)
    _artefacts(values, rng, conditions.artefacts)
    return _pictures(_with_fewer_bands(values, shown), space, rng, conditions), {"signal": signal}


def _over_noise(
    light: np.ndarray, noise: np.ndarray, sky: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Light (n, 3, SIZE, SIZE) with noise, in units of a pixel's noise where there is none.

    Resampling makes the noise of a pixel smaller, not that of many: light over it is larger by as
    much, and an arc is as significant as it was.
    """
    scatter = np.sqrt(1 + np.maximum(light, 0) / sky[:, :, None, None])
    grain, softness = _grain(rng, len(light))
    values = light / (noise * softness[:, None])[:, :, None, None] + scatter * grain
    return np.asarray(values)


def _shown_bands(rng: np.random.Generator, space: np.ndarray, conditions: Conditions) -> np.ndarray:
    """Which of g, r, i a picture is made of (n, 3): all, one of them, or g and i."""
    count = len(space)
    chance, single = rng.random(count), rng.integers(3, size=count)
    shown = np.ones((count, 3), bool)
    shown[chance > 1 - conditions.two_bands, 1] = False
    one = chance < conditions.one_band
    shown[one] = np.arange(3) == single[one, None]
    shown[space] = [True, False, False]
    return shown


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
    shown: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Light, noise and signal such that what is called a lens can be seen to be one.

    Galaxies without arcs are made fainter and deeper as often as lenses are, so that neither
    brightness nor depth betrays a lens.
    """
    four = (slice(None), None, None, None)
    weight = shown.astype(float)

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
    return front, arcs, noise, (squared_signal(arcs, noise, sky, front) * weight).max(axis=1) ** 0.5


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
            factor = soft.std(axis=(1, 2, 3))
            softness[chosen] *= factor
            white[chosen] = soft / factor[:, None, None, None]
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


def _with_fewer_bands(values: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Channels red, green, blue from g, r, i, of the bands (n, 3) that are shown."""
    picture = values[:, ::-1].copy()
    number = shown.sum(axis=1)
    one = np.flatnonzero(number == 1)
    picture[one] = values[one, shown[one].argmax(axis=1)][:, None]
    two = number == 2
    picture[two, 1] = (picture[two, 0] + picture[two, 2]) / np.sqrt(2)
    return picture


def _pictures(
    values: np.ndarray, space: np.ndarray, rng: np.random.Generator, conditions: Conditions
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
    plain = rng.random(count) < conditions.as_the_task
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
