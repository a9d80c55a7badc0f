"""Fixtures for all tests that make widgets: no key and no garbage goes from one to the next."""

from __future__ import annotations

import gc

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget


@pytest.fixture(autouse=True)
def much_patience(qtbot):
    """A minute before a wait is given up, not five seconds: a busy machine is slow at times."""
    for name in ("waitUntil", "waitSignal", "waitSignals"):
        setattr(qtbot, name, _patient(getattr(qtbot, name)))


def _patient(wait):
    def patient(awaited, *, timeout=60_000, **words):
        if words.get("raising", True):  # else nothing is to come, and to wait for it is waste
            timeout = max(timeout, 60_000)
        return wait(awaited, timeout=timeout, **words)

    return patient


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
