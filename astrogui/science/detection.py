"""Sources of an image: background, noise, detection and their apertures (by SEP).

SEP is Source Extractor's core as a library (Barbary 2016, JOSS 1, 58; Bertin & Arnouts 1996,
A&AS 117, 393). Positions are 0-based pixel centres; angles are radians from +x towards +y.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 3.5  # of the noise of the smoothed image
SMOOTHING = 1.2  # pixels, rms width of the Gaussian that smooths it
LEAST_PIXELS = 5
MESH = 128  # pixels a side of the background's mesh
KRON_FACTOR = 2.5  # the aperture's semi-axis in Kron radii (as MAG_AUTO)
LEAST_RADIUS = 3.5  # pixels, where a Kron radius cannot be measured
SECTION = 2048  # pixels a side of the part searched at once
MARGIN = 128  # pixels searched around it, so that no source is cut

_TRUNCATED = 0x0008  # SEP: the object touches the edge of the section
_MERGED = 0x0001  # SEP: the object was deblended from another

Floats = NDArray[np.float64]
SectionReader = Callable[[int, int, int, int], NDArray[np.floating[Any]]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detections:
    """What was found: one element of each array a source, in the order of detection."""

    x: Floats  # pixel, windowed centroid
    y: Floats
    a: Floats  # pixel, rms along the major and minor axis
    b: Floats
    theta: Floats  # rad
    kron_radius: Floats  # in units of a and b; the aperture is KRON_FACTOR times as large
    half_light_radius: Floats  # pixel
    flux: Floats  # in the aperture, image unit
    flux_err: Floats
    peak: Floats  # image unit, background subtracted
    blended: NDArray[np.bool_]
    edge: NDArray[np.bool_]

    def __len__(self) -> int:
        return int(self.x.size)

    def where(self, chosen: NDArray[Any]) -> Detections:
        """The chosen sources (boolean or positions)."""
        return Detections(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})


def background(
    pixels: NDArray[np.floating[Any]], mesh: int = MESH
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Pixels without their background, the noise of each, and the mask of bad pixels.

    (ny, nx) float32, float32 and bool; bad pixels (not finite) are 0 in the first. The noise is
    the scatter of the sky, in the image's unit; where an image has none (simulated without
    noise) it is 1e-6 of the brightest pixel, so that nothing divides by zero.
    """
    import sep

    pixels = np.asarray(pixels)
    mask = ~np.isfinite(pixels)
    if mask.all():
        return np.zeros(pixels.shape, np.float32), np.ones(pixels.shape, np.float32), mask
    filled = np.ascontiguousarray(np.where(mask, 0, pixels), dtype=np.float32)
    side = int(max(8, min(mesh, min(pixels.shape) // 3)))
    level = sep.Background(filled, mask=mask if mask.any() else None, bw=side, bh=side)
    filled -= level.back(dtype=np.float32)
    filled[mask] = 0
    least = max(float(np.abs(filled).max()) * 1e-6, 1e-30)
    return filled, np.maximum(level.rms(dtype=np.float32), least), mask


def detect(
    pixels: NDArray[np.float32],
    noise: NDArray[np.float32],
    mask: NDArray[np.bool_],
    threshold: float = THRESHOLD,
) -> Detections:
    """Every source above `threshold` times the noise, deblended, with its Kron-like aperture.

    `pixels` are background subtracted, as `background` gives them. The threshold is that of the
    smoothed image; SEP's own matched filter is not used, for with its cleaning it loses isolated
    sources of S/N 12. A section so crowded that SEP's buffers overflow is searched again at twice
    the threshold.
    """
    import sep

    kernel = _gaussian(SMOOTHING)
    smoothed = threshold * float(np.sqrt((kernel**2).sum()))  # in units of a pixel's noise

    sep.set_extract_pixstack(max(300_000, pixels.size // 2))
    sep.set_sub_object_limit(8192)
    try:
        objects, segments = sep.extract(
            pixels, smoothed, err=noise, mask=mask, minarea=LEAST_PIXELS,
            filter_kernel=kernel, filter_type="conv", segmentation_map=True,
        )  # fmt: skip
    except Exception as error:  # SEP raises the bare class for its full buffers
        if "pixel" not in str(error) and "deblend" not in str(error):
            raise
        return detect(pixels, noise, mask, threshold * 2)
    if not len(objects):
        return Detections(**{f.name: np.empty(0, _kind(f.name)) for f in fields(Detections)})
    return _with_apertures(pixels, noise, mask, objects, segments)


def _with_apertures(
    pixels: NDArray[np.float32],
    noise: NDArray[np.float32],
    mask: NDArray[np.bool_],
    objects: Any,
    segments: NDArray[np.int32],
) -> Detections:
    import sep

    ids = np.arange(1, len(objects) + 1, dtype=np.int32)
    own = {"mask": mask, "segmap": segments, "seg_id": ids}
    x, y = objects["x"], objects["y"]
    a, b = np.maximum(objects["a"], 0.3), np.maximum(objects["b"], 0.3)
    theta = np.clip(objects["theta"], -np.pi / 2, np.pi / 2)
    kron, _ = sep.kron_radius(pixels, x, y, a, b, theta, 6.0, **own)
    kron = np.where(np.isfinite(kron) & (kron > 0), kron, 0.0)
    kron = np.maximum(kron, LEAST_RADIUS / KRON_FACTOR / np.sqrt(a * b))
    kron = np.minimum(kron, 6.0)
    flux, flux_err, _ = sep.sum_ellipse(
        pixels, x, y, a, b, theta, KRON_FACTOR * kron, err=noise, subpix=5, **own
    )
    half, _ = sep.flux_radius(
        pixels, x, y, 6.0 * a, 0.5, normflux=np.maximum(flux, 1e-30), subpix=5, **own
    )
    x_window, y_window, _ = sep.winpos(pixels, x, y, 2.0 / 2.35 * np.maximum(half, 0.5), mask=mask)
    near = np.hypot(x_window - x, y_window - y) < np.maximum(1.0, a)
    near &= np.isfinite(x_window) & np.isfinite(y_window)
    flag = objects["flag"]
    return Detections(
        x=np.where(near, x_window, x),
        y=np.where(near, y_window, y),
        a=a,
        b=b,
        theta=theta,
        kron_radius=kron,
        half_light_radius=np.where(np.isfinite(half) & (half > 0), half, 0.5),
        flux=flux,
        flux_err=flux_err,
        peak=np.asarray(objects["peak"], np.float64),
        blended=(flag & _MERGED) > 0,
        edge=(flag & _TRUNCATED) > 0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of an image that is searched at once; the margin around it belongs to others."""

    y0: int
    y1: int
    x0: int
    x1: int

    def holds(self, x: Floats, y: Floats) -> NDArray[np.bool_]:
        """Whether the nearest pixel of a position lies in the section."""
        inside = (x >= self.x0 - 0.5) & (x < self.x1 - 0.5)
        return np.asarray(inside & (y >= self.y0 - 0.5) & (y < self.y1 - 0.5))

    def searched(
        self, read: SectionReader, shape: tuple[int, int], threshold: float = THRESHOLD
    ) -> Detections:
        """The sources of the section and of its margin, in pixels of the whole image."""
        bottom, left = max(0, self.y0 - MARGIN), max(0, self.x0 - MARGIN)
        pixels, noise, mask = background(self._with_margin(read))
        return _moved(detect(pixels, noise, mask, threshold), left, bottom, shape)

    def filled_pixels(self, read: SectionReader) -> int:
        """How many of the pixels searched saw the sky: those that hold a number other than 0."""
        pixels = self._with_margin(read)
        return int((np.isfinite(pixels) & (pixels != 0)).sum())

    def _with_margin(self, read: SectionReader) -> NDArray[np.floating[Any]]:
        bottom, left = max(0, self.y0 - MARGIN), max(0, self.x0 - MARGIN)
        return read(bottom, self.y1 + MARGIN, left, self.x1 + MARGIN)


def sections(shape: tuple[int, int]) -> list[Section]:
    """Even parts of an image, of about `SECTION` pixels a side at most, without gap or overlap."""
    return [
        Section(y0=y0, y1=y1, x0=x0, x1=x1)
        for y0, y1 in _stretches(shape[0])
        for x0, x1 in _stretches(shape[1])
    ]


def detect_by_section(
    read: SectionReader, shape: tuple[int, int], threshold: float = THRESHOLD
) -> Iterator[Detections]:
    """Sources of an image of any size, one section after the other, each source once.

    `read(y0, y1, x0, x1)` yields the pixels of a half-open section, clipped to the image.
    """
    for section in sections(shape):
        found = section.searched(read, shape, threshold)
        yield found.where(section.holds(found.x, found.y))


def with_places(found: Detections, x: Floats, y: Floats) -> tuple[Detections, NDArray[np.intp]]:
    """The sources and, for each place asked for, the position of its source among them.

    A place with no source within a pixel is added with the median shape and no flux (NaN).
    """
    from scipy.spatial import cKDTree

    position = np.full(len(x), -1)
    if len(found):
        distance, nearest = cKDTree(np.column_stack([found.x, found.y])).query(
            np.column_stack([x, y])
        )
        position = np.where(distance < 1.0, nearest, -1)
    absent = np.flatnonzero(position < 0)
    if not len(absent):
        return found, position
    columns = {f.name: getattr(found, f.name) for f in fields(found)}
    extra = {
        name: np.full(len(absent), np.median(values) if len(found) and values.dtype != bool else 0)
        for name, values in columns.items()
    }
    extra |= {"x": x[absent], "y": y[absent]}
    extra |= {name: np.full(len(absent), np.nan) for name in ("flux", "flux_err", "peak")}
    if not len(found):
        unit = np.ones(len(absent))
        extra |= {"a": 1.5 * unit, "b": 1.5 * unit, "kron_radius": 2.5 * unit}
        extra |= {"half_light_radius": 2.0 * unit}
    position[absent] = len(found) + np.arange(len(absent))
    joined = {
        name: np.concatenate([values, extra[name].astype(values.dtype)])
        for name, values in columns.items()
    }
    return Detections(**joined), position


def ellipse_flux(
    pixels: NDArray[np.float32],
    noise: NDArray[np.float32],
    mask: NDArray[np.bool_],
    x: Floats,
    y: Floats,
    ellipse: tuple[Any, Any, Any],
) -> tuple[Floats, Floats]:
    """Flux and its error in the ellipses (semi-axes a, b in pixels, theta) around (x, y).

    Errors hold the noise of the sky alone: files seldom give the gain.
    """
    import sep

    a, b, theta = ellipse
    flux, error, _ = sep.sum_ellipse(
        pixels, x, y, np.maximum(a, 0.5), np.maximum(b, 0.5), theta, 1.0,
        err=noise, mask=mask, subpix=5,
    )  # fmt: skip
    return flux, error


def _stretches(length: int) -> list[tuple[int, int]]:
    """Even parts of at most about `SECTION` pixels."""
    parts = max(1, round(length / SECTION))
    edges = [round(length * k / parts) for k in range(parts + 1)]
    return list(pairwise(edges))


def _moved(found: Detections, left: int, bottom: int, shape: tuple[int, int]) -> Detections:
    columns = {f.name: getattr(found, f.name) for f in fields(found)}
    columns["x"] = found.x + left
    columns["y"] = found.y + bottom
    # Two rms radii: what is left beyond them is a few per cent of a source's light.
    reach = 2.0 * found.a
    columns["edge"] = (
        (columns["x"] < reach)
        | (columns["y"] < reach)
        | (columns["x"] > shape[1] - 1 - reach)
        | (columns["y"] > shape[0] - 1 - reach)
    )
    return Detections(**columns)


def _gaussian(width: float) -> NDArray[np.float32]:
    reach = np.arange(-4, 5)
    kernel = np.exp(-0.5 * (reach[:, None] ** 2 + reach**2) / width**2)
    return (kernel / kernel.sum()).astype(np.float32)


def _kind(name: str) -> type:
    return np.bool_ if name in {"blended", "edge"} else np.float64
