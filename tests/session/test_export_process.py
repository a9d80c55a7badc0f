"""Exports in a process of their own: the same file, and nothing left where one ends early."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from answered_project import add_rows
from small_session import Heard, make

from astrogui.errors import ExportProblem, UsageProblem
from astrogui.export import EXPORTERS
from astrogui.export.exporter import exporter_for, first_difference
from astrogui.records.catalogue import Column
from astrogui.session import column_cache, events, exporting
from astrogui.session.export_process import ExportProcess
from astrogui.session.live_table import of_project
from astrogui.session.table_reader import TableReader
from astrogui.store import history
from astrogui.store.project import Project
from astrogui.tasks import TASKS

META = {"author": "Vera", "created": "now"}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path / "p.astrogui")
    ids = add_rows(made, ["a", "b", "ç", "d"])
    with made.transaction() as connection:
        history.annotate(connection, ids[:2], {"user_class": "α", "user_quality": "3"}, "me")
    yield made
    made.close()


@pytest.fixture
def live(project):
    made = of_project(partial(TableReader, project.path, TASKS), project.path)
    made.call(len).result(60)
    yield made
    made.close()


@pytest.fixture
def apart():
    return ExportProcess(fewest_rows=1)


def write(apart, project, path, live, told=None, row_ids=None, columns=None, posteriors=None):
    return apart.write(
        project.path, TASKS, str(path), row_ids, posteriors, META, columns, live, told
    )


def left_of(folder):
    """What lies there that no analyst asked for."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".export-")]


@pytest.mark.parametrize("suffix", [exporter.suffixes[0] for exporter in EXPORTERS])
def test_every_format_is_what_the_program_itself_would_write(
    suffix, project, live, apart, tmp_path
):
    pids = []
    inside, outside = tmp_path / f"inside{suffix}", tmp_path / f"outside{suffix}"
    exporting.write(project.path, TASKS, str(inside), None, None, META, None, live)
    told = lambda fraction, words: pids.append(apart.pid)  # noqa: E731
    assert write(apart, project, outside, live, told) == 4
    assert pids
    assert pids[0] not in {None, os.getpid()}
    assert apart.pid is None
    exporter = exporter_for(outside, EXPORTERS)
    assert first_difference(exporter.read(inside), exporter.read(outside)) == ""
    assert exporter.read(inside).meta == exporter.read(outside).meta
    assert left_of(tmp_path) == []


def test_columns_that_only_the_window_knows_are_written_too(project, live, apart, tmp_path):
    ids = live.table.row_ids().copy()
    columns = [
        (Column(name="match_sep", type="float", unit="arcsec"), ids[:2], np.array([0.5, np.nan])),
        (Column(name="match_name", type="text"), ids[1:3], ["NGC 1", "ß"]),
        (Column(name="match_count", type="int"), ids[:1], np.array([3])),
    ]
    live.put_columns(columns).result(60)
    out = tmp_path / "out.ecsv"
    wanted = ["match_name", "object_id", "match_sep", "match_count"]
    assert write(apart, project, out, live, row_ids=ids[[2, 0]].tolist(), columns=wanted) == 2
    rows = exporter_for(out, EXPORTERS).read(out).rows()
    assert [row["match_name"] for row in rows] == ["ß", ""]
    assert rows[1]["match_sep"] == 0.5
    assert [row["match_count"] for row in rows] == [None, 3]
    assert list(rows[0]) == wanted


def test_kept_columns_and_what_came_since_are_one_export(
    project, live, apart, tmp_path, monkeypatch
):
    monkeypatch.setattr(column_cache, "FEWEST_ROWS", 2)
    live.keep().result(60)
    assert column_cache.cache_folder(project.path).is_dir()
    new = add_rows(project, ["e"])
    with project.transaction() as connection:
        history.annotate(connection, [new[0]], {"user_class": "late"}, "me")
    out = tmp_path / "out.parquet"
    assert write(apart, project, out, live) == 5
    judged = exporter_for(out, EXPORTERS).read(out).values["user_class"]
    assert judged.tolist() == ["α", "α", "", "", "late"]


@pytest.mark.parametrize("at", ["reading", "writing", "reading again"])
def test_an_export_that_is_stopped_leaves_what_was_there(at, project, live, apart, tmp_path):
    out, beside = tmp_path / "out.fits", tmp_path / "out.hdf5"
    out.write_bytes(b"old")
    with pytest.raises(CancelledError):
        write(apart, project, out, live, lambda fraction, words: words != at, posteriors=beside)
    assert out.read_bytes() == b"old"
    assert left_of(tmp_path) == []
    assert not beside.exists()


def test_posteriors_are_written_beside(project, live, apart, tmp_path):
    import h5py

    (tmp_path / "other").mkdir()
    beside = tmp_path / "other" / "p.hdf5"
    assert write(apart, project, tmp_path / "out.fits", live, posteriors=beside) == 4
    with h5py.File(beside) as file:
        assert len(file) == 4
    assert left_of(tmp_path) + left_of(beside.parent) == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there are no signals here")
def test_a_process_that_is_killed_is_said_and_the_session_goes_on(tmp_path, models):
    with_rows = Project(tmp_path / "many.astrogui")
    add_rows(with_rows, ["a", "b"])
    with_rows.close()
    apart = ExportProcess(fewest_rows=1)
    session = make(tmp_path, models, name="many.astrogui", tasks=TASKS, exporter=apart)
    heard, out = Heard(session), tmp_path / "out.fits"
    try:
        session.live_table().call(len).result(60)

        def kill(fraction: float, words: str) -> None:
            if apart.pid is not None:
                os.kill(apart.pid, signal.SIGKILL)

        with pytest.raises(ExportProblem, match=r"out\.fits.*SIGKILL.*untouched"):
            session.export(out, progress=kill).result(60)
        assert not out.exists()
        assert left_of(tmp_path) == []
        assert "SIGKILL" in heard.of(events.ExportFailed)[0].cause
        assert session.export(out).result(60) == 2
    finally:
        session.close()


def test_what_the_process_refuses_comes_in_its_words(project, live, apart, tmp_path):
    with pytest.raises(UsageProblem, match="There is no column nonsense"):
        write(apart, project, tmp_path / "out.fits", live, columns=["nonsense"])
    with pytest.raises(ExportProblem, match="no catalogue format ends so"):
        write(apart, project, tmp_path / "out.docx", live)
    with pytest.raises(ExportProblem, match="Choose another folder"):
        write(apart, project, tmp_path / "nowhere" / "out.fits", live)
    assert left_of(tmp_path) == []


def test_where_no_process_starts_the_program_writes_itself(project, live, tmp_path):
    for command in ([sys.executable, "-c", "raise SystemExit(7)"], [str(tmp_path / "nothing")]):
        out = tmp_path / "out.csv"
        assert write(ExportProcess(fewest_rows=1, command=command), project, out, live) == 4
        out.unlink()
    assert left_of(tmp_path) == []


def test_few_rows_and_foreign_tasks_start_no_process(project, live, tmp_path):
    threads = []
    told = lambda fraction, words: threads.append(threading.current_thread())  # noqa: E731
    never = [sys.executable, "-c", "import os; os.abort()"]
    few = ExportProcess(command=never, fewest_rows=5)
    foreign = ExportProcess(command=never, fewest_rows=1, tasks=())
    for apart in (few, foreign):
        assert write(apart, project, tmp_path / "out.csv", live, told) == 4
    assert set(threads) == {threading.current_thread()}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there are no signals here")
def test_a_process_whose_parent_is_killed_leaves_nothing(project, tmp_path):
    """The program is killed while its export is being written."""
    target = tmp_path / "target"
    target.mkdir()
    code = (
        "import os, signal, sys\n"
        f"sys.path[:0] = [{str(ROOT)!r}]\n"
        "from functools import partial\n"
        "from pathlib import Path\n"
        "from astrogui.session.export_process import ExportProcess\n"
        "from astrogui.session.live_table import of_project\n"
        "from astrogui.session.table_reader import TableReader\n"
        "from astrogui.tasks import TASKS\n"
        f"project = Path({str(project.path)!r})\n"
        "live = of_project(partial(TableReader, project, TASKS), project)\n"
        "live.call(len).result()\n"
        "apart = ExportProcess(fewest_rows=1)\n"
        "def told(fraction, words):\n"
        "    print(apart.pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"out = {str(target / 'out.fits')!r}\n"
        "apart.write(project, TASKS, out, None, None, {}, None, live, told)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    child = int(done.stdout.splitlines()[0])
    deadline = time.monotonic() + 20
    while is_alive(child) or left_of(target):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
