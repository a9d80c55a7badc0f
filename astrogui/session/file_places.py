"""Where the files of a project are: which are gone, and the same content found elsewhere."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from astrogui.errors import Damaged, Unreadable
from astrogui.store import items
from astrogui.store.project import Project


def check_missing(project: Project) -> None:
    """Note of every observation whether its files are there, all in one transaction."""
    changed = []
    for item in items.read_items(project.connection, project.path.parent):
        if item.state not in {"ok", "missing"}:
            continue
        gone = [path for path in item.paths if not os.path.exists(path)]
        state = "missing" if gone else "ok"
        if state != item.state:
            words = f"not found: {'; '.join(gone)}" if gone else ""
            changed.append((state, words, item.item_id))
    if changed:
        with project.transaction() as connection:
            connection.executemany(
                "UPDATE items SET state = ?, words = ? WHERE item_id = ?", changed
            )


def relocate(project: Project, item: items.Item, path: str) -> int:
    """Point a missing item at ``path`` when its content is the same; siblings follow.

    Raises ``Damaged`` when the file at ``path`` is another one.
    """
    if not os.path.isfile(path):
        raise Unreadable(path, "", "there is no such file", "Choose the file itself.")
    digest = file_sha256(path)
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
                if os.path.isfile(candidate) and file_sha256(candidate) == raw["sha256"]:
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


def file_sha256(path: str | Path) -> str:
    """The hash of a whole file, read piece by piece."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
