"""The flow: draws and density belong together, and the density is one."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")

import keras

from astrogui.networks import bbh
from astrogui.networks.flow import AutoregressiveSpline

CONFIG = {"width": 16, "depth": 1, "hidden": 8, "bins": 6}


def wild_weights(model, seed: int, scale: float = 0.25) -> None:
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, scale, w.shape).astype(np.float32) for w in model.weights])


def numpy(tensor) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor), np.float64)


def flow_of(dims: int, seed: int):
    context = keras.Input((3,))
    values = keras.Input((None, dims))
    flow = AutoregressiveSpline(dims, 8, 6)
    drawn = keras.Model([context, values], flow(context, values))
    density = keras.Model([context, values], flow(context, values, density=True))
    wild_weights(drawn, seed)
    return drawn, density


@pytest.mark.parametrize("density", [False, True])
def test_the_shape_that_is_promised_is_the_shape_that_comes(density):
    """Building trusts the promise: it does not trace the splines to see."""
    flow, values = AutoregressiveSpline(3, 8, 6), np.zeros((2, 7, 3), np.float32)
    context = np.ones((2, 4), np.float32)
    given = keras.Input((4,)), keras.Input((7, 3))
    promised = flow(*given, density=density)
    found = flow(context, values, density=density)
    assert promised.shape == (None, *found.shape[1:])
    assert promised.dtype == keras.backend.standardize_dtype(found.dtype)


def test_untrained_members_draw_the_deviates_themselves():
    model = bbh.posterior_network(4, 10, 1, **CONFIG)
    noise = np.random.default_rng(1).normal(size=(2, 10, 5)).astype(np.float32)
    features = np.zeros((2, 4), np.float32)
    drawn = numpy(model({"features": features, "noise": noise}, training=False)["draws"])
    assert drawn == pytest.approx(noise, abs=1e-5)


def test_the_density_of_a_draw_is_that_of_its_deviate_over_the_jacobian():
    drawn, density = flow_of(2, 2)
    context = np.array([[0.5, -1.0, 0.3]], np.float32)
    deviate = np.array([[0.4, -0.8], [-1.2, 0.3], [2.0, 1.5]], np.float32)
    step = 4e-3
    for point in deviate:
        around = np.stack([point] + [point + s * step * np.eye(2, dtype=np.float32)[i]
                                     for i in range(2) for s in (1, -1)])[None]  # fmt: skip
        values = numpy(drawn([context, around.astype(np.float32)]))[0]
        jacobian = np.stack([(values[1] - values[2]), (values[3] - values[4])], 1) / (2 * step)
        expected = -0.5 * np.sum(point**2) - np.log(2 * np.pi)
        expected -= np.log(abs(np.linalg.det(jacobian)))
        found = numpy(density([context, values[None, :1].astype(np.float32)]))[0, 0]
        assert found == pytest.approx(expected, abs=0.02)


def test_the_density_of_one_number_integrates_to_one():
    _, density = flow_of(1, 3)
    grid = np.linspace(-12, 12, 6001, dtype=np.float32)[None, :, None]
    context = np.array([[1.0, 0.2, -0.7]], np.float32)
    values = np.exp(numpy(density([context, grid]))[0])
    assert np.trapezoid(values, grid[0, :, 0]) == pytest.approx(1, abs=2e-3)


def test_members_share_out_the_deviates():
    pair = bbh.posterior_network(4, 6, 2, **CONFIG)
    single = bbh.posterior_network(4, 3, 1, **CONFIG)
    wild_weights(pair, 4)
    count = len(single.weights)
    rng = np.random.default_rng(5)
    features = rng.normal(size=(2, 4)).astype(np.float32)
    noise = rng.normal(size=(2, 6, 5)).astype(np.float32)
    both = numpy(pair({"features": features, "noise": noise}, training=False)["draws"])
    for member in range(2):
        single.set_weights(pair.get_weights()[member * count : (member + 1) * count])
        rows = slice(3 * member, 3 * member + 3)
        alone = single({"features": features, "noise": noise[:, rows]}, training=False)["draws"]
        assert both[:, rows] == pytest.approx(numpy(alone), abs=1e-5)


def test_a_members_weights_give_the_draws_of_the_density_it_was_trained_as():
    trained = bbh.density_network(4, **CONFIG)
    shipped = bbh.posterior_network(4, 11, 1, **CONFIG)
    wild_weights(trained, 6, 0.15)
    shipped.set_weights(trained.get_weights())
    rng = np.random.default_rng(7)
    features, deviate = rng.normal(size=(1, 4)).astype(np.float32), rng.normal(size=5)
    step = 4e-3
    around = [deviate] + [deviate + s * step * axis for axis in np.eye(5) for s in (1, -1)]
    given = {"features": features, "noise": np.array(around, np.float32)[None]}
    values = numpy(shipped(given, training=False)["draws"])[0]
    jacobian = (values[1::2] - values[2::2]).T / (2 * step)
    expected = -0.5 * np.sum(deviate**2) - 2.5 * np.log(2 * np.pi)
    expected -= np.log(abs(np.linalg.det(jacobian)))
    given = {"features": features, "targets": values[:1].astype(np.float32)}
    assert numpy(trained(given, training=False)).item() == pytest.approx(expected, abs=0.05)


def test_draws_that_cannot_be_shared_are_refused():
    with pytest.raises(ValueError, match="shared"):
        bbh.posterior_network(4, 7, 2, **CONFIG)
