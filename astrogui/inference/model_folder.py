"""A model folder, checked before a byte of it is used: card, hashes, plain arrays, known code.

Nothing is deserialised: a network is rebuilt from ``astrogui.networks`` by the name in its card,
and its weights are arrays. Files that could carry code are refused by their presence.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import ModelMismatch, ModelMissing
from astrogui.inference.graph_check import check_graph
from astrogui.records.model_card import ModelCard, card_from_json

HASHED = ("weights.npz", "model.onnx", "assets.npz", "golden.npz")
HARMLESS = (".md", ".svg", ".png", ".txt")
LARGEST_UNPACKED_BYTES = 4 << 30
_NETWORK = re.compile(r"([a-z][a-z0-9_]*):([a-z][a-z0-9_]*)")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedModel:
    """A folder whose files are what its card promises."""

    folder: Path
    card: ModelCard
    assets: Mapping[str, NDArray[np.generic]]  # from assets.npz; empty when there is none
    has_graph: bool

    @property
    def sha256(self) -> str:
        """The hash of the weights, or of the arrays of an analysis without a network."""
        return self.card.identity

    def graph(self) -> bytes:
        """The exported graph, checked again: a file may have changed since."""
        return _checked(self.folder, self.card, "model.onnx")

    def weights(self) -> dict[str, NDArray[np.generic]]:
        """The weights as plain arrays."""
        return _arrays(_checked(self.folder, self.card, "weights.npz"), self.folder, "weights.npz")

    def golden(self) -> dict[str, NDArray[np.generic]]:
        """Prepared arrays (``input_x``), expected outputs (``output_y``) and a record's arrays."""
        return _arrays(_checked(self.folder, self.card, "golden.npz"), self.folder, "golden.npz")


def shipped_models() -> Path:
    """The folder of the models that come with the program: checkout, wheel or frozen."""
    package = Path(__file__).resolve().parents[1]
    places = (
        Path(getattr(sys, "_MEIPASS", package.parent)) / "models",
        package / "models",
        Path(sys.prefix) / "share" / "astrogui" / "models",
    )
    return next((place for place in places if place.is_dir()), places[0])


def model_folders(models_dir: str = "") -> list[Path]:
    """The folders in which models are looked for, in order: those given, then the shipped one."""
    given = [Path(part) for part in models_dir.split(os.pathsep) if part]
    return [*given, shipped_models()]


def find_model(task: str, models_dir: str = "") -> Path:
    """The first folder that holds a model for the task; raises ``ModelMissing``."""
    for parent in model_folders(models_dir):
        if (parent / task / "card.json").is_file():
            return parent / task
    places = " or ".join(str(parent) for parent in model_folders(models_dir))
    raise ModelMissing(f"There is no model for {task} in {places}. Train one with: train {task}")


def all_models(models_dir: str = "") -> Iterator[Path]:
    """Every model folder of the search path, by name; the first of each name wins."""
    seen: set[str] = set()
    for parent in model_folders(models_dir):
        for card in sorted(parent.glob("*/card.json")):
            if card.parent.name not in seen:
                seen.add(card.parent.name)
                yield card.parent


def read_card(folder: Path) -> ModelCard:
    """The card alone; raises ``ModelMissing`` or ``ModelMismatch``."""
    path = folder / "card.json"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ModelMissing(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ModelMismatch(f"{path} is no text.") from error
    return card_from_json(text, str(path))


def load_model(folder: Path, task: str | None = None) -> LoadedModel:
    """The checked content of a model folder.

    Raises ``ModelMissing`` or ``ModelMismatch`` saying which file is not what was promised:
    a wrong hash, a file that the card does not name, a pickle, code outside our own networks.
    """
    card = read_card(folder)
    if task is not None and card.task != task:
        raise ModelMismatch(f"{folder} holds a model for {card.task}, not for {task}.")
    _check_network(folder, card)
    _check_names(folder, card)
    content = {name: _checked(folder, card, name) for name in card.hashes}
    if "model.onnx" in content:
        check_graph(content["model.onnx"], str(folder / "model.onnx"))
    assets: dict[str, NDArray[np.generic]] = {}
    if "assets.npz" in content:
        assets = _arrays(content["assets.npz"], folder, "assets.npz")
    return LoadedModel(folder=folder, card=card, assets=assets, has_graph="model.onnx" in content)


def _check_network(folder: Path, card: ModelCard) -> None:
    """The card may only name a builder in a module of our own networks, or none at all."""
    if not card.network and not {"weights.npz", "model.onnx"} & set(card.hashes):
        return
    match = _NETWORK.fullmatch(card.network)
    name = f"astrogui.networks.{match[1]}" if match else ""
    if match is None or match[1] == "builder" or importlib.util.find_spec(name) is None:
        raise ModelMismatch(
            f"{folder / 'card.json'}: {card.network!r} is no network of this application."
        )


def _check_names(folder: Path, card: ModelCard) -> None:
    """Only files that the card hashes, and texts and pictures that nothing reads, may be there."""
    needed = "weights.npz" if card.network else "assets.npz"
    if needed not in card.hashes:
        raise ModelMismatch(f"{folder / 'card.json'} gives no hash of {needed}.")
    for name in card.hashes:
        if name not in HASHED:
            raise ModelMismatch(f"{folder / 'card.json'} names {name!r}, which no model has.")
    for entry in sorted(folder.iterdir()):
        if entry.name in card.hashes or entry.name == "card.json" or entry.name.startswith("."):
            continue
        if entry.is_file() and entry.suffix in HARMLESS:
            continue
        raise ModelMismatch(
            f"{entry} does not belong in a model folder. Remove it, or fetch the model again."
        )


def _checked(folder: Path, card: ModelCard, name: str) -> bytes:
    """The bytes of a file once their hash is found right; raises ``ModelMismatch``."""
    if name not in card.hashes:
        raise ModelMismatch(f"{folder} has no {name}.")
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise ModelMismatch(f"{folder / name} cannot be read: {error.strerror}.") from error
    found = hashlib.sha256(content).hexdigest()
    if found != card.hashes[name]:
        raise ModelMismatch(
            f"{folder / name} has SHA-256 {found[:12]}..., the card says "
            f"{card.hashes[name][:12]}.... Fetch the model again."
        )
    return content


def _arrays(content: bytes, folder: Path, name: str) -> dict[str, NDArray[np.generic]]:
    """The plain, read-only arrays of an .npz; raises ``ModelMismatch`` for anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > LARGEST_UNPACKED_BYTES:
            raise ModelMismatch(f"{folder / name} unpacks to {unpacked} bytes, too many.")
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise ModelMismatch(f"{folder / name} is not made of plain arrays ({error}).") from error
    for key, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ModelMismatch(f"{folder / name}: {key} is no plain array.")
        array.flags.writeable = False
    return arrays
