"""Items (observations), their rows (objects), jobs and problems: writing and reading them."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from astrogui.errors import FileProblem
from astrogui.records.packing import source_from_dict, source_to_dict
from astrogui.records.provenance import Place
from astrogui.records.source import Source
from astrogui.store.project import now

CHANGES = "catalogue_changes"
FOLLOW_UP = "follow_up "  # before the number of a job
SAME_TIME_S = 0.5  # mergers closer than this are one


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One observation of the project: a file's part, the bands of a field, a network's strain."""

    item_id: int
    kind: str
    paths: tuple[str, ...]
    sources: tuple[Source, ...]
    object_id: str
    state: str  # ok, missing, refused, superseded
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInfo:
    job_id: int
    item_id: int
    task: str
    state: str
    fraction: float
    words: str
    rows: int
    options: dict[str, str]
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    problem_id: int
    path: str
    place: str
    cause: str
    advice: str
    time: str


def content_key(sources: Sequence[Source]) -> str:
    """What makes an observation the same one: hashes and parts, and how it was read."""
    return json.dumps([[*source.key, *map(list, source.options)] for source in sources])


def add_item(connection: sqlite3.Connection, folder: Path, sources: Sequence[Source]) -> int:
    """Store an observation; the same content is the item that is there already, seen again."""
    key = content_key(sources)
    known = connection.execute(
        "SELECT item_id FROM items WHERE content_key = ? AND state != 'superseded'", (key,)
    ).fetchone()
    text = json.dumps([stored_source(source, folder) for source in sources])
    if known is not None:
        moved = connection.execute(
            "UPDATE items SET sources = ? WHERE item_id = ? AND sources != ?",
            (text, known[0], text),
        )
        if moved.rowcount:
            note_change(connection)
        connection.execute(
            "UPDATE items SET state = 'ok', words = '' WHERE item_id = ?", (known[0],)
        )
        return int(known[0])
    first = sources[0]
    cursor = connection.execute(
        "INSERT INTO items (kind, content_key, sources, object_id, created) VALUES (?, ?, ?, ?, ?)",
        (first.kind, key, text, first.object_id, now()),
    )
    return int(cursor.lastrowid or 0)


def supersede(
    connection: sqlite3.Connection, folder: Path, item_id: int, sources: Sequence[Source]
) -> tuple[int, ...]:
    """Let an item that was joined by companions take over its smaller predecessors' rows.

    Objects keep their rows and judgements: the rows move to the larger item. Returns them.
    """
    mine = {source.key for source in sources}
    moved: list[int] = []
    if len(mine) < 2:
        return ()  # one observation alone has joined nothing
    for other in read_items(connection, folder, "AND state IN ('ok', 'missing')"):
        keys = {source.key for source in other.sources}
        if other.item_id == item_id or other.kind != sources[0].kind or not keys < mine:
            continue
        rows = connection.execute("SELECT row_id FROM rows WHERE item_id = ?", (other.item_id,))
        moved += [row[0] for row in rows]
        connection.execute(
            "UPDATE rows SET item_id = ? WHERE item_id = ?", (item_id, other.item_id)
        )
        connection.execute(
            "UPDATE items SET state = 'superseded' WHERE item_id = ?", (other.item_id,)
        )
    if moved:
        note_change(connection)
    return tuple(moved)


def note_change(connection: sqlite3.Connection) -> None:
    """Count a change of rows that brings no new answer, so that kept columns are read again."""
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, '1') "
        "ON CONFLICT (key) DO UPDATE SET value = value + 1",
        (CHANGES,),
    )


def catalogue_changes(connection: sqlite3.Connection) -> int:
    """How many such changes there were."""
    found = connection.execute("SELECT value FROM meta WHERE key = ?", (CHANGES,)).fetchone()
    return 0 if found is None else int(found[0])


def add_refused(connection: sqlite3.Connection, folder: Path, problem: FileProblem) -> int:
    """A file that cannot be used, as an item with one flagged row; once a path."""
    key = json.dumps(["refused", problem.path, problem.place, problem.cause])
    known = connection.execute("SELECT item_id FROM items WHERE content_key = ?", (key,)).fetchone()
    if known is not None:
        return int(known[0])
    source = Source(path=problem.path, kind="table", format="")
    words = refusal_words(problem)
    cursor = connection.execute(
        "INSERT INTO items (kind, content_key, sources, state, words, created) "
        "VALUES ('', ?, ?, 'refused', ?, ?)",
        (key, json.dumps([stored_source(source, folder)]), words, now()),
    )
    item_id = int(cursor.lastrowid or 0)
    add_row_without_answer(connection, item_id, words)
    return item_id


def refusal_words(problem: FileProblem) -> str:
    """A refusal as the flags of a row say it."""
    place = f" ({problem.place})" if problem.place else ""
    return f"refused{place}: {problem.cause}. {problem.advice}".strip()


def add_row_without_answer(connection: sqlite3.Connection, item_id: int, words: str) -> int | None:
    """A row that says why there is no answer; none where the item has rows already."""
    known = connection.execute(
        "SELECT row_id FROM rows WHERE item_id = ? LIMIT 1", (item_id,)
    ).fetchone()
    if known is not None:
        said = connection.execute(
            "UPDATE rows SET words = ? WHERE row_id = ? AND words != ? AND NOT EXISTS "
            "(SELECT 1 FROM answers WHERE answers.row_id = rows.row_id)",
            (words, known[0], words),
        )
        if said.rowcount:
            note_change(connection)
        return int(known[0])
    row = connection.execute(
        "SELECT object_id, sources FROM items WHERE item_id = ?", (item_id,)
    ).fetchone()
    first = json.loads(row[1])[0]
    cursor = connection.execute(
        "INSERT INTO rows (item_id, label, object_id, ra, dec, words) VALUES (?, '', ?, ?, ?, ?)",
        (item_id, row[0], first.get("ra_deg"), first.get("dec_deg"), words),
    )
    return int(cursor.lastrowid or 0)


def add_problem(connection: sqlite3.Connection, problem: FileProblem) -> None:
    connection.execute(
        "INSERT INTO problems (path, place, cause, advice, created) VALUES (?, ?, ?, ?, ?)",
        (problem.path, problem.place, problem.cause, problem.advice, now()),
    )


def find_row(
    connection: sqlite3.Connection,
    item_id: int,
    place: Place,
    tolerance_arcsec: float,
    taken: set[int] | None = None,
) -> int:
    """The row of this place: the known object it matches, or a new row.

    Reruns keep an object's identity: by the nearest known place within the tolerance, by time
    within half a second, or by label where there is neither. ``taken`` holds the rows that other
    places of the same job have become, which are other objects however near they lie; the row
    found is added to it.
    """
    taken = set() if taken is None else taken
    row_id = next(
        (known for known in _candidates(connection, item_id, place, tolerance_arcsec)
         if known not in taken),
        None,
    )  # fmt: skip
    if row_id is not None:
        connection.execute(
            "UPDATE rows SET label = ?, object_id = ?, ra = ?, dec = ?, x = ?, y = ?, gps = ?, "
            "words = '' WHERE row_id = ?",
            (*_place_cells(place), row_id),
        )
    else:
        cursor = connection.execute(
            "INSERT INTO rows (label, object_id, ra, dec, x, y, gps, item_id) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*_place_cells(place), item_id),
        )
        row_id = int(cursor.lastrowid or 0)
    taken.add(row_id)
    return row_id


def _candidates(
    connection: sqlite3.Connection, item_id: int, place: Place, tolerance_arcsec: float
) -> list[int]:
    """Known rows that the place may be, the likeliest first."""
    if place.gps is not None:
        found = connection.execute(
            "SELECT row_id FROM rows WHERE item_id = :item AND (ABS(gps - :gps) < :reach "
            "OR (gps IS NULL AND label IN (:label, ''))) ORDER BY gps IS NULL, ABS(gps - :gps)",
            {"item": item_id, "gps": place.gps, "reach": SAME_TIME_S, "label": place.label},
        )
        return [row[0] for row in found]
    if place.ra_deg is None or place.dec_deg is None or place.x_pixel is None:
        found = connection.execute(
            "SELECT row_id FROM rows WHERE item_id = ? AND label IN (?, '') ORDER BY label DESC",
            (item_id, place.label),
        )
        return [row[0] for row in found]
    cosine = max(_cosine_deg(place.dec_deg), 1e-6)
    reach = tolerance_arcsec / 3600
    found = connection.execute(
        "SELECT row_id, ((ra - :ra) * :cosine) * ((ra - :ra) * :cosine) "
        "+ (dec - :dec) * (dec - :dec) AS distance FROM rows WHERE item_id = :item "
        "AND ra BETWEEN :ra - :reach / :cosine AND :ra + :reach / :cosine "
        "AND dec BETWEEN :dec - :reach AND :dec + :reach ORDER BY distance",
        {"ra": place.ra_deg, "dec": place.dec_deg, "cosine": cosine, "reach": reach,
         "item": item_id},
    )  # fmt: skip
    return [row[0] for row in found]


def rows_of(connection: sqlite3.Connection, item_id: int) -> list[int]:
    """The rows of an item, in the order in which they were made."""
    found = connection.execute("SELECT row_id FROM rows WHERE item_id = ?", (item_id,))
    return [row[0] for row in found]


def read_place(connection: sqlite3.Connection, row_id: int) -> Place:
    """Where a row's object is, as it was found last; raises ``KeyError``."""
    found = connection.execute(
        "SELECT label, object_id, ra, dec, x, y, gps FROM rows WHERE row_id = ?", (row_id,)
    ).fetchone()
    if found is None:
        raise KeyError(f"no row {row_id}")
    names = ("label", "object_id", "ra_deg", "dec_deg", "x_pixel", "y_pixel", "gps")
    return Place(**dict(zip(names, found, strict=True)))


def read_items(connection: sqlite3.Connection, folder: Path, where: str = "") -> list[Item]:
    """The items in the order in which they were added."""
    rows = connection.execute(
        "SELECT item_id, kind, sources, object_id, state, words FROM items "
        f"WHERE state != 'superseded' {where} ORDER BY item_id"
    )
    items = []
    for item_id, kind, text, object_id, state, words in rows:
        sources = tuple(loaded_source(raw, folder) for raw in json.loads(text))
        items.append(
            Item(
                item_id=item_id,
                kind=kind,
                paths=tuple(dict.fromkeys(source.path for source in sources)),
                sources=sources,
                object_id=object_id,
                state=state,
                words=words,
            )
        )
    return items


def read_jobs(connection: sqlite3.Connection, where: str = "1") -> list[JobInfo]:
    rows = connection.execute(
        "SELECT job_id, item_id, task, state, fraction, words, answered, options, seed FROM jobs "
        f"WHERE {where} ORDER BY job_id"
    )
    return [
        JobInfo(
            job_id=r[0], item_id=r[1], task=r[2], state=r[3], fraction=r[4], words=r[5],
            rows=r[6], options=json.loads(r[7]), seed=r[8],
        )
        for r in rows
    ]  # fmt: skip


def options_text(options: Mapping[str, str]) -> str:
    """Options as a job keeps them."""
    return json.dumps(dict(sorted(options.items())))


def note_follow_up(connection: sqlite3.Connection, job_id: int) -> None:
    """Keep of a job that the answer of another analysis asked for it."""
    connection.execute("INSERT INTO meta (key, value) VALUES (?, '')", (f"{FOLLOW_UP}{job_id}",))


def asked_options(
    connection: sqlite3.Connection, item_id: int, task: str
) -> tuple[set[str], set[str]]:
    """What jobs of an item were asked for with, as texts: by a caller, and by other analyses."""
    found: tuple[set[str], set[str]] = set(), set()
    for text, is_follow_up in connection.execute(
        "SELECT options, EXISTS (SELECT 1 FROM meta WHERE key = ? || job_id) FROM jobs "
        "WHERE item_id = ? AND task = ?",
        (FOLLOW_UP, item_id, task),
    ):
        found[is_follow_up].add(text)
    return found


def read_problems(connection: sqlite3.Connection) -> list[Problem]:
    rows = connection.execute(
        "SELECT problem_id, path, place, cause, advice, created FROM problems ORDER BY problem_id"
    )
    return [
        Problem(problem_id=r[0], path=r[1], place=r[2], cause=r[3], advice=r[4], time=r[5])
        for r in rows
    ]


def stored_source(source: Source, folder: Path) -> dict[str, object]:
    """A source with its path both as given and relative to the project's folder."""
    raw = source_to_dict(source)
    try:
        raw["relative_path"] = os.path.relpath(os.path.abspath(source.path), folder)
    except ValueError:  # another drive
        raw["relative_path"] = ""
    return raw


def loaded_source(raw: dict[str, object], folder: Path) -> Source:
    """The stored source; where the path as given is gone, the one relative to the project."""
    path = str(raw["path"])
    relative = str(raw.get("relative_path") or "")
    if relative and not os.path.exists(path):
        moved = os.path.normpath(folder / relative)
        if os.path.exists(moved):
            path = moved
    return source_from_dict({**raw, "path": path})


def _place_cells(place: Place) -> tuple[object, ...]:
    return (
        place.label, place.object_id, place.ra_deg, place.dec_deg,
        place.x_pixel, place.y_pixel, place.gps,
    )  # fmt: skip


def _cosine_deg(angle: float) -> float:
    import math

    return math.cos(math.radians(angle))
