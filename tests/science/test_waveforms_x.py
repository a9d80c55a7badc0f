"""IMRPhenomXAS against two other implementations, and by its limits and symmetries."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from astrogui.science import binary_prior
from astrogui.science.design_curves import CURVES
from astrogui.science.waveform_x_fits import fitted
from astrogui.science.waveforms import phenom_d, total_mass
from astrogui.science.waveforms_x import CUT_MF, phenom_xas

FREQUENCY = np.arange(20.0, 1024.0, 0.5)
SOLAR_MASS_SECONDS = 4.925490947641267e-6
SPIN = binary_prior.LARGEST_SPIN
CORNERS = np.array(
    [(ratio, one, two) for ratio in (0.125, 0.5, 1.0) for one in (-SPIN, 0, SPIN)
     for two in (-SPIN, 0, SPIN)]
)  # fmt: skip


def binaries(count: int, seed: int) -> tuple[np.ndarray, ...]:
    """Over the whole prior, flat in mass ratio and spins."""
    rng = np.random.default_rng(seed)
    return (
        np.exp(rng.uniform(*np.log(binary_prior.CHIRP_MASS), count)),
        rng.uniform(*binary_prior.MASS_RATIO, count),
        rng.uniform(-SPIN, SPIN, count),
        rng.uniform(-SPIN, SPIN, count),
    )


def mismatch(one: np.ndarray, other: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(n,) largest over time shifts and phases, of spectra (n, k)."""
    norms = [np.sqrt(np.sum(weight * np.abs(wave) ** 2, axis=1)) for wave in (one, other)]
    overlap = np.fft.ifft(weight * one * other.conj(), 8 * one.shape[1], axis=1) * 8 * one.shape[1]
    return 1 - np.abs(overlap).max(axis=1) / (norms[0] * norms[1])


def strain(*parameters: np.ndarray) -> np.ndarray:
    amplitude, phase = phenom_xas(FREQUENCY, *parameters)
    return amplitude * np.exp(-1j * phase)


def test_waveforms_agree_with_ripple_over_the_prior():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        jax = pytest.importorskip("jax")
        pytest.importorskip("ripplegw")
        from ripplegw.waveforms.cbc.IMRPhenomX.IMRPhenomXAS import gen_IMRPhenomXAS

        mass, ratio, spin_1, spin_2 = binaries(300, 1)
        zero = np.zeros(300)
        rows = np.stack([mass, ratio / (1 + ratio) ** 2, spin_1, spin_2, zero + 1, zero, zero], 1)
        with jax.enable_x64(True):
            frequency = jax.numpy.asarray(FREQUENCY)
            each = jax.jit(jax.vmap(lambda row: gen_IMRPhenomXAS(frequency, row, 20.0)))
            other = np.asarray(each(jax.numpy.asarray(rows)))
    ours = strain(mass, ratio, spin_1, spin_2)
    noise = next(curve for curve in CURVES if "H1" in curve.detectors).asd(FREQUENCY)
    for weight in (np.ones(FREQUENCY.size), np.nan_to_num(1 / noise**2) * 1e-46):
        assert mismatch(ours, other, weight).max() < 1e-9
    # As large, and merging at the same time; ripple's tables are in single precision here.
    power = np.sum(np.abs(ours) ** 2, axis=1)
    assert np.sum(np.abs(other) ** 2, axis=1) == pytest.approx(power, rel=1e-6, abs=0)
    assert np.abs(np.sum(ours.conj() * other, axis=1)) == pytest.approx(power, rel=1e-6, abs=0)


LAL_BINARIES = np.array([  # chirp mass, mass ratio, spins
    [10.0, 0.25, 0.7, -0.3],
    [30.0, 0.9, 0.0, 0.0],
    [60.0, 0.5, -0.6, 0.8],
    [26.0, 0.125, 0.9, 0.5],
])  # fmt: skip
LAL_FREQUENCY = np.array([20.0, 40.0, 80.0, 120.0, 160.0, 240.0])
LAL_AMPLITUDE = np.array([
    [1.55227321368e-20, 6.73940869928e-21, 2.86651182413e-21, 1.71642137181e-21,
     1.19007554554e-21, 7.23670590558e-22],
    [3.6602365501e-20, 1.48714029149e-20, 6.15288621133e-21, 4.18200657577e-21, 3.40707521011e-21,
     2.48477425511e-21],
    [5.31469364834e-20, 2.09306480587e-20, 1.35265874479e-20, 3.10695683042e-21,
     1.57793969474e-22, 1.68911723273e-24],
    [3.3375826763e-20, 1.44704439103e-20, 6.36218470917e-21, 3.73438191294e-21, 3.01646531797e-21,
     7.57346478814e-22],
])  # fmt: skip
LAL_PHASE = np.array([
    [0.0, 1.67687370245, -2.95545333168, 0.903129656577, 0.877310751894, -0.521953324558],
    [0.0, 0.115884475118, 2.50193681997, -1.79026069541, -1.2435962869, -2.31201199381],
    [0.0, 0.369965658741, 1.98351522822, 0.0561679243498, -1.23624466436, -2.7395793635],
    [0.0, 0.638945336951, -0.758827443817, 1.38226365823, 0.293089216626, -1.48137158433],
])  # fmt: skip


def test_waveforms_have_the_values_of_lalsimulation():
    # hp of LALSimulation 6.2.1, IMRPhenomXAS, 1 Mpc, face on: modulus, and phase after 20 Hz.
    amplitude, phase = phenom_xas(LAL_FREQUENCY, *LAL_BINARIES.T)
    assert amplitude == pytest.approx(LAL_AMPLITUDE, rel=1e-9, abs=0)
    away = np.exp(1j * ((phase[:, :1] - phase) - LAL_PHASE))
    assert np.abs(away - 1).max() < 1e-8


def test_numpy_and_jax_give_the_same():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        jax = pytest.importorskip("jax")
        parameters = binaries(40, 2)
        with jax.enable_x64(True):
            given = [jax.numpy.asarray(value) for value in (FREQUENCY, *parameters)]
            made = jax.jit(lambda *rows: phenom_xas(*rows, jax.numpy))(*given)
            amplitude, phase = (np.asarray(value) for value in made)
    ours, our_phase = phenom_xas(FREQUENCY, *parameters)
    assert amplitude == pytest.approx(ours, rel=1e-8, abs=0)
    assert np.abs(phase - our_phase).max() < 1e-7


def test_amplitudes_are_positive_and_finite_at_the_corners_of_the_prior():
    ratio, spin_1, spin_2 = CORNERS.T
    mass = np.full(len(ratio), 30.0)
    frequency = np.linspace(5, 3000, 4000)
    amplitude, phase = phenom_xas(frequency, mass, ratio, spin_1, spin_2)
    mf = (total_mass(mass, ratio) * SOLAR_MASS_SECONDS)[:, None] * frequency
    assert np.isfinite(amplitude).all()
    assert np.isfinite(phase).all()
    assert np.all(amplitude[mf < 0.999 * CUT_MF] > 0)
    assert np.all(amplitude[mf > 1.001 * CUT_MF] == 0)


def test_equal_masses_do_not_mind_which_spin_is_whose():
    mass, _, spin_1, spin_2 = binaries(30, 3)
    here, there = (
        phenom_xas(FREQUENCY, mass, np.ones(30), *spins)
        for spins in ((spin_1, spin_2), (spin_2, spin_1))
    )
    assert here[0] == pytest.approx(there[0], rel=1e-9, abs=0)
    assert np.abs(here[1] - there[1]).max() < 1e-6


def test_the_wave_peaks_at_time_zero():
    rate, size = 8192, 4 * 8192
    frequency = np.fft.rfftfreq(size, 1 / rate)
    inside = frequency > 15
    mass, ratio = np.array([30.0, 20.0, 40.0]), np.array([0.8, 0.3, 1.0])
    spins = np.array([0.0, 0.5, -0.4]), np.array([0.0, -0.2, 0.3])
    amplitude, phase = phenom_xas(frequency[inside], mass, ratio, *spins)
    spectra = np.zeros((3, size), complex)
    spectra[:, : frequency.size][:, inside] = amplitude * np.exp(-1j * phase)
    late = np.argmax(np.abs(np.fft.ifft(spectra, axis=1)), axis=1)
    late_s = np.minimum(late, size - late) / rate
    assert np.all(late_s < 4 * total_mass(mass, ratio) * SOLAR_MASS_SECONDS)


def test_stretches_join_with_equal_value_and_slope():
    mf = np.linspace(0.01, 0.15, 20001)
    for row in np.array(binaries(20, 5)).T:
        total_s = total_mass(row[0], row[1]) * SOLAR_MASS_SECONDS
        amplitude, phase = phenom_xas(mf / total_s, *row[:, None])
        # A jump of the slope by 1 would be 7e-6 here, one of the value would stand as it is.
        assert np.abs(np.diff(np.log(amplitude[0]), 3)).max() < 1e-6
        assert np.abs(np.diff(phase[0], 3)).max() < 2e-6


def test_both_models_nearly_agree_on_equal_masses_without_spin():
    mass = np.array([15.0, 30.0, 60.0])
    rest = np.ones(3), np.zeros(3), np.zeros(3)
    amplitude, phase = phenom_d(FREQUENCY, mass, *rest)
    weight = 1 / CURVES[0].asd(FREQUENCY) ** 2 * 1e-46
    away = mismatch(amplitude * np.exp(-1j * phase), strain(mass, *rest), np.nan_to_num(weight))
    assert away.max() < 5e-3


def test_equal_black_holes_without_spin_leave_the_known_remnant():
    # Numerical relativity: a = 0.68646, radiated energy 0.04836 (Scheel et al. 2009).
    fits = fitted(np.ones(1), np.zeros(1), np.zeros(1))
    assert fits.values["final_spin"] == pytest.approx([0.6865], abs=0.002)
    kept = 1 - 0.04836
    # The quasi-normal mode of that remnant: 0.5267 and 0.0811 over 2 pi (Berti et al. 2009).
    assert fits.ringdown_mf == pytest.approx([0.5267 / (2 * np.pi) / kept], rel=3e-3)
    assert fits.damping_mf == pytest.approx([0.0811 / (2 * np.pi) / kept], rel=3e-3)
