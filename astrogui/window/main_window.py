"""The main window's shell: menus, docks, start page, status; cheap enough to be painted at once."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSettings, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QLabel, QMainWindow, QStackedWidget, QToolBar

from astrogui.window.actions import Actions
from astrogui.window.activities import ActivityBar
from astrogui.window.docks import Docks
from astrogui.window.drop import FileDrop
from astrogui.window.notice_bar import NoticeBar
from astrogui.window.start_page import StartPage

TOOLS = ("open_files", "open_folder", "", "run_again", "cancel", "", "undo", "redo", "", "export")


class MainWindow(QMainWindow):
    """Docks round a start page. ``settings`` None keeps no layout (pictures, tests)."""

    painted = Signal()  # once, after the first paint
    closing = Signal()

    def __init__(self, settings: QSettings | None = None) -> None:
        super().__init__()
        self.setWindowTitle("AstroGUI")
        self.setObjectName("main")
        self._settings = settings
        self.installEventFilter(self)
        self.resize(1280, 820)
        self.actions_by_name = Actions(self)
        self.docks = Docks(self, self.actions_by_name)
        self.drop = FileDrop(self)
        self.drop.watch(self)
        for dock in self.docks:
            self.drop.watch(dock)
        self.start_page = StartPage(self)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self.start_page)
        self.docks.fill("viewer", self.pages)
        self._build_toolbar()
        self._build_status()
        self.restore_layout()
        self.actions_by_name["reset_layout"].triggered.connect(self.docks.reset)
        self.actions_by_name["quit"].triggered.connect(self.close)

    @property
    def settings(self) -> QSettings | None:
        """Where the layout, keys and recent files are kept; None: they are not."""
        return self._settings

    def restore_layout(self) -> None:
        """The layout in which the window was closed; projects may have others."""
        if self._settings is not None:
            self.docks.restore_window(self._settings)

    def _build_toolbar(self) -> None:
        self.toolbar = QToolBar("Tools", self)
        self.toolbar.setObjectName("tools")
        self.toolbar.setIconSize(QSize(20, 20))
        self.toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toolbar.setMovable(False)
        for name in TOOLS:
            if name:
                self.toolbar.addAction(self.actions_by_name[name])
            else:
                self.toolbar.addSeparator()
        self.addToolBar(self.toolbar)
        self.notice = NoticeBar(self, self.pages)

    def _build_status(self) -> None:
        self.activity_bar = ActivityBar(self)
        self.statusBar().addPermanentWidget(self.activity_bar)
        self.counts = QLabel("Starting…", self)
        self.worker = QLabel("Worker: not needed yet", self)
        self.counts.setAccessibleName("Counts")
        self.worker.setAccessibleName("Worker and device")
        self.statusBar().addPermanentWidget(self.counts)
        self.statusBar().addPermanentWidget(self.worker)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Sees the first paint, then steps aside."""
        if watched is self and event.type() == QEvent.Type.Paint:
            self.removeEventFilter(self)
            QTimer.singleShot(0, self, self.painted.emit)
        return super().eventFilter(watched, event)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._settings is not None:
            self.docks.save(self._settings)
            self._settings.sync()
        self.closing.emit()
        super().closeEvent(event)
