"""A backend that survives a full and a lost accelerator, and says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import DeviceLost, OutOfDeviceMemory

if TYPE_CHECKING:
    from astrogui.inference.backends import Arrays, Backend

LARGEST_BATCH = 256


class GuardedBackend:
    """Runs in batches: halves them when memory runs out, falls back when the device is lost.

    The smaller batch is kept for later calls. ``notice`` gets a sentence for the analyst.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        fallback: Callable[[], Backend],
        notice: Callable[[str], None],
        batch: int = LARGEST_BATCH,
    ) -> None:
        self._backend = backend
        self._fallback: Callable[[], Backend] | None = fallback
        self._notice = notice
        self._batch = batch

    @property
    def name(self) -> str:
        return self._backend.name

    @property
    def device(self) -> str:
        return self._backend.device

    @property
    def libraries(self) -> tuple[str, ...]:
        return self._backend.libraries

    def run(self, prepared: Mapping[str, NDArray[np.generic]]) -> Arrays:
        """All outputs, whatever happened on the way.

        Raises ``OutOfDeviceMemory`` when a single example does not fit, and ``DeviceLost`` when
        the fallback is lost too.
        """
        count = len(next(iter(prepared.values())))
        pieces: list[Arrays] = []
        start = 0
        while start < count or not pieces:
            rows = slice(start, start + self._batch)
            size = min(self._batch, count - start)
            try:
                pieces.append(self._backend.run({n: v[rows] for n, v in prepared.items()}))
            except OutOfDeviceMemory:
                self._halve(size)
            except DeviceLost as error:
                self._fall_back(error)
            else:
                start += size
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}

    def _halve(self, size: int) -> None:
        """Go on with half the batch that did not fit; raises when it was one example."""
        if size <= 1:
            raise OutOfDeviceMemory(
                f"One example does not fit the memory of {self.device}. Close other programs that "
                "use it, or set CUDA_VISIBLE_DEVICES=-1 to compute on the CPU."
            )
        self._batch = size // 2
        self._notice(f"{self.device} ran out of memory; going on with batches of {self._batch}.")

    def _fall_back(self, error: DeviceLost) -> None:
        """Go on with the fallback; raises ``error`` when there is none left."""
        if self._fallback is None:
            raise error
        lost = self.device
        self._backend, self._fallback = self._fallback(), None
        self._notice(f"{lost} was lost; going on with {self._backend.name} on {self.device}.")
