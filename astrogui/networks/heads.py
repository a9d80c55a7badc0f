"""What the last numbers of a regression mean: a normal density a label, or a mixture of them.

The dense layer before stays free: plain, with dropout or with uncertain weights.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

FLOOR = 1e-3  # least standard deviation: labels are scaled to order one before they are learned


@keras.saving.register_keras_serializable("astrogui")
class GaussianHead(keras.layers.Layer):
    """A normal density a label: (…, 2 labels) to (…, labels, 2), mean and standard deviation."""

    def __init__(self, floor: float = FLOOR, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if floor <= 0:
            raise ValueError(f"the least standard deviation is positive, got {floor}")
        self.floor = float(floor)

    def call(self, raw: Any) -> Any:
        labels = raw.shape[-1] // 2
        mean, scale = raw[..., :labels], raw[..., labels:]
        return ops.stack([mean, self.floor + ops.softplus(scale)], axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "floor": self.floor}


@keras.saving.register_keras_serializable("astrogui")
class ObservationNoise(keras.layers.Layer):
    """One noise for all examples: means (…, labels) to (…, labels, 2) with a standard deviation.

    ``scale`` is where it starts, and where it stays unless ``learned``.
    """

    def __init__(self, scale: float, learned: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if scale <= 0:
            raise ValueError(f"a standard deviation is positive, got {scale}")
        self.scale, self.learned = float(scale), bool(learned)

    def build(self, input_shape: Any) -> None:
        self.log_scale = self.add_weight(
            name="log_scale",
            shape=(int(input_shape[-1]),),
            initializer=keras.initializers.Constant(math.log(self.scale)),
            trainable=self.learned,
        )
        self.built = True

    def call(self, means: Any) -> Any:
        scale = ops.exp(self.log_scale) * ops.ones_like(means)
        return ops.stack([means, scale], axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "learned": self.learned}


@keras.saving.register_keras_serializable("astrogui")
class MixtureHead(keras.layers.Layer):
    """A mixture of normal densities a label.

    (…, 3 components labels) to (…, labels, components, 3): log weight, mean and standard
    deviation. The weights of a label's components sum to one.
    """

    def __init__(self, components: int, floor: float = FLOOR, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if components < 1 or floor <= 0:
            raise ValueError(f"needs components >= 1 and floor > 0, got {components} and {floor}")
        self.components, self.floor = int(components), float(floor)

    def call(self, raw: Any) -> Any:
        labels = raw.shape[-1] // (3 * self.components)
        raw = ops.reshape(raw, (-1, *raw.shape[1:-1], labels, self.components, 3))
        share = raw[..., 0] - ops.max(raw[..., 0], axis=-1, keepdims=True)
        share = share - ops.log(ops.sum(ops.exp(share), axis=-1, keepdims=True))
        scale = self.floor + ops.softplus(raw[..., 2])
        return ops.stack([share, raw[..., 1], scale], axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "components": self.components, "floor": self.floor}
