"""Teach the network the analyst's own classes: labels counted, training watched, what comes next.

Labels are the classes given in the Annotate panel to rows of images. The training runs in a child
process; its model then stands among the analyses and can be run on any image.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from astrogui.window.actions import Spec
from astrogui.window.docks import DockSpec
from astrogui.window.lazy_dock import LazyDock

if TYPE_CHECKING:
    from astrogui.session.own_models import Labels
    from astrogui.window.workbench import Workbench

SPECS = (
    Spec("own_classes", "&Results", "&Teach my own classes", ("Ctrl+Shift+F5",),
         "Train a network on the classes that you gave to rows of images"),
    Spec("next_to_label", "&Results", "Ne&xt row to label", ("Ctrl+Shift+F6",),
         "Go to the row without a class whose label would tell the network most"),
)  # fmt: skip
PAUSE_MS = 400


class Feature(QObject):
    """A dock with the labels, the learning curve and the way to the next row to label."""

    told = Signal(object)  # what the training says; emitted in its thread

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._bench = bench
        self.panel: OwnClassesPanel | None = None
        self.training: Any = None  # the training under way, as the session started it
        self._is_starting = False
        actions = bench.window.actions_by_name
        actions.add(SPECS)
        actions["own_classes"].triggered.connect(self._on_wanted)
        actions["next_to_label"].triggered.connect(self.go_to_next)
        self.dock = LazyDock(bench, DockSpec("own_classes", "My classes"), "results", self._make)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._count)
        bench.bridge.rows_changed.connect(self._on_rows_changed)
        bench.bridge.project_changed.connect(self._on_rows_changed)
        self.told.connect(self._on_told)
        self.destroyed.connect(self._stop)

    def train(self) -> None:
        """Start with the labels that there are now."""
        if self.panel is None or self.training is not None or self._is_starting:
            return
        self._is_starting = True
        self.panel.begin()
        future = self._bench.session.train_own(self.panel.title.text(), self.told.emit)
        self._bench.bridge.after(future, self._on_started, self._on_failed)

    def cancel(self) -> None:
        """Stop the training; nothing of it is kept."""
        if self.training is not None:
            self.training.cancel()

    def go_to_next(self, _: bool = False) -> None:
        """Show the row whose label would tell most."""
        future = self._bench.compute(_next_row, self._bench.session.view)
        self._bench.bridge.after(future, self._on_next, self._on_failed)

    def _make(self) -> QWidget:
        self.panel = OwnClassesPanel(self._bench.window)
        self.panel.train.clicked.connect(self.train)
        self.panel.cancel.clicked.connect(self.cancel)
        self.panel.next_row.clicked.connect(self.go_to_next)
        self.panel.curve.set_theme(self._bench.results.view.theme)
        self._count()
        return self.panel

    def _on_wanted(self, _: bool = False) -> None:
        self.dock.show()

    def _on_rows_changed(self, *_: Any) -> None:
        if self.panel is not None and self.panel.isVisible() and not self._pause.isActive():
            self._pause.start()

    def _count(self) -> None:
        from astrogui.session.own_models import labels_of

        future = self._bench.compute(labels_of, self._bench.session.view)
        self._bench.bridge.after(future, self._on_counted, self._on_failed)

    def _on_counted(self, labels: Labels) -> None:
        if self.panel is not None:
            self.panel.show_labels(labels.counts, labels.suffice, self.training is not None)

    def _on_started(self, training: Any) -> None:
        self._is_starting = False
        self.training = training
        if self.panel is not None:
            self.panel.set_running(True)

    def _on_told(self, what: dict[str, Any]) -> None:
        kind = what.get("kind")
        if self.panel is None:
            return
        if kind == "point":
            self.panel.curve.set_theme(self._bench.results.view.theme)
            self.panel.show_point(what)
        elif kind == "words":
            self.panel.say(str(what["words"]))
        else:
            self.training = None
            self._is_starting = False
            self.panel.set_running(False)
            if kind == "done":
                name = Path(what["folder"]).name
                self._bench.bridge.after(
                    self._bench.session.take_up(name), lambda _: self._on_taken_up(name),
                    self._on_failed,
                )  # fmt: skip
            else:
                self.panel.say(
                    "Stopped; nothing was kept." if kind == "cancelled" else str(what["words"])
                )

    def _on_taken_up(self, name: str) -> None:
        words = f"{name} is among the analyses now: run it on images with Analysis, Run."
        if self.panel is not None:
            self.panel.say(words)
        self._bench.window.notice.show_notice(words)

    def _on_next(self, place: tuple[int, int, int] | None) -> None:
        if place is not None:
            row_id, item_id, waiting = place
            self._bench.selection.choose_item(item_id, row_id)
            if self.panel is not None:
                many = "1 row waits" if waiting == 1 else f"{waiting:,} rows wait"
                self.panel.say(
                    f"{many} for a class; the label of row {row_id} would tell the network most. "
                    "Give it in the Annotate panel."
                )
        elif self.panel is not None:
            self.panel.say("Run a model of your own on images first: it says what to label next.")

    def _on_failed(self, words: str) -> None:
        self._is_starting = False
        if self.panel is not None:
            self.panel.set_running(self.training is not None)
            self.panel.say(words)

    def _stop(self) -> None:
        if self.training is not None:
            self.training.cancel()


class OwnClassesPanel(QWidget):
    """The name, the labels of each class, the buttons, the learning curve."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        from astrogui.viewers.learning_curve import LearningCurve

        self.title = QLineEdit("My classes", self)
        self.title.setAccessibleName("Name of the model")
        self.title.setToolTip("The model stands under this name among the analyses")
        self.train = QPushButton("&Train", self)
        self.cancel = QPushButton("&Stop", self)
        self.next_row = QPushButton("Ne&xt to label", self)
        self.next_row.setToolTip("The row whose label would tell the network most")
        self.labels = QLabel(self)
        self.labels.setWordWrap(True)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.curve = LearningCurve(parent=self)
        self.curve.setAccessibleName("Learning curve")
        top = QHBoxLayout()
        top.addWidget(QLabel("Name", self))
        top.addWidget(self.title, 1)
        buttons = QHBoxLayout()
        for button in (self.train, self.cancel, self.next_row):
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.labels)
        layout.addLayout(buttons)
        layout.addWidget(self.words)
        layout.addWidget(self.curve, 1)
        self.cancel.setEnabled(False)
        self.show_labels({}, False, False)

    def show_labels(self, counts: dict[str, int], suffice: bool, running: bool) -> None:
        """How many labels each class has, and whether a training can begin."""
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        self.labels.setText(
            f"Labels: {told}." if counts else "No row of an image has a class of yours yet."
        )
        self.train.setEnabled(suffice and not running)
        self.train.setToolTip(
            "Train in the background" if suffice else "Two classes with two labels each are needed"
        )

    def begin(self) -> None:
        self.curve.begin()
        self.say("Starting …")
        self.set_running(True)

    def set_running(self, running: bool) -> None:
        self.train.setEnabled(not running)
        self.cancel.setEnabled(running)
        self.title.setEnabled(not running)

    def show_point(self, point: dict[str, Any]) -> None:
        self.curve.add_point(point)
        self.say(
            f"Round {point['step']} of {point['of']}, {point['stage']}: "
            f"{100 * point['left_out_right']:.0f} % of the labels left out are right."
        )

    def say(self, words: str) -> None:
        self.words.setText(words)


def _next_row(view: Any) -> tuple[int, int, int] | None:
    """Row and item of what is best labelled next, and how many rows there are to choose from."""
    from astrogui.session.own_models import next_to_label

    rows = view.rows()
    wanted = next_to_label(rows)
    items = {row["row_id"]: row["item_id"] for row in rows}
    return (wanted[0], items[wanted[0]], len(wanted)) if wanted else None
