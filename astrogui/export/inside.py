"""A look into a network to files: all its maps in FITS, or a labelled picture of them in PNG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import ExportProblem
from astrogui.export.exporter import write_safely
from astrogui.records.inside import FeatureMaps, Inside

SIDE = 192  # pixels of a map in the picture
SMALL = 96  # and of a channel's
ACROSS = 8  # channels in a row
GAP, LINE = 6, 18
INK, PAPER = (26, 29, 33), (255, 255, 255)
BLUE_RED = ((20, 60, 160), (120, 170, 225), (245, 245, 245), (240, 140, 100), (165, 20, 30))
Colours = NDArray[np.uint8]


def write(inside: Inside, path: str | Path) -> None:
    """Write .fits or .png; raises ``ExportProblem`` for another ending, or ``DiskFull``."""
    target = Path(path)
    makers = {".fits": _write_fits, ".png": _write_png}
    if target.suffix.lower() not in makers:
        raise ExportProblem(f"{target}: maps are written as .fits or .png.")
    make = makers[target.suffix.lower()]
    write_safely(target, lambda temporary: make(inside, temporary))


def _write_fits(inside: Inside, path: Path) -> None:
    """One image extension a group of maps, its unit in BUNIT, its planes named in the header."""
    from astropy.io import fits

    primary = fits.PrimaryHDU()
    for name, value, comment in (
        ("TASK", inside.task, "analysis"),
        ("MODEL", inside.model, "network that was looked into"),
        ("ANSWER", inside.answer, "what the numbers speak for"),
        ("LOGODDS", inside.value, "log odds of the answer, natural logarithm"),
        ("BASEODDS", inside.baseline_value, "the same at the baseline"),
        ("BASELINE", inside.baseline, "of the integrated gradients"),
        ("PATCH", inside.patch, "pixels a side of the squares hidden"),
    ):
        primary.header[name] = (value, comment)
    for note in inside.notes:
        primary.header["COMMENT"] = note
    parts = [primary, _planes(inside.planes, inside.plane_names, "INPUT", "")]
    if inside.has_gradients:
        parts.append(_planes(inside.gradients, inside.plane_names, "GRADIENTS", "nat"))
    parts.append(fits.ImageHDU(inside.occlusion, name="OCCLUSION"))
    parts[-1].header["BUNIT"] = "nat"
    for number, layer in enumerate(inside.layers, 1):
        names = [f"channel {channel}" for channel in layer.channel]
        made = _planes(layer.maps, names, f"LAYER{number}", "")
        made.header["LAYER"] = (layer.layer, "name of the layer")
        made.header["KIND"] = layer.kind
        made.header["SHAPE"] = (" x ".join(map(str, layer.shape)), "rows x columns x channels")
        parts.append(made)
    fits.HDUList(parts).writeto(path, checksum=True)


def _planes(values: NDArray[Any], names: Any, title: str, unit: str) -> Any:
    from astropy.io import fits

    made = fits.ImageHDU(values, name=title)
    if unit:
        made.header["BUNIT"] = unit
    for number, name in enumerate(names, 1):
        made.header[f"PLANE{number}"] = str(name)
    return made


def _write_png(inside: Inside, path: Path) -> None:
    from PIL import Image, ImageDraw

    rows = [_first_row(inside), *(_layer_row(layer) for layer in inside.layers)]
    width = max(sum(len(tile[0]) + GAP for _, tile in row) for row in rows) + GAP
    heights = [max(len(tile) for _, tile in row) + LINE + GAP for row in rows]
    page = Image.new("RGB", (max(width, 700), sum(heights) + LINE + 2 * GAP), PAPER)
    pen = ImageDraw.Draw(page)
    pen.text((GAP, GAP), _words(inside), INK)
    top = LINE + GAP
    for row, height in zip(rows, heights, strict=True):
        left = GAP
        for words, tile in row:
            pen.text((left, top), words, INK)
            page.paste(Image.fromarray(tile), (left, top + LINE))
            left += len(tile[0]) + GAP
        top += height
    page.save(path)


def _words(inside: Inside) -> str:
    return (
        f"{inside.model}: log odds of {inside.answer} {inside.value:+.2f} nat, "
        f"{inside.baseline_value:+.2f} at the baseline ({inside.baseline})"
    )


def _first_row(inside: Inside) -> list[tuple[str, Colours]]:
    shown = inside.planes if inside.is_colour else inside.planes[:1]
    light = np.moveaxis(np.clip(shown, 0, 1), 0, -1) if inside.is_colour else _scaled(shown[0])
    if light.ndim == 2:
        light = np.repeat(light[..., None], 3, axis=2)
    found = [("input", _enlarged((255 * light).astype(np.uint8), SIDE))]
    maps = [("integrated gradients", inside.gradients.sum(axis=0))] if inside.has_gradients else []
    for name, values in [*maps, ("occlusion", inside.occlusion)]:
        most = max(float(np.abs(values).max()), 1e-12)
        found.append(
            (f"{name}, ±{most:.2g} nat", _enlarged(_of_map((values / most + 1) / 2), SIDE))
        )
    return found


def _layer_row(layer: FeatureMaps) -> list[tuple[str, Colours]]:
    shape = " x ".join(map(str, layer.shape))
    tiles = []
    for number, values in enumerate(layer.maps[:ACROSS]):
        grey = np.repeat((255 * _scaled(values)).astype(np.uint8)[..., None], 3, axis=2)
        tiles.append((f"{layer.layer}, {shape}" if number == 0 else "", _enlarged(grey, SMALL)))
    return tiles


def _scaled(values: NDArray[Any]) -> NDArray[Any]:
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / max(high - low, 1e-12))


def _of_map(share: NDArray[Any]) -> Colours:
    stops = np.linspace(0, 1, len(BLUE_RED))
    table = np.array(BLUE_RED, float)
    return np.stack([np.interp(share, stops, table[:, k]) for k in range(3)], -1).astype(np.uint8)


def _enlarged(colours: Colours, side: int) -> Colours:
    """(ny, nx, 3), first row below, as a picture of about ``side`` pixels, first row on top."""
    times = max(side // max(colours.shape[:2]), 1)
    return np.ascontiguousarray(colours[::-1].repeat(times, axis=0).repeat(times, axis=1))
