"""Wavelengths in air and in vacuum."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

FIRST_AIR_ANGSTROM = 2000.0
"""Shorter wavelengths are quoted in vacuum by convention, whatever a file calls its medium."""


def refractivity(vacuum_angstrom: Array) -> NDArray[np.float64]:
    """n - 1 of standard air: 15 °C, 101325 Pa, 450 ppm of CO2, dry.

    Any shape, of the wavelength in vacuum in ångström. Measured from 2300 to 16900 Å; further in
    the infrared the formula runs to a constant, which is right to 1e-7.
    Source: Ciddor 1996, Applied Optics 35, 1566, eq. (1).
    """
    wavenumber_squared = (1e4 / np.asarray(vacuum_angstrom, np.float64)) ** 2  # in µm⁻²
    return np.asarray(
        5.792105e-2 / (238.0185 - wavenumber_squared) + 1.67917e-3 / (57.362 - wavenumber_squared)
    )


def air_from_vacuum(wavelength_angstrom: Array) -> NDArray[np.float64]:
    """Air wavelength of a vacuum wavelength, in ångström; below 2000 Å (air) unchanged."""
    vacuum = np.asarray(wavelength_angstrom, np.float64)
    air = vacuum / (1 + refractivity(np.maximum(vacuum, FIRST_AIR_ANGSTROM)))
    return np.where(air >= FIRST_AIR_ANGSTROM, air, vacuum)


def vacuum_from_air(wavelength_angstrom: Array) -> NDArray[np.float64]:
    """Vacuum wavelength of an air wavelength, in ångström; below 2000 Å unchanged.

    Solves vacuum = air n(vacuum) by iteration; the refractivity changes so slowly that three steps
    agree with ``air_from_vacuum`` to rounding.
    """
    air = np.asarray(wavelength_angstrom, np.float64)
    vacuum = np.maximum(air, FIRST_AIR_ANGSTROM)
    for _ in range(3):
        vacuum = np.maximum(air, FIRST_AIR_ANGSTROM) * (1 + refractivity(vacuum))
    return np.where(air >= FIRST_AIR_ANGSTROM, vacuum, air)
