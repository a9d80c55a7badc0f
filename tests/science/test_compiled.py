"""Loops that Numba compiles: imported late, and not needed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from astrogui.science import compiled, redshift_scan, template_solve


def test_nothing_is_compiled_before_it_is_wanted():
    code = (
        "import sys; import astrogui.tasks.redshift, astrogui.science.redshift_scan;"
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_where_numba_cannot_be_imported_the_scan_has_its_other_way(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)  # import raises ImportError
    compiled.is_available.cache_clear()
    try:
        assert not compiled.is_available()
    finally:
        compiled.is_available.cache_clear()


def total(values):
    out = 0.0
    for value in values:
        out += value
    return out


def test_a_kernel_gives_what_its_loop_says():
    assert compiled.kernel(total)(np.arange(5.0)) == 10.0


def test_a_kernel_is_made_where_nothing_can_be_kept(monkeypatch):
    import numba

    def njit(function, **options):
        if options.pop("cache", False):
            raise RuntimeError("cannot cache function: no locator available")
        return numba.core.decorators.njit(function, **options)

    monkeypatch.setattr(numba, "njit", njit)
    assert compiled.kernel(total)(np.arange(4.0)) == 6.0


@pytest.mark.parametrize("cells", [200, 201, 70])
@pytest.mark.parametrize("seed", range(4))
def test_the_cells_to_make_sure_of_are_those_that_numpy_finds(cells, seed, monkeypatch):
    rng = np.random.default_rng(seed)
    chi2 = 900 + 40 * np.convolve(rng.normal(size=cells), np.ones(5), "same")
    found = []
    for is_compiled in (True, False):
        monkeypatch.setattr(redshift_scan, "is_available", lambda given=is_compiled: given)
        found.append(redshift_scan._unsure(chi2, float(chi2.min()), 6.0))
    np.testing.assert_array_equal(*found)
    assert found[0].size > 3


@pytest.mark.parametrize("cells", [40, 41, 7, 8])
def test_what_lies_between_is_the_same_both_ways(cells):
    from astrogui.science import template_kernels

    every = np.random.default_rng(2).uniform(0, 9, -(-cells // 2))
    one, other = template_kernels.between(every, cells), template_solve.between(every, cells)
    np.testing.assert_allclose(one, other, rtol=1e-12)
