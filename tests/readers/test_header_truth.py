"""A redshift or class in a file never reaches anything but the header that is shown."""

from __future__ import annotations

import gzip
import re
import shutil
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import spectrum_samples as samples
from astropy.io import fits

from astrogui.errors import FileProblem
from astrogui.readers import read, recognise

TRUTH = (
    *("Z", "Z_HELIO", "Z_ERR", "REDSHIFT", "CLASS", "SUBCLASS", "ZWARNING", "NQ", "QUALITY"),
    *("VRAD", "VHELIO", "RV", "Z_EMI", "Z_ABS", "FINALZ", "SPEC_CLN", "TYPE", "CONFID", "PFITDZ"),
)
SHOWN_ONLY = {"header", "provenance"}
"""Fields that may differ: the cards on display, and the hash of the changed file."""

WRITERS = {
    "sdss": (samples.sdss, {"Z": 0.5, "CLASS": "GALAXY", "REDSHIFT": 0.5}),
    "spspec": (samples.spspec, {"Z": 0.5, "SPEC_CLN": 2}),
    "lamost": (samples.lamost, {"Z": 0.5, "CLASS": "STAR", "SUBCLASS": "K5"}),
    "iraf": (samples.iraf, {"REDSHIFT": 0.5, "Z": 0.5}),
    "gama": (samples.gama, {"Z": 0.5, "NQ": 4}),
    "muse": (samples.muse, {"Z": 0.5, "CONFID": 3, "TYPE": 2}),
    "plain_table": (samples.plain_table, {"Z": 0.5, "CLASS": "QSO"}),
}


def content_of(path: Path) -> list[dict[str, object]]:
    """All that is used of each spectrum, and of its source, without what may differ."""
    listed = []
    for source in recognise(str(path)):
        record = read(source)
        used = {f.name: getattr(record, f.name) for f in fields(record)}
        used |= {f"source {f.name}": getattr(source, f.name) for f in fields(source)}
        for name in (*SHOWN_ONLY, "source sha256", "source path", "source size_bytes"):
            used.pop(name, None)
        listed.append(used)
    return listed


def assert_same(first: list[dict[str, object]], second: list[dict[str, object]]) -> None:
    assert len(first) == len(second) > 0
    for one, other in zip(first, second, strict=True):
        assert one.keys() == other.keys()
        for name, value in one.items():
            if isinstance(value, np.ndarray):
                np.testing.assert_array_equal(value, other[name], err_msg=name)
            else:
                assert value == other[name], name


@pytest.mark.parametrize("name", WRITERS)
def test_other_truth_in_the_header_gives_the_same_record(tmp_path, name):
    write, truth = WRITERS[name]
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    first, second = tmp_path / "1" / "a.fits", tmp_path / "2" / "a.fits"
    write(first, **truth)
    changed = {key: 2 if isinstance(value, int) else "OTHER" for key, value in truth.items()}
    changed |= {key: 3.21 for key, value in truth.items() if isinstance(value, float)}
    write(second, **changed)
    assert_same(content_of(first), content_of(second))
    shown = read(recognise(str(second))[0]).header
    assert all(shown[key] == str(value) for key, value in changed.items())


def test_other_truth_in_the_comments_of_a_text_gives_the_same_record(tmp_path):
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    samples.fors2(first, redshift=0.29266)
    samples.fors2(second, redshift=3.86968)
    assert_same(content_of(first), content_of(second))


def with_other_truth(content: bytes) -> bytes:
    """The file with the digits of every card of truth changed, of FITS or of FORS2's text."""

    def other(match: re.Match[bytes]) -> bytes:
        digits = re.sub(rb"[0-9]", lambda digit: b"%d" % ((int(digit[0]) + 1) % 10), match[2])
        return match[1] + re.sub(rb"GALAXY|QSO|STAR", lambda word: b"X" * len(word[0]), digits)

    for keyword in TRUTH:
        card = rb"(%s= )([^/]{1,20})" % keyword.encode().ljust(8)
        content = re.sub(card, other, content)
    return re.sub(rb"(# z: )([0-9.]+)", other, content)


@pytest.mark.real_data
@pytest.mark.parametrize("folder", ["lamost", "fors2", "muse", "other"])
def test_other_truth_in_real_files_gives_the_same_record(real_data, tmp_path, folder):
    changed = 0
    paths = sorted((real_data / "spectra" / folder).iterdir())
    for path in paths[:: 2 if folder == "other" else 9]:
        plain = path.read_bytes()
        try:
            plain = gzip.decompress(plain) if path.suffix == ".gz" else plain
        except (EOFError, OSError):
            continue
        altered = with_other_truth(plain)
        if altered == plain:
            continue
        for name, content in (("1", plain), ("2", altered)):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / path.name.removesuffix(".gz")).write_bytes(content)
        first, second = (tmp_path / name / path.name.removesuffix(".gz") for name in "12")
        try:
            expected = content_of(first)
        except FileProblem:
            continue
        assert_same(expected, content_of(second))
        changed += 1
        shutil.rmtree(tmp_path / "1")
        shutil.rmtree(tmp_path / "2")
    assert changed > 0


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore")
def test_another_pipeline_answer_in_real_sdss_files_gives_the_same_record(real_data, tmp_path):
    paths = sorted((real_data / "spectra" / "sdss").iterdir())[::9]
    for number, path in enumerate(paths):
        first, second = tmp_path / f"{number}a.fits", tmp_path / f"{number}b.fits"
        with fits.open(path) as file:
            file.writeto(first)
            names = {name.upper(): name for name in file[2].columns.names}
            assert {"Z", "CLASS"} <= set(names)
            for name, value in (("Z", 3.21), ("CLASS", "OTHER"), ("Z_ERR", 9.0)):
                if name in names:
                    file[2].data[names[name]] = value
            file.writeto(second)
        assert first.read_bytes() != second.read_bytes()
        assert_same(content_of(first), content_of(second))
