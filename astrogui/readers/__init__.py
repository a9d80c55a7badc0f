"""Bytes to record: one file a format, listed here from top to bottom.

Readers run in the reader process, never in the window's: what they parse is not trusted.

Spectra are read by our own few lines a format rather than by specutils, which takes two seconds to
import and tries its loaders one after another instead of asking the content what it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from astrogui.readers.apogee_spectrum import ApogeeStar
from astrogui.readers.cube_like import CubeLikeSpectrum
from astrogui.readers.deep2_spectrum import Deep2Spectrum
from astrogui.readers.desi_spectrum import DesiSpectrum
from astrogui.readers.fits_image import FitsImage
from astrogui.readers.gwf import GravitationalWaveFrame
from astrogui.readers.gwosc_hdf5 import GwoscHdf5
from astrogui.readers.iraf_spectrum import IrafSpectrum
from astrogui.readers.lamost_spectrum import LamostSpectrum
from astrogui.readers.no_observation import NoObservation
from astrogui.readers.picture import Picture
from astrogui.readers.reader import Reader, reader_named
from astrogui.readers.reader import recognise as _recognise
from astrogui.readers.row_spectrum import ApogeeVisit, GamaSpectrum, MarzSpectrum, SixdfSpectrum
from astrogui.readers.sdss_spectrum import SdssSpectrum
from astrogui.readers.spspec import SpSpec
from astrogui.readers.strain_hdf5_other import BareStrainHdf5, SeriesHdf5
from astrogui.readers.table_spectrum import SixdfTable, SpectrumWithImage, TableSpectrum
from astrogui.readers.text_spectrum import TextSpectrum
from astrogui.readers.text_strain import TextStrain
from astrogui.readers.x1d import X1d
from astrogui.records.source import Source

READERS: tuple[Reader, ...] = (
    GwoscHdf5(),
    SeriesHdf5(),
    GravitationalWaveFrame(),
    TextStrain(),
    SdssSpectrum(),
    DesiSpectrum(),
    LamostSpectrum(),
    SpSpec(),
    GamaSpectrum(),
    MarzSpectrum(),
    SixdfSpectrum(),
    SixdfTable(),
    ApogeeVisit(),
    ApogeeStar(),
    Deep2Spectrum(),
    CubeLikeSpectrum(),
    X1d(),
    SpectrumWithImage(),
    IrafSpectrum(),
    NoObservation(),
    Picture(),
    TableSpectrum(),
    TextSpectrum(),
    FitsImage(),
    BareStrainHdf5(),
)


def recognise(path: str, options: dict[str, str] | None = None) -> tuple[Source, ...]:
    """The observations in a file; raises ``FileProblem``."""
    with np.errstate(all="ignore"):  # what broken numbers give is checked, not warned of
        return _recognise(path, READERS, options)


def read(source: Source) -> Any:
    """The record of a source: ``Image``, ``Spectrum`` or ``Strain``; raises ``FileProblem``."""
    with np.errstate(all="ignore"):
        return reader_named(source, READERS).read(source)
