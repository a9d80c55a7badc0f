"""The information limit: cases that can be worked out otherwise, and the simulator's own light."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm

from astrogui.training import star_galaxy_card
from astrogui.training import star_galaxy_limit as limit
from astrogui.training.simulate_image import SkySettings, light_of, simulate
from astrogui.training.sky_population import galaxy_density
from astrogui.training.star_galaxy_columns import auc
from astrogui.training.star_galaxy_examples import field_examples
from astrogui.training.star_galaxy_limit import Population, Templates, log_odds

BANDS = 5
NO_KERNEL = np.zeros(BANDS)


@pytest.fixture(scope="module")
def templates():
    return Templates(0.396, shapes=200, colours=400)


def _pixels(rng, count=40):
    """Templates of a star and of a galaxy little larger, alike in every band."""
    reach = np.linspace(-3, 3, count)
    star, galaxy = (np.exp(-0.5 * (reach / width) ** 2) for width in (1.0, 1.03))
    return star / np.linalg.norm(star), galaxy / np.linalg.norm(galaxy)


def test_two_known_profiles_are_told_apart_as_often_as_gauss_says():
    """Of two rays at an angle 2 t, light at S/N s off the right one: AUC = Phi(sqrt(2) s sin t)."""
    rng = np.random.default_rng(1)
    star, galaxy = _pixels(rng)
    half_angle = 0.5 * np.arccos(star @ galaxy)
    signal = 1.2 / np.sqrt(2) / np.sin(half_angle)  # over all bands
    basis = np.stack([star, galaxy - star])
    ones = np.ones((1, BANDS))
    told = SimpleNamespace(population=lambda magnitude: Population(
        shapes=np.array([[1.0, 1.0]]), galaxy_colours=ones, star_colours=ones))  # fmt: skip
    curvature = np.stack([basis @ basis.T] * BANDS)
    truth = np.arange(1600) % 2 == 1
    odds = []
    for is_galaxy in truth:
        light = (galaxy if is_galaxy else star) * signal / np.sqrt(BANDS)
        data = light + rng.standard_normal((BANDS, len(star)))
        odds.append(log_odds(data @ basis.T, curvature, told))
    assert auc(np.array(odds), truth) == pytest.approx(norm.cdf(1.2), abs=0.025)


def _integrated(linear, curvature, colours):
    """The evidence by a sum over total fluxes, all shapes and all colours, to the same factor."""
    total = np.geomspace(0.02, 60, 4000)
    fluxes = colours[None, :, None] * total[:, None]
    exponent = linear[:, None, None] * fluxes - 0.5 * curvature[:, None, None] * fluxes**2
    density = galaxy_density(limit.magnitude_of(total)) / total * np.gradient(total)
    summed = (np.exp(exponent.sum(axis=-1)) * density).sum(axis=-1).mean()
    return np.log(summed / np.sqrt(2 * np.pi))


@pytest.mark.parametrize(("shapes", "within"), [(1, 0.05), (4, 0.15)])
def test_the_evidence_is_that_of_a_sum_over_fluxes_shapes_and_colours(shapes, within):
    rng = np.random.default_rng(2)
    colours = np.exp(rng.normal(0, 0.2, (6, BANDS)))
    colours[:, limit.REFERENCE] = 1.0
    curvature = np.linspace(8, 12, shapes)[:, None] * np.array([0.5, 2, 3, 2, 0.5])
    linear = 3.0 * colours[2] * curvature * np.linspace(0.98, 1.02, shapes)[:, None]
    linear = linear + rng.standard_normal(BANDS) * np.sqrt(curvature)
    found = limit.evidence(linear, curvature, colours, NO_KERNEL, galaxy_density)
    assert found == pytest.approx(_integrated(linear, curvature, colours), abs=within)


def test_the_basis_draws_the_simulators_galaxies_and_its_noise_is_made_white(templates):
    settings = SkySettings(shape=(360, 380), star_factor=0.3)
    skies = (simulate(settings, np.random.default_rng(seed)) for seed in range(20))
    sky = next(sky for sky in skies if sky.exposures[2].correlation > 0.1)
    white, certainty = limit._told(sky, 2)
    inner = white[limit.SIDE : -limit.SIDE, limit.SIDE : -limit.SIDE]
    assert inner.std() == pytest.approx(1.0, abs=0.02)
    assert abs((inner[1:] * inner[:-1]).mean()) < 0.01
    small = sky.radius_arcsec < 2.5  # a larger one does not fit into a stamp, and is no riddle
    rows = np.flatnonzero(sky.is_galaxy & small & (sky.magnitude[:, 2] < 22.5) & (sky.x > 40)
                          & (sky.x < 340) & (sky.y > 40) & (sky.y < 320))  # fmt: skip
    missed = []
    for row in rows:
        own, images = limit._stamps(sky, int(row), 2, (0 * white, certainty), templates)
        flux = 10 ** (0.4 * (22.5 - sky.magnitude[row, 2]))
        drawn = flux * templates.coefficients(sky.shapes[[row]])[0] @ images
        missed.append(np.linalg.norm(own - drawn) / np.linalg.norm(own))
    assert len(missed) > 5
    assert np.median(missed) < 0.01
    assert max(missed) < 0.05


def test_odds_of_simulated_sources_favour_what_they_are(templates):
    sky = simulate(SkySettings(shape=(260, 280), star_factor=3.0), np.random.default_rng(8))
    rows = np.flatnonzero((sky.magnitude[:, 2] < 22) & (sky.x > 0) & (sky.x < 279)
                          & (sky.y > 0) & (sky.y < 259))  # fmt: skip
    odds, galaxy = limit.log_ratios(sky, rows, templates), sky.is_galaxy[rows]
    assert min(galaxy.sum(), (~galaxy).sum()) > 3
    assert auc(odds, galaxy) > 0.95
    assert np.median(odds[galaxy]) > 2
    assert np.median(odds[~galaxy]) < -2


def test_the_table_compares_on_the_sources_that_have_the_limit():
    rng = np.random.default_rng(3)
    galaxy = rng.random(4000) < 0.5
    best = galaxy + rng.normal(0, 0.7, 4000)
    ours = best + rng.normal(0, 0.5, 4000)
    best[2000:] = np.nan
    table = limit.compared(ours, best, galaxy, np.full(4000, 21.7), 60, 1)
    assert (table["n"], table["n_limit"]) == (4000, 2000)
    row = table["table"]["21.5-22"]
    assert (row["n"], row["n_limit"]) == (4000, 2000)
    assert row["limit"] == pytest.approx(norm.cdf(1 / 0.7 / np.sqrt(2)), abs=0.03)
    assert row["auc_there"] == pytest.approx(auc(ours[:2000], galaxy[:2000]))
    assert row["behind"] == pytest.approx(row["limit"] - row["auc_there"])
    assert 0 < row["behind_error"] < row["limit_error"]
    assert "21-21.5" not in table["table"]
    assert any("more than 0.01" in line for line in limit.limit_lines(table))
    told_less = limit.limit_lines(table, "found")
    assert not any("than 0.01" in line or "limit" in line for line in told_less)
    assert len(told_less) == len(limit.limit_lines(table))


def test_light_that_is_not_told_stays_in_the_pixels(templates):
    settings = SkySettings(shape=(260, 280), star_factor=3.0, artefacts=False)
    sky = simulate(settings, np.random.default_rng(8))
    bright = np.flatnonzero(sky.magnitude[:, 2] < 21)
    faint = np.setdiff1d(np.arange(len(sky.x)), bright)
    some, rest = light_of(sky, 2, bright), light_of(sky, 2, faint)
    np.testing.assert_allclose(some + rest, light_of(sky, 2), atol=1e-4)
    left = limit._told(sky, 2, bright)[0] - limit._told(sky, 2)[0]
    inner = left[limit.SIDE : -limit.SIDE, limit.SIDE : -limit.SIDE]
    assert np.corrcoef(inner.ravel(), rest.ravel())[0, 1] > 0.9
    everything = np.arange(len(sky.x))
    np.testing.assert_allclose(
        limit.log_ratios(sky, bright[:4], templates, everything),
        limit.log_ratios(sky, bright[:4], templates),
        rtol=1e-3,
    )


def test_a_sky_can_be_without_what_is_too_faint_to_be_found():
    inside = field_examples([3, 5], (400, 500), 1.0, faintest_mag=20.5)
    assert len(inside["true_magnitude"]) > 3
    assert inside["true_magnitude"].max() <= 20.5


def test_the_page_tells_what_of_the_distance_is_light_that_nobody_sees():
    row = {"n": 90, "stars": 30, "auc": 0.97, "auc_error": 0.01, "n_limit": 80, "auc_there": 0.968,
           "limit": 0.975, "limit_error": 0.01, "behind": 0.007, "behind_error": 0.002}  # fmt: skip
    clear = {"fields": 26, "faintest_mag": 22.6, "mean": {"table": {"21.5-22": row}}}
    words = "\n".join(star_galaxy_card._without_fainter_lines(clear))
    assert "26 fields that hold no source fainter than r = 22.6" in words
    assert "| 21.5-22 | 90 | 30 |" in words
    assert "+0.0070 +- 0.0020" in words
