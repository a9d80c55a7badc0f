"""Looks into networks: log odds of what is answered, and the whole look at a network made here."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit, logit, softmax

from astrogui.tasks import TASKS
from astrogui.tasks.insight import Aim, Insight, Layer, log_odds, look

RANDOM = np.random.default_rng(4)
INSIGHT = Insight(picture="image", planes=("r", "g"), aim=lambda posterior, card: AIM)
AIM = Aim(answer="galaxy", output="logit", link="logit")
WEIGHT = RANDOM.normal(size=(8, 8, 2))


def run(arrays):
    """Two members: a weighted sum of the picture plus what is told, and the same bent."""
    total = (arrays["image"] * WEIGHT).sum(axis=(1, 2, 3)) + arrays["told"][:, 0]
    return {"logit": np.stack([total, np.tanh(total)], axis=1)}


class Known:
    """The same network taken apart."""

    def layers(self, prepared):
        maps = np.repeat(prepared["image"][0][..., :1], 20, axis=2) * np.arange(20)
        return [Layer("stem", "Conv2D", maps)]

    def gradient(self, prepared, picture, aim):
        assert (picture, aim) == ("image", AIM)
        total = (prepared["image"] * WEIGHT).sum(axis=(1, 2, 3)) + prepared["told"][:, 0]
        slope = (1 + 1 - np.tanh(total) ** 2) / 2
        return slope[:, None, None, None] * WEIGHT


def looked(opened):
    prepared = {
        "image": RANDOM.normal(size=(1, 8, 8, 2)).astype(np.float32),
        "told": np.array([[0.3]], np.float32),
    }
    card = SimpleNamespace(name="toy 1")
    return prepared, look("toy", INSIGHT, card, prepared, AIM, run, opened)


def test_the_log_odds_of_each_kind_of_output():
    members = RANDOM.normal(size=(5, 3))
    raw = {"logit": members}
    found = log_odds(raw, AIM, np)
    np.testing.assert_allclose(found, members.mean(axis=1))
    np.testing.assert_allclose(log_odds(raw, replace(AIM, sign=-1.0), np), -found)
    np.testing.assert_allclose(
        log_odds(raw, replace(AIM, link="sigmoid"), np), logit(expit(members).mean(axis=1))
    )
    classes = RANDOM.normal(size=(5, 3, 4))
    aim = Aim(answer="b", output="logit", link="softmax", index=1, count=4, temperature=2.0)
    share = softmax(classes / 2, axis=2).mean(axis=1)[:, 1]
    np.testing.assert_allclose(log_odds({"logit": classes}, aim, np), logit(share), rtol=1e-9)
    alpha = RANDOM.uniform(0.1, 9, (5, 3, 7))
    aim = Aim(answer="c", output="alpha", link="share", index=2, count=3)
    share = (alpha[..., 2] / alpha[..., :3].sum(axis=2)).mean(axis=1)
    np.testing.assert_allclose(log_odds({"alpha": alpha}, aim, np), logit(share), rtol=1e-9)


def test_a_look_holds_the_answer_its_baseline_and_maps_that_sum_up():
    prepared, inside = looked(Known())
    whole = run(prepared)["logit"].mean()
    empty = run(prepared | {"image": 0 * prepared["image"]})["logit"].mean()
    assert (inside.value, inside.baseline_value) == pytest.approx((whole, empty))
    assert inside.unexplained == pytest.approx(0, abs=1e-2)
    assert abs(inside.value - inside.baseline_value) > 0.1
    np.testing.assert_array_equal(inside.planes, np.moveaxis(prepared["image"][0], -1, 0))
    assert inside.occlusion.shape == (8, 8)
    assert inside.layers[0].channel.tolist() == list(range(19, 3, -1))
    assert inside.layers[0].shape == (8, 8, 20)


def test_without_a_library_of_gradients_there_is_still_the_occlusion():
    _, inside = looked(None)
    assert not inside.has_gradients
    assert inside.layers == ()
    assert np.abs(inside.occlusion).max() > 0


def test_every_network_of_pictures_can_be_looked_into():
    seen = {task.name: task.insight for task in TASKS if task.insight is not None}
    assert {"star_galaxy", "morphology", "lens_finder"} <= set(seen)
    assert len(seen["star_galaxy"].planes) == 10


def test_a_network_that_few_points_miss_gets_more_of_them():
    asked = []

    class Rough(Known):
        """Its slope has a narrow peak on the way, which sixteen points miss."""

        def gradient(self, prepared, picture, aim):
            asked.append(len(prepared["image"]))
            share = (prepared["image"] * prepared["image"]).sum(axis=(1, 2, 3)) ** 0.5
            return (
                5e3 * np.exp(-((share - share.max() / 2) ** 2) * 50)[:, None, None, None]
                + 0 * WEIGHT
            )

    looked(Rough())
    assert sum(asked) == 16 + 48
