"""The networks of Shen, Huerta et al. (arXiv 1903.01998, version 2) for whitened strain.

Model 2 tells both masses, Model 1 the final spin and the ringing of what is left: what the `bbh`
flow is measured beside. A root of dilated convolutions is shared; every quantity has leaves of its
own, ending in one tanh. Here the strain of two detectors goes in, a channel each, at any length;
their 8192 samples were of one. Which layers have uncertain weights and lost their rectifiers is our
reading: the last two dense ones, and the last two of Model 1's root.

``thinning`` divides all numbers of channels, ``dense`` is the width of the dense layers and
``highway`` the number of highway layers: for training without a graphics card. The defaults are the
paper's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
from keras import layers, ops

from astrogui.networks.flipout import FlipoutDense
from astrogui.networks.heads import ObservationNoise

DROPPED = 0.1
SQUEEZE = 8  # channels to one of the squeezed description
FIRST_WIDTH = 0.3  # standard deviation of the likelihood, where labels lie within -1 and 1


class Convolution(NamedTuple):
    """One convolution of a root and the pooling behind it; 0 where there is none."""

    kernel: int
    channels: int
    dilation: int
    pool: int
    rectified: bool = True


MODEL_2_ROOT = (
    Convolution(16, 64, 2, 4),
    Convolution(16, 128, 2, 4),
    Convolution(16, 128, 2, 4),
)
MODEL_2_LEAF = ((128, 3), (128, 3))  # channels and kernel of the squeeze-excitation layers
HIGHWAY = (4, 2, 30)  # kernel, dilation, layers
MODEL_1_ROOT = (
    Convolution(16, 64, 1, 4),
    Convolution(16, 128, 2, 4),
    Convolution(16, 256, 2, 4),
    Convolution(32, 256, 2, 4),
    Convolution(4, 128, 2, 0),
    Convolution(4, 128, 2, 0, rectified=False),
    Convolution(2, 64, 1, 0, rectified=False),
)


def model_2(
    samples: int,
    detectors: int = 2,
    labels: int = 2,
    thinning: int = 1,
    dense: int = 1024,
    highway: int = HIGHWAY[2],
    draws: int = 0,
    uncertain: Mapping[str, Any] | None = None,
) -> keras.Model:
    """ "strain" (samples, detectors) to "density" (labels, 2): mean and standard deviation.

    Trained with ``draws`` 0; made again with draws it takes "noise" (draws, ``noise_width``) too
    and gives "density" (draws, labels, 2), from the same weights. ``uncertain`` are settings of the
    layers whose weights are distributions, ``data_size`` among them.
    """
    strain = keras.Input((samples, detectors), name="strain")
    root = _root(strain, MODEL_2_ROOT, thinning)

    def leaf() -> Any:
        value = root
        for channels, kernel in MODEL_2_LEAF:
            value = _squeezed(layers.Conv1D(channels // thinning, kernel, padding="same")(value))
        for _ in range(highway):
            value = Highway(HIGHWAY[0], HIGHWAY[1])(value)
        return layers.Flatten()(value)

    return _with_leaves(strain, leaf, labels, dense, draws, dict(uncertain or {}))


def model_1(
    samples: int,
    detectors: int = 2,
    labels: int = 3,
    thinning: int = 1,
    dense: int = 1024,
    draws: int = 0,
    uncertain: Mapping[str, Any] | None = None,
) -> keras.Model:
    """The same for Model 1, whose leaves are dense from the root on."""
    strain = keras.Input((samples, detectors), name="strain")
    root = layers.Flatten()(_root(strain, MODEL_1_ROOT, thinning))
    return _with_leaves(strain, lambda: root, labels, dense, draws, dict(uncertain or {}))


def noise_width(labels: int, dense: int) -> int:
    """Standard normal numbers that one draw of either network takes."""
    return labels * (dense + 1)


def _root(value: Any, convolutions: Sequence[Convolution], thinning: int) -> Any:
    for one in convolutions:
        value = layers.Conv1D(
            one.channels // thinning, one.kernel, dilation_rate=one.dilation, padding="same"
        )(value)
        if one.pool:
            value = layers.MaxPooling1D(one.pool, padding="same")(value)
        if one.rectified:
            value = ops.relu(value)
    return value


def _squeezed(value: Any) -> Any:
    """Channels weighed by what all samples say of them (Hu et al. 2018, arXiv 1709.01507)."""
    channels = int(value.shape[-1])
    told = layers.Dense(max(channels // SQUEEZE, 1), activation="relu")(ops.mean(value, axis=1))
    weight = layers.Dense(channels, activation="sigmoid")(told)
    return ops.relu(value * weight[:, None, :])


def _with_leaves(
    strain: Any, leaf: Any, labels: int, dense: int, draws: int, settings: dict[str, Any]
) -> keras.Model:
    """A leaf's dense layers for every label, and one width of the likelihood each."""
    given = {"strain": strain}
    if draws:
        given["noise"] = keras.Input((draws, noise_width(labels, dense)), name="noise")
    means = []
    for number in range(labels):
        value = leaf()
        for _ in range(2):
            value = layers.Dense(dense, activation="relu")(value)
            value = layers.Dropout(DROPPED)(value)
        parts: tuple[tuple[Any, ...], ...] = ((), ())
        if draws:
            start = number * (dense + 1)
            noise = given["noise"][:, :, start : start + dense + 1]
            parts = (noise[:, :, :dense],), (noise[:, :, dense:],)
            value = ops.expand_dims(value, 1)
        value = FlipoutDense(dense, activation="relu", **settings)(value, *parts[0])
        means.append(FlipoutDense(1, activation="tanh", **settings)(value, *parts[1]))
    density = ObservationNoise(FIRST_WIDTH, learned=True)(ops.concatenate(means, axis=-1))
    return keras.Model(given, {"density": density})


@keras.saving.register_keras_serializable("astrogui")
class Highway(keras.layers.Layer):
    """A convolution that a gate mixes with what came in: (batch, length, channels) to the same.

    Source: Srivastava et al. 2015, arXiv 1505.00387, eq. (3); the gate begins nearly shut.
    """

    def __init__(self, kernel_size: int, dilation: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if kernel_size < 1 or dilation < 1:
            raise ValueError(f"kernel and dilation are positive, got {kernel_size}, {dilation}")
        self.kernel_size, self.dilation = int(kernel_size), int(dilation)

    def build(self, input_shape: Any) -> None:
        channels = int(input_shape[-1])
        shape = (self.kernel_size, channels, 2 * channels)  # the new value, then its gate
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer="glorot_uniform")
        self.bias = self.add_weight(name="bias", shape=(channels,), initializer="zeros")
        shut = keras.initializers.Constant(-2.0)
        self.gate_bias = self.add_weight(name="gate_bias", shape=(channels,), initializer=shut)
        self.built = True

    def call(self, value: Any) -> Any:
        both = ops.conv(value, self.kernel, padding="same", dilation_rate=self.dilation)
        new, gate = ops.split(both, 2, axis=-1)
        share = ops.sigmoid(gate + self.gate_bias)
        return share * ops.relu(new + self.bias) + (1.0 - share) * value

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "dilation": self.dilation,
        }
