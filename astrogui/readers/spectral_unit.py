"""Units of wavelength and flux as files write them, in many spellings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ANGSTROM = {
    "angstrom": 1.0,
    "nm": 10.0,
    "um": 1e4,
    "mm": 1e7,
    "cm": 1e8,
    "m": 1e10,
}
"""Ångström in one of the unit."""

_WAVELENGTH_SPELLINGS = (
    (re.compile(r"angstroms?|angstroems?|ang|a|aa|å|ångströms?"), "angstrom"),
    (re.compile(r"nanomet(er|re)s?|nm"), "nm"),
    (re.compile(r"microns?|micromet(er|re)s?|um|µm|μm"), "um"),
    (re.compile(r"millimet(er|re)s?|mm"), "mm"),
    (re.compile(r"centimet(er|re)s?|cm"), "cm"),
    (re.compile(r"met(er|re)s?|m"), "m"),
)

_FACTOR = re.compile(
    r"\s*\(?\s*(?:10\s*(?:\*\*|\^)\s*\(?(?P<power>[+-]?\d+)\)?|(?P<number>\d*\.?\d+(?:e[+-]?\d+)?))"
    r"\s*\)?\s*\*?\s*(?=[a-z(])"
)
_JANSKY = re.compile(r"^\s*(?P<prefix>m|u|µ|μ|n|milli|micro|nano)?\s*(?:jy|jansky)s?\s*$")
_JANSKY_PREFIX = {"": 1.0, "m": 1e-3, "milli": 1e-3, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "micro": 1e-6}
_JANSKY_PREFIX |= {"n": 1e-9, "nano": 1e-9}

F_LAMBDA = "1e-17 erg / (Angstrom s cm2)"
"""What calibrated flux is brought to: numbers near one, safe in single precision."""

SPEED_OF_LIGHT_ANGSTROM_S = 2.99792458e18
_COUNTS = {
    "count": "ct",
    "counts": "ct",
    "ct": "ct",
    "cts": "ct",
    "adu": "adu",
    "electron": "electron",
    "electrons": "electron",
    "e-": "electron",
}


@dataclass(frozen=True, slots=True)
class FluxUnit:
    """What to do with numbers of a unit, and the unit they then have."""

    factor: float  # multiplies the numbers
    unit: str  # astropy unit string afterwards, "" for relative flux
    per_frequency: bool = False  # then also times c / wavelength^2
    note: str = ""


def wavelength_unit(spelling: str) -> str | None:
    """The name in ``ANGSTROM`` of a unit of length however spelt; None when it is none.

    A leading power of ten is understood ("10**-1 nm" is the ångström of some writers).
    """
    word = spelling.strip().strip("[]()").lower().rstrip(".")
    if re.fullmatch(r"0?\.1\s*\*?\s*nm|10\s*(\*\*|\^)\s*\(?-1\)?\s*\*?\s*nm|1e-10\s*m", word):
        return "angstrom"
    for pattern, name in _WAVELENGTH_SPELLINGS:
        if pattern.fullmatch(word):
            return name
    return None


def flux_unit(spelling: str) -> FluxUnit:
    """How numbers in this unit become ``F_LAMBDA``; counts and unknown units stay as they are."""
    words = " ".join(spelling.strip().strip("[]").split())
    lower = words.lower()
    if not lower:
        return FluxUnit(1.0, "", note="the file states no flux unit: flux is relative")
    jansky = _JANSKY.match(lower)
    if jansky:
        return FluxUnit(
            # 1 Jy is 1e-23 erg s⁻¹ cm⁻² Hz⁻¹, brought to units of 1e-17 per ångström
            1e-6 * _JANSKY_PREFIX[jansky["prefix"] or ""],
            F_LAMBDA,
            per_frequency=True,
            note=f"flux density converted from {words} to {F_LAMBDA}",
        )
    scale, rest = _leading_factor(lower)
    if "erg" in rest and "cm" in rest:
        per = _per_wavelength(rest)
        if per is not None:
            return FluxUnit(scale * 1e17 / per, F_LAMBDA)
        if re.search(r"hz", rest):
            return FluxUnit(
                scale * 1e17,
                F_LAMBDA,
                per_frequency=True,
                note=f"flux density converted from {words} to {F_LAMBDA}",
            )
    if re.match(r"w(att)?s?\b", rest) and "m" in rest:
        per = _per_wavelength(re.sub(r"^w(att)?s?", "", rest), area=("m2", "m-2", "m^-2", "m**-2"))
        if per is not None:
            return FluxUnit(scale * 1e3 * 1e17 / per, F_LAMBDA)
    counts = re.match(r"([a-z]+-?)\s*(/\s*s(ec(ond)?)?|s-1|s\*\*-1|per\s*sec(ond)?)?\s*$", rest)
    if counts and counts[1] in _COUNTS:
        unit = _COUNTS[counts[1]] + (" / s" if counts[2] else "")
        return FluxUnit(scale, unit, note=f"flux in {words}: not calibrated")
    return FluxUnit(1.0, "", note=f"flux unit in the file: {words!r}; taken as relative")


def _leading_factor(lower: str) -> tuple[float, str]:
    match = _FACTOR.match(lower)
    if match is None:
        return 1.0, lower
    power = match["power"]
    scale = float(match["number"]) if power is None else 10.0 ** int(power)
    return scale, lower[match.end() :]


def _per_wavelength(rest: str, area: tuple[str, ...] = ()) -> float | None:
    """Ångström in the unit of length that the flux density is counted per; None without one."""
    for word in area:
        rest = rest.replace(word, " ", 1)
    for token in re.findall(r"[a-zåöµμ]+", rest):
        if token in {"erg", "ergs", "cm", "s", "sec", "second", "seconds", "hz", "e", "m"}:
            continue
        unit = wavelength_unit(token)
        if unit is not None:
            return ANGSTROM[unit]
    return None


def per_angstrom(
    flux_per_frequency: NDArray[np.floating[Any]],
    wavelength_angstrom: NDArray[np.floating[Any]],
    factor: float,
) -> NDArray[np.float64]:
    """Flux per ångström of a flux per hertz: f_lambda = f_nu c / lambda^2, times ``factor``."""
    conversion = factor * SPEED_OF_LIGHT_ANGSTROM_S / np.asarray(wavelength_angstrom) ** 2
    return np.asarray(np.asarray(flux_per_frequency, np.float64) * conversion)
