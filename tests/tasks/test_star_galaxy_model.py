"""The shipped star/galaxy network on simulated fields: right, and wary of what is no source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astrogui.records.flags import Flag
from astrogui.records.image import Field
from astrogui.records.model_card import card_from_json
from astrogui.tasks import sources, star_galaxy
from astrogui.tasks.task import Model
from astrogui.training.calibrate import area_under_roc
from astrogui.training.package import run_graph
from astrogui.training.simulate_image import SkySettings, simulate
from astrogui.training.star_galaxy_examples import match, sky_field

FOLDER = Path(__file__).resolve().parents[2] / "models" / "star_galaxy"


@pytest.fixture(scope="module")
def model():
    card = card_from_json((FOLDER / "card.json").read_text("utf-8"), str(FOLDER))
    return Model(card=card, assets={})


@pytest.fixture(scope="module")
def sky():
    return simulate(SkySettings(shape=(900, 1100), artefacts=False), np.random.default_rng(55))


def answered(record, model, options=None):
    places = [place for batch in sources.find(record, model, {}) for place in batch]
    prepared = star_galaxy.prepare(record, places, model, options or {})
    inputs = {spec.name: prepared[spec.name] for spec in model.card.inputs}
    for spec in model.card.inputs:
        assert inputs[spec.name].shape[1:] == spec.shape
    outputs = run_graph(FOLDER / "model.onnx", inputs)
    return places, star_galaxy.decode(outputs, prepared, record, places, model)


def truth_of(sky, places):
    x = np.array([place.x_pixel for place in places])
    return match(sky, x, np.array([place.y_pixel for place in places]))


@pytest.mark.parametrize(("bands", "least"), [("ugriz", 0.97), ("r", 0.94)])
def test_stars_and_galaxies_are_told_apart_in_five_bands_and_in_one(sky, model, bands, least):
    places, posteriors = answered(sky_field(sky, bands), model)
    truth = truth_of(sky, places)
    bright = (truth >= 0) & (sky.magnitude[truth, 2] <= 21.5)
    probability = np.array([posterior.probability("galaxy") for posterior in posteriors])
    assert bright.sum() > 40
    assert area_under_roc(probability[bright], sky.is_galaxy[truth][bright]) > least


def test_an_image_without_a_zero_point_or_a_wcs_is_answered_too(sky, model):
    bare = replace(sky_field(sky, "r", calibrated=False).images[0], wcs_header={})
    places, posteriors = answered(Field(images=(bare,)), model)
    truth = truth_of(sky, places)
    bright = (truth >= 0) & (sky.magnitude[truth, 2] <= 21)
    probability = np.array([posterior.probability("galaxy") for posterior in posteriors])
    assert area_under_roc(probability[bright], sky.is_galaxy[truth][bright]) > 0.94


def test_cosmic_rays_are_unlike_anything_trained_on_and_sources_are_not(sky, model):
    record = sky_field(sky, "ugriz")
    pixels = record.images[2].pixels.copy()
    rng = np.random.default_rng(9)
    rows, columns = rng.integers(60, 840, 30), rng.integers(60, 1040, 30)
    for step in range(6):
        pixels[rows, columns + step] += 2.0
    images = list(record.images)
    images[2] = replace(images[2], pixels=pixels)
    places, posteriors = answered(Field(images=tuple(images)), model)
    x = np.array([place.x_pixel for place in places])
    y = np.array([place.y_pixel for place in places])
    away = np.hypot(x[:, None] - columns - 2.5, y[:, None] - rows).min(axis=1)
    novel = np.array([Flag.NOVEL in posterior.flags for posterior in posteriors])
    struck = (away < 2) & (truth_of(sky, places) < 0)
    assert struck.sum() > 15
    assert novel[struck].mean() > 0.8
    assert novel[away > 15].mean() < 0.05


def test_a_sky_full_of_stars_is_taken_for_one_when_told_so(sky, model):
    record = sky_field(sky, "r")
    plain = answered(record, model)[1]
    told = answered(record, model, {"star_fraction": "0.97"})[1]
    shares = [
        np.mean([posterior.probability("star") for posterior in posteriors])
        for posteriors in (plain, told)
    ]
    assert shares[1] > shares[0] + 0.1
