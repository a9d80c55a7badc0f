"""The shipped bank finds real mergers; its card says what it was measured on."""

from __future__ import annotations

import pytest

from astrogui.inference.model_folder import find_model, load_model
from astrogui.readers import read, recognise
from astrogui.science import strain_search
from astrogui.tasks import gw_search
from astrogui.tasks.task import Model, group


@pytest.fixture(scope="module")
def model():
    loaded = load_model(find_model("gw_search"), task="gw_search")
    return Model(card=loaded.card, assets=loaded.assets)


def test_the_card_agrees_with_the_task(model):
    card = model.card
    assert card.network == ""
    units = {parameter.name: parameter.unit for parameter in gw_search.TASK.parameters}
    assert card.parameters == units
    assert card.training["templates"] == model.assets["bank_spin"].size
    assert card.training["trained_on"]["gps"] == []  # no second of strain set a threshold
    assert card.training["simulated_noise"]["hours"] > 10
    assert card.training["simulated_noise"]["hours_with_slides"] > 100


def test_the_search_reaches_as_far_as_a_matched_filter_of_the_same_bank(model):
    scores = model.card.simulated_scores
    assert scores["injections"] >= 400
    assert scores["matched_filter_distance_interval_90"][0] > 0.9
    assert scores["threshold"] == model.card.calibration["threshold_pair"]


def test_a_merger_faint_in_one_detector_is_found(model, real_data, monkeypatch):
    monkeypatch.setattr(strain_search, "SHIFTS", 2)
    folder = real_data / "strain" / "files"
    names = [f"{d[0]}-{d}_GWOSC_4KHZ_R1-1187058312-32_dec.hdf5" for d in ("H1", "L1", "V1")]
    record = group([read(recognise(str(folder / name))[0]) for name in names])
    (places,) = gw_search.find(record, model, {})
    (place,) = places
    assert place.values["above_threshold"]
    assert place.gps == pytest.approx(1187058327.0918, abs=0.01)  # as published
    assert place.values["gps_lo90"] < 1187058327.0918 < place.values["gps_hi90"]
    assert place.values["search_snr_h1"] < 5
    assert place.values["search_snr_l1"] > 9
    assert 26 < place.values["search_chirp_mass"] < 36
