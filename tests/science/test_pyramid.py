"""Overview levels against direct means."""

from __future__ import annotations

import numpy as np
import pytest

from astrogui.science import pyramid
from astrogui.science.pyramid import block_means, overview, overview_factors


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
