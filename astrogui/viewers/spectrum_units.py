"""Units of a spectrum on screen: ångström to micrometre, per wavelength or per frequency."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from astrogui.records.spectrum import Spectrum
from astrogui.viewers.unit_text import power_of_ten_text, unit_powers, unit_text

Array = NDArray[np.float64]

WAVELENGTH_UNITS: dict[str, float] = {"Å": 1.0, "nm": 0.1, "µm": 1e-4}  # per ångström
FLUX_UNITS = ("file", "per wavelength", "per frequency")
JANSKY_PER_F_LAMBDA = 1e23 / 2.99792458e18  # times wavelength² in Å²: erg s⁻¹ cm⁻² Å⁻¹ to Jy
_ENERGY = {"erg": 1.0, "W": 1e7, "J": 1e7}  # in erg, or erg a second for the watt
_PER_LENGTH = {"Å": 1.0, "nm": 10.0, "µm": 1e4, "m": 1e10, "cm": 1e8}  # in ångström
_JANSKY_STEPS = ((1e-9, "nJy"), (1e-6, "µJy"), (1e-3, "mJy"), (1.0, "Jy"))


@dataclass(frozen=True, slots=True)
class FluxDensity:
    """What a unit measures: a density per wavelength or per frequency, and its size.

    ``factor`` turns a number into erg s⁻¹ cm⁻² Å⁻¹ (kind "wavelength") or into Jy ("frequency").
    """

    kind: str  # "wavelength", "frequency" or "" for counts and relative flux
    factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """How axes are labelled. The plots themselves are in vacuum, observed ångström always."""

    wavelength: str = "Å"
    flux: str = "file"
    air: bool = False
    rest: bool = False  # the lower axis is of rest wavelengths, the upper of observed ones

    def next_wavelength(self) -> Display:
        names = list(WAVELENGTH_UNITS)
        return replace(self, wavelength=names[(names.index(self.wavelength) + 1) % len(names)])


def flux_density(unit: str) -> FluxDensity:
    """What a unit string measures; kind "" where it is no flux density."""
    try:
        scale, powers = unit_powers(unit)
    except ValueError:
        return FluxDensity("")
    left = {name: power for name, power in powers.items() if power}
    steps = {name: size for size, name in _JANSKY_STEPS} | {"uJy": 1e-6}
    if len(left) == 1 and set(left) <= set(steps) and set(left.values()) == {1.0}:
        return FluxDensity("frequency", scale * steps[next(iter(left))])
    energy = next((name for name in _ENERGY if left.get(name) == 1.0), None)
    if energy is None:
        return FluxDensity("")
    scale *= _ENERGY[energy]
    del left[energy]
    if left.pop("s", 0.0) != (0.0 if energy == "W" else -1.0):
        return FluxDensity("")
    return _by_lengths(scale, left)


def _by_lengths(scale: float, left: dict[str, float]) -> FluxDensity:
    """The rest of a unit of power: an area, and one length or Hz beneath."""
    if left == {"cm": -3.0}:
        return FluxDensity("wavelength", scale / _PER_LENGTH["cm"])
    if left == {"m": -3.0}:
        return FluxDensity("wavelength", scale * 1e-4 / _PER_LENGTH["m"])
    if left.get("cm") == -2.0:
        del left["cm"]
    elif left.get("m") == -2.0:
        del left["m"]
        scale *= 1e-4
    else:
        return FluxDensity("")
    if left == {"Hz": -1.0}:
        return FluxDensity("frequency", scale * 1e23)
    name, power = next(iter(left.items())) if len(left) == 1 else ("", 0.0)
    if power == -1.0 and name in _PER_LENGTH:
        return FluxDensity("wavelength", scale / _PER_LENGTH[name])
    return FluxDensity("")


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxScale:
    """Numbers of a record to numbers on the axis: times ``factor`` times wavelength^``power``."""

    label: str  # the unit on the axis; "" for relative flux
    factor: float = 1.0
    power: int = 0

    def of(self, wavelength_angstrom: Array) -> Array:
        """Factor at each wavelength, of its shape."""
        if self.power == 0:
            return np.full(np.shape(wavelength_angstrom), self.factor)
        return np.asarray(self.factor * np.asarray(wavelength_angstrom, np.float64) ** self.power)


def flux_scale(record: Spectrum, wanted: str) -> FluxScale:
    """How flux is shown: as in the file, per wavelength in cgs units or per frequency in Jy.

    Raises ``ValueError`` in words where the file's unit is no flux density.
    """
    if wanted == "file":
        return FluxScale(label=unit_text(record.flux_unit))
    known = flux_density(record.flux_unit)
    if not known.kind:
        said = unit_text(record.flux_unit) or "relative flux"
        raise ValueError(f"This spectrum is in {said}, which cannot be shown {wanted}.")
    factor, power = known.factor, 0
    if wanted == "per frequency" and known.kind == "wavelength":
        factor, power = factor * JANSKY_PER_F_LAMBDA, 2
    elif wanted == "per wavelength" and known.kind == "frequency":
        factor, power = factor / JANSKY_PER_F_LAMBDA, -2
    scale = FluxScale(label="", factor=factor, power=power)
    level = _level(record, scale)
    if wanted == "per frequency":
        size, name = next(
            (step for step in reversed(_JANSKY_STEPS) if level >= step[0]), _JANSKY_STEPS[0]
        )
        return replace(scale, factor=factor / size, label=name)
    exponent = 0 if 0.01 <= level < 1e4 else math.floor(math.log10(level) + 1e-9)
    ten = power_of_ten_text(exponent) + " " if exponent else ""
    return replace(scale, factor=factor / 10.0**exponent, label=ten + "erg s⁻¹ cm⁻² Å⁻¹")


def _level(record: Spectrum, scale: FluxScale) -> float:
    """A typical size of the flux on this scale, for choosing a power of ten."""
    good = record.good
    if not good.any():
        return 1.0
    flux = record.flux[good] * scale.of(record.wavelength_angstrom[good])
    level = float(np.median(np.abs(flux)))
    return level if level > 0 and math.isfinite(level) else 1.0


def line_flux_unit(record: Spectrum) -> tuple[FluxScale, str]:
    """Scale that makes the flux a density per ångström, and the unit of a line's flux then."""
    if flux_density(record.flux_unit).kind:
        scale = flux_scale(record, "per wavelength")
        return scale, scale.label.removesuffix(" Å⁻¹")
    unit = unit_text(record.flux_unit)
    return FluxScale(label=unit), f"{unit} Å" if unit else "relative flux × Å"
