"""The first file of the command line is there before session and panels, and is gone on with."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from astropy.io import fits

from astrogui.session.helpers import start_reader
from astrogui.session.session import Session
from astrogui.viewers.colours import LIGHT
from astrogui.window.early_view import EarlyView
from astrogui.window.main_window import MainWindow
from astrogui.window.workbench import Workbench


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.fits"
    pixels = np.random.default_rng(2).normal(100.0, 5.0, (300, 400)).astype(np.float32)
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "BUNIT": "adu"})
    header.update({"CRVAL1": 10.0, "CRVAL2": 20.0, "CD1_1": -1e-4, "CD2_2": 1e-4})
    header.update({"CRPIX1": 200.0, "CRPIX2": 150.0})
    fits.PrimaryHDU(pixels, header=header).writeto(path)
    return path


@pytest.fixture
def early_on(qtbot):
    made = []

    def begin(path) -> EarlyView:
        window = MainWindow()
        qtbot.addWidget(window)
        window.show()
        early = EarlyView(window, (str(path),), start_reader(str(path)))
        made.append((window, early))
        early.load()
        early.show(LIGHT)
        return early

    yield begin
    for _, early in made:
        early.close()
        early.pool.shutdown(wait=True)


def test_pixels_are_on_screen_without_a_session(early_on, image, qtbot):
    early = early_on(image)
    qtbot.waitUntil(lambda: early.is_on_screen, timeout=20_000)
    assert early.view.image.shape == (300, 400)
    assert early.view.image.wcs_header == {}


def test_what_is_no_plain_image_leaves_the_start_page(early_on, tmp_path, qtbot):
    path = tmp_path / "notes.txt"
    path.write_text("1 2 3\n")
    early = early_on(path)
    qtbot.waitUntil(lambda: not early.view.awaits(), timeout=20_000)
    assert not early.is_on_screen


def test_the_session_goes_on_with_view_and_reader(early_on, image, qtbot, theme, tmp_path):
    early = early_on(image)
    qtbot.waitUntil(lambda: early.is_on_screen, timeout=20_000)
    view = early.view
    pages = view.window().pages
    seen = []
    pages.currentChanged.connect(lambda index: seen.append(pages.widget(index)))
    session = Session(tmp_path / "p.astrogui", reader=early.reader)
    bench = Workbench(view.window(), session, theme, early)
    try:
        session.add([str(image)], tasks=())
        for step in bench.steps():
            step()
        qtbot.waitUntil(lambda: view.overlay.sky is not None, timeout=20_000)
        assert bench.area.view("image") is view
        assert "RA 00:40:" in view.read_out(199.0, 149.0)
        assert view.unit_words == "ADU"
        assert seen == []  # neither start page nor another view came between
    finally:
        bench.close()
        session.close()


@pytest.fixture
def strain(tmp_path):
    path = tmp_path / "H-H1_SIMULATED-16.hdf5"
    samples = np.random.default_rng(2).normal(0.0, 1e-21, 16 * 1024)
    samples[5000] = 4e-20
    with h5py.File(path, "w") as file:
        series = file.create_dataset("strain/Strain", data=samples)
        series.attrs.update({"Xstart": 1.2e9, "Xspacing": 1 / 1024, "Npoints": samples.size})
        file["meta/Detector"], file["meta/GPSstart"] = "H1", 1.2e9
    return path


def drawn_strain(view) -> np.ndarray:
    """The strain in units of 1e-21 that the first detector's plot shows."""
    plot = view.panels[0].plots.get("strain") if view.panels else None
    values = None if plot is None else plot.curve.getData()[1]
    return np.zeros(0) if values is None else values


def test_a_series_is_drawn_without_a_session(early_on, strain, qtbot):
    early = early_on(strain)
    qtbot.waitUntil(lambda: early.is_on_screen and not early.view.awaits(), timeout=20_000)
    assert np.nanmax(drawn_strain(early.view)) == pytest.approx(40.0)
    assert "16 s at 1024 Hz" in early.view.labels.title.text()
    assert early.view.panels[0].products is None
    assert not early.is_being_drawn


def test_the_session_goes_on_with_the_plots_of_the_series(early_on, strain, qtbot, theme, tmp_path):
    early = early_on(strain)
    qtbot.waitUntil(lambda: early.is_on_screen and not early.view.awaits(), timeout=20_000)
    view = early.view
    plots = list(view.grid.plots)
    seen, least = [], []
    view.window().pages.currentChanged.connect(seen.append)
    view.grid.graphics.scene().changed.connect(lambda _: least.append(drawn_strain(view).size))
    session = Session(tmp_path / "p.astrogui", reader=early.reader)
    bench = Workbench(view.window(), session, theme, early)
    try:
        session.add([str(strain)], tasks=())
        for step in bench.steps():
            step()
        qtbot.waitUntil(
            lambda: view.panels[0].products is not None and not bench.area.is_busy, timeout=20_000
        )
        assert bench.area.view("strain") is view
        assert view.network.strains[0].samples.size == 16 * 1024
        assert view.grid.plots == plots
        assert seen == []  # neither start page nor another view came between
        assert min(least) > 500  # and the curve was there all the time
    finally:
        bench.close()
        session.close()


def test_an_ending_that_does_not_fit_the_content_shows_nothing_early(early_on, image, qtbot):
    path = image.rename(image.with_suffix(".h5"))
    early = early_on(path)
    qtbot.waitUntil(lambda: not early.view.awaits(), timeout=20_000)
    assert not early.is_on_screen
    assert early.view.network is None
