"""What is compiled of finding peaks gives what numpy gives."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.redshift_peaks import find_peaks

pytest.importorskip("numba")


def a_density(rng, cells=400):
    """Some peaks of different height and width, at the ends too, on little or nothing."""
    place = np.arange(cells)
    # Nowhere even: which of two windows that hold the same comes first is left to rounding.
    mass = rng.choice([0.0, 1e-12, 1e-5]) * rng.uniform(0.5, 1.5, (3, cells))
    for row in range(3):
        for _ in range(rng.integers(0, 7)):
            centre, width = (
                rng.choice([0, cells - 1, *rng.integers(0, cells, 4)]),
                rng.uniform(1, 9),
            )
            mass[row] += 10 ** rng.uniform(-9, 0) * np.exp(-0.5 * ((place - centre) / width) ** 2)
    return mass / max(mass.sum(), 1e-30)


@pytest.mark.parametrize("seed", range(30))
def test_the_peaks_are_those_that_numpy_finds(seed):
    rng = np.random.default_rng(seed)
    mass, edges = a_density(rng), np.exp(np.linspace(0, 2, 401)) - 1
    for count in (1, 4):
        ours, theirs = (
            find_peaks(mass, edges, (7, 22, 7), count, compiled=compiled)
            for compiled in (True, False)
        )
        for mine, plain in zip(ours, theirs, strict=True):
            assert [(p.class_index, p.cell, p.first, p.last) for p in mine] == [
                (p.class_index, p.cell, p.first, p.last) for p in plain
            ]
            for one, other in zip(mine, plain, strict=True):
                assert one.probability == pytest.approx(other.probability, rel=1e-12)
                assert one.redshift == pytest.approx(other.redshift, rel=1e-12)
