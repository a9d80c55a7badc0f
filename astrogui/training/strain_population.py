"""Which mergers are simulated, where they stand, and what makes their weights.

Mergers that networks start on are flat in ln chirp mass and in ln signal-to-noise ratio: their
weights, prior over proposal, run over decades where the mass is known poorly. Those whose fits are
searched for cost ten times more; they are drawn nearly as the prior is, so that each counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science import binary_prior as prior
from astrogui.science.binary_fit import STRAIN_SCALE
from astrogui.science.detector_response import antenna, delay_s
from astrogui.science.multirate import FREQUENCY_HZ
from astrogui.science.waveforms import SOLAR_MASS_SECONDS, phenom_d

LOUDNESS = (5.0, 60.0)  # optimal signal-to-noise ratio of the network
SKIES = 16  # directions tried per event, one kept with probability as the volume it is seen in
SEARCHED_SKIES = 64  # the same of events that are searched for: their volume is known better
LARGEST_WEIGHT = 20.0  # over the mean of events alike
# Events are alike within these bounds of the observed loudness and chirp mass.
ALIKE_SNR = (5.5, 6.0, 6.5, 7.0, 8.0, 10.0, 14.0, 20.0, 30.0)
ALIKE_MASS = (10.0, 20.0, 40.0, 80.0)
# Of events that are searched for: the fall of their number with loudness, per logarithm, and by
# loudness the share that is flat in the logarithm of chirp mass.
STEEPNESS, STEEPNESS_OF_PRIOR = 1.0, 3.0
LOUD = (8.0, 60.0)  # signal-to-noise ratio of events that shall be loud
FLAT_SHARE = ((5.0, 0.15), (8.0, 0.15), (13.0, 0.4), (60.0, 0.4))
CANDIDATES = 48  # binaries of the prior, of which one is kept
SEEN = 0.083  # volume over the cube of the fit's loudness at 1 Mpc, about
DOUBT = ((6.5, 1.0), (9.0, 0.0))  # of the fitted mass, by observed loudness

Floats = NDArray[np.float64]
Binaries = tuple[Floats, Floats, Floats, Floats]  # chirp mass, mass ratio and both spins


class Kind(Enum):
    """Which mergers are drawn."""

    FLAT = "flat in the logarithms of chirp mass and loudness"
    NEAR_PRIOR = "nearly as the prior, light and loud ones more often"
    LOUD = "nearly as the prior, all loud"
    PRIOR = "as the prior"


class Drawn(NamedTuple):
    """Binaries of n events, their places and what makes their weights."""

    binary: Binaries
    loudness: Floats
    response: NDArray[np.complex128]  # (n, 2)
    delays: Floats  # (n, 2)
    volume: Floats  # (n,) in which such a binary is heard
    mean: Floats  # (n,) the same of the prior's binaries
    steepness: float = 0.0  # fall of their number with loudness, per logarithm


def flat(rng: np.random.Generator, gain: Floats, before_s: Floats) -> Drawn:
    """Events flat in the logarithms of chirp mass and loudness."""
    count = len(gain)
    mass = _log_uniform(rng, prior.CHIRP_MASS, count)
    binary = (mass, *_ratio_and_spins(rng, count))
    norm = np.sqrt(np.sum((gain * np.abs(waves(binary, before_s))[:, None, :]) ** 2, axis=2))
    response, delays, volume = skies(count, rng, norm)
    loudness = _log_uniform(rng, LOUDNESS, count)
    return Drawn(binary, loudness, response, delays, volume, np.ones(count))


def preferred(
    rng: np.random.Generator, gain: Floats, before_s: Floats, kind: Kind = Kind.NEAR_PRIOR
) -> Drawn:
    """Events nearer to the prior: it holds the more of a kind the farther they are heard.

    Of many binaries of the prior one is kept with a probability as its volume; some events are
    drawn flat in the logarithm of chirp mass instead, for without them light ones were rare; none
    where all shall be the prior's. Loudness falls, or where all shall be loud is flat in its
    logarithm.
    """
    count = len(gain)
    loud = kind is Kind.LOUD
    steepness = {Kind.LOUD: 0.0, Kind.PRIOR: STEEPNESS_OF_PRIOR}.get(kind, STEEPNESS)
    loudness = falling(rng, LOUD if loud else LOUDNESS, np.full(count, steepness))
    shape = (count, CANDIDATES + 1)
    mass = falling(rng, prior.CHIRP_MASS, np.full(shape, -2.0))
    mass[:, -1] = _log_uniform(rng, prior.CHIRP_MASS, count)
    many = (mass, *_ratio_and_spins(rng, shape))
    square = np.empty((*shape, 2))
    for event in range(count):
        mass, ratio, spin_1, spin_2 = (part[event] for part in many)
        power = np.abs(waves((mass, ratio, spin_1, spin_2), before_s[[event]])) ** 2
        square[event] = power @ (gain[event] ** 2).T
    responses, delays = _directions((count, SEARCHED_SKIES), rng)
    power = np.einsum("nsd,ncd->ncs", np.abs(responses) ** 2, square)
    volume = np.mean(power**1.5, axis=2)
    mean = volume[:, :-1].mean(axis=1)
    even = rng.uniform(size=count) < (0 if kind is Kind.PRIOR else flat_share(loudness))
    one = np.where(even, CANDIDATES, _chosen(rng, volume[:, :-1]))
    rows = np.arange(count)
    place = _chosen(rng, power[rows, one] ** 1.5)
    delay = delays[rows, place]
    mass, ratio, spin_1, spin_2 = (part[rows, one] for part in many)
    return Drawn(
        (mass, ratio, spin_1, spin_2),
        loudness,
        responses[rows, place],
        delay - delay.mean(axis=1, keepdims=True),
        volume[rows, one],
        mean,
        steepness,
    )


def weights_of_flat(drawn: Drawn, log_mass: Floats, heard: Floats, found: Floats) -> Floats:
    """ln weights (n,) of ``flat`` events, relative to such as have the fitted mass and loudness.

    ``heard`` is the logarithm of the fit's signal-to-noise ratio at 1 Mpc, ``found`` its own.
    """
    log_weight = 2 * (np.log(drawn.binary[0]) - log_mass)
    log_weight += np.log(drawn.volume) - 3 * heard + 3 * np.log(found / drawn.loudness)
    return np.asarray(log_weight)


def weights_of_prior(drawn: Drawn) -> Floats:
    """ln weights (n,) of ``Kind.PRIOR`` events: near nought.

    One is kept of few candidates, whose mean volume it makes larger the farther it is heard: so
    heavy ones are kept a little too seldom.
    """
    others = (CANDIDATES * drawn.mean - drawn.volume) / (CANDIDATES - 1)
    return np.asarray(np.log(drawn.mean / others))


def weights_of_preferred(drawn: Drawn, log_mass: Floats, heard: Floats, found: Floats) -> Floats:
    """The same of ``preferred`` events; where the fit may be noise's, relative to heavy ones."""
    like_it = log_worth(log_mass, SEEN * np.exp(3 * heard), drawn.mean, found)
    heavy = np.log(drawn.mean / (1 - flat_share(found)))
    doubt = np.interp(found, *np.array(DOUBT).T)
    log_weight = log_worth(np.log(drawn.binary[0]), drawn.volume, drawn.mean, drawn.loudness)
    log_weight += (3 - drawn.steepness) * np.log(found / drawn.loudness)
    return np.asarray(log_weight - (1 - doubt) * like_it - doubt * heavy)


def log_worth(log_mass: Floats, volume: Floats, mean: Floats, loudness: Floats) -> Floats:
    """ln of prior over proposal of binaries that are heard in a volume; ``mean`` of the prior's."""
    low, high = prior.CHIRP_MASS
    mass = np.clip(np.exp(log_mass), low, high)
    share = flat_share(loudness)
    rarer = (high**2 - low**2) / (2 * mass**2) / np.log(high / low)
    return np.asarray(-np.log((1 - share) / mean + share * rarer / volume))


def flat_share(loudness: Floats) -> Floats:
    return np.asarray(np.interp(loudness, *np.array(FLAT_SHARE).T))


def _ratio_and_spins(
    rng: np.random.Generator, shape: int | tuple[int, ...]
) -> tuple[Floats, Floats, Floats]:
    ratio = prior.ratio_from_normal(rng.normal(size=shape))
    spin_1, spin_2 = (prior.spin_from_normal(rng.normal(size=shape)) for _ in range(2))
    return ratio, spin_1, spin_2


def waves(binary: Binaries, before_s: Floats) -> NDArray[np.complex128]:
    """(n, k) of binaries (n,) at 1 Mpc, zero before the data begin."""
    amplitude, phase = phenom_d(FREQUENCY_HZ, *binary)
    wave = amplitude * STRAIN_SCALE * np.exp(-1j * phase)
    return np.where(time_left(binary[0]) < before_s[:, None], wave, 0)


def _chosen(rng: np.random.Generator, share: Floats) -> NDArray[np.intp]:
    """(n,) one of each row, with probabilities as the shares (n, k)."""
    below = np.cumsum(share, axis=1)
    return np.asarray((rng.uniform(size=(len(share), 1)) * below[:, -1:] > below).sum(axis=1))


def falling(rng: np.random.Generator, span: tuple[float, float], power: Floats) -> Floats:
    """Numbers whose density per logarithm falls as each its own power, or rises where negative."""
    low, high = span
    place = rng.uniform(size=power.shape)
    steep = np.where(power == 0, 1.0, power)
    ends = low**-steep, high**-steep
    flat = np.log(low) + place * np.log(high / low)
    return np.asarray(
        np.where(power == 0, np.exp(flat), (ends[0] + place * (ends[1] - ends[0])) ** (-1 / steep))
    )


def _log_uniform(rng: np.random.Generator, span: tuple[float, float], count: int) -> Floats:
    return np.asarray(np.exp(rng.uniform(np.log(span[0]), np.log(span[1]), count)))


def time_left(chirp_mass: Floats, frequency_hz: Floats = FREQUENCY_HZ) -> Floats:
    """Seconds to the merger at each frequency, (n, frequencies), to leading order.

    Source: Peters 1964, PR 136, B1224, eq. (5.14), for circular orbits.
    """
    mass_s = chirp_mass[:, None] * SOLAR_MASS_SECONDS
    return np.asarray(5 / 256 * mass_s * (np.pi * frequency_hz * mass_s) ** (-8 / 3))


def skies(
    count: int, rng: np.random.Generator, norm: Floats
) -> tuple[NDArray[np.complex128], Floats, Floats]:
    """Complex response and arrival delay of each detector, (n, 2), and the mean volume, (n,).

    Of several isotropic directions and orientations one is kept with a probability proportional
    to the volume in which such a source exceeds a given loudness. Delays are about their mean.
    """
    responses, delays = _directions((count, SKIES), rng)
    volume = np.sum(np.abs(responses * norm[:, None, :]) ** 2, axis=-1) ** 1.5
    chosen = _chosen(rng, volume)
    rows = np.arange(count)
    delay = delays[rows, chosen]
    return responses[rows, chosen], delay - delay.mean(axis=1, keepdims=True), volume.mean(axis=1)


def _directions(
    shape: tuple[int, int], rng: np.random.Generator
) -> tuple[NDArray[np.complex128], Floats]:
    """Complex response and arrival delay of each detector, (n, k, 2), isotropic."""
    longitude, polarisation = rng.uniform(0, 2 * np.pi, shape), rng.uniform(0, np.pi, shape)
    declination = np.arcsin(rng.uniform(-1, 1, shape))
    cosine, phase = rng.uniform(-1, 1, shape), rng.uniform(0, 2 * np.pi, shape)
    responses, delays = [], []
    for detector in ("H1", "L1"):
        plus, cross = antenna(detector, longitude, declination, polarisation)
        responses.append(plus * (1 + cosine**2) / 2 - 1j * cross * cosine)
        delays.append(delay_s(detector, longitude, declination))
    return np.stack(responses, axis=-1) * np.exp(1j * phase)[..., None], np.stack(delays, axis=-1)


def relative_weights(events: Mapping[str, np.ndarray]) -> Floats:
    """Weights (n,) over their mean among events that look alike, cut at ``LARGEST_WEIGHT``.

    A factor that depends on what is observed alone changes which events are frequent but, at
    given data, no posterior. Where noise hides the signal the true mass decides the prior's
    weight, not the fitted one: without such a factor few events would rule, and cutting theirs
    would change the prior.
    """
    found, mass = events["loudness"][:, 1], np.exp(events["scales"][:, 0])
    cell = np.digitize(found, ALIKE_SNR) * (len(ALIKE_MASS) + 1) + np.digitize(mass, ALIKE_MASS)
    weights = np.asarray(events["weights"], np.float64)
    mean = np.bincount(cell, weights) / np.maximum(np.bincount(cell), 1)
    return np.asarray(np.minimum(weights / mean[cell], LARGEST_WEIGHT))
