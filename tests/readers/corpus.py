"""Damaged copies of every sample, read in child processes that may crash or hang without harm.

Run as a program with a folder, a share and a number of shares; prints one JSON line a file. Each
batch of files is read in a forked child under a memory limit; a file that takes over five seconds
of computing (or a minute of waiting) ends its child by an alarm, which also ends code that is stuck
in a C library.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ALARM_S = 5  # of computing: a busy machine is no hang
WAIT_S = 60
ALARMS = {"SIGALRM", "SIGPROF"}
MEMORY_BYTES = 6 << 30
PER_SAMPLE = 45
SEED = 20261121
FITS_VALUES = (
    b"%20d" % -1, b"%20d" % 0, b"%20d" % 999999999, b"%20d" % 2**31, b"%20d" % 2**62, b"%20d" % 7,
    b"                 NaN", b"'                  '", b"%20.10E" % 1e300, b"%20.10E" % -1e-300,
    b"                   T", b"  1.5               ",
)  # fmt: skip


def mutations(name: str, whole: bytes, count: int = PER_SAMPLE) -> Iterator[tuple[str, bytes]]:
    """``count`` damaged copies with a word for what was done; the same ones at every call."""
    chance = random.Random(f"{SEED} {name}")
    for step in range(count):
        if step % 3 == 0:
            anywhere = chance.randrange(len(whole))
            near_end = len(whole) - chance.randrange(1, min(200, len(whole)))
            cut = chance.choice([anywhere, near_end])
            between = b"\0" not in whole and b"\n" in whole[max(cut - 1, 0) : cut + 1]
            yield f"cut{' between lines' if between else ''} at {cut}", whole[:cut]
        elif step % 9 == 1 and whole.startswith(b"SIMPLE"):
            yield "value of a card", _with_other_value(whole, chance)
        elif step % 9 == 4:
            at = chance.randrange(len(whole))
            yield (
                "bytes put in",
                whole[:at] + chance.randbytes(chance.randrange(1, 200)) + whole[at:],
            )
        elif step % 9 == 7:
            at, length = chance.randrange(len(whole)), chance.randrange(1, 4096)
            hole = bytes(min(length, len(whole) - at))
            yield "zeros", whole[:at] + hole + whole[at + len(hole) :]
        else:
            yield "bits turned", _with_turned_bits(whole, chance)


def _with_other_value(whole: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(whole)) // 80 * 80
    for _ in range(50):  # a card with a value, where one is found soon
        if whole[at + 8 : at + 10] == b"= ":
            break
        at = chance.randrange(len(whole)) // 80 * 80
    return whole[: at + 10] + chance.choice(FITS_VALUES) + whole[at + 30 :]


def _with_turned_bits(whole: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(whole)
    end = chance.choice([min(512, len(whole)), min(5760, len(whole)), len(whole)])
    for _ in range(chance.choice([1, 1, 2, 8, 40])):
        damaged[chance.randrange(end)] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def content_of(path: Path) -> dict[str, str]:
    """A digest of each observation's arrays, by part; raises as the readers do."""
    from astrogui.readers import read, recognise

    found = {}
    for source in recognise(str(path)):
        record = read(source)
        found[f"{source.kind} {source.part}"] = _digest(record)
    return found


def _digest(record: Any) -> str:
    digest = hashlib.sha256()
    names = "wavelength_angstrom flux ivar mask samples quality injections"
    arrays = [getattr(record, name, None) for name in names.split()]
    if hasattr(record, "section"):
        arrays.append(record.section(0, record.shape[0], 0, record.shape[1]))
    for array in arrays:
        if array is not None:
            digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def verdict(path: Path) -> dict[str, Any]:
    """What became of a file: "read" with digests, "refused" with words, or "bug" with a trace."""
    from astrogui.errors import FileProblem

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return {"end": "read", "content": content_of(path)}
    except FileProblem as problem:
        told = path.name in str(problem) and bool(problem.cause) and bool(problem.advice)
        return {"end": "refused", "kind": type(problem).__name__, "told": told}
    except MemoryError:
        return {"end": "bug", "trace": "MemoryError"}
    except Exception:
        return {"end": "bug", "trace": traceback.format_exc()[-1500:]}


def read_in_children(files: list[Path]) -> Iterator[dict[str, Any]]:
    """A verdict a file; a child that dies is replaced, and its file is named with the signal."""
    waiting = list(files)
    while waiting:
        from_child, to_parent = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(from_child)
            _read_all(waiting, to_parent)
            os._exit(0)
        os.close(to_parent)
        with os.fdopen(from_child) as lines:
            done = 0
            for line in lines:
                if line.endswith("\n"):
                    yield {"file": waiting[done].name, **json.loads(line)}
                    done += 1
        _, status = os.waitpid(child, 0)
        if done < len(waiting):
            name = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else "exit"
            yield {"file": waiting[done].name, "end": "hang" if name in ALARMS else "crash",
                   "signal": name}  # fmt: skip
            done += 1
        waiting = waiting[done:]


def _read_all(files: list[Path], to_parent: int) -> None:
    import resource  # absent on Windows, where the test is skipped

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    for path in files:
        signal.setitimer(signal.ITIMER_PROF, ALARM_S)
        signal.alarm(WAIT_S)
        line = json.dumps(verdict(path)) + "\n"
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        os.write(to_parent, line.encode())


def main(folder: Path, share: int, shares: int) -> None:
    originals = sorted(path for path in folder.iterdir() if path.is_file())[share::shares]
    for original in originals:
        verdict(original)  # so that libraries are imported once, not again in every child
    for original in originals:
        whole = original.read_bytes()
        place = folder / f"of_{original.name}"
        place.mkdir()
        files, deeds = [original], {original.name: "whole"}
        for number, (deed, content) in enumerate(mutations(original.name, whole)):
            path = place / f"{number:03d}_{original.name}"
            path.write_bytes(content)
            files.append(path)
            deeds[path.name] = deed
        for found in read_in_children(files):
            line = {"sample": original.name, "deed": deeds[found["file"]], **found}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
