"""The redshift analysis as a task: preparation and answers, without a trained network."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.records.flags import Flag
from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum
from astrogui.science import redshift_scan as scan
from astrogui.science.template_fit import rest_grid
from astrogui.science.template_sums import TemplateSet
from astrogui.tasks import redshift_answer
from astrogui.tasks.redshift import TASK, accepts, decode, prepare, prepare_spectrum
from astrogui.tasks.redshift_answer import is_confident, member_masses, needed_certainty
from astrogui.tasks.task import Model

GALAXY, QSO, STAR = range(3)


def some_set(name, class_name, last_cell, seed):
    grid = rest_grid(scan.OBSERVED, scan.ZERO_CELL, 0, last_cell)
    walk = np.cumsum(np.random.default_rng(seed).normal(size=grid.size)) * 0.02
    continuum = 2 + walk - np.linspace(0, walk[-1], grid.size)
    return TemplateSet(
        name=name,
        class_name=class_name,
        first_cell=0,
        last_cell=last_cell,
        vectors=np.clip(continuum, 0.3, None)[None],
        penalty=np.zeros(1),
    )


SETS = (
    some_set("galaxy", "GALAXY", 2395, 1),
    some_set("qso", "QSO", scan.CELLS - 1, 2),
    some_set("star", "STAR", 2 * scan.ZERO_CELL, 3),
)


@pytest.fixture(scope="module")
def model():
    card = ModelCard(
        task="redshift",
        name="test",
        version="1",
        title="t",
        summary="s",
        network="redshift:ranker",
        network_config={},
        inputs=(ArraySpec(name="curves", shape=(scan.CELLS, 3)),),
        outputs=(ArraySpec(name="log_probability", shape=(2, 3, scan.CELLS)),),
        calibration={"temperature": 1.0, "confident_probability": 0.95},
        novelty={"threshold": 2.0},
    )
    assets = {
        **scan.sets_to_arrays(SETS),
        "novelty_mean": np.zeros(6),
        "novelty_whitening": np.eye(6),
    }
    return Model(card=card, assets=assets)


def spectrum(redshift=0.25, noise=0.02, seed=4, **changes):
    wavelength = 10 ** (3.57 + 1e-4 * np.arange(4000))
    grid = rest_grid(scan.OBSERVED, scan.ZERO_CELL, 0, 2395)
    flux = np.interp(np.log10(wavelength / (1 + redshift)), grid.centres_log10, SETS[0].vectors[0])
    flux = flux + noise * np.random.default_rng(seed).normal(size=flux.size)
    values = {
        "wavelength_angstrom": wavelength,
        "flux": (30 * flux).astype(np.float32),
        "ivar": np.full(flux.size, (30 * noise) ** -2, np.float32),
        "mask": np.zeros(flux.size, bool),
        "flux_unit": "",
        "frame": "barycentric",
        "medium_in_file": "vacuum",
        **changes,
    }
    return Spectrum(**values)


def outputs_with(peaks, members=2):
    """Raw outputs whose members put the given probabilities at (class, cell)."""
    mass = np.full((1, members, 3, scan.CELLS), 1e-9)
    for member, class_index, cell, share in peaks:
        mass[0, member, class_index, cell - 1 : cell + 2] += share * np.array([0.25, 0.5, 0.25])
    return {"log_probability": np.log(mass), "features": np.zeros((1, 4))}


def answered(model, record, peaks):
    prepared = prepare(record, (None,), model, {})
    (posterior,) = decode(outputs_with(peaks), prepared, record, (None,), model)
    return posterior


def test_the_preparation_finds_the_redshift_that_was_put_in():
    prepared = prepare_spectrum(spectrum(0.25), SETS)
    assert prepared["curves"].shape == (scan.CELLS, 3)
    assert abs(int(np.argmax(prepared["curves"][:, GALAXY])) - scan.cell_of(0.25)) <= 1


def test_the_header_has_no_say():
    plain = prepare_spectrum(spectrum(), SETS)
    told = prepare_spectrum(spectrum(header={"Z": "3.1", "CLASS": "QSO"}, object_id="x"), SETS)
    for name, value in plain.items():
        np.testing.assert_array_equal(value, told[name])


def test_the_answer_is_the_best_peak_of_the_most_probable_class(model):
    here, there = scan.cell_of(0.25), scan.cell_of(1.5)
    peaks = [(m, GALAXY, here, 0.5) for m in range(2)]
    peaks += [(m, GALAXY, there, 0.2) for m in range(2)]
    peaks += [(m, QSO, there, 0.3) for m in range(2)]
    posterior = answered(model, spectrum(), peaks)
    assert posterior.most_probable_class == "GALAXY"
    assert posterior.probability("GALAXY") == pytest.approx(0.7, abs=1e-3)
    assert posterior.value("z") == pytest.approx(0.25, abs=1e-3)
    low, high = posterior.interval("z", 0.9)
    assert 0.2485 < low < posterior.value("z") < high < 0.2515  # conditional on that peak
    assert posterior.extras["class_2"] == "QSO"
    assert posterior.extras["z_2"] == pytest.approx(1.5, abs=2e-3)
    assert posterior.extras["prob_z_2"] == pytest.approx(0.3, abs=1e-3)
    assert posterior.extras["class_3"] == "GALAXY"
    assert Flag.AMBIGUOUS in posterior.flags
    assert posterior.extras["confident"] is False


def test_doubt_about_the_class_alone_leaves_the_redshift_confident(model):
    here = scan.cell_of(0.05)
    peaks = [(m, c, here, 0.5) for m in range(2) for c in (GALAXY, QSO)]
    posterior = answered(model, spectrum(), peaks)
    assert posterior.extras["prob_z"] == pytest.approx(1.0, abs=1e-3)
    assert posterior.extras["confident"] is True
    assert Flag.AMBIGUOUS not in posterior.flags


def test_members_that_disagree_are_epistemic(model):
    here = scan.cell_of(0.25)
    agreed = answered(model, spectrum(), [(m, GALAXY, here, 1.0) for m in range(2)])
    apart = answered(model, spectrum(), [(0, GALAXY, here, 1.0), (1, GALAXY, here + 4, 1.0)])
    assert agreed.epistemic[0] < 0.1 * agreed.aleatoric[0]
    assert apart.epistemic[0] > 2 * apart.aleatoric[0]
    cells = scan.cell_edges()[here : here + 5]
    assert apart.epistemic[0] == pytest.approx((cells[-1] - cells[0]) / 2, rel=0.1)
    torn = answered(model, spectrum(), [(0, GALAXY, here, 1.0), (1, QSO, here, 1.0)])
    low, high = torn.probability_interval("GALAXY", 0.9)
    assert high - low > 0.9


def test_the_density_sums_to_one(model):
    posterior = answered(model, spectrum(), [(m, QSO, 2000, 1.0) for m in range(2)])
    total = sum(posterior.density.mass(name).sum() for name in posterior.density.classes)
    assert total == pytest.approx(1, rel=1e-4)


def test_a_temperature_above_one_spreads_the_density():
    log_probability = outputs_with([(0, 0, 700, 0.9)], members=1)["log_probability"][0]
    assert member_masses(log_probability, 2.0).max() < member_masses(log_probability, 1.0).max()
    assert member_masses(log_probability, 2.0).sum() == pytest.approx(1)


def test_the_fit_is_given_in_the_units_of_the_file(model):
    record = spectrum(0.25)
    posterior = answered(model, record, [(m, GALAXY, scan.cell_of(0.25), 1.0) for m in range(2)])
    fit = np.interp(
        record.wavelength_angstrom,
        posterior.curves["model_wavelength_angstrom"],
        posterior.curves["model_flux"],
    )
    inside = (record.wavelength_angstrom > 4000) & (record.wavelength_angstrom < 9000)
    residual = (record.flux - fit)[inside] / np.median(record.flux)
    assert np.median(np.abs(residual)) < 0.03


def test_a_likely_alternative_keeps_its_fit_and_an_unlikely_one_does_not(model):
    record = spectrum(0.25)
    cells = scan.cell_of(0.25), scan.cell_of(0.6)
    for share, kept in ((0.2, True), (0.001, False)):
        peaks = [(m, GALAXY, cells[0], 1.0 - share) for m in range(2)]
        peaks += [(m, GALAXY, cells[1], share) for m in range(2)]
        curves = answered(model, record, peaks).curves
        assert ("model_flux_2" in curves) == kept
        if kept:
            assert curves["model_flux_2"].shape == curves["model_flux"].shape
            assert not np.allclose(curves["model_flux_2"], curves["model_flux"])


def test_doubts_are_flagged(model):
    peaks = [(m, GALAXY, scan.cell_of(0.25), 1.0) for m in range(2)]
    mask = np.zeros(4000, bool)
    mask[500:2500] = True
    record = spectrum(mask=mask, noise_estimated=True, medium_in_file="assumed air")
    flags = answered(model, record, peaks).flags
    assert Flag.MANY_MASKED in flags
    assert Flag.NOISE_ESTIMATED in flags
    assert Flag.AIR_ASSUMED in flags
    assert Flag.MANY_MASKED not in answered(model, spectrum(), peaks).flags
    noisy = spectrum(noise=5.0)
    assert Flag.LOW_SIGNAL in answered(model, noisy, peaks).flags
    edge = [(m, QSO, scan.CELLS - 2, 1.0) for m in range(2)]
    assert Flag.EDGE_OF_PRIOR in answered(model, spectrum(), edge).flags


def test_a_spectrum_without_a_good_sample_is_not_answered(model):
    record = spectrum(mask=np.ones(4000, bool))
    posterior = answered(model, record, [(m, GALAXY, 900, 1.0) for m in range(2)])
    assert Flag.NOT_ANSWERED in posterior.flags
    assert np.isnan(posterior.value("z"))
    assert posterior.most_probable_class == ""


def test_what_is_novel_is_never_confident(model):
    assert is_confident(0.99, Flag.NONE, model)
    assert not is_confident(0.99, Flag.NOVEL, model)
    assert not is_confident(0.94, Flag.NONE, model)


def test_of_a_faint_spectrum_more_certainty_is_asked_given_that_it_is_of_something():
    told = {"confident_probability": 0.8, "confident_probability_faint": 0.93}
    signal, unknown = np.array([10.0, 1.0, 1.0]), np.array([0.3, 0.0, 0.1])
    needed = needed_certainty(signal, unknown, told)
    np.testing.assert_allclose(needed, [0.8, 0.93, 0.93 / 0.9])
    assert needed_certainty(np.array(1.0), np.array(0.5), {"confident_probability": 0.8}) == 0.8


@pytest.mark.parametrize(
    ("covered", "accepted"),
    [((3800, 9200), True), ((15000, 17000), False), ((9800, 12000), True), ((3000, 3500), False)],
)
def test_spectra_are_accepted_by_their_cover(covered, accepted):
    source = Source(path="x.fits", kind="spectrum", format="x", wavelength_range_angstrom=covered)
    assert accepts(source) is accepted


def test_images_are_declined():
    assert not accepts(Source(path="x.fits", kind="image", format="x"))


def test_the_columns_name_the_alternatives():
    names = [column.name for column in TASK.columns]
    assert {"z_2", "prob_z_2", "class_2", "z_3", "prob_z_3", "class_3", "confident"} <= set(names)


def test_what_is_unknown_is_taken_out_of_the_density():
    log_probability = np.full((2, 4, scan.CELLS), -60.0)
    log_probability[:, 0, 1000] = np.log(0.3)
    log_probability[:, 3, 0] = np.log(0.7)
    found = redshift_answer.answered(log_probability, {"temperature": 1.0})
    assert found.unknown == pytest.approx(0.7)
    assert found.mass.sum() == pytest.approx(1.0)
    assert found.mass.shape == (3, scan.CELLS)
    assert found.certainty == pytest.approx(1.0)


def test_ranks_are_mapped_in_the_bin_of_the_signal():
    cells = np.arange(scan.CELLS)
    log_probability = np.full((1, 3, scan.CELLS), -60.0)
    log_probability[0, 1] = -0.5 * ((cells - 2000) / 5.0) ** 2
    even = np.linspace(0, 1, 25)
    ranks = {name: [even.tolist(), (even**2).tolist()] for name in ("GALAXY", "QSO", "STAR")}
    told = {"temperature": 1.0, "rank_map": {"signal_to_noise": [3.0], "ranks": ranks}}
    plain = redshift_answer.answered(log_probability, {"temperature": 1.0})
    same, moved = (redshift_answer.answered(log_probability, told, signal) for signal in (1.0, 9.0))
    levels = np.array([0.1, 0.5, 0.9])
    np.testing.assert_allclose(same.quantiles(levels), plain.quantiles(levels), atol=1e-5)
    # The share below what had the rank u is now u squared: the median had the rank sqrt(1/2).
    expected = plain.quantiles(np.sqrt(levels))
    np.testing.assert_allclose(moved.quantiles(levels), expected, atol=1e-4)
    assert moved.mass.sum() == pytest.approx(1.0)


def test_every_job_of_a_model_shares_what_was_worked_out_from_its_arrays(model):
    from dataclasses import replace

    from astrogui.tasks.redshift_answer import template_sets
    from astrogui.tasks.redshift_refine import bases_of

    other_job = replace(model, seed=model.seed + 1)
    assert template_sets(other_job) is template_sets(model)
    assert bases_of(other_job) is bases_of(model)
    other_model = replace(model, assets=dict(model.assets))
    assert template_sets(other_model) is not template_sets(model)
