"""The rows of a grading queue, put in order and counted; for a thread of the pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.session.grading_queue import columns_for, ordered
from astrogui.session.inter_grader import disagreements

ADJUDICATED = ""  # in the place of the name of who judged: what graders agreed on
FEW = 5000  # rows whose grades are read by their ids


def done_rows(view: Any, row_ids: list[int], author: str) -> set[int]:
    """Those of the rows to which ``author`` gave a quality, or on which graders agreed ("").

    For a pool's thread.
    """
    found = view.grades(row_ids if len(row_ids) <= FEW else None)
    wanted = set(row_ids)
    return {
        row_id
        for row_id, by_author in found.items()
        if row_id in wanted
        and (
            by_author.get(author)
            if author == ADJUDICATED
            else "user_quality" in by_author.get(author, {})
        )
    }


def prepared(
    view: Any, store: Any, row_ids: NDArray[np.int64] | None, scope: str, order: str, author: str
) -> tuple[NDArray[np.int64], dict[int, int], set[int]]:
    """The queue, the place of each row in it and the rows graded already; for a pool's thread."""
    disputes: dict[int, float] = {}
    if scope == "disputed" or order == "graders":
        disputes = {one.row_id: one.weight for one in disagreements(view.grades())}
    if row_ids is None:
        row_ids = np.array(list(disputes) if scope == "disputed" else view.row_ids(), np.int64)
    places = store.positions(row_ids)
    row_ids, places = row_ids[places >= 0], places[places >= 0]
    names = columns_for(order, [column.name for column in store.columns])
    columns = {name: store.array(name)[places] for name in names}
    judge = ADJUDICATED if scope == "disputed" else author
    return with_places(view, ordered(row_ids, columns, order, disputes), judge)


def with_places(
    view: Any, row_ids: NDArray[np.int64], author: str
) -> tuple[NDArray[np.int64], dict[int, int], set[int]]:
    ids = row_ids.tolist()
    places = dict(zip(ids, range(len(ids)), strict=True))
    return row_ids, places, done_rows(view, ids, author)


@dataclass(frozen=True, slots=True)
class RowGrades:
    """What one grader may see of the judgements of a row."""

    row_id: int | None
    by_author: dict[str, dict[str, str]]
    is_blind: bool = False
    hides: bool = False  # others' judgements are kept from sight


def row_grades(view: Any, row_id: int | None, me: str) -> RowGrades:
    """For a pool's thread."""
    is_blind = view.is_blind()
    if row_id is None:
        return RowGrades(None, {}, is_blind)
    by_author = view.grades([row_id]).get(row_id, {})
    seen = {row for row, author in view.unblinded() if author == me}
    is_open = "user_quality" in by_author.get(me, {}) or bool(seen & {row_id, 0})
    hides = is_blind and not is_open
    if hides:  # the project may not have heard yet of a change of graders
        by_author = {name: by_author[name] for name in (me,) if name in by_author}
    return RowGrades(row_id, by_author, is_blind, hides)


def judged_by(author: str, row_id: int, view: Any) -> dict[str, str]:
    """One grader's judgement of a row; for a pool's thread."""
    judged: dict[str, str] = view.grades([row_id]).get(row_id, {}).get(author, {})
    return judged
