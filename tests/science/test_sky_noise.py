"""Noise that is rough where the night sky is quiet: axes that are not the spectrum's own."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.redshift_scan import OBSERVED
from astrogui.science.sky_noise import misplaced

PLACES = OBSERVED.centres_angstrom


def sky_ivar(seed=3, line=1.2, forest=0.3):
    """Of noise with a forest of lines beyond 7200 Å, and one line at 5577 Å in air."""
    rng = np.random.default_rng(seed)
    noise = np.interp(PLACES, [3400, 6500, 10400], [0.6, 0.0, 0.5])
    noise = noise + forest * rng.exponential(size=PLACES.size) * (PLACES > 7200)
    noise = noise + line * np.exp(-0.5 * ((PLACES - 5578.9) / 2.5) ** 2)
    return np.exp(-2 * noise)


def test_noise_with_the_sky_in_its_place_is_not_misplaced():
    assert misplaced(PLACES, sky_ivar()) < -0.1


def test_an_axis_read_backwards_puts_the_forest_into_the_blue():
    assert misplaced(PLACES, sky_ivar()[::-1]) > 0.15


def test_a_rough_red_without_the_line_of_oxygen_is_misplaced():
    assert misplaced(PLACES, sky_ivar(line=0.0)) > 0.15


def test_a_line_that_is_masked_is_not_missed():
    ivar = np.where(np.abs(PLACES - 5578.9) < 6, 0.0, sky_ivar(line=0.0))
    assert misplaced(PLACES, ivar) < 0.05


def test_smooth_noise_tells_nothing():
    assert misplaced(PLACES, sky_ivar(line=0.0, forest=0.0)) == pytest.approx(0.0, abs=0.02)


def test_the_unit_of_the_noise_does_not_matter():
    ivar = sky_ivar()[::-1]
    assert misplaced(PLACES, 1e30 * ivar) == pytest.approx(misplaced(PLACES, ivar), rel=1e-6)


def test_without_a_good_pixel_or_a_range_to_compare_nothing_is_told():
    assert misplaced(PLACES, np.zeros(PLACES.size)) == -np.inf
    assert misplaced(PLACES, np.where(PLACES < 5400, sky_ivar(), 0.0)) == -np.inf
