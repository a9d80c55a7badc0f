"""The tree of questions: votes along it, checked against SciPy and by going there and back."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from scipy.stats import dirichlet_multinomial

from astrogui.science import vote_tree


def _opinions(count, seed=0):
    rng = np.random.default_rng(seed)
    return vote_tree.means(rng.gamma(1.0, 1.0, (count, 37)) + 1e-3)


def test_there_are_eleven_questions_with_thirty_seven_answers():
    assert len(vote_tree.QUESTIONS) == 11
    assert len(vote_tree.ANSWERS) == len(set(vote_tree.ANSWERS)) == 37
    assert vote_tree.COLUMNS[0] == "Class1.1"
    assert vote_tree.COLUMNS[-1] == "Class11.6"


def test_shares_go_down_the_tree_and_back():
    opinions = _opinions(50)
    shares = vote_tree.cumulative(opinions)
    among, asked = vote_tree.conditional(shares)
    np.testing.assert_allclose(among, opinions, rtol=1e-9)
    answer = dict(zip(vote_tree.ANSWERS, shares.T, strict=True))
    np.testing.assert_allclose(asked[:, 0], 1)
    np.testing.assert_allclose(asked[:, 5], 1)
    np.testing.assert_allclose(asked[:, 6], answer["smooth"])
    np.testing.assert_allclose(asked[:, 9], answer["spiral"])
    np.testing.assert_allclose(answer["edge_on"] + answer["not_edge_on"], answer["featured"])


def test_nobody_asked_gives_even_shares():
    shares = np.zeros(37)
    shares[0] = 1
    among, asked = vote_tree.conditional(shares)
    assert asked[1] == 0
    np.testing.assert_allclose(among[vote_tree.SLICES[1]], 0.5)


def test_real_votes_follow_the_tree(real_data):
    path = real_data / "images" / "morphology" / "votes_kaggle_gz.csv"
    with path.open(newline="") as file:
        shares = np.array([vote_tree.from_row(row) for row in csv.DictReader(file)])
    among, _ = vote_tree.conditional(shares)
    np.testing.assert_allclose(vote_tree.cumulative(among), shares, atol=1e-5)


def test_drawn_votes_are_as_many_as_were_asked():
    rng = np.random.default_rng(3)
    opinions = _opinions(400, 1)
    counts = vote_tree.draw_votes(opinions, 40, rng)
    answer = dict(zip(vote_tree.ANSWERS, counts.T, strict=True))
    np.testing.assert_array_equal(counts[:, :3].sum(axis=1), 40)
    np.testing.assert_array_equal(answer["round"] + answer["in_between"] + answer["cigar"],
                                  answer["smooth"])  # fmt: skip
    expected = vote_tree.cumulative(opinions).mean(axis=0) * 40
    np.testing.assert_allclose(counts.mean(axis=0), expected, atol=0.9)


def test_the_likelihood_is_that_of_scipy():
    rng = np.random.default_rng(5)
    alpha = rng.gamma(2.0, 1.0, (6, 37)) + 0.1
    counts = vote_tree.draw_votes(vote_tree.means(alpha), 30, rng)
    ours = vote_tree.log_likelihood(counts, alpha)
    for row in range(6):
        for number, where in enumerate(vote_tree.SLICES):
            votes = counts[row, where].astype(int)
            theirs = dirichlet_multinomial(alpha[row, where], votes.sum()).logpmf(votes)
            assert ours[row, number] == pytest.approx(theirs, abs=1e-8)


def test_drawn_crowds_have_the_mean_and_spread_of_their_concentrations():
    alpha = np.full((1, 37), 2.0)
    shares = vote_tree.draw_shares(alpha, 20_000, np.random.default_rng(2))[:, 0]
    smooth = shares[:, 0]
    assert smooth.mean() == pytest.approx(1 / 3, abs=0.01)
    assert smooth.var() == pytest.approx((1 / 3) * (2 / 3) / 7, rel=0.05)
    np.testing.assert_allclose(shares[:, :3].sum(axis=1), 1)
