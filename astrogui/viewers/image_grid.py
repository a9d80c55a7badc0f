"""The grid of the image on screen, on which regions, catalogues and frames are placed."""

from __future__ import annotations

from astrogui.records.image import Image
from astrogui.science.region_places import ImageGrid, physical_of
from astrogui.viewers.sky import Sky

_FRAME_OF = {"": "icrs", "ICRS": "icrs", "FK5": "fk5", "GAL": "galactic"}


def frame_of(sky: Sky | None) -> str:
    """The name of a sky's frame in `sky_frames`; "" for none, or one that is not turned there."""
    if sky is None:
        return ""
    if sky.equatorial:
        return _FRAME_OF.get(sky.frame.upper(), "")
    return {"l": "galactic", "λ": "ecliptic"}.get(sky.names[0], "")


def grid_of(image: Image | None, sky: Sky | None) -> ImageGrid:
    """Pixels, sky and physical coordinates of an image."""
    if image is None:
        return ImageGrid()
    return ImageGrid(sky, frame_of(sky), physical_of(image.header), image.pixel_scale_arcsec)


def scale_at(sky: Sky | None, image: Image | None, x: float, y: float) -> float | None:
    """Arcsec per pixel at a place; None where neither sky nor header tell."""
    if sky is not None:
        directions = sky.directions(x, y)
        if directions is not None:
            return directions.scale_arcsec
    return image.pixel_scale_arcsec if image is not None else None
