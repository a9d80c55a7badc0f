"""What is worked out once from a model's arrays and kept, however many jobs use the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


class SameArrays:
    """A model's arrays as the key of a cache: equal when they are the very same mapping.

    Each job brings a ``Model`` of its own, with its own seed, about the same loaded arrays.
    """

    __slots__ = ("arrays",)

    def __init__(self, arrays: Mapping[str, NDArray[np.generic] | Any]) -> None:
        self.arrays = arrays

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameArrays) and self.arrays is other.arrays

    def __hash__(self) -> int:
        return id(self.arrays)
