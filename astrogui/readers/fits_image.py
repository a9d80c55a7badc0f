"""Images in FITS files: primary or extension, plain, tile-compressed or in a compressed file.

Plain pixels of an uncompressed file are left on disk and read by position; others are held in
memory. Source of the layouts: FITS standard 4.0 (2018), sections 4, 7 and 10.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged, FileProblem, MissingMetadata, TooLarge, Unsuitable
from astrogui.readers.fits_structure import FETCH_AGAIN, Hdu, axes_of, is_tile_compressed, name_of
from astrogui.readers.fits_tile import checksum_remarks, unpacked_tiles
from astrogui.readers.fits_wcs import sky_coordinates
from astrogui.readers.image_keyword import (
    band,
    gain,
    number,
    saturation,
    shown_header,
    unit,
    word,
    zero_point,
)
from astrogui.readers.reader import Head, Reader
from astrogui.records.image import Image, Plane
from astrogui.records.provenance import Provenance
from astrogui.records.source import Kind, Source

MOST_PLANES = 12  # a cube with more is not a set of bands
MAX_IN_MEMORY_BYTES = 2 << 30
SUPPORTING = re.compile(
    r"(?:^|_)(?:ERR|ERROR|RMS|SIG|SIGMA|STD|VAR|VARIANCE|UNCERT|STAT|IVAR|INVVAR|WHT|WEIGHT|WT|DQ|"
    r"MASK|OOD|FLAGS?|BPM|BAD|CON|CTX|CONTEXT|EXP|EXPMAP|PSF|KERNEL|SEG|SEGMAP|D2IMARR|WCSDVARR|"
    r"SAMP|TIME|NPOL|COVERAGE|COV|BKG|BACKGROUND|SKY)(?:$|_|\d)"
)
MASK_PRODUCTS = {"dqmask", "mask", "wtmap", "weight", "expmap"}


@dataclass(frozen=True, slots=True)
class _Picture:
    """A plane of an HDU that can be shown: its part name, its place and what it is."""

    hdu: Hdu
    plane: int  # 0-based
    planes: int
    part: str
    supporting: bool


class FitsImage(Reader):
    """Any FITS image of two axes or more; asked after the readers of specific layouts."""

    name = "FITS image"
    kind: Kind = "image"
    generic = True

    def claims(self, head: Head) -> bool:
        return head.is_fits and any(_is_image(hdu) for hdu in head.fits_hdus)

    def sources(self, head: Head) -> Sequence[Source]:
        pictures = list(_pictures(head))
        if head.part:
            pictures = [_asked(head, pictures)]
        if not pictures:
            raise _without_picture(head)
        lone = len(pictures) == 1 and not head.part
        ordered = sorted(pictures, key=lambda picture: picture.supporting)
        return [self._source(head, picture, "" if lone else picture.part) for picture in ordered]

    def _source(self, head: Head, picture: _Picture, part: str) -> Source:
        headers = _headers(head, picture)
        axes = axes_of(picture.hdu.header)
        sky = sky_coordinates(picture.hdu.header, (axes[1], axes[0]))
        return head.source(
            self,
            part=part,
            object_id=word(headers, "OBJECT"),
            ra_deg=sky.ra_deg,
            dec_deg=sky.dec_deg,
            shape=(axes[1], axes[0]),
            band=band(headers),
            pixel_scale_arcsec=sky.pixel_scale_arcsec,
            has_wcs=bool(sky.header),
            supporting=picture.supporting,
            remarks=(*_plane_remarks(picture), *sky.remarks),
        )

    def read(self, source: Source) -> Image:
        head = Head(source.path, dict(source.options))
        if head.compression:
            _ = head.content  # unpacked once, for the headers and the pixels
        picture = _found(head, source.part)
        headers = _headers(head, picture)
        axes = axes_of(picture.hdu.header)
        sky = sky_coordinates(picture.hdu.header, (axes[1], axes[0]))
        pixels, plane = _pixels_of(head, picture)
        image_unit = unit(headers)
        tiled = is_tile_compressed(picture.hdu.header)
        doubts = checksum_remarks(head, picture.hdu) if tiled else ()
        zero, zero_note = zero_point(headers, image_unit)
        image = Image(
            pixels=pixels,
            plane=plane,
            unit=image_unit,
            band=band(headers),
            pixel_scale_arcsec=sky.pixel_scale_arcsec,
            zero_point_ab=zero,
            gain=gain(headers, image_unit),
            saturation=saturation(headers, image_unit),
            wcs_header=sky.header,
            object_id=word(headers, "OBJECT"),
            notes=(*_plane_remarks(picture), *sky.remarks, *zero_note, *doubts),
            header=shown_header(picture.hdu.header),
            provenance=Provenance(
                path=source.path,
                sha256=source.sha256,
                part=name_of(picture.hdu)
                + (f", plane {picture.plane + 1}" if picture.planes > 1 else ""),
                reader=self.name,
                reader_version=self.version,
            ),
        )
        _require_a_finite_pixel(image, source.path, name_of(picture.hdu))
        return image


def _is_image(hdu: Hdu) -> bool:
    """Whether the HDU is an image of two axes or more, with or without pixels."""
    if hdu.header.get("GROUPS") is True and hdu.index == 0:
        return False
    extension = str(hdu.header.get("XTENSION", "IMAGE")).strip()
    return (extension == "IMAGE" or is_tile_compressed(hdu.header)) and len(
        axes_of(hdu.header)
    ) >= 2


def _has_picture(hdu: Hdu) -> bool:
    """Two axes with pixels; a row of numbers (a calibration vector, say) is no picture."""
    axes = axes_of(hdu.header)
    return all(axes) and (min(axes[:2]) > 1 or axes[:2] == (1, 1))


def _pictures(head: Head) -> Iterator[_Picture]:
    names = [str(hdu.header.get("EXTNAME", "")).strip() for hdu in head.fits_hdus]
    for hdu, name in zip(head.fits_hdus, names, strict=True):
        if not _is_image(hdu) or not _has_picture(hdu):
            continue
        part = name if name and names.count(name) == 1 else str(hdu.index)
        version = hdu.header.get("EXTVER")
        if name and names.count(name) > 1 and isinstance(version, int):
            part = f"{name},{version}"
        axes = axes_of(hdu.header)
        planes = math.prod(axes[2:])
        supporting = _is_supporting(head, hdu, name)
        offered = planes if planes <= MOST_PLANES and not _is_spectral(hdu) else 1
        for plane in range(offered):
            suffix = f" plane {plane + 1}" if planes > 1 else ""
            yield _Picture(hdu, plane, planes, part + suffix, supporting)


def _is_spectral(hdu: Hdu) -> bool:
    """Whether the third axis is one of frequency, velocity or wavelength, not a set of bands."""
    ctype = word([hdu.header], "CTYPE3").upper()
    return ctype[:4] in {"FREQ", "VELO", "VOPT", "VRAD", "WAVE", "AWAV", "ENER", "WAVN", "ZOPT"}


def _is_supporting(head: Head, hdu: Hdu, name: str) -> bool:
    """Whether it is a mask, a weight map or the like, which accompanies a picture."""
    product = word([hdu.header, head.fits_headers[0]], "PRODTYPE", "PRODTYP").lower()
    return bool(SUPPORTING.search(name.upper())) or product in MASK_PRODUCTS


def _plane_remarks(picture: _Picture) -> tuple[str, ...]:
    remarks = []
    if picture.supporting:
        remarks.append("a mask, weight or other supporting map, not a picture of the sky")
    if picture.planes > 1:
        axis = word([picture.hdu.header], "CTYPE3") or "an axis that the header does not name"
        remarks.append(f"plane {picture.plane + 1} of {picture.planes} along {axis}")
    if axes_of(picture.hdu.header)[:2] == (1, 1):
        remarks.append("the image is a single pixel")
    return tuple(remarks)


def picture_parts(head: Head) -> dict[int, str]:
    """The part names of the HDUs that can be shown, without planes, by number of the HDU."""
    return {
        picture.hdu.index: picture.part.rsplit(" plane ", 1)[0] if picture.planes > 1
        else picture.part
        for picture in _pictures(head)
    }  # fmt: skip


def _asked(head: Head, pictures: list[_Picture]) -> _Picture:
    """The picture that ``file.fits[PART]`` names: by name, name and version, number or plane."""
    wanted = head.part.strip().upper()
    for picture in pictures:
        number_part = str(picture.hdu.index) + picture.part[len(picture.part.split(" ")[0]) :]
        name = str(picture.hdu.header.get("EXTNAME", "")).strip()
        if wanted in {picture.part.upper(), number_part.upper(), str(picture.hdu.index)} or (
            name and wanted == name.upper()
        ):
            return picture
    plane = re.fullmatch(r"(.+) PLANE (\d+)", wanted)
    if plane:  # a plane that is not offered by itself
        for picture in pictures:
            if picture.part.upper().split(" PLANE ")[0] == plane[1] or plane[1] == str(
                picture.hdu.index
            ):
                index = int(plane[2]) - 1
                if 0 <= index < picture.planes:
                    stem = picture.part.rsplit(" plane ", 1)[0]
                    return _Picture(
                        picture.hdu,
                        index,
                        picture.planes,
                        f"{stem} plane {index + 1}",
                        picture.supporting,
                    )
    there = ", ".join(picture.part for picture in pictures[:30]) or "none"
    raise MissingMetadata(
        head.path, f"[{head.part}]", "the file has no such image", f"Its images are: {there}."
    )


def _found(head: Head, part: str) -> _Picture:
    pictures = list(_pictures(head))
    if not part and len(pictures) == 1:
        return pictures[0]
    head.part = part
    return _asked(head, pictures)


def _headers(head: Head, picture: _Picture) -> list[Any]:
    """Where to look keywords up: the HDU's own header, then the primary one."""
    own = picture.hdu.header
    return [own] if picture.hdu.index == 0 else [own, head.fits_headers[0]]


def _without_picture(head: Head) -> FileProblem:
    for hdu in head.fits_hdus:
        axes = axes_of(hdu.header)
        if _is_image(hdu) and 0 in axes:
            return Damaged(
                head.path,
                name_of(hdu),
                f"axis {axes.index(0) + 1} of the image has length 0",
                "The writer left the image empty; fetch another copy.",
            )
    return Unsuitable(
        head.path, name_of(head.fits_hdus[0]), "no image of two axes in the file", "Check the file."
    )


def _pixels_of(head: Head, picture: _Picture) -> tuple[NDArray[np.float32] | None, Plane | None]:
    header = picture.hdu.header
    axes = axes_of(header)
    shape = (axes[1], axes[0])
    bits = int(header.get("ZBITPIX" if is_tile_compressed(header) else "BITPIX"))
    bscale, bzero = _scale(head, picture.hdu)
    blank = header.get("BLANK", header.get("ZBLANK"))
    integer_blank = blank if bits > 0 and isinstance(blank, int) and blank is not True else None
    itemsize = abs(bits) // 8
    offset = picture.hdu.data_offset + picture.plane * shape[0] * shape[1] * itemsize
    kind = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}[bits]
    plane = Plane(
        path=head.path,
        offset=offset,
        dtype=kind,
        shape=shape,
        bscale=bscale,
        bzero=bzero,
        blank=integer_blank,
    )
    if not head.compression and not is_tile_compressed(header):
        return None, plane
    if shape[0] * shape[1] * max(4, itemsize) > MAX_IN_MEMORY_BYTES:
        raise TooLarge(
            head.path,
            name_of(picture.hdu),
            f"an image of {shape[1]} x {shape[0]} pixels in a compressed file",
            "Unpack the file first; plain files are read piece by piece.",
        )
    if is_tile_compressed(header):
        stored = unpacked_tiles(head, picture.hdu)
        stored = stored.reshape(-1, *shape)[picture.plane]
        return plane.scaled(stored), None
    count = shape[0] * shape[1]
    stored = np.frombuffer(head.content, kind, count, offset).reshape(shape)
    return plane.scaled(stored), None


def _scale(head: Head, hdu: Hdu) -> tuple[float, float]:
    bscale, bzero = (
        number([hdu.header], "BSCALE", default=1.0),
        number([hdu.header], "BZERO", default=0.0),
    )
    if bscale is None or bzero is None or bscale == 0 or max(abs(bscale), abs(bzero)) > 1e38:
        raise Damaged(
            head.path,
            name_of(hdu),
            f"BSCALE = {hdu.header.get('BSCALE')} and BZERO = {hdu.header.get('BZERO')} "
            "give no pixel values",
            FETCH_AGAIN,
        )
    return bscale, bzero


def _require_a_finite_pixel(image: Image, path: str, place: str) -> None:
    """Looks through the image until a pixel has a value, as a rule in its first rows."""
    ny, nx = image.shape
    rows = max(1, (1 << 22) // max(nx, 1))
    for row in range(0, ny, rows):
        if np.isfinite(image.section(row, min(row + rows, ny), 0, nx)).any():
            return
    raise Unsuitable(
        path, place, "no pixel has a finite value (all NaN or blank)", "Choose another image."
    )
