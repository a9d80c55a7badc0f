"""The star/galaxy analysis on simulated fields: what is found, prepared and decoded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from astrogui.errors import Unsuitable, UsageProblem
from astrogui.records.flags import Flag
from astrogui.records.image import Field, Image
from astrogui.records.model_card import ModelCard
from astrogui.records.source import Source
from astrogui.science import photometry
from astrogui.tasks import sources, star_galaxy
from astrogui.tasks.task import Model
from astrogui.training.simulate_image import SkySettings, simulate
from astrogui.training.star_galaxy_examples import match, sky_field

SETTINGS = SkySettings(shape=(500, 620), star_factor=3.0, artefacts=False)


@pytest.fixture(scope="module")
def sky():
    return simulate(SETTINGS, np.random.default_rng(21))


@pytest.fixture(scope="module")
def answered(sky):
    record = sky_field(sky, "ugriz")
    places = places_of(record)
    return record, places, star_galaxy.prepare(record, places, None, {})


def places_of(record):
    return [place for batch in sources.find(record, None, {}) for place in batch]


def model(**calibration):
    card = ModelCard(
        task="star_galaxy", name="n", version="1", title="t", summary="s", network="a:b",
        network_config={}, inputs=(), outputs=(),
        calibration={"pooled_spread": [0.2, 0.1], **calibration},
    )  # fmt: skip
    return Model(card=card, assets={})


def truth_of(sky, places):
    return match(
        sky,
        np.array([place.x_pixel for place in places]),
        np.array([place.y_pixel for place in places]),
    )


def test_sources_are_found_where_they_were_put_with_their_sky_position(sky, answered):
    _, places, _ = answered
    truth = truth_of(sky, places)
    bright = (sky.magnitude[:, 2] < 21) & (np.abs(sky.x - 310) < 300) & (np.abs(sky.y - 250) < 240)
    assert np.isin(np.flatnonzero(bright), truth).mean() > 0.9
    first = places[0]
    assert first.values["x"] == first.x_pixel + 1
    # x runs along Dec and y along RA; the reference point (30, 2) is the middle of the frame.
    scale = 0.396 / 3600
    assert first.dec_deg == pytest.approx(2 + (first.x_pixel - 309.5) * scale, abs=1e-5)
    expected_ra = 30 + (first.y_pixel - 249.5) * scale / np.cos(np.radians(2))
    assert first.ra_deg == pytest.approx(expected_ra, abs=1e-5)
    assert len({place.label for place in places}) == len(places)


def test_magnitudes_agree_in_every_band_although_the_bands_are_shifted(sky, answered):
    _, places, arrays = answered
    truth = truth_of(sky, places)
    star = (truth >= 0) & ~sky.is_galaxy[truth] & (sky.magnitude[truth, 2] < 20)
    star &= ~arrays["_blended"] & ~arrays["_edge"]
    assert star.sum() > 10
    for band in range(1, 5):
        error = arrays["_magnitude"][star, band] - sky.magnitude[truth[star], band]
        assert abs(np.nanmedian(error)) < 0.1


def test_stars_look_like_points_and_galaxies_do_not(sky, answered):
    _, places, arrays = answered
    truth = truth_of(sky, places)
    bright = (truth >= 0) & (sky.magnitude[truth, 2] < 21.0)
    gain = arrays["_measure_gain"][..., 1].sum(axis=1)
    galaxy = sky.is_galaxy[truth]
    assert np.median(gain[bright & ~galaxy]) < 0 < np.median(gain[bright & galaxy])


def test_shapes_and_names_are_those_of_the_card(answered):
    _, places, arrays = answered
    count, size = len(places), 24
    assert arrays["image"].shape == (count, size, size, 10)
    assert arrays["catalogue"].shape == (count, photometry.VECTOR_LENGTH)
    assert all(np.isfinite(arrays[name]).all() for name in ("image", "catalogue"))
    assert all(name.startswith("_") for name in arrays if name not in {"image", "catalogue"})


def test_a_source_gets_the_same_numbers_alone_as_among_others(answered):
    record, places, arrays = answered
    chosen = [5, 17]
    alone = star_galaxy.prepare(record, [places[k] for k in chosen], None, {})
    for name in ("image", "catalogue", "_flux"):
        np.testing.assert_allclose(alone[name], arrays[name][chosen], rtol=1e-4, atol=1e-4)


def test_one_band_is_enough_and_the_others_are_left_empty(sky):
    record = sky_field(sky, "i", calibrated=False)
    places = places_of(record)
    arrays = star_galaxy.prepare(record, places[:40], None, {})
    present = arrays["_present"]
    assert present[:, 3].all()
    assert not present[:, [0, 1, 2, 4]].any()
    assert not arrays["image"][..., [0, 1, 2, 4, 5, 6, 7, 9]].any()
    assert np.isnan(arrays["_magnitude"]).all()


def test_a_band_without_a_wcs_is_left_out_of_a_field(sky):
    record = sky_field(sky, "rg")
    bare = replace(record.images[1], wcs_header={})
    assert sources.ordered_images(Field(images=(record.images[0], bare))) == [record.images[0]]
    order = [image.band for image in sources.ordered_images(sky_field(sky, "zgur"))]
    assert order == ["r", "g", "z", "u"]


def test_pixels_without_a_wcs_are_answered_by_pixel(sky):
    record = Field(images=(Image(pixels=sky.pixels[2]),))
    places = places_of(record)
    assert places[0].ra_deg is None
    assert np.isnan(places[0].values["a"])
    assert np.isfinite(star_galaxy.prepare(record, places, None, {})["catalogue"]).all()


def test_colour_pictures_and_stamps_are_refused_in_words():
    for pixels in (np.zeros((300, 300, 3), np.float32), np.zeros((64, 64), np.float32)):
        with pytest.raises(Unsuitable, match="at least 100 pixels"):
            places_of(Field(images=(Image(pixels=pixels),)))


def test_bad_pixels_and_edges_become_flags(sky):
    pixels = sky.pixels[2].copy()
    whole = sky_field(sky, "r")
    place = max(places_of(whole), key=lambda p: pixels[round(p.y_pixel), round(p.x_pixel)])
    row, column = round(place.y_pixel), round(place.x_pixel)
    pixels[row + 2, column + 1] = np.nan
    pixels[:, :3] += 2.0
    record = Field(images=(replace(whole.images[0], pixels=pixels),))
    places = places_of(record)
    posteriors = decoded(record, places)
    near = np.argmin([np.hypot(p.x_pixel - column, p.y_pixel - row) for p in places])
    assert Flag.MASKED_CORE in posteriors[near].flags
    assert any(Flag.EDGE_OF_IMAGE in posterior.flags for posterior in posteriors)
    assert any(Flag.LOW_SIGNAL in posterior.flags for posterior in posteriors)


def decoded(record, places, logit=1.0, options=None, **calibration):
    prepared = star_galaxy.prepare(record, places, model(**calibration), options or {})
    outputs = {
        "logit": np.full((len(places), 3), logit, np.float32),
        "novelty": np.linspace(0.1, 1.5, len(places), dtype=np.float32)[:, None],
        "features": 1 + np.arange(6 * len(places), dtype=np.float32).reshape(len(places), 6),
    }
    return star_galaxy.decode(outputs, prepared, record, places, model(**calibration))


def test_an_answer_has_probabilities_their_spread_photometry_and_novelty(answered):
    record, places, _ = answered
    posteriors = decoded(record, places)
    first, last = posteriors[0], posteriors[-1]
    assert first.curves["features"].tolist() == [0, 1, 2, 3, 4, 5]  # as the network's, less 1
    assert first.probability("galaxy") == pytest.approx(1 / (1 + np.exp(-1.0)))
    low, high = first.probability_interval("star", 0.9)
    assert low < first.probability("star") < high
    narrow = first.probability_interval("star", 0.68)
    assert low < narrow[0] < narrow[1] < high
    assert first.most_probable_class == "galaxy"
    assert Flag.NOVEL not in first.flags
    assert Flag.NOVEL in last.flags
    named = {column.name for column in sources.band_columns("ugriz")} | {"flux_unit"}
    assert len(named) == 16
    assert first.extras["flux_unit"] == "nanomaggy"
    assert all(set(posterior.extras) <= named for posterior in posteriors)
    assert sum(set(posterior.extras) == named for posterior in posteriors) > len(places) / 2


def test_units_of_bands_that_differ_are_named_by_band(sky):
    record = sky_field(sky, "gr")
    counts = replace(record.images[0], unit="count")
    mixed = Field(images=(counts, record.images[1]))
    assert decoded(mixed, places_of(mixed)[:2])[0].extras["flux_unit"] == "g: count, r: nanomaggy"


def test_a_stated_share_of_stars_moves_the_answer_by_bayes_theorem(answered):
    record, places, _ = answered
    prior = {
        "magnitude_r": [14.0, 26.0], "star_fraction": [0.5, 0.5], "typical_magnitude_r": 22.0,
    }  # fmt: skip
    stated = decoded(record, places[:3], options={"star_fraction": "0.2"}, prior=prior)
    odds = np.exp(1.0) * (0.8 / 0.2)
    assert stated[0].probability("galaxy") == pytest.approx(odds / (1 + odds))
    with pytest.raises(UsageProblem, match="between 0 and 1"):
        decoded(record, places[:3], options={"star_fraction": "many"}, prior=prior)


SURROUNDINGS = {
    "star_densities": [0.3, 3.0], "stars_per_deg2": 2700.0, "galaxies_per_deg2": 130.0,
    "neighbour_fwhm": [1.0, 3.0], "neighbour_logit": -0.8,
}  # fmt: skip


def test_a_frame_full_of_stars_makes_its_sources_more_likely_stars(answered):
    record, places, arrays = answered
    near = arrays["_separation"] < 3
    posteriors = decoded(record, places, surroundings=SURROUNDINGS)
    density = posteriors[0].extras["star_density"]
    assert density == pytest.approx(3.0, rel=0.35)  # as the frame was simulated, of 50 stars
    odds = np.array([p.probability("galaxy") / p.probability("star") for p in posteriors])
    mean = 2.7 / np.log(10)
    assert odds[~near] == pytest.approx(np.e * mean / density, rel=1e-3)
    assert (odds[near] < odds[~near].min()).all()
    assert 0 < near.sum() < len(near) / 2


def test_at_the_mean_density_the_count_is_told_but_not_taken(answered):
    record, places, arrays = answered
    alone = int(np.argmax(arrays["_separation"]))
    mean = {"star_density": "mean"}
    posterior = decoded(record, places, options=mean, surroundings=SURROUNDINGS)[alone]
    assert posterior.probability("galaxy") == pytest.approx(1 / (1 + np.exp(-1.0)))
    assert posterior.extras["star_density"] > 2


def test_one_source_alone_is_told_the_same_of_its_frame(answered):
    record, places, arrays = answered
    alone = star_galaxy.prepare(record, places[7:8], None, {})
    for name in ("_compact", "_area_deg2", "_separation"):
        assert alone[name][0] == pytest.approx(arrays[name][7])


def test_a_stated_density_replaces_the_counted_one(answered):
    record, places, _ = answered
    stated = decoded(record, places, options={"star_density": "1.5"}, surroundings=SURROUNDINGS)
    odds = max(p.probability("galaxy") / p.probability("star") for p in stated)
    assert odds == pytest.approx(np.e * 2.7 / np.log(10) / 1.5, rel=1e-3)
    with pytest.raises(UsageProblem, match="star_density is a number above 0"):
        decoded(record, places, options={"star_density": "-1"}, surroundings=SURROUNDINGS)


def test_without_magnitudes_or_scale_no_stars_are_counted(sky):
    bare = sky_field(sky, "r", calibrated=False)
    other = sky_field(sky, "i")
    unscaled = Field(images=(replace(sky_field(sky, "r").images[0], pixel_scale_arcsec=None),))
    for record in (bare, other, unscaled):
        places = places_of(record)[:30]
        assert not star_galaxy.prepare(record, places, None, {})["_area_deg2"].any()
        posteriors = decoded(record, places, surroundings=SURROUNDINGS)
        assert "star_density" not in posteriors[0].extras
        assert max(p.probability("galaxy") for p in posteriors) == pytest.approx(
            1 / (1 + np.exp(-1.0)), rel=1e-3
        )


def test_parts_of_a_frame_without_sky_are_no_area(sky):
    record = sky_field(sky, "r")
    pixels = record.images[0].pixels.copy()
    pixels[:200], pixels[200:250] = np.nan, 0.0
    half = Field(images=(replace(record.images[0], pixels=pixels),))
    whole, part = (
        star_galaxy.prepare(frame, places_of(frame)[-5:], None, {})["_area_deg2"][0]
        for frame in (record, half)
    )
    assert part == pytest.approx(whole * 250 / 500, rel=0.01)


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({}, True),
        ({"is_colour": True}, False),
        ({"supporting": True}, False),
        ({"shape": (64, 64)}, False),
        ({"shape": (5, 400, 400)}, False),
        ({"kind": "spectrum"}, False),
        ({"pixel_scale_arcsec": 0.05}, False),
        ({"pixel_scale_arcsec": None}, True),
    ],
)
def test_headers_decide_what_is_accepted(change, accepted):
    source = Source(
        path="a.fits", kind="image", format="FITS image", shape=(400, 400), pixel_scale_arcsec=0.4
    )
    assert sources.accepts(replace(source, **change)) is accepted
