"""The start in steps: shell, first paint, then session, panels and views in idle moments."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from functools import partial
from itertools import repeat
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSettings, QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication

from astrogui.errors import UsageProblem
from astrogui.session.asked import analysis_options, task_names
from astrogui.session.settings import Settings, load_settings
from astrogui.window.collector import Collector
from astrogui.window.early_view import EarlyView
from astrogui.window.main_window import MainWindow
from astrogui.window.theme import ThemeKeeper, is_dark
from astrogui.window.way import SWITCH_S

if TYPE_CHECKING:
    from astrogui.session.session import Session
    from astrogui.window.workbench import Workbench

log = logging.getLogger(__name__)
TRACE_VARIABLE = "ASTROGUI_TRACE_START"  # set: the start's times are printed on standard error
CLASSES_AT_ONCE = 40  # of seven hundred: five milliseconds
IMPORT_LOOK_MS = 10  # between two looks at the import in the pool, during the start only
EARLY_PLOTS = 3  # of one detector, made while its series is on the way


class Start(QObject):
    """Builds the program piece by piece, so that the first paint waits for none of it."""

    def __init__(self, options: Namespace) -> None:
        self.application = _application()
        super().__init__()
        self._options = options
        self._is_pictured = bool(getattr(options, "screenshot", None))
        settings = None if self._is_pictured else QSettings("AstroGUI", "window")
        wanted = Settings() if self._is_pictured else load_settings()
        self.theme = ThemeKeeper(self.application, "light" if self._is_pictured else wanted.theme)
        self.theme.choose_text(wanted.text_points)
        self.window = MainWindow(settings)
        self.window.drop.dropped.connect(self._on_early_drop)
        self.window.start_page.setEnabled(False)
        files = () if options.project else tuple(map(str, options.files))
        self.early = EarlyView(self.window, files, getattr(options, "reader", None))
        self.early.shown.connect(partial(trace, "first file"))
        self.session: Session | None = None
        self.bench: Workbench | None = None
        self._pending: Iterator[Callable[[], None]] = iter(())
        self._importing: threading.Thread | None = None
        self._code = 0

    def run(self) -> int:
        """Show the window and work until it is closed."""
        interrupts, collector = Interrupts(self.window), Collector(self)
        hook, sys.excepthook = sys.excepthook, self._on_bug
        switch_s = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        if self._is_pictured:
            self.window.resize(1600, 1000)
        self.window.painted.connect(self._on_painted)
        self.window.show()
        try:
            code = self.application.exec()
        finally:
            sys.excepthook = hook
            sys.setswitchinterval(switch_s)
            interrupts.close()
            self.close()
            collector.close()
        return code or self._code

    def close(self) -> None:
        """End the panels' work, then the session with its processes."""
        if self.bench is not None:
            self.bench.close()
            self.bench = None
        if self.session is not None:
            self.session.cancel_exports()  # of a million rows, one would take its time
            self.session.close()
            self.session = None
        else:
            self.early.close()
        # Widgets go while Qt is whole: at the interpreter's end their order would be anyone's.
        self.window.hide()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    # -- steps -----------------------------------------------------------------------------

    def _on_painted(self) -> None:
        trace("first paint")
        self.early.ask()
        self._pending = iter(
            (
                *class_steps(),
                partial(self._import_aside, self.early.load),
                self._show_early,
                *repeat(self.early.make_plot, EARLY_PLOTS),
                partial(self._import_aside, _import_session),
                self._open_session,
                partial(self._import_aside, _import_views),
                self._build_bench,
            )
        )
        self._next()

    def _next(self) -> None:
        """One step, then the event loop has its turn."""
        is_importing = self._importing is not None and self._importing.is_alive()
        if is_importing or self.early.is_being_drawn:
            QTimer.singleShot(IMPORT_LOOK_MS, self, self._next)
            return
        step = next(self._pending, None)
        if step is None:
            return
        step()
        QTimer.singleShot(0, self, self._next)

    def _show_early(self) -> None:
        from astrogui.viewers.colours import THEMES

        self.early.show(THEMES["dark" if is_dark(QApplication.palette()) else "light"])

    def _open_session(self) -> None:
        from astrogui.errors import AstroguiError
        from astrogui.session import logs

        logs.set_up()
        try:
            self.session = self._made_session(self._options.project)
        except AstroguiError as error:
            self._code = 1
            print(f"astrogui: {error}", file=sys.stderr)
            self.window.notice.show_notice(f"{error} A new project is used instead.")
            self.session = self._made_session(None)
        self._add_files(self.session)
        trace("session")

    def _made_session(self, project: str | None) -> Session:
        from astrogui.session.session import Session

        models = getattr(self._options, "models", None)
        return Session(project, models=models, reader=self.early.reader, has_window=True)

    def _import_aside(self, load: Callable[[], None]) -> None:
        """Import in a thread, so that the window answers meanwhile; the next step waits."""
        self._importing = threading.Thread(target=load, name="import", daemon=True)
        self._importing.start()

    def _build_bench(self) -> None:
        trace("imports")
        from astrogui.window.workbench import Workbench

        assert self.session is not None
        self.bench = Workbench(self.window, self.session, self.theme, self.early)
        self.bench.built.connect(self._on_built)
        self._pending = self.bench.steps()

    def _add_files(self, session: Session) -> None:
        """Hand the files of the command line over before the rest is built."""
        files = [*map(str, self._options.files)]
        if self._options.demo:
            files += [str(path) for path in session.demo_files()]
        if not files:
            return
        names = task_names(self._options)
        try:
            wanted = session.tasks(names)
            session.add(files, names, analysis_options(self._options, session.tasks(), wanted))
        except UsageProblem as problem:
            self._code = 1
            print(f"astrogui: {problem}", file=sys.stderr)
            self.window.notice.show_notice(f"{problem} No file was opened.")

    def _on_early_drop(self, paths: list[str]) -> None:
        """Files dropped before there was anybody to take them; later ``Commands`` does."""
        if self.bench is not None and self.bench.commands.is_connected:
            return
        if self.session is None:
            self._options.files = [*self._options.files, *paths]
        else:
            self.session.add(paths)

    def _on_built(self) -> None:
        trace("built")
        # Modules and widgets stay: leaving them out of every full collection keeps it short.
        gc.freeze()
        assert self.session is not None
        assert self.bench is not None
        if not self._is_pictured:
            self.session.start_worker()
            return
        from astrogui.window.screenshot import Screenshot

        self._screenshot = Screenshot(self.bench, self._options.screenshot, self)
        self._screenshot.taken.connect(self._on_taken)
        self._screenshot.begin()

    def _on_taken(self, is_saved: bool) -> None:
        if not is_saved:
            print(f"astrogui: {self._options.screenshot} cannot be written", file=sys.stderr)
            self._code = 1
        self.application.exit(self._code)

    def _on_bug(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace_back: TracebackType | None,
    ) -> None:
        """An exception that reached the edge of a slot: it is logged and said, work goes on."""
        log.error("an error inside the program", exc_info=(kind, error, trace_back))
        words = f"An error inside the program ({kind.__name__}: {error}); it is in the log."
        self.window.notice.show_notice(words)


class Interrupts(QObject):
    """Ctrl+C in the terminal closes the window: Python sees the signal once Qt wakes it."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window = window
        self._here, self._there = socket.socketpair()
        for end in (self._here, self._there):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._here.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_woken)
        self._before = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        self._fd_before = signal.set_wakeup_fd(self._there.fileno(), warn_on_full_buffer=False)

    def close(self) -> None:
        """Leave signals as they were."""
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._notifier.setEnabled(False)
        self._here.close()
        self._there.close()

    def _on_signal(self, number: int, frame: object) -> None:
        del number, frame
        QTimer.singleShot(0, self._window, self._window.close)

    def _on_woken(self) -> None:
        self._here.recv(64)


def class_steps() -> Iterator[Callable[[], None]]:
    """Have every class of Qt's made in the window's thread, some at a time.

    PySide6 makes a class when it is first named, and pyqtgraph names them all when it is imported:
    where that is in another thread, while this one is in Qt's event loop, the process can end.
    """
    wanted = [(module, name) for module in (QtCore, QtGui, QtWidgets) for name in dir(module)]
    for first in range(0, len(wanted), CLASSES_AT_ONCE):
        yield partial(_make_classes, wanted[first : first + CLASSES_AT_ONCE])


def _make_classes(wanted: list[tuple[ModuleType, str]]) -> None:
    for module, name in wanted:
        getattr(module, name, None)


def _import_session() -> None:
    import astrogui.session.session  # noqa: F401


def _import_views() -> None:
    """Panels and views. Only modules: no Qt object is made outside its thread."""
    import astrogui.window.panels.results
    import astrogui.window.workbench  # noqa: F401
    from astrogui.viewers import VIEWS, view_class

    for name, _ in VIEWS:
        view_class(name)


def trace(words: str) -> None:
    """Say when something was reached, counted from the start of the process."""
    if os.environ.get(TRACE_VARIABLE):
        print(f"{words} {seconds_since_start():.3f} s", file=sys.stderr, flush=True)


def seconds_since_start() -> float:
    """Seconds since this process was started (Linux), else since the first import here."""
    try:
        with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
            ticks = int(file.read().rsplit(")", 1)[1].split()[19])
    except OSError:
        return time.process_time()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def _application() -> QApplication:
    application = QApplication.instance()
    if isinstance(application, QApplication):
        return application
    application = QApplication(sys.argv[:1])
    application.setApplicationName("AstroGUI")
    application.setDesktopFileName("astrogui")
    return application
