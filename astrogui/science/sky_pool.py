"""Places on the sky, orientations and arrival times that suit a merger's strain.

Drawn for a few reference binaries and then shared by all others, each of which keeps its own time
of arrival: what is shared is relative to it. Coordinates (n, 5): arrival at the first detector
after its centre (s), cosine of the angle to the line between the first two detectors, azimuth about
that line, polarisation, cosine of the inclination. An isotropic prior is uniform in all five, and
both detectors' times fix the first two, so draws spread along the ring that time alone cannot
resolve. Polarisation counts modulo 90 degrees: a quarter turn changes the phase alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science.detector_response import DETECTORS, SPEED_OF_LIGHT_M_S, delay_s, polarised
from astrogui.science.distance_marginal import DistanceCurve
from astrogui.science.heterodyne import Sums

TIME_PRIOR_S = 0.2  # the merger's time is uniform over so much
TEMPERS = (0.8, 0.4)  # powers of the likelihood that members follow: most, and a wide share
WIDE_SHARE = 0.15
DEFENSIVE_SHARE = 0.1  # of the first draws, anywhere
FINE_RATE_HZ = 16384.0
_PERIODS = np.array([np.inf, np.inf, 2 * np.pi, 0.5 * np.pi, np.inf])
PRIOR_DENSITY = 1 / (TIME_PRIOR_S * 2 * 2 * np.pi * 0.5 * np.pi * 2)

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]


class Geometry:
    """From coordinates to directions, responses and arrival times of the detectors used."""

    def __init__(self, detectors: tuple[str, ...], centre_gps: Floats, order: list[int]) -> None:
        self.detectors, self.centre_gps, self.first = detectors, centre_gps, order[0]
        positions = [np.asarray(DETECTORS[name].position_m) for name in detectors]
        self.second = order[1] if len(order) > 1 else None
        baseline = np.array([0.0, 0.0, 1.0])
        if self.second is not None:
            baseline = positions[self.second] - positions[self.first]
        self.light_s = float(np.linalg.norm(baseline)) / SPEED_OF_LIGHT_M_S
        axis = baseline / np.linalg.norm(baseline)
        side = np.cross(axis, [1.0, 0.0, 0.0] if abs(axis[0]) < 0.9 else [0.0, 1.0, 0.0])
        side /= np.linalg.norm(side)
        self._axes = np.stack([axis, side, np.cross(axis, side)])

    def cosine_of(self, first_s: Floats, second_s: Floats) -> Floats:
        """The second coordinate, from arrivals at the first two detectors."""
        assert self.second is not None
        apart = self.centre_gps[self.second] - self.centre_gps[self.first]
        return np.asarray(-(second_s - first_s + apart) / self.light_s)

    def direction(self, places: Floats) -> tuple[Floats, Floats]:
        """Earth-fixed longitude and declination (n,) in radians."""
        cosine, azimuth = places[:, 1], places[:, 2]
        sine = np.sqrt(np.maximum(1 - cosine**2, 0))
        parts = np.stack([cosine, sine * np.cos(azimuth), sine * np.sin(azimuth)], axis=1)
        x, y, z = (parts @ self._axes).T
        return np.arctan2(y, x), np.arcsin(np.clip(z, -1, 1))

    def seen(self, places: Floats) -> tuple[Complexes, Floats]:
        """Complex response to a face-on wave and arrival after the centre, each (n, d)."""
        longitude, declination = self.direction(places)
        turn, inclined = np.exp(-2j * places[:, 3]), places[:, 4]
        late = [delay_s(name, longitude, declination) for name in self.detectors]
        geocentre = self.centre_gps[self.first] - self.centre_gps + places[:, :1]
        responses = []
        for name in self.detectors:
            antenna = turn * polarised(name, longitude, declination)
            plus = antenna.real * 0.5 * (1 + inclined**2)
            responses.append(plus - 1j * antenna.imag * inclined)
        times = geocentre + np.stack(late, axis=1) - late[self.first][:, None]
        return np.stack(responses, axis=1), times


class Pool(NamedTuple):
    """Members that stand for the extrinsic posterior of the reference."""

    places: Floats  # (j, 5)
    response: Complexes  # (j, d)
    time_s: Floats  # (j, d) of a binary whose own lateness is zero
    log_density: Floats  # (j,) of the distribution they were drawn from over the prior's
    cell: NDArray[np.intp]  # (j,) which of the references each follows


class Reference:
    """Likelihood of places averaged over a few waveforms, whose output is kept over time.

    Between the steps of a fine grid it is taken as linear: members need a density to follow that is
    nearly right, and is the same wherever it is asked for.
    """

    def __init__(self, sums: Sums, norm: Floats, output: Complexes, curve: DistanceCurve) -> None:
        """``norm`` (r, d) and ``output`` (r, d, t) of r waveforms at the shifts of ``sums``."""
        from scipy.interpolate import CubicSpline

        # Turned back by the signal's mean frequency the series is smooth enough for a spline.
        self._mean_hz = float(np.sum(sums.square @ sums.knot_hz) / np.sum(sums.square))
        turned = output * np.exp(-2j * np.pi * self._mean_hz * sums.shift_s)
        self.limits = (float(sums.shift_s[0]), float(sums.shift_s[-1]))
        self.fine_s = np.arange(*self.limits, 1 / FINE_RATE_HZ)
        self._fine = CubicSpline(sums.shift_s, turned, axis=-1)(self.fine_s)
        self.norm, self._curve = norm, curve

    def loudness(self, detector: int) -> Floats:
        """(t,) half the squared signal-to-noise ratio on ``fine_s``, of the loudest waveform."""
        power = np.abs(self._fine[:, detector]) ** 2
        return np.asarray(
            np.max(0.5 * power / np.maximum(self.norm[:, detector, None], 1e-300), axis=0)
        )

    def log_likelihood(self, places: Floats, response: Complexes, time: Floats) -> Floats:
        """(n,) phase and distance integrated; minus infinity outside the prior or the grid.

        ``response`` and ``time`` (n, d) are how the places (n, 5) are seen.
        """
        total = np.zeros((len(self.norm), len(places)), complex)
        for detector in range(time.shape[1]):
            place = (time[:, detector] - self.limits[0]) * FINE_RATE_HZ
            cell = np.clip(place.astype(np.intp), 0, self.fine_s.size - 2)
            share = place - cell
            series = self._fine[:, detector]
            output = series[:, cell] * (1 - share) + series[:, cell + 1] * share
            turn = np.exp(2j * np.pi * self._mean_hz * time[:, detector])
            total += output * (turn * response[:, detector].conj())
        norm = np.maximum(self.norm @ (np.abs(response) ** 2).T, 1e-12)
        each = self._curve.log_likelihood(np.abs(total) / np.sqrt(norm), norm)
        top = each.max(axis=0)
        value = top + np.log(np.mean(np.exp(each - top), axis=0))
        inside = (np.abs(places[:, 1]) <= 1) & (np.abs(places[:, 4]) <= 1)
        inside &= ((time > self.limits[0]) & (time < self.limits[1])).all(axis=1)
        return np.where(inside, value, -np.inf)


def first_draws(
    geometry: Geometry, references: Sequence[Reference], count: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Coordinates (n, 5) drawn by the detectors' times, and ln of prior over proposal (n,)."""
    fine = references[0].fine_s
    width = fine[1] - fine[0]

    def density(detector: int) -> Floats:
        loudest = np.max([one.loudness(detector) for one in references], axis=0)
        return _tempered(loudest, width)

    densities = [density(geometry.first)]
    if geometry.second is not None:
        densities.append(density(geometry.second))
    jitter = rng.uniform(-0.5, 0.5, (count, 2)) * width
    cells = [rng.choice(fine.size, count, p=density * width) for density in densities]
    first_s = fine[cells[0]] + jitter[:, 0]
    cosine = rng.uniform(-1, 1, count)
    if geometry.second is not None:
        by_time = geometry.cosine_of(first_s, fine[cells[1]] + jitter[:, 1])
        anywhere = (rng.uniform(size=count) < DEFENSIVE_SHARE) | (np.abs(by_time) > 1)
        cosine = np.where(anywhere, cosine, by_time)
    places = np.stack(
        [
            first_s,
            cosine,
            rng.uniform(0, 2 * np.pi, count),
            rng.uniform(0, 0.5 * np.pi, count),
            rng.uniform(-1, 1, count),
        ],
        axis=1,
    )
    return places, _log_prior_ratio(geometry, fine, densities, places)


def _log_prior_ratio(
    geometry: Geometry, fine: Floats, densities: list[Floats], places: Floats
) -> Floats:
    """ln of the prior's density over that of ``first_draws``; azimuth and the rest cancel."""
    step = fine[1] - fine[0]

    def density(values: Floats, time_s: Floats) -> Floats:
        cell = np.rint((time_s - fine[0]) / step).astype(int)
        inside = (cell >= 0) & (cell < fine.size)
        return np.where(inside, values[np.clip(cell, 0, fine.size - 1)], 0.0)

    cosine = np.full(len(places), 0.5)
    if geometry.second is not None:
        apart = geometry.centre_gps[geometry.second] - geometry.centre_gps[geometry.first]
        second_s = places[:, 0] - apart - places[:, 1] * geometry.light_s
        by_time = density(densities[1], second_s) * geometry.light_s
        outside = 1 - _share_inside(geometry, fine, densities[1], places[:, 0])
        share = DEFENSIVE_SHARE + (1 - DEFENSIVE_SHARE) * outside
        cosine = share * 0.5 + (1 - DEFENSIVE_SHARE) * by_time
    return np.asarray(-np.log(TIME_PRIOR_S * 2 * cosine * density(densities[0], places[:, 0])))


def _share_inside(geometry: Geometry, fine: Floats, density: Floats, first_s: Floats) -> Floats:
    """Probability that the second time is within light travel of the first."""
    assert geometry.second is not None
    step = fine[1] - fine[0]
    edges = np.concatenate([fine - 0.5 * step, [fine[-1] + 0.5 * step]])
    below = np.concatenate([[0.0], np.cumsum(density * step)])
    apart = geometry.centre_gps[geometry.second] - geometry.centre_gps[geometry.first]
    middle = first_s - apart
    high = np.interp(middle + geometry.light_s, edges, below)
    return np.asarray(high - np.interp(middle - geometry.light_s, edges, below))


def _tempered(loudness: Floats, width: float) -> Floats:
    """Density over the grid: the likelihood's root, and a uniform share."""
    density = np.exp(0.6 * (loudness - loudness.max()))
    density /= density.sum() * width
    uniform = 1 / (loudness.size * width)
    return (1 - DEFENSIVE_SHARE) * density + DEFENSIVE_SHARE * uniform


class _First(NamedTuple):
    """Draws that all references share, and how they are seen."""

    places: Floats  # (n, 5)
    prior_ratio: Floats  # (n,) ln of the prior's density over that of the draws
    seen: tuple[Complexes, Floats] = (np.zeros((0, 0), complex), np.zeros((0, 0)))


def pool(
    geometry: Geometry,
    references: Sequence[Reference],
    members: Sequence[int],
    draws: int,
    steps: int,
    rng: np.random.Generator,
    told: Callable[[float], None] = lambda _: None,
) -> Pool:
    """So many members for each reference, that follow its tempered likelihood.

    First draws are weighted and chosen from; chosen ones are often the same, so a Markov chain
    over all of them at once (differential evolution, turns about the rings) parts them again.
    All references share the first draws, so that errors of their normalisations are alike.
    """
    first = _First(*first_draws(geometry, references, draws, rng))
    first = first._replace(seen=geometry.seen(first.places))
    parts = []
    for number, (reference, count) in enumerate(zip(references, members, strict=True)):
        told(number / len(references))
        parts.append(_followers(geometry, reference, first, count, steps, rng))
    here = np.concatenate([part[0] for part in parts])
    response, time = geometry.seen(here)
    density = np.concatenate([part[1] for part in parts])
    return Pool(here, response, time, density, np.repeat(np.arange(len(references)), members))


def _followers(
    geometry: Geometry,
    reference: Reference,
    first: _First,
    members: int,
    steps: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Members (j, 5) of one reference chosen from first draws and moved, and their ln density."""
    likelihood = reference.log_likelihood(first.places, *first.seen)
    most, wide = TEMPERS
    log_parts = [_log_mean(first.prior_ratio + power * likelihood) for power in (most, wide)]
    level = np.log(WIDE_SHARE / (1 - WIDE_SHARE)) + log_parts[0] - log_parts[1]
    log_mass = log_parts[0] - np.log1p(-WIDE_SHARE)

    def target(values: Floats) -> Floats:
        return np.logaddexp(most * values, level + wide * values)

    weight = first.prior_ratio + target(likelihood)
    weight = np.exp(weight - weight.max())
    chosen = rng.choice(len(weight), members, p=weight / weight.sum())
    here = first.places[chosen]
    height = target(likelihood[chosen])
    for _ in range(steps):
        halves = np.array_split(rng.permutation(members), 2)
        for moving, other in (halves, halves[::-1]):
            tried = moved(here[moving], here[other], rng)
            new = target(reference.log_likelihood(tried, *geometry.seen(tried)))
            taken = np.log(rng.uniform(size=moving.size)) < new - height[moving]
            here[moving[taken]] = tried[taken]
            height[moving[taken]] = new[taken]
    return here, height - log_mass


def _log_mean(values: Floats) -> float:
    top = float(values.max())
    return top + float(np.log(np.mean(np.exp(values - top))))


def moved(here: Floats, others: Floats, rng: np.random.Generator) -> Floats:
    """New places (n, 5) of walkers from differences among others, or by turns about the rings."""
    count = len(here)
    pairs = rng.integers(0, len(others), (2, count))
    difference = others[pairs[0]] - others[pairs[1]]
    finite = np.where(np.isfinite(_PERIODS), _PERIODS, 1.0)
    wrapped = difference - finite * np.rint(difference / finite)
    difference = np.where(np.isfinite(_PERIODS), wrapped, difference)
    # 2.38 / sqrt(2 d) is the best step for a normal density, ter Braak 2006; 1 jumps between modes.
    scale = rng.choice([0.75, 0.4, 0.15, 1.0], count)[:, None]
    new = here + scale * difference
    new += rng.normal(size=new.shape) * [1e-6, 1e-4, 1e-3, 1e-3, 1e-3]
    kind = rng.uniform(size=count)
    turned = np.array(here)
    turned[:, 2] = rng.uniform(0, 2 * np.pi, count)
    turned[:, 3] = np.where(kind < 0.1, rng.uniform(0, 0.5 * np.pi, count), turned[:, 3])
    angled = np.array(here)
    angled[:, 3] = rng.uniform(0, 0.5 * np.pi, count)
    angled[:, 4] = np.where(kind < 0.3, rng.uniform(-1, 1, count), here[:, 4])
    new = np.where(kind[:, None] < 0.2, turned, np.where(kind[:, None] < 0.4, angled, new))
    behind = here * [1.0, 1.0, 1.0, 1.0, -1.0]  # seen from the other side
    new = np.where(kind[:, None] > 0.95, behind, new)
    periodic = np.isfinite(_PERIODS)
    new[:, periodic] = np.mod(new[:, periodic], _PERIODS[periodic])
    return new
