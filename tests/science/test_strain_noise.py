"""Noise estimate, whitening and the multi-rate grid: white noise in, unit variance out."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.signal import welch

from astrogui.science import multirate, psd, whitening
from astrogui.science.waveforms import phenom_d

RATE = 2048.0


def coloured(seconds: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian noise with a steep low end, and its density on the FFT's frequencies."""
    size = int(seconds * RATE)
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    density = 1e-46 * ((30 / np.maximum(frequency, 8)) ** 8 + 1 + (frequency / 300) ** 2)
    rng = np.random.default_rng(seed)
    spectrum = rng.normal(size=frequency.size) + 1j * rng.normal(size=frequency.size)
    spectrum *= np.sqrt(density * size * RATE / 4)
    return np.fft.irfft(spectrum, size), density


def test_the_median_estimate_agrees_with_scipy():
    samples = np.random.default_rng(1).normal(size=int(32 * RATE))
    ours = psd.welch_median(samples, RATE, 4.0)
    frequency, theirs = welch(
        samples, RATE, nperseg=int(4 * RATE), average="median", detrend="constant"
    )
    assert ours.frequency_hz == pytest.approx(frequency)
    assert ours.density[2:-2] == pytest.approx(theirs[2:-2], rel=1e-6)


def test_white_noise_has_its_density():
    samples = 3.0 * np.random.default_rng(2).normal(size=int(64 * RATE))
    estimate = psd.smoothed(psd.welch_median(samples, RATE, 4.0))
    assert np.mean(estimate.density[40:-40]) == pytest.approx(9 * 2 / RATE, rel=0.03)
    assert np.std(estimate.density[40:-40]) < 0.2 * np.mean(estimate.density)


def test_a_line_survives_the_smoothing():
    size = int(32 * RATE)
    samples = np.random.default_rng(3).normal(size=size)
    samples += 3 * np.sin(2 * np.pi * 60 * np.arange(size) / RATE)
    raw = psd.welch_median(samples, RATE, 4.0)
    estimate = psd.smoothed(raw)
    line = np.argmin(np.abs(raw.frequency_hz - 60))
    assert estimate.density[line] == raw.density[line]
    assert estimate.density[line + 40] < 0.01 * estimate.density[line]


def test_segments_over_the_signal_are_left_out():
    samples = np.random.default_rng(4).normal(size=int(32 * RATE))
    samples[int(15 * RATE) : int(16 * RATE)] *= 100
    whole = psd.welch_median(samples, RATE, 4.0)
    beside = psd.welch_median(samples, RATE, 4.0, [(15.0, 16.0)])
    assert beside.segments < whole.segments
    assert np.median(beside.density) == pytest.approx(2 / RATE, rel=0.1)


def test_too_little_strain_gives_no_estimate():
    with pytest.raises(ValueError, match="too short"):
        psd.welch_median(np.zeros(int(1.2 * RATE)), RATE, 1.0)


def test_whitened_noise_has_unit_variance_on_the_grid():
    strain, _ = coloured(64.0, 5)
    series = whitening.conditioned(strain, RATE)
    estimate = psd.smoothed(psd.welch_median(series, RATE, 4.0))
    white = whitening.whiten(series, RATE, estimate)
    values = np.stack([multirate.project(white, RATE, t, (0,) * 6) for t in (20.0, 37.0, 54.0)])
    for band in range(len(multirate.BANDS)):
        part = values[:, band == multirate.BAND]
        error = 5 / np.sqrt(2 * part.size)
        assert np.mean(np.abs(part) ** 2) / 2 == pytest.approx(1.03, abs=0.05 + error)


def power_between(samples: np.ndarray, low_hz: float, high_hz: float) -> float:
    """Mean power per frequency of a whitened series over that of white noise."""
    spectrum = np.abs(np.fft.rfft(samples)) ** 2 / samples.size
    frequency = np.fft.rfftfreq(samples.size, 1 / RATE)
    return float(spectrum[(frequency >= low_hz) & (frequency < high_hz)].mean())


def test_lines_of_a_short_stretch_do_not_turn_down_their_neighbourhood():
    plain, levelled = [], []
    for seed in range(12):
        series = 1e21 * coloured(10.0, seed)[0]
        time_s = np.arange(series.size) / RATE
        for line_hz in (35.9, 36.7, 37.3, 60.0):
            series += 0.15 * np.cos(2 * np.pi * line_hz * time_s + seed)
        first = psd.smoothed(psd.welch_median(series, RATE, psd.segment_length_s(10.0)))
        for density, told in (
            (first, plain),
            (whitening.levelled(series, RATE, first), levelled),
        ):
            told.append(power_between(whitening.whiten(series, RATE, density), 35, 60))
    assert np.mean(plain) < 0.95
    assert np.mean(levelled) == pytest.approx(1.0, abs=0.025)


def test_a_glitch_and_what_is_left_out_do_not_change_the_level():
    series = 1e21 * coloured(20.0, 3)[0]
    first = psd.smoothed(psd.welch_median(series, RATE, 2.0))
    quiet = whitening.levelled(series, RATE, first).density
    series[int(9 * RATE) : int(9.4 * RATE)] *= 30
    spans = [(8.8, 9.6)]
    assert whitening.levelled(series, RATE, first, spans).density == pytest.approx(quiet, rel=0.35)
    glitched = whitening.levelled(series, RATE, first).density
    assert np.median(np.abs(np.log(glitched / quiet)[20:900])) < 0.1


def test_the_grid_holds_the_whole_signal():
    """A wave without noise, through whitening and projection, equals gain times the model."""
    size = int(32 * RATE)
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    _, density = coloured(32.0, 6)
    binary = [np.array([value]) for value in (9.7, 0.6, 0.1, 0.3)]
    wave = np.zeros(frequency.size, complex)
    inside = frequency > 12
    amplitude, phase = phenom_d(frequency[inside], *binary)
    merger = 20.123
    wave[inside] = amplitude[0] / 500 * np.exp(-1j * phase[0])
    wave *= np.exp(-2j * np.pi * frequency * merger)
    series = whitening.conditioned(np.fft.irfft(wave * RATE, size), RATE)
    known = psd.Psd(frequency, density * 1e42, 99)
    white = whitening.whiten(series, RATE, known)
    values = multirate.project(white, RATE, merger, multirate.thinning(merger))
    amplitude, phase = phenom_d(multirate.FREQUENCY_HZ, *binary)
    model = multirate.gain(known) * amplitude[0] * 1e21 / 500 * np.exp(-1j * phase[0])
    overlap = np.vdot(model, values).real
    assert overlap / np.linalg.norm(model) ** 2 == pytest.approx(1, abs=0.01)
    assert overlap / np.linalg.norm(model) / np.linalg.norm(values) > 0.995
    loudness = np.sqrt(np.sum(4 * np.abs(wave[inside]) ** 2 / density[inside]) * RATE / size)
    assert np.linalg.norm(model) == pytest.approx(loudness, rel=0.02)


def test_short_stretches_halve_the_long_windows():
    assert multirate.thinning(30.0) == (0, 0, 0, 0, 0, 0)
    assert multirate.thinning(3.9) == (2, 1, 0, 0, 0, 0)
    thinned = multirate.share((2, 1, 0, 0, 0, 0))
    first = multirate.BAND == 0
    assert np.count_nonzero(thinned[first]) == first.sum() / 4
    # The squared signal-to-noise ratio of a smooth signal is kept.
    assert np.sum(thinned[first] ** 2) == pytest.approx(first.sum())


def test_faster_sampling_is_brought_down_without_moving_the_signal():
    strain, _ = coloured(8.0, 7)
    fast = np.repeat(strain, 2) * 0
    time = np.arange(fast.size) / (2 * RATE)
    fast += 1e-21 * np.sin(2 * np.pi * 100 * time)
    slow = whitening.conditioned(fast, 2 * RATE)
    middle = slice(int(3 * RATE), int(5 * RATE))
    expected = np.sin(2 * np.pi * 100 * np.arange(slow.size) / RATE)
    assert slow[middle] == pytest.approx(expected[middle], abs=0.01)


def test_rates_without_a_simple_ratio_are_refused():
    with pytest.raises(ValueError, match="no simple ratio"):
        whitening.conditioned(np.zeros(30000), 3000.1234567)


def test_gaps_split_a_series():
    samples = np.ones(10)
    samples[3:5] = np.nan
    assert whitening.contiguous_stretches(samples) == [(0, 3), (5, 10)]
    assert whitening.contiguous_stretches(np.full(4, np.nan)) == []
    assert whitening.contiguous_stretches(np.zeros(0)) == []
    assert whitening.contiguous_stretches(np.ones(3)) == [(0, 3)]
    assert whitening.contiguous_stretches(np.array([np.nan, 1, np.inf])) == [(1, 2)]


def test_a_long_series_is_cut_into_stretches_within_three_bytes_a_sample():
    """Five copies of a mask of 4096 s took as long as the first look at the series."""
    samples = np.ones(1_000_000)
    samples[1000:1010] = np.nan
    tracemalloc.start()
    assert whitening.contiguous_stretches(samples) == [(0, 1000), (1010, samples.size)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * samples.size
