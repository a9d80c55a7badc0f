"""Loops that Numba compiles: imported late, and not needed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from astrogui.science import compiled


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
