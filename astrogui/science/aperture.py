"""Light within circles: exact overlap with the pixels, sky from a ring, error and magnitude."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
MAGNITUDE_PER_NEPER = 2.5 / math.log(10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Apertures:
    """Radii in pixels: of the aperture, and of the ring that gives the sky."""

    radius: float = 5.0
    sky_inner: float = 10.0
    sky_outer: float = 15.0

    def __post_init__(self) -> None:
        if not self.radius > 0.0:
            raise ValueError(f"the radius of an aperture is above 0, got {self.radius}")
        if not 0.0 <= self.sky_inner < self.sky_outer:
            raise ValueError(
                f"the ring of the sky needs rising radii, got {self.sky_inner}, {self.sky_outer}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SkyLevel:
    """The sky in a ring: clipped median and standard deviation of ``pixels`` pixels."""

    level: float
    deviation: float
    pixels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApertureFlux:
    """The light of one source; fluxes in the image's unit, NaN where it cannot be measured."""

    x: float  # 0-based centre
    y: float
    flux: float
    error: float
    area: float  # of the aperture on the image, in pixels
    sky: SkyLevel
    has_poisson: bool  # whether the gain was known: else the error is that of the sky alone
    magnitude: float
    magnitude_error: float
    is_calibrated: bool  # AB; else instrumental, -2.5 log10 of the flux
    remarks: tuple[str, ...] = field(default_factory=tuple)

    @property
    def signal_to_noise(self) -> float:
        return self.flux / self.error if self.error > 0 else math.nan


def coverage(shape: tuple[int, int], x: float, y: float, radius: float) -> NDArray[np.float64]:
    """(ny, nx) share of each pixel that a circle covers, exact; pixel i is i - 0.5 to i + 0.5."""
    if not radius > 0:
        return np.zeros(shape)
    across = (np.arange(shape[1] + 1) - 0.5 - x) / radius
    up = (np.arange(shape[0] + 1) - 0.5 - y) / radius
    corner = _disc_below(across[None, :], up[:, None])
    area = corner[1:, 1:] - corner[:-1, 1:] - corner[1:, :-1] + corner[:-1, :-1]
    return np.clip(area * radius**2, 0.0, 1.0)


def _disc_below(u: Floats, v: Floats) -> NDArray[np.float64]:
    """The area of the unit disc where X <= u and Y <= v: the pixels are differences of it."""
    u, v = np.broadcast_arrays(np.clip(u, -1.0, 1.0), np.clip(v, -1.0, 1.0))
    left, below = _half_disc(u), _half_disc(v)
    within = u * v + (left + below) / 2.0 - np.pi / 4.0
    # With the corner outside the disc, the two cuts miss each other or one holds the other.
    outside = np.where(
        u > 0,
        np.where(v > 0, left + below - np.pi, below),
        np.where(v > 0, left, 0.0),
    )
    return np.where(u**2 + v**2 < 1.0, within, outside)


def _half_disc(t: Floats) -> NDArray[np.float64]:
    """The area of the unit disc where X <= t, -1 <= t <= 1."""
    return np.asarray(t * np.sqrt(1.0 - t**2) + np.arcsin(t) + np.pi / 2.0)


def aperture_sums(
    pixels: Floats, x: float, y: float, radii: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum and covered area within each radius; pixels without data (NaN) are left out of both."""
    good = np.isfinite(pixels)
    values = np.where(good, pixels, 0.0).astype(np.float64)
    shares = [coverage(values.shape, x, y, radius) * good for radius in radii]
    return (
        np.array([float((share * values).sum()) for share in shares]),
        np.array([float(share.sum()) for share in shares]),
    )


def sky_in_ring(pixels: Floats, x: float, y: float, inner: float, outer: float) -> SkyLevel:
    """The sky from the pixels whose centre lies in a ring: clipped at 3 deviations, five times.

    NaN where fewer than five pixels with data lie there.
    """
    row, column = np.indices(pixels.shape)
    distance = np.hypot(column - x, row - y)
    values = pixels[(distance > inner) & (distance <= outer)].astype(np.float64)
    values = values[np.isfinite(values)]
    for _ in range(5):
        if values.size < 5:
            break
        middle, deviation = np.median(values), values.std(ddof=1)
        kept = np.abs(values - middle) <= 3.0 * deviation
        if kept.all():
            break
        values = values[kept]
    if values.size < 5:
        return SkyLevel(level=math.nan, deviation=math.nan, pixels=int(values.size))
    return SkyLevel(
        level=float(np.median(values)),
        deviation=float(values.std(ddof=1)),
        pixels=int(values.size),
    )


def photometry(
    pixels: Floats,
    x: float,
    y: float,
    apertures: Apertures,
    *,
    gain: float | None = None,
    zero_point_ab: float | None = None,
    saturation: float | None = None,
) -> ApertureFlux:
    """The light of a source at a 0-based place of ``pixels`` (ny, nx), sky taken off.

    The error is that of the sky's scatter in the aperture, of the sky level, and, where the
    ``gain`` (electrons per unit) is known, of the source's own photons: sigma^2 = F / gain +
    A s^2 + A^2 s^2 / n. Source: Merline & Howell 1995, Experimental Astronomy 6, 163, eq. (10),
    with read-out noise and dark current in the scatter s.
    """
    sky = sky_in_ring(pixels, x, y, apertures.sky_inner, apertures.sky_outer)
    (total,), (area,) = aperture_sums(pixels, x, y, [apertures.radius])
    flux = total - area * sky.level if area > 0 else math.nan
    variance = area * sky.deviation**2 * (1.0 + area / max(sky.pixels, 1))
    if gain is not None and gain > 0:
        variance += max(flux, 0.0) / gain
    error = math.sqrt(variance) if variance >= 0 else math.nan
    known = flux > 0
    zero_point = 0.0 if zero_point_ab is None else zero_point_ab
    return ApertureFlux(
        x=x, y=y, flux=flux, error=error, area=area, sky=sky,
        has_poisson=gain is not None and gain > 0,
        magnitude=zero_point - 2.5 * math.log10(flux) if known else math.nan,
        magnitude_error=MAGNITUDE_PER_NEPER * error / flux if known else math.nan,
        is_calibrated=zero_point_ab is not None,
        remarks=_remarks(pixels, x, y, apertures, area, sky, saturation),
    )  # fmt: skip


def _remarks(
    pixels: Floats,
    x: float,
    y: float,
    apertures: Apertures,
    area: float,
    sky: SkyLevel,
    saturation: float | None,
) -> tuple[str, ...]:
    """What a reader of the number must know."""
    words = []
    share = area / (math.pi * apertures.radius**2)
    if share < 0.999:
        words.append(f"{100 * (1 - share):.1f} % of the aperture has no data")
    if not math.isfinite(sky.level):
        words.append("the ring of the sky has too few pixels")
    if saturation is not None:
        inside = coverage(pixels.shape, x, y, apertures.radius) > 0
        if bool((pixels[inside] >= saturation).any()):
            words.append("saturated")
    return tuple(words)


def centroid(
    pixels: Floats, x: float, y: float, fwhm: float, search: float
) -> tuple[float, float] | None:
    """The windowed centre of the source nearest to a 0-based place; None where there is none.

    From the brightest smoothed pixel within ``search`` pixels, steps of twice the mean offset
    under a Gaussian window of the given FWHM. Source: the SExtractor manual, XWIN_IMAGE.
    """
    from scipy.ndimage import uniform_filter

    good = np.isfinite(pixels)
    if not good.any():
        return None
    values = np.where(good, pixels - np.median(pixels[good]), 0.0).astype(np.float64)
    row, column = np.indices(values.shape, dtype=np.float64)
    near = np.hypot(column - x, row - y) <= max(search, 0.75)
    if not near.any():
        return None
    smooth = np.where(near, uniform_filter(values, 3), -np.inf)
    py, px = np.unravel_index(int(np.argmax(smooth)), smooth.shape)
    at_x, at_y = float(px), float(py)
    sigma = fwhm / 2.3548200450309493
    for _ in range(30):
        distance2 = (column - at_x) ** 2 + (row - at_y) ** 2
        weight = np.exp(-0.5 * distance2 / sigma**2) * (distance2 < (4.0 * sigma) ** 2) * values
        total = float(weight.sum())
        if total <= 0:
            return None
        dx = 2.0 * float((weight * (column - at_x)).sum()) / total
        dy = 2.0 * float((weight * (row - at_y)).sum()) / total
        at_x, at_y = at_x + dx, at_y + dy
        if math.hypot(at_x - x, at_y - y) > search + 2.0 * fwhm:
            return None
        if math.hypot(dx, dy) < 1e-4:
            break
    return at_x, at_y
