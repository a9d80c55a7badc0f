"""The near-infrared grid: classes, places of lines, and what the network is shown."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import near_infrared as grid
from astrogui.science.lines import wavelength_of


def test_the_grid_covers_what_the_classes_need():
    edges = grid.OBSERVED.edges_angstrom
    assert edges[0] == pytest.approx(11000)
    assert edges[-1] == pytest.approx(20000)
    assert len(grid.REDSHIFT_EDGES) == 801
    assert grid.REDSHIFT_EDGES[-1] == pytest.approx(1.8)


def test_every_redshift_has_its_class_and_others_have_none():
    assert grid.class_of(np.array([1.0, 1.0005, 1.001, 1.7995])).tolist() == [0, 0, 1, 799]
    assert grid.class_of(np.array([0.9999, 1.8, 0.0, 7.0])).tolist() == [grid.CLASSES] * 4
    centres = 0.5 * (grid.REDSHIFT_EDGES[1:] + grid.REDSHIFT_EDGES[:-1])
    assert grid.class_of(centres).tolist() == list(range(800))


def test_a_line_lies_where_its_offset_and_the_cell_of_its_class_say():
    cells = grid.class_cells()
    assert cells.min() >= 0
    assert cells.max() <= grid.CELLS - 1
    for name in ("Hα", "[O III] 5008", "[S III] 9533"):
        offset = grid.feature_offsets()[grid.FEATURES_ANGSTROM.index(wavelength_of(name))]
        for index in (0, 300, 799):
            z = 1 + 0.001 * (index + 0.5)
            seen = grid.OBSERVED.pixel(wavelength_of(name) * (1 + z))
            assert seen == pytest.approx(offset + cells[index], abs=0.51)


def test_a_line_stands_out_of_the_residual_and_leaves_the_continuum():
    flux = np.full((1, grid.PIXELS), 2.0)
    flux[0, 900:907] += 1.0
    ivar = np.full_like(flux, 25.0)
    inputs = grid.network_inputs(flux, ivar)
    residual = np.sinh(inputs["flux"][0, :, 0])
    assert residual[903] == pytest.approx(5.0, rel=0.02)
    assert np.abs(residual[:880]).max() < 0.05
    assert np.sinh(inputs["flux"][0, 903, 1]) == pytest.approx(10.0, rel=0.02)
    assert np.expm1(inputs["summary"][0, 1]) == pytest.approx(5.0 * np.sqrt(7), rel=0.02)


def test_the_inputs_do_not_depend_on_the_unit_of_flux():
    rng = np.random.default_rng(4)
    flux = 1 + 0.2 * rng.normal(size=(3, grid.PIXELS))
    ivar = np.full_like(flux, 25.0)
    ivar[:, 400:500] = 0
    first = grid.network_inputs(flux, ivar)
    second = grid.network_inputs(flux * 1e-17, ivar * 1e34)
    for name, value in first.items():
        np.testing.assert_allclose(second[name], value, atol=2e-4)


def test_worthless_pixels_say_nothing():
    rng = np.random.default_rng(5)
    flux = 1 + 0.2 * rng.normal(size=(1, grid.PIXELS))
    ivar = np.full_like(flux, 25.0)
    ivar[:, 700:800] = 0
    spoiled = flux.copy()
    spoiled[:, 700:800] = 1e6
    first, second = grid.network_inputs(flux, ivar), grid.network_inputs(spoiled, ivar)
    for name, value in first.items():
        np.testing.assert_allclose(second[name], value, atol=1e-6)
    assert not first["flux"][0, 700:800, [0, 1, 2, 3]].any()


def test_an_empty_spectrum_gives_finite_inputs():
    nothing = np.zeros((2, grid.PIXELS))
    for value in grid.network_inputs(nothing, nothing).values():
        assert np.isfinite(value).all()
