"""A conditional density over a few numbers: an autoregressive flow of monotonic splines.

Each number is a monotonic function, chosen by the context and the numbers before it, of a standard
normal deviate. The deviates are an input, so every backend and the exported graph draw the same
samples. Source of the spline: Durkan et al. 2019, arXiv 1906.04032, section 3.1.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

REACH = 5.0  # the spline acts on [-5, 5]; beyond, the function is a straight line of slope one
SMALLEST = 1e-3  # least share of a bin, least slope at a knot


@keras.saving.register_keras_serializable("astrogui")
class AutoregressiveSpline(keras.layers.Layer):
    """Draws (batch, n, dims) from deviates of that shape, given a context (batch, features).

    With ``density=True`` the second argument holds values instead and the result is their log
    density, (batch, n).
    """

    def __init__(self, dims: int, hidden: int = 64, bins: int = 10, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if dims < 1 or bins < 2:
            raise ValueError(f"needs dims >= 1 and bins >= 2, got {dims} and {bins}")
        self.dims, self.hidden, self.bins = dims, hidden, bins
        self.from_context = [keras.layers.Dense(hidden) for _ in range(dims)]
        self.from_values = [keras.layers.Dense(hidden, use_bias=False) for _ in range(dims - 1)]
        self.middle = [keras.layers.Dense(hidden, activation="silu") for _ in range(dims)]
        self.last = [
            keras.layers.Dense(3 * bins + 1, kernel_initializer="zeros") for _ in range(dims)
        ]

    def build(self, context_shape: Any, values_shape: Any = None) -> None:
        del values_shape
        batch = context_shape[0]
        for index in range(self.dims):
            self.from_context[index].build(context_shape)
            if index:
                self.from_values[index - 1].build((batch, None, index))
            self.middle[index].build((batch, None, self.hidden))
            self.last[index].build((batch, None, self.hidden))
        super().build(context_shape)

    def call(self, context: Any, values: Any, density: bool = False) -> Any:
        return self._log_density(context, values) if density else self._draws(context, values)

    def compute_output_spec(self, context: Any, values: Any, density: bool = False) -> Any:
        """What ``call`` gives; said here, for tracing the splines takes most of the building."""
        del context
        shape = values.shape[:-1] if density else values.shape
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        config = {"dims": self.dims, "hidden": self.hidden, "bins": self.bins}
        return {**super().get_config(), **config}

    def _parameters(self, index: int, context: Any, before: Any) -> Any:
        """(batch, n or 1, 3 bins + 1): what shapes the function of one number."""
        features = ops.expand_dims(self.from_context[index](context), 1)
        if index:
            features = features + self.from_values[index - 1](before)
        return self.last[index](self.middle[index](ops.silu(features)))

    def _draws(self, context: Any, deviates: Any) -> Any:
        drawn: list[Any] = []
        for index in range(self.dims):
            before = ops.concatenate(drawn, axis=-1) if drawn else None
            shift, scale, spline = self._split(self._parameters(index, context, before))
            value, _ = _spline(deviates[..., index : index + 1], spline, inverse=True)
            drawn.append(shift + value * ops.exp(scale))
        return ops.concatenate(drawn, axis=-1)

    def _log_density(self, context: Any, values: Any) -> Any:
        total: Any = 0.0
        for index in range(self.dims):
            before = values[..., :index] if index else None
            shift, scale, spline = self._split(self._parameters(index, context, before))
            inside = (values[..., index : index + 1] - shift) * ops.exp(-scale)
            deviate, log_slope = _spline(inside, spline, inverse=False)
            total = total - 0.5 * deviate**2 + log_slope - scale - 0.5 * math.log(2 * math.pi)
        return ops.squeeze(total, axis=-1)

    def _split(self, parameters: Any) -> tuple[Any, Any, tuple[Any, Any, Any]]:
        """Shift, log scale and the spline's knots: places, heights, slopes (…, bins + 1)."""
        bins = self.bins
        shift = 3.0 * parameters[..., :1]
        scale = 3.0 * ops.tanh(parameters[..., 1:2])
        widths = _shares(parameters[..., 2 : 2 + bins], bins)
        heights = _shares(parameters[..., 2 + bins : 2 + 2 * bins], bins)
        inner = parameters[..., 2 + 2 * bins :]  # (…, bins - 1)
        # softplus(0) + offset = 1: zeros give the identity.
        slopes = SMALLEST + ops.softplus(inner + math.log(math.exp(1 - SMALLEST) - 1))
        one = ops.ones_like(slopes[..., :1])
        knots = (_knots(widths), _knots(heights), ops.concatenate([one, slopes, one], axis=-1))
        return shift, scale, knots


def _shares(raw: Any, bins: int) -> Any:
    return SMALLEST + (1 - SMALLEST * bins) * ops.softmax(raw, axis=-1)


def _knots(shares: Any) -> Any:
    """Rising places from -REACH to REACH, (…, bins + 1)."""
    inner = 2 * REACH * ops.cumsum(shares, axis=-1)[..., :-1] - REACH
    edge = ops.full_like(shares[..., :1], REACH)
    return ops.concatenate([-edge, inner, edge], axis=-1)


def _spline(values: Any, knots: tuple[Any, Any, Any], inverse: bool) -> tuple[Any, Any]:
    """Rational-quadratic spline and the logarithm of its slope; outside ±REACH the identity.

    Source: Durkan et al. 2019, eqs. (4)-(8). ``inverse`` solves for the place of a height.
    """
    places, heights, slopes = knots
    along = heights if inverse else places
    inside = ops.clip(values, -REACH + 1e-5, REACH - 1e-5)
    member = ops.cast(
        ops.logical_and(inside >= along[..., :-1], inside < along[..., 1:]), values.dtype
    )

    def of_bin(per_bin: Any) -> Any:
        return ops.sum(member * per_bin, axis=-1, keepdims=True)

    x, width = of_bin(places[..., :-1]), of_bin(places[..., 1:] - places[..., :-1])
    y, height = of_bin(heights[..., :-1]), of_bin(heights[..., 1:] - heights[..., :-1])
    low, high = of_bin(slopes[..., :-1]), of_bin(slopes[..., 1:])
    steepness = height / width
    bend = high + low - 2 * steepness
    if inverse:
        above = inside - y
        a = height * (steepness - low) + above * bend
        b = height * low - above * bend
        c = -steepness * above
        root = ops.sqrt(ops.maximum(b**2 - 4 * a * c, 0.0))
        share = 2 * c / (-b - root)
        result = share * width + x
    else:
        share = (inside - x) / width
    rest = share * (1 - share)
    below = steepness + bend * rest
    if not inverse:
        result = y + height * (steepness * share**2 + low * rest) / below
    slope = steepness**2 * (high * share**2 + 2 * steepness * rest + low * (1 - share) ** 2)
    log_slope = ops.log(slope) - 2 * ops.log(below)
    outside = ops.abs(values) >= REACH
    log_slope = -log_slope if inverse else log_slope
    return (
        ops.where(outside, values, result),
        ops.where(outside, ops.zeros_like(log_slope), log_slope),
    )
