"""Judgements and their undo: each step keeps every row's before and after, in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from astrogui.records.judgement import FIELDS
from astrogui.store import grades
from astrogui.store.project import now


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    step_id: int
    title: str
    author: str
    created: str
    state: str  # done or undone
    judge: str  # whose judgements it changed; "" for those agreed on


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
    judge: str | None = None,
) -> tuple[int, ...]:
    """Write judgements and the step that undoes them; return the rows that changed.

    ``judge`` is whose judgements they are, ``author`` unless said otherwise. A new judgement drops
    the steps that were undone: they can no longer be redone.
    """
    wanted = dict.fromkeys(row_ids, values)
    return annotate_each(connection, wanted, author, judge)


def annotate_each(
    connection: sqlite3.Connection,
    wanted: Mapping[int, Mapping[str, str | None]],
    author: str,
    judge: str | None = None,
    title: str = "",
) -> tuple[int, ...]:
    """Write judgements of many rows, each its own, as one step; return the rows that changed."""
    judge = author if judge is None else judge
    changes = []
    for row_id, values in wanted.items():
        if unknown := set(values) - set(FIELDS):
            raise ValueError(f"no judgement is called {sorted(unknown)}; there are {FIELDS}")
        for field, after in values.items():
            before = _current(connection, row_id, field, judge)
            if before != after:
                changes.append((row_id, field, before, after))
    if not changes:
        return ()
    where, whose = _scope(connection, author)
    connection.execute(
        f"UPDATE history SET state = 'dropped' WHERE state = 'undone' {where}", whose
    )
    connection.execute(
        "INSERT INTO history (title, author, created, changes, state, judge) "
        "VALUES (?, ?, ?, ?, 'done', ?)",
        (title or _title(changes, judge), author, now(), json.dumps(changes), judge),
    )
    for row_id, field, _, after in changes:
        _write(connection, row_id, field, after, judge)
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
    if step_id and step_id not in {step.step_id for step in steps(connection)}:
        raise KeyError(f"no step {step_id} in the history")
    where, whose = _scope(connection, author)
    changed: tuple[int, ...] = ()
    later = f"SELECT COUNT(*) FROM history WHERE state = 'done' AND step_id > ? {where}"
    for _ in range(connection.execute(later, (step_id, *whose)).fetchone()[0]):
        changed += undo(connection, author)
    earlier = f"SELECT COUNT(*) FROM history WHERE state = 'undone' AND step_id <= ? {where}"
    for _ in range(connection.execute(earlier, (step_id, *whose)).fetchone()[0]):
        changed += redo(connection, author)
    return tuple(dict.fromkeys(changed))


def titles(connection: sqlite3.Connection) -> tuple[str, str]:
    """What undo and redo would do next, "" where there is nothing."""
    where, whose = _scope(connection)
    done = connection.execute(
        f"SELECT title FROM history WHERE state = 'done' {where} ORDER BY step_id DESC LIMIT 1",
        whose,
    ).fetchone()
    undone = connection.execute(
        f"SELECT title FROM history WHERE state = 'undone' {where} ORDER BY step_id LIMIT 1", whose
    ).fetchone()
    return (done[0] if done else "", undone[0] if undone else "")


def steps(connection: sqlite3.Connection) -> list[Step]:
    """The judgements that can be undone or redone, oldest first; a blind grader's own alone."""
    where, whose = _scope(connection)
    rows = connection.execute(
        "SELECT step_id, title, author, created, state, judge FROM history "
        f"WHERE state != 'dropped' {where} ORDER BY step_id",
        whose,
    )
    return [
        Step(step_id=r[0], title=r[1], author=r[2], created=r[3], state=r[4], judge=r[5])
        for r in rows
    ]


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
    """Who gave the judgement that a row shows, and when (UTC, ISO 8601); None without one."""
    by_author = grades.read_grades(connection, [row_id]).get(row_id, {})
    me = grades.judge(connection)
    others = [name for name in reversed(by_author) if name not in {me, grades.ADJUDICATED}]
    for author in (grades.ADJUDICATED, me, *others):
        if field in by_author.get(author, {}):
            changed = connection.execute(
                "SELECT changed FROM annotations WHERE row_id = ? AND author = ? AND field = ?",
                (row_id, author, field),
            ).fetchone()
            return author or "agreed on", changed[0]
    return None


def read_annotations(
    connection: sqlite3.Connection, row_ids: Sequence[int] | None = None
) -> dict[int, dict[str, str]]:
    """The judgements that are shown, by row and field."""
    return grades.read_shown(connection, row_ids)


def _move(
    connection: sqlite3.Connection,
    author: str,
    from_state: str,
    to_state: str,
    order: str,
    before: bool,
) -> tuple[int, ...]:
    where, whose = _scope(connection, author)
    step = connection.execute(
        f"SELECT step_id, changes, judge FROM history WHERE state = ? {where} "
        f"ORDER BY step_id {order} LIMIT 1",
        (from_state, *whose),
    ).fetchone()
    if step is None:
        return ()
    changes = json.loads(step[1])
    for row_id, field, old, new in changes:
        _write(connection, row_id, field, old if before else new, step[2])
    connection.execute("UPDATE history SET state = ? WHERE step_id = ?", (to_state, step[0]))
    return tuple(dict.fromkeys(change[0] for change in changes))


def _scope(
    connection: sqlite3.Connection, author: str | None = None
) -> tuple[str, tuple[str, ...]]:
    """Whose steps can be walked: everybody's, but a blind grader's own alone."""
    if not grades.is_blind(connection):
        return "", ()
    return "AND author = ?", (grades.judge(connection) if author is None else author,)


def _current(connection: sqlite3.Connection, row_id: int, field: str, judge: str) -> str | None:
    row = connection.execute(
        "SELECT value FROM annotations WHERE row_id = ? AND author = ? AND field = ?",
        (row_id, judge, field),
    ).fetchone()
    return None if row is None else row[0]


def _write(
    connection: sqlite3.Connection, row_id: int, field: str, value: str | None, judge: str
) -> None:
    connection.execute(
        "INSERT INTO annotations (row_id, field, value, author, changed) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (row_id, author, field) DO UPDATE SET value = excluded.value, "
        "changed = excluded.changed",
        (row_id, field, value, judge, now()),
    )


def _title(changes: Sequence[tuple[int, str, str | None, str | None]], judge: str) -> str:
    rows = len({change[0] for change in changes})
    fields = {change[1] for change in changes}
    what = " and ".join(sorted(field.removeprefix("user_") for field in fields))
    value = changes[0][3] if len({change[3] for change in changes}) == 1 else None
    target = f"{rows} rows" if rows > 1 else "one row"
    if judge == grades.ADJUDICATED:
        return f"Agree on {what} of {target}" + (f": “{value}”" if value else "")
    return f"Set {what} of {target}" + (f" to “{value}”" if value else "")
