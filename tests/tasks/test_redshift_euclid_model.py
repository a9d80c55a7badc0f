"""The shipped near-infrared model: its golden record, its calibration, and real spectra."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astrogui.inference.backends.onnx import OnnxBackend
from astrogui.inference.model_folder import load_model
from astrogui.readers import read, recognise
from astrogui.records.flags import Flag
from astrogui.records.spectrum import Spectrum
from astrogui.science import near_infrared as grid
from astrogui.tasks.redshift_euclid import accepts, decode, prepare
from astrogui.tasks.task import Model

FOLDER = Path(__file__).resolve().parents[2] / "models" / "redshift_euclid"


@pytest.fixture(scope="module")
def loaded():
    return load_model(FOLDER, "redshift_euclid")


@pytest.fixture(scope="module")
def model(loaded):
    return Model(card=loaded.card, assets=loaded.assets)


@pytest.fixture(scope="module")
def network(loaded):
    return OnnxBackend(loaded, cpu=True)


def answer(record, model, network):
    prepared = prepare(record, (None,), model, {})
    outputs = network.run({spec.name: prepared[spec.name] for spec in model.card.inputs})
    return decode(outputs, prepared, record, (None,), model)[0]


def record_of(flux, ivar, wavelength=None):
    return Spectrum(
        wavelength_angstrom=grid.OBSERVED.centres_angstrom if wavelength is None else wavelength,
        flux=flux,
        ivar=ivar,
        mask=ivar <= 0,
        flux_unit="",
        frame="barycentric",
        medium_in_file="vacuum",
    )


def with_lines(lines, seed=1, noise=0.3):
    """A flat spectrum with Gaussian lines {wavelength in ångström: height}, R about 450."""
    flux = np.full(grid.PIXELS, 1.0)
    for place, height in lines.items():
        apart = np.log(grid.OBSERVED.centres_angstrom / place) * 299792.458
        flux += height * np.exp(-0.5 * (apart / 290.0) ** 2)
    flux += noise * np.random.default_rng(seed).normal(size=grid.PIXELS)
    return record_of(flux, np.full(grid.PIXELS, noise**-2))


def test_preparing_the_golden_record_gives_the_golden_inputs(loaded, model):
    golden = loaded.golden()
    record = record_of(
        golden["record_flux"], golden["record_ivar"], golden["record_wavelength_angstrom"]
    )
    for name, value in prepare(record, (None,), model, {}).items():
        np.testing.assert_allclose(value, golden[f"input_{name}"], rtol=1e-4, atol=1e-4)


def test_hydrogen_oxygen_and_sulphur_together_give_one_certain_redshift(model, network):
    z = 1.437
    lines = {5008.24: 3.0, 4960.3: 1.0, 4862.69: 1.0, 6564.63: 3.0, 6725.0: 0.8}
    record = with_lines({rest * (1 + z): height for rest, height in lines.items()})
    posterior = answer(record, model, network)
    assert posterior.value("z") == pytest.approx(z, abs=0.003)
    assert posterior.extras["prob_z_euclid"] > 0.9
    assert not posterior.flags & Flag.OUTSIDE_PRIOR


def test_a_line_alone_keeps_both_its_readings(model, network):
    """At 13,350 Å it is Hα at z = 1.034 or [O III] at z = 1.666: neither may be dropped."""
    weights = np.zeros(2)
    for seed in range(8):
        posterior = answer(with_lines({13350.0: 1.5}, seed), model, network)
        centres, mass = posterior.density.centres, posterior.density.mass()
        for place, z in enumerate((1.0336, 1.6656)):
            weights[place] += mass[np.abs(centres - z) < 0.01].sum() / 8
    assert weights[0] > 0.05
    assert weights[1] > 0.02
    assert weights.sum() > 0.4


def test_held_out_intervals_hold_what_they_say(loaded):
    table = loaded.card.coverage
    assert table["n"] >= 3000
    told = dict(zip(table["levels"], table["parameters"]["z"], strict=True))
    assert told[0.68] == pytest.approx(0.68, abs=0.03)
    assert told[0.9] == pytest.approx(0.9, abs=0.03)


def test_modes_hold_the_truth_as_often_as_their_weights_say(loaded):
    rows = [row for row in loaded.card.simulated_scores["mode_weights"] if row["n"] >= 100]
    assert len(rows) >= 6
    for row in rows:
        assert abs(row["share"] - row["weight"]) < 0.06, row


def test_of_faint_lines_no_mode_claims_more_than_it_holds(loaded):
    """All of them have a line, which the prior does not say: modes may be told too modestly."""
    for row in loaded.card.simulated_scores["faint_lines"]["mode_weights"]:
        if row["n"] >= 100 and row["weight"] > 0.5:
            assert row["share"] > row["weight"] - 0.03, row
        elif row["n"] >= 100:
            assert abs(row["share"] - row["weight"]) < 0.08, row


def test_the_model_is_small_enough_to_ship():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 12_000_000


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name", ["hlsp_ceers_jwst_nirspec_001027_x1d-masked.fits.gz", "cosmos-01-G141_20062.1D.fits"]
)
def test_near_infrared_files_of_other_telescopes_are_answered(real_data, model, network, name):
    (source,) = recognise(str(real_data / "spectra" / "other" / name))
    assert accepts(source)
    posterior = answer(read(source), model, network)
    assert posterior.density.mass().sum() == pytest.approx(1, abs=1e-4)
    low, high = posterior.interval("z", 0.9)
    assert 1 <= low < high <= 1.8


@pytest.mark.real_data
def test_optical_files_are_not_taken(real_data):
    (source,) = recognise(str(real_data / "spectra" / "other" / "gp121903_osiris.fits"))
    assert not accepts(source)
