"""The weights that a training of `redshift` begins with: those of its first version, enlarged.

The first version ranked twelve template sets and three classes; a set and the class UNKNOWN came
later. Everything that both networks have is taken over, what is new begins at zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.networks.redshift import FOLD

START = Path(__file__).with_name("redshift_start.npz")
NEW_CURVE = 3  # place of the set "distant" among the curves
OLD_CLASSES = 3


def begin(model: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Give ``model`` the weights of the first version, enlarged; both have the same order.

    Raises ``ValueError`` where a weight differs by more than the curve and the class that are new.
    """
    values = []
    for index, variable in enumerate(model.weights):
        wanted = tuple(variable.shape)
        old = np.asarray(arrays[f"w{index:03d}"], np.float32)
        values.append(old if old.shape == wanted else _enlarged(old, wanted, variable.path))
    model.set_weights(values)


def _enlarged(old: np.ndarray, wanted: tuple[int, ...], path: str) -> np.ndarray:
    name = path.split("/")[-2]
    if name == "in":
        folded = old.reshape(FOLD, -1, old.shape[1])
        new = np.insert(folded, NEW_CURVE, 0.0, axis=1).reshape(-1, old.shape[1])
    elif name == "direct":
        by_class = old.reshape(len(old), -1, OLD_CLASSES)
        by_class = np.concatenate([by_class, np.zeros_like(by_class[..., :1])], axis=-1)
        new = np.insert(by_class.reshape(len(old), -1), NEW_CURVE, 0.0, axis=0)
    else:  # the last layer of a member, kernel or bias: one logit more for each cell
        by_class = old.reshape(*old.shape[:-1], FOLD, OLD_CLASSES)
        by_class = np.concatenate([by_class, np.zeros_like(by_class[..., :1])], axis=-1)
        new = by_class.reshape(*old.shape[:-1], -1)
    if new.shape != wanted:
        raise ValueError(f"the weight {path} is {wanted}, of the first version {old.shape}")
    return np.asarray(new, np.float32)
