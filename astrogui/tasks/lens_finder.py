"""Gravitational lenses: which galaxies of an image have a background galaxy bent around them.

Galaxies that are bright and larger than the seeing are cut out on a grid of fixed angle (0.27
arcsec a pixel from the ground, 0.1 from space) and shown to an ensemble of networks as a
colour picture whose scale is the noise; a published colour picture of one galaxy is taken as it
is. `score_lens` ranks at one lens in two; `prob_lens` holds for the share of lenses on the sky.
Candidates are then checked by a forward fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Column
from astrogui.records.flags import Flag, raised
from astrogui.records.image import Field
from astrogui.records.model_card import ModelCard
from astrogui.records.posterior import QUANTILE_LEVELS, Parameter, Posterior
from astrogui.records.provenance import Place
from astrogui.records.source import Source
from astrogui.science import point_spread
from astrogui.science.detection import Detections, with_places
from astrogui.science.ensemble import probability_quantiles
from astrogui.tasks import sources
from astrogui.tasks.insight import Aim, Insight
from astrogui.tasks.lens_cutouts import (
    PICTURE_WIDTH,
    PIXEL_SCALE,
    Setting,
    cut_out,
    is_single,
    picture_cut_out,
    setting_of,
    single_place,
)
from astrogui.tasks.option import YES_OR_NO, Option
from astrogui.tasks.task import Arrays, Model, Options, Task

LENS_SHARE = 1e-4  # of galaxies bright and large enough to be looked at
LEAST_SIGNAL = 30.0  # signal-to-noise of the galaxies that are answered
LEAST_SOURCES = 5  # that tell the size of a star
LARGER_THAN_SEEING = 1.15  # half-light radius over that of a star
SMALLEST_STAMP, LARGEST_PICTURE = 48, 640  # pixels a side
COARSEST_ARCSEC = 0.45  # a pixel, of images that are queued by themselves
LEAST_SEEN = 0.9  # share of the cut-out that lies in the image
CANDIDATE_SCORE = 0.5  # from which a forward fit is made
SHARE = Option(
    name="lens_share", between=(0.0, 1.0), default=f"{LENS_SHARE:g}",
    description="share of lenses among galaxies that prob_lens holds for",
)  # fmt: skip
EVERY = Option(
    name="every", words=YES_OR_NO, default="no",
    description="answer every source, not only bright and extended ones",
)  # fmt: skip

PROBABILITY = Parameter(
    name="prob_lens", title="probability of a lens", low=0.0, high=1.0, ucd="stat.probability",
    description="probability of a lens at the share of lenses among galaxies (lens_share)",
)  # fmt: skip


def accepts(source: Source) -> bool:
    """A small colour picture, a stamp, or a band that sources can be found in."""
    if source.kind != "image" or source.supporting or len(source.shape) != 2:
        return False
    small, large = min(source.shape), max(source.shape)
    if source.is_colour:
        return small >= SMALLEST_STAMP and large <= LARGEST_PICTURE
    scale = source.pixel_scale_arcsec
    return small >= SMALLEST_STAMP and (scale is None or 0.02 <= scale <= COARSEST_ARCSEC)


def find(record: Field, model: Model | None, options: Options) -> Iterator[Sequence[Place]]:
    """The galaxy in the middle of a picture or stamp; of a field the bright, extended sources.

    With the option `every` all sources, of a stamp too.
    """
    del model
    if _is_alone(record, options):
        yield [single_place(record, options)]
        return
    field = Field(images=setting_of(record, options).images)
    for found, places in sources.found_by_section(field):
        chosen = np.ones(len(places), bool) if EVERY.is_on(options) else _galaxies(found)
        if chosen.any():
            yield [place for place, wanted in zip(places, chosen, strict=True) if wanted]


def _is_alone(record: Field, options: Options) -> bool:
    """Whether one galaxy is answered."""
    return record.images[0].is_colour or (is_single(record) and not EVERY.is_on(options))


def _galaxies(found: Detections) -> NDArray[np.bool_]:
    """Bright enough, and larger than a star; all sizes where too few sources tell a star's."""
    signal = found.flux / np.maximum(found.flux_err, 1e-30)
    clean = ~(found.blended | found.edge)
    if (clean & (signal > LEAST_SIGNAL)).sum() < LEAST_SOURCES:
        return np.asarray(signal > LEAST_SIGNAL)
    star = point_spread.star_radius(found.half_light_radius, signal, clean)
    large = found.half_light_radius > LARGER_THAN_SEEING * star
    return np.asarray((signal > LEAST_SIGNAL) & large)


def prepare(
    record: Field, places: Sequence[Place], model: Model | None, options: Options
) -> Arrays:
    """`image` (n, 64, 64, 3) and, for `decode`, doubts and the prior."""
    share = lens_share(options)
    logit = np.log(share / (1 - share))
    setting = setting_of(record, options)
    if record.images[0].is_colour:
        arrays = _picture_arrays(record, setting)
    elif _is_alone(record, options):
        cut = cut_out(setting, *sources.pixels_of(places))
        nothing = np.zeros(len(places), bool)
        arrays = {"image": cut.pictures, "_seen": cut.seen, "_blended": nothing}
    else:
        arrays = _field_arrays(setting, places)
    count = len(places)
    # The network answers for one galaxy in two: the odds of the card's own share are taken out.
    trained = 0.5 if model is None else float(model.card.calibration["lens_share"])
    shift = logit - np.log(trained / (1 - trained))
    return arrays | {
        "_prior_shift": np.full(count, shift),
        "_lens_share": np.full(count, share),
        "_assumed": np.full(count, setting.scale_assumed),
    }


def _picture_arrays(record: Field, setting: Setting) -> Arrays:
    pixels = record.images[0].pixels
    assert pixels is not None
    picture, seen = picture_cut_out(pixels, setting)
    return {
        "image": picture[None], "_seen": np.array([seen]), "_blended": np.zeros(1, bool)
    }  # fmt: skip


def _field_arrays(setting: Setting, places: Sequence[Place]) -> Arrays:
    reference = setting.images[0]
    x, y = sources.pixels_of(places)
    rows: list[NDArray[np.intp]] = []
    parts: list[Arrays] = []
    for section, inside in sources.sections_of(reference.shape, places):
        found = section.searched(reference.section, reference.shape)
        found, chosen = with_places(found, x[inside], y[inside])
        cut = cut_out(setting, x[inside], y[inside])
        rows.append(inside)
        parts.append(
            {"image": cut.pictures, "_seen": cut.seen, "_blended": found.blended[chosen]}
        )  # fmt: skip
    return sources.in_order(rows, parts)


def decode(
    outputs: Arrays, prepared: Arrays, record: Field, places: Sequence[Place], model: Model
) -> list[Posterior]:
    """The members' probabilities, mixed; how far they differ is the epistemic interval."""
    score, _ = lens_probability(outputs["logit"], model)
    shifted = np.asarray(outputs["logit"], np.float64) + prepared["_prior_shift"][:, None]
    probability, quantiles = lens_probability(shifted, model)
    novelty = np.asarray(outputs["novelty"], np.float64).reshape(len(places))
    features = np.asarray(outputs["features"], np.float32) - 1
    return [
        Posterior(
            parameters=(PROBABILITY,),
            quantiles=quantiles[k : k + 1],
            best=probability[k : k + 1],
            flags=_flags(prepared, k) | (Flag.NOVEL if novelty[k] > 1 else Flag.NONE),
            novelty=float(novelty[k]),
            extras={
                "score_lens": float(score[k]),
                "lens_share": float(prepared["_lens_share"][k]),
            },
            curves={"features": features[k]},
        )
        for k in range(len(places))
    ]


def lens_probability(
    logits: NDArray[np.floating], model: Model
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probability (n,) of logits (n, members), mixed, and quantiles (n, levels) of its spread."""
    logits = np.asarray(logits, np.float64)
    mixed = (1 / (1 + np.exp(-logits))).mean(axis=1)
    _, quantiles = probability_quantiles(
        logits, QUANTILE_LEVELS, tuple(model.card.calibration["pooled_spread"])
    )
    return mixed, np.maximum.accumulate(np.asarray(quantiles, np.float64), axis=1)


def lens_share(options: Options) -> float:
    """The share of lenses among galaxies that `prob_lens` holds for; see ``UsageProblem``."""
    share = SHARE.number(options)
    return LENS_SHARE if share is None else share


def refine(
    record: Field,
    place: Place,
    posterior: Posterior,
    model: Model,
    progress: Callable[[float], None],
) -> Posterior | None:
    """For a candidate: does a lens with a source explain the light better than two galaxies?"""
    del model
    score = posterior.extras.get("score_lens")
    if not isinstance(score, float) or score < CANDIDATE_SCORE or record.images[0].is_colour:
        return None
    from dataclasses import replace

    from astrogui.tasks.lens_check import fitted_cells

    cells = fitted_cells(record, place, progress)
    return None if cells is None else replace(posterior, extras={**posterior.extras, **cells})


def _flags(prepared: Arrays, k: int) -> Flag:
    doubts = {
        Flag.EDGE_OF_IMAGE: prepared["_seen"][k] < LEAST_SEEN,
        Flag.BLENDED: prepared["_blended"][k],
        Flag.OUTSIDE_PRIOR: prepared["_assumed"][k],
    }
    return raised(doubts)


def aim_at(posterior: Posterior, card: ModelCard) -> Aim:
    """A lens, if one galaxy in two were one."""
    del posterior, card
    return Aim(answer="lens", output="logit", link="sigmoid")


INSIGHT = Insight(
    picture="image",
    planes=("red", "green", "blue"),
    aim=aim_at,
    is_colour=True,
    notes=("The network reads rings around the middle: in its maps rows are rings, the innermost "
           "first, and columns are angles.",),
)  # fmt: skip

COLUMNS = (
    Column(name="score_lens", ucd="stat.rank", format="%.4f",
           description="ranking score: probability of a lens if one galaxy in two were one"),
    Column(name="lens_share", ucd="stat.value", format="%.2g",
           description="share of lenses among galaxies that prob_lens holds for"),
    Column(name="lens_fit_delta_bic", ucd="stat.fit.param", format="%.1f",
           description="forward fit: how much better (above 0) a lens with a source explains the "
                       "light than two galaxies, as a difference of BIC"),
    Column(name="lens_fit_einstein_radius", unit="arcsec", ucd="phys.angSize", format="%.2f",
           description="forward fit: Einstein radius of the lens"),
    *sources.PLACE_COLUMNS,
)  # fmt: skip

TASK = Task(
    name="lens_finder",
    title="Gravitational lenses",
    reads="image",
    accepts=accepts,
    find=find,
    prepare=prepare,
    decode=decode,
    refine=refine,
    insight=INSIGHT,
    parameters=(PROBABILITY,),
    columns=COLUMNS,
    views=("image",),
    batch_size=256,
    match_tolerance_arcsec=sources.MATCH_TOLERANCE_ARCSEC,
    options=(SHARE, PICTURE_WIDTH, PIXEL_SCALE, EVERY),
)
