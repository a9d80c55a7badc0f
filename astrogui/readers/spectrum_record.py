"""From the arrays of a file to a ``Spectrum``: units, medium, order, masks, errors, words.

Every spectrum reader ends here, so that the promises of the record (vacuum ångström, rising,
finite, errors known or said to be estimated) are kept in one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from astrogui.errors import Damaged, NotRecognised, Unsuitable
from astrogui.readers import noise
from astrogui.readers.reader import Head, Reader, head_of
from astrogui.readers.spectral_image import with_image
from astrogui.readers.spectral_unit import ANGSTROM, F_LAMBDA, FluxUnit, flux_unit, per_angstrom
from astrogui.records.provenance import Provenance
from astrogui.records.source import Source
from astrogui.records.spectrum import Spectrum
from astrogui.science.air import vacuum_from_air
from astrogui.science.spectral import quantile

MIN_GOOD_SAMPLES = 20
_SINGLE_PRECISION = 1e30  # inverse variances beyond overflow in float32
_BRIGHTEST = 1e10  # in F_LAMBDA: a hundred times Sirius; a unit that says more is not meant


@dataclass(slots=True, kw_only=True)
class Arrays:
    """What a format yields before it is brought to the record's terms."""

    wavelength: NDArray[Any]
    flux: NDArray[Any]
    ivar: NDArray[Any] | None = None
    error: NDArray[Any] | None = None  # one sigma; used when there is no ivar
    variance: NDArray[Any] | None = None
    bad: NDArray[np.bool_] | None = None
    unit: str = "angstrom"  # of the wavelengths, a name of spectral_unit.ANGSTROM
    medium: str = "vacuum"  # "vacuum", "air", or either with "assumed " before
    flux_unit: str = ""  # as the file spells it
    frame: str = "unknown"
    notes: list[str] = field(default_factory=list)


class SpectrumReader(Reader):
    """What the readers of spectra share: parts chosen by name, one opening of the file a read."""

    kind = "spectrum"

    def read(self, source: Source) -> Spectrum:
        """The spectrum of a source; raises ``FileProblem``."""
        head = head_of(source.path, dict(source.options))
        if not self.claims(head):
            raise Damaged(
                source.path, "", f"the file is no longer {self.name}", "Add the file again."
            )
        return with_image(head, self.spectrum(head, source))

    def spectrum(self, head: Head, source: Source) -> Spectrum:
        raise NotImplementedError

    def finish(self, head: Head, source: Source, arrays: Arrays, **fields: Any) -> Spectrum:
        """The record; ``fields`` go to it as they are (header, object_id ...)."""
        place = source.part
        wavelength, flux, ivar, bad = _checked(head, place, arrays)
        order = _order(wavelength)
        dropped = wavelength.size - order.size
        if dropped:
            arrays.notes.append(f"{dropped} samples without a wavelength of their own left out")
        wavelength, flux, bad = wavelength[order], flux[order], bad[order]
        ivar = None if ivar is None else ivar[order]
        wavelength, medium = _vacuum(head, arrays, wavelength)
        flux, ivar, unit = _calibrated(arrays, wavelength, flux, ivar)
        bad |= ~np.isfinite(flux)
        flux = np.where(bad & ~np.isfinite(flux), 0.0, flux)
        estimated = ivar is None
        if ivar is None:
            ivar = noise.estimated_ivar(flux, bad)
            arrays.notes.append(noise.NOTE)
        ivar = np.where(np.isfinite(ivar) & (ivar > 0) & ~bad, ivar, 0.0)
        bad |= ivar == 0
        _enough(head, place, bad)
        flux, ivar, unit = _in_single_precision(arrays, flux, ivar, unit, bad)
        return Spectrum(
            wavelength_angstrom=wavelength,
            flux=flux.astype(np.float32),
            ivar=ivar.astype(np.float32),
            mask=bad,
            flux_unit=unit,
            frame=arrays.frame,
            medium_in_file=medium,
            unit_in_file=arrays.unit.replace("angstrom", "Angstrom"),
            noise_estimated=estimated,
            notes=tuple(dict.fromkeys(arrays.notes)),
            provenance=Provenance(
                path=source.path,
                sha256=source.sha256,
                part=source.part,
                reader=self.name,
                reader_version=self.version,
            ),
            **{"object_id": source.object_id, "ra_deg": source.ra_deg, "dec_deg": source.dec_deg}
            | fields,
        )


def _checked(
    head: Head, place: str, arrays: Arrays
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None, NDArray[np.bool_]]:
    """Native float arrays of one length, wavelengths in ångström, errors as inverse variance."""
    wavelength = np.asarray(arrays.wavelength, np.float64).ravel() * ANGSTROM[arrays.unit]
    flux = np.asarray(arrays.flux, np.float64).ravel()
    bad = np.zeros(flux.size, bool) if arrays.bad is None else np.array(arrays.bad, bool).ravel()
    with np.errstate(all="ignore"):
        ivar = _inverse_variance(arrays)
    sizes = {
        "wavelength": wavelength.size,
        "flux": flux.size,
        "mask": bad.size,
        "errors": flux.size if ivar is None else ivar.size,
    }
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{size} of {name}" for name, size in sizes.items())
        raise Damaged(head.path, place, f"arrays of different lengths: {found}", "Check the file.")
    return wavelength, flux, ivar, bad


def _inverse_variance(arrays: Arrays) -> NDArray[np.float64] | None:
    """(n,) with zeros where the file's value means nothing; None when there are no errors."""
    if arrays.ivar is not None:
        ivar = np.asarray(arrays.ivar, np.float64).ravel()
    elif arrays.variance is not None:
        ivar = 1.0 / np.asarray(arrays.variance, np.float64).ravel()
    elif arrays.error is not None:
        error = np.asarray(arrays.error, np.float64).ravel()
        ivar = np.where(error > 0, 1.0 / error**2, 0.0)
    else:
        return None
    ivar = np.where(np.isfinite(ivar) & (ivar > 0), ivar, 0.0)
    if not ivar.any():
        arrays.notes.append("the file's error column is empty")
        return None
    return ivar


def _order(wavelength: NDArray[np.float64]) -> NDArray[np.intp]:
    """Indices that make the wavelengths rise strictly, without those that are none."""
    rises = bool(np.all(wavelength[1:] > wavelength[:-1]))
    if rises and wavelength.size and wavelength[0] > 0 and wavelength[-1] < 1e12:
        return np.arange(wavelength.size)  # as nearly always: nothing to sort or to leave out
    usable = np.flatnonzero(np.isfinite(wavelength) & (wavelength > 0) & (wavelength < 1e12))
    order = usable[np.argsort(wavelength[usable], kind="stable")]
    if order.size:
        order = order[np.concatenate([[True], np.diff(wavelength[order]) > 0])]
    return np.asarray(order, np.intp)


def _vacuum(
    head: Head, arrays: Arrays, wavelength: NDArray[np.float64]
) -> tuple[NDArray[np.float64], str]:
    """Vacuum wavelengths and the words for the medium; the analyst's ``air`` fills a gap only."""
    medium = arrays.medium
    asked = head.options.get("air", "").lower()
    if asked in {"true", "false"}:
        wanted = "air" if asked == "true" else "vacuum"
        if medium.startswith("assumed"):
            medium = wanted
            arrays.notes.append(f"wavelengths in {wanted}, as the option air says")
        elif medium != wanted:
            arrays.notes.append(f"the option air is not followed: the file itself says {medium}")
    elif medium.startswith("assumed"):
        name = medium.removeprefix("assumed ")
        arrays.notes.append(
            f"the file does not say whether wavelengths are in air or vacuum: {name} assumed"
        )
    if medium.endswith("air"):
        wavelength = vacuum_from_air(wavelength)
    return wavelength, medium


def _calibrated(
    arrays: Arrays,
    wavelength: NDArray[np.float64],
    flux: NDArray[np.float64],
    ivar: NDArray[np.float64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None, str]:
    unit = flux_unit(arrays.flux_unit)
    known = np.abs(flux[np.isfinite(flux)])
    if unit.unit == F_LAMBDA and not unit.per_frequency and known.size:
        typical = quantile(known, 0.5) * unit.factor
        if typical > _BRIGHTEST:
            note = (
                f"the stated unit {arrays.flux_unit!r} would make it brighter than any star: "
                "flux taken as relative"
            )
            unit = FluxUnit(1.0, "", note=note)
    if unit.note:
        arrays.notes.append(unit.note)
    factor: NDArray[np.float64] = np.full(wavelength.size, unit.factor)
    if unit.per_frequency:
        factor = per_angstrom(np.ones(wavelength.size), wavelength, unit.factor)
    with np.errstate(all="ignore"):
        return flux * factor, None if ivar is None else ivar / factor**2, unit.unit


def _in_single_precision(
    arrays: Arrays,
    flux: NDArray[np.float64],
    ivar: NDArray[np.float64],
    unit: str,
    bad: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Numbers that float32 holds: relative flux is scaled by a power of ten, the unit says so."""
    good = ~bad
    level = 1.0
    if unit != F_LAMBDA:
        typical = quantile(np.abs(flux[good]), 0.5)
        level = max(typical, 1 / np.sqrt(quantile(ivar[good], 0.5)))
    if not 1e-6 < level < 1e9:
        power = int(np.floor(np.log10(level)))
        flux, ivar = flux / 10.0**power, ivar * 100.0**power
        unit = f"1e{power} {unit}" if unit else ""
        if not unit:
            arrays.notes.append(f"relative flux divided by 1e{power}")
    huge = np.finfo(np.float32).max
    flux = np.clip(flux, -0.1 * huge, 0.1 * huge)
    return flux, np.clip(ivar, 0, _SINGLE_PRECISION), unit


def _enough(head: Head, place: str, bad: NDArray[np.bool_]) -> None:
    good = int(bad.size - np.count_nonzero(bad))
    if good < MIN_GOOD_SAMPLES:
        raise Unsuitable(
            head.path,
            place,
            f"only {good} of {bad.size} samples are usable; {MIN_GOOD_SAMPLES} are the least",
            "Nothing can be measured on it.",
        )


def joined(
    arms: Sequence[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Wavelength, flux and inverse variance of arms as one rising spectrum.

    Where arms overlap on the same samples (to a thousandth of a sample) the mean weighted by
    inverse variance is taken; where their samples differ, each arm is kept to the middle of the
    overlap.
    """
    ordered = sorted(arms, key=lambda arm: float(arm[0][0]))
    wavelength, flux, ivar = (np.array(part, np.float64) for part in ordered[0])
    for arm in ordered[1:]:
        new_wavelength, new_flux, new_ivar = (np.asarray(part, np.float64) for part in arm)
        overlap = wavelength >= new_wavelength[0]
        shared = int(overlap.sum())
        step = float(np.median(np.diff(new_wavelength)))
        same = shared <= new_wavelength.size and np.allclose(
            wavelength[overlap], new_wavelength[:shared], rtol=0, atol=1e-3 * step
        )
        if shared and same:
            weight = ivar[overlap] + new_ivar[:shared]
            total = flux[overlap] * ivar[overlap] + new_flux[:shared] * new_ivar[:shared]
            known = weight > 0
            flux[overlap] = np.where(known, total / np.where(known, weight, 1.0), 0.0)
            ivar[overlap] = weight
            new_wavelength, new_flux, new_ivar = (
                part[shared:] for part in (new_wavelength, new_flux, new_ivar)
            )
        elif shared:
            middle = 0.5 * (wavelength[-1] + new_wavelength[0])
            below, above = wavelength < middle, new_wavelength >= middle
            wavelength, flux, ivar = wavelength[below], flux[below], ivar[below]
            new_wavelength, new_flux, new_ivar = (
                part[above] for part in (new_wavelength, new_flux, new_ivar)
            )
        wavelength = np.concatenate([wavelength, new_wavelength])
        flux = np.concatenate([flux, new_flux])
        ivar = np.concatenate([ivar, new_ivar])
    return wavelength, flux, ivar


def chosen(head: Head, sources: Iterable[Source]) -> tuple[Source, ...]:
    """The sources, or those whose part is what stands in the brackets of the path."""
    listed = tuple(sources)
    if not head.part:
        return listed
    wanted = head.part.strip().lower()
    kept = tuple(
        source
        for index, source in enumerate(listed)
        if wanted in {source.part.lower(), source.object_id.lower(), str(index + 1)}
    )
    if not kept:
        parts = ", ".join(source.part or source.object_id or "1" for source in listed[:12])
        raise NotRecognised(
            head.path, f"part {head.part}", "there is no such part", f"There are: {parts}."
        )
    return kept


def part_number(source: Source, prefix: str, head: Head) -> int:
    """The number n of a part named "prefix n", counted from 1."""
    try:
        return int(source.part.removeprefix(prefix))
    except ValueError as error:
        raise NotRecognised(
            head.path, source.part, "there is no such part", "Add the file again."
        ) from error


def believed_mask(bad: NDArray[np.bool_], notes: list[str]) -> NDArray[np.bool_] | None:
    """The mask, or None (and a note) where it would exclude nearly all: it may mean "good"."""
    excluded = int(np.count_nonzero(bad))
    if excluded <= 0.8 * bad.size:
        return bad
    notes.append(
        f"the mask column would exclude {excluded} of {bad.size} samples: not followed, "
        "for it may mark the good ones"
    )
    return None


def wavelength_span(values: ArrayLike, unit: str, medium: str) -> tuple[float, float] | None:
    """First and last vacuum wavelength in ångström, for the list of sources."""
    finite = np.asarray(values, np.float64)
    finite = finite[np.isfinite(finite) & (finite > 0)] * ANGSTROM[unit]
    if not finite.size:
        return None
    ends = np.array([finite.min(), finite.max()])
    if medium.endswith("air"):
        ends = vacuum_from_air(ends)
    return float(ends[0]), float(ends[1])
