"""Strain: lengths that must agree, quality that is kept, and series that are no raw strain."""

from __future__ import annotations

import gzip

import h5py
import numpy as np
import pytest
from samples import (
    DURATION_S,
    GPS_START,
    RATE_HZ,
    gwosc_hdf5,
    gwosc_text,
    gwpy_hdf5,
    pycbc_hdf,
    strain_samples,
    two_column_text,
)

from astrogui.errors import Damaged, FileProblem, MissingMetadata, TooLarge, Unreadable, Unsuitable
from astrogui.readers import hdf5_structure, read, recognise, strain_note
from astrogui.readers.gwf import FILE_HEADER_BYTES


@pytest.fixture
def path(tmp_path):
    return tmp_path / "strain.hdf5"


def only(path):
    (source,) = recognise(str(path))
    return read(source)


def changed(path, change):
    """The GWOSC sample after ``change(file)``."""
    gwosc_hdf5(path)
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def test_all_that_a_gwosc_file_tells_is_kept(path):
    gwosc_hdf5(path)
    record = only(path)
    np.testing.assert_array_equal(record.samples, strain_samples())
    assert (record.detector, record.gps_start, record.sample_rate_hz) == ("H1", GPS_START, RATE_HZ)
    assert record.quality.tolist() == [127, 123]
    assert record.quality_names[2] == "CBC_CAT2"
    assert record.injections.tolist() == [23, 23]
    assert "CBC_CAT2 fails in 1 s of 2" in record.notes
    assert record.header["meta/Detector"] == "H1"
    assert any(note.startswith("SIMULATED") for note in record.notes)


def test_single_precision_becomes_double(path):
    def single(file):
        attributes = dict(file["strain/Strain"].attrs)
        del file["strain/Strain"]
        file["strain/Strain"] = strain_samples().astype(np.float32)
        file["strain/Strain"].attrs.update(attributes)

    record = only(changed(path, single))
    assert record.samples.dtype == np.float64
    np.testing.assert_allclose(record.samples, strain_samples(), rtol=1e-7)


def set_scalar(name, value):
    def change(file):
        del file[name]
        file[name] = value

    return change


def set_attribute(name, value):
    return lambda file: file["strain/Strain"].attrs.__setitem__(name, value)


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (set_scalar("meta/Duration", 4), Damaged, "2048 samples, but the header promises 4096"),
        (set_scalar("meta/Duration", "two"), Damaged, "expected a number"),
        (set_scalar("meta/GPSstart", GPS_START + 1), Damaged, "strain/Strain says"),
        (set_scalar("meta/GPSstart", np.nan), Damaged, "expected a number"),
        (set_attribute("Npoints", 2000), Damaged, "2048 samples"),
        (set_attribute("Xspacing", 0.0), Damaged, "sample spacing"),
        (set_attribute("Xspacing", -1 / RATE_HZ), Damaged, "sample spacing"),
        (lambda file: file["strain/Strain"].attrs.pop("Xspacing"), MissingMetadata, "Xspacing"),
        (set_scalar("strain/Strain", np.zeros((2, 3))), Damaged, "expected a series"),
        (set_scalar("strain/Strain", np.zeros(5, int)), Damaged, "expected a series"),
        (set_scalar("quality/simple/DQmask", np.zeros(7, "u4")), Damaged, "each of 2 s"),
    ],
)
def test_what_contradicts_itself_is_refused(path, change, kind, words):
    with pytest.raises(kind, match=words):
        only(changed(path, change))


def test_a_data_set_that_asks_for_too_much_is_refused_before_it_is_read(path):
    def huge(file):
        attributes = dict(file["strain/Strain"].attrs)
        del file["strain/Strain"]
        dataset = file.create_dataset("strain/Strain", (1 << 40,), "f8", chunks=(1 << 20,))
        dataset.attrs.update(attributes)

    with pytest.raises(TooLarge, match="GiB"):
        only(changed(path, huge))


def test_missing_samples_stay_missing_and_are_told(path):
    def gap(file):
        values = file["strain/Strain"][()]
        values[100:612] = np.nan
        file["strain/Strain"][...] = values

    record = only(changed(path, gap))
    assert record.gaps.sum() == 512
    assert "0.5 s of 2 s have no data (NaN)" in record.notes


def test_a_series_of_nothing_but_gaps_is_refused(path):
    def nothing(file):
        file["strain/Strain"][...] = np.nan

    with pytest.raises(Unsuitable, match="every sample is missing"):
        only(changed(path, nothing))


def test_a_file_without_masks_says_that_its_quality_is_unknown(path):
    record = only(changed(path, lambda file: file.__delitem__("quality")))
    assert record.quality is None
    assert any("quality unknown" in note for note in record.notes)


def test_a_virtual_data_set_is_refused(path, tmp_path):
    other = tmp_path / "other.hdf5"
    gwosc_hdf5(other)

    def virtual(file):
        attributes = dict(file["strain/Strain"].attrs)
        del file["strain/Strain"]
        layout = h5py.VirtualLayout((2048,), "f8")
        layout[:] = h5py.VirtualSource(str(other), "strain/Strain", (2048,))
        file.create_virtual_dataset("strain/Strain", layout)
        file["strain/Strain"].attrs.update(attributes)

    with pytest.raises(Damaged, match="another file"):
        only(changed(path, virtual))


def test_a_link_by_name_is_refused(path):
    def soft(file):
        file.move("strain/Strain", "elsewhere")
        file["strain/Strain"] = h5py.SoftLink("/elsewhere")

    with pytest.raises(Damaged, match="link by name"):
        only(changed(path, soft))


def test_groups_that_hold_themselves_end_the_walk(path):
    def ring(file):
        file["meta/again"] = file["/"]

    assert only(changed(path, ring)).detector == "H1"


def test_the_start_of_a_gwpy_file_may_be_between_seconds(path):
    gwpy_hdf5(path)
    record = only(path)
    assert (record.gps_start, record.detector) == (GPS_START + 0.25, "H1")


def test_a_detector_that_the_file_does_not_tell_can_be_given(path):
    pycbc_hdf(path)
    record = only(path)
    assert record.detector == ""
    assert any("which detector" in note for note in record.notes)
    (source,) = recognise(str(path), {"detector": "L1"})
    assert (source.detector, read(source).detector) == ("L1", "L1")


def test_text_holds_the_samples_it_was_written_from(tmp_path):
    path = tmp_path / "strain.txt"
    gwosc_text(path)
    record = only(path)
    np.testing.assert_array_equal(record.samples, strain_samples())
    assert (record.detector, record.gps_start) == ("H1", GPS_START)
    assert record.duration_s == DURATION_S


def test_two_columns_give_rate_and_start(tmp_path):
    path = tmp_path / "strain.txt.gz"
    two_column_text(path)
    path.write_bytes(gzip.compress(path.read_bytes()))
    record = only(path)
    np.testing.assert_allclose(record.samples, strain_samples(), rtol=1e-11)
    assert (record.gps_start, record.sample_rate_hz, record.detector) == (GPS_START, RATE_HZ, "L1")


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (lambda rows: rows[:900] + rows[901:], Damaged, "do not rise evenly"),
        (lambda rows: rows[:900] + ["1126259447.9"] + rows[901:], Damaged, "cannot be read"),
        (lambda rows: rows[:900] + ["x y"] + rows[901:], Damaged, "cannot be read"),
        (lambda rows: [f"{i} {i * 1e-21}" for i in range(2000)], MissingMetadata, "no GPS time"),
        (lambda rows: [f"{GPS_START + i / 512} 0.5" for i in range(512)], Unsuitable, "no raw str"),
        (lambda rows: [f"{GPS_START + i / 512} nan" for i in range(512)], Unsuitable, "missing"),
    ],
)
def test_text_that_is_no_raw_strain_is_refused(tmp_path, change, kind, words):
    path = tmp_path / "strain.txt"
    two_column_text(path)
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, *change(rows)]) + "\n")
    with pytest.raises(kind, match=words):
        only(path)


def test_text_whose_last_line_does_not_end_is_refused(tmp_path):
    path = tmp_path / "strain.txt"
    two_column_text(path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(Damaged, match="last line does not end"):
        only(path)


def test_text_that_stops_between_two_seconds_is_doubted(tmp_path):
    path = tmp_path / "strain.txt"
    two_column_text(path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:1500]) + "\n")
    assert any("may have been cut" in note for note in only(path).notes)


def test_a_frame_file_without_gwpy_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gwpy.io.gwf", None)
    path = tmp_path / "strain.gwf"
    structure = (64).to_bytes(8, "little") + bytes(56)
    header = b"IGWD\x00\x08\x01\x02\x04\x08\x04\x08\x34\x12".ljust(FILE_HEADER_BYTES, b"\0")
    path.write_bytes(header + structure * 3)
    with pytest.raises(Unreadable, match=r"astrogui\[frames\]"):
        recognise(str(path))
    path.write_bytes(header + structure * 3 + structure[:20])
    with pytest.raises(FileProblem, match="chain of frame structures breaks"):
        recognise(str(path))


def test_a_heap_of_texts_that_does_not_move_on_is_refused(path):
    """The HDF5 library follows such a list without end."""
    gwosc_hdf5(path)
    content = path.read_bytes()
    at = content.index(b"GCOL") + 16
    path.write_bytes(content[:at] + bytes(64) + content[at + 64 :])
    with pytest.raises(Damaged, match="global heap at byte"):
        only(path)


def test_a_file_is_searched_for_broken_heaps_once_as_long_as_it_is_the_same(path, monkeypatch):
    """To go through 4096 s of strain takes a tenth of a second, each time."""
    gwosc_hdf5(path)
    searched, search = [], hdf5_structure._search_heaps
    monkeypatch.setattr(
        hdf5_structure, "_search_heaps", lambda path: (searched.append(path), search(path))
    )
    assert only(path).detector == only(path).detector == "H1"
    assert len(searched) == 1
    content = path.read_bytes()
    at = content.index(b"GCOL") + 16
    path.unlink()
    path.write_bytes(content[:at] + bytes(64) + content[at + 64 :])
    with pytest.raises(Damaged, match="global heap at byte"):
        only(path)


@pytest.mark.parametrize("known", [slice(None), slice(7, 8), slice(1_000_001, 1_000_003)])
def test_a_long_series_is_judged_by_some_of_its_samples(known):
    samples = np.full(3 * strain_note.MOST_LOOKED_AT, np.nan)
    with pytest.raises(Unsuitable, match="every sample is missing"):
        strain_note.require_samples("a.hdf5", "strain", samples)
    samples[known] = 1e-21
    strain_note.require_samples("a.hdf5", "strain", samples)
    samples[known] = 1.0
    with pytest.raises(Unsuitable, match="are no raw strain"):
        strain_note.require_samples("a.hdf5", "strain", samples)
