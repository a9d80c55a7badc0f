"""Lens or not: networks that read a picture of a galaxy.

`residual` is CMU DeepLens (Lanusse et al. 2018, MNRAS 473, 3895): a convolution of 7 x 7, then
blocks of pre-activated bottleneck units (He et al. 2016, arXiv 1603.05027) with ELU, the mean over
the picture, one logit. It needs a graphics card to train. `polar` learns from a tenth of the
examples: it reads the picture in rings around the galaxy, beside what is left when each ring's mean
is taken off. There an arc is a bar and a turn is a shift, which convolutions that close around the
ring do not notice. `finder` is what answers: several such networks, each shown the picture and its
mirror image, for the sky has no up and no hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from astrogui.networks.star_galaxy import Mahalanobis

PUBLISHED_BLOCKS = ((16, 32), (32, 64), (64, 128), (128, 256), (256, 512))
RINGS, ANGLES = 22, 48  # of the polar picture
INNERMOST, OUTERMOST = 0.8, 29.0  # pixels from the middle
POLAR_FILTERS = (24, 40, 56)
POOLS = ((1, 2), (2, 2), (2, 3))  # of rings and angles; a quarter turn is a whole step at the end
SMOOTHED_FROM = 9.0  # pixels; farther out the angles lie more than a pixel apart
FEATURES = 32
WAYS = 2  # to show a picture: as it is and mirrored
MOMENTUM = 0.9  # of the running means: trainings on one core have few steps


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
    halves the picture. With `features`, a dense layer of so many stands between the mean and the
    logit; else the mean is the feature. `dropout` acts on what the logit reads.
    """
    image = keras.Input((size, size, channels), name="image")
    value = layers.Conv2D(
        stem, 7, stem_stride, padding="same", use_bias=False, name="stem"
    )(image)  # fmt: skip
    value = layers.Activation("elu")(
        layers.BatchNormalization(momentum=MOMENTUM, name="stem_norm")(value)
    )
    for block, (bottleneck, width) in enumerate(blocks):
        for unit in range(units[block]):
            value = _unit(
                value, bottleneck, width, name=f"block{block}_unit{unit}",
                stride=2 if unit == 0 and block > 0 else 1, activated=unit == 0 and block == 0,
            )  # fmt: skip
    value = layers.Activation("elu")(
        layers.BatchNormalization(momentum=MOMENTUM, name="last_norm")(value)
    )
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
    return layers.Activation("elu")(layers.BatchNormalization(momentum=MOMENTUM, name=name)(value))


def polar(
    size: int = 64,
    channels: int = 3,
    dropout: float = 0.2,
    units: Sequence[int] = (0, 0, 0),
    smoothed: bool = False,
) -> keras.Model:
    """{"image" (size, size, channels)} to {"logit" (1,), "features" (FEATURES,)}.

    Turning the picture by a quarter changes nothing. `units` are residual units after each of the
    three convolutions; they begin as nothing at all, so that a network trained without them can be
    grown. `smoothed`: the outer rings read means over three by three pixels, see `Polar`.
    """
    image = keras.Input((size, size, channels), name="image")
    rings = Polar(size, smoothed=smoothed, name="polar")(image)
    value = layers.Concatenate(name="with_rest")([rings, RestOfRing(name="rest")(rings)])
    for depth, (filters, pool) in enumerate(zip(POLAR_FILTERS, POOLS, strict=True)):
        value = AroundTheRing(2, name=f"around{depth}")(value)
        value = layers.Conv2D(filters, 5, use_bias=False, name=f"convolution{depth}")(value)
        value = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm{depth}")(value)
        value = layers.Activation("elu")(value)
        value = layers.MaxPooling2D(pool, name=f"pool{depth}")(value)
        for unit in range(units[depth]):
            value = _ring_unit(value, filters, f"grown{depth}_{unit}")
    mean = layers.GlobalAveragePooling2D(name="mean")(value)
    strongest = layers.Flatten(name="strongest")(Strongest(name="strongest_angle")(value))
    read = layers.Concatenate(name="read")([strongest, mean])
    if dropout:
        read = layers.Dropout(dropout)(read)
    features = layers.Dense(FEATURES, activation="silu", name="features_dense")(read)
    logit = layers.Dense(1, name="logit_dense")(features)
    # Most features rest near zero: shifted by one, a relative comparison of runtimes has a scale.
    shifted = layers.Rescaling(1.0, offset=1.0, name="features")(features)
    return keras.Model({"image": image}, {"logit": logit, "features": shifted}, name="polar")


def _ring_unit(value: Any, filters: int, name: str) -> Any:
    """Two convolutions of 3 x 3 that close around the ring, beside a way that changes nothing."""
    inner = value
    for step, gamma in enumerate(("ones", "zeros")):
        inner = AroundTheRing(1, name=f"{name}_around{step}")(inner)
        inner = layers.Conv2D(filters, 3, use_bias=False, name=f"{name}_convolution{step}")(inner)
        inner = layers.BatchNormalization(
            momentum=MOMENTUM, gamma_initializer=gamma, name=f"{name}_norm{step}"
        )(inner)
        if step == 0:
            inner = layers.Activation("elu")(inner)
    return layers.Add(name=name)([value, inner])


def finder(
    size: int = 64,
    channels: int = 3,
    members: int = 3,
    units: Sequence[int] = (0, 0, 0),
    smoothed: bool = False,
) -> keras.Model:
    """{"image" (size, size, channels)} to {"logit" (members,), "novelty" (1,), "features"}.

    A member's logit is the mean over the ways of showing it the picture, then calibrated;
    "features" are the members' own, joined (plus 1), and the novelty is their distance from the
    training set's, 1 at the threshold. Members are the layers "member_0", "member_1", and so on.
    """
    image = keras.Input((size, size, channels), name="image")
    shown = WithMirror(name="with_mirror")(image)
    logits, features = [], []
    for number in range(members):
        member = polar(size, channels, units=units, smoothed=smoothed)
        member.name = f"member_{number}"
        answer = member({"image": shown})
        logits.append(MeanOfWays(name=f"logit_mean_{number}")(answer["logit"]))
        features.append(MeanOfWays(name=f"features_mean_{number}")(answer["features"]))
    joined = layers.Concatenate(name="features")(features)
    logit = Calibrate(name="calibrate")(layers.Concatenate(name="logits")(logits))
    novelty = Mahalanobis(name="mahalanobis")(joined)
    return keras.Model(
        {"image": image}, {"logit": logit, "novelty": novelty, "features": joined}, name="finder"
    )


@keras.saving.register_keras_serializable("astrogui")
class WithMirror(layers.Layer):
    """A batch of pictures (n, size, size, c) and their mirror images: (2 n, size, size, c)."""

    def call(self, image: Any) -> Any:
        return ops.concatenate([image, ops.flip(image, 2)], axis=0)


@keras.saving.register_keras_serializable("astrogui")
class MeanOfWays(layers.Layer):
    """Values of stacked ways (2 n, k) to their mean for each picture (n, k)."""

    def call(self, values: Any) -> Any:
        return ops.mean(ops.reshape(values, (WAYS, -1, values.shape[-1])), axis=0)

    def compute_output_shape(self, input_shape: Any) -> Any:
        # Said here, for tracing with a made-up batch would not find an even number.
        return (None, *input_shape[1:])


@keras.saving.register_keras_serializable("astrogui")
class Polar(layers.Layer):
    """Pictures (n, size, size, c) in rings around the middle: (n, RINGS, ANGLES, c), bilinear.

    With `smoothed`, rings from `SMOOTHED_FROM` on read the mean of three by three pixels: there
    the angles lie up to four pixels apart, and light between them would be passed over.
    """

    def __init__(self, size: int, smoothed: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size, self.smoothed = size, smoothed
        radius = np.linspace(INNERMOST, OUTERMOST * size / 64, RINGS)[:, None]
        angle = np.arange(ANGLES) / ANGLES * 2 * np.pi
        middle = (size - 1) / 2
        row, column = middle + radius * np.sin(angle), middle + radius * np.cos(angle)
        low_row, low_column = np.floor(row).astype(int), np.floor(column).astype(int)
        up, right = row - low_row, column - low_column
        after = size * size * (smoothed & (radius * 64 / size >= SMOOTHED_FROM))
        self._corners = [
            (
                ((low_row + dy) * size + low_column + dx + after).ravel().astype("int32"),
                (np.abs(1 - dy - up) * np.abs(1 - dx - right)).ravel()[:, None].astype("float32"),
            )
            for dy in (0, 1)
            for dx in (0, 1)
        ]

    def call(self, image: Any) -> Any:
        channels = image.shape[-1]
        flat = ops.reshape(image, (-1, self.size * self.size, channels))
        if self.smoothed:
            mean = ops.average_pool(image, 3, 1, padding="same")
            mean = ops.reshape(mean, (-1, self.size * self.size, channels))
            flat = ops.concatenate([flat, mean], axis=1)
        rings = sum(
            ops.take(flat, ops.convert_to_tensor(place), axis=1) * ops.convert_to_tensor(weight)
            for place, weight in self._corners
        )
        return ops.reshape(rings, (-1, RINGS, ANGLES, channels))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "smoothed": self.smoothed}


@keras.saving.register_keras_serializable("astrogui")
class RestOfRing(layers.Layer):
    """What is left of each ring without its mean, twice as strong, within ±2."""

    def call(self, rings: Any) -> Any:
        return ops.clip(2.0 * (rings - ops.mean(rings, axis=2, keepdims=True)), -2.0, 2.0)


@keras.saving.register_keras_serializable("astrogui")
class AroundTheRing(layers.Layer):
    """Values (n, rings, angles, c) continued by `reach`: around in angle, by zeros in radius."""

    def __init__(self, reach: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reach = reach

    def call(self, values: Any) -> Any:
        k = self.reach
        around = ops.concatenate([values[:, :, -k:], values, values[:, :, :k]], axis=2)
        return ops.pad(around, ((0, 0), (k, k), (0, 0), (0, 0)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "reach": self.reach}


@keras.saving.register_keras_serializable("astrogui")
class Strongest(layers.Layer):
    """The largest value over angle: (n, rings, angles, c) to (n, rings, c)."""

    def call(self, values: Any) -> Any:
        return ops.max(values, axis=2)


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
