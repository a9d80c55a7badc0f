"""The shipped merger model, asking for less work: for tests of what is done with its answers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from astrogui.session.settings import shipped

EFFORT = {
    "round_draws": 800, "rounds": 4, "final_draws": 1500, "paired": 32, "pool_draws": 20_000,
    "pool_members": 960, "pool_steps": 8, "kept": 600, "walkers": 100, "chain_steps": 16,
}  # fmt: skip


def put_light_merger(data_home: Path) -> Path:
    """A copy among the analyst's own models, which go before the shipped ones.

    Its weighted draws are fewer, by the card's own number; all else is as shipped.
    """
    folder = data_home / "astrogui" / "models" / "bbh"
    shutil.copytree(shipped("models") / "bbh", folder)
    path = folder / "card.json"
    card = json.loads(path.read_text("utf-8"))
    card["calibration"]["likelihood_effort"] = EFFORT
    path.write_text(json.dumps(card), encoding="utf-8")
    return folder
