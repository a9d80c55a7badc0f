"""A classifier of the analyst's own classes on encoders that were taught the shapes of galaxies.

Each member joins a copy of an encoder with dense layers of its own. While it is trained, pictures
come as they are drawn; what is kept averages the features over the turns and mirrorings of a
picture before the dense layers see them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from astrogui.networks.morphology import Averaged, Turned, encoder
from astrogui.networks.star_galaxy import Mahalanobis

HIDDEN = 32


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
    seen = []
    for number in range(members):
        own = encoder(size, widths, features)
        own.name = f"encoder_{number}"
        seen.append(Averaged(name=f"features_{number}")(own({"picture": turned})["features"]))
    joined = layers.Concatenate(name="joined")(seen) if members > 1 else seen[0]
    logit = heads(classes, features, members)(joined)
    shifted = layers.Rescaling(1.0, offset=1.0, name="shifted")(joined)
    novelty = Mahalanobis(name="mahalanobis")(joined)
    return keras.Model(
        {"picture": picture},
        {"logit": logit, "features": shifted, "novelty": novelty},
        name="classifier",
    )


def heads(classes: int, features: int, members: int) -> keras.Model:
    """Joined features (members x features,) to logits (members, classes): the dense layers."""
    given = keras.Input((members * features,), name="joined")
    logits = []
    for number in range(members):
        own = given[:, number * features : (number + 1) * features]
        own = layers.Dropout(0.2, name=f"dropout_{number}")(own)
        own = layers.Dense(HIDDEN, activation="silu", name=f"hidden_{number}")(own)
        logits.append(layers.Dense(classes, name=f"logit_{number}")(own))
    return keras.Model(given, ops.stack(logits, axis=1), name="heads")


def trainable(whole: keras.Model, members: int) -> tuple[keras.Model, keras.Model]:
    """The same layers as ``whole``, a `classifier`, on pictures as they are, without turning.

    The first gives `logit`, the second the joined features that the dense layers take.
    """
    shape = whole.inputs[0].shape[1:]
    picture = keras.Input(shape, name="picture")
    seen = [
        whole.get_layer(f"encoder_{number}")({"picture": picture})["features"]
        for number in range(members)
    ]
    joined = ops.concatenate(seen, axis=-1) if members > 1 else seen[0]
    logit = whole.get_layer("heads")(joined)
    given = {"picture": picture}
    return keras.Model(given, {"logit": logit}), keras.Model(given, joined)


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
