"""Star or galaxy: every source of a survey image found, cut out in its bands and classified.

Sources are found in the reference band (r where there is one), the other bands are laid over it by
their WCS, and a small network reads the pixels beside catalogue measures, each relative to the
seeing measured from the image's own stars. The probabilities hold for the share of stars at a
magnitude that the model card states; the option `star_fraction` states another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Unsuitable, UsageProblem
from astrogui.records.catalogue import Column
from astrogui.records.flags import Flag
from astrogui.records.image import Field, Image
from astrogui.records.posterior import QUANTILE_LEVELS, Posterior
from astrogui.records.provenance import Place
from astrogui.records.source import Source
from astrogui.science import photometry
from astrogui.science.aligned_bands import Aligned, Band, aligned
from astrogui.science.detection import Detections, detect_by_section, sections, with_places
from astrogui.science.ensemble import probability_quantiles
from astrogui.science.sky_position import SkyGrid
from astrogui.tasks.task import Arrays, Model, Options, Task

CLASSES = ("star", "galaxy")
SMALLEST_IMAGE = 100  # pixels a side; below it neither sky nor seeing can be measured
PIXEL_SCALES_ARCSEC = (0.1, 1.2)  # of images that are queued by themselves
TRAINED_SEEING_PIXELS = (1.0, 6.0)  # half-light radius of a star in the simulations
LOW_SIGNAL = 7.0  # signal-to-noise
REFERENCE_ORDER = ("r", "i", "g", "z", "u")
BLANK_LIMIT = 0.95  # share of bad pixels beyond which an image is refused


def accepts(source: Source) -> bool:
    """One plane of pixels, large enough, of a ground-based pixel scale where that is known."""
    scale = source.pixel_scale_arcsec
    return (
        source.kind == "image"
        and not source.is_colour
        and not source.supporting
        and len(source.shape) == 2
        and min(source.shape) >= SMALLEST_IMAGE
        and (scale is None or PIXEL_SCALES_ARCSEC[0] <= scale <= PIXEL_SCALES_ARCSEC[1])
    )


def find(record: Field, model: Model | None, options: Options) -> Iterator[Sequence[Place]]:
    """Every source of the reference band, section by section."""
    del model, options
    reference = ordered_images(record)[0]
    grid = SkyGrid(reference.wcs(), reference.pixel_scale_arcsec)
    number = 0
    for found in detect_by_section(reference.section, reference.shape):
        places = _places(found, grid, number)
        number += len(places)
        if places:
            yield places


def prepare(
    record: Field, places: Sequence[Place], model: Model | None, options: Options
) -> Arrays:
    """`image` (n, 24, 24, 10), `catalogue` (n, 68) and, for `decode`, fluxes and doubts."""
    images = ordered_images(record)
    bands = _bands(images)
    x = np.array([place.x_pixel for place in places], float)
    y = np.array([place.y_pixel for place in places], float)
    zero_points = _zero_points(images)
    rows: list[NDArray[np.intp]] = []
    parts: list[Arrays] = []
    for section in sections(images[0].shape):
        inside = np.flatnonzero(section.holds(x, y))
        if len(inside):
            found = section.searched(images[0].section, images[0].shape)
            found, chosen = with_places(found, x[inside], y[inside])
            rows.append(inside)
            parts.append(_arrays(aligned(bands, found, chosen), found, chosen, zero_points))
    order = np.argsort(np.concatenate(rows))
    arrays = {name: np.concatenate([p[name] for p in parts])[order] for name in parts[0]}
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
    bands = len(record.images)
    unit = _flux_unit(record)
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
                extras=_photometry(prepared, k) | {"flux_unit": unit},
            )
        )
    return posteriors


def ordered_images(field: Field) -> list[Image]:
    """The usable bands, the reference first: r, else i, g, z, u, else the first given.

    Bands without a WCS cannot be aligned with others and are left out; of two images of the same
    part of the spectrum the first counts. Raises `Unsuitable` for colour pictures and images too
    small to measure sky and seeing.
    """
    first = field.images[0]
    named: dict[int, Image] = {}
    for image in field.images:
        if image.wcs_header or image is first:
            named.setdefault(_slot(image), image)
    if not first.wcs_header and len(named) > 1:
        named.pop(_slot(first))
    order = [photometry.BANDS.index(band) for band in REFERENCE_ORDER]
    images = [named[slot] for slot in order if slot in named]
    where = images[0].provenance
    if images[0].is_colour or min(images[0].shape) < SMALLEST_IMAGE:
        raise Unsuitable(
            where.path,
            where.part,
            f"stars and galaxies are told apart in one-plane images of at least {SMALLEST_IMAGE} "
            f"pixels a side, this one is {images[0].shape[1]} x {images[0].shape[0]}"
            + (" in colour" if images[0].is_colour else ""),
            "Give the FITS images of single bands.",
        )
    return images


def _slot(image: Image) -> int:
    """Which of u, g, r, i, z a band stands for; r where its name says nothing."""
    name = image.band.strip()
    known = photometry.GRIDS_OF_BANDS
    letter = known.get(name) or known.get(name[:1], "r")
    return photometry.BANDS.index(letter)


def _bands(images: Sequence[Image]) -> list[Band]:
    reference = SkyGrid(images[0].wcs(), images[0].pixel_scale_arcsec)
    return [
        Band(
            slot=_slot(image),
            read=image.section,
            shape=image.shape,
            place=reference.to_grid(
                reference if image is images[0] else SkyGrid(image.wcs(), image.pixel_scale_arcsec)
            ),
            saturation=np.nan if image.saturation is None else image.saturation,
        )
        for image in images
    ]


def _zero_points(images: Sequence[Image]) -> NDArray[np.float64]:
    zero_points = np.full(len(photometry.BANDS), np.nan)
    for image in images:
        if image.zero_point_ab is not None:
            zero_points[_slot(image)] = image.zero_point_ab
    return zero_points


def _places(found: Detections, grid: SkyGrid, first: int) -> list[Place]:
    ra, dec = grid.sky(found.x, found.y)
    a, b, theta = grid.ellipse(found.x, found.y, found.a, found.b, found.theta)
    return [
        Place(
            label=f"source {first + k + 1}",
            ra_deg=None if np.isnan(ra[k]) else float(ra[k]),
            dec_deg=None if np.isnan(dec[k]) else float(dec[k]),
            x_pixel=float(found.x[k]),
            y_pixel=float(found.y[k]),
            values={
                "x": float(found.x[k] + 1),
                "y": float(found.y[k] + 1),
                "a": float(a[k]),
                "b": float(b[k]),
                "theta": float(theta[k]),
            },
        )
        for k in range(len(found))
    ]


def _arrays(
    sources: Aligned, found: Detections, chosen: NDArray[np.intp], zero_points: NDArray[np.float64]
) -> Arrays:
    """What the network takes, and under names with an underscore what `decode` takes."""
    count = len(chosen)
    measures = sources.measures
    signal = measures.flux / np.where(measures.present, measures.flux_err, 1.0)
    return {
        "image": sources.pixels,
        "catalogue": photometry.vector(measures, zero_points, sources.shape),
        "_flux": sources.flux,
        "_flux_err": sources.flux_err,
        "_magnitude": photometry.ab_magnitude(sources.flux, zero_points),
        "_signal": np.sqrt((np.maximum(signal, 0) ** 2).sum(axis=1)),
        "_edge": found.edge[chosen],
        "_blended": found.blended[chosen],
        "_saturated": sources.saturated,
        "_masked_core": sources.masked_core,
        "_stars": np.full(count, sources.stars),
        "_seeing": np.full(count, sources.star_radius),
        "_present": measures.present,
        **{f"_measure_{name}": values for name, values in measures.as_arrays().items()},
        "_shape": sources.shape,
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


def _flux_unit(record: Field) -> str:
    """The unit of the fluxes, band by band where bands differ."""
    units = {image.band: image.unit for image in record.images}
    if len(set(units.values())) == 1:
        return record.images[0].unit
    return ", ".join(f"{band}: {unit or 'unknown'}" for band, unit in units.items())


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
    flags = Flag.NONE
    for flag, raised in doubts.items():
        if raised:
            flags |= flag
    return flags


def _novel(novelty: float) -> Flag:
    return Flag.NOVEL if novelty > 1 else Flag.NONE


def _photometry(prepared: Arrays, k: int) -> dict[str, float | str | bool | None]:
    cells: dict[str, float | str | bool | None] = {}
    for slot, band in enumerate(photometry.BANDS):
        if np.isfinite(prepared["_flux"][k, slot]):
            cells[f"flux_{band}"] = float(prepared["_flux"][k, slot])
            cells[f"flux_{band}_err"] = float(prepared["_flux_err"][k, slot])
            cells[f"mag_{band}"] = float(prepared["_magnitude"][k, slot])
    return cells


def band_columns(bands: Sequence[str]) -> tuple[Column, ...]:
    """Total flux, its error and the AB magnitude in each band."""
    columns: list[Column] = []
    for band in bands:
        columns += [
            Column(
                name=f"flux_{band}",
                ucd="phot.flux",
                description=f"{band}: flux in an ellipse of 2.5 Kron radii, in the image's unit",
                format="%.5g",
            ),
            Column(
                name=f"flux_{band}_err",
                ucd="stat.error;phot.flux",
                description=f"{band}: error of the flux from the noise of the sky",
                format="%.3g",
            ),
            Column(
                name=f"mag_{band}",
                unit="mag",
                ucd="phot.mag",
                description=f"{band}: AB magnitude of that flux, where a zero point is known",
                format="%.3f",
            ),
        ]
    return tuple(columns)


COLUMNS = (
    Column(name="x", unit="pix", ucd="pos.cartesian.x;instr.det",
           description="column in the reference band, the first pixel's centre is 1",
           format="%.2f"),
    Column(name="y", unit="pix", ucd="pos.cartesian.y;instr.det",
           description="row in the reference band, the first pixel's centre is 1",
           format="%.2f"),
    Column(name="a", unit="arcsec", ucd="phys.angSize.smajAxis",
           description="rms size along the major axis", format="%.2f"),
    Column(name="b", unit="arcsec", ucd="phys.angSize.sminAxis",
           description="rms size along the minor axis", format="%.2f"),
    Column(name="theta", unit="deg", ucd="pos.posAng",
           description="position angle of the major axis, north through east", format="%.1f"),
    Column(name="flux_unit", type="text", ucd="meta.unit",
           description="unit of the fluxes, as the files state it"),
)  # fmt: skip

TASK = Task(
    name="star_galaxy",
    title="Stars and galaxies",
    reads="image",
    accepts=accepts,
    find=find,
    prepare=prepare,
    decode=decode,
    classes=CLASSES,
    columns=COLUMNS,
    record_columns=band_columns,
    views=("image",),
    batch_size=2048,  # `prepare` searches its section again for every batch
    match_tolerance_arcsec=0.5,
    options={"star_fraction": "share of stars among the sources, instead of the card's prior"},
)
