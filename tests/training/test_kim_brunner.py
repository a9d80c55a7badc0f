"""Kim & Brunner's training on our simulations: its pixels, its resumed epochs, its turns."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from astrogui.training import kim_brunner  # noqa: E402
from astrogui.training.simulate_image import BANDS  # noqa: E402
from astrogui.training.star_galaxy_examples import field_examples  # noqa: E402


def _small():
    keras.utils.set_random_seed(1)
    pixels = keras.Input((kim_brunner.SHOWN, kim_brunner.SHOWN, 5), name="pixels")
    value = keras.layers.AveragePooling2D(11)(pixels)
    logit = keras.layers.Dense(1)(keras.layers.Flatten()(value))
    return keras.Model({"pixels": pixels}, {"logit": logit})


@pytest.fixture(scope="module")
def data():
    """Wide and narrow blobs in five bands."""
    rng = np.random.default_rng(2)
    row, column = np.indices((48, 48)) - 23.5
    galaxy = rng.random(48) < 0.5
    width = np.where(galaxy, 6.0, 2.0)
    light = np.exp(-0.5 * (row**2 + column**2) / width[:, None, None] ** 2)
    pixels = kim_brunner.luptitudes(light[..., None] * np.linspace(1, 5, 5))
    return {"_pixels": pixels.astype(np.float16), "label": galaxy.astype(np.float32)}


def test_luptitudes_are_magnitudes_of_bright_and_linear_in_faint_light():
    flux = np.array([1e3, 1e4])[:, None] * np.ones(5)
    bright = kim_brunner.luptitudes(flux)
    assert bright[1] - bright[0] == pytest.approx(2.5 * np.ones(5), abs=1e-3)
    faint = kim_brunner.luptitudes(1e-3 * kim_brunner.SOFTENING)
    assert faint == pytest.approx(2.5 / np.log(10) * 5e-4 * np.ones(5), rel=1e-4)


def test_bands_are_aligned_around_each_source():
    shape = (300, 300)
    found = field_examples([5, 1], shape, 1.0, BANDS, kim_brunner.pixels_of)
    bright = found["true_magnitude"] < 20.5
    pixels = found["_pixels"][bright].astype(float)
    assert pixels.shape[1:] == (48, 48, 5)
    middle = pixels[:, 21:27, 21:27].mean(axis=(1, 2))
    corner = pixels[:, :6, :6].mean(axis=(1, 2))
    assert np.median(middle - corner, axis=0)[1:4].min() > 0.5  # g r i


def test_a_training_goes_on_where_it_was(data, tmp_path, monkeypatch):
    said = []
    budget = kim_brunner.Budget(epochs=2, seed=3)
    model, done = kim_brunner.train(data, tmp_path / "once", budget, said.append, _small)
    assert done == len(said) == 2
    saved = kim_brunner._keep

    def keep_and_stop(*what):
        saved(*what)
        raise KeyboardInterrupt

    parts = tmp_path / "parts"
    monkeypatch.setattr(kim_brunner, "_keep", keep_and_stop)
    with pytest.raises(KeyboardInterrupt):
        kim_brunner.train(data, parts, budget, said.append, _small)
    monkeypatch.setattr(kim_brunner, "_keep", saved)
    again, done = kim_brunner.train(data, parts, budget, said.append, _small)
    assert done == 2
    assert len(said) == 3
    for ours, theirs in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_answers_are_the_mean_over_turns(data):
    model = _small()
    turned = {"_pixels": np.rot90(data["_pixels"], 1, axes=(1, 2))}
    p = kim_brunner.predicted(model, data)
    assert p.shape == (48,)
    np.testing.assert_allclose(kim_brunner.predicted(model, turned), p, atol=1e-6)


def test_a_forest_learns_the_measures():
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(4)
    catalogue = rng.normal(size=(200, 6))
    known = {"catalogue": catalogue, "label": (catalogue[:, 2] > 0).astype(float)}
    p = kim_brunner.forest(known, 1, trees=20).predict_proba(catalogue)[:, 1]
    assert ((p > 0.5) == (catalogue[:, 2] > 0)).mean() > 0.95
