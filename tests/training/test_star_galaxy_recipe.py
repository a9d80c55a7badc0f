"""The star/galaxy recipe from nothing to a model folder, in its quick form."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("keras")

from astrogui.networks.builder import assign_weights, build
from astrogui.records.model_card import card_from_json
from astrogui.training import star_galaxy_calibration as calibration
from astrogui.training.package import largest_difference, run_graph, run_network
from astrogui.training.recipes import star_galaxy as recipe
from astrogui.training.sky_population import star_share
from astrogui.training.star_galaxy_examples import field_examples, prior_weights, with_less


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("star_galaxy")
    said: list[str] = []
    return recipe.train(workdir, True, 3, said.append), workdir, said


@pytest.mark.slow
def test_a_quick_training_gives_a_folder_whose_graph_and_weights_agree(trained):
    folder, _, _ = trained
    card = card_from_json((folder / "card.json").read_text("utf-8"), str(folder))
    assert set(card.hashes) == {"weights.npz", "model.onnx", "golden.npz"}
    with np.load(folder / "golden.npz") as golden:
        inputs = {spec.name: golden[f"input_{spec.name}"] for spec in card.inputs}
        expected = {spec.name: golden[f"output_{spec.name}"] for spec in card.outputs}
    assert largest_difference(expected, run_graph(folder / "model.onnx", inputs)) < 1e-4
    model = build(card.network, card.network_config)
    with np.load(folder / "weights.npz") as weights:
        assign_weights(model, dict(weights))
    assert largest_difference(expected, run_network(model, inputs)) < 1e-5
    for spec in card.inputs:
        assert inputs[spec.name].shape[1:] == spec.shape


@pytest.mark.slow
def test_the_card_says_what_the_answers_rest_on(trained):
    folder, *_ = trained
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert card["training"]["trained_on"] == {"files": {}, "sky": [], "gps": []}
    assert len(card["calibration"]["pooled_spread"]) == 2
    assert card["coverage"]["n"] == 200
    assert 0 <= card["novelty"]["false_positives"] <= 0.03
    assert "Randomised credible sets" in (folder / "README.md").read_text("utf-8")


@pytest.mark.slow
def test_a_stopped_training_goes_on_where_it_was(trained):
    _, workdir, _ = trained
    fields = sorted((workdir / "fields-quick-3").glob("*.npz"))
    times = [path.stat().st_mtime_ns for path in fields]
    fields[-1].unlink()
    said: list[str] = []

    def heard(words):
        said.append(words)
        if words.startswith("calibrating"):
            raise EnoughError

    with pytest.raises(EnoughError):  # what follows is not resumed
        recipe.train(workdir, True, 3, heard)
    assert [path.stat().st_mtime_ns for path in fields[:-1]] == times[:-1]
    assert fields[-1].exists()
    assert any("resumed after epoch 2" in words for words in said)


class EnoughError(Exception):
    """What is to come has been seen before."""


def test_a_label_of_minus_one_keeps_an_example_from_a_member():
    loss = recipe.member_loss()
    logit = np.array([[2.0, -3.0]], np.float32)
    both = float(loss(np.array([[1.0, 0.0]], np.float32), logit))
    first = float(loss(np.array([[1.0, -1.0]], np.float32), logit))
    assert first == pytest.approx(np.log1p(np.exp(-2.0)), rel=1e-4)
    assert both == pytest.approx((np.log1p(np.exp(-2.0)) + np.log1p(np.exp(-3.0))) / 2, rel=1e-4)


def test_temperatures_undo_overconfidence():
    rng = np.random.default_rng(4)
    signal = rng.uniform(0, 5, 20_000)
    logit = rng.normal(0, 2, 20_000)
    label = (rng.random(20_000) < 1 / (1 + np.exp(-logit))).astype(float)
    claimed = np.repeat((logit * np.where(signal < 2.5, 2.0, 1.0))[:, None], 3, axis=1)
    knots = np.arange(6.0)
    temperature, shift = calibration.fit_temperatures(claimed, label, signal, knots)
    assert temperature[:2] == pytest.approx([2.0, 2.0], rel=0.15)
    assert temperature[4:] == pytest.approx([1.0, 1.0], rel=0.15)
    assert np.abs(shift).max() < 0.2


def test_members_of_one_kind_lie_inside_each_others_intervals():
    rng = np.random.default_rng(5)
    centre = rng.normal(0, 2, (8000, 1))
    logits = centre + (0.1 + 0.1 * np.abs(centre)) * rng.normal(size=(8000, 3))
    pooled = calibration.fit_pooled_spread(logits)
    covered = calibration.member_coverage(logits, pooled)
    assert covered["68"] == pytest.approx(0.68, abs=0.04)
    assert covered["90"] == pytest.approx(0.90, abs=0.04)


def test_examples_can_lose_bands_and_zero_points_but_never_the_reference():
    examples = field_examples([1, 2, 5], (400, 400), like_sdss=1.0)
    examples["image"] = examples["image"].astype(np.float32)
    untouched = with_less(examples, _Never())
    np.testing.assert_allclose(untouched["catalogue"], examples["catalogue"], atol=1e-4)
    less = with_less(examples, np.random.default_rng(0))
    lost = ~less["image"].any(axis=(1, 2))
    assert not lost[:, 2].any() or not examples["_present"][:, 2].all()
    assert lost[:, :5].sum() > (~examples["image"].any(axis=(1, 2)))[:, :5].sum()
    assert {0, 1} == set(np.unique(examples["label"]))


def test_weights_give_the_stars_their_share_of_the_sky():
    rng = np.random.default_rng(7)
    magnitude = rng.uniform(17, 21, 40_000)
    too_many = 2 * star_share(magnitude) / (1 + star_share(magnitude))
    examples = {
        "true_magnitude": magnitude,
        "label": (rng.random(40_000) > too_many).astype(np.float32),
    }
    weights = prior_weights(examples)
    star = examples["label"] == 0
    for low in (17, 19, 20):
        inside = (magnitude > low) & (magnitude < low + 1)
        share = weights[inside & star].sum() / weights[inside].sum()
        assert share == pytest.approx(star_share(magnitude[inside]).mean(), abs=0.03)
    assert weights.mean() == pytest.approx(1.0)


class _Never(np.random.Generator):
    """Draws that are too large for anything to be lost."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def random(self, size=None):  # type: ignore[override]
        return np.ones(size)
