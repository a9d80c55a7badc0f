"""DESI coadds: rows are targets, arms become one spectrum."""

import numpy as np
import pytest
import spectrum_samples as samples
from astropy.io import fits

from astrogui.errors import Damaged, NotRecognised
from astrogui.readers import read, recognise


@pytest.fixture
def coadd(tmp_path):
    path = tmp_path / "coadd.fits"
    samples.desi(path)
    return path


def test_each_target_is_a_source_and_sky_is_none(coadd):
    sources = recognise(str(coadd))
    assert [source.part for source in sources] == ["row 1", "row 2", "row 4"]
    assert sources[2].object_id == "39627000000000003"
    assert sources[2].ra_deg == 153.0


def test_a_target_is_chosen_in_brackets(coadd):
    (source,) = recognise(f"{coadd}[39627000000000001]")
    assert source.part == "row 2"
    (source,) = recognise(f"{coadd}[row 4]")
    assert source.object_id == "39627000000000003"


def test_overlaps_are_averaged_by_inverse_variance(coadd):
    spectrum = read(recognise(str(coadd))[0])
    blue, red = samples.flux(100)[90:], samples.flux(90)[:10]
    weight_blue, weight_red = samples.ivar(100)[90:], samples.ivar(90)[:10].copy()
    weight_red[4] = 0  # masked in the red arm, so that only the blue one counts
    expected = (blue * weight_blue + red * weight_red) / (weight_blue + weight_red)
    np.testing.assert_allclose(spectrum.flux[90:100], expected, rtol=1e-5)
    np.testing.assert_allclose(spectrum.ivar[90:100], weight_blue + weight_red, rtol=1e-5)


def test_the_joined_grid_is_that_of_the_arms(coadd):
    spectrum = read(recognise(str(coadd))[0])
    last = 3728.8 + 0.8 * 79
    expected = np.arange(3600.0, last + 0.4, 0.8)
    np.testing.assert_allclose(spectrum.wavelength_angstrom, expected, atol=1e-6)
    assert spectrum.mask[4]
    assert (spectrum.frame, spectrum.medium_in_file) == ("barycentric", "vacuum")


def test_rows_keep_to_themselves(coadd):
    first, second, _ = (read(source) for source in recognise(str(coadd)))
    np.testing.assert_allclose(second.flux, 2 * first.flux, rtol=1e-5)


def test_a_row_more_in_the_fibermap_is_damage(coadd):
    with fits.open(coadd) as file:
        data = file["B_FLUX"].data[:3]
        file["B_FLUX"].data = data
        file.writeto(coadd, overwrite=True)
    with pytest.raises(Damaged, match="4 rows are due"):
        recognise(str(coadd))


def test_a_table_of_redshifts_is_refused_by_its_nature(tmp_path):
    path = tmp_path / "redrock.fits"
    table = samples.table(
        "REDSHIFTS", Z=np.array([0.5]), ZWARN=np.array([0]), SPECTYPE=np.array(["GALAXY  "])
    )
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    with pytest.raises(NotRecognised, match="redshifts"):
        recognise(str(path))
