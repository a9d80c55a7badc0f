"""Tiles of an image at several scales: which ones a view needs, and how they become colours.

No Qt here, so that all of it can run in a pool. A tile is at most 512 x 512 blocks of ``factor`` x
``factor`` pixels; factor 1 is the image itself. Pixel i covers i - 0.5 to i + 0.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.records.image import Image
from astrogui.science.pyramid import (
    block_means,
    block_row_means,
    overview,
    sampled_overview,
    sampled_rows,
)
from astrogui.science.stretch import cut_levels, equalised_levels, stretched
from astrogui.viewers.colours import NO_DATA_INDEX

TILE = 512
KEPT_LEVEL_PIXELS = 2_000_000  # the largest overview level kept in memory (8 MB)
WHOLE_BYTES = 1 << 30  # of float32: larger images are summed from some of their rows
ROWS_OF_BLOCK = 4  # so many of each block
PREVIEW = 1024  # the longest side of the first look
LARGE_SIDE, LARGE_PREVIEW = 8192, 640  # of a larger image, whose overview levels follow soon
FIRST_LOOK_PIXELS = 2_000_000  # read at once for it
Levels = dict[int, NDArray[np.float32]]


class Tile(NamedTuple):
    """Place of a tile: its scale, row and column."""

    factor: int
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Look:
    """How values become brightness: cuts in the image's unit, and the stretch."""

    low: float = 0.0
    high: float = 1.0
    stretch: str = "linear"
    levels: tuple[float, ...] = ()  # of the stretch "histogram"


@dataclass(frozen=True, slots=True, eq=False)
class FirstLook:
    """Every ``factor``-th pixel, enough to paint and to choose cuts, read in a moment."""

    factor: int
    values: NDArray[np.float32]


def first_look(image: Image) -> FirstLook:
    """A sparse sample of the image: whole rows skipped, so little of a large file is read."""
    ny, nx = image.shape
    side = LARGE_PREVIEW if max(ny, nx) > LARGE_SIDE else PREVIEW
    factor = max(1, math.ceil(max(ny, nx) / side))
    if image.pixels is not None:
        return FirstLook(factor, image.pixels[::factor, ::factor])
    rows = range(0, ny, factor)
    step = max(1, FIRST_LOOK_PIXELS // nx)
    # Copies, so that the rows between two parts are not all kept.
    parts = [
        image.lines(rows[first : first + step], 0, nx)[:, ::factor].copy()
        for first in range(0, len(rows), step)
    ]
    return FirstLook(factor, np.concatenate(parts))


def cuts_of(
    image: Image, sample: NDArray[np.float32], kind: str, percentage: float
) -> tuple[float, float]:
    """(low, high) of one of the science room's cuts; "minmax" looks at every pixel."""
    if kind != "minmax":
        return cut_levels(sample, kind, percentage)
    low, high = math.inf, -math.inf
    ny, nx = image.shape
    step = max(1, 4_000_000 // max(nx, 1))
    for y in range(0, ny, step):
        values = image.section(y, y + step, 0, nx)
        finite = values[np.isfinite(values)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    return (low, high) if high >= low else (0.0, 1.0)


def needed_factors(shape: tuple[int, int]) -> tuple[int, ...]:
    """Scales 1, 2, 4 ... up to the one where the whole image is one tile."""
    steps = max(0, math.ceil(math.log2(max(shape) / TILE)))
    return tuple(2**i for i in range(steps + 1))


def kept_factors(shape: tuple[int, int]) -> tuple[int, ...]:
    """The scales whose overview is computed once and kept; finer ones are read when needed."""
    ny, nx = shape
    return tuple(f for f in needed_factors(shape) if f >= 4 and ny * nx / f**2 <= KEPT_LEVEL_PIXELS)


def is_huge(shape: tuple[int, int]) -> bool:
    """Whether blocks are averaged from some of their rows, lest the whole file be read."""
    return shape[0] * shape[1] * 4 > WHOLE_BYTES


def kept_levels(image: Image) -> Levels:
    """The overview levels of ``kept_factors``; each is the block mean of the finest."""
    factors = kept_factors(image.shape)
    if not factors or image.is_colour:
        return {}
    finest = factors[0]
    if is_huge(image.shape):
        levels = {finest: sampled_overview(image.lines, image.shape, finest, ROWS_OF_BLOCK)}
    else:
        levels = {finest: overview(image.section, image.shape, finest)}
    for coarse in factors[1:]:
        levels[coarse] = block_means(levels[coarse // 2], 2)
    return levels


def factor_for(pixels_per_screen_pixel: float, shape: tuple[int, int]) -> int:
    """The coarsest scale that still gives a block or more per screen pixel."""
    wanted = max(pixels_per_screen_pixel, 1.0)
    return max(f for f in needed_factors(shape) if f <= max(1.0, wanted * 1.001))


def tiles_in_view(
    shape: tuple[int, int], factor: int, view: tuple[float, float, float, float]
) -> list[Tile]:
    """Tiles that touch the view (x0, y0, x1, y1 in pixels), the middle ones first."""
    ny, nx = shape
    size = TILE * factor
    x0, y0, x1, y1 = view
    columns = range(max(0, int((x0 + 0.5) // size)), min((nx - 1) // size, int(x1 // size)) + 1)
    rows = range(max(0, int((y0 + 0.5) // size)), min((ny - 1) // size, int(y1 // size)) + 1)
    middle = ((x0 + x1) / 2 / size - 0.5, (y0 + y1) / 2 / size - 0.5)
    tiles = [Tile(factor, row, column) for row in rows for column in columns]
    return sorted(tiles, key=lambda t: (t.column - middle[0]) ** 2 + (t.row - middle[1]) ** 2)


def extent(shape: tuple[int, int], tile: Tile) -> tuple[int, int, int, int]:
    """The pixels (y0, y1, x0, x1) that a tile covers."""
    size = TILE * tile.factor
    y0, x0 = tile.row * size, tile.column * size
    return y0, min(y0 + size, shape[0]), x0, min(x0 + size, shape[1])


def read_tile(image: Image, levels: Levels, tile: Tile) -> NDArray[np.float32]:
    """The values of a tile, (blocks, blocks) or (blocks, blocks, 3)."""
    if tile.factor in levels:
        y, x = tile.row * TILE, tile.column * TILE
        return levels[tile.factor][y : y + TILE, x : x + TILE]
    y0, y1, x0, x1 = extent(image.shape, tile)
    if tile.factor > ROWS_OF_BLOCK and is_huge(image.shape) and not image.is_colour:
        return _sampled_tile(image, tile.factor, (y0, y1, x0, x1))
    section = image.section(y0, y1, x0, x1)
    if section.ndim == 3:
        return np.ascontiguousarray(section[:: tile.factor, :: tile.factor])
    return block_means(section, tile.factor) if tile.factor > 1 else section


def _sampled_tile(
    image: Image, factor: int, place: tuple[int, int, int, int]
) -> NDArray[np.float32]:
    """The means of a tile's blocks from one or two rows of each."""
    y0, y1, x0, x1 = place
    lines = 2 if factor <= 8 else 1
    level = []
    for y in range(y0, y1, factor):
        rows = [min(row, image.shape[0] - 1) for row in sampled_rows(y, factor, lines)]
        level.append(block_row_means(image.lines(rows, x0, x1), factor))
    return np.stack(level)


def complete_look(sample: NDArray[np.float32], look: Look) -> Look:
    """The look with the levels that its stretch needs, from the first look's values."""
    if look.stretch != "histogram" or look.levels or sample.ndim != 2:
        return look
    return replace(look, levels=equalised_levels(sample, look.low, look.high))


def rendered(values: NDArray[np.float32], look: Look) -> NDArray[np.uint8]:
    """Indices into a colour table (the last one: no data), or RGB bytes of a colour picture."""
    if values.ndim == 3:
        scaled = stretched(values, look.low, look.high, look.stretch, look.levels)
        return np.ascontiguousarray(np.nan_to_num(scaled * 255.0 + 0.5).astype(np.uint8))
    brightness = stretched(values, look.low, look.high, look.stretch, look.levels)
    missing = ~np.isfinite(brightness)
    brightness[missing] = 0.0
    index = (brightness * (NO_DATA_INDEX - 1) + 0.5).astype(np.uint8)
    index[missing] = NO_DATA_INDEX
    return np.ascontiguousarray(index)


def loaded_tile(
    image: Image, levels: Levels, tile: Tile, look: Look
) -> tuple[Tile, Any, Any, Look]:
    """A tile's values and its rendering, for a pool."""
    values = read_tile(image, levels, tile)
    return tile, values, rendered(values, look), look


def restyled(
    tiles: list[tuple[Tile | None, NDArray[np.float32]]], sample: NDArray[np.float32], look: Look
) -> tuple[list[tuple[Tile | None, NDArray[np.uint8]]], Look]:
    """Tiles already read, rendered anew with the completed look; for a pool."""
    look = complete_look(sample, look)
    return [(tile, rendered(values, look)) for tile, values in tiles], look
