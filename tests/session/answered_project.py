"""Rows with answers, written into a project without a session."""

from __future__ import annotations

import tiny

from astrogui.records.posterior import QUANTILE_LEVELS, Parameter, Posterior
from astrogui.records.provenance import AnswerProvenance, Place
from astrogui.store import answers, items
from astrogui.tasks import TASKS

REDSHIFT = TASKS[0]


def add_rows(project, names, task=REDSHIFT, **cells):
    """One item a name, one row each, answered by ``task``."""
    ids = []
    with project.transaction() as connection:
        for name in names:
            item = items.add_item(connection, project.path.parent, [tiny.source(name)])
            place = Place(label="", object_id=f"object {name}", ra_deg=10.0, dec_deg=-3.0)
            row = items.find_row(connection, item, place, 1.0)
            answer(connection, row, task, **cells)
            ids.append(row)
    return ids


def answer(connection, row, task=REDSHIFT, **cells):
    provenance = AnswerProvenance(
        task=task.name, model="m 1", model_sha256="ab", backend="onnx", device="CPU", seed=1,
        application="0",
    )  # fmt: skip
    values = {"z": 0.5, "class": "QSO", "confident": True, **cells}
    posterior = Posterior(
        parameters=(Parameter(name="z", title="redshift", low=0, high=7),),
        quantiles=0.5 + 0.01 * (QUANTILE_LEVELS[None, :] - 0.5),
    )
    answers.add_answer(connection, row, task.name, values, posterior, provenance, False)
