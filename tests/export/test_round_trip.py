"""Every exporter through one suite: what is written reads back equal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from astrogui.errors import ExportProblem
from astrogui.export import EXPORTERS
from astrogui.export.exporter import Exporter, export, exporter_for, first_difference
from astrogui.export.posteriors import PosteriorEntry, export_posteriors
from astrogui.records.catalogue import Catalogue, Column, catalogue_from_rows
from astrogui.records.posterior import QUANTILE_LEVELS, Parameter, Posterior

COLUMNS = (
    Column(name="file", type="text", description="path as given"),
    Column(name="ra", unit="deg", ucd="pos.eq.ra;meta.main", description="right ascension, ICRS"),
    Column(name="chirp_mass_det", unit="solMass", ucd="phys.mass", description="ℳ, detector"),
    Column(name="count", type="int", description="how many"),
    Column(name="confident", type="bool", description="may be trusted"),
    Column(name="user_comment", type="text", description="the analyst's words"),
)
ROWS = [
    {"file": "a.fits", "ra": 10.123456789012345, "chirp_mass_det": 28.6, "count": 3,
     "confident": True, "user_comment": "α Lyrae, “odd”, 100 % \\ sure\nsecond line"},
    {"file": "b,c.fits", "ra": None, "chirp_mass_det": 1e-300, "count": None,
     "confident": None, "user_comment": None},
    {"file": "d.fits", "ra": -0.0, "chirp_mass_det": None, "count": -(2**53) - 1,
     "confident": False, "user_comment": "plain"},
]  # fmt: skip
META = {"application": "AstroGUI 0.1.0", "project": "Nächte.astrogui"}


def sample() -> Catalogue:
    return catalogue_from_rows(COLUMNS, ROWS, META)


@pytest.fixture(params=EXPORTERS, ids=lambda e: e.name)
def exporter(request) -> Exporter:
    return request.param


def test_a_catalogue_reads_back_equal_with_units_ucds_descriptions_and_meta(exporter, tmp_path):
    path = tmp_path / f"out{exporter.suffixes[0]}"
    export(sample(), path, EXPORTERS)
    read = exporter.read(path)
    assert first_difference(sample(), read) == ""
    assert [(c.name, c.type, c.unit, c.ucd, c.description) for c in read.columns] == [
        (c.name, c.type, c.unit, c.ucd, c.description) for c in COLUMNS
    ]
    assert META.items() <= read.meta.items()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        p.name for p in (path, *exporter.companions(path))
    )


def test_no_rows_are_a_catalogue_too(exporter, tmp_path):
    path = tmp_path / f"out{exporter.suffixes[0]}"
    export(catalogue_from_rows(COLUMNS, [], META), path, EXPORTERS)
    assert len(exporter.read(path)) == 0


@pytest.mark.parametrize("cell", ["#1.fits", "", '"quoted"', "two words", "# a comment?", "\\n"])
def test_text_that_means_something_to_the_format_stays_text(exporter, tmp_path, cell):
    rows = [{**ROWS[0], "file": cell, "user_comment": cell}, ROWS[1]]
    path = tmp_path / f"out{exporter.suffixes[0]}"
    export(catalogue_from_rows(COLUMNS, rows), path, EXPORTERS)
    assert exporter.read(path).rows()[0]["file"] == cell


text = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\x85"))


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "file": text.map(str.strip),
                "ra": st.none() | st.floats(allow_nan=False, allow_infinity=False),
                "chirp_mass_det": st.none() | st.floats(allow_nan=False, allow_infinity=False),
                "count": st.none() | st.integers(-(2**62), 2**62),
                "confident": st.none() | st.booleans(),
                "user_comment": text.map(str.strip),
            }
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_rows_read_back_equal(exporter, tmp_path, rows):
    export(catalogue_from_rows(COLUMNS, rows), tmp_path / f"o{exporter.suffixes[0]}", EXPORTERS)


def test_an_export_that_reads_back_different_leaves_the_old_file(tmp_path):
    class Forgetful(Exporter):
        name, suffixes = "forgetful", (".fits",)

        def write(self, catalogue, path):
            path.write_bytes(b"new")

        def read(self, path):
            return catalogue_from_rows(COLUMNS, ROWS[:2])

    path = tmp_path / "out.fits"
    path.write_bytes(b"old")
    with pytest.raises(ExportProblem, match="3 rows became 2"):
        export(sample(), path, (Forgetful(),))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_differences_name_column_and_row():
    other = catalogue_from_rows(COLUMNS, [*ROWS[:2], {**ROWS[2], "ra": 1e-9}])
    assert first_difference(sample(), other).startswith("column ra, row 3")
    other = catalogue_from_rows(COLUMNS, [ROWS[0], {**ROWS[1], "count": 0}, ROWS[2]])
    assert first_difference(sample(), other).startswith("column count, row 2")


def test_an_unknown_ending_names_the_endings_there_are():
    with pytest.raises(ExportProblem, match=r"\.parquet"):
        exporter_for("out.docx", EXPORTERS)


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ExportProblem, match="nowhere"):
        export(sample(), tmp_path / "nowhere" / "out.fits", EXPORTERS)


def test_posteriors_reach_hdf5_with_their_units(tmp_path):
    import h5py

    posterior = Posterior(
        parameters=(Parameter(name="chirp_mass_det", title="chirp mass", unit="solMass"),),
        quantiles=28 + QUANTILE_LEVELS[None],
        draws=np.random.default_rng(1).normal(28, 1, (50, 1)),
        draw_names=("chirp_mass_det",),
    )
    entry = PosteriorEntry(name="row_1_bbh", attributes={"file": "a"}, posterior=posterior)
    assert export_posteriors([entry], tmp_path / "p.hdf5") == 1
    with h5py.File(tmp_path / "p.hdf5") as file:
        assert list(file["row_1_bbh"].attrs["units"]) == ["solMass"]
        assert np.array_equal(file["row_1_bbh/draws"][()], posterior.draws)
