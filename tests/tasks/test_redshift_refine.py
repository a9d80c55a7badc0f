"""A refined answer: the fit mixed with the network's density, the first answer kept."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from astrogui.inference.backends.onnx import OnnxBackend
from astrogui.inference.model_folder import load_model
from astrogui.records.flags import Flag
from astrogui.records.posterior import QUANTILE_LEVELS
from astrogui.records.provenance import Place
from astrogui.records.spectrum import Spectrum
from astrogui.science import refinement
from astrogui.tasks import redshift_refine
from astrogui.tasks.redshift import TASK
from astrogui.tasks.redshift_refine import FIT, NETWORK, Spread
from astrogui.tasks.task import Model

FOLDER = Path(__file__).resolve().parents[2] / "models" / "redshift"
PLACE = Place(label="")
KM_S = 299792.458


@pytest.fixture(scope="module")
def loaded():
    return load_model(FOLDER, "redshift")


@pytest.fixture(scope="module")
def model(loaded):
    return Model(card=loaded.card, assets=loaded.assets)


def emission_galaxy(redshift, frame="barycentric"):
    """Strong lines on a flat continuum, R about 1800."""
    wavelength = 10 ** np.arange(3.58, 3.96, 1e-4)
    flux = np.full(wavelength.size, 1.0)
    for place, strength in (
        (3728.5, 4.0), (4862.69, 2.0), (4960.3, 2.0), (5008.24, 6.0), (6564.63, 6.0),
        (6585.27, 1.5), (6718.3, 1.0), (6732.7, 0.8), (4341.7, 1.0),
    ):  # fmt: skip
        speed = (wavelength / (place * (1 + redshift)) - 1) * KM_S
        flux += strength * np.exp(-0.5 * (speed / 110.0) ** 2)
    flux += 0.1 * np.random.default_rng(3).normal(size=flux.size)
    return Spectrum(
        wavelength_angstrom=wavelength, flux=flux, ivar=np.full(flux.size, 100.0),
        mask=np.zeros(flux.size, bool), flux_unit="", frame=frame, medium_in_file="vacuum",
    )  # fmt: skip


@pytest.fixture(scope="module")
def network(loaded):
    return OnnxBackend(loaded, cpu=True)


def both(record, model, network):
    prepared = TASK.prepare(record, (PLACE,), model, {})
    outputs = network.run({spec.name: prepared[spec.name] for spec in model.card.inputs})
    first = TASK.decode(outputs, prepared, record, (PLACE,), model)[0]
    return first, TASK.refine(record, PLACE, first, model, lambda fraction: None)


@pytest.fixture(scope="module")
def answers(model, network):
    record = emission_galaxy(0.2345)
    return record, *both(record, model, network)


def test_a_narrow_line_redshift_is_known_to_a_few_km_s(answers):
    _, first, better = answers
    assert better.most_probable_class == "GALAXY"
    assert better.extras["method"] == FIT
    assert abs(better.value("z") - 0.2345) / 1.2345 * KM_S < 12
    low, high = better.interval("z", 0.9)
    assert low < 0.2345 < high
    assert (high - low) / 1.2345 * KM_S < 60
    assert better.extras["z_network"] == pytest.approx(first.value("z"))


def test_the_density_keeps_its_probability_and_its_alternatives(answers):
    _, first, better = answers
    assert better.density.mass().sum() == pytest.approx(1.0, abs=1e-4)
    np.testing.assert_allclose(better.class_probability, first.class_probability)
    assert better.extras["prob_z"] == first.extras["prob_z"]
    centres = better.density.centres
    near = np.abs(centres - 0.2345) / 1.2345 * KM_S < 250
    assert better.density.mass("GALAXY")[near].sum() > 0.95 * better.probability("GALAXY")


def test_the_fit_is_given_at_the_record_s_own_samples(answers):
    record, _, better = answers
    fit = better.curves["model_flux"]
    assert fit.shape == record.flux.shape
    known = np.isfinite(fit)
    assert known.mean() > 0.95
    assert np.std((record.flux - fit)[known]) < 0.16
    assert 0.5 < better.extras["chi2_reduced"] < 1.6


def test_an_unknown_frame_widens_the_interval(model, network):
    record = emission_galaxy(0.2345, frame="unknown")
    _, wide = both(record, model, network)
    _, narrow = both(emission_galaxy(0.2345), model, network)
    width = np.diff(wide.interval("z", 0.68)) / np.diff(narrow.interval("z", 0.68))
    assert 1.5 < width[0] < 3.5


def test_a_share_of_one_leaves_the_network_s_answer(answers, model):
    record, first, _ = answers
    data = redshift_refine.fine_pixels(record)
    fit = refinement.refine(data, redshift_refine.bases_of(model)["GALAXY"], first.value("z"))
    told = {"GALAXY": Spread(scale=1.0, floor_km_s=0.0, share=1.0)}
    kept = redshift_refine.refined(first, [fit], told, record, data, model)
    assert kept.extras["method"] == NETWORK
    np.testing.assert_array_equal(kept.quantiles, first.quantiles)
    assert kept.extras["z_fit"] == pytest.approx(fit.redshift)


def test_a_second_fit_as_good_is_told_as_ambiguous(answers, model):
    record, first, _ = answers
    data = redshift_refine.fine_pixels(record)
    fit = refinement.refine(data, redshift_refine.bases_of(model)["GALAXY"], first.value("z"))
    twin = dataclasses.replace(fit, redshift=0.9, chi_square=fit.chi_square + 5.0)
    told = redshift_refine.spreads(model.card.calibration)
    doubted = redshift_refine.refined(first, [fit, twin], told, record, data, model)
    assert Flag.AMBIGUOUS in doubted.flags
    assert doubted.extras["delta_chi2"] == pytest.approx(5.0)
    worse = dataclasses.replace(twin, chi_square=fit.chi_square + 500.0)
    clear = redshift_refine.refined(first, [fit, worse], told, record, data, model)
    assert (Flag.AMBIGUOUS in clear.flags) == (Flag.AMBIGUOUS in first.flags)


def test_an_answer_is_not_confident_where_another_fits_nearly_as_well(answers, model):
    """Whatever the network's certainty: flag and confidence must not contradict each other."""
    record, first, _ = answers
    data = redshift_refine.fine_pixels(record)
    fit = refinement.refine(data, redshift_refine.bases_of(model)["GALAXY"], first.value("z"))
    told = redshift_refine.spreads(model.card.calibration)
    extras = {**first.extras, "prob_z": 0.9999, "prob_unknown": 1e-5, "confident": True}
    given = dataclasses.replace(first, extras=extras, flags=first.flags & ~Flag.AMBIGUOUS)
    for delta, expected in ((50.0, True), (5.0, False), (-50.0, False)):
        rival = dataclasses.replace(fit, redshift=0.9, chi_square=fit.chi_square + delta)
        found = redshift_refine.refined(given, [fit, rival], told, record, data, model)
        assert found.extras["confident"] is expected
        assert (Flag.AMBIGUOUS in found.flags) is not expected


def test_a_fit_that_nothing_resembles_is_novel_and_not_confident(answers, model):
    record, first, _ = answers
    data = redshift_refine.fine_pixels(record)
    fit = refinement.refine(data, redshift_refine.bases_of(model)["GALAXY"], first.value("z"))
    limit = float(model.card.calibration["largest_reduced_chi_square"])
    odd = dataclasses.replace(fit, reduced=2 * limit)
    told = redshift_refine.spreads(model.card.calibration)
    posterior = redshift_refine.refined(first, [odd], told, record, data, model)
    assert Flag.NOVEL in posterior.flags
    assert posterior.novelty >= 2.0
    assert posterior.extras["confident"] is False


def test_a_model_without_bases_is_not_refined(answers, model):
    record, first, _ = answers
    bare = {name: value for name, value in model.assets.items() if not name.startswith("refine_")}
    without = Model(card=model.card, assets=bare)
    assert TASK.refine(record, PLACE, first, without, lambda fraction: None) is None
    assert "model_flux" not in first.curves


def test_every_cell_of_the_refinement_has_its_column(answers):
    _, _, better = answers
    named = {column.name for column in TASK.columns}
    assert set(better.extras) <= named
    assert QUANTILE_LEVELS.size == better.quantiles.shape[1]


@pytest.mark.parametrize(("sigma_km_s", "share", "quoted"), [(20, 0.5, True), (900, 0.5, False)])
def test_the_denser_of_fit_and_network_is_quoted(answers, model, sigma_km_s, share, quoted):
    record, first, _ = answers
    data = redshift_refine.fine_pixels(record)
    fit = refinement.refine(data, redshift_refine.bases_of(model)["GALAXY"], first.value("z"))
    told = {"GALAXY": Spread(scale=1.0, floor_km_s=sigma_km_s, share=share)}
    better = redshift_refine.refined(first, [fit], told, record, data, model)
    assert (better.extras["method"] == FIT) is quoted
    assert (better.value("z") == fit.redshift) is quoted
