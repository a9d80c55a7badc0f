"""The networks of Shen, Huerta et al. on a merger: both masses, and what is left of it.

What the analysis *Binary black holes* is compared with: two networks of the literature, taught on
our simulations. They are run when asked for, on the merger that the same search finds; their answer
stands in its row beside ours. Source: arXiv 1903.01998, version 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from astrogui.records.catalogue import Column
from astrogui.records.flags import Flag, raised
from astrogui.records.posterior import QUANTILE_LEVELS, Parameter, Posterior
from astrogui.records.provenance import Place
from astrogui.records.source import Source
from astrogui.records.strain import Network
from astrogui.science import strain_event, strain_labels, strain_window
from astrogui.science.whitening import WORKING_RATE_HZ
from astrogui.tasks import bbh
from astrogui.tasks.bbh_answer import PARAMETERS
from astrogui.tasks.bbh_spread import LOW_SIGNAL
from astrogui.tasks.bbh_strain import whitened
from astrogui.tasks.task import Arrays, Model, Options, Task, seeded

EDGE_SHARE = 0.25  # of the draws beyond the ends of what was simulated


def wanted(source: Source) -> bool:
    """Never by itself: another answer about every merger, and a worse one."""
    del source
    return False


def prepare(
    record: Network, places: Sequence[Place], model: Model, options: Options
) -> dict[str, NDArray]:
    """`strain`, the whitened second about the merger, and `noise` for the draws of weights."""
    rows, missing = [], []
    for place in places:
        stretches = whitened(record, bbh.wanted_gps(options), place.gps)
        rows.append(np.zeros((strain_window.LENGTH, len(strain_event.SLOTS)), np.float32))
        for slot, name in enumerate(strain_event.SLOTS):
            if name in stretches:
                arrival = float(place.values[f"gps_{name.lower()}"])  # type: ignore[arg-type]
                rows[-1][:, slot] = strain_window.window(
                    stretches[name].whitened, WORKING_RATE_HZ, arrival - stretches[name].gps_start
                )
        missing.append(len(stretches) < len(strain_event.SLOTS))
    (shape,) = (spec.shape for spec in model.card.inputs if spec.name == "noise")
    noise = [seeded(model, "shen", place.gps).standard_normal(shape) for place in places]
    return {
        "strain": np.stack(rows),
        "noise": np.stack(noise).astype(np.float32),
        "_missing": np.array(missing),
    }


def decode(
    outputs: Arrays,
    prepared: Arrays,
    record: Network,
    places: Sequence[Place],
    model: Model,
    parameters: tuple[Parameter, ...] = (),
) -> list[Posterior]:
    """One posterior a place, of all draws of the weights and of the likelihood's width."""
    del record
    labels = tuple(parameter.name for parameter in parameters)
    densities = np.asarray(outputs["density"], np.float64)
    answers = []
    for row, place in enumerate(places):
        rng = seeded(model, "shen likelihood", place.gps)
        values = strain_labels.draws_of(densities[row : row + 1], labels, rng)[0]
        means = strain_labels.physical(densities[row, :, :, 0], labels)
        epistemic = means.std(axis=0)
        beyond = np.mean(
            np.abs(strain_labels.scaled_rows(values, labels)) > strain_labels.REACH, axis=0
        )
        one = bool(prepared["_missing"][row])
        ranking = float(place.values["search_ranking"])  # type: ignore[arg-type]
        answers.append(
            Posterior(
                parameters=parameters,
                quantiles=np.quantile(values, QUANTILE_LEVELS, axis=0).T,
                aleatoric=np.sqrt(np.maximum(values.var(axis=0) - epistemic**2, 0)),
                epistemic=epistemic,
                draws=values.astype(np.float32),
                draw_names=labels,
                flags=raised(
                    {
                        Flag.LOW_SIGNAL: ranking < LOW_SIGNAL,
                        Flag.EDGE_OF_PRIOR: bool(beyond.max() > EDGE_SHARE),
                        Flag.ONE_DETECTOR: one,
                        Flag.NOVEL: one,
                    }
                ),
                extras={"method": "network"},
                note="taught on mergers in both detectors; one is missing" if one else "",
            )
        )
    return answers


def _task(name: str, title: str, labels: tuple[str, ...]) -> Task:
    parameters = tuple(p for label in labels for p in PARAMETERS if p.name == label)
    return Task(
        name=name,
        title=title,
        reads="strain",
        accepts=bbh.accepts,
        wanted=wanted,
        find=bbh.find,
        prepare=prepare,
        decode=partial(decode, parameters=parameters),
        parameters=parameters,
        columns=COLUMNS,
        views=("strain", "posterior"),
        batch_size=8,
        options=bbh.TASK.options,
    )


COLUMNS: tuple[Column, ...] = tuple(
    column
    for column in bbh.COLUMNS
    if column.name in ("gps_h1", "gps_l1", "method") or column.name.startswith("search_")
)
MASSES = _task("bbh_masses_shen", "Black hole masses (Shen & Huerta)", strain_labels.MASSES)
REMNANT = _task("bbh_remnant_shen", "Black hole remnant (Shen & Huerta)", strain_labels.REMNANT)
