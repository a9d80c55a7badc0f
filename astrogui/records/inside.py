"""What a network sees of one object: its input, its feature maps, and what the answer rests on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astrogui.records.frozen import frozen_array, set_field


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureMaps:
    """What one layer makes of an object: its strongest channels, the strongest first."""

    layer: str  # as the network names it, after the member it belongs to: "encoder_0/stem"
    kind: str  # "Conv2D"
    shape: tuple[int, ...]  # of the whole output: rows, columns, channels
    channel: NDArray[np.int64]  # (k,) numbers of the channels kept, from 0
    strength: NDArray[np.float32]  # (k,) rms of a channel about its own mean
    maps: NDArray[np.float32]  # (k, rows, columns)

    def __post_init__(self) -> None:
        maps = frozen_array(self.maps, np.float32, 3, "maps")
        for name, dtype in (("channel", np.int64), ("strength", np.float32)):
            values = frozen_array(getattr(self, name), dtype, 1, name)
            if len(values) != len(maps):
                raise ValueError(f"{len(maps)} maps have {len(values)} of {name}")
            set_field(self, name, values)
        set_field(self, "maps", maps)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inside:
    """A look into the network that answered, at one object.

    ``gradients`` says how much of ``value - baseline_value`` each pixel of each plane brings, in
    nat, and sums up to it (integrated gradients); it has no plane where there is no runtime that
    knows gradients, ``layers`` then being empty. ``occlusion`` says what ``value`` loses, in nat,
    when a square of ``patch`` pixels around a pixel is hidden. Rows run as the network sees them.
    """

    task: str
    model: str
    answer: str  # what the numbers speak for: "galaxy"
    value: float  # log odds of the answer, nat
    baseline_value: float  # the same with every plane at the baseline
    baseline: str  # in words: "empty sky: 0 in every plane"
    plane_names: tuple[str, ...]
    is_colour: bool  # the planes are red, green and blue from 0 to 1
    planes: NDArray[np.float32]  # (c, ny, nx)
    gradients: NDArray[np.float32]  # (c or 0, ny, nx)
    occlusion: NDArray[np.float32]  # (ny, nx)
    patch: int
    layers: tuple[FeatureMaps, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        planes = frozen_array(self.planes, np.float32, 3, "planes")
        gradients = frozen_array(self.gradients, np.float32, 3, "gradients")
        occlusion = frozen_array(self.occlusion, np.float32, 2, "occlusion")
        if len(self.plane_names) != len(planes):
            raise ValueError(f"{len(planes)} planes have {len(self.plane_names)} names")
        if len(gradients) not in {0, len(planes)} or occlusion.shape != planes.shape[1:]:
            raise ValueError(f"maps of {gradients.shape} and {occlusion.shape} for {planes.shape}")
        for name, values in (
            ("planes", planes), ("gradients", gradients), ("occlusion", occlusion),
        ):  # fmt: skip
            set_field(self, name, values)

    @property
    def has_gradients(self) -> bool:
        return bool(len(self.gradients))

    @property
    def unexplained(self) -> float:
        """What the sum of the gradients misses of the difference to the baseline, nat."""
        return float(self.value - self.baseline_value - self.gradients.sum())
