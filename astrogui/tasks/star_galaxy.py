"""Star or galaxy: every source of a survey image found, cut out in its bands and classified.

Sources are found in the reference band (r where there is one), the other bands are laid over it by
their WCS, and a small network reads the pixels beside catalogue measures, each relative to the
seeing measured from the image's own stars. The probabilities hold for the share of stars at a
magnitude that the model card states; the option `star_fraction` states another.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import UsageProblem
from astrogui.records.flags import Flag, raised
from astrogui.records.image import Field
from astrogui.records.model_card import ModelCard
from astrogui.records.posterior import QUANTILE_LEVELS, Posterior
from astrogui.records.provenance import Place
from astrogui.science import photometry
from astrogui.science.aligned_bands import Aligned, aligned
from astrogui.science.detection import Detections, with_places
from astrogui.science.ensemble import probability_quantiles
from astrogui.tasks import sources
from astrogui.tasks.insight import Aim, Insight
from astrogui.tasks.task import Arrays, Model, Options, Task

CLASSES = ("star", "galaxy")
TRAINED_SEEING_PIXELS = (1.0, 6.0)  # half-light radius of a star in the simulations
LOW_SIGNAL = 7.0  # signal-to-noise


def prepare(
    record: Field, places: Sequence[Place], model: Model | None, options: Options
) -> Arrays:
    """`image` (n, 24, 24, 10), `catalogue` (n, 68) and, for `decode`, fluxes and doubts."""
    images = sources.ordered_images(record, "stars and galaxies are told apart")
    bands = sources.bands_of(images)
    x, y = sources.pixels_of(places)
    zero_points = sources.zero_points(images)
    rows: list[NDArray[np.intp]] = []
    parts: list[Arrays] = []
    for section, inside in sources.sections_of(images[0].shape, places):
        found = section.searched(images[0].section, images[0].shape)
        found, chosen = with_places(found, x[inside], y[inside])
        rows.append(inside)
        parts.append(_arrays(aligned(bands, found, chosen), found, chosen, zero_points))
    arrays = sources.in_order(rows, parts)
    return arrays | {"_prior_shift": _prior_shift(arrays, model, options)}


def decode(
    outputs: Arrays, prepared: Arrays, record: Field, places: Sequence[Place], model: Model
) -> list[Posterior]:
    """P(star) and P(galaxy): the members' mean logit, their spread as the epistemic part."""
    logits = np.asarray(outputs["logit"], np.float64) + prepared["_prior_shift"][:, None]
    probability, quantiles = probability_quantiles(
        logits, QUANTILE_LEVELS, tuple(model.card.calibration["pooled_spread"])
    )
    novelty = np.asarray(outputs["novelty"], np.float64).reshape(len(places))
    features = np.asarray(outputs["features"], np.float32) - 1
    bands = len(record.images)
    unit = sources.flux_unit(record)
    posteriors = []
    for k in range(len(places)):
        galaxy = quantiles[k]
        posteriors.append(
            Posterior(
                classes=CLASSES,
                class_probability=np.array([1 - probability[k], probability[k]]),
                class_quantiles=np.stack([1 - galaxy[::-1], galaxy]),
                flags=_flags(prepared, k, bands) | _novel(novelty[k]),
                novelty=float(novelty[k]),
                extras=_cells(prepared, k) | {"flux_unit": unit},
                curves={"features": features[k]},
            )
        )
    return posteriors


def _arrays(
    measured: Aligned, found: Detections, chosen: NDArray[np.intp], zero_points: NDArray[np.float64]
) -> Arrays:
    """What the network takes, and under names with an underscore what `decode` takes."""
    count = len(chosen)
    measures = measured.measures
    signal = measures.flux / np.where(measures.present, measures.flux_err, 1.0)
    return {
        "image": measured.pixels,
        "catalogue": photometry.vector(measures, zero_points, measured.shape),
        "_flux": measured.flux,
        "_flux_err": measured.flux_err,
        "_magnitude": photometry.ab_magnitude(measured.flux, zero_points),
        "_signal": np.sqrt((np.maximum(signal, 0) ** 2).sum(axis=1)),
        "_edge": found.edge[chosen],
        "_blended": found.blended[chosen],
        "_saturated": measured.saturated,
        "_masked_core": measured.masked_core,
        "_stars": np.full(count, measured.stars),
        "_seeing": np.full(count, measured.star_radius),
        "_present": measures.present,
        **{f"_measure_{name}": values for name, values in measures.as_arrays().items()},
        "_shape": measured.shape,
    }


def _prior_shift(arrays: Arrays, model: Model | None, options: Options) -> NDArray[np.float64]:
    """What the option `star_fraction` adds to the logit of galaxy: 0 for the card's own prior."""
    count = len(arrays["_signal"])
    text = options.get("star_fraction", "")
    if not text or model is None:
        return np.zeros(count)
    try:
        wanted = float(text)
    except ValueError:
        wanted = np.nan
    if not 0 < wanted < 1:
        raise UsageProblem(f"star_fraction is a number between 0 and 1, got {text!r}.")
    table = model.card.calibration["prior"]
    magnitude = arrays["_magnitude"][:, photometry.REFERENCE]
    known = np.where(np.isfinite(magnitude), magnitude, table["typical_magnitude_r"])
    trained = np.interp(known, table["magnitude_r"], table["star_fraction"])
    return np.asarray(np.log(trained / (1 - trained)) - np.log(wanted / (1 - wanted)))


def _flags(prepared: Arrays, k: int, bands: int) -> Flag:
    doubts = {
        Flag.EDGE_OF_IMAGE: prepared["_edge"][k],
        Flag.BLENDED: prepared["_blended"][k],
        Flag.SATURATED: prepared["_saturated"][k],
        Flag.MASKED_CORE: prepared["_masked_core"][k],
        Flag.LOW_SIGNAL: prepared["_signal"][k] < LOW_SIGNAL,
        Flag.MISSING_BAND: bands > 1 and prepared["_present"][k].sum() < bands,
        Flag.OUTSIDE_PRIOR: prepared["_stars"][k] == 0
        or not TRAINED_SEEING_PIXELS[0] <= prepared["_seeing"][k] <= TRAINED_SEEING_PIXELS[1],
    }
    return raised(doubts)


def _cells(prepared: Arrays, k: int) -> dict[str, float | str | bool | None]:
    return sources.flux_cells(*(prepared[n][k] for n in ("_flux", "_flux_err", "_magnitude")))


def _novel(novelty: float) -> Flag:
    return Flag.NOVEL if novelty > 1 else Flag.NONE


def aim_at(posterior: Posterior, card: ModelCard) -> Aim:
    """The more probable class; at the card's own share of stars."""
    del card
    name = posterior.most_probable_class
    return Aim(answer=name, output="logit", link="logit", sign=1.0 if name == "galaxy" else -1.0)


INSIGHT = Insight(
    picture="image",
    planes=(
        *(f"{band}: light over noise, asinh" for band in photometry.BANDS),
        *(f"{band}: less a point source, asinh" for band in photometry.BANDS),
    ),
    aim=aim_at,
    notes=("The network reads catalogue measures beside the pixels; they stay as they are, so what "
           "the answer rests on in them is not on the maps.",),
)  # fmt: skip

TASK = Task(
    name="star_galaxy",
    title="Stars and galaxies",
    reads="image",
    accepts=sources.accepts,
    find=sources.find,
    prepare=prepare,
    decode=decode,
    insight=INSIGHT,
    classes=CLASSES,
    columns=(*sources.PLACE_COLUMNS, sources.FLUX_UNIT_COLUMN),
    record_columns=sources.band_columns,
    views=("image",),
    batch_size=2048,  # `prepare` searches its section again for every batch
    match_tolerance_arcsec=sources.MATCH_TOLERANCE_ARCSEC,
    options={"star_fraction": "share of stars among the sources, instead of the card's prior"},
)
