"""The first image of the command line is there before session and panels, and is gone on with."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from astrogui.session.helpers import start_reader
from astrogui.session.session import Session
from astrogui.viewers.colours import LIGHT
from astrogui.window.early_image import EarlyImage
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

    def begin(path) -> EarlyImage:
        window = MainWindow()
        qtbot.addWidget(window)
        window.show()
        early = EarlyImage(window, (str(path),), start_reader())
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
