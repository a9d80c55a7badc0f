"""Does a lens explain a galaxy's light better than two galaxies? A least-squares fit of both.

Both models hold a Sérsic galaxy in the middle. Beside it stands, in the first, a Sérsic source
seen through an isothermal ellipsoid centred on that galaxy (`lensing`), in the second, another
Sérsic galaxy where the light of the first leaves most unexplained. All are blurred by the seeing
and compared with the pixels; amplitudes are solved for linearly, the rest by trust-region least
squares. The Bayesian information criterion (Schwarz 1978, Ann. Statist. 6, 461) charges each model
for its parameters. Lengths are pixels of the cut-out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science import lensing

FINE = 2  # samples a pixel, each way
EINSTEIN_STARTS = (0.6, 1.0, 1.6)  # of the distance of what is left over
LARGEST_MISFIT = 6.0  # residuals beyond are pulled in: a neighbour must not decide
MODEL_SHARE = 0.03  # of the brightness: Sérsic profiles describe no galaxy better

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LensFit:
    """What the two models say; `delta_bic` above 0 speaks for the lens."""

    delta_bic: float
    einstein_radius: float  # pixel
    chi_square_lens: float
    chi_square_pair: float
    pixels: int
    lens_model: Floats  # (ny, nx) light
    pair_model: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    light: Floats
    weight: Floats  # one over the noise, 0 where a pixel is not used
    x: Floats  # of the fine grid, relative to the middle
    y: Floats
    transfer: NDArray[np.complexfloating[Any, Any]]


def compare(
    light: Floats,
    noise: float,
    seeing_fwhm: float,
    known: NDArray[np.bool_] | None = None,
    told: Callable[[float], None] = lambda part: None,
) -> LensFit:
    """Fit both models to a cut-out (ny, nx), its galaxy in the middle; `noise` of a pixel.

    `seeing_fwhm` is in pixels (a Moffat profile, beta 3). Raises ``ValueError`` for a cut-out
    without light or noise.
    """
    if not noise > 0 or not np.isfinite(light).all() or not light.max() > 3 * noise:
        raise ValueError("a fit needs finite pixels with light above the noise")
    data = _data(light, noise, seeing_fwhm, known)
    single, alone = _fitted(data, _galaxy, [_galaxy_start(data)])
    told(0.2)
    where = _left_over(data, alone)
    lens_starts = [_lens_start(single, where, factor) for factor in EINSTEIN_STARTS]
    lens, lens_model = _fitted(data, _lens, lens_starts, lambda part: told(0.2 + 0.5 * part))
    pair_starts = [_pair_start(single, where, factor) for factor in (0.6, 1.4)]
    _, pair_model = _fitted(data, _pair, pair_starts, lambda part: told(0.7 + 0.3 * part))
    chi_lens, chi_pair = _chi_square(data, lens_model), _chi_square(data, pair_model)
    count = int((data.weight > 0).sum())
    bic_lens = chi_lens + (LENS_PARAMETERS) * np.log(count)
    bic_pair = chi_pair + (PAIR_PARAMETERS) * np.log(count)
    return LensFit(
        delta_bic=float(bic_pair - bic_lens), einstein_radius=float(np.exp(lens[5])),
        chi_square_lens=chi_lens, chi_square_pair=chi_pair, pixels=count,
        lens_model=lens_model, pair_model=pair_model,
    )  # fmt: skip


# Parameters of a galaxy: x, y, ln radius, ln index, two components of its ellipticity.
_GALAXY = 5 + 1
LENS_PARAMETERS = _GALAXY + 5 + _GALAXY + 2  # radius, ellipticity, shear; source; amplitudes
PAIR_PARAMETERS = 2 * _GALAXY + 2


def _galaxy(data: _Data, p: Floats) -> list[Floats]:
    return [_sersic(data.x, data.y, p)]


def _pair(data: _Data, p: Floats) -> list[Floats]:
    return [_sersic(data.x, data.y, p[:6]), _sersic(data.x, data.y, p[6:])]


def _lens(data: _Data, p: Floats) -> list[Floats]:
    """The galaxy p[:5] + index p[17]; the lens p[5:10]; the source p[10:16]."""
    galaxy = np.r_[p[:3], p[16], p[3:5]]
    q, angle = _axis_ratio_and_angle(p[6], p[7])
    shear = np.hypot(p[8], p[9])
    lens = {"einstein_radius": np.exp(p[5]), "axis_ratio": q, "angle": angle,
            "shear": shear, "shear_angle": 0.5 * np.arctan2(p[9], p[8])}  # fmt: skip
    source_x, source_y = lensing.source_position(np, data.x - p[0], data.y - p[1], lens)
    return [_sersic(data.x, data.y, galaxy), _sersic(source_x, source_y, p[10:16])]


def _sersic(x: Floats, y: Floats, p: Floats) -> Floats:
    q, angle = _axis_ratio_and_angle(p[4], p[5])
    return np.asarray(lensing.sersic(np, x - p[0], y - p[1], np.exp(p[2]), np.exp(p[3]), q, angle))


def _axis_ratio_and_angle(plus: float, cross: float) -> tuple[float, float]:
    flattening = min(float(np.hypot(plus, cross)), 0.85)
    return (1 - flattening) / (1 + flattening), 0.5 * float(np.arctan2(cross, plus))


def _fitted(
    data: _Data,
    model: Callable[[_Data, Floats], list[Floats]],
    starts: list[tuple[Floats, Floats]],
    told: Callable[[float], None] = lambda part: None,
) -> tuple[Floats, Floats]:
    """The best parameters from any start (place, half range), and the light they give."""
    from scipy.optimize import least_squares

    used = data.weight > 0

    def misfit(parameters: Floats) -> Floats:
        return _residuals(data, _solved(data, model(data, parameters)))[used]

    best: tuple[float, Floats] | None = None
    for number, (start, reach) in enumerate(starts):
        found: Any = least_squares(
            misfit, start, bounds=(start - reach, start + reach), x_scale=reach,
            diff_step=np.full(len(start), 1e-3), loss="soft_l1", f_scale=LARGEST_MISFIT,
            max_nfev=25,
        )  # fmt: skip
        if best is None or found.cost < best[0]:
            best = (float(found.cost), found.x)
        told((number + 1) / len(starts))
    assert best is not None
    return best[1], _solved(data, model(data, best[1]))


def _solved(data: _Data, parts: list[Floats]) -> Floats:
    """The parts blurred, with the amplitudes (not negative) that fit the pixels best."""
    from scipy.optimize import nnls

    seen = [_blurred(data, part) for part in parts]
    design = np.stack([(one * data.weight).ravel() for one in seen], axis=1)
    amplitudes, _ = nnls(design, (data.light * data.weight).ravel())
    return np.asarray(sum(a * one for a, one in zip(amplitudes, seen, strict=True)))


def _blurred(data: _Data, fine: Floats) -> Floats:
    seen = np.fft.irfft2(np.fft.rfft2(fine) * data.transfer, s=fine.shape)
    ny, nx = data.light.shape
    return np.asarray(seen.reshape(ny, FINE, nx, FINE).mean(axis=(1, 3)))


def _residuals(data: _Data, model: Floats) -> Floats:
    return np.asarray((data.light - model) * data.weight)


def _chi_square(data: _Data, model: Floats) -> float:
    """Sum of squares, each pulled in beyond `LARGEST_MISFIT`."""
    squared = (_residuals(data, model) / LARGEST_MISFIT) ** 2
    return float(2 * LARGEST_MISFIT**2 * (np.sqrt(1 + squared) - 1).sum())


def _data(
    light: Floats, noise: float, seeing_fwhm: float, known: NDArray[np.bool_] | None
) -> _Data:
    ny, nx = light.shape
    column = (np.arange(nx * FINE) + 0.5) / FINE - nx / 2
    row = (np.arange(ny * FINE) + 0.5) / FINE - ny / 2
    x, y = np.meshgrid(column, row)
    sigma = np.hypot(noise, MODEL_SHARE * np.maximum(light, 0))
    weight = 1 / sigma
    if known is not None:
        weight = np.where(known, weight, 0.0)
    core = 0.5 * seeing_fwhm / np.sqrt(2 ** (1 / 3) - 1)
    squared = np.add.outer(np.fft.fftfreq(ny * FINE, 1 / ny) ** 2,
                           np.fft.fftfreq(nx * FINE, 1 / nx) ** 2)  # fmt: skip
    stamp = (1 + squared / core**2) ** -3.0
    return _Data(light, weight, x, y, np.fft.rfft2(stamp / stamp.sum()))


def _galaxy_start(data: _Data) -> tuple[Floats, Floats]:
    size = max(min(data.light.shape) / 16, 1.5)
    start = np.array([0.0, 0.0, np.log(size), np.log(2.5), 0.0, 0.0])
    return start, np.array([2.5, 2.5, 2.0, 1.0, 0.6, 0.6])


def _left_over(data: _Data, alone: Floats) -> tuple[float, float]:
    """Where the light that one galaxy leaves is brightest, smoothed, not too far out."""
    from scipy.ndimage import gaussian_filter

    rest = gaussian_filter(_residuals(data, alone), 1.2)
    rows, columns = np.indices(rest.shape)
    dy, dx = rows - (rest.shape[0] - 1) / 2, columns - (rest.shape[1] - 1) / 2
    distance = np.hypot(dx, dy)
    rest = np.where((distance > 1.5) & (distance < 0.4 * min(rest.shape)), rest, -np.inf)
    best = np.unravel_index(int(np.argmax(rest)), rest.shape)
    return float(dx[best]), float(dy[best])


def _lens_start(single: Floats, where: tuple[float, float], factor: float) -> tuple[Floats, Floats]:
    radius = max(float(np.hypot(*where)), 2.0) * factor
    offset = 1 - factor if factor < 1 else 0.15  # of the source: beyond, on the brightest image
    start = np.r_[
        single[:3], single[4:6], np.log(radius), 0.5 * single[4:6], 0.0, 0.0,
        offset * where[0], offset * where[1], np.log(max(0.2 * radius, 0.6)), 0.0, 0.0, 0.0,
        single[3],
    ]  # fmt: skip
    reach = np.array(
        [1.5, 1.5, 1.5, 0.5, 0.5, 0.45, 0.4, 0.4, 0.2, 0.2, radius, radius, 1.6, 0.9, 0.6, 0.6, 0.9]
    )
    return start, reach


def _pair_start(single: Floats, where: tuple[float, float], factor: float) -> tuple[Floats, Floats]:
    start = np.r_[single, where[0], where[1], np.log(2.0 * factor), 0.0, 0.0, 0.0]
    reach = np.array([1.5, 1.5, 1.5, 0.9, 0.5, 0.5, 4.0, 4.0, 2.0, 1.0, 0.75, 0.75])
    return start, reach
