"""Star or galaxy: every source of a survey image found, cut out in its bands and classified.

Sources are found in the reference band (r where there is one), the other bands are laid over it by
their WCS, and a small network reads the pixels beside catalogue measures, each relative to the
seeing measured from the image's own stars. The probabilities hold for the share of stars at a
magnitude that the model card states, at the mean density of stars; the option `star_density` states
another, or takes the one that the frame's own bright sources show (`science.surroundings`), and
`star_fraction` states another share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Column
from astrogui.records.flags import Flag, raised
from astrogui.records.image import Field, Image
from astrogui.records.model_card import ModelCard
from astrogui.records.posterior import QUANTILE_LEVELS, Posterior
from astrogui.records.provenance import Place
from astrogui.science import photometry, surroundings
from astrogui.science.aligned_bands import Aligned, aligned
from astrogui.science.detection import Detections, Section, with_places
from astrogui.science.ensemble import probability_quantiles
from astrogui.tasks import sources
from astrogui.tasks.insight import Aim, Insight
from astrogui.tasks.option import ABOVE_ZERO, Option
from astrogui.tasks.task import Arrays, Model, Options, Task

CLASSES = ("star", "galaxy")
TRAINED_SEEING_PIXELS = (1.0, 6.0)  # half-light radius of a star in the simulations
LOW_SIGNAL = 7.0  # signal-to-noise
COUNTED, MEAN = "counted", "mean"  # the option star_density: as the frame shows it, or the sky's
STAR_FRACTION = Option(
    name="star_fraction", between=(0.0, 1.0), default="the card's share at each magnitude",
    description="share of stars among the sources; goes before star_density",
)  # fmt: skip
STAR_DENSITY = Option(
    name="star_density", between=ABOVE_ZERO, words=(COUNTED, MEAN), default=COUNTED,
    description="density of stars, 1 at galactic latitude 50 deg; counted takes that of the "
    "frame's bright compact sources, mean that of the sky",
)  # fmt: skip
DENSITY_COLUMN = Column(
    name="star_density", format="%.2f",
    description="density of stars counted in the frame, 1 at galactic latitude 50 deg",
)  # fmt: skip


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
        measured = aligned(bands, found, chosen)
        rows.append(inside)
        parts.append(
            _arrays(measured, found, chosen, zero_points)
            | _surroundings(images[0], section, found, chosen, measured)
        )
    arrays = sources.in_order(rows, parts)
    return arrays | _shifts(arrays, model.card.calibration if model else {}, options)


def decode(
    outputs: Arrays, prepared: Arrays, record: Field, places: Sequence[Place], model: Model
) -> list[Posterior]:
    """P(star) and P(galaxy): the members' mean logit, their spread as the epistemic part."""
    logits = np.asarray(outputs["logit"], np.float64) + prepared["_shift"][:, None]
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


def _surroundings(
    reference: Image, section: Section, found: Detections, chosen: NDArray[np.intp],
    measured: Aligned,
) -> Arrays:  # fmt: skip
    """What the section says of each of its sources: compact ones counted, the next one's distance.

    The area is 0, and nothing is counted, without a magnitude in r, a pixel scale or a seeing.
    """
    count, area_deg2, slot = 0, 0.0, sources.slot(reference)
    scale, zero_point = reference.pixel_scale_arcsec, reference.zero_point_ab
    if slot == photometry.REFERENCE and scale and zero_point is not None and measured.stars:
        count = surroundings.compact_sources(
            photometry.ab_magnitude(found.flux, np.array(zero_point)),
            found.flux / np.maximum(found.flux_err, 1e-30), found.half_light_radius,
            measured.star_radius,
        )  # fmt: skip
        area_deg2 = section.filled_pixels(reference.section) * (scale / 3600) ** 2
    return {
        "_compact": np.full(len(chosen), count),
        "_area_deg2": np.full(len(chosen), area_deg2),
        "_separation": surroundings.separations(
            found.x, found.y, np.isfinite(found.flux), chosen, measured.star_radius
        ),
    }


def logit_shifts(arrays: Mapping[str, Any], calibration: Mapping[str, Any]) -> Arrays:
    """What the surroundings add to the logit of galaxy, (n,) each, by a card's calibration.

    ``density`` is that of stars as counted, ``of_density`` what it adds at the card's own shares of
    stars, ``of_neighbour`` what the next source's nearness does. A card that tells nothing of
    surroundings adds nothing.
    """
    told = calibration.get("surroundings")
    if told is None:
        nothing = np.zeros(len(arrays["_compact"]))
        return {"density": nothing * np.nan, "of_density": nothing, "of_neighbour": nothing}
    between = tuple(told["star_densities"])
    density = surroundings.star_density(
        arrays["_compact"], arrays["_area_deg2"],
        (told["stars_per_deg2"], told["galaxies_per_deg2"]), between,
    )  # fmt: skip
    near = surroundings.nearness(arrays["_separation"], tuple(told["neighbour_fwhm"]))
    return {
        "density": density,
        "of_density": np.log(surroundings.mean_density(between) / density),
        "of_neighbour": told["neighbour_logit"] * near,
    }


def _shifts(arrays: Arrays, calibration: Mapping[str, Any], options: Options) -> Arrays:
    """`_shift` of the logit of galaxy, and the density of stars counted (NaN where none was)."""
    shifts = logit_shifts(arrays, calibration)
    of_prior = np.zeros(len(shifts["density"]))
    share, density = STAR_FRACTION.number(options), STAR_DENSITY.number(options)
    if share is not None:
        of_prior = _stated_share(arrays, calibration, share)
    elif density is not None and "surroundings" in calibration:
        between = tuple(calibration["surroundings"]["star_densities"])
        of_prior = of_prior + np.log(surroundings.mean_density(between) / density)
    elif density is None and STAR_DENSITY.word(options) != MEAN:
        of_prior = shifts["of_density"]
    counted = np.where(arrays["_area_deg2"] > 0, shifts["density"], np.nan)
    return {"_shift": of_prior + shifts["of_neighbour"], "_star_density": counted}


def _stated_share(
    arrays: Arrays, calibration: Mapping[str, Any], wanted: float
) -> NDArray[np.float64]:
    """What a stated share of stars adds to the logit, in place of the card's own by magnitude."""
    if "prior" not in calibration:
        return np.zeros(len(arrays["_signal"]))
    table = calibration["prior"]
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
    density = float(prepared["_star_density"][k])
    cells = sources.flux_cells(*(prepared[n][k] for n in ("_flux", "_flux_err", "_magnitude")))
    return cells | ({DENSITY_COLUMN.name: density} if np.isfinite(density) else {})


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
    columns=(*sources.PLACE_COLUMNS, sources.FLUX_UNIT_COLUMN, DENSITY_COLUMN),
    record_columns=sources.band_columns,
    views=("image",),
    batch_size=2048,  # `prepare` searches its section again for every batch
    match_tolerance_arcsec=sources.MATCH_TOLERANCE_ARCSEC,
    options=(STAR_FRACTION, STAR_DENSITY),
)
