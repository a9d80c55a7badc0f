"""Spectra a second of the redshift analysis: the network alone, each stage, and from files.

python tests/benchmarks/redshift_throughput.py FILES-OR-FOLDERS … [--models DIR] [--processes 2]
    [--copies 1500]

Prints the network's rate for the ensemble and for each member's share of it, the processor time
of every stage on one thread, the rate from files with refinement in some processes of one thread
each, and that of the command `analyze`, which adds the project file and its rows: its start, and
its steady state over many files, by the clock and in processor time of all its processes, with no
number of threads in its environment. The many files are copies of those given, each with a word
changed that no reader looks at, for the same bytes twice are one observation.
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

if __name__ in ("__main__", "__mp_main__"):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
BATCH = 8  # jobs that the worker answers together


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--models", default="", help="further folders of models")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--copies", type=int, default=1500, help="files of the steady state")
    options = parser.parse_args()
    paths = [str(path) for given in options.files for path in files_of(given)]
    print(f"{len(paths)} files; load of the machine before: {os.getloadavg()[0]:.1f}")
    analysis = Analysis(options.models)
    readable = [path for path in paths if analysis.reads(path)]
    analysis.answer(readable[:BATCH])  # loads what is loaded once
    network_rates(analysis, readable[0], options.models, options.processes)
    analysis.seconds.clear()
    analysis.answer(readable)
    total = 0.0
    for stage, seconds in analysis.seconds.items():
        total += seconds
        print(f"{stage:10} {1e3 * seconds / len(readable):7.2f} ms of processor a spectrum")
    print(f"{'all':10} {1e3 * total / len(readable):7.2f} ms: {len(readable) / total:.0f} a second "
          "and core")  # fmt: skip
    from_files(readable, options.models, options.processes)
    by_command(readable, options.models, options.copies)
    return 0


def files_of(given: Path) -> list[Path]:
    return sorted(path for path in given.iterdir() if path.is_file()) if given.is_dir() else [given]


class Analysis:
    """The whole way of a file in this process, the processor time of each stage kept."""

    def __init__(self, models: str) -> None:
        from astrogui.inference.backends.onnx import OnnxBackend
        from astrogui.inference.model_folder import find_model, load_model
        from astrogui.records.provenance import Place
        from astrogui.session.settings import model_search_path
        from astrogui.tasks import task_by_name
        from astrogui.tasks.task import Model

        self.loaded = load_model(find_model("redshift", model_search_path(models)), task="redshift")
        self.task, self.place = task_by_name("redshift"), Place(label="")
        self.model = Model(card=self.loaded.card, assets=self.loaded.assets)
        self.network = OnnxBackend(self.loaded, cpu=True)
        self.seconds: dict[str, float] = {}

    def reads(self, path: str) -> bool:
        """Whether the file holds one spectrum that the task accepts."""
        from astrogui.errors import AstroguiError
        from astrogui.readers import read, recognise

        try:
            (source,) = recognise(path)
            read(source)
        except (AstroguiError, ValueError):
            return False
        return self.task.accepts(source)

    def prepared(self, record: Any) -> dict[str, np.ndarray]:
        return self.task.prepare(record, (self.place,), self.model, {})

    def fed(self, prepared: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        return {
            spec.name: np.concatenate([np.float32(one[spec.name]) for one in prepared])
            for spec in self.loaded.card.inputs
        }

    def answer(self, paths: list[str]) -> None:
        for start in range(0, len(paths), BATCH):
            self._answer(paths[start : start + BATCH])

    def _answer(self, paths: list[str]) -> None:
        from astrogui.readers import read, recognise

        refine, clock = self.task.refine, time.process_time
        times = [clock()]
        records = [read(recognise(path)[0]) for path in paths]
        times.append(clock())
        prepared = [self.prepared(record) for record in records]
        times.append(clock())
        outputs = self.network.run(self.fed(prepared))
        times.append(clock())
        answers = [
            self.task.decode(
                {name: value[k : k + 1] for name, value in outputs.items()},
                prepared[k], record, (self.place,), self.model,
            )[0]
            for k, record in enumerate(records)
        ]  # fmt: skip
        times.append(clock())
        if refine is not None:
            for record, answer in zip(records, answers, strict=True):
                refine(record, self.place, answer, self.model, lambda part: None)
        times.append(clock())
        for stage, spent in zip(
            ("read", "prepare", "network", "decode", "refine"), np.diff(times), strict=True
        ):
            self.seconds[stage] = self.seconds.get(stage, 0.0) + float(spent)


def network_rates(analysis: Analysis, path: str, models: str, processes: int) -> None:
    """On one thread, then in some processes at once, a thread each, as a batch has it."""
    members = int(analysis.loaded.card.network_config["members"])
    rate, work = network_rate(analysis, path)
    print(f"network on one thread: ensemble of {members} {rate:.0f} spectra a second by the clock, "
          f"{work:.0f} a second of processor; each member {members * rate:.0f}, "
          f"{members * work:.0f}")  # fmt: skip
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=_begin, initargs=(models, [path])) as pool:
        for _ in range(2):  # the first time they start
            rates = pool.map(_rate, [path] * processes, chunksize=1)
    rate = sum(one for one, _ in rates)
    print(f"network in {processes} processes: ensemble {rate:.0f} spectra a second by the clock; "
          f"each member {members * rate:.0f}")  # fmt: skip


def network_rate(analysis: Analysis, path: str) -> tuple[float, float]:
    """The best of some batches, a second by the clock and a second of processor."""
    from astrogui.readers import read, recognise

    batch = analysis.fed([analysis.prepared(read(recognise(path)[0]))] * BATCH)
    analysis.network.run(batch)
    times, spent = [], []
    for _ in range(48):
        begun, cpu = time.perf_counter(), time.process_time()
        analysis.network.run(batch)
        times.append(time.perf_counter() - begun)
        spent.append(time.process_time() - cpu)
    return BATCH / min(times), BATCH / min(spent)


def from_files(paths: list[str], models: str, processes: int) -> None:
    """Each process answers its share; what is loaded once is left out."""
    parts = [paths[k::processes] for k in range(processes)]
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=_begin, initargs=(models, paths[:BATCH])) as pool:
        pool.map(_share, [paths[:1]] * processes, chunksize=1)
        begun = time.perf_counter()
        pool.map(_share, parts, chunksize=1)
        seconds = time.perf_counter() - begun
    print(f"from files with refinement, {processes} processes: "
          f"{len(paths) / seconds:.0f} spectra a second")  # fmt: skip


_own: dict[str, Analysis] = {}


def _begin(models: str, paths: list[str]) -> None:
    _own["analysis"] = Analysis(models)
    _own["analysis"].answer(paths)


def _share(paths: list[str]) -> None:
    _own["analysis"].answer(paths)


def _rate(path: str) -> tuple[float, float]:
    return network_rate(_own["analysis"], path)


def by_command(paths: list[str], models: str, count: int) -> None:
    """`analyze` on one file, on a fifth of the copies and on all: what lies between is steady."""
    with tempfile.TemporaryDirectory(prefix="astrogui-") as folder:
        few, all_of_them = Path(folder, "few"), Path(folder, "all")
        copies(paths, count // 5, few)
        copies(paths, count, all_of_them)
        run_command(paths[0], models)  # fills the caches of the disk
        start_s, _, _ = run_command(paths[0], models)
        first, last = (run_command(str(given), models) for given in (few, all_of_them))
    seconds, spent, rows = (late - soon for late, soon in zip(last, first, strict=True))
    rows = max(int(rows), 1)
    print(f"analyze: {start_s:.1f} s for one file, {first[0]:.1f} s for {first[2]} spectra, "
          f"{last[0]:.1f} s for {last[2]}")  # fmt: skip
    print(f"analyze, steady state: {rows / max(seconds, 1e-9):.0f} spectra a second, "
          f"{1e3 * spent / rows:.1f} ms of processor each")  # fmt: skip


def copies(paths: list[str], count: int, folder: Path) -> None:
    """So many files, the given ones over and over, no two the same."""
    folder.mkdir()
    for number in range(count):
        path = Path(paths[number % len(paths)])
        changed = another(path.read_bytes(), number)
        (folder / f"{number:05d}_{path.name}").write_bytes(changed)


def another(data: bytes, number: int) -> bytes:
    """The content of a file with a mark that changes nothing of the spectrum in it.

    A FITS file gets a comment where its first header has room for it, a packed one another time
    of packing, and text an empty line more.
    """
    if data[:2] == b"\x1f\x8b":
        return gzip.compress(gzip.decompress(data), 5, mtime=number + 1)
    if data[:6] != b"SIMPLE":
        return data + b"\n" * (number + 1)
    cards = range(0, len(data), 80)
    end = next((k for k in cards if data[k : k + 80].rstrip() == b"END"), None)
    if end is None or (end + 80) % 2880 == 0:
        raise SystemExit("a FITS file has no room for a comment in its first header")
    comment = f"COMMENT copy {number}".ljust(80) + "END".ljust(80)
    return data[:end] + comment.encode() + data[end + 160 :]


def run_command(given: str, models: str) -> tuple[float, float, int]:
    """Seconds by the clock and of processor, and the rows, of `analyze` on a file or folder."""
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    with tempfile.TemporaryDirectory(prefix="astrogui-") as folder:
        command = [sys.executable, str(ROOT / "main.py"), "analyze", given, "--task", "redshift",
                   "--quiet", "--export", f"{folder}/rows.csv"]  # fmt: skip
        command += ["--models", models] if models else []
        begun, cpu = time.perf_counter(), children_s()
        subprocess.run(command, check=False, stderr=subprocess.DEVNULL, env=environment)
        seconds, spent = time.perf_counter() - begun, children_s() - cpu
        return seconds, spent, len(Path(folder, "rows.csv").read_text("utf-8").splitlines()) - 1


def children_s() -> float:
    """Processor time of the processes that have ended, and of those that they waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
