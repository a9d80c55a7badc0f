"""Dropout whose rate is learned: dense and convolution layers with the regulariser it needs.

A column of weights is either kept or dropped, and the rate trades the entropy of that choice
against the size of the weights that it leaves. Source: Gal, Hron & Kendall 2017, arXiv 1705.07832.

While a network is trained, a layer draws its masks itself and adds its share of the evidence bound
to the loss. Afterwards the uniform numbers behind the masks are an input, one row a draw, so that
every backend and the exported graph answer alike; without them the layer gives its mean.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

SMALLEST = 1e-6  # uniform numbers stay this far from 0 and 1


class _Concrete(keras.layers.Layer):
    """What both layers share: rate, masks and the divergence from the prior.

    ``data_size`` is the number of training examples that the loss is a mean over.
    ``length_scale`` l gives the weights the prior N(0, 1 / l²). The loss beside it must be a
    negative log-likelihood a example, its factor 1/2 included.
    """

    def __init__(
        self,
        data_size: int,
        length_scale: float = 1e-2,
        initial_rate: float = 0.1,
        temperature: float = 0.1,
        activation: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if data_size < 1 or length_scale <= 0 or temperature <= 0:
            raise ValueError(
                "needs data_size >= 1, length_scale > 0 and temperature > 0, got "
                f"{data_size}, {length_scale} and {temperature}"
            )
        if not 0 < initial_rate < 1:
            raise ValueError(f"a rate lies between 0 and 1, got {initial_rate}")
        self.data_size, self.length_scale = int(data_size), float(length_scale)
        self.initial_rate, self.temperature = float(initial_rate), float(temperature)
        self.activation = keras.activations.get(activation)
        self.seeds = keras.random.SeedGenerator()

    @property
    def rate(self) -> float:
        """The share of inputs dropped, as learned so far."""
        return float(ops.convert_to_numpy(ops.sigmoid(self.rate_logit)))

    def divergence(self) -> Any:
        """Divergence of the posterior from the prior, in nat, up to a constant.

        l² |W|² / (2 (1 - p)) - k H(p), with k dropped inputs. The kernel W is what a kept input
        meets before it is scaled by 1 / (1 - p). Source: Gal et al. 2017, eqs. (3) and (4).
        """
        inverse_kept = 1.0 + ops.exp(self.rate_logit)
        size = ops.sum(ops.square(self.kernel))
        weights = 0.5 * self.length_scale**2 * size * inverse_kept
        rate = ops.sigmoid(self.rate_logit)
        entropy = rate * ops.softplus(-self.rate_logit)
        entropy = entropy + (1.0 - rate) * ops.softplus(self.rate_logit)
        return weights - int(self.kernel.shape[-2]) * entropy

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "data_size": self.data_size,
            "length_scale": self.length_scale,
            "initial_rate": self.initial_rate,
            "temperature": self.temperature,
            "activation": keras.activations.serialize(self.activation),
        }

    def _add_weights(self, kernel_shape: tuple[int, ...]) -> None:
        self.kernel = self.add_weight(
            name="kernel", shape=kernel_shape, initializer="glorot_uniform"
        )
        self.bias = self.add_weight(name="bias", shape=kernel_shape[-1:], initializer="zeros")
        logit = math.log(self.initial_rate) - math.log1p(-self.initial_rate)
        self.rate_logit = self.add_weight(
            name="rate_logit", shape=(), initializer=keras.initializers.Constant(logit)
        )

    def _kept(self, uniform: Any) -> Any:
        """A relaxed mask of mean near one: 1 / (1 - p) where kept, 0 where dropped."""
        inside = ops.clip(uniform, SMALLEST, 1.0 - SMALLEST)
        odds = ops.log(inside) - ops.log(1.0 - inside)
        kept = ops.sigmoid(-(self.rate_logit + odds) / self.temperature)
        return kept * (1.0 + ops.exp(self.rate_logit))

    def _regularise(self, training: bool | None) -> None:
        if training:
            self.add_loss(self.divergence() / self.data_size)


@keras.saving.register_keras_serializable("astrogui")
class ConcreteDense(_Concrete):
    """A dense layer that drops its inputs at a learned rate.

    (…, features) to (…, units). ``uniform``, numbers between 0 and 1, has the shape of the
    features or one that broadcasts with it: features (batch, 1, n) with uniform (batch, draws, n)
    give (batch, draws, units).
    """

    def __init__(self, units: int, data_size: int, **kwargs: Any) -> None:
        super().__init__(data_size, **kwargs)
        self.units = int(units)

    def build(self, features_shape: Any, uniform_shape: Any = None) -> None:
        del uniform_shape
        self._add_weights((int(features_shape[-1]), self.units))
        self.built = True

    def call(self, features: Any, uniform: Any = None, training: bool | None = None) -> Any:
        self._regularise(training)
        if uniform is None and training:
            uniform = keras.random.uniform(ops.shape(features), seed=self.seeds)
        if uniform is not None:
            features = features * self._kept(uniform)
        return self.activation(ops.matmul(features, self.kernel) + self.bias)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable("astrogui")
class ConcreteConv1D(_Concrete):
    """A convolution along one axis that drops whole channels of its input at a learned rate.

    (batch, length, channels) to (batch, length, filters). With ``uniform`` (batch, draws,
    channels), numbers between 0 and 1, features are (batch, draws or 1, length, channels) and the
    result is (batch, draws, length, filters). Neighbouring pixels agree, so dropping single ones
    would hide nothing: a mask holds along the whole length.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        data_size: int,
        strides: int = 1,
        padding: str = "same",
        **kwargs: Any,
    ) -> None:
        super().__init__(data_size, **kwargs)
        if padding not in {"same", "valid"}:
            raise ValueError(f"padding is 'same' or 'valid', got {padding!r}")
        self.filters, self.kernel_size, self.strides = int(filters), int(kernel_size), int(strides)
        self.padding = padding

    def build(self, features_shape: Any, uniform_shape: Any = None) -> None:
        del uniform_shape
        self._add_weights((self.kernel_size, int(features_shape[-1]), self.filters))
        self.built = True

    def call(self, features: Any, uniform: Any = None, training: bool | None = None) -> Any:
        self._regularise(training)
        if uniform is not None:
            return self._draws(features, uniform)
        if training:
            batch, _, channels = ops.shape(features)
            drawn = keras.random.uniform((batch, 1, channels), seed=self.seeds)
            features = features * self._kept(drawn)
        return self._convolve(features)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
        }

    def _draws(self, features: Any, uniform: Any) -> Any:
        """Convolve every draw of every example, the draws folded into the batch meanwhile."""
        masked = features * ops.expand_dims(self._kept(uniform), 2)
        _, draws, length, channels = masked.shape
        rows = self._convolve(ops.reshape(masked, (-1, length, channels)))
        return ops.reshape(rows, (-1, draws, *rows.shape[1:]))

    def _convolve(self, features: Any) -> Any:
        value = ops.conv(features, self.kernel, strides=self.strides, padding=self.padding)
        return self.activation(value + self.bias)
