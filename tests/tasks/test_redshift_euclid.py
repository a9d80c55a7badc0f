"""The near-infrared redshift as a task: what it accepts, prepares and answers, without training."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.records.flags import Flag
from astrogui.records.model_card import ModelCard
from astrogui.records.posterior import QUANTILE_LEVELS
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum
from astrogui.science import near_infrared as grid
from astrogui.tasks.redshift_euclid import TASK, accepts, decode, joint, on_grid, prepare
from astrogui.tasks.task import Model

CENTRES = 0.5 * (grid.REDSHIFT_EDGES[1:] + grid.REDSHIFT_EDGES[:-1])


@pytest.fixture(scope="module")
def model():
    card = ModelCard(
        task="redshift_euclid", name="test", version="1", title="t", summary="s",
        network="redshift_euclid:shifted", network_config={}, inputs=(), outputs=(),
        calibration={"temperature": 1.0}, novelty={"threshold": 50.0},
    )  # fmt: skip
    return Model(card=card, assets={"novelty_mean": np.zeros(6), "novelty_whitening": np.eye(6)})


def source(**changes):
    given = {"path": "a.fits", "kind": "spectrum", "format": "f"} | changes
    return Source(**given)


def spectrum(first=10500.0, last=20500.0, count=3000, **changes):
    wavelength = np.linspace(first, last, count)
    rng = np.random.default_rng(2)
    given = {
        "wavelength_angstrom": wavelength,
        "flux": 3 + 0.5 * rng.normal(size=count),
        "ivar": np.full(count, 4.0),
        "mask": np.zeros(count, bool),
        "flux_unit": "",
        "frame": "barycentric",
        "medium_in_file": "vacuum",
    } | changes
    return Spectrum(**given)


def answer(model, modes, outside=0.01, record=None, members=2):
    """Decode made-up probabilities: modes of (z, weight), each five classes wide."""
    record = record or spectrum()
    mass = np.full(grid.CLASSES + 1, 1e-7)
    for z, weight in modes:
        mass[: grid.CLASSES] += weight * np.exp(-0.5 * ((CENTRES - z) / 0.002) ** 2) / 5.0
    mass[: grid.CLASSES] *= (1 - outside) / mass[: grid.CLASSES].sum()
    mass[grid.CLASSES] = outside
    outputs = {
        "log_probability": np.log(np.tile(mass, (1, members, 1))),
        "features": np.ones((1, 4)),
    }
    prepared = prepare(record, (None,), model, {})
    return decode(outputs, prepared, record, (None,), model)[0]


@pytest.mark.parametrize(
    ("cover", "taken"),
    [
        ((9000.0, 25000.0), True),
        ((10208.0, 17256.0), True),
        ((11000.0, 14010.0), True),
        ((11000.0, 13900.0), False),
        ((3600.0, 10400.0), False),
        ((19000.0, 25000.0), False),
        (None, False),
    ],
)
def test_spectra_are_taken_by_their_cover(cover, taken):
    assert accepts(source(wavelength_range_angstrom=cover)) is taken


def test_images_and_supporting_spectra_are_not_taken():
    assert not accepts(source(kind="image", wavelength_range_angstrom=(9000.0, 25000.0)))
    assert not accepts(source(supporting=True, wavelength_range_angstrom=(9000.0, 25000.0)))


def test_a_line_of_the_file_comes_to_the_pixel_of_its_wavelength(model):
    wavelength = np.linspace(10500, 20500, 4000)
    flux = 1 + 8 * np.exp(-0.5 * ((wavelength - 15001.0) / 12) ** 2)
    record = spectrum(count=4000, flux=flux, ivar=np.full(4000, 100.0))
    seen, ivar = on_grid(record)
    assert (ivar > 0).all()
    place = np.sum((seen - 1) * grid.OBSERVED.centres_angstrom) / np.sum(seen - 1)
    assert place == pytest.approx(15001, abs=1)
    prepared = prepare(record, (None, None), model, {})
    assert prepared["flux"].shape == (2, grid.PIXELS, len(grid.CHANNELS))
    assert prepared["flux"][0, :, 0].argmax() == round(grid.OBSERVED.pixel(15001.0))


def test_one_mode_is_answered_with_its_interval(model):
    posterior = answer(model, [(1.4, 1.0)])
    assert posterior.value("z") == pytest.approx(1.4, abs=5e-4)
    low, high = posterior.interval("z", 0.9)
    assert high - low == pytest.approx(2 * 1.645 * 0.002, rel=0.1)
    assert posterior.extras["prob_z_euclid"] > 0.99
    assert posterior.extras.get("z_2_euclid") is None
    assert not posterior.flags & (Flag.AMBIGUOUS | Flag.OUTSIDE_PRIOR | Flag.EDGE_OF_PRIOR)


def test_two_modes_are_both_told_with_their_weights(model):
    posterior = answer(model, [(1.05, 0.7), (1.687, 0.3)])
    assert posterior.value("z") == pytest.approx(1.05, abs=1e-3)
    assert posterior.extras["prob_z_euclid"] == pytest.approx(0.7, abs=0.01)
    assert posterior.extras["z_2_euclid"] == pytest.approx(1.687, abs=1e-3)
    assert posterior.extras["prob_z_2_euclid"] == pytest.approx(0.3, abs=0.01)
    assert posterior.flags & Flag.AMBIGUOUS
    low, high = posterior.interval("z", 0.9)
    assert low < 1.06
    assert high > 1.68
    mass = posterior.density.mass()
    assert mass.sum() == pytest.approx(1, abs=1e-5)
    assert mass[CENTRES > 1.5].sum() == pytest.approx(0.3, abs=0.01)


def test_a_flat_density_is_no_certain_mode(model):
    mass = np.full(grid.CLASSES + 1, 1 / (grid.CLASSES + 1))
    mass[300:303] *= 3
    outputs = {"log_probability": np.log(mass)[None, None], "features": np.ones((1, 4))}
    record = spectrum()
    posterior = decode(outputs, prepare(record, (None,), model, {}), record, (None,), model)[0]
    assert posterior.value("z") == pytest.approx(1.301, abs=0.002)
    assert posterior.extras["prob_z_euclid"] == pytest.approx(27 / 806, rel=0.02)
    assert posterior.flags & Flag.AMBIGUOUS


def test_the_shoulder_of_a_mode_is_no_mode_of_its_own(model):
    posterior = answer(model, [(1.4, 0.8), (1.413, 0.1), (1.6, 0.1)])
    assert posterior.extras["z_2_euclid"] == pytest.approx(1.6, abs=0.002)
    assert posterior.extras.get("z_3_euclid") is None


def test_sharpening_narrows_a_mode_and_keeps_its_weight():
    mass = 0.7 * np.exp(-0.5 * ((CENTRES - 1.2) / 0.003) ** 2)
    mass += 0.3 * np.exp(-0.5 * ((CENTRES - 1.6) / 0.003) ** 2)
    mass /= mass.sum()
    sharper = joint(mass[None], 4.0)
    assert sharper.sum() == pytest.approx(1)
    assert sharper[CENTRES > 1.5].sum() == pytest.approx(0.3, abs=1e-3)
    spread = [
        np.sqrt(np.sum(p[:400] * (CENTRES[:400] - 1.2) ** 2) / p[:400].sum())
        for p in (mass, sharper)
    ]
    assert spread[1] == pytest.approx(0.5 * spread[0], rel=0.02)


def test_a_broad_mode_is_uncertain_but_not_ambiguous(model):
    mass = np.full(grid.CLASSES + 1, 1e-9)
    mass[: grid.CLASSES] += np.exp(-0.5 * ((CENTRES - 1.4) / 0.01) ** 2)
    outputs = {"log_probability": np.log(mass / mass.sum())[None, None],
               "features": np.ones((1, 4))}  # fmt: skip
    record = spectrum()
    posterior = decode(outputs, prepare(record, (None,), model, {}), record, (None,), model)[0]
    assert posterior.extras["prob_z_euclid"] == pytest.approx(0.70, abs=0.03)
    assert not posterior.flags & Flag.AMBIGUOUS


def test_what_is_outside_says_so_in_flag_and_words(model):
    posterior = answer(model, [(1.3, 1.0)], outside=0.8)
    assert posterior.flags & Flag.OUTSIDE_PRIOR
    assert posterior.extras["prob_outside_euclid"] == pytest.approx(0.8, abs=0.01)
    assert "not between 1 and 1.8" in posterior.note


@pytest.mark.parametrize("z", [1.002, 1.7985])
def test_an_answer_at_either_end_is_flagged(model, z):
    assert answer(model, [(z, 1.0)]).flags & Flag.EDGE_OF_PRIOR


def test_a_faint_spectrum_is_flagged_and_a_good_one_is_not(model):
    rng = np.random.default_rng(3)
    faint = spectrum(flux=0.1 + rng.normal(size=3000), ivar=np.ones(3000))
    assert answer(model, [(1.4, 1.0)], record=faint).flags & Flag.LOW_SIGNAL
    assert not answer(model, [(1.4, 1.0)]).flags & Flag.LOW_SIGNAL


def test_masks_cover_and_estimated_noise_are_flagged(model):
    mask = np.zeros(3000, bool)
    mask[600:1800] = True
    holes = spectrum(mask=mask, ivar=np.where(mask, 0, 4.0), noise_estimated=True)
    flags = answer(model, [(1.4, 1.0)], record=holes).flags
    assert flags & Flag.MANY_MASKED
    assert flags & Flag.NOISE_ESTIMATED
    short = spectrum(first=11000, last=14200, medium_in_file="assumed air")
    flags = answer(model, [(1.4, 1.0)], record=short).flags
    assert flags & Flag.LITTLE_COVERAGE
    assert flags & Flag.AIR_ASSUMED


def test_without_a_good_sample_there_is_no_answer(model):
    optical = spectrum(first=4000, last=9000)
    posterior = answer(model, [(1.4, 1.0)], record=optical)
    assert posterior.flags & Flag.NOT_ANSWERED
    assert np.isnan(posterior.quantiles).all()


def test_members_that_disagree_are_the_epistemic_part(model):
    record = spectrum()
    mass = np.full((2, grid.CLASSES + 1), 1e-9)
    mass[0, 200] = mass[1, 600] = 1.0
    outputs = {"log_probability": np.log(mass)[None], "features": np.ones((1, 4))}
    posterior = decode(outputs, prepare(record, (None,), model, {}), record, (None,), model)[0]
    assert posterior.epistemic[0] == pytest.approx(0.2, rel=0.01)
    assert posterior.aleatoric[0] < 0.01


def test_every_extra_is_a_declared_column(model):
    posterior = answer(model, [(1.05, 0.5), (1.687, 0.3), (1.4, 0.2)])
    assert set(posterior.extras) <= {column.name for column in TASK.columns}
    assert posterior.quantiles.shape == (1, QUANTILE_LEVELS.size)
