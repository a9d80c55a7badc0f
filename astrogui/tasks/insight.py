"""A look into the network behind an answer: its maps, and what the answer's log odds rest on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from astrogui.records.inside import FeatureMaps, Inside
from astrogui.records.model_card import ModelCard
from astrogui.records.posterior import Posterior
from astrogui.science import attribution

EMPTY_SKY = "empty sky, 0 in every plane"
MOST_CHANNELS = 16  # of a layer that are kept
PATCHES = 8  # squares hidden along a side of the picture, without overlap
SMALLEST_PATCH = 3  # pixels
STRIDE = 0.7  # of a patch from one to the next: each costs one call of the network

STEPS = (16, 48)  # points of the integral: most pictures need the few
MISSED_NAT, MISSED_SHARE = 0.02, 0.03  # of the sum, that few points may miss

Arrays = dict[str, NDArray[Any]]
Run = Callable[[Arrays], Arrays]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """One answer, as log odds of a raw output with the members on axis 1.

    ``logit``: the members' mean of (n, members). ``sigmoid``: the odds of their mean probability.
    ``share`` and ``softmax``: the odds of member-mean shares of the first ``count`` of (n, members,
    k), which are concentrations or, at a temperature, logits.
    """

    answer: str
    output: str
    link: Literal["logit", "sigmoid", "share", "softmax"]
    index: int = 0
    count: int = 1
    sign: float = 1.0  # -1 where the output speaks for the other answer
    temperature: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Insight:
    """How one looks into the answers of an analysis of pictures.

    Every plane of the input ``picture`` is 0 for an empty sky; further inputs stay as they are.
    """

    picture: str
    planes: tuple[str, ...]
    aim: Callable[[Posterior, ModelCard], Aim]
    is_colour: bool = False
    notes: tuple[str, ...] = ()  # what is to be known of the maps, in sentences


def log_odds(outputs: Mapping[str, Any], aim: Aim, xp: Any) -> Any:
    """Log odds (n,), in nat, of what is aimed at.

    ``xp`` is the array namespace of the outputs: numpy, or keras.ops where gradients are wanted.
    """
    raw = outputs[aim.output] / aim.temperature
    if aim.link == "logit":
        return aim.sign * xp.mean(raw, axis=1)
    if aim.link == "sigmoid":
        shown = raw * aim.sign
        chance = xp.mean(1 / (1 + xp.exp(-shown)), axis=1)
        against = xp.mean(1 / (1 + xp.exp(shown)), axis=1)
        return xp.log(chance) - xp.log(against)
    weights = raw[:, :, : aim.count]
    if aim.link == "softmax":
        weights = xp.exp(weights - xp.max(weights, axis=2, keepdims=True))
    shares = xp.mean(weights / xp.sum(weights, axis=2, keepdims=True), axis=1)
    chosen = shares[:, aim.index]
    others = sum(shares[:, k] for k in range(aim.count) if k != aim.index)
    return aim.sign * (xp.log(chosen + 1e-12) - xp.log(others + 1e-12))


class Layer(NamedTuple):
    """The whole output of one layer for one object."""

    name: str
    kind: str
    values: NDArray[Any]  # (ny, nx, channels)


class Opened(Protocol):
    """A network that can be taken apart and differentiated."""

    def layers(self, prepared: Arrays) -> Sequence[Layer]:
        """The outputs of the convolutional layers for the first object of a batch."""

    def gradient(self, prepared: Arrays, picture: str, aim: Aim) -> NDArray[Any]:
        """The derivative of the log odds (n,) by the input named ``picture``."""


def look(
    task: str,
    insight: Insight,
    card: ModelCard,
    prepared: Arrays,
    aim: Aim,
    run: Run,
    opened: Opened | None,
) -> Inside:
    """What the network makes of one object, whose arrays come with a batch of one.

    ``run`` answers batches with whatever runtime there is; without ``opened`` there are neither
    gradients nor feature maps.
    """
    picture = np.asarray(prepared[insight.picture][0], np.float32)
    baseline = np.zeros_like(picture)

    def batch(pictures: NDArray[np.float32]) -> Arrays:
        fed = {n: np.repeat(v, len(pictures), axis=0) for n, v in prepared.items()}
        return fed | {insight.picture: pictures}

    def number(pictures: NDArray[np.float32]) -> NDArray[np.float64]:
        raw = {n: np.asarray(v, np.float64) for n, v in run(batch(pictures)).items()}
        return np.asarray(log_odds(raw, aim, np))

    value, empty = number(np.stack([picture, baseline]))
    patch = max(len(picture) // PATCHES, SMALLEST_PATCH)
    hidden = attribution.occlusion(number, picture, baseline, patch, round(STRIDE * patch))
    gradients = np.zeros((0, *picture.shape[:2]), np.float32)
    layers: list[FeatureMaps] = []
    if opened is not None:
        gradients = _brought(
            lambda pictures: opened.gradient(batch(pictures), insight.picture, aim),
            picture, baseline, float(value - empty),
        )  # fmt: skip
        layers = [_kept(layer) for layer in opened.layers(prepared)]
    return Inside(
        task=task,
        model=card.name,
        answer=aim.answer,
        value=float(value),
        baseline_value=float(empty),
        baseline=EMPTY_SKY,
        plane_names=insight.planes,
        is_colour=insight.is_colour,
        planes=np.moveaxis(picture, -1, 0),
        gradients=gradients,
        occlusion=hidden,
        patch=patch,
        layers=tuple(layers),
        notes=insight.notes,
    )


def _brought(
    gradient: attribution.Batch,
    picture: NDArray[np.float32],
    baseline: NDArray[np.float32],
    difference: float,
) -> NDArray[np.float32]:
    """Integrated gradients (c, ny, nx), with more points where few miss the sum."""
    brought = baseline
    for steps in STEPS:
        brought = attribution.integrated_gradients(gradient, picture, baseline, steps)
        if abs(difference - float(brought.sum())) <= MISSED_NAT + MISSED_SHARE * abs(difference):
            break
    return np.moveaxis(brought, -1, 0)


def _kept(layer: Layer) -> FeatureMaps:
    """A layer's strongest channels."""
    channel, strength = attribution.strongest(layer.values, MOST_CHANNELS)
    return FeatureMaps(
        layer=layer.name,
        kind=layer.kind,
        shape=tuple(int(side) for side in layer.values.shape),
        channel=channel,
        strength=strength,
        maps=np.moveaxis(layer.values[..., channel], -1, 0),
    )
