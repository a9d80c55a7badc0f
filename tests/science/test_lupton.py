"""Colour composites against astropy's."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science.lupton import LuptonScale, lupton_rgb


@pytest.mark.parametrize("softening", [0.0, 1.0, 8.0, 30.0])
@pytest.mark.parametrize("stretch", [0.05, 0.5, 5.0])
def test_colours_are_those_of_astropy(softening, stretch):
    from astropy.visualization import make_lupton_rgb

    random = np.random.default_rng(1)
    bands = random.lognormal(0.0, 2.0, (3, 40, 50)).astype(np.float32) - 0.5
    minimum = (0.1, -0.2, 0.0)
    expected = make_lupton_rgb(*bands, minimum=list(minimum), stretch=stretch, Q=softening)
    ours = lupton_rgb(*bands, LuptonScale(minimum, stretch, softening))
    # astropy cuts to whole numbers of 255.
    assert np.abs(ours * 255.0 - expected).max() <= 1.01


def test_missing_pixels_are_black_and_hues_are_kept():
    red = np.array([[np.nan, 1e6, 1.0, -5.0]])
    colours = lupton_rgb(red, red / 2, red / 4, LuptonScale())
    assert (colours[0, 0] == 0).all()
    assert colours[0, 1] == pytest.approx([1.0, 0.5, 0.25], rel=1e-5)
    assert colours[0, 2, 1] / colours[0, 2, 0] == pytest.approx(0.5)
    assert (colours[0, 3] == 0).all()
    with pytest.raises(ValueError, match="stretch"):
        LuptonScale(stretch=0.0)
