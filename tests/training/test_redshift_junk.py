"""Spectra of nothing, by kind, on the whole way of a file with the shipped model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astrogui.inference.backends.onnx import OnnxBackend
from astrogui.inference.model_folder import load_model
from astrogui.records.flags import Flag
from astrogui.records.spectrum import Spectrum
from astrogui.tasks.redshift import decode, prepare
from astrogui.tasks.redshift_answer import misplaced_ratio
from astrogui.tasks.redshift_refine import refine
from astrogui.tasks.task import Model
from astrogui.training.junk_spectra import junk, spoiled
from astrogui.training.redshift_measured import is_flagged
from astrogui.training.spectrum_noise import noise

FOLDER = Path(__file__).resolve().parents[2] / "models" / "redshift"
WAVELENGTH = 10 ** np.arange(3.58, 3.96, 1e-4)
SPECTRA = 6


@pytest.fixture(scope="module")
def loaded():
    return load_model(FOLDER, "redshift")


@pytest.fixture(scope="module")
def answer(loaded):
    model, network = Model(card=loaded.card, assets=loaded.assets), OnnxBackend(loaded, cpu=True)

    def answered(flux, ivar):
        spectrum = record(flux, ivar)
        prepared = prepare(spectrum, (None,), model, {})
        outputs = network.run({spec.name: prepared[spec.name] for spec in model.card.inputs})
        (first,) = decode(outputs, prepared, spectrum, (None,), model)
        return refine(spectrum, None, first, model, lambda part: None) or first

    return answered


def record(flux, ivar):
    return Spectrum(
        wavelength_angstrom=WAVELENGTH, flux=flux.astype(np.float32),
        ivar=ivar.astype(np.float32), mask=np.zeros(flux.size, bool), flux_unit="",
        frame="barycentric", medium_in_file="vacuum",
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["sky", "lamp", "noise", "row", "wander"])
def test_spectra_of_nothing_are_flagged(kind, answer, loaded):
    flagged = 0
    for seed in range(SPECTRA):
        rng = np.random.default_rng([seed, 12])
        flux, sigma = junk(rng, kind, WAVELENGTH)
        said = answer(flux + sigma * rng.normal(size=flux.size), sigma**-2)
        flagged += is_flagged(said, loaded.card.calibration)
    assert flagged >= SPECTRA - 1


def galaxy(seed, lines=1.0, signal_to_noise=12.0):
    """Flux and inverse variance of a galaxy with emission lines and the noise of a real night."""
    rng = np.random.default_rng([seed, 21])
    stretch = 1 + rng.uniform(0.05, 0.3)
    flux = (WAVELENGTH / 6000) ** -0.5
    for place, height in ((3728.5, 1.5), (4862.7, 0.8), (4960.3, 0.9), (5008.2, 2.7), (6564.6, 3)):
        offset = (WAVELENGTH / (place * stretch) - 1) * 299792.458
        flux = flux + lines * height * np.exp(-0.5 * (offset / 150.0) ** 2)
    sigma, residual = noise(rng, WAVELENGTH, flux, signal_to_noise)
    return flux + residual + sigma * rng.normal(size=flux.size), sigma**-2


def test_a_galaxy_is_not_flagged(answer, loaded):
    for seed in range(SPECTRA):
        said = answer(*galaxy(seed))
        assert not is_flagged(said, loaded.card.calibration)
        assert said.novelty < 1


def test_an_axis_read_backwards_is_told_by_its_noise_even_without_a_line(loaded, answer):
    model = Model(card=loaded.card, assets=loaded.assets)
    for seed in range(SPECTRA):
        flux, ivar = galaxy(seed, lines=0.0, signal_to_noise=4.0)
        assert misplaced_ratio(record(flux, ivar), model) == 0
        assert misplaced_ratio(record(flux[::-1], ivar[::-1]), model) > 1
        assert Flag.NOVEL in answer(flux[::-1], ivar[::-1]).flags


def test_wavelengths_on_another_scale_are_flagged(answer, loaded):
    flagged = 0
    for seed in range(SPECTRA):
        flux, ivar = galaxy(seed)
        rng = np.random.default_rng([seed, 22])
        mask = np.zeros(flux.size, bool)
        moved, flux, ivar, _ = spoiled(rng, "wrong scale", WAVELENGTH, flux, ivar, mask)
        flux, ivar = (np.interp(WAVELENGTH, moved, one) for one in (flux, ivar))
        flagged += is_flagged(answer(flux, ivar), loaded.card.calibration)
    assert flagged >= SPECTRA - 1
