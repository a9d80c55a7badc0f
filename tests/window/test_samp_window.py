"""The Interop menu against a real hub and another program, each in a process of its own."""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest
import tiny
from small_session import FakeReader, files, make

from astrogui.session import exporting
from astrogui.session.samp_files import file_url, local_path
from astrogui.session.view import ProjectView

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "session"))
from test_samp import Process

NAMES = [f"flat-{number}.fits" for number in (1, 2, 3)]
TAKES = (
    "table.load.votable", "table.load.fits", "image.load.fits", "spectrum.load.ssa-generic",
    "coord.pointAt.sky", "table.highlight.row", "table.select.rowList",
)  # fmt: skip


class Reader(FakeReader):
    """Also reads tables, as the reader process does."""

    def table(self, path: str) -> Future:
        future: Future = Future()
        future.set_result(exporting.read(path))
        return future


@pytest.fixture
def lock(tmp_path, monkeypatch):
    path = tmp_path / "samp.lock"
    monkeypatch.setenv("SAMP_HUB", f"std-lockurl:{path.as_uri()}")
    monkeypatch.setenv("HOME", str(tmp_path))
    return path


@pytest.fixture
def hub(lock):
    process = Process("samp_hub.py", str(lock))
    process.params = process.next()  # type: ignore[attr-defined]
    yield process
    process.end(kill=process.process.poll() is None)


@pytest.fixture
def partner(hub):
    process = Process("samp_partner.py", "topcat", json.dumps(hub.params), *TAKES)
    process.next()
    yield process
    process.end()


@pytest.fixture
def session(tmp_path):
    models = tmp_path / "models"
    tiny.write_model(models)
    made = make(tmp_path, models, reader=Reader())
    made.add(files(tmp_path, *NAMES)).result(60)
    made.idle().result(60)
    yield made
    made.close()


@pytest.fixture
def bench(session, lock, open_bench, qtbot):
    bench = open_bench(session)
    qtbot.waitUntil(lambda: bench.model.rowCount() == 3)
    return bench


@pytest.fixture
def feature(bench):
    return bench.features["samp"]


def connect(bench, feature, qtbot):
    bench.window.actions_by_name["samp_connect"].trigger()
    enabled = bench.window.actions_by_name["samp_table"].isEnabled
    qtbot.waitUntil(lambda: feature.is_connected and enabled(), timeout=20_000)


def heard(process, qtbot):
    qtbot.waitUntil(lambda: not process.lines.empty(), timeout=20_000)
    return process.next()


def test_table_rows_highlight_and_link_go_to_the_other_program(
    bench, feature, session, partner, qtbot, monkeypatch
):
    actions = bench.window.actions_by_name
    assert not actions["samp_table"].isEnabled()
    connect(bench, feature, qtbot)
    assert feature.status.text() == "SAMP: 1 program"
    assert feature.status.toolTip() == "topcat"
    assert [menu.title() for menu in feature._client_menus] == ["To topcat"]
    row_ids, readers = ProjectView.row_ids, []

    def noted(view, item_id=None):
        readers.append(threading.current_thread())
        return row_ids(view, item_id)

    with monkeypatch.context() as watched:
        watched.setattr(ProjectView, "row_ids", noted)
        actions["samp_table"].trigger()
        message = heard(partner, qtbot)
    assert threading.main_thread() not in readers  # a million ids would stop the window
    assert message["mtype"] == "table.load.votable"
    table = session.read_catalogue(local_path(message["params"]["url"]))
    assert len(table) == 3
    qtbot.waitUntil(lambda: "3 rows: sent to 1 program" in bench.window.notice.words)
    ids = session.view.row_ids()
    bench.selection.choose_rows((ids[2],), ids[2], None)
    actions["samp_highlight"].trigger()
    pointed = heard(partner, qtbot)
    assert pointed["mtype"] == "table.highlight.row"
    assert pointed["params"]["row"] == "2"
    assert pointed["params"]["table-id"] == message["params"]["table-id"]
    bench.selection.choose_rows((ids[0], ids[2]), ids[0], None)
    actions["samp_highlight"].trigger()
    assert heard(partner, qtbot)["params"]["row-list"] == ["0", "2"]
    actions["samp_link"].trigger()
    bench.selection.choose_rows((ids[1],), ids[1], None)
    assert heard(partner, qtbot)["params"]["row"] == "1"


def test_rows_chosen_in_the_other_program_are_chosen_here_and_not_sent_back(
    bench, feature, session, partner, qtbot
):
    connect(bench, feature, qtbot)
    bench.window.actions_by_name["samp_link"].trigger()
    bench.window.actions_by_name["samp_table"].trigger()
    table_id = heard(partner, qtbot)["params"]["table-id"]
    # The other program hears it before the window says that it was sent.
    qtbot.waitUntil(lambda: "sent to 1 program" in bench.window.notice.words)
    ids = session.view.row_ids()
    partner.say(mtype="table.highlight.row", params={"table-id": table_id, "row": "2"})
    qtbot.waitUntil(lambda: bench.selection.row_id == ids[2])
    qtbot.waitUntil(lambda: "topcat chose 1 row" in bench.window.notice.words)
    partner.say(
        mtype="table.select.rowList", params={"table-id": table_id, "row-list": ["0", "1", "99"]}
    )
    qtbot.waitUntil(lambda: bench.selection.row_ids == tuple(ids[:2]))
    partner.say(mtype="table.highlight.row", params={"table-id": "another", "row": "1"})
    qtbot.waitUntil(lambda: "another table" in bench.window.notice.words)
    assert partner.lines.empty()


def test_a_spectrum_of_the_other_program_is_added_and_said(
    bench, feature, session, partner, tmp_path, qtbot
):
    connect(bench, feature, qtbot)
    (sent,) = files(tmp_path, "flat-7.fits")
    partner.say(
        mtype="spectrum.load.ssa-generic",
        params={"url": file_url(sent), "name": "seven", "meta": {}},
    )
    qtbot.waitUntil(lambda: bench.model.rowCount() == 4)
    qtbot.waitUntil(lambda: "topcat sent the spectrum seven" in bench.window.notice.words)
    partner.say(mtype="image.load.fits", params={"url": "http://example.org/i.fits"})
    qtbot.waitUntil(lambda: "not used unless you allow it" in bench.window.notice.words)
    assert bench.model.rowCount() == 4


def test_a_table_of_the_other_program_is_laid_over_the_image_and_ones_own_is_not(
    bench, feature, session, partner, tmp_path, qtbot
):
    connect(bench, feature, qtbot)
    table = tmp_path / "their sources.vot"
    session.export(table).result(60)
    partner.say(
        mtype="table.load.votable",
        params={"url": file_url(table), "table-id": "t1", "name": "sources"},
    )
    qtbot.waitUntil(lambda: "topcat sent the table sources" in bench.window.notice.words)
    overlay = bench.features["sky_catalogue"].overlay
    qtbot.waitUntil(lambda: len(overlay.catalogues) == 1)
    partner.say(mtype="table.highlight.row", params={"table-id": "t1", "row": "1"})
    qtbot.waitUntil(lambda: "points at row 2 of their sources.vot" in bench.window.notice.words)
    bench.window.actions_by_name["samp_table"].trigger()
    own = heard(partner, qtbot)["params"]
    partner.say(mtype="table.load.votable", params=own)
    partner.say(mtype="coord.pointAt.sky", params={"ra": "1", "dec": "95 degrees"})
    qtbot.waitUntil(lambda: "a position that is none" in bench.window.notice.words)
    assert len(overlay.catalogues) == 1


def test_the_file_shown_goes_to_one_program(bench, feature, session, partner, qtbot):
    connect(bench, feature, qtbot)
    menu = feature._client_menus[0]
    action = next(a for a in menu.actions() if a.text() == "Send image or spectrum")
    action.trigger()
    message = heard(partner, qtbot)
    assert message["mtype"] == "spectrum.load.ssa-generic"
    assert message["params"]["name"] == "flat-1.fits"
    assert message["params"]["meta"]["Access.Format"] == "application/fits"


def test_a_hub_that_dies_is_said_and_joined_again_by_the_button(bench, feature, hub, lock, qtbot):
    bench.window.actions_by_name["samp_connect"].trigger()
    qtbot.waitUntil(lambda: feature.is_connected, timeout=20_000)
    hub.end(kill=True)
    notice = bench.window.notice
    qtbot.waitUntil(lambda: "hub has gone" in notice.words, timeout=20_000)
    assert not bench.window.actions_by_name["samp_connect"].isChecked()
    assert feature.status.isHidden()
    again = Process("samp_hub.py", str(lock))
    again.next()
    notice._on_act()
    qtbot.waitUntil(lambda: feature.is_connected, timeout=20_000)
    again.end()


def test_without_a_hub_one_is_offered(bench, feature, qtbot):
    bench.window.actions_by_name["samp_connect"].trigger()
    notice = bench.window.notice
    qtbot.waitUntil(lambda: "No SAMP hub runs" in notice.words, timeout=20_000)
    assert notice._act.text() == "Start a hub"
    notice._on_act()
    qtbot.waitUntil(lambda: feature.is_connected, timeout=20_000)
    qtbot.waitUntil(bench.window.actions_by_name["samp_connect"].isChecked)
    assert feature.status.text() == "SAMP: no other program"
    bench.window.actions_by_name["samp_connect"].trigger()
    qtbot.waitUntil(lambda: not feature.is_connected, timeout=20_000)


def test_nothing_of_samp_is_loaded_before_one_connects(feature):
    assert feature._samp is None
