"""Chi-square at every redshift at once, against least squares at one redshift at a time."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import template_fit, template_sums
from astrogui.science.template_fit import (
    best_fit,
    gains,
    improvement,
    polynomials,
    upright_gains,
    upright_gains_at,
)
from astrogui.science.template_sums import TemplateSet, smooth_part

PIXELS, FIRST, LAST = 500, 3, 180


@pytest.fixture(params=["compiled", "numpy"], autouse=True)
def way(request, monkeypatch):
    """Every sum is made both ways: by compiled loops, and by numpy where Numba is not there."""
    for module in (template_fit, template_sums):
        monkeypatch.setattr(module, "is_available", lambda: request.param == "compiled")


def some_set(rng, penalty=0.1):
    vectors = np.cumsum(rng.normal(size=(4, PIXELS + LAST - FIRST)), axis=1) * 0.1
    vectors[0] += 3
    return TemplateSet(
        name="some",
        class_name="GALAXY",
        first_cell=FIRST,
        last_cell=LAST,
        vectors=vectors,
        penalty=np.array([0.0, penalty, penalty, penalty]),
    )


def some_spectrum(rng, templates, cell=77):
    weight = rng.uniform(0.5, 30, PIXELS) * (rng.random(PIXELS) > 0.1)
    noise = rng.normal(size=PIXELS) / np.sqrt(np.maximum(weight, 1))
    return np.array([1, 0.4, 0.2, -0.5]) @ templates.at(cell, PIXELS) + noise, weight


def chi_square_by_least_squares(flux, weight, design, penalty):
    rows = design * np.sqrt(weight)
    augmented = np.concatenate([rows.T, np.diag(np.sqrt(penalty))])
    target = np.concatenate([flux * np.sqrt(weight), np.zeros(len(penalty))])
    coefficients = np.linalg.lstsq(augmented, target, rcond=None)[0]
    return np.sum((augmented @ coefficients - target) ** 2)


def test_the_improvement_by_fft_equals_least_squares_at_each_redshift():
    rng = np.random.default_rng(1)
    templates = some_set(rng)
    flux, weight = some_spectrum(rng, templates)
    smooth = polynomials(PIXELS, 3)
    gain, _ = improvement(flux, weight, templates, smooth)
    base = chi_square_by_least_squares(flux, weight, smooth, np.zeros(3))
    penalty = np.concatenate([templates.penalty, np.zeros(3)])
    for cell in (FIRST, 40, 77, 120, LAST):
        design = np.concatenate([templates.at(cell, PIXELS), smooth])
        expected = base - chi_square_by_least_squares(flux, weight, design, penalty)
        assert gain[cell - FIRST] == pytest.approx(expected, rel=1e-5, abs=1e-2)


def test_the_best_redshift_is_where_the_spectrum_was_made():
    rng = np.random.default_rng(2)
    templates = some_set(rng)
    flux, weight = some_spectrum(rng, templates, cell=111)
    gain, leading = improvement(flux, weight, templates, polynomials(PIXELS, 3))
    assert FIRST + int(np.argmax(gain)) == 111
    assert leading[111 - FIRST] > 0


def test_an_upside_down_spectrum_has_a_negative_leading_coefficient():
    rng = np.random.default_rng(3)
    templates = some_set(rng)
    flux, weight = some_spectrum(rng, templates)
    _, upright = improvement(flux, weight, templates, polynomials(PIXELS, 2))
    _, inverted = improvement(-flux, weight, templates, polynomials(PIXELS, 2))
    np.testing.assert_allclose(inverted, -upright, rtol=1e-6, atol=1e-6)


def test_pixels_without_weight_change_nothing():
    rng = np.random.default_rng(4)
    templates = some_set(rng)
    flux, weight = some_spectrum(rng, templates)
    smooth = polynomials(PIXELS, 3)
    spoiled = np.where(weight == 0, 1e6, flux)
    np.testing.assert_allclose(
        improvement(flux, weight, templates, smooth)[0],
        improvement(spoiled, weight, templates, smooth)[0],
        rtol=1e-6,
    )


@pytest.mark.parametrize("last", [LAST, LAST - 1, 21])
def test_upright_gains_of_several_sets_are_those_of_each_at_every_second_cell(last):
    rng = np.random.default_rng(6)
    long, other, short = some_set(rng), some_set(rng, 2.0), some_set(rng)
    short = TemplateSet(
        name="short", class_name="STAR", first_cell=FIRST, last_cell=last,
        vectors=short.vectors[:3, : PIXELS + last - FIRST], penalty=short.penalty[:3],
    )  # fmt: skip
    flux, weight = some_spectrum(rng, long)
    smooth = polynomials(PIXELS, 4)
    part, sets = smooth_part(flux, weight, smooth), (long, short, other)
    gained = upright_gains([(part, templates) for templates in sets])
    for templates, values in zip(sets, gained, strict=True):
        gain, leading, base = gains(flux, weight, templates, smooth)
        assert base == pytest.approx(part.chi2)
        expected = np.where(leading > 0, gain, 0.0)
        close = {"rtol": 1e-3, "atol": 1e-3 * float(expected.max())}
        np.testing.assert_allclose(values[::-2], expected[::-2], **close)
        places = np.arange(templates.cells)[1::3]
        (alone,) = upright_gains_at([(part, templates, places)])
        np.testing.assert_allclose(alone, expected[places], **close)


@pytest.mark.parametrize("seen", [(0, PIXELS), (60, 420)])
@pytest.mark.parametrize("places", [(0, 1, 2), (177, 176), (5, 90, 93, 95, 97, 99, 91, 90), (60,)])
def test_gains_at_some_cells_are_those_of_least_squares_there(places, seen):
    """Near each other, at either end, in any order, and twice; and of a spectrum cut short."""
    rng = np.random.default_rng(8)
    templates = some_set(rng)
    flux, weight = some_spectrum(rng, templates)
    weight[: seen[0]] = weight[seen[1] :] = 0.0
    smooth = polynomials(PIXELS, 4)
    part = smooth_part(flux, weight, smooth)
    (found,) = upright_gains_at([(part, templates, np.array(places))])
    penalty = np.r_[templates.penalty, np.zeros(4)]
    for gain, place in zip(found, places, strict=True):
        design = np.concatenate([templates.at(FIRST + place, PIXELS), smooth])
        expected = part.chi2 - chi_square_by_least_squares(flux, weight, design, penalty)
        matrix = (design * weight) @ design.T + np.diag(penalty)
        if np.linalg.solve(matrix, (design * weight) @ flux)[0] <= 0:
            expected = 0.0
        assert gain == pytest.approx(expected, rel=1e-3, abs=1e-4 * part.chi2)


def test_the_fit_at_one_redshift_gives_its_chi_square():
    rng = np.random.default_rng(5)
    templates = some_set(rng, penalty=0.0)
    flux, weight = some_spectrum(rng, templates)
    smooth = polynomials(PIXELS, 3)
    model, chi_square = best_fit(flux, weight, templates, 77, smooth)
    design = np.concatenate([templates.at(77, PIXELS), smooth])
    expected = chi_square_by_least_squares(flux, weight, design, np.zeros(7))
    assert chi_square == pytest.approx(expected, rel=1e-6)
    assert np.sum(weight * (flux - model) ** 2) == pytest.approx(chi_square)


def test_weak_features_on_a_strong_continuum_survive_single_precision():
    """A hundredth of the light in features: the smooth terms take all but 1e-4 of the power."""
    rng = np.random.default_rng(12)
    pixels, cells = 600, 41
    size = pixels + cells - 1
    place = np.linspace(-1, 1, size)
    smooth = np.stack([np.exp(0.8 * place), 1 + 0.5 * place + 0.3 * place**3])
    lines = np.convolve(rng.normal(size=size), np.exp(-0.5 * np.linspace(-3, 3, 13) ** 2), "same")
    more = np.convolve(rng.normal(size=size), np.exp(-0.5 * np.linspace(-3, 3, 25) ** 2), "same")
    vectors = smooth + 0.01 * np.stack([lines / lines.std(), more / more.std()])
    templates = TemplateSet(
        name="t", class_name="GALAXY", first_cell=0, last_cell=cells - 1, vectors=vectors,
        penalty=np.array([0.0, 1 / 16]),
    )  # fmt: skip
    weight = np.where(rng.random(pixels) < 0.05, 0.0, 2500.0 * rng.uniform(0.5, 1.5, pixels))
    flux = vectors[0, 20 : 20 + pixels] + 0.3 * vectors[1, 20 : 20 + pixels]
    flux = flux + rng.normal(size=pixels) / 50
    terms = polynomials(pixels, 4)
    gain, _, base = gains(flux, weight, templates, terms)
    for cell in range(0, cells, 5):
        design = np.concatenate([templates.at(cell, pixels), terms])
        penalty = np.diag(np.r_[0.0, 1 / 16, np.zeros(4)])
        normal = (design * weight) @ design.T
        right = (design * weight) @ flux
        whole = right @ np.linalg.solve(normal + penalty, right)
        alone = right[2:] @ np.linalg.solve(normal[2:, 2:], right[2:])
        assert gain[cell] == pytest.approx(whole - alone, rel=0.01, abs=0.5)
    assert int(np.argmax(gain)) == 20
    assert base == pytest.approx(np.sum(weight * flux**2) - alone, rel=1e-6)


def test_both_ways_give_the_same_gains(monkeypatch):
    rng = np.random.default_rng(14)
    templates = some_set(rng)
    part = smooth_part(*some_spectrum(rng, templates), polynomials(PIXELS, 4))
    found = []
    for compiled in (True, False):
        for module in (template_fit, template_sums):
            monkeypatch.setattr(module, "is_available", lambda compiled=compiled: compiled)
        found.append(
            [upright_gains([(part, templates)])[0]]
            + upright_gains_at([(part, templates, np.arange(0, 170, 3))])
        )
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * float(other.max()))
        assert one.max() > 0
