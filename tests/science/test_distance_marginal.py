"""Phase and distance integrated out, against integrals done one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import dblquad, quad

from astrogui.science.distance_marginal import QUIETEST, VOLUME_MPC, DistanceCurve

CURVE = DistanceCurve()


@pytest.mark.parametrize(("kappa", "norm"), [(0.0, 1e8), (4.0, 1e7), (9.3, 4e7)])
def test_the_integral_over_phase_and_distance(kappa, norm):
    farthest = np.sqrt(norm) / QUIETEST

    def integrand(phase, distance):
        loud = np.sqrt(norm) / distance
        likelihood = np.exp(kappa * loud * np.cos(phase) - 0.5 * loud**2)
        return likelihood * 3 * distance**2 / VOLUME_MPC**3 / (2 * np.pi)

    expected, _ = dblquad(integrand, 1.0, farthest, 0, 2 * np.pi, epsrel=1e-7)
    ours = CURVE.log_likelihood(np.array([kappa]), np.array([norm]))[0]
    assert ours == pytest.approx(np.log(expected), abs=2e-3)


def test_draws_of_distance_follow_the_density():
    from scipy.special import i0e

    kappa, norm = 11.0, 3e7
    distance, phase = CURVE.draw(
        np.full(4000, kappa), np.full(4000, norm), np.full(4000, 0.8), np.random.default_rng(1)
    )

    def density(value):
        loud = np.sqrt(norm) / value
        return value**2 * i0e(kappa * loud) * np.exp(kappa * loud - 0.5 * loud**2)

    farthest = np.sqrt(norm) / QUIETEST
    whole = quad(density, 100, farthest)[0]
    middle = float(np.median(distance))
    assert quad(density, 100, middle)[0] / whole == pytest.approx(0.5, abs=0.03)
    # A phase φ turns the wave by 2φ: the overlap's phase comes back.
    assert np.angle(np.mean(np.exp(2j * phase))) == pytest.approx(0.8, abs=0.01)
    assert 0.45 < np.mean(phase > np.pi) < 0.55


def test_no_source_is_quieter_than_the_prior_allows():
    distance, _ = CURVE.draw(
        np.full(500, 2.0), np.full(500, 1e7), np.zeros(500), np.random.default_rng(2)
    )
    assert np.sqrt(1e7) / distance.max() >= QUIETEST * (1 - 1e-9)
