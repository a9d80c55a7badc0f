"""What an image view has done in the pool, and the words and first choices it starts from."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy

from astrogui.records.image import Field, Image
from astrogui.viewers.image_tiles import FirstLook, cuts_of, first_look
from astrogui.viewers.sky import Sky
from astrogui.viewers.unit_text import unit_text


def begun(
    image: Image, kind: str, percentage: float
) -> tuple[Image, FirstLook, tuple[float, float]]:
    base = first_look(image)
    if image.is_colour or kind == "manual":
        return image, base, (0.0, 1.0)
    return image, base, cuts_of(image, base.values, kind, percentage)


def sky_of(image: Image) -> Sky | None:
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
