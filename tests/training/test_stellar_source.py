"""The compact emulator that is learned from a source, and what its errors cost."""

from __future__ import annotations

import numpy as np
import pytest
from toy_star import LABELS, toy_emulator

from astrogui.science.stellar_emulator import HIGH, LOW
from astrogui.training.stellar_source import (
    Source,
    departures,
    drawn_labels,
    learn_emulator,
    load_source,
)


class Bent:
    """The toy's spectra, a little bent by a label."""

    def flux(self, labels):
        flux = np.asarray(toy_emulator().flux(labels), np.float64)
        return (flux - 0.02 * ((labels[:, :1] - 5600) / 1400) ** 2).astype(np.float32)

    def flux_and_gradient(self, labels):
        return toy_emulator().flux_and_gradient(labels)


def test_a_polynomial_of_the_labels_is_learned_exactly():
    emulator = learn_emulator(Bent(), spectra=120, terms=15, seed=2)
    labels = drawn_labels(np.random.default_rng(5), 20)
    np.testing.assert_allclose(emulator.flux(labels), Bent().flux(labels), atol=2e-4)


def test_departures_are_the_shift_that_a_fit_would_make():
    """An emulator off by a label's own derivative: exactly that label is shifted."""
    source = toy_emulator()
    step = 1e-2 * (HIGH[2] - LOW[2])

    class Off:
        def flux(self, labels):
            moved = labels.copy()
            moved[:, 2] += step
            return source.flux(moved)

    covariance, figures = departures(source, Off(), 6, seed=1)
    np.testing.assert_allclose(figures["label_rms"][2], step, rtol=0.05)
    assert figures["label_rms"][0] < 0.05 * (HIGH[0] - LOW[0]) * 1e-2
    assert covariance.shape == (6, 6)


def test_the_sources_derivatives_are_finite_differences():
    rng = np.random.default_rng(6)
    source = Source(
        inner=rng.normal(size=(30, 5, 5)), inner_offset=rng.normal(size=(30, 5)),
        outer=rng.normal(size=(30, 5)), outer_offset=rng.normal(size=30), low=LOW, high=HIGH,
    )  # fmt: skip
    flux, slopes = source.flux_and_gradient(LABELS)
    np.testing.assert_allclose(flux, source.flux(LABELS[None])[0], rtol=1e-5, atol=1e-5)
    for label, step in enumerate(1e-5 * (HIGH - LOW)):
        ends = [LABELS.copy(), LABELS.copy()]
        ends[0][label] -= step
        ends[1][label] += step
        below, above = (source.flux_and_gradient(end)[0] for end in ends)
        np.testing.assert_allclose((above - below) / (2 * step), slopes[label], rtol=1e-3)


@pytest.mark.real_data
def test_the_fourth_label_moves_the_lines_of_magnesium(real_data):
    """The published file names no labels: the strongest response says which one it is."""
    source = load_source(real_data)
    with np.load(real_data / "spectra/apogee/apogee_wavelength.npz") as arrays:
        wavelength = arrays["wavelength"]
    _, slopes = source.flux_and_gradient(np.array([5200.0, 4.5, 0.0, 0.0, 8.0]))
    strongest = wavelength[np.argsort(-np.abs(slopes[3]))[:40]]
    magnesium = np.array([15745.0, 15753.3, 15770.1])  # vacuum
    near = np.abs(strongest[:, None] - magnesium).min(axis=1) < 2.5
    assert near.mean() > 0.4
    lines = np.argsort(-np.abs(slopes[2]))[:500]
    assert np.mean(slopes[2][lines] < 0) > 0.95  # more metal, deeper lines
