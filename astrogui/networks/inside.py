"""A network taken apart: what its convolutional layers make of an input, nested networks too."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
from keras import layers

from astrogui.networks.deep_lens import Polar


class Stage(NamedTuple):
    """The layers of one network, and what is fed to it."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    feed: keras.Model | None  # from the whole network's inputs to this network's; None: the same
    taps: keras.Model  # from this network's inputs to the layers' outputs, in their order


def stages(network: keras.Model) -> list[Stage]:
    """The convolutional layers of a network and of the networks that are layers of it."""
    found = [_stage(network, "", None)]
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            # Its own `input` is that of its making; what it is fed with here, its last call knows.
            fed = layer._inbound_nodes[-1].input_tensors
            feed = keras.Model(network.input, fed)
            found.append(_stage(layer, f"{layer.name}/", feed))
    return [stage for stage in found if stage.names]


def outputs(stage: Stage, given: dict[str, Any]) -> list[Any]:
    """What each layer of a stage gives for the inputs of the whole network."""
    fed: Any = given
    if stage.feed is not None:
        tensors = keras.tree.flatten(stage.feed(given, training=False))
        fed = dict(zip(stage.taps.input, tensors, strict=True))
    return list(keras.tree.flatten(stage.taps(fed, training=False)))


def _stage(network: keras.Model, prefix: str, feed: keras.Model | None) -> Stage:
    chosen = [layer for layer in network.layers if isinstance(layer, (layers.Conv2D, Polar))]
    return Stage(
        names=tuple(prefix + layer.name for layer in chosen),
        kinds=tuple(type(layer).__name__ for layer in chosen),
        feed=feed,
        taps=keras.Model(network.input, [layer.output for layer in chosen]) if chosen else network,
    )
