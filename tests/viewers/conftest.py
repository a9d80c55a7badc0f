"""Fixtures of the views' tests: a pool, and waiting until a view has got all it asked for."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget


@pytest.fixture(autouse=True, scope="module")
def old_objects_stay():
    """What other tests have imported is left out of collections, which take long with it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_key_stays_down(qapp):
    """A test that pressed Shift leaves it down, for Qt; the next one would select other rows."""
    yield
    if QGuiApplication.keyboardModifiers() != Qt.KeyboardModifier.NoModifier:
        QTest.keyClick(QWidget(), Qt.Key.Key_F35)
    assert QGuiApplication.keyboardModifiers() == Qt.KeyboardModifier.NoModifier


@pytest.fixture(autouse=True)
def collect_here():
    """Garbage is collected in this thread alone, as in the program: see ``window/collector.py``."""
    was_enabled = gc.isenabled()
    gc.disable()
    yield
    gc.collect(1)
    if was_enabled:
        gc.enable()


@pytest.fixture
def pool():
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture
def settled(qtbot):
    """A function that waits until nothing is under way in a view."""

    def wait(view, timeout=20_000):
        qtbot.waitUntil(lambda: not view.awaits(), timeout=timeout)
        return view

    return wait


@pytest.fixture
def shown(qtbot, pool, settled):
    """A function that makes a view of a class, shows a record in it and waits."""

    def show(cls, record, size=(900, 640)):
        view = cls(pool.submit)
        qtbot.addWidget(view)
        view.resize(*size)
        view.show()
        view.show_record(record)
        return settled(view)

    return show
