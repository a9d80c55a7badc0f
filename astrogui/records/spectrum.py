"""A spectrum: flux over vacuum wavelength, with what is known of its errors."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from astrogui.records.frozen import frozen_array, same_shape, set_field
from astrogui.records.provenance import Provenance


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpectralImage:
    """The two-dimensional spectrum from which one was extracted: for the eye, never for a network.

    Rows run along the slit, columns along wavelength; NaN where there is nothing.
    """

    pixels: NDArray[np.float32]  # (rows, columns)
    wavelength_angstrom: NDArray[np.float64]  # (columns,) vacuum, strictly rising
    unit: str = ""
    arcsec_per_row: float | None = None
    trace_row: float | None = None  # where the object lies, counted from 0
    name: str = ""  # the part or the file it comes from

    def __post_init__(self) -> None:
        pixels = frozen_array(self.pixels, np.float32, 2, "pixels")
        wavelength = frozen_array(self.wavelength_angstrom, np.float64, 1, "wavelength")
        if pixels.shape[1] != wavelength.size or not pixels.size:
            raise ValueError(f"pixels are (rows, {wavelength.size}), got {pixels.shape}")
        if not np.all(np.diff(wavelength) > 0):
            raise ValueError("wavelength must rise strictly")
        set_field(self, "pixels", pixels)
        set_field(self, "wavelength_angstrom", wavelength)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spectrum:
    """One object's spectrum, wavelengths in vacuum ångström and rising.

    ``ivar`` is zero where a sample is worthless; ``mask`` is True for such samples. When the file
    gives no errors the reader leaves ``ivar`` estimated and says so in ``noise_estimated``.
    """

    wavelength_angstrom: NDArray[np.float64]  # (n,) vacuum, strictly rising
    flux: NDArray[np.float32]  # (n,) in flux_unit, finite
    ivar: NDArray[np.float32]  # (n,) in 1/flux_unit^2
    mask: NDArray[np.bool_]  # (n,) True = bad
    flux_unit: str  # astropy unit string, or "" for relative flux
    frame: str  # "barycentric", "heliocentric", "topocentric", "unknown"
    medium_in_file: str  # "vacuum", "air", "assumed vacuum", "assumed air"
    unit_in_file: str = "Angstrom"
    noise_estimated: bool = False
    object_id: str = ""
    ra_deg: float | None = None
    dec_deg: float | None = None
    notes: tuple[str, ...] = ()  # what the reader wants the analyst to know
    header: dict[str, str] = field(default_factory=dict)  # shown, never used by a network
    image: SpectralImage | None = None  # the two-dimensional spectrum, where the file has one
    provenance: Provenance = field(default_factory=lambda: Provenance(path=""))

    def __post_init__(self) -> None:
        wavelength = frozen_array(self.wavelength_angstrom, np.float64, 1, "wavelength")
        flux = frozen_array(self.flux, np.float32, 1, "flux")
        ivar = frozen_array(self.ivar, np.float32, 1, "ivar")
        mask = frozen_array(self.mask, np.bool_, 1, "mask")
        same_shape(wavelength=wavelength, flux=flux, ivar=ivar, mask=mask)
        if wavelength.size and not np.all(np.diff(wavelength) > 0):
            raise ValueError("wavelength must rise strictly")
        if not np.all(np.isfinite(flux)) or not np.all(np.isfinite(ivar)):
            raise ValueError("flux and ivar must be finite; mask what is not")
        if np.any(ivar < 0):
            raise ValueError("ivar must not be negative")
        for name, array in (
            ("wavelength_angstrom", wavelength),
            ("flux", flux),
            ("ivar", ivar),
            ("mask", mask),
        ):
            set_field(self, name, array)

    @property
    def good(self) -> NDArray[np.bool_]:
        """(n,) True where the sample may be used."""
        return np.logical_and(~self.mask, self.ivar > 0)
