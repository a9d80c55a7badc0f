"""What the analyses of survey images share: which images, which sources, which columns.

Sources are found in the reference band (r where there is one) of a field; the other bands are
laid over it by their WCS. Every analysis that finds its sources here names and places them alike,
so that its answers stand in the same rows as those of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Unsuitable
from astrogui.records.catalogue import Column
from astrogui.records.image import Field, Image
from astrogui.records.provenance import Place
from astrogui.records.source import Source
from astrogui.science import galaxy_picture, photometry
from astrogui.science.aligned_bands import Band
from astrogui.science.detection import Detections, Section, detect_by_section, sections
from astrogui.science.sky_position import SkyGrid
from astrogui.tasks.task import Arrays, Model, Options

SMALLEST_IMAGE = 100  # pixels a side; below it neither sky nor seeing can be measured
PIXEL_SCALES_ARCSEC = (0.1, 1.2)  # of images that are queued by themselves
REFERENCE_ORDER = ("r", "i", "g", "z", "u")
MATCH_TOLERANCE_ARCSEC = 0.5


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
    for found, places in found_by_section(record):
        del found
        if places:
            yield places


def found_by_section(record: Field) -> Iterator[tuple[Detections, list[Place]]]:
    """The sources of the reference band and their places, section by section.

    For an analysis that answers some of them: which, it decides by what was detected.
    """
    reference = ordered_images(record)[0]
    grid = SkyGrid(reference.wcs(), reference.pixel_scale_arcsec)
    number = 0
    for found in detect_by_section(reference.section, reference.shape):
        places = places_of(found, grid, number)
        number += len(places)
        yield found, places


def sections_of(
    shape: tuple[int, int], places: Sequence[Place]
) -> Iterator[tuple[Section, NDArray[np.intp]]]:
    """The sections of an image that hold any of the places, with the positions of these."""
    x, y = pixels_of(places)
    for section in sections(shape):
        inside = np.flatnonzero(section.holds(x, y))
        if len(inside):
            yield section, inside


def in_order(rows: Sequence[NDArray[np.intp]], parts: Sequence[Arrays]) -> Arrays:
    """Arrays of sections joined, in the order of the places that `rows` point to."""
    order = np.argsort(np.concatenate(rows))
    return {name: np.concatenate([p[name] for p in parts])[order] for name in parts[0]}


def pixels_of(places: Sequence[Place]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """0-based x and y (n,) of places in the reference band."""
    return (
        np.array([place.x_pixel for place in places], float),
        np.array([place.y_pixel for place in places], float),
    )


def ordered_images(field: Field, purpose: str = "sources are found") -> list[Image]:
    """The usable bands, the reference first: r, else i, g, z, u, else the first given.

    Bands without a WCS cannot be aligned with others and are left out; of two images of the same
    part of the spectrum the first counts. Raises `Unsuitable` for colour pictures and images too
    small to measure sky and seeing; `purpose` begins its sentence.
    """
    first = field.images[0]
    named: dict[int, Image] = {}
    for image in field.images:
        if image.wcs_header or image is first:
            named.setdefault(slot(image), image)
    if not first.wcs_header and len(named) > 1:
        named.pop(slot(first))
    order = [photometry.BANDS.index(band) for band in REFERENCE_ORDER]
    images = [named[number] for number in order if number in named]
    where = images[0].provenance
    if images[0].is_colour or min(images[0].shape) < SMALLEST_IMAGE:
        raise Unsuitable(
            where.path,
            where.part,
            f"{purpose} in one-plane images of at least {SMALLEST_IMAGE} "
            f"pixels a side, this one is {images[0].shape[1]} x {images[0].shape[0]}"
            + (" in colour" if images[0].is_colour else ""),
            "Give the FITS images of single bands.",
        )
    return images


def slot(image: Image) -> int:
    """The position among u, g, r, i, z of the band that an image stands for."""
    return photometry.BANDS.index(band_letter(image))


def band_letter(image: Image) -> str:
    """Which of u, g, r, i, z a band stands for; r where its name says nothing."""
    name = image.band.strip()
    known = photometry.GRIDS_OF_BANDS
    return known.get(name) or known.get(name[:1], "r")


def bands_of(images: Sequence[Image]) -> list[Band]:
    """The images, reference first, as bands that know where a place of the reference lies."""
    reference = SkyGrid(images[0].wcs(), images[0].pixel_scale_arcsec)
    return [
        Band(
            slot=slot(image),
            read=image.section,
            shape=image.shape,
            place=reference.to_grid(
                reference if image is images[0] else SkyGrid(image.wcs(), image.pixel_scale_arcsec)
            ),
            saturation=np.nan if image.saturation is None else image.saturation,
        )
        for image in images
    ]


def zero_points(images: Sequence[Image]) -> NDArray[np.float64]:
    """AB magnitude of one unit of flux in u, g, r, i, z; NaN where it is not known."""
    known = np.full(len(photometry.BANDS), np.nan)
    for image in images:
        if image.zero_point_ab is not None:
            known[slot(image)] = image.zero_point_ab
    return known


def places_of(found: Detections, grid: SkyGrid, first: int) -> list[Place]:
    """Detections as places, numbered from `first` on, with position and shape as values."""
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


def picture_place(image: Image) -> Place:
    """The galaxy nearest to the middle of a colour picture."""
    assert image.pixels is not None
    galaxy = galaxy_picture.find_galaxy(image.pixels / np.float32(255))
    x, y = np.array([galaxy.x]), np.array([galaxy.y])
    ra, dec = SkyGrid(image.wcs(), image.pixel_scale_arcsec).sky(x, y)
    known = bool(np.isfinite(ra[0]))
    return Place(
        label="galaxy",
        object_id=image.object_id,
        ra_deg=float(ra[0]) if known else None,
        dec_deg=float(dec[0]) if known else None,
        x_pixel=galaxy.x,
        y_pixel=galaxy.y,
        values={"x": galaxy.x + 1, "y": galaxy.y + 1},
    )


def flux_unit(record: Field) -> str:
    """The unit of the fluxes, band by band where bands differ."""
    units = {image.band: image.unit for image in record.images}
    if len(set(units.values())) == 1:
        return record.images[0].unit
    return ", ".join(f"{band}: {unit or 'unknown'}" for band, unit in units.items())


def flux_cells(
    flux: NDArray[np.floating], flux_err: NDArray[np.floating], magnitude: NDArray[np.floating]
) -> dict[str, float | str | bool | None]:
    """The cells of one source's (bands,) fluxes, errors and magnitudes; absent bands left out."""
    cells: dict[str, float | str | bool | None] = {}
    for number, band in enumerate(photometry.BANDS):
        if np.isfinite(flux[number]):
            cells[f"flux_{band}"] = float(flux[number])
            cells[f"flux_{band}_err"] = float(flux_err[number])
            cells[f"mag_{band}"] = float(magnitude[number])
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


PLACE_COLUMNS = (
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
)  # fmt: skip
FLUX_UNIT_COLUMN = Column(
    name="flux_unit", type="text", ucd="meta.unit",
    description="unit of the fluxes, as the files state it",
)  # fmt: skip
