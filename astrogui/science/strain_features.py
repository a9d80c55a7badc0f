"""The network's view of an event: the profile of best fits as 138 numbers of order one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science.binary_fit import RATIOS, STRAIN_SCALE, Data, Fit, chosen
from astrogui.science.binary_prior import ratio_density
from astrogui.science.multirate import FREQUENCY_HZ
from astrogui.science.waveforms import phenom_d

BLOCK_EDGES_HZ = (20, 24, 28, 32, 38, 46, 56, 70, 90, 120, 160, 220, 320, 900)
BLOCKS = len(BLOCK_EDGES_HZ) - 1
_BLOCK_STARTS = np.searchsorted(FREQUENCY_HZ, BLOCK_EDGES_HZ[:-1])
SIZE = 7 * 7 + 13 + 2 * 3 * BLOCKS
BLOCK_START = SIZE - 6 * BLOCKS  # where the misfits by frequency begin
DEEPEST = 12.0  # drops below the highest peak are cut here, in standard deviations

Floats = NDArray[np.float64]


class Summary(NamedTuple):
    """Features of n events, and the scales that the network's outputs are relative to."""

    features: NDArray[np.float32]  # (n, SIZE)
    log_chirp_mass: Floats  # (n,) rough posterior mean
    log_chirp_mass_sd: Floats  # (n,) rough posterior standard deviation
    log_distance: Floats  # (n,) of an overhead, face-on source as loud as this
    snr: Floats  # (n, 2) of the best fit
    residual: Floats  # (n, 2) mean squared misfit per degree of freedom, 1 for Gaussian noise
    best: NDArray[np.intp]  # (n,) index of the best mass ratio


def summarise(data: Data, fits: list[Fit]) -> Summary:
    """What the network is given, from the data of n events and their fits at ``RATIOS``."""
    power = np.stack([fit.power for fit in fits], axis=1)
    mass = np.stack([fit.log_chirp_mass for fit in fits], axis=1)
    spin = np.stack([fit.spin for fit in fits], axis=1)
    mass_sd, spin_sd, correlation = _spread(fits)
    weight = _evidence(power, mass_sd, spin_sd, correlation)
    mean, mean_sd = _mean(mass, mass_sd, weight)
    spin_mean, spin_mean_sd = _mean(spin, spin_sd, weight)
    ratio_mean, _ = _mean(np.broadcast_to(RATIOS, mass.shape), np.zeros_like(mass), weight)
    best = np.argmax(power, axis=1)
    fit = chosen(fits, best)
    drop = np.sqrt(np.maximum(power.max(axis=1, keepdims=True) - power, 0))
    per_node = [
        np.minimum(drop, DEEPEST) / 4 - 1,
        np.exp(-0.5 * drop**2),
        np.arcsinh((mass - mean[:, None]) / mean_sd[:, None]),
        2 * (spin - spin_mean[:, None]),
        np.log(mass_sd / mean_sd[:, None]) / 2,
        np.log(spin_sd) / 2,
        correlation,
    ]
    network = np.sqrt(np.sum(fit.snr**2, axis=1))
    norm = np.sqrt(np.sum(fit.norm**2, axis=1))
    whole = [
        mean - 3.5,
        np.log(mean_sd) + 3,
        2 * spin_mean,
        np.log(spin_mean_sd) + 1.5,
        3 * (ratio_mean - 0.6),
        np.log(network) - 2.5,
        *_between_detectors(fit, network, norm, data),
    ]
    blocks, residual = _blocks(data, fit, best)
    features = np.concatenate([*per_node, np.stack(whole, axis=1), blocks], axis=1)
    return Summary(
        features=np.clip(features, -8, 8).astype(np.float32),
        log_chirp_mass=mean,
        log_chirp_mass_sd=mean_sd,
        log_distance=np.log(norm / network),
        snr=fit.snr,
        residual=residual,
        best=best,
    )


def _spread(fits: list[Fit]) -> tuple[Floats, Floats, Floats]:
    """Standard deviations of ln chirp mass and spin, and their correlation, each (n, ratios)."""
    information = np.stack([fit.information for fit in fits], axis=1)
    a, b, c = information[..., 0, 0], information[..., 0, 1], information[..., 1, 1]
    determinant = np.maximum(a * c - b**2, 1e-6 * np.abs(a * c) + 1e-12)
    mass_sd = np.sqrt(np.abs(c) / determinant).clip(1e-5, 1)
    spin_sd = np.sqrt(np.abs(a) / determinant).clip(1e-3, 1)
    return mass_sd, spin_sd, np.clip(-b / np.sqrt(np.maximum(a * c, 1e-12)), -1, 1)


def _evidence(power: Floats, mass_sd: Floats, spin_sd: Floats, correlation: Floats) -> Floats:
    """Rough posterior probability of each mass ratio: Laplace's integral times the prior."""
    ratio = np.array(RATIOS)
    share = np.gradient(ratio) * ratio_density(ratio)
    volume = mass_sd * spin_sd * np.sqrt(np.maximum(1 - correlation**2, 1e-4))
    height = 0.5 * (power - power.max(axis=1, keepdims=True))
    weight = np.exp(np.maximum(height, -60)) * volume * share
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _mean(value: Floats, sd: Floats, weight: Floats) -> tuple[Floats, Floats]:
    mean = np.sum(weight * value, axis=1)
    variance = np.sum(weight * (sd**2 + (value - mean[:, None]) ** 2), axis=1)
    return mean, np.sqrt(np.maximum(variance, 1e-12))


def _between_detectors(fit: Fit, network: Floats, norm: Floats, data: Data) -> list[Floats]:
    """Loudness, sensitivity, phase and time of one detector against the other's."""
    present = np.any(data.gain > 0, axis=2)
    both = present.all(axis=1)
    turn = np.angle(fit.amplitude[:, 0] * fit.amplitude[:, 1].conj())
    late = np.where(both, fit.time_s[:, 0] - fit.time_s[:, 1], 0)
    return [
        fit.snr[:, 0] / network,
        fit.snr[:, 1] / network,
        fit.norm[:, 0] / norm,
        fit.norm[:, 1] / norm,
        np.where(both, np.cos(turn), 0),
        np.where(both, np.sin(turn), 0),
        np.clip(late / 0.01, -3, 3),
    ]


def _blocks(data: Data, fit: Fit, best: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """(n, 6 BLOCKS) residuals along the best fit and its share of power, by block of frequency;

    and (n, 2) the mean square of what the best fit leaves over, in units of the noise.
    """
    ratio = np.array(RATIOS)[best]
    amplitude, phase = phenom_d(FREQUENCY_HZ, np.exp(fit.log_chirp_mass), ratio, fit.spin, fit.spin)
    shape = amplitude * STRAIN_SCALE * np.exp(-1j * phase)
    turn = np.exp(-2j * np.pi * FREQUENCY_HZ * fit.time_s[..., None])
    signal = data.gain * shape[:, None, :] * turn * fit.amplitude[..., None]
    over = data.values - signal
    along = np.add.reduceat(signal.conj() * over, _BLOCK_STARTS, axis=2)
    power = np.add.reduceat(np.abs(signal) ** 2, _BLOCK_STARTS, axis=2)
    along = along / np.sqrt(np.maximum(power, 1e-6))
    share = np.sqrt(power / np.maximum(power.sum(axis=2, keepdims=True), 1e-12))
    # Where a block holds no signal its residual says nothing; let it fade.
    along = along * np.minimum(share / 0.1, 1)
    count = 2 * np.sum(data.gain > 0, axis=2)
    square = np.sum(np.where(data.gain > 0, np.abs(over) ** 2, 0), axis=2)
    parts = np.stack([along.real / 2, along.imag / 2, 2 * share], axis=2)
    return parts.reshape(len(best), -1), square / np.maximum(count - 5, 1)
