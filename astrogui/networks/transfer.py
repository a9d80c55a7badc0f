"""A classifier of the analyst's own classes on encoders that were taught the shapes of galaxies.

Each member joins a copy of an encoder with a dense layer of its own, which reads the last features
beside the mean and the most of every unit before: what tells foreign objects apart need not have
survived to the last layer (Yosinski et al. 2014, arXiv 1411.1792). While it is trained, pictures
come as they are drawn; what is kept averages what was seen over the turns and mirrorings of a
picture before the dense layers read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from astrogui.networks.morphology import Averaged, Turned, encoder
from astrogui.networks.star_galaxy import Mahalanobis, Standardise

DROPPED = 0.2  # share of what a dense layer is given that it does without, while it learns


def classifier(
    classes: int,
    size: int = 64,
    widths: Sequence[int] = (16, 32, 64, 128),
    features: int = 64,
    members: int = 3,
) -> keras.Model:
    """`picture` (size, size, 3) to `logit` (members, classes), `features`, `novelty` (1,)."""
    picture = keras.Input((size, size, 3), name="picture")
    turned = Turned(name="turned")(picture)
    seen, given = [], []
    for number in range(members):
        found = reader(size, widths, features, f"encoder_{number}")({"picture": turned})
        seen.append(Averaged(name=f"features_{number}")(found["features"]))
        given += [seen[-1], Averaged(name=f"pooled_{number}")(found["pooled"])]
    joined = layers.Concatenate(name="joined")(seen) if members > 1 else seen[0]
    logit = heads(classes, features + pooled_count(widths), members)(ops.concatenate(given, -1))
    shifted = layers.Rescaling(1.0, offset=1.0, name="shifted")(joined)
    novelty = Mahalanobis(name="mahalanobis")(joined)
    return keras.Model(
        {"picture": picture},
        {"logit": logit, "features": shifted, "novelty": novelty},
        name="classifier",
    )


def reader(size: int, widths: Sequence[int], features: int, name: str) -> keras.Model:
    """An `encoder` that gives `pooled` too: the mean and the most of what each unit made."""
    own = encoder(size, widths, features)
    made = [layer.output for layer in own.layers if isinstance(layer, layers.Add)]
    pooled = [layers.GlobalAveragePooling2D()(value) for value in made]
    pooled += [layers.GlobalMaxPooling2D()(value) for value in made]
    outputs = {"features": own.output["features"], "pooled": ops.concatenate(pooled, axis=-1)}
    return keras.Model(own.input, outputs, name=name)


def pooled_count(widths: Sequence[int]) -> int:
    """How many numbers `pooled` has: two for each channel of each unit."""
    return 2 * sum(width * (2 if number in (1, 2) else 1) for number, width in enumerate(widths))


def heads(classes: int, width: int, members: int) -> keras.Model:
    """What members saw (members x width,) to logits (members, classes): a dense layer each."""
    given = keras.Input((members * width,), name="given")
    standard = Standardise(name="standardise")(given)
    logits = []
    for number in range(members):
        own = standard[:, number * width : (number + 1) * width]
        own = layers.Dropout(DROPPED, name=f"dropout_{number}")(own)
        logits.append(layers.Dense(classes, name=f"logit_{number}")(own))
    return keras.Model(given, ops.stack(logits, axis=1), name="heads")


def trainable(whole: keras.Model, members: int) -> tuple[keras.Model, keras.Model]:
    """The same layers as ``whole``, a `classifier`, on pictures as they are, without turning.

    The first gives `logit`, the second what the dense layers take.
    """
    shape = whole.inputs[0].shape[1:]
    picture = keras.Input(shape, name="picture")
    given = []
    for number in range(members):
        found = whole.get_layer(f"encoder_{number}")({"picture": picture})
        given += [found["features"], found["pooled"]]
    joined = ops.concatenate(given, axis=-1)
    inputs = {"picture": picture}
    return (
        keras.Model(inputs, {"logit": whole.get_layer("heads")(joined)}),
        keras.Model(inputs, joined),
    )


def unfreeze(whole: keras.Model, members: int, units: int) -> int:
    """Let the last ``units`` residual units and the dense layers learn; how many weights do.

    0 leaves the encoders as they are, a number beyond theirs frees them all. Batch norms keep
    what they learned from many pictures.
    """
    for number in range(members):
        own = whole.get_layer(f"encoder_{number}")
        own.trainable = True
        stages = sorted({layer.name[:6] for layer in own.layers if layer.name.startswith("unit")})
        free = tuple(stages[len(stages) - units :]) if 0 < units <= len(stages) else ()
        for layer in own.layers:
            if isinstance(layer, layers.BatchNormalization):
                layer.trainable = False
            else:
                layer.trainable = units > len(stages) or (
                    units > 0
                    and (layer.name == "features" or layer.name.startswith(free or ("?",)))
                )
    return int(sum(ops.size(weight) for weight in whole.trainable_weights))


def assign_encoders(whole: keras.Model, morphology: keras.Model, members: int) -> None:
    """Give the members the encoders of a `morphology:ensemble` in turn."""
    given = [layer for layer in morphology.layers if layer.name.startswith("encoder")]
    for number in range(members):
        weights = given[number % len(given)].get_weights()
        whole.get_layer(f"encoder_{number}").set_weights(weights)


@keras.saving.register_keras_serializable("astrogui")
class MembersCrossEntropy(keras.losses.Loss):
    """Mean cross-entropy over members; a label of -1 keeps an example from a member.

    Labels (batch, members) of whole numbers, logits (batch, members, classes).
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        label = ops.cast(y_true, "int32")
        counted = ops.cast(label >= 0, y_pred.dtype)
        chosen = ops.one_hot(ops.maximum(label, 0), y_pred.shape[-1], dtype=y_pred.dtype)
        cross = ops.logsumexp(y_pred, axis=-1) - ops.sum(chosen * y_pred, axis=-1)
        return ops.sum(cross * counted, axis=-1) / ops.maximum(ops.sum(counted, axis=-1), 1.0)
