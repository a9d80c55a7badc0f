"""What the few labelled optical spectra of the data folder could teach: an honest measurement.

Each star's labels are predicted by a ridge regression on the others' spectra. The result says
whether the labels at hand suffice for an optical analysis; nothing of it ships.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.readers import read, recognise
from astrogui.records.spectrum import Spectrum
from astrogui.science.spectral import LogGrid, resample, running_median
from astrogui.training.recipe import Measures

Array = NDArray[np.float64]

GRID = LogGrid(first=3.591, step=2e-4, size=1650)  # 3900 to 8330 Å
LABELS = ("teff", "logg", "feh")
COMPONENTS = 8
RIDGE = 1.0
FEWEST = 20


def left_out_labels(folder: Path, truth: Sequence[dict[str, str]]) -> Measures:
    """Every LAMOST star beside its LASP labels, predicted from the other stars alone.

    ``mean_absolute_error`` is of the prediction, ``of_a_constant`` of the others' mean: the labels
    suffice only where the first is far below the second.
    """
    rows = [row for row in truth if row["file"].startswith("lamost/") and row["teff"]]
    rows = [row for row in rows if (folder / row["file"]).is_file()]
    if len(rows) < FEWEST:
        return {"n": len(rows), "reason": f"fewer than {FEWEST} labelled stars"}
    depths = np.stack([depth(read(recognise(str(folder / row["file"]))[0])) for row in rows])
    labels = np.array([[float(row[name] or "nan") for name in LABELS] for row in rows])
    predicted, constant = leave_one_out(depths, labels)
    return {
        "n": len(rows),
        "mean_absolute_error": _errors(predicted, labels),
        "of_a_constant": _errors(constant, labels),
        "stars": [
            {
                "file": row["file"],
                **{f"{name}_lasp": float(labels[k, i]) for i, name in enumerate(LABELS)},
                **{f"{name}_left_out": float(predicted[k, i]) for i, name in enumerate(LABELS)},
            }
            for k, row in enumerate(rows)
        ],
    }


def depth(spectrum: Spectrum) -> Array:
    """Depth of the lines (GRID.size,) below a running median, zero where nothing is known."""
    flux, ivar, _ = resample(
        spectrum.wavelength_angstrom,
        spectrum.flux.astype(np.float64),
        spectrum.ivar.astype(np.float64),
        spectrum.good,
        GRID,
    )
    good = ivar > 0
    continuum = running_median(flux, good, 201)
    usable = good & (continuum > 0)
    return np.where(usable, np.clip(flux / np.where(usable, continuum, 1.0) - 1, -1, 1), 0.0)


def leave_one_out(depths: Array, labels: Array) -> tuple[Array, Array]:
    """Labels (n, k) predicted from the other rows, and the other rows' means."""
    predicted, constant = np.empty_like(labels), np.empty_like(labels)
    for row in range(len(labels)):
        others = np.delete(np.arange(len(labels)), row)
        mean = depths[others].mean(axis=0)
        _, _, axes = np.linalg.svd(depths[others] - mean, full_matrices=False)
        scores = (depths[others] - mean) @ axes[:COMPONENTS].T
        size = scores.std(axis=0)
        design = scores / size
        centre = labels[others].mean(axis=0)
        normal = design.T @ design + RIDGE * np.eye(design.shape[1])
        weights = np.linalg.solve(normal, design.T @ (labels[others] - centre))
        own = ((depths[row] - mean) @ axes[:COMPONENTS].T) / size
        predicted[row], constant[row] = centre + own @ weights, centre
    return predicted, constant


def _errors(predicted: Array, labels: Array) -> dict[str, Any]:
    error = np.mean(np.abs(predicted - labels), axis=0)
    return {name: float(value) for name, value in zip(LABELS, error, strict=True)}
