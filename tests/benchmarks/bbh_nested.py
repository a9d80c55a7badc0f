"""The weighted answer of GW150914 beside a nested-sampling run on the same likelihood.

python tests/benchmarks/bbh_nested.py --data FOLDER --out FILE.json [--live 800] [--card]

FOLDER holds strain as the data guide lays it out; the data analysed are those released with
published samples of GW150914. dynesty (extra `train`) samples masses, spins, place, orientation and
time under the card's prior; phase and distance are integrated, as ours are, by the same functions,
about a reference waveform of its own. The run keeps its state beside FILE and goes on from it.
Printed and kept: ln of the evidence, Jensen-Shannon divergence (nat) of every parameter, and the
processor time of both. `--card` writes the summary into the model's card.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import bbh_reweighted  # noqa: E402

from astrogui.science import binary_prior, heterodyne  # noqa: E402
from astrogui.science.binary_posterior import Analysis, Effort  # noqa: E402
from astrogui.science.binary_proposal import binaries_at  # noqa: E402
from astrogui.science.divergence import of_draws  # noqa: E402
from astrogui.science.heterodyne import Binaries  # noqa: E402
from astrogui.science.sky_pool import TIME_PRIOR_S  # noqa: E402

DIMENSIONS = 9
PERIODIC = [6, 7]  # azimuth and polarisation
REFERENCE = Binaries(*(np.array([value]) for value in (31.0, 0.8, 0.0, 0.0)))
THREADS = 48  # walks at once

CLOCK_S = 2.0  # of processor, between notes of the time used
SEEDS = (1, 2)  # of our own answers


class Likelihood:
    """The likelihood of points (n, 9): our coordinates of masses and spins, then of places."""

    def __init__(self, data: heterodyne.Data) -> None:
        self.analysis = Analysis(data, REFERENCE, Effort(), np.random.default_rng(0))

    def __call__(self, points: np.ndarray) -> np.ndarray:
        kappa, norm, _, _ = self.heard(points)
        return self.analysis.curve.log_likelihood(kappa, norm)

    def heard(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Matched-filter ratios, squared optimal ratios, phases of overlap, lateness, each (n,)."""
        analysis = self.analysis
        ratio, own, own_s = analysis.waves(binaries_at(points[:, :4]))
        response, late_s = analysis.geometry.seen(points[:, 4:])
        low, high = analysis.sums.shift_s[[0, -1]]
        total = np.zeros(len(points), complex)
        for detector in range(late_s.shape[1]):
            inside = np.clip(late_s[:, detector], low, high)
            columns = heterodyne.at_shifts(analysis.sums, detector, inside)
            total += np.einsum("nm,mn->n", ratio.conj(), columns) * response[:, detector].conj()
        norm = np.maximum(np.sum(own * np.abs(response) ** 2, axis=1), 1e-12)
        return np.abs(total) / np.sqrt(norm), norm, np.angle(total), own_s

    @staticmethod
    def prior(cube: np.ndarray) -> np.ndarray:
        """Masses by the square of chirp mass, ratio and spins as normal deviates, rest uniform."""
        from scipy.special import ndtri

        low, high = binary_prior.CHIRP_MASS
        point = np.empty(DIMENSIONS)
        point[0] = 0.5 * np.log(low**2 + cube[0] * (high**2 - low**2))
        point[1:4] = ndtri(np.clip(cube[1:4], 1e-7, 1 - 1e-7))
        point[4] = TIME_PRIOR_S * (cube[4] - 0.5)
        point[5], point[8] = 2 * cube[5] - 1, 2 * cube[8] - 1
        point[6], point[7] = 2 * np.pi * cube[6], 0.5 * np.pi * cube[7]
        return point

    def draws(self, points: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Named columns of points (n, 9), with distance and phase drawn back."""
        kappa, norm, angle, own_s = self.heard(points)
        analysis, inner, places = self.analysis, points[:, :4], np.array(points[:, 4:])
        distance, phase = analysis.curve.draw(kappa, norm, angle, rng)
        places[:, 0] += own_s
        placed = analysis.placed(inner, places, distance, phase)
        return bbh_reweighted.named(placed, analysis.data.centre_gps[0])


class Together:
    """A pool of threads whose calls of the likelihood are answered many at a time.

    Each walk waits at its call until all walks that still run wait as well.
    """

    def __init__(self, likelihood: Likelihood) -> None:
        self._likelihood = likelihood
        self._lock = threading.Lock()
        self._waiting: list[tuple[np.ndarray, list[float], threading.Event]] = []
        self._running = 0
        self._threads = ThreadPool(THREADS)

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        every = list(items)
        results: list[Any] = []
        for first in range(0, len(every), THREADS):
            part = every[first : first + THREADS]
            self._running = len(part)
            results += self._threads.map(lambda item: self._run(function, item), part, 1)
            self._running = 0
        return results

    def log_likelihood(self, point: np.ndarray) -> float:
        if not self._running:
            return float(self._likelihood(point[None])[0])
        answer: list[float] = []
        told = threading.Event()
        with self._lock:
            self._waiting.append((np.array(point), answer, told))
            self._answer()
        told.wait()
        return answer[0]

    def _run(self, function: Callable[[Any], Any], item: Any) -> Any:
        try:
            return function(item)
        finally:
            with self._lock:
                self._running -= 1
                self._answer()

    def _answer(self) -> None:
        """Answer all who wait, once nobody else runs; the lock is held."""
        if not self._waiting or len(self._waiting) < self._running:
            return
        values = self._likelihood(np.stack([point for point, _, _ in self._waiting]))
        for (_, answer, told), value in zip(self._waiting, values, strict=True):
            answer.append(float(value))
            told.set()
        self._waiting = []


TOGETHER: list[Together] = []  # the one of this process, which the sampler's state cannot hold


def log_likelihood(point: np.ndarray) -> float:
    return TOGETHER[0].log_likelihood(point)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("nested.json"))
    parser.add_argument("--live", type=int, default=800)
    parser.add_argument("--walks", type=int, default=40, help="steps of each random walk")
    parser.add_argument("--card", action="store_true", help="keep the summary in models/bbh")
    options = parser.parse_args()
    data = bbh_reweighted.released(options.data)
    likelihood = Likelihood(data)
    results, seconds = sampled(likelihood, options.live, options.walks, options.out)
    told = compared(likelihood, data, results, seconds, options.walks)
    options.out.write_text(json.dumps(told, indent=1), encoding="utf-8")
    print(json.dumps(told, indent=1))
    if options.card:
        from astrogui.training.bbh_card import with_checks

        with_checks(ROOT / "models" / "bbh", {"nested_sampling": told})
    return 0


def sampled(likelihood: Likelihood, live: int, walks: int, out: Path) -> tuple[Any, float]:
    """The finished run and its processor seconds, begun anew or gone on with."""
    import dynesty

    state, clock = out.with_suffix(".state"), out.with_suffix(".seconds")
    before = float(clock.read_text(encoding="utf-8")) if clock.exists() else 0.0
    begun = time.process_time()

    last = [begun]

    def told(*_: Any, **__: Any) -> None:
        now = time.process_time()
        if now - last[0] >= CLOCK_S:
            last[0] = now
            clock.with_suffix(".new").write_text(str(before + now - begun), encoding="utf-8")
            clock.with_suffix(".new").replace(clock)

    resumed = state.exists()
    TOGETHER[:] = [Together(likelihood)]
    if resumed:
        sampler = dynesty.NestedSampler.restore(str(state), pool=TOGETHER[0])
    else:
        sampler = dynesty.NestedSampler(
            log_likelihood, Likelihood.prior, DIMENSIONS, nlive=live, bound="multi",
            sample="rwalk", walks=walks, periodic=PERIODIC, rstate=np.random.default_rng(1),
            pool=TOGETHER[0], queue_size=THREADS,
        )  # fmt: skip
    sampler.run_nested(
        dlogz=0.02, checkpoint_file=str(state), checkpoint_every=30, resume=resumed,
        print_progress=True, print_func=told,
    )  # fmt: skip
    return sampler.results, before + time.process_time() - begun


def compared(
    likelihood: Likelihood, data: heterodyne.Data, results: Any, seconds: float, walks: int
) -> dict[str, Any]:
    """Evidence, divergences and times of the run and of our answers."""
    rng = np.random.default_rng(2)
    weight = np.exp(results.logwt - results.logz[-1])
    weight /= weight.sum()
    effective = float(1 / np.sum(weight**2))
    rows = rng.choice(len(weight), 5000, p=weight)
    theirs = likelihood.draws(results.samples[rows], rng)
    told: dict[str, Any] = {
        "event": "GW150914, the strain and densities released with published samples",
        "sampler": f"dynesty, random walks of {walks} steps in ellipsoids, phase and distance "
        "integrated as in our answer",
        "live_points": int(results.nlive),
        "likelihood_calls": int(np.sum(results.ncall)),
        "log_evidence": float(results.logz[-1]),
        "log_evidence_error": float(results.logzerr[-1]),
        "effective_draws": effective,
        "seconds": seconds,
        "ours": [],
    }
    for seed in SEEDS:
        answer, worth, taken = bbh_reweighted.answered(data, seed)
        told["ours"].append({
            "seed": seed,
            "log_evidence": worth.log_evidence,
            "efficiency": worth.efficiency,
            "seconds": taken,
            "times_faster": seconds / taken,
            "divergence_nat": {
                name: of_draws(answer[name], theirs[name])
                for name in theirs
            },
        })  # fmt: skip
    return told


if __name__ == "__main__":
    sys.exit(main())
