"""IMRPhenomXAS: a second waveform of merging black holes with aligned spins, beside IMRPhenomD.

The dominant (2, 2) mode from inspiral to ringdown, of Pratten et al. 2020, PRD 102, 064001 ("P20"
below), in the version that its authors recommend: phase of the inspiral with four pseudo-PN terms
on 3.5 PN (104), intermediate and ringdown phase with five (105); amplitudes 103 (inspiral), 104
(intermediate), 103 (ringdown). It was calibrated to many more simulations than IMRPhenomD, with
the spins' difference too. Vectorised over n binaries and k frequencies, with the arguments of
``waveforms.phenom_d``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from astrogui.science import remnant
from astrogui.science.post_newtonian import PHASE_LOG_6, amplitude_terms, phase_terms
from astrogui.science.waveform_powers import power_log_sum, power_sum, value_and_slope
from astrogui.science.waveform_x_fits import Fitted, fitted
from astrogui.science.waveforms import (
    AMPLITUDE_POWERS,
    INSPIRAL_POWERS,
    MEGAPARSEC_SECONDS,
    SOLAR_MASS_SECONDS,
    merger_amplitude,
    merger_peak,
    quartic,
    total_mass,
)

CUT_MF = 0.3  # where the model ends
PHASE_SCALE = 5 / (128 * np.pi ** (5 / 3))  # of the leading term's slope


class Binary(NamedTuple):
    """What the model needs of n binaries, each (n,)."""

    total_s: Any  # G M / c³
    eta: Any
    share_1: Any  # m1 / M >= 1/2
    share_2: Any
    spin_1: Any
    spin_2: Any
    fits: Fitted


def phenom_xas(
    frequency_hz: Any, chirp_mass: Any, mass_ratio: Any, spin_1: Any, spin_2: Any, xp: Any = np
) -> tuple[Any, Any]:
    """(amplitude, phase), each (n, k), of h(f) = amplitude exp(-i phase) at 1 Mpc, face on.

    Parameters (n,): chirp mass in solar masses (detector frame), mass ratio m2 / m1 in (0, 1],
    spins along the orbit in (-1, 1); frequencies (k,) in Hz. The amplitude is strain per hertz of
    h_plus for a face-on binary and peaks at time zero: a merger at time t multiplies by
    exp(-2πi f t). Zero amplitude above M f = 0.3.
    """
    binary = Binary(
        total_s=total_mass(chirp_mass, mass_ratio) * SOLAR_MASS_SECONDS,
        eta=remnant.symmetric_mass_ratio(mass_ratio),
        share_1=1 / (1 + mass_ratio),
        share_2=mass_ratio / (1 + mass_ratio),
        spin_1=spin_1,
        spin_2=spin_2,
        fits=fitted(mass_ratio, spin_1, spin_2, xp),
    )
    mf = binary.total_s[:, None] * frequency_hz[None, :]
    return _amplitude(mf, frequency_hz, binary, xp), _phase(mf, frequency_hz, binary, xp)


# The phase: P20 fits its slope with the opposite sign and times η, here called "steepness", at
# collocation points of three stretches.
LOG_POWERS = (0.0, 1 / 3, 1.0)
MIDDLE_POWERS = (1.0, -1.0, -2.0, -3.0, 0.0)
LATE_POWERS = (1.0, 2 / 3, -1.0, -3.0, 0.0)
INSPIRAL_NODES = (0.0, 1 / 4, 3 / 4, 1.0)
INSPIRAL_NODES_FROM_MF = 0.0026
CHEBYSHEV_NODES = (0.0, 0.5 - 0.5 / np.sqrt(2), 0.5, 0.5 + 0.5 / np.sqrt(2), 1.0)


def _phase(mf: Any, frequency_hz: Any, binary: Binary, xp: Any) -> Any:
    fits, total_s = binary.fits, binary.total_s
    change = 0.6 * (0.5 * fits.ringdown_mf + fits.isco_mf)
    join_1 = fits.meco_mf - 0.03 * (change - fits.meco_mf)
    join_2 = change + 0.015 * (change - fits.meco_mf)
    inspiral, inspiral_log = _inspiral_phase(binary, xp)
    value_1, slope_1 = value_and_slope(
        join_1, inspiral, INSPIRAL_POWERS, inspiral_log, LOG_POWERS, xp
    )
    late, pole, last = _late_phase(change, binary, xp)
    ends = (-binary.eta * slope_1, last)
    middle, log = _middle_phase((join_1, join_2), ends, pole, binary, xp)
    # The middle begins with the inspiral's slope by its first collocation point.
    offset_1 = value_1 - _ringing_at(join_1, middle, log, pole, 2.0, binary, xp)[0]
    value_2, slope_2 = _ringing_at(join_2, middle, log, pole, 2.0, binary, xp)
    late_2, late_slope_2 = _ringing_at(join_2, late, 0 * log, pole, 1.0, binary, xp)
    tilt = slope_2 - late_slope_2
    offset_2 = value_2 + offset_1 - late_2 - tilt * join_2
    time = _time_of_peak(late, tilt, pole, binary, xp)
    none = xp.zeros_like(time)
    inspiral = _with_line(inspiral, INSPIRAL_POWERS, time, none)
    early = power_sum(inspiral, INSPIRAL_POWERS, frequency_hz, total_s, xp)
    early = early + power_log_sum(inspiral_log, LOG_POWERS, frequency_hz, total_s, xp)
    middle = _with_line(middle, MIDDLE_POWERS, time, offset_1)
    between = power_sum(middle, MIDDLE_POWERS, frequency_hz, total_s, xp)
    between = between + power_log_sum(log[:, None], (0.0,), frequency_hz, total_s, xp)
    late = _with_line(late, LATE_POWERS, time + tilt, offset_2)
    after = power_sum(late, LATE_POWERS, frequency_hz, total_s, xp)
    is_late = mf >= join_2[:, None]
    turn = _turn(mf, is_late, pole, binary, xp)
    return xp.where(mf < join_1[:, None], early, xp.where(is_late, after, between) + turn)


def _with_line(coefficients: Any, powers: tuple[float, ...], linear: Any, constant: Any) -> Any:
    """Coefficients (n, powers) with a straight line in M f added, each of its two (n,)."""
    one, zero = (np.equal(powers, power).astype(float) for power in (1.0, 0.0))
    return coefficients + linear[:, None] * one + constant[:, None] * zero


def _inspiral_phase(binary: Binary, xp: Any) -> tuple[Any, Any]:
    """TaylorF2 and the pseudo-PN terms, as coefficients of ``INSPIRAL_POWERS``, ``LOG_POWERS``."""
    eta, pi = binary.eta, np.pi
    bodies = ((binary.share_1, binary.spin_1), (binary.share_2, binary.spin_2))
    known = phase_terms(eta, binary.share_1, binary.share_2, binary.spin_1, binary.spin_2)
    extra_6, extra_7, term_8 = _further_spin_terms(eta, bodies)
    leading = 3 / (128 * eta)
    log_5 = known.term_5 * leading  # of 1 + 3 ln v, v = (π M f)^(1/3)
    log_6 = PHASE_LOG_6 * leading * pi ** (1 / 3) / 3
    log_8 = term_8 * leading * pi
    newtonian = [leading * pi ** (-5 / 3), leading * known.term_2 / pi]
    newtonian += [leading * known.term_3 * pi ** (-2 / 3), leading * known.term_4 * pi ** (-1 / 3)]
    newtonian += [log_5 * (1 + np.log(pi))]
    newtonian += [leading * (known.term_6 + extra_6) * pi ** (1 / 3) + log_6 * np.log(pi)]
    newtonian += [leading * (known.term_7 + extra_7) * pi ** (2 / 3)]
    pseudo = _pseudo_terms(binary, xp)
    further = [
        -PHASE_SCALE * pseudo[:, j] / eta * w for j, w in enumerate((1, 3 / 4, 3 / 5, 1 / 2))
    ]
    further[0] = further[0] + log_8 * (np.log(pi) - 1)
    return xp.stack(newtonian + further, axis=-1), xp.stack([log_5, log_6, log_8], axis=-1)


def _further_spin_terms(eta: Any, bodies: Any) -> tuple[Any, Any, Any]:
    """Spins squared and cubed in v^6 and v^7, and the tail in v^8: P20, appendix."""
    (m_1, s_1), (m_2, s_2) = bodies
    both, product = s_1 + s_2, s_1 * s_2
    weighted = m_1 * s_1 + m_2 * s_2
    apart = (m_1 - m_2) * (s_1 - s_2)
    squares = m_1**2 * s_1**2 + m_2**2 * s_2**2
    term_6 = 20 * eta * product * (11763 + 12488 * eta) + 7 * sum(
        (30206 * m**2 - 26320 * m * eta - 9808 * eta**2) * s**2 for m, s in bodies
    )
    cubes = sum((29170 * m - 5 * (5834 + 5970 * m) * eta) * s**3 for m, s in bodies)
    cubes = cubes + 84390 * eta * product * weighted
    cubes = cubes + 40 * both * (17 * (s_1**2 + s_2**2) - 14 * product) * eta**2
    term_7 = cubes / 48 - 10 * np.pi * (57 * squares + 110 * eta * product)
    linear = 2526282 * weighted - 2 * (794075 * both + 178533 * apart) * eta
    term_8 = -5 / 9072 * np.pi * (linear + 94344 * both * eta**2)
    return term_6 * 5 / 4032, term_7, term_8


def _pseudo_terms(binary: Binary, xp: Any) -> Any:
    """(n, 4) coefficients of powers j / 3 of M f in the steepness over its scale."""
    values = binary.fits.values
    third = values["inspiral_phase_2"]
    wanted = [
        values["inspiral_phase_0_less"] + third,
        values["inspiral_phase_1_less"] + third,
        third,
        values["inspiral_phase_3_less"] + third,
    ]
    nodes = _nodes(INSPIRAL_NODES, INSPIRAL_NODES_FROM_MF, 1.02 * binary.fits.meco_mf, xp)
    basis = [nodes ** (j / 3) for j in range(4)]
    return _collocated(basis, xp.stack(wanted, axis=-1), xp)


def _nodes(shares: tuple[float, ...], low: Any, high: Any, xp: Any) -> Any:
    """(n, nodes) places at shares of the way from one M f to another."""
    return xp.stack([low + share * (high - low) for share in shares], axis=-1)


def _collocated(basis: list[Any], wanted: Any, xp: Any) -> Any:
    """(n, m) coefficients with which m functions, (n, m) at the nodes, sum to values (n, m)."""
    return xp.linalg.solve(xp.stack(basis, axis=-1), wanted[..., None])[..., 0]


def _late_phase(change: Any, binary: Binary, xp: Any) -> tuple[Any, Any, Any]:
    """Of merger and ringdown: coefficients of ``LATE_POWERS``, of the pole, first steepness.

    The steepness has powers 0, -1/3, -2 and -4 and a pole, c / (width² + (M f - centre)²).
    """
    values, centre, width = binary.fits.values, binary.fits.ringdown_mf, binary.fits.damping_mf
    fourth = values["ringdown_phase_3"]
    second = values["ringdown_phase_1_less"] + fourth
    first = values["ringdown_phase_0_less"] + second
    wanted = [first, second, values["ringdown_phase_2_less"] + fourth, fourth]
    wanted += [values["ringdown_phase_4_less"] + fourth]
    # The fourth node is the ringdown frequency itself.
    around = (*CHEBYSHEV_NODES[:3], CHEBYSHEV_NODES[4])
    nodes = _nodes(around, change, centre + 1.25 * width, xp)
    nodes = xp.concatenate([nodes[:, :3], centre[:, None], nodes[:, 3:]], axis=1)
    near = 1 / (width[:, None] ** 2 + (nodes - centre[:, None]) ** 2)
    basis = [xp.ones_like(nodes), nodes ** (-1 / 3), nodes**-2, nodes**-4, -PHASE_SCALE * near]
    c_0, c_1, c_2, c_4, ring = _collocated(basis, xp.stack(wanted, axis=-1), xp).T
    pole = -PHASE_SCALE * ring
    terms = [c_0, 1.5 * c_1, -c_2, -c_4 / 3, xp.zeros_like(c_0)]
    return -xp.stack(terms, axis=-1) / binary.eta[:, None], pole, first


def _middle_phase(
    joins: tuple[Any, Any], steepness: tuple[Any, Any], pole: Any, binary: Binary, xp: Any
) -> tuple[Any, Any]:
    """Between: coefficients of ``MIDDLE_POWERS`` and of ln(M f), beside a pole twice as broad."""
    values, centre, width = binary.fits.values, binary.fits.ringdown_mf, binary.fits.damping_mf
    fourth = values["ringdown_phase_3"]
    third = values["intermediate_phase_2_less"] + fourth
    second = 0.75 * (values["intermediate_phase_1_less"] + fourth)
    second = second + 0.25 * values["intermediate_phase_1"]
    wanted = [steepness[0], second, third, values["intermediate_phase_3_less"] + third]
    nodes = _nodes(CHEBYSHEV_NODES, *joins, xp)
    broad = 4 * pole[:, None] / (4 * width[:, None] ** 2 + (nodes - centre[:, None]) ** 2)
    wanted = xp.stack([*wanted, steepness[1]], axis=-1) - broad
    powers = [(centre[:, None] / nodes) ** j for j in range(5)]
    b = _collocated(powers, wanted, xp).T
    terms = [b[0], -b[2] * centre**2, -b[3] * centre**3 / 2, -b[4] * centre**4 / 3, 0 * b[0]]
    return -xp.stack(terms, axis=-1) / binary.eta[:, None], -b[1] * centre / binary.eta


def _ringing_at(
    mf: Any, terms: Any, log: Any, pole: Any, broader: float, binary: Binary, xp: Any
) -> tuple[Any, Any]:
    """Value and slope of the middle (its pole twice as broad) or late phase, each (n,)."""
    powers = LATE_POWERS if broader == 1 else MIDDLE_POWERS
    value, slope = value_and_slope(mf, terms, powers, log[:, None], (0.0,), xp)
    width = broader * binary.fits.damping_mf
    place = (mf - binary.fits.ringdown_mf) / width
    height = -pole * broader**2 / (width * binary.eta)
    return value + height * xp.arctan(place), slope + height / (width * (1 + place**2))


def _turn(mf: Any, is_late: Any, pole: Any, binary: Binary, xp: Any) -> Any:
    """The pole's part of the phase, (n, k)."""
    broader = xp.where(is_late, 1.0, 2.0)
    height = -pole / (binary.fits.damping_mf * binary.eta)
    place = (mf - binary.fits.ringdown_mf[:, None]) / binary.fits.damping_mf[:, None]
    return height[:, None] * broader * xp.arctan(place / broader)


def _time_of_peak(late: Any, tilt: Any, pole: Any, binary: Binary, xp: Any) -> Any:
    """What to add to the phase's slope (n,) so that the strain peaks at time zero.

    The slope at a frequency by the ringdown is a fit, made for the peak of psi4 at 500 M before
    the end of simulations, and a second one for the time from that peak to the strain's.
    """
    fits = binary.fits
    at = fits.ringdown_mf - fits.damping_mf
    _, slope = _ringing_at(at, late, xp.zeros_like(at), pole, 1.0, binary, xp)
    wanted = 2 * np.pi * (500 + fits.values["psi4_time"]) - fits.values["late_time"]
    return wanted - slope - tilt


# The amplitude: three stretches, joined between the orbits of minimum energy and of last
# stability, and at the peak.
MIDDLE_AMPLITUDE_POWERS = tuple(power - 7 / 6 for power in range(5))
AMPLITUDE_NODES = (0.5, 0.75, 1.0)
# From values at nodes to coefficients of powers 7/3, 8/3 and 3 of M f over the join's.
_FROM_NODES = np.linalg.inv([[node**p for p in AMPLITUDE_POWERS[6:]] for node in AMPLITUDE_NODES])


def _amplitude(mf: Any, frequency_hz: Any, binary: Binary, xp: Any) -> Any:
    total_s, fits = binary.total_s, binary.fits
    join = fits.meco_mf + 0.25 * (fits.isco_mf - fits.meco_mf)
    inspiral = _inspiral_amplitude(join, binary, xp)
    early = power_sum(inspiral, AMPLITUDE_POWERS, frequency_hz, total_s, xp)
    lorentzian, peak = _lorentzian(binary, xp)
    bridge = _bridge(inspiral, join, lorentzian, peak, binary, xp)
    inverse = power_sum(bridge, MIDDLE_AMPLITUDE_POWERS, frequency_hz, total_s, xp)
    is_early, is_late = mf < join[:, None], mf >= peak[:, None]
    middle = 1 / xp.where(is_early | is_late, 1.0, inverse)
    late = merger_amplitude(mf, tuple(value[:, None] for value in lorentzian), xp)
    shape = xp.where(is_late, late, xp.where(is_early, early, middle))
    scale = np.sqrt(2 / 3 * 5 / 16) * np.pi ** (-2 / 3)
    scale = scale * xp.sqrt(binary.eta) * total_s ** (5 / 6) / MEGAPARSEC_SECONDS
    newtonian = scale[:, None] * frequency_hz[None, :] ** (-7 / 6)
    return xp.where(mf < CUT_MF, shape * newtonian, 0.0)


def _inspiral_amplitude(join: Any, binary: Binary, xp: Any) -> Any:
    """Coefficients of ``AMPLITUDE_POWERS`` over the Newtonian amplitude."""
    eta, pi = binary.eta, np.pi
    delta = binary.share_1 - binary.share_2
    term_2, term_3, term_4 = amplitude_terms(eta, delta, binary.spin_1, binary.spin_2)
    term_5, term_6 = _late_amplitude_terms(binary)
    known = [xp.ones_like(eta), term_2 * pi ** (2 / 3), term_3 * pi, term_4 * pi ** (4 / 3)]
    known += [term_5 * pi ** (5 / 3), term_6 * pi**2]
    values = [binary.fits.values[f"inspiral_amplitude_{node}"] for node in range(3)]
    pseudo = xp.stack(values, axis=-1) @ xp.asarray(_FROM_NODES.T)
    pseudo = pseudo / join[:, None] ** xp.asarray(AMPLITUDE_POWERS[6:])
    return xp.concatenate([xp.stack(known, axis=-1), pseudo], axis=-1)


def _late_amplitude_terms(binary: Binary) -> tuple[Any, Any]:
    """Of v^5 and v^6."""
    eta, pi, s_1, s_2 = binary.eta, np.pi, binary.spin_1, binary.spin_2
    m_1, m_2 = binary.share_1, binary.share_2
    both, product, squares = s_1 + s_2, s_1 * s_2, s_1**2 + s_2**2
    apart = (m_1 - m_2) * (s_1 - s_2)
    squares_apart = (m_1 - m_2) * (s_1**2 - s_2**2)
    term_5 = (
        287213 * (both + apart) - 4 * (93414 * both + 2083 * apart) * eta - 35632 * both * eta**2
        + 12096 * (m_1**3 * s_1**3 + m_2**3 * s_2**3) + 42840 * (4 * eta - 1) * pi
    ) / 32256  # fmt: skip
    at_once = -1242641879927 - 1397088 * (147117 * (squares + squares_apart))
    at_once = at_once - 1397088 * 60928 * pi * (both + apart)
    linear = 545384828789 - 77616 * (
        638642 * product - 158633 * squares + 282718 * squares_apart
        - 107520 * pi * both + 275520 * pi**2
    )  # fmt: skip
    quadratic = 28 * (-3248849057 + 11088 * (163199 * squares - 266498 * product))
    term_6 = at_once + 12 * eta * (linear + quadratic * eta + 27026893936 * eta**2)
    return term_5, term_6 / 60085960704


def _lorentzian(binary: Binary, xp: Any) -> tuple[tuple[Any, Any, Any, Any], Any]:
    """What ``merger_amplitude`` takes, and the M f of its peak."""
    fits = binary.fits
    gamma_2, gamma_3 = fits.values["gamma_2"], fits.values["gamma_3"]
    peak = merger_peak(fits.ringdown_mf, fits.damping_mf, gamma_2, gamma_3, xp)
    width = fits.damping_mf * gamma_3
    away = peak - fits.ringdown_mf
    height = fits.values["peak_amplitude"] * xp.exp(away * gamma_2 / width) * (away**2 + width**2)
    return (height, width, gamma_2 / width, fits.ringdown_mf), peak


def _bridge(inspiral: Any, join: Any, lorentzian: Any, peak: Any, binary: Binary, xp: Any) -> Any:
    """(n, 5) of the polynomial whose inverse is the amplitude between."""
    none = inspiral[:, :0]
    first, first_slope = value_and_slope(join, inspiral, AMPLITUDE_POWERS, none, (), xp)
    _, width, decay, centre = lorentzian
    last = merger_amplitude(peak, lorentzian, xp)
    last_slope = -last * (decay + 2 * (peak - centre) / ((peak - centre) ** 2 + width**2))
    ends = []
    for mf, value, slope in ((join, first, first_slope), (peak, last, last_slope)):
        inverse = mf ** (7 / 6) / value
        ends.append((inverse, inverse * (7 / 6 / mf - slope / value)))
    middle = 1 / binary.fits.values["intermediate_amplitude"]
    return quartic(join, peak, ends[0], middle, ends[1], xp)
