"""The networks of near-infrared redshifts: shapes, losses, and what a shift does."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from astrogui.networks.redshift_euclid import (  # noqa: E402
    ClassesOfCells,
    ClassLoss,
    FoldedSlices,
    MarginLoss,
    convolutional,
    shifted,
)

PIXELS, CELLS, OFFSETS = 64, 24, (-4, 10, 36, 50)
PLACES = (0.5, 4.0, 8.0, 12.0, 16.0)


def small(**changes):
    config = {"members": 2, "summary": 3, "outside": True, "width": 8, "features": 4}
    return shifted(PIXELS, 2, CELLS, OFFSETS, PLACES, **(config | changes))


def inputs(count=3, seed=1):
    rng = np.random.default_rng(seed)
    return {
        "flux": rng.normal(size=(count, PIXELS, 2)).astype("f4"),
        "summary": rng.normal(size=(count, 3)).astype("f4"),
    }


def numpy_of(value):
    return np.asarray(keras.ops.convert_to_numpy(value))


@pytest.mark.parametrize("depth", [1, 3])
def test_the_published_layout_gives_a_probability_a_class(depth):
    keras.utils.set_random_seed(1)
    model = convolutional(depth, PIXELS, 9, filters=4)
    given = np.random.default_rng(1).normal(size=(2, PIXELS, 1)).astype("f4")
    log_probability = numpy_of(model({"flux": given})["log_probability"])
    assert log_probability.shape == (2, 1, 9)
    np.testing.assert_allclose(np.exp(log_probability).sum(axis=2), 1, rtol=1e-5)
    assert sum("convolution" in layer.name for layer in model.layers) == depth


def test_another_depth_is_refused():
    with pytest.raises(ValueError, match="0, 1 or 3"):
        convolutional(2, PIXELS, 9)


def test_members_each_give_a_probability_to_the_classes_and_to_none_of_them():
    keras.utils.set_random_seed(1)
    outputs = small()(inputs())
    log_probability = numpy_of(outputs["log_probability"])
    assert log_probability.shape == (3, 2, len(PLACES) + 1)
    np.testing.assert_allclose(np.exp(log_probability).sum(axis=2), 1, rtol=1e-5)
    assert numpy_of(outputs["features"]).shape == (3, 2 * 4)


def test_without_a_summary_nothing_can_be_called_outside():
    with pytest.raises(ValueError, match="summary"):
        small(summary=0)
    assert set(small(summary=0, outside=False).output) == {"log_probability"}


def test_slices_gather_each_line_at_every_cell():
    signal = np.arange(PIXELS, dtype="f4")[None, :, None]
    rows = numpy_of(FoldedSlices(OFFSETS, CELLS)(signal))
    assert rows.shape == (1, CELLS // 4, 4 * len(OFFSETS))
    by_line = rows.reshape(CELLS // 4, len(OFFSETS), 4)
    for line, offset in enumerate(OFFSETS):
        want = np.arange(CELLS) + offset
        want = np.where((want >= 0) & (want < PIXELS), want, 0)
        np.testing.assert_array_equal(by_line[:, line].ravel(), want)


def test_a_spectrum_moved_by_a_fold_moves_the_answer_by_as_many_cells():
    keras.utils.set_random_seed(2)
    model = small(members=1, summary=0, outside=False, width=6)
    inner = keras.Model(model.inputs, model.get_layer("m0_line").output)
    flux = np.zeros((1, PIXELS, 2), "f4")
    flux[0, 20:36] = np.random.default_rng(3).normal(size=(16, 2))
    first = numpy_of(inner({"flux": flux}))[0]
    second = numpy_of(inner({"flux": np.roll(flux, 4, axis=1)}))[0]
    np.testing.assert_allclose(second[8:-4], first[4:-8], atol=1e-5)


def test_a_class_between_two_cells_takes_from_both():
    logits = np.arange(CELLS, dtype="f4")[None] * 2
    taken = numpy_of(ClassesOfCells(PLACES, CELLS)(logits))
    np.testing.assert_allclose(taken[0], [2 * place for place in PLACES], rtol=1e-6)
    with pytest.raises(ValueError, match="among the cells"):
        ClassesOfCells((float(CELLS),), CELLS)


def test_the_loss_is_the_mean_negative_log_probability_of_the_truth():
    rng = np.random.default_rng(4)
    logits = rng.normal(size=(5, 2, 7))
    log_probability = (logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))).astype("f4")
    truth = np.array([[0], [3], [6], [2], [5]], "f4")
    want = [-log_probability[k, :, int(truth[k, 0])].mean() for k in range(5)]
    assert float(ClassLoss()(truth, log_probability)) == pytest.approx(np.mean(want), rel=1e-5)


def test_the_margin_loss_is_that_of_a_multi_class_support_vector_machine():
    scores = np.array([[2.0, 0.5, -1.0], [0.2, 0.0, 0.9], [1.0, 3.0, 2.5]], "f4")
    truth = np.array([[0], [2], [2]], "f4")
    want = np.mean([0.0, 1 + 0.2 - 0.9, 1 + 3.0 - 2.5])
    assert float(MarginLoss()(truth, scores)) == pytest.approx(want, rel=1e-5)


def test_a_linear_machine_trained_so_agrees_with_scikit_learn():
    svm = pytest.importorskip("sklearn.svm")
    rng = np.random.default_rng(5)
    centres = 1.2 * rng.normal(size=(4, 16))
    truth = rng.integers(4, size=400)
    points = (centres[truth] + rng.normal(size=(400, 16))).astype("f4")
    reference = svm.LinearSVC(multi_class="crammer_singer", C=1.0, random_state=1)
    reference.fit(points, truth)
    keras.utils.set_random_seed(1)
    model = convolutional(0, 16, 4)
    model.compile(optimizer=keras.optimizers.AdamW(0.02), loss={"scores": MarginLoss()})
    model.fit({"flux": points[..., None]}, {"scores": truth[:, None].astype("f4")}, epochs=30,
              batch_size=50, verbose=0)  # fmt: skip
    ours = numpy_of(model({"flux": points[..., None]})["scores"]).argmax(axis=1)
    assert np.mean(ours == reference.predict(points)) > 0.97
