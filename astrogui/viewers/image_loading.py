"""What an image view has done in the pool, and the words and first choices it starts from."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy

from astrogui.records.image import Field, Image
from astrogui.science.projection import projection_of
from astrogui.viewers.image_tiles import (
    FirstLook,
    Look,
    complete_look,
    cuts_of,
    first_look,
    rendered,
)
from astrogui.viewers.sky import Sky
from astrogui.viewers.unit_text import unit_text

DEFAULT_CUTS = ("percentile", 99.5)
DEFAULT_STRETCH = "asinh"


@dataclass(frozen=True, slots=True, eq=False)
class Beginning:
    """An image with all that its first painting takes."""

    image: Image
    base: FirstLook
    look: Look
    index: NDArray[np.uint8]  # the first look rendered with the look


def begun(image: Image, kind: str, percentage: float, look: Look) -> Beginning:
    """The first look at an image, with the cuts asked for; "manual" takes those of ``look``."""
    base = first_look(image)
    if image.is_colour:
        look = Look(0.0, white_of(image), "linear")
    elif kind != "manual":
        look = Look(*cuts_of(image, base.values, kind, percentage), look.stretch)
    look = complete_look(base.values, look)
    return Beginning(image, base, look, rendered(base.values, look))


def begun_by_default(image: Image) -> Beginning:
    """The first look as a view that nobody has touched shows it."""
    return begun(image, *DEFAULT_CUTS, Look(stretch=DEFAULT_STRETCH))


def same_pixels(one: Image | None, other: Image) -> bool:
    """Whether two records tell of the same pixels of one file."""
    if one is None or one.plane is None or other.plane is None:
        return False
    path = os.path.abspath(one.plane.path)
    return replace(one.plane, path=path) == replace(
        other.plane, path=os.path.abspath(other.plane.path)
    )


def sky_of(image: Image) -> Sky | None:
    projection = projection_of(image.wcs_header)
    if projection is not None:
        return Sky(projection)
    wcs = image.wcs()
    return Sky(wcs) if wcs is not None else None


def one_pixel(image: Image, column: int, row: int) -> tuple[int, int, float]:
    return column, row, float(image.section(row, row + 1, column, column + 1)[0, 0])


def white_of(image: Image) -> float:
    """The full scale of a colour picture: 1, or 255 for bytes."""
    assert image.pixels is not None
    return 255.0 if float(image.pixels[::8, ::8].max(initial=0.0)) > 1.0 else 1.0


def first_band(field: Field) -> int:
    """The r band where there is one: most sources are seen in it."""
    for name in ("r", "R", "i", "g"):
        if name in field.bands:
            return field.bands.index(name)
    return 0


def band_names(field: Field) -> list[str]:
    """What the images of a field are called: by their bands, else by their numbers."""
    if len(field.images) == 1:
        return [field.images[0].band or "image"]
    return [image.band or f"image {i + 1}" for i, image in enumerate(field.images)]


def pixel_at_hand(image: Image, column: int, row: int) -> float | tuple[float, ...] | None:
    """The value of a pixel that is in memory, None of one that has to be read."""
    if image.pixels is None:
        return None
    pixel = image.pixels[row, column]
    return tuple(map(float, pixel)) if image.is_colour else float(pixel)


def value_words(value: float | tuple[float, ...], unit: str) -> str:
    if isinstance(value, tuple):
        return "red {:.4g}, green {:.4g}, blue {:.4g}".format(*value)
    if not math.isfinite(value):
        return "no data"
    return f"value {value:.7g} {unit_text(unit)}".rstrip().replace("-", "−")


def strip(name: str) -> QLabel:
    label = QLabel()
    label.setAccessibleName(name)
    label.setWordWrap(False)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    # Long text is cut rather than widening the dock.
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    label.setMinimumWidth(50)
    return label
