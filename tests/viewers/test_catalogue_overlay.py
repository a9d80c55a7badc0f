"""An analyst's own catalogue on the image: found columns, places, clicks, pairs, many sources."""

from __future__ import annotations

import numpy as np
import pytest
import viewer_samples as samples
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from astrogui.records.catalogue import Catalogue, Column
from astrogui.viewers.catalogue_item import MOST_SYMBOLS
from astrogui.viewers.catalogue_overlay import CatalogueOverlay, match_table
from astrogui.viewers.catalogue_panel import CataloguePanel
from astrogui.viewers.image_view import ImageView
from astrogui.viewers.sky_columns import SkyColumns, guessed_columns, sky_positions

LEFT = Qt.MouseButton.LeftButton


def catalogue(**columns) -> Catalogue:
    """A catalogue of columns given as values, or as (values, unit, ucd)."""
    made, values = [], {}
    for name, given in columns.items():
        cells, unit, ucd = given if isinstance(given, tuple) else (given, "", "")
        array = np.asarray(cells)
        kind = {"f": "float", "i": "int", "b": "bool"}.get(array.dtype.kind, "text")
        made.append(Column(name=name, type=kind, unit=unit, ucd=ucd))
        values[name] = array
    return Catalogue(columns=tuple(made), values=values)


@pytest.fixture
def view(shown):
    return shown(ImageView, samples.field())


@pytest.fixture
def overlay(view):
    return CatalogueOverlay(view)


def on_pixels(view, pixels) -> Catalogue:
    """A catalogue whose sources lie at these pixels of the view's image."""
    sky = view.image.wcs().pixel_to_world(*np.array(pixels, float).T)
    return catalogue(RA=sky.ra.deg, Dec=sky.dec.deg, mag=np.linspace(20.0, 21.0, len(pixels)))


def settle(overlay, qtbot, count):
    qtbot.waitUntil(lambda: overlay.catalogues[-1].on_image == count, timeout=10_000)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"id": [1], "ra": [1.0], "dec": [2.0]}, ("ra", "dec", "icrs")),
        ({"RA_ICRS": [1.0], "DE_ICRS": [2.0], "RAJ2000": [1.0], "DEJ2000": [2.0]},
         ("RA_ICRS", "DE_ICRS", "icrs")),
        ({"_RAJ2000": [1.0], "_DEJ2000": [2.0]}, ("_RAJ2000", "_DEJ2000", "fk5")),
        ({"ALPHA_J2000": [1.0], "DELTA_J2000": [2.0]}, ("ALPHA_J2000", "DELTA_J2000", "icrs")),
        ({"GLON": [1.0], "GLAT": [2.0]}, ("GLON", "GLAT", "galactic")),
        ({"ra": [1.0], "dec": [2.0], "u": ([1.0], "deg", "pos.eq.ra;meta.main"),
          "v": ([1.0], "deg", "pos.eq.dec;meta.main")}, ("u", "v", "icrs")),
        ({"e_ra": ([1.0], "deg", "stat.error;pos.eq.ra"), "flux": [2.0]}, None),
        ({"x": [1.0], "y": [2.0]}, None),
    ],
)  # fmt: skip
def test_columns_of_the_position_are_found(columns, expected):
    found = guessed_columns(catalogue(**columns))
    assert (None if found is None else (found.longitude, found.latitude, found.frame)) == expected


def test_positions_in_other_units_frames_and_notations():
    from astropy.coordinates import SkyCoord

    there = SkyCoord([10.5, 350.25], [-5.5, 60.125], unit="deg")
    tables = [
        (catalogue(ra=(there.ra.rad, "rad", ""), dec=(there.dec.rad, "rad", "")), "icrs"),
        (catalogue(ra=(there.ra.hourangle, "h", ""), dec=there.dec.deg), "icrs"),
        (catalogue(ra=there.galactic.l.deg, dec=there.galactic.b.deg), "galactic"),
        (catalogue(ra=there.ra.to_string("hour", sep=":", precision=6),
                   dec=there.dec.to_string("deg", sep=" ", precision=6)), "icrs"),
    ]  # fmt: skip
    for table, frame in tables:
        ra, dec = sky_positions(table, SkyColumns("ra", "dec", frame))
        assert ra == pytest.approx([10.5, 350.25], abs=1e-6)
        assert dec == pytest.approx([-5.5, 60.125], abs=1e-6)


def test_rows_without_a_position_are_left_out_and_no_position_at_all_is_said():
    table = catalogue(ra=[1.0, np.nan, 5.0, 7.0], dec=[2.0, 3.0, -999.0, 4.0], name=list("abcd"))
    ra, dec = sky_positions(table, SkyColumns("ra", "dec"))
    assert np.isfinite(ra).tolist() == np.isfinite(dec).tolist() == [True, False, False, True]
    with pytest.raises(ValueError, match="choose others"):
        sky_positions(table, SkyColumns("name", "dec"))


def test_sources_stand_where_they_are_and_a_click_tells_them(view, overlay, qtbot):
    panel = CataloguePanel(overlay)
    qtbot.addWidget(panel)
    places = [(30.0, 20.0), (70.25, 50.5), (400.0, 20.0)]
    table = on_pixels(view, places)
    overlay.add("mine.csv", table, guessed_columns(table))
    settle(overlay, qtbot, 2)
    item = overlay.catalogues[0].item
    found = np.column_stack([item._x, item._y])
    assert found == pytest.approx(np.array(places), abs=1e-4)
    assert panel.words.text() == "3 sources, 2 on this image."
    with qtbot.waitSignal(overlay.clicked) as caught:
        QTest.mouseClick(
            view.overlay.canvas.viewport(), LEFT, pos=view.overlay.screen_of(70, 50).toPoint()
        )
    assert caught.args[1] == 1
    assert "mine.csv, row 2" in panel.words.text()
    assert "mag = 20.5" in panel.words.text()


def test_other_columns_can_be_chosen(view, overlay, qtbot):
    panel = CataloguePanel(overlay)
    qtbot.addWidget(panel)
    good = on_pixels(view, [(30.0, 20.0), (70.0, 50.0)])
    table = catalogue(a=good.values["RA"], b=good.values["Dec"], name=["x", "y"])
    overlay.add("odd.csv", table, guessed_columns(table))
    assert "choose the columns" in panel.words.text()
    panel.longitude.setCurrentText("a")
    panel.latitude.setCurrentText("name")
    panel.latitude.activated.emit(2)
    qtbot.waitUntil(lambda: "choose others" in panel.words.text())
    panel.latitude.setCurrentText("b")
    panel.latitude.activated.emit(1)
    settle(overlay, qtbot, 2)
    assert panel.words.text() == "2 sources, 2 on this image."


def test_rows_are_matched_and_the_pairs_listed_and_saved(view, overlay, qtbot, tmp_path):
    from astropy.table import Table

    from astrogui.session.tables import write_table

    panel = CataloguePanel(overlay)
    qtbot.addWidget(panel)
    table = on_pixels(view, [(30.0, 20.0), (70.0, 50.0), (10.0, 70.0)])
    overlay.add("mine.csv", table, guessed_columns(table))
    settle(overlay, qtbot, 3)
    ra, dec = table.values["RA"][[1, 0]], table.values["Dec"][[1, 0]] + 0.3 / 3600
    ids = np.array([101, 205])
    with qtbot.waitSignal(overlay.matched):
        overlay.match(overlay.catalogues[0], ids, ra, dec, 1.0, "nearest")
    assert "2 pairs within 1″ of mine.csv" in panel.words.text()
    model = panel.model
    cells = [[model.data(model.index(r, c)) for c in range(2)] for r in range(2)]
    assert cells == [["101", "0.300"], ["205", "0.300"]]
    assert model.headerData(4, Qt.Orientation.Horizontal) == "mag"
    with qtbot.waitSignal(panel.row_chosen) as caught:
        panel.table.selectRow(1)
    assert caught.args == [205]
    path = tmp_path / "pairs.ecsv"
    assert write_table(match_table(model.shown), path) == 2
    back = Table.read(path)
    assert back["separation"].unit == "arcsec"
    assert back["row_id"].tolist() == [101, 205]
    assert back["mag"].tolist() == [20.5, 20.0]
    with qtbot.waitSignal(overlay.matched):
        overlay.match(overlay.catalogues[0], ids, ra, dec, 0.1, "nearest")
    assert "0 pairs" in panel.words.text()


def test_a_match_without_positions_says_why(overlay, qtbot):
    table = catalogue(x=[1.0], y=[2.0])
    overlay.add("bare.csv", table, None)
    with qtbot.waitSignal(overlay.match_failed) as caught:
        overlay.match(overlay.catalogues[0], np.array([1]), np.zeros(1), np.zeros(1), 1.0, "all")
    assert "choose the columns" in caught.args[0]


def test_many_sources_are_set_where_few_would_be(view, overlay, qtbot):
    """The picture of many has a mark exactly where each source lies, also when zoomed."""
    random = np.random.default_rng(2)
    places = np.column_stack([random.uniform(0, 99, 3000), random.uniform(0, 79, 3000)])
    places[0] = (50.0, 40.0)
    places = places[(np.hypot(*(places - (20.0, 60.0)).T) > 6) | (np.arange(3000) == 0)]
    table = on_pixels(view, places)
    assert len(places) > MOST_SYMBOLS
    overlay.add("many.csv", table, guessed_columns(table))
    settle(overlay, qtbot, len(places))
    overlay.set_look(overlay.catalogues[0], "#ff5ad1", "circle", True)
    picture = view.overlay.canvas.grab().toImage()

    def colour(x, y):
        at = view.overlay.screen_of(x, y).toPoint()
        return picture.pixelColor(at).name()

    assert colour(*places[0]) == "#ff5ad1"
    assert sum(colour(*place) == "#ff5ad1" for place in places[:200]) == 200
    assert colour(20.0, 60.0) != "#ff5ad1"  # where there is none
    overlay.show_all(False)
    picture = view.overlay.canvas.grab().toImage()
    assert colour(*places[0]) != "#ff5ad1"


def test_a_catalogue_goes_away(view, overlay, qtbot):
    panel = CataloguePanel(overlay)
    qtbot.addWidget(panel)
    for name in ("one.csv", "two.csv"):
        table = on_pixels(view, [(30.0, 20.0)])
        overlay.add(name, table, guessed_columns(table))
    settle(overlay, qtbot, 1)
    assert panel.current.name == "two.csv"
    panel._on_remove()
    assert [panel.chosen.itemText(i) for i in range(panel.chosen.count())] == ["one.csv"]
    panel._on_remove()
    assert panel.current is None
    assert "Load a table" in panel.words.text()
