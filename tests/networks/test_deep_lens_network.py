"""The lens networks: the published layout, the rings around a galaxy, the ensemble."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from astrogui.networks import deep_lens
from astrogui.networks.builder import build
from astrogui.networks.ensemble import assign_members


@pytest.fixture(scope="module")
def published():
    return deep_lens.residual(45, 4)


def layer(model, name):
    return model.get_layer(name)


def test_the_published_layout_is_seven_by_seven_and_five_blocks_of_three_bottlenecks(published):
    stem = layer(published, "stem")
    assert stem.filters == 32
    assert stem.kernel_size == (7, 7)
    assert stem.strides == (1, 1)
    table = []
    for block in range(5):
        for unit in range(3):
            name = f"block{block}_unit{unit}"
            narrow, middle, widen = (
                layer(published, f"{name}_{part}") for part in ("narrow", "middle", "widen")
            )
            assert (narrow.kernel_size, middle.kernel_size, widen.kernel_size) == (
                (1, 1), (3, 3), (1, 1),
            )  # fmt: skip
            assert narrow.filters == middle.filters
            table.append((narrow.filters, widen.filters, narrow.strides[0]))
    assert table == [
        (16, 32, 1), (16, 32, 1), (16, 32, 1),
        (32, 64, 2), (32, 64, 1), (32, 64, 1),
        (64, 128, 2), (64, 128, 1), (64, 128, 1),
        (128, 256, 2), (128, 256, 1), (128, 256, 1),
        (256, 512, 2), (256, 512, 1), (256, 512, 1),
    ]  # fmt: skip
    assert not any(hasattr(item, "filters") and "unit3" in item.name for item in published.layers)


def test_the_published_layout_uses_elu_before_each_convolution_and_one_mean(published):
    kinds = [type(item).__name__ for item in published.layers]
    # The stem's activation, three a unit less the first unit's own, and the last one.
    assert kinds.count("Activation") == 1 + 15 * 3 - 1 + 1
    assert {item.activation.__name__ for item in published.layers
            if isinstance(item, keras.layers.Activation)} == {"elu"}  # fmt: skip
    assert kinds.count("GlobalAveragePooling2D") == 1
    assert published.output["features"].shape == (None, 512)
    assert published.output["logit"].shape == (None, 1)


def test_blocks_after_the_first_halve_the_picture(published):
    assert layer(published, "block0_unit2").output.shape == (None, 45, 45, 32)
    assert layer(published, "block4_unit2").output.shape == (None, 3, 3, 512)
    assert published.count_params() > 3e6


def test_rings_hold_the_picture_and_their_rest_is_what_is_not_round():
    row, column = np.indices((64, 64)) - 31.5
    radius, angle = np.hypot(row, column), np.arctan2(row, column)
    picture = (40 - radius)[None, :, :, None].astype(np.float32)
    rings = np.asarray(deep_lens.Polar(64)(picture))
    expected = 40 - np.linspace(deep_lens.INNERMOST, deep_lens.OUTERMOST, deep_lens.RINGS)
    assert rings[0, 2:, :, 0] == pytest.approx(
        np.repeat(expected[2:, None], deep_lens.ANGLES, 1), abs=0.15
    )
    wave = np.cos(angle)[None, :, :, None].astype(np.float32)
    seen = np.asarray(deep_lens.Polar(64)(wave))[0, 5:, :, 0]
    due = np.cos(np.arange(deep_lens.ANGLES) / deep_lens.ANGLES * 2 * np.pi)
    assert seen == pytest.approx(np.repeat(due[None], len(seen), 0), abs=0.03)
    rest = np.asarray(deep_lens.RestOfRing()(rings))
    assert np.abs(rest[0, 4:]).max() < 0.2


def test_what_runs_around_the_ring_closes_and_ends_at_its_rim():
    values = np.arange(2 * 6, dtype=np.float32).reshape(1, 2, 6, 1)
    around = np.asarray(deep_lens.AroundTheRing(2)(values))[0, :, :, 0]
    assert around.shape == (6, 10)
    assert around[2].tolist() == [4, 5, 0, 1, 2, 3, 4, 5, 0, 1]
    assert not around[:2].any()
    assert not around[4:].any()


def test_turning_a_picture_changes_no_answer():
    model = build("deep_lens:finder", {"size": 64, "channels": 3, "members": 2})
    picture = np.random.default_rng(0).normal(0.1, 0.2, (3, 64, 64, 3)).astype(np.float32)
    turned = np.ascontiguousarray(np.rot90(picture, axes=(1, 2)))
    mirrored = np.ascontiguousarray(picture[:, :, ::-1])
    first = model({"image": picture}, training=False)
    for other in (turned, mirrored):  # a quarter turn, and the mirror image
        second = model({"image": other}, training=False)
        for name in ("logit", "features"):
            assert np.asarray(second[name]) == pytest.approx(np.asarray(first[name]), abs=2e-5)


def test_a_grown_network_answers_as_the_one_it_grew_from_and_keeps_its_symmetry():
    small = build("deep_lens:polar", {"size": 64, "channels": 3})
    grown = build("deep_lens:polar", {"size": 64, "channels": 3, "units": [1, 0, 2]})
    for item in small.layers:
        if item.get_weights():
            grown.get_layer(item.name).set_weights(item.get_weights())
    picture = np.random.default_rng(1).normal(0.1, 0.2, (3, 64, 64, 3)).astype(np.float32)
    first, second = (np.asarray(m({"image": picture})["logit"]) for m in (small, grown))
    assert second == pytest.approx(first, abs=1e-5)
    rng = np.random.default_rng(2)
    grown.set_weights([w + rng.normal(0, 0.02, w.shape) ** 2 for w in grown.get_weights()])
    turned = np.ascontiguousarray(np.rot90(picture, axes=(1, 2)))
    here, there = (np.asarray(grown({"image": p})["logit"]) for p in (picture, turned))
    assert there == pytest.approx(here, rel=1e-3, abs=1e-4)
    assert np.abs(here - second).max() > 1e-3


def test_outer_rings_read_the_light_between_their_angles():
    picture = np.random.default_rng(3).normal(0, 1, (40, 64, 64, 1)).astype(np.float32)
    rings = deep_lens.Polar(64, smoothed=True)
    scatter = np.asarray(rings(picture)).std(axis=(0, 2))[:, 0]
    plain = np.asarray(deep_lens.Polar(64)(picture)).std(axis=(0, 2))[:, 0]
    radius = np.linspace(deep_lens.INNERMOST, deep_lens.OUTERMOST, deep_lens.RINGS)
    outer = radius >= deep_lens.SMOOTHED_FROM
    assert scatter[~outer] == pytest.approx(plain[~outer], rel=1e-5)
    assert (scatter[outer] < 0.55 * plain[outer]).all()
    flat = np.asarray(rings(np.full((1, 64, 64, 1), 0.3, np.float32)))
    assert flat == pytest.approx(0.3, abs=1e-5)
    again = deep_lens.Polar.from_config(rings.get_config())
    assert np.asarray(again(picture)) == pytest.approx(np.asarray(rings(picture)))


def test_a_picture_and_its_mirror_image_are_averaged_for_each_picture():
    square = np.arange(2 * 9, dtype=np.float32).reshape(2, 3, 3, 1)
    ways = np.asarray(deep_lens.WithMirror()(square))[..., 0]
    assert (ways[:2] == square[..., 0]).all()
    assert (ways[2:] == square[:, :, ::-1, 0]).all()
    values = np.arange(4, dtype=np.float32).reshape(4, 1)
    mean = np.asarray(deep_lens.MeanOfWays()(values))
    assert mean.ravel() == pytest.approx([1, 2])


def test_members_take_the_weights_of_networks_trained_alone():
    config = {"size": 64, "channels": 3}
    singles = [build("deep_lens:polar", config) for _ in range(2)]
    model = build("deep_lens:finder", {**config, "members": 2})
    assign_members(model, [single.get_weights() for single in singles])
    flat = np.full((1, 64, 64, 3), 0.1, np.float32)
    flat[0, 20:44, 20:44] = 0.6  # the same mirrored
    alone = [float(single({"image": flat}, training=False)["logit"][0, 0]) for single in singles]
    together = np.asarray(model({"image": flat}, training=False)["logit"])[0]
    assert together == pytest.approx(alone, abs=1e-4)
    model.get_layer("calibrate").set_weights([np.array([2.0, 4.0]), np.array([0.5, 0.0])])
    tempered = np.asarray(model({"image": flat}, training=False)["logit"])[0]
    assert tempered == pytest.approx([alone[0] / 2 + 0.5, alone[1] / 4], abs=1e-4)
