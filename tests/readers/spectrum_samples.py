"""Small spectra in every layout, written by hand-made headers and values."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

SIZE = 240
LOG_FIRST, LOG_STEP = 3.60, 1e-3  # 3981 to 6902 Å
FIRST, STEP = 4000.0, 10.0


def log_wavelength(size: int = SIZE) -> np.ndarray:
    return 10 ** (LOG_FIRST + LOG_STEP * np.arange(size))


def linear_wavelength(size: int = SIZE) -> np.ndarray:
    return FIRST + STEP * np.arange(size)


def flux(size: int = SIZE, seed: int = 0) -> np.ndarray:
    """A smooth continuum, a line and noise of one tenth, float32."""
    sample = np.arange(size)
    line = 3 * np.exp(-0.5 * ((sample - 0.4 * size) / 3) ** 2)
    noise = np.random.default_rng(seed).normal(0, 0.1, size)
    return (2 + np.sin(sample / 40) + line + noise).astype(np.float32)


def error(size: int = SIZE) -> np.ndarray:
    return (0.1 * (1 + np.arange(size) / size)).astype(np.float32)


def ivar(size: int = SIZE) -> np.ndarray:
    return (1 / error(size) ** 2).astype(np.float32)


def table(name: str = "", header: dict[str, Any] | None = None, **arrays: Any) -> fits.BinTableHDU:
    """A table of columns; a tuple (array, unit) gives the unit; (1, n) arrays make vector cells."""
    columns = []
    for key, given in arrays.items():
        values, unit = given if isinstance(given, tuple) else (given, None)
        values = np.asarray(values)
        length = values.shape[1] if values.ndim == 2 else 1
        code = {"f4": "E", "f8": "D", "i2": "I", "i4": "J", "i8": "K"}.get(values.dtype.str[1:])
        code = code or f"{values.dtype.itemsize // 4}A"
        form = f"{length}{code}" if values.dtype.kind != "U" else code
        columns.append(fits.Column(key, form, unit=unit, array=values))
    hdu = fits.BinTableHDU.from_columns(columns)
    if name:
        hdu.name = name
    hdu.header.update(header or {})
    return hdu


SDSS_HEADER = {
    "TELESCOP": "SDSS 2.5-M", "RA": 150.0, "DEC": 2.0, "PLUG_RA": 151.25, "PLUG_DEC": 2.5,
    "PLATEID": 266, "MJD": 51602, "FIBERID": 7, "COEFF0": LOG_FIRST, "COEFF1": LOG_STEP,
    "VACUUM": True, "BUNIT": "1E-17 erg/cm^2/s/Ang", "DC-FLAG": 1,
}  # fmt: skip


def sdss(path: Path, upper: bool = False, **header: Any) -> None:
    inverse = ivar()
    inverse[5:9] = 0
    columns = {
        "flux": flux(),
        "loglam": np.log10(log_wavelength()).astype(np.float32),
        "ivar": inverse,
        "and_mask": np.zeros(SIZE, np.int32),
        "wdisp": np.ones(SIZE, np.float32),
    }
    if upper:
        columns = {name.upper(): values for name, values in columns.items()}
    about = table(
        "" if upper else "SPECOBJ",
        PLUG_RA=np.array([151.25]),
        PLUG_DEC=np.array([2.5]),
        PLATE=np.array([266], np.int32),
        MJD=np.array([51602], np.int32),
        FIBERID=np.array([7], np.int32),
        Z=np.array([0.5], np.float32),
        CLASS=np.array(["GALAXY"]),
    )
    primary = fits.PrimaryHDU()
    primary.header.update({**SDSS_HEADER, **header})
    fits.HDUList([primary, table("" if upper else "COADD", **columns), about]).writeto(path)


def spspec(path: Path, **header: Any) -> None:
    sigma = error()
    sigma[:3] = 0
    rows = np.stack([flux(), flux() * 0, sigma, np.zeros(SIZE, np.float32), flux() * 0 + 1])
    hdu = fits.PrimaryHDU(rows)
    hdu.header.update(
        {**SDSS_HEADER, "RAOBJ": 151.25, "DECOBJ": 2.5, "Z": 0.5, "SPEC_CLN": 2, **header}
    )
    del hdu.header["PLUG_RA"], hdu.header["PLUG_DEC"]
    hdu.writeto(path)


DESI_ARMS = {"B": (3600.0, 100), "R": (3672.0, 90), "Z": (3728.8, 80)}  # 0.8 Å, 10 and 19 shared


def desi(path: Path, redshift: float = 0.5) -> None:
    """Three targets and a sky fibre; arms overlap on a common grid of 0.8 Å."""
    rows = 4
    hdus: list[Any] = [fits.PrimaryHDU(header=fits.Header({"SURVEY": "test", "Z": redshift}))]
    hdus.append(
        table(
            "FIBERMAP",
            TARGETID=39_627_000_000_000_000 + np.arange(rows),
            TARGET_RA=150 + np.arange(rows, dtype=float),
            TARGET_DEC=np.full(rows, 2.0),
            OBJTYPE=np.array(["TGT", "TGT", "SKY", "TGT"]),
        )
    )
    for arm, (first, size) in DESI_ARMS.items():
        base = np.arange(1, rows + 1, dtype=np.float32)[:, None]
        hdus += [
            fits.ImageHDU(first + 0.8 * np.arange(size), name=f"{arm}_WAVELENGTH"),
            fits.ImageHDU((base * flux(size)[None]).astype(np.float32), name=f"{arm}_FLUX"),
            fits.ImageHDU((base * 0 + ivar(size)[None]).astype(np.float32), name=f"{arm}_IVAR"),
            fits.ImageHDU((base * 0 + (np.arange(size) == 4)).astype(np.int32), name=f"{arm}_MASK"),
        ]
        hdus[-3].header["BUNIT"] = "10**-17 erg/(s cm2 Angstrom)"
    fits.HDUList(hdus).writeto(path)


LAMOST_HEADER = {
    "TELESCOP": "LAMOST", "RA": 99.4, "DEC": 27.3, "DESIG": "LAMOST J063727.73+271638.0",
    "VACUUM": True, "HELIO": True, "HELIO_RV": -26.4,
}  # fmt: skip


def lamost(path: Path, third_row: str = "wavelength", **header: Any) -> None:
    """Low resolution; the third row is the wavelength (v2.9) or normalised flux (v2.6)."""
    third = log_wavelength() if third_row == "wavelength" else np.ones(SIZE)
    rows = np.stack([flux(), ivar(), third, np.zeros(SIZE), np.zeros(SIZE)]).astype(np.float32)
    hdu = fits.PrimaryHDU(rows)
    hdu.header.update(
        {
            **LAMOST_HEADER,
            "COEFF0": LOG_FIRST,
            "COEFF1": LOG_STEP,
            "CRVAL1": LOG_FIRST,
            "CD1_1": LOG_STEP,
            "CTYPE1": "LINEAR",
            "DC-FLAG": 1,
            "CLASS": "STAR",
            "SUBCLASS": "K5",
            "Z": 0.00028,
            **header,
        }
    )
    hdu.writeto(path)


def lamost_later(path: Path) -> None:
    """Low resolution from data release 8 on: one row of vectors."""
    coadd = table(
        "COADD",
        FLUX=flux()[None],
        IVAR=ivar()[None],
        WAVELENGTH=log_wavelength()[None].astype(np.float32),
        ANDMASK=np.zeros((1, SIZE), np.int16),
        ORMASK=np.zeros((1, SIZE), np.int16),
    )
    primary = fits.PrimaryHDU()
    primary.header.update(LAMOST_HEADER)
    fits.HDUList([primary, coadd]).writeto(path)


def lamost_medium(path: Path) -> None:
    arms = [
        table(
            name,
            FLUX=flux(),
            IVAR=ivar(),
            LOGLAM=np.log10(first + 1.0 * np.arange(SIZE)).astype(np.float32),
            ANDMASK=np.zeros(SIZE, np.int16),
        )
        for name, first in (("COADD_B", 4950.0), ("COADD_R", 6300.0))
    ]
    primary = fits.PrimaryHDU()
    primary.header.update(LAMOST_HEADER)
    fits.HDUList([primary, *arms]).writeto(path)


IRAF_HEADER = {
    "OBJECT": "NGC 1", "RA": "10:00:00.0", "DEC": "+02:30:00", "CTYPE1": "LINEAR",
    "CRVAL1": FIRST, "CRPIX1": 1.0, "CD1_1": STEP, "CDELT1": STEP, "DC-FLAG": 0,
    "WAT0_001": "system=equispec", "WAT1_001": "wtype=linear label=Wavelength units=angstroms",
    "BUNIT": "erg/cm2/s/A",
}  # fmt: skip


def iraf(path: Path, pixels: np.ndarray | None = None, **header: Any) -> None:
    """Linear, one dimension unless ``pixels`` has more; a keyword of None is left out."""
    hdu = fits.PrimaryHDU(flux() * np.float32(1e-16) if pixels is None else pixels)
    for key, value in {**IRAF_HEADER, **header}.items():
        if value is not None:
            hdu.header[key] = value
    hdu.writeto(path)


def iraf_log(path: Path) -> None:
    log = {"CRVAL1": LOG_FIRST, "CD1_1": LOG_STEP, "CDELT1": LOG_STEP, "DC-FLAG": 1}
    iraf(path, **log, WAT1_001=None, WAT0_001=None, BUNIT="DU/PIXEL")


def iraf_bands(path: Path) -> None:
    bands = np.stack([flux(), flux() * 2, flux() * 3, error()])[:, None] * np.float32(1e-16)
    names = ("spectrum - background fit", "raw", "background - background fit", "sigma - fit")
    header = {f"BANDID{n}": name for n, name in enumerate(names, 1)}
    iraf(path, bands, CUNIT1="deg", APNUM1="1 1 225.39 245.22", **header)


def iraf_multispec(path: Path) -> None:
    """Two linear orders, the cards of the second broken at a blank."""
    pixels = np.stack([flux(), flux(seed=1)])
    words = (
        f'wtype=multispec spec1 = "1 1 0 4000. 2. {SIZE} 0. 10. 20." '
        f'spec2 = "2 2 1 3.7 0.0002 {SIZE - 40} 0. 30. 40."'
    )
    cards = {f"WAT2_{n + 1:03d}": words[68 * n : 68 * n + 68] for n in range(len(words) // 68 + 1)}
    iraf(
        path,
        pixels,
        CTYPE1="MULTISPE",
        CTYPE2="MULTISPE",
        WAT0_001="system=multispec",
        WAT1_001="wtype=multispec label=Wavelength units=angstroms",
        **{"CRVAL1": None, "CRPIX1": None, "DC-FLAG": None, **cards},
    )


def gama(path: Path, **header: Any) -> None:
    rows = np.stack([flux(), error(), flux() * 9, error() * 9, flux() * 0])
    rows[:, :5] = np.nan
    hdu = fits.PrimaryHDU(rows)
    names = ("Spectrum", "Error", "Spectrum_nocalib", "Error_nocalib", "Sky")
    hdu.header.update(
        {
            "ORIGIN": "GAMA", "CTYPE1": "Wavelength", "CUNIT1": "Angstrom", "CRPIX1": 121.0,
            "CRVAL1": FIRST + 120 * STEP, "CD1_1": STEP, "SPECID": "G09_Y1_GS1_080",
            "RA": 137.9, "DEC": -0.86, "Z": 0.05488, "NQ": 4,
            **{f"ROW{n}": name for n, name in enumerate(names, 1)}, **header,
        }
    )  # fmt: skip
    hdu.writeto(path)


def marz(path: Path, logarithmic: bool = True) -> None:
    """Two targets and a sky fibre; positions in radians."""
    rows = np.stack([flux(), flux(seed=1), flux(seed=2)])
    primary = fits.PrimaryHDU(rows)
    primary.header.update(
        {
            "CRVAL1": FIRST, "CDELT1": STEP, "CRPIX1": 1.0, "CTYPE1": "Wavelength",
            "CUNIT1": "Angstroms", "CTYPE2": "Fibre Number", "OBJECT": "DES-C1",
        }
    )  # fmt: skip
    hdus = [primary, fits.ImageHDU(np.stack([error() ** 2] * 3), name="VARIANCE")]
    if logarithmic:
        primary.header.update({"VACUUM": True, "DO_HELIO": True})
        hdus.append(fits.ImageHDU(np.stack([np.log10(log_wavelength())] * 3), name="WAVELENGTH"))
    hdus.append(
        table(
            "FIBRES",
            NAME=np.array(["first", "second", "Park"]),
            RA=np.radians([150.0, 151.0, 152.0]),
            DEC=np.radians([-30.0, -31.0, -32.0]),
            TYPE=np.array(["P", "P", "S"]),
        )
    )
    fits.HDUList(hdus).writeto(path)


def sixdf(path: Path) -> None:
    stamp = fits.PrimaryHDU(np.zeros((9, 9), np.int16))
    stamp.header.update({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 1.0})
    rows = np.stack([flux(), error() ** 2, flux() * 0, linear_wavelength().astype(np.float32)])
    hdus: list[Any] = [stamp]
    for name, pixels in (("SPECTRUM V", rows[:3]), ("SPECTRUM VR", rows)):
        hdu = fits.ImageHDU(pixels, name=name)
        hdu.header.update(
            {
                "CRVAL1": FIRST, "CDELT1": STEP, "CRPIX1": 1.0, "CTYPE1": "LINEAR",
                "CUNIT1": "Angstroms", "TARGET": "g1639001-012857", "OBSRA": 249.75,
                "OBSDEC": -1.48, "Z_HELIO": 0.091, "QUALITY": 4,
            }
        )  # fmt: skip
        hdus.append(hdu)
    fits.HDUList(hdus).writeto(path)


def sixdf_table(path: Path) -> None:
    columns = [
        fits.Column("WAVE", "E12.4", unit="Angstrom", array=linear_wavelength(), ascii=True),
        fits.Column("FLUX", "E12.4", unit="counts/s", array=flux(), ascii=True),
    ]
    primary = fits.PrimaryHDU()
    primary.header.update(
        {
            "TARGET": "g0003056-295159", "NAME_V": "g0003056-295159", "OBSRA": 0.77,
            "OBSDEC": -29.9, "Z_HELIO": 0.06,
        }
    )  # fmt: skip
    fits.HDUList([primary, fits.TableHDU.from_columns(columns)]).writeto(path)


def with_image(path: Path) -> None:
    """An extracted spectrum and the two-dimensional one, over the same wavelengths."""
    wavelength = (linear_wavelength(), "Angstrom")
    spectrum = table(
        "SPEC1D", {"VACUUM": True}, wave=wavelength,
        flux=(flux(), "1e-17 erg / (Angstrom cm2 s)"), err=error(),
    )  # fmt: skip
    pixels = np.tile(flux(), (6, 1))
    image = fits.ImageHDU(pixels, name="SPEC2D")
    fits.HDUList([fits.PrimaryHDU(), spectrum, image]).writeto(path)


def apogee(path: Path) -> None:
    shape = (3, 80)
    wavelength = 15150 + 600 * np.array([2, 1, 0])[:, None] + 5 * np.arange(80)[::-1]
    mask = np.zeros(shape, np.int16)
    mask[1, :4] = 1
    mask[0, 7] = 1 << 13  # telluric: kept
    images = (
        np.resize(flux(), shape).astype(np.float32),
        np.full(shape, 0.1, np.float32),
        mask,
        wavelength.astype(np.float64),
    )
    primary = fits.PrimaryHDU()
    primary.header.update({"OBJID": "2M00452143", "RA": 11.3, "DEC": 16.6, "BC": -6.5, "VRAD": 602})
    hdus: list[Any] = [primary]
    for pixels in images:
        hdu = fits.ImageHDU(pixels)
        hdu.header.update({"CTYPE1": "Pixel", "CTYPE2": "Chip"})
        hdus.append(hdu)
    hdus[1].header["BUNIT"] = "Flux (10^-17 erg/s/cm^2/Ang)"
    fits.HDUList(hdus).writeto(path)


APOGEE_FIRST, APOGEE_STEP = 4.179, 6e-6
APOGEE_HEADER = {
    "CRVAL1": APOGEE_FIRST, "CDELT1": APOGEE_STEP, "CRPIX1": 1, "CTYPE1": "LOG-LINEAR",
    "DC-FLAG": 1,
}  # fmt: skip


def apogee_star(path: Path) -> None:
    """The combined spectrum in row 1, another star's flux in the rows of the visits."""
    flux_rows = np.stack([flux(), flux() * 5, flux() * 7])
    error_rows = np.stack([error()] * 3)
    error_rows[0, 10:14] = 1e10
    mask = np.zeros(flux_rows.shape, np.int32)
    mask[0, 40] = 1 << 12
    mask[1, :] = 1
    primary = fits.PrimaryHDU()
    primary.header.update({"OBJID": "2M13012770+5754582", "RA": 195.4, "DEC": 57.9, "NVISITS": 2})
    _apogee_images(path, primary, flux_rows, error_rows, mask)


def apogee_aspcap(path: Path) -> None:
    """Normalised flux, error and the pipeline's model, one row each."""
    primary = fits.PrimaryHDU()
    primary.header.update({"OBJID": "2M13012770+5754582", "TEFF": 5777})
    normalised = flux() / flux().mean()
    normalised[100] = 0
    _apogee_images(path, primary, normalised, error(), np.ones(SIZE, np.float32))


def _apogee_images(path: Path, primary: fits.PrimaryHDU, *images: np.ndarray) -> None:
    hdus: list[Any] = [primary]
    for pixels in images:
        hdus.append(fits.ImageHDU(pixels))
        hdus[-1].header.update(APOGEE_HEADER)
    hdus[1].header["BUNIT"] = "Flux (10^-17 erg/s/cm^2/Ang)" if images[0].ndim > 1 else ""
    fits.HDUList(hdus).writeto(path)


def deep2(path: Path) -> None:
    halves: list[Any] = [fits.PrimaryHDU()]
    for extraction, factor in (("Bxspf", 2), ("Horne", 1)):
        for half, first in (("B", 6500.0), ("R", 7800.0)):
            halves.append(
                table(
                    f"{extraction}-{half}",
                    {"RA_OBJ": "14:17:37.29", "DEC_OBJ": "+52:26:50.5", "RA": "14:17:46.71",
                     "DEC": "+52:28:09.6", "OBJNO": "12004136"},
                    SPEC=factor * flux()[None],
                    LAMBDA=(first + 5 * np.arange(SIZE, dtype=np.float32))[None],
                    IVAR=ivar()[None],
                    OBJPOS=np.array([34.0], np.float32),
                )
            )  # fmt: skip
    fits.HDUList(halves).writeto(path)


def muse(path: Path, **header: Any) -> None:
    primary = fits.PrimaryHDU()
    primary.header.update({"ID": 2, "RA": 53.16, "DEC": -27.78, "CONFID": 3, "TYPE": 2, **header})
    axis = {"CRVAL1": 4750.0, "CRPIX1": 1.0, "CDELT1": 1.25, "CTYPE1": "AWAV", "CUNIT1": "Angstrom"}
    data = fits.ImageHDU(flux() * np.float32(100), name="DATA")
    stat = fits.ImageHDU((error() * 100) ** 2, name="STAT")
    data.header.update({**axis, "BUNIT": "10**-20 Angstrom-1 cm-2 erg s-1"})
    stat.header.update({**axis, "BUNIT": "10**-40 Angstrom-2 cm-4 erg2 s-2"})
    fits.HDUList([primary, data, stat]).writeto(path)


def eso(path: Path, air: bool = False) -> None:
    """One row of vectors, in nanometres."""
    unit = "erg s**(-1) cm**(-2) nm**(-1)"
    primary = fits.PrimaryHDU()
    primary.header.update({"OBJECT": "BR J2349-3712", "RA": 357.3, "DEC": -37.2})
    primary.header.update({"SPECSYS": "HELIOCEN", "PRODCATG": "SCIENCE.SPECTRUM"})
    spectrum = table(
        "SPECTRUM",
        {"TUCD1": "em.wl;obs.atmos" if air else "em.wl"},
        WAVE=(linear_wavelength()[None].astype(np.float32) / 10, "nm"),
        FLUX=(flux()[None] * np.float32(1e-16), unit),
        ERR_FLUX=(error()[None] * np.float32(1e-16), unit),
        CONTINUUM=(flux()[None] * 0, unit),
    )
    fits.HDUList([primary, spectrum]).writeto(path)


def plain_table(path: Path, **header: Any) -> None:
    spectrum = table(
        "",
        header,
        wave=(linear_wavelength(), "ANGSTROMS"),
        flux=(flux(), "ELECTRONS/S"),
        error=(error(), "ELECTRONS/S"),
    )
    fits.HDUList([fits.PrimaryHDU(), spectrum]).writeto(path)


def jwst(path: Path) -> None:
    janskys = (flux() * 1e-7).astype(float)
    janskys[10:20] = np.nan
    quality = np.zeros(SIZE, np.int32)
    quality[30:33], quality[40] = 1, 4
    primary = fits.PrimaryHDU()
    primary.header.update({"TELESCOP": "JWST", "TARGNAME": "CEERS-1027", "TARG_RA": 214.9,
                           "TARG_DEC": 52.9})  # fmt: skip
    spectrum = table(
        "EXTRACT1D",
        WAVELENGTH=(np.linspace(0.96, 5.28, SIZE), "um"),
        FLUX=(janskys, "Jy"),
        FLUX_ERROR=(error() * 1e-7, "Jy"),
        DQ=quality,
    )
    fits.HDUList([primary, spectrum]).writeto(path)


def stis(path: Path) -> None:
    """Three orders, one per row."""
    starts = np.array([2327.0, 2301.0, 2275.0])[:, None]
    quality = np.zeros((3, SIZE), np.int16)
    quality[:, 3], quality[:, 4] = 16, 1024
    primary = fits.PrimaryHDU()
    primary.header.update({"TELESCOP": "HST", "TARGNAME": "BD+28D4211", "RA_TARG": 327.8,
                           "DEC_TARG": 28.9})  # fmt: skip
    spectrum = table(
        "SCI",
        SPORDER=np.array([87, 88, 89], np.int16),
        WAVELENGTH=(starts + 0.1 * np.arange(SIZE), "Angstroms"),
        FLUX=(np.stack([flux()] * 3) * np.float32(1e-13), "erg/s/cm**2/Angstrom"),
        ERROR=(np.stack([error()] * 3) * np.float32(1e-13), "erg/s/cm**2/Angstrom"),
        DQ=quality,
    )
    fits.HDUList([primary, spectrum]).writeto(path)


def fors2(path: Path, redshift: float = 0.29266) -> None:
    lines = ["# obs: 255750", "# slit: 9", f"# z: {redshift}", "# lines: H,K", "# spec: 9"]
    for sample, (wave, value) in enumerate(zip(linear_wavelength(), flux(), strict=True)):
        flag = int(sample < 4)
        lines.append(f"{wave:.6f} {0 if flag else value:.6f} {flag}")
    path.write_text("\n".join(lines) + "\n")


def named_csv(path: Path) -> None:
    rows = zip(linear_wavelength() / 10, flux(), ivar(), strict=True)
    lines = ["wavelength_nm,flux,ivar", *(f"{a:.3f},{b:.6f},{c:.4f}" for a, b, c in rows)]
    path.write_text("\n".join(lines) + "\n")


def gzipped(write: Callable[[Path], None]) -> Callable[[Path], None]:
    def write_gzipped(path: Path) -> None:
        plain = path.with_suffix(".plain")
        write(plain)
        path.write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
        plain.unlink()

    return write_gzipped


ROWS: tuple[tuple[str, str, str, Callable[[Path], None]], ...] = (
    ("sdss", "SDSS spectrum", ".fits", sdss),
    ("sdss_gz", "SDSS spectrum", ".fits.gz", gzipped(sdss)),
    ("spspec", "SDSS spSpec", ".fits", spspec),
    ("desi", "DESI spectra", ".fits", desi),
    ("lamost", "LAMOST spectrum", ".fits", lamost),
    ("lamost_later", "LAMOST spectrum", ".fits", lamost_later),
    ("lamost_medium", "LAMOST spectrum", ".fits.gz", gzipped(lamost_medium)),
    ("iraf", "IRAF spectrum", ".fits", iraf),
    ("iraf_log", "IRAF spectrum", ".fits", iraf_log),
    ("iraf_bands", "IRAF spectrum", ".fits", iraf_bands),
    ("iraf_multispec", "IRAF spectrum", ".fits", iraf_multispec),
    ("gama", "GAMA spectrum", ".fit", gama),
    ("marz", "AAT fibre spectra", ".fits", marz),
    ("sixdf", "6dFGS spectrum", ".fits", sixdf),
    ("sixdf_table", "6dFGS table", ".fits", sixdf_table),
    ("with_image", "FITS spectrum with its two-dimensional image", ".fits", with_image),
    ("apogee", "APOGEE visit", ".fits", apogee),
    ("apogee_star", "APOGEE combined spectrum", ".fits", apogee_star),
    ("apogee_aspcap", "APOGEE combined spectrum", ".fits", apogee_aspcap),
    ("deep2", "DEEP2 spec1d", ".fits", deep2),
    ("muse", "spectrum in extensions (DATA, STAT)", ".fits", muse),
    ("eso", "FITS table of a spectrum", ".fits", eso),
    ("plain_table", "FITS table of a spectrum", ".fits", plain_table),
    ("jwst", "x1d spectrum of HST or JWST", ".fits", jwst),
    ("stis", "x1d spectrum of HST or JWST", ".fits", stis),
    ("fors2", "text columns of a spectrum", ".txt", fors2),
    ("fors2_gz", "text columns of a spectrum", ".txt.gz", gzipped(fors2)),
    ("named_csv", "text columns of a spectrum", ".csv", named_csv),
)
"""Name, reader, suffix and writer of each sample."""
