"""Calibrated strain of one detector, and of several over the same time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from astrogui.records.frozen import frozen_array, set_field
from astrogui.records.provenance import Provenance


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strain:
    """Evenly sampled, dimensionless strain of one detector; gaps are NaN.

    ``quality`` holds one bit mask a second from ``gps_start`` (bit set = good), named by
    ``quality_names`` from bit 0; None where the file has none: quality unknown.
    """

    samples: NDArray[np.float64]  # (n,)
    gps_start: float
    sample_rate_hz: float
    detector: str  # "H1", "L1", "V1"; "" when the file does not say
    quality: NDArray[np.uint32] | None = None  # (seconds,)
    quality_names: tuple[str, ...] = ()
    injections: NDArray[np.uint32] | None = None  # (seconds,)
    injection_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    header: dict[str, str] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=lambda: Provenance(path=""))

    def __post_init__(self) -> None:
        set_field(self, "samples", frozen_array(self.samples, np.float64, 1, "strain"))
        if not self.sample_rate_hz > 0:
            raise ValueError(f"sample rate must be positive, got {self.sample_rate_hz}")
        for name in ("quality", "injections"):
            values = getattr(self, name)
            if values is not None:
                set_field(self, name, frozen_array(values, np.uint32, 1, name))

    @property
    def duration_s(self) -> float:
        return float(self.samples.size / self.sample_rate_hz)

    @property
    def gps_end(self) -> float:
        return self.gps_start + self.duration_s

    @property
    def gaps(self) -> NDArray[np.bool_]:
        """(n,) True where no data were taken."""
        return ~np.isfinite(self.samples)

    def times(self) -> NDArray[np.float64]:
        """(n,) GPS seconds of the samples."""
        return self.gps_start + np.arange(self.samples.size) / self.sample_rate_hz


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StrainOutline:
    """The extremes of a series, stretch by stretch: enough to draw the whole of it at once.

    The last stretch may hold fewer samples. NaN where a stretch has no data. Quality is as in
    ``Strain``.
    """

    lowest: NDArray[np.float64]  # (stretches,)
    highest: NDArray[np.float64]  # (stretches,)
    stretch_s: float
    gps_start: float
    sample_rate_hz: float  # of the series
    detector: str
    quality: NDArray[np.uint32] | None = None  # (seconds,)
    quality_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("lowest", "highest"):
            set_field(self, name, frozen_array(getattr(self, name), np.float64, 1, name))
        if self.lowest.shape != self.highest.shape or not self.lowest.size:
            raise ValueError(f"extremes of {self.lowest.shape} and {self.highest.shape} stretches")
        if not self.stretch_s > 0:
            raise ValueError(f"a stretch takes some time, got {self.stretch_s} s")

    def as_strain(self) -> Strain:
        """Both extremes of each stretch in turn, as a coarse series over the same time."""
        return Strain(
            samples=np.column_stack([self.lowest, self.highest]).reshape(-1),
            gps_start=self.gps_start,
            sample_rate_hz=2.0 / self.stretch_s,
            detector=self.detector,
            quality=self.quality,
            quality_names=self.quality_names,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """Strain of one to three detectors that overlap in time, in the order H1, L1, V1, others."""

    strains: tuple[Strain, ...]

    def __post_init__(self) -> None:
        if not self.strains:
            raise ValueError("a network has at least one detector")
        order = {"H1": 0, "L1": 1, "V1": 2}
        ranked = sorted(self.strains, key=lambda s: (order.get(s.detector, 9), s.detector))
        set_field(self, "strains", tuple(ranked))

    @property
    def detectors(self) -> tuple[str, ...]:
        return tuple(strain.detector for strain in self.strains)

    @property
    def gps_start(self) -> float:
        """Start of the stretch that all detectors share."""
        return max(strain.gps_start for strain in self.strains)

    @property
    def gps_end(self) -> float:
        return min(strain.gps_end for strain in self.strains)

    @property
    def provenance(self) -> Provenance:
        return self.strains[0].provenance
