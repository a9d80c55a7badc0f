"""A redshift that stands in a file's own header changes no bit of the answer."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from astrogui.inference.backends.onnx import OnnxBackend
from astrogui.inference.model_folder import load_model
from astrogui.readers import read, recognise
from astrogui.records.provenance import Place
from astrogui.tasks.redshift import TASK
from astrogui.tasks.row import answer_values
from astrogui.tasks.task import Model

FOLDER = Path(__file__).resolve().parents[2] / "models" / "redshift"
PLACE = Place(label="")
TRUTH = ("Z", "Z_HELIO", "Z_ERR", "ZWARNING", "CLASS", "SUBCLASS", "QUALITY", "NQ", "PROB")
KINDS = {
    "FORS2 comments": ("fors2", "SPEC*", 40),
    "LAMOST primary headers": ("lamost", "spec*", 25),
    "6dFGS headers": ("other", "6dFGS*", 3),
    "GAMA primary header": ("other", "G09*", 1),
    "SDSS DR7 primary header": ("other", "spSpec*", 1),
}


@pytest.fixture(scope="module")
def loaded():
    return load_model(FOLDER, "redshift")


@pytest.fixture(scope="module")
def answers(loaded):
    """Everything that is said of the first spectrum of a file, before and after refinement."""
    model = Model(card=loaded.card, assets=loaded.assets)
    network = OnnxBackend(loaded, cpu=True)

    def of(path):
        record = read(recognise(str(path))[0])
        prepared = TASK.prepare(record, (PLACE,), model, {})
        outputs = network.run({spec.name: prepared[spec.name] for spec in loaded.card.inputs})
        first = TASK.decode(outputs, prepared, record, (PLACE,), model)[0]
        return first, TASK.refine(record, PLACE, first, model, lambda fraction: None)

    return of


def assert_bit_for_bit(expected, found):
    for one, other in zip(expected, found, strict=True):
        assert (one is None) == (other is None)
        if one is None:
            continue
        assert repr(answer_values(TASK, PLACE, one)) == repr(answer_values(TASK, PLACE, other))
        assert one.flags == other.flags
        assert one.quantiles.tobytes() == other.quantiles.tobytes()
        assert one.density.density.tobytes() == other.density.density.tobytes()
        assert one.curves.keys() == other.curves.keys()
        for name, curve in one.curves.items():
            assert curve.tobytes() == other.curves[name].tobytes()


def with_other_truth(content):
    """The file's bytes with other digits and classes wherever a redshift or class is told."""

    def other(match):
        digits = re.sub(rb"[0-9]", lambda digit: b"%d" % ((int(digit[0]) + 1) % 10), match[2])
        return match[1] + re.sub(rb"GALAXY|QSO|STAR", lambda word: b"X" * len(word[0]), digits)

    for keyword in TRUTH:
        content = re.sub(rb"(%s= )([^/]{1,20})" % keyword.encode().ljust(8), other, content)
    return re.sub(rb"(# z: )([0-9.]+)", other, content)


@pytest.mark.real_data
@pytest.mark.parametrize("kind", KINDS)
def test_truth_in_the_header_changes_no_bit_of_the_answer(real_data, tmp_path, answers, kind):
    folder, pattern, step = KINDS[kind]
    paths = sorted((real_data / "spectra" / folder).glob(pattern))[::step]
    changed = 0
    for path in paths:
        plain = path.read_bytes()
        plain = gzip.decompress(plain) if plain[:2] == b"\x1f\x8b" else plain
        altered = with_other_truth(plain)
        if altered == plain:
            continue
        found = []
        for name, content in (("1", plain), ("2", altered)):
            place = tmp_path / name / path.name.removesuffix(".gz")
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(content)
            found.append(answers(place))
        assert_bit_for_bit(*found)
        changed += 1
    assert changed > 0


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore")
def test_truth_in_the_second_table_of_sdss_changes_no_bit(real_data, tmp_path, answers):
    for number, path in enumerate(sorted((real_data / "spectra" / "sdss").iterdir())[::20]):
        first, second = tmp_path / f"{number}a.fits", tmp_path / f"{number}b.fits"
        with fits.open(path) as file:
            file.writeto(first)
            names = {name.upper(): name for name in file[2].columns.names}
            assert {"Z", "CLASS"} <= set(names)
            told = {"Z": 3.21, "Z_NOQSO": 3.21, "Z_ERR": 9.0, "CLASS": "OTHER", "SUBCLASS": "X"}
            for name in told.keys() & names.keys():
                file[2].data[names[name]] = told[name]
            file.writeto(second)
        assert first.read_bytes() != second.read_bytes()
        assert_bit_for_bit(answers(first), answers(second))


def test_the_comparison_tells_answers_apart(loaded, answers, tmp_path):
    """The guard of this file: other data do change the answer."""
    found = []
    for name, shift in (("a", 0.0), ("b", 300.0)):
        wavelength = np.arange(4000.0, 9000.0, 2.0)
        flux = 1 + 5 * np.exp(-0.5 * ((wavelength - 6000 - shift) / 6) ** 2)
        flux += 0.05 * np.random.default_rng(1).normal(size=wavelength.size)
        table = np.column_stack([wavelength, flux, np.full_like(flux, 0.05)])
        path = tmp_path / f"{name}.txt"
        np.savetxt(path, table, header="wavelength flux error\n unit: angstrom, vacuum")
        found.append(answers(path))
    with pytest.raises(AssertionError):
        assert_bit_for_bit(*found)
