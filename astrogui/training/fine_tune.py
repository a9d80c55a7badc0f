"""An analyst's own classes, learned from few labels: transfer from the network of galaxies' shapes.

First the dense layers are solved for on the features as they are, from a strong penalty on their
weights to a weak one (few labels and many features want a strong one); then the encoders are freed
from their last layers on, at falling rates (Yosinski et al. 2014, arXiv 1411.1792). Each member
leaves out another part of the labels; the round that answers these best is kept, and the
temperature is set on them. So no stage can harm, and figures of labels left out are rather too
good by that choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.networks.builder import assign_weights, build
from astrogui.training.morphology_examples import coloured, posed
from astrogui.training.star_galaxy_calibration import mahalanobis_weights

MEMBERS = 3
FOLDS = 5  # each member leaves out one of them
LEAST_LABELS = 2  # of each class
PENALTIES = (300.0, 3.0)  # on the squares of the weights, for each label: the first and the last
RATE = 5e-5  # of learning, in the first stage after the dense layers
LEAST_SCATTER = 0.02  # of an activation over the labelled pictures, by which it is divided
TEMPERATURES = np.geomspace(0.5, 6.0, 50)

Floats = NDArray[np.floating[Any]]
Report = Callable[["Progressed"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    """One point of the learning curve."""

    stage: str
    step: int  # counted over all stages
    of: int
    loss: float  # of the labels that a member learns from, nat
    left_out_loss: float  # of those that it does not
    left_out_right: float  # share of the latter that is right


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How much is tried; the defaults take a few minutes on a processor."""

    variants: int = 8  # of each picture, by turning, scaling and shifting
    head_rounds: int = 8  # penalties that are tried
    rounds: int = 1  # in each of the stages after it
    most_steps: int = 40  # batches in a round
    units: tuple[int, ...] = (1, 9)  # residual units that each stage frees, from the last on
    batch: int = 32
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labelled:
    """Variants (n, count, 64, 64, 3) uint8, the first as it is, and labels (n,) from 0 on."""

    pictures: NDArray[np.uint8]
    label: NDArray[np.int64]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        counts = np.bincount(self.label, minlength=len(self.classes))
        if len(self.classes) < 2 or counts.min() < LEAST_LABELS:
            few = [name for name, n in zip(self.classes, counts, strict=True) if n < LEAST_LABELS]
            raise ValueError(
                f"at least two classes with {LEAST_LABELS} labels each are needed"
                + (f"; too few of: {', '.join(few)}" if few else "")
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tuned:
    """What came out: the network, its configuration and what the card says of it."""

    model: Any
    config: dict[str, Any]
    temperature: float
    history: list[dict[str, Any]]
    left_out: dict[str, float]
    novelty: dict[str, Any]


def fine_tune(
    base: Any, base_config: dict[str, Any], labelled: Labelled, settings: Settings, report: Report
) -> Tuned:
    """A `transfer:classifier` on the encoders of ``base``, a `morphology:ensemble`."""
    import keras

    from astrogui.networks.transfer import (
        MembersCrossEntropy,
        assign_encoders,
        trainable,
        unfreeze,
    )

    keras.utils.set_random_seed(settings.seed)
    config = {
        "classes": len(labelled.classes),
        **{name: base_config[name] for name in ("size", "widths", "features")},
        "members": MEMBERS,
    }
    whole = build("transfer:classifier", config)
    assign_encoders(whole, base, MEMBERS)
    learner, seen = trainable(whole, MEMBERS)
    teacher = _Teacher(whole, labelled, settings, report, MembersCrossEntropy())
    features = _features(seen, labelled.pictures)
    flat = features.reshape(-1, features.shape[-1])
    standard = whole.get_layer("heads").get_layer("standardise")
    standard.set_weights([flat.mean(axis=0), np.maximum(flat.std(axis=0), LEAST_SCATTER)])
    teacher.teach_heads(whole.get_layer("heads"), features)
    for number, units in enumerate(settings.units):
        unfreeze(whole, MEMBERS, units)
        words = "all layers" if number + 1 == len(settings.units) else "the last layers"
        teacher.teach(learner, words, RATE / 3**number)
    whole.set_weights(teacher.best)
    outputs = whole.predict(
        {"picture": labelled.pictures[:, 0].astype(np.float32) / np.float32(255)},
        batch_size=32, verbose=0,
    )  # fmt: skip
    kept = np.asarray(outputs["features"]) - 1
    whole.get_layer("mahalanobis").set_weights(list(mahalanobis_weights(kept, kept)))
    logit = teacher.left_out(np.asarray(outputs["logit"], np.float64))
    temperature = fit_temperature(logit, labelled.label)
    return Tuned(
        model=whole,
        config=config,
        temperature=temperature,
        history=teacher.history,
        left_out=_left_out_figures(logit / temperature, labelled.label),
        novelty={
            "statistic": "Squared Mahalanobis distance of the second-to-last layers' activations "
            "from those of the labelled pictures, divided by its threshold.",
            "threshold": 1.0,
            "false_positives": 0.01,
        },
    )


class _Teacher:
    """Shows the labels to the members, each without its own fold, and keeps the learning curve."""

    def __init__(
        self, whole: Any, labelled: Labelled, settings: Settings, report: Report, loss: Any
    ) -> None:
        self._whole, self._labelled, self._settings = whole, labelled, settings
        self._report, self._loss = report, loss
        self._fold = _folds(labelled.label, settings.seed)
        self._own = np.where(
            self._fold[:, None] == np.arange(MEMBERS), -1, labelled.label[:, None]
        ).astype(np.int32)
        self._rng = np.random.default_rng(settings.seed)
        self._steps = min(settings.most_steps, max(4, len(labelled.label) // 8))
        self._of = settings.head_rounds + settings.rounds * len(settings.units)
        self._step = 0
        self.best: list[Any] = whole.get_weights()  # of the round with the least left-out loss
        self._least = np.inf
        self.history: list[dict[str, Any]] = []

    def teach_heads(self, heads: Any, features: Floats) -> None:
        """The dense layers alone, on features (n, variants, k) that were computed once."""
        mean, scale = heads.get_layer("standardise").get_weights()
        given = np.clip((features - mean) / scale, -8.0, 8.0).astype(np.float64)
        width = given.shape[-1] // MEMBERS
        layers = [heads.get_layer(f"logit_{number}") for number in range(MEMBERS)]
        solved = [np.zeros((width + 1, len(self._labelled.classes))) for _ in layers]
        for penalty in np.geomspace(*PENALTIES, self._settings.head_rounds):
            losses = []
            for number, layer in enumerate(layers):
                rows = np.flatnonzero(self._own[:, number] >= 0)
                own = given[rows, :, number * width : (number + 1) * width]
                label = self._own[rows, number]
                solved[number], loss = solve_layer(own, label, penalty, solved[number])
                layer.set_weights([solved[number][:-1], solved[number][-1]])
                losses.append(loss)
            found = np.asarray(heads.predict(features[:, 0], batch_size=256, verbose=0))
            self._tell("dense layers", float(np.mean(losses)), found)
        self._whole.set_weights(self.best)

    def teach(self, learner: Any, stage: str, rate: float) -> None:
        """All that is free in ``learner``, on pictures drawn anew."""
        self._compile(learner, rate)
        pictures = self._labelled.pictures
        for _ in range(self._settings.rounds):
            losses = []
            for _ in range(self._steps):
                rows = self._rows()
                chosen = pictures[rows, self._rng.integers(pictures.shape[1], size=len(rows))]
                drawn = chosen.astype(np.float32) / np.float32(255)
                given = coloured(posed(drawn, self._rng), self._rng, noise=0.0)
                losses.append(
                    float(learner.train_on_batch({"picture": given}, {"logit": self._own[rows]}))
                )
            plain = pictures[:, 0].astype(np.float32) / np.float32(255)
            found = learner.predict({"picture": plain}, batch_size=32, verbose=0)["logit"]
            self._tell(stage, float(np.mean(losses)), np.asarray(found))

    def left_out(self, logit: Floats) -> Floats:
        """(n, classes): of each example the logits of a member that never saw its label.

        Examples of the folds that every member has seen are NaN.
        """
        out = np.full((len(logit), logit.shape[2]), np.nan)
        for number in range(MEMBERS):
            out[self._fold == number] = logit[self._fold == number, number]
        return out

    def _rows(self) -> NDArray[np.int64]:
        """A batch in which every class comes up alike."""
        label = self._labelled.label
        weight = 1.0 / np.bincount(label)[label]
        return self._rng.choice(len(label), self._settings.batch, p=weight / weight.sum())

    def _compile(self, model: Any, rate: float) -> None:
        import keras

        optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-3, clipnorm=1.0)
        model.compile(optimizer=optimizer, loss=self._loss, jit_compile=False)

    def _tell(self, stage: str, loss: float, logit: Floats) -> None:
        self._step += 1
        figures = _left_out_figures(self.left_out(logit.astype(np.float64)), self._labelled.label)
        if figures["loss"] < self._least:
            self._least, self.best = figures["loss"], self._whole.get_weights()
        told = Progressed(
            stage=stage, step=self._step, of=self._of, loss=loss,
            left_out_loss=figures["loss"], left_out_right=figures["right"],
        )  # fmt: skip
        self.history.append(
            {"stage": stage, "loss": loss, "left_out_loss": told.left_out_loss,
             "left_out_right": told.left_out_right}
        )  # fmt: skip
        self._report(told)


def solve_layer(
    given: Floats, label: NDArray[Any], penalty: float, start: Floats
) -> tuple[Floats, float]:
    """Weights and, last, biases (k + 1, classes) of a dense layer under softmax, and its loss.

    ``given`` (n, variants, k) are features; each class counts alike, a label's variants share its
    weight. The cross-entropy summed over labels plus half the penalty times the squares is least.
    """
    from scipy.optimize import minimize

    count, variants, width = given.shape
    flat = given.reshape(-1, width)
    classes = start.shape[1]
    of_class = np.bincount(label, minlength=classes)
    weight = np.repeat(count / (of_class[label] * (of_class > 0).sum()), variants) / variants
    truth = np.eye(classes)[np.repeat(label, variants)]

    def cost(values: Floats) -> tuple[float, Floats]:
        both = values.reshape(start.shape)
        logit = flat @ both[:-1] + both[-1]
        logit -= logit.max(axis=1, keepdims=True)
        share = np.exp(logit)
        total = share.sum(axis=1, keepdims=True)
        cross = float((weight * (np.log(total[:, 0]) - (logit * truth).sum(axis=1))).sum())
        wrong = weight[:, None] * (share / total - truth)
        slope = np.concatenate([flat.T @ wrong + penalty * both[:-1], wrong.sum(axis=0)[None]])
        return cross + 0.5 * penalty * float((both[:-1] ** 2).sum()), slope.ravel()

    found = minimize(cost, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 60})
    both = found.x.reshape(start.shape)
    loss = (float(found.fun) - 0.5 * penalty * float((both[:-1] ** 2).sum())) / count
    return both, loss


def fit_temperature(logit: Floats, label: NDArray[np.int64]) -> float:
    """The temperature that gives left-out labels (n,) their least cross-entropy."""
    known = np.isfinite(logit).all(axis=1)
    costs = [_cross_entropy(logit[known] / t, label[known]) for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(costs))])


def base_network(folder: Any) -> tuple[Any, dict[str, Any]]:
    """The `morphology:ensemble` of a model folder and its configuration."""
    from astrogui.records.model_card import card_from_json

    card = card_from_json((folder / "card.json").read_text("utf-8"), str(folder))
    model = build(card.network, card.network_config)
    with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
        assign_weights(model, {name: arrays[name] for name in arrays.files})
    return model, card.network_config


def _features(seen: Any, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, variants, k) what the dense layers of all members are given."""
    count, each = pictures.shape[:2]
    flat = pictures.reshape(count * each, *pictures.shape[2:])
    parts = [
        np.asarray(
            seen.predict(
                {"picture": flat[k : k + 512].astype(np.float32) / np.float32(255)},
                batch_size=64, verbose=0,
            )
        )
        for k in range(0, len(flat), 512)
    ]  # fmt: skip
    return np.concatenate(parts).reshape(count, each, -1).astype(np.float32)


def _folds(label: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """A fold (n,) for each example, classes spread evenly."""
    rng = np.random.default_rng([seed, 5])
    fold = np.zeros(len(label), np.int64)
    for value in np.unique(label):
        rows = rng.permutation(np.flatnonzero(label == value))
        fold[rows] = (np.arange(len(rows)) + rng.integers(FOLDS)) % FOLDS
    return fold


def _left_out_figures(logit: Floats, label: NDArray[np.int64]) -> dict[str, float]:
    known = np.isfinite(logit).all(axis=1)
    if not known.any():
        return {"loss": float("nan"), "right": float("nan")}
    right = logit[known].argmax(axis=1) == label[known]
    return {"loss": _cross_entropy(logit[known], label[known]), "right": float(right.mean())}


def _cross_entropy(logit: Floats, label: NDArray[np.int64]) -> float:
    most = logit.max(axis=1, keepdims=True)
    total = most[:, 0] + np.log(np.exp(logit - most).sum(axis=1))
    return float((total - logit[np.arange(len(label)), label]).mean())


def labels_from_words(words: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Numbers (n,) and class names, sorted, of labels in words."""
    classes = tuple(sorted(set(words)))
    return np.array([classes.index(word) for word in words]), classes
