"""A small regression network with a choice of how it knows what it does not know.

``plain`` gives a normal density a label. ``concrete`` drops inputs of its layers at learned rates,
``flipout`` has normal weights: both give one density a draw, to be mixed. An ensemble of any of
them is made by ``ensemble``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import keras
from keras import layers

from astrogui.networks.concrete_dropout import ConcreteConv1D, ConcreteDense
from astrogui.networks.flipout import FlipoutConv1D, FlipoutDense
from astrogui.networks.heads import GaussianHead

METHODS = ("plain", "concrete", "flipout")


def network(
    features: int,
    labels: int,
    method: str = "plain",
    filters: Sequence[int] = (),
    kernel_size: int = 7,
    widths: Sequence[int] = (64, 64),
    draws: int = 0,
    uncertain: Mapping[str, Any] | None = None,
) -> Any:
    """{"features" (features,)} to {"density" (labels, 2)}, mean and standard deviation.

    ``filters`` convolutions, each pooled by two, come before the dense layers of ``widths``.
    Trained with ``draws`` 0; made again with ``draws`` it takes "noise" (draws, noise_width) beside
    and gives "density" (draws, labels, 2), from the same weights. The noise is uniform between 0
    and 1 for ``concrete`` and standard normal for ``flipout``. ``uncertain`` are settings of those
    layers, ``data_size`` among them. Raises ``ValueError`` for an unknown method.
    """
    if method not in METHODS:
        raise ValueError(f"method is one of {', '.join(METHODS)}, got {method!r}")
    if method == "plain" and draws:
        raise ValueError("a plain network has nothing to draw")
    given = {"features": keras.Input((features,), name="features")}
    if draws:
        width = noise_width(features, labels, method, filters, widths)
        given["noise"] = keras.Input((draws, width), name="noise")
    stack = _Stack(method, dict(uncertain or {}), given.get("noise"))
    value = given["features"]
    if filters:
        value = layers.Reshape((features, 1))(value)
    if draws:
        value = keras.ops.expand_dims(value, 1)
    for number, count in enumerate(filters):
        value = stack.convolution(value, count, kernel_size, first=number == 0)
    if filters:
        kept = value.shape[2 if draws else 1] * value.shape[-1]
        value = layers.Reshape((value.shape[1], kept) if draws else (kept,))(value)
    for number, width in enumerate(widths):
        value = stack.dense(value, width, "silu", first=number == 0 and not filters)
    raw = stack.dense(value, 2 * labels, None)
    return keras.Model(given, {"density": GaussianHead()(raw)})


def noise_width(
    features: int, labels: int, method: str, filters: Sequence[int], widths: Sequence[int]
) -> int:
    """Numbers that one draw of ``network`` takes."""
    channels, length = [1, *filters], features
    for _ in filters:
        length = -(-length // 2)
    flat = length * channels[-1] if filters else features
    dense = [flat, *widths, 2 * labels]
    if method == "flipout":
        convolutions = sum(a + b for a, b in pairwise(channels))
        return convolutions + sum(dense[1:])
    # The first layer meets the data themselves: nothing of them is dropped.
    return sum(channels[1:-1]) + sum(dense[:-1] if filters else dense[1:-1])


class _Stack:
    """Makes the layers of one method, handing each its part of the noise."""

    def __init__(self, method: str, settings: dict[str, Any], noise: Any) -> None:
        self.method, self.settings, self.noise = method, settings, noise
        self._used = 0

    def convolution(self, value: Any, count: int, size: int, first: bool) -> Any:
        channels = int(value.shape[-1])
        if self.method == "flipout":
            layer = FlipoutConv1D(count, size, activation="silu", **self.settings)
            value = layer(value, *self._part(channels + count))
        elif self.method == "concrete" and not first:
            layer = ConcreteConv1D(count, size, activation="silu", **self.settings)
            value = layer(value, *self._part(channels))
        else:
            convolve = layers.Conv1D(count, size, padding="same", activation="silu")
            value = self._each_draw(convolve, value)
        return self._each_draw(layers.AveragePooling1D(2, padding="same"), value)

    def dense(self, value: Any, units: int, activation: Any, first: bool = False) -> Any:
        if self.method == "flipout":
            settings = {k: v for k, v in self.settings.items() if k != "perturbations"}
            layer = FlipoutDense(units, activation=activation, **settings)
            return layer(value, *self._part(units))
        if self.method == "concrete" and not first:
            layer = ConcreteDense(units, activation=activation, **self.settings)
            return layer(value, *self._part(int(value.shape[-1])))
        return layers.Dense(units, activation=activation)(value)

    def _part(self, width: int) -> tuple[Any, ...]:
        if self.noise is None:
            return ()
        start, self._used = self._used, self._used + width
        return (self.noise[:, :, start : start + width],)

    def _each_draw(self, layer: Any, value: Any) -> Any:
        """Apply a layer of (batch, length, channels) to (batch, draws, length, channels)."""
        if self.noise is None:
            return layer(value)
        _, draws, length, channels = value.shape
        rows = layer(keras.ops.reshape(value, (-1, length, channels)))
        return keras.ops.reshape(rows, (-1, draws, *rows.shape[1:]))
