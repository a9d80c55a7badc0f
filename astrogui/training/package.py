"""From a trained network to a model folder: weights, graph, golden record, card, README, hashes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.networks.builder import rebuild, weight_arrays
from astrogui.records.model_card import ModelCard, card_from_json
from astrogui.training.calibrate import coverage_svg
from astrogui.training.recipe import Arrays, Progress

LARGEST_GRAPH_BYTES = 12_000_000
FILES = ("weights.npz", "model.onnx", "assets.npz", "golden.npz")


def write_model_folder(
    folder: Path,
    *,
    card: ModelCard,
    model: Any,
    golden_inputs: Arrays,
    golden_record: Arrays | None = None,
    assets: Arrays | None = None,
    readme: str = "",
    export_onnx: bool = True,
    progress: Progress = lambda words: None,
) -> Path:
    """Write the whole folder beside its place, then put it there in one move; returns ``folder``.

    ``golden_inputs`` are prepared arrays with a batch dimension; their expected outputs are
    computed here. ``golden_record`` may add the arrays of the record they came from. The graph is
    exported by TensorFlow in a process of its own, run by ONNX Runtime and compared with the
    network before it is kept; a graph that differs raises ``RuntimeError``.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as place:
        part = Path(place) / folder.name
        part.mkdir()
        write_arrays(part / "weights.npz", weight_arrays(model))
        outputs = run_network(model, golden_inputs)
        golden = {
            **{f"input_{name}": value for name, value in golden_inputs.items()},
            **{f"output_{name}": value for name, value in outputs.items()},
            **{f"record_{name}": value for name, value in (golden_record or {}).items()},
        }
        write_arrays(part / "golden.npz", golden)
        if assets:
            write_arrays(part / "assets.npz", assets)
        if export_onnx:
            progress("exporting the graph")
            card = _with_graph(part, card, golden_inputs, outputs)
        write_card(part, card, readme)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(part, folder)
    return folder


def write_card(folder: Path, card: ModelCard, readme: str) -> ModelCard:
    """Write card.json with fresh hashes, README.md and coverage.svg; returns the card written."""
    hashes = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in FILES
        if (folder / name).exists()
    }
    card = dataclasses.replace(card, hashes=hashes)
    (folder / "card.json").write_text(card.to_json(), encoding="utf-8")
    if readme:
        (folder / "README.md").write_text(readme, encoding="utf-8")
    if card.coverage:
        svg = coverage_svg(card.coverage, f"{card.title}: coverage on held-out simulations")
        (folder / "coverage.svg").write_text(svg, encoding="utf-8")
    return card


def record_real_scores(
    folder: Path, scores: Mapping[str, Any], readme: Callable[[ModelCard], str]
) -> ModelCard:
    """Write what `evaluate` measured on real files into a model's card and README.

    A recipe cannot do it: the whole path of a file lies above training. Weights stay as they are.
    """
    card = card_from_json((folder / "card.json").read_text("utf-8"), str(folder / "card.json"))
    card = dataclasses.replace(card, real_scores=dict(scores))
    return write_card(folder, card, readme(card))


def run_network(model: Any, prepared: Mapping[str, np.ndarray], batch: int = 64) -> Arrays:
    """Raw outputs of a Keras model for prepared arrays (n, ...), in batches; NumPy in and out."""
    count = len(next(iter(prepared.values())))
    pieces = []
    for start in range(0, count, batch):
        rows = slice(start, start + batch)
        outputs = model(
            {name: np.asarray(value[rows], np.float32) for name, value in prepared.items()},
            training=False,
        )
        pieces.append({name: _numpy(value) for name, value in outputs.items()})
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


class CompiledRun:
    """Like ``run_network``, compiled: for the thousands of simulations of an evaluation."""

    def __init__(
        self, model: Any, card: ModelCard, assets: Mapping[str, np.ndarray], batch: int = 64
    ) -> None:
        self.card, self.assets = card, assets
        self._model, self._batch = model, batch

    def __call__(self, prepared: Arrays) -> Arrays:
        count = len(next(iter(prepared.values())))
        batch = min(self._batch, 1 << max(count - 1, 0).bit_length())
        fill = -count % batch  # whole batches: one shape, one compilation
        padded = {
            name: np.concatenate(
                [np.asarray(value, np.float32), np.zeros((fill, *value.shape[1:]), np.float32)]
            )
            for name, value in prepared.items()
        }
        outputs = self._model.predict(padded, batch_size=batch, verbose=0)
        return {name: np.asarray(value)[:count] for name, value in outputs.items()}


def largest_difference(
    expected: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray]
) -> float:
    """Largest |difference| over the largest |value| of each output."""
    worst = 0.0
    for name, value in expected.items():
        scale = max(float(np.max(np.abs(value))), 1e-30)
        worst = max(worst, float(np.max(np.abs(value - found[name]))) / scale)
    return worst


def export_graph(
    network: str, config: Mapping[str, Any], weights: Path, inputs: tuple[str, ...], target: Path
) -> None:
    """Write ``target`` as ONNX; under another backend this module runs again for it.

    Export needs TensorFlow whichever backend trained, and a process has one backend only.
    Raises ``RuntimeError`` with the exporter's last words.
    """
    import keras

    job = {
        "network": network,
        "config": dict(config),
        "weights": str(weights.resolve()),
        "inputs": list(inputs),
        "target": str(target.resolve()),
    }
    if keras.backend.backend() == "tensorflow":
        with warnings.catch_warnings():  # the converter's libraries have their own
            warnings.simplefilter("ignore")
            _export(job)
        return
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "astrogui.training.package"],
        input=json.dumps(job),
        env={
            **os.environ,
            "KERAS_BACKEND": "tensorflow",
            "CUDA_VISIBLE_DEVICES": "-1",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.getenv("PYTHONPATH")])),
        },
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    if done.returncode != 0 or not target.exists():
        raise RuntimeError(f"the ONNX export of {network} failed: {done.stderr[-2000:]}")


def _with_graph(folder: Path, card: ModelCard, inputs: Arrays, expected: Arrays) -> ModelCard:
    graph = folder / "model.onnx"
    names = tuple(spec.name for spec in card.inputs)
    export_graph(card.network, card.network_config, folder / "weights.npz", names, graph)
    difference = largest_difference(expected, run_graph(graph, inputs))
    if difference > card.tolerance_relative:
        raise RuntimeError(
            f"the exported graph differs from the network by {difference:.1e} (relative), "
            f"more than {card.tolerance_relative:.0e}"
        )
    if graph.stat().st_size > LARGEST_GRAPH_BYTES:
        size = graph.stat().st_size / 1e6
        graph.unlink()
        return dataclasses.replace(card, onnx_reason=f"the graph has {size:.1f} MB, more than 12")
    return card


def run_graph(graph: Path, inputs: Arrays) -> Arrays:
    """Outputs of an exported graph by ONNX Runtime on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    outputs = [item.name for item in session.get_outputs()]
    feed = {name: np.asarray(value, np.float32) for name, value in inputs.items()}
    return dict(zip(outputs, session.run(outputs, feed), strict=True))


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write plain arrays, compressed."""
    np.savez_compressed(path, **dict(arrays))


def _numpy(value: Any) -> np.ndarray:
    import keras

    return np.asarray(keras.ops.convert_to_numpy(value))


def _export(job: Mapping[str, Any]) -> None:
    """In the exporting process: rebuild, convert with named inputs and outputs, save."""
    import onnx
    import tensorflow as tf
    import tf2onnx

    with np.load(job["weights"], allow_pickle=False) as arrays:
        weights = {name: arrays[name] for name in arrays.files}
    model = rebuild(job["network"], job["config"], weights)
    shapes = {tensor.name: tuple(tensor.shape) for tensor in model.inputs}
    signature = [
        tf.TensorSpec((None, *shapes[name][1:]), tf.float32, name=name) for name in job["inputs"]
    ]

    @tf.function(input_signature=signature)
    def call(*tensors: Any) -> Any:
        outputs = model(dict(zip(job["inputs"], tensors, strict=True)), training=False)
        return {name: tf.identity(value, name=name) for name, value in outputs.items()}

    convert = partial(tf2onnx.convert.from_function, call, input_signature=signature, opset=17)
    try:
        with _whole_or_not_at_all():
            graph, _ = convert()
    except Exception:  # whatever a step raised: the slow way goes on without that step
        graph, _ = convert()
    graph = _named(graph, call.get_concrete_function().structured_outputs, job["inputs"])
    onnx.checker.check_model(graph)
    onnx.save(graph, job["target"])


@contextmanager
def _whole_or_not_at_all() -> Iterator[None]:
    """The converter copies the whole graph before each of its steps, unless this is set."""
    os.environ["TF2ONNX_CATCH_ERRORS"] = "FALSE"
    try:
        yield
    finally:
        del os.environ["TF2ONNX_CATCH_ERRORS"]


def _named(graph: Any, outputs: Mapping[str, Any], inputs: list[str]) -> Any:
    """Give the graph's ends our names; the converter makes up its own.

    A function's dictionary of outputs is flattened in the order of its sorted names.
    """
    names = dict(zip([item.name for item in graph.graph.output], sorted(outputs), strict=True))
    names |= dict(zip([item.name for item in graph.graph.input], inputs, strict=True))
    for node in graph.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for item in (*graph.graph.input, *graph.graph.output):
        item.name = names[item.name]
    return graph


if __name__ == "__main__":
    _export(json.loads(sys.stdin.read()))
