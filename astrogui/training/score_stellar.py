"""The figures of `evaluate stellar`: against the Cramér-Rao bound, and real stars."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.posterior import QUANTILE_LEVELS
from astrogui.science.stellar_emulator import OBSERVED
from astrogui.tasks.stellar_answer import FIT_COLUMNS, PARAMETERS
from astrogui.training.calibrate import pit_distance
from astrogui.training.recipe import Answer, Measures, Row
from astrogui.training.stellar_optical import left_out_labels

Array = NDArray[np.float64]

COVERAGE_LEVELS = (0.5, 0.68, 0.9, 0.95)
SIGNAL_TO_NOISE_BINS = ((20.0, 50.0), (50.0, 100.0), (100.0, 200.0))
FAR = 6.0  # Cramér-Rao standard deviations that count as a failure
NAMES = tuple(parameter.name for parameter in PARAMETERS)


def simulated_figures(found: Mapping[str, np.ndarray]) -> Measures:
    """Errors over the bound, coverage and flatness for each label, and by signal-to-noise."""
    measures = {
        "n": len(found["truth"]),
        **_figures(found, np.ones(len(found["truth"]), bool)),
        "false_alarms": float(np.mean(found["novelty"] > 1)),
        "network_false_alarms": float(np.mean(found["network_novelty"] > 1)),
        "by_signal_to_noise": {},
    }
    for low, high in SIGNAL_TO_NOISE_BINS:
        chosen = (found["signal_to_noise"] >= low) & (found["signal_to_noise"] < high)
        if chosen.any():
            measures["by_signal_to_noise"][f"{low:g}-{high:g}"] = {
                "n": int(chosen.sum()),
                **_figures(found, chosen),
            }
    return measures


def _figures(found: Mapping[str, np.ndarray], chosen: NDArray[np.bool_]) -> Measures:
    error = (found["value"] - found["truth"])[chosen]
    network_error = (found["network_value"] - found["truth"])[chosen]
    bound = found["bound"][chosen]
    measures: Measures = {
        "failures": int(np.sum(np.any(np.abs(error) > FAR * bound, axis=1))),
        "labels": {},
    }
    ranks = pit(found["quantiles"], found["truth"])[chosen]
    network_ranks = pit(found["network_quantiles"], found["truth"])[chosen]
    for index, name in enumerate(NAMES):
        measures["labels"][name] = {
            "rms_error": _rms(error[:, index]),
            "bound": _rms(bound[:, index]),
            "error_over_bound": _rms(error[:, index] / bound[:, index]),
            "bias_over_bound": float(np.mean(error[:, index] / bound[:, index])),
            **_coverage("coverage", ranks[:, index]),
            "pit_distance": pit_distance(ranks[:, index]),
            "network_rms_error": _rms(network_error[:, index]),
            **_coverage("network_coverage", network_ranks[:, index]),
        }
    return measures


def pit(quantiles: Array, truth: Array) -> Array:
    """Probability (n, 6) below each true value, from quantiles (n, 6, levels)."""
    return np.array(
        [
            [
                np.interp(value, row, QUANTILE_LEVELS)
                for value, row in zip(values, rows, strict=True)
            ]
            for values, rows in zip(truth, quantiles, strict=True)
        ]
    )


def coverage_table(scores: Measures) -> dict[str, Any]:
    """The card's table: the refined intervals."""
    return {
        "levels": list(COVERAGE_LEVELS),
        "parameters": {
            name: [label[f"coverage_{100 * level:.0f}"] for level in COVERAGE_LEVELS]
            for name, label in scores["labels"].items()
        },
        "n": scores["n"],
    }


def real(data_dir: Path, answer: Answer) -> Measures:
    """The two real H-band spectra, and what labels of optical spectra could teach.

    Neither H-band file comes with labels; both are printed, the brown dwarf must be flagged.
    """
    folder = data_dir if (data_dir / "apogee").is_dir() else data_dir / "spectra"
    measures: Measures = {"n": 0, "h_band": {}}
    with tempfile.TemporaryDirectory(prefix="astrogui-") as place:
        files = {path.name: path for path in sorted((folder / "apogee").glob("apVisit-*"))} | {
            path.stem: star_file(path, Path(place))
            for path in sorted((folder / "apogee").glob("combined_*.npz"))
        }
        for name, path in files.items():
            rows = answer([(path,)], {})
            measures["h_band"][name] = [_shown(row) for row in rows]
            measures["n"] += len(rows)
    truth = folder / "stellar_truth.csv"
    if truth.is_file():
        with truth.open(encoding="utf-8", newline="") as file:
            measures["optical_left_out"] = left_out_labels(folder, list(csv.DictReader(file)))
    return measures


def star_file(arrays: Path, folder: Path) -> Path:
    """A combined spectrum kept as bare arrays, written as the file a survey would give."""
    from astropy.io import fits

    with np.load(arrays, allow_pickle=False) as kept:
        flux, error = kept["spectrum"], kept["spec_err"]
    with np.load(arrays.parent / "apogee_wavelength.npz", allow_pickle=False) as kept:
        wavelength = kept["wavelength"]
    places = np.round((np.log10(wavelength) - OBSERVED.first) / OBSERVED.step).astype(int)
    images = [np.zeros(OBSERVED.size, np.float32), np.full(OBSERVED.size, 1e10, np.float32)]
    images[0][places], images[1][places] = flux, error
    bad = ~np.isfinite(images[0]) | ~(images[1] > 0)
    images[0][bad], images[1][bad] = 0.0, 1e10
    hdus = [fits.PrimaryHDU()]
    hdus[0].header["OBJID"] = arrays.stem.removeprefix("combined_")
    for image, unit in zip(images, ("Flux (10^-17 erg/s/cm^2/Ang)",) * 2, strict=True):
        hdu = fits.ImageHDU(image[None])
        hdu.header["CRVAL1"], hdu.header["CDELT1"] = OBSERVED.first, OBSERVED.step
        hdu.header["CRPIX1"], hdu.header["CTYPE1"] = 1, "LOG-LINEAR"
        hdu.header["DC-FLAG"], hdu.header["BUNIT"] = 1, unit
        hdus.append(hdu)
    mask = fits.ImageHDU(np.where(images[1] > 1e9, 1, 0).astype(np.int16)[None])
    mask.header["BUNIT"] = "Flag Mask (bitwise)"
    path = folder / f"{arrays.stem}.fits"
    fits.HDUList([*hdus, mask]).writeto(path)
    return path


def _shown(row: Row) -> Measures:
    names = [f"{name}{suffix}" for name in NAMES for suffix in ("", "_lo68", "_hi68")]
    return {name: row.get(name) for name in (*names, "snr", *FIT_COLUMNS, "method", "flags")}


def _coverage(word: str, ranks: Array) -> Measures:
    return {
        f"{word}_{100 * level:.0f}": float(np.mean(np.abs(2 * ranks - 1) <= level))
        for level in COVERAGE_LEVELS
    }


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))
