"""How much faster than real time the search goes over two detectors, with its background.

    python tests/benchmarks/search_throughput.py [SECONDS]

The machine's other work counts against the wall clock and not against the processor's time.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from astrogui.science import strain_search
from astrogui.training import score_gw_search, search_noise
from astrogui.training.simulate_strain import noise_curves


def main(seconds: float) -> None:
    """Print one line for a stretch of simulated noise of so many seconds."""
    bank = score_gw_search.shipped_bank()
    network = search_noise.noise(noise_curves(None), seconds, np.random.default_rng(1))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.monotonic(), time.process_time()
    background = 0.0
    for piece in strain_search.search(network, bank, 7.8):
        background += piece.background_s
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"{seconds:g} s of H1 and L1, {bank.spin.size} templates, {background / 3600:.2f} h of "
        f"slides: {wall:.1f} s, {seconds / wall:.0f} x real time; {cpu:.1f} s of processor, "
        f"{seconds / cpu:.0f} x; memory grew by {grown:.0f} MB"
    )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 512.0)
