"""What every listed reader owes: one claim, a whole record, and refusals in words."""

from __future__ import annotations

import hashlib
import os
import warnings
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from astropy.io import fits
from samples import SAMPLES, gwosc_hdf5, plain_fits, sky_header, sky_pixels

from astrogui.errors import (
    Damaged,
    FileProblem,
    MissingMetadata,
    NotRecognised,
    TooLarge,
    Unreadable,
    Unsuitable,
)
from astrogui.readers import READERS, read, recognise
from astrogui.readers.reader import Head
from astrogui.records.source import Source

REFUSING = {"bare strain HDF5"}  # recognised in order to be refused in words


def refusal(path: Path | str) -> FileProblem:
    """The problem that recognising and reading the file ends with."""
    try:
        for source in recognise(str(path)):
            read(source)
    except FileProblem as problem:
        return problem
    pytest.fail(f"{path} was accepted")


def says_all(problem: FileProblem, path: Path) -> bool:
    """Whether the words name the file, a cause and a next step."""
    return str(path) in str(problem) and bool(problem.cause) and bool(problem.advice)


@pytest.fixture(params=SAMPLES, ids=lambda sample: sample.name)
def sample(request):
    return request.param


def test_every_reader_has_a_sample():
    named = {sample.reader for sample in SAMPLES} | REFUSING
    assert {reader.name for reader in READERS if not reader.name.startswith("no ")} <= named


def test_names_of_readers_differ():
    names = [reader.name for reader in READERS]
    assert len(set(names)) == len(names)


def test_a_sample_is_claimed_by_its_reader_alone(sample, tmp_path):
    path = sample.path_in(tmp_path)
    claiming = [r for r in READERS if not r.generic and r.claims(Head(str(path)))]
    claiming = claiming or [r for r in READERS if r.generic and r.claims(Head(str(path)))]
    assert [reader.name for reader in claiming] == [sample.reader]


def test_a_sample_is_read_whole(sample, tmp_path):
    sources = recognise(str(sample.path_in(tmp_path)))
    assert len({source.key for source in sources}) == len(sources)
    for source in sources:
        record = read(source)
        assert source.format == sample.reader
        assert record.provenance.sha256 == source.sha256 != ""
        assert record.provenance.reader == sample.reader


def test_the_name_of_a_file_does_not_matter(sample, tmp_path):
    path = sample.path_in(tmp_path)
    formats = {source.format for source in recognise(str(path))}
    renamed = path.rename(tmp_path / "no_suffix")
    assert {source.format for source in recognise(str(renamed))} == formats


def test_a_file_cut_in_the_middle_is_refused(sample, tmp_path):
    path = sample.path_in(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2 + 101])  # not between two HDUs
    assert says_all(refusal(path), path)


def test_a_file_that_shrinks_after_recognition_is_refused(sample, tmp_path):
    path = sample.path_in(tmp_path)
    sources = recognise(str(path))
    path.write_bytes(path.read_bytes()[:100])
    for source in sources:
        with pytest.raises(FileProblem, match=path.name):
            read(source)


def test_a_file_that_vanishes_after_recognition_is_refused(sample, tmp_path):
    path = sample.path_in(tmp_path)
    sources = recognise(str(path))
    path.unlink()
    for source in sources:
        with pytest.raises(FileProblem, match=path.name):
            read(source)


def test_a_wrong_magic_is_refused(sample, tmp_path):
    path = sample.path_in(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(b"\x01\x02\x03\x04\x05\x06\x07\x08\x09" + whole[9:])
    assert says_all(refusal(path), path)


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "empty.fits"
    path.write_bytes(b"")
    problem = refusal(path)
    assert isinstance(problem, Damaged)
    assert "empty" in problem.cause


def test_a_directory_is_refused(tmp_path):
    assert isinstance(refusal(tmp_path), Unreadable)


def test_an_absent_file_is_refused(tmp_path):
    assert isinstance(refusal(tmp_path / "absent.fits"), Unreadable)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_a_file_without_permission_is_refused(tmp_path):
    path = tmp_path / "secret.fits"
    plain_fits(path)
    path.chmod(0)
    assert isinstance(refusal(path), Unreadable)


def test_a_file_that_the_system_will_not_open_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "secret.fits"
    plain_fits(path)
    monkeypatch.setattr("astrogui.readers.reader.os.access", lambda *_: False)
    problem = refusal(path)
    assert isinstance(problem, Unreadable)
    assert "permission" in problem.cause


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_at_once(tmp_path):
    path = tmp_path / "pipe.fits"
    os.mkfifo(path)
    assert isinstance(refusal(path), Unreadable)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS"),
        (bytes(range(256)) * 20, "no known format"),
    ],
)
def test_what_is_no_observation_is_refused_in_words(content, words, tmp_path):
    path = tmp_path / "download.fits"
    path.write_bytes(content)
    problem = refusal(path)
    assert isinstance(problem, NotRecognised)
    assert words in problem.cause


def test_an_image_of_nan_is_refused(tmp_path):
    path = tmp_path / "nan.fits"
    fits.PrimaryHDU(np.full((20, 20), np.nan, np.float32), sky_header()).writeto(path)
    problem = refusal(path)
    assert isinstance(problem, Unsuitable)
    assert "HDU 0" in problem.place


def test_an_image_with_an_axis_of_length_zero_is_refused(tmp_path):
    path = tmp_path / "zero.fits"
    plain_fits(path)
    path.write_bytes(with_card(path.read_bytes(), "NAXIS2", 0)[:2880])
    problem = refusal(path)
    assert isinstance(problem, Damaged)
    assert "axis 2 of the image has length 0" in problem.cause


@pytest.mark.parametrize(("length", "kind"), [(10**7, Damaged), (10**16, TooLarge)])
def test_huge_axes_are_refused_before_memory_is_asked_for(length, kind, tmp_path):
    path = tmp_path / "huge.fits"
    plain_fits(path)
    path.write_bytes(with_card(path.read_bytes(), "NAXIS1", length))
    assert isinstance(refusal(path), kind)


def test_a_huge_tile_compressed_image_is_refused(tmp_path):
    path = tmp_path / "huge.fits.fz"
    next(s for s in SAMPLES if s.name == "rice").write(path)
    content = with_card(path.read_bytes(), "ZNAXIS1", 10**9)
    path.write_bytes(with_card(content, "ZTILE1", 10**9))
    assert isinstance(refusal(path), TooLarge)


def test_a_hdf5_link_to_another_file_is_refused(tmp_path):
    path, other = tmp_path / "linked.hdf5", tmp_path / "other.hdf5"
    gwosc_hdf5(other)
    gwosc_hdf5(path)
    with h5py.File(path, "r+") as file:
        del file["strain/Strain"]
        file["strain/Strain"] = h5py.ExternalLink(str(other), "strain/Strain")
    problem = refusal(path)
    assert isinstance(problem, Damaged)
    assert problem.place == "strain/Strain"
    assert "other.hdf5" in problem.cause
    assert problem.advice


def test_hdf5_data_in_another_file_are_refused(tmp_path):
    path, raw = tmp_path / "outside.hdf5", tmp_path / "passwords"
    gwosc_hdf5(path)
    raw.write_bytes(bytes(2048 * 8))
    with h5py.File(path, "r+") as file:
        attributes = dict(file["strain/Strain"].attrs)
        del file["strain/Strain"]
        dataset = file.create_dataset(
            "strain/Strain", (2048,), "f8", external=[(str(raw), 0, 2048 * 8)]
        )
        dataset.attrs.update(attributes)
    problem = refusal(path)
    assert isinstance(problem, Damaged)
    assert "another file" in problem.cause


def test_hdf5_chunks_that_were_never_written_are_refused(tmp_path):
    path = tmp_path / "holes.hdf5"
    gwosc_hdf5(path)
    with h5py.File(path, "r+") as file:
        attributes = dict(file["strain/Strain"].attrs)
        del file["strain/Strain"]
        dataset = file.create_dataset("strain/Strain", (2048,), "f8", chunks=(512,))
        dataset[:512] = 1e-19
        dataset.attrs.update(attributes)
    problem = refusal(path)
    assert isinstance(problem, Damaged)
    assert "1 of 4 chunks" in problem.cause


def test_strain_without_a_time_is_refused(tmp_path):
    path = tmp_path / "bare.hdf5"
    with h5py.File(path, "w") as file:
        file["strain"] = np.zeros(100)
        file["strain"].attrs["fs"] = 4096.0
    problem = refusal(path)
    assert isinstance(problem, MissingMetadata)
    assert "GPS time" in problem.cause


def test_two_readers_that_claim_one_file_are_named(tmp_path, monkeypatch):
    path = tmp_path / "plain.fits"
    plain_fits(path)
    image = next(reader for reader in READERS if reader.name == "FITS image")

    class Rival(type(image)):
        name = "rival"

    from astrogui.readers.reader import recognise as recognise_among

    with pytest.raises(FileProblem, match="FITS image and rival"):
        recognise_among(str(path), (image, Rival()))


def test_reading_leaves_no_warning(sample, tmp_path):
    path = sample.path_in(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for source in recognise(str(path)):
            read(replace(source))


def test_a_part_in_brackets_is_found(tmp_path):
    path = tmp_path / "bands.fits"
    next(s for s in SAMPLES if s.name == "extensions").write(path)
    (source,) = recognise(f"{path}[R]")
    assert (source.part, source.band) == ("R", "r")
    np.testing.assert_array_equal(read(source).section(0, 30, 0, 40), sky_pixels() + 1)
    assert recognise(f"{path}[2]")[0].part == "G"
    assert "Its images are" in refusal(f"{path}[NONE]").advice


def with_card(content: bytes, keyword: str, value: int) -> bytes:
    """The file with the value of the first card of that keyword replaced."""
    at = content.index(f"{keyword:<8}=".encode())
    return content[: at + 10] + b"%20d" % value + content[at + 30 :]


def test_a_file_is_hashed_once_as_long_as_it_is_the_same(tmp_path):
    """Each plane of a cube that is played is recognised, and asked for the hash of the whole."""
    path = tmp_path / "one.fits"
    path.write_bytes(b"one")
    first = Head(str(path)).sha256
    assert first == hashlib.sha256(b"one").hexdigest()
    assert Head(str(path)).sha256 is first
    path.unlink()
    path.write_bytes(b"two")
    assert Head(str(path)).sha256 == hashlib.sha256(b"two").hexdigest()


def test_a_source_of_a_reader_that_is_gone_is_refused_in_words():
    with pytest.raises(NotRecognised, match=r"old\.fits.*'plates'.*add the file again"):
        read(Source(path="old.fits", kind="spectrum", format="plates"))
