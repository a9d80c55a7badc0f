"""Labelled sources for the star/galaxy network: simulated fields through the task's own path.

Each field is simulated, searched by the task's `find`, prepared by its `prepare`, and its sources
are matched with what was put in. So training sees the seeing measured, the neighbours masked and
the centroids shaken exactly as use does.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from astrogui.records.image import Field, Image
from astrogui.science import photometry
from astrogui.tasks import sources, star_galaxy
from astrogui.training.recipe import Progress
from astrogui.training.simulate_image import (
    BANDS,
    ZERO_POINT,
    SimulatedSky,
    draw_settings,
    simulate,
    tangent_header,
)
from astrogui.training.sky_population import star_share

MATCH_ARCSEC = 1.2
SHARE_OF_BANDS = 0.25  # of fields that have fewer than five bands
SHARE_UNCALIBRATED = 0.15  # of training examples whose zero points are hidden
SHARE_WITHOUT = 0.08  # of training examples, for each band but r, that lose it

Arrays = dict[str, np.ndarray]
Also = Callable[[SimulatedSky, np.ndarray, np.ndarray], Arrays]


def sky_field(sky: SimulatedSky, bands: Sequence[str], calibrated: bool = True) -> Field:
    """The bands of a simulated sky as the record that the task reads."""
    images = []
    for band in bands:
        number = BANDS.index(band)
        images.append(
            Image(
                pixels=sky.pixels[number],
                unit="nanomaggy" if calibrated else "count",
                band=band,
                pixel_scale_arcsec=sky.settings.pixel_scale_arcsec,
                zero_point_ab=ZERO_POINT if calibrated else None,
                wcs_header=tangent_header(sky, number, 30.0, 2.0),
            )
        )
    return Field(images=tuple(images))


def field_examples(
    seed: Sequence[int],
    shape: tuple[int, int] = (1489, 2048),
    like_sdss: float = 0.7,
    bands: Sequence[str] = (),
    also: Also | None = None,
    faintest_mag: float | None = None,
) -> Arrays:
    """The sources of one simulated field that match something put in, with their labels.

    Beside what `prepare` gives: `label` (1 galaxy), `true_magnitude` in r, `true_radius` (arcsec),
    `star_factor` (the field's density of stars) and what ``also`` makes of the sky and the sources'
    places in r. Without ``bands`` they are drawn. No source is fainter than ``faintest_mag`` in r;
    None: fainter ones than can be found are there too.
    """
    rng = np.random.default_rng(list(seed))
    settings = draw_settings(rng, shape, like_sdss)
    if faintest_mag is not None:
        settings = replace(settings, faintest_mag=faintest_mag)
    sky = simulate(settings, rng)
    record = sky_field(sky, bands or _draw_bands(rng))
    places = [place for batch in sources.find(record, None, {}) for place in batch]
    arrays = star_galaxy.prepare(record, places, None, {})
    x = np.array([place.x_pixel for place in places])
    y = np.array([place.y_pixel for place in places])
    reference = BANDS.index(sources.ordered_images(record)[0].band)
    x, y = x - sky.shift[reference, 0], y - sky.shift[reference, 1]
    truth = match(sky, x, y)
    if also is not None:
        arrays = arrays | also(sky, x, y)
    found = truth >= 0
    kept = {name: values[found] for name, values in arrays.items()}
    kept["image"] = kept["image"].astype(np.float16)
    matched = truth[found]
    kept["label"] = sky.is_galaxy[matched].astype(np.float32)
    kept["true_magnitude"] = sky.magnitude[matched, 2]
    kept["true_radius"] = sky.radius_arcsec[matched]
    kept["star_factor"] = np.full(len(matched), sky.settings.star_factor)
    return kept


def match(sky: SimulatedSky, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """For each position the brightest source within `MATCH_ARCSEC`, -1 where there is none."""
    from scipy.spatial import cKDTree

    radius = MATCH_ARCSEC / sky.settings.pixel_scale_arcsec
    near = cKDTree(np.column_stack([sky.x, sky.y])).query_ball_point(
        np.column_stack([x, y]), radius
    )
    brightness = sky.magnitude[:, 2]
    return np.array([min(group, key=brightness.__getitem__) if group else -1 for group in near])


def joined(parts: Sequence[Arrays]) -> Arrays:
    """Fields one after the other, with `field` the number of each source's field."""
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    arrays["field"] = np.concatenate(
        [np.full(len(part["label"]), number) for number, part in enumerate(parts)]
    )
    return arrays


def prior_weights(examples: Arrays) -> np.ndarray:
    """Weights (n,) that give the simulated sources the share of stars of `star_share`.

    The fields drawn hold by chance somewhat more or fewer stars than the mean; one factor for all
    stars, from the magnitudes at which nothing is missed, puts that right.
    """
    magnitude, star = examples["true_magnitude"], examples["label"] == 0
    edges = np.arange(17.0, 21.1, 0.5)
    stars = np.histogram(magnitude[star], edges)[0]
    galaxies = np.histogram(magnitude[~star], edges)[0]
    share = star_share(0.5 * (edges[1:] + edges[:-1]))
    factor = (galaxies * share / (1 - share)).sum() / max(stars.sum(), 1)
    weights = np.where(star, factor if factor > 0 else 1.0, 1.0)
    return np.asarray(weights / weights.mean())


def with_less(arrays: Arrays, rng: np.random.Generator) -> Arrays:
    """`image` and `catalogue` as they would be with a band less or without zero points."""
    measured = {
        name.removeprefix("_measure_"): values.copy()
        for name, values in arrays.items()
        if name.startswith("_measure_")
    }
    count, bands = measured["present"].shape
    lost = rng.random((count, bands)) < SHARE_WITHOUT
    lost[:, photometry.REFERENCE] = False
    lost &= measured["present"].sum(axis=1, keepdims=True) > 2
    for name, values in measured.items():
        if name != "present":
            values[lost] = 0
    measured["present"] = measured["present"] & ~lost
    zero_point = np.full((count, bands), ZERO_POINT)
    zero_point[rng.random(count) < SHARE_UNCALIBRATED] = np.nan
    image = np.asarray(arrays["image"], np.float32).copy()
    lost_rows, lost_bands = np.nonzero(lost)
    image[lost_rows, :, :, lost_bands] = 0
    image[lost_rows, :, :, lost_bands + bands] = 0
    catalogue = photometry.vector(
        photometry.Measures(**measured), zero_point, arrays["_shape"].astype(np.float64)
    )
    return {"image": image, "catalogue": catalogue}


def _draw_bands(rng: np.random.Generator) -> tuple[str, ...]:
    """All five bands, or some, or one, as files come."""
    if rng.random() > SHARE_OF_BANDS:
        return BANDS
    choices: list[tuple[str, ...]] = [
        ("r",), ("g",), ("i",), ("z",), ("g", "r", "i"), ("g", "r", "i", "z"), ("g", "r", "z"),
        ("g", "i"), ("r",), ("g", "r"),
    ]  # fmt: skip
    return choices[int(rng.integers(len(choices)))]


def simulated_fields(
    workdir: Path,
    name: str,
    count: int,
    seed: int,
    progress: Progress,
    shape: tuple[int, int] = (1489, 2048),
    bands: Sequence[str] = (),
    also: Also | None = None,
) -> list[Arrays]:
    """`count` fields, each kept in its own file below `workdir` so that work can be resumed.

    `name` separates what is trained on from what is calibrated on: it enters the seed.
    """
    folder = workdir / f"fields-{name}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    salt = zlib.crc32(name.encode())
    parts = []
    for number in range(count):
        path = folder / f"{number:04d}-{shape[0]}x{shape[1]}.npz"
        if not path.exists():
            part = field_examples([seed, salt, number], shape, bands=bands, also=also)
            scratch = path.with_suffix(".part")
            with scratch.open("wb") as file:
                np.savez(file, **part)  # type: ignore[arg-type]
            os.replace(scratch, path)
            if number % 10 == 9:
                progress(f"{name}: {number + 1} of {count} fields simulated")
        with np.load(path, allow_pickle=False) as kept:
            parts.append({key: kept[key] for key in kept.files})
    return parts
