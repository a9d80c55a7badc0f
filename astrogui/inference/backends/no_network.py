"""What stands in a runtime's place where an analysis has no network: its arrays go straight on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


class NoNetwork:
    """Hands the prepared arrays to ``decode`` as they are."""

    name = "no network"
    device = "CPU"
    libraries: tuple[str, ...] = ()

    def run(self, prepared: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
        return dict(prepared)
