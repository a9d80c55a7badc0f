"""Places on the sky: coordinates, densities, and members that follow their target."""

from __future__ import annotations

import numpy as np
import pytest
import strain_merger

from astrogui.science import heterodyne, sky_pool
from astrogui.science.detector_response import delay_s
from astrogui.science.distance_marginal import DistanceCurve
from astrogui.science.sky_pool import Geometry, Reference

RNG = np.random.default_rng


def reference(detectors=("H1", "L1"), distance_mpc=2500.0):
    data = strain_merger.data(detectors, distance_mpc)
    sums = heterodyne.summed(data, strain_merger.TRUTH)
    one = np.ones((1, sums.knot_hz.size), complex)
    norm = heterodyne.norms(sums, one)
    heard = Reference(sums, norm, sums.linear.sum(axis=1)[None], DistanceCurve())
    return Geometry(detectors, data.centre_gps, list(range(len(detectors)))), heard


def anywhere(count, seed=0):
    rng = RNG(seed)
    low, high = [-0.02, -1, 0, 0, -1], [0.02, 1, 2 * np.pi, 0.5 * np.pi, 1]
    return rng.uniform(low, high, (count, 5))


@pytest.mark.parametrize("detectors", [("H1",), ("H1", "L1"), ("H1", "L1", "V1")])
def test_uniform_coordinates_are_an_isotropic_sky(detectors):
    geometry, _ = reference(detectors)
    longitude, declination = geometry.direction(anywhere(20000))
    towards = np.stack([np.cos(declination) * np.cos(longitude),
                        np.cos(declination) * np.sin(longitude), np.sin(declination)])  # fmt: skip
    assert np.abs(towards.mean(axis=1)).max() < 0.02
    assert np.abs(towards @ towards.T / 20000 - np.eye(3) / 3).max() < 0.02


def test_arrival_times_are_those_of_light():
    geometry, _ = reference(("H1", "L1", "V1"))
    places = anywhere(50)
    _, time = geometry.seen(places)
    longitude, declination = geometry.direction(places)
    arrival = geometry.centre_gps + time
    for one, name in ((1, "L1"), (2, "V1")):
        expected = delay_s(name, longitude, declination) - delay_s("H1", longitude, declination)
        assert arrival[:, one] - arrival[:, 0] == pytest.approx(expected, abs=1e-6)
    back = geometry.cosine_of(time[:, 0], time[:, 1])
    assert back == pytest.approx(places[:, 1], abs=1e-4)


def test_the_reference_has_the_likelihood_of_its_waveform():
    geometry, heard = reference()
    places = anywhere(20)
    places[:, 0] *= 0.2
    data = strain_merger.data(distance_mpc=2500.0)
    response, time = geometry.seen(places)
    output, norm = heterodyne.exact(data, strain_merger.TRUTH.rows(np.zeros(20, int)), time)
    total = np.abs(np.sum(output * response.conj(), axis=1))
    norm = np.sum(norm * np.abs(response) ** 2, axis=1)
    expected = DistanceCurve().log_likelihood(total / np.sqrt(norm), norm)
    ours = heard.log_likelihood(places, *geometry.seen(places))
    inside = np.isfinite(ours)
    assert inside.any()
    assert ours[inside] == pytest.approx(expected[inside], abs=0.01)


@pytest.mark.parametrize("detectors", [("H1",), ("H1", "L1"), ("H1", "L1", "V1")])
def test_members_give_the_same_evidence_as_draws_from_the_prior(detectors):
    geometry, heard = reference(detectors)
    places = anywhere(400_000)
    likelihood = heard.log_likelihood(places, *geometry.seen(places))
    # The prior's time is uniform over 0.2 s; these draws span 0.04 s of it.
    brute = np.log(np.mean(np.exp(likelihood)) * 0.04 / sky_pool.TIME_PRIOR_S)
    members = sky_pool.pool(geometry, [heard], [4000], 40_000, 12, RNG(1))
    values = heard.log_likelihood(members.places, members.response, members.time_s)
    ours = np.log(np.mean(np.exp(values - members.log_density)))
    assert ours == pytest.approx(brute, abs=0.15)


def test_members_are_parted_by_the_chain():
    geometry, heard = reference(distance_mpc=600.0)
    once = sky_pool.pool(geometry, [heard], [1000], 3000, 0, RNG(2)).places
    parted = sky_pool.pool(geometry, [heard], [1000], 3000, 12, RNG(2)).places
    assert len(np.unique(once[:, 0])) < 600
    assert len(np.unique(parted[:, 0])) > 800


def test_each_reference_has_members_of_its_own():
    geometry, near = reference(distance_mpc=600.0)
    late = strain_merger.data(distance_mpc=600.0)
    late = heterodyne.recentred(late, late.centre_gps - 0.05)
    sums = heterodyne.summed(late, strain_merger.TRUTH)
    one = np.ones((1, sums.knot_hz.size), complex)
    far = Reference(
        sums, heterodyne.norms(sums, one), sums.linear.sum(axis=1)[None], DistanceCurve()
    )
    members = sky_pool.pool(geometry, [near, far], [300, 200], 20_000, 4, RNG(3))
    assert np.bincount(members.cell).tolist() == [300, 200]
    first = members.places[:, 0]
    assert np.median(first[members.cell == 0]) == pytest.approx(0, abs=0.005)
    assert np.median(first[members.cell == 1]) == pytest.approx(0.05, abs=0.005)
