"""What a simulated lens field is made of, and the light of each component.

A field is a list of components, each a Sérsic profile or a curved feature with a magnitude in each
band. Positions and sizes are arcsec.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from astrogui.science import lensing

ZERO_POINT = 25.0  # AB magnitude of one unit of flux
BANDS = ("g", "r", "i")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One Sérsic component; `arms` makes it a spiral: (number, pitch, contrast, phase)."""

    x: float
    y: float
    radius: float  # half light
    index: float
    axis_ratio: float
    angle: float
    magnitude: tuple[float, float, float]  # g, r, i; AB
    arms: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A ring or a part of one: Gaussian across its elliptical radius and along its angle."""

    x: float
    y: float
    radius: float
    width: float
    axis_ratio: float
    angle: float
    middle: float  # direction of the brightest part, rad from the major axis
    opening: float  # rms angle along the ring; inf for a whole ring
    magnitude: tuple[float, float, float]


Component = Profile | Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is drawn for one cut-out; `arcs` are in the source plane of `lens`."""

    kind: str  # "lens" or what looks like one
    front: list[Component] = field(default_factory=list)
    arcs: list[Profile] = field(default_factory=list)
    lens: dict[str, float] | None = None
    least_magnification: float = 0.0  # of the source's main component


def flux(magnitude: tuple[float, float, float]) -> np.ndarray:
    """(3,) flux in g, r, i."""
    return np.asarray(10 ** (-0.4 * (np.array(magnitude) - ZERO_POINT)))


def light_of(component: Component, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Surface brightness of unit flux of a component at positions (arcsec), float32."""
    dx, dy = x - np.float32(component.x), y - np.float32(component.y)
    if isinstance(component, Profile):
        light = lensing.sersic(
            np, dx, dy, np.float32(component.radius), np.float32(component.index),
            np.float32(component.axis_ratio), np.float32(component.angle),
        )  # fmt: skip
        return light if component.arms is None else light * _arm_pattern(component, dx, dy)
    along, across = _turned(component, dx, dy)
    radius = np.hypot(along, across / np.float32(component.axis_ratio))
    light = np.exp(-0.5 * ((radius - component.radius) / component.width) ** 2)
    if np.isfinite(component.opening):
        away = np.arctan2(across, along) - component.middle
        away = (away + np.pi) % (2 * np.pi) - np.pi
        light = light * np.exp(-0.5 * (away / component.opening) ** 2)
    return np.asarray(light, np.float32)


def _arm_pattern(component: Profile, dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """Logarithmic spirals that brighten the disc outside its middle."""
    assert component.arms is not None
    count, pitch, contrast, phase = component.arms
    along, across = _turned(component, dx, dy)
    across = across / component.axis_ratio
    radius = np.hypot(along, across) + 1e-3
    turn = np.log(radius / component.radius) / np.tan(pitch)
    wave = 0.5 + 0.5 * np.cos(count * (np.arctan2(across, along) - turn) + phase)
    outside = radius**2 / (radius**2 + (0.4 * component.radius) ** 2)
    pattern = 1 + contrast * outside * (2.5 * wave**3 - 0.8) / (1 + 0.4 * contrast)
    return np.asarray(np.maximum(pattern, 0.05))


def _turned(component: Component, dx: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cosine, sine = np.cos(component.angle), np.sin(component.angle)
    return dx * cosine + dy * sine, dy * cosine - dx * sine
