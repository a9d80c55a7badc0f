"""The weighted posterior of a simulated merger: its proposal, its worth, its draws, its chain."""

from __future__ import annotations

import numpy as np
import pytest
import strain_merger

from astrogui.science import binary_chain, binary_posterior, binary_prior, heterodyne
from astrogui.science.binary_posterior import Effort, marginal, quality, tempered, weigh
from astrogui.science.binary_proposal import Proposal, binaries_at, coordinates, log_prior
from astrogui.science.sidereal import gmst_radians, leap_seconds

SMALL = Effort(round_draws=800, rounds=3, final_draws=2000, paired=32, pool_draws=30_000,
               pool_members=1600, pool_steps=10, kept=1500)  # fmt: skip


def weighed(seed, **changes):
    rng = np.random.default_rng(seed)
    data = strain_merger.data(**changes)
    start = strain_merger.near_truth(1500, seed)
    return weigh(data, start, strain_merger.TRUTH, rng, SMALL)


@pytest.fixture(scope="module")
def whole():
    return weighed(1)


def test_the_posterior_holds_the_truth_and_is_no_wider_than_the_signal_says(whole):
    analysis, pool, pairs, _ = whole
    draws = analysis.resampled(pairs, pool)
    mass = np.quantile(draws.binaries.chirp_mass, (0.005, 0.5, 0.995))
    assert mass[0] < strain_merger.TRUTH.chirp_mass[0] < mass[2]
    assert 0.01 < (mass[2] - mass[0]) / mass[1] < 0.3
    distance = np.quantile(draws.distance_mpc, (0.005, 0.995))
    assert distance[0] < 900 < distance[1]
    towards = np.cos(draws.declination) * np.cos(draws.longitude - strain_merger.DIRECTION[0])
    towards = towards * np.cos(strain_merger.DIRECTION[1])
    towards = towards + np.sin(draws.declination) * np.sin(strain_merger.DIRECTION[1])
    assert towards.max() > np.cos(0.15)


def test_the_weights_say_what_they_are_worth(whole):
    *_, worth = whole
    assert worth.efficiency > 0.1
    assert worth.ess > 200
    assert worth.ess == min(worth.intrinsic, worth.extrinsic)


def test_two_seeds_agree_about_the_evidence(whole):
    assert weighed(2)[3].log_evidence == pytest.approx(whole[3].log_evidence, abs=0.25)


def test_a_chain_begun_at_the_draws_keeps_their_distribution(whole):
    analysis, pool, pairs, _ = whole
    rng = np.random.default_rng(3)
    row, column = np.unravel_index(
        rng.choice(pairs.shares.size, 300, p=pairs.shares.ravel()), pairs.shares.shape
    )
    places = pool.places[pairs.member[row, column]]
    draws, effective = binary_chain.sampled(analysis, pairs.places[row], places, 40, rng)
    weighted = analysis.resampled(pairs, pool)
    assert effective > 100
    for ours, theirs in (
        (draws.binaries.chirp_mass, weighted.binaries.chirp_mass),
        (draws.distance_mpc, weighted.distance_mpc),
        (np.abs(draws.cos_inclination), np.abs(weighted.cos_inclination)),
    ):
        apart = abs(np.median(ours) - np.median(theirs)) / np.std(theirs)
        assert apart < 0.35
        assert np.std(ours) == pytest.approx(np.std(theirs), rel=0.3)


def test_a_third_detector_narrows_the_sky(whole):
    analysis, pool, pairs, _ = whole
    three, other_pool, other_pairs, _ = weighed(1, detectors=("H1", "L1", "V1"))

    def spread(draws):
        cos = np.cos(draws.declination)
        towards = np.stack([cos * np.cos(draws.longitude), cos * np.sin(draws.longitude),
                            np.sin(draws.declination)])  # fmt: skip
        return 1 - np.linalg.norm(towards.mean(axis=1))

    wide = spread(analysis.resampled(pairs, pool))
    assert spread(three.resampled(other_pairs, other_pool)) < 0.5 * wide


def test_a_merger_away_from_the_given_time_is_found_with_the_same_evidence(whole):
    data = strain_merger.data()
    data = heterodyne.recentred(data, data.centre_gps - 0.07)
    start, told = strain_merger.near_truth(1500, 1), []
    rng = np.random.default_rng(4)
    analysis, *_, worth = weigh(data, start, strain_merger.TRUTH, rng, SMALL, told.append)
    assert worth.log_evidence == pytest.approx(whole[3].log_evidence, abs=0.25)
    assert analysis.data.centre_gps[0] == pytest.approx(data.centre_gps[0] + 0.07, abs=0.005)
    assert told == sorted(told)
    assert 0.8 < told[-1] <= 1


def test_a_start_that_knows_nothing_of_the_masses_comes_to_the_same(whole):
    rng = np.random.default_rng(7)
    start = binaries_at(np.column_stack([rng.uniform(3.1, 4.4, 1500), rng.normal(size=(1500, 3))]))
    reference = binaries_at(np.array([[4.2, 0.0, 0.0, 0.0]]))
    *_, worth = weigh(strain_merger.data(), start, reference, rng, SMALL)
    assert worth.log_evidence == pytest.approx(whole[3].log_evidence, abs=0.3)
    assert worth.efficiency > 0.1


def test_one_detector_has_an_answer_too():
    *_, worth = weighed(1, detectors=("L1",), distance_mpc=500.0)
    assert worth.ess > 100


def test_tempering_stops_where_enough_draws_are_left():
    log_weight = -0.5 * np.linspace(-40, 40, 2001) ** 2
    assert 1 / np.sum(tempered(log_weight, 400) ** 2) == pytest.approx(400, rel=0.01)
    flat = tempered(np.zeros(1000), 400)
    assert flat == pytest.approx(np.full(1000, 1e-3))


def test_coordinates_come_back_and_the_prior_is_normalised():
    binaries = strain_merger.near_truth(200)
    again = binaries_at(coordinates(binaries))
    assert np.allclose(again.chirp_mass, binaries.chirp_mass)
    assert np.allclose(again.mass_ratio, binaries.mass_ratio, atol=1e-3)
    assert np.allclose(again.spin_1, binaries.spin_1, atol=1e-3)
    rng = np.random.default_rng(5)
    low, high = np.log(binary_prior.CHIRP_MASS)
    places = np.column_stack([rng.uniform(low, high, 200_000), rng.normal(0, 1.5, (200_000, 3))])
    density = np.exp(-0.5 * np.sum((places[:, 1:] / 1.5) ** 2, axis=1))
    density /= (2 * np.pi) ** 1.5 * 1.5**3 * (high - low)
    assert np.mean(np.exp(log_prior(places)) / density) == pytest.approx(1, abs=0.02)


def test_the_proposals_density_is_that_of_its_draws():
    rng = np.random.default_rng(6)
    centres = rng.normal(size=(500, 4)) @ np.diag([0.02, 1.0, 0.5, 0.5]) + [3.5, 0, 0.2, 0]
    proposal = Proposal(centres, rng.uniform(size=500), rng, kernels=300)
    places = proposal.draw(20_000, rng)
    spread, mean = centres.std(axis=0) * 0.9, centres.mean(axis=0)
    white = (places - mean) / spread
    normal = np.exp(-0.5 * np.sum(white**2, axis=1)) / (2 * np.pi) ** 2 / spread.prod()
    assert np.mean(normal / np.exp(proposal.log_density(places))) == pytest.approx(1, abs=0.05)


def test_marginal_and_quality_of_known_weights(whole):
    _, _, pairs, _ = whole
    even = pairs._replace(log_weight=np.zeros_like(pairs.log_weight))
    assert quality(even).efficiency == pytest.approx(1)
    assert quality(even).intrinsic == pytest.approx(len(pairs.places))
    assert marginal(even) == pytest.approx(np.zeros(len(pairs.places)))
    assert isinstance(binary_posterior.quality(pairs).log_evidence, float)


@pytest.mark.parametrize("gps", [900_000_000.0, 1_126_259_462.4, 1_267_963_151.3])
def test_sidereal_time_agrees_with_the_standards_of_astronomy(gps):
    import erfa
    from astropy.time import Time

    utc = Time(gps, format="gps").utc
    assert gmst_radians(gps) == pytest.approx(erfa.gmst82(utc.jd1, utc.jd2), abs=1e-6)
    assert leap_seconds(gps) == {900_000_000.0: 14, 1_126_259_462.4: 17}.get(gps, 18)
