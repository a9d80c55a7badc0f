"""A batch that crowds is told in the notice bar once, when the session has come to rest."""

from __future__ import annotations

from types import SimpleNamespace


def test_a_crowded_batch_is_told_once(open_bench, fake, qtbot):
    told = []

    def judge(rows):
        told.append(len(rows))
        return [f"{len(rows)} redshifts crowd at z = 0.1"]

    fake.view.tasks = (SimpleNamespace(batch_notices=judge, name="redshift"),)
    bench = open_bench(fake)
    fake.add([f"/data/{number}.spec" for number in range(12)]).result(timeout=60)
    qtbot.waitUntil(
        lambda: "redshifts crowd at z = 0.1" in bench.window.notice.words, timeout=10_000
    )
    assert told[-1] >= 10


def test_a_few_rows_raise_no_alarm(open_bench, fake, qtbot):
    asked = []
    fake.view.tasks = (SimpleNamespace(batch_notices=asked.append, name="redshift"),)
    bench = open_bench(fake)
    fake.add(["/data/a.spec", "/data/b.spec"]).result(timeout=60)
    feature = bench.features["batch_alarm"]
    qtbot.waitUntil(lambda: bench.selection.row_id is not None, timeout=10_000)
    qtbot.waitUntil(lambda: not feature._waiting, timeout=10_000)
    assert asked == []
