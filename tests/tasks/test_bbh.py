"""From strain to a merger's row: found, fitted, flagged, or refused in words."""

from __future__ import annotations

import dataclasses

import merger
import numpy as np
import pytest

from astrogui.errors import MissingMetadata, Unsuitable, UsageProblem
from astrogui.records.flags import Flag
from astrogui.records.source import Source
from astrogui.records.strain import Network
from astrogui.tasks import bbh, bbh_answer, bbh_strain
from astrogui.tasks.row import answer_columns, answer_values

MODEL = merger.model()


def found(record: Network, **options: str):
    batches = list(bbh.find(record, MODEL, options))
    assert len(batches) == 1
    assert len(batches[0]) == 1
    return batches[0]


def answered(record: Network, **options: str):
    places = found(record, **options)
    prepared = bbh.prepare(record, places, MODEL, options)
    # A network that knows the prior and the rough fit only: its draws are the deviates.
    posterior = bbh.decode({"draws": prepared["noise"]}, prepared, record, places, MODEL)[0]
    return places[0], prepared, posterior


@pytest.fixture(scope="module")
def whole():
    return answered(merger.network())


def test_the_merger_is_found_to_milliseconds_in_both_detectors(whole):
    place, _, posterior = whole
    assert place.values["gps_h1"] == pytest.approx(merger.MERGER, abs=0.015)
    assert posterior.extras["gps_h1"] == pytest.approx(merger.MERGER, abs=0.004)
    assert posterior.extras["gps_l1"] - posterior.extras["gps_h1"] == pytest.approx(
        0.005, abs=0.002
    )
    assert posterior.extras["detectors"] == "H1,L1"
    assert posterior.extras["method"] == "network"
    assert posterior.extras["efficiency"] is None


def test_the_rough_fit_holds_the_chirp_mass(whole):
    _, _, posterior = whole
    low, high = posterior.interval("chirp_mass_det", 0.95)
    assert low < merger.BINARY[0] < high
    assert high - low < 10
    assert posterior.extras["snr"] > 15
    assert not posterior.flags & (Flag.LOW_SIGNAL | Flag.ONE_DETECTOR | Flag.GLITCH)


def test_a_row_has_every_column_that_the_task_declares(whole):
    place, _, posterior = whole
    cells = answer_values(bbh.TASK, place, posterior)
    assert set(cells) == {column.name for column in answer_columns(bbh.TASK)}
    assert cells["mass_1_source"] < cells["mass_1_det"]
    assert cells["final_mass_det"] < cells["total_mass_det"]


def test_the_same_strain_gets_the_same_draws(whole):
    place, prepared, _ = whole
    again = bbh.prepare(merger.network(), (place,), MODEL, {})
    assert np.array_equal(again["noise"], prepared["noise"])
    assert np.array_equal(again["features"], prepared["features"])


def test_the_fitted_wave_resembles_the_whitened_strain(whole):
    _, _, posterior = whole
    data = posterior.curves["whitened_h1"]
    wave = posterior.curves["fitted_h1"]
    assert np.vdot(data, wave) / np.vdot(wave, wave) == pytest.approx(1, abs=0.25)
    assert np.abs(wave).max() > 1


def test_a_given_time_is_searched_and_no_other():
    place = found(merger.network(), gps=str(merger.START + 8))[0]
    assert abs(place.gps - (merger.START + 8)) <= 0.51


def test_one_detector_is_answered_and_flagged():
    record = Network(strains=(merger.strain("H1"),))
    _, prepared, posterior = answered(record, gps=str(merger.MERGER))
    assert Flag.ONE_DETECTOR in posterior.flags
    assert posterior.extras["detectors"] == "H1"
    assert posterior.extras["gps_l1"] is None
    assert np.isfinite(prepared["features"]).all()


def test_a_gap_over_the_merger_leaves_the_other_detector():
    broken = merger.strain("L1", delay_s=0.005)
    samples = broken.samples.copy()
    at = int((merger.MERGER - merger.START) * merger.RATE)
    samples[at - 8192 : at + 8192] = np.nan
    record = Network(strains=(merger.strain("H1"), dataclasses.replace(broken, samples=samples)))
    _, _, posterior = answered(record, gps=str(merger.MERGER))
    assert posterior.extras["detectors"] == "H1"
    assert Flag.ONE_DETECTOR in posterior.flags


def test_noise_alone_is_flagged_as_low_signal():
    _, _, posterior = answered(merger.network(megaparsec=None), gps=str(merger.MERGER))
    assert Flag.LOW_SIGNAL in posterior.flags
    assert "No convincing merger" in posterior.note


@pytest.mark.parametrize(
    ("quality", "flag"), [(None, Flag.QUALITY_UNKNOWN), (127 - 4, Flag.QUALITY_BAD)]
)
def test_data_quality_becomes_a_flag(quality, flag, whole):
    place, prepared, _ = whole
    record = merger.network(quality=quality)
    posterior = bbh.decode({"draws": prepared["noise"]}, prepared, record, (place,), MODEL)[0]
    assert flag in posterior.flags
    assert flag not in whole[2].flags


def changed(**changes) -> Network:
    return Network(strains=(dataclasses.replace(merger.strain("H1"), **changes),))


def test_strain_without_a_detector_is_refused():
    with pytest.raises(MissingMetadata, match="which detector"):
        found(changed(detector=""))


def test_virgo_alone_is_refused_with_what_to_do():
    with pytest.raises(Unsuitable, match="Add the file of H1 or L1"):
        found(changed(detector="V1"))


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.full(131072, np.nan), "without a gap"),
        (np.random.default_rng(1).normal(0, 1e-21, 12000), "without a gap"),
        (np.zeros(131072), "constant or saturated"),
        (np.random.default_rng(2).normal(0, 1.0, 131072), "raw calibrated strain"),
    ],
    ids=["all gaps", "three seconds", "constant", "whitened"],
)
def test_unusable_samples_are_refused_in_words(samples, words):
    with pytest.raises(Unsuitable, match=words):
        found(changed(samples=samples))


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (512.0, "little of a merger is left"),
        (32768.0, "takes 1024 to 16384 Hz"),
        (4000.77, "simple ratio to 2048 Hz"),
    ],
)
def test_a_rate_that_cannot_be_brought_to_the_analysis_is_refused(rate, words):
    with pytest.raises(Unsuitable, match=words):
        found(changed(sample_rate_hz=rate))


@pytest.mark.parametrize("rate", [1024.0, 4000.0])
def test_other_rates_are_resampled_and_find_the_same_merger(rate):
    from scipy.signal import resample_poly

    record = merger.network(seconds=24.0)
    up, down = (1, 4) if rate == 1024.0 else (125, 128)
    strains = [
        dataclasses.replace(
            strain, samples=resample_poly(strain.samples, up, down), sample_rate_hz=rate
        )
        for strain in record.strains
    ]
    (place,) = found(Network(strains=tuple(strains)), gps=str(merger.MERGER))
    assert place.gps == pytest.approx(merger.MERGER + 0.0025, abs=0.004)
    (usual,) = found(record, gps=str(merger.MERGER))
    assert place.gps == pytest.approx(usual.gps, abs=0.002)
    assert place.values["search_ranking"] == pytest.approx(
        float(usual.values["search_ranking"]), rel=0.1
    )


def test_a_low_rate_says_what_it_leaves_out():
    values = np.full((10, 14), 500.0)
    words = bbh_answer.note(
        Flag(0), 20.0, values, bbh_strain.held_hz(changed(sample_rate_hz=1024.0))
    )
    assert "up to 461 Hz only" in words
    assert "above the band analysed" in words
    assert not bbh_answer.note(Flag(0), 20.0, values)


def test_a_time_outside_the_stretch_is_refused_with_its_limits():
    with pytest.raises(Unsuitable, match="1262304000"):
        found(merger.network(), gps="1126259462.4")


@pytest.mark.parametrize("text", ["soon", "nan"])
def test_a_time_that_is_no_number_is_wrong_usage(text):
    with pytest.raises(UsageProblem, match="GPS time"):
        found(merger.network(), gps=text)


def test_short_or_foreign_sources_are_not_accepted():
    assert bbh.accepts(Source(path="a", kind="strain", format="x", duration_s=32.0))
    assert not bbh.accepts(Source(path="a", kind="strain", format="x", duration_s=1.0))
    assert not bbh.accepts(Source(path="a", kind="spectrum", format="x"))
