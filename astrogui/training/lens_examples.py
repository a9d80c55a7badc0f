"""Examples for the lens network: renderings kept on disk, observed anew for every batch.

A batch is half lenses. Of what is no lens, a part are the very same fields with the arcs left out,
so that a network cannot learn galaxies instead of arcs; the rest look like lenses and are none.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import numpy as np

from astrogui.training.lens_shares import KINDS, LOOK_ALIKES, OF_SURVEY, Population, Shares
from astrogui.training.observe_lens import observe
from astrogui.training.recipe import Progress
from astrogui.training.simulate_lens import Arrays, rendered_many

CHUNK = 250  # renderings in a file
SHARE_SPACE = 0.22
SHARE_SURVEY = 1 / 2  # of what is trained on: as a survey shows galaxies; the rest look-alikes


class Bank:
    """Renderings in memory: lenses and others, of the ground and of space."""

    def __init__(self, parts: dict[str, Arrays]) -> None:
        self._parts = parts
        self._of_kind: dict[int, list[np.ndarray]] = {}  # rows of each of KINDS in a part

    def __len__(self) -> int:
        return sum(len(part["front"]) for part in self._parts.values())

    def draw(
        self, rng: np.random.Generator, count: int, lens_share: float = 0.5,
        space_share: float = SHARE_SPACE, bare_share: float | None = None,
        population: Population = LOOK_ALIKES,
    ) -> tuple[np.ndarray, np.ndarray, Arrays]:  # fmt: skip
        """Pictures (n, SIZE, SIZE, 3), labels (n,) and facts: `signal`, `kind`, and so on.

        The shares of `population` are those of what is no lens; lenses come as rendered.
        """
        shares = population.shares
        bare_share = shares.bare if bare_share is None else bare_share
        is_lens = (rng.random(count) < lens_share).astype(np.float32)
        space = rng.random(count) < space_share
        bare = (is_lens == 0) & (rng.random(count) < bare_share)
        lens_rows: dict[bool, list[int]] = {False: [], True: []}
        rows = {"front": [], "arcs": [], "einstein_radius": [], "kind": []}  # type: ignore[var-annotated]
        for k in range(count):
            from_lenses = bool(is_lens[k] > 0 or bare[k])
            part = self._parts[part_name(bool(space[k]), from_lenses)]
            which = self._chosen(part, rng, shares, from_lenses)
            if is_lens[k] > 0:
                lens_rows[bool(space[k])].append(which)
            elif bare[k] and lens_rows[bool(space[k])]:  # beside the very lens, where there is one
                which = lens_rows[bool(space[k])].pop()
            for name, values in rows.items():
                values.append(part[name][which])
        light = {name: _three_planes(rows[name]) for name in ("front", "arcs")}
        pictures, facts = observe(_turned(light, rng), is_lens, space, rng, population.conditions)
        kind = np.where(bare, "lens without its arcs", np.array(rows["kind"]))
        return pictures, is_lens, {
            **facts, "space": space, "kind": kind,
            "einstein_radius": np.array(rows["einstein_radius"]) * is_lens,
        }  # fmt: skip

    def draw_mixed(
        self, rng: np.random.Generator, count: int
    ) -> tuple[np.ndarray, np.ndarray, Arrays]:
        """As `draw`: look-alikes first, then `SHARE_SURVEY` of it as a survey shows galaxies."""
        of_survey = int(count * SHARE_SURVEY)
        numbers = ((LOOK_ALIKES, count - of_survey), (OF_SURVEY, of_survey))
        parts = [self.draw(rng, number, population=own) for own, number in numbers if number]
        return (
            np.concatenate([part[0] for part in parts]),
            np.concatenate([part[1] for part in parts]),
            {name: np.concatenate([part[2][name] for part in parts]) for name in parts[0][2]},
        )

    def _chosen(self, part: Arrays, rng: np.random.Generator, shares: Shares, lenses: bool) -> int:
        """A row of the part; of what is no lens each kind has its share."""
        if lenses:
            return int(rng.integers(len(part["front"])))
        rows = self._of_kind.get(id(part))
        if rows is None:
            rows = [np.flatnonzero(part["kind"] == kind) for kind in KINDS]
            self._of_kind[id(part)] = rows
        weight = np.array(shares.kinds) * [len(own) > 0 for own in rows]
        return int(rng.choice(rows[rng.choice(len(KINDS), p=weight / weight.sum())]))


def part_name(space: bool, lenses: bool) -> str:
    return f"{'space' if space else 'ground'}-{'lenses' if lenses else 'others'}"


def rendered_bank(
    workdir: Path, purpose: str, counts: dict[str, int], seed: int, progress: Progress
) -> Bank:
    """The renderings of `counts` ("ground-lenses": 10000, ...), made where they do not exist yet.

    Kept below `workdir` in files of `CHUNK`, so that work goes on where it was left; `purpose`
    enters the seed and separates what is trained on from what is scored.
    """
    parts: dict[str, Arrays] = {}
    for name, count in counts.items():
        space, lenses = name.startswith("space"), name.endswith("lenses")
        folder = workdir / f"renderings-{purpose}-{name}-{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        salt = zlib.crc32(f"{purpose}/{name}".encode())
        chunks = []
        for number, start in enumerate(range(0, count, CHUNK)):
            path = folder / f"{number:04d}.npz"
            size = min(CHUNK, count - start)
            kept = _loaded(path)
            if kept is None or len(kept["front"]) < size:
                kept = rendered_many([seed, salt, number], size, space, lenses)
                _keep(path, kept)
                if number % 8 == 7:
                    progress(f"{purpose}, {name}: {start + size} of {count} rendered")
            chunks.append({key: values[:size] for key, values in kept.items()})
        parts[name] = {key: np.concatenate([c[key] for c in chunks]) for key in chunks[0]}
    return Bank(parts)


def _loaded(path: Path) -> Arrays | None:
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as kept:
        return {key: kept[key] for key in kept.files}


def _keep(path: Path, arrays: Arrays) -> None:
    scratch = path.with_suffix(".part")
    with scratch.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    os.replace(scratch, path)


def _three_planes(rows: list[np.ndarray]) -> np.ndarray:
    """(n, 3, SIZE, SIZE) float32; one plane counts for all three."""
    return np.stack(
        [row.astype(np.float32) if len(row) == 3 else np.repeat(row, 3, 0).astype(np.float32)
         for row in rows]
    )  # fmt: skip


def _turned(light: Arrays, rng: np.random.Generator) -> Arrays:
    """Each cut-out turned by a multiple of 90 degrees and mirrored, arcs and front alike."""
    count = len(light["front"])
    turns, mirrored = rng.integers(4, size=count), rng.random(count) < 0.5
    for turn in range(4):
        for mirror in (False, True):
            chosen = np.flatnonzero((turns == turn) & (mirrored == mirror))
            for values in light.values():
                moved = np.rot90(values[chosen], turn, axes=(2, 3))
                values[chosen] = moved[:, :, ::-1] if mirror else moved
    return light
