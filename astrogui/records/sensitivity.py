"""Which parts of the data an answer rests on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astrogui.records.frozen import frozen_array, set_field


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sensitivity:
    """What an answer loses when one stretch of the data after another is hidden.

    ``loss[i]`` belongs to the stretch between ``edges[i]`` and ``edges[i + 1]``: positive where the
    stretch speaks for the answer, negative where it speaks against it, NaN where it holds no good
    data.
    """

    task: str
    answer: str  # in words: "GALAXY at z = 0.3512"
    axis: str  # "vacuum wavelength"
    axis_unit: str  # astropy unit string
    edges: NDArray[np.float64]  # (n + 1,) rising
    loss: NDArray[np.float64]  # (n,) in loss_unit
    quantity: str  # what is lost: "log odds of the answer"
    loss_unit: str
    baseline: float  # the quantity with all the data
    limit: float = np.inf  # losses are cut off here: the network's probabilities end somewhere

    def __post_init__(self) -> None:
        edges = frozen_array(self.edges, np.float64, 1, "edges")
        loss = frozen_array(self.loss, np.float64, 1, "loss")
        if loss.size != edges.size - 1:
            raise ValueError(f"{edges.size} edges make {edges.size - 1} stretches, got {loss.size}")
        if not np.all(np.diff(edges) > 0):
            raise ValueError("edges must rise strictly")
        set_field(self, "edges", edges)
        set_field(self, "loss", loss)
