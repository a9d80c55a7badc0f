"""The shipped star/galaxy network on the five-band SDSS field, against the deeper coadd."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from astrogui import readers
from astrogui.readers import read, recognise
from astrogui.records.image import Field
from astrogui.records.model_card import card_from_json
from astrogui.tasks import sources, star_galaxy
from astrogui.tasks.task import Model
from astrogui.training import score_star_galaxy
from astrogui.training.package import run_graph

RECOGNISED = cache(recognise)
FOLDER = Path(__file__).resolve().parents[2] / "models" / "star_galaxy"


def answer(groups, options):
    """Rows of the first group of files, by the readers, the task and the exported graph."""
    images = [
        read(source)
        for path in groups[0]
        for source in recognise(str(path))
        if source.kind == "image"
    ]
    record = Field(images=tuple(images))
    card = card_from_json((FOLDER / "card.json").read_text("utf-8"), str(FOLDER))
    model = Model(card=card, assets={})
    rows = []
    for places in sources.find(record, model, options):
        prepared = star_galaxy.prepare(record, places, model, options)
        inputs = {name: prepared[name] for name in ("image", "catalogue")}
        outputs = run_graph(FOLDER / "model.onnx", inputs)
        posteriors = star_galaxy.decode(outputs, prepared, record, places, model)
        rows += [
            {
                "ra": place.ra_deg, "dec": place.dec_deg, **place.values, **posterior.extras,
                "prob_galaxy": posterior.probability("galaxy"), "novelty": posterior.novelty,
                "low": posterior.probability_interval("galaxy", 0.9)[0],
                "high": posterior.probability_interval("galaxy", 0.9)[1],
            }
            for place, posterior in zip(places, posteriors, strict=True)
        ]  # fmt: skip
    return rows


@pytest.mark.real_data
@pytest.mark.slow
def test_the_sdss_field_is_classified_better_than_by_the_survey_itself(real_data, monkeypatch):
    rows: list[dict] = []
    # The score recognises the files to know the images; unpacking them once is enough.
    for place in (readers, sys.modules[__name__]):
        monkeypatch.setattr(place, "recognise", RECOGNISED)

    def keep(groups, options):
        assert len(groups[0]) == 5
        rows.extend(answer(groups, options))
        return rows

    figures = score_star_galaxy.real(real_data / "images", keep)
    assert figures["n"] > 450
    # SDSS's own psf-minus-model magnitude reaches 0.949, 0.983 and 0.996 on the same rows.
    assert figures["auc"] > 0.965
    assert figures["auc_21_5"] > 0.985
    assert figures["auc_21"] > 0.997
    assert figures["ece"] < 0.08
    assert figures["undetected"] < 0.05 * figures["n"]
    assert figures["by_folder"]["sdss_000094-1-0012"]["auc"] == figures["auc"]
    probability = np.array([row["prob_galaxy"] for row in rows])
    low, high = (np.array([row[name] for row in rows]) for name in ("low", "high"))
    assert ((low <= probability) & (probability <= high)).all()
    assert (np.array([row["novelty"] for row in rows]) > 1).mean() < 0.1
