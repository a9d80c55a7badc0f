"""Smoothed and binned spectra with the errors that go with them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

FWHM_PER_SIGMA = 2.0 * np.sqrt(2.0 * np.log(2.0))


def boxcar_kernel(samples: int) -> Floats:
    """A box of ``samples`` samples; an even number is widened by halves at both ends."""
    if samples % 2:
        return np.ones(samples)
    return np.concatenate([[0.5], np.ones(samples - 1), [0.5]])


def gaussian_kernel(fwhm_samples: float) -> Floats:
    """A Gaussian of a full width at half maximum in samples, out to four sigma."""
    sigma = max(fwhm_samples, 1e-3) / FWHM_PER_SIGMA
    reach = int(np.ceil(4 * sigma))
    return np.asarray(np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2))


def smoothed(flux: Array, ivar: Array, good: Mask, kernel: Floats) -> tuple[Floats, Floats]:
    """Mean (n,) under a kernel weighted by inverse variance, and its 1 sigma error (n,).

    sum k w f / sum k w over good samples, with variance sum k^2 w / (sum k w)^2 for independent
    samples. NaN at samples that are not good, which contribute nothing.
    """
    weight = np.where(good, ivar, 0.0).astype(np.float64)
    value = np.where(good, flux, 0.0).astype(np.float64)
    if kernel.size <= 1:
        total, first, second = weight, weight * value, weight
    else:
        total = _same(weight, kernel)
        first = _same(weight * value, kernel)
        second = _same(weight, kernel**2)
    known = good & (total > 0)
    safe = np.where(known, total, 1.0)
    mean = np.where(known, first / safe, np.nan)
    error = np.where(known, np.sqrt(np.maximum(second, 0.0)) / safe, np.nan)
    return mean, error


def binned(
    wavelength_angstrom: Array, flux: Array, ivar: Array, good: Mask, samples: int
) -> tuple[Floats, Floats, Floats, Mask]:
    """Wavelength, mean flux, inverse variance and good (m,) of bins of ``samples`` samples.

    The flux is weighted by inverse variance, the variance 1 / sum w; a bin stands at the mean
    wavelength of all its samples. The last bin holds what is left over. A bin without a good
    sample is not good and has zero inverse variance.
    """
    starts = np.arange(0, len(flux), max(samples, 1))
    count = np.diff(np.append(starts, len(flux)))
    weight = np.where(good, ivar, 0.0).astype(np.float64)
    total = np.add.reduceat(weight, starts)
    value = np.add.reduceat(weight * np.where(good, flux, 0.0), starts)
    middle = np.add.reduceat(np.asarray(wavelength_angstrom, np.float64), starts) / count
    known = total > 0
    return middle, np.where(known, value / np.where(known, total, 1.0), 0.0), total, known


def _same(values: Floats, kernel: Floats) -> Floats:
    """Convolution of the length of ``values``, whatever the length of the kernel."""
    reach = kernel.size // 2
    return np.convolve(values, kernel)[reach : reach + values.size]
