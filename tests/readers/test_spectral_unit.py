"""Units of wavelength and flux, against astropy's own arithmetic."""

import numpy as np
import pytest
from astropy import units as u

from astrogui.readers.spectral_unit import F_LAMBDA, flux_unit, per_angstrom, wavelength_unit


@pytest.mark.parametrize(
    ("spelling", "meant"),
    [
        ("1E-17 erg/cm^2/s/Ang", 1e-17 * u.erg / u.cm**2 / u.s / u.AA),
        ("10**-17 erg/(s cm2 Angstrom)", 1e-17 * u.erg / u.cm**2 / u.s / u.AA),
        ("10**-20 Angstrom-1 cm-2 erg s-1", 1e-20 * u.erg / u.cm**2 / u.s / u.AA),
        ("(10^-16) erg/s/cm2/A", 1e-16 * u.erg / u.cm**2 / u.s / u.AA),
        ("erg/cm2/s/A", u.erg / u.cm**2 / u.s / u.AA),
        ("ergs s^-1 cm^-2 A^-1", u.erg / u.cm**2 / u.s / u.AA),
        ("erg cm**(-2) s**(-1) angstrom**(-1)", u.erg / u.cm**2 / u.s / u.AA),
        ("erg s**(-1) cm**(-2) nm**(-1)", u.erg / u.cm**2 / u.s / u.nm),
        ("W m-2 um-1", u.W / u.m**2 / u.um),
        ("Jy", u.Jy),
        ("uJy", u.uJy),
        ("erg/s/cm2/Hz", u.erg / u.s / u.cm**2 / u.Hz),
    ],
)
def test_flux_agrees_with_astropy(spelling, meant):
    wavelength = np.array([4000.0, 25000.0])
    unit = flux_unit(spelling)
    ours = np.full(2, unit.factor)
    if unit.per_frequency:
        ours = per_angstrom(np.ones(2), wavelength, unit.factor)
    density = u.spectral_density(wavelength * u.AA)
    expected = (np.ones(2) * meant).to(1e-17 * u.erg / u.s / u.cm**2 / u.AA, equivalencies=density)
    assert unit.unit == F_LAMBDA
    np.testing.assert_allclose(ours, expected.value, rtol=1e-6)


def test_the_record_unit_is_one_that_astropy_knows():
    assert u.Unit(F_LAMBDA).is_equivalent(u.erg / u.s / u.cm**2 / u.AA)


@pytest.mark.parametrize(
    ("spelling", "unit"),
    [("counts/s", "ct / s"), ("ELECTRONS/S", "electron / s"), ("adu", "adu"), ("counts", "ct")],
)
def test_counts_are_kept_and_said(spelling, unit):
    found = flux_unit(spelling)
    assert (found.factor, found.unit) == (1.0, unit)
    assert "not calibrated" in found.note


@pytest.mark.parametrize("spelling", ["", "DU/PIXEL", "mag", "erg"])
def test_other_units_mean_relative_flux_and_are_said(spelling):
    found = flux_unit(spelling)
    assert (found.factor, found.unit) == (1.0, "")
    assert "relative" in found.note


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("Angstroms", "angstrom"), ("AA", "angstrom"), ("10**-1 nm", "angstrom"), ("[nm]", "nm"),
        ("micron", "um"), ("µm", "um"), ("Nanometers", "nm"), ("m", "m"),
        ("deg", None), ("pixel", None), ("", None), ("km/s", None),
    ],
)  # fmt: skip
def test_wavelength_units_in_many_spellings(spelling, name):
    assert wavelength_unit(spelling) == name
