"""Bands of one field and detectors of one stretch of time find each other."""

from __future__ import annotations

import random
import time
from dataclasses import replace

import pytest

from astrogui.readers.grouping import group_sources
from astrogui.records.source import Source

FIELD = Source(
    path="frames/frame-r.fits",
    kind="image",
    format="FITS image",
    shape=(1489, 2048),
    ra_deg=336.66,
    dec_deg=-0.93,
    band="r",
    pixel_scale_arcsec=0.396,
    has_wcs=True,
)
STRAIN = Source(
    path="strain/H1.hdf5",
    kind="strain",
    format="GWOSC HDF5",
    detector="H1",
    gps_start=1126259446.0,
    duration_s=32.0,
    sample_rate_hz=4096.0,
)


def band(name: str, **more: object) -> Source:
    return replace(FIELD, path=f"frames/frame-{name}.fits", band=name, **more)


def detector(name: str, **more: object) -> Source:
    return replace(STRAIN, path=f"strain/{name}.hdf5", detector=name, **more)


def names(groups: list[tuple[Source, ...]]) -> list[str]:
    return ["".join(source.band or source.detector for source in group) for group in groups]


def test_bands_shifted_by_some_pixels_are_one_field():
    shifted = [band(b, dec_deg=-0.93 + i * 14 * 0.396 / 3600) for i, b in enumerate("ugriz")]
    assert names(group_sources(shifted[::-1])) == ["ugriz"]


def test_the_order_of_the_files_does_not_matter():
    sources = [band(b) for b in "ugriz"] + [detector(d) for d in ("H1", "L1", "V1")]
    sources += [replace(band(b), path=f"other/{b}.fits", ra_deg=10.0) for b in "gr"]
    due = group_sources(sources)
    for seed in range(20):
        random.Random(seed).shuffle(sources)
        assert group_sources(sources) == due


def test_every_source_is_in_one_group():
    sources = [band("r"), band("r", ra_deg=336.661), band("g"), detector("H1"), detector("L1")]
    sources += [replace(FIELD, kind="spectrum", path="spec.fits")]
    groups = group_sources(sources)
    assert sorted(id(s) for group in groups for s in group) == sorted(id(s) for s in sources)


@pytest.mark.parametrize(
    "other",
    [
        {"ra_deg": 337.2},
        {"dec_deg": -1.5},
        {"pixel_scale_arcsec": 0.2},
        {"has_wcs": False, "ra_deg": None, "dec_deg": None, "pixel_scale_arcsec": None},
    ],
)
def test_other_fields_and_other_cameras_stand_alone(other):
    assert sorted(names(group_sources([FIELD, band("g", **other)]))) == ["g", "r"]


def test_fields_on_both_sides_of_right_ascension_zero_meet():
    sources = [band("g", ra_deg=359.9999), band("r", ra_deg=0.0001)]
    assert names(group_sources(sources)) == ["gr"]


def test_fields_at_the_pole_meet():
    sources = [band("g", dec_deg=89.9999, ra_deg=10.0), band("r", dec_deg=89.9999, ra_deg=80.0)]
    assert names(group_sources(sources)) == ["gr"]


def test_a_field_at_the_edge_of_a_cell_meets_its_neighbour():
    assert names(group_sources([band("g", dec_deg=1.9999), band("r", dec_deg=2.0001)])) == ["gr"]


def test_duplicates_of_a_band_form_groups_of_their_own():
    copies = [replace(band(b), path=f"{folder}/{b}.fits") for folder in "ab" for b in "gri"]
    groups = group_sources(copies)
    assert names(groups) == ["gri", "gri"]
    assert [{source.path[0] for source in group} for group in groups] == [{"a"}, {"b"}]


def test_extensions_without_sky_group_within_their_file_only():
    blind = {"has_wcs": False, "ra_deg": None, "dec_deg": None, "pixel_scale_arcsec": None}
    files = [
        replace(FIELD, path=path, part=b, band=b, **blind)
        for path in ("a.fits", "b.fits")
        for b in "gr"
    ]
    assert names(group_sources(files)) == ["gr", "gr"]


def test_masks_and_images_without_a_band_stand_alone():
    sources = [FIELD, band("g", supporting=True), replace(FIELD, path="x.fits", band="")]
    assert len(group_sources(sources)) == 3


def test_detectors_of_one_time_are_one_network_in_their_order():
    assert names(group_sources([detector(d) for d in ("V1", "L1", "H1")])) == ["H1L1V1"]


@pytest.mark.parametrize("other", [{"gps_start": 1126259500.0}, {"sample_rate_hz": 16384.0}])
def test_other_times_and_other_rates_stand_alone(other):
    assert sorted(names(group_sources([STRAIN, detector("L1", **other)]))) == ["H1", "L1"]


def test_a_network_prefers_the_usual_rate_and_duplicates_stand_alone():
    fast = replace(STRAIN, path="strain/H1_16.hdf5", sample_rate_hz=16384.0)
    groups = group_sources([fast, detector("L1"), STRAIN])
    assert names(groups) == ["H1L1", "H1"]
    assert groups[1] == (fast,)


def test_a_network_prefers_the_stretch_of_time_most_alike():
    long = [detector(d, gps_start=1126259400.0, duration_s=120.0) for d in ("H1", "L1")]
    long = [replace(source, path=f"long/{source.detector}.hdf5") for source in long]
    groups = group_sources([*long, detector("H1"), detector("L1")])
    assert names(groups) == ["H1L1", "H1L1"]
    assert {len({s.duration_s for s in group}) for group in groups} == {1}


def test_a_long_list_is_grouped_in_good_time():
    sources = [
        replace(FIELD, path=f"{n}{b}.fits", band=b, ra_deg=n % 40 * 0.3, dec_deg=n // 40 * 0.3)
        for n in range(1600)
        for b in "ugriz"
    ]
    begin_s = time.process_time()
    assert len(group_sources(sources)) == 1600
    assert time.process_time() - begin_s < 8
