"""Measures of simulated point sources and discs, and the vector that the network gets."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import photometry, point_spread
from astrogui.science.cutouts import SIZE


def measured(disc=None, flux=100.0, noise=0.2, count=200, absent=(), seed=2):
    """Measures of `count` point sources, or of discs of one of the extents."""
    rng = np.random.default_rng(seed)
    models = point_spread.assumed().with_extended(np.zeros(count), np.zeros(count))
    models = np.repeat(models[:, None], 5, axis=1)
    cuts = flux * models[:, :, 0 if disc is None else disc + 1]
    cuts = cuts + rng.normal(0, noise, cuts.shape)
    present = np.ones((count, 5), bool)
    present[:, list(absent)] = False
    used = np.ones(cuts.shape, bool)
    return photometry.measure(
        cuts, models[:, :, 0], models[:, :, 1:], used, np.full((count, 5), noise), present
    )


def test_a_point_source_has_its_flux_and_its_error():
    measures, residual = measured()
    assert measures.flux.mean() == pytest.approx(100.0, rel=1e-3)
    scatter = (measures.flux - 100.0).std()
    assert measures.flux_err.mean() == pytest.approx(scatter, rel=0.1)
    assert measures.misfit.mean() == pytest.approx(1.0, abs=0.05)
    assert residual.std() == pytest.approx(1.0, abs=0.03)
    assert measures.concentration.mean() == pytest.approx(1.0, abs=0.01)
    assert measures.moments.std() == pytest.approx(1.0, abs=0.1)


def test_a_disc_fits_a_disc_and_a_point_source_does_not():
    point, _ = measured()
    assert (point.gain < 0).all()
    for extent in range(3):
        disc, _ = measured(disc=extent)
        assert (disc.gain[..., extent] > 0).mean() > 0.99
        assert disc.gain[..., extent].mean() >= disc.gain.mean(axis=(0, 1)).max() - 1e-6
        assert disc.excess.mean() > 0.02
        assert disc.moments[..., 0].mean() > 1


def test_the_gain_is_the_fall_of_chi_square():
    measures, residual = measured(disc=1, count=3)
    models = point_spread.assumed().with_extended(np.zeros(1), np.zeros(1))[0]
    rng = np.random.default_rng(2)
    cuts = 100 * np.broadcast_to(models[2], (3, 5, SIZE, SIZE))
    cuts = cuts + rng.normal(0, 0.2, cuts.shape)
    template = models[2]
    best = (cuts * template).sum(axis=(-2, -1)) / (template**2).sum()
    chi_disc = (((cuts - best[..., None, None] * template) / 0.2) ** 2).sum(axis=(-2, -1))
    chi_point = (residual**2).sum(axis=(-2, -1))
    assert measures.gain[..., 1] == pytest.approx(chi_point - chi_disc, rel=1e-3)


def test_an_absent_band_is_nought_everywhere():
    measures, residual = measured(absent=(0, 4))
    for values in measures.as_arrays().values():
        assert not values[:, [0, 4]].any()
    assert not residual[:, [0, 4]].any()


def test_the_vector_is_as_long_as_said_and_knows_where_the_signal_is():
    measures, _ = measured(count=4, absent=(0,))
    shape = photometry.shape_measures(np.full(4, 2.0), np.full(4, 6.0), np.full(4, 0.9), 2.0, 30)
    vector = photometry.vector(measures, np.full(5, 22.5), shape)
    assert vector.shape == (4, photometry.VECTOR_LENGTH)
    signal = np.sqrt(((measures.flux / np.maximum(measures.flux_err, 1e-9))[:, 1:] ** 2).sum(1))
    expected = np.arcsinh(signal / 5)
    assert vector[:, photometry.SIGNAL_COLUMN] == pytest.approx(expected, rel=1e-5)


def test_without_zero_points_there_are_no_colours_and_with_them_they_are_right():
    measures, _ = measured(count=2)
    shape = np.zeros((2, photometry.SHAPES))
    hidden = photometry.vector(measures, np.full(5, np.nan), shape)
    told = photometry.vector(measures, np.array([22.0, 22.5, 22.5, 22.5, 22.5]), shape)
    colours = slice(53, 57)
    assert not hidden[:, colours].any()
    assert not hidden[:, 57:63].any()
    assert told[:, 53] == pytest.approx(-0.5, abs=0.02)
    assert told[:, 57:61].all()
    assert told[:, 61] == pytest.approx((22.5 - 5 - 21) / 2, abs=0.01)
    faint, _ = measured(count=2, flux=-5.0)
    assert np.isfinite(photometry.vector(faint, np.full(5, 22.5), shape)).all()


def test_magnitudes_are_ab_and_nan_where_there_is_no_light():
    magnitude = photometry.ab_magnitude(np.array([1.0, 100.0, -1.0]), np.array([22.5, 22.5, 22.5]))
    assert magnitude[:2] == pytest.approx([22.5, 17.5])
    assert np.isnan(magnitude[2])
    assert np.isnan(photometry.ab_magnitude(np.array([1.0]), np.array([np.nan])))


def test_how_many_stars_gave_the_seeing_is_not_told_but_that_none_did_is():
    sizes = (np.full(3, 2.0), np.full(3, 6.0), np.full(3, 0.9), 2.0)
    few, many, none = (photometry.shape_measures(*sizes, stars) for stars in (5, 200, 0))
    np.testing.assert_array_equal(few, many)
    assert (none[:, -1] == 1).all()
    assert few.shape == (3, photometry.SHAPES)
