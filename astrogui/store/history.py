"""Judgements and their undo: each step keeps every row's before and after, in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from astrogui.records.judgement import FIELDS
from astrogui.store.project import now


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    step_id: int
    title: str
    author: str
    created: str
    state: str  # done or undone


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One judgement of a step, before and after; None where there is none."""

    row_id: int
    field: str
    before: str | None
    after: str | None


def annotate(
    connection: sqlite3.Connection,
    row_ids: Sequence[int],
    values: Mapping[str, str | None],
    author: str,
) -> tuple[int, ...]:
    """Write judgements and the step that undoes them; return the rows that changed.

    A new judgement drops the steps that were undone: they can no longer be redone.
    """
    unknown = set(values) - set(FIELDS)
    if unknown:
        raise ValueError(f"no judgement is called {sorted(unknown)}; there are {FIELDS}")
    changes = []
    for row_id in row_ids:
        for field, after in values.items():
            before = _current(connection, row_id, field)
            if before != after:
                changes.append((row_id, field, before, after))
    if not changes:
        return ()
    connection.execute("UPDATE history SET state = 'dropped' WHERE state = 'undone'")
    connection.execute(
        "INSERT INTO history (title, author, created, changes, state) VALUES (?, ?, ?, ?, 'done')",
        (_title(changes), author, now(), json.dumps(changes)),
    )
    for row_id, field, _, after in changes:
        _write(connection, row_id, field, after, author)
    return tuple(dict.fromkeys(change[0] for change in changes))


def undo(connection: sqlite3.Connection, author: str) -> tuple[int, ...]:
    """Take the last judgement back; return the rows that changed, none when there is nothing."""
    return _move(connection, author, "done", "undone", "DESC", before=True)


def redo(connection: sqlite3.Connection, author: str) -> tuple[int, ...]:
    """Make the judgement again that was last taken back."""
    return _move(connection, author, "undone", "done", "ASC", before=False)


def go_to(connection: sqlite3.Connection, step_id: int, author: str) -> tuple[int, ...]:
    """Undo or redo until ``step_id`` is the last step done, 0 for before the first.

    Returns the rows that changed. Raises ``KeyError`` for a step that was dropped or never was.
    """
    if (
        step_id
        and connection.execute(
            "SELECT 1 FROM history WHERE step_id = ? AND state != 'dropped'", (step_id,)
        ).fetchone()
        is None
    ):
        raise KeyError(f"no step {step_id} in the history")
    changed: tuple[int, ...] = ()
    later = "SELECT COUNT(*) FROM history WHERE state = 'done' AND step_id > ?"
    for _ in range(connection.execute(later, (step_id,)).fetchone()[0]):
        changed += undo(connection, author)
    earlier = "SELECT COUNT(*) FROM history WHERE state = 'undone' AND step_id <= ?"
    for _ in range(connection.execute(earlier, (step_id,)).fetchone()[0]):
        changed += redo(connection, author)
    return tuple(dict.fromkeys(changed))


def titles(connection: sqlite3.Connection) -> tuple[str, str]:
    """What undo and redo would do next, "" where there is nothing."""
    done = connection.execute(
        "SELECT title FROM history WHERE state = 'done' ORDER BY step_id DESC LIMIT 1"
    ).fetchone()
    undone = connection.execute(
        "SELECT title FROM history WHERE state = 'undone' ORDER BY step_id LIMIT 1"
    ).fetchone()
    return (done[0] if done else "", undone[0] if undone else "")


def steps(connection: sqlite3.Connection) -> list[Step]:
    """The judgements that can be undone or redone, oldest first."""
    rows = connection.execute(
        "SELECT step_id, title, author, created, state FROM history WHERE state != 'dropped' "
        "ORDER BY step_id"
    )
    return [Step(step_id=r[0], title=r[1], author=r[2], created=r[3], state=r[4]) for r in rows]


def changes_of(
    connection: sqlite3.Connection, step_id: int, most: int = 20
) -> tuple[list[Change], int]:
    """The first ``most`` changes of a step, and how many it has."""
    found = connection.execute(
        "SELECT changes FROM history WHERE step_id = ?", (step_id,)
    ).fetchone()
    raw = [] if found is None else json.loads(found[0])
    first = [Change(row_id=r, field=f, before=b, after=a) for r, f, b, a in raw[:most]]
    return first, len(raw)


def read_judge(connection: sqlite3.Connection, row_id: int, field: str) -> tuple[str, str] | None:
    """Who gave a row's judgement, and when (UTC, ISO 8601); None where there is none."""
    found = connection.execute(
        "SELECT author, changed FROM annotations WHERE row_id = ? AND field = ? "
        "AND value IS NOT NULL",
        (row_id, field),
    ).fetchone()
    return None if found is None else (found[0], found[1])


def read_annotations(
    connection: sqlite3.Connection, row_ids: Sequence[int] | None = None
) -> dict[int, dict[str, str]]:
    """Judgements by row and field."""
    found: dict[int, dict[str, str]] = {}
    wanted = None if row_ids is None else set(row_ids)
    query = "SELECT row_id, field, value FROM annotations WHERE value IS NOT NULL"
    values: tuple[int, ...] = ()
    if row_ids is not None and len(row_ids) <= 500:
        query += f" AND row_id IN ({','.join('?' * len(row_ids))})"
        values = tuple(row_ids)
    for row_id, field, value in connection.execute(query, values):
        if wanted is None or row_id in wanted:
            found.setdefault(row_id, {})[field] = value
    return found


def _move(
    connection: sqlite3.Connection,
    author: str,
    from_state: str,
    to_state: str,
    order: str,
    before: bool,
) -> tuple[int, ...]:
    step = connection.execute(
        f"SELECT step_id, changes FROM history WHERE state = ? ORDER BY step_id {order} LIMIT 1",
        (from_state,),
    ).fetchone()
    if step is None:
        return ()
    changes = json.loads(step[1])
    for row_id, field, old, new in changes:
        _write(connection, row_id, field, old if before else new, author)
    connection.execute("UPDATE history SET state = ? WHERE step_id = ?", (to_state, step[0]))
    return tuple(dict.fromkeys(change[0] for change in changes))


def _current(connection: sqlite3.Connection, row_id: int, field: str) -> str | None:
    row = connection.execute(
        "SELECT value FROM annotations WHERE row_id = ? AND field = ?", (row_id, field)
    ).fetchone()
    return None if row is None else row[0]


def _write(
    connection: sqlite3.Connection, row_id: int, field: str, value: str | None, author: str
) -> None:
    connection.execute(
        "INSERT INTO annotations (row_id, field, value, author, changed) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (row_id, field) DO UPDATE SET value = excluded.value, "
        "author = excluded.author, changed = excluded.changed",
        (row_id, field, value, author, now()),
    )


def _title(changes: Sequence[tuple[int, str, str | None, str | None]]) -> str:
    rows = len({change[0] for change in changes})
    fields = {change[1] for change in changes}
    what = " and ".join(sorted(field.removeprefix("user_") for field in fields))
    value = changes[0][3] if len({change[3] for change in changes}) == 1 else None
    target = f"{rows} rows" if rows > 1 else "one row"
    return f"Set {what} of {target}" + (f" to “{value}”" if value else "")
