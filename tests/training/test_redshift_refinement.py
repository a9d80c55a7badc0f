"""The spreads of refined redshifts and the figures over them, on answers known by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from astrogui.records.flags import Flag
from astrogui.records.posterior import QUANTILE_LEVELS, Posterior
from astrogui.tasks.redshift_answer import CLASSES, Z
from astrogui.tasks.redshift_doubt import junk_terms
from astrogui.tasks.redshift_refine import Spread
from astrogui.training import redshift_measured, redshift_refinement
from astrogui.training.learn_refinement import factorised
from astrogui.training.redshift_calibration import rank_map
from astrogui.training.redshift_junk import junk_score
from astrogui.training.redshift_refinement import (
    Example,
    clear_certainty,
    fitted_spread,
    is_right,
    largest_misplaced_noise,
    refined_ranks,
    smallest_certainty,
    smallest_certainty_faint,
)
from astrogui.training.simulate_spectrum import Simulated

KM_S = 299792.458
NORMAL = np.array([-3.29, -2.576, -1.96, -1.645, -1.282, -0.994, -0.842, -0.674, -0.524, -0.385,
                   -0.253, -0.126, 0.0])  # fmt: skip
RUN = SimpleNamespace(card=SimpleNamespace(calibration={"smallest_certainty": 0.6}))
DEVIATES = np.r_[NORMAL, -NORMAL[-2::-1]]


def simulated(class_name="GALAXY", redshift=0.3, signal_to_noise=10.0):
    some = np.arange(4.0)
    return Simulated(
        wavelength_angstrom=some, flux=some, ivar=some, mask=some > 9, noise_estimated=False,
        class_name=class_name, kind="passive", redshift=redshift,
        signal_to_noise=signal_to_noise,
    )  # fmt: skip


def answer(z, sigma_km_s=60.0, class_name="GALAXY", flags=Flag.NONE, **extras):
    sigma = sigma_km_s / KM_S * (1 + z)
    return Posterior(
        parameters=(Z,),
        quantiles=(z + sigma * DEVIATES)[None],
        best=np.array([z]),
        classes=CLASSES,
        class_probability=np.array([float(name == class_name) for name in CLASSES]),
        flags=flags,
        extras={"confident": True, "prob_z": 0.99, "snr": 10.0, **extras},
    )


def example(rng, fit_km_s, stated_km_s, network_km_s=60.0):
    """One galaxy whose fit scatters by ``fit_km_s`` and says ``stated_km_s``."""
    unit = 1.3 / KM_S
    first = answer(0.3 + rng.normal(0, network_km_s) * unit, network_km_s)
    fit = answer(
        0.3, z_fit=0.3 + float(rng.normal(0, fit_km_s)) * unit, z_fit_error=stated_km_s * unit
    )
    return Example(simulated=simulated(), record=None, answer=first, fit=fit)


def test_fits_that_state_half_their_scatter_are_widened():
    rng = np.random.default_rng(1)
    spread = fitted_spread([example(rng, 16.0, 8.0) for _ in range(600)])
    assert np.hypot(8.0 * spread["scale"], spread["floor_km_s"]) == pytest.approx(16.0, rel=0.12)
    assert spread["share"] < 0.15


def test_fits_that_know_nothing_leave_the_network_s_answer():
    rng = np.random.default_rng(2)
    spread = fitted_spread([example(rng, 4000.0, 5.0) for _ in range(400)])
    assert spread["share"] > 0.9


def test_too_few_examples_give_a_cautious_spread():
    spread = fitted_spread([example(np.random.default_rng(3), 10.0, 10.0) for _ in range(5)])
    assert spread["share"] == 0.5


def test_mapped_ranks_even_out_spreads_that_are_too_wide():
    rng = np.random.default_rng(5)
    examples = [example(rng, 16.0, 40.0) for _ in range(1500)]
    told = {"GALAXY": Spread(scale=1.0, floor_km_s=0.0, share=0.1)}
    ranks = refined_ranks(examples[:1000], told, 1)
    assert np.mean(np.abs(2 * ranks["rank"] - 1) < 0.68) > 0.85
    assert set(ranks["class"]) == {CLASSES.index("GALAXY")}
    (rises,) = {tuple(row) for row in rank_map(ranks)["ranks"]["GALAXY"][2:3]}
    held_out = refined_ranks(examples[1000:], told, 2)["rank"]
    mapped = np.interp(held_out, np.linspace(0, 1, len(rises)), rises)
    for level in (0.5, 0.68, 0.9):
        assert np.mean(np.abs(2 * mapped - 1) < level) == pytest.approx(level, abs=0.07)


def test_the_score_of_junk_passes_few_good_spectra_and_most_of_nothing():
    rng = np.random.default_rng(7)

    def told(junk):
        doubt = rng.beta(4, 6, 400) if junk else rng.beta(0.2, 30, 400)
        unknown = rng.beta(2, 6, 400) if junk else rng.beta(0.1, 30, 400)
        signal = 10 ** rng.uniform(0, 2, 400)
        cells = zip(1 - doubt, unknown, signal, strict=True)
        return [answer(0.3, prob_z=p, prob_unknown=u, snr=s) for p, u, s in cells]

    score = junk_score(told(junk=False), told(junk=True))

    def flagged(answers):
        cells = np.array(
            [[a.extras[name] for name in ("prob_z", "prob_unknown", "snr")] for a in answers]
        )
        return np.mean(junk_terms(*cells.T) @ score["weights"] > score["threshold"])

    assert flagged(told(junk=True)) > 0.9
    assert flagged(told(junk=False)) < 0.03


def test_right_is_the_class_and_the_peak():
    good = Example(simulated=simulated(), record=None, answer=answer(0.3002), fit=None)
    assert is_right(good, "GALAXY")
    assert not is_right(good, "QSO")
    far = Example(simulated=simulated(), record=None, answer=answer(0.31), fit=None)
    assert not is_right(far, "GALAXY")
    junk = Example(simulated=simulated("UNKNOWN"), record=None, answer=answer(0.3), fit=None)
    assert not is_right(junk, "UNKNOWN")


def test_the_certainty_called_confident_counts_answers_that_nothing_speaks_against():
    """Wrong ones at 0.85: where another answer is nearly as good they cost nobody confidence."""
    right = [
        Example(simulated=simulated(), record=None, answer=answer(0.3, prob_z=p, snr=9.0), fit=None)
        for p in np.linspace(0.8, 1.0, 2001)
    ]
    wrong = answer(0.9, prob_z=0.85, snr=9.0)
    doubted = answer(0.9, prob_z=0.85, snr=9.0, flags=Flag.AMBIGUOUS)
    faint = answer(0.9, prob_z=0.85, snr=1.0)
    for spoiled, expected in ((wrong, 0.85), (doubted, 0.8), (faint, 0.8)):
        some = [Example(simulated=simulated(), record=None, answer=spoiled, fit=None)] * 8
        assert clear_certainty([*right, *some]) == pytest.approx(expected, abs=0.01)


def test_the_smallest_certainty_is_reached_by_nearly_all():
    survey = [
        Example(simulated=simulated(), record=None, answer=answer(0.3, prob_z=k / 1000), fit=None)
        for k in range(1, 1001)
    ]
    assert smallest_certainty(survey) == pytest.approx(0.01, abs=0.002)
    assert smallest_certainty(survey[:50]) == 0.0


def test_faint_spectra_have_a_smallest_certainty_of_their_own():
    some = {"simulated": simulated(), "record": None, "fit": None}
    faint = [Example(answer=answer(0.3, prob_z=k / 100, snr=1.0), **some) for k in range(1, 101)]
    wrong = Example(answer=answer(0.5, snr=1.0), **some)
    assert smallest_certainty_faint([*faint, *[wrong] * 50]) == pytest.approx(0.06, abs=0.002)
    clear = Example(answer=answer(0.3, prob_z=0.7), **some)
    assert smallest_certainty_faint([*faint, *[clear] * 200]) == pytest.approx(0.7)


def test_noise_is_misplaced_beyond_what_good_spectra_have_but_for_chance(monkeypatch):
    monkeypatch.setattr(redshift_refinement, "misplaced_noise", lambda record: record.roughness)
    records = [SimpleNamespace(noise_estimated=False, roughness=k / 2000) for k in range(2000)]
    records += [SimpleNamespace(noise_estimated=True, roughness=9.0)] * 500
    assert largest_misplaced_noise(records) == pytest.approx(0.998, abs=0.001)
    assert largest_misplaced_noise(records[:1000]) == pytest.approx(0.499, abs=0.001)
    assert largest_misplaced_noise(records[:50]) == redshift_refinement.SMALLEST_MISPLACED


def test_figures_count_what_the_intervals_hold(monkeypatch):
    rng = np.random.default_rng(4)
    shift = redshift_measured.CALIBRATION_ERROR_KM_S[0]
    total = float(np.hypot(40.0, shift))
    examples = []
    for _ in range(500):
        z = 0.3 + float(rng.normal(0, 40.0)) * 1.3 / KM_S
        examples.append(
            Example(simulated=simulated(), record=None, answer=answer(z, total), fit=None)
        )
    wrong = Example(simulated=simulated(), record=None, answer=answer(0.9), fit=None)
    monkeypatch.setattr(redshift_measured, "answered", lambda *given, **named: [*examples, wrong])
    figures = redshift_measured.refined_figures(RUN, 501, 1)
    assert figures["n"] == 501
    assert figures["n_catastrophic"] == 1
    assert figures["scatter_km_s"] == pytest.approx(total, rel=0.15)
    for level in (50, 68, 90, 95):
        assert figures[f"coverage_{level}"] == pytest.approx(level / 100, abs=0.075)
    assert figures["pit_distance"] < 0.09


def test_junk_is_flagged_by_novelty_or_by_showing_nothing(monkeypatch):
    kinds = [
        answer(0.1, flags=Flag.NOVEL, confident=False),
        answer(0.1, flags=Flag.LOW_SIGNAL | Flag.AMBIGUOUS, confident=False),
        answer(0.1, flags=Flag.AMBIGUOUS, confident=False),
        answer(0.1, prob_z=0.4, snr=1.5),  # faint, and no redshift stands out
        answer(0.1),
    ]
    junk = [Example(simulated=simulated("UNKNOWN"), record=None, answer=a, fit=None) for a in kinds]
    monkeypatch.setattr(redshift_measured, "answered", lambda *given, **named: junk)
    figures = redshift_measured.junk_figures(RUN, 5, 1)
    assert figures["flagged"] == 0.6
    assert figures["doubted"] == 0.6
    assert figures["by_kind"]["passive"]["n"] == 5


def test_a_factorisation_finds_sums_of_its_parts():
    rng = np.random.default_rng(6)
    parts = np.clip(rng.normal(0.2, 1.0, (3, 80)), 0, None)
    sample = rng.gamma(1.0, size=(120, 3)) @ parts
    found = factorised(sample, 3, rng, rounds=1500)
    assert np.all(found >= 0)
    shares = np.linalg.lstsq(found.T, sample.T, rcond=None)[0]
    assert np.abs(shares.T @ found - sample).max() < 0.1 * sample.max()
    assert QUANTILE_LEVELS.size == DEVIATES.size
