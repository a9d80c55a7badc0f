"""The alarm of a batch: rare on smooth batches, sure where a pipeline fails."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from astrogui.science.pile_up import pile_ups

OXYGEN_ON_SKY = 5578.9 / 3728.48 - 1


def smooth(count, seed):
    """Redshifts of a smooth survey between 0 and 3."""
    return np.random.default_rng(seed).gamma(2.0, 0.4, count)


def test_smooth_batches_alarm_no_more_often_than_stated():
    alarms = sum(bool(pile_ups(smooth(1000, seed), false_alarm_rate=0.05)) for seed in range(300))
    assert alarms <= 0.05 * 300 + 3 * np.sqrt(0.05 * 300)


def test_answers_that_crowd_a_sky_line_are_named():
    crowd = np.random.default_rng(1).normal(OXYGEN_ON_SKY, 2e-4, 15)
    (pile,) = pile_ups(np.r_[smooth(500, 2), crowd])
    assert pile.redshift == pytest.approx(OXYGEN_ON_SKY)
    assert pile.count >= 15
    assert "[O II]" in pile.words()
    assert "5579" in pile.words()


def test_answers_that_crowd_the_end_of_the_range_are_named():
    (pile,) = pile_ups(np.r_[smooth(500, 3), np.full(8, 6.98)], limits=(-0.0044, 6.985))
    assert "end of the range" in pile.words()


def test_few_answers_and_broken_ones_make_no_pile():
    assert pile_ups([OXYGEN_ON_SKY] * 3) == []
    assert pile_ups([np.nan, np.inf]) == []
    assert pile_ups([]) == []


def test_the_chance_is_that_of_the_exact_comparison():
    from scipy.stats import binomtest

    values = np.r_[np.full(9, OXYGEN_ON_SKY), OXYGEN_ON_SKY + np.linspace(0.004, 0.018, 5)]
    (pile,) = pile_ups(values)
    assert pile.chance == pytest.approx(binomtest(9, 14, 0.05, alternative="greater").pvalue)


@pytest.mark.parametrize(("count", "total"), [(4, 10), (12, 200), (300, 5000), (4, 4)])
def test_the_chance_is_the_binomial_tail(count, total):
    from scipy.stats import binom

    from astrogui.science.pile_up import _chance

    assert _chance(count, total, 0.05) == pytest.approx(binom.sf(count - 1, total, 0.05), rel=1e-9)


def test_a_batch_without_a_pile_loads_nothing_heavy():
    """The window's process asks at the end of each batch: scipy.stats alone is 80 MB."""
    code = (
        "import sys; from astrogui.science.pile_up import pile_ups; "
        "pile_ups([0.1, 0.5, 1.4], (0.0, 7.0)); "
        "assert not any(name.startswith('scipy') for name in sys.modules), 'scipy was loaded'"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
