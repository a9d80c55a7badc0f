"""Model cards for the front: read as JSON, without a network runtime."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from astrogui.errors import ModelProblem
from astrogui.records.model_card import ModelCard, card_from_json


class Cards:
    """The cards on a search path of model folders, each read once."""

    def __init__(self, search_path: str) -> None:
        self.search_path = search_path
        self._folders = [Path(part) for part in search_path.split(os.pathsep) if part]
        self._cards: dict[str, ModelCard | None] = {}

    def folder(self, task: str) -> Path | None:
        """Where the model of a task lies; the first folder that has one wins."""
        for folder in self._folders:
            if (folder / task / "card.json").is_file():
                return folder / task
        return None

    def card(self, task: str) -> ModelCard | None:
        """None where there is no model, or its card cannot be read."""
        if task not in self._cards:
            folder = self.folder(task)
            try:
                text = (folder / "card.json").read_text("utf-8") if folder else ""
                self._cards[task] = card_from_json(text, str(folder)) if text else None
            except (OSError, UnicodeDecodeError, ModelProblem):
                self._cards[task] = None
        return self._cards[task]

    def forget(self, task: str) -> None:
        """Read the card of a task anew: its model was made since."""
        self._cards.pop(task, None)

    def folder_of_weights(self, task: str, sha256: str) -> Path | None:
        """The folder on the path whose model of ``task`` states this hash of its weights."""
        for folder in self._folders:
            place = folder / task
            try:
                if self.card_in(place).identity == sha256:
                    return place
            except (OSError, UnicodeDecodeError, ModelProblem):
                continue
        return None

    def card_in(self, folder: Path) -> ModelCard:
        """The card of a model's folder; raises ``OSError`` or ``ModelMismatch``."""
        return card_from_json((folder / "card.json").read_text("utf-8"), str(folder))

    def digest(self, task: str) -> str:
        """A hash over the model's files as its card states them, to tell two models apart."""
        card = self.card(task)
        if card is None:
            return ""
        words = "\n".join(f"{name} {value}" for name, value in sorted(card.hashes.items()))
        return hashlib.sha256(words.encode()).hexdigest()
