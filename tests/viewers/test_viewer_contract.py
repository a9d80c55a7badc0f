"""What every view keeps: words when empty, both themes, no leak, cheap import, no stale result."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from concurrent.futures import Future

import pytest
import viewer_samples as samples
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QLineEdit, QToolBar, QToolButton

from astrogui.errors import Damaged
from astrogui.viewers import VIEWS, view_class
from astrogui.viewers.colours import DARK, LIGHT, THEMES
from astrogui.viewers.viewer import Viewer

NAMES = [name for name, _ in VIEWS]


def distinct_colours(view) -> int:
    picture = view.grab().toImage()
    steps = range(0, picture.width(), 7), range(0, picture.height(), 7)
    return len({picture.pixel(x, y) for x in steps[0] for y in steps[1]})


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_view_says_what_to_do(qtbot, name):
    view = view_class(name)()
    qtbot.addWidget(view)
    assert not view.shows_content
    assert len(view._words.text()) > 20


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("name", NAMES)
def test_a_record_is_painted_in_either_theme(shown, name, theme):
    view = shown(view_class(name), samples.RECORDS[name]())
    view.set_theme(theme)
    assert view.theme is theme
    assert view.shows_content
    assert distinct_colours(view) > 8


@pytest.mark.parametrize("name", NAMES)
def test_clearing_brings_the_words_back(shown, name):
    view = shown(view_class(name), samples.RECORDS[name]())
    view.clear()
    assert not view.shows_content
    assert view._words.text() == view.empty_words


@pytest.mark.parametrize("name", NAMES)
def test_a_view_out_of_scope_is_freed(qtbot, pool, settled, name):
    def born_and_gone():
        view = view_class(name)(pool.submit)
        view.show()
        view.show_record(samples.RECORDS[name]())
        settled(view)
        view.grab()
        view.set_theme(DARK)
        return weakref.ref(view)

    gone = born_and_gone()
    gc.collect()
    qtbot.wait(10)  # deferred deletions are delivered
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("name", NAMES)
def test_every_control_has_words_for_eyes_and_for_screen_readers(shown, name):
    view = shown(view_class(name), samples.RECORDS[name]())
    for bar in view.findChildren(QToolBar):
        for action in bar.actions():
            if action.text():
                assert action.toolTip() != action.text(), action.text()
    for kind in (QComboBox, QAbstractSpinBox, QLineEdit):
        for control in view.findChildren(kind):
            if kind is QLineEdit and isinstance(control.parent(), QAbstractSpinBox):
                continue
            assert control.accessibleName(), control
            assert control.toolTip(), control.accessibleName()
    for button in view.findChildren(QToolButton):
        if button.defaultAction() is not None:
            assert button.text() or button.accessibleName()


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_figure_is_written(shown, tmp_path, suffix):
    view = shown(view_class("spectrum"), samples.spectrum())
    path = tmp_path / f"figure{suffix}"
    view.save_figure(path)
    start = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix]
    assert path.read_bytes().startswith(start)
    assert path.stat().st_size > 3000


def test_a_figure_of_another_kind_is_refused(shown, tmp_path):
    view = shown(view_class("spectrum"), samples.spectrum())
    with pytest.raises(ValueError, match=r"\.png, \.svg or \.pdf"):
        view.save_figure(tmp_path / "figure.bmp")


def test_importing_the_views_loads_no_science_library():
    modules = [place.partition(":")[0] for _, place in VIEWS]
    code = (
        f"import sys, {', '.join(modules)}\n"
        "print([m for m in ('astropy', 'scipy', 'h5py', 'keras', 'sep') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_view_is_refused_with_the_names_there_are():
    with pytest.raises(KeyError, match="spectrum"):
        view_class("cube")


class Asking(Viewer):
    """A view that keeps what arrives."""

    def __init__(self, compute):
        super().__init__(compute)
        self.got = []

    def take(self, value):
        self.got.append(value)


class LatePool:
    """Futures that the test completes itself, in any order."""

    def __init__(self):
        self.futures = []

    def submit(self, function, *args):
        future = Future()
        future.set_running_or_notify_cancel()
        future.work = lambda: future.set_result(function(*args))
        self.futures.append(future)
        return future


@pytest.fixture
def late():
    return LatePool()


def test_a_stale_result_is_dropped(qtbot, late):
    view = Asking(late.submit)
    qtbot.addWidget(view)
    view.ask("x", view.take, int, "1")
    view.ask("x", view.take, int, "2")
    late.futures[1].work()
    late.futures[0].work()
    qtbot.waitUntil(lambda: bool(view.got))
    qtbot.wait(20)
    assert view.got == [2]


def test_a_forgotten_result_is_dropped_and_others_are_not(qtbot, late):
    view = Asking(late.submit)
    qtbot.addWidget(view)
    view.ask("tile:1", view.take, int, "1")
    view.ask("cuts", view.take, int, "2")
    view.forget("tile")
    for future in late.futures:
        future.work()
    qtbot.waitUntil(lambda: not view.awaits())
    qtbot.wait(20)
    assert view.got == [2]


def test_a_result_that_comes_after_the_view_has_gone_harms_nobody(qtbot, late):
    view = Asking(late.submit)
    view.ask("x", view.take, int, "1")
    gone = weakref.ref(view)
    del view
    gc.collect()
    assert gone() is None
    late.futures[0].work()
    qtbot.wait(20)


def test_results_arrive_in_the_gui_thread(qtbot, pool):
    view = Asking(pool.submit)
    qtbot.addWidget(view)
    threads = []
    view.take = lambda _: threads.append(threading.current_thread())
    view.take.__name__ = "take"
    view.ask("x", view.take, threading.get_ident)
    qtbot.waitUntil(lambda: bool(threads))
    assert threads == [threading.main_thread()]


def test_a_problem_of_the_file_is_shown_in_its_own_words(qtbot, pool):
    def breaks():
        raise Damaged("a.fits", "byte 12", "the pixels end too soon", "Fetch it again.")

    view = Asking(pool.submit)
    qtbot.addWidget(view)
    view.ask("x", view.take, breaks)
    qtbot.waitUntil(lambda: "the pixels end too soon" in view._words.text())
    assert not view.got


def test_a_bug_is_logged_and_said(qtbot, pool, caplog):
    def breaks():
        raise ZeroDivisionError("oh")

    view = Asking(pool.submit)
    qtbot.addWidget(view)
    view.ask("x", view.take, breaks)
    qtbot.waitUntil(lambda: "ZeroDivisionError" in view._words.text())
    assert "oh" in caplog.text


def contrast(first: str, second: str) -> float:
    """Source: W3C, Web Content Accessibility Guidelines 2.1, contrast ratio."""

    def luminance(text):
        channels = [int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_text_and_curves_are_legible(theme):
    for text in (theme.text, theme.muted, theme.accent, theme.warning, theme.good):
        assert contrast(text, theme.ground) >= 4.5, text
        assert contrast(text, theme.panel) >= 4.5, text
    for curve in theme.series:
        assert contrast(curve, theme.ground) >= 4.5, curve
