"""The redshift grid, the preparation of a spectrum, and the peaks of a density over both."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from astrogui.science import redshift_scan as scan
from astrogui.science.redshift_peaks import (
    answer_and_alternatives,
    find_peaks,
    sharpened,
    within_peak,
)
from astrogui.science.template_fit import gains, polynomials, rest_grid
from astrogui.science.template_sums import TemplateSet

LAST = 2200


def lines_set(class_name="GALAXY"):
    """One smooth continuum and one comb of lines, with shapes that no smooth term follows."""
    grid = rest_grid(scan.OBSERVED, scan.ZERO_CELL, 0, LAST)
    place = grid.centres_angstrom
    comb = sum(
        height * np.exp(-0.5 * ((place / centre - 1) / 4e-4) ** 2)
        for centre, height in ((3728, 1.0), (4862, 0.6), (5008, 2.0), (6564, 1.5))
    )
    continuum = 1 + 0.5 * np.tanh((place - 4000) / 60)
    return TemplateSet(
        name="lines",
        class_name=class_name,
        first_cell=0,
        last_cell=LAST,
        vectors=np.stack([continuum, comb]),
        penalty=np.array([0.0, 0.01]),
    )


def observed(redshift, noise=0.05, seed=1):
    wavelength = 10 ** np.arange(3.58, 3.965, 1e-4)
    rest = wavelength / (1 + redshift)
    flux = 1 + 0.5 * np.tanh((rest - 4000) / 60)
    for centre, height in ((3728, 1.0), (4862, 0.6), (5008, 2.0), (6564, 1.5)):
        flux = flux + height * np.exp(-0.5 * ((rest / centre - 1) / 4e-4) ** 2)
    flux = flux + noise * np.random.default_rng(seed).normal(size=flux.size)
    return wavelength, flux, np.full(flux.size, noise**-2), np.ones(flux.size, bool)


def best_cell(curves):
    return int(np.argmax(curves.max(axis=1)))


@pytest.mark.parametrize("redshift", [-0.003, 0.0, 0.2137, 1.7, 6.99])
def test_a_cell_holds_the_redshift_it_is_named_for(redshift):
    edges = scan.cell_edges()
    cell = scan.cell_of(redshift)
    assert edges[cell] <= redshift <= edges[cell + 1]


def test_cells_are_138_km_s_wide_and_reach_from_stars_to_seven_nearly():
    edges = scan.cell_edges()
    widths = 299792.458 * np.diff(edges) / (1 + edges[:-1])
    assert np.ptp(widths) < 1e-6
    assert widths[0] == pytest.approx(138.1, abs=0.1)
    assert edges[0] < -0.004
    assert edges[-1] > 6.99


@pytest.mark.parametrize("redshift", [0.01, 0.21, 0.43])
def test_the_scan_finds_the_redshift_of_a_spectrum(redshift):
    prepared = scan.scan(scan.scale(*observed(redshift)), [lines_set()], False)
    assert abs(best_cell(prepared["curves"]) - scan.cell_of(redshift)) <= 1


@pytest.mark.parametrize("odd", [0, 1])
def test_the_minimum_and_the_cells_beside_it_are_exact_wherever_it_lies(odd):
    edges = scan.cell_edges()
    spectrum = scan.scale(*observed(edges[700 + odd : 702 + odd].mean(), noise=0.01))
    (chi2,) = scan.chi_squares(spectrum, [lines_set()])
    smooth = polynomials(scan.OBSERVED.size, scan.SMOOTH_TERMS)
    gain, leading, base = gains(spectrum.flux, spectrum.weight, lines_set(), smooth)
    expected = base - np.where(leading > 0, gain, 0.0)
    assert np.nanargmin(chi2) == np.argmin(expected) == 700 + odd
    near = slice(700 + odd - 3, 700 + odd + 4)
    np.testing.assert_allclose(chi2[near], expected[near], rtol=1e-3)


def test_no_curve_is_left_to_the_cubic_where_that_would_be_seen(monkeypatch):
    """Beside the best minima the curves are those of a scan that settles every one exactly."""
    spectrum = scan.scale(*observed(0.2127, noise=0.05))
    sets = [lines_set()]
    quick = scan.scan(spectrum, sets, False)["curves"][:, 0]
    rough = scan.chi_squares(spectrum, sets)[0]
    monkeypatch.setattr(scan, "MOST_DOUBT", -1.0)
    exact = scan.scan(spectrum, sets, False)["curves"][:, 0]
    np.testing.assert_allclose(quick, exact, atol=0.02)
    # What is left alone is what the curves' scale makes small, and not nothing.
    assert np.count_nonzero(rough != scan.chi_squares(spectrum, sets)[0]) >= 1


def test_a_redshifted_spectrum_shifts_its_curves():
    """Away from the ends, z enters as a shift alone: the ground of the network's design."""
    step = 300
    first = scan.cell_edges()[700:702].mean()
    second = (1 + first) * 10 ** (step * scan.OBSERVED.step) - 1
    narrow = [
        scan.scan(scan.scale(*observed(z, noise=0.02, seed=7)), [lines_set()], False)["curves"]
        for z in (first, second)
    ]
    near, far = narrow[0][690:712, 0], narrow[1][690 + step : 712 + step, 0]
    assert np.argmax(near) == np.argmax(far)
    np.testing.assert_allclose(near, far, atol=0.25)


def test_the_scale_of_the_flux_does_not_matter():
    wavelength, flux, ivar, good = observed(0.3)
    one = scan.scan(scan.scale(wavelength, flux, ivar, good), [lines_set()], False)
    other = scan.scan(scan.scale(wavelength, flux * 1e-17, ivar * 1e34, good), [lines_set()], False)
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-3, atol=1e-3)


def test_line_signals_lie_where_their_offset_says():
    redshift = 0.35
    prepared = scan.scan(scan.scale(*observed(redshift)), [lines_set()], False)
    cell = scan.cell_of(redshift)
    for place, offset in zip(scan.LINE_PLACES, scan.line_offsets(), strict=True):
        if round(place) == 5008:
            near = prepared["signals"][cell + offset - 2 : cell + offset + 3, 0]
            assert near.max() > 1.0
            assert near.max() == prepared["signals"][:, 0].max()


def test_a_spectrum_without_a_good_pixel_gives_flat_curves():
    wavelength, flux, ivar, _ = observed(0.3)
    empty = scan.scale(wavelength, flux, ivar, np.zeros(flux.size, bool))
    prepared = scan.scan(empty, [lines_set()], False)
    assert np.ptp(prepared["curves"]) == 0
    assert np.all(np.isfinite(prepared["summary"]))


def test_sets_survive_their_arrays():
    original = lines_set()
    (again,) = scan.sets_from_arrays(scan.sets_to_arrays([original]))
    assert (again.name, again.class_name) == (original.name, original.class_name)
    assert (again.first_cell, again.last_cell) == (0, LAST)
    np.testing.assert_allclose(again.vectors, original.vectors, rtol=1e-6, atol=1e-30)


def two_peaks():
    edges = np.linspace(0, 1, 1001)
    mass = np.zeros((2, 1000))
    mass[0, 198:203] = np.array([1, 3, 6, 3, 1]) * 0.04
    mass[0, 698:703] = np.array([1, 3, 6, 3, 1]) * 0.015
    mass[1, 398:403] = np.array([1, 3, 6, 3, 1]) * (1 - 0.77) / 14
    return mass, edges


def test_peaks_are_found_with_their_probabilities():
    mass, edges = two_peaks()
    peaks = find_peaks(mass, edges, (3, 3), count=3)
    assert [peak.cell for peak in peaks[0]] == [200, 700]
    assert peaks[0][0].probability == pytest.approx(0.56)
    assert peaks[0][0].redshift == pytest.approx(edges[200] + 0.0005)


def test_the_answer_is_of_the_most_probable_class_and_the_rest_follow_in_order():
    mass, edges = two_peaks()
    answer, *others = answer_and_alternatives(find_peaks(mass, edges, (3, 3)), mass.sum(axis=1))
    assert answer.cell == 200
    assert [(peak.class_index, peak.cell) for peak in others] == [(1, 400), (0, 700)]


def test_a_basin_keeps_the_wings_of_a_broad_peak():
    edges = np.linspace(0, 1, 1001)
    cells = np.arange(1000)
    mass = np.exp(-0.5 * ((cells - 500) / 40.0) ** 2)[None]
    peak = find_peaks(mass / mass.sum(), edges, (5,), count=1)[0][0]
    assert peak.probability > 0.99
    assert 350 < peak.first < 400


@pytest.mark.parametrize("seed", range(6))
def test_a_basin_ends_where_the_smoothed_density_first_falls_low(seed):
    rng = np.random.default_rng(seed)
    steps = np.cumsum(rng.normal(size=900))
    mass = np.exp(-0.5 * ((np.arange(900) - 150 * seed) / 120.0) ** 2 + 0.1 * steps)
    mass /= mass.sum()
    reach = 4
    peak = find_peaks(mass[None], np.linspace(0, 1, 901), (reach,), count=1)[0][0]
    smooth = np.convolve(mass, np.ones(3) / 3, mode="same")
    low = np.flatnonzero(smooth < 0.01 * smooth[peak.cell])
    before, after = low[low < peak.cell - reach], low[low > peak.cell + reach]
    assert peak.first == (before[-1] + 1 if before.size else 0)
    assert peak.last == (after[0] - 1 if after.size else 899)


@pytest.mark.parametrize("seed", range(6))
def test_each_further_peak_is_the_first_of_what_those_before_it_left(seed):
    rng = np.random.default_rng(seed)
    mass = np.exp((1 + seed) * rng.normal(size=400).cumsum() / 3)
    mass[: 7 * seed] = 0.0
    mass /= mass.sum()
    edges = np.linspace(0, 1, 401)
    for peak in find_peaks(mass[None], edges, (4,), count=5)[0]:
        (alone,) = find_peaks(mass[None], edges, (4,), count=1)[0]
        inside = slice(peak.first, peak.last + 1)
        assert (alone.cell, alone.first, alone.last) == (peak.cell, peak.first, peak.last)
        assert alone.redshift == pytest.approx(peak.redshift)
        assert peak.probability == pytest.approx(mass[inside].sum())
        mass[inside] = 0.0


def test_a_sharper_peak_keeps_its_probability():
    mass, edges = two_peaks()
    peaks = find_peaks(mass, edges, (3, 3))
    narrow = sharpened(mass, peaks, (2.0, 1.0))
    assert narrow.sum() == pytest.approx(mass.sum())
    assert narrow[0, 150:250].sum() == pytest.approx(mass[0, 150:250].sum())
    assert narrow[0, 200] > mass[0, 200]
    np.testing.assert_allclose(narrow[1], mass[1])


@pytest.mark.parametrize("offset", [-0.4, 0.0, 0.25])
def test_a_peak_is_located_within_its_cell(offset):
    """A normal density of 0.7 cells, given by the masses of its cells alone."""
    edges = np.arange(101.0)
    centre, sigma = 50.5 + offset, 0.7
    mass = np.diff(norm.cdf(edges, centre, sigma))[None]
    peak = find_peaks(mass, edges, (5,), count=1)[0][0]
    fine_edges, fine = within_peak(mass[0], peak, edges)
    assert fine.sum() == pytest.approx(1)
    below = np.concatenate([[0.0], np.cumsum(fine)])
    for level in (0.05, 0.16, 0.5, 0.84, 0.95):
        found = np.interp(level, below, fine_edges)
        assert found == pytest.approx(norm.ppf(level, centre, sigma), abs=0.06)
