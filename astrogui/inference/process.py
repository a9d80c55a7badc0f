"""The parent's side of a helper process: started, met over a local connection, ended."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, answer_challenge, deliver_challenge, wait
from pathlib import Path
from typing import Any

from astrogui.errors import WorkerDied

LONGEST_SOCKET_PATH = 100  # the system's limit is 108 bytes, 104 on some


def own_command(word: str) -> list[str]:
    """How this program starts itself as the helper named by ``word``."""
    if getattr(sys, "frozen", False):
        return [sys.executable, word]
    # -P keeps the working directory, where anything may lie, out of the child's module path.
    return [sys.executable, "-P", "-m", "astrogui", word]


def kill_group(process: subprocess.Popen[Any]) -> None:
    """Kill a process that leads its own group, with all it started; from any thread."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        pass


class HelperProcess:
    """A child process in its own process group, with an authenticated local connection.

    It is started by the constructor, which returns at once; ``meet`` waits for it to call back.
    ``folder`` is private to the two and lies there until ``end``.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: str | None = None,
        said: dict[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="astrogui-"))
        self._authkey = secrets.token_bytes(32)
        self._listener, address = _listen(self.folder)
        self.connection: Connection | None = None
        words = {
            **(said or {}),
            "address": address,
            "authkey": self._authkey.hex(),
            "parent": os.getpid(),
            "folder": str(self.folder),
        }
        try:
            self._process = _spawn(command, log, environment or {})
        except OSError:
            self._listener.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(words).encode() + b"\n")
            self._process.stdin.close()
        except OSError:  # it ended at once: ``meet`` will say so
            pass

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def meet(self, timeout_s: float, also: Sequence[Any] = ()) -> Connection | None:
        """The connection once the child has called, or None when ``timeout_s`` is over.

        Returns early, with None, when something in ``also`` can be read. Raises ``WorkerDied``
        when the child ended first.
        """
        deadline = time.monotonic() + timeout_s
        while self.connection is None:
            left = deadline - time.monotonic()
            ready = wait([self._listener, *also], timeout=max(0.0, min(left, 0.05)))
            if self._listener in ready:
                self.connection = self._accept()
            elif self._process.poll() is not None:
                raise WorkerDied(f"The process ended while it started ({self.last_words()}).")
            elif ready or left <= 0:
                return None
        return self.connection

    def _accept(self) -> Connection:
        caller, _ = self._listener.accept()
        caller.setblocking(True)
        connection = Connection(caller.detach())
        try:
            deliver_challenge(connection, self._authkey)
            answer_challenge(connection, self._authkey)
        except (OSError, EOFError, AuthenticationError) as error:
            connection.close()
            raise WorkerDied(f"The process did not prove who it is ({error}).") from error
        return connection

    def last_words(self) -> str:
        """How the process ended: its exit code or the signal that killed it."""
        try:
            code = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            return "it closed its connection"
        if code >= 0:
            return f"exit code {code}"
        try:
            return f"killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"killed by signal {-code}"

    def kill(self) -> None:
        """Kill it with all it started; from any thread."""
        kill_group(self._process)

    def end(self) -> None:
        """Kill it, close the connection, clear the private folder."""
        if self.connection is not None:
            self.connection.close()
        self._listener.close()
        self.kill()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _listen(folder: Path) -> tuple[socket.socket, str | list[Any]]:
    """A listening socket that only this user's programs can reach, and its address."""
    path = str(folder / "door")
    if hasattr(socket, "AF_UNIX") and len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        address: str | list[Any] = path
    else:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
        address = list(listener.getsockname())
    listener.listen(1)
    return listener, address


def _spawn(
    command: Sequence[str], log: str | None, changes: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """The child, reading standard input from us and writing its errors to the log."""
    root = str(Path(__file__).resolve().parents[2])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
        "PYTHONFAULTHANDLER": "1",
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
        **changes,
    }
    group: dict[str, Any] = (
        {"process_group": 0}
        if os.name == "posix"
        else {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    )
    errors = open(log, "ab") if log else None  # noqa: SIM115 - closed below, kept by the child
    try:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=errors, env=environment, **group
        )
    finally:
        if errors is not None:
            errors.close()
