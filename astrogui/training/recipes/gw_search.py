"""How the search is made: its bank placed, its thresholds counted in simulated noise, measured."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from astrogui.science import search_filter, search_fit, template_bank
from astrogui.science.matched_filter import Templates
from astrogui.science.multirate import FREQUENCY_HZ, gain
from astrogui.science.psd import Psd
from astrogui.science.template_bank import Placing, random_binaries
from astrogui.training import gw_search_card, score_gw_search, search_noise
from astrogui.training.bbh_card import data_folder
from astrogui.training.recipe import Arrays, Measures, Progress, Recipe, Run
from astrogui.training.search_noise import Counts
from astrogui.training.simulate_strain import PSD_GRID_HZ, noise_curves

PROPOSED_AT_ONCE = 500
# Added to the seed: draws that place no template and set no threshold.
MATCH_STREAM, NOISE_STREAM, INJECTION_STREAM = 4_000, 5_000, 6_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Templates of a range of chirp mass, as the filters of that range see them."""

    masses: tuple[float, float]
    lowest_hz: float
    minimal_match: float
    proposals: int
    low_mass_power: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large the bank and how long the noise is."""

    families: tuple[Family, ...]
    runs: int  # of noise
    seconds: float  # each
    draws: int  # for the match
    injections: int


FULL = Size(
    families=(
        Family(
            masses=(0, 20), lowest_hz=30, minimal_match=0.90, proposals=14_000, low_mass_power=1
        ),
        Family(
            masses=(20, 999), lowest_hz=20, minimal_match=0.92, proposals=4_000, low_mass_power=0
        ),
    ),
    runs=36,
    seconds=1024.0,
    draws=200,
    injections=440,
)
QUICK = Size(
    families=(
        Family(masses=(0, 20), lowest_hz=30, minimal_match=0.5, proposals=60, low_mass_power=0),
        Family(masses=(20, 999), lowest_hz=20, minimal_match=0.8, proposals=60, low_mass_power=0),
    ),
    runs=2,
    seconds=40.0,
    draws=4,
    injections=2,
)


def train(workdir: Path, quick: bool, seed: int, progress: Progress) -> Path:
    """The model folder ``workdir/gw_search``; bank, noise and injections are kept and resumed."""
    size = QUICK if quick else FULL
    place = workdir / ("quick" if quick else "full")
    place.mkdir(parents=True, exist_ok=True)
    bank = placed_bank(place, size, seed, progress)
    progress(f"the bank has {bank.spin.size} templates")
    counts = counted_noise(place, size, seed, bank, progress)
    progress("measuring the bank's match and what the search loses")
    match = measured_match(bank, size.draws, seed + MATCH_STREAM)
    injected = score_gw_search.injected(bank, size.injections, seed + INJECTION_STREAM)
    card = gw_search_card.card(bank, counts, match, seed, quick)
    card = gw_search_card.with_losses(card, injected)
    return gw_search_card.write(workdir / "gw_search", card, assets(bank, counts))


def placed_bank(place: Path, size: Size, seed: int, progress: Progress) -> Templates:
    """The bank, of families placed one by one; a family's file is kept."""
    nominal = nominal_gain()
    parts = []
    for number, family in enumerate(size.families):
        path = place / f"bank_{number}.npz"
        if not path.exists():
            progress(f"placing templates of chirp mass {family.masses[0]:g}-{family.masses[1]:g}")
            seen = (family.lowest_hz <= FREQUENCY_HZ) & (
                family.lowest_hz + search_filter.OUTPUT_RATE_HZ > FREQUENCY_HZ
            )
            bank = _placed(nominal * seen, family, np.random.default_rng([seed, number]))
            _save(path, dict(bank._asdict()))
        with np.load(path, allow_pickle=False) as kept:
            parts.append(Templates(*(kept[field] for field in Templates._fields)))
    return Templates(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def nominal_gain() -> np.ndarray:
    """(536,) of a schematic detector, for which the bank is placed."""
    curve = noise_curves(None)[2]
    return gain(Psd(PSD_GRID_HZ, np.exp(2 * curve) * 1e42, 99))


def _placed(seen: np.ndarray, family: Family, rng: np.random.Generator) -> Templates:
    placing = Placing(seen, family.minimal_match)
    left = family.proposals
    while left > 0:
        drawn = random_binaries(4 * PROPOSED_AT_ONCE, rng, family.low_mass_power)
        mass = np.exp(drawn.log_chirp_mass)
        rows = np.flatnonzero((mass >= family.masses[0]) & (mass < family.masses[1]))[:left]
        chosen = template_bank.Binaries(*(column[rows] for column in drawn))
        placing.propose(chosen._replace(spin_2=chosen.spin_1))
        left -= rows.size
    return placing.templates()


def counted_noise(
    place: Path, size: Size, seed: int, bank: Templates, progress: Progress
) -> Counts:
    """Candidates in simulated noise, run by run; a run's file is kept."""
    curves = noise_curves(data_folder())
    tables = search_filter.tables(bank)
    parts = []
    for index in range(size.runs):
        path = place / f"noise_{index:03d}.npz"
        if not path.exists():
            rng = np.random.default_rng([seed, NOISE_STREAM, index])
            found = search_noise.count(search_noise.noise(curves, size.seconds, rng), bank, tables)
            _save(path, {name: np.asarray(value) for name, value in found._asdict().items()})
            progress(f"searched run {index + 1} of {size.runs} of {size.seconds:g} s of noise")
        with np.load(path, allow_pickle=False) as kept:
            parts.append(Counts(*(kept[field] for field in Counts._fields)))
    return search_noise.summed(parts)


def measured_match(bank: Templates, draws: int, seed: int) -> dict[str, Sequence[float]]:
    """Matches of random binaries with the bank's best template, and with the fit about it.

    Binaries with two spins of their own, in the schematic detector's noise; quantiles 0, 1, 10,
    50 % and the mean.
    """
    nominal = nominal_gain()
    rng = np.random.default_rng(seed)
    drawn = random_binaries(draws, rng)
    waves = template_bank.unit_waves(nominal, drawn)
    known = template_bank.unit_waves(nominal, template_bank.Binaries(*bank, bank.spin))
    coarse, fine = [], []
    for wave in waves:
        found, shift, row = template_bank.nearest(wave, known)
        turned = wave * np.exp(2j * np.pi * FREQUENCY_HZ * (shift + rng.uniform(-0.007, 0.007)))
        data = search_fit.Data(20 * turned.astype(np.complex64), nominal, 0.0)
        fit = search_fit.fitted([data, data], ("H1", "L1"), bank, row, 0.02)
        coarse.append(found)
        fine.append(fit.snr[0] / 20)
    return {"coarse": _summary(coarse), "fine": _summary(fine)}


def _summary(values: Sequence[float]) -> list[float]:
    return [*np.quantile(values, [0, 0.01, 0.1, 0.5]).round(4).tolist(), float(np.mean(values))]


def assets(bank: Templates, counts: Counts) -> Arrays:
    """What the task needs: the bank, and the loud candidates of the simulated noise."""
    arrays = {f"bank_{field}": column.astype(np.float32) for field, column in
              bank._asdict().items()}  # fmt: skip
    return arrays | {
        "noise_pair": np.concatenate([counts.pair, counts.shifted]).astype(np.float32),
        "noise_pair_s": np.array(counts.pair_s + counts.shifted_s),
        "noise_single": counts.single.astype(np.float32),
        "noise_single_s": np.array(counts.single_s),
    }


def _save(path: Path, arrays: dict[str, Any]) -> None:
    part = path.with_name(f".{path.name}")
    np.savez(part, **arrays)
    os.replace(part, path)


def simulated(run: Run, n: int, seed: int) -> Measures:
    """What the search loses of an ideal one, over ``n`` injections in simulated noise."""
    figures = score_gw_search.injected(score_gw_search.bank_of(run.assets), n, seed)
    limits = run.card.calibration
    return score_gw_search.losses(
        figures, float(limits["threshold_pair"]), float(limits["threshold_matched_filter"])
    )


RECIPE = Recipe(task="gw_search", train=train, simulated=simulated, real=score_gw_search.real)
