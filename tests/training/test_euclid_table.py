"""The comparison of redshift classifiers: its figures, and the command from end to end."""

from __future__ import annotations

import json

import numpy as np
import pytest

from astrogui.science.near_infrared import class_of
from astrogui.training import euclid_table
from astrogui.training.euclid_rows import Row, density, network_of, planned, scores
from astrogui.training.euclid_table import text_table, write_page


def test_scores_count_what_their_names_say():
    redshift = np.array([1.2005, 1.2005, 1.2005, 1.2005])
    predicted = class_of(redshift) + np.array([0, 1, 5, 300])
    figures = scores(predicted, class_of(redshift), redshift)
    assert figures["exact"] == 0.25
    assert figures["within_1"] == 0.5
    assert figures["within_5"] == 0.75
    assert figures["catastrophic"] == 0.25
    assert figures["n"] == 4


def test_the_density_has_true_redshifts_first():
    counts = density(class_of(np.array([1.705, 1.705])), np.array([1.105, 1.105]))
    assert counts[10, 70] == 2
    assert counts.sum() == 2


def test_classical_methods_are_planned_once_and_networks_at_every_size():
    rows = planned([400_000, 40_000], ["1 convolution", "random forest"])
    assert sum(row.method == "random forest" for row in rows) == 2
    assert sum(row.method == "1 convolution" for row in rows) == 4
    assert {row.examples for row in rows if row.method == "random forest"} == {40_000}
    assert len({row.key for row in rows}) == len(rows)


def test_only_networks_have_a_builder():
    for method in ("1 convolution", "3 convolutions", "linear support-vector machine"):
        assert network_of(method)[0] == "redshift_euclid:convolutional"
    assert network_of("shift network")[0] == "redshift_euclid:shifted"
    with pytest.raises(ValueError, match="random forest"):
        network_of("random forest")


def test_a_row_that_was_not_run_says_so():
    row = {"method": "3 convolutions", "examples": 400_000, "noisy": True}
    (line,) = text_table([row]).splitlines()[2:]
    assert "400,000" in line
    assert "not run" in line


def test_the_table_goes_between_the_marks_of_the_page(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- table -->\nold\n<!-- end of table -->\nafter\n", "utf-8")
    write_page(page, "new")
    text = page.read_text("utf-8")
    assert "old" not in text
    assert text.index("before") < text.index("new") < text.index("after")
    page.write_text("no marks", "utf-8")
    with pytest.raises(ValueError, match="has no"):
        write_page(page, "new")


@pytest.mark.slow
@pytest.mark.real_data
def test_the_command_makes_rows_page_and_figures_and_goes_on(
    real_data, tmp_path, monkeypatch, capsys
):
    pytest.importorskip("keras")
    pytest.importorskip("sklearn")
    monkeypatch.setenv("ASTROGUI_DATA", str(real_data))
    page = tmp_path / "page.md"
    page.write_text("<!-- table -->\n<!-- end of table -->\n", "utf-8")
    methods = ["1 convolution", "nearest neighbours", "random forest"]  # a network and two without
    call = [
        "--quick", "--examples", "2000", "--methods", *methods, "--workdir", str(tmp_path / "work"),
        "--page", str(page), "--figures", str(tmp_path),
    ]  # fmt: skip
    assert euclid_table.main(call) == 0
    text = page.read_text("utf-8")
    for method in methods:
        assert text.count(f"| {method} |") == 2
    assert "not run" not in text
    for name in ("clean", "noisy"):
        assert (tmp_path / f"euclid_{name}.png").stat().st_size > 3000
    rows = json.loads((tmp_path / "work" / "table.json").read_text("utf-8"))["rows"]
    assert all(row["n"] == 60 and np.sum(row["density"]) == 60 for row in rows)
    assert (tmp_path / "work" / "quick" / f"{Row(**_names(rows[0])).key}.json").is_file()
    capsys.readouterr()
    assert euclid_table.main(call) == 0
    assert "training" not in capsys.readouterr().out


def _names(row):
    return {name: row[name] for name in ("method", "examples", "noisy")}
