"""Memory and idle CPU of the window's process with the samples open and answered.

    python tests/benchmarks/window_memory.py

Waits until the program and its helpers have been still for three seconds, then reads the resident
memory of the window's process alone and its processor time over ten seconds. Linux only.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT_MB = 250
QUIET_S, IDLE_S, LONGEST_S = 3.0, 10.0, 180.0


def ticks(pid: int) -> int:
    """Processor time of a process so far, user and system, in clock ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for child in Path(f"/proc/{pid}/task").glob("*/children"):
        for number in child.read_text().split():
            found += family(int(number))
    return found


def memory_mb(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise KeyError(name)


def wait_until_still(pid: int) -> None:
    """Return once the whole family has used no more than a tick for a while."""
    deadline = time.monotonic() + LONGEST_S
    time.sleep(5.0)
    while time.monotonic() < deadline:
        before = {member: ticks(member) for member in family(pid)}
        time.sleep(QUIET_S)
        after = {member: ticks(member) for member in family(pid)}
        if before.keys() == after.keys() and sum(after.values()) - sum(before.values()) <= 2:
            return
    raise TimeoutError(f"the program was not still within {LONGEST_S:.0f} s")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="astrogui-") as home:
        names = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", **dict.fromkeys(names, home)}
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "main.py"), "--demo"], env=environment
        )
        try:
            wait_until_still(process.pid)
            resident, peak = memory_mb(process.pid, "VmRSS"), memory_mb(process.pid, "VmHWM")
            before = ticks(process.pid)
            time.sleep(IDLE_S)
            used = (ticks(process.pid) - before) / os.sysconf("SC_CLK_TCK")
        finally:
            process.terminate()
            process.wait(timeout=30)
    print(f"window process: {resident:.0f} MB resident, peak {peak:.0f} MB; limit {LIMIT_MB} MB")
    print(f"idle CPU: {100 * used / IDLE_S:.1f} % over {IDLE_S:.0f} s")
    return int(resident > LIMIT_MB or used / IDLE_S >= 0.005)


if __name__ == "__main__":
    raise SystemExit(main())
