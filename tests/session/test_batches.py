"""A batch that crowds is told in words, one that does not is left in peace."""

from __future__ import annotations

import numpy as np

from astrogui.session.batches import batch_notices
from astrogui.tasks.redshift import TASK


class Rows:
    """Stands for the project's view: rows with redshifts."""

    tasks = (TASK,)

    def __init__(self, redshifts):
        self._rows = {k: {"row_id": k, "z": float(z)} for k, z in enumerate(redshifts)}

    def row_ids(self):
        return list(self._rows)

    def rows(self, row_ids):
        return [self._rows[k] for k in row_ids]


def test_answers_at_the_end_of_the_range_are_told():
    spread = np.random.default_rng(5).uniform(0.0, 3.0, 300)
    (words,) = batch_notices(Rows(np.r_[spread, np.full(12, 6.9961)]))
    assert "end of the range" in words
    assert batch_notices(Rows(spread)) == []


def test_only_the_rows_asked_for_are_judged():
    rows = Rows(np.r_[np.random.default_rng(5).uniform(0.0, 3.0, 300), np.full(12, 6.9961)])
    assert batch_notices(rows, range(300)) == []


def test_few_rows_and_rows_without_redshift_are_left_in_peace():
    assert batch_notices(Rows([6.9961] * 5)) == []
    assert TASK.batch_notices([{"z": None}, {"class": "QSO"}] * 20) == []
