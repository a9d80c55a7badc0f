"""The search is made from scratch in seconds, and the same call goes on where it was stopped."""

from __future__ import annotations

import json

import numpy as np
import pytest

from astrogui.inference.model_folder import load_model
from astrogui.science import search_filter
from astrogui.science.detector_response import light_travel_s
from astrogui.training import score_gw_search, search_noise
from astrogui.training.recipes import gw_search
from astrogui.training.search_noise import Injected


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("search")
    said = []
    folder = gw_search.train(workdir, True, 1, said.append)
    return workdir, folder, said


def test_the_folder_has_a_bank_and_no_network(trained):
    _, folder, _ = trained
    model = load_model(folder, task="gw_search")
    assert model.card.network == ""
    assert set(model.card.hashes) == {"assets.npz"}
    bank = score_gw_search.bank_of(model.assets)
    assert 5 < bank.spin.size == model.card.training["templates"]
    assert "nothing is to be trusted" in model.card.limits[0]
    words = (folder / "README.md").read_text()
    assert words.startswith("# Search for mergers")
    assert "A plain matched filter with the same bank" in words
    assert model.card.simulated_scores["matched_filter_threshold"] > 4


def test_what_was_done_is_not_done_again(trained, monkeypatch):
    workdir, folder, said = trained
    assert sum("searched run" in words for words in said) == 2
    before = json.loads((folder / "card.json").read_text())
    monkeypatch.setattr(search_noise, "count", None)
    monkeypatch.setattr(gw_search, "_placed", None)
    again = []
    gw_search.train(workdir, True, 1, again.append)
    assert not any("searched run" in words for words in again)
    assert json.loads((folder / "card.json").read_text()) == before


def of(loudness, ideal, found, bank=None):
    columns = [np.asarray(column, float) for column in (loudness, ideal, found, found)]
    rest = [np.full(len(found), 30.0), np.full(len(found), 0.001)]
    return Injected(*columns, np.asarray(found if bank is None else bank, float), *rest)


def test_the_distance_is_the_cube_root_of_what_is_found():
    injected = of([9.0] * 4, [10, 10, 10, 10], [9, 9, 0, 5])
    found = score_gw_search.losses(injected, 8.0)
    assert found["found"] == 2
    assert found["ideal_found"] == 4
    assert found["sensitive_distance_fraction"] == pytest.approx(0.5 ** (1 / 3))
    assert found["missed_by_the_coarse_stage"] == 1


def test_the_plain_matched_filter_has_a_threshold_of_its_own():
    injected = of([9.0] * 4, [10, 10, 10, 10], [9, 9, 0, 5], bank=[7.3, 7.1, 7.6, 8.0])
    found = score_gw_search.losses(injected, 8.0, 7.2)
    assert found["matched_filter_found"] == 3
    assert found["matched_filter_distance_fraction"] == pytest.approx((2 / 3) ** (1 / 3))
    low, high = found["matched_filter_distance_interval_90"]
    assert low < found["matched_filter_distance_fraction"] < high
    assert "matched_filter_found" not in score_gw_search.losses(injected, 8.0)


def test_the_ideal_threshold_is_that_of_its_trials():
    level = score_gw_search.ideal_threshold()
    rng = np.random.default_rng(1)
    # By simulation at a rate a thousand times higher: all pairs of an hour's samples, thinned.
    window = 2 * (light_travel_s("H1", "L1") + 0.003)
    trials = int(3600 * 512 * window * 512 / 1000)
    loudest = [rng.chisquare(4, trials).max() ** 0.5 for _ in range(60)]
    assert np.median(loudest) == pytest.approx(score_gw_search.ideal_threshold(1000.0), abs=0.3)
    assert 6 < level < 7


def test_an_injection_is_as_loud_as_it_was_meant_and_found(trained):
    _, folder, _ = trained
    bank = score_gw_search.bank_of(load_model(folder).assets)
    rng = np.random.default_rng(4)
    curve = gw_search.noise_curves(None)[0]
    network = search_noise.noise([curve], 40.0, rng)
    start = network["H1"].gps_start
    tables = search_filter.tables(bank)
    injected = search_noise.inject(
        network, bank, tables, rng, [start + 25.0], lambda count, rng: np.full(count, 60.0)
    )
    assert injected.ideal[0] == pytest.approx(60.0, rel=0.1)
    assert injected.plain[0] > 20  # by a bank that is far too coarse
    assert 15 < injected.bank[0] <= 1.001 * injected.plain[0]  # the fit only betters the bank
    assert 0 < injected.found[0] < injected.bank[0]  # chi-squared sees how coarse the bank is
    assert abs(injected.error_s[0]) < 0.05
