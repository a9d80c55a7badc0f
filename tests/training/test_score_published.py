"""Published samples brought to our prior, and what the prior alone answers."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from astrogui.science import cosmology
from astrogui.training import score_published

RNG = np.random.default_rng(5)


def write_samples(folder, source, event, **columns):
    path = folder / score_published.SAMPLES
    path.parent.mkdir(exist_ok=True)
    with h5py.File(path, "a") as file:
        for name, values in columns.items():
            file[f"{source}/{event}/{name}"] = values


def test_samples_of_the_detector_frame_are_compared_as_they_are(tmp_path):
    heavy, light = RNG.normal(40, 2, 4000), RNG.normal(30, 2, 4000)
    names = score_published.DETECTOR_FRAME
    write_samples(tmp_path, "other", "GW1", **dict(zip(names, (light, heavy), strict=True)))
    chirp = (heavy * light) ** 0.6 / (heavy + light) ** 0.2
    draws = {"chirp_mass_det": chirp, "mass_ratio": light / heavy}
    told = score_published.beside_samples(tmp_path, "GW1", draws)
    assert told["other"]["samples"] == 4000
    assert told["other"]["chirp_mass_det"] < 1e-6
    draws["mass_ratio"] = draws["mass_ratio"] - 0.3
    assert score_published.beside_samples(tmp_path, "GW1", draws)["other"]["mass_ratio"] > 0.3


def test_an_event_without_samples_has_no_figures(tmp_path):
    assert score_published.beside_samples(tmp_path, "GW1", {}) == {}
    assert not score_published.has_samples(tmp_path, "GW1")
    columns = dict.fromkeys(score_published.DETECTOR_FRAME, np.ones(3))
    write_samples(tmp_path, "other", "GW1", **columns)
    assert score_published.has_samples(tmp_path, "GW1")
    assert not score_published.has_samples(tmp_path, "GW2")


def test_weights_turn_comoving_volume_into_luminosity_volume():
    """Of sources even in comoving volume and source-frame mass, by brute force on a grid."""
    redshift = np.linspace(0.01, 1.5, 3000)
    step = redshift[1] - redshift[0]
    luminosity = cosmology.luminosity_distance_mpc(redshift)
    comoving = luminosity / (1 + redshift)
    theirs = np.gradient(comoving**3, step)  # dV_c / dz
    # Two detector-frame masses: a source-frame square of side one is (1 + z)^2 of them.
    ours = np.gradient(luminosity**3, step) * (1 + redshift) ** 2
    ratio = ours / theirs
    found = score_published.to_our_prior(redshift)
    inner = slice(5, -5)
    np.testing.assert_allclose(
        (found / found[1500])[inner], (ratio / ratio[1500])[inner], rtol=2e-3
    )


def test_the_prior_alone_knows_only_the_loudness():
    wide = {"chirp_mass_det": (40.0, 6.0, 180.0)}
    narrow = {"chirp_mass_det": (8.0, 7.9, 8.1)}
    assert score_published.prior_only([(12.0, wide)]) == {"pairs": 1, "inside_90": 1.0}
    assert score_published.prior_only([(12.0, wide), (12.0, narrow)])["inside_90"] == 0.5
    assert score_published.prior_only([])["inside_90"] is None


def test_a_louder_merger_of_the_prior_is_nearer():
    """Source-frame masses lie closer to the detector's where the merger is near."""
    loud, faint = score_published.medians_at(60.0), score_published.medians_at(6.0)
    assert loud["luminosity_distance"] == pytest.approx(0.1 * faint["luminosity_distance"])
    assert loud["mass_1_det"] == faint["mass_1_det"]
    assert faint["mass_1_source"] < 0.8 * loud["mass_1_source"] < 0.8 * loud["mass_1_det"]


def test_the_median_counts_draws_by_their_weights():
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 5.0])
    assert score_published._median(values, weights) == 2.0
    assert score_published._median(values, np.array([5.0, 1.0, 1.0])) == 3.0
