"""The forward fit tells a lens from two galaxies, with the Einstein radius that was put in."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import lens_fit, lensing

SIDE, SEEING = 40, 2.6
FINE = 4


def observed(parts, noise=1.0, seed=0):
    """Light of (flux, function of x and y) parts in the seeing, with noise."""
    axis = (np.arange(SIDE * FINE) + 0.5) / FINE - SIDE / 2
    x, y = np.meshgrid(axis, axis)
    light = sum(flux * part(x, y) for flux, part in parts)
    core = 0.5 * SEEING / np.sqrt(2 ** (1 / 3) - 1)
    reach = np.fft.fftfreq(SIDE * FINE, 1 / SIDE)
    stamp = (1 + np.add.outer(reach**2, reach**2) / core**2) ** -3.0
    seen = np.fft.irfft2(np.fft.rfft2(light) * np.fft.rfft2(stamp / stamp.sum()), s=light.shape)
    whole = seen.reshape(SIDE, FINE, SIDE, FINE).mean(axis=(1, 3))
    return whole + np.random.default_rng(seed).normal(0, noise, whole.shape)


def galaxy(x, y):
    return lensing.sersic(np, x, y, 3.0, 3.0, 0.8, 0.4)


def arcs(radius, offset):
    def light(x, y):
        lens = {"einstein_radius": radius, "axis_ratio": 0.8, "angle": 0.4}
        source_x, source_y = lensing.source_position(np, x, y, lens)
        return lensing.sersic(np, source_x - offset, source_y - 0.3, 1.0, 1.0, 0.8, 1.0)

    return light


def companion(x, y):
    return lensing.sersic(np, x - 6.0, y - 2.0, 1.8, 1.0, 0.6, 2.0)


def test_an_arc_and_its_counter_image_are_a_lens_of_the_radius_put_in():
    fit = lens_fit.compare(observed([(4000, galaxy), (500, arcs(6.0, 1.2))]), 1.0, SEEING)
    assert fit.delta_bic > 100
    assert fit.einstein_radius == pytest.approx(6.0, rel=0.06)
    assert fit.chi_square_lens < 1.3 * SIDE**2


def test_a_galaxy_with_a_companion_is_no_lens():
    fit = lens_fit.compare(observed([(4000, galaxy), (900, companion)], seed=1), 1.0, SEEING)
    assert fit.delta_bic < 0
    assert fit.chi_square_pair < 1.3 * SIDE**2


def test_a_galaxy_alone_gives_no_reason_for_a_lens():
    assert lens_fit.compare(observed([(4000, galaxy)], seed=2), 1.0, SEEING).delta_bic < 10


def test_masked_pixels_do_not_count_and_progress_is_told():
    light = observed([(4000, galaxy), (500, arcs(6.0, 1.2))])
    known = np.ones(light.shape, bool)
    light[:4], known[:4] = 1e4, False
    told = []
    fit = lens_fit.compare(light, 1.0, SEEING, known, told.append)
    assert fit.delta_bic > 100
    assert fit.pixels == light.size - 4 * SIDE
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)


@pytest.mark.parametrize("light", [np.zeros((20, 20)), np.full((20, 20), np.nan)])
def test_a_cut_out_without_light_is_refused(light):
    with pytest.raises(ValueError, match="light"):
        lens_fit.compare(light, 1.0, SEEING)
