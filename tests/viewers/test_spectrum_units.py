"""Units of spectra against astropy's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import viewer_samples as samples

from astrogui.viewers.spectrum_units import flux_density, flux_scale, line_flux_unit

UNITS = (
    "1e-17 erg / (Angstrom cm2 s)", "erg / (s cm2 nm)", "W / (m2 um)",
    "1e-20 erg s-1 cm-2 Angstrom-1",
    "Jy", "mJy", "uJy", "1e-6 Jy", "erg / (s cm2 Hz)", "W / (m2 Hz)", "nJy",
)  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    ("wanted", "target"),
    [("per wavelength", "erg / (Angstrom cm2 s)"), ("per frequency", "Jy")],
)
def test_conversions_agree_with_astropy(unit, wanted, target):
    units = pytest.importorskip("astropy.units")
    record = replace(samples.spectrum(), flux_unit=unit)
    x = record.wavelength_angstrom
    expected = (record.flux * units.Unit(unit)).to_value(
        units.Unit(target), units.spectral_density(x * units.AA)
    )
    scale = flux_scale(record, wanted)
    size = {"nJy": 1e-9, "µJy": 1e-6, "mJy": 1e-3, "Jy": 1.0}.get(scale.label)
    if size is None:
        power = scale.label.partition(" erg")[0]
        digits = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
        size = 10.0 ** int(power[2:].translate(digits)) if power.startswith("10") else 1.0
    assert record.flux * scale.of(x) * size == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("unit", ["", "count", "adu / s", "erg / s", "Jy / beam", "nonsense!!"])
def test_what_is_no_flux_density_is_none(unit):
    assert flux_density(unit).kind == ""
    with pytest.raises(ValueError, match="cannot be shown per frequency"):
        flux_scale(replace(samples.spectrum(), flux_unit=unit), "per frequency")


def test_a_line_flux_has_no_wavelength_in_its_unit():
    assert line_flux_unit(samples.spectrum())[1].endswith("erg s⁻¹ cm⁻²")
    assert line_flux_unit(replace(samples.spectrum(), flux_unit="count"))[1] == "count Å"
    assert line_flux_unit(replace(samples.spectrum(), flux_unit=""))[1] == "relative flux × Å"


def test_a_line_flux_of_a_spectrum_in_jansky_is_an_energy_flux():
    record = replace(samples.spectrum(), flux_unit="mJy")
    scale, unit = line_flux_unit(record)
    assert unit.endswith("erg s⁻¹ cm⁻²")
    assert scale.power == -2
    assert np.all(scale.of(record.wavelength_angstrom) > 0)
