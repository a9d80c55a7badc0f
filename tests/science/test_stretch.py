"""Stretches against their formulas, zscale against astropy's."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.stretch import (
    CUTS,
    STRETCHES,
    cut_levels,
    equalised_levels,
    stretched,
    zscale_cuts,
)


@pytest.mark.parametrize("stretch", STRETCHES)
def test_a_stretch_rises_from_nought_to_one_and_keeps_nan(stretch):
    values = np.array([-5.0, 0.0, 1.0, 2.0, 3.0, 4.0, 9.0, np.nan])
    shown = stretched(values, 0.0, 4.0, stretch)
    assert shown.dtype == np.float32
    assert shown[0] == 0.0
    assert shown[1] == 0.0
    assert shown[5:7] == pytest.approx([1.0, 1.0], abs=1e-6)
    assert np.all(np.diff(shown[1:6]) > 0)
    assert np.isnan(shown[7])


def test_the_middle_of_each_stretch_follows_its_formula():
    middle = np.array([0.5])
    assert stretched(middle, 0, 1, "linear")[0] == pytest.approx(0.5)
    assert stretched(middle, 0, 1, "sqrt")[0] == pytest.approx(np.sqrt(0.5))
    assert stretched(middle, 0, 1, "square")[0] == pytest.approx(0.25)
    assert stretched(middle, 0, 1, "log")[0] == pytest.approx(np.log(501) / np.log(1001))
    assert stretched(middle, 0, 1, "asinh")[0] == pytest.approx(np.arcsinh(5) / np.arcsinh(10))


def test_zscale_agrees_with_astropy_on_a_starry_field():
    from astropy.visualization import ZScaleInterval

    random = np.random.default_rng(4)
    image = random.normal(100.0, 5.0, (400, 500))
    image[random.integers(0, 400, 900), random.integers(0, 500, 900)] += random.exponential(
        900, 900
    )
    low, high = zscale_cuts(image)
    expected_low, expected_high = ZScaleInterval().get_limits(image)
    width = expected_high - expected_low
    assert low == pytest.approx(expected_low, abs=0.05 * width)
    assert high == pytest.approx(expected_high, abs=0.05 * width)


@pytest.mark.parametrize("cuts", CUTS)
def test_cuts_ignore_what_is_not_finite(cuts):
    image = np.linspace(0.0, 1.0, 10_000).reshape(100, 100)
    spoiled = image.copy()
    spoiled[:3] = np.nan
    spoiled[3, 0] = np.inf
    low, high = cut_levels(spoiled, cuts)
    assert 0.0 <= low < 0.06
    assert 0.98 < high <= 1.0
    assert cut_levels(np.full((4, 4), np.nan), cuts) == (0.0, 1.0)


def test_percentile_cuts_leave_the_tails_out_evenly():
    assert cut_levels(np.arange(1001.0), "percentile", 90.0) == pytest.approx((50.0, 950.0))


def test_an_even_image_has_equal_cuts_and_still_a_picture():
    low, high = zscale_cuts(np.full((50, 50), 7.0))
    assert low == high == 7.0
    assert stretched(np.array([6.0, 7.0, 8.0]), low, high).tolist() == [0.0, 0.0, 1.0]


def test_unknown_words_are_refused():
    with pytest.raises(ValueError, match="sepia"):
        stretched(np.zeros(3), 0, 1, "sepia")
    with pytest.raises(ValueError, match="sepia"):
        cut_levels(np.zeros(3), "sepia")


def test_power_and_sinh_follow_their_formulas():
    middle = np.array([0.5])
    assert stretched(middle, 0, 1, "power")[0] == pytest.approx((1000**0.5 - 1) / 999)
    assert stretched(middle, 0, 1, "sinh")[0] == pytest.approx(np.sinh(1.5) / np.sinh(3))


def test_histogram_equalisation_gives_every_brightness_as_many_pixels():
    values = np.random.default_rng(6).exponential(10.0, 50_000).astype(np.float32)
    levels = equalised_levels(values, 0.0, 60.0)
    shown = stretched(values[values <= 60.0], 0.0, 60.0, "histogram", levels)
    counts = np.histogram(shown, bins=20, range=(0, 1))[0]
    assert counts.min() > 0.95 * counts.mean()
    assert counts.max() < 1.05 * counts.mean()
    assert np.isnan(stretched(np.array([np.nan]), 0.0, 60.0, "histogram", levels)[0])


def test_without_a_pixel_between_the_cuts_nothing_is_equalised():
    assert equalised_levels(np.array([5.0, np.nan]), 6.0, 7.0) == ()
    assert stretched(np.array([6.5]), 6.0, 7.0, "histogram", ())[0] == pytest.approx(0.5)
