"""Numbers for papers: rounding of errors, units, classes, doubts."""

from __future__ import annotations

import math

import pytest
import viewer_samples as samples

from astrogui.records.flags import ADVICE, WORDS, Flag
from astrogui.viewers.result_text import (
    answer_latex,
    answer_text,
    latex_unit,
    latex_value,
    plain_value,
    rounded,
)


@pytest.mark.parametrize(
    ("numbers", "latex"),
    [
        ((30.683, 29.561, 31.902, "solMass"), r"$30.7^{+1.2}_{-1.1}\,M_\odot$"),
        ((0.12345678, 0.12341, 0.1235, ""), r"$0.123457^{+0.000043}_{-0.000047}$"),
        ((440.0, 272.0, 591.0, "Mpc"), r"$440^{+150}_{-170}\,\mathrm{Mpc}$"),
        ((1.0, 0.9, 1.1, "Jy"), r"$(1.00 \pm 0.10)\,\mathrm{Jy}$"),
        ((0.5, 0.4, 0.6, ""), r"$0.50 \pm 0.10$"),
        ((2.5e-21, 2.4e-21, 2.7e-21, ""), r"$(2.50^{+0.20}_{-0.10}) \times 10^{-21}$"),
        ((9.96, 9.8604, 10.0596, ""), r"$9.96 \pm 0.10$"),  # 0.0996 rounds to 0.10
        ((-0.04, -0.16, 0.07, ""), r"$-0.04^{+0.11}_{-0.12}$"),
        ((math.nan, 0.0, 1.0, ""), "--"),
        ((3.0, 3.0, 3.0, "s"), r"$3.0000\,\mathrm{s}$"),
    ],
)
def test_values_are_rounded_by_their_smaller_error(numbers, latex):
    assert latex_value(*numbers) == latex


def test_rounding_keeps_two_digits_of_the_smaller_error_for_all_sizes():
    for exponent in range(-3, 6):
        for error in (1.04, 2.5, 9.4, 9.96):
            size = error * 10.0**exponent
            value, minus, plus, power = rounded(7.3 * size, size, 1.7 * size)
            kept = float(minus) * 10.0**power
            assert kept == pytest.approx(size, rel=0.05)
            assert len(value.partition(".")[2]) == len(plus.partition(".")[2])


def test_units_need_no_package():
    assert latex_unit("1e-17 erg / (s cm2 Angstrom)").startswith(r"10^{-17}\,\mathrm{erg}\,")
    assert r"\mathrm{\AA}^{-1}" in latex_unit("1e-17 erg / (s cm2 Angstrom)")
    assert latex_unit("") == ""
    assert latex_unit("deg") == r"\mathrm{deg}"


def test_plain_text_has_the_same_digits():
    assert plain_value(30.683, 29.561, 31.902, "solMass") == "30.7 +1.2 −1.1 M☉"
    assert plain_value(math.nan, 1, 2) == "no answer"


def test_an_answer_as_text_and_latex_names_everything():
    posterior = samples.mass_posterior()
    text = answer_text("GW150914", "Merger", posterior)
    lines = text.splitlines()
    assert lines[0] == "GW150914: Merger"
    assert len(lines) >= 1 + len(posterior.parameters)
    assert "68 %" in text
    latex = answer_latex(posterior)
    assert latex.count(r"\\") == len(posterior.parameters)
    assert r"M_\odot" in latex
    classes = answer_latex(samples.class_posterior())
    assert r"$P(\mathrm{" in classes


def test_every_doubt_has_words_and_advice():
    assert set(WORDS) == set(ADVICE) == {flag for flag in Flag if flag}
    both = Flag.NOVEL | Flag.LOW_SIGNAL
    assert both.advice() == (ADVICE[Flag.LOW_SIGNAL], ADVICE[Flag.NOVEL])
