"""Template sets learned on simulated rest-frame spectra: what ships in place of the templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.redshift_scan import CELLS, CLASSES, OBSERVED, ZERO_CELL
from astrogui.science.spectral import LogGrid
from astrogui.science.template_fit import rest_grid
from astrogui.science.template_sums import TemplateSet
from astrogui.training.simulate_spectrum import drawn_redshift, mean_transmission, rest_frame
from astrogui.training.spectrum_objects import broadened
from astrogui.training.templates import REST, REST_ANGSTROM, Templates

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPlan:
    """One set: which simulated objects it is learned on, over which redshifts it is searched."""

    name: str
    class_name: str
    kind: str
    lowest: float
    highest: float
    vectors: int
    exponent: float = 0.0


_GALAXY: dict[str, Any] = {"class_name": "GALAXY", "lowest": -0.004, "highest": 2.0}
_DISTANT: dict[str, Any] = {"class_name": "GALAXY", "lowest": 1.25, "highest": 7.0}
_STAR: dict[str, Any] = {"class_name": "STAR", "lowest": -0.004, "highest": 0.004}

PLANS = (
    SetPlan(**_GALAXY, name="passive", kind="passive", vectors=5),
    SetPlan(**_GALAXY, name="forming", kind="forming", vectors=7),
    SetPlan(**_GALAXY, name="active", kind="active", vectors=7),
    SetPlan(**_DISTANT, name="distant", kind="distant", vectors=6, exponent=1.0),
    SetPlan(
        name="usual", class_name="QSO", kind="usual", lowest=-0.004, highest=7.0, vectors=6,
        exponent=1.3,
    ),
    SetPlan(
        name="low", class_name="QSO", kind="low", lowest=-0.004, highest=1.65, vectors=6,
        exponent=1.3,
    ),
    SetPlan(
        name="high", class_name="QSO", kind="high", lowest=1.35, highest=7.0, vectors=6,
        exponent=1.3,
    ),
    SetPlan(
        name="absorbed", class_name="QSO", kind="absorbed", lowest=0.55, highest=5.1, vectors=6,
        exponent=1.0,
    ),
    SetPlan(
        name="broad", class_name="QSO", kind="broad", lowest=-0.004, highest=1.05, vectors=7,
        exponent=0.6,
    ),
    SetPlan(**_STAR, name="hot", kind="hot", vectors=5),
    SetPlan(**_STAR, name="cool", kind="cool", vectors=5),
    SetPlan(**_STAR, name="red", kind="red", vectors=6),
    SetPlan(**_STAR, name="odd", kind="odd", vectors=6),
)  # fmt: skip


def learn_sets(templates: Templates, spectra: int, seed: int) -> tuple[TemplateSet, ...]:
    """All sets, each from ``spectra`` simulated objects of its kind."""
    return tuple(
        learn_set(plan, templates, spectra, np.random.default_rng([seed, number]))
        for number, plan in enumerate(PLANS)
    )


def learn_set(
    plan: SetPlan, templates: Templates, spectra: int, rng: np.random.Generator
) -> TemplateSet:
    """Mean and principal components of the kind, every spectrum scaled to unit level.

    The penalty of a component is 1 / (4 standard deviations)^2, so that it holds only spectra far
    outside what was simulated; the mean is free.
    """
    first, last = _cell(plan.lowest), _cell(plan.highest)
    grid = rest_grid(OBSERVED, ZERO_CELL, first, last)
    sample = np.stack([_example(plan, templates, grid, rng) for _ in range(spectra)])
    mean = sample.mean(axis=0)
    _, spread, components = np.linalg.svd(sample - mean, full_matrices=False)
    kept = components[: plan.vectors - 1]
    deviation = spread[: plan.vectors - 1] / np.sqrt(spectra)
    vectors = np.concatenate([mean[None], kept * deviation[:, None]])
    return TemplateSet(
        name=plan.name,
        class_name=CLASSES[CLASSES.index(plan.class_name)],
        first_cell=first,
        last_cell=last,
        vectors=vectors,
        penalty=np.r_[0.0, np.full(len(kept), 1.0 / 16.0)],
        exponent=plan.exponent,
    )


def _cell(redshift: float) -> int:
    place = round(float(np.log10(1 + redshift)) / OBSERVED.step) + ZERO_CELL
    return int(np.clip(place, 0, CELLS - 1))


def _example(plan: SetPlan, templates: Templates, grid: LogGrid, rng: np.random.Generator) -> Array:
    """One noise-free spectrum on the set's rest grid, tilted, clipped and of unit level."""
    redshift = drawn_redshift(rng, plan.class_name, plan.kind)
    flux = rest_frame(rng, templates, plan.class_name, plan.kind, redshift)
    flux = broadened(flux, float(rng.uniform(60, 180)))
    if plan.kind in ("high", "absorbed", "distant") and redshift > 1.5:
        flux = flux * mean_transmission(REST_ANGSTROM * (1 + redshift), redshift)
    known = np.isfinite(flux)
    flux = np.interp(REST.centres_log10, REST.centres_log10[known], flux[known])
    row = np.interp(grid.centres_log10, REST.centres_log10, flux)
    row = row * (grid.centres_angstrom * (1 + redshift) / 6000.0) ** plan.exponent
    seen = grid.centres_angstrom * (1 + redshift)
    window = (seen > 3700) & (seen < 9500)
    level = max(float(np.median(np.abs(row[window]))), 0.05 * float(np.max(np.abs(row[window]))))
    # What lies outside the window seen at this redshift must not dominate the components.
    return np.clip(row / level, -30, 30)
