"""The stellar analysis as a task: preparation, answers and the fit, without a trained network."""

from __future__ import annotations

import numpy as np
import pytest
from toy_star import DRAWS, LABELS, WIDTH, star, toy_model

from astrogui.records.flags import Flag
from astrogui.records.provenance import Place
from astrogui.records.source import Source
from astrogui.science.stellar_emulator import OBSERVED, pixel_shift, scaled
from astrogui.tasks.stellar import TASK, accepts, decode, prepare, refine
from astrogui.tasks.stellar_answer import PARAMETERS, SHIFT_SCALE

NAMES = [parameter.name for parameter in PARAMETERS]
PLACE = Place(label="star")


@pytest.fixture(scope="module")
def model():
    return toy_model()


def outputs_saying(shift, velocity, labels=LABELS, width=0.05, apart=0.0):
    """Raw outputs whose draws say the labels, ``width`` wide, their means ``apart``."""
    answers = np.zeros((1, DRAWS, 27), np.float32)
    answers[0, :, :5] = scaled(np.asarray(labels))
    answers[0, :, 5] = (pixel_shift(velocity) - shift) / SHIFT_SCALE
    answers[0, :, 0] += apart * np.linspace(-1, 1, DRAWS)
    diagonal = 6 + np.cumsum(np.arange(1, 7)) - 1
    answers[0][:, diagonal] = -np.log(width)
    return {"answers": answers, "features": np.zeros((1, WIDTH), np.float32)}


def answered(model, record, velocity=40.0, **changes):
    prepared = prepare(record, (PLACE,), model, {})
    outputs = outputs_saying(float(prepared["_shift"][0]), velocity, **changes)
    (posterior,) = decode(outputs, prepared, record, (PLACE,), model)
    return posterior


def refined(model, record, **changes):
    first = answered(model, record, **changes)
    return refine(record, PLACE, first, model, lambda part: None)


def test_the_network_is_told_the_same_for_any_flux_unit_and_header(model):
    plain = prepare(star(), (PLACE,), model, {})
    told = prepare(star(scale=4e5, header={"TEFF": "9999"}, object_id="Vega"), (PLACE,), model, {})
    for name, value in plain.items():
        np.testing.assert_allclose(value, told[name], atol=2e-3)


def test_the_masks_of_the_dropout_come_from_the_recorded_seed(model):
    from dataclasses import replace

    record = star()
    same = prepare(record, (PLACE,), model, {})["uniform"]
    np.testing.assert_array_equal(same, prepare(record, (PLACE,), model, {})["uniform"])
    other = prepare(record, (PLACE,), replace(model, seed=5), {})["uniform"]
    assert not np.array_equal(same, other)
    assert np.all((same >= 0) & (same < 1))


def test_the_answer_of_the_network_is_its_mixture_in_physical_units(model):
    posterior = answered(model, star(), velocity=-130.0)
    assert posterior.value("teff") == pytest.approx(LABELS[0], abs=10)
    assert posterior.value("radial_velocity") == pytest.approx(-130.0, abs=0.5)
    low, high = posterior.interval("teff", 0.68)
    assert (high - low) / 2 == pytest.approx(0.05 * 1400, rel=0.12)
    assert posterior.extras["method"] == "network"
    assert posterior.draws.shape == (2000, 6)


def test_draws_that_disagree_are_epistemic(model):
    agreed = answered(model, star())
    torn = answered(model, star(), apart=0.2)
    assert agreed.epistemic[0] < 0.01 * agreed.aleatoric[0]
    assert torn.epistemic[0] == pytest.approx(0.2 * np.sqrt(2 / 3) * 1400, rel=0.02)
    low, high = torn.interval("teff", 0.9)
    first_low, first_high = agreed.interval("teff", 0.9)
    assert high - low > 2 * (first_high - first_low)


def test_the_fit_is_better_than_the_network_and_says_how_it_was_made(model):
    posterior = refined(model, star(), labels=LABELS + [90, 0.06, 0.05, -0.04, 3])
    assert posterior.extras["method"] == "emulator fit"
    assert posterior.extras["reduced_chi_square"] == pytest.approx(1, abs=0.06)
    for name, truth in zip(NAMES, [*LABELS, 40.0], strict=True):
        low, high = posterior.interval(name, 0.95)
        assert low - (high - low) < truth < high + (high - low), name
    low, high = posterior.interval("teff", 0.68)
    assert high - low < 0.3 * (2 * 0.05 * 1400)
    assert posterior.flags == Flag.NONE
    assert posterior.note == ""


def test_the_fit_lies_over_the_data_in_the_units_of_the_file(model):
    record = star(scale=250.0)
    posterior = refined(model, record)
    fit = posterior.curves["model_flux"]
    assert fit.shape == record.flux.shape
    known = np.isfinite(fit) & record.good
    assert known.sum() > 7000
    assert np.std((record.flux - fit)[known] * np.sqrt(record.ivar[known])) == pytest.approx(
        1, abs=0.05
    )


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_errors_wrong_by_a_factor_leave_the_interval_alone(model, factor):
    right, record = refined(model, star()), star()
    from dataclasses import replace

    wrong = refined(model, replace(record, ivar=record.ivar * np.float32(factor)))
    widths = [np.diff(p.interval("teff", 0.68))[0] for p in (right, wrong)]
    assert widths[1] == pytest.approx(widths[0], rel=0.1)
    assert wrong.extras["reduced_chi_square"] == pytest.approx(factor, rel=0.06)
    assert wrong.extras["chi_square_excess"] == pytest.approx(1, abs=0.08)


def test_bands_that_no_star_of_the_range_has_are_flagged(model):
    x = np.arange(OBSERVED.size)
    strange = 1 + 0.15 * np.sin(x / 45)  # broad bands, as in a much cooler star
    posterior = refined(model, star(continuum=strange))
    assert Flag.NOVEL in posterior.flags
    assert posterior.novelty > 1
    assert posterior.extras["misfit"] > 0.02
    assert "chi-square" in posterior.note


def test_a_label_at_its_bound_is_said_to_be_there(model):
    cold = LABELS.copy()
    cold[0] = 4201.0
    posterior = refined(model, star(labels=cold), labels=cold)
    assert Flag.EDGE_OF_PRIOR in posterior.flags
    low, _ = posterior.interval("teff", 0.95)
    assert low >= 4200.0


def test_no_rotation_is_not_an_edge(model):
    slow = LABELS.copy()
    slow[4] = 0.0
    posterior = refined(model, star(labels=slow), labels=slow)
    assert Flag.EDGE_OF_PRIOR not in posterior.flags


def test_a_star_too_fast_for_the_simulations_is_flagged(model):
    assert Flag.EDGE_OF_PRIOR in answered(model, star(velocity=420.0), velocity=420.0).flags


def test_doubts_about_the_data_are_flagged(model):
    mask = star().mask.copy()
    mask[300:2500] = True
    ivar = np.where(mask, 0, star().ivar).astype(np.float32)
    flags = refined(
        model, star(mask=mask, ivar=ivar, noise_estimated=True, medium_in_file="assumed vacuum")
    ).flags
    assert Flag.MANY_MASKED in flags
    assert Flag.NOISE_ESTIMATED in flags
    assert Flag.AIR_ASSUMED in flags
    assert Flag.LOW_SIGNAL in refined(model, star(signal_to_noise=8.0)).flags


def test_a_spectrum_without_a_good_sample_is_not_answered(model):
    empty = np.zeros(OBSERVED.size, np.float32)
    record = star(flux=empty, ivar=empty, mask=np.ones(OBSERVED.size, bool))
    posterior = answered(model, record)
    assert Flag.NOT_ANSWERED in posterior.flags
    assert np.isnan(posterior.value("teff"))
    assert refine(record, PLACE, posterior, model, lambda part: None) is None


def test_a_visit_on_other_pixels_gets_the_same_labels(model):
    """Half as wide samples with a gap, as the three detectors of a visit give them."""
    record = star(signal_to_noise=400.0)
    log_wavelength = np.log10(record.wavelength_angstrom)
    fine = np.arange(log_wavelength[322], log_wavelength[8300], 3e-6)
    flux = np.interp(fine, log_wavelength, record.flux)
    known = np.interp(fine, log_wavelength, record.ivar) > 1e5
    visit = star(
        wavelength_angstrom=10**fine,
        flux=np.where(known, flux, 0).astype(np.float32),
        ivar=np.where(known, 100.0**2, 0).astype(np.float32),
        mask=~known,
    )
    one, other = refined(model, record), refined(model, visit)
    for name in ("teff", "fe_h", "radial_velocity"):
        low, high = other.interval(name, 0.95)
        assert abs(one.value(name) - other.value(name)) < 2 * (high - low)


def source(covered, size=8575, **changes):
    values = {"path": "x.fits", "kind": "spectrum", "format": "x", "shape": (size,)} | changes
    return Source(wavelength_range_angstrom=covered, **values)


@pytest.mark.parametrize(
    ("covered", "size", "accepted"),
    [
        ((15100, 17000), 8575, True),
        ((15142, 16955), 12288, True),
        ((15100, 15792), 3300, True),  # one detector
        ((3800, 9200), 3800, False),
        ((6000, 53000), 1000, False),  # a prism: too coarse
        ((9800, 24800), 24000, False),
        (None, 8575, False),  # nothing in the header says that it is infrared
    ],
)
def test_spectra_are_accepted_by_cover_and_sampling(covered, size, accepted):
    assert accepts(source(covered, size)) is accepted


def test_other_kinds_and_supporting_files_are_declined():
    assert not accepts(source((15100, 17000), kind="image"))
    assert not accepts(source((15100, 17000), supporting=True))


def test_every_extra_has_its_column(model):
    columns = {column.name for column in TASK.columns}
    assert set(refined(model, star()).extras) == columns


def test_every_job_of_a_model_shares_its_emulator(model):
    from dataclasses import replace

    from astrogui.tasks.stellar_answer import emulator

    assert emulator(replace(model, seed=model.seed + 1)) is emulator(model)
    assert emulator(replace(model, assets=dict(model.assets))) is not emulator(model)
