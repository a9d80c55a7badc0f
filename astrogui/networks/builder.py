"""Networks by name, and their weights as plain arrays: what a model folder is rebuilt from."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

_NAME = re.compile(r"[a-z][a-z0-9_]*:[a-z][a-z0-9_]*")


def build(network: str, config: Mapping[str, Any]) -> Any:
    """The untrained Keras model of ``"module:function"`` below this package.

    Inputs and outputs of the model are dictionaries of named tensors. Raises ``ValueError`` for
    any other form of name, so that a card cannot call code outside this package.
    """
    if not _NAME.fullmatch(network):
        raise ValueError(f"a network is named module:function, got {network!r}")
    module_name, function_name = network.split(":")
    module = importlib.import_module(f"astrogui.networks.{module_name}")
    function = getattr(module, function_name, None)
    if function is None or getattr(function, "__module__", None) != module.__name__:
        raise ValueError(f"astrogui.networks.{module_name} defines no {function_name!r}")
    return function(**config)


def rebuild(network: str, config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Any:
    """The model of ``build`` with these weights; drawing weights first that are replaced is spared.

    jax would compile the drawing for each shape of a weight, which takes most of the building.
    Raises ``ValueError`` as ``build`` and ``assign_weights`` do.
    """
    import keras

    add_weight = keras.layers.Layer.add_weight

    def plain(layer: Any, *shape: Any, **words: Any) -> Any:
        return add_weight(layer, *shape, **{**words, "initializer": _zeros})

    keras.layers.Layer.add_weight = plain
    try:
        model = build(network, config)
    finally:
        keras.layers.Layer.add_weight = add_weight
    assign_weights(model, arrays)
    return model


def _zeros(shape: Any, dtype: Any = None) -> np.ndarray:
    return np.zeros(shape, np.float32 if dtype is None else dtype)


def weight_arrays(model: Any) -> dict[str, np.ndarray]:
    """The weights in the order in which the model made them: ``w000``, ``w001``, ..."""
    return {
        f"w{index:03d}": np.asarray(value, np.float32)
        for index, value in enumerate(model.get_weights())
    }


def assign_weights(model: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Give the model its weights; raises ``ValueError`` where count or a shape disagrees."""
    expected = [tuple(weight.shape) for weight in model.weights]
    names = [f"w{index:03d}" for index in range(len(expected))]
    if sorted(arrays) != names:
        raise ValueError(f"the network has {len(names)} weight arrays, the file {len(arrays)}")
    found = [tuple(arrays[name].shape) for name in names]
    for name, want, have in zip(names, expected, found, strict=True):
        if want != have:
            raise ValueError(f"weight {name} is {want} in the network, {have} in the file")
    model.set_weights([np.asarray(arrays[name], np.float32) for name in names])
