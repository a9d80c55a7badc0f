"""Lists of lines for the eye: which lines to look for in galaxies, quasars and stars.

The lists that fits and simulations use are in ``lines``; these are longer, and each name occurs
once in a list. Wavelengths are in vacuum: NIST Atomic Spectra Database 5 for single lines, usual
means for blends; indices of old stars (G band, Mg b, Fe, NaD) at the centres of Worthey et al.
1994, ApJS 94, 687, brought to vacuum.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from astrogui.science.lines import BROAD, NEBULAR, STELLAR, Line


@dataclass(frozen=True, slots=True, kw_only=True)
class LineList:
    """Lines of one kind of light, with how much each is worth when labels are short of room."""

    name: str
    title: str
    lines: tuple[Line, ...]


def _list(kind: str, *pairs: tuple[str, float]) -> tuple[Line, ...]:
    return tuple(Line(name=name, wavelength_angstrom=value, kind=kind) for name, value in pairs)


_EMISSION = _list(
    "nebular",
    ("[Ne V] 3347", 3346.79),
    ("[Ne V] 3427", 3426.85),
    ("H8", 3890.17),
    ("[Ne III] 3969", 3968.59),
    ("[N I] 5201", 5200.53),
    ("[N II] 5756", 5756.24),
    ("[O I] 6366", 6365.54),
    ("He I 7067", 7067.14),
    ("[O II] 7322", 7322.0),
    ("[O II] 7332", 7332.2),
    ("Paε", 9548.6),
    ("Paδ", 10052.1),
    ("He I 10833", 10833.3),
    ("Paγ", 10941.1),
    ("[Fe II] 12570", 12570.2),
    ("Paβ", 12821.6),
    ("Paα", 18756.1),
    ("Brγ", 21661.2),
)
_ABSORPTION = _list(
    "stellar",
    ("Fe II 2374", 2374.46),
    ("Fe II 2383", 2382.76),
    ("Fe II 2600", 2600.17),
    ("Mg II 2796", 2796.35),
    ("Mg II 2804", 2803.53),
    ("Mg I 2853", 2852.96),
    ("H10", 3798.98),
    ("H9", 3836.47),
    ("H8 abs", 3890.17),
    ("Hδ abs", 4102.90),
    ("Ca I", 4227.92),
    ("Hγ abs", 4341.69),
    ("Fe 4384", 4384.8),
    ("Hβ abs", 4862.69),
    ("Fe 5270", 5271.5),
    ("Fe 5335", 5336.5),
    ("Hα abs", 6564.63),
    ("Na I 8190", 8190.5),
)
_FAR_UV = _list(
    "stellar",
    ("Si II 1260", 1260.42),
    ("O I 1303", 1303.3),
    ("C II 1335", 1334.53),
    ("Si IV 1394", 1393.76),
    ("Si II 1527", 1526.71),
    ("C IV abs", 1549.48),
    ("Fe II 1608", 1608.45),
    ("Al II 1671", 1670.79),
)
_QUASAR = _list(
    "broad",
    ("O VI", 1033.82),
    ("Si II 1263", 1262.6),
    ("N IV]", 1486.5),
    ("O III]", 1663.5),
    ("N III]", 1750.3),
    ("C II] 2327", 2326.4),
    ("[Ne IV] 2425", 2424.3),
    ("[Ne V] 3427", 3426.85),
    ("Paδ", 10052.1),
    ("He I 10833", 10833.3),
    ("Paβ", 12821.6),
)
_STAR = _list(
    "stellar",
    ("H10", 3798.98),
    ("H9", 3836.47),
    ("H8", 3890.17),
    ("Hε", 3971.20),
    ("Hδ", 4102.90),
    ("Ca I", 4227.92),
    ("Hγ", 4341.69),
    ("He I 4473", 4472.74),
    ("He II 4687", 4687.02),
    ("TiO 4762", 4762.0),
    ("Hβ", 4862.69),
    ("He I 5017", 5017.08),
    ("TiO 5168", 5168.0),
    ("Fe 5270", 5271.5),
    ("He I", 5877.25),
    ("TiO 6160", 6160.0),
    ("Hα", 6564.63),
    ("Li I", 6709.7),
    ("TiO 7055", 7055.0),
    ("K I", 7701.1),
    ("Na I 8190", 8190.5),
    ("Paδ", 10052.1),
)
_NEBULAR_SORTED = tuple(sorted((*NEBULAR, *_EMISSION), key=lambda x: x.wavelength_angstrom))

EMISSION = LineList(name="emission", title="Galaxy emission", lines=_NEBULAR_SORTED)
ABSORPTION = LineList(
    name="absorption", title="Galaxy absorption", lines=(*_FAR_UV, *_ABSORPTION, *STELLAR)
)
QUASAR = LineList(name="quasar", title="Quasar, broad", lines=(*_QUASAR, *BROAD))
STAR = LineList(name="star", title="Stars", lines=(*STELLAR, *_STAR))
LISTS: tuple[LineList, ...] = (EMISSION, ABSORPTION, QUASAR, STAR)

STRENGTH = {
    "Hα": 9, "[O III] 5008": 9, "Lyα": 9, "Hβ": 8, "[O II]": 8, "C IV": 8, "Mg II": 8,
    "C III]": 7, "Ca K": 7, "Ca H": 6, "Mg b": 5, "Na D": 5, "[S II] 6718": 4, "Hγ": 4,
    "[O III] 4960": 4, "Paα": 4, "Paβ": 4, "[N II] 6585": 4, "[S III] 9533": 3, "Hδ": 3,
    "Si IV": 3, "G band": 3, "[Ne III]": 2, "[Ne V] 3427": 2, "Ca II 8544": 2, "Ca II 8664": 2,
    "Ca II 8500": 2, "H8": 2, "Mg II 2796": 2, "Mg II 2804": 2, "Mg I 2853": 2, "Fe II 2600": 2,
    "He II": 2, "[O III] 4364": 2, "He I": 2, "[O I]": 2, "[S II] 6733": 2, "Al III": 2,
    "TiO 7055": 3, "TiO 6160": 2, "Na I 8190": 2, "Hε": 2, "H9": 2, "Paγ": 3, "He I 10833": 3,
    "Brγ": 3, "[S III] 9071": 2, "N V": 3,
}  # fmt: skip
"""How prominent a line usually is, 1 for those not named; labels and proposals go by it."""


def strength(name: str) -> int:
    """1 to 9; the same for a line in absorption as in emission."""
    return STRENGTH.get(name.removesuffix(" abs"), 1)


def lists_for(cls: str) -> tuple[str, ...]:
    """Names of the lists that a class begins with."""
    return {"STAR": ("star",), "QSO": ("emission", "quasar")}.get(
        cls.upper(), ("emission", "absorption")
    )


@lru_cache(maxsize=32)  # asked for at every step of a line that is dragged
def lines_of(names: tuple[str, ...]) -> tuple[Line, ...]:
    """The lines of several lists by rising wavelength; each name, and each place, once."""
    found: list[Line] = []
    for line_list in LISTS:
        if line_list.name not in names:
            continue
        for line in line_list.lines:
            known = any(
                abs(line.wavelength_angstrom / other.wavelength_angstrom - 1) < 2e-5
                or line.name == other.name
                for other in found
            )
            if not known:
                found.append(line)
    return tuple(sorted(found, key=lambda line: line.wavelength_angstrom))


# Strong emission of the night sky, in vacuum. Source: Osterbrock et al. 1996, PASP 108, 277 (OH)
# and Hanuschik 2003, A&A 407, 1157, converted from air by Ciddor 1996.
SKY_LINES: tuple[tuple[float, str], ...] = (
    (4047.7, "Hg I"), (4359.6, "Hg I"), (5462.3, "Hg I"), (5578.89, "[O I]"), (5893.0, "Na I"),
    (6302.05, "[O I]"), (6365.54, "[O I]"), (6865.8, "OH"), (7278.4, "OH"),
    (7318.3, "OH"), (7342.9, "OH"), (7752.8, "OH"), (7796.3, "OH"), (7823.7, "OH"),
    (7915.9, "OH"), (7966.8, "OH"), (7995.5, "OH"), (8346.9, "OH"), (8401.5, "OH"),
    (8432.5, "OH"), (8829.5, "OH"), (8888.3, "OH"), (8922.1, "OH"), (8960.6, "OH"),
    (9378.4, "OH"), (9442.0, "OH"), (9793.3, "OH"), (9875.0, "OH"), (10015.0, "OH"),
)  # fmt: skip
SKY_HALF_WIDTH_ANGSTROM = 4.0

# Where the atmosphere absorbs. Source: Catanzaro 1997, Ap&SS 257, 161.
TELLURIC_BANDS: tuple[tuple[float, float, str], ...] = (
    (6869.0, 6955.0, "B band O₂"),
    (7164.0, 7340.0, "H₂O"),
    (7594.0, 7700.0, "A band O₂"),
    (8126.0, 8345.0, "H₂O"),
    (8950.0, 9750.0, "H₂O"),
    (11100.0, 11600.0, "H₂O"),
    (13400.0, 14600.0, "H₂O"),
    (17900.0, 19600.0, "H₂O"),
)
