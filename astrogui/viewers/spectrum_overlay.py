"""Further spectra over the one shown: on one another or stacked, normalised, at rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from astrogui.records.spectrum import Spectrum
from astrogui.viewers.spectrum_curve import Drawn, Smoothing, drawn
from astrogui.viewers.spectrum_units import FluxScale, flux_density, flux_scale
from astrogui.viewers.unit_text import unit_text

MOST = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overlay:
    """A spectrum of the project with its name and redshift, if it has one."""

    name: str
    record: Spectrum
    redshift: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayStyle:
    """How further spectra are laid over the one shown."""

    normalised: bool = True  # to the median of the one shown, over the common wavelengths
    stacked: bool = False  # each lifted above the one before
    at_rest: bool = False  # moved to the redshift of the one shown


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Laid:
    """One curve as it is drawn, and what was done to it."""

    name: str
    curve: Drawn
    words: str


def lay_over(
    shown: Spectrum,
    scale: FluxScale,
    wanted_unit: str,
    redshift: float | None,
    overlays: Sequence[Overlay],
    style: OverlayStyle,
    smoothing: Smoothing,
) -> tuple[list[Laid], list[str]]:
    """The curves to draw, and for each spectrum that cannot be laid over a sentence why.

    Flux densities of another unit are converted. Counts and relative flux are laid over only when
    normalised, since their scale means nothing beside another's.
    """
    base = drawn(shown, smoothing, scale)
    done: list[Laid] = []
    refused: list[str] = []
    height = _spread(base)
    for overlay in overlays[:MOST]:
        try:
            own, words = _common_scale(shown, scale, wanted_unit, overlay.record, style.normalised)
        except ValueError as error:
            refused.append(f"{overlay.name}: {error}")
            continue
        curve = drawn(overlay.record, smoothing, own)
        said = [words] if words else []
        if style.at_rest and redshift is not None and overlay.redshift is not None:
            stretch = (1 + redshift) / (1 + overlay.redshift)
            curve = replace(curve, wavelength=curve.wavelength * stretch)
            said.append(f"moved from z = {overlay.redshift:.4g}")
        elif style.at_rest:
            said.append("not moved: no redshift")
        if style.normalised:
            factor = _factor(base, curve)
            curve = replace(curve, flux=curve.flux * factor, error=curve.error * factor)
            said.append(f"× {factor:.3g}")
        if style.stacked:
            lift = height * (len(done) + 1)
            curve = replace(curve, flux=curve.flux + lift)
            said.append(f"+ {lift:.3g}")
        done.append(Laid(name=overlay.name, curve=curve, words=", ".join(said)))
    if len(overlays) > MOST:
        refused.append(f"{len(overlays) - MOST} more are not drawn: {MOST} is the most.")
    return done, refused


def _common_scale(
    shown: Spectrum, scale: FluxScale, wanted_unit: str, other: Spectrum, normalised: bool
) -> tuple[FluxScale, str]:
    """Scale of another spectrum on this axis; raises ``ValueError`` in words without one."""
    here, there = flux_density(shown.flux_unit), flux_density(other.flux_unit)
    if here.kind and there.kind:
        if wanted_unit == "file" and unit_text(shown.flux_unit) == unit_text(other.flux_unit):
            return FluxScale(label=scale.label), ""
        # By way of the shown spectrum's own kind of density and its power of ten.
        kind = f"per {here.kind}" if wanted_unit == "file" else wanted_unit
        mine, theirs = _absolute(shown, kind), _absolute(other, kind)
        ratio = replace(
            theirs, label=scale.label, factor=theirs.factor * scale.factor / mine.factor
        )
        own = unit_text(other.flux_unit)
        return ratio, "" if own == unit_text(shown.flux_unit) else f"converted from {own}"
    if normalised or (not here.kind and not there.kind and shown.flux_unit == other.flux_unit):
        return FluxScale(label=scale.label), ""
    said = unit_text(other.flux_unit) or "relative flux"
    raise ValueError(
        f"its flux is in {said}, which cannot be converted to {scale.label or 'relative flux'}; "
        "normalise to compare shapes."
    )


def _absolute(record: Spectrum, kind: str) -> FluxScale:
    """Numbers of a record to erg s⁻¹ cm⁻² Å⁻¹ or Jy, without a power of ten."""
    scale = flux_scale(record, kind)
    known = flux_density(record.flux_unit)
    if scale.power == 0:
        return replace(scale, factor=known.factor)
    from astrogui.viewers.spectrum_units import JANSKY_PER_F_LAMBDA

    change = JANSKY_PER_F_LAMBDA if scale.power == 2 else 1 / JANSKY_PER_F_LAMBDA
    return replace(scale, factor=known.factor * change)


def _factor(base: Drawn, other: Drawn) -> float:
    """What brings the median of one to that of the other where both are; 1 without overlap."""
    low = max(base.wavelength[0], other.wavelength[0])
    high = min(base.wavelength[-1], other.wavelength[-1])
    if not high > low:
        low, high = -np.inf, np.inf
    medians = []
    for curve in (base, other):
        inside = (curve.wavelength >= low) & (curve.wavelength <= high) & np.isfinite(curve.flux)
        flux = np.abs(curve.flux[inside])
        medians.append(float(np.median(flux)) if flux.size else 0.0)
    return medians[0] / medians[1] if min(medians) > 0 else 1.0


def _spread(curve: Drawn) -> float:
    """Height of a stacked step: the range that holds most of the spectrum."""
    flux = curve.flux[np.isfinite(curve.flux)]
    if not flux.size:
        return 1.0
    low, high = np.percentile(flux, [2, 98])
    return float(high - low) or 1.0
