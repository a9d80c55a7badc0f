"""A training begins with the weights of the version before it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")


def test_the_weights_kept_are_those_of_the_network_that_is_trained():
    from astrogui.networks.builder import rebuild, weight_arrays
    from astrogui.training.learn_templates import PLANS
    from astrogui.training.recipes.redshift import FULL, NETWORK, network_config
    from astrogui.training.redshift_card import START

    with np.load(START, allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    model = rebuild(NETWORK, network_config(len(PLANS), FULL.members), arrays)
    for name, weight in weight_arrays(model).items():
        np.testing.assert_array_equal(weight, arrays[name])
