"""An analyst's own model: from labelled pictures to a folder that answers, in its smallest form."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("keras")

from PIL import Image as Pillow

from astrogui import readers
from astrogui.errors import UsageProblem
from astrogui.inference.model_folder import load_model
from astrogui.networks.builder import assign_weights, build
from astrogui.records.image import Field
from astrogui.science.vote_tree import QUESTIONS
from astrogui.tasks import task_by_name
from astrogui.tasks.own_classes import information_gain, task_of_card
from astrogui.tasks.task import Model
from astrogui.training import morphology_card, own_model
from astrogui.training.fine_tune import Labelled, fit_temperature, solve_layer
from astrogui.training.package import run_network, write_model_folder

CONFIG = {
    "size": 64,
    "widths": [4],
    "features": 4,
    "questions": [len(question.answers) for question in QUESTIONS],
    "members": 1,
}
SETTINGS = {
    "variants": 2, "head_rounds": 12, "rounds": 1, "most_steps": 6, "units": [1], "batch": 8,
}  # fmt: skip


def _draw(path, blue, rng):
    column, row = np.meshgrid(np.arange(64) - 31.5, np.arange(64) - 31.5)
    colour = [60, 120, 240] if blue else [240, 120, 40]
    light = np.exp(-np.hypot(column, row / 0.6) / 8)[..., None] * colour
    light += rng.normal(0, 3, light.shape)
    Pillow.fromarray(np.clip(light, 0, 255).astype(np.uint8)).save(path)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """A tiny base model, and a table of blue and red objects."""
    folder = tmp_path_factory.mktemp("own")
    model = build("morphology:ensemble", CONFIG)
    card = morphology_card.draft(CONFIG, 1, {}, {"calibration": {}, "novelty": {}}, None, 0)
    golden = {"picture": np.zeros((1, 64, 64, 3), np.float32)}
    base = write_model_folder(
        folder / "morphology", card=card, model=model, golden_inputs=golden, export_onnx=False
    )
    rng = np.random.default_rng(2)
    lines = ["file,label"]
    for number in range(24):
        name = f"{number}.png"
        _draw(folder / name, number % 2, rng)
        lines.append(f"{name},{'blue' if number % 2 else 'red'}")
    (folder / "labels.csv").write_text("\n".join([*lines, "missing.png,blue", "0.png,"]))
    return folder, base


@pytest.mark.slow
def test_labels_become_a_model_that_answers(labelled, monkeypatch):
    folder, base = labelled
    monkeypatch.setattr(own_model, "can_export", lambda: False)
    examples = own_model.examples_from_table(folder / "labels.csv")
    assert len(examples) == 25  # the row without a label is left out
    said = []
    job = own_model.TrainingJob(
        base=str(base), out=str(folder / "models"), title="Blue or red",
        examples=tuple(examples), settings=SETTINGS,
    )  # fmt: skip
    made = own_model.train_own(own_model.job_from_json(job.to_json()), said.append)
    assert made == folder / "models" / "own_blue_or_red"
    points = [point for point in said if point["kind"] == "point"]
    assert [point["step"] for point in points] == list(range(1, 14))
    assert points[-1]["loss"] < points[0]["loss"]
    loaded = load_model(made, task="own_blue_or_red")
    assert loaded.card.training["labels"] == [12, 12]
    assert len(loaded.card.training["unreadable"]) == 1
    task = task_of_card(loaded.card)
    assert task.classes == ("blue", "red")
    assert task_by_name(task.name).name == task.name
    network = build(loaded.card.network, loaded.card.network_config)
    assign_weights(network, dict(loaded.weights()))
    model = Model(card=loaded.card, assets={})
    for number in (3, 4):
        source = readers.recognise(str(folder / f"{number}.png"))[0]
        assert task.accepts(source)
        assert not task.wanted(source)  # only where it is asked for
        record = Field(images=(readers.read(source),))
        places = next(iter(task.find(record, model, {})))
        prepared = task.prepare(record, places, model, {})
        outputs = run_network(network, {"picture": prepared["picture"]})
        posterior = task.decode(outputs, prepared, record, places, model)[0]
        low, high = posterior.probability_interval("blue", 0.9)
        assert low <= posterior.probability("blue") <= high
        assert posterior.most_probable_class == ("blue" if number % 2 else "red")


def test_a_class_with_one_label_is_refused_by_name(labelled):
    folder, base = labelled
    examples = own_model.examples_from_table(folder / "labels.csv")[:3]
    job = own_model.TrainingJob(
        base=str(base), out=str(folder), title="few", examples=tuple(examples), settings=SETTINGS
    )
    with pytest.raises(UsageProblem, match="too few of: blue"):
        own_model.train_own(job, lambda what: None)


def test_a_table_without_labels_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("file,class\na.png,x\n")
    with pytest.raises(UsageProblem, match="columns file and label"):
        own_model.examples_from_table(path)


def test_what_is_no_job_is_refused():
    for text in ("", "{}", json.dumps({"examples": [{"paths": 3}]})):
        with pytest.raises(UsageProblem, match="no job of training"):
            own_model.job_from_json(text)


def test_a_model_gets_a_name_that_a_folder_can_have():
    assert own_model.model_name(" Bent / straight? ") == "own_bent_straight"
    with pytest.raises(UsageProblem, match="name"):
        own_model.model_name("??")


def test_members_that_disagree_are_asked_about_first():
    agree = np.array([[0.5, 0.5], [0.5, 0.5]])
    differ = np.array([[0.98, 0.02], [0.02, 0.98]])
    sure = np.array([[0.99, 0.01], [0.99, 0.01]])
    value = information_gain(np.stack([agree, differ, sure]))
    assert value[1] > 0.5
    assert value[[0, 2]] == pytest.approx([0, 0], abs=1e-9)


def test_the_temperature_undoes_overconfidence():
    rng = np.random.default_rng(3)
    logit = rng.normal(0, 1.5, (4000, 3))
    share = np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True)
    label = np.array([rng.choice(3, p=p) for p in share])
    unknown = np.full((5, 3), np.nan)
    given = np.concatenate([2.5 * logit, unknown])
    found = fit_temperature(given, np.concatenate([label, np.zeros(5, int)]))
    assert found == pytest.approx(2.5, rel=0.12)


def test_labels_need_two_classes():
    pictures = np.zeros((4, 1, 64, 64, 3), np.uint8)
    with pytest.raises(ValueError, match="two classes"):
        Labelled(pictures=pictures, label=np.zeros(4, np.int64), classes=("one",))


def test_a_dense_layer_is_solved_for_as_logistic_regression_is():
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(6)
    given = rng.normal(size=(60, 1, 4))
    label = (given[:, 0, 0] + 0.5 * rng.normal(size=60) > 0).astype(int) + (given[:, 0, 1] > 1)
    solved, loss = solve_layer(given, label, 5.0, np.zeros((5, 3)))
    theirs = linear_model.LogisticRegression(
        C=1 / 5.0, class_weight="balanced", tol=1e-8, max_iter=500
    ).fit(given[:, 0], label)
    logit = given[:, 0] @ solved[:-1] + solved[-1]
    share = np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(share, theirs.predict_proba(given[:, 0]), atol=2e-3)
    assert 0 < loss < np.log(3)
    weak, closer = solve_layer(given, label, 0.1, solved)
    assert closer < loss
    assert (weak[:-1] ** 2).sum() > (solved[:-1] ** 2).sum()
