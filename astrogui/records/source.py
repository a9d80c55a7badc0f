"""What a reader found in a file, before any array is read: small, and safe to pass around."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["image", "spectrum", "strain", "table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One observation in a file: enough to queue it, to show it in a list and to read it again."""

    path: str  # as given by the analyst
    kind: Kind
    format: str  # the reader's name
    part: str = ""  # HDU, row or dataset; "" when the file holds one observation
    sha256: str = ""  # of the whole file
    size_bytes: int = 0
    object_id: str = ""
    ra_deg: float | None = None
    dec_deg: float | None = None
    shape: tuple[int, ...] = ()
    wavelength_range_angstrom: tuple[float, float] | None = None
    band: str = ""
    pixel_scale_arcsec: float | None = None
    has_wcs: bool = False
    detector: str = ""
    gps_start: float | None = None
    duration_s: float | None = None
    sample_rate_hz: float | None = None
    is_colour: bool = False
    supporting: bool = False  # a mask or weight map: offered for display, not to tasks
    options: tuple[tuple[str, str], ...] = ()  # the analyst's reading options (columns, air)
    remarks: tuple[str, ...] = field(default_factory=tuple)

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same observation: the content's hash (or path) and the part."""
        return (self.sha256 or self.path, self.part)

    def option(self, name: str, default: str = "") -> str:
        return dict(self.options).get(name, default)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """One part of a file, an HDU of FITS: what it is, and how to ask for it."""

    title: str  # "HDU 1 (SCI)"
    words: str  # "an array of 100 x 200 x 3"
    part: str = ""  # ``file.fits[part]`` shows it; "" when it is no picture
    planes: int = 1  # ``part plane 3`` is the third of them
