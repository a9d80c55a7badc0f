"""Fixtures of the views' tests: a pool, and waiting until a view has got all it asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from qt_fixtures import (  # noqa: F401
    collect_here,
    much_patience,
    no_key_stays_down,
    old_objects_stay,
)

from astrogui.viewers.plot_page import PlotPage


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
        settled(view)
        pages = view.findChildren(PlotPage)
        qtbot.waitUntil(lambda: not any(page.is_held for page in pages))
        return view

    return show
