"""Hiding a stretch shows what an answer rests on: here an answer that knows what it looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from astrogui.errors import UsageProblem
from astrogui.records.posterior import QUANTILE_LEVELS, GridDensity, Parameter, Posterior
from astrogui.records.spectrum import Spectrum
from astrogui.tasks.occlusion import (
    SMALLEST_PROBABILITY,
    redshift_sensitivity,
    stretches,
    without,
)

Z = Parameter(name="z", title="redshift")
LINE, AGAINST = 6000.0, 8000.0


def spectrum() -> Spectrum:
    wavelength = np.linspace(4000.0, 9000.0, 2500)
    return Spectrum(
        wavelength_angstrom=wavelength,
        flux=np.ones(wavelength.size, np.float32),
        ivar=np.ones(wavelength.size, np.float32),
        mask=(wavelength > 7000) & (wavelength < 7400),
        flux_unit="",
        frame="barycentric",
        medium_in_file="vacuum",
    )


def posterior(log_odds: float) -> Posterior:
    """QSO at z = 1.5 with these log odds; the rest at z = 0.5."""
    edges = np.array([0.0, 1.0, 1.495, 1.505, 2.0])
    probability = 1 / (1 + np.exp(-log_odds))
    mass = np.zeros((2, 4))
    mass[1, 2], mass[0, 0] = probability, 1 - probability
    return Posterior(
        parameters=(Z,),
        quantiles=np.full((1, QUANTILE_LEVELS.size), 1.5),
        best=np.array([1.5]),
        density=GridDensity(
            parameter="z", edges=edges, classes=("GALAXY", "QSO"), density=mass / np.diff(edges)
        ),
        classes=("GALAXY", "QSO"),
        class_probability=mass.sum(axis=1),
    )


def judged(records):
    """Three nats from the sample at LINE, one less for that at AGAINST."""
    found = []
    for record in records:
        good = np.interp([LINE, AGAINST], record.wavelength_angstrom, record.good) > 0.5
        found.append(posterior(0.5 + 3.0 * good[0] - 1.0 * good[1]))
    return found


def test_the_loss_is_where_the_answer_looked_and_has_its_sign():
    sensitivity = redshift_sensitivity(spectrum(), "redshift", judged)
    assert sensitivity.answer == "QSO at z = 1.5000"
    assert sensitivity.baseline == pytest.approx(2.5, abs=1e-3)
    at = np.digitize([LINE, AGAINST], sensitivity.edges) - 1
    expected = np.zeros(sensitivity.loss.size)
    expected[at] = 3.0, -1.0
    known = np.isfinite(sensitivity.loss)
    assert np.allclose(sensitivity.loss[known], expected[known], atol=1e-3)
    assert known[at].all()


def test_a_stretch_without_a_good_sample_has_no_loss():
    sensitivity = redshift_sensitivity(spectrum(), "redshift", judged)
    masked = (sensitivity.edges[:-1] >= 7000) & (sensitivity.edges[1:] <= 7400)
    assert masked.any()
    assert np.isnan(sensitivity.loss[masked]).all()
    assert np.isfinite(sensitivity.loss[~masked]).sum() >= (~masked).sum() - 2


def test_certainty_beyond_what_a_network_can_say_is_cut_off():
    sensitivity = redshift_sensitivity(
        spectrum(), "redshift", lambda records: [posterior(60.0) for _ in records]
    )
    assert sensitivity.baseline == pytest.approx(-np.log(SMALLEST_PROBABILITY), rel=1e-4)
    assert np.nanmax(np.abs(sensitivity.loss)) == 0.0


def test_the_stretches_cover_every_good_sample_once():
    wavelength = spectrum().wavelength_angstrom
    edges = stretches(wavelength)
    assert edges[0] < wavelength[0]
    assert edges[-1] > wavelength[-1]
    assert np.allclose(np.diff(np.log(edges)), np.log(edges[1] / edges[0]))


def test_what_is_hidden_counts_as_never_taken():
    record = spectrum()
    hidden = record.wavelength_angstrom < 4500
    bare = without(record, hidden)
    assert not bare.good[hidden].any()
    assert (bare.good[~hidden] == record.good[~hidden]).all()
    assert (bare.flux == record.flux).all()


def test_an_unanswered_spectrum_is_not_explained():
    unanswered = replace(posterior(1.0), best=None, quantiles=np.full((1, 25), np.nan))
    with pytest.raises(UsageProblem, match="no answer"):
        redshift_sensitivity(spectrum(), "redshift", lambda records: [unanswered] * len(records))
