"""SAMP: tables, images, spectra, positions and rows exchanged with TOPCAT, DS9, Aladin and others.

The standard profile over loopback, by ``pyvo.samp``, which is imported when one connects. All of
it runs in a thread of its own, so a hub that hangs keeps nobody waiting. Standard: IVOA Simple
Application Messaging Protocol 1.3.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from astrogui.session.samp_files import SampProblem
from astrogui.session.samp_hub import (
    NoHub,
    check_address,
    quietly,
    register,
    running_hub,
    start_hub,
)
from astrogui.session.settling import settle

log = logging.getLogger(__name__)
T = TypeVar("T")

RECEIVED = (
    "table.load.votable",
    "table.load.fits",
    "image.load.fits",
    "spectrum.load.ssa-generic",
    "coord.pointAt.sky",
    "table.highlight.row",
    "table.select.rowList",
)
HUB_EVENTS = (
    "samp.hub.event.shutdown",
    "samp.hub.event.register",
    "samp.hub.event.unregister",
    "samp.hub.event.metadata",
    "samp.hub.event.subscriptions",
    "samp.hub.disconnect",
)
PING_S = 2.0  # a hub that was killed says nothing: it is asked this often whether it lives


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Another program at the hub, and the messages that it takes."""

    client_id: str
    name: str
    mtypes: tuple[str, ...]

    def takes(self, mtype: str) -> bool:
        """Whether a message of this type reaches it; "image.*" takes all images."""
        return any(
            taken == mtype or (taken.endswith("*") and mtype.startswith(taken[:-1]))
            for taken in self.mtypes
        )


@dataclass(frozen=True, slots=True)
class Connected:
    hub: str  # its address
    is_own: bool


@dataclass(frozen=True, slots=True)
class Disconnected:
    words: str
    was_lost: bool  # the hub went, rather than we


@dataclass(frozen=True, slots=True)
class ClientsChanged:
    clients: tuple[Client, ...]


@dataclass(frozen=True, slots=True)
class Received:
    """A message of another program."""

    mtype: str
    params: dict[str, Any]
    sender: str  # its name


Event = Connected | Disconnected | ClientsChanged | Received


class Samp:
    """One connection to a hub. Methods return futures; ``tell`` hears events in any thread."""

    def __init__(self, tell: Callable[[Event], None], ping_s: float = PING_S) -> None:
        self._tell = tell
        self._ping_s = ping_s
        self._thread: _Thread | None = None
        self._client: Any = None
        self._proxy: Any = None
        self._own_hub: Any = None
        self._names: dict[str, str] = {}
        self._clients: tuple[Client, ...] = ()
        self._stopped = threading.Event()
        self._watch: threading.Thread | None = None

    @property
    def is_connected(self) -> bool:
        return self._client is not None

    @property
    def clients(self) -> tuple[Client, ...]:
        """The other programs at the hub, as they were last heard of."""
        return self._clients

    def connect(self, start_hub: bool = False) -> Future[None]:
        """Join the hub of this desktop; with ``start_hub`` be it where none runs.

        The future raises ``NoHub`` or ``SampProblem``.
        """
        return self._do(lambda: self._connect(start_hub))

    def disconnect(self) -> Future[None]:
        """Leave the hub; one of our own ends."""
        return self._do(lambda: self._leave("Left the hub.", was_lost=False))

    def send(
        self, mtype: str, params: Mapping[str, str | list[str]], to: str | None = None
    ) -> Future[int]:
        """Send a message to one program, or to all that take it; how many took it.

        The future raises ``SampProblem``.
        """
        return self._do(lambda: self._send(mtype, dict(params), to))

    def close(self, wait_s: float = 3.0) -> None:
        """Leave, and end the threads; a hub that hangs is left behind after ``wait_s``."""
        self._stopped.set()
        if self._thread is not None:
            self._do(lambda: self._leave("", was_lost=False))
            self._thread.close(wait_s)
        if self._watch is not None:
            self._watch.join(timeout=wait_s)

    # --- in the thread of SAMP -------------------------------------------------------------

    def _do(self, command: Callable[[], T]) -> Future[T]:
        if self._thread is None:
            self._thread = _Thread()
        return self._thread.post(command)

    def _connect(self, may_start: bool) -> None:
        if self.is_connected:
            return
        found = running_hub()
        if found is None:
            if not may_start:
                raise NoHub(
                    "No SAMP hub runs on this computer. Start one here, or start TOPCAT or "
                    "Aladin, which bring one."
                )
            self._own_hub = start_hub()
            found = self._own_hub.params
        check_address(found["samp.hub.xmlrpc.url"])
        try:
            proxy, client = register(found)
        except Exception as error:
            self._end_hub()
            raise SampProblem(f"The SAMP hub does not answer ({error}). Try again.") from error
        try:
            for mtype in (*RECEIVED, *HUB_EVENTS):
                client.bind_receive_message(mtype, self._on_message, declare=False)
            client.declare_subscriptions({mtype: {} for mtype in (*RECEIVED, *HUB_EVENTS)})
        except Exception as error:  # it went between two questions
            quietly(client.stop)
            quietly(proxy.disconnect)
            self._end_hub()
            raise SampProblem(f"The SAMP hub has gone ({error}). Try again.") from error
        self._proxy, self._client = proxy, client
        self._tell(Connected(found["samp.hub.xmlrpc.url"], self._own_hub is not None))
        self._read_clients()
        if self._watch is None:
            self._watch = threading.Thread(target=self._keep_asking, name="samp-watch", daemon=True)
            self._watch.start()

    def _leave(self, words: str, was_lost: bool) -> None:
        client, proxy = self._client, self._proxy
        self._client = self._proxy = None
        self._clients = ()
        if client is not None:
            if not was_lost:
                quietly(client.unregister)
            quietly(client.stop)
            quietly(proxy.disconnect)
        self._end_hub()
        if client is not None and words:
            self._tell(Disconnected(words, was_lost))

    def _end_hub(self) -> None:
        hub, self._own_hub = self._own_hub, None
        if hub is not None:
            quietly(hub.stop)

    def _send(self, mtype: str, params: dict[str, Any], to: str | None) -> int:
        if not self.is_connected:
            raise SampProblem("Not connected to a SAMP hub. Connect first.")
        message = {"samp.mtype": mtype, "samp.params": params}
        try:
            key = self._client.get_private_key()
            if to is not None:
                self._proxy.notify(key, to, message)
                return 1
            return len(self._proxy.notify_all(key, message))
        except OSError as error:
            self._lost(error)
            raise SampProblem("The SAMP hub has gone. Connect again.") from error
        except Exception as error:
            raise SampProblem(f"The hub did not deliver it ({error}).") from error

    def _read_clients(self) -> None:
        if not self.is_connected:
            return
        key = self._client.get_private_key()
        try:
            ids = self._proxy.get_registered_clients(key)
            found = [self._read_client(key, client_id) for client_id in ids]
        except OSError as error:
            self._lost(error)
            return
        self._names = {client.client_id: client.name for client in found}
        found = [client for client in found if any(map(client.takes, RECEIVED))]
        clients = tuple(
            sorted(found, key=lambda client: (client.name.casefold(), client.client_id))
        )
        if clients != self._clients:
            self._clients = clients
            self._tell(ClientsChanged(clients))

    def _read_client(self, key: str, client_id: str) -> Client:
        try:
            name = str(self._proxy.get_metadata(key, client_id).get("samp.name") or client_id)
            mtypes = tuple(sorted(self._proxy.get_subscriptions(key, client_id)))
        except OSError:
            raise
        except Exception:  # it left while we asked
            name, mtypes = client_id, ()
        return Client(client_id=client_id, name=name, mtypes=mtypes)

    def _ping(self) -> None:
        if self.is_connected:
            try:
                self._proxy.ping()
            except Exception as error:
                self._lost(error)

    def _lost(self, error: Exception) -> None:
        log.info("the SAMP hub has gone: %s", error)
        self._leave("The SAMP hub has gone.", was_lost=True)

    # --- in other threads ------------------------------------------------------------------

    def _keep_asking(self) -> None:
        while not self._stopped.wait(self._ping_s):
            try:
                self._do(self._ping).result()
            except RuntimeError:  # the thread has ended
                return

    def _on_message(
        self, key: str, sender: str, message_id: str | None, mtype: str, params: Any, extra: Any
    ) -> None:
        """A message; runs in a thread of the client's little server."""
        del key, extra
        try:
            if message_id is not None:
                self._do(lambda: self._answer(str(message_id)))
            if mtype in {"samp.hub.event.shutdown", "samp.hub.disconnect"}:
                self._do(lambda: self._leave("The SAMP hub has ended.", was_lost=True))
            elif mtype.startswith("samp.hub."):
                self._do(self._read_clients)
            else:
                kept = {str(name): value for name, value in dict(params).items()}
                self._tell(Received(mtype, kept, self._names.get(sender, sender)))
        except RuntimeError:  # it came while we left
            log.debug("a message came after the end: %s", mtype)

    def _answer(self, message_id: str) -> None:
        if self.is_connected:
            response = {"samp.status": "samp.ok", "samp.result": {}}
            quietly(lambda: self._proxy.reply(self._client.get_private_key(), message_id, response))


class _Thread:
    """Runs commands one after another; a daemon, so that a hub that hangs keeps nobody running."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="samp", daemon=True)
        self._thread.start()

    def post(self, command: Callable[[], T]) -> Future[T]:
        """The future of ``command``'s result; raises ``RuntimeError`` after the end."""
        if self._is_closed:
            raise RuntimeError("the thread of SAMP has ended")
        future: Future[T] = Future()
        self._queue.put((command, future))
        return future

    def close(self, wait_s: float) -> None:
        self._is_closed = True
        self._queue.put(None)
        self._thread.join(wait_s)

    def _run(self) -> None:
        while (entry := self._queue.get()) is not None:
            command, future = entry
            settle(future, command)
