"""What the refinement lets doubt of a redshift: fits nearly as good, and spectra of nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.flags import Flag
from astrogui.records.posterior import Posterior
from astrogui.science import refinement
from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S
from astrogui.tasks.task import Model

SMALL_DELTA_CHI_SQUARE = 9.0  # of the best two redshifts, over the reduced chi-square
GOOD_SIGNAL = 3.0  # median signal-to-noise per 138 km/s
_PAIRS = np.tril_indices(4)  # of the measures of doubt
APART_KM_S = 1000.0  # alternatives nearer than this are the same redshift


def doubts(
    posterior: Posterior, fits: Sequence[refinement.Fit | None], model: Model
) -> tuple[Flag, float]:
    """Flags and novelty with what the fits add.

    Novel is what no template resembles, and a good signal of which no redshift is even likely.
    """
    first, flags = fits[0], posterior.flags
    assert first is not None
    calibration = model.card.calibration
    limit = float(calibration.get("largest_reduced_chi_square", np.inf))
    novelty = float(np.fmax(posterior.novelty, first.reduced / limit))
    novelty = float(np.fmax(novelty, _junk_ratio(posterior, calibration)))
    if novelty > 1:
        flags |= Flag.NOVEL
    delta = delta_chi_square(fits)
    if delta is not None and delta < SMALL_DELTA_CHI_SQUARE * max(first.reduced, 1.0):
        flags |= Flag.AMBIGUOUS
    if is_undecided(posterior, calibration):
        flags |= Flag.LOW_SIGNAL | Flag.AMBIGUOUS
    return flags, novelty


def is_undecided(answer: Posterior, calibration: Mapping[str, Any]) -> bool:
    """Faint, and no redshift stands out: as little is known of it as of noise."""
    certainty, signal = answer.extras.get("prob_z"), answer.extras.get("snr")
    if not isinstance(certainty, float) or not isinstance(signal, float):
        return False
    least = calibration.get("smallest_certainty", 0.0)
    least = float(calibration.get("smallest_certainty_faint", least))
    return signal <= GOOD_SIGNAL and certainty < least


def _junk_ratio(posterior: Posterior, calibration: Mapping[str, Any]) -> float:
    """Odds that a clear signal is of nothing with a redshift, over the odds called novel."""
    certainty, signal = posterior.extras.get("prob_z"), posterior.extras.get("snr")
    unknown, told = posterior.extras.get("prob_unknown"), calibration.get("junk_score")
    if not isinstance(certainty, float) or not isinstance(signal, float) or signal <= GOOD_SIGNAL:
        return 0.0
    if told is None or not isinstance(unknown, float):
        return float(calibration.get("smallest_certainty", 0.0)) / max(certainty, 1e-3)
    terms = junk_terms(np.array([certainty]), np.array([unknown]), np.array([signal]))
    score = float((terms @ np.asarray(told["weights"], np.float64))[0])
    return float(np.exp(np.clip(score - float(told["threshold"]), -20.0, 5.0)))


def junk_terms(
    certainty: NDArray[np.float64], unknown: NDArray[np.float64], signal: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n, 15): one, four measures of doubt and their products, of the odds of a logistic fit."""
    unknown = np.clip(unknown, 1e-6, 1 - 1e-6)
    measures = np.stack(
        [
            np.log(unknown / (1 - unknown)) / 4 + 1,
            np.log(np.maximum(1 - certainty, 1e-5)) / 4 + 1,
            np.log(np.maximum(certainty, 1e-3)),
            np.log10(np.clip(signal, 0.05, 1e3)) - 1,
        ],
        axis=-1,
    )
    products = measures[:, _PAIRS[0]] * measures[:, _PAIRS[1]]
    return np.concatenate([np.ones((len(measures), 1)), measures, products], axis=1)


def delta_chi_square(fits: Sequence[refinement.Fit | None]) -> float | None:
    """By how much the best fit at another redshift is worse than the answer's (< 0: better)."""
    first = fits[0]
    if first is None:
        return None
    others = [fit for fit in fits[1:] if fit is not None and _apart(fit, first)]
    return min((fit.chi_square - first.chi_square for fit in others), default=None)


def _apart(one: refinement.Fit, other: refinement.Fit) -> bool:
    offset = abs(one.redshift - other.redshift) / (1 + other.redshift)
    return offset * SPEED_OF_LIGHT_KM_S > APART_KM_S
