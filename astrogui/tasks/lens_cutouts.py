"""How a galaxy of any image comes to the grid and the colours that the lens networks read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Unsuitable
from astrogui.records.image import Field, Image
from astrogui.records.provenance import Place
from astrogui.science import colour_picture, photometry
from astrogui.science.detection import background, detect
from astrogui.science.sky_cutouts import sky_cutouts
from astrogui.science.sky_position import SkyGrid
from astrogui.tasks import sources
from astrogui.tasks.option import ABOVE_ZERO, Option
from astrogui.tasks.task import Options

NETWORK_SIZE = 64  # pixels a side of what a network reads
GROUND_ARCSEC, SPACE_ARCSEC = 0.27, 0.1  # of them
FINEST_GROUND_ARCSEC = 0.15  # a finer pixel means an image from space
SPACE_BANDS = ("VIS", "F814W", "F606W", "F775W", "F625W", "F850LP")
SINGLE_SIDE = 256  # pixels; a smaller image shows one galaxy in its middle
NEAR_MIDDLE_ARCSEC = 3.0
PICTURE_WIDTH_ARCSEC = 24.6  # of a colour picture that says nothing
PIXEL_ARCSEC = 0.26  # of an image that says nothing: DECam
PICTURE_WIDTH = Option(
    name="picture_width_arcsec", unit="arcsec", between=ABOVE_ZERO,
    default=f"{PICTURE_WIDTH_ARCSEC:g}", description="width of a colour picture on the sky",
)  # fmt: skip
PIXEL_SCALE = Option(
    name="pixel_scale_arcsec", unit="arcsec", between=ABOVE_ZERO, default=f"{PIXEL_ARCSEC:g}",
    description="width of a pixel of an image that does not state it",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What of a record is used, and at which scale."""

    images: tuple[Image, ...]  # the reference first
    pixel_arcsec: float  # of the reference
    grid_arcsec: float  # of the network's grid
    scale_assumed: bool  # the file does not state its scale

    @property
    def step(self) -> float:
        """Pixels of the reference to one of the network's."""
        return self.grid_arcsec / self.pixel_arcsec


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CutOut:
    """Galaxies as the networks read them."""

    pictures: NDArray[np.float32]  # (n, NETWORK_SIZE, NETWORK_SIZE, 3)
    seen: NDArray[np.float64]  # (n,) share of the cut-out that the reference band covers


def is_single(record: Field) -> bool:
    """Whether the record shows one galaxy: a colour picture, or a stamp."""
    first = record.images[0]
    return first.is_colour or max(first.shape) <= SINGLE_SIDE


def setting_of(record: Field, options: Options) -> Setting:
    """The bands to use, the reference first, and the scale of the grid.

    From the ground all bands are used; from space the one band that lenses are looked for in,
    for the others are blurred beside it. Raises ``Unsuitable`` where no band can be used.
    """
    first = record.images[0]
    if first.is_colour:
        width = PICTURE_WIDTH.number(options)
        stated = first.pixel_scale_arcsec
        scale = width / first.shape[1] if width else stated
        return Setting(
            images=(first,), pixel_arcsec=scale or PICTURE_WIDTH_ARCSEC / first.shape[1],
            grid_arcsec=GROUND_ARCSEC, scale_assumed=False,
        )  # fmt: skip
    told = PIXEL_SCALE.number(options)
    images = _usable(record) if is_single(record) else sources.ordered_images(
        record, "lenses are looked for"
    )  # fmt: skip
    sharp = [image for image in record.images if image.band.upper() in SPACE_BANDS]
    scale = images[0].pixel_scale_arcsec or told
    if sharp or (scale is not None and scale < FINEST_GROUND_ARCSEC):
        images = (sharp or images)[:1]
        scale = images[0].pixel_scale_arcsec or told
    space = scale is not None and scale < FINEST_GROUND_ARCSEC
    return Setting(
        images=tuple(images), pixel_arcsec=scale or PIXEL_ARCSEC,
        grid_arcsec=SPACE_ARCSEC if space else GROUND_ARCSEC, scale_assumed=scale is None,
    )  # fmt: skip


def _usable(record: Field) -> list[Image]:
    """Bands of a stamp, r first: with or without a WCS, where the pixels lie on one grid."""
    first = record.images[0]
    same = [image for image in record.images if image.wcs_header or image.shape == first.shape]
    named: dict[int, Image] = {}
    for image in same:
        named.setdefault(sources.slot(image), image)
    order = [photometry.BANDS.index(band) for band in sources.REFERENCE_ORDER]
    found = [named[number] for number in order if number in named]
    if not found or not any(np.isfinite(image.section(0, *_end(image))).any() for image in found):
        where = first.provenance
        raise Unsuitable(where.path, where.part, "no pixel holds data", "Give another image.")
    return found


def _end(image: Image) -> tuple[int, int, int]:
    return image.shape[0], 0, image.shape[1]


def single_place(record: Field, options: Options) -> Place:
    """The galaxy of a picture or stamp: the brightest source near the middle, else the middle."""
    setting = setting_of(record, options)
    reference = setting.images[0]
    if reference.is_colour:
        return sources.picture_place(reference)
    x, y = (reference.shape[1] - 1) / 2, (reference.shape[0] - 1) / 2
    values: dict[str, float | str | bool | None] = {}
    pixels, noise, mask = background(reference.section(0, *_end(reference)))
    found = detect(pixels, noise, mask)
    reach = NEAR_MIDDLE_ARCSEC / setting.pixel_arcsec
    near = np.flatnonzero(np.hypot(found.x - x, found.y - y) < reach)
    if len(near):
        best = near[np.argmax(found.flux[near])]
        grid = SkyGrid(reference.wcs(), reference.pixel_scale_arcsec)
        return sources.places_of(found.where(np.array([best])), grid, 0)[0]
    values |= {"x": x + 1, "y": y + 1}
    ra, dec = SkyGrid(reference.wcs()).sky(np.array([x]), np.array([y]))
    known = not np.isnan(ra[0])
    return Place(
        label="source 1", x_pixel=x, y_pixel=y, values=values,
        ra_deg=float(ra[0]) if known else None, dec_deg=float(dec[0]) if known else None,
    )  # fmt: skip


def cut_out(setting: Setting, x: NDArray[np.float64], y: NDArray[np.float64]) -> CutOut:
    """The galaxies at pixels (n,) of the reference as pictures for the networks."""
    bands = sources.bands_of(list(setting.images))
    cut = sky_cutouts(bands, x, y, np.full(len(x), setting.step), NETWORK_SIZE)
    blue_first = np.argsort([band.slot for band in bands])
    names = [photometry.BANDS[bands[k].slot] for k in blue_first]
    signal = colour_picture.signal_of_bands(
        cut.light[:, blue_first], cut.noise[:, blue_first], colour_picture.channels(names)
    )
    return CutOut(
        pictures=colour_picture.picture_of_light(signal),
        seen=cut.known[:, 0].mean(axis=(1, 2)),
    )


def picture_cut_out(
    colours: NDArray[np.float32], setting: Setting
) -> tuple[NDArray[np.float32], float]:
    """The middle of a colour picture for the networks, and which share of it there is."""
    width = NETWORK_SIZE * setting.step
    picture = colour_picture.picture_of_colours(colours, width, NETWORK_SIZE)
    inside = [min(1.0, side / width) for side in colours.shape[:2]]
    return picture, float(np.prod(inside))
