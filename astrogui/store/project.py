"""Opening a project: its lock, its version, its connections, and SQLite's faults in our words."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from astrogui.errors import DiskFull, ProjectDamaged, ProjectLocked, ProjectProblem
from astrogui.store.schema import MIGRATIONS, is_foreign, migrate

PAGE_BYTES = 8192  # answers take tens of them: a commit costs a quarter less than with 4096


def now() -> str:
    """UTC, ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Project:
    """The project file, open for writing by one thread of one process.

    Raises ``ProjectLocked``, ``ProjectTooNew``, ``ProjectDamaged`` or ``DiskFull``.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).absolute()
        self._gather: _Gather | None = None
        self._lock = _take_lock(self.path)
        try:
            with translated(self.path):
                self._back_up_older()
                self.connection = _connect(self.path)
                try:
                    migrate(self.connection, str(self.path))
                except BaseException:
                    self.connection.close()
                    raise
        except BaseException:
            self._lock.close()
            raise

    def _back_up_older(self) -> None:
        """Keep a copy of a project that is about to be migrated."""
        if not self.path.exists() or self.path.stat().st_size == 0:
            return
        with contextlib.closing(open_reader(self.path)) as probe:
            version = int(probe.execute("PRAGMA user_version").fetchone()[0])
            if 0 < version < len(MIGRATIONS):
                # By SQLite: what a crash has left in the journal belongs to the project too.
                backup = self.path.with_suffix(f".version-{version}.backup")
                backup.unlink(missing_ok=True)
                with contextlib.closing(sqlite3.connect(backup)) as copy:
                    probe.backup(copy)

    @contextlib.contextmanager
    def transaction(self, on_disk: bool = True) -> Iterator[sqlite3.Connection]:
        """Everything inside happens, or nothing; SQLite's faults come out translated.

        It is on disk when this ends, with all that was written before; without ``on_disk`` when
        the next one is that asks for it. A loss of power takes the last such ones back, whole and
        in order; the death of a process takes nothing.
        """
        with translated(self.path):
            if self._gather is not None:
                with self._gather.part():
                    yield self.connection
                return
            self._begin(on_disk)
            try:
                yield self.connection
            except BaseException:
                self._take_back()
                raise
            self.connection.execute("COMMIT")

    @contextlib.contextmanager
    def gathered(self) -> Iterator[None]:
        """The transactions inside as one, on disk when this ends.

        One that fails is taken back alone. Where this raises, nothing of all has happened.
        """
        with translated(self.path):
            self._gather = gather = _Gather(self.connection, self._begin)
            try:
                yield
                self._gather = None
                gather.end()
            except BaseException:
                self._gather = None
                self._take_back()
                raise

    def _begin(self, on_disk: bool = True) -> None:
        self.connection.execute(f"PRAGMA synchronous = {'FULL' if on_disk else 'NORMAL'}")
        self.connection.execute("BEGIN IMMEDIATE")

    def _take_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self.connection.execute("ROLLBACK")

    def close(self) -> None:
        """Fold the journal into the file and let others write."""
        with contextlib.suppress(sqlite3.Error):
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.connection.close()
        with contextlib.suppress(OSError):  # first: once it is free it may be another's
            lock_path(self.path).unlink()
        self._lock.close()
        if os.name == "nt":  # where an open file cannot be removed
            with contextlib.suppress(OSError):
                lock_path(self.path).unlink()


class _Gather:
    """Transactions that become one: it begins with the first, each of them is a part of it."""

    def __init__(self, connection: sqlite3.Connection, begin: Callable[[], None]) -> None:
        self._connection, self._begin = connection, begin
        self._has_begun = False
        self._lost: BaseException | None = None  # what made SQLite take back the whole

    @contextlib.contextmanager
    def part(self) -> Iterator[None]:
        """Everything inside happens, or nothing of it; raises what took back all before it."""
        if self._lost is not None:
            raise self._lost
        if not self._has_begun:
            self._begin()
            self._has_begun = True
        self._connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException as error:
            if not self._connection.in_transaction:  # on a full disk for one
                self._lost = error
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK TO part")
                self._connection.execute("RELEASE part")
            raise
        self._connection.execute("RELEASE part")

    def end(self) -> None:
        """Commit what has happened; raises what took it back."""
        if self._lost is not None:
            raise self._lost
        if self._has_begun:
            self._connection.execute("COMMIT")


def open_reader(path: str | Path) -> sqlite3.Connection:
    """A read-only connection that sees every committed change; for one thread."""
    with translated(Path(path)):
        connection = sqlite3.connect(
            f"file:{_quoted(Path(path))}?mode=ro", uri=True, check_same_thread=False
        )
        connection.execute("PRAGMA query_only = 1")
        return connection


def lock_path(path: Path) -> Path:
    return path.with_name(path.name + "-lock")


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's faults of the world as ours; its faults of use stay bugs."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise DiskFull(
                f"{path}: the disk is full. Make room; nothing shown is lost."
            ) from error
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise ProjectLocked(f"{path}: another program is writing to it. Close it.") from error
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise ProjectDamaged(
                f"{path}: this is no project, or its content is broken ({error}). "
                "Open a backup, or give another name for a new project."
            ) from error
        if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR}:
            raise ProjectProblem(
                f"{path}: cannot be opened for writing ({error}). Check the folder's permission."
            ) from error
        raise


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        if not is_foreign(connection):  # of another program's not even the journal is changed
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # of a file that is new
            connection.execute("PRAGMA journal_mode = WAL")
        # A commit is on disk before anything is shown; FULL costs about a millisecond a batch.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _take_lock(path: Path) -> IO[bytes]:
    """An advisory lock that the system frees when the process dies, however it dies."""
    try:
        handle = open(lock_path(path), "ab")  # noqa: SIM115 (held as long as the project)
    except OSError as error:
        raise ProjectProblem(
            f"{path}: cannot be written ({error.strerror}). Choose another folder."
        ) from error
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise ProjectLocked(
            f"{path}: another window or command has this project open. Close it there first."
        ) from error
    if not _is_at(handle, lock_path(path)):  # removed by whoever had it, after we opened it
        handle.close()
        return _take_lock(path)
    return handle


def _is_at(handle: IO[bytes], path: Path) -> bool:
    """Whether an open file is still the one that stands at ``path``."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def _quoted(path: Path) -> str:
    """A path as it may stand in an SQLite URI."""
    from urllib.parse import quote

    return quote(str(path))
