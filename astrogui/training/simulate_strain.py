"""Simulated mergers in detector noise, as the features that the `bbh` network is trained on.

Noise is Gaussian with measured and design spectra, tilted and scaled at random, with spectral
lines and with the scatter that an estimate from a short stretch has. It is drawn on the multi-rate
grid, where the real pipeline also ends up. No second of real strain is used.

An example's weight is prior / proposal (``strain_population``) times a factor of what is
*observed*: it changes which events are frequent but, at given data, no posterior.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science import binary_prior as prior
from astrogui.science import multirate, strain_event
from astrogui.science.binary_draws import stretched
from astrogui.science.binary_fit import (
    RATIOS,
    STRAIN_SCALE,
    Data,
    Fit,
    begin,
    outwards,
    profile_again,
    signal_weight,
    stacked,
)
from astrogui.science.matched_filter import Templates
from astrogui.science.multirate import FREQUENCY_HZ, WIDTH_HZ
from astrogui.science.psd import Psd, gamma_shape
from astrogui.science.strain_features import Summary, summarise
from astrogui.science.waveforms import phenom_d
from astrogui.training import strain_population as population
from astrogui.training.strain_population import Binaries, Kind

PSD_STEP_HZ = 0.25
PSD_GRID_HZ = np.arange(16.0, 912.0, PSD_STEP_HZ)
SEARCHED_AT_ONCE = 16  # events: more gain little and take memory
ONE_DETECTOR_SHARE = 0.12
SHORT_SHARE = 0.10

Floats = NDArray[np.float64]


class Examples(NamedTuple):
    """n simulated events."""

    features: NDArray[np.float32]  # (n, strain_features.SIZE)
    targets: NDArray[np.float32]  # (n, 5), see ``targets_of``
    weights: NDArray[np.float32]  # (n,)
    scales: Floats  # (n, 3): ln chirp mass, its spread, ln distance that targets are relative to
    truth: Floats  # (n, 5): chirp mass, mass ratio, spins, distance
    loudness: Floats  # (n, 4): optimal and found network signal-to-noise ratio, residual H1, L1


def targets_of(truth: Floats, summary: Summary) -> NDArray[np.float32]:
    """(n, 5) what the network's density is over: near a standard normal when nothing is known."""
    return np.stack(
        [
            stretched((np.log(truth[:, 0]) - summary.log_chirp_mass) / summary.log_chirp_mass_sd),
            prior.normal_from_ratio(truth[:, 1]),
            prior.normal_from_spin(truth[:, 2]),
            prior.normal_from_spin(truth[:, 3]),
            np.log(truth[:, 4]) - summary.log_distance,
        ],
        axis=1,
    ).astype(np.float32)


def simulate(
    count: int,
    rng: np.random.Generator,
    curves: list[Floats],
    bank: Templates | None = None,
    kind: Kind | None = None,
) -> Examples:
    """``count`` events; ``curves`` are log amplitude spectral densities on ``PSD_GRID_HZ``.

    With a bank the fits start from its templates, as they must for real strain: ten times slower.
    Without a ``kind`` they are then drawn nearly as the prior is, else flat in the logarithms.
    """
    kind = kind or (Kind.FLAT if bank is None else Kind.NEAR_PRIOR)
    gain, noise_sd, before_s = _noise(count, rng, curves)
    flat = kind is Kind.FLAT
    drawn = (
        population.flat(rng, gain, before_s)
        if flat
        else population.preferred(rng, gain, before_s, kind)
    )
    loudness, response = drawn.loudness, drawn.response
    wave = population.waves(drawn.binary, before_s)
    norm = np.sqrt(np.sum((gain * np.abs(wave)[:, None, :]) ** 2, axis=2))
    reach = np.sqrt(np.sum(np.abs(response * norm) ** 2, axis=1))
    distance = reach / loudness
    turn = np.exp(-2j * np.pi * FREQUENCY_HZ * drawn.delays[..., None])
    values = gain * wave[:, None, :] * turn * (response / distance[:, None])[..., None]
    values += noise_sd * (rng.normal(size=gain.shape) + 1j * rng.normal(size=gain.shape))
    data = Data(np.where(gain > 0, values, 0).astype(np.complex64), gain.astype(np.float32))
    fits = best_fits(data, drawn.binary) if bank is None else searched_fits(data, bank)
    summary = summarise(data, fits)
    truth = np.stack([*drawn.binary, distance], axis=1)
    found = np.sqrt(np.sum(summary.snr**2, axis=1))
    heard = summary.log_distance + np.log(found)  # of the fit, at 1 Mpc
    if kind is Kind.PRIOR:
        log_weight = population.weights_of_prior(drawn)
    else:
        weigh = population.weights_of_flat if flat else population.weights_of_preferred
        log_weight = weigh(drawn, summary.log_chirp_mass, heard, found)
    return Examples(
        features=summary.features,
        targets=targets_of(truth, summary),
        weights=np.exp(log_weight).astype(np.float32),
        scales=np.stack(
            [summary.log_chirp_mass, summary.log_chirp_mass_sd, summary.log_distance], axis=1
        ),
        truth=truth,
        loudness=np.concatenate([loudness[:, None], found[:, None], summary.residual], axis=1),
    )


def best_fits(data: Data, binary: Binaries) -> list[Fit]:
    """The profile of fits, with the best found from the simulated binary instead of a search.

    The walk that the features come from begins at the best fit, as it does for real strain: one
    that began at the truth would betray it.
    """
    mass, ratio, spin_1, spin_2 = binary
    amplitude, phase = phenom_d(FREQUENCY_HZ, *binary)
    eta = ratio / (1 + ratio) ** 2
    reduced = (spin_1 + ratio * spin_2) / (1 + ratio) - 38 * eta / 113 * (spin_1 + spin_2)
    start = np.abs(np.array(RATIOS) - ratio[:, None]).argmin(axis=1)
    first = begin(
        data,
        phase,
        signal_weight(data, amplitude),
        np.log(mass),
        np.clip(reduced / (1 - 76 * eta / 113), -0.9, 0.9),
        start,
    )
    return profile_again(data, outwards(data, first, start, 2))


def searched_fits(data: Data, bank: Templates) -> list[Fit]:
    """The profile of fits as ``strain_event`` makes it, a few events at once."""
    waves = strain_event.waves_of(bank)
    found = []
    for first in range(0, len(data.values), SEARCHED_AT_ONCE):
        part = slice(first, first + SEARCHED_AT_ONCE)
        found.append(strain_event.fits(Data(data.values[part], data.gain[part]), bank, waves))
    return [stacked(each) for each in zip(*found, strict=True)]


def noise_curves(folder: Path | None) -> list[Floats]:
    """Log amplitude spectral densities on ``PSD_GRID_HZ``: of the data folder, else our own.

    From ``psds/asds.hdf5`` all LIGO-like curves are taken; lines stay in.
    """
    analytic = [_analytic_curve(wall, knee) for wall in (9.0, 14.0, 20.0) for knee in (0.6, 1.2)]
    if folder is None or not (folder / "psds" / "asds.hdf5").exists():
        return analytic
    import h5py

    curves = list(analytic)
    with h5py.File(folder / "psds" / "asds.hdf5") as file:
        for group in ("design", "run", "event"):
            for name, stored in sorted(file[group].items()):
                if any(word in name for word in ("GEO", "KAGRA", "AdV", "V1")):
                    continue
                frequency, density = stored["frequency"][:], stored["asd"][:]
                curve = np.interp(PSD_GRID_HZ, frequency, np.log(density))
                # A curve that ends early goes on as shot noise, a late start as a wall.
                above = frequency[-1] < PSD_GRID_HZ
                curve[above] += np.log(PSD_GRID_HZ[above] / frequency[-1])
                below = frequency[0] > PSD_GRID_HZ
                curve[below] -= 5 * np.log(PSD_GRID_HZ[below] / frequency[0])
                curves.append(curve)
    return curves


def _analytic_curve(wall: float, knee: float) -> Floats:
    """Seismic wall, suspension and mirror thermal noise, shot noise: a schematic detector."""
    x = PSD_GRID_HZ / 100
    power = (
        (wall / PSD_GRID_HZ) ** 14 * 1e3
        + 0.3 * x**-4
        + 0.6 * x**-1
        + 0.6 * (1 + (x / 2 / knee) ** 2)
    )
    return np.asarray(np.log(5e-24) + 0.5 * np.log(power))


def _noise(
    count: int, rng: np.random.Generator, curves: list[Floats]
) -> tuple[Floats, Floats, Floats]:
    """Gain and standard deviation of noise (n, 2, 536), and seconds of data before each merger."""
    gain = np.empty((count, 2, multirate.SIZE))
    noise_sd = np.empty_like(gain)
    before_s = np.full(count, np.inf)
    for event in range(count):
        present = [True, True]
        if rng.random() < ONE_DETECTOR_SHARE:
            present[rng.integers(2)] = False
        halvings: tuple[int, ...] = (0,) * len(multirate.BANDS)
        if rng.random() < SHORT_SHARE:
            before_s[event] = rng.uniform(1.5, 15.0)
            halvings = multirate.thinning(before_s[event])
        share = multirate.share(halvings)
        segments = int(rng.choice([9, 11, 12, 12, 12, 13, 15, 25, 56]))
        step_hz = float(rng.choice([0.25, 0.25, 0.25, 0.5, 1.0]))
        for detector in range(2):
            if not present[detector]:
                gain[event, detector] = noise_sd[event, detector] = 0
                continue
            curve = varied(curves[rng.integers(len(curves))], rng)
            row, spread = _estimated(curve, segments, step_hz, rng)
            gain[event, detector] = row * share
            noise_sd[event, detector] = spread
    return gain, noise_sd, before_s


def varied(curve: Floats, rng: np.random.Generator) -> Floats:
    """A curve scaled, tilted, bent and given lines, all at random."""
    x = np.log(PSD_GRID_HZ / 100)
    result = curve + rng.normal(0, 0.3) + rng.normal(0, 0.25) * x + rng.normal(0, 0.1) * x**2
    for _ in range(rng.poisson(4)):
        centre, width = np.exp(rng.uniform(np.log(22), np.log(800))), rng.uniform(0.2, 1.0)
        line = rng.uniform(0, 3) - 0.5 * ((PSD_GRID_HZ - centre) / width) ** 2
        result = np.logaddexp(result, result + line)
    return np.asarray(result)


def _estimated(
    curve: Floats, segments: int, step_hz: float, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Gain by an estimate of the density, and what it leaves of the noise, each (536,).

    The estimate scatters as ``psd.smoothed`` does: a gamma variate, alike over about seven steps.
    """
    shape = 3.8 * gamma_shape(segments)
    coarse = np.arange(PSD_GRID_HZ[0], PSD_GRID_HZ[-1] + step_hz, step_hz)
    raw = np.convolve(rng.normal(size=coarse.size + 8), [1, 1.3, 1.3, 1.3, 1.3, 1.3, 1.3, 1.3, 1])
    deviate = raw[8 : 8 + coarse.size] / np.sqrt(2 + 7 * 1.3**2)
    # Wilson & Hilferty 1931: the cube root of a gamma variate is nearly normal.
    scatter = (1 - 1 / (9 * shape) + deviate / np.sqrt(9 * shape)) ** 3
    ratio = np.interp(PSD_GRID_HZ, coarse, scatter)
    density = np.exp(2 * curve) * STRAIN_SCALE**2
    gain = multirate.gain(Psd(PSD_GRID_HZ, density * ratio, segments))
    below = np.concatenate([[0], np.cumsum(1 / ratio)])
    places = (PSD_GRID_HZ[0] - PSD_STEP_HZ / 2) + PSD_STEP_HZ * np.arange(below.size)
    wide = np.maximum(WIDTH_HZ, PSD_STEP_HZ)
    high = np.interp(FREQUENCY_HZ + wide / 2, places, below)
    low = np.interp(FREQUENCY_HZ - wide / 2, places, below)
    return gain, np.sqrt((high - low) * PSD_STEP_HZ / wide)
