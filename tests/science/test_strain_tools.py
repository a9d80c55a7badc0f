"""What the strain view computes: filters without delay, Q transform, tracks, sound, comparison."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.chirp_track import chirp_track
from astrogui.science.coincidence import best_shift
from astrogui.science.design_curves import CURVES
from astrogui.science.psd import welch_median
from astrogui.science.q_transform import frequencies, loudest, planes, row
from astrogui.science.sound import PLAYED_RATE_HZ, audible
from astrogui.science.spectrogram import segment_for, spectrogram
from astrogui.science.waveform_band import waveform_band
from astrogui.science.waveforms import phenom_d
from astrogui.science.whitening import whitening_gain
from astrogui.science.zero_phase import band_pass, filtered, high_pass

RATE = 2048.0


def noise(seconds, seed=1, rate=RATE):
    return np.random.default_rng(seed).normal(size=round(seconds * rate))


def test_a_band_passes_its_inside_without_delay():
    time = np.arange(round(20 * RATE)) / RATE
    inside, outside = np.sin(2 * np.pi * 100 * time), np.sin(2 * np.pi * 20 * time)
    [made] = filtered(inside + outside, RATE, [band_pass(50, 300)])
    known = np.isfinite(made)
    assert np.max(np.abs(made[known] - inside[known])) < 0.02


def test_the_band_is_a_butterworth_filter_run_both_ways():
    from scipy.signal import butter, sosfreqz

    frequency = np.geomspace(5, 900, 200)
    low = butter(4, 50, "highpass", fs=16384, output="sos")
    high = butter(4, 300, "lowpass", fs=16384, output="sos")
    _, a = sosfreqz(low, frequency, fs=16384)
    _, b = sosfreqz(high, frequency, fs=16384)
    expected = np.abs(a) ** 2 * np.abs(b) ** 2
    assert band_pass(50, 300)(frequency) == pytest.approx(expected, abs=0.01)


def test_a_band_that_falls_is_refused():
    with pytest.raises(ValueError, match="rises"):
        band_pass(300, 50)


def test_blocks_join_without_a_seam():
    samples = noise(200)
    [made] = filtered(samples, RATE, [band_pass(30, 400)])
    spectrum = np.fft.rfft(samples)
    frequency = np.fft.rfftfreq(samples.size, 1 / RATE)
    whole = np.fft.irfft(spectrum * band_pass(30, 400)(frequency), samples.size)
    inner = slice(round(4 * RATE), round(196 * RATE))
    assert np.max(np.abs(made[inner] - whole[inner])) < 2e-3


def test_filters_stop_at_gaps_and_show_none_of_their_ends():
    samples = noise(40)
    samples[round(15 * RATE) : round(18 * RATE)] = np.nan
    [made] = filtered(samples, RATE, [band_pass(30, 400)], edge_s=0.5)
    known = np.flatnonzero(np.isfinite(made)) / RATE
    assert known[0] == pytest.approx(0.5, abs=0.01)
    assert not np.any((known > 14.51) & (known < 18.49))
    # What is beyond the gap has no influence on this side.
    other = samples.copy()
    other[round(18 * RATE) :] *= 1e6
    [again] = filtered(other, RATE, [band_pass(30, 400)], edge_s=0.5)
    assert np.array_equal(made[: round(14 * RATE)], again[: round(14 * RATE)], equal_nan=True)


def test_a_stretch_too_short_to_filter_is_left_out():
    [made] = filtered(noise(1), RATE, [high_pass])
    assert np.isnan(made).all()


def test_thinning_keeps_times_and_removes_what_would_alias():
    rate = 4096.0
    time = np.arange(round(20 * rate)) / rate
    kept, alias = np.sin(2 * np.pi * 200 * time), np.sin(2 * np.pi * 1900 * time)
    [made] = filtered(kept + alias, rate, [high_pass], factor=2)
    known = np.isfinite(made)
    assert np.max(np.abs(made[known] - kept[::2][known])) < 0.01


@pytest.mark.parametrize("first", [0, 1, 3])
def test_thinning_a_stretch_that_begins_anywhere_keeps_its_times(first):
    rate = 4096.0
    time = np.arange(round(12 * rate)) / rate
    samples = np.sin(2 * np.pi * 80 * time)
    samples[:first] = np.nan
    [made] = filtered(samples, rate, [high_pass], factor=4)
    known = np.isfinite(made)
    assert np.max(np.abs(made[known] - np.sin(2 * np.pi * 80 * time)[::4][known])) < 0.01


def test_the_q_transform_finds_a_burst_of_its_own_q():
    time = np.arange(round(8 * RATE)) / RATE
    q, f, t = 20.0, 200.0, 4.25
    width = q / (2 * np.pi * f)
    burst = 8 * np.exp(-(((time - t) / width) ** 2) / 2) * np.sin(2 * np.pi * f * (time - t))
    tile = loudest(np.fft.rfft(noise(8) + burst), 8.0, (3.5, 5.0), 20.0, 900.0)
    assert tile.time_s == pytest.approx(t, abs=0.02)
    assert tile.frequency_hz == pytest.approx(f, rel=0.15)
    assert 8 < tile.q < 60
    assert tile.energy > 50


def test_a_short_burst_asks_for_a_lower_q_than_a_long_one():
    time = np.arange(round(8 * RATE)) / RATE

    def chosen(width):
        burst = 20 * np.exp(-(((time - 4) / width) ** 2) / 2) * np.sin(2 * np.pi * 150 * time)
        return loudest(np.fft.rfft(noise(8) + burst), 8.0, (3.0, 5.0), 20.0, 900.0).q

    assert chosen(0.004) < chosen(0.1)


def test_energy_of_white_noise_is_exponential_of_mean_one():
    energy = row(np.fft.rfft(noise(64)), 64.0, 150.0, 8.0)
    assert energy.mean() == pytest.approx(1.0, rel=0.1)
    assert np.mean(energy > 3) == pytest.approx(np.exp(-3), rel=0.25)


def test_planes_and_tiles_lose_no_more_energy_than_said():
    chosen = planes((4, 64), 0.2)
    assert np.all(np.diff(np.log(chosen)) <= 2 * np.sqrt(2 * 0.2 / 3) + 1e-9)
    assert chosen[0] > 4
    assert chosen[-1] < 64
    rows = frequencies(10.0, 20.0, 500.0, 0.2)
    assert np.all(np.diff(np.log(rows)) * np.sqrt(2 + 100) / 2 <= 2 * np.sqrt(0.2 / 3) + 1e-9)


def test_the_spectrogram_of_white_noise_has_its_density():
    times = np.arange(2.0, 60.0, 1.0)
    made = spectrogram(noise(64), RATE, 1.0, times, np.geomspace(30, 800, 40))
    assert np.sqrt(np.mean(made**2)) == pytest.approx(np.sqrt(2 / RATE), rel=0.03)
    broken = noise(64)
    broken[round(30 * RATE)] = np.nan
    made = spectrogram(broken, RATE, 1.0, times, np.geomspace(30, 800, 40))
    assert np.flatnonzero(np.isnan(made).any(axis=0)).tolist() == [28]


def test_segments_are_powers_of_two_within_bounds():
    assert segment_for(0.5) == 1 / 16
    assert segment_for(4096) == 4.0
    assert segment_for(40) == 0.5


def test_the_early_track_is_newtonian_and_ends_at_the_merger():
    time, frequency = chirp_track(10.0, 1.0, 0.0, 20.0)
    mass = 10 * 4.925490947641267e-6
    newtonian = 5 / 256 * mass * (np.pi * mass * 20.0) ** (-8 / 3)
    assert -time[0] == pytest.approx(newtonian, rel=0.15)
    assert np.all(np.diff(time) >= 0)
    assert time[-1] > -0.01
    assert 300 < frequency[-1] < 1200


def test_a_remnant_below_the_range_has_no_track():
    assert chirp_track(900.0, 1.0, 0.0, 50.0)[0].size == 0


def white_event(draw, snr, seed=2):
    """Whitened noise with a whitened waveform of this signal-to-noise ratio at 7 s."""
    gain = _gain()
    size = round(10 * RATE)
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    inside = frequency > 18
    wave = np.zeros(frequency.size, complex)
    amplitude, phase = phenom_d(frequency[inside], *(np.array([value]) for value in draw))
    wave[inside] = amplitude[0] * np.exp(-1j * phase[0])
    wave *= gain(frequency) * np.exp(-2j * np.pi * frequency * 7.0)
    series = np.fft.irfft(wave, size)
    series *= snr / np.sqrt(np.sum(series**2))
    return noise(10, seed) + series, series


def _gain():
    estimate = welch_median(noise(64, 9) * 1e-21, RATE, 4.0)
    return lambda frequency: whitening_gain(frequency, RATE, estimate)


def test_the_band_of_waveforms_covers_the_one_that_is_there():
    truth = (28.0, 0.8, 0.1, 0.1)
    data, series = white_event(truth, 25.0)
    random = np.random.default_rng(5)
    draws = np.stack(
        [random.normal(28, 0.5, 60), random.uniform(0.6, 1, 60), random.normal(0.1, 0.05, 60)],
        axis=1,
    )
    band = waveform_band(data, RATE, 7.005, _gain(), draws)
    first = round(band.start_s * RATE)
    there = slice(round(6.9 * RATE) - first, round(7.0 * RATE) - first)
    expected = series[round(6.9 * RATE) : round(7.0 * RATE)]
    assert np.corrcoef(band.median[there], expected)[0, 1] > 0.97
    assert band.snr == pytest.approx(25, abs=3)
    assert band.arrival_s == pytest.approx(7.0, abs=0.003)
    assert np.all(band.low <= band.median)
    assert np.all(band.median <= band.high)


def test_a_waveform_without_data_is_refused():
    with pytest.raises(ValueError, match="no strain about the merger"):
        waveform_band(np.full(20_000, np.nan), RATE, 5.0, _gain(), np.array([[20.0, 1.0, 0.0]]))


@pytest.mark.parametrize(("shift", "sign"), [(0.0069, -1), (-0.004, 1)])
def test_the_shift_between_two_detectors_is_found(shift, sign):
    time = np.arange(round(2 * RATE)) / RATE

    def wave(at):
        return 10 * np.exp(-(((time - at) / 0.02) ** 2)) * np.sin(2 * np.pi * 120 * (time - at))

    one, other = wave(1.0) + noise(2, 3), sign * wave(1.0 - shift) + noise(2, 4)
    found = best_shift(one, other, RATE, 0.0100)
    assert found.shift_s == pytest.approx(shift, abs=3e-4)
    assert found.flip == (sign < 0)
    assert abs(found.correlation) > 0.2
    later = best_shift(one, other[100:], RATE, 0.0100, start_difference_s=100 / RATE)
    assert later.shift_s == pytest.approx(shift, abs=4e-4)


def test_detectors_without_data_cannot_be_compared():
    with pytest.raises(ValueError, match="no data"):
        best_shift(np.full(100, np.nan), np.ones(100), RATE, 0.01)


@pytest.mark.parametrize("shift_hz", [0.0, 400.0])
def test_sound_has_the_pitch_asked_for(shift_hz):
    time = np.arange(round(2 * RATE)) / RATE
    samples = np.sin(2 * np.pi * 150 * time)
    samples[:50] = np.nan
    made = audible(samples, RATE, shift_hz)
    spectrum = np.abs(np.fft.rfft(made.astype(float)))
    pitch = np.argmax(spectrum) / (made.size / PLAYED_RATE_HZ)
    assert pitch == pytest.approx(150 + shift_hz, abs=1)
    assert made.size == 2 * PLAYED_RATE_HZ
    assert 0.85 * 32767 < np.abs(made).max() < 32767


def test_silence_is_no_sound():
    with pytest.raises(ValueError, match="no strain to hear"):
        audible(np.full(4000, np.nan), RATE)


@pytest.mark.parametrize(
    ("curve", "published", "low", "high", "tolerance"),
    [(0, "aLIGO_ZERO_DET_high_P", 20, 2000, 0.03), (1, "AdV", 10, 250, 0.10)],
)
def test_design_curves_agree_with_the_published_tables(
    real_data, curve, published, low, high, tolerance
):
    import h5py

    with h5py.File(real_data / "strain" / "psds" / "asds.hdf5") as file:
        group = file[f"design/{published}"]
        frequency = np.asarray(group["frequency"][()], np.float64)
        table = np.asarray(group["asd"][()], np.float64)
    wanted = np.geomspace(low, high, 40)
    ratio = CURVES[curve].asd(wanted) / np.interp(wanted, frequency, table)
    assert np.abs(np.log(np.median(ratio))) < tolerance
    assert np.mean(np.abs(np.log(ratio)) < tolerance) > 0.9


def test_design_curves_stop_where_their_authors_do():
    ligo, _, einstein = CURVES
    assert np.isnan(ligo.asd(np.array([10.0, 5000.0]))).all()
    # Hild et al. 2011: about 3e-25 at 200 Hz, thirteen times better than Advanced LIGO.
    assert einstein.asd(np.array([200.0]))[0] == pytest.approx(3e-25, rel=0.3)
