"""Values between processes: fields and arrays, rebuilt by their constructors; never a pickle.

A message is a line of JSON for the structure, followed by the bytes of its arrays. Unpickling
would bypass the constructors, leave arrays writable, and let a reader process that a damaged file
has taken over run code in the window's process. Arrays above a megabyte go through a temporary
file that the receiver maps and unlinks.
"""

from __future__ import annotations

import contextlib
import json
import math
import mmap
import os
import tempfile
from dataclasses import fields, is_dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui import errors
from astrogui.errors import AstroguiError
from astrogui.inference import jobs
from astrogui.records import (
    catalogue,
    image,
    inside,
    model_card,
    posterior,
    provenance,
    sensitivity,
    source,
    spectrum,
    strain,
)
from astrogui.records.flags import Flag

LARGE_ARRAY_BYTES = 1 << 20
LONGEST_MESSAGE_BYTES = 1 << 30
_ALIGNMENT = 64
_PREFIX = "arrays-"
_PLAIN = frozenset({bool, int, float, str})


def _own_classes(modules: tuple[Any, ...]) -> dict[str, type]:
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__
    }


RECORDS: dict[str, type] = {
    name: cls
    for name, cls in _own_classes(
        (
            catalogue,
            image,
            inside,
            model_card,
            posterior,
            provenance,
            sensitivity,
            source,
            spectrum,
            strain,
            jobs,
        )
    ).items()
    if is_dataclass(cls)
}
FIELDS: dict[str, tuple[str, ...]] = {
    name: tuple(field.name for field in fields(cls)) for name, cls in RECORDS.items()
}
ERRORS: dict[str, type] = {
    name: cls for name, cls in _own_classes((errors,)).items() if issubclass(cls, AstroguiError)
}


def send(connection: Connection, value: Any, folder: Path | None = None) -> None:
    """Send a value of plain types, records, our errors and arrays.

    Large arrays go through a file in ``folder`` where one is given. Raises ``TypeError`` for
    anything else, ``OSError`` when the other side is gone.
    """
    try:
        message = encode(value, folder)
    except OSError:  # no room for the file: slower, but all the same
        message = encode(value)
    connection.send_bytes(message)


def receive(connection: Connection, folder: Path | None = None) -> Any:
    """The next value; raises ``EOFError`` or ``OSError`` when the other side is gone."""
    return decode(connection.recv_bytes(LONGEST_MESSAGE_BYTES), folder)


def encode(value: Any, folder: Path | None = None) -> bytes:
    """The bytes of a message; see ``send``."""
    writer = _Writer()
    head: dict[str, Any] = {"value": writer.structure(value)}
    arrays = writer.arrays
    small = [index for index, array in enumerate(arrays) if not _is_large(array, folder)]
    large = [index for index in range(len(arrays)) if index not in set(small)]
    layout: list[list[Any]] = [[array.dtype.str, list(array.shape), 0] for array in arrays]
    _place(layout, arrays, small)
    if large:
        assert folder is not None
        _place(layout, arrays, large)
        head["file"], head["in_file"] = _write_large([arrays[i] for i in large], folder), large
    head["arrays"] = layout
    line = json.dumps(head).encode()
    line += b" " * (-(len(line) + 1) % _ALIGNMENT) + b"\n"
    return b"".join([line, *_padded(arrays[index] for index in small)])


def decode(message: bytes, folder: Path | None = None) -> Any:
    """The value of a message; arrays are read-only. Raises ``ValueError`` for a broken one."""
    line, _, _ = message.partition(b"\n")
    head = json.loads(line)
    inside = memoryview(message)[len(line) + 1 :]
    mapped = _map_and_unlink(folder, head["file"]) if "file" in head else inside
    in_file = set(head.get("in_file", ()))
    arrays = [
        _view(mapped if index in in_file else inside, *entry)
        for index, entry in enumerate(head["arrays"])
    ]
    return _Builder(arrays).value(head["value"])


class _Writer:
    """Turns values into JSON, collecting their arrays.

    What JSON lacks becomes a list whose first item names its kind: plain lists start with "[".
    A record or an array met again (the provenance that many answers share, the cells of a
    density) is written once.
    """

    def __init__(self) -> None:
        self.arrays: list[NDArray[Any]] = []
        self._seen: dict[int, int] = {}
        # Place by identity; the array itself is held, so that no other takes its identity.
        self._seen_arrays: dict[int, tuple[int, NDArray[Any]]] = {}

    def structure(self, value: Any) -> Any:
        """JSON for ``value``; raises ``TypeError`` for what does not travel."""
        kind = type(value)
        if value is None or kind in _PLAIN:
            return value
        if kind is tuple:
            return ["(", *map(self.structure, value)]
        if kind is list:
            return ["[", *map(self.structure, value)]
        if kind is dict:
            return ["{", *([self.structure(k), self.structure(v)] for k, v in value.items())]
        if kind is Flag:
            return ["flag", int(value)]
        if kind is np.ndarray:
            return self._array(value)
        if isinstance(value, np.generic):
            return self.structure(value.item())
        return self._object(value)

    def _array(self, value: NDArray[Any]) -> list[Any]:
        if value.dtype.hasobject:
            raise TypeError("arrays of Python objects do not travel")
        if id(value) not in self._seen_arrays:
            self._seen_arrays[id(value)] = len(self.arrays), value
            self.arrays.append(np.ascontiguousarray(value) if value.ndim else value)
        return ["array", self._seen_arrays[id(value)][0]]

    def _object(self, value: object) -> list[Any]:
        """A record or one of our errors."""
        name = type(value).__name__
        if isinstance(value, AstroguiError) and ERRORS.get(name) is type(value):
            return ["error", name, *(str(part) for part in value.args)]
        if RECORDS.get(name) is not type(value):
            raise TypeError(f"a {name} does not travel between processes")
        if id(value) in self._seen:
            return ["same", self._seen[id(value)]]
        content = []
        for field in FIELDS[name]:
            item = getattr(value, field)
            is_plain = item is None or type(item) in _PLAIN  # most are: a call for each counts
            content.append([field, item if is_plain else self.structure(item)])
        self._seen[id(value)] = len(self._seen)
        return ["record", name, *content]


class _Builder:
    """Turns JSON back into values, records by their constructors."""

    def __init__(self, arrays: list[NDArray[Any]]) -> None:
        self._arrays = arrays
        self._records: list[Any] = []

    def value(self, written: Any) -> Any:
        """The value that ``_Writer.structure`` wrote; raises ``ValueError`` for anything else."""
        if not isinstance(written, list):
            return written
        kind, *content = written
        if kind == "(":
            return tuple(map(self.value, content))
        if kind == "[":
            return list(map(self.value, content))
        if kind == "{":
            return {self.value(k): self.value(v) for k, v in content}
        if kind == "array":
            return self._arrays[content[0]]
        if kind == "flag":
            return Flag(content[0])
        if kind == "error":
            return ERRORS[content[0]](*content[1:])
        if kind == "same":
            return self._records[content[0]]
        if kind != "record":
            raise ValueError(f"a message holds no {kind!r}")
        fields = {
            name: self.value(item) if isinstance(item, list) else item for name, item in content[1:]
        }
        self._records.append(RECORDS[content[0]](**fields))
        return self._records[-1]


def _is_large(array: NDArray[Any], folder: Path | None) -> bool:
    return folder is not None and array.nbytes > LARGE_ARRAY_BYTES


def _place(layout: list[list[Any]], arrays: list[NDArray[Any]], chosen: list[int]) -> None:
    """Note where each of the chosen arrays starts, one after another and aligned."""
    offset = 0
    for index in chosen:
        layout[index][2] = offset
        offset += arrays[index].nbytes + _fill(arrays[index])


def _fill(array: NDArray[Any]) -> int:
    return -array.nbytes % _ALIGNMENT


def _padded(arrays: Any) -> list[bytes | memoryview]:
    """The bytes of each array, and what fills them up to the alignment."""
    pieces: list[bytes | memoryview] = []
    for array in arrays:
        pieces += [_raw(array), b"\0" * _fill(array)]
    return pieces


def _raw(array: NDArray[Any]) -> bytes | memoryview:
    """The array's bytes without a copy where the type allows it."""
    return array.reshape(-1).view(np.uint8).data if array.size else b""


def _write_large(arrays: list[NDArray[Any]], folder: Path) -> str:
    """Put the arrays into a new file in ``folder``; its name."""
    handle, path = tempfile.mkstemp(dir=folder, prefix=_PREFIX)
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in _padded(arrays):
                file.write(piece)
    except OSError:
        os.unlink(path)
        raise
    return os.path.basename(path)


def _map_and_unlink(folder: Path | None, name: str) -> memoryview:
    """The content of a temporary file, mapped; the file's name is gone at once.

    Only files of the folder that both sides agreed on: the sender may be a process that a damaged
    file has taken over. Raises ``ValueError`` for any other name.

    The mapping lives as long as an array that looks into it. Shared memory would do as well, but
    before Python 3.13 its resource tracker unlinks segments that others still use.
    """
    if folder is None or Path(name).name != name or not name.startswith(_PREFIX):
        raise ValueError(f"a message may not name the file {name!r}")
    path = folder / name
    with open(path, "rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    with contextlib.suppress(PermissionError):  # Windows keeps it; its folder is cleared later
        os.unlink(path)
    return memoryview(mapped)


def _view(buffer: memoryview, dtype: str, shape: list[int], offset: int) -> NDArray[Any]:
    """A read-only array in the buffer; raises ``ValueError`` beyond its end."""
    count = math.prod(shape)
    if count == 0:
        array = np.zeros(shape, dtype)
    else:
        array = np.frombuffer(buffer, dtype, count, offset).reshape(shape)
    array.flags.writeable = False
    return array
