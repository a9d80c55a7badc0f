"""An image of the sky in one band, in memory or read by section, and the bands of one field."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged, Unreadable
from astrogui.records.frozen import frozen_array, set_field
from astrogui.records.pieces import read_pieces
from astrogui.records.provenance import Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Plain pixels on disk: read by position, so that a file cut while open gives an error.

    Pixel value = bzero + bscale * stored; ``blank`` (stored value) and NaN mean no data.
    """

    path: str
    offset: int  # bytes to the first pixel
    dtype: str  # numpy type string with byte order, such as ">f4"
    shape: tuple[int, int]  # (ny, nx)
    bscale: float = 1.0
    bzero: float = 0.0
    blank: int | None = None

    def rows(self, y0: int, y1: int) -> NDArray[np.float32]:
        """Rows y0 to y1 as native float32 with NaN for no data; raises ``Damaged`` when cut."""
        return self.section(y0, y1, 0, self.shape[1])

    def section(self, y0: int, y1: int, x0: int, x1: int) -> NDArray[np.float32]:
        """Pixels y0..y1, x0..x1 as ``rows`` gives them; of a narrow section only its own bytes."""
        nx = self.shape[1]
        stored = np.dtype(self.dtype)
        narrow = 2 * (x1 - x0) < nx
        left, right = (x0, x1) if narrow else (0, nx)
        starts = [self.offset + (y * nx + left) * stored.itemsize for y in range(y0, y1)]
        lengths = [(right - left) * stored.itemsize] * len(starts)
        if not narrow:
            starts, lengths = starts[:1], [sum(lengths)]
        data = self._read(starts, lengths)
        pixels = np.frombuffer(data, stored).reshape(y1 - y0, right - left)
        return self.scaled(pixels if narrow else pixels[:, x0:x1])

    def lines(self, rows: Sequence[int], x0: int, x1: int) -> NDArray[np.float32]:
        """Pixels x0..x1 of single rows, (rows, columns), as ``rows`` gives them."""
        stored = np.dtype(self.dtype)
        starts = [self.offset + (y * self.shape[1] + x0) * stored.itemsize for y in rows]
        data = self._read(starts, [(x1 - x0) * stored.itemsize] * len(starts))
        return self.scaled(np.frombuffer(data, stored).reshape(len(starts), x1 - x0))

    def _read(self, starts: list[int], lengths: list[int]) -> bytearray:
        """These bytes of the file, joined; raises ``Unreadable`` or ``Damaged``."""
        data = bytearray(sum(lengths))
        try:
            with open(self.path, "rb", buffering=0) as file:
                ended = read_pieces(file, starts, lengths, memoryview(data))
        except OSError as error:
            raise Unreadable(
                self.path, "", f"cannot be read: {error.strerror}", "Check the file."
            ) from error
        if ended is not None:
            raise Damaged(
                self.path,
                f"byte {ended[0]}",
                f"the pixels end {ended[1]} bytes too soon",
                "The file was cut or replaced; fetch it again.",
            )
        return data

    def scaled(self, stored: NDArray[Any]) -> NDArray[np.float32]:
        """Physical float32 values of stored numbers."""
        with np.errstate(over="ignore", invalid="ignore"):  # what float32 cannot hold is inf
            if self.bscale != 1.0 or self.bzero != 0.0:
                values = (stored.astype(np.float64) * self.bscale + self.bzero).astype(np.float32)
            else:
                values = stored.astype(np.float32)
        if self.blank is not None and np.issubdtype(stored.dtype, np.integer):
            values[stored == self.blank] = np.nan
        return values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Image:
    """One plane of pixels. Exactly one of ``pixels`` (in memory) and ``plane`` (on disk) is given.

    Row 0 is the bottom row, as in FITS; NaN marks pixels without data. ``wcs_header`` holds the
    WCS keywords that the reader checked; ``wcs()`` builds the astropy object (slow: 0.7 s once).
    """

    pixels: NDArray[np.float32] | None = None  # (ny, nx), or (ny, nx, 3) for a colour picture
    plane: Plane | None = None
    unit: str = ""
    band: str = ""
    pixel_scale_arcsec: float | None = None
    zero_point_ab: float | None = None  # AB magnitude of one unit of flux
    gain: float | None = None  # electrons per unit, where the file gives it
    saturation: float | None = None  # in unit
    wcs_header: dict[str, str | float | int] = field(default_factory=dict)
    object_id: str = ""
    notes: tuple[str, ...] = ()
    header: tuple[tuple[str, str, str], ...] = ()  # keyword, value, comment; shown
    provenance: Provenance = field(default_factory=lambda: Provenance(path=""))

    def __post_init__(self) -> None:
        if (self.pixels is None) == (self.plane is None):
            raise ValueError("an image has either pixels or a plane on disk")
        if self.pixels is not None:
            pixels = frozen_array(self.pixels, np.float32)
            if pixels.ndim not in {2, 3} or (pixels.ndim == 3 and pixels.shape[2] != 3):
                raise ValueError(f"pixels are (ny, nx) or (ny, nx, 3), got {pixels.shape}")
            set_field(self, "pixels", pixels)

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx)."""
        if self.pixels is not None:
            return (self.pixels.shape[0], self.pixels.shape[1])
        assert self.plane is not None
        return self.plane.shape

    @property
    def is_colour(self) -> bool:
        return self.pixels is not None and self.pixels.ndim == 3

    def section(self, y0: int, y1: int, x0: int, x1: int) -> NDArray[np.float32]:
        """Pixels y0..y1, x0..x1 (clipped to the image), native float32, NaN without data."""
        ny, nx = self.shape
        y0, y1, x0, x1 = max(y0, 0), min(y1, ny), max(x0, 0), min(x1, nx)
        if self.pixels is not None:
            return self.pixels[y0:y1, x0:x1]
        assert self.plane is not None
        return self.plane.section(y0, y1, x0, x1)

    def lines(self, rows: Sequence[int], x0: int, x1: int) -> NDArray[np.float32]:
        """Single rows of the image between columns x0 and x1, (rows, columns)."""
        if self.pixels is not None:
            return self.pixels[list(rows), x0:x1]
        assert self.plane is not None
        return self.plane.lines(rows, x0, x1)

    def wcs(self) -> Any:
        """The celestial ``astropy.wcs.WCS``, or None where the file has none."""
        if not self.wcs_header:
            return None
        from astropy.io.fits import Header
        from astropy.wcs import WCS

        return WCS(Header(self.wcs_header), relax=True)

    @property
    def section_reader(self) -> Callable[[int, int, int, int], NDArray[np.float32]]:
        return self.section


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """The bands of one field of sky, one or more; each keeps its own pixels and WCS."""

    images: tuple[Image, ...]

    def __post_init__(self) -> None:
        if not self.images:
            raise ValueError("a field has at least one image")

    @property
    def bands(self) -> tuple[str, ...]:
        return tuple(image.band for image in self.images)

    @property
    def provenance(self) -> Provenance:
        return self.images[0].provenance
