"""The strain that whole draws predict at each detector: amplitude, time, and their spread."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.detector_response import antenna, delay_s
from astrogui.science.sidereal import gmst_radians
from astrogui.science.waveform_band import Binaries, predicted_band
from astrogui.science.waveforms import phenom_d
from astrogui.science.waveforms_x import phenom_xas

RATE, START, MERGER = 2048.0, 1126259455.0, 1126259462.0
NOISE = 2e-23  # white, 1/sqrt(Hz)


def gain(frequency):
    """From strain to standard deviations of white noise."""
    return np.where(frequency > 18, np.sqrt(2 / RATE) / NOISE, 0.0)


def binaries(count=1, seed=3, **fixed) -> Binaries:
    random = np.random.default_rng(seed)
    spread = 0.0 if count == 1 else 1.0
    values = {
        "chirp_mass": 30 + 0.4 * spread * random.normal(size=count),
        "mass_ratio": 0.8 + 0.05 * spread * random.normal(size=count),
        "spin_1": np.zeros(count),
        "spin_2": np.zeros(count),
        "distance_mpc": 400 + 30 * spread * random.normal(size=count),
        "right_ascension": np.full(count, 1.9),
        "declination": np.full(count, -1.2),
        "inclination": np.full(count, 2.6),
        "polarisation": np.full(count, 0.4),
        "phase": np.full(count, 1.0),
        "gps": MERGER + 0.0003 * spread * random.normal(size=count),
    }
    return Binaries(**{**values, **{name: np.full(count, v) for name, v in fixed.items()}})


def quiet(seed=1):
    return np.random.default_rng(seed).normal(size=round(10 * RATE))


def test_the_merger_arrives_when_light_does():
    truth = binaries()
    turned = truth.right_ascension - gmst_radians(MERGER)
    for detector in ("H1", "L1", "V1"):
        band = predicted_band(quiet(), RATE, START, detector, gain, truth)
        delay = delay_s(detector, turned, truth.declination)[0]
        assert band.arrival_s == pytest.approx(MERGER + delay - START, abs=3e-7)  # GPS in 64 bits
        loudest = band.start_s + np.argmax(np.abs(band.median)) / RATE
        assert loudest == pytest.approx(band.arrival_s, abs=0.008)  # within a cycle


def test_the_waveform_is_the_one_that_is_asked_for():
    truth = binaries()
    band = predicted_band(quiet(), RATE, START, "H1", gain, truth, phenom_xas)
    loudest = band.start_s + np.argmax(np.abs(band.median)) / RATE
    assert loudest == pytest.approx(band.arrival_s, abs=0.003)  # peaks at its time zero
    other = predicted_band(quiet(), RATE, START, "H1", gain, truth)
    assert np.abs(band.median - other.median).max() > 0.2 * np.abs(band.median).max()


def test_the_loudness_is_that_of_antenna_distance_and_waveform():
    """The squared signal-to-noise ratio, 4 ∫ |h|² / S df, by another way."""
    truth = binaries(distance_mpc=250.0)
    band = predicted_band(quiet(), RATE, START, "L1", gain, truth)
    frequency = np.linspace(18, 1000, 20_000)
    amplitude, _ = phenom_d(frequency, *truth[:4])
    turned = truth.right_ascension - gmst_radians(MERGER)
    plus, cross = antenna("L1", turned, truth.declination, truth.polarisation)
    cosine = np.cos(truth.inclination)
    size = np.hypot(plus * (1 + cosine**2) / 2, cross * cosine)[0] / 250.0
    squared = 4 * np.trapezoid((amplitude[0] * size / NOISE) ** 2, frequency)
    assert np.sum(band.median**2) == pytest.approx(squared, rel=0.03)


def test_the_band_covers_the_strain_that_is_there():
    series = quiet()
    truth = predicted_band(series, RATE, START, "H1", gain, binaries())
    first = round(truth.start_s * RATE)
    series[first : first + truth.median.size] += truth.median
    band = predicted_band(series, RATE, START, "H1", gain, binaries(80))
    expected = np.sqrt(np.sum(truth.median**2))
    assert 0.75 * expected < band.snr < expected + 3
    shift = round((band.start_s - truth.start_s) * RATE)
    there = np.roll(truth.median, -shift)
    near = slice(round(5.9 * RATE), round(6.02 * RATE))
    inside = (band.low[near] <= there[near]) & (there[near] <= band.high[near])
    assert inside.mean() > 0.8
    assert band.draws == 80


def test_a_detector_without_data_there_is_refused():
    with pytest.raises(ValueError, match="no strain about the merger"):
        predicted_band(np.full(20_000, np.nan), RATE, START, "H1", gain, binaries())
