"""A tiny analysis for tests: the mean flux of a spectrum, by a network of one layer.

Importing this file needs neither Keras nor onnx: the graph is written here as plain bytes.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.errors import Damaged
from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.records.posterior import QUANTILE_LEVELS, Parameter, Posterior
from astrogui.records.provenance import Place, Provenance
from astrogui.records.sensitivity import Sensitivity
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum
from astrogui.tasks.occlusion import without
from astrogui.tasks.task import Arrays, Model, Task, whole_record

PIXELS = 8
LEVEL = Parameter(name="level", title="mean level")


def spectrum(level: float = 1.0, path: str = "a.fits", pixels: int = PIXELS) -> Spectrum:
    """A flat spectrum."""
    return Spectrum(
        wavelength_angstrom=np.linspace(4000.0, 5000.0, pixels),
        flux=np.full(pixels, level, np.float32),
        ivar=np.ones(pixels, np.float32),
        mask=np.zeros(pixels, bool),
        flux_unit="",
        frame="barycentric",
        medium_in_file="vacuum",
        provenance=Provenance(path=path),
    )


def read(source: Source) -> Any:
    """The record that a path such as ``flat-3.fits`` stands for; other words make it misbehave."""
    words = Path(source.path).stem.split("-")
    if words[0] == "damaged":
        raise Damaged(source.path, "byte 3", "it is cut", "Fetch it again.")
    if words[0] == "bug":
        raise KeyError("a bug of ours")
    if words[0] == "die":
        import os

        os.abort()
    if words[0] == "dieonce":
        import os

        marker = Path(source.path).with_suffix(".died")
        if not marker.exists():
            marker.touch()
            os.abort()
    if words[0] == "hang":
        time.sleep(600)
    while words[0] == "held" and Path(source.path).exists():
        time.sleep(0.01)
    if words[0] == "slow":
        time.sleep(float(words[1]))
    return spectrum(float(words[-1]) if words[-1].replace(".", "").isdigit() else 1.0, source.path)


def source(path: str) -> Source:
    return Source(path=path, kind="spectrum", format="tiny", sha256=path)


def prepare(
    record: Any, places: Sequence[Place], model: Model, options: Any
) -> dict[str, np.ndarray]:
    del model, options
    return {
        "flux": np.repeat(record.flux[None], len(places), axis=0),
        "_note": np.array([record.provenance.path]),
    }


def decode(
    outputs: Arrays, prepared: Arrays, record: Any, places: Sequence[Place], model: Model
) -> list[Posterior]:
    assert record.provenance.path == prepared["_note"][0]
    del places, model
    return [
        Posterior(parameters=(LEVEL,), quantiles=float(value[0]) + 0.01 * QUANTILE_LEVELS[None])
        for value in outputs["level"]
    ]


def refine(
    record: Any,
    place: Place,
    posterior: Posterior,
    model: Model,
    progress: Callable[[float], None],
) -> Posterior | None:
    """Takes its time over files called slow; keeps the first answer of files called keep."""
    del model, place
    if "keep" in record.provenance.path:
        return None
    words = Path(record.provenance.path).stem.split("-")
    steps = {"refineslowly": 100, "refineawhile": 40}.get(words[0], 3)
    for step in range(steps):
        progress(step / steps)
        time.sleep(0.03)
    return replace(posterior, extras={"method": "counted"})


def refine_at_once(
    record: Any,
    place: Place,
    posterior: Posterior,
    model: Model,
    progress: Callable[[float], None],
) -> Posterior | None:
    """A refinement that costs nothing."""
    del record, place, model
    progress(0.5)
    return replace(posterior, extras={"method": "counted"})


def halves(record, task, answer):
    """The level that each half of the spectrum alone would give, less that of the whole."""
    wavelength = record.wavelength_angstrom
    middle = float(np.median(wavelength))
    altered = [
        replace(without(record, wavelength < middle), flux=record.flux + np.float32(1)),
        replace(without(record, wavelength >= middle), flux=record.flux + np.float32(2)),
    ]
    whole, *rest = answer([record, *altered])
    before = whole.median("level")
    return Sensitivity(
        task=task, answer=f"level {before:.2f}", axis="vacuum wavelength", axis_unit="Angstrom",
        edges=np.array([wavelength[0], middle, wavelength[-1]]),
        loss=np.array([p.median("level") - before for p in rest]),
        quantity="level", loss_unit="", baseline=before,
    )  # fmt: skip


TASK = Task(
    name="tiny",
    title="Mean level",
    reads="spectrum",
    accepts=lambda source: True,
    find=whole_record,
    prepare=prepare,
    decode=decode,
    parameters=(LEVEL,),
    preparation_version="7",
)
REFINED = replace(TASK, name="tiny_refined", refine=refine)
EXPLAINED = replace(TASK, name="tiny_explained", explain=halves)
TASKS = {task.name: task for task in (TASK, REFINED, EXPLAINED)}


def task_named(name: str) -> Task:
    return TASKS[name]


class MeanBackend:
    """The network's arithmetic in NumPy, counting its calls."""

    name, device, libraries = "numpy", "CPU", ("numpy",)

    def __init__(self) -> None:
        self.batches: list[int] = []

    def run(self, prepared: Any) -> dict[str, np.ndarray]:
        self.batches.append(len(prepared["flux"]))
        return {"level": prepared["flux"].mean(axis=1, keepdims=True)}


def write_model(parent: Path, task: str = "tiny", **changes: Any) -> Path:
    """A model folder with a right card; ``changes`` go into the card."""
    folder = parent / task
    folder.mkdir(parents=True)
    kernel = np.full((PIXELS, 1), 1 / PIXELS, np.float32)
    np.savez(folder / "weights.npz", w000=kernel)
    (folder / "model.onnx").write_bytes(graph(kernel))
    flux = np.random.default_rng(1).normal(size=(3, PIXELS)).astype(np.float32)
    np.savez(folder / "golden.npz", input_flux=flux, output_level=flux @ kernel)
    card = ModelCard(
        task=task,
        name="tiny 1",
        version="1",
        title="Tiny",
        summary="The mean.",
        network="redshift:redshift_ranker",
        network_config={},
        inputs=(ArraySpec(name="flux", shape=(PIXELS,)),),
        outputs=(ArraySpec(name="level", shape=(1,)),),
    )
    return write_card(folder, replace(card, **changes))


def write_card(folder: Path, card: ModelCard) -> Path:
    """The card with the hashes of what lies in the folder, unless it has its own."""
    hashes = card.hashes or {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.suffix in {".npz", ".onnx"}
    }
    text = replace(card, hashes=hashes).to_json()
    (folder / "card.json").write_text(text, encoding="utf-8")
    return folder


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: int | bytes | str) -> bytes:
    """One field of a protocol-buffer message."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    content = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def graph(
    kernel: np.ndarray, domain: str = "", operator: str = "MatMul", extra: bytes = b""
) -> bytes:
    """An ONNX file of one operator: level = flux @ kernel. ``extra`` goes into the kernel."""
    rows, columns = kernel.shape
    node = field(1, "flux") + field(1, "kernel") + field(2, "level") + field(4, operator)
    node += field(7, domain) if domain else b""
    tensor = field(1, rows) + field(1, columns) + field(2, 1) + field(8, "kernel")
    tensor += extra or field(9, kernel.tobytes())
    body = field(1, node) + field(2, "tiny") + field(5, tensor)
    body += field(11, _value("flux", rows)) + field(12, _value("level", columns))
    opset = field(2, 17)
    return field(1, 8) + field(7, body) + field(8, opset)


def _value(name: str, size: int) -> bytes:
    dimensions = field(1, field(2, "batch")) + field(1, field(1, size))
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, dimensions)))
