"""Small valid files of every format, written anew for each test.

``SAMPLES`` is what the shared contract and the corpus of damaged files run over: whoever adds a
reader adds its samples here.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest
import spectrum_samples
from astropy.io import fits
from PIL import Image as Pillow

GPS_START = 1126259446
RATE_HZ = 1024
DURATION_S = 2


@dataclass(frozen=True)
class Sample:
    """A format as one storage of it: which reader must claim it, and how to write it."""

    name: str
    reader: str
    suffix: str
    write: Callable[[Path], None]

    def path_in(self, folder: Path) -> Path:
        """The sample, written into ``folder``."""
        path = folder / f"{self.name}{self.suffix}"
        self.write(path)
        return path


def sky_pixels(ny: int = 30, nx: int = 40) -> np.ndarray:
    """Noise with a bright source, (ny, nx) float32."""
    pixels = np.random.default_rng(1).normal(0, 1, (ny, nx)).astype(np.float32)
    pixels[10:13, 20:23] += 50
    return pixels


def sky_header(**more: object) -> fits.Header:
    """A tangential projection with a turned and mirrored matrix."""
    header = fits.Header()
    cards = {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 20.0, "CRPIX2": 15.0,
        "CRVAL1": 150.0, "CRVAL2": 2.0, "CD1_1": 0.0, "CD1_2": 1e-4, "CD2_1": 1e-4, "CD2_2": 0.0,
        "RADESYS": "ICRS", "FILTER": "r", "BUNIT": "nanomaggy", "OBJECT": "test field",
    }  # fmt: skip
    header.update({**cards, **more})
    return header


def plain_fits(path: Path) -> None:
    fits.PrimaryHDU(sky_pixels(), sky_header()).writeto(path)


def integer_fits(path: Path) -> None:
    stored = np.round(sky_pixels() * 100).astype(np.int16)
    stored[3, :5] = -32768
    hdu = fits.PrimaryHDU(stored, sky_header())
    hdu.header.update({"BSCALE": 0.01, "BZERO": 5.0, "BLANK": -32768})
    hdu.writeto(path)


def many_extensions(path: Path) -> None:
    """An empty primary HDU, two bands, a mask and a table."""
    table = fits.BinTableHDU.from_columns(
        [fits.Column("x", "E", array=np.arange(5)), fits.Column("name", "4A", array=["star"] * 5)]
    )
    fits.HDUList(
        [
            fits.PrimaryHDU(header=fits.Header({"TELESCOP": "none"})),
            fits.ImageHDU(np.zeros((30, 40), np.uint8), sky_header(), name="DQ"),
            fits.ImageHDU(sky_pixels(), sky_header(FILTER="g"), name="G"),
            fits.ImageHDU(sky_pixels() + 1, sky_header(FILTER="r"), name="R"),
            table,
        ]
    ).writeto(path)


def cube(path: Path) -> None:
    stack = np.stack([sky_pixels(), sky_pixels() + 1, sky_pixels() + 2])
    fits.PrimaryHDU(stack, sky_header()).writeto(path)


def sip_fits(path: Path) -> None:
    terms = {"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 1e-6, "B_0_2": -1e-6, "A_1_1": 2e-6}
    header = sky_header(CTYPE1="RA---TAN-SIP", CTYPE2="DEC--TAN-SIP", **terms)
    fits.PrimaryHDU(sky_pixels(), header).writeto(path)


def tiled(kind: str, integer: bool = False) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        pixels = np.clip(sky_pixels() * 10 + 100, 0, 1000).astype(np.int32)
        data = pixels if integer else sky_pixels()
        hdu = fits.CompImageHDU(data, sky_header(), compression_type=kind, tile_shape=(15, 40))
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)

    return write


def packed(write: Callable[[Path], None], pack: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def write_packed(path: Path) -> None:
        plain = path.with_suffix(".plain")  # astropy would pack by the name's ending itself
        write(plain)
        path.write_bytes(pack(plain.read_bytes()))
        plain.unlink()

    return write_packed


def still_gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def picture(kind: str, mode: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        grey = np.clip(sky_pixels() * 20 + 60, 0, 255).astype(np.uint8)
        if mode == "I;16":
            image = Pillow.fromarray(grey.astype(np.uint16) * 200)
        elif mode == "L":
            image = Pillow.fromarray(grey)
        else:
            layers = [grey, grey // 2, 255 - grey, np.where(grey > 40, 255, 0).astype(np.uint8)]
            image = Pillow.fromarray(np.stack(layers[: len(mode)], axis=-1))
        image.save(path, format=kind)

    return write


def strain_samples(count: int = RATE_HZ * DURATION_S) -> np.ndarray:
    return np.random.default_rng(2).normal(0, 1e-19, count)


def gwosc_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset(
            "strain/Strain", data=strain_samples(), chunks=(512,), compression="gzip"
        )
        dataset.attrs.update(
            {
                "Xstart": GPS_START,
                "Xspacing": 1 / RATE_HZ,
                "Npoints": RATE_HZ * DURATION_S,
                "Yunits": "",
            }
        )
        file["strain/GWOSCmeta"] = "GWOSC-1KHZ_R1_STRAIN"
        file["meta/Detector"] = "H1"
        file["meta/GPSstart"] = GPS_START
        file["meta/Duration"] = DURATION_S
        file["meta/Description"] = "SIMULATED: noise for a test"
        file["quality/simple/DQmask"] = np.array([127, 123], np.uint32)
        file["quality/simple/DQShortnames"] = np.array(
            [b"DATA", b"CBC_CAT1", b"CBC_CAT2", b"CBC_CAT3", b"BURST_CAT1", b"BURST_CAT2"]
            + [b"BURST_CAT3"]
        )
        file["quality/injections/Injmask"] = np.array([23, 23], np.uint32)
        file["quality/injections/InjShortnames"] = np.array([b"NO_CBC_HW_INJ", b"NO_BURST_HW_INJ"])


def gwpy_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("H1:STRAIN", data=strain_samples())
        dataset.attrs.update({"x0": GPS_START + 0.25, "dx": 1 / RATE_HZ, "unit": ""})


def pycbc_hdf(path: Path) -> None:
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset(
            "data", data=strain_samples(), chunks=(256,), compression="gzip", shuffle=True
        )
        dataset.attrs.update({"start_time": float(GPS_START), "delta_t": 1 / RATE_HZ})


def gwosc_text(path: Path) -> None:
    lines = [
        "# Gravitational wave strain of H1, simulated noise",
        f"# This file has {RATE_HZ} samples per second",
        f"# starting GPS {GPS_START} duration {DURATION_S}",
        *(repr(float(value)) for value in strain_samples()),
    ]
    path.write_text("\n".join(lines) + "\n")


def two_column_text(path: Path) -> None:
    times_s = GPS_START + np.arange(RATE_HZ * DURATION_S) / RATE_HZ
    rows = [f"{t:.9f} {h:.12e}" for t, h in zip(times_s, strain_samples(), strict=True)]
    path.write_text("# L1 strain, gps_time strain\n" + "\n".join(rows) + "\n")


def frame(path: Path) -> None:
    """A frame file; the test is skipped where gwpy is not installed."""
    series = pytest.importorskip("gwpy.timeseries")
    series.TimeSeries(
        strain_samples(), t0=GPS_START, sample_rate=RATE_HZ, name="H1:TEST-STRAIN"
    ).write(str(path), format="gwf")


IMAGE_SAMPLES = (
    Sample("plain", "FITS image", ".fits", plain_fits),
    Sample("integer", "FITS image", ".fits", integer_fits),
    Sample("extensions", "FITS image", ".fits", many_extensions),
    Sample("cube", "FITS image", ".fits", cube),
    Sample("sip", "FITS image", ".fits", sip_fits),
    Sample("rice", "FITS image", ".fits.fz", tiled("RICE_1")),
    Sample("gzip_1", "FITS image", ".fits.fz", tiled("GZIP_1")),
    Sample("gzip_2", "FITS image", ".fits.fz", tiled("GZIP_2")),
    Sample("hcompress", "FITS image", ".fits.fz", tiled("HCOMPRESS_1", integer=True)),
    Sample("plio", "FITS image", ".fits.fz", tiled("PLIO_1", integer=True)),
    Sample("fits_gz", "FITS image", ".fits.gz", packed(plain_fits, still_gzip)),
    Sample("fits_bz2", "FITS image", ".fits.bz2", packed(plain_fits, bz2.compress)),
    Sample("fits_xz", "FITS image", ".fits.xz", packed(plain_fits, lzma.compress)),
    Sample("png_grey", "picture", ".png", picture("PNG", "I;16")),
    Sample("png_alpha", "picture", ".png", picture("PNG", "RGBA")),
    Sample("jpeg", "picture", ".jpg", picture("JPEG", "RGB")),
    Sample("tiff", "picture", ".tif", picture("TIFF", "L")),
)
STRAIN_SAMPLES = (
    Sample("gwosc", "GWOSC HDF5", ".hdf5", gwosc_hdf5),
    Sample("gwpy", "time series HDF5", ".hdf5", gwpy_hdf5),
    Sample("pycbc", "time series HDF5", ".hdf", pycbc_hdf),
    Sample("gwosc_text", "text strain", ".txt", gwosc_text),
    Sample("gwosc_text_gz", "text strain", ".txt.gz", packed(gwosc_text, still_gzip)),
    Sample("two_columns", "text strain", ".txt", two_column_text),
    Sample("frame", "GWF", ".gwf", frame),
)
SPECTRUM_SAMPLES = tuple(Sample(*row) for row in spectrum_samples.ROWS)
SAMPLES = (*IMAGE_SAMPLES, *STRAIN_SAMPLES, *SPECTRUM_SAMPLES)
