"""Intervals of shares from a few blocks hold what they promise, where a bootstrap does not."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.training.block_interval import share_interval

BLOCKS, EACH, TRIES = 5, 20, 1500


def hits(rng: np.random.Generator, share: float, alike: float, blocks: int, each: int):
    """Examples (blocks, each) whose chance differs from block to block, about the share."""
    chance = np.full(blocks, share)
    if alike:
        chance = rng.beta(share * (1 / alike - 1), (1 - share) * (1 / alike - 1), blocks)
    return rng.uniform(size=(blocks, each)) < chance[:, None]


@pytest.mark.parametrize("share", [0.5, 0.68, 0.9])
@pytest.mark.parametrize("alike", [0.0, 0.05])
def test_intervals_of_five_blocks_miss_no_more_than_they_may(share, alike):
    rng = np.random.default_rng(1)
    block = np.repeat(np.arange(BLOCKS), EACH)
    missed = 0
    for _ in range(TRIES):
        low, high = share_interval(hits(rng, share, alike, BLOCKS, EACH).ravel(), block)
        missed += not low <= share + 1e-12 <= high + 2e-12
    assert 0.01 < missed / TRIES < 0.065


def test_drawing_five_blocks_again_misses_too_often():
    """Why the interval is not that of a bootstrap."""
    rng = np.random.default_rng(2)
    missed = 0
    for _ in range(500):
        shares = hits(rng, 0.68, 0.0, BLOCKS, EACH).mean(axis=1)
        again = shares[rng.integers(0, BLOCKS, (1000, BLOCKS))].mean(axis=1)
        low, high = np.quantile(again, (0.025, 0.975))
        missed += not low <= 0.68 <= high
    assert missed / 500 > 0.09


def test_blocks_of_one_give_the_interval_of_independent_examples():
    hit = np.arange(200) < 136
    low, high = share_interval(hit, np.arange(200))
    assert (low, high) == pytest.approx((0.612, 0.741), abs=0.004)


def test_equal_blocks_are_not_taken_for_certainty():
    hit = np.tile(np.arange(20) < 18, 5)
    low, high = share_interval(hit, np.repeat(np.arange(5), 20))
    assert low < 0.88
    assert high > 0.92
    assert share_interval(np.ones(100), np.repeat(np.arange(5), 20))[1] == 1


def test_one_block_tells_no_interval():
    with pytest.raises(ValueError, match="two blocks"):
        share_interval(np.ones(5), np.zeros(5))
