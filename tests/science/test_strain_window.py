"""The second about a merger: its place, its noise, what of a signal it keeps."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import strain_window


def test_noise_keeps_its_variance_in_the_band():
    noise = np.random.default_rng(1).standard_normal(100 * 2048)
    pieces = np.stack([strain_window.window(noise, 2048.0, at) for at in np.arange(2, 98, 2.0)])
    share = (strain_window.BAND_HZ[1] - strain_window.BAND_HZ[0]) / 512
    assert pieces.shape == (48, strain_window.LENGTH)
    assert pieces.var() == pytest.approx(share, rel=0.03)


@pytest.mark.parametrize("rate", [2048.0, 4096.0])
def test_a_signal_stands_where_it_was_with_the_same_power(rate):
    time = np.arange(round(8 * rate)) / rate - 5.0
    pulse = np.exp(-0.5 * (time / 0.01) ** 2) * np.cos(2 * np.pi * 150 * time)
    found = strain_window.window(pulse, rate, 5.0)
    place = strain_window.BEFORE_S * strain_window.RATE_HZ
    assert np.abs(found).argmax() == pytest.approx(place, abs=4)  # half a period
    assert np.sum(found**2) == pytest.approx(np.sum(pulse**2), rel=1e-3)


def test_what_lies_outside_the_band_is_gone():
    time = np.arange(16384) / 2048
    for frequency in (10.0, 480.0, 700.0):
        wave = np.sin(2 * np.pi * frequency * time)
        assert np.abs(strain_window.window(wave, 2048.0, 4.0)).max() < 0.05


def test_beyond_the_ends_there_is_nothing():
    found = strain_window.window(np.ones(4096) * np.sin(np.arange(4096) * 0.3), 2048.0, 1.9)
    assert np.isfinite(found).all()
    assert np.abs(found[-50:]).max() < 0.3 < np.abs(found).max()
