"""Doubts about a refined redshift: rivals nearly as good, faint spectra, spectra of nothing."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from astrogui.records.flags import Flag
from astrogui.records.posterior import QUANTILE_LEVELS, Posterior
from astrogui.science.refinement import Fit
from astrogui.tasks.redshift_answer import CLASSES, Z
from astrogui.tasks.redshift_doubt import delta_chi_square, doubts, is_undecided

SCORE = {"weights": [0.0, 4.0, *[0.0] * 13], "threshold": 2.0}  # of the odds of UNKNOWN alone


def fit(redshift, chi_square, reduced=1.0):
    return Fit(
        redshift=redshift, redshift_error=1e-4, chi_square=chi_square, reduced=reduced,
        model=np.zeros(3, np.float32),
    )  # fmt: skip


def answer(**extras):
    return Posterior(
        parameters=(Z,), quantiles=np.linspace(0.29, 0.31, QUANTILE_LEVELS.size)[None],
        best=np.array([0.3]), classes=CLASSES, class_probability=np.array([1.0, 0.0, 0.0]),
        novelty=0.2, extras={"prob_z": 0.99, "prob_unknown": 0.001, "snr": 10.0, **extras},
    )  # fmt: skip


def model(**calibration):
    told = {"smallest_certainty": 0.6, "largest_reduced_chi_square": 50.0, **calibration}
    return SimpleNamespace(card=SimpleNamespace(calibration=told))


def test_a_rival_counts_only_at_another_redshift():
    first = fit(0.3, 1000.0)
    assert delta_chi_square([first, fit(0.3002, 900.0)]) is None
    assert delta_chi_square([first, fit(0.3002, 900.0), fit(0.9, 1004.0)]) == pytest.approx(4.0)
    assert delta_chi_square([None]) is None


def test_a_rival_nearly_as_good_makes_the_answer_ambiguous():
    flags, _ = doubts(answer(), [fit(0.3, 1000.0), fit(0.9, 1004.0)], model())
    assert Flag.AMBIGUOUS in flags
    flags, novelty = doubts(answer(), [fit(0.3, 1000.0), fit(0.9, 1104.0)], model())
    assert flags == Flag.NONE
    assert novelty == 0.6 / 0.99  # of the certainty that good spectra reach


def test_what_no_template_resembles_is_novel():
    flags, novelty = doubts(answer(), [fit(0.3, 1e5, reduced=100.0)], model())
    assert Flag.NOVEL in flags
    assert novelty == pytest.approx(2.0)


def test_a_clear_signal_of_nothing_is_novel_by_its_score():
    told, alone = model(junk_score=SCORE), [fit(0.3, 1000.0)]
    assert Flag.NOVEL not in doubts(answer(prob_unknown=0.05), alone, told)[0]
    assert Flag.NOVEL in doubts(answer(prob_unknown=0.3), alone, told)[0]
    assert Flag.NOVEL not in doubts(answer(prob_unknown=0.3, snr=1.0), alone, told)[0]


def test_a_faint_spectrum_is_undecided_where_no_redshift_stands_out():
    calibration = model().card.calibration
    assert is_undecided(answer(snr=1.0, prob_z=0.4), calibration)
    assert not is_undecided(answer(snr=1.0, prob_z=0.8), calibration)
    assert not is_undecided(answer(snr=10.0, prob_z=0.4), calibration)


def test_of_faint_spectra_a_certainty_of_their_own_is_asked():
    told = model(smallest_certainty_faint=0.9)
    assert is_undecided(answer(snr=1.0, prob_z=0.8), told.card.calibration)
    assert not is_undecided(answer(snr=10.0, prob_z=0.8), told.card.calibration)
    flags, _ = doubts(answer(snr=1.0, prob_z=0.8), [fit(0.3, 1000.0)], told)
    assert flags == Flag.LOW_SIGNAL | Flag.AMBIGUOUS
    assert doubts(answer(snr=1.0, prob_z=0.95), [fit(0.3, 1000.0)], told)[0] == Flag.NONE
