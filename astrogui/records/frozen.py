"""Helpers by which records check and freeze their arrays, and travel between processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

FloatArray = NDArray[np.floating[Any]]
BoolArray = NDArray[np.bool_]


def frozen_array(
    values: Any, dtype: DTypeLike | None = None, ndim: int | None = None, name: str = "array"
) -> NDArray[Any]:
    """A native-endian, contiguous, read-only array; the caller's array is taken over, not copied.

    Raises ``ValueError`` naming ``name`` when the number of dimensions is not ``ndim``.
    """
    array = np.asarray(values, dtype=dtype)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    array = np.ascontiguousarray(array) if array.ndim else array
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} has {ndim} dimensions, got shape {array.shape}")
    array.flags.writeable = False
    return array


def set_field(record: Any, name: str, value: Any) -> None:
    """Store a checked value on a frozen record while it is being constructed."""
    object.__setattr__(record, name, value)


def same_shape(**arrays: NDArray[Any] | None) -> None:
    """Raise ``ValueError`` unless every given array has the shape of the first."""
    present = {name: array for name, array in arrays.items() if array is not None}
    shapes = {name: array.shape for name, array in present.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"shapes differ: {shapes}")


def to_fields(record: Any) -> dict[str, Any]:
    """The fields of a dataclass by name, one level deep (arrays stay arrays)."""
    if not is_dataclass(record):
        raise TypeError(f"{type(record).__name__} is no record")
    return {field.name: getattr(record, field.name) for field in fields(record)}


def text_mapping(values: Mapping[Any, Any] | None) -> dict[str, str]:
    """A plain dict of strings, for headers that are shown but never used."""
    return {str(key): str(value) for key, value in (values or {}).items()}
