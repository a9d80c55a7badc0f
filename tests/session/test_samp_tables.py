"""Rows of tables that were sent, found again; the position nearest to one."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.session.samp_tables import SentTable, SentTables, nearest, table_type


@pytest.fixture
def sent() -> SentTables:
    tables = SentTables()
    tables.add(SentTable(table_id="a", url="file:///a.vot", row_ids=(11, 12, 13)))
    tables.add(SentTable(table_id="b", url="file:///b.vot", row_ids=(13, 14)))
    return tables


def test_rows_of_a_message_are_found_by_table_id_or_address(sent):
    assert sent.rows({"table-id": "a", "row": "1"}) == (12,)
    assert sent.rows({"url": "file:///b.vot", "row-list": ["1", "0"]}) == (14, 13)
    assert sent.rows({"table-id": "c", "row": "1"}) == ()
    assert sent.rows({"table-id": "a", "row": "-1"}) == ()
    assert sent.rows({"table-id": "a", "row-list": ["7", "two", "2"]}) == (13,)
    assert sent.rows({}) == ()


def test_a_row_is_pointed_at_in_the_latest_table_that_has_it(sent):
    assert sent.message([13]) == (
        "table.highlight.row", {"table-id": "b", "url": "file:///b.vot", "row": "0"},
    )  # fmt: skip
    assert sent.message([11]) == (
        "table.highlight.row", {"table-id": "a", "url": "file:///a.vot", "row": "0"},
    )  # fmt: skip
    mtype, params = sent.message([13, 14, 99]) or ("", {})
    assert mtype == "table.select.rowList"
    assert params["row-list"] == ["0", "1"]
    assert sent.message([99]) is None


def test_the_nearest_position_agrees_with_astropy_also_at_the_seam_and_the_pole():
    from astropy.coordinates import SkyCoord

    ra = np.array([359.9999, 10.0, 150.0, np.nan, 30.0])
    dec = np.array([0.0, 89.9999, 2.0, 1.0, -89.0])
    for point in ((0.0001, 0.0), (190.0, 89.9999), (150.001, 2.001), (31.0, -89.01)):
        found = nearest(ra, dec, *point)
        assert found is not None
        separations = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(*point, unit="deg")).arcsec
        assert found[0] == int(np.nanargmin(separations))
        assert found[1] == pytest.approx(np.nanmin(separations), rel=1e-6)


@pytest.mark.parametrize(
    ("takers", "rows", "kind"),
    [
        ([("topcat", True, True)], 500, "votable"),
        ([("topcat", True, True)], 500_000, "fits"),
        ([("topcat", True, True), ("SAOImageDS9", True, True)], 500_000, "votable"),
        ([("topcat", True, True), ("old", True, False)], 500_000, "votable"),
        ([("splat", False, True)], 5, "fits"),
    ],
)
def test_a_large_table_goes_as_fits_where_nobody_is_harmed(takers, rows, kind):
    assert table_type(takers, rows) == f"table.load.{kind}"


def test_without_positions_nothing_is_near():
    nothing = np.full(3, np.nan)
    assert nearest(nothing, nothing, 1.0, 2.0) is None
