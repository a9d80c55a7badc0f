"""How often noise alone gives a candidate: counts from shifted detectors, with Poisson errors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HOUR_S = 3600.0


class Rate(NamedTuple):
    """False alarms per hour at least as loud, with the bounds of a central interval."""

    per_hour: float
    low: float
    high: float


class Background:
    """Statistics of coincidences between shifted detectors, and over how long they were sought."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._statistics: list[NDArray[np.float64]] = []

    def add(self, statistics: NDArray[np.float64], seconds: float) -> None:
        """Take over what a stretch gave."""
        self._statistics.append(np.asarray(statistics, np.float64))
        self.seconds += seconds

    def count(self, statistic: float) -> int:
        """How many were at least so loud."""
        return int(sum(np.count_nonzero(part >= statistic) for part in self._statistics))

    def rate(self, statistic: float, level: float = 0.9) -> Rate | None:
        """The rate at a statistic; None without any background.

        The candidate itself counts as one more, so that no rate is zero. Source: Usman et al.
        2016, CQG 33, 215004, eq. (17). The bounds are those of a Poisson count.
        """
        if self.seconds <= 0:
            return None
        hours = self.seconds / HOUR_S
        count = self.count(statistic)
        low, high = poisson_interval(count, level)
        return Rate((count + 1) / hours, low / hours, high / hours)


def poisson_interval(count: int, level: float) -> tuple[float, float]:
    """Bounds of the expectation of a count, each missed with probability (1 - level) / 2.

    Source: Garwood 1936, Biometrika 28, 437.
    """
    from scipy.stats import chi2

    tail = (1 - level) / 2
    low = float(chi2.ppf(tail, 2 * count) / 2) if count else 0.0
    return low, float(chi2.ppf(1 - tail, 2 * count + 2) / 2)


def threshold(statistics: NDArray[np.float64], seconds: float, per_hour: float) -> float:
    """The statistic that noise of ``seconds`` exceeds at most ``per_hour`` times an hour.

    Raises ``ValueError`` where the noise was too short to tell.
    """
    allowed = int(np.floor(per_hour * seconds / HOUR_S + 1e-9))
    if allowed < 1:
        raise ValueError(f"{seconds:g} s of noise cannot tell a rate of {per_hour:g} an hour")
    ranked = np.sort(np.asarray(statistics))[::-1]
    return float(ranked[allowed]) if ranked.size > allowed else float(ranked[-1])
