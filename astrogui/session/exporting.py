"""Export and import of the catalogue, and finding files that have moved."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from astrogui.errors import Damaged, Unreadable
from astrogui.records.catalogue import Catalogue
from astrogui.records.judgement import FIELDS
from astrogui.session.grader_columns import with_graders
from astrogui.session.view import ProjectView
from astrogui.store import items
from astrogui.store.project import Project
from astrogui.tasks.task import Task


def write(
    project: Path,
    tasks: Sequence[Task],
    path: str,
    row_ids: Sequence[int] | None,
    posteriors: str | os.PathLike[str] | None,
    meta: Mapping[str, str],
) -> int:
    """Export the catalogue and, where asked for, the posteriors; the number of rows."""
    from astrogui.export import EXPORTERS
    from astrogui.export.exporter import export

    view = ProjectView(project, tasks)
    try:
        catalogue = view.catalogue(row_ids, dict(meta))
        grades = view.grades(row_ids)
        if len({name for by_author in grades.values() for name in by_author}) > 1:
            here = view.row_ids()
            wanted = here if row_ids is None else list(filter(set(here).__contains__, row_ids))
            catalogue = with_graders(catalogue, wanted, grades)
        export(catalogue, path, EXPORTERS)
        if posteriors is not None:
            from astrogui.export.posteriors import export_posteriors

            export_posteriors(_entries(view, row_ids), os.fspath(posteriors))
    finally:
        view.close()
    return len(catalogue)


def known_ending(path: str) -> str:
    """The format of a file name; raises ``ExportProblem`` naming the endings there are."""
    from astrogui.export import EXPORTERS
    from astrogui.export.exporter import exporter_for

    return exporter_for(path, EXPORTERS).name


def read(path: str) -> Catalogue:
    """The rows of an export of ours. Raises ``ExportProblem`` or ``Unreadable``."""
    from astrogui.export import EXPORTERS
    from astrogui.export.exporter import exporter_for

    exporter = exporter_for(path, EXPORTERS)
    try:
        return exporter.read(Path(path))
    except Exception as error:  # thirteen kinds of exception come out of damaged tables
        raise Unreadable(
            path, "", f"this is no export of ours ({error})", "Give the exported file."
        ) from error


def judgements_for(
    catalogue: Catalogue, rows: Sequence[Mapping[str, Any]]
) -> dict[int, dict[str, str | None]]:
    """Judgements of imported rows by the row they belong to: same file name and same object."""
    here = {identity(row): int(row["row_id"]) for row in rows}
    wanted: dict[int, dict[str, str | None]] = {}
    for row in catalogue.rows():
        row_id = here.get(identity(row))
        if row_id is None:
            continue
        values = {name: row.get(name) for name in FIELDS}
        judged = {name: str(value) for name, value in values.items() if value not in {None, ""}}
        if judged:
            wanted[row_id] = dict(judged)
    return wanted


def relocate(project: Project, item: items.Item, path: str) -> int:
    """Point a missing item at ``path`` when its content is the same; siblings follow.

    Raises ``Damaged`` when the file at ``path`` is another one.
    """
    if not os.path.isfile(path):
        raise Unreadable(path, "", "there is no such file", "Choose the file itself.")
    digest = _sha256(path)
    if digest not in {source.sha256 for source in item.sources}:
        raise Damaged(
            path,
            "",
            "this file has other content than the one that was analysed",
            "Choose the same file, or add this one as a new file.",
        )
    folder = os.path.dirname(os.path.abspath(path))
    found = 0
    with project.transaction() as connection:
        for item_id, text in connection.execute("SELECT item_id, sources FROM items").fetchall():
            sources = json.loads(text)
            moved = False
            for raw in sources:
                if os.path.exists(raw["path"]):
                    continue
                here = os.path.join(folder, os.path.basename(raw["path"]))
                candidate = path if raw["sha256"] == digest else here
                if os.path.isfile(candidate) and _sha256(candidate) == raw["sha256"]:
                    raw["path"] = candidate
                    moved = True
            if moved:
                found += 1
                connection.execute(
                    "UPDATE items SET sources = ? WHERE item_id = ?", (json.dumps(sources), item_id)
                )
        if found:
            items.note_change(connection)
    return found


def _entries(view: ProjectView, row_ids: Sequence[int] | None) -> Iterator[Any]:
    from astrogui.export.posteriors import PosteriorEntry

    for row in view.rows(row_ids):
        for task in filter(None, str(row.get("task") or "").split(",")):
            posterior = view.posterior(row["row_id"], task)
            if posterior is None:
                continue
            attributes: dict[str, str | float | int] = {
                "file": str(row["file"]),
                "object_id": str(row["object_id"]),
                "task": task,
                "row": int(row["row_id"]),
            }
            for name in ("ra", "dec"):
                if row.get(name) is not None:
                    attributes[name] = float(row[name])
            yield PosteriorEntry(
                name=f"row_{row['row_id']}_{task}", attributes=attributes, posterior=posterior
            )


def identity(row: Mapping[str, Any]) -> tuple[str, str]:
    """What an object is known by in every project: its files' names and its own."""
    names = ";".join(os.path.basename(part) for part in str(row.get("file") or "").split(";"))
    return names, str(row.get("object_id") or "")


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
