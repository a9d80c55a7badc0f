"""Gravitational lensing by a galaxy: where light from behind it appears, and how much of it.

The lens is a singular isothermal ellipsoid in an external shear (Kormann, Schneider & Bartelmann
1994, A&A 284, 285; the deflection in closed form as in Keeton 2001, astro-ph/0102341, section 3.2).
Its convergence is einstein_radius / (2 sqrt(q x² + y² / q)), x along the major axis: the Einstein
radius is that of the circle whose area equals the ellipse within which the mean convergence is one,
so it does not change with the axis ratio q. Angles run from +x towards +y in radians; lengths have
any one unit. Every function takes its array namespace (numpy or jax.numpy) first and broadcasts:
parameters of shape (n, 1, 1) and positions of shape (ny, nx) give (n, ny, nx).
"""

from __future__ import annotations

from typing import Any

LEAST_FLATTENING = 1e-4  # 1 - q below it is a sphere: the closed form divides by sqrt(1 - q²)


def sie_deflection(
    xp: Any, x: Any, y: Any, einstein_radius: Any, axis_ratio: Any, angle: Any
) -> tuple[Any, Any]:
    """Deflection (x, y) at positions relative to the lens; axis_ratio in (0, 1]."""
    q = xp.minimum(axis_ratio, 1.0 - LEAST_FLATTENING)
    cosine, sine = xp.cos(angle), xp.sin(angle)
    along = x * cosine + y * sine
    across = y * cosine - x * sine
    flattening = xp.sqrt(1.0 - q**2)
    radius = xp.sqrt(q**2 * along**2 + across**2) + 1e-9
    scale = einstein_radius * xp.sqrt(q) / flattening
    major = scale * xp.arctan(flattening * along / radius)
    minor = scale * xp.arctanh(xp.clip(flattening * across / radius, -1 + 1e-7, 1 - 1e-7))
    return major * cosine - minor * sine, major * sine + minor * cosine


def sie_convergence(
    xp: Any, x: Any, y: Any, einstein_radius: Any, axis_ratio: Any, angle: Any
) -> Any:
    """Surface density over the critical one at positions relative to the lens."""
    cosine, sine = xp.cos(angle), xp.sin(angle)
    along = x * cosine + y * sine
    across = y * cosine - x * sine
    radius = xp.sqrt(axis_ratio * along**2 + across**2 / axis_ratio)
    return einstein_radius / (2.0 * radius)


def shear_deflection(xp: Any, x: Any, y: Any, shear: Any, angle: Any) -> tuple[Any, Any]:
    """Deflection by a constant shear whose stretching axis lies at `angle`."""
    plus, cross = shear * xp.cos(2 * angle), shear * xp.sin(2 * angle)
    return plus * x + cross * y, cross * x - plus * y


def source_position(xp: Any, x: Any, y: Any, lens: dict[str, Any]) -> tuple[Any, Any]:
    """Where in the source plane the light seen at (x, y) comes from, relative to the lens.

    `lens` holds einstein_radius, axis_ratio, angle and, where there is one, shear and shear_angle.
    """
    deflected_x, deflected_y = sie_deflection(
        xp, x, y, lens["einstein_radius"], lens["axis_ratio"], lens["angle"]
    )
    if "shear" in lens:
        sheared_x, sheared_y = shear_deflection(xp, x, y, lens["shear"], lens["shear_angle"])
        deflected_x, deflected_y = deflected_x + sheared_x, deflected_y + sheared_y
    return x - deflected_x, y - deflected_y


def sersic(
    xp: Any, x: Any, y: Any, half_light_radius: Any, index: Any, axis_ratio: Any, angle: Any
) -> Any:
    """Surface brightness of a Sérsic profile of unit flux, at positions relative to its centre.

    `half_light_radius` is that of the circle of the same area. Sérsic 1968; the constant b by
    Ciotti & Bertin 1999, A&A 352, 447, eq. (18), the flux by Graham & Driver 2005, PASA 22, 118,
    eq. (2). Valid for 0.36 < index < 10.
    """
    cosine, sine = xp.cos(angle), xp.sin(angle)
    along = x * cosine + y * sine
    across = y * cosine - x * sine
    squared = (along**2 * axis_ratio + across**2 / axis_ratio) / half_light_radius**2
    b = sersic_b(index)
    central = b ** (2 * index) / (
        2 * xp.pi * index * half_light_radius**2 * xp.exp(_log_gamma(xp, 2 * index))
    )
    return central * xp.exp(-b * (squared + 1e-12) ** (0.5 / index))


def sersic_b(index: Any) -> Any:
    """The constant that puts half the light of a Sérsic profile within its half-light radius."""
    return 2 * index - 1 / 3 + 4 / (405 * index) + 46 / (25515 * index**2)


def _log_gamma(xp: Any, z: Any) -> Any:
    """ln Γ(z) for z > 0.5 by Stirling's series after six steps up; relative error below 1e-9."""
    shifted = z + 6.0
    series = 1 / (12 * shifted) - 1 / (360 * shifted**3) + 1 / (1260 * shifted**5)
    stirling = (shifted - 0.5) * xp.log(shifted) - shifted + 0.5 * xp.log(2 * xp.pi) + series
    steps = z * (z + 1) * (z + 2) * (z + 3) * (z + 4) * (z + 5)
    return stirling - xp.log(steps)
