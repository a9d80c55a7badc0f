"""Archives written by hand, against what NumPy and zipfile make of them."""

import io
import zipfile

import numpy as np
import pytest

from astrogui.records.archive import LARGE_BYTES, SMALL_BYTES, npz_bytes

ARRAYS = {
    "number": np.array(3.5),
    "flag": np.array(True),
    "empty": np.zeros((0, 3), np.float32),
    "short": np.arange(5, dtype=np.int16),
    "middle": np.arange(SMALL_BYTES, dtype=np.uint8),
    "long": np.random.default_rng(1).random((2, LARGE_BYTES)),
    "turned": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "part": np.arange(20.0)[::3],
    "words": np.frombuffer(b"some words", np.uint8),
}


def test_numpy_reads_the_arrays_that_were_written():
    with np.load(io.BytesIO(npz_bytes(ARRAYS, packed=("words",))), allow_pickle=False) as read:
        assert read.files == list(ARRAYS)
        for name, array in ARRAYS.items():
            assert read[name].dtype == array.dtype
            np.testing.assert_array_equal(read[name], array)


def test_the_archive_is_to_the_last_byte_that_of_zipfile():
    expected = io.BytesIO()
    with zipfile.ZipFile(expected, "w") as archive:
        for name, array in ARRAYS.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(array, order="C"), allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy")
            pays = name == "words" or SMALL_BYTES <= array.nbytes < LARGE_BYTES
            member.compress_type = zipfile.ZIP_DEFLATED if pays else zipfile.ZIP_STORED
            member.create_system = 0
            archive.writestr(member, content.getvalue())
    assert npz_bytes(ARRAYS, packed=("words",)) == expected.getvalue()


def test_only_what_is_worth_it_is_compressed_and_all_is_sound():
    with zipfile.ZipFile(io.BytesIO(npz_bytes(ARRAYS, packed=("words",)))) as archive:
        assert archive.testzip() is None
        kinds = {member.filename: member.compress_type for member in archive.infolist()}
    packed = [name for name, kind in kinds.items() if kind == zipfile.ZIP_DEFLATED]
    assert packed == ["middle.npy", "words.npy"]


def test_an_archive_of_nothing_can_be_read():
    with np.load(io.BytesIO(npz_bytes({})), allow_pickle=False) as read:
        assert read.files == []


def test_a_name_that_is_not_plain_is_refused():
    with pytest.raises(UnicodeEncodeError):
        npz_bytes({"ä": np.zeros(2)})
