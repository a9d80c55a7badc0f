"""Simulated near-infrared spectra: what is asked for is what is made."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.lines import wavelength_of
from astrogui.science.near_infrared import CLASSES, OBSERVED, PIXELS, class_of
from astrogui.training import observe_euclid
from astrogui.training.observe_euclid import observed
from astrogui.training.simulate_euclid import (
    CONTINUUM_SNR,
    LIBRARY_GRID,
    TEST,
    TRAIN,
    VALIDATION,
    Library,
    blurred_library,
    comparison_examples,
    convolved,
    extended,
    make_library,
    shifted,
)
from astrogui.training.templates import REST


@pytest.fixture(scope="module")
def library(formula_templates):
    return make_library(formula_templates, 24, 3)


def spike(rest_angstrom, width_km_s=300.0):
    """A continuum of one with a line of height five, on the library's grid."""
    apart = np.log(LIBRARY_GRID.centres_angstrom / rest_angstrom) * 299792.458 / width_km_s
    return (1 + 5 * np.exp(-0.5 * apart**2))[None]


@pytest.mark.parametrize("redshift", [1.0, 1.2345, 1.799])
@pytest.mark.parametrize("name", ["Hα", "[S III] 9071"])
def test_a_line_lies_at_its_redshifted_place(name, redshift):
    rest = wavelength_of(name)
    flux = shifted(spike(rest), np.array([redshift]))[0]
    seen = rest * (1 + redshift)
    if not 11100 < seen < 19900:
        assert flux.max() < 1.01
        return
    weights = flux - 1
    place = np.sum(weights * OBSERVED.centres_angstrom) / weights.sum()
    assert place == pytest.approx(seen, abs=0.2)


def test_a_line_is_as_wide_as_the_resolving_power_says():
    blurred = convolved(spike(6564.6, 100.0), np.array([400.0]))[0] - 1
    velocity = np.log(LIBRARY_GRID.centres_angstrom / 6564.6) * 299792.458
    inside = np.abs(velocity) < 3000
    spread = np.sqrt(np.sum(blurred[inside] * velocity[inside] ** 2) / blurred[inside].sum())
    assert spread == pytest.approx(np.hypot(100.0, 400.0), rel=0.02)


def test_the_noise_is_white_and_as_strong_as_asked(library):
    seen = blurred_library(library)
    clean = comparison_examples(seen, np.random.default_rng(6), 200, noisy=False)
    noisy = comparison_examples(seen, np.random.default_rng(6), 200, noisy=True)
    np.testing.assert_array_equal(clean[1], noisy[1])
    # The scale of each is taken out by comparing shapes: noise alone is what is left.
    scale = np.sum(clean[0] * noisy[0], axis=1) / np.sum(clean[0] ** 2, axis=1)
    noise = noisy[0] - scale[:, None] * clean[0]
    ratio = scale * np.median(clean[0], axis=1) / noise.std(axis=1)
    low, high = CONTINUUM_SNR
    assert ratio.min() > 0.93 * low
    assert ratio.max() < 1.07 * high
    assert np.median(ratio) == pytest.approx(np.sqrt(low * high), rel=0.25)
    neighbours = np.mean(noise[:, 1:] * noise[:, :-1]) / np.mean(noise**2)
    assert abs(neighbours) < 0.02


def test_the_class_is_that_of_the_redshift_and_every_galaxy_is_used(library):
    seen = blurred_library(library)
    flux, truth, redshift = comparison_examples(seen, np.random.default_rng(7), 500, noisy=False)
    assert flux.shape == (500, PIXELS)
    np.testing.assert_array_equal(truth, class_of(redshift))
    assert truth.min() < 40
    assert truth.max() > CLASSES - 40


def test_no_galaxy_is_in_two_sets():
    numbered = Library(spectra=np.arange(200, dtype=np.float16)[:, None])
    sets = [set(numbered.part(*share).spectra[:, 0]) for share in (TRAIN, VALIDATION, TEST)]
    assert sum(len(members) for members in sets) == len(set().union(*sets)) == 200


def test_the_library_depends_on_its_seed_alone(formula_templates, library):
    again = make_library(formula_templates, 3, 3)
    np.testing.assert_array_equal(again.spectra, library.spectra[:3])
    assert not np.array_equal(make_library(formula_templates, 1, 4).spectra, again.spectra[:1])


def test_a_galaxy_is_continued_redward_without_a_step():
    flux = (REST.centres_angstrom / 5500.0) ** -1.7
    out = extended(flux)
    assert np.isfinite(out).all()
    joint = np.searchsorted(LIBRARY_GRID.centres_angstrom, 10400)
    assert out[joint + 2] == pytest.approx(out[joint - 2], rel=0.01)


def test_one_seed_gives_one_batch(library):
    first, second = (observed(library, np.random.default_rng([3, 4]), 6) for _ in range(2))
    np.testing.assert_array_equal(first.flux, second.flux)
    np.testing.assert_array_equal(first.truth, second.truth)


def test_an_observed_batch_is_finite_and_says_what_is_masked(library):
    batch = observed(library, np.random.default_rng(9), 60)
    for value in (batch.flux, batch.ivar, *batch.inputs().values()):
        assert np.isfinite(value).all()
    assert (batch.ivar >= 0).all()
    assert not batch.flux[batch.ivar == 0].any()
    assert (batch.ivar == 0).any()


def test_what_is_not_between_one_and_one_point_eight_has_the_class_of_none(library):
    batch = observed(library, np.random.default_rng(10), 400)
    known = np.isfinite(batch.redshift)
    inside = known & (batch.redshift >= 1) & (batch.redshift < 1.8)
    assert (batch.truth[inside] < CLASSES).all()
    assert (batch.truth[~inside] == CLASSES).all()
    assert 0.1 < np.mean(~inside) < 0.35
    alone = observed(library, np.random.default_rng(10), 50, faint_lines=True, inside=True)
    assert (alone.truth < CLASSES).all()


def test_the_stated_errors_are_those_of_the_noise(library, monkeypatch):
    """Without what makes them wrong on purpose, residuals scatter by one."""
    for name in ("_contamination", "_hot_pixels", "_coarse"):
        monkeypatch.setattr(
            observe_euclid, name,
            (lambda rng, sigma, km: np.zeros_like(sigma)) if name == "_contamination"
            else (lambda rng, flux, other: flux),
        )  # fmt: skip
    batch = observed(library, np.random.default_rng(11), 80, inside=True)
    rough = (batch.flux[:, 1:] - batch.flux[:, :-1]) * np.sqrt(batch.ivar[:, 1:])
    good = (batch.ivar[:, 1:] > 0) & (batch.ivar[:, :-1] > 0)
    scatter = [
        1.4826 * np.median(np.abs(r[g])) / np.sqrt(2) for r, g in zip(rough, good, strict=True)
    ]
    assert np.median(scatter) == pytest.approx(1.0, abs=0.1)
    assert min(scatter) > 0.7
    assert max(scatter) < 1.4
