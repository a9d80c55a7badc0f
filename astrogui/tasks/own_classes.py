"""Classes of the analyst's own, answered by a network that was trained on their labels.

Such a model lies in the analyst's data folder under a name that starts with ``own_``; its card
holds the classes, so one definition serves all of them. How a picture is cut is what it was trained
with: ``galaxy`` finds the object nearest to the middle, ``light`` takes all the light of a picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Column
from astrogui.records.flags import Flag
from astrogui.records.image import Field, Image
from astrogui.records.model_card import ModelCard
from astrogui.records.posterior import QUANTILE_LEVELS, Posterior
from astrogui.records.provenance import Place
from astrogui.records.source import Source
from astrogui.science import galaxy_picture
from astrogui.tasks import morphology, sources
from astrogui.tasks.insight import Aim, Insight
from astrogui.tasks.task import Arrays, Model, Options, Task

PREFIX = "own_"
CUTS = ("galaxy", "light")
LARGEST_PICTURE = 640  # pixels a side of a picture whose whole light is one object

GAIN_COLUMN = Column(
    name="label_gain", unit="", ucd="stat.value", format="%.3f",
    description="what a label of this object would tell the network, in nat (BALD)",
)  # fmt: skip

Floats = NDArray[np.floating[Any]]


def own_task(name: str, title: str = "", classes: Sequence[str] = (), cut: str = "galaxy") -> Task:
    """The analysis that a model of the analyst's own answers.

    Where it answers, the model's card says the rest; where rows are shown, ``classes`` name the
    columns.
    """
    return Task(
        name=name,
        title=title or name.removeprefix(PREFIX).replace("_", " "),
        reads="image",
        accepts=accepts_light if cut == "light" else morphology.accepts,
        find=find,
        prepare=prepare,
        decode=decode,
        insight=INSIGHT,
        classes=tuple(classes),
        columns=(*sources.PLACE_COLUMNS, GAIN_COLUMN),
        views=("image",),
        batch_size=192,
        match_tolerance_arcsec=sources.MATCH_TOLERANCE_ARCSEC,
        wanted=_never,
    )


def task_of_card(card: ModelCard) -> Task:
    """The analysis that a card of such a model describes."""
    return own_task(
        card.task, card.title, card.training["classes"], card.training.get("cut", "galaxy")
    )


def _never(source: Source) -> bool:
    """Own models answer what they are asked for."""
    del source
    return False


def accepts_light(source: Source) -> bool:
    """A small picture, grey or in colour."""
    return (
        source.kind == "image"
        and not source.supporting
        and len(source.shape) == 2
        and morphology.PICTURE_SIDES[0] <= min(source.shape)
        and max(source.shape) <= LARGEST_PICTURE
    )


def find(record: Field, model: Model, options: Options) -> Iterator[Sequence[Place]]:
    """The one object of a picture, or the sources of a field that have a shape."""
    if model.card.training.get("cut") != "light":
        yield from morphology.find(record, model, options)
        return
    image = record.images[0]
    ny, nx = image.shape
    yield [Place(label="object", object_id=image.object_id,
                 x_pixel=(nx - 1) / 2, y_pixel=(ny - 1) / 2,
                 values={"x": (nx + 1) / 2, "y": (ny + 1) / 2})]  # fmt: skip


def prepare(record: Field, places: Sequence[Place], model: Model, options: Options) -> Arrays:
    """`picture` (n, 64, 64, 3) and, for `decode`, doubts."""
    if model.card.training.get("cut") != "light":
        return morphology.prepare(record, places, model, options)
    values, found = light_values(record.images[0])
    picture = galaxy_picture.at_network_scale(values, found)
    return {
        "picture": np.repeat(picture[None], len(places), axis=0),
        "_seen": np.full(len(places), found.seen),
        "_edge": np.zeros(len(places), bool),
    }


def decode(
    outputs: Arrays, prepared: Arrays, record: Field, places: Sequence[Place], model: Model
) -> list[Posterior]:
    """The classes' probabilities, the members' mean; their spread as the epistemic part."""
    card = model.card
    logit = np.asarray(outputs["logit"], np.float64) / float(card.calibration["temperature"])
    single = np.exp(logit - logit.max(axis=-1, keepdims=True))
    single /= single.sum(axis=-1, keepdims=True)
    probability = single.mean(axis=1)
    quantiles = morphology.spread_of(
        single, QUANTILE_LEVELS, tuple(card.calibration["pooled_spread"])
    )
    novelty = np.asarray(outputs["novelty"], np.float64).reshape(len(places))
    features = np.asarray(outputs["features"], np.float32) - 1
    classes = tuple(card.training["classes"])
    gain = information_gain(single)
    return [
        Posterior(
            classes=classes,
            class_probability=probability[k],
            class_quantiles=quantiles[k],
            flags=morphology.flags_of(prepared, k, record)
            | (Flag.NOVEL if novelty[k] > 1 else Flag.NONE),
            novelty=float(novelty[k]),
            extras={"label_gain": float(gain[k])},
            curves={"features": features[k]},
        )
        for k in range(len(places))
    ]


def aim_at(posterior: Posterior, card: ModelCard) -> Aim:
    """The most probable class."""
    classes = list(card.training["classes"])
    name = posterior.most_probable_class
    return Aim(
        answer=name, output="logit", link="softmax", index=classes.index(name),
        count=len(classes), temperature=float(card.calibration["temperature"]),
    )  # fmt: skip


INSIGHT = Insight(
    picture="picture", planes=morphology.COLOURS, aim=aim_at, is_colour=True,
    notes=(morphology.TURNED,),
)  # fmt: skip


def information_gain(probability: Floats) -> NDArray[np.float64]:
    """BALD (n,): what the answer would tell about the network, in nat, from (n, members, classes).

    The entropy of the mean less the mean entropy; Houlsby et al. 2011, arXiv 1112.5745, eq. (2).
    """
    p = np.clip(np.asarray(probability, np.float64), 1e-12, 1)
    mean = p.mean(axis=1)
    each = -(p * np.log(p)).sum(axis=2).mean(axis=1)
    return np.asarray(np.maximum(-(mean * np.log(mean)).sum(axis=1) - each, 0.0))


def light_values(image: Image) -> tuple[NDArray[np.float32], galaxy_picture.Found]:
    """A picture as colours (ny, nx, 3) and its object of several parts; grey is scaled to it."""
    if image.is_colour:
        values = colour_values(image)
        return values, galaxy_picture.find_light(values.mean(axis=-1))
    ny, nx = image.shape
    return galaxy_picture.light_picture(image.section(0, ny, 0, nx))


def colour_values(image: Image) -> NDArray[np.float32]:
    """A colour picture (ny, nx, 3) of 8 bit as colours from 0 to 1."""
    assert image.pixels is not None
    return np.asarray(image.pixels, np.float32) / np.float32(255)
