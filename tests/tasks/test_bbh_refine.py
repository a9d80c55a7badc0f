"""The weighted answer of a merger: its columns, its draws, its detectors, its way out."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import merger
import numpy as np
import pytest

from astrogui.errors import JobCancelled, UsageProblem
from astrogui.records.flags import Flag
from astrogui.records.strain import Network
from astrogui.science import merger_data, remnant
from astrogui.tasks import bbh, bbh_refine
from astrogui.tasks.bbh_strain import whitened
from astrogui.tasks.row import answer_columns, answer_values

MODEL = merger.model()
MODEL.card.calibration["likelihood_effort"] = {
    "round_draws": 800, "rounds": 4, "final_draws": 1500, "paired": 32, "pool_draws": 20_000,
    "pool_members": 960, "pool_steps": 8, "kept": 600, "walkers": 100,
    "chain_steps": 16,
}  # fmt: skip


def silent(part: float) -> None:
    assert 0 <= part <= 1


@pytest.fixture(scope="module")
def three():
    return merger.placed_network(("H1", "L1", "V1"), megaparsec=350.0, seconds=20.0)


@pytest.fixture(scope="module")
def record(three):
    return Network(strains=three.strains[:2])


@pytest.fixture(scope="module")
def whole(record):
    """The place, the first answer and the better one."""
    options = {"gps": str(merger.MERGER)}
    (places,) = list(bbh.find(record, MODEL, options))
    prepared = bbh.prepare(record, places, MODEL, options)
    # A network that knows the prior and the rough fit only: its draws are the deviates.
    posterior = bbh.decode({"draws": prepared["noise"]}, prepared, record, places, MODEL)[0]
    return places[0], posterior, bbh_refine.refine(record, places[0], posterior, MODEL, silent)


def again(whole, record, told=silent):
    return bbh_refine.refine(record, *whole[:2], MODEL, told)


def test_the_weighted_answer_holds_the_truth_and_is_narrower(whole):
    _, first, better = whole
    assert better.extras["method"] == "reweighted"
    assert better.extras["efficiency"] > 0.05
    assert better.extras["ess"] > 100
    low, high = better.interval("chirp_mass_det", 0.99)
    assert low < merger.BINARY[0] < high
    wide = first.interval("mass_1_det", 0.9)
    narrow = better.interval("mass_1_det", 0.9)
    assert narrow[1] - narrow[0] < 0.8 * (wide[1] - wide[0])
    assert better.extras["gps"] == pytest.approx(merger.MERGER, abs=0.025)
    assert better.extras["log_evidence"] > 30


def test_the_likelihood_is_computed_with_the_waveform_that_is_asked_for(whole, record):
    _, first, better = whole
    assert better.extras["waveform"] == "IMRPhenomD"
    assert first.extras["waveform"] is None
    options = {"gps": str(merger.MERGER), "waveform": "IMRPhenomXAS"}
    ((asked,),) = bbh.find(record, MODEL, options)
    other = bbh_refine.refine(record, asked, first, MODEL, silent)
    assert other.extras["waveform"] == "IMRPhenomXAS"
    cells = answer_values(bbh.TASK, asked, other)
    assert set(cells) == {column.name for column in answer_columns(bbh.TASK)}
    low, high = other.interval("chirp_mass_det", 0.99)
    assert low < merger.BINARY[0] < high
    # Its time zero is the strain's peak, before that of IMRPhenomD: 6 to 11 total masses.
    assert -0.009 < other.extras["gps"] - better.extras["gps"] < -0.001
    # The strain is that of IMRPhenomD, without noise to speak of between the two.
    assert other.extras["log_evidence"] == pytest.approx(better.extras["log_evidence"], abs=5)


def test_an_unknown_waveform_is_refused_before_anything_is_computed(record):
    with pytest.raises(UsageProblem, match="IMRPhenomD or IMRPhenomXAS, got 'SEOBNR'"):
        next(bbh.find(record, MODEL, {"waveform": "SEOBNR"}))


def test_the_row_has_every_column_and_the_draws_every_name(whole):
    place, first, better = whole
    cells = answer_values(bbh.TASK, place, better)
    assert set(cells) == {column.name for column in answer_columns(bbh.TASK)}
    assert set(answer_values(bbh.TASK, place, first)) == set(cells)
    assert cells["snr_v1"] is None
    drawn = dict(zip(better.draw_names, better.draws.T, strict=True))
    assert len(better.draws) == 600
    assert better.weights is None
    for name, low, high in (("ra", 0, 360), ("dec", -90, 90), ("inclination", 0, 180),
                            ("psi", 0, np.pi), ("phase", 0, 2 * np.pi)):  # fmt: skip
        assert low <= drawn[name].min()
        assert drawn[name].max() <= high
    assert abs(np.median(drawn["gps_offset"])) < 1e-6
    assert np.median(drawn["chirp_mass_det"]) == pytest.approx(cells["chirp_mass_det"], rel=1e-5)


def test_the_sky_of_the_draws_holds_the_source(whole):
    _, _, better = whole
    from astrogui.science.sidereal import gmst_radians

    drawn = dict(zip(better.draw_names, better.draws.T, strict=True))
    longitude = np.radians(drawn["ra"]) - gmst_radians(merger.MERGER)
    dec = np.radians(drawn["dec"])
    towards = np.stack([np.cos(dec) * np.cos(longitude), np.cos(dec) * np.sin(longitude),
                        np.sin(dec)])  # fmt: skip
    east, north = merger.DIRECTION
    truth = [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)]
    assert np.max(truth @ towards) > np.cos(np.radians(8))


def test_the_same_strain_gets_the_same_weights(whole, record):
    assert np.array_equal(again(whole, record).draws, whole[2].draws)


def test_virgo_is_heard_where_it_is(whole, three):
    better = again(whole, three)
    assert better.extras["detectors"] == "H1,L1,V1"
    assert better.extras["snr_v1"] > 3
    assert better.extras["snr"] > whole[2].extras["snr"]
    drawn = better.draw_names.index("ra")
    assert np.std(better.draws[:, drawn]) < np.std(whole[2].draws[:, drawn])


def test_a_chain_takes_over_where_weights_leave_little(whole, record, monkeypatch):
    monkeypatch.setattr(bbh_refine, "LEAST_EFFICIENCY", 2.0)
    better = again(whole, record)
    assert better.extras["method"] == "sampled"
    assert better.extras["efficiency"] < 1
    low, high = better.interval("chirp_mass_det", 0.99)
    assert low < merger.BINARY[0] < high


def test_it_can_be_stopped_and_tells_how_far_it_is(whole, record):
    parts = []

    def told(part):
        parts.append(part)
        if part > 0.5:
            raise JobCancelled("The job was stopped.")

    with pytest.raises(JobCancelled):
        again(whole, record, told)
    assert len(parts) > 5
    assert parts == sorted(parts)


def test_draws_without_spins_are_left_as_they_are(whole):
    place, first, _ = whole
    bare = dataclasses.replace(first, draws=first.draws[:, :14], draw_names=first.draw_names[:14])
    assert bbh_refine.refine(merger.network(), place, bare, MODEL, silent) is None


def test_the_edge_of_the_prior_is_judged_by_the_weighted_draws(whole):
    _, first, better = whole
    doubtful = dataclasses.replace(first, flags=Flag.EDGE_OF_PRIOR | Flag.GLITCH)
    flags = bbh_refine._flags(doubtful.flags, np.array([[30.0, 0.8, 0, 0, 500.0]]), 0.5)
    assert flags == Flag.GLITCH
    half = np.array([[6.1, 0.8, 0, 0, 500.0], [30.0, 0.8, 0, 0, 500.0]])
    assert bbh_refine._flags(Flag.NONE, half, 0.5) == Flag.EDGE_OF_PRIOR
    piled = bbh_refine._flags(Flag.NONE, half[:1], 0.5)
    assert piled == Flag.EDGE_OF_PRIOR | Flag.OUTSIDE_PRIOR
    assert bbh_refine._flags(Flag.NONE, half, 1.5) == piled
    assert Flag.EDGE_OF_PRIOR not in better.flags


def test_noise_alone_has_unit_variance_and_the_gain_of_its_density():
    record = merger.network(megaparsec=None, seconds=64.0)
    stretches = whitened(record, None, merger.MERGER)
    data = merger_data.cut(stretches, dict.fromkeys(stretches, merger.MERGER), 30.0)
    assert np.mean(np.abs(data.values) ** 2) == pytest.approx(2, rel=0.06)
    density = merger.NOISE**2 * ((40 / data.frequency_hz) ** 8 + 1)
    step = data.frequency_hz[1] - data.frequency_hz[0]
    ratio = data.gain / np.sqrt(4 * step / density)
    assert np.median(ratio) == pytest.approx(1, rel=0.03)


def test_frequencies_before_the_stretch_are_left_out():
    record = merger.network(seconds=32.0)
    stretches = whitened(record, None, merger.MERGER)
    arrival = dict.fromkeys(stretches, stretches["H1"].gps_start + 2.0)
    data = merger_data.cut(stretches, arrival, 8.0)
    heard = data.frequency_hz[data.gain[0] > 0]
    assert merger_data.time_in_band_s(8.0, heard[0]) == pytest.approx(2.0, rel=0.02)
    assert not data.values[0][data.gain[0] == 0].any()


def test_the_densest_place_is_that_of_most_draws():
    rng = np.random.default_rng(1)
    ra = np.concatenate([rng.normal(359.0, 2, 700) % 360, rng.normal(100, 2, 300)])
    dec = np.concatenate([rng.normal(-40, 2, 700), rng.normal(40, 2, 300)])
    place = bbh_refine.densest(ra, dec)
    assert abs((place[0] - 359 + 180) % 360 - 180) < 3
    assert place[1] == pytest.approx(-40, abs=3)


@pytest.mark.parametrize("spin", [0.0, 0.4, 0.69, 0.9])
def test_the_ringdown_agrees_with_a_published_fit(spin):
    frequency, damping = remnant.ringdown_of(np.array(67.0), np.array(spin))
    # Berti, Cardoso & Will 2006, table VIII, l = m = 2, n = 0: another form than ours.
    dimensionless = 1.5251 - 1.1568 * (1 - spin) ** 0.1292
    quality = 0.7000 + 1.4187 * (1 - spin) ** -0.4990
    hertz = dimensionless / (2 * np.pi * 67.0 * remnant.SOLAR_MASS_SECONDS)
    assert frequency == pytest.approx(hertz, rel=0.02)
    assert damping == pytest.approx(1e3 * quality / (np.pi * hertz), rel=0.03)


def test_a_few_draws_of_another_mass_do_not_shape_the_first_proposal():
    """One draw in twenty, twice as heavy, would make kernels too wide to find the narrow peak."""
    rng = np.random.default_rng(4)
    mass = 9.7 * np.exp(0.003 * rng.normal(size=600))
    mass[::20] = 22.0
    draws = np.column_stack([mass, rng.uniform(0.3, 1, 600), rng.uniform(-0.4, 0.4, (600, 2))])
    names = ("chirp_mass_det", "mass_ratio", "chi_1", "chi_2")
    start = bbh_refine._start(SimpleNamespace(draws=draws, draw_names=names))
    assert start.chirp_mass.size == 570
    assert start.chirp_mass.max() < 10
    wide = np.where(np.arange(600) < 200, 22.0, mass)  # a third of them: a peak of its own
    draws[:, 0] = wide
    both = bbh_refine._start(SimpleNamespace(draws=draws, draw_names=names))
    assert both.chirp_mass.size == 600
