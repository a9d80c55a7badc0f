"""An emulator made of formulas: lines whose depths are linear in the labels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.records.spectrum import Spectrum
from astrogui.science import stellar_spectrum
from astrogui.science.stellar_emulator import (
    OBSERVED,
    PIXELS,
    Emulator,
    moved,
    pixel_shift,
)
from astrogui.tasks.task import Model
from astrogui.training.stellar_source import packed

LINES = 140
LABELS = np.array([5400.0, 4.5, -0.1, 0.1, 12.0])
DRAWS, WIDTH = 3, 8


@lru_cache(maxsize=1)
def toy_emulator() -> Emulator:
    rng = np.random.default_rng(12)
    pixels = np.arange(PIXELS)
    profiles = np.exp(
        -0.5 * ((pixels[:, None] - rng.uniform(0, PIXELS, LINES)) / rng.uniform(1.6, 3, LINES)) ** 2
    )
    depth = rng.uniform(0.05, 0.35, LINES)
    slopes = depth * rng.normal(0, 0.25, (5, LINES))
    rows = np.concatenate([1 - (profiles @ depth)[None], -(slopes @ profiles.T)])
    exponents = np.concatenate([np.zeros((1, 5), int), np.eye(5, dtype=int)])
    return Emulator(exponents=exponents, coefficients=rows.astype(np.float32))


def star(
    labels=LABELS, velocity=40.0, signal_to_noise=80.0, seed=1, scale=1.0, continuum=None, **changes
) -> Spectrum:
    """A spectrum on the emulator's own pixels."""
    rng = np.random.default_rng(seed)
    flux, ivar = np.zeros(OBSERVED.size), np.zeros(OBSERVED.size)
    rest = np.asarray(toy_emulator().flux(np.asarray(labels)[None]), np.float64)
    for place, chip in zip(*moved(rest, pixel_shift(velocity)), strict=True):
        flux[place] = chip[0]
        ivar[place] = signal_to_noise**2
    if continuum is not None:
        flux, ivar = flux * continuum, ivar / continuum**2
    known = ivar > 0
    flux[known] += rng.normal(size=int(known.sum())) / np.sqrt(ivar[known])
    values = {
        "wavelength_angstrom": OBSERVED.centres_angstrom,
        "flux": (flux * scale).astype(np.float32),
        "ivar": (ivar / scale**2).astype(np.float32),
        "mask": ~known,
        "flux_unit": "",
        "frame": "barycentric",
        "medium_in_file": "vacuum",
        **changes,
    }
    return Spectrum(**values)


def toy_model() -> Model:
    """A model folder's card and arrays around the toy emulator, without a network."""
    card = ModelCard(
        task="stellar",
        name="test",
        version="1",
        title="t",
        summary="s",
        network="stellar:regressor",
        network_config={"draws": DRAWS, "width": WIDTH},
        inputs=(ArraySpec(name="spectrum", shape=(stellar_spectrum.BINS, 2)),),
        outputs=(ArraySpec(name="answers", shape=(DRAWS, 27)),),
        calibration={"reduced_chi_square_limit": 1.5, "chi_square_excess_limit": 1.2},
        novelty={"threshold": 2.0},
    )
    assets = {
        **packed(toy_emulator()),
        "model_error": np.zeros((6, 6)),
        "novelty_mean": np.zeros(WIDTH + 4),
        "novelty_whitening": np.eye(WIDTH + 4),
    }
    return Model(card=card, assets=assets)
