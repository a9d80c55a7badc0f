"""A look into a network in files: FITS holds what was given, PNG is a picture of it."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from astrogui.errors import ExportProblem
from astrogui.export.inside import write
from astrogui.records.inside import FeatureMaps, Inside

RANDOM = np.random.default_rng(8)


@pytest.fixture
def inside():
    layer = FeatureMaps(
        layer="encoder_0/stem", kind="Conv2D", shape=(4, 4, 5), channel=np.array([4, 1]),
        strength=np.array([2.0, 1.0]), maps=RANDOM.normal(size=(2, 4, 4)),
    )  # fmt: skip
    return Inside(
        task="morphology", model="morphology 1", answer="smooth", value=1.25, baseline_value=-0.5,
        baseline="empty sky, 0 in every plane", plane_names=("red", "green", "blue"),
        is_colour=True, planes=RANDOM.uniform(size=(3, 8, 8)),
        gradients=RANDOM.normal(size=(3, 8, 8)), occlusion=RANDOM.normal(size=(8, 8)), patch=3,
        layers=(layer,), notes=("The network reads the picture in eight turns.",),
    )  # fmt: skip


def test_fits_holds_every_map_with_its_unit_and_names(inside, tmp_path):
    path = tmp_path / "maps.fits"
    write(inside, path)
    with fits.open(path, checksum=True) as found:
        found.verify("exception")
        assert [part.name for part in found[1:]] == ["INPUT", "GRADIENTS", "OCCLUSION", "LAYER1"]
        np.testing.assert_array_equal(found["INPUT"].data, inside.planes)
        np.testing.assert_array_equal(found["GRADIENTS"].data, inside.gradients)
        np.testing.assert_array_equal(found["OCCLUSION"].data, inside.occlusion)
        np.testing.assert_array_equal(found["LAYER1"].data, inside.layers[0].maps)
        assert found["GRADIENTS"].header["BUNIT"] == found["OCCLUSION"].header["BUNIT"] == "nat"
        assert found["INPUT"].header["PLANE2"] == "green"
        assert found["LAYER1"].header["PLANE1"] == "channel 4"
        assert found["LAYER1"].header["LAYER"] == "encoder_0/stem"
        assert (found[0].header["ANSWER"], found[0].header["LOGODDS"]) == ("smooth", 1.25)


def test_the_first_row_of_a_map_lies_below_in_the_picture(inside, tmp_path):
    path = tmp_path / "maps.png"
    write(inside, path)
    page = np.asarray(Image.open(path).convert("RGB"))
    tile = page[: 24 * 40, 6 : 6 + 192]
    top = 6 + 18 + 18
    assert page.shape[1] >= 700
    expected = (255 * np.clip(inside.planes[:, 7, 0], 0, 1)).astype(np.uint8)
    np.testing.assert_array_equal(tile[top, 0], expected)


def test_another_ending_is_refused_in_words(inside, tmp_path):
    with pytest.raises(ExportProblem, match=r"\.fits or \.png"):
        write(inside, tmp_path / "maps.jpg")
    assert not list(tmp_path.iterdir())
