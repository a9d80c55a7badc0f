"""Answers of mergers beside published samples, and what an answer without any data scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astrogui.science import binary_draws, cosmology, heterodyne
from astrogui.science.binary_proposal import binaries_at, drawn_from_prior
from astrogui.science.design_curves import CURVES
from astrogui.science.detector_response import antenna
from astrogui.science.divergence import of_draws
from astrogui.training.recipe import Measures

Floats = NDArray[np.float64]
Samples = Mapping[str, Floats]

SAMPLES = Path("posteriors") / "posteriors_shared.hdf5"
COMPARED = ("chirp_mass_det", "mass_ratio")
# Columns of both masses in the files of 2-OGC and of GWTC-1.
SOURCE_FRAME = ("mass1", "mass2")
DETECTOR_FRAME = ("m1_detector_frame_Msun", "m2_detector_frame_Msun")
PRIOR_DRAWS = 20_000
SEED = 11  # of the prior's draws
BAND_HZ = np.arange(20.0, 1024.0, 2.0)
AT_ONCE = 2000  # waveforms


def beside_samples(folder: Path, event: str, draws: Samples) -> Measures:
    """By published set, the Jensen-Shannon divergence (nat) of ``COMPARED`` from draws (n,).

    The published samples are weighted to our prior where theirs is another. Empty where a folder
    has none of the event. Samples of one column have a spread of some 0.003 nat of their own.
    """
    figures: Measures = {}
    for source, samples, weights in _published(folder / SAMPLES, event):
        figures[source] = {
            "samples": len(weights),
            **{name: of_draws(draws[name], samples[name], weights) for name in COMPARED},
        }
    return figures


def has_samples(folder: Path, event: str) -> bool:
    """Whether the folder holds published samples of an event."""
    return any(True for _ in _published(folder / SAMPLES, event))


def _published(path: Path, event: str) -> Iterator[tuple[str, Samples, Floats]]:
    """Each set of samples of an event: its name, ``COMPARED`` and the weights to our prior."""
    import h5py

    if not path.is_file():
        return
    with h5py.File(path) as file:
        for source, groups in file.items():
            if event not in groups:
                continue
            columns = {name: column[()] for name, column in groups[event].items()}
            names = SOURCE_FRAME if SOURCE_FRAME[0] in columns else DETECTOR_FRAME
            masses = np.sort([np.asarray(columns[name], np.float64) for name in names], axis=0)
            light, heavy = masses
            weights = np.ones(len(heavy))
            if names is SOURCE_FRAME:
                chirp = np.asarray(columns["mchirp_det"], np.float64)
                weights = to_our_prior(np.asarray(columns["redshift"], np.float64))
            else:  # uniform in these masses and in luminosity volume, as here
                chirp = (heavy * light) ** 0.6 / (heavy + light) ** 0.2
            yield source, {"chirp_mass_det": chirp, "mass_ratio": light / heavy}, weights


def to_our_prior(redshift: Floats) -> Floats:
    """Weights (n,) of samples uniform in source-frame masses and comoving volume, mean 1.

    Ours is uniform in detector-frame masses and in the cube of the luminosity distance d_L. With
    the comoving distance d_C and the Hubble rate H(z), and d_L = (1 + z) d_C, the ratio of both
    densities is (1 + z)² d_L² (dd_L / dz) / (d_C² c / H) = (1 + z)⁴ (1 + z + d_C H / c).
    Distances: Hogg 1999, astro-ph/9905116, eqs. (15), (21) and (28).
    """
    comoving = cosmology.luminosity_distance_mpc(redshift) / (1 + redshift)
    stretch = np.sqrt(cosmology.MATTER * (1 + redshift) ** 3 + 1 - cosmology.MATTER)
    part = comoving * stretch * cosmology.HUBBLE_KM_S_MPC / cosmology.SPEED_OF_LIGHT_KM_S
    weights = (1 + redshift) ** 4 * (1 + redshift + part)
    return np.asarray(weights / weights.mean())


def prior_only(
    events: Sequence[tuple[float, Mapping[str, tuple[float, float, float]]]],
) -> Measures:
    """What the prior alone answers where only the loudness of each event is told.

    Of each event the network signal-to-noise ratio and, by quantity, the published median with
    the ends of its 90 % interval. The answer is the median of the prior's mergers as loud as that
    in two detectors of the Advanced LIGO design.
    """
    pairs = inside = 0
    for loudness, published in events:
        answer = medians_at(loudness)
        for name, (_, low, high) in published.items():
            pairs += 1
            inside += low <= answer[name] <= high
    return {"pairs": pairs, "inside_90": inside / pairs if pairs else None}


def medians_at(loudness: float) -> dict[str, float]:
    """By name the median of the prior's mergers that have a network signal-to-noise ratio."""
    draws, weights = _mergers()
    at = draws.copy()
    at[:, 4] /= loudness  # the distance at which each is as loud as that
    columns = zip(binary_draws.NAMES, binary_draws.derived(at).T, strict=True)
    return {name: _median(values, weights) for name, values in columns}


@lru_cache(maxsize=1)
def _mergers() -> tuple[Floats, Floats]:
    """Binaries of the prior (n, 5), the last column their loudness at 1 Mpc, and weights (n,).

    Uniform in volume, the prior holds the more of a kind the farther it is heard.
    """
    rng = np.random.default_rng(SEED)
    binaries = binaries_at(drawn_from_prior(PRIOR_DRAWS, rng))
    longitude, polarisation = rng.uniform(0, 2 * np.pi, (2, PRIOR_DRAWS))
    declination = np.arcsin(rng.uniform(-1, 1, PRIOR_DRAWS))
    inclined = rng.uniform(-1, 1, PRIOR_DRAWS)
    response = np.zeros(PRIOR_DRAWS)
    for name in ("H1", "L1"):
        plus, cross = antenna(name, longitude, declination, polarisation)
        response += (plus * 0.5 * (1 + inclined**2)) ** 2 + (cross * inclined) ** 2
    share = 4 * (BAND_HZ[1] - BAND_HZ[0]) / np.asarray(CURVES[0].asd(BAND_HZ)) ** 2
    power = np.concatenate([
        np.abs(heterodyne.waves(BAND_HZ, binaries.rows(slice(first, first + AT_ONCE)))) ** 2 @ share
        for first in range(0, PRIOR_DRAWS, AT_ONCE)
    ])  # fmt: skip
    heard = np.sqrt(power * response)
    return np.column_stack([*binaries, heard]), heard**3


def _median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, 0.5 * below[-1])])
