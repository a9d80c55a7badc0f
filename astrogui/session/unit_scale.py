"""Units as an analyst writes them behind a number, and the factor from one to another."""

from __future__ import annotations

# Dimension and size of each unit in the first unit of its dimension.
_SIZES: dict[str, dict[str, float]] = {
    "angle": {
        "deg": 1.0, "degree": 1.0, "°": 1.0, "arcmin": 1 / 60, "′": 1 / 60, "arcsec": 1 / 3600,
        "″": 1 / 3600, "mas": 1 / 3.6e6, "rad": 57.29577951308232, "hourangle": 15.0,
    },
    "length": {
        "m": 1.0, "km": 1e3, "cm": 1e-2, "mm": 1e-3, "um": 1e-6, "µm": 1e-6, "micron": 1e-6,
        "nm": 1e-9, "Angstrom": 1e-10, "angstrom": 1e-10, "AA": 1e-10, "Å": 1e-10,
        "AU": 1.495978707e11, "pc": 3.0856775814913673e16, "kpc": 3.0856775814913673e19,
        "Mpc": 3.0856775814913673e22, "Gpc": 3.0856775814913673e25,
    },
    "time": {
        "s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0, "h": 3600.0, "d": 86400.0,
        "yr": 31557600.0, "Myr": 31557600e6, "Gyr": 31557600e9,
    },
    "frequency": {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9, "THz": 1e12},
    "mass": {
        "solMass": 1.0, "Msun": 1.0, "M_sun": 1.0, "M☉": 1.0, "kg": 1 / 1.988409870698051e30,
        "g": 1 / 1.988409870698051e33, "earthMass": 3.0034893488507934e-06,
    },
    "flux density": {
        "Jy": 1.0, "mJy": 1e-3, "uJy": 1e-6, "µJy": 1e-6, "nJy": 1e-9, "nanomaggy": 3.631e-6,
        "nmgy": 3.631e-6, "maggy": 3631.0,
    },
    "velocity": {"km/s": 1.0, "m/s": 1e-3, "c": 299792.458},
    "ratio": {"": 1.0, "%": 0.01, "percent": 0.01},
    "magnitude": {"mag": 1.0, "mmag": 1e-3},
}  # fmt: skip
_KNOWN = {
    name: (kind, size) for kind, sizes in _SIZES.items() for name, size in sizes.items()
}  # fmt: skip


def is_unit(word: str) -> bool:
    """Whether a word behind a number is a unit."""
    return bool(word) and word in _KNOWN


def names() -> tuple[str, ...]:
    """Every unit known, shortest dimension first, as completion offers them."""
    return tuple(name for name in _KNOWN if name)


def factor(unit: str, wanted: str) -> float | None:
    """What a number of ``unit`` is multiplied by to be one of ``wanted``; None if they differ."""
    if unit == wanted:
        return 1.0
    first, second = _KNOWN.get(unit), _KNOWN.get(wanted)
    if first is None or second is None or first[0] != second[0]:
        return None
    return first[1] / second[1]
