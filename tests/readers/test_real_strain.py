"""Every real strain file is read as its guide says, or refused in words."""

from __future__ import annotations

import csv
import importlib.util

import numpy as np
import pytest

from astrogui.errors import Damaged, FileProblem, MissingMetadata, Unreadable, Unsuitable
from astrogui.readers import read, recognise
from astrogui.readers.grouping import group_sources

pytestmark = pytest.mark.real_data

HAS_GWPY = importlib.util.find_spec("gwpy") is not None
NO_DETECTOR = {"hdf-pycbc", "hdf5-gwpy"}
REFUSED = {"hdf5-bare": MissingMetadata, "txt-2col": Unsuitable, "corrupt": FileProblem}


@pytest.fixture(scope="module")
def strain(real_data):
    return real_data / "strain"


@pytest.fixture(scope="module")
def rows(strain):
    with open(strain / "files.csv", newline="") as file:
        return list(csv.DictReader(file))


def only(path):
    (source,) = recognise(str(path))
    return read(source)


def test_every_file_is_read_or_refused_as_the_guide_says(strain, rows):
    count = 0
    for row in rows:
        path = strain / row["file"]
        refused = REFUSED.get(row["format"])
        if "BADMETA" in row["file"]:
            refused = Damaged
        if row["format"] == "gwf" and not HAS_GWPY:
            refused = Unreadable
        if refused:
            with pytest.raises(refused, match=path.name):
                only(path)
            continue
        for source in recognise(str(path)):
            record = read(source)
            assert record.detector == source.detector
            if row["format"] not in NO_DETECTOR:
                assert record.detector in row["detector"]
            assert record.gps_start == pytest.approx(float(row["gps_start"]), abs=1e-6), path
            assert record.sample_rate_hz == float(row["sample_rate"])
            assert record.duration_s == pytest.approx(float(row["duration"]), abs=1e-6)
            missing_s = record.gaps.sum() / record.sample_rate_hz
            assert missing_s == float(row["nan_seconds"] or 0)
            assert record.samples.dtype == np.float64
            count += 1
    assert count >= 35


def test_the_other_folders_hold_no_strain(strain):
    for path in [*strain.glob("psds/*.hdf5"), *strain.glob("posteriors/*.hdf5")]:
        with pytest.raises(FileProblem, match="layout that is not known"):
            recognise(str(path))


def test_quality_bits_are_kept_and_told(strain):
    record = only(strain / "corrupt" / "L-L1_CAT2FAIL_4KHZ-1128678884-16.hdf5")
    assert record.quality_names[:4] == ("DATA", "CBC_CAT1", "CBC_CAT2", "CBC_CAT3")
    assert (record.quality & 4 == 0).sum() == 3
    assert "CBC_CAT2 fails in 3 s of 16" in record.notes
    assert record.injections is not None


def test_gaps_are_kept_as_gaps(strain):
    record = only(strain / "corrupt" / "L-L1_NANGAP_4KHZ-1128678884-32.hdf5")
    assert record.gaps.sum() == 6 * 4096
    assert "6 s of 32 s have no data (NaN)" in record.notes


def test_unknown_quality_is_not_called_good(strain):
    path = strain / "files" / "H-H1_GWOSC_4KHZ_R1-1242442952-32_npz.hdf5"
    (source,) = recognise(str(path))
    assert any("quality unknown" in remark for remark in source.remarks)
    assert read(source).quality is None


def test_text_and_hdf5_of_one_release_hold_the_same_samples(strain):
    text = only(strain / "files" / "H-H1_GWOSC_4KHZ_R1-1267963136-32.txt.gz")
    hdf5 = only(strain / "files" / "H-H1_GWOSC_4KHZ_R1-1267963136-32.hdf5")
    np.testing.assert_allclose(text.samples, hdf5.samples, rtol=1e-12)


def test_two_columns_hold_the_samples_they_were_cut_from(strain):
    text = only(strain / "odd_layouts" / "L1_GW150914_8s_two_column.txt.gz")
    whole = only(strain / "files" / "L-L1_LOSC_4_V2-1126259446-32.hdf5")
    begin = round((text.gps_start - whole.gps_start) * 4096)
    np.testing.assert_allclose(
        text.samples, whole.samples[begin : begin + text.samples.size], rtol=1e-9
    )


@pytest.mark.skipif(not HAS_GWPY, reason="gwpy is not installed")
@pytest.mark.parametrize("name", ["H-H1_LOSC_4_V2-1126259446", "L-L1_GWOSC_4KHZ_R1-1267963136"])
def test_frames_and_hdf5_of_one_release_are_the_same(strain, name):
    frame = only(strain / "files" / f"{name}-32.gwf")
    hdf5 = only(strain / "files" / f"{name}-32.hdf5")
    np.testing.assert_array_equal(frame.samples, hdf5.samples)
    np.testing.assert_array_equal(frame.quality, hdf5.quality)
    np.testing.assert_array_equal(frame.injections, hdf5.injections)
    assert (frame.gps_start, frame.detector) == (hdf5.gps_start, hdf5.detector)


def test_detectors_of_one_time_are_one_network_and_duplicates_stand_alone(strain):
    sources = []
    for path in sorted((strain / "files").glob("*.hdf5")):
        sources += recognise(str(path))
    groups = group_sources(sources[::-1])
    assert groups == group_sources(sources)
    detectors = ["".join(source.detector for source in group) for group in groups]
    assert sorted(detectors) == ["H1"] + ["H1L1"] * 5 + ["H1L1V1"] * 6
    (alone,) = next(group for group in groups if len(group) == 1)
    assert alone.sample_rate_hz == 16384
