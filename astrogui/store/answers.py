"""Answers: appended, never edited; the newest of a task is shown, all are kept."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from astrogui.records.packing import (
    curve_from_bytes,
    posterior_from_bytes,
    posterior_to_bytes,
    provenance_from_json,
    provenance_to_json,
)
from astrogui.records.posterior import Posterior
from astrogui.records.provenance import AnswerProvenance
from astrogui.store import items
from astrogui.store.project import now


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerInfo:
    """What is known of an answer without unpacking its posterior."""

    answer_id: int
    row_id: int
    task: str
    cells: dict[str, Any]
    flags: int
    novelty: float | None
    provenance: AnswerProvenance
    refined: bool
    created: str


def add_answer(
    connection: sqlite3.Connection,
    row_id: int,
    task: str,
    cells: dict[str, Any],
    posterior: Posterior,
    provenance: AnswerProvenance,
    refined: bool,
) -> int:
    novelty = None if posterior.novelty != posterior.novelty else float(posterior.novelty)
    cursor = connection.execute(
        "INSERT INTO answers (row_id, task, cells, flags, novelty, provenance, posterior, refined, "
        "created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row_id, task, json.dumps(cells, allow_nan=False), int(posterior.flags), novelty,
            provenance_to_json(provenance), posterior_to_bytes(posterior), int(refined), now(),
        ),
    )  # fmt: skip
    return int(cursor.lastrowid or 0)


NEWEST = "answer_id IN (SELECT MAX(answer_id) FROM answers GROUP BY row_id, task)"


def read_answers(
    connection: sqlite3.Connection, row_ids: Sequence[int] | None = None, all_of_them: bool = False
) -> list[AnswerInfo]:
    """The newest answer of each task and row (or all that there ever were), oldest first."""
    where = "1" if all_of_them else NEWEST
    columns = "answer_id, row_id, task, cells, flags, novelty, provenance, refined, created"
    found: list[Any] = []
    if row_ids is None:
        found = connection.execute(
            f"SELECT {columns} FROM answers WHERE {where} ORDER BY answer_id"
        ).fetchall()
    else:
        for start in range(0, len(row_ids), 500):
            some = row_ids[start : start + 500]
            marks = ",".join("?" * len(some))
            limit = (
                "1"
                if all_of_them
                else "answer_id IN (SELECT MAX(answer_id) FROM answers "
                f"WHERE row_id IN ({marks}) GROUP BY row_id, task)"
            )
            values = (*some,) if all_of_them else (*some, *some)
            found += connection.execute(
                f"SELECT {columns} FROM answers WHERE row_id IN ({marks}) AND {limit} "
                "ORDER BY answer_id",
                values,
            ).fetchall()
    return [
        AnswerInfo(
            answer_id=r[0], row_id=r[1], task=r[2], cells=json.loads(r[3]), flags=r[4],
            novelty=r[5], provenance=provenance_from_json(r[6]), refined=bool(r[7]), created=r[8],
        )
        for r in found
    ]  # fmt: skip


def outdone(
    connection: sqlite3.Connection, item_id: int, task: str, options: Mapping[str, str]
) -> bool:
    """Whether a row that was answered with these options has a newer answer with others.

    Others that nobody asked for, which the answer of another analysis gave, are passed over.
    """
    wanted = items.options_text(options)
    asked, followed = items.asked_options(connection, item_id, task)
    if asked | followed <= {wanted}:
        return False  # without a look at each answer
    passed_over = followed - asked - {wanted}
    newest: dict[int, bool] = {}  # of rows that were answered so: whether the newest answer is
    for row_id, packed in connection.execute(
        "SELECT row_id, json_extract(provenance, '$.options') FROM answers "
        "JOIN rows USING (row_id) WHERE item_id = ? AND task = ? ORDER BY answer_id",
        (item_id, task),
    ):
        given = items.options_text(dict(json.loads(packed or "[]")))
        is_so = given == wanted
        if is_so or (row_id in newest and given not in passed_over):
            newest[row_id] = is_so
    return not all(newest.values())


def read_posterior(
    connection: sqlite3.Connection, row_id: int, task: str | None = None
) -> Posterior | None:
    """The newest posterior of a row, of one task or of any."""
    where, values = ("AND task = ?", (row_id, task)) if task else ("", (row_id,))
    found = connection.execute(
        f"SELECT posterior FROM answers WHERE row_id = ? {where} ORDER BY answer_id DESC LIMIT 1",
        values,
    ).fetchone()
    return None if found is None else posterior_from_bytes(found[0])


def read_curves(
    connection: sqlite3.Connection, task: str, name: str
) -> list[tuple[int, str, NDArray[Any]]]:
    """Row, hash of the model and a curve of the newest answer of each row, where it has one."""
    found = []
    for row_id, provenance, packed in connection.execute(
        "SELECT row_id, provenance, posterior FROM answers WHERE answer_id IN "
        "(SELECT MAX(answer_id) FROM answers WHERE task = ? GROUP BY row_id) ORDER BY row_id",
        (task,),
    ):
        curve = curve_from_bytes(packed, name)
        if curve is not None:
            found.append((int(row_id), provenance_from_json(provenance).model_sha256, curve))
    return found


def read_answer(connection: sqlite3.Connection, answer_id: int) -> Posterior | None:
    """The posterior of one answer; None where there is no such answer."""
    found = connection.execute(
        "SELECT posterior FROM answers WHERE answer_id = ?", (answer_id,)
    ).fetchone()
    return None if found is None else posterior_from_bytes(found[0])
