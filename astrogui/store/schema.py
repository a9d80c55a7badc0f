"""The tables of a project, and the named steps from each version to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from astrogui.errors import ProjectDamaged, ProjectTooNew
from astrogui.store.grades import split_by_author

APPLICATION_ID = 0x41475549  # "AGUI"

FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE items (
    item_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,               -- image, spectrum, strain; '' for a refused file
    content_key TEXT NOT NULL,        -- hashes and parts: what makes it the same observation
    sources TEXT NOT NULL,            -- JSON, paths relative to the project where possible
    object_id TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'ok', -- ok, missing, refused, superseded
    words TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL
);
CREATE INDEX items_by_content ON items (content_key);
CREATE TABLE rows (
    row_id INTEGER PRIMARY KEY,
    item_id INTEGER NOT NULL REFERENCES items,
    label TEXT NOT NULL,
    object_id TEXT NOT NULL DEFAULT '',
    ra REAL, dec REAL, x REAL, y REAL, gps REAL,
    words TEXT NOT NULL DEFAULT ''    -- why there is no answer, where there is none
);
CREATE INDEX rows_by_item ON rows (item_id);
CREATE TABLE answers (
    answer_id INTEGER PRIMARY KEY,
    row_id INTEGER NOT NULL REFERENCES rows,
    task TEXT NOT NULL,
    cells TEXT NOT NULL,              -- JSON: the columns that this answer fills
    flags INTEGER NOT NULL,
    novelty REAL,
    provenance TEXT NOT NULL,         -- JSON
    posterior BLOB NOT NULL,          -- npz
    refined INTEGER NOT NULL,
    created TEXT NOT NULL
);
CREATE INDEX answers_by_row ON answers (row_id, task, answer_id);
CREATE TABLE jobs (
    job_id INTEGER PRIMARY KEY,
    item_id INTEGER NOT NULL REFERENCES items,
    task TEXT NOT NULL,
    options TEXT NOT NULL,
    seed INTEGER NOT NULL,
    model TEXT NOT NULL DEFAULT '',   -- hash of the model that answers it
    state TEXT NOT NULL,              -- queued, running, done, failed, cancelled
    words TEXT NOT NULL DEFAULT '',
    fraction REAL NOT NULL DEFAULT 0,
    answered INTEGER NOT NULL DEFAULT 0,
    created TEXT NOT NULL
);
CREATE INDEX jobs_by_state ON jobs (state);
CREATE INDEX jobs_by_item ON jobs (item_id);
CREATE TABLE annotations (
    row_id INTEGER NOT NULL REFERENCES rows,
    field TEXT NOT NULL,
    value TEXT,
    author TEXT NOT NULL,
    changed TEXT NOT NULL,
    PRIMARY KEY (row_id, field)
) WITHOUT ROWID;
CREATE TABLE history (
    step_id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    author TEXT NOT NULL,
    created TEXT NOT NULL,
    changes TEXT NOT NULL,            -- JSON: [row_id, field, before, after] each
    state TEXT NOT NULL               -- done, undone, dropped
);
CREATE TABLE problems (
    problem_id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    place TEXT NOT NULL,
    cause TEXT NOT NULL,
    advice TEXT NOT NULL,
    created TEXT NOT NULL
);
"""


def create_first(connection: sqlite3.Connection) -> None:
    """Version 1: everything."""
    for statement in FIRST.split(";\n"):
        if statement.strip():
            connection.execute(statement)


def is_foreign(connection: sqlite3.Connection) -> bool:
    """Whether the database is neither empty nor one of ours."""
    writer = int(connection.execute("PRAGMA application_id").fetchone()[0])
    is_empty = connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None
    return writer != APPLICATION_ID and not (writer == 0 and is_empty)


# Named steps; a project of version n has run the first n of them.
MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (create_first, split_by_author)


def migrate(
    connection: sqlite3.Connection,
    path: str,
    steps: tuple[Callable[[sqlite3.Connection], None], ...] = MIGRATIONS,
) -> int:
    """Bring the project to the newest version, one transaction a step; return how many ran.

    Raises ``ProjectTooNew`` when a newer application has written it, ``ProjectDamaged`` for a
    database of another program.
    """
    if is_foreign(connection):
        raise ProjectDamaged(
            f"{path}: this is a database of another program, which is left as it is. "
            "Give another name for a new project."
        )
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(steps):
        raise ProjectTooNew(
            f"{path}: the project has version {version}, this application understands up to "
            f"{len(steps)}. Update the application to open it."
        )
    for number, step in enumerate(steps[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            step(connection)
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    return len(steps) - version
