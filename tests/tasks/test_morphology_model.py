"""The shipped network of galaxies' shapes: what a picture shows, and what a field of sky gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astrogui.records.flags import Flag
from astrogui.records.image import Field, Image
from astrogui.records.model_card import card_from_json
from astrogui.records.source import Source
from astrogui.science import vote_tree
from astrogui.tasks import morphology
from astrogui.tasks.task import Model
from astrogui.training.package import run_graph
from astrogui.training.simulate_image import SkySettings, simulate
from astrogui.training.star_galaxy_examples import sky_field

FOLDER = Path(__file__).resolve().parents[2] / "models" / "morphology"


@pytest.fixture(scope="module")
def model():
    card = card_from_json((FOLDER / "card.json").read_text("utf-8"), str(FOLDER))
    with np.load(FOLDER / "assets.npz") as assets:
        return Model(card=card, assets=dict(assets), seed=4)


def answered(record, model, options=None):
    places = [p for batch in morphology.find(record, model, options or {}) for p in batch]
    prepared = morphology.prepare(record, places, model, options or {})
    outputs = run_graph(FOLDER / "model.onnx", {"picture": prepared["picture"]})
    return places, morphology.decode(outputs, prepared, record, places, model)


def _picture(ratio, side=120, turn=0):
    """A smooth galaxy of some axis ratio, as a colour picture."""
    at = np.arange(side) - (side - 1) / 2
    column, row = np.meshgrid(at, at)
    light = np.exp(-np.hypot(column, row / ratio) / 9)[..., None] * [230, 190, 140]
    noise = np.random.default_rng(1).normal(0, 2, light.shape)
    return Image(pixels=np.rot90(np.clip(light + noise, 0, 255), turn).astype(np.float32).copy())


def test_a_round_galaxy_is_round_and_a_thin_one_is_not(model):
    cells = {}
    for name, ratio in (("round", 0.97), ("thin", 0.13)):
        places, posteriors = answered(Field(images=(_picture(ratio),)), model)
        assert len(places) == 1
        assert (places[0].x_pixel, places[0].y_pixel) == pytest.approx((59.5, 59.5), abs=1)
        cells[name] = posteriors[0]
    thin, full = cells["thin"], cells["round"]
    assert full.extras["prob_round"] > 3 * thin.extras["prob_round"]
    seen = [thin.extras[f"prob_{name}"] for name in ("edge_on", "cigar")]
    assert sum(seen) > 0.5
    assert full.probability("smooth") > 0.5
    places = [[posterior.extras[f"shape_{axis}"] for axis in (1, 2)] for posterior in (full, thin)]
    assert np.hypot(*np.subtract(*places)) > 0.3


def test_shares_follow_the_tree_and_lie_in_their_intervals(model):
    _, posteriors = answered(Field(images=(_picture(0.6),)), model)
    posterior = posteriors[0]
    share = {name: posterior.probability(name) for name in morphology.CLASSES}
    share |= {name: posterior.extras[f"prob_{name}"] for name in morphology.OTHERS}
    values = np.array([share[name] for name in vote_tree.ANSWERS])
    among, _ = vote_tree.conditional(values)
    np.testing.assert_allclose(vote_tree.cumulative(among), values, atol=0.02)
    for name in morphology.OTHERS:
        low, high = (posterior.extras[f"prob_{name}_{end}90"] for end in ("lo", "hi"))
        assert low <= share[name] <= high
    for name in morphology.VOTES:
        low, high = posterior.interval(f"votes_{name}", 0.9)
        assert 0 <= low <= high <= 1


def test_turning_a_picture_changes_nothing(model):
    before = answered(Field(images=(_picture(0.4),)), model)[1][0]
    after = answered(Field(images=(_picture(0.4, turn=1),)), model)[1][0]
    assert after.class_probability == pytest.approx(before.class_probability, abs=0.01)


def test_a_field_gives_its_larger_sources_and_every_source_on_request(model):
    settings = SkySettings(
        shape=(700, 800), artefacts=False, seeing_arcsec=0.8, deeper_mag=2.0, faintest_mag=22.5
    )
    sky = simulate(settings, np.random.default_rng(8))
    record = sky_field(sky, "gri")
    places, posteriors = answered(record, model)
    everything, _ = answered(record, model, {"every": "true"})
    assert 2 <= len(places) < len(everything)
    assert all(place.ra_deg is not None for place in places)
    assert not any(Flag.MISSING_BAND in posterior.flags for posterior in posteriors)
    alone, single = answered(sky_field(sky, "r", calibrated=False), model)
    assert len(alone) >= 1
    assert all(Flag.MISSING_BAND | Flag.OUTSIDE_PRIOR in p.flags for p in single)


def test_small_colour_pictures_are_answered_by_themselves_and_posters_are_not():
    small = Source(path="a.jpg", kind="image", format="picture", shape=(168, 168), is_colour=True)
    large = Source(path="b.jpg", kind="image", format="picture", shape=(3000, 2000),
                   is_colour=True)  # fmt: skip
    assert morphology.accepts(small)
    assert not morphology.accepts(large)
