"""The model card: what a network is, what it was trained on, and what its intervals are worth."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from astrogui.errors import ModelMismatch

CARD_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ArraySpec:
    """An input or output of the network, without the leading batch dimension."""

    name: str
    shape: tuple[int, ...]
    unit: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """Everything about a model that is one click away from its answers; stored as JSON.

    ``hashes`` maps each file of the folder (weights.npz, model.onnx, assets.npz, golden.npz) to
    its SHA-256. ``network`` and ``network_config`` name a builder in ``astrogui.networks`` and its
    plain arguments: a network is rebuilt from our own code, never from the file. An analysis
    without a network (a matched filter) leaves ``network`` empty and has arrays alone.
    """

    task: str
    name: str  # "redshift 1"
    version: str
    title: str
    summary: str
    network: str  # "module:function" below astrogui.networks
    network_config: dict[str, Any]
    inputs: tuple[ArraySpec, ...]
    outputs: tuple[ArraySpec, ...]
    noise_inputs: tuple[str, ...] = ()  # inputs drawn as standard normals from the recorded seed
    hashes: dict[str, str] = field(default_factory=dict)
    tolerance_relative: float = 1e-4
    onnx_reason: str = ""  # why there is no exported graph, when there is none
    parameters: dict[str, str] = field(default_factory=dict)  # name: unit
    prior: dict[str, str] = field(default_factory=dict)  # in words, one line each
    training: dict[str, Any] = field(default_factory=dict)  # simulation, seed, data, cost
    calibration: dict[str, Any] = field(default_factory=dict)  # temperatures, thresholds
    simulated_scores: dict[str, Any] = field(default_factory=dict)
    real_scores: dict[str, Any] = field(default_factory=dict)
    coverage: dict[str, Any] = field(default_factory=dict)
    """{"levels": [...], "parameters": {name: [measured coverage at each level]}, "n": count}"""
    novelty: dict[str, Any] = field(default_factory=dict)  # statistic, threshold, false positives
    limits: tuple[str, ...] = ()
    licence: str = "BSD-3-Clause"
    card_version: int = CARD_VERSION

    @property
    def identity(self) -> str:
        """The hash that tells two models apart: of the weights, or of the arrays where none are."""
        return self.hashes.get("weights.npz") or self.hashes.get("assets.npz", "")

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


def card_from_json(text: str, where: str) -> ModelCard:
    """The card written in ``text``; raises ``ModelMismatch`` naming ``where`` when it is none."""
    try:
        raw = json.loads(text)
        raw["inputs"] = tuple(_array_spec(item) for item in raw["inputs"])
        raw["outputs"] = tuple(_array_spec(item) for item in raw["outputs"])
        raw["noise_inputs"] = tuple(raw.get("noise_inputs", ()))
        raw["limits"] = tuple(raw.get("limits", ()))
        card = ModelCard(**raw)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelMismatch(f"{where}: this is no model card ({error}).") from error
    if card.card_version > CARD_VERSION:
        raise ModelMismatch(
            f"{where}: card version {card.card_version} is newer than this application "
            f"understands ({CARD_VERSION}). Update the application."
        )
    return card


def _array_spec(raw: dict[str, Any]) -> ArraySpec:
    return ArraySpec(**{**raw, "shape": tuple(raw["shape"])})
