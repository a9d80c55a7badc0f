"""Strain of a merger simulated in the time domain, by another route than the training's."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from astrogui.records.strain import Network, Strain
from astrogui.science.detector_response import antenna, delay_s
from astrogui.science.strain_features import SIZE
from astrogui.science.waveforms import phenom_d

RATE = 4096.0
START = 1_262_304_000.0
MERGER = START + 17.3
BINARY = (30.0, 0.75, 0.1, 0.0)
NOISE = 1e-23  # per square root of Hz, flat above 40 Hz


def strain(
    detector: str = "H1",
    *,
    seed: int = 1,
    megaparsec: float | None = 900.0,
    seconds: float = 32.0,
    delay_s: float = 0.0,
    quality: int | None = 127,
    response: complex = 1.0,
) -> Strain:
    """Coloured Gaussian noise with a merger, or without (``megaparsec=None``).

    It is face-on above the detector, unless a ``response`` says otherwise.
    """
    size = int(seconds * RATE)
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    density = NOISE**2 * ((40 / np.maximum(frequency, 10)) ** 8 + 1)
    rng = np.random.default_rng([seed, ord(detector[0])])
    spectrum = rng.normal(size=frequency.size) + 1j * rng.normal(size=frequency.size)
    spectrum *= np.sqrt(density * size / RATE / 4)
    if megaparsec is not None:
        inside = frequency > 12
        amplitude, phase = phenom_d(frequency[inside], *(np.array([value]) for value in BINARY))
        late = MERGER - START + delay_s
        turn = phase[0] + 2 * np.pi * frequency[inside] * late
        spectrum[inside] += response * amplitude[0] / megaparsec * np.exp(-1j * turn)
    masks = None if quality is None else np.full(int(seconds), quality, np.uint32)
    return Strain(
        samples=np.fft.irfft(spectrum * RATE, size),
        gps_start=START,
        sample_rate_hz=RATE,
        detector=detector,
        quality=masks,
    )


def network(**changes) -> Network:
    return Network(strains=(strain("H1", **changes), strain("L1", delay_s=0.005, **changes)))


DIRECTION, POLARISATION, COS_INCLINATION = (0.9, 0.5), 0.4, 0.8  # longitude and declination


def placed_network(detectors: tuple[str, ...] = ("H1", "L1"), **changes) -> Network:
    """The merger from one place on the sky, at ``MERGER`` in the Earth's centre."""
    place = tuple(np.array(angle) for angle in DIRECTION)
    strains = []
    for name in detectors:
        plus, cross = antenna(name, *place, np.array(POLARISATION))
        response = plus * 0.5 * (1 + COS_INCLINATION**2) - 1j * cross * COS_INCLINATION
        delay = float(delay_s(name, *place))
        strains.append(strain(name, delay_s=delay, response=complex(response), **changes))
    return Network(strains=tuple(strains))


def model(draws: int = 400):
    """As much of a model as the task uses: a small bank, no novelty, two members."""
    masses = np.log(np.array([20.0, 25.0, 28.0, 30.0, 32.0, 36.0, 45.0]))
    bank = {
        "log_chirp_mass": masses,
        "ratio": np.full(masses.size, 0.7),
        "spin": np.zeros(masses.size),
    }
    assets = {
        f"{name}_{field}": value.astype(np.float32)
        for name in ("bank", "fit_bank")
        for field, value in bank.items()
    }
    assets["novelty_mean"] = np.zeros(SIZE + 2, np.float32)
    assets["novelty_whitening"] = np.eye(SIZE + 2, dtype=np.float32)
    card = SimpleNamespace(
        network_config={"draws": draws, "members": 2},
        calibration={"misfit_limit": 1.4},
        novelty={"threshold": 3.0},
    )
    return SimpleNamespace(card=card, assets=assets, seed=5)
