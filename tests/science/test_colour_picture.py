"""Pictures of any bands on one scale: sky at 0, noise at its level, white at 1, colours kept."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import colour_picture as pictures


def flat(*values):
    return np.array(values, np.float32)[None, :, None, None] * np.ones((1, 3, 4, 4), np.float32)


def test_the_noise_stands_at_its_level_and_a_bright_core_is_white():
    faint = pictures.picture_of_light(flat(1, 1, 1))
    assert faint == pytest.approx(pictures.NOISE_LEVEL, rel=0.01)
    assert pictures.picture_of_light(flat(1e5, 1e5, 1e5)).max() == 1
    assert pictures.picture_of_light(flat(-50, -50, -50)).min() == pytest.approx(
        -pictures.BLACK * pictures.NOISE_LEVEL
    )


def test_the_white_point_is_where_the_settings_put_it():
    steepness = pictures.BEND * pictures.NOISE_LEVEL
    white = np.sinh(pictures.BEND) / steepness  # asinh(k W) = bend
    just_below = pictures.picture_of_light(flat(*(0.98 * white,) * 3)).max()
    assert 0.98 < just_below < 1
    assert pictures.picture_of_light(flat(*(1.02 * white,) * 3)).max() == 1


def test_the_colour_is_kept_while_no_channel_is_white():
    for brightness in (0.5, 5, 20):
        colour = pictures.picture_of_light(flat(2 * brightness, brightness, 0.5 * brightness))
        assert colour[0, 0, 0, 0] / colour[0, 0, 0, 1] == pytest.approx(2, rel=1e-3)
        assert colour[0, 0, 0, 1] / colour[0, 0, 0, 2] == pytest.approx(2, rel=1e-3)


def test_a_balance_of_channels_scales_each_by_its_own():
    level = np.array([0.04, 0.02, 0.01]).reshape(1, 3, 1, 1)
    picture = pictures.picture_of_light(flat(1, 1, 1), level)
    assert picture[0, 0, 0] == pytest.approx([0.04, 0.02, 0.01], rel=0.02)


@pytest.mark.parametrize(
    ("bands", "red_green_blue"),
    [
        (["r"], [[0], [0], [0]]),
        (["g", "i"], [[1], [0, 1], [0]]),
        (["g", "r", "i"], [[2], [1], [0]]),
        (["g", "r", "z"], [[2], [1], [0]]),
        (["u", "g", "r", "i", "z"], [[3], [2], [1]]),
        (["g", "r", "i", "z"], [[2], [1], [0]]),
        (["u", "g", "r", "z"], [[3], [2], [1]]),
    ],
)
def test_channels_run_from_long_to_short_wavelength(bands, red_green_blue):
    assert pictures.channels(bands) == red_green_blue


def test_bands_are_divided_by_their_noise_and_an_absent_one_is_dark():
    light = np.ones((2, 3, 4, 4), np.float32)
    noise = np.array([[0.5, 1.0, 2.0], [0.5, 1.0, 0.0]])
    signal = pictures.signal_of_bands(light, noise, [[2], [1], [0]])
    assert signal[0, :, 0, 0] == pytest.approx([0.5, 1, 2])
    assert signal[1, :, 0, 0] == pytest.approx([0, 1, 2])
    mean = pictures.signal_of_bands(light, noise, [[1], [0, 1], [0]])
    assert mean[0, 1, 0, 0] == pytest.approx(3 / np.sqrt(2))


def test_a_published_picture_loses_its_sky_and_keeps_its_middle_and_size():
    rng = np.random.default_rng(1)
    colours = rng.normal(20, 4, (152, 140, 3))
    colours[60:92, 54:86] += [200, 100, 50]
    picture = pictures.picture_of_colours(np.clip(colours, 0, 255).astype(np.float32), 100, 64)
    assert picture.shape == (64, 64, 3)
    assert np.median(picture, axis=(0, 1)) == pytest.approx([0, 0, 0], abs=0.01)
    bright = picture[..., 0] > 0.4
    rows, columns = np.nonzero(bright)
    assert (rows.mean(), columns.mean()) == pytest.approx((31.5, 31.5), abs=0.5)
    assert bright.sum() == pytest.approx((32 * 0.64) ** 2, rel=0.1)
    assert picture[32, 32] == pytest.approx(np.array([200, 100, 50]) / 255, abs=0.03)


def test_a_grey_picture_is_three_times_the_same_and_an_empty_one_is_refused():
    grey = np.linspace(0, 255, 64 * 64, dtype=np.float32).reshape(64, 64)
    picture = pictures.picture_of_colours(grey, 64, 32)
    assert (picture[..., 0] == picture[..., 2]).all()
    with pytest.raises(ValueError, match="no pixel"):
        pictures.picture_of_colours(np.full((8, 8, 3), np.nan, np.float32), 8, 4)
