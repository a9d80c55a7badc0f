"""What pixels bring to a number: sums that must come out, and functions whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.attribution import integrated_gradients, occlusion, strongest

PICTURE = np.random.default_rng(5).normal(size=(7, 6, 2)).astype(np.float32)
WEIGHT = np.random.default_rng(6).normal(size=PICTURE.shape)
BASE = np.full_like(PICTURE, 0.25)


def test_a_weighted_sum_rests_on_each_pixel_by_its_weight():
    found = integrated_gradients(
        lambda pictures: np.repeat(WEIGHT[None], len(pictures), axis=0), PICTURE, BASE
    )
    np.testing.assert_allclose(found, WEIGHT * (PICTURE - BASE), rtol=1e-5)


def test_the_gradients_sum_up_to_the_difference_of_a_bent_function():
    def number(pictures):
        return np.tanh((WEIGHT * np.asarray(pictures, float)).sum(axis=(1, 2, 3)) / 8)

    def gradient(pictures):
        return (1 - number(pictures) ** 2)[:, None, None, None] * WEIGHT / 8

    found = integrated_gradients(gradient, PICTURE, BASE)
    difference = number(PICTURE[None])[0] - number(BASE[None])[0]
    assert found.sum() == pytest.approx(difference, abs=1e-5)
    assert abs(difference) > 0.01


def test_a_square_of_squares_is_integrated_exactly():
    """For the sum of x^4 from zero a pixel brings its own fourth power."""
    found = integrated_gradients(lambda x: 4 * x.astype(float) ** 3, PICTURE, 0 * PICTURE, steps=4)
    np.testing.assert_allclose(found, PICTURE.astype(float) ** 4, rtol=1e-4, atol=1e-6)


def test_a_number_that_is_steep_at_the_baseline_is_integrated_well():
    """As where faint light is brought up by a square root of x + 0.003."""
    picture = np.abs(PICTURE)
    found = integrated_gradients(
        lambda x: 0.5 / np.sqrt(np.asarray(x, float) + 0.003), picture, 0 * picture, steps=24
    )
    wanted = np.sqrt(picture.astype(float) + 0.003) - np.sqrt(0.003)
    np.testing.assert_allclose(found, wanted, rtol=0.01)


def test_hiding_a_pixel_of_a_sum_loses_what_it_held():
    found = occlusion(lambda x: x.sum(axis=(1, 2, 3)), PICTURE, BASE, patch=1, stride=1)
    np.testing.assert_allclose(found, (PICTURE - BASE).sum(axis=2), atol=1e-4)


@pytest.mark.parametrize(("patch", "stride"), [(3, 1), (4, 2), (3, 3)])
def test_only_squares_that_hold_the_one_pixel_that_counts_lose_anything(patch, stride):
    found = occlusion(lambda x: x[:, 3, 2, 0], PICTURE, BASE, patch, stride)
    lost = PICTURE[3, 2, 0] - BASE[3, 2, 0]
    assert found[3, 2] == pytest.approx(lost, rel=1e-5)
    rows, columns = np.nonzero(np.abs(found) > 1e-6)
    assert np.abs(rows - 3).max() < patch
    assert np.abs(columns - 2).max() < patch


def test_squares_that_leave_pixels_out_are_refused():
    with pytest.raises(ValueError, match="in none"):
        occlusion(lambda x: x.sum(axis=(1, 2, 3)), PICTURE, BASE, patch=2, stride=3)


def test_another_shape_of_the_baseline_is_refused():
    with pytest.raises(ValueError, match="baseline"):
        integrated_gradients(lambda x: x, PICTURE, BASE[:3])


def test_the_strongest_channels_come_first():
    maps = np.stack([0.1 * PICTURE[..., 0], PICTURE[..., 0] * 3 + 50, PICTURE[..., 0]], axis=-1)
    channel, strength = strongest(maps, 2)
    assert channel.tolist() == [1, 2]
    np.testing.assert_allclose(strength[0], 3 * strength[1], rtol=1e-5)
