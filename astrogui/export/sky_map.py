"""A sky map to FITS, laid out as HEALPix maps of gravitational-wave events are.

One binary table of 12 nside² rows with the column PROB; ORDERING, COORDSYS, NSIDE and the rest of
what healpy, astropy-healpix and ligo.skymap ask for. Layout: Singer & Price 2016, PRD 93, 024013,
and the HEALPix FITS conventions of Górski et al. 2005, ApJ 622, 759.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from astrogui.errors import ExportProblem
from astrogui.export.exporter import write_safely

CLOSE = 1e-9  # of the total probability to one
Card = str | float | int


def export_sky_map(
    probability: NDArray[np.float64],
    nside: int,
    cards: Mapping[str, tuple[Card, str]],
    path: Path,
    gps: float | None = None,
) -> None:
    """Write (12 nside²,) probabilities in nested order, read them again, compare, rename.

    ``cards`` are further keywords, each with its value and comment; ``gps`` is when the merger
    was at the Earth's centre. Raises ``ExportProblem`` or ``DiskFull``; ``ValueError`` where the
    probabilities are no map.
    """
    if probability.shape != (12 * nside * nside,):
        raise ValueError(f"a map of nside {nside} has {12 * nside**2} pixels, {probability.shape}")
    if not abs(probability.sum() - 1) < CLOSE:
        raise ValueError(f"the probabilities sum to {probability.sum()}")

    def write_and_check(temporary: Path) -> None:
        from astropy.io import fits

        table = fits.BinTableHDU.from_columns(
            [fits.Column("PROB", "D", unit="pix-1", array=probability)], name="SKYMAP"
        )
        layout: tuple[tuple[str, Card, str], ...] = (
            ("PIXTYPE", "HEALPIX", "equal-area pixels"),
            ("ORDERING", "NESTED", "order of the pixels"),
            ("COORDSYS", "C", "celestial: ICRS"),
            ("NSIDE", nside, "pixels along the side of a face"),
            ("FIRSTPIX", 0, "first pixel"),
            ("LASTPIX", probability.size - 1, "last pixel"),
            ("INDXSCHM", "IMPLICIT", "the row is the pixel"),
            ("OBJECT", "FULLSKY", "the whole sky"),
        )
        own = {name: (value, comment) for name, value, comment in layout}
        time = {} if gps is None else _time_cards(gps)
        for name, card in {**own, **time, **cards}.items():
            table.header[name] = card
        fits.HDUList([fits.PrimaryHDU(), table]).writeto(temporary, checksum=True)
        with fits.open(temporary) as opened:
            read = np.asarray(opened["SKYMAP"].data["PROB"])
            if not np.array_equal(read, probability):
                raise ExportProblem(f"{path}: read back, the sky map differs.")

    write_safely(path, write_and_check)


def _time_cards(gps: float) -> dict[str, tuple[Card, str]]:
    from astropy.time import Time

    time = Time(gps, format="gps", scale="tai").utc
    return {
        "DATE-OBS": (time.isot, "merger at the Earth's centre (UTC)"),
        "MJD-OBS": (float(time.mjd), "the same as Modified Julian Date"),
        "GPS-OBS": (gps, "[s] the same as GPS time"),
    }
