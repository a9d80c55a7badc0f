"""The search in the window: started by a key, shown in its dock, moving with the strain."""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from small_session import files

from astrogui.inference.runner import InlineRunner
from astrogui.readers import read
from astrogui.records.catalogue import Column
from astrogui.science.matched_filter import Templates
from astrogui.session.session import Session
from astrogui.session.settings import Settings
from astrogui.tasks import gw_search
from astrogui.training import gw_search_card
from astrogui.training.recipes.gw_search import assets
from astrogui.training.search_noise import Counts
from astrogui.window.features import search

sys.path.append(str(Path(__file__).parents[1] / "tasks"))
import merger

MASSES = (9.0, 20.0, 26.0, 29.0, 33.0, 45.0)


def write_model(folder):
    """A bank of a few waveforms, with thresholds as of much noise."""
    bank = Templates(np.log(MASSES), np.full(len(MASSES), 0.7), np.zeros(len(MASSES)))
    noise = np.linspace(5, 7.5, 60)
    counts = Counts(noise, 36_000.0, noise, 36_000.0, noise, 36_000.0, noise, noise)
    card = gw_search_card.card(bank, counts, {"coarse": [1.0] * 5, "fine": [1.0] * 5}, 1, True)
    gw_search_card.write(folder / "gw_search", card, assets(bank, counts))


def write_strain(folder, strain):
    """In GWOSC's layout."""
    path = folder / f"{strain.detector}.hdf5"
    with h5py.File(path, "w") as file:
        made = file.create_dataset("strain/Strain", data=strain.samples)
        made.attrs.update(
            {"Xstart": strain.gps_start, "Xspacing": 1 / merger.RATE, "Npoints": made.size}
        )
        meta = {"GPSstart": int(strain.gps_start), "Duration": int(strain.duration_s)}
        file.create_group("meta").update({**meta, "Detector": np.bytes_(strain.detector)})
    return path


@pytest.fixture
def bench(tmp_path, open_bench, qtbot):
    """A window with H1 and L1 of a merger on screen, not searched yet."""
    write_model(tmp_path / "models")
    session = Session(
        tmp_path / "search.astrogui",
        models=str(tmp_path / "models"),
        runner=InlineRunner(task_named=lambda name: gw_search.TASK, read=read),
        settings=Settings(),
        tasks=(gw_search.TASK,),
    )
    made = open_bench(session)
    paths = [write_strain(tmp_path, strain) for strain in merger.network().strains]
    (item,) = session.add(paths).result(60)
    made.selection.choose_item(item, None)
    strain = made.area.view("strain")
    qtbot.waitUntil(lambda: made.area.current is strain, timeout=30_000)
    yield made
    session.close()


def test_a_key_searches_the_strain_on_screen_and_the_dock_shows_what_was_found(bench, qtbot):
    feature = bench.features["search"]
    bench.window.actions_by_name["search_strain"].trigger()
    qtbot.waitUntil(
        lambda: feature.view is not None and bool(feature.view.candidates), timeout=60_000
    )
    view, strain = feature.view, bench.area.view("strain")
    (found,) = view.candidates
    assert found.gps == pytest.approx(merger.MERGER, abs=0.03)
    assert found.kind == "H1 and L1 coincide"
    qtbot.waitUntil(lambda: not view.lacks_track(found.row_id), timeout=20_000)
    assert view._track.getData()[1].max() == pytest.approx(found.snr, rel=0.1)
    # The strain is marked where the candidate is.
    assert strain._panels[0].candidates == pytest.approx((found.gps,))

    (answer,) = bench.session.view.answers(found.row_id)
    assert answer.provenance.method == "without a network"

    # A click on its line chooses its row.
    cell = view.table.visualItemRect(view.table.item(0, 2)).center()
    QTest.mouseClick(view.table.viewport(), Qt.MouseButton.LeftButton, pos=cell)
    assert bench.selection.row_id == found.row_id
    qtbot.waitUntil(lambda: strain.merger_gps is not None, timeout=20_000)

    # While the strain is played, what lies ahead is out of sight.
    strain.player.set_range(*strain._ends())
    strain.player.play()
    strain.player.go(merger.START + 5)
    assert view.candidates == []
    strain.player.go(merger.START + 20)
    assert len(view.candidates) == 1
    strain.player.go(merger.START + 5)
    strain.player.pause()
    assert len(view.candidates) == 1


def test_without_strain_on_screen_the_key_says_what_to_do(bench, monkeypatch):
    said = []
    monkeypatch.setattr(bench.window.notice, "show_notice", said.append)
    bench.selection.clear()
    bench.features["search"].search()
    assert "Choose strain first" in said[0]


def test_rows_that_were_not_searched_are_not_read_for_it(make_session, open_bench, tmp_path, qtbot):
    """A million rows of a survey, read a second time for the dock, stopped the window."""
    bench = open_bench(make_session())
    asked = []
    search_read, search._searched = search._searched, lambda ids, view: asked.append(ids) or []
    try:
        bench.commands.add(files(tmp_path, "flat-1.fits", "flat-2.fits"))
        qtbot.waitUntil(lambda: bench.model.rowCount() == 2 and bench.status._jobs == 0)
        ids = tuple(bench.model.store.row_ids().tolist())
        bench.model.store.put_extra(
            Column(name=search.STATISTIC), np.array(ids[1:]), np.array([9.0])
        )
        bench.model.rows_read.emit(ids)
        bench.model.rows_read.emit(())  # very many
        qtbot.waitUntil(lambda: len(asked) == 2)
        assert asked == [ids[1:], ids[1:]]
    finally:
        search._searched = search_read
