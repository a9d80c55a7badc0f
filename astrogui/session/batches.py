"""What a batch of answers together gives reason to doubt, as each task judges it."""

from __future__ import annotations

from collections.abc import Sequence

from astrogui.session.view import ProjectView

FEWEST_ROWS = 10  # a batch of fewer has no shape to judge


def batch_notices(view: ProjectView, row_ids: Sequence[int] | None = None) -> list[str]:
    """The words of every task about these rows, or about all rows of the project."""
    wanted = view.row_ids() if row_ids is None else list(row_ids)
    judges = [task.batch_notices for task in view.tasks if task.batch_notices is not None]
    if not judges or len(wanted) < FEWEST_ROWS:
        return []
    rows = view.rows(wanted)
    return [words for judge in judges for words in judge(rows)]
