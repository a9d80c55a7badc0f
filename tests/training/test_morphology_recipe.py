"""Simulated galaxies and volunteers, the calibration, and the recipe in its smallest form."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("keras")

from astrogui.science import vote_tree
from astrogui.tasks import morphology
from astrogui.training import score_morphology
from astrogui.training.morphology_calibration import fit_mixture, fit_strength, folds
from astrogui.training.morphology_examples import batches, simulated_piece, variants
from astrogui.training.recipes import morphology as recipe
from astrogui.training.simulate_morphology import Features, draw_picture, opinions


def _share(features):
    return dict(zip(vote_tree.ANSWERS, vote_tree.cumulative(opinions(features)), strict=True))


def test_volunteers_see_what_the_seeing_leaves():
    plain = _share(Features("disc", arms=0.9, bulge=0.2, seen=0.9))
    blurred = _share(Features("disc", arms=0.9, bulge=0.2, seen=0.15))
    assert plain["spiral"] > 0.6
    assert blurred["smooth"] > 0.6
    assert _share(Features("edge_on", axis_ratio=0.12))["edge_on"] > 0.6
    assert _share(Features("smooth", axis_ratio=0.95, bulge=0.8))["round"] > 0.7
    assert _share(Features("merger", companion=0.9, seen=0.9))["merger"] > 0.3
    assert _share(Features("artifact"))["artifact"] > 0.8


def test_a_simulated_picture_has_colours_and_opinions_that_sum_to_one():
    rng = np.random.default_rng(4)
    for _ in range(6):
        picture, opinion = draw_picture(rng)
        assert picture.shape == (96, 96, 3)
        assert picture.min() >= 0
        assert picture.max() <= 1
        for where in vote_tree.SLICES:
            assert opinion[where].sum() == pytest.approx(1)


def test_batches_hold_votes_of_simulated_and_of_real_galaxies():
    sky = simulated_piece(6, np.random.default_rng(1))
    shares = vote_tree.cumulative(sky["opinion"][:2].astype(float))
    pictures = variants(sky["picture"][:2], 3, np.random.default_rng(2))
    assert pictures.shape == (2, 3, 64, 64, 3)
    inputs, targets = batches(sky, (pictures, shares), 8)(np.random.default_rng(3))
    assert inputs["picture"].shape == (8, 64, 64, 3)
    asked = targets["opinion"][:, :3].sum(axis=1)
    np.testing.assert_allclose(asked[4:], 40, rtol=1e-5)
    assert len(set(asked[:4])) == 1


def test_the_strength_is_found_from_votes():
    rng = np.random.default_rng(6)
    alpha = vote_tree.means(rng.gamma(1.0, 1.0, (900, 37)) + 0.05) * 6.0
    share = vote_tree.draw_shares(alpha, 1, rng)[0]
    votes = vote_tree.draw_votes(vote_tree.conditional(share)[0], 40, rng)
    factor = fit_strength(votes, alpha * 4.0)
    np.testing.assert_allclose(factor[[0, 5]], 0.25, rtol=0.25)


def test_two_strengths_hold_what_one_does_not():
    """Half of the galaxies have crowds four times as agreed as the others, foretold alike."""
    rng = np.random.default_rng(8)
    alpha = vote_tree.means(rng.gamma(1.0, 1.0, (700, 37)) + 0.05) * 5.0
    true = alpha * np.where(rng.random(700) < 0.5, 0.5, 2.0)[:, None]
    among, _ = vote_tree.conditional(vote_tree.draw_shares(true, 1, rng)[0])
    votes = vote_tree.draw_votes(among, 40, rng)
    pair = fit_mixture([(votes, alpha[:, None])])
    assert pair[0] < 0.8
    assert pair[1] > 1.4
    one, two = (
        score_morphology.mixture_log_likelihood(
            votes, vote_tree.at_strengths(alpha[:, None], strengths)
        ).sum()
        for strengths in ((1.0,), pair)
    )
    assert two > one + 20
    fewer, as_many = score_morphology.steps(votes, vote_tree.at_strengths(alpha[:, None], pair))
    held = score_morphology.covered(fewer, as_many, rng)
    assert all(held[level] == pytest.approx(level, abs=0.025) for level in held)


def test_an_answer_says_the_crowds_of_every_strength_of_the_card():
    alpha = np.full((1, 1, 37), 2.0)
    told = {"strength_mixture": [0.5, 4.0]}
    card = SimpleNamespace(calibration=told)
    mixed = morphology.at_told_strengths(alpha, card)
    assert sorted({*mixed.ravel()}) == [1.0, 8.0]
    plain = morphology.at_told_strengths(alpha, SimpleNamespace(calibration={}))
    np.testing.assert_array_equal(plain, alpha)


def test_counts_of_a_true_network_lie_in_their_intervals():
    rng = np.random.default_rng(7)
    alpha = vote_tree.means(rng.gamma(1.0, 1.0, (800, 37)) + 0.05) * 8.0
    among = vote_tree.conditional(vote_tree.draw_shares(alpha, 1, rng)[0])[0]
    votes = vote_tree.draw_votes(among, 40, rng)
    found = score_morphology.coverage(votes, alpha[:, None], rng)
    for level, value in found.items():
        assert value == pytest.approx(level, abs=0.02)
    narrow = score_morphology.coverage(votes, alpha[:, None] * 20, rng)
    assert narrow[0.8] < 0.75


def test_the_crps_of_quantiles_is_that_of_the_normal():
    from scipy.stats import norm

    levels = np.array([0.05, 0.16, 0.5, 0.84, 0.95])
    value = np.random.default_rng(8).normal(size=20_000)
    bounds = np.repeat(norm.ppf(levels)[None], len(value), axis=0)
    expected = 1 / np.sqrt(np.pi)  # of a normal forecast of its own draws
    assert score_morphology.crps(bounds, value) == pytest.approx(expected, rel=0.07)


def test_figures_of_rows_are_those_of_their_columns():
    truth = vote_tree.cumulative(vote_tree.means(np.random.default_rng(9).gamma(1, 1, (5, 37))))
    rows = []
    for share in truth:
        row = {f"prob_{name}": share[k] for k, name in enumerate(vote_tree.ANSWERS)}
        for name in score_morphology.VOTES:
            value = share[vote_tree.ANSWERS.index(name)]
            for end in ("", "_lo68", "_hi68", "_lo90", "_hi90"):
                row[f"votes_{name}{end}"] = value
        rows.append(row | {"flags": ""})
    rows.append({"flags": "damaged"})
    found = score_morphology.figures(rows, np.concatenate([truth, truth[:1]]))
    assert (found["n"], found["refused"]) == (5, 1)
    assert found["rmse_37"] == pytest.approx(0)
    assert found["crps"] == pytest.approx(0)
    assert found["accuracy_all"] == 1
    assert found["votes_inside_90"] == 1


def test_folds_follow_from_the_number_alone():
    number = np.arange(100_001, 100_061, 2)
    assert sorted(set(folds(number))) == [0, 1, 2]
    np.testing.assert_array_equal(folds(number), folds(number[::-1])[::-1])


@pytest.mark.slow
def test_a_quick_training_goes_to_its_end(tmp_path, monkeypatch):
    small = dataclasses.replace(recipe.QUICK, widths=(4,), train=8, calibration=6, held_out=6)
    monkeypatch.setattr(recipe, "QUICK", small)
    monkeypatch.setattr(recipe, "real_images", lambda: None)
    fitted = recipe.fitted_member
    monkeypatch.setattr(
        recipe,
        "fitted_member",
        lambda *given: (given[2], {}) if given[5] else fitted(*given),
    )  # the second member is the start: one compilation less
    made = {}
    monkeypatch.setattr(
        recipe, "write_model_folder", lambda folder, **parts: made.update(parts) or folder
    )
    assert recipe.train(tmp_path, True, 3, lambda words: None) == tmp_path / "morphology"
    card = made["card"]
    assert card.training["real"] == 0
    assert len(card.calibration["strength_factor"]) == 11
    assert np.isfinite(card.simulated_scores["nll_nat"])
    assert "Galaxy Zoo" in made["readme"]
