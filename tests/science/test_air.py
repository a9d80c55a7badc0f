"""Air and vacuum wavelengths against published values."""

import numpy as np
import pytest

from astrogui.science.air import air_from_vacuum, vacuum_from_air


def test_air_wavelength_of_h_alpha_agrees_with_the_tables():
    assert air_from_vacuum(6564.61) == pytest.approx(6562.80, abs=0.01)


@pytest.mark.parametrize(
    ("vacuum", "air"), [(4862.68, 4861.325), (5008.240, 5006.843), (8544.44, 8542.09)]
)
def test_lines_agree_with_the_sdss_table(vacuum, air):
    assert air_from_vacuum(vacuum) == pytest.approx(air, abs=0.01)


def test_agrees_with_the_older_formula_of_morton():
    """Morton 1991 (after Edlén 1953): the two differ by less than 5e-8 in the optical."""
    vacuum = np.linspace(3000.0, 10000.0, 50)
    inverse = 1e8 / vacuum**2
    index = 1 + 6.4328e-5 + 2.94981e-2 / (146 - inverse) + 2.5540e-4 / (41 - inverse)
    assert np.allclose(vacuum / air_from_vacuum(vacuum), index, rtol=0, atol=5e-8)


def test_one_undoes_the_other_everywhere():
    air = np.concatenate([np.linspace(2000.0, 3000.0, 300), np.geomspace(3000.0, 3e5, 300)])
    assert np.allclose(air_from_vacuum(vacuum_from_air(air)), air, rtol=1e-12)


def test_the_far_ultraviolet_is_vacuum_already():
    wavelength = np.array([912.0, 1215.67, 1999.0])
    assert np.array_equal(vacuum_from_air(wavelength), wavelength)
    assert np.array_equal(air_from_vacuum(wavelength), wavelength)


def test_order_is_kept():
    assert np.all(np.diff(vacuum_from_air(np.linspace(1900.0, 2100.0, 2001))) > 0)
