"""Following a folder: what has settled is taken once, our own files never."""

from __future__ import annotations

import threading

from astrogui.session.watch import Watcher, own_files


def test_files_of_our_own_are_left(tmp_path):
    project, out = tmp_path / "p.astrogui", tmp_path / "out.fits"
    (tmp_path / "p.astrogui-columns").mkdir()
    ours = [project, out, tmp_path / "p.astrogui-wal", tmp_path / "p.astrogui-columns" / "row_id"]
    theirs = tmp_path / "p.fits"
    for path in (*ours, theirs):
        path.write_text("x")
    taken: list[str] = []
    watcher = Watcher(str(tmp_path), taken.extend, leave=own_files(project, None, out))
    watcher.look()
    watcher.look()
    assert taken == [str(theirs)]


def test_one_look_that_fails_is_not_the_last(tmp_path, caplog):
    (tmp_path / "a.fits").write_text("x")
    (tmp_path / "b.fits").write_text("x")
    taken, seen = [], threading.Event()

    def take(paths):
        taken.append(paths)
        if len(taken) == 1:
            (tmp_path / "c.fits").write_text("x")
            raise RuntimeError("the session is busy")
        seen.set()

    watcher = Watcher(str(tmp_path), take, interval_s=0.01)
    watcher.start()
    assert seen.wait(10)
    watcher.close()
    caplog.clear()
