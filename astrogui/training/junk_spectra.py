"""Spectra of nothing that has a redshift: sky, lamps, noise, rows of an image, spoiled files.

They teach the network its class UNKNOWN. What a spoiled file looks like has no source but the
ways in which files go wrong: an axis read backwards, wavelengths on a wrong scale.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Random = np.random.Generator

JUNK = ("sky", "lamp", "noise", "row", "wander", "reversed", "wrong scale")


def junk(rng: Random, kind: str, wavelength: Array) -> tuple[Array, Array]:
    """Noise-free values and standard deviations (n,) of a ``kind`` made from nothing."""
    size = wavelength.size
    level = float(10 ** rng.uniform(-0.5, 2.0))
    if kind == "sky":
        flux = _lines(rng, wavelength, count=int(rng.integers(20, 160)), narrow=True)
        flux = flux * float(rng.choice([1.0, -1.0], p=[0.8, 0.2])) + level * _smooth(rng, size)
    elif kind == "lamp":
        flux = _lines(rng, wavelength, count=int(rng.integers(6, 60)), narrow=True)
        flux = flux * float(10 ** rng.uniform(0, 1.5)) + level * 0.1 * _smooth(rng, size)
    elif kind == "row":
        flux = level * _smooth(rng, size) * float(rng.choice([0.0, 1.0]))
        flux = flux + _lines(rng, wavelength, count=int(rng.integers(1, 12)), narrow=False)
    elif kind == "wander":  # a random walk, as detectors drift
        steps = np.cumsum(rng.normal(size=size)) / np.sqrt(size)
        flux = level * (steps + float(rng.uniform(0, 2)))
    else:
        flux = np.full(size, float(rng.choice([0.0, rng.normal()])))
    sigma = np.ones(size) * (1 + 0.5 * _smooth(rng, size))
    return flux, sigma * float(10 ** rng.uniform(-0.7, 0.4))


def spoiled(
    rng: Random, kind: str, wavelength: Array, flux: Array, ivar: Array, mask: Mask
) -> tuple[Array, Array, Array, Mask]:
    """A real-looking spectrum whose axis is wrong: "reversed" or on a "wrong scale"."""
    if kind == "reversed":
        return wavelength, flux[::-1].copy(), ivar[::-1].copy(), mask[::-1].copy()
    first, last = float(rng.uniform(3500, 4800)), float(rng.uniform(7000, 10200))
    place = (wavelength - wavelength[0]) / (wavelength[-1] - wavelength[0])
    bent = place ** float(rng.choice([0.6, 1.0, 1.6]))  # frequency or counts for wavelength
    moved = first + (last - first) * bent
    if abs(last / first - wavelength[-1] / wavelength[0]) < 0.15:  # hardly wrong: backwards too
        return moved, flux[::-1].copy(), ivar[::-1].copy(), mask[::-1].copy()
    return moved, flux, ivar, mask


def _lines(rng: Random, wavelength: Array, count: int, narrow: bool) -> Array:
    """Lines at random places, of a few samples each, or lumps of up to a tenth of the range."""
    total = np.zeros(wavelength.size)
    x = np.arange(wavelength.size)
    low, high = (1.0, 3.0) if narrow else (1.5, 0.1 * wavelength.size)
    for _ in range(count):
        width = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        centre = float(rng.uniform(0, wavelength.size))
        first, last = max(int(centre - 5 * width), 0), int(centre + 5 * width) + 1
        part = x[first:last]
        height = float(rng.gamma(0.6, 20.0))
        total[first:last] += height * np.exp(-0.5 * ((part - centre) / width) ** 2)
    return total


def _smooth(rng: Random, size: int) -> Array:
    """A positive smooth curve around one."""
    x = np.linspace(-1, 1, size)
    terms = np.polynomial.legendre.legval(x, np.r_[0.0, rng.normal(0, 0.5, 4)])
    return np.asarray(np.exp(np.clip(terms, -2, 2)))
