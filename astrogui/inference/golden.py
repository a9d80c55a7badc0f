"""Golden records: what a model answered when it was trained, replayed on this machine.

A process has one Keras backend, so each is asked in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import AstroguiError
from astrogui.inference.backends import installed, open_backend
from astrogui.inference.model_folder import load_model
from astrogui.inference.process import own_command

REPLAY_S = 600.0
Outputs = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """How far a model's answers on one backend are from its golden record."""

    model: str
    backend: str
    device: str
    difference: float  # relative; see ``difference``
    tolerance: float
    fault: str = ""  # why it could not be run, in words
    left_out: str = ""  # why it need not be run

    @property
    def agrees(self) -> bool:
        return not self.fault and (bool(self.left_out) or self.difference <= self.tolerance)

    def words(self) -> str:
        """One line for the analyst."""
        where = f"{self.model} by {self.backend} on {self.device}"
        if self.fault or self.left_out:
            return f"{where}: {self.fault or self.left_out}"
        sign = "<=" if self.agrees else ">"
        return f"{where}: differs by {self.difference:.1e} {sign} {self.tolerance:.0e}"


def replay_all(folders: Sequence[Path]) -> Iterator[tuple[str, bool]]:
    """A line of words and whether it agrees, for each model on each backend installed."""
    for backend in installed_backends():
        for replayed in replay_on(backend, folders):
            yield replayed.words(), replayed.agrees


def installed_backends() -> tuple[str, ...]:
    """The names of the backends whose libraries are here."""
    needed = {"onnx": "onnxruntime", "keras-tensorflow": "tensorflow", "keras-jax": "jax"}
    return tuple(name for name, library in needed.items() if installed(library))


def replay_on(backend: str, folders: Sequence[Path]) -> list[Replay]:
    """Each folder's golden record on one backend, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="astrogui-") as place:
        target = Path(place) / "replays.json"
        kind, _, library = backend.partition("-")
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        root = str(Path(__file__).resolve().parents[2])
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, [root, os.environ.get("PYTHONPATH")])
        )
        if library:
            environment["KERAS_BACKEND"] = library
        done = subprocess.run(
            [*own_command("worker"), "replay", kind, str(target), *map(str, folders)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=REPLAY_S,
            check=False,
        )
        if target.exists():
            return [Replay(**entry) for entry in json.loads(target.read_text("utf-8"))]
    last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no words"]
    return [
        Replay(
            model=folder.name,
            backend=backend,
            device="",
            difference=np.inf,
            tolerance=0.0,
            fault=f"the process failed with exit code {done.returncode} ({last[0]})",
        )
        for folder in folders
    ]


def serve_replay(words: Sequence[str]) -> int:
    """In the process: ``kind target folder...``; writes the replays as JSON to ``target``."""
    kind, target, *folders = words
    replays = [replay(kind, Path(folder)) for folder in folders]
    Path(target).write_text(json.dumps([asdict(entry) for entry in replays]), encoding="utf-8")
    return 0


def replay(kind: str, folder: Path) -> Replay:
    """One golden record in this process, on ``kind`` "onnx" or "keras"."""
    library = os.environ.get("KERAS_BACKEND", "")
    name = f"keras-{library}" if kind == "keras" and library else kind
    device, tolerance = "CPU", 0.0
    try:
        model = load_model(folder)
        tolerance = model.card.tolerance_relative
        if not model.card.network:
            return Replay(
                model=folder.name,
                backend=name,
                device=device,
                difference=0.0,
                tolerance=tolerance,
                left_out="it has no network to replay; its arrays are what the card promises",
            )
        if kind == "onnx" and not model.has_graph:
            reason = model.card.onnx_reason
            return Replay(
                model=folder.name,
                backend=name,
                device=device,
                difference=np.inf,
                tolerance=tolerance,
                fault="" if reason else "there is no exported graph, and the card gives no reason",
                left_out=reason and f"there is no exported graph: {reason}",
            )
        backend = open_backend(kind, model)
        name, device = backend.name, backend.device
        golden = model.golden()
        outputs = backend.run(_part(golden, "input_"))
        worst = difference(_part(golden, "output_"), outputs)
    except AstroguiError as error:
        return Replay(
            model=folder.name,
            backend=name,
            device=device,
            difference=np.inf,
            tolerance=tolerance,
            fault=str(error),
        )
    return Replay(
        model=folder.name, backend=name, device=device, difference=worst, tolerance=tolerance
    )


def difference(expected: Outputs, found: Outputs) -> float:
    """The largest |found - expected| / (|expected| + s) of all values of all outputs.

    s is the median |expected| of an output's non-zero values, but at most one: huge values, such
    as the logarithms of impossible probabilities, do not hide the differences of the others.
    Infinite where a shape, a name or the place of a NaN differs.
    """
    if set(expected) - set(found):
        return float("inf")
    worst = 0.0
    for name, value in expected.items():
        want, have = np.asarray(value, np.float64), np.asarray(found[name], np.float64)
        if want.shape != have.shape or not np.array_equal(np.isnan(want), np.isnan(have)):
            return float("inf")
        size = np.abs(want[np.isfinite(want) & (want != 0)])
        scale = min(float(np.median(size)), 1.0) if size.size else 1.0
        with np.errstate(invalid="ignore"):
            apart = np.where(want == have, 0.0, np.abs(have - want) / (np.abs(want) + scale))
        worst = max(worst, float(np.nanmax(apart, initial=0.0)))
    return worst


def _part(arrays: Outputs, prefix: str) -> dict[str, NDArray[np.generic]]:
    """The arrays whose names start with ``prefix``, without it."""
    return {n.removeprefix(prefix): value for n, value in arrays.items() if n.startswith(prefix)}
