"""The prior beside the posterior: known shapes, and nothing where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import binary_prior
from astrogui.science.merger_prior import prior_curves, prior_draws


def test_the_chirp_mass_is_as_even_component_masses_make_it():
    x, y = prior_curves({"chirp_mass_det": (20.0, 40.0)}, 100_000)["chirp_mass_det"]
    assert np.trapezoid(y, x) == pytest.approx(1.0)
    assert np.interp(39, x, y) / np.interp(21, x, y) == pytest.approx(39 / 21, rel=0.15)


def test_the_mass_ratio_follows_its_density():
    x, y = prior_curves({"mass_ratio": (0.2, 0.9)}, 100_000)["mass_ratio"]
    known = binary_prior.ratio_density(x)
    assert y[5:-5] == pytest.approx((known / np.trapezoid(known, x))[5:-5], rel=0.12)


def test_distance_and_angles_have_their_laws():
    curves = prior_curves({"luminosity_distance": (0.0, 600.0), "dec": (-90.0, 90.0)}, 1000)
    x, y = curves["luminosity_distance"]
    assert y == pytest.approx(3 * x**2 / 600**3, rel=1e-3, abs=1e-6)
    x, y = curves["dec"]
    assert y == pytest.approx(np.cos(np.radians(x)) * np.pi / 360, abs=1e-6)


def test_what_depends_on_how_far_sources_are_has_no_curve():
    assert prior_curves({"redshift": (0.0, 1.0), "mass_1_source": (5.0, 50.0)}, 1000) == {}


def test_a_range_that_the_prior_hardly_reaches_has_no_curve():
    assert prior_curves({"chirp_mass_det": (6.0, 6.001)}, 1000) == {}


def test_draws_lie_within_the_prior():
    drawn = prior_draws(2000)
    assert drawn["mass_ratio"].min() >= binary_prior.MASS_RATIO[0]
    assert drawn["chirp_mass_det"].max() <= binary_prior.CHIRP_MASS[1]
    assert np.abs(drawn["chi_1"]).max() <= binary_prior.LARGEST_SPIN
