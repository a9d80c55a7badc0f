"""The members of the `bbh` network's ensemble: their start, and their tuning on searched fits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.networks.builder import build
from astrogui.science import binary_draws, strain_features
from astrogui.training.fit import Batch, FitSettings, array_batches, fit
from astrogui.training.recipe import Arrays, Progress
from astrogui.training.strain_population import relative_weights

MEMBER = "bbh:density_network"
AT_ONCE = 64  # events
SURE = 11.0  # found signal-to-noise ratio above which the truth leads to the fit that is searched
STARTING_WEIGHT = 5.0  # over the median: largest of events that members start on
TUNING_RATE, TUNING_DECAY, TUNING_DROPOUT = 5e-4, 5e-2, 0.3
JITTER = (0.03, 0.15)  # of the features of the fits, and of the misfits by frequency


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is simulated and how long it is fitted."""

    chunks: int
    validation: int  # events, of the last chunks
    loud: int  # files of loud events, for tuning
    # Batches whose fits start from the search's templates: for tuning, those of them that choose
    # the epoch, and for calibration.
    tuning: int
    judging: int
    searched: int
    looked_at: tuple[int, ...]  # of each stream that served while the calibration was designed
    held_out: int  # events
    of_prior: int  # events drawn from the prior itself, to be measured on
    epochs: int
    tuned_epochs: int
    draws: int
    members: int
    width: int
    depth: int
    hidden: int
    bins: int
    at_once: int = AT_ONCE  # events simulated together
    batch: int = 256
    max_seconds: float = float("inf")


def network_config(size: Size) -> dict[str, Any]:
    """The arguments of the network's builder, plain values for the card."""
    return {
        "features": strain_features.SIZE,
        "draws": size.draws,
        "members": size.members,
        "width": size.width,
        "depth": size.depth,
        "hidden": size.hidden,
        "bins": size.bins,
    }


def started(
    member: int, size: Size, seed: int, events: Arrays, place: Path, progress: Progress
) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Weights of one member of the ensemble, fitted from its own start and order of examples.

    The last ``size.validation`` events choose the epoch. Fits that begin at the truth are never
    far from it: the chirp mass is not stretched here.
    """
    progress(f"fitting member {member + 1} of {size.members}")
    plain = np.array(events["targets"])
    plain[:, 0] = binary_draws.unstretched(plain[:, 0])
    weights = np.minimum(events["weights"] / np.median(events["weights"]), STARTING_WEIGHT)
    return _fitted(
        build(MEMBER, _member_config(size)),
        {"features": events["features"], "targets": plain},
        weights,
        size.validation,
        size.batch,
        FitSettings(
            epochs=size.epochs,
            steps=max(2, (len(weights) - size.validation) // size.batch),
            learning_rate=1.5e-3,
            weight_decay=1e-3,
            seed=10 * seed + member,
            max_seconds=size.max_seconds,
        ),
        place / f"member_{member}",
        progress,
    )


def tuned(
    member: int,
    size: Size,
    seed: int,
    start: list[np.ndarray],
    tuning: Arrays,
    place: Path,
    progress: Progress,
) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Weights of one member after it has met fits that are searched for."""
    progress(f"tuning member {member + 1} of {size.members}")
    model = build(MEMBER, {**_member_config(size), "dropout": TUNING_DROPOUT})
    model.set_weights(start)
    weights = tuning["relative"]
    judged = size.judging * size.at_once
    batch = size.batch // 2
    settings = FitSettings(
        epochs=size.tuned_epochs,
        steps=max(2, (len(weights) - judged) // batch),
        learning_rate=TUNING_RATE,
        weight_decay=TUNING_DECAY,
        seed=10 * seed + member,
    )
    inputs = {name: tuning[name] for name in ("features", "targets")}
    folder = place / f"tuned_{member}"
    return _fitted(model, inputs, weights, judged, batch, settings, folder, progress)


def together(near: Arrays, searched: Arrays) -> Arrays:
    """What members are tuned on: loud events, then all those searched for, with their weights."""
    sure = near["loudness"][:, 1] > SURE
    parts = [{name: value[sure] for name, value in near.items()}, searched]
    weights = [relative_weights(part) for part in parts]
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in searched}
    return {**arrays, "relative": np.concatenate(weights)}


def _member_config(size: Size) -> dict[str, Any]:
    names = ("features", "width", "depth", "hidden", "bins")
    return {name: network_config(size)[name] for name in names}


def _fitted(
    model: Any,
    inputs: Arrays,
    weights: np.ndarray,
    judged: int,
    batch: int,
    settings: FitSettings,
    place: Path,
    progress: Progress,
) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Weights and history of a density fitted to all but the last examples, which judge it."""
    column = weights.astype(np.float32)[:, None]
    seen = {name: value[:-judged] for name, value in inputs.items()}
    rest = {name: value[-judged:] for name, value in inputs.items()}
    told = fit(
        model,
        surprise,
        array_batches(seen, column[:-judged], batch, jittered),
        settings,
        place,
        progress,
        (rest, column[-judged:]),
        validation_batch=256,
    )
    return model.get_weights(), told


def jittered(batch: Batch, rng: np.random.Generator) -> Batch:
    """A batch with a little noise on its features, so that no event is learned by heart."""
    inputs, targets = batch
    noise = rng.standard_normal(inputs["features"].shape, np.float32)
    noise[:, : strain_features.BLOCK_START] *= JITTER[0]
    noise[:, strain_features.BLOCK_START :] *= JITTER[1]
    return {**inputs, "features": inputs["features"] + noise}, targets


def surprise(weights: Any, log_density: Any) -> Any:
    """Weighted negative log density; what is quite impossible costs no more than 20."""
    from keras import ops

    return -weights * ops.logaddexp(log_density, ops.full_like(log_density, -20.0))
