"""Units and numbers as they stand in papers."""

from __future__ import annotations

import math

import pytest

from astrogui.viewers.unit_text import (
    interval_text,
    number_text,
    percent_text,
    unit_text,
    with_unit,
)

FLUX = "10⁻¹⁷ erg s⁻¹ cm⁻² Å⁻¹"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1e-17 erg / (Angstrom cm2 s)", FLUX),
        ("1e-17 erg/s/cm2/Angstrom", FLUX),
        ("1E-17 erg/cm^2/s/Ang", FLUX),
        ("10**-17 erg/(s cm**2 A)", FLUX),
        ("10^(-17) erg s-1 cm-2 Angstrom-1", FLUX),
        ("1e-20 erg s-1 cm-2 Angstrom-1", FLUX.replace("⁷", "⁰").replace("¹⁰", "²⁰")),
        ("solMass", "M☉"),
        ("Mpc", "Mpc"),
        ("MJy/sr", "MJy sr⁻¹"),
        ("electron/s", "e⁻ s⁻¹"),
        ("nanomaggy", "nanomaggy"),
        ("deg", "°"),
        ("strain / Hz(1/2)", "strain Hz⁻⁰·⁵"),
        ("", ""),
        ("relative (units of ???)", "relative (units of ???)"),
        ("a / (b", "a / (b"),
    ],
)
def test_a_unit_reads_as_in_a_paper(given, expected):
    assert unit_text(given) == expected


@pytest.mark.parametrize(
    "unit", ["1e-17 erg / (Angstrom cm2 s)", "MJy / sr", "km / s", "1 / Hz(1/2)", "m2 / kg"]
)
def test_no_power_is_lost_against_astropy(unit):
    from astropy.units import Unit

    plain = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹·", "-0123456789.")
    written = unit_text(Unit(unit).to_string("generic"))
    product = 1.0 * Unit("")
    for part in written.split(" "):
        name = part.rstrip("⁻⁰¹²³⁴⁵⁶⁷⁸⁹·")
        power = float(part[len(name) :].translate(plain) or 1)
        base = Unit("Angstrom" if name == "Å" else name) if name != "10" else 10.0
        product = product * base**power
    assert product.to_value(Unit(unit)) == pytest.approx(1.0)


def test_a_label_without_unit_has_no_brackets():
    assert with_unit("final spin", "") == "final spin"
    assert with_unit("mass", "solMass") == "mass (M☉)"


def test_numbers_have_two_digits_of_their_uncertainty():
    assert number_text(0.123456, 0.0012) == "0.1235"
    assert number_text(441.2, 130.0) == "441"
    assert number_text(-3.14159) == "−3.1416"
    assert number_text(math.nan) == "–"


def test_an_interval_shows_both_distances():
    assert interval_text(30.7, 29.5, 31.9) == "30.7 +1.2 −1.2"
    assert interval_text(0.33105, 0.33094, 0.33117) == "0.33105 +0.00012 −0.00011"


def test_a_value_outside_its_interval_is_shown_with_the_ends():
    assert interval_text(2.0, 3.0, 4.0) == "2 [3, 4]"


def test_a_probability_is_never_certain():
    assert percent_text(0.99999) == "> 99.9 %"
    assert percent_text(0.0) == "< 0.1 %"
    assert percent_text(0.4567) == "45.7 %"
