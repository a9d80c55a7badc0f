"""The fit of an emulated spectrum: what was put in comes out, with errors that hold."""

from __future__ import annotations

import numpy as np
import pytest
from toy_star import LABELS, star, toy_emulator

from astrogui.science import stellar_fit
from astrogui.science.stellar_emulator import (
    HIGH,
    LOW,
    OBSERVED,
    moved,
    pixel_shift,
)
from astrogui.science.stellar_emulator import LABELS as NAMES
from astrogui.science.stellar_spectrum import observed, prepared, shift_by_fit


def seen(record):
    return observed(
        record.wavelength_angstrom,
        record.flux.astype(np.float64),
        record.ivar.astype(np.float64),
        record.good,
    )


def fitted(record, start=None):
    given = seen(record)
    if start is None:
        start = np.append((LOW + HIGH) / 2, pixel_shift(40.0) + 0.4)
    return stellar_fit.fit(given.flux, given.ivar, toy_emulator(), start), given


def deviations(found):
    scale = stellar_fit.SCALES
    inverse = np.linalg.inv(found.information * scale[:, None] * scale)
    return np.sqrt(np.diag(inverse)) * scale


def test_the_labels_put_in_come_out_within_their_errors():
    found, _ = fitted(star())
    truth = np.append(LABELS, pixel_shift(40.0))
    assert found.converged
    assert np.all(np.abs(found.values - truth) < 4 * deviations(found))
    assert found.reduced == pytest.approx(1, abs=0.06)


def test_a_continuum_of_low_order_and_the_flux_unit_make_no_difference():
    x = np.linspace(-1, 1, OBSERVED.size)
    bent = np.exp(0.3 * x - 0.2 * x**2)
    plain, _ = fitted(star())
    warped, _ = fitted(star(continuum=bent, scale=3e-4))
    assert np.all(np.abs(warped.values - plain.values) < 0.3 * deviations(plain))


def test_errors_cover_the_scatter_over_many_noises():
    truth = np.append(LABELS, pixel_shift(40.0))
    deviates = []
    for seed in range(40):
        found, _ = fitted(star(seed=seed))
        deviates.append((found.values - truth) / deviations(found))
    scatter = np.sqrt(np.mean(np.square(deviates), axis=0))
    assert np.all(np.abs(scatter - 1) < 0.4), scatter  # sampling error 0.11


def test_the_information_grows_with_the_square_of_the_signal():
    given, twice = seen(star()), seen(star(signal_to_noise=160.0))
    place = np.append(LABELS, pixel_shift(40.0))
    one = stellar_fit.information(given.flux, given.ivar, toy_emulator(), place)
    two = stellar_fit.information(twice.flux, twice.ivar, toy_emulator(), place)
    np.testing.assert_allclose(np.diag(two) / np.diag(one), 4.0, rtol=0.02)


def test_the_free_continuum_costs_information():
    """By hand: the same Fisher matrix with the continuum known is larger."""
    given = seen(star())
    place = np.append(LABELS, pixel_shift(40.0))
    free = stellar_fit.information(given.flux, given.ivar, toy_emulator(), place)
    step = 1e-3 * (HIGH[2] - LOW[2])
    rows = []
    for sign in (-1, 1):
        labels = LABELS.copy()
        labels[NAMES.index("fe_h")] += sign * step
        rest = np.asarray(toy_emulator().flux(labels[None]), np.float64)
        places, pieces = moved(rest, place[-1])
        rows.append(np.concatenate([piece[0] for piece in pieces]))
    weight = np.concatenate([given.ivar[where] for where in places])
    level = 1 / np.median(np.abs(star().flux[star().good]))
    known = np.sum(weight * (level * (rows[1] - rows[0]) / (2 * step)) ** 2)
    assert 0.3 * known < free[2, 2] < known


def test_a_cosmic_ray_is_left_out():
    record = star()
    flux = record.flux.copy()
    flux[1500:1502] += 2.0
    struck = star()
    struck = type(struck)(
        **{
            name: getattr(struck, name)
            for name in ("wavelength_angstrom", "ivar", "mask", "flux_unit", "frame",
                         "medium_in_file")
        },
        flux=flux,
    )  # fmt: skip
    clean, _ = fitted(record)
    found, _ = fitted(struck)
    assert found.left_out >= 2
    assert np.all(np.abs(found.values - clean.values) < 0.5 * deviations(clean))


def test_labels_stay_inside_their_bounds():
    outside = LABELS.copy()
    outside[0], outside[2] = 8200.0, 0.6
    found, _ = fitted(star(labels=outside))
    assert np.all(found.values[:-1] >= LOW)
    assert np.all(found.values[:-1] <= HIGH)
    assert found.values[0] == HIGH[0]
    assert found.centre[0] > HIGH[0]  # where the free fit would go


def test_a_missing_detector_leaves_a_wider_answer():
    record = star()
    ivar = record.ivar.copy()
    ivar[3445:] = 0
    given = observed(
        record.wavelength_angstrom, record.flux.astype(float), ivar.astype(float), ivar > 0
    )
    start = np.append((LOW + HIGH) / 2, pixel_shift(40.0))
    found = stellar_fit.fit(given.flux, given.ivar, toy_emulator(), start)
    whole, _ = fitted(record)
    assert np.all(deviations(found) > deviations(whole))
    assert np.isnan(found.model[4000])


def test_the_preparation_finds_velocity_and_continuum():
    x = np.linspace(-1, 1, OBSERVED.size)
    record = star(velocity=-212.0, continuum=np.exp(0.4 * x), scale=2e3)
    found = prepared(seen(record), toy_emulator())
    assert found.shift == pytest.approx(pixel_shift(-212.0), abs=0.3)
    assert abs(float(np.median(found.spectrum[:, 0]))) < 0.15  # ten times the depth: 1.5 %
    assert found.summary[0] == pytest.approx(np.log10(80), abs=0.05)
    assert np.all(np.isfinite(found.spectrum))


def test_a_spectrum_of_nothing_is_prepared_without_complaint():
    empty = np.zeros(OBSERVED.size)
    given = observed(OBSERVED.centres_angstrom, empty, empty, empty > 0)
    found = prepared(given, toy_emulator())
    assert np.all(np.isfinite(found.spectrum))
    assert np.all(np.isfinite(found.summary))


@pytest.mark.parametrize("near", [-11.0, 0.0, 9.0])
def test_a_velocity_is_found_again_by_fits_of_the_continuum(near):
    rest = np.asarray(toy_emulator().flux(LABELS[None])[0], np.float64)
    bent = np.exp(0.4 * np.sin(np.arange(OBSERVED.size) / 900))
    true = pixel_shift(133.0)
    found = shift_by_fit(seen(star(velocity=133.0, continuum=bent)), rest, true + near)
    assert found == pytest.approx(true, abs=1.5)
