"""The lens recipe from nothing to a model folder, in its quick form."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

pytest.importorskip("keras")

from astrogui.networks.builder import assign_weights, build
from astrogui.records.model_card import card_from_json
from astrogui.training.package import largest_difference, run_network
from astrogui.training.recipes import lens_finder as recipe


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder without the exported graph: the star/galaxy recipe tries that."""
    workdir = tmp_path_factory.mktemp("lens_finder")
    said: list[str] = []
    written = recipe.write_model_folder
    patch = pytest.MonkeyPatch()
    patch.setattr(
        recipe, "write_model_folder", lambda *a, **parts: written(*a, **parts, export_onnx=False)
    )
    patch.setattr(recipe, "MEMBERS", 2)
    patch.setattr(recipe, "CONFIG", {**recipe.CONFIG, "members": 2})
    folder = recipe.train(workdir, True, 3, said.append)
    yield folder, workdir, said
    patch.undo()


@pytest.mark.slow
def test_a_quick_training_gives_a_folder_whose_weights_give_its_answers(trained):
    folder, _, said = trained
    card = card_from_json((folder / "card.json").read_text("utf-8"), str(folder))
    with np.load(folder / "golden.npz") as golden:
        inputs = {spec.name: golden[f"input_{spec.name}"] for spec in card.inputs}
        expected = {spec.name: golden[f"output_{spec.name}"] for spec in card.outputs}
    for spec in card.outputs:
        assert expected[spec.name].shape[1:] == spec.shape
    model = build(card.network, card.network_config)
    with np.load(folder / "weights.npz") as weights:
        assign_weights(model, dict(weights))
    assert largest_difference(expected, run_network(model, inputs)) < 1e-5
    assert any("member1" in words for words in said)


@pytest.mark.slow
def test_the_members_went_ways_of_their_own_and_the_card_says_what_they_rest_on(trained):
    folder, *_ = trained
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert card["training"]["trained_on"] == {"files": {}, "sky": [], "gps": []}
    assert len(card["calibration"]["temperature"]) == 2
    with np.load(folder / "golden.npz") as golden:
        assert np.ptp(golden["output_logit"], axis=1).max() > 0
    start = hashlib.sha256(recipe.START.read_bytes()).hexdigest()
    assert start[:16] in card["training"]["started_from"]
    page = (folder / "README.md").read_text("utf-8")
    assert page.index("as a survey shows them") < page.index("Look-alikes far more often")
    assert "Space Warps" not in (folder / "README.md").read_text("utf-8")


def test_a_member_starts_with_the_weights_of_the_version_before():
    member = recipe.grown(recipe.START)
    with np.load(recipe.START) as kept:
        first, last = kept["w000"], kept["w038"]
    assert (member.get_layer("convolution0").get_weights()[0] == first).all()
    assert (member.get_layer("logit_dense").get_weights()[1] == last).all()
    assert not member.get_layer("grown2_1_norm1").get_weights()[0].any()  # it begins as nothing
