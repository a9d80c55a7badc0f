"""Redshifts from features: exact pairs come back, accidents come later, sky lists are sound."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.line_identity import feature_near, joint_redshift, proposals
from astrogui.science.line_lists import (
    LISTS,
    SKY_LINES,
    TELLURIC_BANDS,
    lines_of,
    lists_for,
)
from astrogui.science.lines import wavelength_of

ALL = lines_of(tuple(line_list.name for line_list in LISTS))


def test_two_lines_give_back_their_redshift():
    rest = [wavelength_of("Hβ"), wavelength_of("[O III] 5008")]
    z, error, misfit = joint_redshift([x * 1.3 for x in rest], [0.5, 0.5], rest)
    assert z == pytest.approx(0.3)
    assert misfit == pytest.approx(0.0, abs=1e-6)
    assert error == pytest.approx(1.3 * (0.5 / 6400) / np.sqrt(2), rel=0.03)


def test_lines_that_disagree_have_a_misfit_and_a_larger_error():
    z, error, misfit = joint_redshift([5000.0, 6000 * 1.001], [0.1, 0.1], [5000.0, 6000.0])
    assert 0 < z < 1e-3
    assert misfit == pytest.approx(299.6, abs=0.5)
    assert error > 1e-4


@pytest.mark.parametrize(
    ("first", "second", "z"),
    [("Hβ", "[O III] 5008", 0.31), ("Ca K", "Ca H", 0.55), ("C IV", "C III]", 2.1),
     ("[O II]", "[O III] 5008", 0.74), ("Hα", "[S II] 6718", 0.05)],
)  # fmt: skip
def test_the_true_pair_is_proposed_first(first, second, z):
    places = [wavelength_of(name) * (1 + z) for name in (first, second)]
    found = proposals((places[0] + 0.2, places[1] - 0.2), (0.3, 0.3), ALL)
    assert [line.name for line in found[0].lines] == [first, second]
    assert found[0].redshift == pytest.approx(z, abs=3e-4)


def test_the_order_of_the_clicks_does_not_matter():
    places = (wavelength_of("[O III] 5008") * 1.2, wavelength_of("Hβ") * 1.2)
    best = proposals(places, (0.3, 0.3), ALL)[0]
    assert [line.name for line in best.lines] == ["[O III] 5008", "Hβ"]


def test_one_feature_clicked_twice_proposes_nothing():
    assert proposals((5000.0, 5000.0), (0.1, 0.1), ALL) == []


def spectrum(centre=5000.3, height=20.0, noise=1.0, seed=1):
    random = np.random.default_rng(seed)
    x = np.arange(4800.0, 5200.0)
    y = 5 + height * np.exp(-0.5 * ((x - centre) / 3) ** 2) + random.normal(0, noise, x.size)
    return x, y, np.full(x.size, 1 / noise**2), np.ones(x.size, bool)


@pytest.mark.parametrize("height", [20.0, -15.0])
def test_a_click_beside_a_feature_finds_its_centroid(height):
    pulls = []
    for seed in range(60):
        place, error = feature_near(*spectrum(height=height, seed=seed), 5003.0, 15.0)
        pulls.append((place - 5000.3) / error)
    assert np.median(np.abs(pulls)) < 1.5
    assert abs(np.mean(pulls)) < 0.6


def test_a_click_on_nothing_stays_where_it_is():
    x, _, ivar, good = spectrum()
    assert feature_near(x, np.full(x.size, 5.0), ivar, good, 4900.0, 10.0) == (4900.0, 10.0 / 3)


def test_every_list_names_each_line_once_in_the_right_order_of_size():
    for line_list in LISTS:
        names = [line.name for line in lines_of((line_list.name,))]
        assert len(names) == len(set(names)) >= 10
    places = [line.wavelength_angstrom for line in ALL]
    assert places == sorted(places)
    assert all(900 < place < 25_000 for place in places)


def test_lines_asked_for_again_are_not_sought_again():
    """A millisecond at each step of a line that is dragged, and three for each next spectrum."""
    assert lines_of(("emission", "quasar")) is lines_of(("emission", "quasar"))


def test_each_class_begins_with_lines_of_its_own():
    assert lists_for("STAR") == ("star",)
    assert "quasar" in lists_for("QSO")
    assert lists_for("GALAXY") == lists_for("") == ("emission", "absorption")


def test_the_lines_of_the_sky_stand_in_the_sky_of_a_real_spectrum(real_data):
    """SDSS keeps the sky it took away: its peaks are where the strong lines are said to be."""
    fits = pytest.importorskip("astropy.io.fits")
    with fits.open(real_data / "spectra/sdss/spec-0266-51602-0001.fits") as file:
        table = file[1].data
        x, sky = 10.0 ** table["loglam"].astype(float), table["sky"].astype(float)
    for place, name in SKY_LINES:
        if name == "OH" and 7200 < place < 8950 and not 8340 < place < 8440:
            near = np.abs(x - place) < 6
            peak = x[near][np.argmax(sky[near])]
            assert peak == pytest.approx(place, abs=2.5), (place, name)
    assert all(low < high for low, high, _ in TELLURIC_BANDS)
