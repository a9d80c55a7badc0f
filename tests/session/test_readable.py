"""What a session shows of its project without changing it."""

from __future__ import annotations

import pytest
import tiny
from small_session import answer_all, files

from astrogui.errors import UsageProblem
from astrogui.session.readable import Readable


def test_a_session_is_read_without_being_changed(session, tmp_path):
    """Of a row everything that a view asks for, none of it by a job more."""
    (path,) = files(tmp_path, "flat-2.fits")
    (row,) = answer_all(session, [path])
    assert isinstance(session, Readable)
    assert session.path == tmp_path / "p.astrogui"
    shown = session.load(row["item_id"]).result(60)
    assert shown.flux.tolist() == tiny.read(tiny.source(path)).flux.tolist()
    (answer,) = session.view.answers(row["row_id"])
    for posterior in (
        session.posterior(row["row_id"]), session.posterior(row["row_id"], "tiny"),
        session.answer_posterior(answer.answer_id),
    ):  # fmt: skip
        assert posterior.result(60).median("level") == pytest.approx(row["level"])
    assert session.posterior(row["row_id"], "other").result(60) is None
    assert "tiny" in session.origin(row["row_id"]).text()
    assert len(session.view.jobs()) == 1


def test_the_analyses_are_shown_with_their_models(session):
    assert [task.name for task in session.tasks()] == ["tiny"]
    assert session.card("tiny").task == "tiny"
    assert session.card("redshift_of_nothing") is None
    with pytest.raises(UsageProblem, match="redhsift"):
        session.tasks(["redhsift"])


def test_the_samples_are_files_of_each_kind(session):
    names = " ".join(path.name for path in session.demo_files())
    assert all(kind in names for kind in ("image", "spectrum", "strain"))
