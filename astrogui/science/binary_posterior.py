"""The posterior of a merger by its true likelihood: draws proposed, weighted, proposed better.

Masses and spins are drawn from a proposal (at first a network's draws), every draw is paired with
members of a pool of places, orientations and times, and each pair has the likelihood with phase and
distance integrated. Where and when a merger seems to be depends on its waveform: masses and spins
are parted into cells of like waveforms, each with members of its own. Weighted draws shape the next
proposal, for a few rounds. In the end the weights say what the answer is worth: its efficiency,
effective numbers and evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from astrogui.science import heterodyne, sky_pool
from astrogui.science.binary_proposal import Proposal, binaries_at, coordinates, log_prior
from astrogui.science.detector_response import delay_s
from astrogui.science.distance_marginal import DistanceCurve
from astrogui.science.heterodyne import Binaries, Data, Sums
from astrogui.science.sky_pool import Geometry, Pool, Reference
from astrogui.science.waveform_models import Waveform
from astrogui.science.waveforms import phenom_d

CELLS = 16  # of masses and spins, each with members of its own
COARSE_CELLS = 6  # while the proposal is being shaped
HEARD = 2  # binaries of a cell, whose likelihood its members follow
SETTLING = 2  # rounds after which the best binary becomes the reference, and its time the centre
START_PRIOR, ROUND_PRIOR = 0.2, 0.1  # shares of draws from the prior, at first and in rounds
WANTED = 0.4  # efficiency, short of which the final draws shape another pass
PARTED = 1000  # draws that show which waveforms there are
LEAST_EFFECTIVE = 400.0  # draws that a round's tempered weights must leave

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Told = Callable[[float], None]


class Effort(NamedTuple):
    """How much is computed: more makes the answer finer, not different."""

    round_draws: int = 5000
    rounds: int = 5  # at most; they end when the proposal no longer gains
    final_draws: int = 20000
    paired: int = 64  # members of the pool for each draw
    pool_draws: int = 100_000
    pool_members: int = 12_800
    pool_steps: int = 40
    passes: int = 3  # of final draws, at most; they end where the efficiency is good
    kept: int = 5000
    walkers: int = 1000  # of the chain, where one is needed
    chain_steps: int = 240


class Weighted(NamedTuple):
    """Pairs of masses and spins with places: (n,) draws, (n, k) members and weights of each."""

    places: Floats  # (n, 4) coordinates of binary_proposal
    late_s: Floats  # (n,) own lateness
    member: NDArray[np.intp]  # (n, k) index into the pool
    log_weight: Floats  # (n, k) likelihood times prior over proposal
    kappa: Floats  # (n, k) matched-filter signal-to-noise ratio
    norm: Floats  # (n, k) squared optimal ratio at 1 Mpc
    angle: Floats  # (n, k) phase of the overlap

    @property
    def shares(self) -> Floats:
        """(n, k) weights that sum to one."""
        weight = np.exp(self.log_weight - self.log_weight.max())
        return np.asarray(weight / weight.sum())

    @property
    def log_evidence(self) -> float:
        top = float(self.log_weight.max())
        return top + float(np.log(np.mean(np.exp(self.log_weight - top))))


class Quality(NamedTuple):
    """What weighted pairs are worth."""

    efficiency: float  # effective share of the pairs
    intrinsic: float  # effective number of masses and spins
    extrinsic: float  # effective number of members of the pool
    log_evidence: float

    @property
    def ess(self) -> float:
        return min(self.intrinsic, self.extrinsic)


def quality(pairs: Weighted) -> Quality:
    """Efficiency and effective numbers, (Σ w)² / Σ w² over pairs, draws and members."""
    share = pairs.shares
    by_member = np.bincount(pairs.member.ravel(), share.ravel())
    return Quality(
        float(1 / np.sum(share**2) / share.size),
        float(1 / np.sum(share.sum(axis=1) ** 2)),
        float(1 / np.sum(by_member**2)),
        pairs.log_evidence,
    )


class Draws(NamedTuple):
    """Equally weighted draws (n,) of everything; angles in radians, times after the centres."""

    binaries: Binaries
    distance_mpc: Floats
    longitude: Floats  # fixed to the Earth: right ascension less sidereal time
    declination: Floats
    polarisation: Floats
    cos_inclination: Floats
    phase: Floats
    geocentric_s: Floats  # merger at the Earth's centre, after the first detector's centre


class Cells(NamedTuple):
    """Parts of masses and spins, c of them, whose waveforms are nearly the same."""

    centres: Complexes  # (c, m), of unit length
    references: list[Reference]
    shares: Floats  # (c,) of the posterior


def _match(alike: Complexes, centres: Complexes) -> Floats:
    """(n, c) squared overlap of normalised waveforms, whatever their phases."""
    product = alike @ centres.conj().T
    return np.asarray(np.minimum(product.real**2 + product.imag**2, 1))


class Analysis:
    """One merger's data, the sums about a reference waveform, and the pool that belongs to it."""

    def __init__(
        self,
        data: Data,
        reference: Binaries,
        effort: Effort,
        rng: np.random.Generator,
        model: Waveform = phenom_d,
    ) -> None:
        self.data, self.effort, self.rng, self.model = data, effort, rng, model
        self.curve = DistanceCurve()
        self.refer(reference)

    def refer(self, reference: Binaries) -> None:
        """Take one binary as the reference: sums, and which detectors hear it best."""
        self.reference = reference
        self.sums: Sums = heterodyne.summed(self.data, reference, model=self.model)
        one = np.ones((1, self.sums.knot_hz.size), complex)
        heard = self._heard(one, heterodyne.norms(self.sums, one))
        self._cells = Cells(self._alike(one), [heard], np.ones(1))
        loudness = np.stack([heard.loudness(d) for d in range(len(self.data.detectors))])
        order = [int(index) for index in np.argsort(-loudness.max(axis=1))]
        self.geometry = Geometry(self.data.detectors, self.data.centre_gps, order)

    def settle(self, pairs: Weighted, pool: Pool, row: int) -> None:
        """Take one draw as the reference, and its likeliest arrival as the detectors' centres."""
        member = pairs.member[row, int(np.argmax(pairs.log_weight[row]))]
        arrival = self.data.centre_gps + pool.time_s[member] + pairs.late_s[row]
        self.data = heterodyne.recentred(self.data, arrival)
        self.refer(binaries_at(pairs.places[row : row + 1]))

    def part(self, places: Floats, weight: Floats, cells: int) -> None:
        """Cells of masses and spins whose waveforms are alike, by weighted draws (n, 4).

        A new cell is begun at a draw the likelier the less it is like those before.
        Source: Arthur & Vassilvitskii 2007, SODA, 1027 (k-means++).
        """
        some = self.rng.choice(len(places), PARTED, p=weight)
        ratio, own, _ = self.waves(binaries_at(places[some]))
        alike = self._alike(ratio)
        chosen = [0]
        far = 1 - _match(alike, alike[:1])[:, 0]
        while len(chosen) < cells:
            chosen.append(int(self.rng.choice(PARTED, p=(far + 1e-12) / np.sum(far + 1e-12))))
            far = np.minimum(far, 1 - _match(alike, alike[chosen[-1:]])[:, 0])
        nearest = np.argmax(_match(alike, alike[chosen]), axis=1)
        references = []
        for number, index in enumerate(chosen):
            inside = np.flatnonzero(nearest == number)
            rows = [index, *self.rng.choice(inside, HEARD - 1)]
            references.append(self._heard(ratio[rows], own[rows]))
        shares = np.bincount(nearest, minlength=cells) / PARTED
        self._cells = Cells(alike[chosen], references, shares)

    def _alike(self, ratio: Complexes) -> Complexes:
        """(n, m) such that products of two rows tell how alike the waveforms are."""
        scaled = ratio * np.sqrt(np.maximum(self.sums.square.sum(axis=0), 0))
        return np.asarray(scaled / np.linalg.norm(scaled, axis=1, keepdims=True))

    def _heard(self, ratio: Complexes, norm: Floats) -> Reference:
        output = np.stack([heterodyne.overlaps(ratio, row) for row in self.sums.linear], axis=1)
        return Reference(self.sums, norm, output, self.curve)

    def pool(self, told: Told = lambda _: None, coarse: bool = False) -> Pool:
        """Members for the present cells; a coarse pool costs a tenth."""
        effort = self.effort
        draws, members, steps = effort.pool_draws, effort.pool_members, effort.pool_steps
        if coarse:
            draws, members, steps = draws // 3, members // 4, steps // 5
        blocks = np.maximum(np.rint(self._cells.shares * members / effort.paired), 1).astype(int)
        counts = [int(count) * effort.paired for count in blocks]
        references = self._cells.references
        pool = sky_pool.pool(self.geometry, references, counts, draws, steps, self.rng, told)
        self._columns = [
            heterodyne.at_shifts(self.sums, detector, pool.time_s[:, detector])
            for detector in range(len(self.sums.detectors))
        ]
        return pool

    def paired(self, places: Floats, log_proposal: Floats, pool: Pool, told: Told) -> Weighted:
        """Draws (n, 4) with their proposal's ln density, each paired with members of the pool.

        Draws of a cell are taken in blocks, each with a part of the cell's members of its own, so
        that the overlaps of all pairs are one product of matrices.
        """
        count = self.effort.paired
        member = np.empty((len(places), count), np.intp)
        kappa, norm, angle, weight = (np.empty(member.shape) for _ in range(4))
        ratio, own, late_s = self.waves(binaries_at(places))
        nearest = np.argmax(_match(self._alike(ratio), self._cells.centres), axis=1)
        for cell in range(len(self._cells.references)):
            told(cell / len(self._cells.references))
            blocks = self.rng.permutation(np.flatnonzero(pool.cell == cell)).reshape(-1, count)
            parts = np.array_split(np.flatnonzero(nearest == cell), len(blocks))
            for block, rows in zip(blocks, parts, strict=True):
                total = np.zeros((rows.size, count), complex)
                for column, response in zip(self._columns, pool.response.T, strict=True):
                    output = heterodyne.overlaps(ratio[rows], column[:, block])
                    total += output * response[block].conj()
                norm[rows] = np.maximum(own[rows] @ (np.abs(pool.response[block]) ** 2).T, 1e-12)
                kappa[rows], angle[rows] = np.abs(total) / np.sqrt(norm[rows]), np.angle(total)
                likelihood = self.curve.log_likelihood(kappa[rows], norm[rows])
                member[rows], weight[rows] = block, likelihood - pool.log_density[block]
        weight += (log_prior(places) - log_proposal)[:, None]
        return Weighted(places, late_s, member, weight, kappa, norm, angle)

    def waves(self, binaries: Binaries) -> tuple[Complexes, Floats, Floats]:
        """Ratios to the reference at their own times, norms, and own lateness of n binaries."""
        pieces = []
        for first in range(0, binaries.chirp_mass.size, 4096):
            ratio = heterodyne.ratios(self.sums, binaries.rows(slice(first, first + 4096)))
            own = heterodyne.norms(self.sums, ratio)
            late_s = heterodyne.own_times(self.sums, ratio)
            pieces.append((heterodyne.delayed(self.sums, ratio, late_s), own, late_s))
        ratios, norms, times = zip(*pieces, strict=True)
        return np.concatenate(ratios), np.concatenate(norms), np.concatenate(times)

    def loudness_of_best(self, pairs: Weighted, pool: Pool) -> tuple[Floats, Floats]:
        """Of the loudest pair, each detector's signal-to-noise ratio and GPS time of arrival."""
        row, column = np.unravel_index(int(np.argmax(pairs.kappa)), pairs.kappa.shape)
        ratio, own, late_s = self.waves(binaries_at(pairs.places[row : row + 1]))
        times = pool.time_s[pairs.member[row, column]]
        snr = []
        for detector, time in enumerate(times):
            columns = heterodyne.at_shifts(self.sums, detector, np.array([time]))
            output = abs(heterodyne.overlaps(ratio, columns)[0, 0])
            snr.append(output / np.sqrt(max(float(own[0, detector]), 1e-12)))
        return np.array(snr), self.data.centre_gps + times + late_s[0]

    def resampled(self, pairs: Weighted, pool: Pool) -> Draws:
        """Equally weighted draws, with distance and phase drawn back."""
        share = pairs.shares
        below = np.cumsum(share.ravel())
        even = (np.arange(self.effort.kept) + self.rng.uniform()) / self.effort.kept
        flat = np.minimum(np.searchsorted(below, even * below[-1]), share.size - 1)
        flat = self.rng.permutation(flat)
        row, column = np.unravel_index(flat, share.shape)
        places = np.array(pool.places[pairs.member[row, column]])
        places[:, 0] += pairs.late_s[row]
        pick = (row, column)
        distance, phase = self.curve.draw(
            pairs.kappa[pick], pairs.norm[pick], pairs.angle[pick], self.rng
        )
        return self.placed(pairs.places[row], places, distance, phase)

    def placed(self, inner: Floats, places: Floats, distance: Floats, phase: Floats) -> Draws:
        """Coordinates (n, 4) and (n, 5) as named quantities."""
        longitude, declination = self.geometry.direction(places)
        first = self.data.detectors[self.geometry.first]
        apart = self.data.centre_gps[self.geometry.first] - self.data.centre_gps[0]
        quarter = self.rng.integers(0, 2, len(inner))  # a quarter turn turns the phase alone
        return Draws(
            binaries_at(inner),
            distance,
            longitude,
            declination,
            places[:, 3] + 0.5 * np.pi * quarter,
            places[:, 4],
            np.mod(phase + 0.5 * np.pi * quarter, 2 * np.pi),
            places[:, 0] + apart - delay_s(first, longitude, declination),
        )


def tempered(log_weight: Floats, least: float) -> Floats:
    """(n,) weights raised to the largest power up to one that leaves ``least`` effective draws."""

    def weights(power: float) -> Floats:
        weight = np.exp(power * (log_weight - log_weight.max()))
        return np.asarray(weight / weight.sum())

    low, high = 0.0, 1.0
    if 1 / np.sum(weights(1.0) ** 2) >= least:
        return weights(1.0)
    for _ in range(30):
        middle = 0.5 * (low + high)
        enough = 1 / np.sum(weights(middle) ** 2) >= least
        low, high = (middle, high) if enough else (low, middle)
    return weights(low)


def marginal(pairs: Weighted) -> Floats:
    """(n,) ln of each draw's weight, summed over its members."""
    top = pairs.log_weight.max(axis=1)
    rest = np.exp(pairs.log_weight - np.where(np.isfinite(top), top, 0)[:, None])
    with np.errstate(divide="ignore"):
        return np.where(np.isfinite(top), top, -np.inf) + np.log(rest.mean(axis=1))


def weigh(
    data: Data,
    start: Binaries,
    reference: Binaries,
    rng: np.random.Generator,
    effort: Effort | None = None,
    told: Told = lambda _: None,
    model: Waveform = phenom_d,
) -> tuple[Analysis, Pool, Weighted, Quality]:
    """Weighted pairs for draws ``start`` of a network and a reference waveform near the best."""
    effort = effort or Effort()
    analysis = Analysis(data, reference, effort, rng, model)
    places = coordinates(start)
    proposal = Proposal(places, np.ones(len(places)), rng, widening=1.15, prior_share=START_PRIOR)
    analysis.part(places, np.full(len(places), 1 / len(places)), COARSE_CELLS)
    pool = analysis.pool(coarse=True)
    last = 0.0
    for number in range(effort.rounds):
        told(0.2 * number / effort.rounds)
        pairs = _drawn(analysis, proposal, effort.round_draws, pool)
        log_weight = marginal(pairs)
        weight = tempered(log_weight, LEAST_EFFECTIVE)
        if number < SETTLING:
            best = int(np.argmax(log_weight + proposal.log_density(pairs.places)))
            analysis.settle(pairs, pool, best)
            analysis.part(pairs.places, weight, COARSE_CELLS)
            pool = analysis.pool(coarse=True)
        proposal = Proposal(pairs.places, weight, rng, prior_share=ROUND_PRIOR)
        share = 1 / np.sum(weight**2) / len(weight)
        if number >= 1 and share > 0.3 and share < 1.1 * last:
            break
        last = share
    done = 0.2
    for _ in range(effort.passes):
        # Most answers need one pass: what is left is kept for further ones.
        half, end = done + 0.4 * (1 - done), done + 0.8 * (1 - done)
        analysis.part(pairs.places, weight, CELLS)
        pool = analysis.pool(_between(told, done, half))
        pairs = _drawn(analysis, proposal, effort.final_draws, pool, _between(told, half, end))
        done = end
        worth = quality(pairs)
        if worth.efficiency >= WANTED:
            break
        weight = tempered(marginal(pairs), LEAST_EFFECTIVE)
        proposal = Proposal(pairs.places, weight, rng)
    return analysis, pool, pairs, worth


def _between(told: Told, low: float, high: float) -> Told:
    """Tells of a part of the work as its share of the whole."""
    return lambda part: told(low + (high - low) * part)


def _drawn(
    analysis: Analysis, proposal: Proposal, count: int, pool: Pool, told: Told = lambda _: None
) -> Weighted:
    """Draws of a proposal inside the prior, paired; those outside count as zero weight."""
    places = proposal.draw(count, analysis.rng)
    inside = np.isfinite(log_prior(places))
    pairs = analysis.paired(places[inside], proposal.log_density(places[inside]), pool, told)
    correction = np.log(np.mean(inside))
    return pairs._replace(log_weight=pairs.log_weight + correction)
