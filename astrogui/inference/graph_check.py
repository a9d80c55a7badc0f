"""What an ONNX file would make a runtime do, read from its bytes before a runtime sees it.

The file is a protocol-buffer message. Only the fields that matter are followed: the domain of
each operator, and tensors whose data lie in another file, whose path the file may choose freely.
Field numbers: onnx.proto3 of ONNX 1.18 (IR version 11).
"""

from __future__ import annotations

from collections.abc import Iterator

from astrogui.errors import ModelMismatch

DOMAINS = frozenset({"", "ai.onnx"})

# message: {field number: what it holds}: domain, location, outside are judged, others followed.
_FIELDS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute", 7: "domain"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "tensor": {13: "outside", 14: "location"},
    "sparse": {1: "tensor", 2: "tensor"},
    "function": {7: "node", 11: "attribute"},
    "training": {1: "graph", 2: "graph"},
}


def check_graph(content: bytes, where: str) -> None:
    """Raise ``ModelMismatch`` unless the graph has standard operators and its own data only."""
    try:
        _check("model", memoryview(content), where)
    except (IndexError, UnicodeDecodeError, RecursionError) as error:
        raise ModelMismatch(f"{where} is no ONNX graph.") from error


def _check(message: str, data: memoryview, where: str) -> None:
    known = _FIELDS[message]
    for number, value in _fields(data):
        kind = known.get(number)
        if kind is None:
            continue
        if kind == "outside" or (kind == "location" and value != 0):
            raise ModelMismatch(f"{where}: the graph refers to data outside itself.")
        if kind == "location":
            continue
        if isinstance(value, int):
            raise IndexError(number)
        if kind == "domain":
            domain = str(value, "utf-8")
            if domain not in DOMAINS:
                raise ModelMismatch(f"{where}: the graph has operators of {domain!r}.")
        else:
            _check(kind, value, where)


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field: an integer, or the bytes of a string or message.

    Raises ``IndexError`` where the bytes end within a field or have no known form.
    """
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, form = key >> 3, key & 7
        if form == 0:
            value, position = _varint(data, position)
            yield number, value
            continue
        if form == 2:
            length, position = _varint(data, position)
        elif form in {1, 5}:
            length = 8 if form == 1 else 4
        else:
            raise IndexError(position)
        if position + length > len(data):
            raise IndexError(position)
        yield number, data[position : position + length]
        position += length


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """An integer of seven bits a byte, and the place after it."""
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position
        if shift > 63:
            raise IndexError(position)
