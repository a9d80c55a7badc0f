"""Cycles with widgets are collected where widgets live."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
from PySide6.QtCore import QObject

from astrogui.window.collector import MOST_YOUNG, Collector

MANY = 2 * gc.get_threshold()[0]


class Cycle(QObject):
    """An object that only the garbage collector frees, and that says in which thread."""

    def __init__(self, freed: list[int]) -> None:
        super().__init__()
        self.own = self
        weakref.finalize(self, lambda: freed.append(threading.get_ident()))


@pytest.fixture
def collector(qtbot):
    was_enabled = gc.isenabled()
    gc.enable()
    made = Collector()
    yield made
    made.close()
    assert gc.isenabled()
    if not was_enabled:
        gc.disable()


def allocate() -> None:
    kept = [[] for _ in range(50_000)]
    assert kept


def test_another_thread_that_allocates_collects_no_widget(collector):
    freed: list[int] = []
    Cycle(freed)
    thread = threading.Thread(target=allocate)
    thread.start()
    thread.join()
    assert freed == []


def test_a_pause_of_the_event_loop_collects_in_the_gui_thread(collector, qtbot):
    freed: list[int] = []
    for _ in range(MANY):
        Cycle(freed)
    qtbot.waitUntil(lambda: len(freed) == MANY, timeout=10_000)
    assert set(freed) == {threading.get_ident()}


def test_very_many_young_objects_wait_for_no_moment(collector, monkeypatch):
    looks = []
    monkeypatch.setattr(collector, "look", lambda: looks.append(gc.get_count()[0]))
    collector._on_pause()
    looks.clear()  # the moment begins
    collector._on_pause()
    assert not looks
    kept = [[] for _ in range(MOST_YOUNG + 1)]
    collector._on_pause()
    assert looks
    assert looks[0] >= len(kept)
