"""What IMRPhenomXAS knows of n binaries from its fits: values at collocation points, frequencies.

Sources: Pratten et al. 2020, PRD 102, 064001 ("P20" below) and its supplement; Jiménez-Forteza et
al. 2017, PRD 95, 064024 (final state); Bardeen, Press & Teukolsky 1972, ApJ 178, 347 (ISCO).
``xp`` is the array namespace, numpy or jax.numpy.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from astrogui.science import remnant
from astrogui.science.waveform_x_coefficients import (
    REDUCED,
    RINGDOWN_DAMPING,
    RINGDOWN_FREQUENCY,
    TOTAL,
    Fit,
    Row,
)

MASS_POWERS, SPIN_POWERS = 7, 6  # of η and of the spin, the zeroth included


class Fitted(NamedTuple):
    """Of n binaries, each (n,); frequencies as M f."""

    values: dict[str, Any]  # the fits by name
    ringdown_mf: Any
    damping_mf: Any
    meco_mf: Any  # of the orbit of minimum energy, where the inspiral ends
    isco_mf: Any  # of the remnant's innermost stable circular orbit


class _Table:
    """Fits of one spin variable as matrices that act on all products η^i S^j."""

    def __init__(self, fits: dict[str, Fit]) -> None:
        self.names = tuple(fits)
        parts = ("above", "below", "spin_above", "spin_below", "unequal")
        blocks = [
            np.stack([_padded(_rows(getattr(fit, part), part)).ravel() for fit in fits.values()])
            for part in parts
        ]
        self.matrix = np.concatenate(blocks).T  # (products, 5 x fits)
        squared = [_padded(_rows(fit.unequal_squared, "above"))[:, 0] for fit in fits.values()]
        self.squared = np.stack(squared).T  # (powers of η, fits)

    def __call__(self, eta: Any, spin: Any, delta: Any, apart: Any, xp: Any) -> dict[str, Any]:
        """Each fit's three parts: without spins, with equal ones, with unequal ones; all (n,)."""
        masses, spins = _powers(eta, MASS_POWERS, xp), _powers(spin, SPIN_POWERS, xp)
        products = (masses[:, :, None] * spins[:, None, :]).reshape(len(eta), -1)
        sums = (products @ xp.asarray(self.matrix)).reshape(len(eta), 5, len(self.names))
        squared = masses @ xp.asarray(self.squared)
        unequal = (apart * delta)[:, None] * sums[:, 4] + (apart**2)[:, None] * squared
        plain, equal = sums[:, 0] / sums[:, 1], sums[:, 2] / sums[:, 3]
        return {
            name: (plain[:, index], equal[:, index], unequal[:, index])
            for index, name in enumerate(self.names)
        }


def _rows(field: Any, part: str) -> tuple[Row, ...]:
    """A field as rows of powers of η: those without spin have one column."""
    return tuple((value,) for value in field) if part in ("above", "below") else field


def _padded(rows: tuple[Row, ...]) -> np.ndarray:
    matrix = np.zeros((MASS_POWERS, SPIN_POWERS))
    for index, row in enumerate(rows):
        matrix[index, : len(row)] = row
    return matrix


def _powers(value: Any, count: int, xp: Any) -> Any:
    """(n, count) powers 0, 1, 2, …"""
    powers = [xp.ones_like(value)]
    for _ in range(count - 1):
        powers.append(powers[-1] * value)
    return xp.stack(powers, axis=-1)


_REDUCED, _TOTAL = _Table(REDUCED), _Table(TOTAL)


def fitted(mass_ratio: Any, spin_1: Any, spin_2: Any, xp: Any = np) -> Fitted:
    """Everything the model takes from fits, for mass ratios m2 / m1 and aligned spins (n,)."""
    eta = remnant.symmetric_mass_ratio(mass_ratio)
    share_1, share_2 = 1 / (1 + mass_ratio), mass_ratio / (1 + mass_ratio)
    delta, apart = share_1 - share_2, spin_1 - spin_2
    reduced = share_1 * spin_1 + share_2 * spin_2 - 38 * eta / 113 * (spin_1 + spin_2)
    reduced = reduced / (1 - 76 * eta / 113)
    total = (share_1**2 * spin_1 + share_2**2 * spin_2) / (1 - 2 * eta)
    parts = _REDUCED(eta, reduced, delta, apart, xp) | _TOTAL(eta, total, delta, apart, xp)
    values = {name: sum(three) for name, three in parts.items()}
    final_spin = values["final_spin"] + (1 - 2 * eta) * total
    at_rest, by_spin, unequal = parts["radiated_energy"]
    kept = 1 - (at_rest * by_spin + unequal)  # this fit's first parts are factors
    return Fitted(
        values,
        ringdown_mf=_ratio(RINGDOWN_FREQUENCY, final_spin) / kept,
        damping_mf=_ratio(RINGDOWN_DAMPING, final_spin) / kept,
        meco_mf=values["meco"],
        isco_mf=_isco_mf(final_spin, xp),
    )


def _ratio(fit: tuple[Row, Row], spin: Any) -> Any:
    above, below = (_polynomial(row, spin) for row in fit)
    return above / below


def _polynomial(coefficients: Row, value: Any) -> Any:
    total: Any = 0.0
    for coefficient in reversed(coefficients):
        total = total * value + coefficient
    return total


def _isco_mf(spin: Any, xp: Any) -> Any:
    """Twice the orbital frequency, times the mass, of a Kerr black hole's innermost orbit."""
    first = 1 + xp.cbrt(1 - spin**2) * (xp.cbrt(1 + spin) + xp.cbrt(1 - spin))
    first = xp.minimum(first, 3.0)
    second = xp.sqrt(3 * spin**2 + first**2)
    radius = 3 + second - xp.sign(spin) * xp.sqrt((3 - first) * (3 + first + 2 * second))
    return 1 / (np.pi * (radius**1.5 + spin))
