"""Gravitational waves of merging black holes with aligned spins, in the frequency domain.

The model is IMRPhenomD, the dominant (2, 2) mode of a quasi-circular binary from inspiral to
ringdown, written from Khan et al. 2016, PRD 93, 044007 ("K16" below) and, for its post-Newtonian
part, Husa et al. 2016, PRD 93, 044006. Everything is vectorised over n binaries and k frequencies;
the smooth parts are sums of products coefficient(binary) x power(frequency), hence one matrix
product. ``xp`` is the array namespace: numpy at run time, jax.numpy on a GPU.
"""

from __future__ import annotations

from math import comb
from typing import Any, NamedTuple

import numpy as np

from astrogui.science import remnant
from astrogui.science.post_newtonian import PHASE_LOG_6, amplitude_terms, phase_terms
from astrogui.science.waveform_coefficients import PHENOM_D
from astrogui.science.waveform_powers import power_log_sum, power_sum, value_and_slope

SOLAR_MASS_SECONDS = remnant.SOLAR_MASS_SECONDS
MEGAPARSEC_SECONDS = 3.085677581491367e22 / 299792458.0
CUT_MF = 0.2  # K16 section VII: the model ends at M f = 0.2


class Binary(NamedTuple):
    """What the model needs of n binaries, each (n,): masses as G M / c³ in seconds."""

    total_s: Any
    eta: Any
    share_1: Any  # m1 / M >= 1/2
    share_2: Any
    spin_1: Any
    spin_2: Any
    ringdown_mf: Any
    damping_mf: Any
    fitted: Any  # (n, 19), K16 eq. (31)


def total_mass(chirp_mass: Any, mass_ratio: Any) -> Any:
    """m1 + m2 of a chirp mass and q = m2 / m1."""
    return chirp_mass * remnant.symmetric_mass_ratio(mass_ratio) ** -0.6


def component_masses(chirp_mass: Any, mass_ratio: Any) -> tuple[Any, Any]:
    """(m1, m2) with m1 >= m2, in the unit of the chirp mass."""
    total = total_mass(chirp_mass, mass_ratio)
    return total / (1 + mass_ratio), total * mass_ratio / (1 + mass_ratio)


def effective_spin(mass_ratio: Any, spin_1: Any, spin_2: Any) -> Any:
    """χ_eff, the mass-weighted mean of the aligned spins."""
    return (spin_1 + mass_ratio * spin_2) / (1 + mass_ratio)


def phenom_d(
    frequency_hz: Any, chirp_mass: Any, mass_ratio: Any, spin_1: Any, spin_2: Any, xp: Any = np
) -> tuple[Any, Any]:
    """(amplitude, phase), each (n, k), of h(f) = amplitude exp(-i phase) at 1 Mpc, face on.

    Parameters (n,): chirp mass in solar masses (detector frame), mass ratio m2 / m1 in (0, 1],
    spins along the orbit in [-1, 1]; frequencies (k,) in Hz. The amplitude is strain per hertz of
    h_plus for a face-on binary and peaks at time zero: a merger at time t multiplies by
    exp(-2πi f t). Zero amplitude above M f = 0.2.
    """
    binary = describe(chirp_mass, mass_ratio, spin_1, spin_2, xp)
    mf = binary.total_s[:, None] * frequency_hz[None, :]
    amplitude = _amplitude(mf, frequency_hz, binary, xp)
    phase = _phase(mf, frequency_hz, binary, xp)
    return amplitude, phase - 2 * np.pi * _peak_time(binary, xp)[:, None] * frequency_hz[None, :]


def describe(chirp_mass: Any, mass_ratio: Any, spin_1: Any, spin_2: Any, xp: Any = np) -> Binary:
    """The model's coefficients for n binaries."""
    eta = remnant.symmetric_mass_ratio(mass_ratio)
    share_1, share_2 = 1 / (1 + mass_ratio), mass_ratio / (1 + mass_ratio)
    radiated = remnant.radiated_energy(mass_ratio, spin_1, spin_2)
    frequency, damping = remnant.ringdown(remnant.final_spin(mass_ratio, spin_1, spin_2), xp)
    # K16 eq. (4): the spin combination of leading post-Newtonian effect, normalised by its range.
    reduced = share_1 * spin_1 + share_2 * spin_2 - 38 * eta / 113 * (spin_1 + spin_2)
    spin_powers = [(reduced - 1) ** power for power in (1, 2, 3)]
    terms = [xp.ones_like(eta), eta]
    for power in spin_powers:
        terms += [power, power * eta, power * eta**2]
    return Binary(
        total_s=total_mass(chirp_mass, mass_ratio) * SOLAR_MASS_SECONDS,
        eta=eta,
        share_1=share_1,
        share_2=share_2,
        spin_1=spin_1,
        spin_2=spin_2,
        ringdown_mf=frequency / (1 - radiated),
        damping_mf=damping / (1 - radiated),
        fitted=xp.stack(terms, axis=-1) @ xp.asarray(PHENOM_D.T),
    )


# The phase: three stretches of frequency, joined with equal value and slope at 0.018 and at half
# the ringdown frequency (K16 section V). Each stretch is a sum over the powers listed here.
INSPIRAL_POWERS = (-5 / 3, -1.0, -2 / 3, -1 / 3, 0.0, 1 / 3, 2 / 3, 1.0, 4 / 3, 5 / 3, 2.0)
LOG_POWERS = (0.0, 1 / 3)
PHASE_JOIN_MF = 0.018


def _phase(mf: Any, frequency_hz: Any, binary: Binary, xp: Any) -> Any:
    inspiral, inspiral_log = _inspiral_phase(binary, xp)
    early = power_sum(inspiral, INSPIRAL_POWERS, frequency_hz, binary.total_s, xp)
    early = early + power_log_sum(inspiral_log, LOG_POWERS, frequency_hz, binary.total_s, xp)
    join_1 = xp.full_like(binary.eta, PHASE_JOIN_MF)
    join_2 = 0.5 * binary.ringdown_mf
    value_1, slope_1 = value_and_slope(
        join_1, inspiral, INSPIRAL_POWERS, inspiral_log, LOG_POWERS, xp
    )
    middle_1, middle_slope_1 = _intermediate_at(join_1, binary, xp)
    tilt_1 = slope_1 - middle_slope_1
    offset_1 = value_1 - middle_1 - tilt_1 * join_1
    middle_2, middle_slope_2 = _intermediate_at(join_2, binary, xp)
    late_2, late_slope_2 = _merger_at(join_2, binary, xp)
    tilt_2 = middle_slope_2 + tilt_1 - late_slope_2
    offset_2 = middle_2 + tilt_1 * join_2 + offset_1 - late_2 - tilt_2 * join_2
    middle = _intermediate(mf, frequency_hz, binary, offset_1, tilt_1, xp)
    late = _merger(mf, frequency_hz, binary, offset_2, tilt_2, xp)
    return xp.where(mf < PHASE_JOIN_MF, early, xp.where(mf < join_2[:, None], middle, late))


def _inspiral_phase(binary: Binary, xp: Any) -> tuple[Any, Any]:
    """TaylorF2 to 3.5 PN with K16's four further terms: coefficients of powers of M f.

    Source: K16 appendix B and eq. (28).
    """
    eta, pi = binary.eta, np.pi
    known = phase_terms(eta, binary.share_1, binary.share_2, binary.spin_1, binary.spin_2)
    _, term_3, term_4, term_5, term_6, term_7 = known
    leading = 3 / (128 * eta)
    log_5 = 3 * term_5 * leading / 3  # of ln v = ln(π M f) / 3
    log_6 = PHASE_LOG_6 * leading * pi ** (1 / 3) / 3
    sigma = binary.fitted[:, 7:11]
    newtonian = [leading * pi ** (-5 / 3), leading * known.term_2 / pi]
    newtonian += [leading * term_3 * pi ** (-2 / 3), leading * term_4 * pi ** (-1 / 3)]
    newtonian += [leading * term_5 - pi / 4 + log_5 * np.log(pi)]
    newtonian += [leading * term_6 * pi ** (1 / 3) + log_6 * np.log(pi)]
    newtonian += [leading * term_7 * pi ** (2 / 3)]
    further = [sigma[:, j] / eta * weight for j, weight in enumerate((1, 3 / 4, 3 / 5, 1 / 2))]
    return xp.stack(newtonian + further, axis=-1), xp.stack([log_5, log_6], axis=-1)


def _intermediate(
    mf: Any, frequency_hz: Any, binary: Binary, offset: Any, tilt: Any, xp: Any
) -> Any:
    """K16 eq. (16), integrated: the phase between the two joins."""
    beta, eta = binary.fitted[:, 11:14], binary.eta
    coefficients = xp.stack([beta[:, 0] / eta + tilt, -beta[:, 2] / (3 * eta), offset], axis=-1)
    total = power_sum(coefficients, (1.0, -3.0, 0.0), frequency_hz, binary.total_s, xp)
    log = (beta[:, 1] / eta)[:, None]
    return total + power_log_sum(log, (0.0,), frequency_hz, binary.total_s, xp)


def _intermediate_at(mf: Any, binary: Binary, xp: Any) -> tuple[Any, Any]:
    beta, eta = binary.fitted[:, 11:14].T, binary.eta
    value = (beta[0] * mf + beta[1] * xp.log(mf) - beta[2] * mf**-3 / 3) / eta
    return value, (beta[0] + beta[1] / mf + beta[2] * mf**-4) / eta


def _merger(mf: Any, frequency_hz: Any, binary: Binary, offset: Any, tilt: Any, xp: Any) -> Any:
    """K16 eq. (14), integrated: the phase of merger and ringdown."""
    alpha, eta = binary.fitted[:, 14:19], binary.eta
    coefficients = [alpha[:, 0] / eta + tilt, -alpha[:, 1] / eta, 4 / 3 * alpha[:, 2] / eta, offset]
    total = power_sum(
        xp.stack(coefficients, axis=-1), (1.0, -1.0, 0.75, 0.0), frequency_hz, binary.total_s, xp
    )
    centre = (alpha[:, 4] * binary.ringdown_mf)[:, None]
    turn = xp.arctan((mf - centre) / binary.damping_mf[:, None])
    return total + (alpha[:, 3] / eta)[:, None] * turn


def _merger_at(mf: Any, binary: Binary, xp: Any) -> tuple[Any, Any]:
    alpha, eta = binary.fitted[:, 14:19].T, binary.eta
    place = (mf - alpha[4] * binary.ringdown_mf) / binary.damping_mf
    value = alpha[0] * mf - alpha[1] / mf + 4 / 3 * alpha[2] * mf**0.75
    slope = alpha[0] + alpha[1] / mf**2 + alpha[2] * mf**-0.25
    slope = slope + alpha[3] / (binary.damping_mf * (1 + place**2))
    return (value + alpha[3] * xp.arctan(place)) / eta, slope / eta


def _peak_time(binary: Binary, xp: Any) -> Any:
    """Slope of the raw merger phase at the amplitude's peak, as a time in seconds, (n,)."""
    _, slope = _merger_at(_peak_mf(binary, xp), binary, xp)
    return slope * binary.total_s / (2 * np.pi)


# The amplitude: three stretches joined at 0.014 and at the peak (K16 section VI).
AMPLITUDE_POWERS = (0.0, 2 / 3, 1.0, 4 / 3, 5 / 3, 2.0, 7 / 3, 8 / 3, 3.0)
AMPLITUDE_JOIN_MF = 0.014


def _amplitude(mf: Any, frequency_hz: Any, binary: Binary, xp: Any) -> Any:
    inspiral = _inspiral_amplitude(binary, xp)
    early = power_sum(inspiral, AMPLITUDE_POWERS, frequency_hz, binary.total_s, xp)
    peak = _peak_mf(binary, xp)
    bridge = _bridge(inspiral, peak, binary, xp)
    middle = power_sum(bridge, (0.0, 1.0, 2.0, 3.0, 4.0), frequency_hz, binary.total_s, xp)
    late = merger_amplitude(mf, tuple(value[:, None] for value in _lorentzian(binary)), xp)
    shape = xp.where(mf < AMPLITUDE_JOIN_MF, early, xp.where(mf < peak[:, None], middle, late))
    scale = np.sqrt(2 / 3 * 5 / 16) * np.pi ** (-2 / 3)
    scale = scale * xp.sqrt(binary.eta) * binary.total_s ** (5 / 6) / MEGAPARSEC_SECONDS
    newtonian = scale[:, None] * frequency_hz[None, :] ** (-7 / 6)
    return xp.where(mf < CUT_MF, shape * newtonian, 0.0)


def _inspiral_amplitude(binary: Binary, xp: Any) -> Any:
    """Coefficients of powers of M f over the Newtonian amplitude: K16 appendix B, (B1-B8)."""
    eta, pi, s_1, s_2 = binary.eta, np.pi, binary.spin_1, binary.spin_2
    delta = binary.share_1 - binary.share_2
    term_2, term_3, term_4 = amplitude_terms(eta, delta, s_1, s_2)
    term_5 = (
        s_2 * (285197 * (1 - delta) + 4 * (-91902 + 1579 * delta) * eta - 35632 * eta**2)
        + s_1 * (285197 * (1 + delta) - 4 * (91902 + 1579 * delta) * eta - 35632 * eta**2)
        + 42840 * (-1 + 4 * eta) * pi
    ) / 32256  # fmt: skip
    spins = 2943675504 * (s_1**2 + s_2**2) - 3339284256 * s_1 * s_2
    at_once = -177520268561 + 107414046432 * (s_1**2 * (1 + delta) + s_2**2 * (1 - delta))
    at_once = at_once + 11087290368 * pi * (s_1 * (1 + delta) + s_2 * (1 - delta))
    linear = (
        -545384828789 - 176491177632 * s_1 * s_2 + 5841690624 * (s_1 + s_2) * pi
        + s_1**2 * (202603761360 + 77287373856 * delta)
        + s_2**2 * (202603761360 - 77287373856 * delta) + 21384760320 * pi**2
    )  # fmt: skip
    term_6 = (
        336 * (-3248849057 + spins) * eta**2 + 324322727232 * eta**3
        + 7 * at_once - 12 * eta * linear
    ) / 60085960704  # fmt: skip
    known = [xp.ones_like(eta), term_2 * pi ** (2 / 3), term_3 * pi, term_4 * pi ** (4 / 3)]
    known += [term_5 * pi ** (5 / 3), term_6 * pi**2]
    return xp.concatenate([xp.stack(known, axis=-1), binary.fitted[:, 0:3]], axis=-1)


def _lorentzian(binary: Binary) -> tuple[Any, Any, Any, Any]:
    """(height, width, decay rate, centre) of the ringdown's amplitude, each (n,)."""
    width = binary.damping_mf * binary.fitted[:, 6]
    return binary.fitted[:, 4] * width, width, binary.fitted[:, 5] / width, binary.ringdown_mf


def merger_amplitude(mf: Any, lorentzian: tuple[Any, Any, Any, Any], xp: Any) -> Any:
    """K16 eq. (19)."""
    height, width, decay, centre = lorentzian
    away = mf - centre
    # Far from its centre this stretch is not used; denormal numbers there would cost time.
    return height * xp.exp(xp.clip(-away * decay, -60, 60)) / (away**2 + width**2)


def _peak_mf(binary: Binary, xp: Any) -> Any:
    gamma_2, gamma_3 = binary.fitted[:, 5], binary.fitted[:, 6]
    return merger_peak(binary.ringdown_mf, binary.damping_mf, gamma_2, gamma_3, xp)


def merger_peak(ringdown_mf: Any, damping_mf: Any, gamma_2: Any, gamma_3: Any, xp: Any) -> Any:
    """M f of the peak of ``merger_amplitude``, K16 eq. (20)."""
    root = xp.where(gamma_2 >= 1, 0.0, xp.sqrt(xp.clip(1 - gamma_2**2, 0, None)))
    return xp.abs(ringdown_mf + damping_mf * (root - 1) * gamma_3 / gamma_2)


def _bridge(inspiral: Any, peak: Any, binary: Binary, xp: Any) -> Any:
    """The quartic in M f between the joins, (n, 5): K16 eqs. (21)-(26).

    It meets both neighbours with value and slope, and the fitted value v_2 half way.
    """
    low = AMPLITUDE_JOIN_MF
    powers = xp.asarray(AMPLITUDE_POWERS)
    value_1 = (inspiral * low**powers).sum(-1)
    slope_1 = (inspiral * powers * low ** (powers - 1)).sum(-1)
    lorentzian = _lorentzian(binary)
    height_3 = merger_amplitude(peak, lorentzian, xp)
    away = peak - lorentzian[3]
    slope_3 = height_3 * (-lorentzian[2] - 2 * away / (away**2 + lorentzian[1] ** 2))
    known = (value_1, slope_1), binary.fitted[:, 3], (height_3, slope_3)
    return quartic(low, peak, *known, xp)


def quartic(low: Any, high: Any, first: Any, middle: Any, last: Any, xp: Any) -> Any:
    """(n, 5) of the quartic in M f with (value, slope) at two places and a value half way."""
    # In x = (M f - low) / (high - low) the five conditions have constant coefficients.
    span = high - low
    known = xp.stack([first[0], first[1] * span, middle, last[0], last[1] * span], -1)
    in_x = known @ xp.asarray(_QUARTIC.T)
    shift = -low / span
    result = []
    for power in range(5):
        total: Any = 0.0
        for higher in range(power, 5):
            binomial = comb(higher, power)
            total = total + in_x[:, higher] * binomial * shift ** (higher - power)
        result.append(total / span**power)
    return xp.stack(result, axis=-1)


_QUARTIC = np.linalg.inv(
    np.array(
        [
            [1, 0, 0, 0, 0],  # value at x = 0
            [0, 1, 0, 0, 0],  # slope there
            [1, 0.5, 0.25, 0.125, 0.0625],  # value half way
            [1, 1, 1, 1, 1],  # value at x = 1
            [0, 1, 2, 3, 4],  # slope there
        ]
    )
)
