"""Votes about a galaxy's shape: small residual networks, averaged over turns and mirrorings.

Residual units with the activation first (He et al. 2016, arXiv 1603.05027) lead to features, these
to an opinion: for each question of the tree the answers' logits and the logarithm of the Dirichlet
strength. What is shipped averages each member's opinion over the eight elements of the dihedral
group of the square, so that turning or mirroring a picture by those changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from astrogui.networks.star_galaxy import Mahalanobis

LEAST_LOG_STRENGTH, MOST_LOG_STRENGTH = -1.0, 6.0
EVEN_SHARE = 0.004  # of an opinion that is spread evenly: no answer is ever impossible
ORIENTATIONS = 8


def encoder(
    size: int = 64, widths: Sequence[int] = (16, 32, 64, 128), features: int = 64
) -> keras.Model:
    """`picture` (size, size, 3), colours from 0 to 1, to `features` (features,)."""
    picture = keras.Input((size, size, 3), name="picture")
    value = Stretch(name="stretch")(picture)
    value = layers.Conv2D(widths[0], 5, strides=2, padding="same", use_bias=False, name="stem")(
        value
    )
    for number, width in enumerate(widths):
        value = _unit(value, width, 1 if number == 0 else 2, f"unit{number}a")
        if number in (1, 2):
            value = _unit(value, width, 1, f"unit{number}b")
    value = layers.Activation("silu")(layers.BatchNormalization(name="last_norm")(value))
    mean = layers.GlobalAveragePooling2D()(value)
    most = layers.GlobalMaxPooling2D()(value)
    value = layers.Concatenate()([mean, most])
    value = layers.Dropout(0.2)(value)
    value = layers.Dense(features, activation="silu", name="features")(value)
    return keras.Model({"picture": picture}, {"features": value}, name="encoder")


def _unit(value: Any, width: int, stride: int, name: str) -> Any:
    """A residual unit of two 3 x 3 convolutions, each after its norm and activation."""
    inner = layers.Activation("silu")(layers.BatchNormalization(name=f"{name}_norm0")(value))
    kept = value
    if stride != 1 or value.shape[-1] != width:
        kept = layers.AveragePooling2D(stride)(inner) if stride > 1 else inner
        kept = layers.Conv2D(width, 1, use_bias=False, name=f"{name}_kept")(kept)
    inner = layers.Conv2D(
        width, 3, strides=stride, padding="same", use_bias=False, name=f"{name}_first"
    )(inner)
    inner = layers.Activation("silu")(layers.BatchNormalization(name=f"{name}_norm1")(inner))
    inner = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"{name}_second")(inner)
    return layers.Add()([kept, inner])


def member(
    size: int = 64,
    widths: Sequence[int] = (16, 32, 64, 128),
    features: int = 64,
    questions: Sequence[int] = (3, 2, 2, 2, 4, 2, 3, 7, 3, 3, 6),
) -> keras.Model:
    """One network as it is trained: `picture` to `opinion` (answers + questions,)."""
    picture = keras.Input((size, size, 3), name="picture")
    inner = encoder(size, widths, features)({"picture": picture})["features"]
    opinion = layers.Dense(sum(questions) + len(questions), name="opinion")(
        layers.Dropout(0.1)(inner)
    )
    return keras.Model({"picture": picture}, {"opinion": opinion}, name="member")


def ensemble(
    size: int = 64,
    widths: Sequence[int] = (16, 32, 64, 128),
    features: int = 64,
    questions: Sequence[int] = (3, 2, 2, 2, 4, 2, 3, 7, 3, 3, 6),
    members: int = 3,
) -> keras.Model:
    """`picture` to `alpha` (members, answers), `features` (members x features,), `novelty` (1,)."""
    picture = keras.Input((size, size, 3), name="picture")
    turned = Turned(name="turned")(picture)
    seen, alphas = [], []
    for number in range(members):
        own = encoder(size, widths, features)
        own.name = f"encoder_{number}"
        inner = own({"picture": turned})["features"]
        answers = layers.Dense(sum(questions) + len(questions), name=f"opinion_{number}")(inner)
        seen.append(Averaged(name=f"features_{number}")(inner))
        alphas.append(Averaged(name=f"averaged_{number}")(answers))
    joined = layers.Concatenate(name="joined")(seen) if members > 1 else seen[0]
    opinions = ops.stack(alphas, axis=1)
    alpha = Concentrations(questions, name="alpha")(opinions)
    # Most features rest near zero: shifted by one, a relative comparison of runtimes has a scale.
    shifted = layers.Rescaling(1.0, offset=1.0, name="shifted")(joined)
    novelty = Mahalanobis(name="mahalanobis")(joined)
    return keras.Model(
        {"picture": picture},
        {"alpha": alpha, "features": shifted, "novelty": novelty},
        name="morphology",
    )


def assign_members(model: keras.Model, singles: Sequence[keras.Model]) -> None:
    """Give the members of `ensemble` the weights of networks that were trained as `member`."""
    for number, single in enumerate(singles):
        inner = next(layer for layer in single.layers if layer.name == "encoder")
        model.get_layer(f"encoder_{number}").set_weights(inner.get_weights())
        model.get_layer(f"opinion_{number}").set_weights(single.get_layer("opinion").get_weights())


@keras.saving.register_keras_serializable("astrogui")
class Stretch(layers.Layer):
    """Faint light brought up: the square root of colours from 0 to 1, less its usual mean."""

    def call(self, picture: Any) -> Any:
        return ops.sqrt(ops.clip(picture, 0.0, 1.0) + 0.003) * 3.0 - 0.6


@keras.saving.register_keras_serializable("astrogui")
class Turned(layers.Layer):
    """(batch, n, n, c) to (8 batch, n, n, c): the turns and mirrorings of each picture, in turn."""

    def call(self, picture: Any) -> Any:
        poses = []
        for mirrored in (picture, ops.flip(picture, axis=2)):
            across = ops.transpose(mirrored, (0, 2, 1, 3))
            poses += [
                mirrored,
                ops.flip(ops.flip(mirrored, axis=1), axis=2),
                ops.flip(across, axis=1),
                ops.flip(across, axis=2),
            ]
        stacked = ops.stack(poses, axis=1)
        return ops.reshape(stacked, (-1, *picture.shape[1:]))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


@keras.saving.register_keras_serializable("astrogui")
class Averaged(layers.Layer):
    """(8 batch, k) to (batch, k): the mean over the poses that `Turned` made."""

    def call(self, values: Any) -> Any:
        poses = ops.reshape(values, (-1, ORIENTATIONS, values.shape[-1]))
        return ops.mean(poses, axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


@keras.saving.register_keras_serializable("astrogui")
class Concentrations(layers.Layer):
    """Opinions (..., answers + questions) to Dirichlet concentrations (..., answers).

    A question's strength, the sum of its concentrations, is multiplied by a factor that the
    calibration sets.
    """

    def __init__(self, questions: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.questions = tuple(int(count) for count in questions)

    def build(self, input_shape: Any) -> None:
        del input_shape
        self.factor = self.add_weight(
            name="factor", shape=(len(self.questions),), initializer="ones", trainable=False
        )
        self.built = True

    def call(self, opinions: Any) -> Any:
        return concentrations(opinions, self.questions, self.factor)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "questions": self.questions}


def concentrations(opinions: Any, questions: Sequence[int], factor: Any = None) -> Any:
    """What `Concentrations` computes; `factor` (questions,) multiplies the strengths."""
    answers, parts, begin = sum(questions), [], 0
    for number, count in enumerate(questions):
        share = ops.softmax(opinions[..., begin : begin + count], axis=-1)
        share = (1 - EVEN_SHARE) * share + EVEN_SHARE / count
        strength = opinions[..., answers + number : answers + number + 1] + 2.0
        strength = ops.exp(ops.clip(strength, LEAST_LOG_STRENGTH, MOST_LOG_STRENGTH))
        if factor is not None:
            strength = strength * factor[number]
        parts.append(share * strength)
        begin += count
    return ops.concatenate(parts, axis=-1)


@keras.saving.register_keras_serializable("astrogui")
class DirichletMultinomial(keras.losses.Loss):
    """Minus the log-likelihood of votes (batch, answers) under opinions, in nat a galaxy.

    Votes need not be whole; the multinomial coefficient, which no weight changes, is left out.
    """

    def __init__(self, questions: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.questions = tuple(int(count) for count in questions)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        alpha = concentrations(y_pred, self.questions)
        votes = ops.cast(y_true, alpha.dtype)
        total, begin = 0.0, 0
        for count in self.questions:
            a, k = alpha[..., begin : begin + count], votes[..., begin : begin + count]
            strength, asked = ops.sum(a, axis=-1), ops.sum(k, axis=-1)
            total = total + log_gamma(strength + asked) - log_gamma(strength)
            total = total - ops.sum(log_gamma(a + k) - log_gamma(a), axis=-1)
            begin += count
        return total

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "questions": self.questions}


def log_gamma(value: Any) -> Any:
    """The logarithm of the gamma function for positive values, about 1e-6 near 1.

    Stirling's series (Abramowitz & Stegun 6.1.41) after five steps of the recurrence.
    """
    product = value * (value + 1) * (value + 2) * (value + 3) * (value + 4)
    x = value + 5.0
    series = (1 / 12 - (1 / 360 - 1 / 1260 / ops.square(x)) / ops.square(x)) / x
    return (x - 0.5) * ops.log(x) - x + 0.9189385332046727 + series - ops.log(product)
