"""The grid of the image on screen, on which regions, catalogues and frames are placed."""

from __future__ import annotations

from astrogui.records.image import Image
from astrogui.science.region_places import ImageGrid, physical_of
from astrogui.viewers.sky import Sky


def grid_of(image: Image | None, sky: Sky | None) -> ImageGrid:
    """Pixels, sky and physical coordinates of an image."""
    if image is None:
        return ImageGrid()
    frame = sky.sky_frame if sky is not None else ""
    return ImageGrid(sky, frame, physical_of(image.header), image.pixel_scale_arcsec)


def scale_at(sky: Sky | None, image: Image | None, x: float, y: float) -> float | None:
    """Arcsec per pixel at a place; None where neither sky nor header tell."""
    if sky is not None:
        directions = sky.directions(x, y)
        if directions is not None:
            return directions.scale_arcsec
    return image.pixel_scale_arcsec if image is not None else None
