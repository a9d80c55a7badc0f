"""What an analysis gives to the commands `train` and `evaluate`: three functions and a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np

from astrogui.records.model_card import ModelCard

Arrays: TypeAlias = dict[str, np.ndarray]
Row: TypeAlias = dict[str, Any]
Measures: TypeAlias = dict[str, Any]
"""Named figures, ready for JSON: numbers, None where truth is absent, nested by folder."""

Progress: TypeAlias = Callable[[str], None]
"""Takes one line of words for the person who waits."""

Train: TypeAlias = Callable[[Path, bool, int, Progress], Path]
"""(workdir, quick, seed, progress) to the finished model folder.

`workdir` keeps checkpoints, so that the same call goes on where the last one was stopped.
"""


class Run(Protocol):
    """The shipped network: a batch of prepared arrays to its raw outputs, with its card."""

    card: ModelCard
    assets: Mapping[str, np.ndarray]

    def __call__(self, prepared: Arrays) -> Arrays: ...


Simulated: TypeAlias = Callable[..., Measures]
"""(run, n, seed) to the figures over n simulations that were never trained on.

That of a recipe that ``keeps`` takes ``kept`` too, a folder from whose simulations it goes on.
"""

Answer: TypeAlias = Callable[[Sequence[tuple[Path, ...]], Mapping[str, Any]], Sequence[Row]]
"""Groups of files and reader options to exported rows, by the same path as `analyze`."""

Real: TypeAlias = Callable[[Path, Answer], Measures]
"""(data folder, answer) to the figures over real files with known truth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one analysis is trained, and how its card's numbers are measured again."""

    task: str
    train: Train
    simulated: Simulated
    real: Real
    keeps: bool = False
