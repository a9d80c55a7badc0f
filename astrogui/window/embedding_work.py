"""What the embedding's dock has the pool do: read features, reduce them, draw t-SNE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from astrogui.records.column_table import ColumnTable
    from astrogui.session.view import ProjectView
    from astrogui.viewers.scatter_view import Points

LEAST_OBJECTS = 4
PREFERRED = ("morphology", "lens_finder")  # of the analyses, where none was chosen
SEED = 20_261_121


class Stopped(Exception):
    """The analyst has stopped it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learned:
    """Objects of an analysis with their features and places."""

    asked: int
    task: str  # "" where no analysis has looked at pictures
    tasks: tuple[str, ...]  # those that have answered here
    row_ids: NDArray[np.int64]  # (n,)
    values: NDArray[np.float32]  # (n, k)
    left_out: int
    placed: NDArray[np.float64]  # (n, 2) by principal components
    variance: NDArray[np.float64]  # shares of it, of the two
    drawn: NDArray[np.float64] | None = None  # (n, 2) by t-SNE, NaN for those not chosen

    @property
    def is_too_few(self) -> bool:
        return len(self.row_ids) < LEAST_OBJECTS

    @property
    def sampled(self) -> int:
        """How many of them t-SNE drew, where these are not all."""
        if self.drawn is None:
            return 0
        known = int(np.isfinite(self.drawn[:, 0]).sum())
        return known if known < len(self.row_ids) else 0

    def same_as(self, other: Learned) -> bool:
        """Whether both hold the same objects with the same features."""
        return (
            self.task == other.task
            and np.array_equal(self.row_ids, other.row_ids)
            and np.array_equal(self.values, other.values)
        )

    def with_drawing_of(self, other: Learned) -> Learned:
        return replace(self, drawn=other.drawn)

    def with_places(self, drawn: NDArray[np.float64]) -> Learned:
        return replace(self, drawn=drawn)


class Drawing:
    """A t-SNE under way: the pool writes ``share`` and ``places``, the dock ``is_stopped``."""

    def __init__(self, learned: Learned) -> None:
        self.learned = learned
        self.share = 0.0
        self.is_stopped = False
        self.places: NDArray[np.float64] | None = None  # None as long as it is not done

    def go_on(self, share: float) -> None:
        """Raises ``Stopped`` where it is to end."""
        self.share = share
        if self.is_stopped:
            raise Stopped


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Points to be shown, each with its row's place in the table and its number."""

    points: Points
    places: NDArray[np.int64]
    objects: NDArray[np.int64]


def learn(task: str, asked: int, view: ProjectView) -> Learned:
    """The features of a task's objects, and their principal components. Runs in the pool."""
    from astrogui.viewers.embedding_view import principal_places

    names = [known.name for known in view.present_tasks() if known.insight is not None]
    if task not in names:
        task = next((name for name in (*PREFERRED, *names) if name in names), "")
    found = view.features(task)
    placed, variance = np.zeros((len(found.row_ids), 2)), np.zeros(2)
    if len(found.row_ids) >= LEAST_OBJECTS:
        placed, variance = principal_places(found.values)
    return Learned(
        asked=asked, task=task, tasks=tuple(names), row_ids=found.row_ids, values=found.values,
        left_out=found.left_out, placed=placed, variance=variance,
    )  # fmt: skip


def draw(drawing: Drawing) -> Drawing:
    """Draw t-SNE; its ``places`` stay None where it was stopped. Runs in the pool."""
    from astrogui.viewers.embedding_view import neighbour_places

    try:
        drawing.places = neighbour_places(drawing.learned.values, SEED, drawing.go_on)
    except Stopped:
        drawing.places = None
    return drawing


def alike(learned: Learned, row_id: int, count: int) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """A row and those most like it, with their distances; nothing where it has no features."""
    from astrogui.viewers.embedding_view import nearest

    number = np.flatnonzero(learned.row_ids == row_id)
    if not number.size:
        return (), ()
    own = int(number[0])
    found = nearest(learned.values, own, count)
    away = np.sqrt(((learned.values[found] - learned.values[own]) ** 2).sum(axis=1))
    rows = (row_id, *(int(row) for row in learned.row_ids[found]))
    return rows, (0.0, *(float(distance) for distance in away))


def prepare(
    learned: Learned,
    store: ColumnTable,
    listed: NDArray[np.int64],
    is_drawn: bool,
    colour: str,
    colours_of: Callable[..., Any],
) -> Prepared:
    """The points of the rows that the table lists."""
    from astrogui.viewers.scatter_view import Points

    where = store.positions(learned.row_ids)
    placed = learned.drawn if is_drawn and learned.drawn is not None else learned.placed
    is_listed = np.zeros(len(store) + 1, bool)
    is_listed[listed] = True
    kept = np.flatnonzero((where >= 0) & is_listed[where] & np.isfinite(placed[:, 0]))
    places = where[kept]
    third, classes, title = colours_of(store, colour, places)
    name = "t-SNE" if is_drawn else "principal component"
    points = Points(
        x=placed[kept, 0], y=placed[kept, 1], x_title=f"{name} 1 (no unit)",
        y_title=f"{name} 2 (no unit)", third=third, classes=classes, third_title=title,
    )  # fmt: skip
    return Prepared(points, places, kept)
