"""The dock of the sky map follows the current answer while it is open; files are asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from astrogui.records.posterior import QUANTILE_LEVELS, Parameter, Posterior

LONG_MS = 60_000  # however busy the machine is
FEATURES = {"sky": "sky_map", "ringdown": "ringdown"}  # by dock


def merger(count=120, dec=-40.0) -> Posterior:
    random = np.random.default_rng(5)
    mass = random.normal(30, 1, count)
    draws = np.column_stack([mass, random.normal(80, 3, count), random.normal(dec, 3, count)])
    return Posterior(
        parameters=(Parameter(name="chirp_mass_det", title="chirp mass", unit="solMass"),),
        quantiles=np.quantile(mass, QUANTILE_LEVELS)[None],
        draws=draws,
        draw_names=("chirp_mass_det", "ra", "dec"),
        extras={"gps": 1126259462.4},
    )


@pytest.fixture
def feature(filled):
    return filled.features["sky_map"]


def test_the_map_is_made_when_the_dock_is_opened_and_not_before(filled, feature, qtbot):
    feature.take_answer({"row_id": 1}, merger())
    assert feature.view is None
    filled.window.actions_by_name["panel_sky"].trigger()
    qtbot.waitUntil(
        lambda: feature.view is not None and feature.view.picture is not None, timeout=LONG_MS
    )
    assert "90 % within" in feature.view.title.text()
    first = feature.view.picture
    masses = replace(merger(), draws=merger().draws[:, :1], draw_names=("chirp_mass_det",))
    feature.take_answer({"row_id": 2}, masses)
    assert "no place on the sky" in feature.view._words.text()
    feature.take_answer({"row_id": 3}, merger(dec=30.0))
    qtbot.waitUntil(lambda: feature.view.picture not in (None, first), timeout=LONG_MS)


def test_its_tools_are_in_the_keyboard_map(filled, feature, qtbot):
    from astrogui.window.directory import entries

    filled.window.actions_by_name["panel_sky"].trigger()
    qtbot.waitUntil(lambda: feature.view is not None, timeout=LONG_MS)
    named = {entry.name: entry.keys for entry in entries(filled)}
    assert named["sky.sky_closer"]
    assert named["window.save_sky_map"]


def test_without_a_row_nothing_is_written(filled, feature):
    filled.selection.choose_rows((), None, None)
    filled.window.actions_by_name["save_sky_map"].trigger()
    assert "Choose the row of a merger" in filled.window.notice._words.text()


def test_the_selected_rows_are_written_and_said(filled, feature, qtbot, fake, monkeypatch):
    from concurrent.futures import Future

    asked = []

    def export_merger(path, row_ids):
        asked.append((path, row_ids))
        done: Future[int] = Future()
        done.set_result(len(row_ids))
        return done

    monkeypatch.setattr(fake, "export_merger", export_merger, raising=False)
    feature.save((3, 4), "mergers.h5")
    qtbot.waitUntil(lambda: "2 mergers written" in filled.window.notice._words.text())
    assert asked == [("mergers.h5", (3, 4))]


def test_no_tool_of_the_docks_has_a_key_that_another_on_screen_has(filled, feature, qtbot):
    from astrogui.window.directory import entries

    for name in ("sky", "ringdown"):
        filled.window.actions_by_name[f"panel_{name}"].trigger()
        qtbot.waitUntil(
            lambda name=name: filled.features[FEATURES[name]].view is not None, timeout=LONG_MS
        )
    filled.area.view("strain")
    taken: dict[str, str] = {}
    for entry in entries(filled):
        if entry.scope in {"", "sky", "ringdown", "strain", "results"}:
            for sequence in entry.action.shortcuts():
                keys = sequence.toString()
                assert keys not in taken, f"{keys}: {entry.name} and {taken[keys]}"
                taken[keys] = entry.name
