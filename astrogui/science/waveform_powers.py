"""Sums of powers of frequency for n binaries and k frequencies, each one product of matrices."""

from __future__ import annotations

from typing import Any


def power_sum(
    coefficients: Any, powers: tuple[float, ...], frequency_hz: Any, total_s: Any, xp: Any
) -> Any:
    """Σ c_p (M f)^p, (n, k), of coefficients (n, powers); total mass (n,) as G M / c³ in s."""
    exponent = xp.asarray(powers)
    scaled = coefficients * total_s[:, None] ** exponent
    return scaled @ frequency_hz[None, :] ** exponent[:, None]


def power_log_sum(
    coefficients: Any, powers: tuple[float, ...], frequency_hz: Any, total_s: Any, xp: Any
) -> Any:
    """Σ c_p (M f)^p ln(M f), (n, k)."""
    exponent = xp.asarray(powers)
    scaled = coefficients * total_s[:, None] ** exponent
    power = frequency_hz[None, :] ** exponent[:, None]
    shift = xp.log(total_s)[:, None]
    return scaled @ (power * xp.log(frequency_hz)) + (scaled * shift) @ power


def value_and_slope(
    mf: Any,
    coefficients: Any,
    powers: tuple[float, ...],
    log_coefficients: Any,
    log_powers: tuple[float, ...],
    xp: Any,
) -> tuple[Any, Any]:
    """Both sums together at one M f (n,) per binary, and their slope there, each (n,)."""
    value: Any = 0.0
    slope: Any = 0.0
    for index, power in enumerate(powers):
        value = value + coefficients[:, index] * mf**power
        slope = slope + coefficients[:, index] * power * mf ** (power - 1)
    log = xp.log(mf)
    for index, power in enumerate(log_powers):
        value = value + log_coefficients[:, index] * mf**power * log
        slope = slope + log_coefficients[:, index] * mf ** (power - 1) * (power * log + 1)
    return value, slope
