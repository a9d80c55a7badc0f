"""Overview levels against direct means."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import pyramid
from astrogui.science.pyramid import (
    block_means,
    block_row_means,
    overview,
    overview_factors,
    sampled_overview,
    sampled_rows,
)


def direct_means(pixels, factor):
    rows, columns = pixels.shape
    level = np.full((-(-rows // factor), -(-columns // factor)), np.nan)
    for row in range(level.shape[0]):
        for column in range(level.shape[1]):
            rows_of, columns_of = (slice(k * factor, (k + 1) * factor) for k in (row, column))
            block = pixels[rows_of, columns_of]
            block = block[np.isfinite(block)]
            if block.size:
                level[row, column] = block.mean()
    return level


@pytest.mark.parametrize("factor", [1, 2, 3, 8])
def test_block_means_are_means_of_the_finite_pixels(factor):
    pixels = np.random.default_rng(1).normal(size=(37, 53)).astype(np.float32)
    np.testing.assert_allclose(block_means(pixels, factor), direct_means(pixels, factor), atol=1e-6)
    pixels[:9, :9] = np.nan
    pixels[20, 20] = np.inf
    np.testing.assert_allclose(block_means(pixels, factor), direct_means(pixels, factor), atol=1e-6)


def test_an_overview_read_in_sections_equals_the_whole(monkeypatch):
    monkeypatch.setattr(pyramid, "SECTION_PIXELS", 700)
    pixels = np.random.default_rng(2).normal(size=(103, 211))
    largest = 0

    def read(row, row_end, column, column_end):
        nonlocal largest
        largest = max(largest, (row_end - row) * (column_end - column))
        return pixels[row:row_end, column:column_end]

    level = overview(read, pixels.shape, 4)
    np.testing.assert_allclose(level, direct_means(pixels, 4), atol=1e-6)
    assert largest <= 700


def test_big_endian_and_integer_pixels_are_averaged_too():
    pixels = np.arange(16).reshape(4, 4)
    assert block_means(pixels.astype(">i2"), 2).tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert block_means(pixels.astype(">f4"), 2).tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_factors_end_where_the_level_fits():
    assert overview_factors((400, 512)) == ()
    assert overview_factors((1489, 2048)) == (2, 4)
    assert overview_factors((100_000, 10)) == (2, 4, 8, 16, 32, 64, 128, 256)


def test_a_factor_below_one_is_refused():
    with pytest.raises(ValueError, match="factor"):
        overview(lambda *section: np.zeros((2, 2)), (2, 2), 0)


def test_an_overview_from_some_rows_agrees_with_all_of_them_on_a_slope():
    pixels = np.add.outer(np.arange(103.0) * 3.0, np.arange(250.0)).astype(np.float32)

    def lines(rows, column, column_end):
        return pixels[list(rows), column:column_end]

    level = sampled_overview(lines, pixels.shape, 10, 4)
    assert level.shape == (11, 25)
    whole = block_means(pixels, 10)
    assert level[:-1] == pytest.approx(whole[:-1], abs=1.6)  # half a row's step


def test_rows_are_sampled_evenly_and_from_the_middle():
    assert sampled_rows(100, 16, 4) == [102, 106, 110, 114]
    assert sampled_rows(0, 8, 1) == [4]
    assert sampled_rows(0, 2, 4) == [0, 1]


def test_missing_pixels_are_left_out_of_sampled_means():
    pixels = np.full((4, 10), 2.0, np.float32)
    pixels[0, :5] = np.nan
    pixels[:, 5:8] = np.nan
    means = block_row_means(pixels, 4)
    assert means[0] == 2.0
    assert means[1] == 2.0
    assert means[2] == 2.0
    pixels[:, 8:] = np.nan
    assert np.isnan(block_row_means(pixels, 4)[2])


@pytest.mark.parametrize("missing", [False, True])
def test_whole_blocks_are_averaged_as_by_hand(missing):
    pixels = np.random.default_rng(4).normal(1e4, 30.0, (64, 96)).astype(np.float32)
    if missing:
        pixels[3, 5] = np.nan
    by_hand = np.nanmean(pixels.reshape(8, 8, 12, 8).astype(np.float64), axis=(1, 3))
    assert block_means(pixels, 8) == pytest.approx(by_hand, rel=1e-7)
