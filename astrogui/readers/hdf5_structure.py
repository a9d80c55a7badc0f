"""The names in an HDF5 file, with links out of it refused and sizes checked before data are read.

A link or a data set that points to another file would read what the analyst never chose; a cut file
whose chunks are missing would read as zeros. Both are refused here.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged, FileProblem, MissingMetadata, TooLarge, Unreadable

MAX_NAMES = 20_000
MAX_DEPTH = 32
MAX_DATASET_BYTES = 4 << 30
FETCH_AGAIN = "Fetch the file again or ask its writer."
_HEAP = b"GCOL\x01\0\0\0"
_LARGEST_HEAP = 64 << 20
_BLOCK = 1 << 20  # stays in the processor's cache: sixteen times as much takes twice as long
_LARGEST_SEARCHED = 4 << 30


def member_names(path: str) -> frozenset[str]:
    """All groups and data sets reached by hard links; raises ``Damaged`` for links out."""
    import h5py

    require_sound_heaps(path)
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


def require_sound_heaps(path: str) -> None:
    """Raises ``Damaged`` where the list of a global heap does not move on.

    The HDF5 library follows that list without end, or out of its memory, when it reads text of
    variable length. Layout: HDF5 file format specification 3.0, section III.E. What was found
    sound is not searched again while the file is the same: it is recognised, then read.
    """
    try:
        state = os.stat(path)
        _search_once(path, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
    except OSError as error:
        raise Unreadable(
            path, "", f"it cannot be read: {error.strerror}", "Check the file."
        ) from error


@lru_cache(maxsize=16)
def _search_once(path: str, *state: int) -> None:
    """``state`` tells one content of the file from another."""
    del state
    _search_heaps(path)


def _search_heaps(path: str) -> None:
    with open(path, "rb") as file:
        superblock = file.read(16)
        lengths = superblock[14] if superblock[8:9] in {b"\0", b"\1"} else superblock[10]
        if lengths != 8 or file.seek(0, 2) > _LARGEST_SEARCHED:  # no other length is in use
            return
        position, before = 0, b""
        file.seek(0)
        while block := file.read(_BLOCK):
            searched = before + block
            begin = position - len(before)
            at = searched.find(_HEAP)
            while at >= 0:
                _require_sound_heap(path, file, begin + at)
                at = searched.find(_HEAP, at + 1)
            position += len(block)
            before = searched[-len(_HEAP) + 1 :]
            file.seek(position)


def _require_sound_heap(path: str, file: BinaryIO, offset: int) -> None:
    file.seek(offset + len(_HEAP))
    size = int.from_bytes(file.read(8), "little")
    heap = file.read(min(size, _LARGEST_HEAP) - 16) if size > 16 else b""
    place = 0
    while place + 16 <= len(heap):
        index = int.from_bytes(heap[place : place + 2], "little")
        length = int.from_bytes(heap[place + 8 : place + 16], "little")
        step = 16 + (length + 7) // 8 * 8 if index else length  # entry 0 is the free space
        if not 0 < step <= size - 16 - place:
            raise Damaged(
                path,
                f"global heap at byte {offset}",
                "its list of texts leads nowhere",
                FETCH_AGAIN,
            )
        place += step


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


def _ending(path: str) -> str:
    """The last part of a path that may be of any length, where its name is."""
    return path if len(path) <= 80 else "…" + path[-79:]


def _require_inside(path: str, name: str, link: Any) -> None:
    import h5py

    if isinstance(link, h5py.ExternalLink):
        raise Damaged(
            path,
            name,
            f"it points to another file ({_ending(str(link.filename))})",
            "Fetch a file that holds its own data; links out are not followed.",
        )
    if isinstance(link, h5py.SoftLink):
        raise Damaged(
            path,
            name,
            f"it is a link by name to {str(link.path)[:80]}",
            "Repack the file (h5repack) so that it holds its own data.",
        )
