"""What of an answer about a merger is drawn over strain, and the words for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.posterior import Posterior
from astrogui.science.chirp_track import chirp_track
from astrogui.science.waveform_band import Binaries
from astrogui.science.waveform_models import DEFAULT, MODELS, Waveform
from astrogui.viewers.strain_maps import LOWEST_HZ
from astrogui.viewers.unit_text import interval_text, unit_text

_TIME_KEYS = ("gps", "gps_found", "merger_gps", "geocentric_gps", "gps_merger")
_NEEDED = ("chirp_mass_det", "mass_ratio", "chi_eff")
_WHOLE = (
    "chirp_mass_det", "mass_ratio", "chi_1", "chi_2", "luminosity_distance", "ra", "dec",
    "inclination", "psi", "phase", "gps_offset",
)  # fmt: skip


class MergerAnswer:
    """A row and its posterior, read as a merger. Either may say nothing."""

    def __init__(self, row: Mapping[str, Any], posterior: Posterior | None) -> None:
        self.row, self.posterior = dict(row), posterior

    @property
    def gps(self) -> float | None:
        """When the merger was."""
        return self._time(*_TIME_KEYS)

    def arrival(self, detector: str) -> float | None:
        """When it reached a detector; the network's time where that is not known."""
        return self._time(f"gps_{detector.lower()}", *_TIME_KEYS)

    def knows_arrival(self, detector: str) -> bool:
        """Whether the answer timed the merger at this detector itself."""
        return self._time(f"gps_{detector.lower()}") is not None

    @property
    def model(self) -> Waveform:
        """The waveform that the answer was weighted with."""
        extras = self.posterior.extras if self.posterior is not None else {}
        return MODELS.get(str(extras.get("waveform")), MODELS[DEFAULT])

    def fitted(self, detector: str) -> NDArray[np.floating] | None:
        """The best-fitting whitened waveform that the answer carries."""
        curves = self.posterior.curves if self.posterior is not None else {}
        return curves.get(f"fitted_{detector.lower()}")

    def draws(self) -> NDArray[np.float64] | Binaries | None:
        """What waveforms are made of: all of a binary, or what ``masses`` are; None without."""
        whole = self._columns(_WHOLE)
        gps = self.posterior.extras.get("gps") if self.posterior is not None else None
        if whole is None or not isinstance(gps, float):
            return self.masses()
        *intrinsic, ra, dec, inclination, psi, phase, offset = whole.T
        angles = (np.radians(angle) for angle in (ra, dec, inclination))
        return Binaries._make([*intrinsic, *angles, psi, phase, gps + offset])

    def masses(self) -> NDArray[np.float64] | None:
        """(m, 3) chirp mass in the detector frame, mass ratio, effective spin; None without."""
        return self._columns(_NEEDED)

    def _columns(self, names: tuple[str, ...]) -> NDArray[np.float64] | None:
        posterior = self.posterior
        if posterior is None or posterior.draws is None:
            return None
        if not set(names) <= set(posterior.draw_names):
            return None
        columns = [posterior.draw_names.index(name) for name in names]
        return np.asarray(posterior.draws, np.float64)[:, columns]

    def track(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The chirp of the median binary: seconds after the merger, Hz; empty without masses."""
        draws = self.masses()
        if draws is None:
            return np.zeros(0), np.zeros(0)
        mass, ratio, spin = np.median(draws, axis=0)
        return chirp_track(float(mass), float(ratio), float(spin), LOWEST_HZ)

    def words(self) -> list[str]:
        """The first three parameters with their 90 % intervals."""
        if self.posterior is None:
            return []
        words = []
        for parameter in self.posterior.parameters[:3]:
            value = self.posterior.value(parameter.name)
            if math.isfinite(value):
                low, high = self.posterior.interval(parameter.name, 0.9)
                unit = unit_text(parameter.unit)
                words.append(
                    f"{escape(parameter.title)} {interval_text(value, low, high)} {unit}".rstrip()
                    + " (90 %)"
                )
        return words

    def _time(self, *names: str) -> float | None:
        extras = self.posterior.extras if self.posterior is not None else {}
        for name in names:
            for cells in (self.row, extras):
                value = cells.get(name)
                if value is not None and math.isfinite(float(value)):
                    return float(value)
        return None
