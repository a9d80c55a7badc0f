"""The shipped stellar model: its golden record, its calibration, and real H-band spectra."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astrogui.inference.backends.onnx import OnnxBackend
from astrogui.inference.model_folder import load_model
from astrogui.readers import read, recognise
from astrogui.records.flags import Flag
from astrogui.records.provenance import Place
from astrogui.records.spectrum import Spectrum
from astrogui.tasks.stellar import TASK, decode, prepare, refine
from astrogui.tasks.task import Model

FOLDER = Path(__file__).resolve().parents[2] / "models" / "stellar"
PLACE = Place(label="star")
NAMES = [parameter.name for parameter in TASK.parameters]


@pytest.fixture(scope="module")
def loaded():
    return load_model(FOLDER, "stellar")


@pytest.fixture(scope="module")
def model(loaded):
    return Model(card=loaded.card, assets=loaded.assets)


@pytest.fixture(scope="module")
def network(loaded):
    return OnnxBackend(loaded, cpu=True)


def answers(record, model, network):
    """The network's answer and the one that the fit makes of it."""
    prepared = prepare(record, (PLACE,), model, {})
    outputs = network.run({spec.name: prepared[spec.name] for spec in model.card.inputs})
    (first,) = decode(outputs, prepared, record, (PLACE,), model)
    return first, refine(record, PLACE, first, model, lambda part: None)


def golden_record(loaded):
    golden = loaded.golden()
    return Spectrum(
        wavelength_angstrom=golden["record_wavelength_angstrom"],
        flux=golden["record_flux"],
        ivar=golden["record_ivar"],
        mask=golden["record_mask"],
        flux_unit="",
        frame="barycentric",
        medium_in_file="vacuum",
    )


def test_preparing_the_golden_record_gives_the_golden_inputs(loaded, model):
    prepared = prepare(golden_record(loaded), (PLACE,), model, {})
    golden = loaded.golden()
    for spec in model.card.inputs:
        np.testing.assert_allclose(
            prepared[spec.name], golden[f"input_{spec.name}"], rtol=1e-4, atol=1e-4
        )


def test_network_and_fit_agree_on_the_golden_star(loaded, model, network):
    first, better = answers(golden_record(loaded), model, network)
    for name in NAMES:
        low, high = first.interval(name, 0.95)
        middle, half = (low + high) / 2, (high - low) / 2
        assert abs(better.value(name) - middle) < 2 * half, name
    assert Flag.NOVEL not in better.flags
    assert better.extras["reduced_chi_square"] < 1.4


def test_the_fit_reaches_the_bound_on_simulations_and_its_intervals_hold(loaded):
    scores = loaded.card.simulated_scores
    assert scores["n"] >= 5000
    for name in NAMES:
        label = scores["labels"][name]
        assert label["error_over_bound"] <= 1.1, name
        assert label["coverage_68"] == pytest.approx(0.68, abs=0.02), name
        assert label["coverage_90"] == pytest.approx(0.90, abs=0.02), name


def test_the_published_emulator_does_not_ship(loaded):
    assert "w_array_0" not in loaded.assets
    assert loaded.assets["coefficients_coarse"].dtype == np.int8
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 6_000_000


@pytest.mark.real_data
def test_a_brown_dwarf_is_out_of_range(real_data, model, network):
    (path,) = (real_data / "spectra" / "apogee").glob("apVisit-*")
    (source,) = recognise(str(path))
    assert TASK.accepts(source)
    _, better = answers(read(source), model, network)
    assert Flag.NOVEL in better.flags
    assert Flag.EDGE_OF_PRIOR in better.flags
    assert better.novelty > 3


@pytest.mark.real_data
def test_a_real_star_is_fitted_to_a_per_cent(real_data, model, network, tmp_path):
    from astrogui.training.score_stellar import star_file

    (arrays,) = (real_data / "spectra" / "apogee").glob("combined_*.npz")
    (source,) = recognise(str(star_file(arrays, tmp_path)))
    assert TASK.accepts(source)
    _, better = answers(read(source), model, network)
    assert better.extras["misfit"] < 0.012
    assert Flag.EDGE_OF_PRIOR not in better.flags
    # The survey brought it to rest, by a template of its own.
    assert abs(better.value("radial_velocity")) < 3


@pytest.mark.real_data
def test_optical_spectra_are_declined(real_data):
    for path in sorted((real_data / "spectra" / "lamost").glob("*.fits*"))[:3]:
        for source in recognise(str(path)):
            assert not TASK.accepts(source)
