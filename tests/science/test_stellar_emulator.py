"""The emulator: its polynomials against numpy's, its derivatives, and shifts along the grid."""

from __future__ import annotations

import numpy as np
import pytest
from toy_star import toy_emulator

from astrogui.science.stellar_emulator import (
    CHIPS,
    HIGH,
    LOW,
    OBSERVED,
    PIXELS,
    Emulator,
    brought_to_rest,
    emulator_from_arrays,
    moved,
    moved_slopes,
    pixel_shift,
    scaled,
    shift_velocity,
    unscaled,
)
from astrogui.training.stellar_source import packed


def bent_emulator(terms=90, seed=3):
    rng = np.random.default_rng(seed)
    exponents = rng.integers(0, 4, (terms, 5))
    strength = 10.0 ** -np.linspace(0, 3, terms)[:, None]
    return Emulator(
        exponents=exponents,
        coefficients=(strength * rng.normal(size=(terms, PIXELS))).astype(np.float32),
    )


def test_terms_are_products_of_numpys_chebyshev_polynomials():
    emulator = bent_emulator(terms=4)
    labels = unscaled(np.array([0.3, -0.7, 0.1, 0.9, -0.2]))
    tables = np.polynomial.chebyshev.chebvander(scaled(labels), 3)  # (labels, degrees)
    basis = [np.prod(tables[np.arange(5), row]) for row in emulator.exponents]
    expected = np.array(basis) @ emulator.coefficients
    np.testing.assert_allclose(emulator.flux(labels[None])[0], expected, rtol=2e-5, atol=1e-5)


def test_derivatives_are_finite_differences():
    emulator = bent_emulator()
    labels = unscaled(np.array([0.3, -0.6, 0.1, 0.8, -0.2]))
    flux, slopes = emulator.flux_and_gradient(labels)
    np.testing.assert_allclose(flux, emulator.flux(labels[None])[0], atol=1e-5)
    for label, step in enumerate(1e-3 * (HIGH - LOW)):
        moved_labels = np.stack([labels, labels])
        moved_labels[:, label] += [-step, step]
        below, above = emulator.flux(moved_labels).astype(np.float64)
        scale = np.abs(slopes[label]).max()
        np.testing.assert_allclose((above - below) / (2 * step), slopes[label], atol=3e-3 * scale)


def test_packing_to_small_numbers_costs_little():
    emulator = bent_emulator()
    again = emulator_from_arrays(packed(emulator))
    np.testing.assert_array_equal(again.exponents, emulator.exponents)
    step = np.abs(emulator.coefficients).max(axis=1)
    error = np.abs(again.coefficients - emulator.coefficients).max(axis=1)
    assert np.all(error[:64] < step[:64] / 6e4)
    assert np.all(error[64:] < step[64:] / 250)


def test_scaling_goes_there_and_back():
    labels = np.array([[4200.0, 4.98, 0.0, 0.5, 45.0]])
    np.testing.assert_allclose(unscaled(scaled(labels)), labels)
    assert scaled(LOW) == pytest.approx(-np.ones(5))


def test_a_velocity_is_a_shift_of_the_grid():
    pixels = pixel_shift(300.0)
    assert pixels == pytest.approx(72.4, abs=0.1)
    assert shift_velocity(pixels) == pytest.approx(300.0)
    wavelength = OBSERVED.centres_angstrom
    assert wavelength[1000] * (1 + 300 / 299792.458) == pytest.approx(
        10 ** (OBSERVED.first + OBSERVED.step * (1000 + pixels))
    )


@pytest.mark.parametrize("shift", [0.0, 0.4, -17.8, 63.25])
def test_a_moved_line_lies_where_its_velocity_puts_it(shift):
    first, last = CHIPS[1]
    begin = CHIPS[0][1] - CHIPS[0][0]
    rest = np.zeros(PIXELS)
    rest[begin : begin + last - first] = np.exp(-0.5 * ((np.arange(last - first) - 900) / 1.5) ** 2)
    places, pieces = moved(rest[None], shift)
    pixels = np.arange(places[1].start, places[1].stop)
    expected = np.exp(-0.5 * ((pixels - first - 900 - shift) / 1.5) ** 2)
    np.testing.assert_allclose(pieces[1][0], expected, atol=1e-3)


def test_slopes_by_the_shift_are_finite_differences():
    rest = np.asarray(toy_emulator().flux(np.array([[5000.0, 4.4, 0.0, 0.0, 9.0]])), np.float64)
    slopes = moved_slopes(rest, 12.3)
    (_, above), (_, below) = moved(rest, 12.3 + 1e-4), moved(rest, 12.3 - 1e-4)
    for slope, high, low in zip(slopes, above, below, strict=True):
        np.testing.assert_allclose(slope, (high - low) / 2e-4, atol=1e-6)


def test_bringing_to_rest_undoes_the_shift():
    smooth = np.sin(np.arange(OBSERVED.size) / 40)
    at_rest = brought_to_rest(smooth, 30.5)
    assert at_rest.shape == (PIXELS,)
    assert at_rest[0] == pytest.approx(np.sin((CHIPS[0][0] + 30.5) / 40), abs=1e-3)
