"""Arrays as an ``npz`` archive, which is a zip of ``npy`` files, written by hand.

``zipfile`` takes ten times as long for a dozen short members: an answer a file has as many, and
they were half of what the session did with it. Formats: PKWARE, APPNOTE.TXT 6.3, sections 4.3.7,
4.3.12 and 4.3.16; NumPy, numpy.lib.format, version 1.0.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALL_BYTES, LARGE_BYTES = 512, 8192  # arrays between them are compressed
STORED, DEFLATED = 0, 8
_VERSION = 20  # of the format that is needed to take it apart
_FIRST_DAY = 33  # 1980-01-01 as the format counts: the same arrays make the same bytes on any day
_ACCESS = 0o600 << 16
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")


def npz_bytes(arrays: Mapping[str, NDArray[Any]], packed: Collection[str] = ()) -> bytes:
    """The archive of named arrays, the same for the same arrays; below 4 GB in all.

    Long arrays lie in it as they are, for the last digits of a density are noise: compressing it
    costs ten times as long as all the rest, and saves a tenth of the room. The ``packed`` are
    compressed whatever their length.
    """
    pieces: list[bytes | memoryview] = []
    directory: list[bytes] = []
    offset = 0
    for name, given in arrays.items():
        array = np.asarray(given, order="C")
        head, content = _npy_header(array.dtype.str, array.shape), _raw(array)
        size = len(head) + array.nbytes
        check = zlib.crc32(content, zlib.crc32(head))
        body: list[bytes | memoryview] = [head, content]
        method, length = STORED, size
        if name in packed or SMALL_BYTES <= array.nbytes < LARGE_BYTES:
            deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
            body = [deflate.compress(head), deflate.compress(content), deflate.flush()]
            method, length = DEFLATED, sum(map(len, body))
        file = f"{name}.npy".encode("ascii")
        said = (_VERSION, 0, method, 0, _FIRST_DAY, check, length, size, len(file), 0)
        pieces += [_LOCAL.pack(b"PK\x03\x04", *said), file, *body]
        entry = _CENTRAL.pack(b"PK\x01\x02", _VERSION, *said, 0, 0, 0, _ACCESS, offset)
        directory += [entry, file]
        offset += _LOCAL.size + len(file) + length
    count, index = len(arrays), b"".join(directory)
    end = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(index), offset, 0)
    return b"".join([*pieces, index, end])


@lru_cache(maxsize=1024)
def _npy_header(kind: str, shape: tuple[int, ...]) -> bytes:
    """What stands before the numbers of an ``npy`` file of a type and a shape."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": kind, "fortran_order": False, "shape": shape}
    )
    return head.getvalue()


def _raw(array: NDArray[Any]) -> bytes | memoryview:
    """The numbers of an array in one piece, without a copy."""
    return array.reshape(-1).view(np.uint8).data if array.size else b""
