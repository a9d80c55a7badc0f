"""Stellar parameters of main-sequence stars from H-band spectra, with intervals.

The radial velocity is found by correlation; a convolutional network with dropout of a learned
rate answers temperature, gravity, metallicity, magnesium and broadening; a fit of an emulated
spectrum, the continuum free, refines the answer and its chi-square says whether to trust it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Column
from astrogui.records.posterior import Posterior
from astrogui.records.provenance import Place
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum
from astrogui.science import stellar_spectrum
from astrogui.science.stellar_emulator import CHIPS, OBSERVED
from astrogui.tasks import stellar_answer
from astrogui.tasks.task import Arrays, Model, Options, Task, seeded, whole_record

SMALLEST_COVER_ANGSTROM = 600.0
WIDEST_SAMPLE_ANGSTROM = 0.45  # coarser samples cannot hold lines of resolving power 22,500


def accepts(source: Source) -> bool:
    """H-band spectra, by their headers: 600 Å between 15168 and 16937 Å, samples below 0.45 Å."""
    if source.kind != "spectrum" or source.supporting or source.wavelength_range_angstrom is None:
        return False
    low, high = source.wavelength_range_angstrom
    wavelength = OBSERVED.centres_angstrom
    first, last = wavelength[CHIPS[0][0]], wavelength[CHIPS[-1][1] - 1]
    if min(high, float(last)) - max(low, float(first)) < SMALLEST_COVER_ANGSTROM:
        return False
    samples = max(source.shape, default=0)
    return samples == 0 or (high - low) / samples < WIDEST_SAMPLE_ANGSTROM


def prepare(
    record: Spectrum, places: Sequence[Place], model: Model, options: Options
) -> dict[str, NDArray[Any]]:
    """The network's inputs, one row a place (a spectrum has one)."""
    del options
    arrays = prepare_spectrum(record, model)
    draws, width = model.card.network_config["draws"], model.card.network_config["width"]
    uniform = seeded(model, "stellar", "dropout").random((draws, width), np.float32)
    arrays["uniform"] = uniform
    return {name: np.repeat(value[None], len(places), axis=0) for name, value in arrays.items()}


def prepare_spectrum(record: Spectrum, model: Model) -> Arrays:
    """``spectrum`` and ``summary`` for the network, ``_shift`` for `decode`; training calls it."""
    seen = stellar_answer.observed_record(record)
    found = stellar_spectrum.prepared(seen, stellar_answer.emulator(model))
    return {
        "spectrum": found.spectrum,
        "summary": found.summary,
        "_shift": np.array(found.shift),
    }


def decode(
    outputs: Arrays, prepared: Arrays, record: Spectrum, places: Sequence[Place], model: Model
) -> list[Posterior]:
    """One posterior a place: the mixture over the draws of the dropout's mask."""
    del places
    return [
        stellar_answer.network_posterior(
            outputs["answers"][row],
            outputs["features"][row],
            prepared["summary"][row],
            float(prepared["_shift"][row]),
            record,
            model,
        )
        for row in range(len(outputs["answers"]))
    ]


def refine(
    record: Spectrum,
    place: Place,
    posterior: Posterior,
    model: Model,
    progress: Callable[[float], None],
) -> Posterior | None:
    """The fit of the emulated spectrum; None where there is nothing to fit."""
    return stellar_answer.refined_posterior(record, place, posterior, model, progress)


COLUMNS = (
    Column(name="snr", ucd="stat.snr", format="%.1f",
           description="median signal-to-noise ratio per pixel of 4.14 km/s"),
    Column(name="reduced_chi_square", ucd="stat.fit.chi2", format="%.2f",
           description="chi-square of the fit over its degrees of freedom"),
    Column(name="chi_square_excess", ucd="stat.fit.goodness", format="%.2f",
           description="that chi-square over the variance that neighbouring residuals tell: above "
           "one where the model fails, whatever the scale of the errors"),
    Column(name="misfit", ucd="stat.fit.residual", format="%.4f",
           description="fractional scatter about the fit beyond the errors of the file"),
    Column(name="method", type="text", ucd="meta.code",
           description="network, or emulator fit where that refined it"),
)  # fmt: skip

TASK = Task(
    name="stellar",
    title="Stellar parameters",
    reads="spectrum",
    accepts=accepts,
    find=whole_record,
    prepare=prepare,
    decode=decode,
    refine=refine,
    parameters=stellar_answer.PARAMETERS,
    columns=COLUMNS,
    views=("spectrum", "posterior"),
    batch_size=64,
)
