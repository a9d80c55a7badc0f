"""Pictures (PNG, JPEG, TIFF) as images: without photometry, and as a rule without sky coordinates.

The first row of such a file is the top one; an ``Image`` has the bottom row first. Some carry sky
coordinates as AVM in an XMP packet, which counts pixels from the bottom as FITS does. Source:
Astronomy Visualization Metadata 1.2 (Hurt et al. 2010).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import Damaged, TooLarge, Unsuitable
from astrogui.readers.fits_wcs import SkyCoordinates, sky_coordinates
from astrogui.readers.reader import Head, Reader, damaged
from astrogui.records.image import Image
from astrogui.records.provenance import Provenance
from astrogui.records.source import Kind, Source

MAGIC = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"II*\0": "TIFF", b"MM\0*": "TIFF"}
LAST_BYTES = {"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9"}
MAX_PIXELS = 200_000_000
NO_PHOTOMETRY = (
    "a picture: its brightness is stretched for display, no photometry can be done on it"
)
FETCH_AGAIN = "Fetch the file again."
_TAG = re.compile(
    rb"Spatial\.(\w+)(?:\s*=\s*\"([^\"]*)\"|[^>]*>(.*?)</(?:\w+:)?Spatial\.\1)", re.DOTALL
)
_ITEM = re.compile(rb"<rdf:li[^>]*>([^<]*)</rdf:li>")


class Picture(Reader):
    """PNG, JPEG or TIFF, decoded by Pillow."""

    name = "picture"
    kind: Kind = "image"

    def claims(self, head: Head) -> bool:
        return not head.compression and _kind(head) != ""

    def sources(self, head: Head) -> Sequence[Source]:
        pixels = _pixels(head)
        shape = (pixels.shape[0], pixels.shape[1])
        sky = _sky(head, shape)
        return [
            head.source(
                self,
                shape=shape,
                ra_deg=sky.ra_deg,
                dec_deg=sky.dec_deg,
                pixel_scale_arcsec=sky.pixel_scale_arcsec,
                has_wcs=bool(sky.header),
                is_colour=pixels.ndim == 3,
                remarks=(NO_PHOTOMETRY, *sky.remarks),
            )
        ]

    def read(self, source: Source) -> Image:
        head = Head(source.path, dict(source.options))
        pixels = _pixels(head)
        sky = _sky(head, (pixels.shape[0], pixels.shape[1]))
        return Image(
            pixels=pixels,
            pixel_scale_arcsec=sky.pixel_scale_arcsec,
            wcs_header=sky.header,
            notes=(NO_PHOTOMETRY, *sky.remarks),
            provenance=Provenance(
                path=source.path,
                sha256=source.sha256,
                reader=self.name,
                reader_version=self.version,
            ),
        )


def _kind(head: Head) -> str:
    return next((kind for magic, kind in MAGIC.items() if head.start.startswith(magic)), "")


def _pixels(head: Head) -> NDArray[np.float32]:
    """(ny, nx) or (ny, nx, 3), bottom row first, NaN where transparent."""
    from PIL import Image as Pillow

    kind = _kind(head)
    last = LAST_BYTES.get(kind, b"")
    if last not in head.content:
        raise Damaged(
            head.path,
            f"byte {head.size_bytes}",
            f"the {kind} ends before its end mark",
            FETCH_AGAIN,
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Pillow.open(head.path, formats=[kind]) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise TooLarge(
                        head.path,
                        "",
                        f"{picture.width} x {picture.height} pixels",
                        "Cut out the region of interest.",
                    )
                picture.load()
                pixels = _as_float(picture)
    except Exception as error:  # Pillow and its codecs raise a dozen classes
        raise damaged(head.path, f"{kind} data", error) from error
    if not np.isfinite(pixels).any():
        raise Unsuitable(head.path, "", "no pixel is visible", "Choose another picture.")
    return pixels


def _as_float(picture: Any) -> NDArray[np.float32]:
    if picture.mode in {"1", "L", "F", "I", "I;16", "I;16B", "I;16L"}:
        plain = picture.convert("L") if picture.mode == "1" else picture
        return np.ascontiguousarray(np.asarray(plain)[::-1], np.float32)
    if picture.mode in {"LA", "La"}:
        values = np.asarray(picture.convert("LA")).astype(np.float32)[::-1]
        return np.ascontiguousarray(np.where(values[..., 1] > 0, values[..., 0], np.nan))
    clear = picture.mode in {"RGBA", "RGBa", "PA"} or "transparency" in picture.info
    values = np.asarray(picture.convert("RGBA" if clear else "RGB")).astype(np.float32)[::-1]
    colours = np.ascontiguousarray(values[..., :3])
    if clear:
        colours[values[..., 3] == 0] = np.nan
    return colours


def _sky(head: Head, shape: tuple[int, int]) -> SkyCoordinates:
    """Sky coordinates from AVM tags, where the picture has them."""
    start = head.content.find(b"<x:xmpmeta")
    packet = head.content[start : head.content.find(b"</x:xmpmeta>", start)] if start >= 0 else b""
    tags = {
        name.decode(): _ITEM.findall(body) or [attribute or body]
        for name, attribute, body in _TAG.findall(packet)
    }
    frame = b"".join(tags.get("CoordinateFrame", [b""])).decode("ascii", "replace").strip()
    value, pixel = _numbers(tags, "ReferenceValue"), _numbers(tags, "ReferencePixel")
    size, matrix = _numbers(tags, "ReferenceDimension"), _numbers(tags, "CDMatrix")
    scale, rotation = _numbers(tags, "Scale"), _numbers(tags, "Rotation")
    code = b"".join(tags.get("CoordsystemProjection", [b"TAN"])).decode("ascii", "replace").strip()
    if len(value) != 2 or len(pixel) != 2 or (len(matrix) != 4 and len(scale) != 2):
        return SkyCoordinates(remarks=("no sky coordinates in the picture",))
    zoom = (shape[1] / size[0], shape[0] / size[1]) if len(size) == 2 and all(size) else (1.0, 1.0)
    axes = ("GLON", "GLAT") if frame.upper() == "GAL" else ("RA--", "DEC-")
    header: dict[str, Any] = {
        "CTYPE1": f"{axes[0]}-{code}",
        "CTYPE2": f"{axes[1]}-{code}",
        "RADESYS": frame if frame in {"ICRS", "FK5", "FK4"} else "ICRS",
    }
    for axis in (1, 2):
        header[f"CRVAL{axis}"] = value[axis - 1]
        header[f"CRPIX{axis}"] = (pixel[axis - 1] - 0.5) * zoom[axis - 1] + 0.5
        if len(matrix) == 4:
            for other in (1, 2):
                header[f"CD{axis}_{other}"] = matrix[2 * axis + other - 3] / zoom[other - 1]
        else:
            header[f"CDELT{axis}"] = scale[axis - 1] / zoom[axis - 1]
    if len(matrix) != 4 and rotation:
        header["CROTA2"] = rotation[0]
    return sky_coordinates(header, shape)


def _numbers(tags: dict[str, list[bytes]], name: str) -> list[float]:
    try:
        return [float(item) for item in tags.get(name, [])]
    except ValueError:
        return []
