"""Simulated lenses: rendered where the optics puts them, observed as pictures are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from astrogui.training import lens_examples, lens_others, observe_lens, simulate_lens
from astrogui.training.lens_card import PRIOR
from astrogui.training.lens_others import draw_other
from astrogui.training.lens_population import (
    LEAST_MAGNIFICATION,
    draw_lens,
    half_light_radius_behind,
    red_magnitudes,
)
from astrogui.training.lens_scene import Curve, Profile, Scene, flux, light_of
from astrogui.training.lens_shares import KINDS, LOOK_ALIKES, OF_SURVEY, mixture

SIZE = simulate_lens.SIZE


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    counts = {
        f"{where}-{what}": 6 for where in ("ground", "space") for what in ("lenses", "others")
    }
    folder = tmp_path_factory.mktemp("renderings")
    return lens_examples.rendered_bank(folder, "test", counts, 3, lambda words: None)


def point(x, y, magnitude):
    return Profile(x=x, y=y, radius=0.3, index=1.0, axis_ratio=1.0, angle=0.0,
                   magnitude=(magnitude,) * 3)  # fmt: skip


def sphere(radius):
    return {"einstein_radius": radius, "axis_ratio": 1.0, "angle": 0.0, "shear": 0.0,
            "shear_angle": 0.0}  # fmt: skip


def test_a_rendered_galaxy_keeps_its_flux_in_every_band():
    scene = Scene(kind="red galaxy", front=[point(0.0, 0.0, 20.0)])
    one = simulate_lens.render(scene, np.random.default_rng(0), space=False)
    assert one.front.sum(axis=(1, 2)) == pytest.approx(flux((20.0,) * 3), rel=0.05)
    assert not one.arcs.any()


def test_a_source_in_line_with_its_lens_is_a_ring_magnified_as_theory_says():
    scene = Scene(kind="lens", front=[], arcs=[point(0.0, 0.0, 23.0)], lens=sphere(3.0))
    one = simulate_lens.render(scene, np.random.default_rng(1), space=False)
    ring = one.arcs[1]
    rows, columns = np.indices(ring.shape)
    middle = [(ring * axis).sum() / ring.sum() for axis in (rows, columns)]
    radius = np.hypot(rows - middle[0], columns - middle[1])
    scale = 0.27  # the field's own differs by up to 12 %
    assert (ring * radius).sum() / ring.sum() * scale == pytest.approx(3.0, rel=0.15)
    # Of a sphere, a disc of the source plane of radius s becomes a ring of area 4 pi s theta.
    assert one.magnification == pytest.approx(2 * 3.0 * (1 / 0.3) * 1.678 / 1.0, rel=0.1)


def test_red_galaxies_are_redder_and_fainter_the_farther_they_are():
    near, far = red_magnitudes(0.2, 1.0), red_magnitudes(0.6, 1.0)
    assert near[0] - near[1] == pytest.approx(1.25)
    assert far[1] - far[2] == pytest.approx(1.0)
    assert far[2] > near[2] + 2
    assert red_magnitudes(0.4, 10.0)[2] == pytest.approx(red_magnitudes(0.4, 1.0)[2] - 2.5)


def test_a_whole_ring_is_whole_and_a_part_lies_where_it_is_put():
    axis = np.linspace(-4, 4, 161, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    shape = {"x": 0.0, "y": 0.0, "radius": 2.0, "width": 0.3, "axis_ratio": 1.0, "angle": 0.0,
             "magnitude": (20.0, 20.0, 20.0)}  # fmt: skip
    whole = light_of(Curve(**shape, middle=0.0, opening=np.inf), x, y)
    assert (whole * x).sum() == pytest.approx(0, abs=1e-2 * float(whole.sum()))
    part = light_of(Curve(**shape, middle=np.pi / 2, opening=0.4), x, y)
    assert (part * y).sum() / part.sum() == pytest.approx(2.0, rel=0.15)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_lens_has_a_middle_and_no_arcs(kind):
    scene = draw_other(np.random.default_rng(4), space=False, kind=kind)
    assert scene.lens is None
    assert not scene.arcs
    assert scene.front
    one = simulate_lens.render(scene, np.random.default_rng(4), space=False)
    assert np.isfinite(one.front).all()
    assert one.front.min() > -1e-2 * one.front.max()


def test_a_drawn_lens_has_a_galaxy_and_a_source_within_its_reach():
    rng = np.random.default_rng(5)
    for _ in range(20):
        scene = draw_lens(rng, space=False)
        assert scene.lens is not None
        source = scene.arcs[0]
        assert np.hypot(source.x, source.y) <= 0.9 * scene.lens["einstein_radius"]
        assert 0.7 < scene.lens["einstein_radius"] < 7


def test_some_lenses_that_are_trained_on_show_one_arc_and_a_survey_s_more():
    rng = np.random.default_rng(15)
    scenes = [draw_lens(rng, space=False) for _ in range(600)]
    far = np.array([scene.least_magnification < LEAST_MAGNIFICATION for scene in scenes])
    assert far.mean() == pytest.approx(LOOK_ALIKES.shares.one_sided, abs=0.05)
    offset = np.array(
        [np.hypot(s.arcs[0].x, s.arcs[0].y) / s.lens["einstein_radius"] for s in scenes]
    )
    assert offset[far].min() >= 0.3
    assert offset[far].max() > 0.75
    assert offset[~far].max() <= 0.6
    survey = [draw_lens(rng, False, OF_SURVEY.shares) for _ in range(100)]
    assert {scene.least_magnification for scene in survey} == {LEAST_MAGNIFICATION}


def test_a_distant_disc_has_a_middle_redder_than_what_is_around_it():
    rng = np.random.default_rng(16)
    redder, half_light = [], []
    for _ in range(40):
        disc, bulge = lens_others._distant_disc(rng, space=False)[:2]
        redder.append((bulge.magnitude[0] - bulge.magnitude[2])
                      - (disc.magnitude[0] - disc.magnitude[2]))  # fmt: skip
        half_light.append(bulge.radius / disc.radius)
    assert min(redder) > 0.4
    assert max(half_light) < 0.31
    shown = [draw_other(rng, False, kind="spiral").front for _ in range(400)]
    without_arms = [front[0].arms is None for front in shown]
    assert np.mean(without_arms) == pytest.approx(lens_others.DISTANT, abs=0.08)


def test_a_batch_has_finite_pictures_with_their_sky_at_zero(bank):
    pictures, label, facts = bank.draw(np.random.default_rng(2), 64)
    assert pictures.shape == (64, SIZE, SIZE, 3)
    assert np.isfinite(pictures).all()
    assert pictures.max() <= 1.0 + 1e-6
    assert 0.3 < label.mean() < 0.7
    assert np.median(np.median(pictures, axis=(1, 2))) == pytest.approx(0, abs=0.03)
    best = observe_lens.LEAST_SIGNAL / np.sqrt(3)  # of three bands that share it evenly
    assert (facts["signal"][label == 1] > 0.99 * best).mean() > 0.8
    assert (facts["signal"][label == 0] == 0).all()
    grey = facts["space"]
    assert (pictures[grey][..., 0] == pictures[grey][..., 2]).all()
    assert (facts["einstein_radius"] > 0).tolist() == (label == 1).tolist()


def test_leaving_the_arcs_out_leaves_a_galaxy_of_the_same_brightness_and_depth(bank):
    lens = bank.draw(np.random.default_rng(6), 200, lens_share=1.0, space_share=0.0)[0]
    bare = bank.draw(np.random.default_rng(6), 200, lens_share=0.0, space_share=0.0,
                     bare_share=1.0)[0]  # fmt: skip
    middle = slice(SIZE // 2 - 2, SIZE // 2 + 2)
    with_arcs, without = (p[:, middle, middle].mean(axis=(1, 2, 3)) for p in (lens, bare))
    assert np.median(without) == pytest.approx(np.median(with_arcs), rel=0.35)


def test_renderings_are_kept_and_come_out_the_same_again(tmp_path):
    counts = {"space-lenses": 3}
    said = []
    first = lens_examples.rendered_bank(tmp_path, "p", counts, 1, said.append)
    again = lens_examples.rendered_bank(tmp_path, "p", counts, 1, said.append)
    one, two = (bank.draw(np.random.default_rng(1), 4, 1.0, 1.0)[0] for bank in (first, again))
    assert (one == two).all()
    other = lens_examples.rendered_bank(tmp_path, "q", counts, 1, said.append)
    assert (other.draw(np.random.default_rng(1), 4, 1.0, 1.0)[0] != one).any()


def test_light_stays_as_significant_where_resampling_has_smoothed_the_noise():
    count = 60
    light = np.full((count, 3, SIZE, SIZE), 0.5, np.float32)
    noise, sky = np.ones((count, 3), np.float32), np.full((1, 3), 1e9, np.float32)
    values = observe_lens._over_noise(light, noise, sky, np.random.default_rng(3))
    # Over eight by eight pixels the noise of the mean is an eighth, however smooth it is.
    blocks = values.reshape(count, 3, 8, 8, 8, 8).mean(axis=(3, 5))
    significance = blocks.mean(axis=(1, 2, 3)) / blocks.std(axis=(1, 2, 3))
    assert np.median(significance) == pytest.approx(4.0, rel=0.15)
    assert significance.min() > 3.0
    assert significance.max() < 5.6


def test_the_signal_of_arcs_is_that_of_the_best_band_that_is_shown():
    rng = np.random.default_rng(5)
    arcs = np.zeros((40, 3, SIZE, SIZE), np.float32)
    arcs[:, :, 20, 20:40] = np.array([3.0, 2.0, 1.0])[None, :, None]
    front = np.full_like(arcs, 0.2)
    space = np.zeros(40, bool)
    one_band = replace(LOOK_ALIKES.conditions, one_band=1.0, two_bands=0.0, artefacts=0.0)
    arrays = {"front": front, "arcs": arcs}
    pictures, facts = observe_lens.observe(arrays, np.ones(40), space, rng, one_band)
    assert (pictures[..., 0] == pictures[..., 2]).all()
    assert facts["signal"].min() > 0.99 * observe_lens.LEAST_SIGNAL
    sky = np.full((1, 3), 1e9)
    noise = np.array([[1.0, 1.0, 1.0]])
    squared = observe_lens.squared_signal(arcs[:1], noise, sky)
    assert squared[0] == pytest.approx([20 * 9, 20 * 4, 20 * 1], rel=1e-4)
    both = observe_lens.signal_of_light(arcs[:1], noise, sky, np.array([[1.0, 0.0, 1.0]]))
    assert both[0] == pytest.approx(np.sqrt(200), rel=1e-4)


def test_bands_are_shown_as_often_as_the_conditions_say():
    rng = np.random.default_rng(8)
    space = rng.random(4000) < 0.3
    number = observe_lens._shown_bands(rng, space, LOOK_ALIKES.conditions).sum(axis=1)
    assert (number[space] == 1).all()
    assert (number[~space] == 1).mean() == pytest.approx(0.12, abs=0.02)
    assert (number[~space] == 2).mean() == pytest.approx(0.05, abs=0.02)
    survey = observe_lens._shown_bands(rng, space, OF_SURVEY.conditions)
    assert survey[~space].all()


def test_a_survey_s_sources_are_as_large_as_galaxies_at_their_redshifts():
    rng = np.random.default_rng(9)
    for i, arcsec in ((22.0, 0.35), (24.0, 0.213), (25.0, 0.166)):  # from redshifts of 1 to 3
        sizes = [half_light_radius_behind(rng, i) for _ in range(4000)]
        assert np.median(sizes) == pytest.approx(arcsec, rel=0.07)
        assert 0.45 < np.std(np.log(sizes)) < 0.75
    drawn = [draw_lens(rng, False, OF_SURVEY.shares).arcs[0].radius for _ in range(600)]
    assert np.median(drawn) == pytest.approx(0.237, rel=0.15)


def test_the_sources_trained_on_are_of_any_size():
    rng = np.random.default_rng(12)
    drawn = [draw_lens(rng, space=False).arcs[0].radius for _ in range(600)]
    assert min(drawn) > 0.06
    assert max(drawn) < 0.45
    assert np.median(drawn) == pytest.approx(np.sqrt(0.06 * 0.45), rel=0.15)


def magnified(one_sided, least):
    """Rough and exact magnifications of 30 lenses that are roughly above the least."""
    rng = np.random.default_rng(10)
    shares = replace(LOOK_ALIKES.shares, one_sided=one_sided)
    rough, exact = [], []
    while len(rough) < 30:
        scene = draw_lens(rng, False, shares)
        grid = simulate_lens.grid_of(rng, space=False)
        roughly = simulate_lens._rough_magnification(scene, grid)
        # Smaller sources fall between the points of the rough grid.
        if scene.arcs[0].radius > 0.2 and roughly > least:
            rough.append(roughly)
            exact.append(simulate_lens.render(scene, rng, False, grid).magnification)
    return np.array(rough), np.array(exact)


def test_a_lens_that_magnifies_too_little_is_told_before_it_is_rendered():
    rough, exact = magnified(0.0, 0.0)
    assert rough == pytest.approx(exact, rel=0.2, abs=0.2)
    rough, exact = magnified(1.0, 3.0)  # a single small arc is told less well
    assert exact.min() > 2.0
    assert np.mean(np.abs(rough / exact - 1) < 0.2) > 0.8


def test_a_survey_has_galaxies_and_their_lenses_as_the_sky_does():
    rng = np.random.default_rng(11)
    kinds = [draw_other(rng, False, shares=OF_SURVEY.shares).kind for _ in range(600)]
    assert kinds.count("spiral") > 200
    assert kinds.count("ring") < 45
    radii = [draw_lens(rng, False, OF_SURVEY.shares).lens["einstein_radius"] for _ in range(600)]
    assert 0.95 < np.median(radii) < 1.4
    assert np.mean(np.array(radii) > 3) < 0.08
    assert "spiral 31%" in mixture(OF_SURVEY.shares)


def test_half_of_a_mixed_batch_are_look_alikes(bank):
    pictures, label, facts = bank.draw_mixed(np.random.default_rng(2), 1000)
    assert pictures.shape == (1000, SIZE, SIZE, 3)
    assert len(label) == len(facts["signal"]) == 1000
    grey = (pictures[..., 0] == pictures[..., 2]).all(axis=(1, 2)) & ~facts["space"]
    assert 0 < grey[:500].mean() < 0.2
    assert grey[400:500].any()
    assert not grey[500:].any()
    assert "half of the training look-alikes" in PRIOR["other"]
    assert len(bank.draw_mixed(np.random.default_rng(2), 1)[0]) == 1  # too few for one of a survey
