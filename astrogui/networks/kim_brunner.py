"""The star/galaxy network of Kim & Brunner 2016, MNRAS 464, 4463 (arXiv 1608.04369), table 1.

Eight convolutions and three dense layers on 44 x 44 pixels in five bands, 11 million weights: what
`star_galaxy` is measured against. Ours is the smaller one, reads the seeing and measures too.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

LEAK = 0.01  # slope of the leaky rectifier below zero
BLOCKS = ((32, 1), (64, 3), (128, 3))  # maps and padded 3 x 3 convolutions before each pooling
DENSE = 2048
DROPPED = 0.5


def convnet(size: int = 44, bands: int = 5, dense: int = DENSE, seed: int = 0) -> keras.Model:
    """`pixels` (size, size, bands), luptitudes less the sky's, to `logit` (1,) of galaxy.

    The softmax of two outputs is the logistic function of their difference, which is given.
    """
    pixels = keras.Input((size, size, bands), name="pixels")
    value = _convolution(pixels, 32, 5, "valid", seed, 10)
    for block, (maps, count) in enumerate(BLOCKS):
        for number in range(count):
            value = _convolution(value, maps, 3, "same", seed, 20 + 10 * block + number)
        value = layers.MaxPooling2D(2)(value)
    value = layers.Flatten()(value)
    for number in range(2):
        value = layers.Dropout(DROPPED, seed=seed + number)(value)
        value = layers.Dense(dense, **_begin(0.01, seed, number), name=f"dense{number}")(value)
        value = layers.LeakyReLU(LEAK)(value)
    classes = layers.Dense(2, **_begin(0.01, seed, 2), name="classes")(value)
    return keras.Model(
        {"pixels": pixels}, {"logit": classes[:, 1:] - classes[:, :1]}, name="kim_brunner"
    )


def _convolution(value: Any, maps: int, side: int, padding: str, seed: int, number: int) -> Any:
    begin = _begin(0.1, seed, number)
    value = layers.Conv2D(maps, side, padding=padding, **begin, name=f"convolution{number}")(value)
    return layers.LeakyReLU(LEAK)(value)


def _begin(bias: float, seed: int, number: int) -> dict[str, Any]:
    """Random orthogonal weights (Saxe et al. 2013, arXiv 1312.6120) and a small positive bias.

    Their gain keeps the variance through a leaky rectifier (He et al. 2015, arXiv 1502.01852).
    """
    gain = (2 / (1 + LEAK**2)) ** 0.5
    return {
        "kernel_initializer": keras.initializers.Orthogonal(gain, seed=1000 * seed + number),
        "bias_initializer": keras.initializers.Constant(bias),
    }


@keras.saving.register_keras_serializable("astrogui")
class GalaxyCrossEntropy(keras.losses.Loss):
    """Cross-entropy (batch,) in nat of labels (batch, 1), 1 for a galaxy, and logits."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        cross = ops.softplus(y_pred) - ops.cast(y_true, y_pred.dtype) * y_pred
        return ops.mean(cross, axis=-1)
