"""The one training loop: seeded batches, checkpoints after every epoch, resumed where it stopped.

Works on whichever backend Keras runs; jax is the fastest for one-dimensional convolutions.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.training.recipe import Progress

Batch = tuple[dict[str, np.ndarray], Any]
"""Named inputs of the model, and its targets: one array or a dictionary of arrays."""

Draw = Callable[[np.random.Generator], Batch]
FEW_STEPS = 4  # of a quick training; a graph with its derivative takes as long as dozens


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSettings:
    """How long and how fast. The rate rises over one epoch, then falls as a cosine."""

    epochs: int
    steps: int  # batches in an epoch
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    clip_norm: float = 1.0
    seed: int = 0
    max_seconds: float = math.inf  # of training in this call; then the best so far is kept
    judged_from: int = 0  # epochs before it are never the best: a term of the loss still rises
    stop_after: int = 0  # epochs, before the rate has fallen: another training goes on; 0: all


@dataclass(slots=True)
class _State:
    """What a checkpoint remembers beside the weights."""

    epoch: int = 0
    best_epoch: int = -1
    best_loss: float = math.inf
    seconds: float = 0.0
    history: list[dict[str, float]] | None = None


def array_batches(
    inputs: Mapping[str, np.ndarray],
    targets: Any,
    size: int,
    augment: Callable[[Batch, np.random.Generator], Batch] | None = None,
) -> Draw:
    """Batches drawn at random from arrays that may be memory-mapped; float32 in every batch.

    ``targets`` is an array or a dictionary of arrays, with the examples on axis 0.
    """
    count = len(next(iter(inputs.values())))

    def draw(rng: np.random.Generator) -> Batch:
        chosen = np.sort(rng.choice(count, size=size, replace=count < size))
        batch = take(inputs, targets, chosen)
        return augment(batch, rng) if augment else batch

    return draw


def take(inputs: Mapping[str, np.ndarray], targets: Any, chosen: np.ndarray) -> Batch:
    """The chosen examples as one batch; floats become float32."""
    picked = {name: _plain(array[chosen]) for name, array in inputs.items()}
    if isinstance(targets, Mapping):
        return picked, {name: _plain(array[chosen]) for name, array in targets.items()}
    return picked, _plain(targets[chosen])


def fit(
    model: Any,
    loss: Any,
    draw: Draw,
    settings: FitSettings,
    workdir: Path,
    progress: Progress,
    validation: Batch | None = None,
    validation_batch: int = 64,
    optimizer: Any = None,
    jit_compile: bool | str = "auto",
) -> dict[str, Any]:
    """Train ``model`` and leave it with the weights of its best epoch (lowest validation loss).

    ``draw(rng)`` makes one batch; batch k of epoch e always gets the generator seeded with
    (seed, e, k), so a resumed training sees the same examples as an uninterrupted one. The
    checkpoint in ``workdir`` is written after each epoch and replaced atomically. Returns the
    history with the seconds spent, plain numbers for the model card.
    """
    import keras

    workdir.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(settings.seed)
    model.compile(
        optimizer=optimizer or _adam(keras, settings),
        loss=loss,
        jit_compile=jit_compile,
        run_eagerly=_is_over_soon(settings, keras.backend.backend()),
    )
    model.optimizer.build(model.trainable_variables)
    state = _load(model, workdir, settings)
    if state.epoch:
        progress(f"resumed after epoch {state.epoch} of {settings.epochs}")
    if state.epoch < (settings.stop_after or settings.epochs):
        keeper = _keeper(keras, state, workdir, settings, progress)
        model.fit(
            _dataset(keras, draw, settings, state.epoch),
            epochs=settings.epochs,
            initial_epoch=state.epoch,
            validation_data=validation,
            validation_batch_size=validation_batch,
            shuffle=False,
            verbose=0,
            callbacks=[keeper],
        )
    model.set_weights(_arrays(workdir / "best.npz"))
    return {
        "epochs": state.epoch,
        "best_epoch": state.best_epoch,
        "best_loss": state.best_loss,
        "seconds": round(state.seconds, 1),
        "backend": keras.backend.backend(),
        "history": state.history or [],
        "settings": {name: value for name, value in asdict(settings).items() if value != math.inf},
    }


def _is_over_soon(settings: FitSettings, library: str) -> bool:
    """Whether making a graph takes TensorFlow longer than going without; jax has no choice."""
    return library == "tensorflow" and settings.epochs * settings.steps <= FEW_STEPS


def _adam(keras: Any, settings: FitSettings) -> Any:
    schedule = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate * 0.05,
        decay_steps=max(1, (settings.epochs - 1) * settings.steps),
        alpha=0.01,
        warmup_target=settings.learning_rate,
        warmup_steps=settings.steps,
    )
    return keras.optimizers.AdamW(
        schedule, weight_decay=settings.weight_decay, clipnorm=settings.clip_norm
    )


def _dataset(keras: Any, draw: Draw, settings: FitSettings, first_epoch: int) -> Any:
    class Batches(keras.utils.PyDataset):
        """One epoch of seeded batches after the other."""

        def __init__(self) -> None:
            super().__init__(workers=1, use_multiprocessing=False)
            self.epoch = first_epoch

        def __len__(self) -> int:
            return settings.steps

        def __getitem__(self, index: int) -> Batch:
            return draw(np.random.default_rng([settings.seed, self.epoch, index]))

        def on_epoch_end(self) -> None:
            self.epoch += 1

    return Batches()


def _keeper(
    keras: Any, state: _State, workdir: Path, settings: FitSettings, progress: Progress
) -> Any:
    class Keeper(keras.callbacks.Callback):
        """Writes the checkpoint after each epoch and stops when the time is over."""

        def on_train_begin(self, logs: Any = None) -> None:
            self.started = self.begun = time.monotonic()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            now = time.monotonic()
            figures = {name: float(value) for name, value in (logs or {}).items()}
            judged = figures.get("val_loss", figures["loss"])
            state.epoch = epoch + 1
            state.seconds += now - self.begun
            self.begun = now
            state.history = [*(state.history or []), figures]
            early = epoch < settings.judged_from
            if early or judged < state.best_loss:
                state.best_loss, state.best_epoch = math.inf if early else judged, epoch
                _save_arrays(workdir / "best.npz", self.model.get_weights())
            _save(self.model, state, workdir, settings)
            told = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
            progress(f"epoch {epoch + 1}/{settings.epochs}: {told} ({state.seconds:.0f} s)")
            if not math.isfinite(figures["loss"]):
                raise FloatingPointError(f"the loss became {figures['loss']} in epoch {epoch + 1}")
            if epoch + 1 == settings.stop_after:
                self.model.stop_training = True
            if now - self.started > settings.max_seconds:
                progress("the time set for training is over; the best epoch is kept")
                self.model.stop_training = True

    return Keeper()


def _save(model: Any, state: _State, workdir: Path, settings: FitSettings) -> None:
    values = [np.asarray(variable) for variable in model.optimizer.variables]
    _save_arrays(workdir / "last.npz", [*model.get_weights(), *values])
    text = json.dumps({"state": asdict(state), "settings": _key(settings)})
    part = workdir / "state.json.part"
    part.write_text(text, encoding="utf-8")
    os.replace(part, workdir / "state.json")


def _load(model: Any, workdir: Path, settings: FitSettings) -> _State:
    """The checkpoint's state, with model and optimizer set to it; a fresh one if there is none.

    A checkpoint of other settings is not continued: its schedule would be wrong.
    """
    path = workdir / "state.json"
    if not path.exists():
        return _State()
    kept = json.loads(path.read_text(encoding="utf-8"))
    if kept["settings"] != _key(settings):
        return _State()
    arrays = _arrays(workdir / "last.npz")
    count = len(model.weights)
    if [a.shape for a in arrays[:count]] != [tuple(w.shape) for w in model.weights]:
        return _State()
    model.set_weights(arrays[:count])
    for variable, value in zip(model.optimizer.variables, arrays[count:], strict=True):
        variable.assign(value)
    return _State(**kept["state"])


def _key(settings: FitSettings) -> dict[str, Any]:
    """What must not change between the calls of one training; a field at rest is left out."""
    free = ("max_seconds", "stop_after")  # where a training stops changes nothing before it
    key = {name: value for name, value in asdict(settings).items() if name not in free}
    if not settings.judged_from:
        del key["judged_from"]
    return key


def _save_arrays(path: Path, arrays: list[np.ndarray]) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        arrays_by_name: dict[str, Any] = {
            f"a{index:04d}": array for index, array in enumerate(arrays)
        }
        np.savez(file, **arrays_by_name)
    os.replace(part, path)


def _arrays(path: Path) -> list[np.ndarray]:
    with np.load(path, allow_pickle=False) as kept:
        return [kept[name] for name in sorted(kept.files)]


def _plain(array: np.ndarray) -> np.ndarray:
    """float16 and float64 become float32; whole numbers stay."""
    return np.asarray(array, np.float32) if array.dtype.kind == "f" else np.asarray(array)
