"""Simulated spectra: what is asked for is what is made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from astrogui.science.lines import wavelength_of
from astrogui.training import spectrum_lines, spectrum_noise, spectrum_objects
from astrogui.training.junk_spectra import JUNK, junk, spoiled
from astrogui.training.simulate_spectrum import (
    BLIND_GALAXIES,
    CLASSES,
    EARLY,
    KINDS,
    SURVEY,
    TRAINED,
    _drawn_object,
    class_shares,
    drawn_kind,
    drawn_redshift,
    mean_transmission,
    observe,
    simulate,
)
from astrogui.training.spectrographs import SPECTROGRAPHS
from astrogui.training.templates import REST, REST_ANGSTROM


def test_one_seed_gives_one_spectrum(formula_templates):
    first, second = (simulate(np.random.default_rng([3, 4]), formula_templates) for _ in range(2))
    assert first.redshift == second.redshift
    np.testing.assert_array_equal(first.flux, second.flux)
    other = simulate(np.random.default_rng([3, 5]), formula_templates)
    assert other.redshift != first.redshift


@pytest.mark.parametrize("name", CLASSES)
def test_every_simulated_spectrum_can_be_a_record(formula_templates, name):
    rng = np.random.default_rng(11)
    for _ in range(12):
        made = simulate(rng, formula_templates, name)
        assert made.class_name == name
        assert np.all(np.diff(made.wavelength_angstrom) > 0)
        assert np.all(np.isfinite(made.flux))
        assert np.all(np.isfinite(made.ivar))
        assert np.all(made.ivar >= 0)
        assert np.all(made.ivar[made.mask] == 0)


def test_redshifts_stay_inside_their_priors():
    rng = np.random.default_rng(12)
    limits = {"GALAXY": (0.0, 6.95), "QSO": (0.0, 6.95), "STAR": (-0.004, 0.004)}
    for name in CLASSES[:3]:
        drawn = [drawn_redshift(rng, name, drawn_kind(rng, name)) for _ in range(300)]
        assert limits[name][0] <= min(drawn)
        assert max(drawn) <= limits[name][1]


def test_the_shares_of_kinds_are_shares():
    for kinds in KINDS.values():
        assert sum(share for _, share in kinds) == pytest.approx(1.0)
    assert sum(item.share for item in SPECTROGRAPHS) == pytest.approx(1.0)
    for item in SPECTROGRAPHS:
        assert sum(item.classes) == pytest.approx(1.0)
        assert sum(class_shares(item)) == pytest.approx(1.0)
    assert sum(share for _, share in BLIND_GALAXIES) == pytest.approx(1.0)


def test_a_line_is_observed_at_its_redshifted_place():
    redshift = 0.2471
    rest = 1 + 50 * np.exp(-0.5 * ((REST_ANGSTROM - 5008.24) / 1.0) ** 2)
    made = observe(np.random.default_rng(1), rest, "GALAXY", "forming", redshift, SPECTROGRAPHS[1])
    place = 5008.24 * (1 + redshift)
    near = np.abs(made.wavelength_angstrom - place) < 30
    weight = np.clip(made.flux[near] - np.median(made.flux[near]), 0, None) ** 2
    centre = np.sum(weight * made.wavelength_angstrom[near]) / weight.sum()
    assert centre == pytest.approx(place, abs=0.8)


def test_the_stated_errors_match_the_noise_within_a_third(formula_templates):
    ratios = []
    rng = np.random.default_rng(5)
    flat = np.ones(REST.size)
    for _ in range(20):
        made = observe(rng, flat, "GALAXY", "passive", 0.1, SPECTROGRAPHS[1])
        good = ~made.mask
        step = np.diff(made.flux[good]) * np.sqrt(made.ivar[good][1:] / 2)
        ratios.append(1.4826 * np.median(np.abs(step)))
    assert np.min(ratios) > 0.7
    assert np.max(ratios) < 1.45
    assert np.median(ratios) == pytest.approx(1.0, abs=0.15)


def test_nothing_is_seen_below_the_lyman_limit_and_all_above_lyman_alpha():
    wavelength = np.linspace(3400, 10400, 500)
    transmission = mean_transmission(wavelength, 5.0)
    assert np.all(transmission[wavelength > 1216 * 6.0] == 1)
    assert np.all(transmission[wavelength < 912 * 6.0 * 0.6] < 0.05)


def test_star_forming_galaxies_keep_the_balmer_decrement(formula_templates):
    """Without dust the ratio of Hα to Hβ is 2.86; dust only raises it."""
    rng = np.random.default_rng(3)
    for _ in range(10):
        lines = spectrum_lines.nebular_lines(rng, "forming", np.ones(REST.size))
        flux = {}
        for name in ("Hα", "Hβ"):
            place = wavelength_of(name)
            near = np.abs(REST_ANGSTROM - place) < 8
            flux[name] = np.sum(lines[near] * np.gradient(REST_ANGSTROM)[near])
        assert flux["Hα"] / flux["Hβ"] > 2.6


def test_broadening_conserves_flux_and_adds_width():
    line = np.exp(-0.5 * ((REST_ANGSTROM - 5000) / 1.0) ** 2)
    wide = spectrum_objects.broadened(line, 500.0)
    assert wide.sum() == pytest.approx(line.sum(), rel=1e-3)
    x = REST.centres_log10
    spread = np.sqrt(np.sum(wide * (x - np.log10(5000)) ** 2) / wide.sum())
    expected = np.hypot(500 / 299792.458, 1.0 / 5000) / np.log(10)
    assert spread == pytest.approx(expected, rel=0.02)


def test_dust_dims_the_blue_more():
    transmission = spectrum_objects.dust(0.3)
    assert (
        transmission[spectrum_lines.pixel_of(4000)]
        < transmission[spectrum_lines.pixel_of(8000)]
        < 1
    )
    assert spectrum_objects.dust(0.0) == pytest.approx(1.0)


def test_a_survey_draws_its_own_instruments_and_brightnesses(formula_templates):
    rng = np.random.default_rng(21)
    for _ in range(25):
        made = simulate(rng, formula_templates, population=SURVEY)
        assert made.class_name != "UNKNOWN"
        assert made.kind != "distant"
        assert made.redshift < SURVEY.deepest_quasar
        assert not made.noise_estimated
        low, high = SURVEY.signal_to_noise[CLASSES.index(made.class_name)]
        assert 0.5 * low < made.signal_to_noise < 1.5 * high


def test_lines_of_a_given_significance_are_seen_over_a_continuum_that_is_not():
    rest = 0.1 + 5 * np.exp(-0.5 * ((REST_ANGSTROM - 3728.5) / 1.5) ** 2)
    for significance in (8.0, 40.0):
        made = observe(
            np.random.default_rng(2), rest, "GALAXY", "forming", 0.6, SPECTROGRAPHS[1], 10.0,
            significance,
        )  # fmt: skip
        near = np.abs(made.wavelength_angstrom - 3728.5 * 1.6) < 8
        seen = np.sqrt(np.sum((made.flux**2 * made.ivar)[near & ~made.mask]))
        assert seen == pytest.approx(significance, rel=0.6, abs=4)


@pytest.mark.parametrize("kind", JUNK)
def test_junk_is_made_on_any_axis(kind, formula_templates):
    rng = np.random.default_rng(4)
    wavelength = np.linspace(4000.0, 9000.0, 1500)
    if kind in ("reversed", "wrong scale"):
        good = np.ones(wavelength.size)
        moved, flux, _, _ = spoiled(rng, kind, wavelength, wavelength.copy(), good, good < 0)
        assert np.all(np.diff(moved) > 0)
        assert not np.allclose(moved, flux)
    else:
        flux, sigma = junk(rng, kind, wavelength)
        assert flux.shape == sigma.shape == wavelength.shape
        assert np.all(sigma > 0)


def test_a_distant_galaxy_has_its_lyman_line_or_trough_at_1216(formula_templates):
    rng = np.random.default_rng(6)
    lines = 0
    for _ in range(12):
        flux = spectrum_objects.distant_galaxy(rng, formula_templates)
        near = np.abs(REST_ANGSTROM - 1218) < 8
        aside = np.abs(REST_ANGSTROM - 1245) < 10
        lines += np.nanmax(flux[near]) > 1.5 * np.nanmedian(flux[aside])
    assert 4 <= lines <= 12


def test_blind_fields_hold_more_distant_galaxies(formula_templates):
    shares = []
    for name in ("integral field", "survey fibres"):
        population = replace(TRAINED, spectrographs=(name,))
        rng = np.random.default_rng(31)
        kinds = [
            simulate(rng, formula_templates, "GALAXY", population=population).kind
            for _ in range(80)
        ]
        shares.append(kinds.count("distant") / 80)
    assert shares[0] > 0.25 > shares[1]


def test_fringes_are_red_and_of_the_size_of_the_noise():
    wavelength = np.linspace(4000.0, 9500.0, 3000)
    rng = np.random.default_rng(8)
    made = np.stack([spectrum_noise._fringes(rng, wavelength) for _ in range(60)])
    assert np.abs(made[:, wavelength < 6300]).max() < 0.1
    assert 0.1 < made[:, wavelength > 7500].std() < 2.0


def test_each_spectrograph_sees_its_own_mixture_of_objects(formula_templates):
    seen = {}
    for name in ("integral field", "low-resolution fibres"):
        population = replace(TRAINED, spectrographs=(name,))
        rng = np.random.default_rng(17)
        made = [simulate(rng, formula_templates, population=population) for _ in range(60)]
        seen[name] = [one.class_name for one in made]
    assert seen["integral field"].count("GALAXY") > 40
    assert seen["low-resolution fibres"].count("STAR") > 14 > seen["integral field"].count("STAR")


def test_early_quasars_are_as_rare_as_is_asked():
    shares = []
    for kept in (1.0, 0.2):
        population = replace(TRAINED, early_quasars=kept)
        rng = np.random.default_rng(18)
        drawn = [_drawn_object(rng, "QSO", population, SPECTROGRAPHS[0])[1] for _ in range(1500)]
        shares.append(np.mean(np.array(drawn) > EARLY))
    assert shares[1] == pytest.approx(0.2 * shares[0] / (1 - 0.8 * shares[0]), abs=0.02)


def test_the_noise_of_a_cube_is_alike_from_sample_to_sample():
    rng = np.random.default_rng(19)
    for cube, low, high in ((False, -0.02, 0.02), (True, 0.1, 0.5)):
        rows = [spectrum_noise.grain(rng, 4000, cube) for _ in range(20)]
        assert np.std(rows) == pytest.approx(1.0, abs=0.02)
        alike = np.mean([np.corrcoef(row[:-1], row[1:])[0, 1] for row in rows])
        assert low < alike < high


def test_a_neighbour_leaves_lines_of_the_significance_drawn():
    rng = np.random.default_rng(20)
    wavelength = np.linspace(4700.0, 9300.0, 3700)
    sigma = np.full(wavelength.size, 0.2)
    for _ in range(20):
        light = spectrum_noise.foreign_lines(rng, wavelength, sigma)
        assert np.all(light >= 0)
        assert 4.0 * 0.9 < np.sqrt(np.sum((light / sigma) ** 2)) < 3 * 25.0
        assert np.mean(light > 0.01 * light.max()) < 0.02
