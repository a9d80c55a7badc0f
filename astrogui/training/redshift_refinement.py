"""The refinement's part of the `redshift` model: its bases, and what its intervals are worth.

The spreads that turn a fit into an interval are found on simulations that go the whole way of a
file: record, preparation, network, answer, fit.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from astrogui.records.flags import Flag
from astrogui.records.model_card import ModelCard
from astrogui.records.posterior import QUANTILE_LEVELS, Posterior
from astrogui.records.provenance import Place
from astrogui.records.spectrum import Spectrum
from astrogui.science import redshift_scan
from astrogui.science.redshift_scan import CLASSES
from astrogui.science.refinement import mixture
from astrogui.science.spectral import SPEED_OF_LIGHT_KM_S
from astrogui.tasks import redshift, redshift_refine
from astrogui.tasks.redshift_answer import misplaced_noise
from astrogui.tasks.redshift_doubt import GOOD_SIGNAL
from astrogui.tasks.task import Model
from astrogui.training import redshift_card
from astrogui.training.learn_refinement import learn_bases
from astrogui.training.package import write_card
from astrogui.training.recipe import Arrays, Progress, Run
from astrogui.training.redshift_calibration import (
    SIGNAL_TO_NOISE,
    confident_certainty,
    rank_map,
)
from astrogui.training.redshift_features import record_of
from astrogui.training.redshift_junk import junk_score
from astrogui.training.simulate_spectrum import SURVEY, TRAINED, Simulated, simulate
from astrogui.training.templates import Templates, data_folder, load_templates

BLOCK = 64
NEAR_KM_S = {"GALAXY": 400.0, "QSO": 3000.0, "STAR": 400.0}  # the right peak
LEAST_CERTAINTY = 0.8  # below it another answer may be nearly as good
FALSE_NOVELTY = 0.01  # of good survey spectra
FALSE_FAINT = 0.05  # of right answers to faint spectra: called undecided
FALSE_MISPLACED = 0.001  # of good survey spectra
SMALLEST_MISPLACED = 0.05  # real noise is rough by chance too
SMALLEST_LIMIT = 12.0  # of the reduced chi-square: real spectra hold what was not simulated
SPECTRA = (600, 1500, 8064)  # for the bases, of all that is trained for, of a survey
QUICK_SPECTRA = (24, 12, 12)
JUNK_SHARE = 60  # percent of the former as many spectra of nothing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Example:
    """One simulated spectrum on the whole way."""

    simulated: Simulated
    record: Spectrum
    answer: Posterior  # the network's
    fit: Posterior | None  # after the refinement


def added(
    card: ModelCard, assets: Arrays, run: Run, seed: int, quick: bool, progress: Progress
) -> tuple[ModelCard, Arrays]:
    """The card with the refinement's spreads, and the assets with its bases."""
    spectra, count, of_survey = QUICK_SPECTRA if quick else SPECTRA
    progress("learning the bases of the refinement")
    templates = load_templates(data_folder() / "spectra" / "templates")
    assets = {name: value for name, value in assets.items() if not name.startswith("refine_")}
    assets = {**assets, **learn_bases(templates, spectra, seed)}
    progress("calibrating the refinement")
    told = {name: {"scale": 1.0, "floor_km_s": 0.0, "share": 0.5} for name in CLASSES}
    card = _with(card, refinement=told, largest_reduced_chi_square=float("inf"))
    draft, stream = _Run(run, card, assets), 4 * seed + 2_000_003
    surveyed = answered(draft, of_survey, stream + 1, population=SURVEY.name)
    survey = [_light(one) for one in surveyed]
    examples = [*(_light(one) for one in answered(draft, count, stream)), *survey]
    for name in CLASSES:
        told[name] = fitted_spread([e for e in examples if is_right(e, name)])
    reduced = [
        float(example.fit.extras["chi2_reduced"] or 0.0)
        for example in examples
        if example.fit is not None and is_right(example, example.simulated.class_name)
    ]
    limit = max(SMALLEST_LIMIT, 2.0 * float(np.quantile(reduced, 0.995))) if reduced else 50.0
    card = _with(card, refinement=told, largest_reduced_chi_square=limit)
    # Where the two populations overlap, the ranks of the survey's count, as for the network.
    faint = [
        example
        for example in examples[:count]
        if float(example.answer.extras.get("snr") or 0.0) < SIGNAL_TO_NOISE[0]
    ]
    ranks = refined_ranks([*faint, *survey], redshift_refine.spreads(card.calibration), seed)
    card = _with(card, refined_rank_map=rank_map(ranks))
    card = _with(
        card,
        confident_probability=clear_certainty(survey),
        smallest_certainty=smallest_certainty(survey),
        smallest_certainty_faint=smallest_certainty_faint(survey),
        largest_misplaced_noise=largest_misplaced_noise([one.record for one in survey]),
    )
    nothing = answered(draft, JUNK_SHARE * count // 100, stream + 2, "UNKNOWN")
    score = junk_score([one.answer for one in survey], [_light(one).answer for one in nothing])
    return _with(card, junk_score=score), assets


def refined_ranks(
    examples: Sequence[Example], told: Mapping[str, redshift_refine.Spread], seed: int
) -> Arrays:
    """Rank of the truth in each mixture that is quoted, with class and S/N, for ``rank_map``.

    The wavelengths of each are wrong by a normal error that intervals allow for.
    """
    rng = np.random.default_rng([seed, 11])
    calibration = redshift_refine.CALIBRATION_ERROR_KM_S[0]
    rows = []
    for example in examples:
        name, fit = example.simulated.class_name, example.fit
        move = rng.normal(0.0, calibration / SPEED_OF_LIGHT_KM_S)
        if fit is None or not is_right(example, name) or told[name].share >= 1:
            continue
        z, error = fit.extras.get("z_fit"), fit.extras.get("z_fit_error")
        if isinstance(z, float) and isinstance(error, float):
            places, distribution = mixture(
                QUANTILE_LEVELS,
                example.answer.quantiles[0],
                z,
                told[name].sigma(z, error, calibration),
                told[name].share,
            )
            true = example.simulated.redshift + move * (1 + example.simulated.redshift)
            rank = float(np.interp(true, places, distribution))
            rows.append((rank, CLASSES.index(name), float(example.answer.extras["snr"] or 0.0)))
    table = np.array(rows).reshape(-1, 3)
    return {"rank": table[:, 0], "class": table[:, 1], "signal_to_noise": table[:, 2]}


def clear_certainty(survey: Sequence[Example]) -> float:
    """The certainty from which an answer that nothing speaks against is confident.

    Faint spectra, whose limit is another, and answers with another nearly as good are left out.
    """
    clear = [
        example
        for example in survey
        if float(example.answer.extras.get("snr") or 0.0) > GOOD_SIGNAL
        and not (example.fit or example.answer).flags & (Flag.AMBIGUOUS | Flag.NOVEL)
    ]
    answers = {
        "z": np.array([(one.fit or one.answer).value("z") for one in clear]),
        "certainty": np.array([float(one.answer.extras["prob_z"] or 0.0) for one in clear]),
    }
    classes = [CLASSES.index(one.simulated.class_name) for one in clear]
    truth = np.column_stack([classes, classes, [one.simulated.redshift for one in clear]])
    return max(confident_certainty(answers, truth), LEAST_CERTAINTY)


def smallest_certainty(survey: Sequence[Example]) -> float:
    """The certainty that all but ``FALSE_NOVELTY`` of good survey spectra reach."""
    good = [
        float(example.answer.extras["prob_z"] or 0.0)
        for example in survey
        if float(example.answer.extras.get("snr") or 0.0) > GOOD_SIGNAL
    ]
    return float(np.quantile(good, FALSE_NOVELTY)) if len(good) >= 1 / FALSE_NOVELTY else 0.0


def smallest_certainty_faint(survey: Sequence[Example]) -> float:
    """The certainty that all but ``FALSE_FAINT`` of the right answers to faint spectra reach."""
    right = [
        float(example.answer.extras["prob_z"] or 0.0)
        for example in survey
        if is_right(example, example.simulated.class_name)
        and float(example.answer.extras.get("snr") or 0.0) <= GOOD_SIGNAL
    ]
    least = smallest_certainty(survey)
    return max(float(np.quantile(right, FALSE_FAINT)), least) if len(right) > 40 else least


def largest_misplaced_noise(records: Sequence[Spectrum]) -> float:
    """Roughness of the noise in the wrong places that next to no spectrum of a survey has."""
    found = [misplaced_noise(record) for record in records if not record.noise_estimated]
    if len(found) < 1 / FALSE_MISPLACED:
        return SMALLEST_MISPLACED
    return max(float(np.quantile(found, 1 - FALSE_MISPLACED)), SMALLEST_MISPLACED)


def add_to_folder(folder: Path, run: Run, seed: int, progress: Progress) -> ModelCard:
    """Give a finished model folder its refinement anew; networks and golden record stay."""
    card, assets = added(run.card, dict(run.assets), run, seed, False, progress)
    plain: dict[str, Any] = assets
    np.savez_compressed(folder / "assets.npz", **plain)
    return write_card(folder, card, redshift_card.readme(card))


def answered(
    run: Run, count: int, seed: int, class_name: str | None = None, population: str = ""
) -> Iterator[Example]:
    """``count`` fresh simulations with the network's answer and the refined one.

    All of one class where it is named, and of the survey population where that is named.
    """
    model = Model(card=run.card, assets=run.assets)
    blocks = [
        (dict(run.assets), seed, number, min(BLOCK, count - start), class_name, population)
        for number, start in enumerate(range(0, count, BLOCK))
    ]
    for simulated, prepared in _mapped(blocks):
        outputs = run(prepared)
        for row, one in enumerate(simulated):
            record = record_of(one)
            own = slice(row, row + 1)
            posterior = redshift.decode(
                {name: value[own] for name, value in outputs.items()},
                {name: value[own] for name, value in prepared.items()},
                record, [Place(label="")], model,
            )[0]  # fmt: skip
            fit = redshift_refine.refine(record, Place(label=""), posterior, model, _silent)
            yield Example(simulated=one, record=record, answer=posterior, fit=fit)


def _light(example: Example) -> Example:
    """Without densities and curves, of which thousands would fill the memory."""

    def bare(answer: Posterior) -> Posterior:
        return dataclasses.replace(answer, density=None, curves={})

    fit = None if example.fit is None else bare(example.fit)
    return dataclasses.replace(example, answer=bare(example.answer), fit=fit)


def is_right(example: Example, class_name: str) -> bool:
    """Whether class and peak of the network's answer are those of the simulation."""
    one = example.simulated
    if (
        class_name not in CLASSES
        or one.class_name != class_name
        or Flag.NOT_ANSWERED in example.answer.flags
    ):
        return False
    offset = (example.answer.value("z") - one.redshift) / (1 + one.redshift) * SPEED_OF_LIGHT_KM_S
    near = abs(offset) < NEAR_KM_S[class_name]
    return near and example.answer.most_probable_class == class_name


def fitted_spread(examples: list[Example]) -> dict[str, float]:
    """Scale, floor and share of the highest mean log density of the true redshifts.

    A share of 1 (the fit is not used) where there are too few to tell or no fit helps.
    """
    rows = [row for example in examples if (row := _evidence(example)) is not None]
    if len(rows) < 40:
        return {"scale": 1.5, "floor_km_s": 30.0, "share": 0.5}
    offset, error, network = np.array(rows).T

    def cost(free: NDArray[np.float64]) -> float:
        logs = np.clip(free, -7.0, 9.0)
        scale, floor = np.exp(logs[:2])
        share = 1.0 / (1.0 + np.exp(-logs[2]))
        sigma = np.hypot(scale * error, floor)
        normal = np.exp(-0.5 * (offset / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
        return -float(np.mean(np.log((1 - share) * normal + share * network + 1e-12)))

    starts = [np.array([0.1, np.log(10.0), -3.0]), np.array([0.7, np.log(100.0), 0.0])]
    found = min(
        (minimize(cost, start, method="Nelder-Mead") for start in starts),
        key=lambda result: float(result.fun),
    )
    place = np.clip(found.x, -7.0, 9.0)
    scale, floor = np.exp(place[:2])
    share = float(1.0 / (1.0 + np.exp(-place[2])))
    alone = -float(np.mean(np.log(network + 1e-12)))
    return {
        "scale": float(scale),
        "floor_km_s": float(floor),
        "share": share if found.fun < alone - 0.01 else 1.0,
    }


def _evidence(example: Example) -> tuple[float, float, float] | None:
    """Offset of the fit and its error in km/s, and the network's density at the truth per km/s."""
    if example.fit is None or not isinstance(example.fit.extras.get("z_fit"), float):
        return None
    z = example.simulated.redshift
    unit = SPEED_OF_LIGHT_KM_S / (1 + z)
    offset = (float(example.fit.extras["z_fit"] or 0.0) - z) * unit
    error = float(example.fit.extras["z_fit_error"] or 0.0) * unit
    quantiles = example.answer.quantiles[0]
    widths = np.maximum(np.diff(quantiles), 1e-9)
    place = int(np.searchsorted(quantiles, z)) - 1
    density = 0.0
    if 0 <= place < widths.size:
        density = float(np.diff(QUANTILE_LEVELS)[place] / widths[place] / unit)
    return offset, error, density


class _Run:
    """The same network with another card and other assets."""

    def __init__(self, run: Run, card: ModelCard, assets: Mapping[str, np.ndarray]) -> None:
        self._run, self.card, self.assets = run, card, assets

    def __call__(self, prepared: Arrays) -> Arrays:
        return self._run(prepared)


def _with(card: ModelCard, **calibration: Any) -> ModelCard:
    return dataclasses.replace(card, calibration={**card.calibration, **calibration})


def _silent(fraction: float) -> None:
    """Nobody waits for a single fit."""


def _mapped(blocks: list[Any]) -> Iterator[tuple[list[Simulated], Arrays]]:
    processes = min(len(blocks), os.cpu_count() or 1)
    if processes < 2:
        yield from map(_make_block, blocks)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        waiting: deque[Any] = deque()  # few: what is made ahead of its use fills the memory
        for block in blocks:
            waiting.append(pool.apply_async(_make_block, (block,)))
            if len(waiting) > 2 * processes:
                yield waiting.popleft().get()
        while waiting:
            yield waiting.popleft().get()


def _make_block(
    block: tuple[dict[str, NDArray[Any]], int, int, int, str | None, str],
) -> tuple[list[Simulated], Arrays]:
    """Simulated and prepared spectra of one block, from the seed (seed, number) alone."""
    arrays, seed, number, size, class_name, population = block
    templates: Templates = load_templates(data_folder() / "spectra" / "templates")
    sets = redshift_scan.sets_from_arrays(arrays)
    rng = np.random.default_rng([seed, number, 5])
    drawn = SURVEY if population == SURVEY.name else TRAINED
    simulated = [simulate(rng, templates, class_name, drawn) for _ in range(size)]
    rows = [redshift.prepare_spectrum(record_of(one), sets) for one in simulated]
    return simulated, {name: np.stack([row[name] for row in rows]) for name in rows[0]}
