"""Finished futures brought into the window's thread, to whoever is still there to take them.

A thread of the pool holds what it calls when it is done, and may hold it last: an object of Qt's
would then be destroyed in that thread, while the window's is at work on it. So threads know the
program's courier alone, which lives as long as the application, and the receiver only weakly.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any
from weakref import WeakMethod

import shiboken6
from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal

from astrogui.viewers.turns import turns

_log = logging.getLogger(__name__)
_Parcel = tuple["WeakMethod[Callable[..., Any]]", tuple[Any, ...], "Future[Any]"]


class Courier(QObject):
    """One for the program, owned by the application."""

    _landed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._turns = turns()
        self._landed.connect(self._on_landed, Qt.ConnectionType.QueuedConnection)

    def bring(self, future: Future[Any], receive: Callable[..., Any], *words: Any) -> None:
        """Call ``receive(*words, future)``, a method of a QObject, when the future is done.

        Nobody is called once that object is gone.
        """
        parcel = partial(_send, self, WeakMethod(receive), words)
        future.add_done_callback(parcel)

    def _on_landed(self, parcel: _Parcel) -> None:
        self._turns.ask(self, partial(self._hand_over, parcel))

    def _hand_over(self, parcel: _Parcel) -> None:
        method, words, future = parcel
        receive = method()
        if receive is not None and shiboken6.isValid(receive.__self__):  # type: ignore[attr-defined]
            receive(*words, future)


def courier() -> Courier:
    """The program's courier; to be asked for in the window's thread."""
    application = QCoreApplication.instance()
    assert application is not None
    found = application.findChild(Courier)
    return found if found is not None else Courier(application)


def _send(
    by: Courier,
    method: WeakMethod[Callable[..., Any]],
    words: tuple[Any, ...],
    future: Future[Any],
) -> None:
    """Runs in any thread."""
    try:
        by._landed.emit((method, words, future))
    except RuntimeError:  # the application is shutting down
        _log.debug("a result came after the end")
