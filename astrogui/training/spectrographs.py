"""The kinds of spectrographs that simulated spectra pass through, and what is seen by each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Random = np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrograph:
    """One kind of instrument; a range (low, high) is drawn from evenly."""

    name: str
    share: float
    first: tuple[float, float]  # Å
    last: tuple[float, float]
    step: tuple[float, float]  # Å, or of log10 wavelength when ``logarithmic``
    logarithmic: bool
    resolving_power: tuple[float, float]
    with_errors: bool
    calibrated: bool  # relative response and telluric bands corrected
    classes: tuple[float, float, float]  # of what it is pointed at: galaxies, quasars, stars
    distant: float  # share of the galaxies that are known by their ultraviolet, z > 1.3
    blind: bool = False  # deep and without chosen targets: faint and distant galaxies prevail
    cube: bool = False  # samples interpolated from a cube: noise correlated, its size misjudged


SPECTROGRAPHS = (
    Spectrograph(
        name="survey fibres", share=0.50, first=(3560, 3850), last=(9150, 10380),
        step=(1e-4, 1e-4), logarithmic=True, resolving_power=(1500, 2200), with_errors=True,
        calibrated=True, classes=(0.46, 0.34, 0.20), distant=0.06,
    ),
    Spectrograph(
        name="three arms", share=0.1, first=(3600, 3620), last=(9750, 9824), step=(0.8, 1.0),
        logarithmic=False, resolving_power=(2000, 5000), with_errors=True, calibrated=True,
        classes=(0.50, 0.30, 0.20), distant=0.06,
    ),
    Spectrograph(
        name="low-resolution fibres", share=0.08, first=(3690, 3900), last=(8800, 9100),
        step=(1e-4, 1e-4), logarithmic=True, resolving_power=(1000, 1800), with_errors=True,
        calibrated=False, classes=(0.30, 0.25, 0.45), distant=0.03,
    ),
    Spectrograph(
        name="slit", share=0.15, first=(3600, 5400), last=(7400, 9700), step=(1.2, 4.5),
        logarithmic=False, resolving_power=(450, 1400), with_errors=False, calibrated=False,
        classes=(0.65, 0.18, 0.17), distant=0.15,
    ),
    Spectrograph(
        name="integral field", share=0.12, first=(4650, 4800), last=(9200, 9350),
        step=(1.25, 1.25), logarithmic=False, resolving_power=(1800, 3500), with_errors=True,
        calibrated=True, blind=True, cube=True,
        classes=(0.88, 0.05, 0.07), distant=0.45,
    ),
    Spectrograph(
        name="raw fibres", share=0.05, first=(3720, 4000), last=(7300, 8860), step=(1.0, 1.6),
        logarithmic=False, resolving_power=(700, 1600), with_errors=True, calibrated=False,
        classes=(0.55, 0.25, 0.20), distant=0.03,
    ),
)  # fmt: skip


def drawn_spectrograph(rng: Random, names: tuple[str, ...] = ()) -> Spectrograph:
    """One of ``SPECTROGRAPHS`` by its share; of ``names`` alone where some are given."""
    chosen = [item for item in SPECTROGRAPHS if not names or item.name in names]
    shares = np.array([item.share for item in chosen])
    return chosen[int(rng.choice(len(chosen), p=shares / shares.sum()))]


def pixels(rng: Random, instrument: Spectrograph) -> Array:
    """Vacuum wavelengths (n,) in ångström of one exposure's samples."""
    first, last = float(rng.uniform(*instrument.first)), float(rng.uniform(*instrument.last))
    step = float(rng.uniform(*instrument.step))
    if instrument.logarithmic:
        return np.asarray(10 ** np.arange(np.log10(first), np.log10(last), step))
    return np.arange(first, last, step)
