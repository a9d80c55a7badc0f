"""A density over masses and spins to draw from, shaped by weighted draws and never too narrow.

Coordinates (n, 4): ln chirp mass, then mass ratio and both spins as standard normal deviates of
their priors. Most draws come from a sum of Gaussian kernels upon the weighted draws, the rest from
a wide Student's t and, a few, from the prior itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astrogui.science import binary_prior as prior
from astrogui.science.heterodyne import Binaries
from astrogui.science.waveforms import effective_spin

KERNELS = 1500
WIDE_SHARE = 0.15  # of Student's t about the whole
WIDE_SCALE = 1.6  # times the standard deviations
DEGREES = 4.0
PRIOR_SHARE = 0.02  # drawn from the prior itself
SHARPENING = 0.25  # power of the density by which kernels narrow; one over the dimensions
WIDTHS = (0.3, 3.0)  # of kernels, times the mean
RIDGE = 1e-6

Floats = NDArray[np.float64]


def coordinates(binaries: Binaries) -> Floats:
    """(n, 4) coordinates of binaries."""
    return np.stack(
        [
            np.log(binaries.chirp_mass),
            prior.normal_from_ratio(binaries.mass_ratio),
            prior.normal_from_spin(binaries.spin_1),
            prior.normal_from_spin(binaries.spin_2),
        ],
        axis=1,
    )


def binaries_at(places: Floats) -> Binaries:
    """The binaries of coordinates (n, 4)."""
    return Binaries(
        np.exp(places[:, 0]),
        prior.ratio_from_normal(places[:, 1]),
        prior.spin_from_normal(places[:, 2]),
        prior.spin_from_normal(places[:, 3]),
    )


def log_prior(places: Floats) -> Floats:
    """(n,) ln of the prior's normalised density over the coordinates; minus infinity outside."""
    low, high = prior.CHIRP_MASS
    mass = 2 * places[:, 0] + np.log(2 / (high**2 - low**2))
    rest = -0.5 * np.sum(places[:, 1:] ** 2, axis=1) - 1.5 * np.log(2 * np.pi)
    inside = (places[:, 0] >= np.log(low)) & (places[:, 0] <= np.log(high))
    inside &= (np.abs(places[:, 1:]) < 4.7).all(axis=1)
    return np.where(inside, mass + rest, -np.inf)


def drawn_from_prior(count: int, rng: np.random.Generator) -> Floats:
    """(n, 4) coordinates drawn from the prior."""
    low, high = prior.CHIRP_MASS
    mass = 0.5 * np.log(rng.uniform(low**2, high**2, count))
    return np.column_stack([mass, rng.normal(size=(count, 3))])


class Proposal:
    """Kernels upon weighted draws, and a wide Student's t, in coordinates made straight.

    Strain measures combinations of masses and spins, along curved sheets: ln chirp mass is taken
    less its regression on ratio and spins, the first spin's coordinate less that on the others'.
    Such a change of coordinates keeps volumes.
    """

    def __init__(
        self,
        places: Floats,
        weights: Floats,
        rng: np.random.Generator,
        kernels: int = KERNELS,
        widening: float = 1.0,
        prior_share: float = PRIOR_SHARE,
    ) -> None:
        """``places`` (n, 4) with ``weights`` (n,); ``widening`` multiplies all widths."""
        self._prior_share = prior_share
        weights = weights / weights.sum()
        self._of_mass = _regression(_mass_terms(places), places[:, 0], weights)
        self._of_spin = _regression(_terms(places[:, [1, 3]]), places[:, 2], weights)
        straight = self._straightened(places)
        self._near = _Frame(straight, weights, widening)
        self._wide = _Frame(places, weights, widening * WIDE_SCALE)
        effective = 1 / np.sum(weights**2)
        # Silverman's rule in four dimensions; the kernels are a random choice of the draws.
        width = (4 / (6 * min(effective, kernels))) ** (1 / 8)
        chosen = rng.choice(len(places), kernels, p=weights)
        self._centres = self._near.white(straight[chosen])
        # Narrow where draws are dense: Breiman, Meisel & Purcell 1977, Technometrics 19, 135.
        self._widths = np.full(kernels, width)
        log_density = np.log(self._kernel_sum(self._centres))
        scale = np.exp(-SHARPENING * (log_density - log_density.mean()))
        self._widths = width * np.clip(scale, *WIDTHS)

    def draw(self, count: int, rng: np.random.Generator) -> Floats:
        """(n, 4) coordinates, some of them outside the prior."""
        which = rng.integers(0, len(self._centres), count)
        near = self._centres[which]
        near = self._near.places(near + self._widths[which, None] * rng.normal(size=near.shape))
        near[:, 2] += _terms(near[:, [1, 3]]) @ self._of_spin
        near[:, 0] += _mass_terms(near) @ self._of_mass
        stretch = np.sqrt(DEGREES / rng.chisquare(DEGREES, count))
        wide = self._wide.places(rng.normal(size=near.shape) * stretch[:, None])
        mixed = np.where(rng.uniform(size=(count, 1)) < WIDE_SHARE, wide, near)
        anywhere = rng.uniform(size=(count, 1)) < self._prior_share
        return np.where(anywhere, drawn_from_prior(count, rng), mixed)

    def log_density(self, places: Floats) -> Floats:
        """(n,) ln of the normalised density."""
        white = self._near.white(self._straightened(places))
        pieces = np.array_split(white, max(len(white) // 1024, 1))
        near = np.concatenate([self._kernel_sum(piece) for piece in pieces])
        square = np.sum(self._wide.white(places) ** 2, axis=1)
        wide = (1 + square / DEGREES) ** (-0.5 * (DEGREES + 4))
        # Γ((ν + 4)/2) / Γ(ν/2) = (ν/2)(ν/2 + 1); the powers of ν and π follow.
        wide *= (DEGREES / 2) * (DEGREES / 2 + 1) / (DEGREES * np.pi) ** 2
        near *= (1 - WIDE_SHARE) / self._near.volume
        shaped = near + WIDE_SHARE * wide / self._wide.volume
        share = self._prior_share
        return np.asarray(np.log((1 - share) * shaped + share * np.exp(log_prior(places))))

    def _straightened(self, places: Floats) -> Floats:
        straight = np.array(places)
        straight[:, 0] -= _mass_terms(places) @ self._of_mass
        straight[:, 2] -= _terms(places[:, [1, 3]]) @ self._of_spin
        return straight

    def _kernel_sum(self, white: Floats) -> Floats:
        # Single precision: an error of 1e-5 in ln density does no harm, and time is halved.
        white32, centres = white.astype(np.float32), self._centres.astype(np.float32)
        square = np.sum(white32**2, axis=1)[:, None] + np.sum(centres**2, axis=1)
        exponent = white32 @ centres.T - np.float32(0.5) * square
        exponent *= (1 / self._widths**2).astype(np.float32)
        value = np.exp(np.clip(exponent, -80, 0)) @ (self._widths**-4.0).astype(np.float32)
        return np.asarray(value.astype(np.float64) / len(self._centres) / (2 * np.pi) ** 2)


def _mass_terms(places: Floats) -> Floats:
    """(n, 14) what chirp mass may depend on: mass ratio, effective spin, the spins' difference."""
    binaries = binaries_at(places)
    ratio = binaries.mass_ratio
    spin = effective_spin(ratio, binaries.spin_1, binaries.spin_2)
    apart = binaries.spin_1 - binaries.spin_2
    powers = [ratio**i * spin**j for i in range(4) for j in range(4 - i)]
    return np.stack([*powers, apart, apart * ratio, apart * spin, apart**2], axis=1)


class _Frame:
    """Coordinates in which weighted draws (n, 4) have zero mean and unit covariance."""

    def __init__(self, places: Floats, weights: Floats, widening: float) -> None:
        self._mean = weights @ places
        offset = places - self._mean
        covariance = (offset * weights[:, None]).T @ offset
        covariance += np.diag(np.diag(covariance)) * 1e-6 + np.eye(4) * 1e-14
        self._root = np.linalg.cholesky(covariance) * widening
        self._inverse = np.linalg.inv(self._root)
        self.volume = float(np.prod(np.diag(self._root)))

    def white(self, places: Floats) -> Floats:
        return np.asarray((places - self._mean) @ self._inverse.T)

    def places(self, white: Floats) -> Floats:
        return np.asarray(self._mean + white @ self._root.T)


def _terms(values: Floats) -> Floats:
    """(n, t) one, and all products of up to two of (n, d) values, which are cut far out."""
    values = np.clip(values, -4, 4)
    columns = [np.ones(len(values)), *values.T]
    for first in range(values.shape[1]):
        columns += [values[:, first] * values[:, other] for other in range(first + 1)]
    return np.stack(columns, axis=1)


def _regression(terms: Floats, values: Floats, weights: Floats) -> Floats:
    """(t,) coefficients of weighted least squares, held back a little."""
    normal = (terms * weights[:, None]).T @ terms + RIDGE * np.eye(terms.shape[1])
    return np.asarray(np.linalg.solve(normal, terms.T @ (weights * values)))
