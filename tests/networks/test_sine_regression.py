"""A noisy sine: the noise comes out as planted, and doubt grows where nothing was measured."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from astrogui.networks.builder import assign_weights, build, weight_arrays  # noqa: E402
from astrogui.networks.losses import GaussianLikelihood  # noqa: E402
from astrogui.networks.regression import noise_width  # noqa: E402
from astrogui.records.interval import split_variance  # noqa: E402

NOISE, COUNT, DRAWS = 0.2, 600, 24


def examples():
    """On 1 < |x| < 4: a gap in the middle and nothing beyond the ends."""
    rng = np.random.default_rng(1)
    x = rng.uniform(1, 4, COUNT) * rng.choice([-1, 1], COUNT)
    return x[:, None], (np.sin(x) + NOISE * rng.normal(size=COUNT))[:, None]


INSIDE = np.linspace(1.4, 3.6, 40, dtype=np.float32)[:, None]
GAP = np.linspace(-0.5, 0.5, 40, dtype=np.float32)[:, None]
BEYOND = np.linspace(6, 8, 40, dtype=np.float32)[:, None]


def train(model, steps=1600, batch=64):
    x, y = examples()
    order = np.random.default_rng(2).integers(COUNT, size=steps * batch)
    rate = keras.optimizers.schedules.CosineDecay(0.01, steps)
    model.compile(keras.optimizers.Adam(rate, clipnorm=10.0), {"density": GaussianLikelihood()},
                  jit_compile=False, steps_per_execution=50)  # fmt: skip
    model.fit({"features": x[order].astype(np.float32)}, {"density": y[order].astype(np.float32)},
              batch_size=batch, shuffle=False, verbose=0)  # fmt: skip
    return model


def parts(model, x, noise_columns=0):
    """Mean, aleatoric and epistemic standard deviation at ``x`` by the law of total variance."""
    given = {"features": x}
    if noise_columns:
        noise = np.random.default_rng(3).uniform(size=(len(x), DRAWS, noise_columns))
        given["noise"] = noise.astype(np.float32)
    density = keras.ops.convert_to_numpy(model(given, training=False)["density"])[:, :, 0]
    aleatoric, epistemic = split_variance(density[..., 0].T, density[..., 1].T ** 2)
    return density[..., 0].mean(1), aleatoric, epistemic


def test_an_ensemble_finds_the_noise_and_doubts_where_it_saw_nothing():
    keras.utils.set_random_seed(4)
    single = {"features": 1, "labels": 1, "widths": [64, 64]}
    config = {"network": "regression:network", "config": single, "members": 3}
    model = train(build("ensemble:ensemble", config))
    mean, aleatoric, epistemic = parts(model, INSIDE)
    np.testing.assert_allclose(mean, np.sin(INSIDE[:, 0]), atol=0.12)
    assert np.median(aleatoric) == pytest.approx(NOISE, rel=0.15)
    assert np.median(epistemic) < 0.4 * NOISE
    for away in (GAP, BEYOND):
        assert np.median(parts(model, away)[2]) > 2 * np.median(epistemic)


def test_dropout_of_learned_rate_finds_the_noise_and_doubts_beyond_its_data():
    keras.utils.set_random_seed(4)
    config = {
        "features": 1,
        "labels": 1,
        "widths": [128, 128],
        "method": "concrete",
        "uncertain": {"data_size": COUNT, "length_scale": 1e-2},
    }
    trained = train(build("regression:network", config))
    rates = [layer.rate for layer in trained.layers if hasattr(layer, "rate_logit")]
    assert all(0 < rate < 0.5 for rate in rates)
    drawing = build("regression:network", {**config, "draws": DRAWS})
    assign_weights(drawing, weight_arrays(trained))
    columns = noise_width(1, 1, "concrete", (), [128, 128])
    mean, aleatoric, epistemic = parts(drawing, INSIDE, columns)
    np.testing.assert_allclose(mean, np.sin(INSIDE[:, 0]), atol=0.2)
    assert np.median(aleatoric) == pytest.approx(NOISE, rel=0.15)
    assert np.median(parts(drawing, BEYOND, columns)[2]) > 1.3 * np.median(epistemic)
