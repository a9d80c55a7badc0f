"""The names in an HDF5 file, with links out of it refused and sizes checked before data are read.

A link or a data set that points to another file would read what the analyst never chose; a cut file
whose chunks are missing would read as zeros. Both are refused here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged, FileProblem, MissingMetadata, TooLarge

MAX_NAMES = 20_000
MAX_DEPTH = 32
MAX_DATASET_BYTES = 4 << 30
FETCH_AGAIN = "Fetch the file again or ask its writer."


def member_names(path: str) -> frozenset[str]:
    """All groups and data sets reached by hard links; raises ``Damaged`` for links out."""
    import h5py

    names: set[str] = set()
    with opened(path) as file:
        waiting: list[tuple[str, Any, int]] = [("", file, 0)]
        visited = {h5py.h5o.get_info(file.id).addr}
        while waiting:
            prefix, group, depth = waiting.pop()
            for key in group:
                name = f"{prefix}/{key}".lstrip("/")
                _require_inside(path, name, group.get(key, getlink=True))
                names.add(name)
                if len(names) > MAX_NAMES:
                    raise TooLarge(path, name, f"more than {MAX_NAMES} names", FETCH_AGAIN)
                member = group.get(key)
                if member is None:
                    raise Damaged(path, name, "the link leads nowhere", FETCH_AGAIN)
                if isinstance(member, h5py.Group):
                    address = h5py.h5o.get_info(member.id).addr
                    if address not in visited and depth < MAX_DEPTH:
                        visited.add(address)
                        waiting.append((name, member, depth + 1))
    return frozenset(names)


@contextmanager
def opened(path: str) -> Iterator[Any]:
    """The file; what h5py raises inside becomes ``Damaged``, FileProblems pass."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            yield file
    except FileProblem:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, IndexError,
            OverflowError, MemoryError, UnicodeError, NotImplementedError) as error:  # fmt: skip
        words = " ".join(str(error).split())[:200] or type(error).__name__
        raise Damaged(
            path, "HDF5 structure", f"the content is cut or broken ({words})", FETCH_AGAIN
        ) from error


def series(path: str, file: Any, name: str) -> Any:
    """The data set ``name``, a one-dimensional series of floats, whose bytes are all there."""
    dataset = plain_dataset(path, file, name)
    if dataset.ndim != 1 or dataset.dtype.kind != "f" or dataset.dtype.itemsize not in {4, 8}:
        raise Damaged(
            path,
            name,
            f"expected a series of floating-point numbers, found {dataset.dtype} of shape "
            f"{dataset.shape}",
            FETCH_AGAIN,
        )
    if dataset.size == 0:
        raise Damaged(path, name, "the series has no samples", FETCH_AGAIN)
    return dataset


def plain_dataset(path: str, file: Any, name: str) -> Any:
    """The data set ``name`` in this file itself, of a size that fits, with all its chunks."""
    import h5py

    group_name, _, key = name.rpartition("/")
    group = file[group_name] if group_name else file
    if key not in group:
        raise MissingMetadata(path, name, "the data set is missing", FETCH_AGAIN)
    _require_inside(path, name, group.get(key, getlink=True))
    dataset = group[key]
    if not isinstance(dataset, h5py.Dataset):
        raise Damaged(path, name, "expected a data set, found a group", FETCH_AGAIN)
    if dataset.is_virtual or dataset.external:
        raise Damaged(
            path, name, "its data lie in another file", "Fetch a file that holds its own data."
        )
    size = math.prod(dataset.shape or (0,)) * dataset.dtype.itemsize
    if size > MAX_DATASET_BYTES:
        raise TooLarge(path, name, f"it asks for {size / 2**30:.3g} GiB", FETCH_AGAIN)
    if dataset.chunks and dataset.shape and size:
        due = math.prod(
            -(-length // chunk) for length, chunk in zip(dataset.shape, dataset.chunks, strict=True)
        )
        there = dataset.id.get_num_chunks()
        if there != due:
            raise Damaged(
                path, name, f"{there} of {due} chunks of data are there", "Fetch the file again."
            )
    elif size and dataset.id.get_storage_size() == 0:
        raise Damaged(path, name, "the data were never written", "Fetch the file again.")
    return dataset


def scalar(path: str, file: Any, name: str) -> float:
    """A finite number; raises ``MissingMetadata`` or ``Damaged``."""
    return finite(path, name, plain_dataset(path, file, name)[()])


def attribute(path: str, dataset: Any, name: str) -> float:
    """A finite number among the attributes of a data set."""
    place = f"{dataset.name.lstrip('/')}, attribute {name}"
    if name not in dataset.attrs:
        raise MissingMetadata(path, place, "it is missing", "Get a complete copy of the file.")
    return finite(path, place, dataset.attrs[name])


def finite(path: str, place: str, value: Any) -> float:
    """``value`` as one finite float, or ``Damaged``."""
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise Damaged(path, place, f"expected a number, found {str(value)[:60]!r}", FETCH_AGAIN)
    return float(array.reshape(-1)[0])


def text(value: Any) -> str:
    """HDF5 text, whatever its storage, as one line without zeros."""
    if isinstance(value, np.ndarray):
        value = value.reshape(-1)[0] if value.size else ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    return " ".join(str(value).replace("\0", " ").split())[:500]


def words(values: Any) -> tuple[str, ...]:
    """An array of HDF5 text as strings."""
    return tuple(text(value) for value in np.asarray(values).reshape(-1)[:32])


def all_values(path: str, dataset: Any) -> NDArray[Any]:
    """The whole of a checked data set; raises ``Damaged`` where a chunk cannot be unpacked."""
    try:
        return np.asarray(dataset[()])
    except (OSError, RuntimeError, ValueError, MemoryError) as error:
        detail = " ".join(str(error).split())[:160]
        raise Damaged(
            path,
            dataset.name.lstrip("/"),
            f"the data cannot be unpacked ({detail})",
            "Fetch the file again.",
        ) from error


def _require_inside(path: str, name: str, link: Any) -> None:
    import h5py

    if isinstance(link, h5py.ExternalLink):
        raise Damaged(
            path,
            name,
            f"it points to another file ({str(link.filename)[:80]})",
            "Fetch a file that holds its own data; links out are not followed.",
        )
    if isinstance(link, h5py.SoftLink):
        raise Damaged(
            path,
            name,
            f"it is a link by name to {str(link.path)[:80]}",
            "Repack the file (h5repack) so that it holds its own data.",
        )
