"""A reader process whose files misbehave as their names say."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]


def recognise(path, options):
    import tiny

    act(Path(path).stem.split("-"))
    return (tiny.source(path),) * int(options.get("count", "1"))


def read(source):
    import numpy as np
    import tiny

    from astrogui.records.image import Image

    words = Path(source.path).stem.split("-")
    act(words)
    if words[0] == "large":
        side = int(words[1])
        return Image(pixels=np.arange(side * side, dtype=np.float32).reshape(side, side))
    if words[0] == "unsendable":
        return object()
    return tiny.read(source)


def glimpse(path):
    """Which look it is; each leaves a line beside the file."""
    looks = Path(path).with_suffix(".looks")
    with open(looks, "a") as file:
        file.write("look\n")
    return f"look {len(looks.read_text().splitlines())}"


def act(words):
    """Do what the first word of a name says."""
    if words[0] == "crash":
        ctypes.string_at(0)
    elif words[0] == "exit":
        os._exit(5)
    elif words[0] == "hang":
        time.sleep(600)
    elif words[0] == "spin":  # holds the interpreter, like a library in an endless loop
        ctypes.PyDLL(None).usleep(600_000_000)
    elif words[0] == "busy":
        until = time.monotonic() + float(words[1])
        with open(__file__, "rb", buffering=0) as file:
            while time.monotonic() < until:
                file.seek(0)
                file.read()
                time.sleep(0.01)
    elif words[0] == "memory":
        bytearray(int(words[1]) << 20)


if __name__ == "__main__":
    from astrogui.inference.reading_server import serve

    raise SystemExit(serve(recognise, read, glimpse))
