"""Fits on the fine grid: shifts far below a pixel, bounds, and errors that hold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from astrogui.science import redshift_scan as scan
from astrogui.science import refinement, refinement_basis, refinement_equations
from astrogui.science.refinement_basis import FINE, LINE_GROUPS, SHIFT, Basis
from astrogui.science.refinement_equations import Equations, Losses, non_negative

KM_S = 299792.458


def continuum_rows(seed=4):
    """Three smooth positive rest-frame components with absorption, in steps of ``FINE``."""
    below = 2600
    grid = FINE.first + FINE.step * np.arange(-below, FINE.size + 60)
    rng = np.random.default_rng(seed)
    rows = []
    for slope in (-1.0, 0.5, 2.0):
        row = (10**grid / 5000.0) ** slope
        for place in rng.uniform(3.3, 4.0, 40):
            row = row * (1 - 0.4 * np.exp(-0.5 * ((grid - place) / 3e-4) ** 2))
        rows.append(row)
    return float(grid[0]), np.stack(rows)


@pytest.fixture(scope="module")
def bases():
    arrays = refinement_basis.bases_to_arrays({"GALAXY": continuum_rows()})
    return refinement_basis.bases_from_arrays(arrays)


def observed(redshift, noise=0.02, seed=1, lines=0.0, step=1.3):
    """A galaxy of the components above, on pixels of its own."""
    first, rows = continuum_rows()
    grid = first + FINE.step * np.arange(rows.shape[1])
    wavelength = np.arange(3800.0, 9200.0, step)
    flux = np.interp(np.log10(wavelength / (1 + redshift)), grid, rows[0] + 0.7 * rows[2])
    for place, ratio in ((5008.24, 1.0), (4960.30, 0.336), (4862.69, 0.4)):
        speed = (wavelength / (place * (1 + redshift)) - 1) * KM_S
        flux = flux + lines * ratio * np.exp(-0.5 * (speed / 140.0) ** 2)
    sigma = noise * np.median(flux)
    flux = flux + np.random.default_rng(seed).normal(size=flux.size) * sigma
    return wavelength, flux, np.full(flux.size, sigma**-2)


def data_of(wavelength, flux, ivar, good=None):
    good = np.ones(flux.size, bool) if good is None else good
    coarse = scan.scale(wavelength, flux, ivar, good)
    return refinement.pixels(wavelength, flux, ivar, good, coarse)


@pytest.mark.parametrize("lines", [0.0, 3.0])
@pytest.mark.parametrize("redshift", [0.02, 0.31234, 0.777])
def test_a_start_far_off_is_polished_to_a_few_km_s(bases, redshift, lines):
    data = data_of(*observed(redshift, lines=lines))
    start = redshift + 200 / KM_S * (1 + redshift)
    fit = refinement.refine(data, bases["GALAXY"], start)
    offset = (fit.redshift - redshift) / (1 + redshift) * KM_S
    assert abs(offset) < 8


def test_noise_that_outweighs_the_floor_gives_a_reduced_chi_square_of_one(bases):
    data = data_of(*observed(0.3, noise=0.2))
    assert refinement.refine(data, bases["GALAXY"], 0.3).reduced == pytest.approx(1.0, abs=0.08)


def test_the_error_of_the_fit_is_its_scatter(bases):
    pulls = []
    for seed in range(60):
        fit = refinement.refine(data_of(*observed(0.3, noise=0.2, seed=seed)), bases["GALAXY"], 0.3)
        pulls.append((fit.redshift - 0.3) / fit.redshift_error)
    assert 0.7 < np.std(pulls) < 1.4
    assert abs(np.mean(pulls)) < 0.6


def test_the_scale_of_the_flux_does_not_matter(bases):
    wavelength, flux, ivar = observed(0.4)
    one = refinement.refine(data_of(wavelength, flux, ivar), bases["GALAXY"], 0.4)
    other = refinement.refine(data_of(wavelength, flux * 1e-17, ivar * 1e34), bases["GALAXY"], 0.4)
    assert other.redshift == pytest.approx(one.redshift, abs=1e-7)
    assert other.chi_square == pytest.approx(one.chi_square, rel=1e-4)


def test_absorption_where_lines_should_be_is_not_fitted_by_negative_lines(bases):
    wavelength, flux, ivar = observed(0.2, lines=-0.8)
    data = data_of(wavelength, flux, ivar)
    equations = Equations(data)
    shift = round(np.log10(1.2) / SHIFT)
    used, _ = equations.in_use(bases["GALAXY"], shift)
    oxygen = 3 + 3 * list(LINE_GROUPS).index("[O III]")
    assert not set(used) & {oxygen, oxygen + 1, oxygen + 2}


def test_an_upside_down_spectrum_has_no_component_and_no_fit(bases):
    first, rows = continuum_rows()
    only = refinement_basis.bases_from_arrays(
        refinement_basis.bases_to_arrays({"STAR": (first, rows[:1])})
    )
    wavelength, _, ivar = observed(0.0)
    deep = np.interp(np.log10(wavelength), first + FINE.step * np.arange(rows.shape[1]), rows[0])
    assert refinement.refine(data_of(wavelength, 5.0 - 3 * deep, ivar), only["STAR"], 0.0) is None


def test_the_components_in_use_are_those_of_an_independent_solver(bases):
    data = data_of(*observed(0.25, lines=2.0))
    shift = round(np.log10(1.25) / SHIFT)
    vectors = bases["GALAXY"].at(shift)
    used, _ = Equations(data).in_use(bases["GALAXY"], shift)
    root = np.sqrt(data.weight)
    design = np.concatenate([vectors, data.smooth]).astype(np.float64) * root
    low = np.r_[np.zeros(len(vectors)), np.full(len(data.smooth), -np.inf)]
    seen = np.linalg.norm(design, axis=1) > 1e-9
    solved = lsq_linear(design[seen].T, data.flux * root, (low[seen], np.inf), tol=1e-12)
    found = np.zeros(len(design))
    found[seen] = solved.x
    strong = np.flatnonzero(
        found[: len(vectors)] * np.linalg.norm(design[: len(vectors)], axis=1) > 1
    )
    assert set(strong) <= set(used)


def test_losses_at_neighbouring_shifts_are_those_of_free_least_squares(bases):
    """Each against an independent solver on the basis as it stands at that shift."""
    data = data_of(*observed(0.25, lines=2.0))
    shift = round(np.log10(1.25) / SHIFT)
    losses = Losses(Equations(data), bases["GALAXY"], shift)
    root = np.sqrt(data.weight).astype(np.float64)
    for offset in (-8, 3, 0, 8, -30, 6):
        vectors = bases["GALAXY"].at(shift + offset)[losses.used]
        design = np.concatenate([vectors, data.smooth]).astype(np.float64) * root
        left = data.flux * root
        left = left - np.linalg.lstsq(design.T, left, rcond=None)[0] @ design
        assert losses.at(shift + offset) == pytest.approx(np.sum(left**2), rel=2e-3)


@pytest.mark.parametrize("most", [1, 500, 999, 10**9])
def test_products_by_stretches_are_those_of_the_whole(monkeypatch, most):
    monkeypatch.setattr(refinement_equations, "MOST_AT_ONCE", most)
    rng = np.random.default_rng(3)
    some = rng.normal(size=(5, 61)).astype(np.float32)
    others = rng.normal(size=(3, 61)).astype(np.float32)
    expected = some.astype(np.float64) @ others.T.astype(np.float64)
    np.testing.assert_allclose(refinement_equations._products(some, others), expected, atol=1e-4)


def test_a_basis_is_shifted_by_whole_fine_samples(bases):
    basis = bases["GALAXY"]
    one, four = basis.at(1200), basis.at(1204)
    np.testing.assert_allclose(four[:, 1:], one[:, :-1], rtol=1e-5, atol=1e-6)
    lowest, highest = basis.range
    assert lowest < 0 < highest
    with pytest.raises(ValueError, match="does not reach"):
        basis.at(highest + 1)


def test_too_little_data_gives_no_fit(bases):
    wavelength, flux, ivar = observed(0.3)
    good = np.zeros(flux.size, bool)
    good[:30] = True
    assert refinement.refine(data_of(wavelength, flux, ivar, good), bases["GALAXY"], 0.3) is None


def test_bases_survive_their_arrays(bases):
    assert isinstance(bases["GALAXY"], Basis)
    assert bases["GALAXY"].phases.dtype == np.float32
    assert refinement_basis.bases_from_arrays({"vectors_other": np.zeros((2, 3))}) == {}


def test_a_mixture_is_the_sum_of_its_parts():
    from scipy.stats import norm

    levels = np.linspace(0.001, 0.999, 999)
    quantiles = norm(0.5, 0.01).ppf(levels)
    places, function = refinement.mixture(levels, quantiles, 0.51, 0.002, 0.3)
    expected = 0.7 * norm(0.51, 0.002).cdf(places) + 0.3 * norm(0.5, 0.01).cdf(places)
    np.testing.assert_allclose(function, expected, atol=2e-3)
    assert np.all(np.diff(places) > 0)
    assert np.all(np.diff(function) > 0)


@pytest.mark.parametrize("likely", [None, np.array([0, 3]), np.arange(12)])
def test_the_exchange_finds_what_the_bounded_solver_does(likely):
    from scipy.optimize import nnls

    rng = np.random.default_rng(2)
    for _ in range(20):
        design = np.abs(rng.normal(size=(12, 40))) ** 2
        target = rng.normal(size=40) + 0.3 * design[:3].sum(axis=0)
        expected = np.flatnonzero(nnls(design.T, target)[0])
        found = non_negative(design @ design.T, design @ target, likely)
        np.testing.assert_array_equal(found, expected)


def test_narrow_vectors_are_seen_where_they_are_not_zero(bases):
    """Wide and narrow vectors put together are the basis as it stands, whole or in part."""
    basis, seen, shift = bases["GALAXY"], slice(40, 4700), 1234
    phase, column = basis.place(shift)
    first, end = column + seen.start, column + seen.stop
    for chosen in (np.arange(len(basis.order)), np.array([1, 2, 9, 10, 20])):
        vectors = basis.piece(phase, first, end, chosen)
        table = np.zeros((chosen.size, seen.stop - seen.start), np.float32)
        table[: len(vectors.wide)] = vectors.wide
        table[len(vectors.wide) :, vectors.columns] = vectors.narrow
        np.testing.assert_array_equal(table, basis.at(shift, seen)[basis.order[chosen]])
    assert vectors.columns.size < 0.3 * table.shape[1]
