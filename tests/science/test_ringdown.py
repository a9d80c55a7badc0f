"""The damped sinusoid after a merger: injections are found where they are, as often as is said."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import ringdown
from astrogui.science.psd import Psd
from astrogui.science.ringdown import Piece, damped, fit, inverse_covariance, kerr, kerr_of, piece
from astrogui.science.waveforms_x import phenom_xas

RATE_HZ, COUNT = 1024.0, 64
FREQUENCY = np.linspace(0, RATE_HZ / 2, 1025)
NOISE = Psd(FREQUENCY, 1e-3 * (1 + (60 / np.maximum(FREQUENCY, 15)) ** 4), 50)
INVERSE = inverse_covariance(NOISE, RATE_HZ, COUNT)
TIME = np.arange(COUNT) / RATE_HZ


def injected(random, frequency, damping, snr, detectors=2):
    """Pieces with a mode of this signal-to-noise ratio, each detector with a phase of its own."""
    phases = random.uniform(0, 2 * np.pi, detectors)
    waves = [damped(TIME, frequency, damping, np.cos(p), np.sin(p)) for p in phases]
    loud = np.sqrt(sum(wave @ INVERSE @ wave for wave in waves))
    colour = np.linalg.cholesky(np.linalg.inv(INVERSE))
    noise = [colour @ random.normal(size=COUNT) for _ in waves]
    return [Piece(snr / loud * w + n, INVERSE, RATE_HZ) for w, n in zip(waves, noise, strict=True)]


def test_intervals_hold_the_truth_as_often_as_they_say():
    random = np.random.default_rng(11)
    inside = {0.5: np.zeros(2), 0.9: np.zeros(2)}
    for _ in range(100):
        truth = random.uniform((120, 0.002), (350, 0.008))
        found = fit(injected(random, *truth, snr=random.uniform(8, 14), detectors=1))
        for level, count in inside.items():
            ends = found.quantiles((0.5 - level / 2, 0.5 + level / 2))
            count += [low <= value <= high for value, (low, high) in zip(truth, ends, strict=True)]
    # Three standard deviations of a hundred tries.
    assert np.all(np.abs(inside[0.5] - 50) <= 15)
    assert np.all(np.abs(inside[0.9] - 90) <= 9)


def test_a_loud_mode_is_measured_well():
    found = fit(injected(np.random.default_rng(3), 250.0, 0.004, snr=60.0))
    frequency, damping = found.quantiles((0.05, 0.5, 0.95))
    assert frequency[1] == pytest.approx(250.0, abs=3.0)
    assert damping[1] == pytest.approx(0.004, rel=0.08)
    assert frequency[0] < 250.0 < frequency[2]
    assert found.snr == pytest.approx(60.0, abs=3.0)
    assert found.probability.sum() == pytest.approx(1.0)
    assert found.share_at(found.best[0], found.best[1]) < 0.01
    assert found.share_at(600.0, 0.02) == 1.0


def test_the_amplitude_and_phase_of_each_detector_come_back():
    wave = damped(TIME, 200.0, 0.005, 3.0, -1.0)
    pieces = [Piece(wave, INVERSE, RATE_HZ), Piece(-2 * wave, INVERSE, RATE_HZ)]
    amplitude = np.array([ringdown._amplitudes(each, 200.0, 0.005) for each in pieces])
    assert np.allclose(amplitude, [[3.0, -1.0], [-6.0, 2.0]])


def test_the_covariance_is_that_of_noise_with_the_density():
    """White noise of density S has variance S times half the rate, and no memory."""
    white = Psd(FREQUENCY, np.full(FREQUENCY.size, 2e-3), 50)
    inverse = inverse_covariance(white, RATE_HZ, 16)
    assert np.allclose(inverse, np.eye(16) / (2e-3 * RATE_HZ / 2), atol=1e-6)


def test_the_inverse_covariance_whitens_noise_of_its_density():
    random = np.random.default_rng(5)
    size = 1 << 17
    amplitude = np.sqrt(
        np.interp(np.fft.rfftfreq(size, 1 / RATE_HZ), FREQUENCY, NOISE.density) * RATE_HZ / 2
    )
    noise = np.fft.irfft(np.fft.rfft(random.normal(size=size)) * amplitude, size)
    blocks = noise.reshape(-1, COUNT)
    chi2 = np.einsum("ki,ij,kj->k", blocks, INVERSE, blocks)
    assert chi2.mean() == pytest.approx(COUNT, rel=0.02)


def test_modes_of_kerr_are_those_of_the_published_fit_and_back():
    """Berti, Cardoso & Will 2006, table VIII: M w = 1.5251 - 1.1568 (1 - j)^0.1292, and Q."""
    mass, spin = np.array([68.0, 68.0, 30.0]), np.array([0.0, 0.68, 0.9])
    frequency, damping = kerr(mass, spin)
    published = (1.5251 - 1.1568 * (1 - spin) ** 0.1292) / (2 * np.pi * mass * 4.925491e-6)
    quality = 0.7 + 1.4187 * (1 - spin) ** -0.499
    assert frequency == pytest.approx(published, rel=0.015)
    assert damping == pytest.approx(quality / (np.pi * published), rel=0.03)
    back = kerr_of(frequency, damping)
    assert back[0] == pytest.approx(mass, rel=1e-3)
    assert back[1] == pytest.approx(spin, abs=2e-3)
    assert np.isnan(kerr_of(np.array([250.0]), np.array([0.0005]))[0])


def test_the_remnant_of_a_loud_mode_is_the_one_that_rang():
    frequency, damping = (float(v) for v in kerr(np.array(70.0), np.array(0.7)))
    found = fit(injected(np.random.default_rng(8), frequency, damping, snr=50.0))
    mass, spin = found.remnant((0.05, 0.95))
    assert mass[0] < 70 < mass[1]
    assert spin[0] < 0.7 < spin[1]


def test_a_start_beyond_the_data_is_refused_in_words():
    with pytest.raises(ValueError, match=r"no 0\.1 s of strain"):
        piece(np.zeros(500), RATE_HZ, 0.45, NOISE)
    samples = np.zeros(500)
    samples[60] = np.nan
    with pytest.raises(ValueError, match=r"no 0\.1 s of strain"):
        piece(samples, RATE_HZ, 0.0, NOISE)


def test_a_mode_above_what_the_sample_rate_holds_is_refused_in_words():
    pieces = injected(np.random.default_rng(1), 200.0, 0.004, snr=20.0)
    with pytest.raises(ValueError, match="too low for a mode above 500 Hz"):
        fit(pieces, (500.0, 900.0))
    assert fit(pieces, (150.0, 300.0)).frequency_hz[0] >= 150.0


def test_the_strain_peaks_before_time_zero_of_the_model_by_a_dozen_masses():
    for chirp_mass in (10.0, 30.0, 60.0):
        total_s = chirp_mass * 2**1.2 * ringdown.SOLAR_MASS_SECONDS
        assert -20 < ringdown.peak_s(chirp_mass, 1.0, 0.0) / total_s < -8
        assert abs(ringdown.peak_s(chirp_mass, 1.0, 0.0, phenom_xas)) / total_s < 5
