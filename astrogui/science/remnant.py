"""The black hole left by a merger of two: its mass, its spin, its ringing.

Fits to numerical relativity for spins along the orbital axis. Masses in any one unit; ``xp`` is
the array namespace (numpy or jax.numpy).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from astrogui.science.waveform_coefficients import (
    RINGDOWN_DAMPING,
    RINGDOWN_FREQUENCY,
    RINGDOWN_RANGE,
)

SOLAR_MASS_SECONDS = 4.925490947641267e-6  # G M_sun / c³, IAU 2015 nominal solar mass


def symmetric_mass_ratio(mass_ratio: Any) -> Any:
    """η = q / (1 + q)² of the mass ratio q = m2 / m1 <= 1."""
    return mass_ratio / (1 + mass_ratio) ** 2


def final_spin(mass_ratio: Any, spin_1: Any, spin_2: Any) -> Any:
    """Dimensionless spin of the remnant, for q = m2 / m1 from 1/18 to 1 and spins below 0.99.

    Source: Husa et al. 2016, PRD 93, 044006, eq. (3.6) and table I.
    """
    eta = symmetric_mass_ratio(mass_ratio)
    total = (spin_1 + spin_2 * mass_ratio**2) / (1 + mass_ratio) ** 2
    orbital = eta * (
        3.4641016151377544
        + eta * (-4.399247300629289 + eta * (9.397292189321194 - eta * 13.180949901606242))
    )
    linear = 1 + eta * (-0.0850917821418767 - 5.837029316602263 * eta)
    quadratic = eta * (0.1014665242971878 - 2.0967746996832157 * eta)
    cubic = eta * (-1.3546806617824356 + 4.108962025369336 * eta)
    quartic = eta * (-0.8676969352555539 + 2.064046835273906 * eta)
    return orbital + total * (linear + total * (quadratic + total * (cubic + total * quartic)))


def radiated_energy(mass_ratio: Any, spin_1: Any, spin_2: Any) -> Any:
    """Share of the total mass that leaves as gravitational waves.

    Source: Husa et al. 2016, PRD 93, 044006, eqs. (3.7) and (3.8), table II.
    """
    eta = symmetric_mass_ratio(mass_ratio)
    spin = (spin_1 + spin_2 * mass_ratio**2) / (1 + mass_ratio**2)
    unspun = eta * (
        0.055974469826360077
        + eta * (0.5809510763115132 + eta * (-0.9606726679372312 + eta * 3.352411249771192))
    )
    above = 1 + spin * (
        -0.0030302335878845507 + eta * (-2.0066110851351073 + 7.7050567802399215 * eta)
    )
    below = 1 + spin * (-0.6714403054720589 + eta * (-1.4756929437702908 + 7.304676214885011 * eta))
    return unspun * above / below


def final_mass(total_mass: Any, mass_ratio: Any, spin_1: Any, spin_2: Any) -> Any:
    """Mass of the remnant, in the unit of ``total_mass``; source as of ``radiated_energy``."""
    return total_mass * (1 - radiated_energy(mass_ratio, spin_1, spin_2))


def ringdown(spin: Any, xp: Any = np) -> tuple[Any, Any]:
    """(frequency, damping rate / 2π) of the l = m = 2 mode, each times the remnant's mass."""
    low = (1 - RINGDOWN_RANGE[1]) ** 0.25
    high = (1 - RINGDOWN_RANGE[0]) ** 0.25
    place = 2 * ((1 - xp.clip(spin, *RINGDOWN_RANGE)) ** 0.25 - low) / (high - low) - 1
    return _chebyshev(place, RINGDOWN_FREQUENCY), _chebyshev(place, RINGDOWN_DAMPING)


def ringdown_of(final_mass: Any, spin: Any, xp: Any = np) -> tuple[Any, Any]:
    """Frequency in Hz and damping time in ms of the l = m = 2 mode of a remnant.

    What general relativity predicts of the mass in solar masses and the spin; source of the
    frequencies: Berti, Cardoso & Will 2006, PRD 73, 064030.
    """
    frequency, damping = ringdown(spin, xp)
    seconds = final_mass * SOLAR_MASS_SECONDS
    return frequency / seconds, 1e3 * seconds / (2 * np.pi * damping)


def _chebyshev(place: Any, coefficients: np.ndarray) -> Any:
    """The Chebyshev series at ``place`` in [-1, 1], by Clenshaw's recurrence."""
    after: Any = 0.0
    following: Any = 0.0
    for coefficient in coefficients[:0:-1]:
        after, following = float(coefficient) + 2 * place * after - following, after
    return float(coefficients[0]) + place * after - following
