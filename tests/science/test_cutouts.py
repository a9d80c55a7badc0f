"""Cut-outs of known profiles: centred, scaled, turned and cleaned of neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import cutouts, rendering


def picture(x, y, covariance=(4.0, 0.0, 4.0), shape=(120, 140), flux=1.0):
    image = np.zeros(shape, np.float32)
    middle = np.rint([x, y]).astype(int)
    offset = np.array([[[x - middle[0], y - middle[1]]]])
    stamp = rendering.gaussian_stamps(np, np.array([[flux]]), np.array([[covariance]]), offset, 30)
    rendering.add_stamps(image, stamp, [middle[0]], [middle[1]])
    return image


def moments(cut):
    reach = np.arange(cut.shape[-1]) - (cut.shape[-1] - 1) / 2
    x, y = np.meshgrid(reach, reach)
    total = cut.sum()
    return total, (cut * x).sum() / total, (cut * y).sum() / total, (cut * x * x).sum() / total


def cut_one(image, x, y, jacobian=((1.0, 0.0), (0.0, 1.0)), step=1.0):
    return cutouts.cut(image, np.array([x]), np.array([y]), np.array([jacobian]), step)[0]


@pytest.mark.parametrize("step", [0.7, 1.0, 1.3, 2.2])
def test_a_cut_out_is_centred_and_keeps_the_light(step):
    cut = cut_one(picture(60.3, 50.8, (9.0, 0, 9.0)), 60.3, 50.8, step=step)
    total, x, y, variance = moments(cut)
    assert total == pytest.approx(1.0, rel=0.02)
    assert (x, y) == pytest.approx((0, 0), abs=0.02)
    if step < 1.5 and step > 0.9:
        assert variance * step**2 == pytest.approx(9.0 + rendering.PIXEL_VARIANCE, rel=0.05)


def test_a_turned_band_comes_out_upright():
    # The band is the reference turned by 90 degrees: band x = -reference y, band y = reference x.
    elongated = picture(60.0, 50.0, (16.0, 0.0, 4.0))
    turned = cut_one(elongated, 60.0, 50.0, jacobian=((0.0, -1.0), (1.0, 0.0)))
    straight = cut_one(elongated, 60.0, 50.0)
    np.testing.assert_allclose(turned, np.rot90(straight, -1), atol=1e-5)


def test_beyond_the_image_there_is_nothing():
    cut = cut_one(picture(3.0, 50.0), 3.0, 50.0)
    assert np.isnan(cut[:, :8]).all()
    assert np.isfinite(cut[:, 9:]).all()


def test_coarse_grids_average_what_they_pass_over():
    noise = np.random.default_rng(2).normal(0, 1, (600, 600)).astype(np.float32)
    x = np.linspace(100, 500, 30)
    jacobian = np.broadcast_to(np.eye(2), (30, 2, 2))
    cuts = cutouts.cut(noise, x, x, jacobian, 3.0)
    # Sums of 9 independent pixels scatter by 3; the spline's smoothing keeps it near.
    assert cuts.std() == pytest.approx(3.0, rel=0.2)


def test_a_neighbour_is_masked_and_the_source_is_not():
    x, y = np.array([50.0, 60.0, 500.0]), np.array([50.0, 50.0, 50.0])
    ellipse = (np.full(3, 2.0), np.full(3, 2.0), np.zeros(3))
    mask = cutouts.neighbour_mask(x, y, ellipse, 1.0)
    middle = cutouts.SIZE // 2
    assert not mask[0, middle, middle]
    assert mask[0, middle, middle + 9]
    assert not mask[0, middle, middle - 9]
    assert mask[1, middle, middle - 10]
    assert not mask[2].any()


def test_the_nearest_pixel_is_taken_along_the_grid():
    values = np.arange(120 * 140).reshape(120, 140)
    near = cutouts.nearest(values, np.array([60.5]), np.array([50.5]), np.array([np.eye(2)]), 1.0)[
        0
    ]
    first = 60.5 - (cutouts.SIZE - 1) / 2
    assert near[0, 0] == values[round(50.5 - (cutouts.SIZE - 1) / 2), round(first)]
