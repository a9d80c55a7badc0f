"""Layers whose weights are normal distributions, trained by Flipout on the evidence bound.

Every weight has a mean and a width; what is learned is the bound on the evidence, the data's
log-likelihood less the divergence of these weights from a normal prior. Flipout gives every example
of a batch its own signs of one perturbation, so that their gradients' errors average out. Source:
Wen et al. 2018, arXiv 1803.04386, eqs. (3) and (4).

While a network is trained, a layer draws its perturbation itself and adds its share of the bound to
the loss. Afterwards the deviates are an input, one row a draw, so that every backend and the
exported graph answer alike; without them the layer answers with its mean weights.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops


class _MeanField(keras.layers.Layer):
    """What both layers share: normal weights, their divergence from the prior, its annealing.

    ``data_size`` is the number of training examples that the loss is a mean over; the loss must be
    a negative log-likelihood an example. Over the first ``anneal_steps`` batches the weight of the
    divergence rises in a straight line from zero to one. The bias is a plain number.
    """

    def __init__(
        self,
        data_size: int,
        prior_scale: float = 1.0,
        initial_scale: float = 0.05,
        anneal_steps: int = 0,
        use_bias: bool = True,
        activation: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if data_size < 1 or prior_scale <= 0 or initial_scale <= 0 or anneal_steps < 0:
            raise ValueError(
                "needs data_size >= 1, positive scales and anneal_steps >= 0, got "
                f"{data_size}, {prior_scale}, {initial_scale} and {anneal_steps}"
            )
        self.data_size, self.anneal_steps = int(data_size), int(anneal_steps)
        self.prior_scale, self.initial_scale = float(prior_scale), float(initial_scale)
        self.use_bias = bool(use_bias)
        self.activation = keras.activations.get(activation)
        self.seeds = keras.random.SeedGenerator()

    @property
    def scale(self) -> Any:
        """Standard deviation of every weight of the kernel."""
        return ops.softplus(self.spread)

    def divergence(self) -> Any:
        """Divergence of the weights' distribution from N(0, prior_scale²), in nat."""
        ratio = self.scale / self.prior_scale
        offset = self.kernel / self.prior_scale
        return ops.sum(0.5 * (ops.square(ratio) + ops.square(offset) - 1.0) - ops.log(ratio))

    def divergence_weight(self) -> Any:
        """What the divergence counts in the loss now: one after ``anneal_steps`` batches."""
        if not self.anneal_steps:
            return 1.0
        return ops.minimum(self.step / self.anneal_steps, 1.0)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "data_size": self.data_size,
            "prior_scale": self.prior_scale,
            "initial_scale": self.initial_scale,
            "anneal_steps": self.anneal_steps,
            "use_bias": self.use_bias,
            "activation": keras.activations.serialize(self.activation),
        }

    def _add_weights(self, kernel_shape: tuple[int, ...]) -> None:
        raw = keras.initializers.Constant(math.log(math.expm1(self.initial_scale)))
        self.kernel = self.add_weight(
            name="kernel", shape=kernel_shape, initializer="glorot_uniform"
        )
        self.spread = self.add_weight(name="spread", shape=kernel_shape, initializer=raw)
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=kernel_shape[-1:], initializer="zeros")
        if self.anneal_steps:
            # In the weights, so that a training resumed from a checkpoint goes on where it was.
            self.step = self.add_weight(name="step", shape=(), initializer="zeros", trainable=False)

    def _regularise(self, training: bool | None) -> None:
        if training:
            self.add_loss(self.divergence_weight() * self.divergence() / self.data_size)
            if self.anneal_steps:
                self.step.assign(self.step + 1.0)

    def _perturbation(self) -> Any:
        return self.scale * keras.random.normal(self.kernel.shape, seed=self.seeds)

    def _signs(self, shape: tuple[Any, ...]) -> Any:
        return _sign(keras.random.uniform(shape, minval=-1.0, maxval=1.0, seed=self.seeds))

    def _finish(self, value: Any) -> Any:
        return self.activation(value if self.bias is None else value + self.bias)


def _sign(values: Any) -> Any:
    """+1 or -1, never 0."""
    return ops.where(values >= 0, ops.ones_like(values), -ops.ones_like(values))


@keras.saving.register_keras_serializable("astrogui")
class FlipoutDense(_MeanField):
    """A dense layer with normal weights: (…, features) to (…, units).

    ``deviates`` (batch, draws, units) are standard normal; features are then (batch, draws or 1,
    n). A sum of normal weights is normal itself, and no two units share a weight: one deviate a
    unit gives an example's draws exactly (Kingma et al. 2015, arXiv 1506.02557, eq. (6)).
    """

    def __init__(self, units: int, data_size: int, **kwargs: Any) -> None:
        super().__init__(data_size, **kwargs)
        self.units = int(units)

    def build(self, features_shape: Any, deviates_shape: Any = None) -> None:
        del deviates_shape
        self._add_weights((int(features_shape[-1]), self.units))
        self.built = True

    def call(self, features: Any, deviates: Any = None, training: bool | None = None) -> Any:
        self._regularise(training)
        value = ops.matmul(features, self.kernel)
        if deviates is not None:
            variance = ops.matmul(ops.square(features), ops.square(self.scale))
            # An input of zeros has no spread; the root's slope there would be infinite.
            value = value + deviates * ops.sqrt(variance + 1e-20)
        elif training:
            came, left = self._signs(ops.shape(features)), self._signs(ops.shape(value))
            value = value + left * ops.matmul(features * came, self._perturbation())
        return self._finish(value)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable("astrogui")
class FlipoutConv1D(_MeanField):
    """A convolution along one axis with normal weights.

    (batch, length, channels) to (batch, length, filters). ``deviates`` (batch, draws, channels +
    filters), whose signs alone matter, give (batch, draws, length, filters) from features (batch,
    draws or 1, length, channels). The pixels of a draw share its weights, so that they are really
    drawn: draw k takes the kept perturbation k modulo ``perturbations``, with the example's signs.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        data_size: int,
        strides: int = 1,
        padding: str = "same",
        perturbations: int = 16,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_size, **kwargs)
        if padding not in {"same", "valid"}:
            raise ValueError(f"padding is 'same' or 'valid', got {padding!r}")
        if perturbations < 1:
            raise ValueError(f"needs at least one perturbation, got {perturbations}")
        self.filters, self.kernel_size, self.strides = int(filters), int(kernel_size), int(strides)
        self.padding, self.perturbations = padding, int(perturbations)

    def build(self, features_shape: Any, deviates_shape: Any = None) -> None:
        del deviates_shape
        shape = (self.kernel_size, int(features_shape[-1]), self.filters)
        self._add_weights(shape)
        self.kept = self.add_weight(
            name="kept",
            shape=(self.perturbations, *shape),
            initializer=keras.initializers.RandomNormal(stddev=1.0, seed=0),
            trainable=False,
        )
        self.built = True

    def call(self, features: Any, deviates: Any = None, training: bool | None = None) -> Any:
        self._regularise(training)
        if deviates is not None:
            return self._draws(features, deviates)
        value = self._convolve(features, self.kernel)
        if training:
            batch, _, channels = ops.shape(features)
            came, left = self._signs((batch, 1, channels)), self._signs((batch, 1, self.filters))
            value = value + left * self._convolve(features * came, self._perturbation())
        return self._finish(value)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "perturbations": self.perturbations,
        }

    def _draws(self, features: Any, deviates: Any) -> Any:
        channels = int(self.kernel.shape[1])
        signs = ops.expand_dims(_sign(deviates), 2)  # (batch, draws, 1, channels + filters)
        drawn = []
        for draw in range(int(deviates.shape[1])):
            of_draw = features[:, draw if features.shape[1] > 1 else 0]
            came, left = signs[:, draw, :, :channels], signs[:, draw, :, channels:]
            change = self.scale * self.kept[draw % self.perturbations]
            value = self._convolve(of_draw, self.kernel)
            drawn.append(value + left * self._convolve(of_draw * came, change))
        return self._finish(ops.stack(drawn, axis=1))

    def _convolve(self, features: Any, kernel: Any) -> Any:
        return ops.conv(features, kernel, strides=self.strides, padding=self.padding)
