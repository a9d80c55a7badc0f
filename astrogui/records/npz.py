"""Arrays as the bytes of an ``npz`` archive: a ZIP file of ``npy`` files, as numpy reads them.

numpy and ``zipfile`` write the same three to five times as slowly, which counts where thousands of
small archives are written. Sources: PKWARE's APPNOTE 6.3 (local headers, central directory), and
numpy's description of the ``npy`` format, version 1.0.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALL_BYTES, LARGE_BYTES = 512, 8192  # arrays between them are compressed
_STORED, _DEFLATED = 0, 8
_VERSION = 20  # 2.0, the first that knows what is used here
_MADE_BY = 3 << 8 | _VERSION  # on Unix, whose permissions follow
_PERMISSIONS = 0o600 << 16
_FIRST_DAY = 1 << 5 | 1  # of 1980: without the time of day
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")


def npz_bytes(arrays: Mapping[str, NDArray[Any]], packed: frozenset[str]) -> bytes:
    """An archive, the same for the same arrays. Long arrays lie in it as they are.

    The last digits of a density are noise: compressing it costs ten times as long as all the rest
    of packing, and saves a tenth of the room. ``packed`` are compressed however long they are.
    """
    pieces: list[bytes | memoryview] = []
    directory: list[bytes] = []
    offset = 0
    for name, array in arrays.items():
        pays = name in packed or SMALL_BYTES <= array.nbytes < LARGE_BYTES
        content, sizes = _member(np.asarray(array, order="C"), pays)
        file_name = f"{name}.npy".encode()
        method = _DEFLATED if pays else _STORED
        what = (_VERSION, 0, method, 0, _FIRST_DAY, *sizes, len(file_name), 0)
        directory += [
            _CENTRAL.pack(b"PK\1\2", _MADE_BY, *what, 0, 0, 0, _PERMISSIONS, offset),
            file_name,
        ]
        pieces += [_LOCAL.pack(b"PK\3\4", *what), file_name, *content]
        offset += _LOCAL.size + len(file_name) + sizes[1]
    count, size = len(arrays), sum(map(len, directory))
    end = _END.pack(b"PK\5\6", 0, 0, count, count, size, offset, 0)
    return b"".join([*pieces, *directory, end])


def _member(
    array: NDArray[Any], pays: bool
) -> tuple[list[bytes | memoryview], tuple[int, int, int]]:
    """The content of a file of the archive; its checksum, its length there, and its own."""
    head = _head(array.dtype, array.shape)
    raw: bytes | memoryview = array.reshape(-1).view(np.uint8).data if array.size else b""
    checksum = zlib.crc32(raw, zlib.crc32(head))
    length = len(head) + len(raw)
    if not pays:
        return [head, raw], (checksum, length, length)
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    content = deflate.compress(head) + deflate.compress(raw) + deflate.flush()
    return [content], (checksum, len(content), length)


@lru_cache(maxsize=256)
def _head(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """What comes before the numbers of such an array in an ``npy`` file."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream,
        {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape},
    )
    return stream.getvalue()
