"""The waveform models that a likelihood may be computed with, by the names of the field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from astrogui.science.waveforms import phenom_d
from astrogui.science.waveforms_x import phenom_xas

Waveform = Callable[..., tuple[Any, Any]]  # called as ``waveforms.phenom_d`` is

DEFAULT = "IMRPhenomD"
MODELS: dict[str, Waveform] = {DEFAULT: phenom_d, "IMRPhenomXAS": phenom_xas}
