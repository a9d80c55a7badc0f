"""Answers about mergers as the files of other programs: samples, and a map of the sky."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import astrogui
from astrogui.errors import ExportProblem
from astrogui.export.merger_samples import HDF5, JSON, MergerEntry, export_samples, has_samples
from astrogui.export.sky_map import Card, export_sky_map
from astrogui.session.cards import Cards
from astrogui.session.view import ProjectView
from astrogui.tasks.sky import sky_map_of
from astrogui.tasks.task import Task

FITS = (".fits", ".fits.gz")
ENDINGS = (*FITS, *JSON, *HDF5)


def write(
    project: Path, tasks: Sequence[Task], cards: Cards, path: str, row_ids: Sequence[int]
) -> int:
    """A sky map (.fits), a bilby result (.json) or PESummary's file (.h5); how many mergers.

    Raises ``ExportProblem`` or ``DiskFull``.
    """
    check_ending(path)
    view = ProjectView(project, tasks)
    try:
        entries = list(_entries(view, cards, row_ids))
    finally:
        view.close()
    if not path.lower().endswith(FITS):
        return export_samples(entries, path)
    _write_sky_map(entries, path)
    return 1


def check_ending(path: str) -> None:
    """Raises ``ExportProblem`` for an ending that no file of mergers has."""
    if not path.lower().endswith(ENDINGS):
        raise ExportProblem(
            f"{path}: mergers are written as .json (bilby), .h5 (PESummary) or .fits (sky map)."
        )


def _write_sky_map(entries: Sequence[MergerEntry], path: str) -> None:
    if len(entries) != 1:
        raise ExportProblem(f"{path}: a sky map is of one merger, not {len(entries)}. Choose one.")
    posterior = entries[0].posterior
    try:
        found = sky_map_of(posterior)
    except ValueError as error:
        raise ExportProblem(f"{path}: {error}.") from error
    if found is None:
        raise ExportProblem(
            f"{path}: the answer has no place on the sky. Only draws that the likelihood has "
            "weighted have one: let the analysis finish, or run it again."
        )
    cards: dict[str, tuple[Card, str]] = {
        "CREATOR": (f"AstroGUI {astrogui.__version__}", "program that made the map"),
        "DATE": (f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}", "when it was written (UTC)"),
        "OBJECT": (entries[0].label, "merger"),
        "AREA50": (found.area_deg2(0.5), "[deg2] area of 50 % of the probability"),
        "AREA90": (found.area_deg2(0.9), "[deg2] area of 90 % of the probability"),
    }
    if (detectors := posterior.extras.get("detectors")) is not None:
        cards["INSTRUME"] = (str(detectors), "detectors that heard it")
    if "luminosity_distance" in [parameter.name for parameter in posterior.parameters]:
        low, high = posterior.interval("luminosity_distance", 0.68)
        cards["DISTMEAN"] = (posterior.median("luminosity_distance"), "[Mpc] median distance")
        cards["DISTSTD"] = (0.5 * (high - low), "[Mpc] half of its 68 % interval")
    gps = posterior.extras.get("gps")
    time = gps if isinstance(gps, float) and math.isfinite(gps) else None
    export_sky_map(found.probability, found.nside, cards, Path(path), time)


def _entries(view: ProjectView, cards: Cards, row_ids: Sequence[int]) -> Iterator[MergerEntry]:
    for row in view.rows(list(row_ids)):
        for task in filter(None, str(row.get("task") or "").split(",")):
            posterior = view.posterior(row["row_id"], task)
            if posterior is None or not has_samples(posterior):
                continue
            card = cards.card(task)
            names = [os.path.basename(part) for part in str(row["file"]).split(";")]
            yield MergerEntry(
                label=_label(row["object_id"], row["row_id"]),
                posterior=posterior,
                priors=card.prior if card is not None else {},
                about={
                    "program": f"AstroGUI {astrogui.__version__}",
                    "analysis": task,
                    "model": f"{card.name} {card.version}" if card is not None else "",
                    "files": "; ".join(names),
                    "object": str(row["object_id"]),
                },
            )
            break


def _label(name: object, row_id: int) -> str:
    """A name that is a group of HDF5 and a key of JSON."""
    words = "_".join(str(name or "").replace("/", " ").split())
    return f"{words or 'merger'}_row_{row_id}"
