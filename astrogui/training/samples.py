"""The bundled samples: a field in three bands, a spectrum and strain, all simulated.

``python -m astrogui.training.samples resources/samples`` writes them anew, the same each time.
The files say in their headers that they are simulated.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astrogui.science.waveforms import phenom_d
from astrogui.training import simulate_image, simulate_spectrum
from astrogui.training.simulate_strain import noise_curves
from astrogui.training.spectrographs import SPECTROGRAPHS
from astrogui.training.templates import data_folder, load_templates

SEED = 20_261_121
WORDS = "Simulated by AstroGUI; no telescope took these data"
FIELD_SHAPE = (600, 800)
FIELD_CENTRE_DEG = (150.12, 2.21)
FIELD_BANDS = ("g", "r", "i")
SAMPLE_RATE_HZ = 4096
DURATION_S = 32
GPS_START = 1_400_000_000
MERGER_AFTER_S = 20.4
BINARY = {"chirp_mass": 26.0, "mass_ratio": 0.75, "spin_1": 0.2, "spin_2": -0.1}
DISTANCE_MPC = 620.0
# One sky position and orientation: amplitude and delay at each detector relative to the first.
DETECTORS = {"H1": (1.0, 0.0), "L1": (-0.85, 0.0069)}


def write_samples(folder: Path) -> list[Path]:
    """Write all samples; the files, sorted."""
    folder.mkdir(parents=True, exist_ok=True)
    return sorted([*write_field(folder), write_spectrum(folder), *write_strain(folder)])


def write_field(folder: Path) -> list[Path]:
    """A field of sky as tile-compressed FITS, one file a band."""
    from astropy.io import fits

    settings = simulate_image.SkySettings(
        shape=FIELD_SHAPE, seeing_arcsec=1.15, deeper_mag=0.7, star_factor=1.6, faintest_mag=24.3
    )
    sky = simulate_image.simulate(settings, np.random.default_rng(SEED))
    made = []
    for band in FIELD_BANDS:
        number = simulate_image.BANDS.index(band)
        header = fits.Header(simulate_image.tangent_header(sky, number, *FIELD_CENTRE_DEG))
        header["OBJECT"] = ("Simulated field", WORDS[:40])
        header["FILTER"] = (band, "band")
        header["BUNIT"] = ("nanomaggy", "AB magnitude = 22.5 - 2.5 log10(flux)")
        header["ORIGIN"] = "AstroGUI simulation"
        header["COMMENT"] = WORDS
        path = folder / f"image_simulated_{band}.fits"
        image = fits.CompImageHDU(
            sky.pixels[number], header, compression_type="RICE_1", quantize_level=8.0,
            quantize_method=1, dither_seed=1 + number,
        )  # fmt: skip
        fits.HDUList([fits.PrimaryHDU(), image]).writeto(path, overwrite=True)
        made.append(path)
    return made


def write_spectrum(folder: Path, redshift: float = 1.37) -> Path:
    """A quasar as a fibre spectrograph sees it, as a FITS binary table."""
    from astropy.io import fits
    from astropy.table import Table

    rng = np.random.default_rng(SEED + 3)
    templates = load_templates(data_folder() / "spectra" / "templates")
    rest = simulate_spectrum.rest_frame(rng, templates, "QSO", "usual", redshift)
    instrument = next(kind for kind in SPECTROGRAPHS if kind.logarithmic)
    seen = simulate_spectrum.observe(rng, rest, "QSO", "usual", redshift, instrument)
    scale = 6.0 / np.median(seen.flux[~seen.mask])
    table = Table(
        {
            "wavelength": seen.wavelength_angstrom,
            "flux": (seen.flux * scale).astype("f4"),
            "ivar": (seen.ivar / scale**2).astype("f4"),
            "mask": seen.mask.astype("i2"),
        },
        units={
            "wavelength": "Angstrom", "flux": "1e-17 erg s-1 cm-2 Angstrom-1",
            "ivar": "1e34 erg-2 s2 cm4 Angstrom2",
        },
    )  # fmt: skip
    hdu = fits.BinTableHDU(table, name="SPECTRUM")
    hdu.header["OBJECT"] = "Simulated quasar"
    hdu.header["RA"], hdu.header["DEC"] = 150.117, 2.204
    hdu.header["VACUUM"] = (True, "wavelengths are in vacuum")
    hdu.header["SPECSYS"] = "BARYCENT"
    hdu.header["TRUE_Z"] = (redshift, "what was simulated; no network sees this")
    hdu.header["ORIGIN"] = "AstroGUI simulation"
    hdu.header["COMMENT"] = WORDS
    path = folder / "spectrum_simulated_quasar.fits"
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, overwrite=True)
    return path


def write_strain(folder: Path) -> list[Path]:
    """A merger in coloured Gaussian noise, in the layout of GWOSC, one file a detector."""
    import h5py

    made = []
    for number, (detector, (factor, delay_s)) in enumerate(DETECTORS.items()):
        rng = np.random.default_rng(SEED + 10 + number)
        samples = _noise(rng) + factor * _signal(MERGER_AFTER_S + delay_s)
        path = folder / f"strain_simulated_{detector}.hdf5"
        with h5py.File(path, "w") as file:
            strain = file.create_dataset(
                "strain/Strain", data=samples.astype("f4"), compression="gzip", shuffle=True
            )
            strain.attrs["Xstart"], strain.attrs["Xspacing"] = GPS_START, 1 / SAMPLE_RATE_HZ
            strain.attrs["Npoints"] = samples.size
            meta: dict[str, Any] = {
                "Detector": detector, "GPSstart": GPS_START, "Duration": DURATION_S,
                "Type": "StrainTimeSeries", "Description": WORDS, "Observatory": detector[0],
            }  # fmt: skip
            for name, value in meta.items():
                file[f"meta/{name}"] = value
            quality = np.full(DURATION_S, 127, np.uint32)
            names = ["DATA", *(f"{kind}_CAT{n}" for kind in ("CBC", "BURST") for n in (1, 2, 3))]
            file["quality/simple/DQmask"] = quality
            file["quality/simple/DQShortnames"] = np.array(names, "S")
        made.append(path)
    return made


def _noise(rng: np.random.Generator) -> NDArray[np.float64]:
    """Gaussian noise with the first analytic noise curve's density, (n,)."""
    from astrogui.training.simulate_strain import PSD_GRID_HZ

    count = SAMPLE_RATE_HZ * DURATION_S
    frequency = np.fft.rfftfreq(count, 1 / SAMPLE_RATE_HZ)
    log_asd = np.interp(frequency, PSD_GRID_HZ, noise_curves(None)[0])
    # Below the band the density is held, so that the series stays within float32.
    asd = np.exp(log_asd)
    white = rng.normal(size=frequency.size) + 1j * rng.normal(size=frequency.size)
    white[0] = 0
    return np.asarray(
        np.fft.irfft(white * asd * np.sqrt(SAMPLE_RATE_HZ * count) / 2, n=count), np.float64
    )


def _signal(merger_s: float) -> NDArray[np.float64]:
    """The merger's strain (n,), face on, at the sample's distance."""
    count = SAMPLE_RATE_HZ * DURATION_S
    frequency = np.fft.rfftfreq(count, 1 / SAMPLE_RATE_HZ)
    band = (frequency >= 15) & (frequency < 1800)
    amplitude, phase = phenom_d(frequency[band], *(np.array([BINARY[name]]) for name in BINARY))
    series = np.zeros(frequency.size, complex)
    turned = np.exp(-1j * (phase[0] + 2 * np.pi * frequency[band] * merger_s))
    series[band] = amplitude[0] / DISTANCE_MPC * turned
    return np.asarray(np.fft.irfft(series, n=count) * SAMPLE_RATE_HZ, np.float64)


if __name__ == "__main__":
    for written in write_samples(Path(sys.argv[1] if len(sys.argv) > 1 else "resources/samples")):
        print(written)
