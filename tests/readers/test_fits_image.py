"""FITS images: what is read of the pixels and of the header, and what is said of the rest."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from samples import sky_header, sky_pixels

from astrogui.errors import Damaged, FileProblem, MissingMetadata
from astrogui.readers import read, recognise
from astrogui.readers.fits_structure import axes_of
from astrogui.readers.fits_tile import checksum
from astrogui.readers.fits_wcs import sky_coordinates
from astrogui.readers.reader import Head


def written(path, header=None, pixels=None, **cards):
    """A FITS file of one image with these cards added to a header with sky coordinates."""
    header = sky_header() if header is None else header
    header.update(cards)
    fits.PrimaryHDU(sky_pixels() if pixels is None else pixels, header).writeto(path)
    return str(path)


def only(path):
    (source,) = recognise(path)
    return read(source)


def whole(image):
    return image.section(0, image.shape[0], 0, image.shape[1])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "image.fits"


def test_plain_pixels_stay_on_disk_and_are_read_by_section(path):
    image = only(written(path))
    assert image.pixels is None
    np.testing.assert_array_equal(image.section(5, 9, 3, 30), sky_pixels()[5:9, 3:30])


def test_pixels_of_a_file_cut_while_it_is_open_are_refused(path):
    image = only(written(path))
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(Damaged, match="pixels end"):
        whole(image)


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "i8", "f4", "f8"])
def test_every_type_of_pixel_is_read(path, dtype):
    pixels = np.arange(200).reshape(10, 20).astype(dtype)
    np.testing.assert_array_equal(whole(only(written(path, pixels=pixels))), pixels)


def test_unsigned_integers_are_read_as_such(path):
    pixels = np.array([[0, 1], [40000, 65535]], np.uint16)
    np.testing.assert_array_equal(whole(only(written(path, pixels=pixels))), pixels)


def test_blank_is_ignored_in_floating_point_images(path):
    written(path)
    content = path.read_bytes()
    card = b"BLANK   =                    0".ljust(80)
    path.write_bytes(content.replace(b"END".ljust(80), card + b"END".ljust(80), 1)[:2880]
                     + content[2880:])  # fmt: skip
    pixels = sky_pixels()
    np.testing.assert_array_equal(whole(only(str(path))), pixels)


@pytest.mark.parametrize("cards", [{"BSCALE": 0.0}, {"BZERO": 1e300}])
def test_a_scale_that_gives_no_pixel_values_is_refused(path, cards):
    written(path, XXSCALE=1.0)
    ((keyword, value),) = cards.items()
    content = path.read_bytes().replace(b"XXSCALE =                  1.0",
                                        b"%-8s= %20.10E" % (keyword.encode(), value))  # fmt: skip
    path.write_bytes(content)
    with pytest.raises(Damaged, match="give no pixel values"):
        only(str(path))


def test_the_centre_and_scale_agree_with_astropy(path):
    (source,) = recognise(written(path))
    due = WCS(sky_header()).all_pix2world([[19.5, 14.5]], 0)[0]
    assert (source.ra_deg, source.dec_deg) == pytest.approx(due, abs=1e-9)
    assert source.pixel_scale_arcsec == pytest.approx(0.36, rel=1e-6)


def test_a_galactic_image_has_its_centre_in_icrs(path):
    cards = {"CTYPE1": "GLON-CAR", "CTYPE2": "GLAT-CAR", "CRVAL1": 0.0, "CRVAL2": 0.0}
    header = sky_header(**cards, CRPIX1=20.5, CRPIX2=15.5)
    del header["RADESYS"]
    (source,) = recognise(written(path, header))
    # the galactic centre in ICRS: Reid & Brunthaler 2004, ApJ 616, 872, to the arcminute
    assert (source.ra_deg, source.dec_deg) == pytest.approx((266.405, -28.936), abs=0.01)


def test_an_image_of_1950_has_its_centre_in_icrs(path):
    header = sky_header(CRVAL1=0.0, CRVAL2=0.0, CRPIX1=20.5, CRPIX2=15.5, EQUINOX=1950.0)
    header["RADESYS"] = "FK4"
    (source,) = recognise(written(path, header))
    assert (source.ra_deg, source.dec_deg) == pytest.approx((0.6407, 0.2784), abs=0.001)


@pytest.mark.parametrize(
    ("cards", "words"),
    [
        ({"CTYPE1": "RA---TNX", "CTYPE2": "DEC--TNX"}, "TNX is not applied"),
        ({"CTYPE1": "RA---XYZ", "CTYPE2": "DEC--XYZ"}, "XYZ is not applied"),
        ({"CTYPE1": "DETX", "CTYPE2": "DETY"}, "not sky coordinates"),
        ({"CD1_2": 0.0}, "broken|no finite pixel scale"),
        ({"CD1_2": 1e99}, "broken|no finite pixel scale"),
    ],
)
def test_sky_coordinates_that_cannot_be_used_are_left_out_and_told(path, cards, words):
    (source,) = recognise(written(path, **cards))
    assert (source.has_wcs, source.ra_deg) == (False, None)
    assert any(re.search(words, remark) for remark in source.remarks)
    assert read(source).wcs() is None


def test_a_header_without_sky_says_so(path):
    (source,) = recognise(written(path, fits.Header()))
    assert "no sky coordinates in the header" in source.remarks


def test_only_finite_numbers_of_known_keywords_reach_the_record():
    header = {**sky_header(), "CRVAL1": 150.0, "PV1_1": math.inf, "A_ORDER": 2, "EVIL1": 5.0}
    header["CD1_1"] = "text"
    found = sky_coordinates(header, (30, 40)).header
    assert not {"PV1_1", "EVIL1", "A_ORDER", "CD1_1"} & found.keys()
    assert {type(value) for value in found.values()} <= {int, float, str}


def test_a_tan_with_a_scamp_polynomial_is_taken_as_tpv():
    header = {**sky_header(), "PV1_1": 1.0, "PV1_7": 0.1, "PV2_1": 1.0, "PV2_7": 0.1}
    assert sky_coordinates(header, (30, 40)).header["CTYPE1"] == "RA---TPV"


def test_sip_beside_a_scamp_polynomial_counts_alone(path):
    cards = {"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "PV1_1": 1.0, "PV1_7": 0.1}
    orders = {"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 1e-5}
    image = only(written(path, **cards, **orders))
    due = WCS(sky_header(CTYPE1="RA---TAN-SIP", CTYPE2="DEC--TAN-SIP", **orders))
    found = image.wcs().all_pix2world([[0, 0], [39, 29]], 0)
    np.testing.assert_allclose(found, due.all_pix2world([[0, 0], [39, 29]], 0), atol=1e-10)


@pytest.mark.parametrize(
    ("cards", "band"),
    [
        ({"FILTER": "r DECam SDSS c0002 6415.0 1480.0"}, "r"),
        ({"FILTER": "DECAM_g"}, "g"),
        ({"FILTER": "NIR_Y"}, "NIR_Y"),
        ({"FILTER": "zd DECam k1038"}, "z"),
        ({"FILTER": "CLEAR", "FILTER2": "F606W"}, "F606W"),
        ({"FILTER": "", "FILT_ID": "OCAM_g_SDSS"}, "g"),
        ({"FILTER": ""}, ""),
    ],
)
def test_bands_are_named_in_short(path, cards, band):
    (source,) = recognise(written(path, **cards))
    assert source.band == band


@pytest.mark.parametrize(
    ("cards", "zero_point"),
    [
        ({"BUNIT": "nanomaggies"}, 22.5),
        ({"BUNIT": "adu", "MAGZERO": 27.0}, 27.0),
        ({"BUNIT": "adu", "MAGZERO": 27.0, "MAGSYS": "VEGA"}, None),
        ({"BUNIT": "adu"}, None),
        # F814W of HST/ACS: AB zero point 25.94 (Bohlin 2016, AJ 152, 60)
        ({"BUNIT": "ELECTRONS/S", "PHOTFLAM": 7.0723600e-20, "PHOTPLAM": 8045.53}, 25.94),
    ],
)
def test_zero_points(path, cards, zero_point):
    found = only(written(path, **cards)).zero_point_ab
    assert found == (None if zero_point is None else pytest.approx(zero_point, abs=0.005))


def test_gain_and_saturation_are_given_only_in_the_unit_of_the_image(path, tmp_path):
    counts = only(written(path, BUNIT="adu", GAIN=2.5, SATURATE=60000.0))
    fluxes = only(written(tmp_path / "b.fits", BUNIT="MJy/sr", GAIN=2.5, SATURATE=60000.0))
    assert (counts.gain, counts.saturation) == (2.5, 60000.0)
    assert (fluxes.gain, fluxes.saturation) == (None, None)


def test_supporting_maps_come_after_pictures(tmp_path):
    path = tmp_path / "many.fits"
    hdus = [fits.PrimaryHDU()]
    for name in ("WHT", "SCI", "SCI_PSF", "DQ"):
        hdus.append(fits.ImageHDU(sky_pixels(), sky_header(), name=name))
    hdus.append(fits.ImageHDU(np.arange(40.0), name="VECTOR"))
    fits.HDUList(hdus).writeto(path)
    sources = recognise(str(path))
    assert [(s.part, s.supporting) for s in sources] == [
        ("SCI", False), ("WHT", True), ("SCI_PSF", True), ("DQ", True),
    ]  # fmt: skip


def test_names_that_occur_twice_are_told_apart(tmp_path):
    path = tmp_path / "twice.fits"
    hdus = [fits.ImageHDU(sky_pixels() + n, name="SCI", ver=n) for n in (1, 2)]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    assert [source.part for source in recognise(str(path))] == ["SCI,1", "SCI,2"]
    (second,) = recognise(f"{path}[SCI,2]")
    np.testing.assert_array_equal(whole(read(second)), sky_pixels() + 2)


def test_planes_of_a_cube_are_offered_and_many_are_not(path, tmp_path):
    stack = np.stack([sky_pixels() + n for n in range(3)])
    parts = recognise(written(path, pixels=stack))
    assert [source.part for source in parts] == ["0 plane 1", "0 plane 2", "0 plane 3"]
    np.testing.assert_array_equal(whole(read(parts[2])), stack[2])
    many = written(tmp_path / "many.fits", pixels=np.zeros((40, 30, 40), np.float32))
    assert [source.part for source in recognise(many)] == [""]
    with pytest.raises(MissingMetadata, match="no such image"):
        recognise(f"{many}[0 plane 41]")


def test_cards_that_break_the_standard_are_left_out(path):
    written(path, XBAD=1.0)
    bad = b"XBAD    = 'no end \x01\xff".ljust(30)
    path.write_bytes(path.read_bytes().replace(b"XBAD    =                  1.0", bad))
    head = Head(str(path))
    assert "XBAD" not in head.fits_headers[0]
    assert axes_of(head.fits_headers[0]) == (40, 30)


def test_what_follows_the_last_hdu_must_be_nothing(path):
    written(path)
    whole_file = path.read_bytes()
    path.write_bytes(whole_file + bytes(2880))
    assert len(recognise(str(path))) == 1
    path.write_bytes(whole_file + b"something else".ljust(2880))
    with pytest.raises(FileProblem, match="no header begins here"):
        recognise(str(path))


def test_the_checksum_is_that_of_astropy(path):
    fits.PrimaryHDU(sky_pixels(), sky_header()).writeto(path, checksum=True)
    header = fits.getheader(path)
    data = path.read_bytes()[len(header.tostring()) :]
    assert checksum(data) == int(header["DATASUM"])


def test_a_sum_that_disagrees_is_told(tmp_path):
    path = tmp_path / "tiles.fits.fz"
    hdu = fits.CompImageHDU(sky_pixels(), sky_header(), compression_type="GZIP_2")
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, checksum=True)
    assert not any("checksum" in note for note in only(str(path)).notes)
    content = path.read_bytes()
    at = content.rindex(b"DATASUM = '") + len(b"DATASUM = '")
    path.write_bytes(content[:at] + b"12345" + content[at + 5 :])
    assert any("checksum" in note for note in only(str(path)).notes)
