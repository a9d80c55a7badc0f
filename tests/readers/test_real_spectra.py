"""Every real spectrum is read, or refused for a reason that is named here."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from astrogui.errors import FileProblem
from astrogui.readers import read, recognise
from astrogui.records.spectrum import Spectrum

pytestmark = pytest.mark.real_data

READ = {"sdss": 88, "lamost": 77, "fors2": 200, "muse": 18, "desi": 3, "apogee": 1, "other": 30}
REFUSED = {
    "redrock-4-80613-thru20210324.fits": "a table of fitted redshifts",
    "redrock-special-dark-27247.fits": "a table of fitted redshifts",
    "NN_normalized_spectra.npz": "NumPy archive",
    "apogee_mask.npz": "NumPy archive",
    "apogee_wavelength.npz": "NumPy archive",
    "cannon_cont_pixels_apogee.npz": "NumPy archive",
    "combined_2M13012770+5754582.npz": "NumPy archive",
    "NGC4151sic2a.fits.gz": "without a unit",
    "NGC5286_a_1.aux.fits": "which is the spectrum",
    "UM184_nE.fits": "errors of UM184_nF.fits",
    "corrupt_empty.fits": "empty",
    "corrupt_html_error_page.fits": "web page",
    "corrupt_truncated.fits.gz": "cut or broken",
    "corrupt_truncated_data.fits": "end 59360 bytes too soon",
}


def outcome(path: Path) -> list[Spectrum] | FileProblem:
    try:
        return [read(source) for source in recognise(str(path))]
    except FileProblem as problem:
        return problem


@pytest.fixture(scope="module")
def outcomes(real_data):
    return {
        folder: {
            path.name: outcome(path) for path in sorted((real_data / "spectra" / folder).iterdir())
        }
        for folder in READ
    }


def test_as_many_files_are_read_as_can_be(outcomes):
    counts = Counter(
        folder
        for folder, found in outcomes.items()
        for result in found.values()
        if not isinstance(result, FileProblem)
    )
    assert dict(counts) == READ


def test_the_others_are_refused_for_the_reason_expected(outcomes):
    refused = {
        name: result
        for found in outcomes.values()
        for name, result in found.items()
        if isinstance(result, FileProblem)
    }
    assert set(refused) == set(REFUSED)
    for name, words in REFUSED.items():
        assert words in refused[name].cause
        assert refused[name].advice


def test_every_spectrum_covers_plausible_wavelengths_with_plausible_errors(outcomes):
    for found in outcomes.values():
        for name, result in found.items():
            if isinstance(result, FileProblem):
                continue
            for spectrum in result:
                good = spectrum.good
                assert 900 < spectrum.wavelength_angstrom[0] < 25000, name
                assert 1.01 < spectrum.wavelength_angstrom[-1] / spectrum.wavelength_angstrom[0] < 9
                snr = np.median(np.abs(spectrum.flux[good]) * np.sqrt(spectrum.ivar[good]))
                assert 0.3 < snr < 1000, name


@pytest.mark.parametrize("folder", ["sdss", "lamost", "desi", "muse"])
def test_positions_are_those_of_the_objects(real_data, folder):
    with open(real_data / "spectra" / "truth.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith(folder)]
    for row in rows:
        sources = recognise(str(real_data / "spectra" / row["file"]))
        by_name = {source.object_id: source for source in sources}
        source = by_name.get(row["object_id"], sources[0])
        offset_ra = (source.ra_deg - float(row["ra"])) * np.cos(np.radians(source.dec_deg))
        offset = np.hypot(offset_ra, source.dec_deg - float(row["dec"]))
        assert offset * 3600 < 1, row["file"]
        if folder in {"sdss", "desi"}:
            assert source.object_id == row["object_id"]


LINES = {
    "sdss/spec-1059-52618-0453.fits.gz": 5008.240,
    "other/spSpec_legacy_1.fits": 6564.614,
    "other/G09_Y1_GS1_080.fit": 6564.614,
    "other/gp121903_osiris.fits": 5008.240,
    "other/hlsp_ceers_jwst_nirspec_001027_x1d-masked.fits.gz": 5008.240,
    "desi/coadd-4-80613-thru20210324.fits.gz": 5008.240,
    "muse/udf10_00002.fits": 5008.240,
}


@pytest.mark.parametrize("name", LINES)
def test_a_strong_line_lies_where_the_redshift_puts_it(real_data, name):
    """In vacuum, to 150 km/s; read as air it would be 80 km/s off, as nanometres nowhere."""
    with open(real_data / "spectra" / "truth.csv", newline="") as file:
        (row,) = [row for row in csv.DictReader(file) if row["file"] == name]
    spectrum = read(recognise(str(real_data / "spectra" / name))[0])
    due = LINES[name] * (1 + float(row["z_best"]))
    ratio = spectrum.wavelength_angstrom / due
    near = spectrum.good & (np.abs(ratio - 1) < 1e-3)
    around = spectrum.good & (np.abs(ratio - 1) < 4e-3) & ~near
    excess = np.clip(spectrum.flux[near] - np.median(spectrum.flux[around]), 0, None)
    centre = np.sum(excess * ratio[near]) / np.sum(excess)
    assert abs(centre - 1) * 299792 < 150
