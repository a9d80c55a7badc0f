"""What the embedding's dock has the pool do: read features, reduce them, draw t-SNE."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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

Places = NDArray[np.float64]  # (n, 3); in two dimensions the last is 0


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
    placed: Places  # by principal components
    variance: NDArray[np.float64]  # (3,) shares of it
    drawn: Mapping[int, Places] = field(default_factory=dict)  # by t-SNE in two, three dimensions

    @property
    def is_too_few(self) -> bool:
        return len(self.row_ids) < LEAST_OBJECTS

    def sampled(self, dimensions: int) -> int:
        """How many of them t-SNE drew, where these are not all."""
        if dimensions not in self.drawn:
            return 0
        known = int(np.isfinite(self.drawn[dimensions][:, 0]).sum())
        return known if known < len(self.row_ids) else 0

    def same_as(self, other: Learned) -> bool:
        """Whether both hold the same objects with the same features."""
        return (
            self.task == other.task
            and np.array_equal(self.row_ids, other.row_ids)
            and np.array_equal(self.values, other.values)
        )

    def with_drawings_of(self, other: Learned) -> Learned:
        return replace(self, drawn=other.drawn)

    def with_places(self, dimensions: int, drawn: Places) -> Learned:
        return replace(self, drawn={**self.drawn, dimensions: drawn})


class Drawing:
    """A t-SNE under way: the pool writes ``share`` and ``places``, the dock ``is_stopped``."""

    def __init__(self, learned: Learned, dimensions: int) -> None:
        self.learned, self.dimensions = learned, dimensions
        self.share = 0.0
        self.is_stopped = False
        self.places: Places | None = None  # None as long as it is not done

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
    placed, variance = np.zeros((len(found.row_ids), 3)), np.zeros(3)
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
        drawing.places = neighbour_places(
            drawing.learned.values, drawing.dimensions, SEED, drawing.go_on
        )
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
    dimensions: int,
    colour: str,
    colours_of: Callable[..., Any],
) -> Prepared:
    """The points of the rows that the table lists, by t-SNE where that is drawn."""
    from astrogui.viewers.scatter_view import Points

    where = store.positions(learned.row_ids)
    placed = learned.drawn[dimensions] if is_drawn else learned.placed
    is_listed = np.zeros(len(store) + 1, bool)
    is_listed[listed] = True
    kept = np.flatnonzero((where >= 0) & is_listed[where] & np.isfinite(placed[:, 0]))
    places = where[kept]
    third, classes, title = colours_of(store, colour, places)
    name = "t-SNE" if is_drawn else "principal component"
    titles = (f"{name} 1 (no unit)", f"{name} 2 (no unit)")
    if dimensions == 3:
        titles = (f"{name}s 1, 2 and 3, turned (no unit)".replace("t-SNEs", "t-SNE"), "")
    points = Points(
        x=placed[kept, 0], y=placed[kept, 1], z=placed[kept, 2] if dimensions == 3 else None,
        x_title=titles[0], y_title=titles[1], third=third, classes=classes, third_title=title,
    )  # fmt: skip
    return Prepared(points, places, kept)
