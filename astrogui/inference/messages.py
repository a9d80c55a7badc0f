"""Values between processes: fields and arrays, rebuilt by their constructors; never a pickle.

A message is a line of JSON for the structure, followed by the bytes of its arrays. Unpickling
would bypass the constructors, leave arrays writable, and let a reader process that a damaged file
has taken over run code in the window's process. Arrays above a megabyte go through a temporary
file that the receiver maps and unlinks.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import tempfile
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
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
    model_card,
    posterior,
    provenance,
    source,
    spectrum,
    strain,
)
from astrogui.records.flags import Flag

LARGE_ARRAY_BYTES = 1 << 20
LONGEST_MESSAGE_BYTES = 1 << 30
_ALIGNMENT = 64
_PREFIX = "arrays-"


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
        (catalogue, image, model_card, posterior, provenance, source, spectrum, strain, jobs)
    ).items()
    if is_dataclass(cls)
}
ERRORS: dict[str, type] = {
    name: cls for name, cls in _own_classes((errors,)).items() if issubclass(cls, AstroguiError)
}


def send(connection: Connection, value: Any, folder: Path | None = None) -> None:
    """Send a value of plain types, records, our errors and arrays.

    Large arrays go through a file in ``folder`` where one is given. Raises ``TypeError`` for
    anything else, ``OSError`` when the other side is gone.
    """
    connection.send_bytes(encode(value, folder))


def receive(connection: Connection, folder: Path | None = None) -> Any:
    """The next value; raises ``EOFError`` or ``OSError`` when the other side is gone."""
    return decode(connection.recv_bytes(LONGEST_MESSAGE_BYTES), folder)


def encode(value: Any, folder: Path | None = None) -> bytes:
    """The bytes of a message; see ``send``."""
    arrays: list[NDArray[Any]] = []
    head: dict[str, Any] = {"value": _structure(value, arrays)}
    small = [index for index, array in enumerate(arrays) if not _is_large(array, folder)]
    large = [index for index in range(len(arrays)) if index not in set(small)]
    layout: list[dict[str, Any]] = [
        {"dtype": array.dtype.str, "shape": array.shape} for array in arrays
    ]
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
    mapped = _map_and_unlink(folder, head["file"]) if "file" in head else None
    in_file = set(head.get("in_file", ()))
    arrays = []
    for index, entry in enumerate(head["arrays"]):
        buffer = mapped if index in in_file else inside
        assert buffer is not None
        arrays.append(_view(buffer, entry))
    return _rebuild(head["value"], arrays)


def _structure(value: Any, arrays: list[NDArray[Any]]) -> Any:
    """JSON for ``value``; what JSON lacks is a dict with the key "#" for its kind."""
    if isinstance(value, Flag):
        return {"#": "Flag", "v": int(value)}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or (isinstance(value, bool | int | float | str) and not _is_enum(value)):
        return value
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise TypeError("arrays of Python objects do not travel")
        arrays.append(np.ascontiguousarray(value) if value.ndim else value)
        return {"#": "array", "v": len(arrays) - 1}
    if isinstance(value, tuple | list):
        items = [_structure(item, arrays) for item in value]
        return items if isinstance(value, list) else {"#": "tuple", "v": items}
    if isinstance(value, dict):
        pairs = [[_structure(k, arrays), _structure(v, arrays)] for k, v in value.items()]
        return {"#": "dict", "v": pairs}
    return _object(value, arrays)


def _object(value: object, arrays: list[NDArray[Any]]) -> dict[str, Any]:
    """A record or one of our errors; raises ``TypeError`` for anything else."""
    name = type(value).__name__
    if is_dataclass(value) and RECORDS.get(name) is type(value):
        content = {f.name: _structure(getattr(value, f.name), arrays) for f in fields(value)}
        return {"#": "record", "class": name, "v": content}
    if isinstance(value, AstroguiError) and ERRORS.get(name) is type(value):
        return {"#": "error", "class": name, "v": [str(part) for part in value.args]}
    raise TypeError(f"a {name} does not travel between processes")


def _is_enum(value: Any) -> bool:
    return isinstance(value, Enum)


def _rebuild(value: Any, arrays: list[NDArray[Any]]) -> Any:
    if isinstance(value, list):
        return [_rebuild(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    kind, content = value["#"], value["v"]
    builders: dict[str, Callable[[], Any]] = {
        "Flag": lambda: Flag(content),
        "array": lambda: arrays[content],
        "tuple": lambda: tuple(_rebuild(item, arrays) for item in content),
        "dict": lambda: {_rebuild(k, arrays): _rebuild(v, arrays) for k, v in content},
        "record": lambda: RECORDS[value["class"]](
            **{name: _rebuild(item, arrays) for name, item in content.items()}
        ),
        "error": lambda: ERRORS[value["class"]](*content),
    }
    return builders[kind]()


def _is_large(array: NDArray[Any], folder: Path | None) -> bool:
    return folder is not None and array.nbytes > LARGE_ARRAY_BYTES


def _place(layout: list[dict[str, Any]], arrays: list[NDArray[Any]], chosen: list[int]) -> None:
    """Note where each of the chosen arrays starts, one after another and aligned."""
    offset = 0
    for index in chosen:
        layout[index]["offset"] = offset
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


def _view(buffer: memoryview, entry: dict[str, Any]) -> NDArray[Any]:
    """The read-only array that ``entry`` describes; raises ``ValueError`` beyond the buffer."""
    dtype, shape = np.dtype(entry["dtype"]), tuple(entry["shape"])
    count = int(np.prod(shape, dtype=np.int64))
    if count == 0:
        array = np.zeros(shape, dtype)
    else:
        array = np.frombuffer(buffer, dtype, count, entry["offset"]).reshape(shape)
    array.flags.writeable = False
    return array
