"""The shape of galaxies: what Galaxy Zoo's volunteers would answer about each, with intervals.

A colour picture shows one galaxy; in the bands of a survey field every source that is bright and
larger than the seeing is brought to a picture of the same kind. The network answers with Dirichlet
concentrations over the votes of each question of the Galaxy Zoo 2 tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Column
from astrogui.records.flags import Flag, raised
from astrogui.records.image import Field, Image
from astrogui.records.model_card import ModelCard
from astrogui.records.posterior import QUANTILE_LEVELS, Parameter, Posterior
from astrogui.records.provenance import Place
from astrogui.records.source import Source
from astrogui.science import galaxy_picture, vote_tree
from astrogui.science.detection import Detections, with_places
from astrogui.science.embedding import embedded
from astrogui.science.ensemble import probability_quantiles
from astrogui.science.survey_picture import survey_pictures
from astrogui.tasks import sources
from astrogui.tasks.insight import Aim, Insight
from astrogui.tasks.option import YES_OR_NO, Option
from astrogui.tasks.task import Arrays, Model, Options, Task, seeded

CLASSES = vote_tree.QUESTIONS[0].answers
OTHERS = tuple(answer for answer in vote_tree.ANSWERS if answer not in CLASSES)
VOTES = ("smooth", "featured", "edge_on", "bar", "spiral", "odd", "merger")
PICTURE_SIDES = (32, 640)  # pixels of colour pictures that are answered by themselves
LEAST_SIGNAL = 30.0  # signal-to-noise of the sources that are answered
LARGER_THAN_SEEING = 1.25  # half-light radius in those of the field's smallest sources
WELL_RESOLVED = 2.0  # and where the answer is no longer flagged
VOLUNTEERS = 40  # as many as answered about a galaxy of Galaxy Zoo 2
DRAWS = 240  # of the volunteers' votes, all members together
EVERY = Option(
    name="every", words=YES_OR_NO, default="no",
    description="answer every source of a field, also stars and faint ones",
)  # fmt: skip

Floats = NDArray[np.floating[Any]]


def accepts(source: Source) -> bool:
    """A small colour picture, or a band that sources can be found in."""
    if source.kind == "image" and source.is_colour and len(source.shape) == 2:
        small, large = min(source.shape), max(source.shape)
        return small >= PICTURE_SIDES[0] and large <= PICTURE_SIDES[1]
    return sources.accepts(source)


def find(record: Field, model: Model | None, options: Options) -> Iterator[Sequence[Place]]:
    """The galaxy of a colour picture; of a field the sources that have a shape to see.

    With the option `every` all sources of a field.
    """
    del model
    first = record.images[0]
    if first.is_colour:
        yield [sources.picture_place(first)]
        return
    for found, places in sources.found_by_section(record):
        chosen = np.ones(len(places), bool) if EVERY.is_on(options) else _with_a_shape(found)
        if chosen.any():
            yield [place for place, wanted in zip(places, chosen, strict=True) if wanted]


def prepare(
    record: Field, places: Sequence[Place], model: Model | None, options: Options
) -> Arrays:
    """`picture` (n, 64, 64, 3) and, for `decode`, doubts."""
    del model, options
    first = record.images[0]
    if first.is_colour:
        return _picture_arrays(first, len(places))
    images = sources.ordered_images(record, "galaxies are found")
    bands, zero_points = sources.bands_of(images), sources.zero_points(images)
    x, y = sources.pixels_of(places)
    rows: list[NDArray[np.intp]] = []
    parts: list[Arrays] = []
    for section, inside in sources.sections_of(images[0].shape, places):
        found, chosen = with_places(
            section.searched(images[0].section, images[0].shape), x[inside], y[inside]
        )
        made = survey_pictures(
            bands, x[inside], y[inside], found.a[chosen], zero_points,
            images[0].pixel_scale_arcsec,
        )  # fmt: skip
        signal = found.flux[chosen] / np.maximum(
            np.nan_to_num(found.flux_err[chosen], nan=1), 1e-30
        )
        rows.append(inside)
        parts.append(
            {
                "picture": made.pictures,
                "_seen": made.seen,
                "_calibrated": np.full(len(inside), made.calibrated),
                "_edge": found.edge[chosen],
                "_blended": found.blended[chosen],
                "_signal": np.nan_to_num(signal),
                "_small": found.half_light_radius[chosen] < WELL_RESOLVED * _smallest(found),
                "_bands": np.full(len(inside), len({band.slot for band in bands} & {1, 2, 3})),
            }
        )
    return sources.in_order(rows, parts)


def decode(
    outputs: Arrays, prepared: Arrays, record: Field, places: Sequence[Place], model: Model
) -> list[Posterior]:
    """The share of volunteers that would give each answer, and how a crowd's shares scatter.

    A probability is the members' mean; its interval says where equally good networks would put
    it. The interval of `votes_...` holds the scatter of the crowd as well.
    """
    alpha = np.asarray(outputs["alpha"], np.float64)  # (n, members, 37)
    share, quantiles = member_shares(alpha, tuple(model.card.calibration["pooled_spread"]))
    crowd = crowd_quantiles(at_told_strengths(alpha, model.card), seeded(model, "crowd"))
    novelty = np.asarray(outputs["novelty"], np.float64).reshape(len(places))
    features = np.asarray(outputs["features"], np.float32) - 1
    places_in = embedded(features, model.assets["embedding_mean"], model.assets["embedding_axes"])
    first = [vote_tree.ANSWERS.index(name) for name in CLASSES]
    chosen = [vote_tree.ANSWERS.index(name) for name in VOTES]
    others = [vote_tree.ANSWERS.index(name) for name in OTHERS]
    return [
        Posterior(
            parameters=PARAMETERS,
            quantiles=crowd[k, chosen],
            best=share[k, chosen],
            classes=CLASSES,
            class_probability=share[k, first],
            class_quantiles=quantiles[k, first],
            flags=flags_of(prepared, k, record) | (Flag.NOVEL if novelty[k] > 1 else Flag.NONE),
            novelty=float(novelty[k]),
            extras=_cells(share[k, others], quantiles[k, others])
            | {f"shape_{axis + 1}": float(value) for axis, value in enumerate(places_in[k])},
            curves={"features": features[k]},
        )
        for k in range(len(places))
    ]


def member_shares(
    alpha: Floats, pooled_spread: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cumulative shares (n, 37), the members' mean, and quantiles (n, 37, levels) of the spread."""
    single = vote_tree.cumulative(vote_tree.means(alpha)).clip(1e-6, 1 - 1e-6)
    share = single.mean(axis=1)
    return np.asarray(share, np.float64), spread_of(single, QUANTILE_LEVELS, pooled_spread)


def spread_of(
    single: Floats, levels: Floats, pooled_spread: tuple[float, float]
) -> NDArray[np.float64]:
    """Quantiles (n, answers, levels) of the spread of members' probabilities (n, members, answers).

    Around the members' mean, as one more network trained alike would scatter.
    """
    single = np.clip(single, 1e-6, 1 - 1e-6)
    mean = single.mean(axis=1)
    logits = np.log(single / (1 - single))
    logits += (np.log(mean / (1 - mean)) - logits.mean(axis=1))[:, None]
    flat = logits.transpose(0, 2, 1).reshape(-1, single.shape[1])
    _, quantiles = probability_quantiles(flat, levels, pooled_spread)
    return np.asarray(quantiles.reshape(*mean.shape, -1), np.float64)


def at_told_strengths(alpha: Floats, card: ModelCard) -> Floats:
    """The mixture (n, members * strengths, 37) that the card's calibration makes of the members."""
    return vote_tree.at_strengths(alpha, card.calibration.get("strength_mixture", [1.0]))


def crowd_quantiles(alpha: Floats, rng: np.random.Generator) -> NDArray[np.float64]:
    """Quantiles (n, 37, levels) of the shares among forty volunteers, members mixed."""
    each = max(1, DRAWS // alpha.shape[1])
    draws = np.concatenate(
        [vote_tree.draw_shares(alpha[:, k], each, rng) for k in range(alpha.shape[1])]
    )
    among, _ = vote_tree.conditional(draws.reshape(-1, draws.shape[-1]))
    votes = vote_tree.draw_votes(among, VOLUNTEERS, rng).reshape(draws.shape)
    found = np.quantile(votes / VOLUNTEERS, QUANTILE_LEVELS, axis=0)
    return np.asarray(found.transpose(1, 2, 0), np.float64)


def _with_a_shape(found: Detections) -> NDArray[np.bool_]:
    """Bright enough, and larger than what the seeing makes of a point."""
    signal = found.flux / np.maximum(found.flux_err, 1e-30)
    large = found.half_light_radius > LARGER_THAN_SEEING * _smallest(found)
    return np.asarray((signal > LEAST_SIGNAL) & large)


def _smallest(found: Detections) -> float:
    """Half-light radius (pixel) of the smallest sources: stars, where there are any."""
    bright = found.flux > LEAST_SIGNAL * found.flux_err
    radii = found.half_light_radius[bright]
    return float(np.quantile(radii, 0.1)) if len(radii) > 4 else 1.0


def _picture_arrays(image: Image, count: int) -> Arrays:
    assert image.pixels is not None
    picture, galaxy = galaxy_picture.network_picture(image.pixels / np.float32(255))
    beyond = galaxy.radius * galaxy_picture.SIDE_IN_RADII / 2 > max(image.shape) * 0.75
    return {
        "picture": np.repeat(picture[None], count, axis=0),
        "_seen": np.full(count, galaxy.seen),
        "_edge": np.full(count, beyond),
    }


def flags_of(prepared: Arrays, k: int, record: Field) -> Flag:
    doubts = {Flag.EDGE_OF_IMAGE: prepared["_edge"][k], Flag.LOW_SIGNAL: not prepared["_seen"][k]}
    if not record.images[0].is_colour:
        doubts[Flag.BLENDED] = prepared["_blended"][k]
        doubts[Flag.LOW_SIGNAL] |= prepared["_signal"][k] < LEAST_SIGNAL
        doubts[Flag.MISSING_BAND] = prepared["_bands"][k] < 3
        doubts[Flag.OUTSIDE_PRIOR] = prepared["_small"][k] or not prepared["_calibrated"][k]
    return raised(doubts)


def _cells(share: Floats, quantiles: Floats) -> dict[str, float | str | bool | None]:
    """The cells of the answers that are no classes: share and 90 % interval."""
    low, high = (int(np.argmin(np.abs(QUANTILE_LEVELS - level))) for level in (0.05, 0.95))
    cells: dict[str, float | str | bool | None] = {}
    for number, name in enumerate(OTHERS):
        cells[f"prob_{name}"] = float(share[number])
        cells[f"prob_{name}_lo90"] = float(quantiles[number, low])
        cells[f"prob_{name}_hi90"] = float(quantiles[number, high])
    return cells


def _columns() -> tuple[Column, ...]:
    """x and y, and the share of each answer that is no class."""
    columns = list(sources.PLACE_COLUMNS)
    for name in OTHERS:
        words = name.replace("_", " ")
        columns.append(
            Column(name=f"prob_{name}", ucd="stat.probability", format="%.3f",
                   description=f"share of all volunteers that would answer: {words}")
        )  # fmt: skip
        for end, bound in (("lo", "lower"), ("hi", "upper")):
            columns.append(
                Column(name=f"prob_{name}_{end}90", format="%.3f",
                       ucd=f"stat.probability;stat.{'min' if end == 'lo' else 'max'}",
                       description=f"{words}: {bound} bound of the share's 90 % spread over "
                       "equally good networks")
            )  # fmt: skip
    columns += [
        Column(name=f"shape_{axis}", ucd="stat.value", format="%.3f",
               description=f"component {axis} of the network's second-to-last layer: plot shape_2 "
               "over shape_1 and alike galaxies lie together")
        for axis in (1, 2)
    ]  # fmt: skip
    return tuple(columns)


def aim_at(posterior: Posterior, card: ModelCard) -> Aim:
    """The answer that most volunteers would give to the first question."""
    del card
    name = posterior.most_probable_class
    return Aim(
        answer=name, output="alpha", link="share", index=CLASSES.index(name), count=len(CLASSES)
    )


COLOURS = ("red", "green", "blue")
TURNED = (
    "The network reads the picture in eight turns and mirrorings and takes the mean; the maps are "
    "those of the picture as it is."
)
INSIGHT = Insight(
    picture="picture", planes=COLOURS, aim=aim_at, is_colour=True, notes=(TURNED,)
)  # fmt: skip

PARAMETERS = tuple(
    Parameter(
        name=f"votes_{name}",
        title=f"votes: {name.replace('_', ' ')}",
        low=0.0,
        high=1.0,
        description=f"share of forty volunteers that answers: {name.replace('_', ' ')}",
    )
    for name in VOTES
)

TASK = Task(
    name="morphology",
    title="Shapes of galaxies",
    reads="image",
    accepts=accepts,
    find=find,
    prepare=prepare,
    decode=decode,
    insight=INSIGHT,
    parameters=PARAMETERS,
    classes=CLASSES,
    columns=_columns(),
    views=("image",),
    batch_size=192,
    match_tolerance_arcsec=sources.MATCH_TOLERANCE_ARCSEC,
    options=(EVERY,),
)
