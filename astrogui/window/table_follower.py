"""The session's table heard in the window's thread: changes that gathered are told together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from astrogui.window.bridge import Bridge
from astrogui.window.quiet import Quiet

if TYPE_CHECKING:
    from astrogui.session.live_table import LiveTable, TableChange
    from astrogui.session.session import Session

MANY_ROWS = 20_000
BETWEEN_MS = 100  # so long at least from one change of as many rows to the next that is shown
FEW_BETWEEN_MS = 40  # of fewer: a table that changes is laid out and painted again each time


class TableFollower:
    """Follows the table of the project that the session has.

    A million rows come as two thousand changes. To show each would take the window all its time,
    so they are gathered; and while the window is at work the table's thread waits for it.
    """

    def __init__(
        self, session: Session, bridge: Bridge, take: Callable[[Sequence[TableChange]], None]
    ) -> None:
        self._session, self._bridge, self._take = session, bridge, take
        self._told: deque[TableChange] = deque()
        self._is_taking = False
        self._quiet = Quiet(bridge)
        self._pause = QTimer(bridge)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._take_all)
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
        self._leave()
        self._live = live
        self._told.clear()
        live.give_way = self._quiet.wait
        self._stop = live.subscribe(partial(self._on_told, live))
        return True

    def close(self) -> None:
        """Hear nothing more."""
        self._leave()
        self._quiet.close()

    def _leave(self) -> None:
        self._stop()
        self._pause.stop()
        if self._live is not None:
            self._live.give_way = _nothing

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
        if not self._pause.isActive():
            self._take_all()

    def _take_all(self) -> None:
        told = []
        while self._told:
            told.append(self._told.popleft())
        if told:
            self._take(told)
            self._pause.start(BETWEEN_MS if told[-1].count > MANY_ROWS else FEW_BETWEEN_MS)


def _nothing() -> None:
    """No table is heard yet."""
