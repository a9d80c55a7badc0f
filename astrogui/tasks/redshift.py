"""Redshift and class of a spectrum: p(class, z) on a log-wavelength grid.

Template sets learned on simulations are fitted at every redshift by correlation; a network that
sees the curves of chi-square, the signals at the places of lines and a few summaries ranks the
redshifts. Class probability and redshift come from one joint density.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Column
from astrogui.records.posterior import Posterior
from astrogui.records.provenance import Place
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum
from astrogui.science import pile_up, redshift_scan
from astrogui.science.template_sums import TemplateSet
from astrogui.tasks import redshift_kind, redshift_refine
from astrogui.tasks.occlusion import redshift_sensitivity
from astrogui.tasks.redshift_answer import (
    CLASSES,
    Z,
    posterior,
    scaled_spectrum,
    template_sets,
)
from astrogui.tasks.task import Arrays, Model, Options, Task, whole_record

SMALLEST_COVER_ANGSTROM = 500.0


def accepts(source: Source) -> bool:
    """Optical spectra: at least 500 Å between 3388 and 10423 Å, where the headers tell."""
    if source.kind != "spectrum" or source.supporting:
        return False
    if source.wavelength_range_angstrom is None:
        return True
    low, high = source.wavelength_range_angstrom
    first, last = redshift_scan.OBSERVED.edges_angstrom[[0, -1]]
    return min(high, float(last)) - max(low, float(first)) >= SMALLEST_COVER_ANGSTROM


def prepare(
    record: Spectrum, places: Sequence[Place], model: Model, options: Options
) -> dict[str, NDArray[Any]]:
    """The network's inputs, one row a place (a spectrum has one)."""
    del options
    arrays = prepare_spectrum(record, template_sets(model))
    return {name: np.repeat(value[None], len(places), axis=0) for name, value in arrays.items()}


def prepare_spectrum(spectrum: Spectrum, sets: Sequence[TemplateSet]) -> Arrays:
    """``curves`` (cells, sets), ``signals`` (pixels, 3) and ``summary``; training calls it too."""
    scaled = scaled_spectrum(spectrum)
    return dict(redshift_scan.scan(scaled, sets, spectrum.noise_estimated))


def decode(
    outputs: Arrays, prepared: Arrays, record: Spectrum, places: Sequence[Place], model: Model
) -> list[Posterior]:
    """One posterior a place: the ensemble's density, its best peak, intervals and doubts."""
    del places
    answers = []
    for row in range(len(outputs["log_probability"])):
        answer = posterior(
            outputs["log_probability"][row],
            outputs["features"][row],
            prepared["summary"][row],
            record,
            model,
        )
        answers.append(redshift_kind.with_kinds(answer, prepared["curves"][row], record, model))
    return answers


def batch_notices(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Redshifts that crowd at an end of the range or on a sky line, each place in words."""
    redshifts = [row["z"] for row in rows if isinstance(row.get("z"), float)]
    ends = redshift_scan.cell_edges()[[0, -1]].tolist()
    return [pile.words() for pile in pile_up.pile_ups(redshifts, ends)]


def _columns() -> tuple[Column, ...]:
    alternatives: list[Column] = []
    for number, word in ((2, "second"), (3, "third")):
        alternatives += [
            Column(name=f"z_{number}", ucd="src.redshift", description=f"{word} best redshift"),
            Column(
                name=f"prob_z_{number}",
                ucd="stat.probability",
                description=f"probability of the {word} best peak and class",
            ),
            Column(name=f"class_{number}", type="text", description=f"class of the {word} peak"),
        ]
    return (
        Column(
            name="prob_z",
            ucd="stat.probability",
            description="probability that the redshift lies in the answered peak, any class",
        ),
        Column(
            name="prob_unknown",
            ucd="stat.probability",
            description="probability that this is no spectrum of a galaxy, quasar or star",
        ),
        *alternatives,
        Column(
            name="confident",
            type="bool",
            ucd="meta.code.qual",
            description="the redshift is certain enough by the threshold in the model card",
        ),
        Column(name="snr", ucd="stat.snr", description="median signal-to-noise per 138 km/s"),
        *redshift_kind.columns(),
        *redshift_refine.columns(),
    )


TASK = Task(
    name="redshift",
    title="Redshift and class",
    reads="spectrum",
    accepts=accepts,
    find=whole_record,
    prepare=prepare,
    decode=decode,
    refine=redshift_refine.refine,
    refines_at_once=True,
    explain=redshift_sensitivity,
    parameters=(Z,),
    classes=CLASSES,
    columns=_columns(),
    views=("spectrum", "posterior"),
    batch_size=64,
    libraries=("numba",),
    batch_notices=batch_notices,
)
