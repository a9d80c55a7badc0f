"""Cross-matches and frames on the sky against astropy's coordinates."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.sky_frames import FRAMES, turned
from astrogui.science.sky_match import match_on_sky, nearest_on_sky, separation_arcsec

PLACES = {
    "north pole": (10.0, 89.9995, 360.0),
    "south pole": (200.0, -89.9999, 360.0),
    "across RA 0": (0.0, -1.0, 0.002),
    "mid-latitude": (336.6, 45.0, 0.003),
}


def scattered(place, count, seed):
    """Positions within a few arcsec of each other about a place of the sky."""
    random = np.random.default_rng(seed)
    ra, dec, spread = PLACES[place]
    longitude = (ra + random.uniform(-spread / 2, spread / 2, count)) % 360.0
    return longitude, np.clip(dec + random.uniform(-4e-4, 4e-4, count), -90, 90)


def coordinates(positions):
    from astropy.coordinates import SkyCoord

    return SkyCoord(*positions, unit="deg")


@pytest.mark.parametrize("place", PLACES)
def test_the_nearest_are_those_of_astropy(place):
    first, second = scattered(place, 300, 1), scattered(place, 250, 2)
    index, separation = nearest_on_sky(*first, *second)
    expected, there, _ = coordinates(first).match_to_catalog_sky(coordinates(second))
    assert np.array_equal(index, expected)
    assert separation == pytest.approx(there.arcsec, abs=1e-6)


@pytest.mark.parametrize("place", PLACES)
def test_all_pairs_are_those_of_astropy(place):
    first, second = scattered(place, 120, 3), scattered(place, 150, 4)
    pairs = match_on_sky(*first, *second, 1.0, "all")
    import astropy.units as u

    one, other, there, _ = coordinates(second).search_around_sky(coordinates(first), 1.0 * u.arcsec)
    assert set(zip(pairs.first, pairs.second, strict=True)) == set(zip(one, other, strict=True))
    assert np.sort(pairs.separation_arcsec) == pytest.approx(np.sort(there.arcsec), abs=1e-6)
    assert len(pairs) > 20


def test_a_mutual_match_uses_no_position_twice():
    ra = np.array([10.0, 10.0 + 0.5 / 3600, 20.0])
    other = np.array([10.0 + 0.1 / 3600, 20.0 + 0.3 / 3600])
    nearest = match_on_sky(ra, np.zeros(3), other, np.zeros(2), 1.0)
    assert nearest.second.tolist() == [0, 0, 1]
    mutual = match_on_sky(ra, np.zeros(3), other, np.zeros(2), 1.0, "mutual")
    assert (mutual.first.tolist(), mutual.second.tolist()) == ([0, 2], [0, 1])
    assert mutual.separation_arcsec == pytest.approx([0.1, 0.3], abs=1e-6)


def test_the_radius_is_the_limit_and_what_has_no_position_matches_nothing():
    ra, dec = np.array([5.0, np.nan, 5.0, 5.0]), np.array([1.0, 1.0, np.inf, -999.0])
    one, just_outside = [5.0], [1.0 + 1.0001 / 3600]
    for which in ("nearest", "mutual", "all"):
        assert len(match_on_sky(ra, dec, one, just_outside, 1.0, which)) == 0
        found = match_on_sky(ra, dec, one, just_outside, 1.001, which)
        assert (found.first.tolist(), found.second.tolist()) == ([0], [0])
        assert len(match_on_sky(ra, dec, [], [], 1.0, which)) == 0
        assert len(match_on_sky([], [], ra, dec, 1.0, which)) == 0
    with pytest.raises(ValueError, match="radius"):
        match_on_sky(ra, dec, one, just_outside, 0.0)
    with pytest.raises(ValueError, match="nearest"):
        match_on_sky(ra, dec, one, just_outside, 1.0, "best")


def test_separations_are_exact_for_the_smallest_and_the_largest():
    assert separation_arcsec(0, 0, 0, 1e-6 / 3600) == pytest.approx(1e-6, rel=1e-6)
    assert separation_arcsec(0, 0, 180.0, 1.0 / 3600) == pytest.approx(180 * 3600 - 1, abs=1e-6)
    assert separation_arcsec(359.9999, 0, 0.0001, 0) == pytest.approx(0.72, abs=1e-9)


@pytest.mark.parametrize("given", FRAMES)
@pytest.mark.parametrize("wanted", FRAMES)
def test_frames_agree_with_astropy(given, wanted):
    from astropy.coordinates import FK5, ICRS, BarycentricMeanEcliptic, Galactic, SkyCoord

    frames = {
        "icrs": ICRS(),
        "fk5": FK5(),
        "galactic": Galactic(),
        "ecliptic": BarycentricMeanEcliptic(),
    }
    random = np.random.default_rng(5)
    longitude = random.uniform(0, 360, 200)
    latitude = np.degrees(np.arcsin(random.uniform(-1, 1, 200)))
    expected = SkyCoord(longitude, latitude, unit="deg", frame=frames[given]).transform_to(
        frames[wanted]
    )
    there = expected.spherical
    got = turned(longitude, latitude, given, wanted)
    apart = separation_arcsec(*got, there.lon.deg, there.lat.deg)
    # The ecliptic of astropy also turns by the frame bias of 0.04 arcsec, ours does not.
    assert apart.max() < (0.06 if "ecliptic" in {given, wanted} and given != wanted else 1e-3)
    back = turned(*got, wanted, given)
    assert separation_arcsec(*back, longitude, latitude).max() < 1e-6


def test_a_frame_we_do_not_turn_is_refused():
    with pytest.raises(ValueError, match="fk4"):
        turned(0.0, 0.0, "fk4", "icrs")
