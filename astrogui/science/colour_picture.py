"""The pictures that networks of galaxy images read: any bands, any depth, on one scale of colour.

A picture is (size, size, 3), red, green and blue from long to short wavelength, the sky at 0 and
white at 1. Bands come to it in units of their own noise: with v the light of a channel over its
noise and I the mean of the three, the channel is v F(I) / I, F(I) = asinh(k I) / asinh(k W). The
slope at the sky puts the noise at `noise_level`, W is the intensity that becomes white, and the
ratio of channels (the colour) is kept until a channel is white: the stretch of Lupton et al. 2004
(PASP 116, 133), which published colour pictures of surveys have already been through. So a JPEG
needs its sky subtracted and nothing else, and is never turned back into fluxes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

NOISE_LEVEL = 0.022  # of full scale: one standard deviation of the sky
BEND = 3.0  # asinh(k W): 0 would be linear
BLACK = 2.5  # noise levels below the sky that are still kept

Floats = NDArray[np.floating[Any]]


def picture_of_light(
    signal: Floats,
    noise_level: Any = NOISE_LEVEL,
    bend: Any = BEND,
    black: Any = BLACK,
) -> NDArray[np.float32]:
    """Pictures (n, size, size, 3) of light over noise (n, 3, size, size); sky at 0.

    The settings are numbers or (n, 1, 1, 1), `noise_level` also (n, 3, 1, 1).
    """
    slope = np.mean(noise_level, axis=1, keepdims=True) if np.ndim(noise_level) else noise_level
    steepness = bend * slope  # asinh(kI) / asinh(kW) has the slope k / asinh(kW)
    light = np.asarray(signal, np.float32) * (noise_level / slope)
    intensity = light.mean(axis=1, keepdims=True)
    positive = np.maximum(intensity, 1e-6)
    factor = np.where(intensity > 1e-3, np.arcsinh(steepness * positive) / (bend * positive), slope)
    values = np.clip(light * factor, -black * slope, 1.0)
    return np.ascontiguousarray(np.moveaxis(values, 1, -1), np.float32)


def channels(bands: list[str]) -> list[list[int]]:
    """Which of the bands, given from blue to red, make up red, green and blue.

    One band gives a grey picture; of two, green is the mean; of more than three the middle ones
    are preferred, for which most pictures exist: i, r and g.
    """
    if len(bands) == 1:
        return [[0], [0], [0]]
    if len(bands) == 2:
        return [[1], [0, 1], [0]]
    named = [bands.index(name) for name in ("i", "r", "g") if name in bands]
    if len(named) == 3:
        return [[k] for k in named]
    if bands[0] == "u" and len(bands) > 3:
        return [[3], [2], [1]]
    return [[2], [1], [0]] if len(bands) == 3 else [[len(bands) - 2], [1], [0]]


def signal_of_bands(light: Floats, noise: Floats, parts: list[list[int]]) -> NDArray[np.float32]:
    """Light over noise of the channels (n, 3, size, size) from bands (n, bands, size, size).

    `noise` (n, bands) is that of a pixel; a channel of several bands is their weighted mean. A
    band with no noise is absent and counts as dark.
    """
    known = noise > 0
    ratio = (
        np.where(known[:, :, None, None], light, 0) / np.where(known, noise, 1)[:, :, None, None]
    )
    stacked = [ratio[:, part].sum(axis=1) / np.sqrt(len(part)) for part in parts]
    return np.stack(stacked, axis=1).astype(np.float32)


def picture_of_colours(colours: Floats, width: float, size: int) -> NDArray[np.float32]:
    """A picture (size, size, 3) of the middle of a colour or grey image, its sky subtracted.

    `colours` (ny, nx, 3) or (ny, nx) run from 0 to 255, NaN where transparent; `width` is the
    width of the picture in pixels of the image. Raises ``ValueError`` where nothing is visible.
    """
    values = np.asarray(colours, np.float32) / 255.0
    if values.ndim == 2:
        values = np.repeat(values[..., None], 3, axis=2)
    if not np.isfinite(values).any():
        raise ValueError("no pixel is visible")
    sky = np.nanmedian(values.reshape(-1, 3), axis=0)
    values = np.nan_to_num(values - sky)
    step = width / size
    centre = (np.array(values.shape[:2]) - 1) / 2
    return resampled(values, centre[1], centre[0], step, size)


def resampled(
    values: NDArray[np.float32], x: float, y: float, step: float, size: int
) -> NDArray[np.float32]:
    """(size, size, channels) around (x, y), one pixel `step` of the image's; means over it."""
    from scipy.ndimage import map_coordinates

    samples = max(1, round(step * 1.5))
    reach = (np.arange(size * samples) + 0.5 - size * samples / 2) * step / samples
    rows, columns = np.meshgrid(y + reach, x + reach, indexing="ij")
    fine = np.stack(
        [
            map_coordinates(values[..., k], [rows, columns], order=1, mode="constant")
            for k in range(values.shape[-1])
        ],
        axis=-1,
    )
    whole = fine.reshape(size, samples, size, samples, -1)
    return np.ascontiguousarray(whole.mean(axis=(1, 3)), np.float32)
