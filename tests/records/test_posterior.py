"""Posteriors as values: intervals, mixtures, the split of the variance, packing."""

from __future__ import annotations

import dataclasses
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astrogui.records import interval
from astrogui.records.flags import WORDS, Flag
from astrogui.records.packing import (
    posterior_from_bytes,
    posterior_to_bytes,
    source_from_dict,
    source_to_dict,
)
from astrogui.records.posterior import QUANTILE_LEVELS, GridDensity, Parameter, Posterior
from astrogui.records.source import Source

Z = Parameter(name="z", title="redshift", low=0.0, high=math.inf)


def normal_quantiles(mean: float = 1.0, sigma: float = 0.1) -> np.ndarray:
    from scipy.stats import norm

    return norm(mean, sigma).ppf(QUANTILE_LEVELS)


def test_intervals_of_a_normal_agree_with_its_quantiles():
    posterior = Posterior(parameters=(Z,), quantiles=normal_quantiles()[None])
    assert posterior.median("z") == pytest.approx(1.0)
    for level, sigmas in ((0.5, 0.6745), (0.68, 0.9945), (0.9, 1.6449), (0.95, 1.96)):
        low, high = posterior.interval("z", level)
        assert high - low == pytest.approx(2 * 0.1 * sigmas, rel=2e-3)


def test_an_unknown_parameter_names_those_there_are():
    posterior = Posterior(parameters=(Z,), quantiles=normal_quantiles()[None])
    with pytest.raises(KeyError, match="redshift_z"):
        posterior.interval("redshift_z", 0.9)


def test_quantiles_that_fall_or_have_the_wrong_shape_are_refused():
    with pytest.raises(ValueError, match="fall"):
        Posterior(parameters=(Z,), quantiles=normal_quantiles()[None, ::-1])
    with pytest.raises(ValueError, match="quantiles are"):
        Posterior(parameters=(Z,), quantiles=np.zeros((1, 3)))
    with pytest.raises(ValueError, match="sum to"):
        Posterior(classes=("a", "b"), class_probability=np.array([0.5, 0.6]))


def test_arrays_are_read_only():
    posterior = Posterior(parameters=(Z,), quantiles=normal_quantiles()[None])
    with pytest.raises(ValueError, match="read-only"):
        posterior.quantiles[0, 0] = 7


def test_highest_density_of_two_peaks_is_two_stretches_that_leave_the_gap_out():
    edges = np.linspace(0, 10, 1001)
    centres = 0.5 * (edges[1:] + edges[:-1])
    mass = 0.6 * np.exp(-0.5 * ((centres - 2) / 0.1) ** 2)
    mass += 0.4 * np.exp(-0.5 * ((centres - 7) / 0.1) ** 2)
    density = GridDensity(
        parameter="z", edges=edges, classes=("g",), density=(mass / mass.sum() / 0.01)[None]
    )
    posterior = Posterior(
        parameters=(Z,),
        quantiles=interval.grid_quantiles(edges, mass, QUANTILE_LEVELS)[None],
        density=density,
    )
    stretches = posterior.highest_density("z", 0.9)
    assert len(stretches) == 2
    held = (
        sum(mass[(centres > low) & (centres < high)].sum() for low, high in stretches) / mass.sum()
    )
    assert held == pytest.approx(0.9, abs=0.01)
    assert sum(high - low for low, high in stretches) < 0.8


def test_the_shortest_interval_of_draws_is_no_longer_than_the_equal_tailed_one():
    draws = np.random.default_rng(3).exponential(size=20_000)
    low, high = interval.shortest(draws, None, 0.68)
    assert low == pytest.approx(0, abs=0.01)
    assert high == pytest.approx(-math.log(0.32), rel=0.03)


@given(
    st.lists(st.floats(0, 10), min_size=3, max_size=30).filter(lambda v: sum(v) > 0.1),
    st.floats(0.01, 0.99),
)
def test_grid_quantiles_invert_the_cumulative(mass, level):
    edges = np.arange(len(mass) + 1.0)
    weights = np.array(mass)
    quantile = interval.grid_quantiles(edges, weights, np.array([level]))[0]
    cumulative = np.interp(quantile, edges, np.r_[0, np.cumsum(weights)] / weights.sum())
    assert cumulative == pytest.approx(level, abs=1e-6)


def test_weighted_quantiles_equal_those_of_repeated_draws():
    rng = np.random.default_rng(1)
    values, counts = rng.normal(size=500), rng.integers(1, 6, 500)
    levels = np.array([0.1, 0.5, 0.9])
    weighted = interval.weighted_quantiles(values, counts.astype(float), levels)
    repeated = np.quantile(np.repeat(values, counts), levels)
    assert weighted == pytest.approx(repeated, abs=0.03)


def test_total_variance_is_the_sum_of_its_parts():
    rng = np.random.default_rng(2)
    means, sigmas = np.array([0.0, 1.0, 3.0]), np.array([0.5, 1.0, 0.2])
    aleatoric, epistemic = interval.split_variance(means[:, None], sigmas[:, None] ** 2)
    draws = np.concatenate([rng.normal(m, s, 400_000) for m, s in zip(means, sigmas, strict=True)])
    assert aleatoric[0] ** 2 + epistemic[0] ** 2 == pytest.approx(draws.var(), rel=0.01)


def test_a_posterior_packs_and_unpacks_with_everything():
    rng = np.random.default_rng(5)
    posterior = Posterior(
        parameters=(Z,),
        quantiles=normal_quantiles()[None],
        best=np.array([1.01]),
        draws=rng.normal(size=(20, 1)),
        draw_names=("z",),
        weights=np.full(20, 0.05),
        density=GridDensity(
            parameter="z", edges=np.arange(4.0), classes=("G", "Q"), density=np.full((2, 3), 1 / 6)
        ),
        classes=("G", "Q"),
        class_probability=np.array([0.25, 0.75]),
        class_quantiles=np.tile(np.linspace(0, 1, 25), (2, 1)),
        flags=Flag.LOW_SIGNAL | Flag.NOVEL,
        novelty=1.7,
        extras={"z_2": 0.3, "class_2": "G", "confident": False, "none": None, "nan": math.nan},
        note="α",
        curves={"model": np.arange(3.0)},
    )
    back = posterior_from_bytes(posterior_to_bytes(posterior))
    assert back.parameters == posterior.parameters
    for name in ("quantiles", "best", "draws", "weights", "class_probability", "class_quantiles"):
        assert np.array_equal(getattr(back, name), getattr(posterior, name)), name
    assert np.array_equal(back.density.density, posterior.density.density)
    assert (back.flags, back.novelty, back.note) == (posterior.flags, 1.7, "α")
    assert math.isnan(back.extras.pop("nan"))
    assert back.extras == {k: v for k, v in posterior.extras.items() if k != "nan"}
    assert np.array_equal(back.curves["model"], np.arange(3.0))
    assert back.most_probable_class == "Q"


def test_a_posterior_is_stored_without_pickles():
    data = posterior_to_bytes(Posterior(parameters=(Z,), quantiles=normal_quantiles()[None]))
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(data)


def test_every_flag_has_words():
    assert set(WORDS) == {flag for flag in Flag if flag != Flag.NONE}
    assert Flag(5).words() == (WORDS[Flag.LOW_SIGNAL], WORDS[Flag.AMBIGUOUS])


def test_a_source_survives_json_and_a_newer_versions_fields():
    source = Source(
        path="a.fits", kind="spectrum", format="SDSS", part="1", sha256="ab", shape=(3, 4),
        wavelength_range_angstrom=(3600.0, 10400.0), options=(("air", "true"),), remarks=("r",),
    )  # fmt: skip
    import json

    assert source_to_dict(source) == dataclasses.asdict(source)
    raw = json.loads(json.dumps(source_to_dict(source)))
    assert source_from_dict({**raw, "from_the_future": 1}) == source
