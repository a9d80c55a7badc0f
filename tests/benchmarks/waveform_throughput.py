"""How many waveforms a second one processor makes, IMRPhenomXAS beside IMRPhenomD.

python tests/benchmarks/waveform_throughput.py

Prints for some numbers of frequencies and binaries the rates of both (processor time, the best of
fifteen alternating runs) and their ratio.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from astrogui.science.waveforms import phenom_d
from astrogui.science.waveforms_x import phenom_xas

MODELS = {"IMRPhenomD": phenom_d, "IMRPhenomXAS": phenom_xas}
RUNS = 15


def rates(frequencies: int, count: int) -> dict[str, float]:
    """Waveforms a second of each model, of so many binaries at once."""
    rng = np.random.default_rng(0)
    frequency = np.geomspace(20, 1024, frequencies)
    spins = rng.uniform(-0.9, 0.9, (2, count))
    binaries = np.exp(rng.uniform(np.log(6), np.log(150), count)), rng.uniform(0.125, 1, count)
    least = dict.fromkeys(MODELS, np.inf)
    for _ in range(RUNS):
        for name, model in MODELS.items():
            begin = time.process_time()
            model(frequency, *binaries, *spins)
            least[name] = min(least[name], time.process_time() - begin)
    return {name: count / seconds for name, seconds in least.items()}


def main() -> None:
    for frequencies in (97, 256, 2048):
        for count in (64, 512):
            found = rates(frequencies, count)
            told = ", ".join(f"{name} {rate:,.0f}/s" for name, rate in found.items())
            ratio = found["IMRPhenomD"] / found["IMRPhenomXAS"]
            print(f"{frequencies} frequencies, {count} binaries: {told}; times {ratio:.2f} as long")


if __name__ == "__main__":
    main()
