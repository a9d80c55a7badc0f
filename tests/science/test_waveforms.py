"""The waveform model against another implementation, and by its scaling and limits."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from astrogui.science import remnant
from astrogui.science.waveform_models import MODELS
from astrogui.science.waveforms import component_masses, phenom_d, total_mass

FREQUENCY = np.arange(20.0, 1024.0, 0.5)


def binaries(count: int, seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return (
        np.exp(rng.uniform(np.log(6), np.log(150), count)),
        rng.uniform(1 / 8, 1, count),
        rng.uniform(-0.95, 0.95, count),
        rng.uniform(-0.95, 0.95, count),
    )


def test_waveforms_agree_with_ripple():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        jax = pytest.importorskip("jax")
        pytest.importorskip("ripplegw")
        from ripplegw.waveforms.cbc.IMRPhenomD.IMRPhenomD import gen_IMRPhenomD

        parameters = binaries(12, 1)
        amplitude, phase = phenom_d(FREQUENCY, *parameters)
        ours = amplitude * np.exp(-1j * phase)
        with jax.enable_x64(True):
            reference = jax.jit(lambda row: gen_IMRPhenomD(jax.numpy.asarray(FREQUENCY), row, 20.0))
            for wave, (mass, ratio, spin_1, spin_2) in zip(
                ours, zip(*parameters, strict=True), strict=True
            ):
                row = np.array([mass, ratio / (1 + ratio) ** 2, spin_1, spin_2, 1.0, 0.0, 0.0])
                other = np.nan_to_num(np.asarray(reference(jax.numpy.asarray(row))))
                wave = np.where(np.abs(other) > 0, wave, 0)
                overlap = abs(np.vdot(other, wave))
                norms = np.linalg.norm(other), np.linalg.norm(wave)
                assert 1 - overlap / (norms[0] * norms[1]) < 1e-6
                assert norms[1] == pytest.approx(norms[0], rel=1e-4)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_heavier_binary_is_the_same_wave_at_lower_frequency(model):
    mass, ratio, spin_1, spin_2 = binaries(20, 2)
    amplitude, phase = model(FREQUENCY, mass, ratio, spin_1, spin_2)
    scaled, moved = model(FREQUENCY / 2, 2 * mass, ratio, spin_1, spin_2)
    assert scaled == pytest.approx(4 * amplitude, rel=1e-9, abs=0)
    turn = (moved - phase) - (moved - phase)[:, :1]
    assert np.abs(turn).max() < 1e-6


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_inspiral_amplitude_falls_with_the_newtonian_power(model):
    low = np.array([1.0, 2.0])
    amplitude, _ = model(low, np.array([6.0]), np.array([1.0]), np.zeros(1), np.zeros(1))
    slope = np.log(amplitude[0, 1] / amplitude[0, 0]) / np.log(2)
    assert slope == pytest.approx(-7 / 6, abs=0.02)


def test_the_wave_peaks_at_time_zero():
    rate, size = 4096, 4 * 4096
    frequency = np.fft.rfftfreq(size, 1 / rate)
    wave = np.zeros(frequency.size, complex)
    inside = frequency > 15
    amplitude, phase = phenom_d(
        frequency[inside], np.array([30.0]), np.array([0.8]), np.zeros(1), np.zeros(1)
    )
    wave[inside] = amplitude[0] * np.exp(-1j * phase[0])
    analytic = np.fft.ifft(np.concatenate([wave, np.zeros(size - wave.size)]))
    late = np.argmax(np.abs(analytic))
    total_s = total_mass(30.0, 0.8) * 4.925e-6
    assert min(late, size - late) / rate < 20 * total_s


def test_stretches_join_with_equal_value_and_slope():
    fine = np.linspace(20, 400, 20001)
    amplitude, phase = phenom_d(fine, *(value[:1] for value in binaries(1, 3)))
    assert np.abs(np.diff(np.log(amplitude[0]))).max() < 3e-3
    bend = np.abs(np.diff(phase[0], 2))
    assert np.all(bend[1:] < 1.05 * bend[:-1] + 1e-5)


def test_masses_follow_from_chirp_mass_and_ratio():
    mass_1, mass_2 = component_masses(np.array([28.6]), np.array([30.6 / 35.6]))
    assert (mass_1 * mass_2) ** 0.6 / (mass_1 + mass_2) ** 0.2 == pytest.approx([28.6])
    assert mass_2 / mass_1 == pytest.approx([30.6 / 35.6])
    assert total_mass(28.6, 30.6 / 35.6) == pytest.approx(float(mass_1[0] + mass_2[0]))


def test_equal_black_holes_without_spin_leave_the_known_remnant():
    # Numerical relativity: a = 0.68646, radiated energy 0.04836 (Scheel et al. 2009).
    assert remnant.final_spin(1.0, 0.0, 0.0) == pytest.approx(0.6865, abs=0.002)
    assert remnant.radiated_energy(1.0, 0.0, 0.0) == pytest.approx(0.0484, abs=0.0005)
    assert remnant.final_mass(65.0, 1.0, 0.0, 0.0) == pytest.approx(61.85, abs=0.1)


def test_a_tiny_companion_leaves_the_spin_of_the_large_one():
    assert remnant.final_spin(1e-4, 0.6, -0.3) == pytest.approx(0.6, abs=0.002)


def test_ringdown_of_a_hole_without_spin():
    frequency, damping = remnant.ringdown(np.array([0.0]))
    assert frequency == pytest.approx([0.37367 / (2 * np.pi)], rel=1e-4)
    assert damping == pytest.approx([0.08896 / (2 * np.pi)], rel=1e-4)
