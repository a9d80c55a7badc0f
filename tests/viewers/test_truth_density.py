"""The figure of true against predicted redshift: panels, colours, files."""

from __future__ import annotations

import json

import numpy as np
import pytest

from astrogui.viewers.colours import LIGHT
from astrogui.viewers.truth_density import (
    LEFT,
    PANEL,
    SCALE,
    TOP,
    DensityPanel,
    draw,
    main,
    panels_of,
    thousands,
)


def counts():
    """Everything on the diagonal, and a cloud at true 1.1, predicted 1.7."""
    made = np.diag(np.full(80, 30))
    made[10, 70] = 30
    return made


def colour_at(image, true, predicted):
    x = LEFT + PANEL * (true - 1) / 0.8
    y = TOP + PANEL * (1 - (predicted - 1) / 0.8)
    return image.pixelColor(round(x * SCALE), round(y * SCALE)).name()


def test_predicted_runs_upwards_and_true_to_the_right(qapp):
    image = draw([DensityPanel(title="a", words="b", counts=counts())], 4)
    assert colour_at(image, 1.105, 1.705) != LIGHT.ground
    assert colour_at(image, 1.705, 1.105) == LIGHT.ground
    assert colour_at(image, 1.405, 1.405) == colour_at(image, 1.105, 1.705)


def test_more_counts_are_darker(qapp):
    few = np.zeros((80, 80), int)
    few[20:40], few[40:60] = 2, 200
    image = draw([DensityPanel(title="a", words="b", counts=few)], 1)

    def lightness(true):
        x, y = LEFT + PANEL * (true - 1) / 0.8, TOP + PANEL / 2 + 3
        return image.pixelColor(round(x * SCALE), round(y * SCALE)).lightnessF()

    assert lightness(1.5) < lightness(1.3) < lightness(1.05)


def test_panels_go_into_rows(qapp):
    panels = [DensityPanel(title="a", words="b", counts=counts())] * 5
    one, two = draw(panels[:4], 4), draw(panels, 4)
    assert one.width() == two.width()
    assert two.height() > 1.7 * one.height()


def test_rows_that_were_not_run_have_no_panel():
    row = {"method": "1 convolution", "examples": 40000, "noisy": True}
    assert panels_of([row]) == []
    (panel,) = panels_of([row | {"exact": 0.5, "density": counts().tolist()}])
    assert panel.words == "40k, noisy: exact class 50.0 %"
    assert [thousands(n) for n in (60, 40000, 4_000_000)] == ["60", "40k", "4M"]


def test_the_command_draws_a_table_file(qapp, tmp_path, capsys):
    table = tmp_path / "table.json"
    row = {"method": "m", "examples": 100, "noisy": False, "exact": 0.5,
           "density": counts().tolist()}  # fmt: skip
    table.write_text(json.dumps({"columns": 2, "rows": [row]}))
    assert main([str(table), str(tmp_path / "figure.png")]) == 0
    assert (tmp_path / "figure.png").stat().st_size > 3000
    assert main([str(table)]) == 2
    assert "usage" in capsys.readouterr().out
    assert main([str(table), str(tmp_path / "nowhere" / "figure.png")]) == 1


@pytest.mark.parametrize("columns", [0, 3])
def test_a_table_of_one_panel_is_drawn_whatever_the_columns(qapp, columns):
    image = draw([DensityPanel(title="a", words="b", counts=counts())], columns)
    assert image.width() > PANEL * SCALE
