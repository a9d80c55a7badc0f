"""Loops that Numba compiles, where it is there; everything has a way without it.

What is compiled is kept beside the source, or in the user's cache folder where that cannot be
written, so that only the first run after an installation compiles (some seconds).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

# Sums in any order, so that they run side by side; NaN and infinity keep their meaning.
RELAXED = {"reassoc", "contract", "nsz", "arcp"}


@lru_cache(maxsize=1)
def is_available() -> bool:
    """Whether Numba can be imported; the first call does.

    It is left out of the frozen application for its size, and refuses a numpy newer than itself.
    """
    try:
        import numba  # noqa: F401
    except ImportError:
        return False
    return True


def kernel(function: Kernel) -> Kernel:
    """The function compiled at its first call, for modules that are imported only with Numba."""
    from numba import njit

    options: dict[str, Any] = {"nogil": True, "fastmath": RELAXED, "error_model": "numpy"}
    try:
        return njit(function, cache=True, **options)
    except RuntimeError:  # no folder where it could be kept
        return njit(function, **options)
