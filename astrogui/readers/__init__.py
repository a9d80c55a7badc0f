"""Bytes to record: one file a format, listed here from top to bottom.

Readers run in the reader process, never in the window's: what they parse is not trusted.
"""

from __future__ import annotations

from typing import Any

from astrogui.readers.fits_image import FitsImage
from astrogui.readers.gwf import GravitationalWaveFrame
from astrogui.readers.gwosc_hdf5 import GwoscHdf5
from astrogui.readers.picture import Picture
from astrogui.readers.reader import Reader, reader_named
from astrogui.readers.reader import recognise as _recognise
from astrogui.readers.strain_hdf5_other import BareStrainHdf5, SeriesHdf5
from astrogui.readers.text_strain import TextStrain
from astrogui.records.source import Source

READERS: tuple[Reader, ...] = (
    GwoscHdf5(),
    SeriesHdf5(),
    GravitationalWaveFrame(),
    TextStrain(),
    Picture(),
    FitsImage(),
    BareStrainHdf5(),
)


def recognise(path: str, options: dict[str, str] | None = None) -> tuple[Source, ...]:
    """The observations in a file; raises ``FileProblem``."""
    return _recognise(path, READERS, options)


def read(source: Source) -> Any:
    """The record of a source: ``Image``, ``Spectrum`` or ``Strain``; raises ``FileProblem``."""
    return reader_named(source.format, READERS).read(source)
