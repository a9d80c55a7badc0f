"""Galaxies with votes for the morphology network: simulated ones, and real ones of odd number.

Real pictures are those of the Galaxy Zoo challenge in the data folder. A galaxy whose GalaxyID is
even is scored and never trained on; which is which follows from the number alone.
"""

from __future__ import annotations

import csv
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui import readers
from astrogui.science import galaxy_picture, vote_tree
from astrogui.training.fit import Batch, Draw
from astrogui.training.recipe import Arrays, Progress
from astrogui.training.simulate_morphology import draw_picture

VOLUNTEERS = 40
CHUNK = 500
VARIANTS = 24  # of each real picture: turned, scaled, shifted, coloured


@dataclass(frozen=True, slots=True, kw_only=True)
class RealGalaxies:
    """Pictures (n, ny, nx, 3) uint8, bottom row first, and their cumulative shares (n, 37)."""

    number: NDArray[np.int64]  # GalaxyID
    pictures: NDArray[np.uint8]
    shares: NDArray[np.float64]

    def where(self, chosen: NDArray[Any]) -> RealGalaxies:
        """The chosen galaxies."""
        return RealGalaxies(number=self.number[chosen], pictures=self.pictures[chosen],
                            shares=self.shares[chosen])  # fmt: skip


def read_galaxies(folder: Path, odd: bool) -> RealGalaxies:
    """The galaxies with votes below ``folder`` (images of the data), of odd or of even number."""
    numbers, pictures, shares = [], [], []
    with (folder / "morphology" / "votes_kaggle_gz.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            number = int(row["GalaxyID"])
            path = folder / "morphology" / "kaggle_gz" / f"{number}.jpg"
            if (number % 2 == 1) == odd and path.exists():
                numbers.append(number)
                pictures.append(read_picture(path))
                shares.append(vote_tree.from_row(row))
    return RealGalaxies(
        number=np.array(numbers), pictures=np.array(pictures), shares=np.array(shares)
    )


def read_picture(path: Path) -> NDArray[np.uint8]:
    """A colour picture (ny, nx, 3) by the application's own reader."""
    source = readers.recognise(str(path))[0]
    pixels = readers.read(source).pixels
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=-1)
    return np.asarray(np.clip(np.nan_to_num(pixels), 0, 255), np.uint8)


def simulated(workdir: Path, name: str, count: int, seed: int, progress: Progress) -> Arrays:
    """`picture` (count, 64, 64, 3) uint8 and `opinion` (count, 37) conditional shares.

    Kept in pieces below ``workdir``, so that work can be resumed; ``name`` enters the seed.
    """
    folder = workdir / f"galaxies-{name}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        path = folder / f"{start:06d}-{size}.npz"
        if not path.exists():
            rng = np.random.default_rng([seed, zlib.crc32(name.encode()), start])
            part = simulated_piece(size, rng)
            scratch = path.with_suffix(".part")
            with scratch.open("wb") as file:
                np.savez(file, **part)  # type: ignore[arg-type]
            os.replace(scratch, path)
            progress(f"{name}: {start + size} of {count} galaxies simulated")
        with np.load(path, allow_pickle=False) as kept:
            parts.append({key: kept[key] for key in kept.files})
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def simulated_piece(count: int, rng: np.random.Generator) -> Arrays:
    """Galaxies drawn, found and cut out as real ones are."""
    pictures = np.empty((count, galaxy_picture.SIZE, galaxy_picture.SIZE, 3), np.uint8)
    opinions = np.empty((count, len(vote_tree.ANSWERS)), np.float32)
    for k in range(count):
        picture, opinions[k] = draw_picture(rng)
        cut, _ = galaxy_picture.network_picture(picture)
        pictures[k] = as_bytes(cut)
    return {"picture": pictures, "opinion": opinions}


def as_bytes(picture: Any) -> NDArray[np.uint8]:
    """Colours from 0 to 1 as 8 bit, which is how pictures come."""
    return np.asarray(np.clip(np.asarray(picture) * 255 + 0.5, 0, 255), np.uint8)


def prepared(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Real pictures (n, ny, nx, 3) at the network's scale (n, 64, 64, 3)."""
    return np.array(
        [as_bytes(galaxy_picture.network_picture(p.astype(np.float32) / 255)[0]) for p in pictures]
    )


def variants(
    pictures: NDArray[np.uint8], count: int, rng: np.random.Generator, by: float = 0.12
) -> NDArray[np.uint8]:
    """(n, count, 64, 64, 3): each picture turned by any angle, scaled by about ``by``, shifted.

    The first variant is the picture as it is.
    """
    return np.array(
        [
            variants_of(values, galaxy_picture.find_galaxy(values), count, rng, by)
            for values in (picture.astype(np.float32) / np.float32(255) for picture in pictures)
        ]
    )


def variants_of(
    values: NDArray[np.float32],
    found: galaxy_picture.Found,
    count: int,
    rng: np.random.Generator,
    by: float = 0.12,
) -> NDArray[np.uint8]:
    """(count, 64, 64, 3): a picture's object turned, scaled, shifted; the first as it is."""
    size = galaxy_picture.SIZE
    out = np.empty((count, size, size, 3), np.uint8)
    for number in range(count):
        angle, scale, shift = 0.0, 1.0, np.zeros(2)
        if number:
            angle = float(rng.uniform(0, 2 * np.pi))
            scale = float(np.exp(rng.normal(0, by)))
            shift = rng.normal(0, 0.04 * found.radius, 2)
        cut = galaxy_picture.turned_cut(values, found, angle, scale, (shift[0], shift[1]))
        out[number] = as_bytes(cut)
    return out


def coloured(
    picture: NDArray[np.float32], rng: np.random.Generator, noise: float = 0.02
) -> NDArray[np.float32]:
    """A batch (n, ny, nx, 3) with brightness and colours changed a little; ``noise`` at most."""
    gain = np.exp(rng.normal(0, 0.10, (len(picture), 1, 1, 1)))
    tint = np.exp(rng.normal(0, 0.05, (len(picture), 1, 1, 3)))
    changed = picture * (gain * tint).astype(np.float32)
    if noise:
        level = rng.uniform(0, noise, (len(picture), 1, 1, 1)).astype(np.float32)
        changed += level * rng.standard_normal(picture.shape, dtype=np.float32)
    return np.clip(changed, 0, 1)


def posed(picture: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A batch, each half of it turned by its own multiple of 90 degrees and mirrored or not."""
    for half in (slice(0, None, 2), slice(1, None, 2)):
        turned = np.rot90(picture[half], int(rng.integers(4)), axes=(1, 2))
        picture[half] = turned[:, :, ::-1] if rng.random() < 0.5 else turned
    return picture


def batches(
    sky: Arrays, real: tuple[NDArray[np.uint8], NDArray[np.float64]] | None, size: int,
    real_share: float = 0.5,
) -> Draw:  # fmt: skip
    """Batches of simulated galaxies with votes drawn anew, a share of them real with their votes.

    ``real`` holds variants (n, count, 64, 64, 3) and cumulative shares (n, 37).
    """
    from_sky = size if real is None else size - round(size * real_share)

    def draw(rng: np.random.Generator) -> Batch:
        rows = rng.integers(len(sky["picture"]), size=from_sky)
        picture = [sky["picture"][rows]]
        volunteers = int(rng.integers(20, 61))
        votes = [vote_tree.draw_votes(sky["opinion"][rows], volunteers, rng)]
        if real is not None:
            chosen = rng.integers(len(real[0]), size=size - from_sky)
            picture.append(real[0][chosen, rng.integers(real[0].shape[1], size=len(chosen))])
            votes.append(vote_tree.votes(real[1][chosen], VOLUNTEERS))
        joined = np.concatenate(picture).astype(np.float32) / np.float32(255)
        joined = coloured(posed(joined, rng), rng)
        return {"picture": joined}, {"opinion": np.concatenate(votes).astype(np.float32)}

    return draw
