"""Extracted spectra of HST and JWST: ``x1d`` tables.

JWST: one sample a row, micrometres and Jy, NaN where nothing was measured; DQ bit 0 is DO_NOT_USE.
HST (STIS, COS): one spectral order or segment a row in vector cells, ångström; the bits of SDQFLAGS
in the header are the serious ones of DQ. Sources: JWST and STIS data handbooks (STScI).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.readers.fits_arrays import columns_of, numbers
from astrogui.readers.fits_keywords import number, text
from astrogui.readers.reader import Head
from astrogui.readers.table_spectrum import Layout, TableSpectrum

_STIS_SERIOUS = 31743  # every bit but 1024 (small blemish), the pipeline's own default
_JWST_DO_NOT_USE = 1


class X1d(TableSpectrum):
    """One source per row of an HST table, one per extension of a JWST file."""

    name = "x1d spectrum of HST or JWST"
    generic = False

    def claims(self, head: Head) -> bool:
        if not head.is_fits or text(head.fits_hdus[0].keywords, "TELESCOP") not in {"HST", "JWST"}:
            return False
        return bool(self._layouts(head))

    def remarks(self, head: Head, layout: Layout, row: int) -> tuple[str, ...]:
        found = columns_of(layout.hdu)
        if layout.vectors and "sporder" in found:
            return (f"order {int(numbers(head, layout.hdu, found['sporder'], row))}",)
        return super().remarks(head, layout, row)

    def bad_samples(self, head: Head, layout: Layout, quality: NDArray[Any]) -> NDArray[np.bool_]:
        serious = _JWST_DO_NOT_USE
        if text(head.fits_hdus[0].keywords, "TELESCOP") == "HST":
            stated = number(layout.hdu.keywords, "SDQFLAGS")
            serious = _STIS_SERIOUS if stated is None else int(stated)
        finite = np.asarray(quality, np.float64)
        with np.errstate(all="ignore"):
            bits = np.where(np.isfinite(finite), np.clip(finite, -(2**31), 2**31), 0)
        return np.asarray(bits.astype(np.int64) & serious != 0)
