"""Checks of the Keras backend, in a process of their own: TensorFlow takes seconds to import.

Prints one line of JSON. The network is the star-galaxy ensemble, small, with weights drawn here.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import tiny

from astrogui.errors import ModelMismatch
from astrogui.inference.backends import choose, guarded, open_backend
from astrogui.inference.golden import difference
from astrogui.inference.model_folder import load_model, read_card
from astrogui.records.model_card import ArraySpec

CONFIG = {"size": 8, "channels": 2, "catalogue": 5, "filters": [4], "dense": 8, "signal_column": 1}


def main(parent: Path) -> dict[str, object]:
    folder, network = write_folder(parent)
    model = load_model(folder)
    backend = open_backend("keras", model)
    rows = inputs(11)
    whole = backend.run(rows)
    direct = network(dict(rows), training=False)
    pieces = [
        backend.run({name: value[a:b] for name, value in rows.items()})
        for a, b in ((0, 1), (1, 4), (4, 9), (9, 11))
    ]
    joined = {name: np.concatenate([piece[name] for piece in pieces]) for name in whole}
    fallback = open_backend("keras", model, cpu=True).run(rows)
    return {
        "name": backend.name,
        "device": backend.device,
        "choice": choose(model),
        "guarded": guarded(model, print).name,
        "shapes": {name: list(value.shape) for name, value in whole.items()},
        "from_direct": difference({n: np.asarray(v) for n, v in direct.items()}, whole),
        "from_pieces": difference(whole, joined),
        "from_fallback": difference(whole, fallback),
        "opened": taken_apart(model, network),
        "refused_count": refused(folder, model.card, count=True),
        "refused_shape": refused(folder, model.card, count=False),
        "refused_config": refused_config(folder, model.card),
    }


def inputs(count: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(7)
    return {
        "image": random.normal(size=(count, 8, 8, 2)).astype(np.float32),
        "catalogue": random.normal(size=(count, 5)).astype(np.float32),
    }


def taken_apart(model, network) -> dict[str, object]:
    """How far layers and derivative are from the network's own and from finite differences."""
    from astrogui.inference.backends import opened
    from astrogui.tasks.insight import Aim, log_odds

    inner, rows = opened(model), inputs(2)
    aim = Aim(answer="galaxy", output="logit", link="sigmoid")
    slope = inner.gradient(rows, "image", aim)[0]

    def odds(image: np.ndarray) -> float:
        raw = network({**inputs(2), "image": image}, training=False)
        return float(log_odds({"logit": np.asarray(raw["logit"], np.float64)}, aim, np)[0])

    away = np.random.default_rng(2).normal(size=rows["image"].shape).astype(np.float32)
    away[1] = 0
    step = 0.03 * away
    numerical = (odds(rows["image"] + step) - odds(rows["image"] - step)) / 2
    layer = inner.layers(rows)[0]
    direct = network.get_layer(layer.name)(rows["image"])
    return {
        "names": [one.name for one in inner.layers(rows)],
        "slope": float((slope * step[0]).sum()),
        "numerical": numerical,
        "layer": float(np.abs(layer.values - np.asarray(direct)[0]).max()),
    }


def write_folder(parent: Path):
    """A folder without a graph, and the network that its weights were taken from."""
    from astrogui.inference.backends.keras_model import use_library

    use_library()
    from astrogui.networks.builder import build, weight_arrays

    folder = tiny.write_model(parent, "stars")
    network = build("star_galaxy:ensemble", CONFIG)
    random = np.random.default_rng(3)
    network.set_weights([random.uniform(0.0, 0.2, w.shape) for w in network.get_weights()])
    np.savez(folder / "weights.npz", **weight_arrays(network))
    (folder / "model.onnx").unlink()
    shapes = {name: tuple(tensor.shape[1:]) for name, tensor in network.output.items()}
    card = dataclasses.replace(
        read_card(folder),
        network="star_galaxy:ensemble",
        network_config=CONFIG,
        inputs=(
            ArraySpec(name="image", shape=(8, 8, 2)),
            ArraySpec(name="catalogue", shape=(5,)),
        ),
        outputs=tuple(ArraySpec(name=name, shape=shape) for name, shape in shapes.items()),
        hashes={},
        onnx_reason="to be tested without",
    )
    return tiny.write_card(folder, card), network


def refused(folder: Path, card, *, count: bool) -> str:
    """What is said of one weight too few, or of one weight of another shape."""
    with np.load(folder / "weights.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    last = max(arrays)
    if count:
        del arrays[last]
    else:
        arrays[last] = np.zeros((3, 3, 3), np.float32)
    other = folder.parent / f"refused{count}"
    other.mkdir()
    np.savez(other / "weights.npz", **arrays)
    return words(tiny.write_card(other, dataclasses.replace(card, hashes={})))


def refused_config(folder: Path, card) -> str:
    """What is said of an argument that the builder does not have."""
    other = folder.parent / "config"
    other.mkdir()
    (other / "weights.npz").write_bytes((folder / "weights.npz").read_bytes())
    changed = dataclasses.replace(card, hashes={}, network_config={**CONFIG, "lambda": "x"})
    return words(tiny.write_card(other, changed))


def words(folder: Path) -> str:
    try:
        open_backend("keras", load_model(folder))
    except ModelMismatch as error:
        return str(error)
    return ""


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(main(Path(sys.argv[1]))))
