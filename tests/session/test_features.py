"""Features of answers read from a project: the newest of each row, of one model."""

from __future__ import annotations

import numpy as np
import tiny

from astrogui.records.posterior import QUANTILE_LEVELS, Parameter, Posterior
from astrogui.records.provenance import AnswerProvenance, Place
from astrogui.session.view import ProjectView
from astrogui.store import answers, items
from astrogui.store.project import Project
from astrogui.tasks import TASKS


def answered(project, name, features, model="ab", task="morphology"):
    origin = AnswerProvenance(
        task=task, model="m 1", model_sha256=model, backend="onnx", device="CPU", seed=1,
        application="0",
    )  # fmt: skip
    posterior = Posterior(
        parameters=(Parameter(name="z", title="redshift", low=0, high=7),),
        quantiles=0.5 + 0.01 * (QUANTILE_LEVELS[None, :] - 0.5),
        curves={} if features is None else {"other": np.zeros(2), "features": np.array(features)},
    )
    with project.transaction() as connection:
        item = items.add_item(connection, project.path.parent, [tiny.source(name)])
        row = items.find_row(connection, item, Place(label="", ra_deg=10.0, dec_deg=-3.0), 1.0)
        answers.add_answer(connection, row, task, {}, posterior, origin, False)
    return row


def test_the_newest_features_of_the_commonest_model_are_read(tmp_path):
    project = Project(tmp_path / "p.astrogui")
    rows = [answered(project, f"{k}.fits", [k, 1.0, 2.0]) for k in range(3)]
    answered(project, "other.fits", [9.0, 9.0], model="cd")
    answered(project, "plain.fits", None)
    answered(project, "stars.fits", [5.0, 5.0, 5.0], task="lens_finder")
    view = ProjectView(project.path, TASKS)
    found = view.features("morphology")
    assert found.row_ids.tolist() == rows
    np.testing.assert_array_equal(found.values, [[0, 1, 2], [1, 1, 2], [2, 1, 2]])
    assert found.left_out == 1
    assert view.features("star_galaxy").values.shape[0] == 0
    view.close()
    project.close()
