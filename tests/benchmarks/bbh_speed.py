"""How long an analyst waits for a merger: from the start of the program, the next, the network's.

    python tests/benchmarks/bbh_speed.py FIRST_H1 FIRST_L1 SECOND_H1 SECOND_L1 [--runs N]

The files hold strain of two events. Printed, as medians over the runs and by the clock: `analyze`
of the first event from the start of the process to its verified row; how much longer both events
take together; and, in this process, one answer of the network alone from prepared inputs, and of
the networks of Shen and Huerta. The machine should do nothing else.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from astrogui.inference.backends import guarded  # noqa: E402
from astrogui.inference.model_folder import find_model, load_model  # noqa: E402
from astrogui.readers import read, recognise  # noqa: E402
from astrogui.records.strain import Network, Strain  # noqa: E402
from astrogui.tasks import task_by_name  # noqa: E402
from astrogui.tasks.task import Model  # noqa: E402

ANSWERS = 20  # of which the median is told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs=4, type=Path)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    first, both = [], []
    for _ in range(options.runs):
        first.append(whole(options.files[:2]))
        both.append(whole(options.files))
    one, two = statistics.median(first), statistics.median(both)
    print(f"first event, process start to the end of analyze: {one:.1f} s ({spread(first)})")
    print(f"the next event: {two - one:.1f} s more ({spread(both)} for both)")
    network = Network(strains=tuple(strain(path) for path in options.files[:2]))
    for task in ("bbh", "bbh_masses_shen", "bbh_remnant_shen"):
        seconds, draws = alone(task, network)
        print(f"{task}: {1e3 * seconds:.1f} ms an answer of the network{draws}")
    return 0


def spread(seconds: list[float]) -> str:
    return f"{min(seconds):.1f} to {max(seconds):.1f} s"


def whole(files: list[Path]) -> float:
    """Seconds of one run of `analyze`, whose rows must all be answers; raises where one is not."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "rows.csv"
        command = [sys.executable, str(ROOT / "main.py"), "analyze", *map(str, files)]
        begun = time.monotonic()
        subprocess.run([*command, "--task", "bbh", "--quiet", "--export", str(out)],
                       check=True, capture_output=True)  # fmt: skip
        taken = time.monotonic() - begun
        rows = out.read_text("utf-8").splitlines()
    told = sum("reweighted" in row or "sampled" in row for row in rows)
    if told != len(files) // 2:
        raise RuntimeError(f"{told} answers of {len(files) // 2} events")
    return taken


def strain(path: Path) -> Strain:
    record = read(recognise(str(path))[0])
    assert isinstance(record, Strain)
    return record


def alone(name: str, network: Network) -> tuple[float, str]:
    """Median seconds of one answer, from prepared inputs to the posterior, and its draws."""
    task = task_by_name(name)
    loaded = load_model(find_model(name, ""), task=name)
    backend = guarded(loaded, print)
    model = Model(card=loaded.card, assets=loaded.assets, seed=1)
    ((place,),) = list(task.find(network, model, {}))
    prepared = task.prepare(network, [place], model, {})
    fed = {key: value for key, value in prepared.items() if not key.startswith("_")}

    def answer() -> int:
        (posterior,) = task.decode(backend.run(fed), prepared, network, [place], model)
        return 0 if posterior.draws is None else len(posterior.draws)

    answer()
    draws = answer()
    return float(np.median([timed(answer) for _ in range(ANSWERS)])), (
        f", {draws:,} draws" if draws else ""
    )


def timed(call: Callable[[], object]) -> float:
    begun = time.monotonic()
    call()
    return time.monotonic() - begun


if __name__ == "__main__":
    sys.exit(main())
