"""What a frame adds to the star/galaxy answers is found again in examples made by it."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import surroundings
from astrogui.tasks.star_galaxy import logit_shifts
from astrogui.training import star_galaxy_surroundings as fitted
from astrogui.training.sky_population import STAR_FACTORS


@pytest.fixture(scope="module")
def examples():
    """200 fields of 60 sources whose density of stars and near neighbours move the truth."""
    rng = np.random.default_rng(4)
    factor = np.exp(rng.uniform(*np.log(STAR_FACTORS), 200))
    area = rng.uniform(0.005, 0.05, 200)
    area[::10] = 0.0  # where nothing could be counted
    field = np.repeat(np.arange(200), 60)
    separation = rng.uniform(0.5, 8.0, len(field))
    logit = rng.normal(0.0, 2.0, len(field))
    mean = surroundings.mean_density(STAR_FACTORS)
    near = surroundings.nearness(separation, fitted.NEIGHBOUR_FWHM)
    true_logit = logit + np.log(mean / factor)[field] - 0.9 * near
    label = (rng.random(len(field)) < 1 / (1 + np.exp(-true_logit))).astype(np.float32)
    arrays = {
        "_compact": rng.poisson(area * (2500 * factor + 150))[field], "_area_deg2": area[field],
        "_separation": separation, "star_factor": factor[field], "field": field, "label": label,
    }  # fmt: skip
    return arrays, logit


def test_the_density_of_compact_sources_is_found_from_the_counts(examples):
    stars, galaxies = fitted.fit_density(examples[0])
    assert stars == pytest.approx(2500, rel=0.03)
    assert galaxies == pytest.approx(150, abs=80)


def test_what_the_frame_adds_makes_the_answers_right(examples):
    arrays, logit = examples
    table = fitted.fit_surroundings(arrays, logit)
    assert table["neighbour_logit"] == pytest.approx(-0.9, abs=0.2)
    assert (table["fields"], table["sources"]) == (200, 12_000)
    shifts = logit_shifts(arrays, {"surroundings": table})
    moved = logit + shifts["of_density"] + shifts["of_neighbour"]
    loss = [np.mean(np.logaddexp(0, z) - arrays["label"] * z) for z in (logit, moved)]
    assert loss[1] < loss[0] - 0.02
    dense = arrays["star_factor"] > 2
    assert abs((1 / (1 + np.exp(-logit)) - arrays["label"])[dense].mean()) > 0.05
    counted = dense & (arrays["_area_deg2"] > 0)
    assert abs((1 / (1 + np.exp(-moved)) - arrays["label"])[counted].mean()) < 0.02
    assert not shifts["of_density"][arrays["_area_deg2"] == 0].any()
