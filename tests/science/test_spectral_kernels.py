"""What is compiled of resampling gives what numpy gives."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from astrogui.science import redshift_scan, refinement, spectral
from astrogui.science.refinement_basis import FINE
from astrogui.science.spectral import LogGrid

pytest.importorskip("numba")

from astrogui.science import spectral_kernels

GRIDS = [
    LogGrid(first=3.6, step=2e-4, size=1500),  # wider than the samples
    LogGrid(first=3.55, step=1e-5, size=20000),  # many to a sample, beyond both its ends
    LogGrid(first=3.2, step=1e-3, size=300),  # begins far below
]


def a_spectrum(seed=1, size=2500):
    """Samples of uneven width with a gap, bad ones, and numbers that are none."""
    rng = np.random.default_rng(seed)
    wavelength = 3900 + np.cumsum(rng.uniform(0.5, 2.5, size))
    wavelength[900:] += 150
    flux = 2 + np.sin(wavelength / 150) + 0.1 * rng.normal(size=size)
    flux[1200:1210] *= 30  # a line that the floor follows
    ivar = rng.uniform(20, 200, size)
    flux[[5, 400]] = np.nan, np.inf
    ivar[rng.random(size) < 0.05] = 0
    return wavelength, flux, ivar, rng.random(size) > 0.05


@pytest.mark.parametrize("grid", GRIDS)
def test_a_grid_cuts_samples_where_it_does_without(grid):
    wavelength = a_spectrum()[0]
    ours, theirs = (spectral.cut(wavelength, grid, compiled) for compiled in (True, False))
    np.testing.assert_array_equal(ours.width, theirs.width)
    np.testing.assert_allclose(ours.cell + ours.part, theirs.cell + theirs.part, atol=1e-9)
    assert ours.cell.min() >= 0
    assert ours.cell.max() <= wavelength.size - 1


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_spectrum_is_resampled_as_it_is_without(grid, seed):
    given = a_spectrum(seed)
    ours = spectral.resample(*given, grid, compiled=True)
    for mine, plain in zip(ours, spectral.resample(*given, grid), strict=True):
        np.testing.assert_allclose(mine, plain, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_pixels_of_a_refinement_are_those_made_without(monkeypatch, seed):
    given = a_spectrum(seed)
    coarse = redshift_scan.scale(*given)
    made = []
    for compiled in (True, False):
        monkeypatch.setattr(refinement, "is_available", lambda compiled=compiled: compiled)
        made.append(refinement.pixels(*given, coarse))
    ours, theirs = made
    assert np.count_nonzero(ours.weight) > 0.4 * FINE.size
    np.testing.assert_allclose(ours.weight, theirs.weight, rtol=1e-5)
    np.testing.assert_allclose(ours.flux, theirs.flux, rtol=1e-5, atol=1e-7)
    assert ours.freedom == pytest.approx(theirs.freedom, rel=1e-9)


@pytest.mark.parametrize("size", [1, 2, 3, 8, 101])
def test_medians_are_those_of_numpy(size):
    rng = np.random.default_rng(size)
    for values in (rng.normal(size=300), rng.integers(0, 4, 300) * 1.0, np.arange(300.0)):
        starts = np.array([0, 7, 300 - size])
        counts = np.full(3, size)
        found = spectral_kernels.medians(values, starts, counts)
        expected = [np.median(values[start : start + size]) for start in starts]
        np.testing.assert_allclose(found, expected, rtol=1e-15)


def test_a_window_that_resamples_a_spectrum_compiles_nothing():
    code = (
        "import sys; import numpy as np; from astrogui.science import redshift_scan, spectral;"
        "w = np.arange(4000.0, 8000.0); one = np.ones(w.size);"
        "spectral.resample(w, one, one, one > 0, redshift_scan.OBSERVED);"
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
