"""An alarm for a batch whose redshifts crowd where no sky crowds them: range limits, sky lines.

A pipeline that goes wrong often does so at one redshift: the end of the range searched, or where a
line would lie on a residual of the night sky. Each such place is compared with its surroundings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S

FALSE_ALARM_RATE = 0.01  # for a whole batch, all places together
WINDOW_KM_S = 250.0  # to either side of a place
SURROUNDINGS_KM_S = 5000.0
FEWEST = 4  # answers that can make a pile

SKY_ANGSTROM = {"5579 Å": 5578.9, "6302 Å": 6302.0, "5892 Å": 5891.6, "7620 Å band": 7620.0}
LINE_ANGSTROM = {
    "[O II]": 3728.48, "Hβ": 4862.69, "[O III]": 5008.24, "Hα": 6564.63, "Mg II": 2799.12,
    "Lyα": 1215.67,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PileUp:
    """Too many answers at one place; ``chance`` is that of so many or more, this place alone."""

    redshift: float
    place: str
    count: int
    expected: float
    chance: float

    def words(self) -> str:
        return (
            f"{self.count} redshifts lie within {WINDOW_KM_S:.0f} km/s of z = "
            f"{self.redshift:.4f}, {self.place}, where their surroundings let "
            f"{self.expected:.1f} be expected: look at these spectra before you trust them"
        )


def pile_ups(
    redshifts: Sequence[float] | NDArray[np.float64],
    limits: Sequence[float] = (),
    false_alarm_rate: float = FALSE_ALARM_RATE,
) -> list[PileUp]:
    """The places where answers (n,) crowd, least likely first; a limit is the end of a range.

    Given the answers of a window and of its surroundings together, those in the window are
    binomial with the window's share of the width, whatever the density is: the exact comparison
    of two Poisson rates (Przyborowski & Wilenski 1940, Biometrika 31, 313). A place alarms when
    the chance is below ``false_alarm_rate`` over the number of places, so that a batch of smooth
    density gives a false alarm at most that often (Bonferroni). Clusters of galaxies are no smooth
    density.
    """
    values = np.asarray(redshifts, np.float64)
    speeds = SPEED_OF_LIGHT_KM_S * np.log1p(values[np.isfinite(values) & (values > -1)])
    places = [*_sky_places(), *((limit, "an end of the range searched") for limit in limits)]
    found = []
    for redshift, words in places:
        offset = np.abs(speeds - SPEED_OF_LIGHT_KM_S * np.log1p(redshift))
        inside = int(np.count_nonzero(offset <= WINDOW_KM_S))
        around = int(np.count_nonzero(offset <= SURROUNDINGS_KM_S))
        # At a limit only one side has answers, of the window as of its surroundings.
        share = WINDOW_KM_S / SURROUNDINGS_KM_S
        if inside < FEWEST:
            continue
        chance = _chance(inside, around, share)
        if chance < false_alarm_rate / len(places):
            outside = (around - inside) * share / (1 - share)
            found.append(
                PileUp(
                    redshift=redshift, place=words, count=inside, expected=outside, chance=chance
                )
            )
    return sorted(found, key=lambda pile: pile.chance)


def _chance(count: int, total: int, share: float) -> float:
    """The chance of ``count`` or more among ``total``, each with probability ``share``.

    Imported here, and not scipy.stats, which takes a second and 80 MB: the window's process asks.
    """
    from scipy.special import bdtrc

    return float(bdtrc(count - 1, total, share))


def _sky_places() -> list[tuple[float, str]]:
    """Redshifts at which a line lies on a sky line or a telluric band, with words for each."""
    return [
        (sky / line - 1, f"where {name} lies on the sky at {words}")
        for words, sky in SKY_ANGSTROM.items()
        for name, line in LINE_ANGSTROM.items()
        if sky / line > 1.005
    ]
