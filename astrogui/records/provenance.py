"""Where a value came from: file, place in it, reader; model, settings, machine, time."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The origin of a record."""

    path: str
    sha256: str = ""
    part: str = ""  # HDU, row or dataset within the file, as the reader names it
    reader: str = ""
    reader_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerProvenance:
    """How an answer was computed, complete enough to compute it again."""

    task: str
    model: str  # name and version from the card
    model_sha256: str  # hash over the weight files, as the card states
    backend: str  # "onnx" or "keras-tensorflow" ...
    device: str  # "CPU" or the accelerator's name
    seed: int
    application: str  # version of this application
    preparation: str = ""  # version of the task's preparation
    method: str = "network"
    versions: tuple[tuple[str, str], ...] = ()  # library and version
    options: tuple[tuple[str, str], ...] = ()  # the analyst's options for this job
    computed_at: str = ""  # UTC, ISO 8601
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place in a record that gets an answer: a source, a spectrum, a merger."""

    label: str  # unique within its record: "target 39627", "source 12", "merger"
    object_id: str = ""
    ra_deg: float | None = None  # ICRS
    dec_deg: float | None = None
    x_pixel: float | None = None  # 0-based centre in the reference band
    y_pixel: float | None = None
    gps: float | None = None
    values: dict[str, float | str | bool | None] = field(default_factory=dict)
    """Measured quantities of the place that become columns (flux_r, snr ...)."""
