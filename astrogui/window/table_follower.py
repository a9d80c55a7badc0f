"""The session's table heard in the window's thread: changes that gathered are told together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from astrogui.window.bridge import Bridge

if TYPE_CHECKING:
    from astrogui.session.live_table import LiveTable, TableChange
    from astrogui.session.session import Session


class TableFollower:
    """Follows the table of the project that the session has."""

    def __init__(
        self, session: Session, bridge: Bridge, take: Callable[[Sequence[TableChange]], None]
    ) -> None:
        self._session, self._bridge, self._take = session, bridge, take
        self._told: deque[TableChange] = deque()
        self._is_taking = False
        self._live: LiveTable | None = None
        self._stop: Callable[[], None] = _nothing

    @property
    def live(self) -> LiveTable:
        """The session's table: what is asked of it runs in its thread."""
        assert self._live is not None
        return self._live

    @property
    def is_behind(self) -> bool:
        """Whether changes are on their way."""
        return bool(self._told)

    def begin(self) -> bool:
        """Follow the table of the project that the session has now; False where it is the same."""
        live = self._session.live_table()
        if live is self._live:
            return False
        self._stop()
        self._live = live
        self._told.clear()
        self._stop = live.subscribe(partial(self._on_told, live))
        return True

    def close(self) -> None:
        """Hear nothing more."""
        self._stop()

    def _on_told(self, live: LiveTable, change: TableChange) -> None:
        """Runs in the table's thread."""
        if live is not self._live:
            return
        self._told.append(change)
        if not self._is_taking:
            self._is_taking = True
            future: Future[None] = Future()
            future.set_result(None)
            self._bridge.after(future, self._take_told)

    def _take_told(self, _: object) -> None:
        self._is_taking = False
        told = []
        while self._told:
            told.append(self._told.popleft())
        if told:
            self._take(told)


def _nothing() -> None:
    """No table is heard yet."""
