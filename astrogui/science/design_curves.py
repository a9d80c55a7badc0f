"""Design sensitivities of detectors as published analytic fits; no data, only formulas.

Each curve is an amplitude spectral density in 1/sqrt(Hz), NaN outside the range its authors give.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class DesignCurve(NamedTuple):
    """A design sensitivity: its name, where its formula stands, and where it holds."""

    name: str
    source: str
    detectors: tuple[str, ...]  # whose design it is
    low_hz: float
    high_hz: float
    formula: Callable[[Floats], Floats]

    def asd(self, frequency_hz: NDArray[np.floating]) -> Floats:
        """(k,) amplitude spectral density at frequencies (k,) in Hz."""
        frequency = np.asarray(frequency_hz, np.float64)
        inside = (frequency >= self.low_hz) & (frequency <= self.high_hz)
        density = np.full(frequency.shape, np.nan)
        density[inside] = self.formula(frequency[inside])
        return density


def _advanced_ligo(frequency_hz: Floats) -> Floats:
    x = frequency_hz / 245.4
    terms = 0.0152 * x**-4 + 0.2935 * x ** (9 / 4) + 2.7951 * x**1.5 - 6.5080 * x**0.75 + 17.7622
    return np.asarray(1e-24 * np.sqrt(terms))


def _advanced_virgo(frequency_hz: Floats) -> Floats:
    x = np.log(frequency_hz / 300)
    terms = 0.07 * np.exp(-0.142 - 1.437 * x + 0.407 * x**2)
    terms += 3.10 * np.exp(-0.466 - 1.043 * x - 0.548 * x**2)
    terms += 0.40 * np.exp(-0.304 + 2.896 * x - 0.293 * x**2)
    terms += 0.09 * np.exp(1.466 + 3.722 * x - 0.984 * x**2)
    return np.asarray(1.259e-24 * terms)


def _einstein_telescope(frequency_hz: Floats) -> Floats:
    x = frequency_hz / 200
    above = np.polynomial.polynomial.polyval(x, (1, 31.18, -64.72, 52.24, -42.16, 10.17, 11.53))
    below = np.polynomial.polynomial.polyval(x, (1, 13.58, -36.46, 18.56, 27.43))
    terms = x**-4.05 + 185.62 * x**-0.69 + 232.56 * above / below
    return np.asarray(np.sqrt(1.449) * 1e-26 * np.sqrt(terms))


CURVES = (
    DesignCurve(
        "Advanced LIGO design",
        "Ajith 2011, PRD 84, 084037, eq. (4.7): zero detuning, high power",
        ("H1", "L1"), 20.0, 2000.0, _advanced_ligo,
    ),
    DesignCurve(
        "Advanced Virgo design",
        "Manzotti & Dietz 2012, arXiv:1202.4031, eq. (6)",
        ("V1",), 10.0, 2000.0, _advanced_virgo,
    ),
    DesignCurve(
        "Einstein Telescope design",
        "Sathyaprakash & Schutz 2009, Living Rev. Relativity 12, 2, table 1",
        ("E1", "E2", "E3"), 10.0, 2000.0, _einstein_telescope,
    ),
)  # fmt: skip
