"""The emulator that the simulations come from, and the compact one learned from its answers.

The source, five neurons a pixel, is data of others and stays in the data folder. What ships is a
polynomial of the labels that was fitted to its spectra; how far the two differ, and by how much
that moves fitted labels, is measured here and stated in the model card.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science import stellar_emulator as grid
from astrogui.science import stellar_fit
from astrogui.science.stellar_emulator import HIGH, LABELS, LOW, Emulator, unscaled
from astrogui.training.recipe import Arrays
from astrogui.training.templates import data_folder

Array = NDArray[np.float64]

SOURCE_FILE = "spectra/apogee/NN_normalized_spectra.npz"
DEGREE = 8
FINE_TERMS = 64  # the strongest, kept in 16 bits; the others in 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """Per pixel five logistic neurons over the labels: Teff, log g, [Fe/H], [Mg/Fe], broadening.

    Its files give no names; the order is that of the program that published it, and agrees with
    the ranges and with the lines that each label moves (the fourth those of magnesium).
    """

    inner: Array  # (pixels, 5, labels)
    inner_offset: Array  # (pixels, 5)
    outer: Array  # (pixels, 5)
    outer_offset: Array  # (pixels,)
    low: Array  # (labels,)
    high: Array

    def flux(self, labels: Array) -> NDArray[np.float32]:
        """Normalised flux (n, pixels) of labels (n, 5)."""
        rows = [self._neurons(row) for row in labels]
        return np.stack(
            [np.sum(fired * self.outer, axis=1) + self.outer_offset for fired in rows]
        ).astype(np.float32)

    def flux_and_gradient(self, labels: Array) -> tuple[Array, Array]:
        """Flux (pixels,) of one star, and its derivatives (5, pixels) by the labels."""
        fired = self._neurons(labels)
        flux = np.sum(fired * self.outer, axis=1) + self.outer_offset
        slopes = np.einsum("pi,pij->jp", fired * (1 - fired) * self.outer, self.inner)
        return flux, slopes / (self.high - self.low)[:, None]

    def _neurons(self, labels: Array) -> Array:
        place = (labels - self.low) / (self.high - self.low) - 0.5
        return np.asarray(1 / (1 + np.exp(-(self.inner @ place + self.inner_offset))))


def load_source(folder: Path | None = None) -> Source:
    """From the data folder; raises ``UsageProblem`` where there is none."""
    with np.load((folder or data_folder()) / SOURCE_FILE, allow_pickle=False) as arrays:
        return Source(
            inner=np.asarray(arrays["w_array_0"], np.float64),
            inner_offset=np.asarray(arrays["b_array_0"], np.float64),
            outer=np.asarray(arrays["w_array_1"], np.float64),
            outer_offset=np.asarray(arrays["b_array_1"], np.float64),
            low=np.asarray(arrays["x_min"], np.float64),
            high=np.asarray(arrays["x_max"], np.float64),
        )


def source_hash() -> dict[str, str]:
    """Name and SHA-256 of the file that the source was read from."""
    path = data_folder() / SOURCE_FILE
    return {SOURCE_FILE: hashlib.sha256(path.read_bytes()).hexdigest()}


def learn_emulator(source: Any, spectra: int, terms: int, seed: int) -> Emulator:
    """A polynomial of the labels through so many of the source's spectra.

    All terms of total degree ``DEGREE`` are fitted; the ``terms`` strongest are kept and fitted
    again. The labels are drawn denser towards the ends of their ranges, where polynomials err
    most.
    """
    places = _crowded_places(np.random.default_rng([seed, 51]), spectra)
    flux = source.flux(unscaled(places))
    every = _exponents(min(DEGREE, 2 if terms < 30 else DEGREE))
    strength = np.mean(_solved(every, places, flux) ** 2, axis=1)
    kept = every[np.argsort(-strength)[:terms]]
    return Emulator(exponents=kept, coefficients=_solved(kept, places, flux).astype(np.float32))


def packed(emulator: Emulator) -> Arrays:
    """The emulator as small whole numbers, for a model folder; terms must fall in strength."""
    values = emulator.coefficients
    fine, coarse = values[:FINE_TERMS], values[FINE_TERMS:]
    fine_step = np.abs(fine).max(axis=1) / 32767
    coarse_step = np.abs(coarse).max(axis=1) / 127
    return {
        "exponents": emulator.exponents.astype(np.int8),
        "coefficients_fine": np.round(fine / fine_step[:, None]).astype(np.int16),
        "coefficients_coarse": np.round(coarse / coarse_step[:, None]).astype(np.int8),
        "coefficient_step": np.concatenate([fine_step, coarse_step]).astype(np.float32),
    }


def departures(source: Any, emulator: Emulator, count: int, seed: int) -> tuple[Array, Arrays]:
    """How far the emulator is from the source: errors of flux, and of labels that it causes.

    Over labels drawn from the prior. Returns the covariance (6, 6) of the shifts of labels and
    velocity that a fit to a noise-free spectrum of the source would suffer (first order, equal
    weights), and the figures for the card.
    """
    labels = drawn_labels(np.random.default_rng([seed, 52]), count)
    errors, biases = [], []
    for row in labels:
        flux, slopes = source.flux_and_gradient(row)
        error = np.asarray(emulator.flux(row[None])[0], np.float64) - flux
        errors.append(error)
        biases.append(_bias(flux, slopes, error))
    error, bias = np.stack(errors), np.stack(biases)
    return bias.T @ bias / count, {
        "flux_rms": np.sqrt(np.mean(error**2)),
        "flux_99_percent": np.quantile(np.abs(error), 0.99),
        "flux_largest": np.abs(error).max(),
        "label_rms": np.sqrt(np.mean(bias**2, axis=0)),
    }


def drawn_labels(rng: np.random.Generator, count: int) -> Array:
    """Labels (count, 5) from the prior: uniform between the bounds, independent."""
    return np.asarray(rng.uniform(LOW, HIGH, (count, len(LABELS))))


def _bias(flux: Array, slopes: Array, error: Array) -> Array:
    """Shift (6,) of labels and velocity that fits an error of the flux, continuum free."""
    jacobian = np.concatenate([slopes, -np.gradient(flux)[None]])
    matrix, vector = np.zeros((6, 6)), np.zeros(6)
    begin = 0
    for first, last in grid.CHIPS:
        chip = slice(begin, begin + last - first)
        begin += last - first
        x = np.linspace(-1, 1, last - first)
        columns = np.polynomial.legendre.legvander(x, stellar_fit.CONTINUUM_TERMS - 1)
        axes, _ = np.linalg.qr(columns * flux[chip, None])
        part = jacobian[:, chip] - (jacobian[:, chip] @ axes) @ axes.T
        matrix += part @ part.T
        vector += part @ error[chip]
    return np.asarray(np.linalg.solve(matrix, vector))


def _crowded_places(rng: np.random.Generator, count: int) -> Array:
    """Scaled labels (count, 5): half uniform, half crowding at the ends, some on them."""
    places = rng.uniform(-1, 1, (count, len(LABELS)))
    places = np.where(rng.random(places.shape) < 0.5, np.sin(np.pi / 2 * places), places)
    return np.where(rng.random(places.shape) < 0.05, np.sign(places), places)


def _exponents(degree: int) -> NDArray[np.int64]:
    """All (terms, 5) whose sum is at most ``degree``."""
    cube = np.indices((degree + 1,) * len(LABELS)).reshape(len(LABELS), -1).T
    return np.asarray(cube[cube.sum(axis=1) <= degree], np.int64)


def _solved(exponents: NDArray[np.int64], places: Array, flux: NDArray[np.float32]) -> Array:
    """Least-squares coefficients (terms, pixels), faintly drawn to zero."""
    labels = unscaled(places)
    unit = Emulator(exponents=exponents, coefficients=np.eye(len(exponents), dtype=np.float32))
    basis = np.asarray(unit.flux(labels), np.float64)
    normal = basis.T @ basis + 1e-4 * np.eye(len(exponents))
    right = basis.astype(np.float32).T @ flux
    return np.asarray(np.linalg.solve(normal, right), np.float64)
