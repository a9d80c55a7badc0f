"""Why a spectrum was answered so: hide one stretch of wavelength after another, and ask again.

Occlusion (Zeiler & Fergus 2014, arXiv 1311.2901) needs no gradient: it runs the whole analysis as
it is, preparation included, and works with every network runtime.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import UsageProblem
from astrogui.records.posterior import Posterior
from astrogui.records.sensitivity import Sensitivity
from astrogui.records.spectrum import Spectrum

STRETCHES = 64  # of equal steps in the logarithm of wavelength
SMALLEST_PROBABILITY = 1e-6  # below it, and above one minus it, log odds mean nothing
LIGHT_KM_S = 299792.458
REACH_KM_S = {"QSO": 3000.0}  # broad lines: as far as two redshifts count as one answer
USUAL_REACH_KM_S = 1000.0

Answer = Callable[[Sequence[Spectrum]], list[Posterior]]


def redshift_sensitivity(record: Spectrum, task: str, answer: Answer) -> Sensitivity:
    """What the log odds of the answered class and redshift lose without each stretch.

    ``answer`` gives the posterior of each spectrum it is handed; each must hold the density
    p(class, z). Raises ``UsageProblem`` where there is no answer or no good sample.
    """
    good = record.good
    whole = answer([record])[0]
    density = whole.density
    if density is None or not good.any() or not np.isfinite(whole.value(density.parameter)):
        raise UsageProblem(f"{task}: the spectrum has no answer that could be explained.")
    name, z = whole.most_probable_class, whole.value(density.parameter)
    reach = (1 + z) * REACH_KM_S.get(name, USUAL_REACH_KM_S) / LIGHT_KM_S

    def log_odds(posterior: Posterior) -> float:
        assert posterior.density is not None
        inside = np.abs(posterior.density.centres - z) <= reach
        return _log_odds(float(posterior.density.mass(name)[inside].sum()))

    edges = stretches(record.wavelength_angstrom[good])
    place = np.digitize(record.wavelength_angstrom, edges[1:-1])
    seen = np.unique(place[good])
    before = log_odds(whole)
    loss = np.full(edges.size - 1, np.nan)
    after = answer([without(record, place == number) for number in seen])
    loss[seen] = [before - log_odds(posterior) for posterior in after]
    return Sensitivity(
        task=task,
        answer=f"{name} at z = {z:.4f}",
        axis="vacuum wavelength",
        axis_unit="Angstrom",
        edges=edges,
        loss=loss,
        quantity="log odds of the answer",
        loss_unit="nat",
        baseline=before,
        limit=2 * abs(_log_odds(0.0)),
    )


def stretches(
    wavelength_angstrom: NDArray[np.float64], count: int = STRETCHES
) -> NDArray[np.float64]:
    """(count + 1,) edges of equal logarithmic steps around the samples, whole ones inside."""
    first, last = wavelength_angstrom[[0, -1]]
    return np.asarray(np.geomspace(first * (1 - 1e-6), last * (1 + 1e-6), count + 1))


def without(record: Spectrum, hidden: NDArray[np.bool_]) -> Spectrum:
    """The spectrum as if these samples (n,) had not been taken."""
    return dataclasses.replace(
        record,
        ivar=np.where(hidden, np.float32(0), record.ivar),
        mask=record.mask | hidden,
        image=None,
    )


def _log_odds(probability: float) -> float:
    kept = float(np.clip(probability, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY))
    return float(np.log(kept / (1 - kept)))
