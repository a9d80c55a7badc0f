"""Star or galaxy: a small ensemble that reads a source's pixels beside its catalogue measures.

Each member joins a convolutional branch (cut-out and residual of the point-source fit, in units of
the noise) with a dense branch (measures relative to the seeing); its output is the logit of
"galaxy", divided by a temperature that depends on the signal. The measures' Mahalanobis distance
from the training set is the novelty, 1 at its threshold: what is sharper than the seeing, such as
a cosmic ray, lies far out.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras
from keras import ops

FEATURES = 32  # that a member's head reads


def ensemble(
    size: int = 24,
    channels: int = 10,
    catalogue: int = 68,
    members: int = 3,
    filters: Sequence[int] = (16, 24, 32),
    dense: int = 64,
    signal_column: int = 46,
    knots: Sequence[float] = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0),
) -> keras.Model:
    """`image` (size, size, channels), `catalogue` (catalogue,) to `logit`, `novelty`, `features`.

    Logits (members,) are of "galaxy"; features (32 members,) are what the members' last layers
    read, plus 1: most rest near zero, and a comparison of runtimes needs a scale. `signal_column`
    is the place of asinh(S/N / 5) in the catalogue, at whose `knots` the temperatures are defined.
    """
    image = keras.Input((size, size, channels), name="image")
    measures = keras.Input((catalogue,), name="catalogue")
    standard = Standardise(name="standardise")(measures)
    features = [_member(image, standard, filters, dense, k) for k in range(members)]
    logits = [
        keras.layers.Dense(1, name=f"logit_{k}")(feature) for k, feature in enumerate(features)
    ]
    signal = measures[:, signal_column : signal_column + 1]
    logit = Temperature(knots, name="temperature")(
        [keras.layers.Concatenate(name="logits")(logits), signal]
    )
    novelty = Mahalanobis(name="mahalanobis")(standard)
    joined = keras.layers.Concatenate(name="features_joined")(features)
    shifted = keras.layers.Rescaling(1.0, offset=1.0, name="features")(joined)
    return keras.Model(
        inputs={"image": image, "catalogue": measures},
        outputs={"logit": logit, "novelty": novelty, "features": shifted},
        name="star_galaxy",
    )


def _member(image: Any, standard: Any, filters: Sequence[int], dense: int, number: int) -> Any:
    """Features (batch, FEATURES) of one member."""
    pixels = image
    for depth, count in enumerate(filters):
        name = f"member{number}_convolution{depth}"
        pixels = keras.layers.Conv2D(count, 3, padding="same", activation="silu", name=name)(pixels)
        pixels = keras.layers.AveragePooling2D(2)(pixels)
    pixels = keras.layers.Flatten()(pixels)
    pixels = keras.layers.Dropout(0.1)(pixels)
    pixels = keras.layers.Dense(dense, activation="silu", name=f"member{number}_pixels")(pixels)
    told = keras.layers.Dense(dense, activation="silu", name=f"member{number}_told0")(standard)
    told = keras.layers.Dense(dense, activation="silu", name=f"member{number}_told1")(told)
    both = keras.layers.Concatenate()([pixels, told])
    both = keras.layers.Dropout(0.1)(both)
    both = keras.layers.Dense(dense, activation="silu", name=f"member{number}_joint")(both)
    return keras.layers.Dense(FEATURES, activation="silu", name=f"member{number}_features")(both)


@keras.saving.register_keras_serializable("astrogui")
class Standardise(keras.layers.Layer):
    """(value - mean) / scale with constants that the training sets; clipped to ±8."""

    def build(self, input_shape: Any) -> None:
        width = (int(input_shape[-1]),)
        self.mean = self.add_weight(name="mean", shape=width, initializer="zeros", trainable=False)
        self.scale = self.add_weight(name="scale", shape=width, initializer="ones", trainable=False)
        super().build(input_shape)

    def call(self, values: Any) -> Any:
        return ops.clip((values - self.mean) / self.scale, -8.0, 8.0)


@keras.saving.register_keras_serializable("astrogui")
class Temperature(keras.layers.Layer):
    """Logits divided by a temperature that is linear between knots of the signal.

    Takes [logits (batch, members), signal (batch, 1)]; the knots are evenly spaced.
    """

    def __init__(self, knots: Sequence[float], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        steps = [b - a for a, b in pairwise(knots)]
        if not steps or min(steps) <= 0 or max(steps) - min(steps) > 1e-6:
            raise ValueError(f"knots are evenly spaced and rise, got {tuple(knots)}")
        self.knots = tuple(float(knot) for knot in knots)

    def build(self, input_shape: Any) -> None:
        del input_shape
        count = (len(self.knots),)
        self.values = self.add_weight(
            name="values", shape=count, initializer="ones", trainable=False
        )
        self.shift = self.add_weight(
            name="shift", shape=count, initializer="zeros", trainable=False
        )
        self.built = True

    def call(self, inputs: Any) -> Any:
        logits, signal = inputs
        step = self.knots[1] - self.knots[0]
        inside = ops.clip(signal, self.knots[0], self.knots[-1])
        distance = ops.abs(inside - ops.convert_to_tensor([self.knots], dtype="float32")) / step
        hats = ops.relu(1.0 - distance)  # (batch, knots), summing to one
        temperature = ops.sum(hats * self.values, axis=-1, keepdims=True)
        shift = ops.sum(hats * self.shift, axis=-1, keepdims=True)
        return logits / temperature + shift

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "knots": self.knots}


@keras.saving.register_keras_serializable("astrogui")
class Mahalanobis(keras.layers.Layer):
    """Squared distance of measures from the training set's mean, in its covariance: (batch, 1).

    The whitening matrix holds the threshold too, so that the distance is 1 there.
    """

    def build(self, input_shape: Any) -> None:
        width = int(input_shape[-1])
        self.mean = self.add_weight(
            name="mean", shape=(width,), initializer="zeros", trainable=False
        )
        self.whitening = self.add_weight(
            name="whitening", shape=(width, width), initializer="zeros", trainable=False
        )
        super().build(input_shape)

    def call(self, measures: Any) -> Any:
        white = ops.matmul(measures - self.mean, self.whitening)
        return ops.sum(ops.square(white), axis=-1, keepdims=True)
