"""Kim & Brunner 2016 (arXiv 1608.04369) trained on our simulations, and a forest beside it.

What the paper states is kept: 48 x 48 cut-outs at the frame's pixels in luptitudes, of which 44 x
44 are shown, turned by multiples of 90 degrees, mirrored and with noise; batches of 128, Nesterov
momentum 0.9, a rate that falls linearly from 0.003 to 0.0001. Its forty hours on a graphics card
and its combination of 64 transformed predictions are not: the mean of four turns is taken. Nor is
the scaling of each band to between 0 and 1: magnitudes above the sky's are shown as they are, with
which far fewer batches teach something.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.networks.builder import build
from astrogui.science import cutouts
from astrogui.training.recipe import Arrays, Progress
from astrogui.training.simulate_image import BANDS, SimulatedSky
from astrogui.training.star_galaxy_examples import joined, simulated_fields

SIDE, SHOWN = 48, 44  # pixels of what is kept, and of what the network takes
SOFTENING = np.array([0.14, 0.09, 0.12, 0.18, 0.74])  # nanomaggies: 1e9 x SDSS's b for u g r i z
BATCH = 128
RATES = (3e-3, 1e-4)
MOMENTUM = 0.9
NOISE = 0.1  # of each principal component's scatter (Krizhevsky et al. 2012, section 4.1)
FIELD = (768, 1024)

Floats = NDArray[np.floating[Any]]


def luptitudes(flux: Floats) -> NDArray[np.float32]:
    """Flux (..., 5) in nanomaggies as magnitudes brighter than the sky's, asinh, 0 at no flux.

    Lupton et al. 1999, AJ 118, 1406, eq. (3), less its value at no flux.
    """
    scale = 2.5 / np.log(10)
    return np.asarray(scale * np.arcsinh(flux / (2 * SOFTENING)), np.float32)


def pixels_of(sky: SimulatedSky, x: Floats, y: Floats) -> Arrays:
    """`_pixels` (n, 48, 48, 5): luptitudes around places of the r frame, bands aligned."""
    unit = np.repeat(np.eye(2)[None], len(x), axis=0)
    planes = [
        cutouts.cut(sky.pixels[band], x + sky.shift[band, 0], y + sky.shift[band, 1], unit, 1.0,
                    SIDE)
        for band in range(len(BANDS))
    ]  # fmt: skip
    return {"_pixels": luptitudes(np.nan_to_num(np.stack(planes, axis=-1))).astype(np.float16)}


def examples(workdir: Path, name: str, fields: int, seed: int, progress: Progress) -> Arrays:
    """Sources of simulated fields in five bands, with what each of the classifiers takes."""
    parts = simulated_fields(workdir, f"five-{name}", fields, seed, progress, FIELD, BANDS,
                             pixels_of)  # fmt: skip
    return joined(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long the network is trained: epochs that the rate's fall is laid out for, seconds.

    ``batches`` at most make an epoch, where a whole pass would not fit into a call.
    """

    epochs: int = 750
    batches: int = 10**9
    seconds: float = 600.0  # of this call; the next goes on where it ended
    seed: int = 1


def train(
    data: Arrays,
    folder: Path,
    budget: Budget,
    progress: Progress,
    network: Callable[[], Any] | None = None,
) -> tuple[Any, int]:
    """The network and the epochs that it has seen; kept below ``folder`` after every epoch."""
    import keras

    from astrogui.networks.kim_brunner import GalaxyCrossEntropy

    keras.utils.set_random_seed(budget.seed)
    model = network() if network else build("kim_brunner:convnet", {"seed": budget.seed})
    optimizer = keras.optimizers.SGD(RATES[0], momentum=MOMENTUM, nesterov=True)
    model.compile(optimizer=optimizer, loss={"logit": GalaxyCrossEntropy()}, jit_compile=False)
    optimizer.build(model.trainable_variables)
    done = _resume(model, optimizer, folder / "state.npz")
    noise = _components(data["_pixels"])
    started = time.monotonic()
    while done < budget.epochs and time.monotonic() - started < budget.seconds:
        share = done / max(budget.epochs - 1, 1)
        optimizer.learning_rate.assign(RATES[0] + share * (RATES[1] - RATES[0]))
        rng = np.random.default_rng([budget.seed, done])
        order = rng.permutation(len(data["label"]))
        losses = []
        last = min(len(order) - min(BATCH, len(order)), (budget.batches - 1) * BATCH)
        for first in range(0, last + 1, BATCH):
            rows = order[first : first + BATCH]
            shown = _drawn(data["_pixels"][rows], noise, rng)
            label = data["label"][rows, None].astype(np.float32)
            losses.append(float(model.train_on_batch({"pixels": shown}, {"logit": label})))
        done += 1
        _keep(model, optimizer, done, folder / "state.npz")
        progress(f"epoch {done}: loss {np.mean(losses):.4f} nat")
    return model, done


def predicted(model: Any, data: Arrays) -> Floats:
    """P(galaxy) (n,): the mean over four turns of the middle of each cut-out."""
    edge = (SIDE - SHOWN) // 2
    middle = data["_pixels"][:, edge : edge + SHOWN, edge : edge + SHOWN]
    total = np.zeros(len(middle))
    for turns in range(4):
        turned = np.rot90(middle, turns, axes=(1, 2))
        for first in range(0, len(turned), 512):
            shown = np.ascontiguousarray(turned[first : first + 512], np.float32)
            logit = np.asarray(model({"pixels": shown}, training=False)["logit"], np.float64)
            total[first : first + 512] += 1 / (1 + np.exp(-logit[:, 0]))
    return total / 4


def forest(data: Arrays, seed: int, trees: int = 300) -> Any:
    """A random forest on the measures that our network is told (needs scikit-learn).

    Information entropy splits the nodes, as in the paper's Trees for Probabilistic Classifications.
    """
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(
        trees, criterion="entropy", min_samples_leaf=3, n_jobs=1, random_state=seed
    )
    return model.fit(data["catalogue"], data["label"] > 0.5)


def _drawn(pixels: NDArray[Any], noise: Floats, rng: np.random.Generator) -> NDArray[np.float32]:
    """A batch (n, 44, 44, 5) cut at random, turned, mirrored, with noise along the components."""
    out = np.empty((len(pixels), SHOWN, SHOWN, pixels.shape[-1]), np.float32)
    for number, whole in enumerate(pixels):
        row, column = rng.integers(0, SIDE - SHOWN + 1, 2)
        shown = np.rot90(whole[row : row + SHOWN, column : column + SHOWN], int(rng.integers(4)))
        out[number] = shown[:, ::-1] if rng.random() < 0.5 else shown
    return out + (rng.normal(0, NOISE, (len(out), 1, 1, len(noise))) @ noise).astype(np.float32)


def _components(pixels: NDArray[Any]) -> Floats:
    """Principal components (5, 5) of the bands' values, a row each, as long as their scatter."""
    values = pixels[:: max(1, len(pixels) // 500)].reshape(-1, pixels.shape[-1]).astype(np.float64)
    variance, vectors = np.linalg.eigh(np.cov(values, rowvar=False))
    return np.asarray((vectors * np.sqrt(np.maximum(variance, 0))).T)


def _keep(model: Any, optimizer: Any, done: int, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = [np.asarray(value) for value in [*model.weights, *optimizer.variables]]
    scratch = path.with_suffix(".part")
    with scratch.open("wb") as file:
        arrays = {f"v{k:03d}": v for k, v in enumerate(values)}
        np.savez(file, done=np.array(done), **arrays)  # type: ignore[arg-type]
    os.replace(scratch, path)


def _resume(model: Any, optimizer: Any, path: Path) -> int:
    """The epochs done so far; weights and momenta as they were then."""
    if not path.exists():
        return 0
    with np.load(path, allow_pickle=False) as kept:
        for number, variable in enumerate([*model.weights, *optimizer.variables]):
            variable.assign(kept[f"v{number:03d}"])
        return int(kept["done"])
