"""Tools of the image view in the whole window: docks, files in and out, menus."""

from __future__ import annotations

from concurrent.futures import Future

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog

from astrogui.errors import Damaged
from astrogui.records.catalogue import Catalogue, Column
from astrogui.records.image import Field, Image

HEADER = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CUNIT1": "deg", "CUNIT2": "deg",
    "CRVAL1": 150.0, "CRVAL2": 2.0, "CRPIX1": 50.5, "CRPIX2": 40.5,
    "CD1_1": -1e-4, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 1e-4, "RADESYS": "ICRS",
}  # fmt: skip


def field(*bands: str) -> Field:
    random = np.random.default_rng(4)
    return Field(
        images=tuple(
            Image(
                pixels=random.normal(0, 1, (80, 100)).astype(np.float32),
                band=band,
                unit="nanomaggy",
                pixel_scale_arcsec=0.36,
                wcs_header=HEADER,
            )
            for band in bands or ("r",)
        )
    )


@pytest.fixture
def bench(open_bench, fake, qtbot):
    made = open_bench(fake)
    view = made.area.view("image")
    view.show_record(field())
    made.area.show_page(view)
    qtbot.waitUntil(lambda: view.overlay.sky is not None, timeout=10_000)
    return made


def test_regions_come_from_a_file_and_go_to_one(bench, qtbot, tmp_path):
    feature = bench.features["regions"]
    path = tmp_path / "in.reg"
    path.write_text('icrs\ncircle(150,2,3") # text={middle}\nblob(1)\n')
    feature.read(str(path))
    qtbot.waitUntil(lambda: len(feature.tool.list.regions) == 1)
    assert bench.window.docks["regions"].isVisible()
    assert 'line 3: "blob" is no shape' in bench.window.notice.words
    saved = tmp_path / "out.reg"
    feature.write(str(saved), "image")
    qtbot.waitUntil(saved.exists)
    assert "circle(50.5" in saved.read_text()
    assert "blob(1)" in saved.read_text()


def test_a_bad_region_file_is_refused_in_words(bench, qtbot, tmp_path):
    path = tmp_path / "bad.reg"
    path.write_text("nothing here\n")
    bench.features["regions"].read(str(path))
    qtbot.waitUntil(lambda: "bad.reg" in bench.window.notice.words)
    assert "no shape that can be drawn here" in bench.window.notice.words


def test_the_tools_are_in_the_view_s_menu_with_keys(bench):
    menu = bench.features["view_menus"].menus["image"]
    below = {action.text(): action.menu() for action in menu.actions() if action.menu()}
    texts = [action.text() for action in below["&Regions"].actions()]
    assert "&Circle" in texts
    assert "&Save regions…" in texts
    assert all(not a.shortcut().isEmpty() for a in below["&Regions"].actions())


def test_saving_without_regions_says_so(bench, monkeypatch):
    monkeypatch.setattr(QFileDialog, "open", lambda _: pytest.fail("a dialogue for nothing"))
    bench.area.views["image"].tools["region_save"].trigger()
    assert "no regions" in bench.window.notice.words


def test_a_source_is_measured_and_the_table_written(bench, qtbot, tmp_path):
    feature = bench.features["measure"]
    bench.area.views["image"].tools["measure_middle"].trigger()
    panel = feature.dock.panel
    qtbot.waitUntil(lambda: panel.model.rowCount() == 1)
    path = tmp_path / "measured.ecsv"
    feature.save(panel.model.catalogue(), str(path))
    qtbot.waitUntil(path.exists)
    assert "ECSV" in path.read_text()
    bench.features["measure"].ask_to_save(type(panel.model)(panel).catalogue())
    assert "Nothing has been measured" in bench.window.notice.words


def test_a_bad_catalogue_is_refused_in_words(bench, qtbot, monkeypatch):
    future = Future()
    monkeypatch.setattr(type(bench.session), "read_table", lambda _, path: future, raising=False)
    bench.features["sky_catalogue"].load("bad.csv")
    future.set_exception(Damaged("bad.csv", "", "it is cut", "Fetch it again."))
    qtbot.waitUntil(lambda: "bad.csv: it is cut" in bench.window.notice.words)


def test_a_catalogue_is_overlaid_and_matched_with_the_rows(bench, qtbot, monkeypatch):
    table = Catalogue(
        columns=(Column(name="ra"), Column(name="dec")),
        values={"ra": np.array([150.0, 150.01]), "dec": np.array([2.0, 2.0])},
    )
    done = Future()
    done.set_result(table)
    monkeypatch.setattr(type(bench.session), "read_table", lambda _, path: done, raising=False)
    feature = bench.features["sky_catalogue"]
    feature.load("mine.csv")
    qtbot.waitUntil(lambda: any(o.ra_deg is not None for o in feature.overlay.catalogues))
    assert bench.window.docks["own_catalogues"].isVisible()
    with qtbot.waitSignal(feature.overlay.matched, timeout=10_000):
        bench.area.views["image"].tools["catalogue_match"].trigger()
