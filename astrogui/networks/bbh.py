"""The `bbh` network: from the profile of best fits to draws of masses, spins and distance."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from astrogui.networks.flow import AutoregressiveSpline

DIMS = 5


def posterior_network(
    features: int, draws: int, members: int, width: int, depth: int, hidden: int, bins: int
) -> Any:
    """An ensemble's draws: {"features" (n,), "noise" (draws, 5)} to {"draws" (draws, 5)}.

    ``noise`` holds standard normal deviates; the members share it out in equal, adjoining parts.
    """
    if draws % members:
        raise ValueError(f"{draws} draws cannot be shared by {members} members")
    given = keras.Input((features,), name="features")
    noise = keras.Input((draws, DIMS), name="noise")
    each = draws // members
    parts = []
    for number in range(members):
        # A model of its own, so that its weights stay together in the ensemble's.
        member = _member(features, width, depth, hidden, bins, f"member_{number}")
        parts.append(member([given, noise[:, number * each : (number + 1) * each, :]]))
    drawn = ops.concatenate(parts, axis=1) if members > 1 else parts[0]
    return keras.Model({"features": given, "noise": noise}, {"draws": drawn})


def _member(features: int, width: int, depth: int, hidden: int, bins: int, name: str) -> Any:
    given, deviates = keras.Input((features,)), keras.Input((None, DIMS))
    flow = AutoregressiveSpline(DIMS, hidden, bins)
    drawn = flow(_trunk(given, width, depth), deviates)
    return keras.Model([given, deviates], drawn, name=name)


def density_network(
    features: int, width: int, depth: int, hidden: int, bins: int, dropout: float = 0.0
) -> Any:
    """One member while it is trained: {"features", "targets" (5,)} to the log density, (1,).

    Its weights, in order, are those of a member of ``posterior_network``.
    """
    given = keras.Input((features,), name="features")
    targets = keras.Input((DIMS,), name="targets")
    flow = AutoregressiveSpline(DIMS, hidden, bins)
    context = _trunk(given, width, depth, dropout)
    density = flow(context, ops.expand_dims(targets, 1), density=True)
    return keras.Model({"features": given, "targets": targets}, density)


def _trunk(features: Any, width: int, depth: int, dropout: float = 0.0) -> Any:
    """Residual dense layers; ``dropout`` of their inner values while they are trained."""
    value = keras.layers.Dense(width)(features)
    for _ in range(depth):
        inner = keras.layers.Dense(width, activation="silu")(ops.silu(value))
        if dropout:
            inner = keras.layers.Dropout(dropout)(inner)
        value = value + keras.layers.Dense(width, kernel_initializer="zeros")(inner)
    return ops.silu(value)
