"""From strain to candidates: found, ranked, flagged, followed up, or refused in words."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import merger
import numpy as np
import pytest

from astrogui.errors import Unsuitable
from astrogui.records.flags import Flag
from astrogui.records.source import Source
from astrogui.records.strain import Network
from astrogui.tasks import gw_search
from astrogui.tasks.gw_search_answer import run_of
from astrogui.tasks.row import answer_columns, answer_values
from astrogui.tasks.task import Model


def model():
    """A small bank, and a little simulated noise of one detector."""
    masses = np.log(np.array([6.0, 9.0, 14.0, 20.0, 26.0, 29.0, 33.0, 45.0, 80.0]))
    assets = {
        "bank_log_chirp_mass": masses,
        "bank_ratio": np.full(masses.size, 0.7),
        "bank_spin": np.zeros(masses.size),
        "noise_single": np.linspace(5.0, 6.5, 40),
        "noise_single_s": np.array(36_000.0),
    }
    card = SimpleNamespace(calibration={"threshold_pair": 8.0, "threshold_single": 7.0})
    return Model(card=card, assets=assets, seed=5)  # type: ignore[arg-type]


MODEL = model()


def answered(record: Network):
    found = []
    for places in gw_search.find(record, MODEL, {}):
        prepared = gw_search.prepare(record, places, MODEL, {})
        found += zip(
            places, gw_search.decode(prepared, prepared, record, places, MODEL), strict=True
        )
    return found


@pytest.fixture(scope="module")
def whole():
    return answered(merger.network())


def test_the_merger_is_the_one_candidate(whole):
    ((place, posterior),) = whole
    assert place.values["above_threshold"]
    assert place.values["search_kind"] == "H1 and L1 coincide"
    assert place.values["gps_h1"] == pytest.approx(merger.MERGER, abs=0.004)
    assert place.values["gps_l1"] - place.values["gps_h1"] == pytest.approx(0.005, abs=0.002)
    assert posterior.flags == Flag.NONE
    assert posterior.note == ""


def test_its_time_at_the_centre_has_an_honest_interval(whole):
    ((place, posterior),) = whole
    low, high = place.values["gps_lo90"], place.values["gps_hi90"]
    arrivals = place.values["gps_h1"], place.values["gps_l1"]
    # The Earth's radius is 21 ms of light: the centre may be so much earlier or later.
    assert min(arrivals) - 0.0213 - 0.003 < low < high < max(arrivals) + 0.0213 + 0.003
    assert 0.005 < high - low < 0.06
    assert place.gps == place.values["gps"]
    late = posterior.median("centre_delay") / 1e3
    assert np.mean(arrivals) + late == pytest.approx(place.gps, abs=1e-6)


def test_its_rate_is_counted_in_time_slides(whole):
    ((place, _),) = whole
    assert place.values["far_basis"] == "time slides of this strain"
    hours = place.values["background_hours"]
    assert 0.1 < hours < 0.3
    assert place.values["far_per_hour"] == pytest.approx(1 / hours)
    assert place.values["far_per_hour_lo90"] == 0
    assert place.values["far_per_hour_hi90"] > place.values["far_per_hour"]


def test_a_row_has_every_column_that_the_task_declares(whole):
    ((place, posterior),) = whole
    cells = answer_values(gw_search.TASK, place, posterior)
    assert set(cells) == {column.name for column in answer_columns(gw_search.TASK)}
    assert cells["search_snr_v1"] is None


def test_the_answer_carries_its_track_and_waveforms(whole):
    ((place, posterior),) = whole
    time, snr = posterior.curves["search_time_s"], posterior.curves["search_snr"]
    assert abs(time[int(snr.argmax())]) < 0.1
    assert snr.max() == pytest.approx(place.values["search_snr"], rel=0.1)
    data, wave = posterior.curves["whitened_h1"], posterior.curves["fitted_h1"]
    # What the waveform leaves of the strain is noise.
    near = slice(600, 840)
    assert np.std(data[near] - wave[near]) < 0.8 * np.std(data[near])


def test_a_candidate_starts_the_analysis_of_its_binary(whole):
    ((place, posterior),) = whole
    wanted = gw_search.follow_up(place, posterior)
    assert wanted is not None
    assert wanted.task == "bbh"
    assert float(wanted.options["gps"]) == pytest.approx(place.gps, abs=1e-3)
    quiet = dataclasses.replace(place, values={**place.values, "above_threshold": False})
    assert gw_search.follow_up(quiet, posterior) is None
    virgo = dataclasses.replace(place, values={**place.values, "search_detectors": "V1"})
    assert gw_search.follow_up(virgo, posterior) is None


@pytest.mark.parametrize(
    ("given", "handed"),
    [
        ({}, {}),
        ({"bbh.waveform": "IMRPhenomXAS"}, {"waveform": "IMRPhenomXAS"}),
        ({"waveform": "IMRPhenomXAS", "gps": "7"}, {"waveform": "IMRPhenomXAS"}),
        ({"waveform": "IMRPhenomXAS", "bbh.waveform": "IMRPhenomD"}, {"waveform": "IMRPhenomD"}),
    ],
)
def test_the_waveform_goes_on_to_the_analysis_of_the_binary(given, handed):
    assert gw_search.TASK.handed_on("bbh", given) == handed
    assert gw_search.TASK.handed_on("redshift", given) == {}


def test_noise_gives_its_loudest_below_the_threshold():
    ((place, posterior),) = answered(merger.network(megaparsec=None))
    assert not place.values["above_threshold"]
    assert Flag.LOW_SIGNAL in posterior.flags
    assert "No candidate above the threshold" in posterior.note


def test_one_detector_gets_a_statistic_that_is_named_so():
    ((place, posterior),) = answered(Network(strains=(merger.strain("L1"),)))
    assert place.values["search_kind"] == "L1 alone"
    assert place.values["far_basis"] == "simulated noise"
    assert place.values["background_hours"] == 10
    assert Flag.ONE_DETECTOR in posterior.flags


def test_virgo_beside_the_others_is_measured_not_ranked():
    strains = (
        merger.strain("H1"),
        merger.strain("L1", delay_s=0.005),
        merger.strain("V1", delay_s=-0.01),
    )
    ((place, _),) = answered(Network(strains=strains))
    assert place.values["search_detectors"] == "H1,L1"
    assert place.values["gps_v1"] == pytest.approx(merger.MERGER - 0.01, abs=0.004)
    assert place.values["search_snr_v1"] > 8
    low, high = place.values["gps_lo90"], place.values["gps_hi90"]
    assert high - low < 0.02  # a third detector says from where it came


def test_a_gap_is_not_crossed_and_is_told():
    record = merger.network()
    spoiled = np.array(record.strains[1].samples)
    spoiled[int(18.6 * merger.RATE) : int(20 * merger.RATE)] = np.nan
    second = dataclasses.replace(record.strains[1], samples=spoiled)
    found = answered(Network(strains=(record.strains[0], second)))
    place, posterior = max(found, key=lambda one: one[0].values["search_statistic"])
    assert place.values["gps_h1"] == pytest.approx(merger.MERGER, abs=0.004)
    assert Flag.LITTLE_COVERAGE in posterior.flags


def test_seconds_marked_as_no_data_are_a_gap():
    record = merger.network()
    quality = np.full(32, 127, np.uint32)
    quality[16:19] = 0
    strains = tuple(dataclasses.replace(one, quality=quality) for one in record.strains)
    for place, _ in answered(Network(strains=strains)):
        assert abs(place.gps - merger.MERGER) > 1


def test_a_hardware_injection_is_told():
    record = merger.network()
    marked = np.full(32, 0b10111, np.uint32)
    marked[17] = 0b10110
    strains = tuple(dataclasses.replace(one, injections=marked) for one in record.strains)
    ((_, posterior),) = answered(Network(strains=strains))
    assert "injected" in posterior.note


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.full(32 * 4096, np.nan), "no 8 s of strain without a gap"),
        (np.zeros(6 * 4096) + 1e-21, "no 8 s of strain without a gap"),
        (np.full(32 * 4096, 1e-21), "constant or saturated"),
        (np.random.default_rng(1).normal(size=32 * 4096), "scaled, whitened or saturated"),
    ],
)
def test_strain_that_cannot_be_searched_is_refused_in_words(samples, words):
    spoiled = dataclasses.replace(merger.strain("H1"), samples=samples, quality=None)
    with pytest.raises(Unsuitable, match=words):
        answered(Network(strains=(spoiled,)))


def test_an_unknown_detector_is_refused_with_those_known():
    with pytest.raises(Unsuitable, match="H1, L1, V1"):
        answered(Network(strains=(merger.strain("K1"),)))


def test_short_strain_is_searched_when_asked_and_long_strain_always():
    short = Source(path="a", kind="strain", format="GWOSC HDF5", detector="H1", duration_s=32.0)
    long = dataclasses.replace(short, duration_s=600.0)
    brief = dataclasses.replace(short, duration_s=4.0)
    assert gw_search.accepts(short)
    assert not gw_search.wanted(short)
    assert gw_search.wanted(long)
    assert not gw_search.accepts(brief)


def test_nothing_of_the_strain_is_kept_after_the_search(whole):
    assert whole
    assert run_of.cache_info().currsize == 0
