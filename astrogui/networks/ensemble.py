"""Several networks as one: members of one design, each with weights of its own.

Members start from weights of their own. They are trained apart, or at once where the loss is the
mean of theirs, and answer together; their densities are mixed where the answer is decoded. Source:
Lakshminarayanan et al. 2017, arXiv 1612.01474.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from astrogui.networks.builder import build


def ensemble(network: str, config: Mapping[str, Any], members: int) -> Any:
    """``members`` copies of ``"module:function"`` with shared inputs, as one model.

    Each output keeps its name and gets the members on axis 1. A member's weights stay together,
    in the order in which the single network has them. Raises ``ValueError`` without a member.
    """
    if members < 1:
        raise ValueError(f"an ensemble has at least one member, got {members}")
    singles = [build(network, config) for _ in range(members)]
    for number, single in enumerate(singles):
        single.name = f"member_{number}"
    inputs = {
        name: keras.Input(tensor.shape[1:], name=name) for name, tensor in _inputs(singles[0])
    }
    answers = [single(inputs) for single in singles]
    outputs = {name: ops.stack([answer[name] for answer in answers], axis=1) for name in answers[0]}
    return keras.Model(inputs, outputs, name="ensemble")


def assign_members(model: Any, weights: Sequence[Sequence[np.ndarray]]) -> None:
    """Give each member of ``ensemble`` the weights of a network that was trained alone.

    Raises ``ValueError`` where their number is not that of the members.
    """
    members = [layer for layer in model.layers if layer.name.startswith("member_")]
    if len(members) != len(weights):
        raise ValueError(f"{len(weights)} sets of weights for {len(members)} members")
    for member, own in zip(members, weights, strict=True):
        member.set_weights(list(own))


def _inputs(model: Any) -> list[tuple[str, Any]]:
    given = model.input
    if isinstance(given, Mapping):
        return list(given.items())
    return [(tensor.name, tensor) for tensor in model.inputs]
