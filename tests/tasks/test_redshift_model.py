"""The shipped redshift model: its golden record, its calibration, and spectra of real objects."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from astrogui.inference.backends.onnx import OnnxBackend
from astrogui.inference.model_folder import load_model
from astrogui.readers import read, recognise
from astrogui.records.spectrum import Spectrum
from astrogui.tasks.redshift import decode, prepare
from astrogui.tasks.task import Model

FOLDER = Path(__file__).resolve().parents[2] / "models" / "redshift"
LIMIT_KM_S = {"GALAXY": 1000, "QSO": 3000, "STAR": 1000}


@pytest.fixture(scope="module")
def loaded():
    return load_model(FOLDER, "redshift")


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


def golden_record(loaded):
    golden = loaded.golden()
    return Spectrum(
        wavelength_angstrom=golden["record_wavelength_angstrom"],
        flux=golden["record_flux"],
        ivar=golden["record_ivar"],
        mask=golden["record_mask"],
        noise_estimated=bool(golden["record_noise_estimated"]),
        flux_unit="",
        frame="barycentric",
        medium_in_file="vacuum",
    )


def test_preparing_the_golden_record_gives_the_golden_inputs(loaded, model):
    """Rounding decides where a leading coefficient, of either sign, is as good as zero."""
    prepared = prepare(golden_record(loaded), (None,), model, {})
    for name, value in prepared.items():
        expected = loaded.golden()[f"input_{name}"]
        off = ~np.isclose(value, expected, rtol=1e-4, atol=1e-4)
        assert np.count_nonzero(off) <= (20 if name == "curves" else 0), name


def test_the_golden_quasar_is_answered_as_one(loaded, model, network):
    posterior = answer(golden_record(loaded), model, network)
    assert posterior.most_probable_class == "QSO"
    low, high = posterior.interval("z", 0.9)
    assert low < posterior.value("z") < high


def test_held_out_intervals_hold_what_they_say(loaded):
    table = loaded.card.coverage
    assert table["n"] >= 5000
    for level, measured in zip(table["levels"], table["parameters"]["z"], strict=True):
        assert measured == pytest.approx(level, abs=0.03)


def test_the_model_is_small_enough_to_ship():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 12_000_000


@pytest.mark.real_data
def test_every_seventh_real_sdss_spectrum_is_answered_rightly(real_data, model, network):
    with (real_data / "spectra" / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("sdss/")]
    rows = [row for row in rows if row["z_best"] and not int(row["zwarning"] or 0) & 4][::7]
    right = 0
    for row in rows:
        (source,) = recognise(str(real_data / "spectra" / row["file"]))
        posterior = answer(read(source), model, network)
        true = float(row["z_best"])
        offset = 299792.458 * abs(posterior.value("z") - true) / (1 + true)
        right += offset < LIMIT_KM_S[row["class"]]
    assert len(rows) >= 10
    assert right >= 0.8 * len(rows)
