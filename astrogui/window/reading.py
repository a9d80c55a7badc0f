"""Reads of the project for a panel, in the pool: one at a time, once more if asked meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from astrogui.errors import AstroguiError

if TYPE_CHECKING:
    from astrogui.session.session import Session
    from astrogui.window.bridge import Bridge

Compute = Callable[..., "Future[Any]"]


class Reading(QObject):
    """Calls ``function(session.view)`` in the pool and hands its result to ``receive``."""

    def __init__(
        self,
        session: Session,
        bridge: Bridge,
        compute: Compute,
        function: Callable[[Any], Any],
        receive: Callable[[Any], None],
        parent: QObject,
        fail: Callable[[str], None] | None = None,
    ) -> None:
        """``fail`` gets the fault in words; without it the window says them."""
        super().__init__(parent)
        self._session, self._bridge, self._compute = session, bridge, compute
        self._function, self._receive = function, receive
        self._fail = fail or bridge.noticed.emit
        self._is_under_way = self._is_wanted = False

    @property
    def is_under_way(self) -> bool:
        return self._is_under_way

    @property
    def is_wanted(self) -> bool:
        """Whether it was asked for again meanwhile: what came is shown once more soon."""
        return self._is_wanted

    def ask(self, _: object = None) -> None:
        """Have it read; what comes while it is read is read after it, once."""
        if self._is_under_way:
            self._is_wanted = True
            return
        self._is_under_way, self._is_wanted = True, False
        view = self._session.view
        is_current = partial(_is_view_of, self._session, view)
        future = self._compute(_read, self._function, view, is_current)
        self._bridge.after(future, self._on_read, self._on_failed)

    def _on_read(self, result: tuple[bool, Any]) -> None:
        self._is_under_way = False
        is_current, value = result
        if is_current:
            self._receive(value)
        if self._is_wanted or not is_current:
            self.ask()

    def _on_failed(self, words: str) -> None:
        self._is_under_way = False
        self._fail(words)
        if self._is_wanted:
            self.ask()


def read_once(session: Session, compute: Compute, function: Callable[[Any], Any]) -> Future[Any]:
    """``function(session.view)`` from the pool; None where another project was opened meanwhile."""
    view = session.view
    return compute(_read_value, function, view, partial(_is_view_of, session, view))


def _is_view_of(session: Session, view: object) -> bool:
    return session.view is view


def _read_value(function: Callable[[Any], Any], view: Any, is_current: Callable[[], bool]) -> Any:
    return _read(function, view, is_current)[1]


def _read(
    function: Callable[[Any], Any], view: Any, is_current: Callable[[], bool]
) -> tuple[bool, Any]:
    """The result, and whether it is of the project that is open: reading may meet its closing."""
    try:
        result = function(view)
    except AstroguiError:
        raise
    except Exception:
        if is_current():
            raise
        return False, None
    return (True, result) if is_current() else (False, None)
