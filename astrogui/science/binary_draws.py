"""From the network's raw draws to masses, spins and distances, and what follows from them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astrogui.science import binary_prior as prior
from astrogui.science import cosmology, remnant
from astrogui.science.waveforms import component_masses, effective_spin

NAMES = (
    "chirp_mass_det",
    "mass_1_det",
    "mass_2_det",
    "total_mass_det",
    "mass_ratio",
    "chi_eff",
    "final_mass_det",
    "final_spin",
    "luminosity_distance",
    "redshift",
    "mass_1_source",
    "mass_2_source",
    "f_220_det",
    "tau_220_det",
)
SPINS = ("chi_1", "chi_2")  # of each body, in draws only: strain tells little of one alone
FARTHEST_MPC = 1e5
PLAIN = 2.0  # standard deviations up to which the chirp mass is drawn as it is
FARTHEST = 14.0  # of the draws, beyond any mass

Floats = NDArray[np.float64]


def physical(raw: Floats, log_mass: Floats, log_mass_sd: Floats, log_distance: Floats) -> Floats:
    """(n, draws, 5) chirp mass, mass ratio, two spins and distance of raw draws of that shape.

    The other arguments, (n,), are the scales of ``strain_features.Summary``. Solar masses in the
    detector frame, Mpc.
    """
    # Clipped before the exponential, which tails of faint events would overflow.
    mass = np.clip(
        log_mass[:, None] + log_mass_sd[:, None] * unstretched(raw[..., 0]),
        *np.log(prior.CHIRP_MASS),
    )
    distance = np.exp(np.clip(log_distance[:, None] + raw[..., 4], -5, np.log(FARTHEST_MPC)))
    return np.stack(
        [
            np.exp(mass),
            prior.ratio_from_normal(raw[..., 1]),
            prior.spin_from_normal(raw[..., 2]),
            prior.spin_from_normal(raw[..., 3]),
            distance,
        ],
        axis=-1,
    )


def stretched(deviation: Floats) -> Floats:
    """ln chirp mass in standard deviations of its rough fit, logarithmic beyond ``PLAIN``.

    Where the best fit may be one of noise, the true mass lies hundreds of deviations away: no
    smooth density over plain ones holds both.
    """
    size = np.abs(deviation)
    far = PLAIN + np.log(np.maximum(size - PLAIN + 1, 1))
    return np.asarray(np.sign(deviation) * np.where(size > PLAIN, far, size))


def unstretched(value: Floats) -> Floats:
    """The inverse of ``stretched``."""
    size = np.minimum(np.abs(value), FARTHEST)
    far = PLAIN - 1 + np.exp(np.maximum(size - PLAIN, 0))
    return np.asarray(np.sign(value) * np.where(size > PLAIN, far, size))


def derived(binary: Floats) -> Floats:
    """(..., 14) the quantities named ``NAMES`` of binaries (..., 5)."""
    chirp_mass, ratio, spin_1, spin_2, distance = np.moveaxis(binary, -1, 0)
    mass_1, mass_2 = component_masses(chirp_mass, ratio)
    total = mass_1 + mass_2
    redshift = cosmology.redshift_at(distance)
    final_mass = remnant.final_mass(total, ratio, spin_1, spin_2)
    final_spin = remnant.final_spin(ratio, spin_1, spin_2)
    frequency, damping = remnant.ringdown_of(final_mass, final_spin)
    return np.stack(
        [
            chirp_mass,
            mass_1,
            mass_2,
            total,
            ratio,
            effective_spin(ratio, spin_1, spin_2),
            final_mass,
            final_spin,
            distance,
            redshift,
            mass_1 / (1 + redshift),
            mass_2 / (1 + redshift),
            frequency,
            damping,
        ],
        axis=-1,
    )
