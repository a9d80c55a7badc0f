"""Parts of the window that stand on their own: each brings its actions, docks and handlers.

A module named here defines ``Feature``, which takes the workbench. Features are built one by one
in idle moments after the panels, so none delays the first paint; they know each other only by the
signals of the workbench and of the views.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astrogui.window.workbench import Workbench

FEATURES: tuple[str, ...] = (
    "view_menus",
    "image_file",
    "guide",
    "command_list",
    "layouts",
    "recent",
    "keys",
    "access",
    "problem_help",
    "grading",
    "samp",
    "regions",
    "measure",
    "sky_catalogue",
    "frames",
    "colour",
    "figure",
    "verify",
    "provenance",
    "compare",
    "why",
    "inside",
    "results",
    "sky_map",
    "search",
    "ringdown",
    "spectrum_judgement",
    "spectrum_overlays",
    "strain_live",
    "catalogue_tools",
    "batch_alarm",
    "column_statistics",
    "column_plots",
    "cross_match",
    "thumbnails",
    "export_dialog",
    "own_classes",
    "embedding",
)


def steps(bench: Workbench) -> Iterator[Callable[[], None]]:
    """One step for each feature; what it makes is kept in ``bench.features``."""
    for name in FEATURES:
        yield partial(_build, bench, name)


def _build(bench: Workbench, name: str) -> None:
    feature: Any = import_module(f"astrogui.window.features.{name}").Feature
    bench.features[name] = feature(bench)
