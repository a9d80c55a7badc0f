"""Lens or not: residual networks that read a picture of a galaxy.

`residual` is CMU DeepLens (Lanusse et al. 2018, MNRAS 473, 3895): a convolution of 7 x 7, then
blocks of pre-activated bottleneck units (He et al. 2016, arXiv 1603.05027) with ELU, the mean over
the picture, one logit. Its defaults are the published layout, of which `SMALL` is a narrower and
shallower one that one processor core trains. `finder` is what answers: several such networks, each
shown the picture turned and mirrored in all eight ways, for the sky has no up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from astrogui.networks.star_galaxy import Mahalanobis

PUBLISHED_BLOCKS = ((16, 32), (32, 64), (64, 128), (128, 256), (256, 512))
SMALL: dict[str, Any] = {
    "stem": 24,
    "stem_stride": 2,
    "blocks": ((12, 24), (24, 48), (48, 96), (64, 128)),
    "units": (1, 2, 2, 2),
    "features": 32,
    "dropout": 0.2,
}
EIGHT = 8  # ways to turn and mirror a square


def residual(
    size: int,
    channels: int,
    stem: int = 32,
    stem_stride: int = 1,
    blocks: Sequence[Sequence[int]] = PUBLISHED_BLOCKS,
    units: Sequence[int] = (3, 3, 3, 3, 3),
    features: int = 0,
    dropout: float = 0.0,
) -> keras.Model:
    """{"image" (size, size, channels)} to {"logit" (1,), "features"}.

    `blocks` are (bottleneck, width) pairs, of so many `units` each; every block but the first
    halves the picture. With `features`, a dense layer of so many stands between the mean and the logit; else the mean is
    the feature. `dropout` acts on what the logit reads.
    """
    image = keras.Input((size, size, channels), name="image")
    value = layers.Conv2D(
        stem, 7, stem_stride, padding="same", use_bias=False, name="stem"
    )(image)  # fmt: skip
    value = layers.Activation("elu")(layers.BatchNormalization(name="stem_norm")(value))
    for block, (bottleneck, width) in enumerate(blocks):
        for unit in range(units[block]):
            value = _unit(
                value, bottleneck, width, name=f"block{block}_unit{unit}",
                stride=2 if unit == 0 and block > 0 else 1, activated=unit == 0 and block == 0,
            )  # fmt: skip
    value = layers.Activation("elu")(layers.BatchNormalization(name="last_norm")(value))
    value = layers.GlobalAveragePooling2D(name="mean")(value)
    if features:
        value = layers.Dense(features, activation="silu", name="features_dense")(value)
    read = layers.Dropout(dropout)(value) if dropout else value
    logit = layers.Dense(1, name="logit_dense")(read)
    return keras.Model({"image": image}, {"logit": logit, "features": value}, name="deep_lens")


def _unit(
    value: Any, bottleneck: int, width: int, *, stride: int, activated: bool, name: str
) -> Any:
    """One pre-activated bottleneck unit: 1 x 1, 3 x 3, 1 x 1 beside a way that changes nothing.

    Where the width or the size changes, the other way is a convolution of the activated input.
    """
    ready = value if activated else _active(value, f"{name}_norm0")
    inner = layers.Conv2D(bottleneck, 1, stride, use_bias=False, name=f"{name}_narrow")(ready)
    inner = _active(inner, f"{name}_norm1")
    inner = layers.Conv2D(
        bottleneck, 3, padding="same", use_bias=False, name=f"{name}_middle"
    )(inner)  # fmt: skip
    inner = _active(inner, f"{name}_norm2")
    inner = layers.Conv2D(width, 1, name=f"{name}_widen")(inner)
    other = value
    if stride != 1 or value.shape[-1] != width:
        other = layers.Conv2D(width, 1, stride, name=f"{name}_beside")(ready)
    return layers.Add(name=name)([inner, other])


def _active(value: Any, name: str) -> Any:
    return layers.Activation("elu")(layers.BatchNormalization(name=name)(value))


def small(size: int = 64, channels: int = 3) -> keras.Model:
    """`residual` as one processor core trains it."""
    return residual(size, channels, **SMALL)


def finder(size: int = 64, channels: int = 3, members: int = 3) -> keras.Model:
    """{"image" (size, size, channels)} to {"logit" (members,), "novelty" (1,), "features"}.

    A member's logit is the mean over the eight ways of showing it the picture, then calibrated;
    "features" are the members' own, joined, and the novelty is their distance from the training
    set's, 1 at the threshold. Members are the layers "member_0", "member_1", and so on.
    """
    image = keras.Input((size, size, channels), name="image")
    turned = EightWays(name="eight_ways")(image)
    logits, features = [], []
    for number in range(members):
        member = small(size, channels)
        member.name = f"member_{number}"
        answer = member({"image": turned})
        logits.append(MeanOfWays(name=f"logit_mean_{number}")(answer["logit"]))
        features.append(MeanOfWays(name=f"features_mean_{number}")(answer["features"]))
    joined = layers.Concatenate(name="features")(features)
    logit = Calibrate(name="calibrate")(layers.Concatenate(name="logits")(logits))
    novelty = Mahalanobis(name="mahalanobis")(joined)
    return keras.Model(
        {"image": image}, {"logit": logit, "novelty": novelty, "features": joined}, name="finder"
    )


@keras.saving.register_keras_serializable("astrogui")
class EightWays(layers.Layer):
    """A batch of squares (n, size, size, c), turned and mirrored: (8 n, size, size, c).

    The n pictures of each way stay together; `MeanOfWays` undoes the stacking.
    """

    def call(self, image: Any) -> Any:
        ways = []
        for way in (image, ops.transpose(image, (0, 2, 1, 3))):
            ways += [way, ops.flip(way, 1), ops.flip(way, 2), ops.flip(ops.flip(way, 1), 2)]
        return ops.concatenate(ways, axis=0)


@keras.saving.register_keras_serializable("astrogui")
class MeanOfWays(layers.Layer):
    """Values of stacked ways (8 n, k) to their mean for each picture (n, k)."""

    def call(self, values: Any) -> Any:
        return ops.mean(ops.reshape(values, (EIGHT, -1, values.shape[-1])), axis=0)


@keras.saving.register_keras_serializable("astrogui")
class Calibrate(layers.Layer):
    """Logits (n, members) divided by a temperature and shifted: one of each for every member."""

    def build(self, input_shape: Any) -> None:
        width = (int(input_shape[-1]),)
        self.temperature = self.add_weight(
            name="temperature", shape=width, initializer="ones", trainable=False
        )
        self.shift = self.add_weight(
            name="shift", shape=width, initializer="zeros", trainable=False
        )
        super().build(input_shape)

    def call(self, logits: Any) -> Any:
        return logits / self.temperature + self.shift
