"""Spectral lines by name, in vacuum ångström: for fits, for simulations and for labels in views."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line or unresolved doublet. ``kind`` says in which light it is usually seen."""

    name: str
    wavelength_angstrom: float  # vacuum, rest
    kind: str  # "nebular", "broad", "stellar"


def _lines(kind: str, **wavelengths: float) -> tuple[Line, ...]:
    return tuple(
        Line(name=name.replace("_", " "), wavelength_angstrom=value, kind=kind)
        for name, value in wavelengths.items()
    )


# Rest wavelengths: NIST Atomic Spectra Database 5, vacuum; blends at their usual mean.
NEBULAR: tuple[Line, ...] = (
    *_lines("nebular", Lyα=1215.67, C_IV=1549.48, He_II=1640.42),
    Line(name="C III]", wavelength_angstrom=1908.73, kind="nebular"),
    Line(name="[O II]", wavelength_angstrom=3728.48, kind="nebular"),
    Line(name="[Ne III]", wavelength_angstrom=3869.86, kind="nebular"),
    *_lines("nebular", Hδ=4102.90, Hγ=4341.69),
    Line(name="[O III] 4364", wavelength_angstrom=4364.44, kind="nebular"),
    *_lines("nebular", He_II_4687=4687.02, Hβ=4862.69),
    Line(name="[O III] 4960", wavelength_angstrom=4960.30, kind="nebular"),
    Line(name="[O III] 5008", wavelength_angstrom=5008.24, kind="nebular"),
    *_lines("nebular", He_I=5877.25),
    Line(name="[O I]", wavelength_angstrom=6302.05, kind="nebular"),
    Line(name="[N II] 6550", wavelength_angstrom=6549.86, kind="nebular"),
    *_lines("nebular", Hα=6564.63),
    Line(name="[N II] 6585", wavelength_angstrom=6585.27, kind="nebular"),
    Line(name="[S II] 6718", wavelength_angstrom=6718.29, kind="nebular"),
    Line(name="[S II] 6733", wavelength_angstrom=6732.67, kind="nebular"),
    Line(name="[Ar III]", wavelength_angstrom=7137.77, kind="nebular"),
    Line(name="[S III] 9071", wavelength_angstrom=9071.10, kind="nebular"),
    Line(name="[S III] 9533", wavelength_angstrom=9533.20, kind="nebular"),
)

BROAD: tuple[Line, ...] = (
    *_lines("broad", Lyβ=1025.72, Lyα=1215.67, N_V=1240.81, O_I=1305.42, C_II=1335.30),
    *_lines("broad", Si_IV=1398.33, C_IV=1549.48, He_II=1640.42, Al_III=1857.8),
    Line(name="C III]", wavelength_angstrom=1908.73, kind="broad"),
    *_lines("broad", Mg_II=2799.12, Hδ=4102.90, Hγ=4341.69, Hβ=4862.69, He_I=5877.25, Hα=6564.63),
)

STELLAR: tuple[Line, ...] = (
    *_lines("stellar", Ca_K=3934.78, Ca_H=3969.59, G_band=4305.6, Mg_b=5176.6, Na_D=5894.6),
    *_lines("stellar", Ca_II_8500=8500.36, Ca_II_8544=8544.44, Ca_II_8664=8664.52),
)

LINES: tuple[Line, ...] = (
    *NEBULAR,
    *(line for line in BROAD if line.name not in {other.name for other in NEBULAR}),
    *STELLAR,
)
"""Every line once, for labels."""


def wavelength_of(name: str) -> float:
    """Vacuum rest wavelength in ångström of a line of ``LINES``; raises ``KeyError``."""
    for line in LINES:
        if line.name == name:
            return line.wavelength_angstrom
    raise KeyError(f"no line {name!r}")
