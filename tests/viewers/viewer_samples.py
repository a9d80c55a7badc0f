"""Small records and posteriors for the tests of the views."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from astrogui.records.image import Field, Image, Plane
from astrogui.records.model_card import ArraySpec, ModelCard
from astrogui.records.posterior import QUANTILE_LEVELS, GridDensity, Parameter, Posterior
from astrogui.records.spectrum import Spectrum
from astrogui.records.strain import Network, Strain

GPS = 1_126_259_446.0


def wcs_header(crpix=(50.5, 40.5), rotation_deg=30.0, scale_arcsec=0.4):
    """A gnomonic projection about RA 336.6, Dec -0.9, turned and with east to the left."""
    turn, scale = np.radians(rotation_deg), scale_arcsec / 3600
    return {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CUNIT1": "deg", "CUNIT2": "deg",
        "CRVAL1": 336.6, "CRVAL2": -0.9, "CRPIX1": crpix[0], "CRPIX2": crpix[1],
        "CD1_1": -scale * np.cos(turn), "CD1_2": scale * np.sin(turn),
        "CD2_1": scale * np.sin(turn), "CD2_2": scale * np.cos(turn), "RADESYS": "ICRS",
    }  # fmt: skip


def image(shape=(80, 100), band="r", pixels=None, **fields) -> Image:
    if pixels is None:
        pixels = np.random.default_rng(1).normal(0.0, 1.0, shape).astype(np.float32)
    defaults = {"unit": "nanomaggy", "pixel_scale_arcsec": 0.4, "wcs_header": wcs_header()}
    return Image(pixels=pixels, band=band, **{**defaults, **fields})


def field(*images: Image) -> Field:
    return Field(images=images or (image(),))


def image_on_disk(path, shape=(3000, 2600)) -> Image:
    """Big-endian float32 pixels on disk whose value is 1000 * row + column."""
    rows = np.arange(shape[0], dtype=np.float32)[:, None] * 1000
    pixels = rows + np.arange(shape[1], dtype=np.float32)
    pixels.astype(">f4").tofile(path)
    return Image(plane=Plane(path=str(path), offset=0, dtype=">f4", shape=shape), unit="adu")


def spectrum(pixels=4000, z=0.1, noise=1.0, bad=slice(1000, 1020)) -> Spectrum:
    """A flat continuum with H-alpha at ``z``, and a masked stretch."""
    wavelength = 3800.0 * 10 ** (1e-4 * np.arange(pixels))
    random = np.random.default_rng(2)
    flux = 10.0 + 40.0 * np.exp(-0.5 * ((wavelength / (6564.63 * (1 + z)) - 1) / 4e-4) ** 2)
    flux += random.normal(0.0, noise, pixels)
    mask = np.zeros(pixels, bool)
    mask[bad] = True
    return Spectrum(
        wavelength_angstrom=wavelength,
        flux=flux,
        ivar=np.where(mask, 0.0, 1 / noise**2),
        mask=mask,
        flux_unit="1e-17 erg / (Angstrom cm2 s)",
        frame="heliocentric",
        medium_in_file="vacuum",
        object_id="J2226-0054",
    )


def redshift_posterior(z=0.1, sigma=2e-4, cls="GALAXY", share=0.9) -> Posterior:
    """p(class, z) with one narrow peak, and a second class with a broader one."""
    edges = np.expm1(np.arange(-0.004, np.log(8.0), 2e-4))
    centres, width = 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)
    classes = ("GALAXY", "QSO", "STAR")
    density = np.zeros((3, centres.size))

    def bump(where, scale):
        curve = np.exp(-0.5 * ((centres - where) / scale) ** 2)
        return curve / np.sum(curve * width)

    density[classes.index(cls)] = share * bump(z, sigma)
    density[1 if cls != "QSO" else 0] += (1 - share) * bump(z + 0.5, 10 * sigma)
    quantiles = np.interp(
        QUANTILE_LEVELS,
        np.cumsum(bump(z, sigma) * width),
        edges[1:],
    )
    probability = (density * width).sum(axis=1)
    return Posterior(
        parameters=(Parameter(name="z", title="redshift", low=0.0, high=7.0),),
        quantiles=quantiles[None],
        best=np.array([z]),
        density=GridDensity(parameter="z", edges=edges, classes=classes, density=density),
        classes=classes,
        class_probability=probability / probability.sum(),
        extras={"z_2": z + 0.5, "prob_z_2": 1 - share, "class_2": "QSO"},
    )


def mass_posterior(draws=4000, seed=3) -> Posterior:
    """Two masses as draws, with both parts of their variance."""
    random = np.random.default_rng(seed)
    values = np.stack([random.normal(31.0, 1.0, draws), random.normal(68.0, 2.0, draws)], axis=1)
    parameters = (
        Parameter(name="chirp_mass_det", title="chirp mass, detector frame", unit="solMass"),
        Parameter(name="final_mass_det", title="final mass, detector frame", unit="solMass"),
    )
    return Posterior(
        parameters=parameters,
        quantiles=np.quantile(values, QUANTILE_LEVELS, axis=0).T,
        draws=values,
        draw_names=tuple(parameter.name for parameter in parameters),
        aleatoric=np.array([0.8, 1.6]),
        epistemic=np.array([0.6, 1.2]),
    )


def sky_posterior(draws=600, seed=6) -> Posterior:
    """Masses, and a place about RA 120 degrees, Dec -60 that is longer than wide."""
    masses, random = mass_posterior(draws), np.random.default_rng(seed)
    ra = 120.0 + random.normal(0.0, 16.0, draws)
    dec = -60.0 + 0.1 * (ra - 120.0) + random.normal(0.0, 2.0, draws)
    return replace(
        masses,
        draws=np.column_stack([masses.draws, ra, dec]),
        draw_names=(*masses.draw_names, "ra", "dec"),
    )


def class_posterior() -> Posterior:
    spread = np.stack([np.linspace(0.02, 0.2, 25), np.linspace(0.8, 0.98, 25)])
    return Posterior(
        classes=("star", "galaxy"),
        class_probability=np.array([0.1, 0.9]),
        class_quantiles=spread,
        novelty=0.4,
    )


def strain(detector="H1", seconds=16, rate=4096.0, sigma=1e-21, seed=4, **fields) -> Strain:
    samples = np.random.default_rng(seed).normal(0.0, sigma, int(seconds * rate))
    return Strain(
        samples=fields.pop("samples", samples),
        gps_start=GPS,
        sample_rate_hz=rate,
        detector=detector,
        **fields,
    )


def network(*strains: Strain) -> Network:
    return Network(strains=strains or (strain(), strain("L1", seed=5)))


def card() -> ModelCard:
    return ModelCard(
        task="bbh",
        name="bbh 1",
        version="1",
        title="Masses of merging black holes",
        summary="A flow conditioned on whitened strain.",
        network="bbh:flow",
        network_config={},
        inputs=(ArraySpec(name="strain", shape=(2, 8192), description="whitened"),),
        outputs=(ArraySpec(name="draws", shape=(500,)),),
        parameters={"chirp_mass_det": "solMass"},
        prior={"chirp mass": "5 to 100 solar masses"},
        training={"seed": 1, "cost": {"hours": 2.0}},
        simulated_scores={"coverage_90": 0.9},
        real_scores={"inside_90": 0.8},
        coverage={
            "levels": [0.5, 0.68, 0.9],
            "parameters": {"chirp_mass_det": [0.51, 0.69, 0.91]},
            "n": 5000,
        },
        limits=("aligned spins only",),
    )


RECORDS = {
    "image": field,
    "spectrum": spectrum,
    "strain": network,
    "posterior": mass_posterior,
    "sky": sky_posterior,
    "ringdown": network,
    "search": network,
}
