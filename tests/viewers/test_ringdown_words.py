"""The words above the ringdown's plots, without a view."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from astrogui.viewers.ringdown_products import Expected, Rung
from astrogui.viewers.ringdown_words import expected_words, fit_words

EXPECTED = Expected((240.0, 250.0, 260.0), (3.5, 4.0, 4.5), {})


def found(snr=20.0, share=0.4, mass=(60.0, 68.0, 75.0)):
    """A fit as far as the words look at it."""
    quantiles = np.array([[240.0, 250.0, 260.0], [0.0035, 0.004, 0.0045]])
    remnant = np.array([mass, (0.6, 0.7, 0.8)])
    return SimpleNamespace(
        snr=snr, quantiles=lambda shares: quantiles, remnant=lambda shares: remnant,
        share_at=lambda frequency_hz, damping_s: share,
    )  # fmt: skip


def test_a_fit_is_said_with_units_and_its_remnant():
    words = fit_words(Rung(0.003, found()), detectors=2)
    assert words.startswith("One mode from 3.0 ms after the peak (90 %): frequency 250")
    assert " ms, signal-to-noise ratio 20.0." in words
    assert "Of a Kerr black hole: mass 68" in words
    assert fit_words(None, detectors=2) == ""
    assert fit_words(Rung(0.0, words="the strain ends"), detectors=2) == "No fit: the strain ends."


def test_a_mode_no_louder_than_noise_has_no_remnant():
    words = fit_words(Rung(0.003, found(snr=1.0)), detectors=1)
    assert "once in twenty: no mode is heard." in words
    assert "Kerr" not in words


def test_a_mode_that_no_black_hole_rings_with_has_no_remnant():
    words = fit_words(Rung(0.003, found(mass=(np.nan, np.nan, np.nan))), detectors=1)
    assert words.endswith("signal-to-noise ratio 20.0.")


@pytest.mark.parametrize(
    ("rung", "said"),
    [
        (None, "4"),
        (Rung(0.0, words="too late"), "4"),
        (Rung(0.0, found(share=0.4)), "its median inside the 40 % region of the fit"),
        (Rung(0.0, found(share=0.999)), "its median outside 99 % of the fit"),
    ],
)
def test_what_is_expected_is_placed_in_the_fit(rung, said):
    words = expected_words(EXPECTED, rung)
    assert words.startswith("Expected: 250")
    assert words.endswith(".")
    assert said in words
    assert ("its median" in words) == ("its median" in said)
    assert expected_words(None, rung) == ""
