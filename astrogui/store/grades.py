"""Judgements of several graders: whose are kept, whose are shown, and what a blind grader sees.

Every judgement is kept under its author's name; those agreed on stand under ``ADJUDICATED``. The
project's meta table holds who judges now and whether the others' judgements are hidden, so that
every reader of the project shows the same.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from astrogui.records.judgement import FIELDS

ADJUDICATED = ""  # in the place of an author's name, which is never empty
EVERY_ROW = 0  # in the place of a row's id, which begin with 1
AT_ONCE = 500  # ids in one statement

ByAuthor = dict[str, dict[str, str]]  # judgements by author and field


def judge(connection: sqlite3.Connection) -> str:
    """Who judges now: judgements are written under this name."""
    return read_meta(connection, "judge") or ""


def set_judge(connection: sqlite3.Connection, author: str) -> bool:
    """Let another grader judge; whether that is a change."""
    if judge(connection) == author:
        return False
    write_meta(connection, "judge", author)
    return True


def is_blind(connection: sqlite3.Connection) -> bool:
    """Whether graders do not see each other's judgements before they have graded a row."""
    return read_meta(connection, "blind") == "1"


def set_blind(connection: sqlite3.Connection, blind: bool, author: str, time: str) -> None:
    """Begin or end the blind mode; its end is recorded as an unblinding of every row."""
    if is_blind(connection) and not blind:
        unblind(connection, [EVERY_ROW], author, time)
    write_meta(connection, "blind", "1" if blind else "0")


def unblind(
    connection: sqlite3.Connection, row_ids: Sequence[int], author: str, time: str
) -> tuple[int, ...]:
    """Record for ever that ``author`` looked at the others' judgements; the rows it is new for."""
    seen = {row_id for row_id, _ in unblinded(connection, author)}
    fresh = [row_id for row_id in dict.fromkeys(row_ids) if row_id not in seen]
    connection.executemany(
        "INSERT INTO unblinded (row_id, author, created, graded) VALUES (?, ?, ?, ?)",
        [
            (row_id, author, time, int(row_id in _graded(connection, author, [row_id])))
            for row_id in fresh
        ],
    )
    return tuple(fresh)


def unblinded(connection: sqlite3.Connection, author: str | None = None) -> list[tuple[int, str]]:
    """Rows (0 for all of them) and who looked at the others' judgements before grading."""
    where = "" if author is None else "WHERE author = ?"
    values = () if author is None else (author,)
    return connection.execute(
        f"SELECT row_id, author FROM unblinded {where} ORDER BY created, row_id", values
    ).fetchall()


def graders(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Everybody whose judgements are kept, by name."""
    found = connection.execute(
        "SELECT DISTINCT author FROM annotations WHERE value IS NOT NULL AND author != ? "
        "ORDER BY author",
        (ADJUDICATED,),
    )
    return tuple(row[0] for row in found)


def read_grades(
    connection: sqlite3.Connection, row_ids: Sequence[int] | None = None, hide: bool = True
) -> dict[int, ByAuthor]:
    """Judgements by row, author and field, the latest judged author last.

    With ``hide`` a blind grader's view: of the rows not yet graded only the own judgements.
    """
    found: dict[int, ByAuthor] = {}
    for row_id, author, field, value in _read(connection, row_ids):
        by_author = found.setdefault(row_id, {})
        fields = by_author.pop(author, {})  # put in again, behind those who judged before
        fields[field] = value
        by_author[author] = fields
    if not hide or not is_blind(connection):
        return found
    me = judge(connection)
    seen = {row_id for row_id, _ in unblinded(connection, me)}
    return {
        row_id: by_author if _is_open(row_id, by_author, me, seen) else {me: by_author[me]}
        for row_id, by_author in found.items()
        if me in by_author or _is_open(row_id, by_author, me, seen)
    }


def read_shown(
    connection: sqlite3.Connection, row_ids: Sequence[int] | None = None
) -> dict[int, dict[str, str]]:
    """The judgement that a row shows, by field: agreed on, else one's own, else the latest."""
    me = judge(connection)
    return {row_id: shown(by_author, me) for row_id, by_author in
            read_grades(connection, row_ids).items()}  # fmt: skip


def shown(by_author: Mapping[str, Mapping[str, str]], me: str) -> dict[str, str]:
    """Of the judgements of one row, the latest author last, those that are shown."""
    chosen: dict[str, str] = {}
    for author in (*(name for name in by_author if name not in {me, ADJUDICATED}), me, ADJUDICATED):
        chosen.update(by_author.get(author, {}))
    return {field: chosen[field] for field in FIELDS if field in chosen}


def read_meta(connection: sqlite3.Connection, key: str) -> str | None:
    found = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if found is None else str(found[0])


def write_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def split_by_author(connection: sqlite3.Connection) -> None:
    """Version 2: judgements by author; what was judged before stays its author's.

    The steps of the history are replayed, so that each undoes what its own author had judged.
    """
    for statement in (
        "ALTER TABLE annotations RENAME TO annotations_before",
        "CREATE TABLE annotations (row_id INTEGER NOT NULL REFERENCES rows, author TEXT NOT NULL, "
        "field TEXT NOT NULL, value TEXT, changed TEXT NOT NULL, "
        "PRIMARY KEY (row_id, author, field)) WITHOUT ROWID",
        "CREATE TABLE unblinded (row_id INTEGER NOT NULL, author TEXT NOT NULL, "
        "created TEXT NOT NULL, graded INTEGER NOT NULL, "
        "PRIMARY KEY (row_id, author)) WITHOUT ROWID",
        "ALTER TABLE history ADD COLUMN judge TEXT NOT NULL DEFAULT ''",
        "UPDATE history SET judge = author",
    ):
        connection.execute(statement)
    _replay(connection)
    connection.execute(
        "INSERT INTO annotations (row_id, author, field, value, changed) "
        "SELECT row_id, author, field, value, changed FROM annotations_before WHERE true "
        "ON CONFLICT (row_id, author, field) DO UPDATE SET value = excluded.value, "
        "changed = excluded.changed"
    )
    connection.execute("DROP TABLE annotations_before")


def _replay(connection: sqlite3.Connection) -> None:
    state: dict[tuple[int, str, str], str | None] = {}
    steps = connection.execute(
        "SELECT step_id, author, created, changes, state FROM history WHERE state != 'dropped' "
        "ORDER BY step_id"
    ).fetchall()
    for step_id, author, created, text, done in steps:
        changes: list[list[Any]] = json.loads(text)
        for change in changes:
            key = (change[0], author, change[1])
            change[2] = state.get(key)
            state[key] = change[3]
            if done == "done":
                connection.execute(
                    "INSERT INTO annotations (row_id, author, field, value, changed) "
                    "VALUES (?, ?, ?, ?, ?) ON CONFLICT (row_id, author, field) DO UPDATE SET "
                    "value = excluded.value, changed = excluded.changed",
                    (change[0], author, change[1], change[3], created),
                )
        connection.execute(
            "UPDATE history SET changes = ? WHERE step_id = ?", (json.dumps(changes), step_id)
        )


def _is_open(row_id: int, by_author: ByAuthor, me: str, seen: set[int]) -> bool:
    """Whether a blind grader sees the others' judgements of a row."""
    return "user_quality" in by_author.get(me, {}) or row_id in seen or EVERY_ROW in seen


def _graded(connection: sqlite3.Connection, author: str, row_ids: Iterable[int]) -> set[int]:
    return {
        row_id
        for row_id in row_ids
        if connection.execute(
            "SELECT 1 FROM annotations WHERE row_id = ? AND author = ? "
            "AND field = 'user_quality' AND value IS NOT NULL",
            (row_id, author),
        ).fetchone()
    }


def _read(
    connection: sqlite3.Connection, row_ids: Sequence[int] | None
) -> list[tuple[int, str, str, str]]:
    query = "SELECT row_id, author, field, value FROM annotations WHERE value IS NOT NULL"
    order = "ORDER BY row_id, changed"
    if row_ids is None:
        return connection.execute(f"{query} {order}").fetchall()
    found: list[tuple[int, str, str, str]] = []
    for start in range(0, len(row_ids), AT_ONCE):
        some = row_ids[start : start + AT_ONCE]
        marks = ",".join("?" * len(some))
        found += connection.execute(f"{query} AND row_id IN ({marks}) {order}", tuple(some))
    return found
