"""Non-negative bases for the refinement of redshifts, learned on simulated rest-frame spectra.

Each basis comes from a non-negative factorisation of noise-free simulated objects: stellar
populations with dust for galaxies (lines are added where the basis is used), whole spectra for
quasars and stars. Its components ship in the model's ``assets.npz``; the templates do not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from astrogui.science.refinement_basis import FINE, bases_to_arrays
from astrogui.training.simulate_spectrum import drawn_redshift, mean_transmission
from astrogui.training.spectrum_objects import broadened, dust, quasar, star
from astrogui.training.templates import REST, REST_ANGSTROM, Templates

Array = NDArray[np.float64]
Random = np.random.Generator

MARGIN = 40  # samples of 1e-4 beyond the redshifts searched
HIGHEST = {"GALAXY": 7.0, "QSO": 7.0, "STAR": 0.0045}
LOWEST = -0.0045
STAR_KINDS = ("hot", "cool", "red", "odd")
QUASAR_KINDS = ("usual", "low", "high", "absorbed", "broad")
ROUNDS = 150
DISTANT_SHARE = 0.25  # of the galaxies: seen through the intergalactic medium


def learn_bases(templates: Templates, spectra: int, seed: int) -> dict[str, NDArray[np.generic]]:
    """The arrays of all three classes; ``spectra`` simulated objects for each factorisation."""
    grids = {name: _grid(HIGHEST[name]) for name in HIGHEST}
    rng = np.random.default_rng([seed, 77])
    galaxies = _sample([galaxy_continuum(rng, templates) for _ in range(spectra)], grids["GALAXY"])
    quasars = [
        _absorbed_quasar(rng, templates, kind)
        for kind in QUASAR_KINDS
        for _ in range(spectra // len(QUASAR_KINDS) + 1)
    ]
    tilt = (10.0 ** grids["QSO"] / 3000.0) ** 1.0
    stars = []
    for kind in STAR_KINDS:
        drawn = [star(rng, templates, kind) for _ in range(spectra // 2)]
        drawn = [broadened(flux, float(rng.uniform(60, 140))) for flux in drawn]
        stars.append(factorised(_sample(drawn, grids["STAR"]), 6, rng))
    vectors = {
        "GALAXY": (float(grids["GALAXY"][0]), factorised(galaxies, 9, rng)),
        "QSO": (
            float(grids["QSO"][0]),
            factorised(_sample(quasars, grids["QSO"], tilt), 16, rng) / tilt,
        ),
        "STAR": (float(grids["STAR"][0]), np.concatenate(stars)),
    }
    return bases_to_arrays({name: (first, _unit(rows)) for name, (first, rows) in vectors.items()})


def galaxy_continuum(rng: Random, templates: Templates) -> Array:
    """Stars of a galaxy behind dust, without lines of gas, on ``REST``."""
    weights = rng.gamma(rng.choice([0.1, 0.4, 1.0, 2.0], size=len(templates.populations)))
    flux = weights @ templates.populations / max(float(weights.sum()), 1e-9)
    flux = broadened(flux, float(rng.uniform(80, 330)))
    flux = flux * dust(float(rng.exponential(0.25)))
    if rng.random() < DISTANT_SHARE:
        redshift = float(rng.uniform(1.5, HIGHEST["GALAXY"]))
        flux = flux * mean_transmission(REST_ANGSTROM * (1 + redshift), redshift)
    return np.asarray(flux)


def factorised(sample: Array, count: int, rng: Random, rounds: int = ROUNDS) -> Array:
    """(count, n) components >= 0 whose non-negative sums follow the rows of ``sample`` (m, n) >= 0.

    Multiplicative updates: Lee & Seung 2001, NIPS 13, eq. (4).
    """
    chosen = rng.choice(len(sample), size=count, replace=len(sample) < count)
    components = sample[chosen] + 0.05 * sample.mean(axis=0)
    shares = rng.uniform(0.1, 1.0, (len(sample), count))
    for _ in range(rounds):
        shares *= (sample @ components.T) / (shares @ (components @ components.T) + 1e-12)
        components *= (shares.T @ sample) / ((shares.T @ shares) @ components + 1e-12)
    return np.asarray(components)


def _absorbed_quasar(rng: Random, templates: Templates, kind: str) -> Array:
    """A quasar behind the mean intergalactic medium of its redshift, on ``REST``."""
    redshift = drawn_redshift(rng, "QSO", kind)
    flux = quasar(rng, templates, kind, redshift)
    if redshift > 1.5 and kind != "usual":
        flux = flux * mean_transmission(REST_ANGSTROM * (1 + redshift), redshift)
    return flux


def _grid(highest: float) -> Array:
    """log10 wavelengths (k,) in steps of ``FINE`` that cover every redshift of a class."""
    below = int(np.ceil(np.log10(1 + highest) / FINE.step)) + MARGIN
    above = int(np.ceil(-np.log10(1 + LOWEST) / FINE.step)) + MARGIN
    return np.asarray(FINE.first + FINE.step * np.arange(-below, FINE.size + above))


def _sample(spectra: list[Array], grid: Array, tilt: Array | float = 1.0) -> Array:
    """Rows on the grid, >= 0, of unit mean; the ends continued by their last values."""
    rows = []
    for flux in spectra:
        known = np.isfinite(flux)
        row = np.interp(grid, REST.centres_log10[known], flux[known]) * tilt
        row = np.clip(row, 0.0, 50 * max(float(np.median(np.abs(row))), 1e-12))
        rows.append(row / max(float(row.mean()), 1e-12))
    return np.stack(rows)


def _unit(rows: Array) -> Array:
    """Components of unit median where they are brightest; single precision keeps their shape."""
    return rows / np.maximum(np.percentile(rows, 90, axis=1, keepdims=True), 1e-12)
