"""Rest-frame templates of the data folder on one grid: the raw material of simulated spectra.

The templates themselves are never shipped: networks and bases are learned on what is simulated
from them. Wavelengths are vacuum; a template is NaN outside its own cover.
"""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import UsageProblem
from astrogui.science.spectral import LogGrid

Array = NDArray[np.float64]

REST = LogGrid(first=2.62, step=1e-4, size=14100)  # 417 to 10713 Å
REST_ANGSTROM = REST.centres_angstrom

STAR_KINDS = {
    "hot": ("O", "OB", "B", "A", "WD"),
    "cool": ("F", "G", "K"),
    "red": ("M", "L", "T"),
    "odd": ("Carbon", "CV", "CarbonWD", "WDmagnetic"),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Templates:
    """Everything on ``REST``; fluxes per unit wavelength, in units of their own."""

    populations: Array  # (7, n) stellar populations from young to old, unit mean 5400-5600 Å
    galaxy: Array  # (4, n) eigenspectra of survey galaxies
    quasar: Array  # (4, n) eigenspectra over all rest wavelengths
    quasar_low: Array  # (4, n) for z < 1.6
    quasar_high: Array  # (4, n) for z > 1.4, without intergalactic absorption
    composite: Array  # (2, n) type 1 composites
    stars: dict[str, Array]  # kind: (k, n)
    cataclysmic: Array  # (3, n) eigenspectra
    star_types: dict[str, Array]  # spectral type of ``STAR_TYPES``: (k, n)


def data_folder() -> Path:
    """The real data: ``ASTROGUI_DATA``, else ``shared/data`` beside the checkout."""
    folder = _data()
    if not (folder / "spectra" / "templates").is_dir():
        raise UsageProblem(
            f"Rest-frame templates were not found at {folder / 'spectra' / 'templates'}. "
            "Spectra are simulated from them: set ASTROGUI_DATA to the folder of real data."
        )
    return folder


def real_images() -> Path | None:
    """The folder of real images in the real data, or None where there is none."""
    folder = _data() / "images"
    return folder if folder.is_dir() else None


def _data() -> Path:
    named = os.environ.get("ASTROGUI_DATA")
    return Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "data"


@lru_cache(maxsize=1)  # a training asks for them at every step
def load_templates(folder: Path) -> Templates:
    """Read and regrid all templates below ``folder`` (spectra/templates of the data)."""
    stars, star_types, cataclysmic = _stars(folder)
    return Templates(
        populations=_populations(folder),
        galaxy=_sloan(folder / "spEigenGal-56436.fits.gz"),
        quasar=_sloan(folder / "spEigenQSO-55732.fits.gz"),
        quasar_low=_redrock(folder / "rrtemplate-QSO-LOZ-v1.1.fits.gz"),
        quasar_high=_redrock(folder / "rrtemplate-QSO-HIZ-v1.1.fits.gz"),
        composite=_composites(folder),
        stars=stars,
        cataclysmic=cataclysmic,
        star_types=star_types,
    )


def regrid(log_wavelength: Array, flux: Array) -> Array:
    """Linear interpolation to ``REST``, NaN outside; flux (..., n) or (n,)."""
    rows = np.atleast_2d(np.asarray(flux, np.float64))
    out = [np.interp(REST.centres_log10, log_wavelength, row, np.nan, np.nan) for row in rows]
    return np.stack(out).reshape((*np.shape(flux)[:-1], REST.size))


def _populations(folder: Path) -> Array:
    ages, rows = [], []
    for path in sorted(folder.glob("bc03_*_ssp_*.spec.gz")):
        with gzip.open(path, "rt", encoding="ascii") as file:
            lines = file.read().splitlines()
        age = next(line for line in lines if "Age (yr)" in line)
        table = np.array([line.split() for line in lines if line and line[0] != "#"], np.float64)
        wavelength = _vacuum(table[:, 0])
        row = regrid(np.log10(wavelength), table[:, 1])
        centre = (REST_ANGSTROM > 5400) & (REST_ANGSTROM < 5600)
        ages.append(float(age.split()[-1]))
        rows.append(row / row[centre].mean())
    return np.stack([rows[k] for k in np.argsort(ages)])


def _vacuum(wavelength_angstrom: Array) -> Array:
    """Vacuum from air above 2000 Å, as the population models tabulate them.

    Source: Ciddor 1996, Applied Optics 35, 1566, eq. (1), taken at the air wavelength.
    """
    squared = (1e4 / wavelength_angstrom) ** 2
    index = 1 + 5.792105e-2 / (238.0185 - squared) + 1.67917e-3 / (57.362 - squared)
    return np.where(wavelength_angstrom > 2000, wavelength_angstrom * index, wavelength_angstrom)


def _sloan(path: Path) -> Array:
    from astropy.io import fits

    with fits.open(path) as file:
        vectors = np.asarray(file[0].data, np.float64)
        header = file[0].header
        log = header["COEFF0"] + header["COEFF1"] * np.arange(vectors.shape[1])
    return regrid(log, vectors)


def _redrock(path: Path) -> Array:
    from astropy.io import fits

    with fits.open(path) as file:
        hdu = file["BASIS_VECTORS"]
        vectors = np.asarray(hdu.data, np.float64)
        log = hdu.header["CRVAL1"] + hdu.header["CDELT1"] * np.arange(vectors.shape[1])
    return regrid(log, vectors)


def _composites(folder: Path) -> Array:
    from astropy.io import fits

    rows = []
    with fits.open(folder / "qso1_optical_nir_template.fits.gz") as file:
        table = file[1].data
        rows.append((table["wavelength"], table["flux"]))
    with fits.open(folder / "desi_std_templates_prospect.fits.gz") as file:
        table = file[3].data
        rows.append((table["wave_QSO"], table["flux_QSO"]))
    return np.stack([regrid(np.log10(np.asarray(w, np.float64)), np.asarray(f)) for w, f in rows])


def _stars(folder: Path) -> tuple[dict[str, Array], dict[str, Array], Array]:
    from astropy.io import fits

    by_kind: dict[str, list[Array]] = {kind: [] for kind in STAR_KINDS}
    by_type: dict[str, list[Array]] = {}
    with fits.open(folder / "spEigenStar-53724.fits.gz") as file:
        header, vectors = file[0].header, np.asarray(file[0].data, np.float64)
        log = header["COEFF0"] + header["COEFF1"] * np.arange(vectors.shape[1])
        for number, row in enumerate(regrid(log, vectors)):
            by_kind[_star_kind(header[f"NAME{number}"])].append(row)
            by_type.setdefault(_star_type(header[f"NAME{number}"]), []).append(row)
    with fits.open(folder / "sdss_star_templates.fits.gz") as file:
        header, table = file["STARS"].header, file["STARS"].data
        log = header["LOGLAM0"] + header["DLOGLAM"] * np.arange(table["FLUX"].shape[1])
        for name, row in zip(table["TYPE"], np.asarray(table["FLUX"], np.float64), strict=True):
            known = np.isfinite(row)
            row = regrid(log[known], row[known])
            by_kind[_star_kind(name)].append(row)
            by_type.setdefault(_star_type(name), []).append(row)
    cataclysmic = _sloan(folder / "spEigenCVstar-55734.fits.gz")
    return _scaled(by_kind), _scaled(by_type), cataclysmic


def _scaled(rows_of: dict[str, list[Array]]) -> dict[str, Array]:
    return {
        name: np.stack([row / np.nanmedian(np.abs(row)) for row in rows])
        for name, rows in rows_of.items()
    }


def _star_type(name: str) -> str:
    """The spectral type by which the redshift analysis calls a template."""
    if name.startswith("Carbon"):
        return "WD" if name == "CarbonWD" else "carbon"
    if name.startswith("WD"):
        return "WD"
    return {"O": "O/B", "B": "O/B", "L": "L/T", "T": "L/T"}.get(name[0], name[0])


def _star_kind(name: str) -> str:
    if name in STAR_KINDS["odd"] or name.startswith(("Carbon", "dC", "C")):
        return "odd"
    for kind in ("hot", "cool", "red"):
        if name.startswith(STAR_KINDS[kind]):
            return kind
    raise ValueError(f"a star template of unknown type {name!r}")
