"""The window on a session: the fake one for widgets alone, the real one for whole ways."""

from __future__ import annotations

import gc

import pytest
from fake_session import FakeSession
from PySide6.QtCore import QSettings
from qt_fixtures import (  # noqa: F401
    collect_here,
    much_patience,
    no_key_stays_down,
    old_objects_stay,
)
from real_session import make_session  # noqa: F401
from turns import deliver_deletions

from astrogui.window import workbench
from astrogui.window.main_window import MainWindow
from astrogui.window.theme import ThemeKeeper
from astrogui.window.workbench import Workbench


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """Nothing of the person who runs the tests is read or written."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))
    QSettings.setPath(
        QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(tmp_path / "qsettings")
    )


@pytest.fixture
def theme(qapp):
    return ThemeKeeper(qapp, "light")


@pytest.fixture
def fake():
    session = FakeSession()
    yield session
    session.close()


@pytest.fixture
def open_bench(qtbot, theme, monkeypatch):
    """Opens windows on sessions and takes them down again.

    Of the plots that idle time makes ahead there is one of each: the others are made when asked
    for, as in a window that has had no time yet.
    """
    monkeypatch.setattr(workbench, "SPARE_PLOTS", 1)
    monkeypatch.setattr(workbench, "STRAIN_PLOTS", 1)
    opened = []

    def open_on(session, settings=None) -> Workbench:
        window = MainWindow(settings)
        if settings is None:
            window.resize(1200, 800)
        bench = Workbench(window, session, theme)
        for step in bench.steps():
            step()
        window.show()
        qtbot.waitExposed(window)
        opened.append(bench)
        return bench

    yield open_on
    for bench in opened:
        bench.close()
        bench.window.close()
        bench.window.deleteLater()
    del opened[:]
    deliver_deletions()
    gc.collect()


@pytest.fixture
def bench(open_bench, fake):
    return open_bench(fake)


@pytest.fixture
def filled(bench, fake, qtbot):
    """A window with five spectra, their rows read."""
    bench.commands.add([f"/data/s{number}.fits" for number in range(1, 6)])
    qtbot.waitUntil(lambda: bench.model.rowCount() == 5 and not bench.area.is_busy)
    return bench
