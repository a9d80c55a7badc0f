"""How the analyst arranged the catalogue of a project: columns, order, widths, sort and filters."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from PySide6.QtCore import QSettings

GROUP = "catalogue"


@dataclass(slots=True)
class CatalogueLayout:
    """Columns by name: they come and go with the tasks."""

    order: list[str] = field(default_factory=list)  # [] as it is at first
    hidden: list[str] = field(default_factory=list)  # by hand
    shown: list[str] = field(default_factory=list)  # by hand, though empty
    frozen: list[str] = field(default_factory=list)
    widths: dict[str, int] = field(default_factory=dict)
    sort: list[tuple[str, bool]] = field(default_factory=list)
    filters: dict[str, str] = field(default_factory=dict)
    filter: str = ""
    pictures: bool = False


def load_layout(settings: QSettings | None, project: Path) -> CatalogueLayout:
    """What was kept for a project; a fresh one where nothing usable was."""
    if settings is None:
        return CatalogueLayout()
    try:
        raw = json.loads(str(settings.value(_key(project)) or "{}"))
        made = CatalogueLayout(**raw)
        made.sort = [(str(name), bool(falling)) for name, falling in made.sort]
    except (ValueError, TypeError):
        return CatalogueLayout()
    return made


def save_layout(settings: QSettings | None, project: Path, layout: CatalogueLayout) -> None:
    if settings is not None:
        settings.setValue(_key(project), json.dumps(asdict(layout)))


def _key(project: Path) -> str:
    return f"{GROUP}/{hashlib.sha256(str(project).encode()).hexdigest()[:16]}"
